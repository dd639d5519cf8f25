//! The tables of ratings, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod rating {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Attribution, Channel, InteractionKind, RatingStanding, Resolution, StaffRole},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rating")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub request_key: Uuid,
        pub body_hash: Uuid,
        pub interaction_id: Uuid,
        pub template_id: String,
        pub template_version: i32,
        pub score: i16,
        pub level: i16,
        pub resolved: Stored<Resolution>,
        pub affinity: i16,
        pub carefulness: i16,
        pub knowledge: i16,
        pub clarity: i16,
        pub effort: i16,
        pub expected: i16,
        pub perceived: i16,
        pub attribution: Stored<Attribution>,
        pub comment: Option<String>,
        pub answered_at: i64,
        pub delivered_at: Option<i64>,
        pub received_at: i64,
        pub rated_staff_id: Option<String>,
        pub rated_team_id: Option<String>,
        pub rated_role: Stored<StaffRole>,
        pub channel: Stored<Channel>,
        pub kind: Stored<InteractionKind>,
        pub topic: Option<String>,
        pub occurred_at: i64,
        pub day: i64,
        pub standing: Stored<RatingStanding>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod correction {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rating_correction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub earlier_id: Uuid,
        pub later_id: Uuid,
        pub first_answered_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Sums by unit, day and standing; the columns from the fifth on are `Counts::MEASURES`.
pub(crate) mod counter {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::RatingStanding, rating::figures::Unit, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rating_counter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit: Stored<Unit>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit_key: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        pub standing: Stored<RatingStanding>,
        pub level_1: i64,
        pub level_2: i64,
        pub level_3: i64,
        pub level_4: i64,
        pub level_5: i64,
        pub resolved: i64,
        pub unresolved: i64,
        pub affinity_n: i64,
        pub affinity_sum: i64,
        pub carefulness_n: i64,
        pub carefulness_sum: i64,
        pub knowledge_n: i64,
        pub knowledge_sum: i64,
        pub clarity_n: i64,
        pub clarity_sum: i64,
        pub effort_n: i64,
        pub effort_sum: i64,
        pub expected_n: i64,
        pub expected_sum: i64,
        pub perceived_n: i64,
        pub perceived_sum: i64,
        pub both_n: i64,
        pub both_expected_sum: i64,
        pub both_perceived_sum: i64,
        pub about_staff: i64,
        pub about_policy: i64,
        pub about_product: i64,
        pub about_system: i64,
        pub about_logistics: i64,
        pub about_other: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
