//! The tables of calendars, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod version {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "calendar_version")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub calendar_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub version: i32,
        #[privacy(Organization)]
        pub display_name: Option<String>,
        #[privacy(Organization)]
        pub time_zone: String,
        /// Hours from Monday, in JSON.
        #[privacy(Organization)]
        pub week: String,
        /// Hours and name by date, in JSON.
        #[privacy(Organization)]
        pub dated: String,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Organization)]
        pub created_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod assigned {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "calendar_of_team")]
    pub struct Model {
        /// Empty: the default.
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub team_id: String,
        #[privacy(Organization)]
        pub calendar_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
