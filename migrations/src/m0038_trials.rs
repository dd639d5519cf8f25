//! Trials of two service plans, and which unit got which plan.

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
    // `terms`: what was laid down, in JSON. `seed`: from the start on. `alarms`: numbers of outcomes, in JSON.
    "CREATE TABLE trial (
        id {id} PRIMARY KEY,
        terms {text} NOT NULL,
        state {code} NOT NULL,
        author {text} NOT NULL,
        created_at {int} NOT NULL,
        seed {bytes},
        started_at {int},
        stopped_at {int},
        stop_cause {code} NOT NULL,
        stop_reason {text},
        alarmed_at {int},
        alarms {text} NOT NULL,
        revision {int} NOT NULL
    ) {strict}",
    "CREATE TABLE trial_team (
        trial_id {id} NOT NULL,
        team_id {text} NOT NULL,
        PRIMARY KEY (trial_id, team_id)
    ) {by_key}",
    // A customer, or a team; `week`: its Monday, empty where the team has one plan for all weeks.
    "CREATE TABLE trial_unit (
        id {id} PRIMARY KEY,
        trial_id {id} NOT NULL,
        customer_id {text},
        team_id {text},
        week {text} NOT NULL,
        arm {code} NOT NULL,
        from_at {int} NOT NULL,
        until_at {int} NOT NULL
    ) {strict}",
    "CREATE UNIQUE INDEX trial_unit_customer ON trial_unit (trial_id, customer_id) WHERE customer_id IS NOT NULL",
    "CREATE UNIQUE INDEX trial_unit_team ON trial_unit (trial_id, team_id, week) WHERE team_id IS NOT NULL",
    // What became of a customer, and in which order assignments were asked for.
    "CREATE INDEX trial_unit_of_customer ON trial_unit (customer_id) WHERE customer_id IS NOT NULL",
    "CREATE INDEX trial_unit_of ON trial_unit (trial_id, id)",
    "CREATE TABLE trial_event (
        sequence {int} PRIMARY KEY,
        trial_id {id} NOT NULL,
        kind {code} NOT NULL,
        happened_at {int} NOT NULL
    ) {strict}",
    "INSERT INTO stream (name, last_sequence) VALUES ('trials', 0)",
];
