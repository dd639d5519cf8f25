//! Ratings, which one corrects which, and what they come to by day.

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
    // Channel, kind, topic and whom it rates are frozen here: what the interaction says later changes nothing, an audited
    // re-attribution apart.
    "CREATE TABLE rating (
        id {id} PRIMARY KEY,
        request_key {id} NOT NULL,
        body_hash {id} NOT NULL,
        interaction_id {id} NOT NULL,
        template_id {text} NOT NULL,
        template_version {count} NOT NULL,
        score {code} NOT NULL,
        level {code} NOT NULL,
        resolved {code} NOT NULL,
        affinity {code} NOT NULL,
        carefulness {code} NOT NULL,
        knowledge {code} NOT NULL,
        clarity {code} NOT NULL,
        effort {code} NOT NULL,
        expected {code} NOT NULL,
        perceived {code} NOT NULL,
        attribution {code} NOT NULL,
        comment {text},
        answered_at {int} NOT NULL,
        delivered_at {int},
        received_at {int} NOT NULL,
        rated_staff_id {text},
        rated_team_id {text},
        rated_role {code} NOT NULL,
        channel {code} NOT NULL,
        kind {code} NOT NULL,
        topic {text},
        occurred_at {int} NOT NULL,
        day {int} NOT NULL,
        standing {code} NOT NULL
    ) {strict}",
    "CREATE UNIQUE INDEX rating_request ON rating (request_key)",
    "CREATE INDEX rating_interaction ON rating (interaction_id)",
    "CREATE INDEX rating_time ON rating (occurred_at, id)",
    "CREATE INDEX rating_staff ON rating (rated_staff_id, occurred_at, id) WHERE rated_staff_id IS NOT NULL",
    "CREATE INDEX rating_team ON rating (rated_team_id, occurred_at, id) WHERE rated_team_id IS NOT NULL",
    "CREATE TABLE rating_correction (
        earlier_id {id} PRIMARY KEY,
        later_id {id} NOT NULL UNIQUE
    ) {strict}",
    // What the ratings of one standing come to, by day and by what they are grouped by: sums that only ever have
    // something added to them, so that the order of additions does not matter. A figure over a period reads a row for
    // each of its days, however many ratings there are.
    "CREATE TABLE rating_counter (
        unit {code} NOT NULL,
        unit_key {text} NOT NULL,
        day {int} NOT NULL,
        standing {code} NOT NULL,
        level_1 {int} NOT NULL,
        level_2 {int} NOT NULL,
        level_3 {int} NOT NULL,
        level_4 {int} NOT NULL,
        level_5 {int} NOT NULL,
        resolved {int} NOT NULL,
        unresolved {int} NOT NULL,
        affinity_n {int} NOT NULL,
        affinity_sum {int} NOT NULL,
        carefulness_n {int} NOT NULL,
        carefulness_sum {int} NOT NULL,
        knowledge_n {int} NOT NULL,
        knowledge_sum {int} NOT NULL,
        clarity_n {int} NOT NULL,
        clarity_sum {int} NOT NULL,
        effort_n {int} NOT NULL,
        effort_sum {int} NOT NULL,
        expected_n {int} NOT NULL,
        expected_sum {int} NOT NULL,
        perceived_n {int} NOT NULL,
        perceived_sum {int} NOT NULL,
        both_n {int} NOT NULL,
        both_expected_sum {int} NOT NULL,
        both_perceived_sum {int} NOT NULL,
        about_staff {int} NOT NULL,
        about_policy {int} NOT NULL,
        about_product {int} NOT NULL,
        about_system {int} NOT NULL,
        about_logistics {int} NOT NULL,
        about_other {int} NOT NULL,
        PRIMARY KEY (unit, unit_key, day, standing)
    ) {by_key}",
    "INSERT INTO stream (name, last_sequence) VALUES ('ratings', 0)",
];
