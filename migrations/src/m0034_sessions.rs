//! Pages that people signed in to.

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
    // `link_id`: by which it was started; each is good for one. Neither id opens anything without a signature around it.
    // `ends_at`: moved to the present where somebody ends it.
    "CREATE TABLE session (
        id {id} PRIMARY KEY,
        link_id {id} NOT NULL UNIQUE,
        subject {text} NOT NULL,
        role {code} NOT NULL,
        started_at {int} NOT NULL,
        renewed_at {int} NOT NULL,
        ends_at {int} NOT NULL
    ) {strict}",
    "CREATE INDEX session_subject ON session (subject, ends_at)",
];
