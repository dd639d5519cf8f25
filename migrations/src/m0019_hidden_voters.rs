//! Who has voted, kept from those who have a copy of the database: ballots lie in slots that only the vote's key can tell.

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
    // Those that are there were announced without; a server of before may have opened their vote.
    "ALTER TABLE competition ADD COLUMN hides_voters {code} NOT NULL DEFAULT 0",
];
