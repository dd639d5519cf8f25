//! Timers of whatever happens by the clock, and what we promised customers.

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
    "CREATE TABLE timer (
        kind {code} NOT NULL,
        subject_id {id} NOT NULL,
        step {count} NOT NULL,
        due_at {int} NOT NULL,
        PRIMARY KEY (kind, subject_id, step)
    ) {by_key}",
    "CREATE INDEX timer_due ON timer (kind, due_at)",
    "CREATE TABLE commitment (
        id {id} PRIMARY KEY,
        what {text} NOT NULL,
        customer_id {text},
        interaction_id {id},
        case_id {text},
        owner_staff_id {text} NOT NULL,
        team_id {text},
        due_at {int} NOT NULL,
        remind_before {int} NOT NULL,
        worth {int},
        currency {text},
        state {code} NOT NULL,
        level {count} NOT NULL,
        author {text} NOT NULL,
        made_at {int} NOT NULL,
        settled_at {int},
        settled_by {text},
        note {text}
    ) {strict}",
    "CREATE INDEX commitment_due ON commitment (due_at, id)",
    "CREATE INDEX commitment_customer ON commitment (customer_id, due_at) WHERE customer_id IS NOT NULL",
    "CREATE INDEX commitment_owner ON commitment (owner_staff_id, due_at)",
    "CREATE INDEX commitment_team ON commitment (team_id, due_at)",
    "CREATE INDEX commitment_interaction ON commitment (interaction_id) WHERE interaction_id IS NOT NULL",
    // `late_by`: by how much a step of the clock came too late.
    "CREATE TABLE commitment_event (
        sequence {int} PRIMARY KEY,
        commitment_id {id} NOT NULL,
        kind {code} NOT NULL,
        happened_at {int} NOT NULL,
        late_by {int}
    ) {strict}",
    "CREATE INDEX commitment_event_commitment ON commitment_event (commitment_id)",
    "INSERT INTO stream (name, last_sequence) VALUES ('commitments', 0)",
];
