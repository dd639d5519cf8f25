//! The tables of notices, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod notice {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ContactKind, NoticeKind},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "notice")]
    // With those for a number or address that became theirs afterwards.
    #[privacy(blanked(
        "customer_id IN {their_ids} OR id IN (SELECT n.id FROM customer_alias a
            JOIN notice n ON n.alias_value = a.value AND n.alias_kind = a.kind
            WHERE a.customer_id = $1 AND n.customer_id IS NULL)",
        "id"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        /// Of the incident, or of the concern: the kind says which.
        #[privacy(Fact)]
        pub subject_id: Uuid,
        #[privacy(Fact)]
        pub kind: Stored<NoticeKind>,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(NULL)]
        pub alias_kind: Option<Stored<ContactKind>>,
        #[privacy(NULL)]
        pub alias_value: Option<String>,
        /// See [`super::super::State`].
        #[privacy(Fact)]
        pub state: i16,
        #[privacy(Fact)]
        pub not_before: i64,
        #[privacy(Fact)]
        pub taken_at: Option<i64>,
        #[privacy(Fact)]
        pub channel: Option<Stored<Channel>>,
        #[privacy(Fact)]
        pub reported_at: Option<i64>,
        /// By which it was recorded.
        #[privacy(Fact)]
        pub interaction_id: Option<Uuid>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod text {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::NoticeKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "notice_text")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub subject_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub kind: Stored<NoticeKind>,
        #[privacy(Organization)]
        pub words: String,
        /// Notices that are handed out a minute at most.
        #[privacy(Organization)]
        pub per_minute: i32,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
