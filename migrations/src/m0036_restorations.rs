//! When the database was restored from backups.

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

// Places in the record, which tokens and cursors name, mean something else after each.
const STATEMENTS: &[&str] = &["CREATE TABLE restoration (
        restored_at {int} PRIMARY KEY,
        taken_at {int} NOT NULL
    ) {strict}"];
