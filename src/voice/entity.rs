//! The tables of departments and concerns, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod department {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "department")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub display_name: Option<String>,
        pub team_id: Option<String>,
        /// Working time.
        pub acknowledge_within: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What departments own.
pub(crate) mod owned {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::Attribution, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "department_owned")]
    pub struct Model {
        /// Unspecified: any, complaints too.
        #[sea_orm(primary_key, auto_increment = false)]
        pub cause: Stored<Attribution>,
        /// Empty: any.
        #[sea_orm(primary_key, auto_increment = false)]
        pub topic: String,
        pub department_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod concern {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ConcernState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "concern")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub department_id: String,
        pub title: String,
        /// What customers raise with it, in JSON.
        pub what: String,
        pub since: i64,
        pub state: Stored<ConcernState>,
        /// 0: in time. 1: overdue. More: escalated.
        pub level: i32,
        pub raised_at: i64,
        pub author: String,
        /// The greatest number where the calendar never comes to it.
        pub acknowledge_due_at: i64,
        pub acknowledged_at: Option<i64>,
        /// The date that was given last.
        pub fix_at: Option<i64>,
        /// All that were given, in JSON.
        pub fixes: String,
        pub settled_at: Option<i64>,
        pub settled_by: Option<String>,
        pub decline_reason: Option<String>,
        /// How far those who raised it have notices, by interaction.
        pub told_until: Option<Uuid>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ConcernEventKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "concern_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub concern_id: Uuid,
        pub kind: Stored<ConcernEventKind>,
        pub happened_at: i64,
        pub late_by: Option<i64>,
        /// Of our people, or nobody.
        pub actor: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
