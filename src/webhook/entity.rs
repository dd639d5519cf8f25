//! The tables of webhooks, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod webhook {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub name: String,
        pub position: Vec<u8>,
        pub last_place: i64,
        pub holder: Option<Uuid>,
        pub lease_until: i64,
        pub fence: i64,
        pub held_until: i64,
        pub last_success_at: Option<i64>,
        pub last_failure_at: Option<i64>,
        pub last_error: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod delivery {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_delivery")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub webhook: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub log: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub state: i16,
        pub place: i64,
        pub ahead: Vec<u8>,
        pub happened_at: i64,
        pub attempts: i32,
        pub next_at: i64,
        pub failed_at: Option<i64>,
        pub error: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
