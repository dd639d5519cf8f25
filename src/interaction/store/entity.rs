//! The tables of interactions, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod interaction {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ContactKind, Direction, InteractionKind, Outcome, Resolution},
        classification::Classified,
        contact::entity::outbound_contact,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "interaction")]
    #[privacy(blanked("id IN {theirs}", "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Technical)]
        pub request_key: Uuid,
        #[privacy(Technical)]
        pub body_hash: Uuid,
        #[privacy(Fact)]
        pub channel: Stored<Channel>,
        #[privacy(Fact)]
        pub kind: Stored<InteractionKind>,
        #[privacy(Fact)]
        pub direction: Stored<Direction>,
        #[privacy(Fact)]
        pub outcome: Stored<Outcome>,
        #[privacy(Fact)]
        pub topic: Option<String>,
        #[privacy(Fact)]
        pub arrived_at: Option<i64>,
        #[privacy(Fact)]
        pub requested_at: Option<i64>,
        #[privacy(Fact)]
        pub connected_at: Option<i64>,
        #[privacy(Fact)]
        pub ended_at: Option<i64>,
        #[privacy(Fact)]
        pub occurred_at: i64,
        #[privacy(Fact)]
        pub hold: Option<i64>,
        #[privacy(Fact)]
        pub after_call_work: Option<i64>,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(NULL)]
        pub alias_kind: Option<Stored<ContactKind>>,
        #[privacy(NULL)]
        pub alias_value: Option<String>,
        /// None: as in `alias_value`.
        #[privacy(NULL)]
        pub alias_written: Option<String>,
        /// The id under which it came, where that was merged into another.
        #[privacy(NULL)]
        pub given_customer_id: Option<String>,
        #[privacy(Pseudonym)]
        pub case_id: Option<String>,
        #[privacy(Pseudonym)]
        pub order_id: Option<String>,
        #[privacy(Fact)]
        pub product_id: Option<String>,
        #[privacy(NULL)]
        pub context: Option<String>,
        #[privacy(Staff)]
        pub transfers: Option<String>,
        #[privacy(Fact)]
        pub transfer_count: i32,
        #[privacy(Fact)]
        pub customer_messages: Option<i32>,
        #[privacy(Fact)]
        pub staff_messages: Option<i32>,
        #[privacy(Fact)]
        pub bot_messages: Option<i32>,
        #[privacy(NULL)]
        pub conclusion: Option<String>,
        #[privacy(Fact)]
        pub staff_resolution: Stored<Resolution>,
        #[privacy(Fact)]
        pub customer_resolution: Stored<Resolution>,
        #[privacy(Staff)]
        pub primary_staff_id: Option<String>,
        #[privacy(Staff)]
        pub primary_team_id: Option<String>,
        #[privacy(Fact)]
        pub recorded_at: i64,
        #[privacy(Staff)]
        pub recorded_by: String,
        #[privacy(Technical)]
        pub revision: i64,
        /// Whom it is about, so many rows in `interaction_about`: nearly always none, which nobody then looks for.
        #[privacy(Technical)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "interaction_participant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub interaction_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub position: i16,
        #[privacy(Staff)]
        pub staff_id: String,
        #[privacy(Staff)]
        pub role: Stored<StaffRole>,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(Staff)]
        pub involvement: Stored<Involvement>,
        #[privacy(Staff)]
        pub occurred_at: i64,
        #[privacy(Staff)]
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

    use crate::{api::v1::ReattributionState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "reattribution_request")]
    #[privacy(blanked(OF_INTERACTIONS, "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub id: Uuid,
        #[privacy(Staff)]
        pub interaction_id: Uuid,
        #[privacy(Staff)]
        pub state: Stored<ReattributionState>,
        #[privacy(Note("''"))]
        pub reason: String,
        #[privacy(Staff)]
        pub requested_by: String,
        #[privacy(Staff)]
        pub requested_at: i64,
        #[privacy(Staff)]
        pub decided_by: Option<String>,
        #[privacy(Staff)]
        pub decided_at: Option<i64>,
        #[privacy(Note("NULL"))]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "reattribution_participant")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub reattribution_id: Uuid,
        /// 0: before, 1: after.
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub side: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub position: i16,
        #[privacy(Staff)]
        pub staff_id: String,
        #[privacy(Staff)]
        pub role: Stored<StaffRole>,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(Staff)]
        pub involvement: Stored<Involvement>,
        #[privacy(Staff)]
        pub told_by: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod about {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "interaction_about")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub interaction_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub position: i16,
        #[privacy(Staff)]
        pub staff_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod incident {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "interaction_incident")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub interaction_id: Uuid,
        #[privacy(Technical)]
        pub incident_id: Uuid,
        #[privacy(Technical)]
        pub linked_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod change {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::InteractionChangeKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "interaction_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub sequence: i64,
        #[privacy(Technical)]
        pub interaction_id: Uuid,
        #[privacy(Technical)]
        pub kind: Stored<InteractionChangeKind>,
        #[privacy(Technical)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "interaction_as_rated")]
    #[privacy(blanked(OF_INTERACTIONS, "interaction_id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub interaction_id: Uuid,
        #[privacy(Fact)]
        pub topic: Option<String>,
        // Under another pseudonym than the other matters of the customer it would tell nothing.
        #[privacy(NULL)]
        pub case_id: Option<String>,
        #[privacy(Fact)]
        pub outcome: Stored<Outcome>,
        #[privacy(Fact)]
        pub staff_resolution: Stored<Resolution>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
