//! The tables of preferences, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod statement {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{PreferenceDimension, PreferenceOrigin, Role},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "preference_statement")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub customer_id: String,
        pub dimension: Stored<PreferenceDimension>,
        pub value: String,
        pub origin: Stored<PreferenceOrigin>,
        pub author: String,
        pub author_role: Stored<Role>,
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

pub(crate) mod fitted {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::PreferenceDimension, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "preference_model")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub dimension: Stored<PreferenceDimension>,
        pub fitted: String,
        pub fitted_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// One row.
pub(crate) mod fit {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "preference_fit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i16,
        pub began_at: i64,
        pub sequence: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
