//! The tables of contests and of released ratings, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod contest {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{ContestGrounds, ContestState, RatingStanding},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contest")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contest_id: Uuid,
        pub rating_id: Uuid,
        pub masked_id: Option<Uuid>,
        pub contester: String,
        pub grounds: Stored<ContestGrounds>,
        pub evidence: Option<String>,
        pub contested_at: i64,
        pub state: Stored<ContestState>,
        pub decide_by: i64,
        pub decided_at: Option<i64>,
        pub appeal_reason: Option<String>,
        pub appealed_at: Option<i64>,
        pub exempted_at: Option<i64>,
        pub former_standing: Stored<RatingStanding>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod review {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContestVerdict, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contest_review")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub contest_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub reviewer: String,
        pub verdict: Stored<ContestVerdict>,
        pub reason: String,
        pub reviewed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod coaching_rating {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Attribution, Resolution},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "coaching_rating")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub masked_id: Uuid,
        pub staff_id: String,
        pub block: i32,
        pub rating_id: Uuid,
        pub released_at: i64,
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
        pub topic: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
