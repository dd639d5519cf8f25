//! The tables of commitments, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod commitment {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CommitmentState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "commitment")]
    // To one who reads, commitments for complaints about them are not the customer's.
    #[privacy(blanked(
        "customer_id IN {their_ids}
            AND NOT EXISTS (SELECT 1 FROM interaction h WHERE h.customer_id = $1 AND h.id NOT IN {theirs}
                AND (h.id = commitment.interaction_id OR h.case_id = commitment.case_id))
            OR interaction_id IN {theirs}",
        "id"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(EMPTY)]
        pub what: String,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(Fact)]
        pub interaction_id: Option<Uuid>,
        #[privacy(Pseudonym)]
        pub case_id: Option<String>,
        #[privacy(Staff)]
        pub owner_staff_id: String,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(Fact)]
        pub due_at: i64,
        #[privacy(Fact)]
        pub remind_before: i64,
        #[privacy(Fact)]
        pub worth: Option<i64>,
        #[privacy(Fact)]
        pub currency: Option<String>,
        #[privacy(Fact)]
        pub state: Stored<CommitmentState>,
        #[privacy(Fact)]
        pub level: i32,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(Fact)]
        pub made_at: i64,
        #[privacy(Fact)]
        pub settled_at: Option<i64>,
        // A customer who released it is named by their own id.
        #[privacy(Note("CASE WHEN settled_by IN {their_ids} THEN '' ELSE settled_by END"))]
        pub settled_by: Option<String>,
        #[privacy(NULL)]
        pub note: Option<String>,
        #[privacy(Fact)]
        pub incident_id: Option<Uuid>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CommitmentEventKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "commitment_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub sequence: i64,
        #[privacy(Technical)]
        pub commitment_id: Uuid,
        #[privacy(Technical)]
        pub kind: Stored<CommitmentEventKind>,
        #[privacy(Technical)]
        pub happened_at: i64,
        #[privacy(Technical)]
        pub late_by: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
