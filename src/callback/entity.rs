//! The tables of callbacks, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod callback {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{CallbackBreachReason, CallbackFailureReason, CallbackQuoteBasis, CallbackState, ContactKind, Role},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "callback")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub place_at: i64,
        pub place: i64,
        pub point_kind: Option<Stored<ContactKind>>,
        pub point_value: Option<String>,
        pub point_written: Option<String>,
        pub customer_id: Option<String>,
        pub team_id: String,
        pub topic: Option<String>,
        pub order_id: Option<String>,
        pub product_id: Option<String>,
        /// The rest of the context, in JSON.
        pub context: Option<String>,
        pub interaction_id: Option<Uuid>,
        pub case_id: Option<String>,
        pub slot_at: Option<i64>,
        pub quoted_at: i64,
        pub quote_basis: Stored<CallbackQuoteBasis>,
        pub caller_number: Option<String>,
        pub author: String,
        pub author_role: Stored<Role>,
        pub requested_at: i64,
        pub state: Stored<CallbackState>,
        pub ready_at: i64,
        pub attempts: i32,
        pub fence: i64,
        pub lapses: i32,
        pub claimed_by: Option<String>,
        pub claimed_at: Option<i64>,
        pub lease_until: Option<i64>,
        pub first_dialled_at: Option<i64>,
        pub dialled_at: Option<i64>,
        pub connected_at: Option<i64>,
        pub ended_at: Option<i64>,
        pub breached_at: Option<i64>,
        pub breach_reason: Option<Stored<CallbackBreachReason>>,
        pub escalate_at: Option<i64>,
        pub level: i32,
        pub failure: Option<Stored<CallbackFailureReason>>,
        pub call_interaction_id: Option<Uuid>,
        pub note: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod desk {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "callback_desk")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: String,
        pub caller_number: Option<String>,
        pub slot_capacity: i32,
        pub revision: i64,
        pub author: String,
        pub set_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CallbackEventKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "callback_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub callback_id: Uuid,
        pub kind: Stored<CallbackEventKind>,
        pub happened_at: i64,
        pub late_by: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
