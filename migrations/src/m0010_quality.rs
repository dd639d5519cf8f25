//! What reviewers and supervisors make of an interaction, which praise reached whom, and since when a corrected answer
//! had stood.

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
    "CREATE TABLE assessment (
        id {id} PRIMARY KEY,
        interaction_id {id} NOT NULL,
        author {text} NOT NULL,
        author_role {code} NOT NULL,
        overall {code} NOT NULL,
        criteria {text} NOT NULL,
        note {text},
        assessed_at {int} NOT NULL,
        superseded_at {int}
    ) {strict}",
    "CREATE INDEX assessment_interaction ON assessment (interaction_id)",
    "CREATE INDEX assessment_time ON assessment (assessed_at, id)",
    "CREATE UNIQUE INDEX assessment_current ON assessment (interaction_id, author) WHERE superseded_at IS NULL",
    // Who was told of the praise is frozen: its going away would tell them which rating it came from.
    "CREATE TABLE praise (
        id {id} PRIMARY KEY,
        rating_id {id} NOT NULL UNIQUE,
        staff_id {text} NOT NULL,
        team_id {text},
        text {text} NOT NULL,
        shared_by {text} NOT NULL,
        shared_at {int} NOT NULL
    ) {strict}",
    "CREATE INDEX praise_time ON praise (shared_at, id)",
    "CREATE INDEX praise_staff ON praise (staff_id, shared_at, id)",
    // A correction may itself be corrected; absent in rows of the version before.
    "ALTER TABLE rating_correction ADD COLUMN first_answered_at {int}",
];
