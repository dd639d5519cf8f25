//! How many commits there were, so that a database that went back is recognised.

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
    // One row.
    "CREATE TABLE commit_mark (
        id {count} PRIMARY KEY CHECK (id = 1),
        committed {int} NOT NULL
    ) {strict}",
    "INSERT INTO commit_mark (id, committed) VALUES (1, 0)",
];
