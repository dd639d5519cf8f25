//! The tables of contests and of released ratings, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod contest {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{ContestGrounds, ContestState, RatingStanding},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "contest")]
    #[privacy(blanked("rating_id IN {their_ratings}", "contest_id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub contest_id: Uuid,
        #[privacy(Staff)]
        pub rating_id: Uuid,
        #[privacy(Staff)]
        pub masked_id: Option<Uuid>,
        #[privacy(Staff)]
        pub contester: String,
        #[privacy(Staff)]
        pub grounds: Stored<ContestGrounds>,
        #[privacy(Note("NULL"))]
        pub evidence: Option<String>,
        #[privacy(Staff)]
        pub contested_at: i64,
        #[privacy(Staff)]
        pub state: Stored<ContestState>,
        #[privacy(Staff)]
        pub decide_by: i64,
        #[privacy(Staff)]
        pub decided_at: Option<i64>,
        #[privacy(Note("NULL"))]
        pub appeal_reason: Option<String>,
        #[privacy(Staff)]
        pub appealed_at: Option<i64>,
        #[privacy(Staff)]
        pub exempted_at: Option<i64>,
        #[privacy(Staff)]
        pub former_standing: Stored<RatingStanding>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod review {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContestVerdict, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "contest_review")]
    #[privacy(few("contest_id IN (SELECT contest_id FROM contest WHERE rating_id IN {their_ratings})"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub contest_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub number: i32,
        #[privacy(Staff)]
        pub reviewer: String,
        #[privacy(Staff)]
        pub verdict: Stored<ContestVerdict>,
        #[privacy(Note("''"))]
        pub reason: String,
        #[privacy(Staff)]
        pub reviewed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Ratings as they were released to the colleague, without a word of the customer.
pub(crate) mod coaching_rating {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Attribution, Resolution},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "coaching_rating")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub masked_id: Uuid,
        #[privacy(Staff)]
        pub staff_id: String,
        #[privacy(Staff)]
        pub block: i32,
        #[privacy(Staff)]
        pub rating_id: Uuid,
        #[privacy(Staff)]
        pub released_at: i64,
        #[privacy(Staff)]
        pub level: i16,
        #[privacy(Staff)]
        pub resolved: Stored<Resolution>,
        #[privacy(Staff)]
        pub affinity: i16,
        #[privacy(Staff)]
        pub carefulness: i16,
        #[privacy(Staff)]
        pub knowledge: i16,
        #[privacy(Staff)]
        pub clarity: i16,
        #[privacy(Staff)]
        pub effort: i16,
        #[privacy(Staff)]
        pub expected: i16,
        #[privacy(Staff)]
        pub perceived: i16,
        #[privacy(Staff)]
        pub attribution: Stored<Attribution>,
        #[privacy(Staff)]
        pub topic: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
