//! How far each webhook is in the logs, and what its receiver has not taken.

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
    // `fence`: raised whenever another server, or a replay, takes over. `held_until`: the receiver asked to wait.
    "CREATE TABLE webhook (
        name {text} PRIMARY KEY,
        position {bytes} NOT NULL,
        last_place {int} NOT NULL,
        holder {id},
        lease_until {int} NOT NULL,
        fence {int} NOT NULL,
        held_until {int} NOT NULL,
        last_success_at {int},
        last_failure_at {int},
        last_error {text}
    ) {strict}",
    // `state`: 1 waits behind another event of its customer, or for its next attempt; 2 a dead letter. `place`: the order in which
    // a target gets them. `ahead`: the place in the logs ahead of the event.
    "CREATE TABLE webhook_delivery (
        webhook {text} NOT NULL,
        log {code} NOT NULL,
        sequence {int} NOT NULL,
        state {code} NOT NULL,
        place {int} NOT NULL,
        ahead {bytes} NOT NULL,
        happened_at {int} NOT NULL,
        attempts {count} NOT NULL,
        next_at {int} NOT NULL,
        failed_at {int},
        error {text},
        PRIMARY KEY (webhook, log, sequence)
    ) {by_key}",
    "CREATE INDEX webhook_delivery_place ON webhook_delivery (webhook, state, place)",
];
