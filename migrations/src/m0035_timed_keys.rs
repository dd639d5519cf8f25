//! Request ids whose keys begin with a time.

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
    // Request ids of version 7 that name this moment or a later one, in milliseconds, have keys that begin with it. Where anything was
    // recorded before, that is a week from now: until then servers of the version before may record beside us, and what
    // they have recorded keeps its key.
    "ALTER TABLE housekeeping ADD COLUMN timed_keys_from {int} NOT NULL DEFAULT 0",
    "UPDATE housekeeping SET timed_keys_from = {now} / 1000 + 604800000
        WHERE EXISTS (SELECT 1 FROM request_memory) OR EXISTS (SELECT 1 FROM interaction)
            OR EXISTS (SELECT 1 FROM rating)",
];
