//! The table of presence, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

use sea_orm::entity::prelude::*;

use crate::{api::v1::PresenceState, classification::Classified, store::Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
#[sea_orm(table_name = "presence")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[privacy(Staff)]
    pub staff_id: String,
    #[privacy(Staff)]
    pub team_id: String,
    #[privacy(Staff)]
    pub state: Stored<PresenceState>,
    #[privacy(Staff)]
    pub capacity: i32,
    #[privacy(Staff)]
    pub set_at: i64,
    #[privacy(Staff)]
    pub lapse_at: i64,
}
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
