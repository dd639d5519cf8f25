//! Who is on duty, and calls that we owe customers.

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
    "CREATE TABLE presence (
        staff_id {text} PRIMARY KEY,
        team_id {text} NOT NULL,
        state {code} NOT NULL,
        capacity {count} NOT NULL,
        set_at {int} NOT NULL,
        lapse_at {int} NOT NULL
    ) {strict}",
    "CREATE INDEX presence_team ON presence (team_id, lapse_at)",
    "CREATE TABLE callback_desk (
        team_id {text} PRIMARY KEY,
        caller_number {text},
        slot_capacity {count} NOT NULL,
        revision {int} NOT NULL,
        author {text} NOT NULL,
        set_at {int} NOT NULL
    ) {strict}",
    // `place_at` and `place` are the place in line, which is never changed.
    "CREATE TABLE callback (
        id {id} PRIMARY KEY,
        place_at {int} NOT NULL,
        place {int} NOT NULL,
        point_kind {code},
        point_value {text},
        point_written {text},
        customer_id {text},
        team_id {text} NOT NULL,
        topic {text},
        order_id {text},
        product_id {text},
        context {text},
        interaction_id {id},
        case_id {text},
        slot_at {int},
        quoted_at {int} NOT NULL,
        quote_basis {code} NOT NULL,
        caller_number {text},
        author {text} NOT NULL,
        author_role {code} NOT NULL,
        requested_at {int} NOT NULL,
        state {code} NOT NULL,
        ready_at {int} NOT NULL,
        attempts {count} NOT NULL,
        fence {int} NOT NULL,
        lapses {count} NOT NULL,
        claimed_by {text},
        claimed_at {int},
        lease_until {int},
        first_dialled_at {int},
        dialled_at {int},
        connected_at {int},
        ended_at {int},
        breached_at {int},
        breach_reason {code},
        escalate_at {int},
        level {count} NOT NULL,
        failure {code},
        call_interaction_id {id},
        note {text}
    ) {strict}",
    "CREATE INDEX callback_place ON callback (place_at, id)",
    // What is not over: a condition without parameters, so that plans may count on it.
    "CREATE INDEX callback_line ON callback (team_id, place_at, place) WHERE ended_at IS NULL",
    "CREATE INDEX callback_held ON callback (claimed_by) WHERE ended_at IS NULL",
    "CREATE INDEX callback_team ON callback (team_id, ended_at)",
    "CREATE INDEX callback_slot ON callback (team_id, slot_at) WHERE slot_at IS NOT NULL",
    "CREATE INDEX callback_request ON callback (requested_at)",
    "CREATE INDEX callback_claimant ON callback (claimed_by, place_at) WHERE claimed_by IS NOT NULL",
    "CREATE INDEX callback_customer ON callback (customer_id, place_at) WHERE customer_id IS NOT NULL",
    "CREATE INDEX callback_point ON callback (point_value) WHERE point_value IS NOT NULL",
    "CREATE INDEX callback_interaction ON callback (interaction_id) WHERE interaction_id IS NOT NULL",
    // `late_by`: by how much a step of the clock came too late.
    "CREATE TABLE callback_event (
        sequence {int} PRIMARY KEY,
        callback_id {id} NOT NULL,
        kind {code} NOT NULL,
        happened_at {int} NOT NULL,
        late_by {int}
    ) {strict}",
    "CREATE INDEX callback_event_callback ON callback_event (callback_id)",
    "INSERT INTO stream (name, last_sequence) VALUES ('callbacks', 0)",
];
