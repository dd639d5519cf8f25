//! What the rated person sees of their ratings, and contests of ratings.

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
    // Ratings as they were when they were released to the rated person. The masked id is the key, so that not even the
    // order of rows tells anything.
    "CREATE TABLE coaching_rating (
        masked_id {id} PRIMARY KEY,
        staff_id {text} NOT NULL,
        block {count} NOT NULL,
        rating_id {id} NOT NULL,
        released_at {int} NOT NULL,
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
        topic {text}
    ) {strict}",
    "CREATE UNIQUE INDEX coaching_rating_once ON coaching_rating (rating_id, staff_id)",
    "CREATE INDEX coaching_block ON coaching_rating (staff_id, block)",
    "CREATE TABLE contest (
        contest_id {id} PRIMARY KEY,
        rating_id {id} NOT NULL UNIQUE,
        masked_id {id},
        contester {text} NOT NULL,
        grounds {code} NOT NULL,
        evidence {text},
        contested_at {int} NOT NULL,
        state {code} NOT NULL,
        decide_by {int} NOT NULL,
        decided_at {int},
        appeal_reason {text},
        appealed_at {int},
        exempted_at {int},
        former_standing {code} NOT NULL
    ) {strict}",
    "CREATE INDEX contest_time ON contest (contested_at, contest_id)",
    "CREATE INDEX contest_contester ON contest (contester, contested_at, contest_id)",
    "CREATE INDEX contest_deadline ON contest (state, decide_by)",
    "CREATE INDEX contest_exemption ON contest (contested_at, contest_id) WHERE exempted_at IS NOT NULL",
    "CREATE TABLE contest_review (
        contest_id {id} NOT NULL,
        number {count} NOT NULL,
        reviewer {text} NOT NULL,
        verdict {code} NOT NULL,
        reason {text} NOT NULL,
        reviewed_at {int} NOT NULL,
        PRIMARY KEY (contest_id, number)
    ) {by_key}",
];
