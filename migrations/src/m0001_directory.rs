//! Teams, staff, customers; what every change leaves behind (request ids, audit); the streams' sequences.

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
    "CREATE TABLE team (
        team_id {text} PRIMARY KEY,
        display_name {text} NOT NULL,
        state {code} NOT NULL,
        revision {int} NOT NULL
    ) {strict}",
    "CREATE TABLE staff_member (
        staff_id {text} PRIMARY KEY,
        display_name {text} NOT NULL,
        role {code} NOT NULL,
        team_id {text} REFERENCES team (team_id),
        state {code} NOT NULL,
        revision {int} NOT NULL
    ) {strict}",
    "CREATE INDEX staff_member_team ON staff_member (team_id, staff_id)",
    // standing is what it is without the suspension, so that lifting one gives back what was.
    "CREATE TABLE customer (
        customer_id {text} PRIMARY KEY,
        salutation {text} NOT NULL,
        standing {code} NOT NULL,
        locale {text} NOT NULL,
        time_zone {text} NOT NULL,
        suspension_reason {text},
        suspension_author {text},
        suspended_at {int},
        suspended_until {int},
        revision {int} NOT NULL
    ) {strict}",
    "CREATE TABLE contact_point (
        customer_id {text} NOT NULL REFERENCES customer (customer_id),
        position {code} NOT NULL,
        kind {code} NOT NULL,
        value {text} NOT NULL,
        source {text} NOT NULL,
        obtained_at {int},
        consent {code} NOT NULL,
        PRIMARY KEY (customer_id, position)
    ) {strict}",
    // The value comes first: recording looks for values of any kind.
    "CREATE TABLE customer_alias (
        kind {code} NOT NULL,
        value {text} NOT NULL,
        customer_id {text} NOT NULL REFERENCES customer (customer_id),
        PRIMARY KEY (value, kind)
    ) {strict}",
    "CREATE INDEX customer_alias_customer ON customer_alias (customer_id)",
    "CREATE TABLE request_memory (
        scope {text} NOT NULL,
        request_id {text} NOT NULL,
        method {text} NOT NULL,
        body_hash {id} NOT NULL,
        answer {text} NOT NULL,
        created_at {int} NOT NULL,
        PRIMARY KEY (scope, request_id)
    ) {strict}",
    "CREATE INDEX request_memory_age ON request_memory (created_at)",
    "CREATE TABLE audit_event (
        id {id} PRIMARY KEY,
        event_at {int} NOT NULL,
        actor {text} NOT NULL,
        actor_role {code} NOT NULL,
        action {code} NOT NULL,
        object_id {text} NOT NULL,
        reason {text} NOT NULL,
        detail {text}
    ) {strict}",
    "CREATE INDEX audit_event_object ON audit_event (object_id, id)",
    "CREATE INDEX audit_event_actor ON audit_event (actor, id)",
    // One row per stream with a cursor. Locked and raised inside the transaction that commits the events, so that no
    // reader who has seen a number can miss a smaller one, however many servers write.
    "CREATE TABLE stream (
        name {text} PRIMARY KEY,
        last_sequence {int} NOT NULL
    ) {strict}",
];
