//! The tables of interactions, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod interaction {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ContactKind, Direction, InteractionKind, Outcome, Resolution},
        contact::entity::outbound_contact,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "interaction")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub request_key: Uuid,
        pub body_hash: Uuid,
        pub channel: Stored<Channel>,
        pub kind: Stored<InteractionKind>,
        pub direction: Stored<Direction>,
        pub outcome: Stored<Outcome>,
        pub topic: Option<String>,
        pub arrived_at: Option<i64>,
        pub requested_at: Option<i64>,
        pub connected_at: Option<i64>,
        pub ended_at: Option<i64>,
        pub occurred_at: i64,
        pub hold: Option<i64>,
        pub after_call_work: Option<i64>,
        pub customer_id: Option<String>,
        pub alias_kind: Option<Stored<ContactKind>>,
        pub alias_value: Option<String>,
        /// None: as in `alias_value`.
        pub alias_written: Option<String>,
        /// The id under which it came, where that was merged into another.
        pub given_customer_id: Option<String>,
        pub case_id: Option<String>,
        pub order_id: Option<String>,
        pub product_id: Option<String>,
        pub context: Option<String>,
        pub transfers: Option<String>,
        pub transfer_count: i32,
        pub customer_messages: Option<i32>,
        pub staff_messages: Option<i32>,
        pub bot_messages: Option<i32>,
        pub conclusion: Option<String>,
        pub staff_resolution: Stored<Resolution>,
        pub customer_resolution: Stored<Resolution>,
        pub primary_staff_id: Option<String>,
        pub primary_team_id: Option<String>,
        pub recorded_at: i64,
        pub recorded_by: String,
        pub revision: i64,
        /// Whom it is about, so many rows in `interaction_about`: nearly always none, which nobody then looks for.
        pub about_count: i16,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(has_many = "super::participant::Entity")]
        Participant,
        #[sea_orm(has_one = "crate::contact::entity::outbound_contact::Entity")]
        OutboundContact,
    }
    impl Related<Entity> for outbound_contact::Entity {
        fn to() -> RelationDef {
            Self::belongs_to(Entity).from(outbound_contact::Column::InteractionId).to(Column::Id).into()
        }
    }
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod participant {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Involvement, StaffRole},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "interaction_participant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub interaction_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i16,
        pub staff_id: String,
        pub role: Stored<StaffRole>,
        pub team_id: Option<String>,
        pub involvement: Stored<Involvement>,
        pub occurred_at: i64,
        pub told_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {
        #[sea_orm(
            belongs_to = "super::interaction::Entity",
            from = "Column::InteractionId",
            to = "super::interaction::Column::Id"
        )]
        Interaction,
    }
    impl Related<super::interaction::Entity> for Entity {
        fn to() -> RelationDef {
            Relation::Interaction.def()
        }
    }
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod reattribution {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ReattributionState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reattribution_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub interaction_id: Uuid,
        pub state: Stored<ReattributionState>,
        pub reason: String,
        pub requested_by: String,
        pub requested_at: i64,
        pub decided_by: Option<String>,
        pub decided_at: Option<i64>,
        pub rejection: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod reattributed {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Involvement, StaffRole},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reattribution_participant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub reattribution_id: Uuid,
        /// 0: before, 1: after.
        #[sea_orm(primary_key, auto_increment = false)]
        pub side: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i16,
        pub staff_id: String,
        pub role: Stored<StaffRole>,
        pub team_id: Option<String>,
        pub involvement: Stored<Involvement>,
        pub told_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod about {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "interaction_about")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub interaction_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i16,
        pub staff_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod incident {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "interaction_incident")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub interaction_id: Uuid,
        pub incident_id: Uuid,
        pub linked_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod change {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::InteractionChangeKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "interaction_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub interaction_id: Uuid,
        pub kind: Stored<InteractionChangeKind>,
        pub changed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod as_rated {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Outcome, Resolution},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "interaction_as_rated")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub interaction_id: Uuid,
        pub topic: Option<String>,
        pub case_id: Option<String>,
        pub outcome: Stored<Outcome>,
        pub staff_resolution: Stored<Resolution>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
