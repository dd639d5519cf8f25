//! The tables of assessments and of praise, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod assessment {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::Role, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "assessment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub interaction_id: Uuid,
        pub author: String,
        pub author_role: Stored<Role>,
        pub overall: i16,
        pub criteria: String,
        pub note: Option<String>,
        pub assessed_at: i64,
        pub superseded_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod praise {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "praise")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub rating_id: Uuid,
        pub staff_id: String,
        pub team_id: Option<String>,
        pub text: String,
        pub shared_by: String,
        pub shared_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
