//! The tables of follow-ups, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod follow_up {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{FollowUpCloseReason, FollowUpSource, FollowUpState, FollowUpWait},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "follow_up")]
    #[privacy(blanked("id IN {their_follow_ups}", "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Fact)]
        pub source: Stored<FollowUpSource>,
        /// The rating or the complaint that opened it.
        #[privacy(Technical)]
        pub origin_id: Option<Uuid>,
        #[privacy(Fact)]
        pub interaction_id: Uuid,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(Fact)]
        pub state: Stored<FollowUpState>,
        /// 0: in time. 1: overdue. More: escalated.
        #[privacy(Staff)]
        pub level: i32,
        #[privacy(Staff)]
        pub holder_staff_id: Option<String>,
        #[privacy(Staff)]
        pub claim_number: i64,
        #[privacy(Staff)]
        pub leased_until: Option<i64>,
        #[privacy(Fact)]
        pub waits_for: Stored<FollowUpWait>,
        #[privacy(Note("NULL"))]
        pub next_action: Option<String>,
        #[privacy(Fact)]
        pub waits_until: Option<i64>,
        /// Of its last clock; the greatest number where that never is.
        #[privacy(Fact)]
        pub due_at: i64,
        #[privacy(Fact)]
        pub opened_at: i64,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Fact)]
        pub settled_at: Option<i64>,
        // A customer who confirmed it is named by their own id.
        #[privacy(Note("CASE WHEN settled_by IN {their_ids} THEN '' ELSE settled_by END"))]
        pub settled_by: Option<String>,
        #[privacy(Fact)]
        pub close_reason: Stored<FollowUpCloseReason>,
        #[privacy(NULL)]
        pub note: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod about {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "follow_up_about")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub follow_up_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub staff_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod point {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "follow_up_point")]
    #[privacy(few("follow_up_id IN {their_follow_ups}"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub follow_up_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub number: i32,
        #[privacy(EMPTY)]
        pub words: String,
        #[privacy(Fact)]
        pub raised_at: i64,
        #[privacy(NULL)]
        pub answer: Option<String>,
        #[privacy(Fact)]
        pub answered_at: Option<i64>,
        #[privacy(Staff)]
        pub answered_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod statement {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "follow_up_statement")]
    #[privacy(few("follow_up_id IN {their_follow_ups}"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub id: Uuid,
        #[privacy(Staff)]
        pub follow_up_id: Uuid,
        /// To whom it was released.
        #[privacy(Staff)]
        pub staff_id: String,
        // It was written so that it names nobody, and may come close.
        #[privacy(Note("''"))]
        pub words: String,
        #[privacy(Staff)]
        pub released_at: i64,
        #[privacy(Staff)]
        pub released_by: String,
        #[privacy(Note("NULL"))]
        pub answer: Option<String>,
        #[privacy(Staff)]
        pub answered_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::FollowUpEventKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "follow_up_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub sequence: i64,
        #[privacy(Technical)]
        pub follow_up_id: Uuid,
        #[privacy(Technical)]
        pub kind: Stored<FollowUpEventKind>,
        #[privacy(Technical)]
        pub happened_at: i64,
        #[privacy(Technical)]
        pub late_by: Option<i64>,
        /// Of our people.
        #[privacy(Staff)]
        pub actor: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
