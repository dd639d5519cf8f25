//! The tables of trials, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod trial {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{TrialState, TrialStopCause},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "trial")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: Uuid,
        /// What was laid down, in JSON.
        #[privacy(Organization)]
        pub terms: String,
        #[privacy(Organization)]
        pub state: Stored<TrialState>,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Organization)]
        pub created_at: i64,
        /// From the start on.
        #[privacy(Organization)]
        pub seed: Option<Vec<u8>>,
        #[privacy(Organization)]
        pub started_at: Option<i64>,
        #[privacy(Organization)]
        pub stopped_at: Option<i64>,
        #[privacy(Organization)]
        pub stop_cause: Stored<TrialStopCause>,
        #[privacy(Organization)]
        pub stop_reason: Option<String>,
        #[privacy(Organization)]
        pub alarmed_at: Option<i64>,
        /// What alarmed first: numbers of outcomes, in JSON.
        #[privacy(Organization)]
        pub alarms: String,
        #[privacy(Organization)]
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// The teams that a trial names.
pub(crate) mod team {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "trial_team")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub trial_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub team_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Which unit got which plan.
pub(crate) mod unit {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::TrialArm, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "trial_unit")]
    // A unit stays without its customer, so that the numbers of units go on to fit their share.
    #[privacy(blanked("customer_id IN {their_ids}", "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Fact)]
        pub trial_id: Uuid,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(Organization)]
        pub team_id: Option<String>,
        /// Its Monday; empty where the team has one plan for all weeks.
        #[privacy(Organization)]
        pub week: String,
        #[privacy(Fact)]
        pub arm: Stored<TrialArm>,
        #[privacy(Fact)]
        pub from_at: i64,
        #[privacy(Fact)]
        pub until_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::TrialEventKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "trial_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub sequence: i64,
        #[privacy(Organization)]
        pub trial_id: Uuid,
        #[privacy(Organization)]
        pub kind: Stored<TrialEventKind>,
        #[privacy(Organization)]
        pub happened_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
