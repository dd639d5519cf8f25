//! The tables of ratings, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod rating {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Attribution, Channel, InteractionKind, RatingStanding, Resolution, StaffRole},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "rating")]
    #[privacy(blanked(OF_INTERACTIONS, "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Technical)]
        pub request_key: Uuid,
        #[privacy(Technical)]
        pub body_hash: Uuid,
        #[privacy(Fact)]
        pub interaction_id: Uuid,
        #[privacy(Fact)]
        pub template_id: String,
        #[privacy(Fact)]
        pub template_version: i32,
        #[privacy(Fact)]
        pub score: i16,
        #[privacy(Fact)]
        pub level: i16,
        #[privacy(Fact)]
        pub resolved: Stored<Resolution>,
        #[privacy(Fact)]
        pub affinity: i16,
        #[privacy(Fact)]
        pub carefulness: i16,
        #[privacy(Fact)]
        pub knowledge: i16,
        #[privacy(Fact)]
        pub clarity: i16,
        #[privacy(Fact)]
        pub effort: i16,
        #[privacy(Fact)]
        pub expected: i16,
        #[privacy(Fact)]
        pub perceived: i16,
        #[privacy(Fact)]
        pub attribution: Stored<Attribution>,
        #[privacy(NULL)]
        pub comment: Option<String>,
        #[privacy(Fact)]
        pub answered_at: i64,
        #[privacy(Fact)]
        pub delivered_at: Option<i64>,
        #[privacy(Fact)]
        pub received_at: i64,
        #[privacy(Staff)]
        pub rated_staff_id: Option<String>,
        #[privacy(Staff)]
        pub rated_team_id: Option<String>,
        #[privacy(Staff)]
        pub rated_role: Stored<StaffRole>,
        #[privacy(Fact)]
        pub channel: Stored<Channel>,
        #[privacy(Fact)]
        pub kind: Stored<InteractionKind>,
        #[privacy(Fact)]
        pub topic: Option<String>,
        #[privacy(Fact)]
        pub occurred_at: i64,
        #[privacy(Fact)]
        pub day: i64,
        #[privacy(Fact)]
        pub standing: Stored<RatingStanding>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod correction {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "rating_correction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub earlier_id: Uuid,
        #[privacy(Technical)]
        pub later_id: Uuid,
        #[privacy(Technical)]
        pub first_answered_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Sums by unit, day and standing; the columns from the fifth on are `Counts::MEASURES`.
pub(crate) mod counter {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::RatingStanding, classification::Classified, rating::figures::Unit, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "rating_counter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub unit: Stored<Unit>,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub unit_key: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub day: i64,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub standing: Stored<RatingStanding>,
        #[privacy(Organization)]
        pub level_1: i64,
        #[privacy(Organization)]
        pub level_2: i64,
        #[privacy(Organization)]
        pub level_3: i64,
        #[privacy(Organization)]
        pub level_4: i64,
        #[privacy(Organization)]
        pub level_5: i64,
        #[privacy(Organization)]
        pub resolved: i64,
        #[privacy(Organization)]
        pub unresolved: i64,
        #[privacy(Organization)]
        pub affinity_n: i64,
        #[privacy(Organization)]
        pub affinity_sum: i64,
        #[privacy(Organization)]
        pub carefulness_n: i64,
        #[privacy(Organization)]
        pub carefulness_sum: i64,
        #[privacy(Organization)]
        pub knowledge_n: i64,
        #[privacy(Organization)]
        pub knowledge_sum: i64,
        #[privacy(Organization)]
        pub clarity_n: i64,
        #[privacy(Organization)]
        pub clarity_sum: i64,
        #[privacy(Organization)]
        pub effort_n: i64,
        #[privacy(Organization)]
        pub effort_sum: i64,
        #[privacy(Organization)]
        pub expected_n: i64,
        #[privacy(Organization)]
        pub expected_sum: i64,
        #[privacy(Organization)]
        pub perceived_n: i64,
        #[privacy(Organization)]
        pub perceived_sum: i64,
        #[privacy(Organization)]
        pub both_n: i64,
        #[privacy(Organization)]
        pub both_expected_sum: i64,
        #[privacy(Organization)]
        pub both_perceived_sum: i64,
        #[privacy(Organization)]
        pub about_staff: i64,
        #[privacy(Organization)]
        pub about_policy: i64,
        #[privacy(Organization)]
        pub about_product: i64,
        #[privacy(Organization)]
        pub about_system: i64,
        #[privacy(Organization)]
        pub about_logistics: i64,
        #[privacy(Organization)]
        pub about_other: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
