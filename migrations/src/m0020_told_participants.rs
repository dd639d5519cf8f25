//! Who said that somebody took part, where it was another person.

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

// Of what was recorded before, nobody kept who named whom: it stays as an application would have told it.
const STATEMENTS: &[&str] = &["ALTER TABLE interaction_participant ADD COLUMN told_by {text}"];
