//! What colleagues may give to customers at their discretion, and what they gave.

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
    // A row holds from its month on, until that of a later month. Months are counted from January of the year 0.
    "CREATE TABLE discretion_budget (
        scope {code} NOT NULL,
        owner_id {text} NOT NULL,
        unit {text} NOT NULL,
        from_month {count} NOT NULL,
        total {int} NOT NULL,
        grant_limit {int} NOT NULL,
        PRIMARY KEY (scope, owner_id, unit, from_month)
    ) {by_key}",
    "CREATE TABLE discretion_grant (
        id {id} PRIMARY KEY,
        interaction_id {id} NOT NULL,
        customer_id {text},
        case_id {text},
        staff_id {text} NOT NULL,
        team_id {text} NOT NULL,
        unit {text} NOT NULL,
        quantity {int} NOT NULL,
        reason {text} NOT NULL,
        state {code} NOT NULL,
        month {count} NOT NULL,
        made_at {int} NOT NULL,
        expires_at {int},
        decided_at {int},
        decided_by {text},
        given_at {int},
        withdrawn_at {int},
        note {text}
    ) {strict}",
    // What is left of a budget is added up from these, so that it cannot differ from them.
    "CREATE INDEX discretion_grant_team ON discretion_grant (team_id, month, unit)",
    "CREATE INDEX discretion_grant_staff ON discretion_grant (staff_id, month, unit)",
    "CREATE INDEX discretion_grant_customer ON discretion_grant (customer_id, made_at) WHERE customer_id IS NOT NULL",
    "CREATE INDEX discretion_grant_interaction ON discretion_grant (interaction_id)",
    "CREATE INDEX discretion_grant_month ON discretion_grant (month, id)",
    "INSERT INTO stream (name, last_sequence) VALUES ('discretion', 0)",
];
