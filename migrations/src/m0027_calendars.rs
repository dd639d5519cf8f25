//! When the organisation works: calendars in versions, of which none is ever changed, and which team works by which.

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
    // `week`: hours from Monday; `dated`: hours and name by date.
    "CREATE TABLE calendar_version (
        calendar_id {text} NOT NULL,
        version {count} NOT NULL,
        display_name {text},
        time_zone {text} NOT NULL,
        week {text} NOT NULL,
        dated {text} NOT NULL,
        author {text} NOT NULL,
        created_at {int} NOT NULL,
        PRIMARY KEY (calendar_id, version)
    ) {by_key}",
    // The empty name: all that have none of their own.
    "CREATE TABLE calendar_of_team (
        team_id {text} PRIMARY KEY,
        calendar_id {text} NOT NULL
    ) {strict}",
];
