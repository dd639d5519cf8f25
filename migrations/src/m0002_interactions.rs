//! Interactions, who took part, and the sequence of their changes.

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
    // No foreign keys here: the recording transaction looks every id up anyway, and directory rows are never deleted.
    "CREATE TABLE interaction (
        id {id} PRIMARY KEY,
        request_key {id} NOT NULL,
        body_hash {id} NOT NULL,
        channel {code} NOT NULL,
        kind {code} NOT NULL,
        direction {code} NOT NULL,
        outcome {code} NOT NULL,
        topic {text},
        arrived_at {int},
        requested_at {int},
        connected_at {int},
        ended_at {int},
        occurred_at {int} NOT NULL,
        hold {int},
        after_call_work {int},
        customer_id {text},
        alias_kind {code},
        alias_value {text},
        case_id {text},
        order_id {text},
        product_id {text},
        context {text},
        transfers {text},
        transfer_count {count} NOT NULL,
        customer_messages {count},
        staff_messages {count},
        bot_messages {count},
        conclusion {text},
        staff_resolution {code} NOT NULL,
        customer_resolution {code} NOT NULL,
        primary_staff_id {text},
        primary_team_id {text},
        recorded_at {int} NOT NULL,
        recorded_by {text} NOT NULL,
        revision {int} NOT NULL
    ) {strict}",
    "CREATE UNIQUE INDEX interaction_request ON interaction (request_key)",
    "CREATE INDEX interaction_time ON interaction (occurred_at, id)",
    "CREATE INDEX interaction_customer ON interaction (customer_id, occurred_at, id) WHERE customer_id IS NOT NULL",
    "CREATE INDEX interaction_case ON interaction (case_id, occurred_at, id) WHERE case_id IS NOT NULL",
    // Only where the customer was not known: these are the rows that an alias finds later.
    "CREATE INDEX interaction_alias ON interaction (alias_kind, alias_value, occurred_at, id)
        WHERE alias_value IS NOT NULL AND customer_id IS NULL",
    // occurred_at stands here again so that a colleague's and a team's lists are read from the index in order.
    "CREATE TABLE interaction_participant (
        interaction_id {id} NOT NULL,
        position {code} NOT NULL,
        staff_id {text} NOT NULL,
        role {code} NOT NULL,
        team_id {text},
        involvement {code} NOT NULL,
        occurred_at {int} NOT NULL,
        PRIMARY KEY (interaction_id, position)
    ) {by_key}",
    "CREATE INDEX interaction_participant_staff ON interaction_participant (staff_id, occurred_at, interaction_id)",
    "CREATE INDEX interaction_participant_team ON interaction_participant (team_id, occurred_at, interaction_id)
        WHERE team_id IS NOT NULL",
    "CREATE TABLE interaction_change (
        sequence {int} PRIMARY KEY,
        interaction_id {id} NOT NULL,
        kind {code} NOT NULL,
        changed_at {int} NOT NULL
    ) {strict}",
    "INSERT INTO stream (name, last_sequence) VALUES ('interactions', 0)",
];
