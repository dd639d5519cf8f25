//! The table of erasures, as SeaORM sees it.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod erasure {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "erasure")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub id: Uuid,
        #[privacy(Technical)]
        pub erased_at: i64,
        #[privacy(Technical)]
        pub receipt: String,
        #[privacy(Technical)]
        pub key_id: String,
        #[privacy(Technical)]
        pub signature: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
