//! The tables of webhooks, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod webhook {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "webhook")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub name: String,
        #[privacy(Technical)]
        pub position: Vec<u8>,
        #[privacy(Technical)]
        pub last_place: i64,
        #[privacy(Technical)]
        pub holder: Option<Uuid>,
        #[privacy(Technical)]
        pub lease_until: i64,
        #[privacy(Technical)]
        pub fence: i64,
        #[privacy(Technical)]
        pub held_until: i64,
        #[privacy(Technical)]
        pub last_success_at: Option<i64>,
        #[privacy(Technical)]
        pub last_failure_at: Option<i64>,
        #[privacy(Technical)]
        pub last_error: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod delivery {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub webhook: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub log: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub sequence: i64,
        #[privacy(Technical)]
        pub state: i16,
        #[privacy(Technical)]
        pub place: i64,
        #[privacy(Technical)]
        pub ahead: Vec<u8>,
        #[privacy(Technical)]
        pub happened_at: i64,
        #[privacy(Technical)]
        pub attempts: i32,
        #[privacy(Technical)]
        pub next_at: i64,
        #[privacy(Technical)]
        pub failed_at: Option<i64>,
        #[privacy(Technical)]
        pub error: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
