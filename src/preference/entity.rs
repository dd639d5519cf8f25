//! The tables of preferences, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod statement {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{PreferenceDimension, PreferenceOrigin, Role},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "preference_statement")]
    #[privacy(deleted("customer_id = $1"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub id: Uuid,
        #[privacy(GONE)]
        pub customer_id: String,
        #[privacy(GONE)]
        pub dimension: Stored<PreferenceDimension>,
        #[privacy(GONE)]
        pub value: String,
        #[privacy(GONE)]
        pub origin: Stored<PreferenceOrigin>,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Staff)]
        pub author_role: Stored<Role>,
        #[privacy(GONE)]
        pub source: String,
        #[privacy(GONE)]
        pub note: String,
        #[privacy(GONE)]
        pub stated_at: i64,
        #[privacy(GONE)]
        pub ended_at: Option<i64>,
        #[privacy(Staff)]
        pub withdrawn_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod fitted {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::PreferenceDimension, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "preference_model")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub dimension: Stored<PreferenceDimension>,
        #[privacy(Organization)]
        pub fitted: String,
        #[privacy(Organization)]
        pub fitted_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// One row.
pub(crate) mod fit {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "preference_fit")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub id: i16,
        #[privacy(Technical)]
        pub began_at: i64,
        #[privacy(Technical)]
        pub sequence: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
