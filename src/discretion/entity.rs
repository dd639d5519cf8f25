//! The tables of discretion, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod budget {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::BudgetScope, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "discretion_budget")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub scope: Stored<BudgetScope>,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub owner_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub unit: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub from_month: i32,
        #[privacy(Organization)]
        pub total: i64,
        #[privacy(Organization)]
        pub grant_limit: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod grant {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::GrantState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "discretion_grant")]
    // To one who reads, grants for complaints about them are not the customer's.
    #[privacy(blanked(
        "customer_id IN {their_ids}
            AND NOT EXISTS (SELECT 1 FROM interaction h WHERE h.customer_id = $1 AND h.id NOT IN {theirs}
                AND (h.id = discretion_grant.interaction_id OR h.case_id = discretion_grant.case_id))
            OR interaction_id IN {theirs}",
        "id"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub id: Uuid,
        #[privacy(Fact)]
        pub interaction_id: Uuid,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(Pseudonym)]
        pub case_id: Option<String>,
        #[privacy(Staff)]
        pub staff_id: String,
        #[privacy(Staff)]
        pub team_id: String,
        #[privacy(Fact)]
        pub unit: String,
        #[privacy(Fact)]
        pub quantity: i64,
        #[privacy(EMPTY)]
        pub reason: String,
        // There is nobody any more to whom it could be given.
        #[privacy(Identity("CASE WHEN state IN (1, 2) THEN 6 ELSE state END"))]
        pub state: Stored<GrantState>,
        #[privacy(Fact)]
        pub month: i32,
        #[privacy(Fact)]
        pub made_at: i64,
        #[privacy(Fact)]
        pub expires_at: Option<i64>,
        #[privacy(Staff)]
        pub decided_at: Option<i64>,
        #[privacy(Staff)]
        pub decided_by: Option<String>,
        #[privacy(Fact)]
        pub given_at: Option<i64>,
        #[privacy(Fact)]
        pub withdrawn_at: Option<i64>,
        #[privacy(Note("NULL"))]
        pub note: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
