//! The tables of callbacks, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod callback {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{CallbackBreachReason, CallbackFailureReason, CallbackQuoteBasis, CallbackState, ContactKind, Role},
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "callback")]
    // To one who reads, callbacks of complaints about them are not the customer's.
    #[privacy(blanked(
        "(customer_id IN {their_ids} OR (customer_id IS NULL AND EXISTS (SELECT 1 FROM contact_point p
                WHERE p.customer_id = $1 AND p.kind = callback.point_kind AND p.value = callback.point_value)))
            AND NOT EXISTS (SELECT 1 FROM interaction h WHERE h.customer_id = $1 AND h.id NOT IN {theirs}
                AND (h.id = callback.interaction_id OR h.case_id = callback.case_id))
            OR interaction_id IN {theirs}",
        "id"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Technical)]
        pub place_at: i64,
        #[privacy(Technical)]
        pub place: i64,
        #[privacy(NULL)]
        pub point_kind: Option<Stored<ContactKind>>,
        #[privacy(NULL)]
        pub point_value: Option<String>,
        #[privacy(NULL)]
        pub point_written: Option<String>,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(Staff)]
        pub team_id: String,
        #[privacy(Fact)]
        pub topic: Option<String>,
        #[privacy(Pseudonym)]
        pub order_id: Option<String>,
        #[privacy(Fact)]
        pub product_id: Option<String>,
        /// The rest of the context, in JSON.
        #[privacy(NULL)]
        pub context: Option<String>,
        #[privacy(Fact)]
        pub interaction_id: Option<Uuid>,
        #[privacy(Pseudonym)]
        pub case_id: Option<String>,
        #[privacy(Fact)]
        pub slot_at: Option<i64>,
        #[privacy(Fact)]
        pub quoted_at: i64,
        #[privacy(Fact)]
        pub quote_basis: Stored<CallbackQuoteBasis>,
        #[privacy(Fact)]
        pub caller_number: Option<String>,
        // A customer who asked is named by their own id.
        #[privacy(Note("CASE WHEN author_role = 6 THEN '' ELSE author END"))]
        pub author: String,
        #[privacy(Staff)]
        pub author_role: Stored<Role>,
        #[privacy(Fact)]
        pub requested_at: i64,
        // There is nobody any more who could be rung.
        #[privacy(Identity("CASE WHEN state IN (1, 2, 3, 4) THEN 7 ELSE state END"))]
        pub state: Stored<CallbackState>,
        #[privacy(Technical)]
        pub ready_at: i64,
        #[privacy(Fact)]
        pub attempts: i32,
        #[privacy(Technical)]
        pub fence: i64,
        #[privacy(Technical)]
        pub lapses: i32,
        #[privacy(Staff)]
        pub claimed_by: Option<String>,
        #[privacy(Staff)]
        pub claimed_at: Option<i64>,
        #[privacy(Technical)]
        pub lease_until: Option<i64>,
        #[privacy(Fact)]
        pub first_dialled_at: Option<i64>,
        #[privacy(Fact)]
        pub dialled_at: Option<i64>,
        #[privacy(Fact)]
        pub connected_at: Option<i64>,
        #[privacy(Fact)]
        pub ended_at: Option<i64>,
        #[privacy(Fact)]
        pub breached_at: Option<i64>,
        #[privacy(Staff)]
        pub breach_reason: Option<Stored<CallbackBreachReason>>,
        #[privacy(Technical)]
        pub escalate_at: Option<i64>,
        #[privacy(Staff)]
        pub level: i32,
        #[privacy(Fact)]
        pub failure: Option<Stored<CallbackFailureReason>>,
        #[privacy(Fact)]
        pub call_interaction_id: Option<Uuid>,
        #[privacy(NULL)]
        pub note: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod desk {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "callback_desk")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub team_id: String,
        #[privacy(Organization)]
        pub caller_number: Option<String>,
        #[privacy(Organization)]
        pub slot_capacity: i32,
        #[privacy(Organization)]
        pub revision: i64,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Organization)]
        pub set_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CallbackEventKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "callback_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub sequence: i64,
        #[privacy(Technical)]
        pub callback_id: Uuid,
        #[privacy(Technical)]
        pub kind: Stored<CallbackEventKind>,
        #[privacy(Technical)]
        pub happened_at: i64,
        #[privacy(Technical)]
        pub late_by: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
