//! The contact policy's versions, wishes not to be contacted, and our contacts with what they broke.

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
    // No settings: those that the server ships with.
    "CREATE TABLE contact_policy (
        version {int} PRIMARY KEY,
        effective_at {int} NOT NULL,
        settings {text},
        author {text} NOT NULL
    ) {strict}",
    // There is a policy from now on; what was recorded before could not know of it.
    "INSERT INTO contact_policy (version, effective_at, author) VALUES (1, {now}, '')",
    // Channels and purposes are sets: a bit at the place of each number.
    "CREATE TABLE do_not_contact (
        id {id} PRIMARY KEY,
        customer_id {text} NOT NULL REFERENCES customer (customer_id),
        channels {int} NOT NULL,
        purposes {int} NOT NULL,
        reason {text} NOT NULL,
        source {text} NOT NULL,
        author {text} NOT NULL,
        set_at {int} NOT NULL,
        end_at {int},
        lifted_at {int}
    ) {strict}",
    "CREATE INDEX do_not_contact_customer ON do_not_contact (customer_id, id)",
    // A row per contact of ours, beside its interaction: so that recording all the others writes nothing more, and that
    // caps are counted from an index that holds nothing else. The alias stands here where the customer is not known.
    // Breaches are a set of reasons.
    "CREATE TABLE outbound_contact (
        interaction_id {id} PRIMARY KEY,
        purpose {code} NOT NULL,
        contact_at {int} NOT NULL,
        customer_id {text},
        alias_kind {code},
        alias_value {text},
        breaches {int} NOT NULL,
        policy_version {int}
    ) {by_key}",
    "CREATE INDEX outbound_contact_customer ON outbound_contact (customer_id, contact_at, purpose)
        WHERE customer_id IS NOT NULL",
    "CREATE INDEX outbound_contact_alias ON outbound_contact (alias_value, contact_at, alias_kind, purpose)
        WHERE customer_id IS NULL",
    "CREATE INDEX outbound_contact_breach ON outbound_contact (contact_at, interaction_id) WHERE breaches <> 0",
];
