//! What is kept from the person whom it is about: lines of the audit trail about their ratings, and their invitations, which
//! figures leave out.

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
    "ALTER TABLE audit_event ADD COLUMN about_staff_id {text}",
    // Ratings read one by one, contests, praise: the object is the rating.
    "UPDATE audit_event SET about_staff_id = (SELECT rated_staff_id FROM rating WHERE id = {object_id})
        WHERE action IN (8, 12, 13, 14, 15, 16, 22)",
    // Of a reply that a person settled, it is the reply.
    "UPDATE audit_event SET about_staff_id = (SELECT v.staff_id FROM survey_reply r
            JOIN survey_invitation v ON v.id = r.invitation_id WHERE r.id = {object_id})
        WHERE action = 18",
    "CREATE INDEX survey_invitation_staff ON survey_invitation (staff_id, day) WHERE staff_id IS NOT NULL",
];
