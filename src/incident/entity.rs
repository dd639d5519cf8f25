//! The tables of incidents, as SeaORM sees them. Which interactions one hits is `interaction_incident`'s.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod incident {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::IncidentState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "incident")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub title: String,
        pub department: String,
        /// In JSON.
        pub rule: String,
        pub state: Stored<IncidentState>,
        pub declared_at: i64,
        pub author: String,
        pub found_count: i64,
        pub linked_count: i64,
        /// How far what is on record is linked.
        pub linked_until: Option<i64>,
        pub linked_until_id: Option<Uuid>,
        /// Ratings that counted for staff and do not since.
        pub moved_count: i64,
        /// In JSON.
        pub updates: String,
        /// How far its customers have notices, by interaction.
        pub noticed_until: Option<Uuid>,
        pub resolved_at: Option<i64>,
        /// How far those who were told have notices that it is mended, by notice.
        pub mended_until: Option<Uuid>,
        pub cancel_reason: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::IncidentEventKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "incident_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub incident_id: Uuid,
        pub kind: Stored<IncidentEventKind>,
        pub happened_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
