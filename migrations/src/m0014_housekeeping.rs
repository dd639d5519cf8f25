//! What the server needs to do by itself without trusting one clock or one file: ticks of running time, the last time that
//! was trusted, and by what its master keys are recognised.

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
    // One row.
    "CREATE TABLE housekeeping (
        id {count} PRIMARY KEY,
        tick {int} NOT NULL,
        last_time {int}
    ) {strict}",
    "INSERT INTO housekeeping (id, tick, last_time) VALUES (1, 0, NULL)",
    // NULL: remembered by a server of the version before, and counted from the next tick on.
    "ALTER TABLE request_memory ADD COLUMN tick {int}",
    "CREATE INDEX request_memory_tick ON request_memory (tick)",
    "DROP INDEX request_memory_age",
    "CREATE TABLE master_key (
        key_id {text} PRIMARY KEY,
        check_value {text} NOT NULL
    ) {strict}",
    "CREATE TABLE lost_master_key (
        key_id {text} PRIMARY KEY,
        accepted_at {int} NOT NULL
    ) {strict}",
];
