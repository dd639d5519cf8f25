//! The tables of incidents, as SeaORM sees them. Which interactions one hits is `interaction_incident`'s.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod incident {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::IncidentState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "incident")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: Uuid,
        #[privacy(Organization)]
        pub title: String,
        #[privacy(Organization)]
        pub department: String,
        /// In JSON.
        #[privacy(Organization)]
        pub rule: String,
        #[privacy(Organization)]
        pub state: Stored<IncidentState>,
        #[privacy(Organization)]
        pub declared_at: i64,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Organization)]
        pub found_count: i64,
        #[privacy(Organization)]
        pub linked_count: i64,
        /// How far what is on record is linked.
        #[privacy(Organization)]
        pub linked_until: Option<i64>,
        #[privacy(Organization)]
        pub linked_until_id: Option<Uuid>,
        /// Ratings that counted for staff and do not since.
        #[privacy(Organization)]
        pub moved_count: i64,
        /// In JSON.
        #[privacy(Organization)]
        pub updates: String,
        /// How far its customers have notices, by interaction.
        #[privacy(Organization)]
        pub noticed_until: Option<Uuid>,
        #[privacy(Organization)]
        pub resolved_at: Option<i64>,
        /// How far those who were told have notices that it is mended, by notice.
        #[privacy(Organization)]
        pub mended_until: Option<Uuid>,
        #[privacy(Organization)]
        pub cancel_reason: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::IncidentEventKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "incident_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub sequence: i64,
        #[privacy(Organization)]
        pub incident_id: Uuid,
        #[privacy(Organization)]
        pub kind: Stored<IncidentEventKind>,
        #[privacy(Organization)]
        pub happened_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
