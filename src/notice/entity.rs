//! The tables of notices, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod notice {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ContactKind, NoticeKind},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Of the incident, or of the concern: the kind says which.
        pub subject_id: Uuid,
        pub kind: Stored<NoticeKind>,
        pub customer_id: Option<String>,
        pub alias_kind: Option<Stored<ContactKind>>,
        pub alias_value: Option<String>,
        /// See [`super::super::State`].
        pub state: i16,
        pub not_before: i64,
        pub taken_at: Option<i64>,
        pub channel: Option<Stored<Channel>>,
        pub reported_at: Option<i64>,
        /// By which it was recorded.
        pub interaction_id: Option<Uuid>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod text {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::NoticeKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "notice_text")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub subject_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: Stored<NoticeKind>,
        pub words: String,
        /// Notices that are handed out a minute at most.
        pub per_minute: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
