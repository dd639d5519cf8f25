//! Clocks against a target in working time, and follow-ups of what customers were not satisfied with.

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
    "CREATE TABLE clock (
        subject_id {id} NOT NULL,
        number {count} NOT NULL,
        team_id {text},
        target {int} NOT NULL,
        started_at {int} NOT NULL,
        stopped_at {int},
        due_at {int},
        PRIMARY KEY (subject_id, number)
    ) {by_key}",
    "CREATE INDEX clock_running ON clock (subject_id) WHERE stopped_at IS NULL",
    "CREATE TABLE clock_stretch (
        subject_id {id} NOT NULL,
        number {count} NOT NULL,
        position {count} NOT NULL,
        from_at {int} NOT NULL,
        to_at {int},
        runs {code} NOT NULL,
        calendar_id {text},
        calendar_version {count},
        reason {text} NOT NULL,
        author {text} NOT NULL,
        PRIMARY KEY (subject_id, number, position)
    ) {by_key}",
    // `origin_id`: the rating or the complaint that opened it, which opens no second one.
    "CREATE TABLE follow_up (
        id {id} PRIMARY KEY,
        source {code} NOT NULL,
        origin_id {id},
        interaction_id {id} NOT NULL,
        team_id {text},
        state {code} NOT NULL,
        level {count} NOT NULL,
        holder_staff_id {text},
        claim_number {int} NOT NULL,
        leased_until {int},
        waits_for {code} NOT NULL,
        next_action {text},
        waits_until {int},
        due_at {int} NOT NULL,
        opened_at {int} NOT NULL,
        author {text} NOT NULL,
        settled_at {int},
        settled_by {text},
        close_reason {code} NOT NULL,
        note {text}
    ) {strict}",
    "CREATE UNIQUE INDEX follow_up_origin ON follow_up (origin_id) WHERE origin_id IS NOT NULL",
    "CREATE INDEX follow_up_due ON follow_up (due_at, id)",
    "CREATE INDEX follow_up_team ON follow_up (team_id, due_at)",
    "CREATE INDEX follow_up_holder ON follow_up (holder_staff_id, due_at) WHERE holder_staff_id IS NOT NULL",
    "CREATE INDEX follow_up_interaction ON follow_up (interaction_id)",
    "CREATE INDEX follow_up_opened ON follow_up (opened_at)",
    "CREATE TABLE follow_up_about (
        follow_up_id {id} NOT NULL,
        staff_id {text} NOT NULL,
        PRIMARY KEY (follow_up_id, staff_id)
    ) {by_key}",
    "CREATE INDEX follow_up_about_staff ON follow_up_about (staff_id)",
    "CREATE TABLE follow_up_point (
        follow_up_id {id} NOT NULL,
        number {count} NOT NULL,
        words {text} NOT NULL,
        raised_at {int} NOT NULL,
        answer {text},
        answered_at {int},
        answered_by {text},
        PRIMARY KEY (follow_up_id, number)
    ) {by_key}",
    "CREATE TABLE follow_up_statement (
        id {id} PRIMARY KEY,
        follow_up_id {id} NOT NULL,
        staff_id {text} NOT NULL,
        words {text} NOT NULL,
        released_at {int} NOT NULL,
        released_by {text} NOT NULL,
        answer {text},
        answered_at {int}
    ) {strict}",
    "CREATE INDEX follow_up_statement_of ON follow_up_statement (follow_up_id)",
    "CREATE INDEX follow_up_statement_staff ON follow_up_statement (staff_id, released_at)",
    // `late_by`: by how much a step of the clock came too late. `actor`: of our people, who did it.
    "CREATE TABLE follow_up_event (
        sequence {int} PRIMARY KEY,
        follow_up_id {id} NOT NULL,
        kind {code} NOT NULL,
        happened_at {int} NOT NULL,
        late_by {int},
        actor {text}
    ) {strict}",
    "CREATE INDEX follow_up_event_follow_up ON follow_up_event (follow_up_id)",
    "INSERT INTO stream (name, last_sequence) VALUES ('follow_ups', 0)",
    // Ratings of this level and lower open one; 0: none does.
    "ALTER TABLE survey_template ADD COLUMN follow_up_level {code} NOT NULL DEFAULT 0",
    "ALTER TABLE survey_template ADD COLUMN follow_up_within {int} NOT NULL DEFAULT 57600000000",
];
