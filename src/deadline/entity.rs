//! The tables of clocks, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod clock {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "clock")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub subject_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub number: i32,
        #[privacy(Technical)]
        pub team_id: Option<String>,
        #[privacy(Technical)]
        pub target: i64,
        #[privacy(Technical)]
        pub started_at: i64,
        #[privacy(Technical)]
        pub stopped_at: Option<i64>,
        /// When its stretches come to the target; kept beside them for counting.
        #[privacy(Technical)]
        pub due_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod stretch {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "clock_stretch")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub subject_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub number: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub position: i32,
        #[privacy(Technical)]
        pub from_at: i64,
        #[privacy(Technical)]
        pub to_at: Option<i64>,
        /// 1: it runs.
        #[privacy(Technical)]
        pub runs: i16,
        #[privacy(Organization)]
        pub calendar_id: Option<String>,
        #[privacy(Organization)]
        pub calendar_version: Option<i32>,
        #[privacy(Technical)]
        pub reason: String,
        #[privacy(Staff)]
        pub author: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
