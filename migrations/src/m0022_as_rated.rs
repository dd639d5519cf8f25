//! What a rated interaction was before people changed it.

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

const STATEMENTS: &[&str] = &["CREATE TABLE interaction_as_rated (
        interaction_id {id} PRIMARY KEY,
        topic {text},
        case_id {text},
        outcome {code} NOT NULL,
        staff_resolution {code} NOT NULL
    ) {by_key}"];
