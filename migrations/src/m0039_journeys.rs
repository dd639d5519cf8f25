//! The stages of the customer's journey, and what was learnt to come back.

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
    // `stages`: JSON.
    "CREATE TABLE journey_version (
        version {int} PRIMARY KEY,
        stages {text} NOT NULL,
        declared_at {int} NOT NULL,
        author {text} NOT NULL
    ) {strict}",
    // By what comes back; `learnt`: JSON.
    "CREATE TABLE journey_model (
        what {code} PRIMARY KEY,
        learnt {text} NOT NULL,
        learnt_at {int} NOT NULL
    ) {strict}",
    // One row, by which several servers agree who learns: when that was begun last, and how long the record was then.
    "CREATE TABLE journey_learning (
        id {code} PRIMARY KEY,
        began_at {int} NOT NULL,
        sequence {int} NOT NULL
    ) {strict}",
    "INSERT INTO journey_learning (id, began_at, sequence) VALUES (1, 0, 0)",
];
