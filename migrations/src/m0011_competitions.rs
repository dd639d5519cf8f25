//! Competitions: what is announced and submitted, the frozen roll, sealed ballots, and the record that remains.
//!
//! Nothing here pairs a voter with what they voted: a ballot is sealed under the key of its competition, which is itself sealed,
//! and both are gone once it is counted. Nor does anything say when a ballot was cast.

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
    "CREATE TABLE competition (
        id {id} PRIMARY KEY,
        title {text} NOT NULL,
        rules {text} NOT NULL,
        submission_deadline {int} NOT NULL,
        voting_deadline {int} NOT NULL,
        state {code} NOT NULL,
        revision {int} NOT NULL,
        key_id {text} NOT NULL,
        sealed_secret {bytes} NOT NULL,
        seed_commitment {bytes} NOT NULL,
        sealed_ballot_key {bytes},
        sealed_roll_salt {bytes},
        public_draw {text} NOT NULL,
        manifest {text},
        manifest_hash {bytes},
        created_at {int} NOT NULL,
        opened_at {int},
        closed_at {int},
        dispute_until {int},
        result_revision {count} NOT NULL
    ) {strict}",
    "CREATE INDEX competition_due ON competition (state, voting_deadline)",
    "CREATE TABLE competition_entry (
        id {id} PRIMARY KEY,
        competition_id {id} NOT NULL,
        team_id {text} NOT NULL,
        title {text} NOT NULL,
        what {text} NOT NULL,
        why {text} NOT NULL,
        cases {text} NOT NULL,
        submitted_at {int} NOT NULL,
        revised_at {int} NOT NULL,
        withdrawn_at {int},
        revision {int} NOT NULL
    ) {strict}",
    "CREATE UNIQUE INDEX competition_entry_team ON competition_entry (competition_id, team_id) WHERE withdrawn_at IS NULL",
    "CREATE INDEX competition_entry_history ON competition_entry (team_id, competition_id)",
    "CREATE TABLE competition_conflict (
        competition_id {id} NOT NULL,
        staff_id {text} NOT NULL,
        team_id {text} NOT NULL,
        PRIMARY KEY (competition_id, staff_id, team_id)
    ) {by_key}",
    "CREATE TABLE competition_invitee (
        competition_id {id} NOT NULL,
        judge_id {text} NOT NULL,
        team_id {text} NOT NULL,
        token_hash {text} NOT NULL,
        PRIMARY KEY (competition_id, judge_id)
    ) {by_key}",
    // The roll. A voter who is erased keeps the pseudonym under which they were dealt and their ballot is sealed.
    "CREATE TABLE competition_voter (
        competition_id {id} NOT NULL,
        pseudonym {text} NOT NULL,
        voter_id {text},
        invited {code} NOT NULL,
        token_hash {text},
        team_id {text},
        conflicts {text} NOT NULL,
        judge {text},
        no_ballot {code} NOT NULL,
        panel {text} NOT NULL,
        PRIMARY KEY (competition_id, pseudonym)
    ) {strict}",
    "CREATE INDEX competition_voter_person ON competition_voter (voter_id, competition_id)",
    "CREATE UNIQUE INDEX competition_voter_token ON competition_voter (token_hash) WHERE token_hash IS NOT NULL",
    "CREATE TABLE ballot (
        competition_id {id} NOT NULL,
        pseudonym {text} NOT NULL,
        revision {int} NOT NULL,
        sealed {bytes},
        draft {bytes},
        PRIMARY KEY (competition_id, pseudonym)
    ) {by_key}",
    // What was answered to which request, for retries; what was asked only as a MAC under the competition's key.
    "CREATE TABLE ballot_request (
        competition_id {id} NOT NULL,
        pseudonym {text} NOT NULL,
        request_id {text} NOT NULL,
        mac {bytes} NOT NULL,
        answer {bytes} NOT NULL,
        PRIMARY KEY (competition_id, pseudonym, request_id)
    ) {by_key}",
    "CREATE TABLE competition_sum (
        competition_id {id} NOT NULL,
        judge {text} NOT NULL,
        entry_id {id} NOT NULL,
        ballots {int} NOT NULL,
        shares {int} NOT NULL,
        top {int} NOT NULL,
        PRIMARY KEY (competition_id, judge, entry_id)
    ) {by_key}",
    "CREATE TABLE competition_revision (
        competition_id {id} NOT NULL,
        number {count} NOT NULL,
        body {text} NOT NULL,
        hash {bytes} NOT NULL,
        key_id {text} NOT NULL,
        signature {bytes} NOT NULL,
        PRIMARY KEY (competition_id, number)
    ) {strict}",
    "CREATE TABLE competition_flag (
        id {id} PRIMARY KEY,
        competition_id {id} NOT NULL,
        position {count} NOT NULL,
        kind {code} NOT NULL,
        teams {text} NOT NULL,
        p_value {text} NOT NULL,
        strength {code} NOT NULL,
        verdict {code} NOT NULL
    ) {strict}",
    "CREATE UNIQUE INDEX competition_flag_order ON competition_flag (competition_id, position)",
    "CREATE TABLE competition_flag_review (
        flag_id {id} NOT NULL,
        reviewer {text} NOT NULL,
        verdict {code} NOT NULL,
        reason {text} NOT NULL,
        disqualified {text} NOT NULL,
        decided_at {int} NOT NULL,
        PRIMARY KEY (flag_id, reviewer)
    ) {strict}",
    "CREATE TABLE competition_change (
        sequence {int} PRIMARY KEY,
        competition_id {id} NOT NULL,
        state {code} NOT NULL,
        result_revision {count} NOT NULL,
        changed_at {int} NOT NULL
    ) {strict}",
    "CREATE TABLE competition_reminder (
        sequence {int} PRIMARY KEY,
        competition_id {id} NOT NULL,
        voter_id {text} NOT NULL,
        reminded_at {int} NOT NULL
    ) {strict}",
    "INSERT INTO stream (name, last_sequence) VALUES ('competitions', 0)",
    "INSERT INTO stream (name, last_sequence) VALUES ('reminders', 0)",
];
