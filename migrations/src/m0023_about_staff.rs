//! Whom a complaint is about.

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
    // How many rows of the other table there are: nearly always none, and then nobody looks.
    "ALTER TABLE interaction ADD COLUMN about_count {code} NOT NULL DEFAULT 0",
    "CREATE TABLE interaction_about (
        interaction_id {id} NOT NULL,
        position {code} NOT NULL,
        staff_id {text} NOT NULL,
        PRIMARY KEY (interaction_id, position)
    ) {by_key}",
    "CREATE INDEX interaction_about_staff ON interaction_about (staff_id, interaction_id)",
];
