//! Since when a customer's consent, or no, holds.

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
    "ALTER TABLE contact_point ADD COLUMN consent_at {int}",
    // When a no was said was not kept here. So it gives way only to what is said from now on.
    "UPDATE contact_point SET consent_at = CASE WHEN consent IN (2, 3) THEN {now} ELSE obtained_at END",
];
