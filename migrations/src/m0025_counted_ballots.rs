//! Ballots without their voters, for auditors of a vote counted by pairwise consensus, until its result is final. Flags tell a share
//! beside their probability.

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
    "CREATE TABLE counted_ballots (
        competition_id {id} NOT NULL,
        sealed {bytes} NOT NULL,
        PRIMARY KEY (competition_id)
    ) {strict}",
    "ALTER TABLE competition_flag ADD COLUMN share {text}",
];
