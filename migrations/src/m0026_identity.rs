//! Contact points have a normal form, which is compared, beside the notation as it was given, which is shown: null where it
//! is the normal form itself. Which rules made the forms that are stored, and what came to coincide. Two records of one
//! person are merged, and parted again: what was moved, and what both were before.

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
    "ALTER TABLE contact_point ADD COLUMN written {text}",
    "ALTER TABLE customer_alias ADD COLUMN written {text}",
    "ALTER TABLE interaction ADD COLUMN alias_written {text}",
    "ALTER TABLE survey_invitation ADD COLUMN contact_written {text}",
    "ALTER TABLE survey_reply ADD COLUMN contact_written {text}",
    "ALTER TABLE survey_reply ADD COLUMN customer_id {text}",
    "CREATE INDEX survey_reply_invitation ON survey_reply (invitation_id) WHERE invitation_id IS NOT NULL",
    // What a name's first owner takes with them.
    "CREATE INDEX survey_reply_contact ON survey_reply (contact_value, contact_kind)
        WHERE customer_id IS NULL AND contact_value IS NOT NULL",
    // Points at which somebody said that they want to hear nothing more.
    "CREATE TABLE refused_point (
        kind {code} NOT NULL,
        value {text} NOT NULL,
        written {text},
        refused_at {int} NOT NULL,
        PRIMARY KEY (value, kind)
    ) {by_key}",
    "CREATE INDEX survey_reply_customer ON survey_reply (customer_id) WHERE customer_id IS NOT NULL",
    // Who is reached at a point: what erasure, duplicates and consent look for.
    "CREATE INDEX contact_point_value ON contact_point (value, kind)",
    // One row: by what rules.
    "CREATE TABLE normal_form (
        id {code} PRIMARY KEY,
        rules {text} NOT NULL,
        made_at {int} NOT NULL
    ) {strict}",
    // An alias that a customer had in another notation than its owner.
    "CREATE TABLE alias_coincidence (
        kind {code} NOT NULL,
        value {text} NOT NULL,
        customer_id {text} NOT NULL,
        written {text},
        PRIMARY KEY (kind, value, customer_id)
    ) {by_key}",
    "CREATE INDEX alias_coincidence_customer ON alias_coincidence (customer_id)",
    // Under which id it came, where that was merged into another.
    "ALTER TABLE interaction ADD COLUMN given_customer_id {text}",
    // `state`: both records before and the one after, as long as the merge can be undone.
    "CREATE TABLE customer_merge (
        id {id} PRIMARY KEY,
        kept_id {text} NOT NULL,
        absorbed_id {text} NOT NULL,
        reason {text} NOT NULL,
        author {text} NOT NULL,
        merged_at {int} NOT NULL,
        undone_at {int},
        undone_by {text},
        state {text}
    ) {strict}",
    "CREATE INDEX customer_merge_time ON customer_merge (merged_at, id)",
    "CREATE INDEX customer_merge_kept ON customer_merge (kept_id)",
    "CREATE INDEX customer_merge_absorbed ON customer_merge (absorbed_id)",
    // Ids that go on working.
    "CREATE TABLE merged_customer (
        customer_id {text} PRIMARY KEY,
        kept_id {text} NOT NULL REFERENCES customer (customer_id),
        merge_id {id} NOT NULL
    ) {strict}",
    "CREATE INDEX merged_customer_kept ON merged_customer (kept_id)",
    // What moved, as long as the merge can be undone.
    "CREATE TABLE customer_merge_row (
        merge_id {id} NOT NULL,
        kind {code} NOT NULL,
        row_id {id} NOT NULL,
        PRIMARY KEY (merge_id, kind, row_id)
    ) {by_key}",
];
