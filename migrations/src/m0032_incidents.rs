//! Incidents: which interactions they hit, and what their customers were told.

use sea_orm_migration::{async_trait, prelude::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        super::execute(manager, STATEMENTS).await
    }
}

const STATEMENTS: &[&str] = &[
    "CREATE TABLE interaction_incident (
        interaction_id {id} PRIMARY KEY,
        incident_id {id} NOT NULL,
        linked_at {int} NOT NULL
    ) {by_key}",
    "CREATE INDEX interaction_incident_of ON interaction_incident (incident_id, interaction_id)",
    // `rule`, `updates`: JSON. `linked_*`: how far what is on record is linked; `noticed_until`: how far its customers have notices.
    "CREATE TABLE incident (
        id {id} PRIMARY KEY,
        title {text} NOT NULL,
        department {text} NOT NULL,
        rule {text} NOT NULL,
        state {code} NOT NULL,
        declared_at {int} NOT NULL,
        author {text} NOT NULL,
        found_count {int} NOT NULL,
        linked_count {int} NOT NULL,
        linked_until {int},
        linked_until_id {id},
        moved_count {int} NOT NULL,
        updates {text} NOT NULL,
        notice {text},
        per_minute {count} NOT NULL,
        noticed_until {id},
        resolved_at {int},
        mended {text},
        mended_until {id},
        cancel_reason {text}
    ) {strict}",
    "CREATE INDEX incident_hitting ON incident (state) WHERE state IN (1, 2)",
    // `state`: 1 waits, 2 taken, 3 sent, 4 failed, 5 suppressed by the contact policy, 6 dropped: mended before it was sent.
    "CREATE TABLE incident_notice (
        id {id} PRIMARY KEY,
        incident_id {id} NOT NULL,
        kind {code} NOT NULL,
        customer_id {text},
        alias_kind {code},
        alias_value {text},
        state {code} NOT NULL,
        not_before {int} NOT NULL,
        taken_at {int},
        channel {code},
        reported_at {int},
        interaction_id {id}
    ) {strict}",
    "CREATE INDEX incident_notice_waiting ON incident_notice (not_before, id) WHERE state IN (1, 2)",
    "CREATE INDEX incident_notice_of ON incident_notice (incident_id, kind, id)",
    "CREATE INDEX incident_notice_customer ON incident_notice (customer_id, incident_id, kind)
        WHERE customer_id IS NOT NULL",
    "CREATE TABLE incident_event (
        sequence {int} PRIMARY KEY,
        incident_id {id} NOT NULL,
        kind {code} NOT NULL,
        happened_at {int} NOT NULL
    ) {strict}",
    "INSERT INTO stream (name, last_sequence) VALUES ('incidents', 0)",
    "CREATE INDEX incident_notice_alias ON incident_notice (alias_value, incident_id, kind) WHERE alias_value IS NOT NULL",
];
