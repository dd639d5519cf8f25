//! The table of sessions, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

use sea_orm::entity::prelude::*;

use crate::{api::v1::Role, classification::Classified, store::Stored};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
#[sea_orm(table_name = "session")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[privacy(Technical)]
    pub id: Uuid,
    #[privacy(Technical)]
    pub link_id: Uuid,
    #[privacy(Staff)]
    pub subject: String,
    #[privacy(Staff)]
    pub role: Stored<Role>,
    #[privacy(Staff)]
    pub started_at: i64,
    #[privacy(Staff)]
    pub renewed_at: i64,
    #[privacy(Staff)]
    pub ends_at: i64,
}
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
