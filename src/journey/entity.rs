//! The tables of journeys, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod version {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "journey_version")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub version: i64,
        /// In JSON.
        #[privacy(Organization)]
        pub stages: String,
        #[privacy(Organization)]
        pub declared_at: i64,
        #[privacy(Staff)]
        pub author: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod model {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::Anticipated, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "journey_model")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub what: Stored<Anticipated>,
        /// In JSON. Sums over at least 30 customers.
        #[privacy(Organization)]
        pub learnt: String,
        #[privacy(Organization)]
        pub learnt_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// One row.
pub(crate) mod learning {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "journey_learning")]
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
