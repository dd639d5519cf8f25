//! Departments and concerns; notices of anything, not of incidents only; remedies of incidents.

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
    // Notices, with what they say beside them.
    "ALTER TABLE incident_notice RENAME TO notice",
    "ALTER TABLE notice RENAME COLUMN incident_id TO subject_id",
    "DROP INDEX incident_notice_waiting",
    "DROP INDEX incident_notice_of",
    "DROP INDEX incident_notice_customer",
    "DROP INDEX incident_notice_alias",
    "CREATE INDEX notice_waiting ON notice (not_before, id) WHERE state IN (1, 2)",
    "CREATE INDEX notice_of ON notice (subject_id, kind, id)",
    "CREATE INDEX notice_customer ON notice (customer_id, subject_id, kind) WHERE customer_id IS NOT NULL",
    "CREATE INDEX notice_alias ON notice (alias_value, subject_id, kind) WHERE alias_value IS NOT NULL",
    "CREATE TABLE notice_text (
        subject_id {id} NOT NULL,
        kind {code} NOT NULL,
        words {text} NOT NULL,
        per_minute {count} NOT NULL,
        PRIMARY KEY (subject_id, kind)
    ) {by_key}",
    "INSERT INTO notice_text (subject_id, kind, words, per_minute)
        SELECT id, 1, notice, CASE WHEN per_minute > 0 THEN per_minute ELSE 600 END FROM incident WHERE notice IS NOT NULL",
    "INSERT INTO notice_text (subject_id, kind, words, per_minute)
        SELECT id, 2, mended, CASE WHEN per_minute > 0 THEN per_minute ELSE 600 END FROM incident WHERE mended IS NOT NULL",
    "ALTER TABLE incident DROP COLUMN notice",
    "ALTER TABLE incident DROP COLUMN per_minute",
    "ALTER TABLE incident DROP COLUMN mended",
    "INSERT INTO stream (name, last_sequence) VALUES ('notices', 0)",
    // Remedies.
    "ALTER TABLE commitment ADD COLUMN incident_id {id}",
    "CREATE INDEX commitment_incident ON commitment (incident_id) WHERE incident_id IS NOT NULL",
    "CREATE TABLE department (
        id {text} PRIMARY KEY,
        display_name {text},
        team_id {text},
        acknowledge_within {int} NOT NULL
    ) {by_key}",
    // `cause`: 0 for any; `topic`: empty for any.
    "CREATE TABLE department_owned (
        cause {code} NOT NULL,
        topic {text} NOT NULL,
        department_id {text} NOT NULL,
        PRIMARY KEY (cause, topic)
    ) {by_key}",
    "CREATE INDEX department_owned_by ON department_owned (department_id)",
    // `what`, `fixes`: JSON. `told_until`: how far those who raised it have notices.
    "CREATE TABLE concern (
        id {id} PRIMARY KEY,
        department_id {text} NOT NULL,
        title {text} NOT NULL,
        what {text} NOT NULL,
        since {int} NOT NULL,
        state {code} NOT NULL,
        level {count} NOT NULL,
        raised_at {int} NOT NULL,
        author {text} NOT NULL,
        acknowledge_due_at {int} NOT NULL,
        acknowledged_at {int},
        fix_at {int},
        fixes {text} NOT NULL,
        settled_at {int},
        settled_by {text},
        decline_reason {text},
        told_until {id}
    ) {strict}",
    "CREATE INDEX concern_open ON concern (state, department_id) WHERE state IN (1, 2)",
    "CREATE TABLE concern_event (
        sequence {int} PRIMARY KEY,
        concern_id {id} NOT NULL,
        kind {code} NOT NULL,
        happened_at {int} NOT NULL,
        late_by {int},
        actor {text}
    ) {strict}",
    "INSERT INTO stream (name, last_sequence) VALUES ('concerns', 0)",
];
