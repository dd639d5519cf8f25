//! The table of what was said of preferences, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(super) mod statement {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "preference_statement")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub customer_id: String,
        pub dimension: i16,
        pub value: String,
        pub origin: i16,
        pub author: String,
        pub author_role: i16,
        pub source: String,
        pub note: String,
        pub stated_at: i64,
        pub ended_at: Option<i64>,
        pub withdrawn_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
