//! Re-attributions of rated interactions, which wait for a second person.

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
    "CREATE TABLE reattribution_request (
        id {id} PRIMARY KEY,
        interaction_id {id} NOT NULL,
        state {code} NOT NULL,
        reason {text} NOT NULL,
        requested_by {text} NOT NULL,
        requested_at {int} NOT NULL,
        decided_by {text},
        decided_at {int},
        rejection {text}
    ) {strict}",
    "CREATE INDEX reattribution_waiting ON reattribution_request (requested_at, id) WHERE state = 1",
    "CREATE INDEX reattribution_interaction ON reattribution_request (interaction_id)",
    // The participants before (side 0) and after it (side 1).
    "CREATE TABLE reattribution_participant (
        reattribution_id {id} NOT NULL,
        side {code} NOT NULL,
        position {code} NOT NULL,
        staff_id {text} NOT NULL,
        role {code} NOT NULL,
        team_id {text},
        involvement {code} NOT NULL,
        told_by {text},
        PRIMARY KEY (reattribution_id, side, position)
    ) {by_key}",
];
