//! The table of the audit trail, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

use sea_orm::entity::prelude::*;

use crate::{
    api::v1::{AuditAction, Role},
    store::Stored,
};

/// A line of the trail.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_event")]
pub struct Model {
    /// UUID version 7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Microseconds since 1970.
    pub event_at: i64,
    /// Subject of the token.
    pub actor: String,
    /// In which they did it.
    pub actor_role: Stored<Role>,
    /// What they did.
    pub action: Stored<AuditAction>,
    /// Id of the customer or interaction.
    pub object_id: String,
    /// Reason or purpose given.
    pub reason: String,
    /// What was before and after, as JSON.
    pub detail: Option<String>,
    /// The colleague whose rating it is about, from whom it is kept (R12).
    pub about_staff_id: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
