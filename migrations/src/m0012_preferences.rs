//! What was said of customers' preferences, and what was found to infer them best.

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
    "CREATE TABLE preference_statement (
        id {id} PRIMARY KEY,
        customer_id {text} NOT NULL,
        dimension {code} NOT NULL,
        value {text} NOT NULL,
        origin {code} NOT NULL,
        author {text} NOT NULL,
        author_role {code} NOT NULL,
        source {text} NOT NULL,
        note {text} NOT NULL,
        stated_at {int} NOT NULL,
        ended_at {int},
        withdrawn_by {text}
    ) {strict}",
    "CREATE INDEX preference_statement_customer ON preference_statement (customer_id, stated_at, id)",
    // One statement of a dimension holds, and one refutation of a value; 2 is stated, 3 refuted.
    "CREATE UNIQUE INDEX preference_stated ON preference_statement (customer_id, dimension)
        WHERE ended_at IS NULL AND origin = 2",
    "CREATE UNIQUE INDEX preference_refuted ON preference_statement (customer_id, dimension, value)
        WHERE ended_at IS NULL AND origin = 3",
    "CREATE TABLE preference_model (
        dimension {code} PRIMARY KEY,
        fitted {text} NOT NULL,
        fitted_at {int} NOT NULL
    ) {strict}",
    // One row, by which several servers agree who fits: when that was begun last, and how long the record was then.
    "CREATE TABLE preference_fit (
        id {code} PRIMARY KEY,
        began_at {int} NOT NULL,
        sequence {int} NOT NULL
    ) {strict}",
    "INSERT INTO preference_fit (id, began_at, sequence) VALUES (1, 0, 0)",
];
