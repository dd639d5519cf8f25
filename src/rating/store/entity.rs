//! The tables of ratings, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(super) mod rating {
    use sea_orm::entity::prelude::*;
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
        pub resolved: i16,
        pub affinity: i16,
        pub carefulness: i16,
        pub knowledge: i16,
        pub clarity: i16,
        pub effort: i16,
        pub expected: i16,
        pub perceived: i16,
        pub attribution: i16,
        pub comment: Option<String>,
        pub answered_at: i64,
        pub delivered_at: Option<i64>,
        pub received_at: i64,
        pub rated_staff_id: Option<String>,
        pub rated_team_id: Option<String>,
        pub rated_role: i16,
        pub channel: i16,
        pub kind: i16,
        pub topic: Option<String>,
        pub occurred_at: i64,
        pub day: i64,
        pub standing: i16,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(super) mod correction {
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
