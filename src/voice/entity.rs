//! The tables of departments and concerns, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod department {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "department")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: String,
        #[privacy(Organization)]
        pub display_name: Option<String>,
        #[privacy(Organization)]
        pub team_id: Option<String>,
        /// Working time.
        #[privacy(Organization)]
        pub acknowledge_within: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What departments own.
pub(crate) mod owned {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::Attribution, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "department_owned")]
    pub struct Model {
        /// Unspecified: any, complaints too.
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub cause: Stored<Attribution>,
        /// Empty: any.
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub topic: String,
        #[privacy(Organization)]
        pub department_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod concern {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ConcernState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "concern")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: Uuid,
        #[privacy(Organization)]
        pub department_id: String,
        #[privacy(Organization)]
        pub title: String,
        /// What customers raise with it, in JSON.
        #[privacy(Organization)]
        pub what: String,
        #[privacy(Organization)]
        pub since: i64,
        #[privacy(Organization)]
        pub state: Stored<ConcernState>,
        /// 0: in time. 1: overdue. More: escalated.
        #[privacy(Organization)]
        pub level: i32,
        #[privacy(Organization)]
        pub raised_at: i64,
        #[privacy(Staff)]
        pub author: String,
        /// The greatest number where the calendar never comes to it.
        #[privacy(Organization)]
        pub acknowledge_due_at: i64,
        #[privacy(Organization)]
        pub acknowledged_at: Option<i64>,
        /// The date that was given last.
        #[privacy(Organization)]
        pub fix_at: Option<i64>,
        /// All that were given, in JSON.
        #[privacy(Organization)]
        pub fixes: String,
        #[privacy(Organization)]
        pub settled_at: Option<i64>,
        #[privacy(Staff)]
        pub settled_by: Option<String>,
        #[privacy(Organization)]
        pub decline_reason: Option<String>,
        /// How far those who raised it have notices, by interaction.
        #[privacy(Organization)]
        pub told_until: Option<Uuid>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ConcernEventKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "concern_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub sequence: i64,
        #[privacy(Organization)]
        pub concern_id: Uuid,
        #[privacy(Organization)]
        pub kind: Stored<ConcernEventKind>,
        #[privacy(Organization)]
        pub happened_at: i64,
        #[privacy(Organization)]
        pub late_by: Option<i64>,
        /// Of our people, or nobody.
        #[privacy(Staff)]
        pub actor: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
