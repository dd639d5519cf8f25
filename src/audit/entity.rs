//! The table of the audit trail, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

use sea_orm::entity::prelude::*;

use crate::{
    api::v1::{AuditAction, Role},
    classification::Classified,
    store::Stored,
};

/// A line of the trail.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
#[sea_orm(table_name = "audit_event")]
#[privacy(blanked(
    "(object_id IN {their_ids} AND action IN (1, 3, 4, 5, 6, 40, 41, 42, 45, 46, 50, 51, 52))
        OR object_id IN {their_objects} OR (actor IN {their_ids} AND actor_role = 6)",
    "id"
))]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    #[privacy(Fact)]
    pub id: Uuid,
    /// Microseconds since 1970.
    #[privacy(Fact)]
    pub event_at: i64,
    /// Subject of the token.
    // The customer's own name stands under object_id.
    #[privacy(Note("CASE WHEN actor_role = 6 THEN '' ELSE actor END"))]
    pub actor: String,
    /// In which they did it.
    #[privacy(Fact)]
    pub actor_role: Stored<Role>,
    /// What they did.
    #[privacy(Fact)]
    pub action: Stored<AuditAction>,
    /// Id of the customer or interaction.
    #[privacy(Identity("CASE WHEN object_id IN {their_ids} THEN '' ELSE object_id END"))]
    pub object_id: String,
    /// Reason or purpose given.
    #[privacy(Partly("CASE WHEN action IN (1, 3, 4, 5, 6, 45, 46) THEN reason ELSE '' END", "''"))]
    pub reason: String,
    /// What was before and after, as JSON.
    // Details of the others name colleagues only.
    #[privacy(Partly(
        "CASE WHEN action = 45 THEN detail ELSE NULL END",
        "CASE WHEN action IN (3, 4, 5, 6, 45, 46, 50, 51) THEN NULL ELSE detail END"
    ))]
    pub detail: Option<String>,
    /// The colleague whose rating it is about, from whom it is kept (R12).
    #[privacy(Staff)]
    pub about_staff_id: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
