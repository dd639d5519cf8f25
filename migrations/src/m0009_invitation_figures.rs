//! What invitations come to by day, by what ratings are grouped by.

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
    // Frozen with the invitation, as with a rating. Those issued before have none of it, and are in no figure.
    "ALTER TABLE survey_invitation ADD COLUMN kind {code}",
    "ALTER TABLE survey_invitation ADD COLUMN topic {text}",
    "ALTER TABLE survey_invitation ADD COLUMN day {int}",
    "ALTER TABLE survey_invitation ADD COLUMN staff_id {text}",
    "ALTER TABLE survey_invitation ADD COLUMN team_id {text}",
    "ALTER TABLE survey_invitation ADD COLUMN role {code}",
    // Like rating_counter: sums that only ever have something added to them.
    "CREATE TABLE invitation_counter (
        unit {code} NOT NULL,
        unit_key {text} NOT NULL,
        day {int} NOT NULL,
        invited {int} NOT NULL,
        delivered {int} NOT NULL,
        responded {int} NOT NULL,
        PRIMARY KEY (unit, unit_key, day)
    ) {by_key}",
];
