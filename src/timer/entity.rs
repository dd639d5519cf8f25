//! The table of timers, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

use sea_orm::entity::prelude::*;

use crate::classification::Classified;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
#[sea_orm(table_name = "timer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    #[privacy(Technical)]
    pub kind: i16,
    #[sea_orm(primary_key, auto_increment = false)]
    #[privacy(Technical)]
    pub subject_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    #[privacy(Technical)]
    pub step: i32,
    #[privacy(Technical)]
    pub due_at: i64,
}
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}
impl ActiveModelBehavior for ActiveModel {}
