//! That customers were erased, and by what they are recognised.

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
    "CREATE TABLE erasure (
        id {id} PRIMARY KEY,
        erased_at {int} NOT NULL,
        receipt {text} NOT NULL,
        key_id {text} NOT NULL,
        signature {bytes} NOT NULL
    ) {strict}",
    // A MAC, in base64url, of a customer's id or alias, under the key that is named.
    "CREATE TABLE erasure_tombstone (
        mac {text} PRIMARY KEY,
        key_id {text} NOT NULL,
        erasure_id {id} NOT NULL
    ) {strict}",
];
