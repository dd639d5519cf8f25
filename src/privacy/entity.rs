//! The table of erasures, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod erasure {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "erasure")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub erased_at: i64,
        pub receipt: String,
        pub key_id: String,
        pub signature: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
