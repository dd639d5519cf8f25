//! What customers wrote back to invitations, and which rating each invitation was answered with.

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
    "ALTER TABLE survey_invitation ADD COLUMN rating_id {id}",
    // Also of replies to nothing that is known: what a customer typed is not lost.
    "CREATE TABLE survey_reply (
        id {id} PRIMARY KEY,
        invitation_id {id},
        contact_kind {code},
        contact_value {text},
        text {text} NOT NULL,
        replied_at {int} NOT NULL,
        received_at {int} NOT NULL,
        outcome {code} NOT NULL,
        rating_id {id},
        standing {code} NOT NULL
    ) {strict}",
    "CREATE INDEX survey_reply_time ON survey_reply (received_at, id)",
    "CREATE INDEX survey_reply_outcome ON survey_reply (outcome, received_at, id)",
];
