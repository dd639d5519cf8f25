//! The tables of invitations and replies, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod invitation {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Channel, ContactKind, InteractionKind, InvitationState, IssueMode, StaffRole, SuppressionReason},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "survey_invitation")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub interaction_id: Uuid,
        pub sequence: Option<i64>,
        pub template_id: String,
        pub template_version: i32,
        pub state: Stored<InvitationState>,
        pub issue_mode: Stored<IssueMode>,
        pub channel: Stored<Channel>,
        pub customer_id: Option<String>,
        pub contact_kind: Option<Stored<ContactKind>>,
        pub contact_value: Option<String>,
        /// None: as in `contact_value`.
        pub contact_written: Option<String>,
        pub locale: Option<String>,
        pub issued_at: i64,
        pub expire_at: i64,
        pub delivered_at: Option<i64>,
        pub answer_until: Option<i64>,
        pub suppression: Option<Stored<SuppressionReason>>,
        pub contact_refusals: i64,
        pub token: Option<String>,
        pub token_hash: Option<String>,
        pub rating_id: Option<Uuid>,
        pub kind: Option<Stored<InteractionKind>>,
        pub topic: Option<String>,
        pub day: Option<i64>,
        pub staff_id: Option<String>,
        pub team_id: Option<String>,
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
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "survey_reply")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub invitation_id: Option<Uuid>,
        pub customer_id: Option<String>,
        pub contact_kind: Option<Stored<ContactKind>>,
        pub contact_value: Option<String>,
        /// None: as in `contact_value`.
        pub contact_written: Option<String>,
        pub text: String,
        pub replied_at: i64,
        pub received_at: i64,
        pub outcome: Stored<ReplyOutcome>,
        pub rating_id: Option<Uuid>,
        pub standing: Stored<RatingStanding>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod counter {
    use sea_orm::entity::prelude::*;

    use crate::{rating::figures::Unit, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invitation_counter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit: Stored<Unit>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub unit_key: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub day: i64,
        pub invited: i64,
        pub delivered: i64,
        pub responded: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
