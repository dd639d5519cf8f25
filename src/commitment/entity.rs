//! The tables of commitments, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod commitment {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CommitmentState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "commitment")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub what: String,
        pub customer_id: Option<String>,
        pub interaction_id: Option<Uuid>,
        pub case_id: Option<String>,
        pub owner_staff_id: String,
        pub team_id: Option<String>,
        pub due_at: i64,
        pub remind_before: i64,
        pub worth: Option<i64>,
        pub currency: Option<String>,
        pub state: Stored<CommitmentState>,
        pub level: i32,
        pub author: String,
        pub made_at: i64,
        pub settled_at: Option<i64>,
        pub settled_by: Option<String>,
        pub note: Option<String>,
        pub incident_id: Option<Uuid>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod event {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CommitmentEventKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "commitment_event")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub commitment_id: Uuid,
        pub kind: Stored<CommitmentEventKind>,
        pub happened_at: i64,
        pub late_by: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
