//! The tables of calendars, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod version {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "calendar_version")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub calendar_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i32,
        pub display_name: Option<String>,
        pub time_zone: String,
        /// Hours from Monday, in JSON.
        pub week: String,
        /// Hours and name by date, in JSON.
        pub dated: String,
        pub author: String,
        pub created_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod assigned {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "calendar_of_team")]
    pub struct Model {
        /// Empty: the default.
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: String,
        pub calendar_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
