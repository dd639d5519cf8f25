//! The tables of invitations and replies, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod invitation {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ContactKind, InteractionKind, InvitationState, IssueMode, StaffRole, SuppressionReason},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "survey_invitation")]
    #[privacy(blanked(OF_INTERACTIONS, "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Fact)]
        pub interaction_id: Uuid,
        #[privacy(Technical)]
        pub sequence: Option<i64>,
        #[privacy(Fact)]
        pub template_id: String,
        #[privacy(Fact)]
        pub template_version: i32,
        // There is nobody any more to whom it could be sent.
        #[privacy(Identity("CASE WHEN state = 1 THEN 4 ELSE state END"))]
        pub state: Stored<InvitationState>,
        #[privacy(Fact)]
        pub issue_mode: Stored<IssueMode>,
        #[privacy(Fact)]
        pub channel: Stored<Channel>,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(NULL)]
        pub contact_kind: Option<Stored<ContactKind>>,
        #[privacy(NULL)]
        pub contact_value: Option<String>,
        /// None: as in `contact_value`.
        #[privacy(NULL)]
        pub contact_written: Option<String>,
        #[privacy(NULL)]
        pub locale: Option<String>,
        #[privacy(Fact)]
        pub issued_at: i64,
        #[privacy(Fact)]
        pub expire_at: i64,
        #[privacy(Fact)]
        pub delivered_at: Option<i64>,
        #[privacy(Fact)]
        pub answer_until: Option<i64>,
        #[privacy(Fact)]
        pub suppression: Option<Stored<SuppressionReason>>,
        #[privacy(Fact)]
        pub contact_refusals: i64,
        #[privacy(Note("NULL"))]
        pub token: Option<String>,
        #[privacy(Note("NULL"))]
        pub token_hash: Option<String>,
        #[privacy(Fact)]
        pub rating_id: Option<Uuid>,
        #[privacy(Fact)]
        pub kind: Option<Stored<InteractionKind>>,
        #[privacy(Fact)]
        pub topic: Option<String>,
        #[privacy(Fact)]
        pub day: Option<i64>,
        #[privacy(Staff)]
        pub staff_id: Option<String>,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(Staff)]
        pub role: Option<Stored<StaffRole>>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod reply {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{ContactKind, RatingStanding, ReplyOutcome},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "survey_reply")]
    #[privacy(blanked("id IN {their_replies}", "id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Fact)]
        pub invitation_id: Option<Uuid>,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(NULL)]
        pub contact_kind: Option<Stored<ContactKind>>,
        #[privacy(NULL)]
        pub contact_value: Option<String>,
        /// None: as in `contact_value`.
        #[privacy(NULL)]
        pub contact_written: Option<String>,
        #[privacy(EMPTY)]
        pub text: String,
        #[privacy(Fact)]
        pub replied_at: i64,
        #[privacy(Fact)]
        pub received_at: i64,
        #[privacy(Fact)]
        pub outcome: Stored<ReplyOutcome>,
        #[privacy(Fact)]
        pub rating_id: Option<Uuid>,
        #[privacy(Fact)]
        pub standing: Stored<RatingStanding>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod counter {
    use sea_orm::entity::prelude::*;

    use crate::{classification::Classified, rating::figures::Unit, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "invitation_counter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub unit: Stored<Unit>,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub unit_key: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub day: i64,
        #[privacy(Organization)]
        pub invited: i64,
        #[privacy(Organization)]
        pub delivered: i64,
        #[privacy(Organization)]
        pub responded: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
