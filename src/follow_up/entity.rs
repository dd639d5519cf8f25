//! The tables of follow-ups, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod follow_up {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{FollowUpCloseReason, FollowUpSource, FollowUpState, FollowUpWait},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follow_up")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub source: Stored<FollowUpSource>,
        /// The rating or the complaint that opened it.
        pub origin_id: Option<Uuid>,
        pub interaction_id: Uuid,
        pub team_id: Option<String>,
        pub state: Stored<FollowUpState>,
        /// 0: in time. 1: overdue. More: escalated.
        pub level: i32,
        pub holder_staff_id: Option<String>,
        pub claim_number: i64,
        pub leased_until: Option<i64>,
        pub waits_for: Stored<FollowUpWait>,
        pub next_action: Option<String>,
        pub waits_until: Option<i64>,
        /// Of its last clock; the greatest number where that never is.
        pub due_at: i64,
        pub opened_at: i64,
        pub author: String,
        pub settled_at: Option<i64>,
        pub settled_by: Option<String>,
        pub close_reason: Stored<FollowUpCloseReason>,
        pub note: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod about {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follow_up_about")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub follow_up_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub staff_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod point {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follow_up_point")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub follow_up_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub words: String,
        pub raised_at: i64,
        pub answer: Option<String>,
        pub answered_at: Option<i64>,
        pub answered_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod statement {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follow_up_statement")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub follow_up_id: Uuid,
        /// To whom it was released.
        pub staff_id: String,
        pub words: String,
        pub released_at: i64,
        pub released_by: String,
        pub answer: Option<String>,
        pub answered_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::FollowUpEventKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "follow_up_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub follow_up_id: Uuid,
        pub kind: Stored<FollowUpEventKind>,
        pub happened_at: i64,
        pub late_by: Option<i64>,
        /// Of our people.
        pub actor: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
