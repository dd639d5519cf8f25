//! The tables of identity, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

/// By what rules the normal forms on record were made: one row.
pub(crate) mod normal_form {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "normal_form")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub id: i16,
        #[privacy(Technical)]
        pub rules: String,
        #[privacy(Technical)]
        pub made_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Aliases that customers had in other notations than their owners.
pub(crate) mod coincidence {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContactKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "alias_coincidence")]
    #[privacy(deleted("customer_id IN {their_ids}"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub kind: Stored<ContactKind>,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub value: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub customer_id: String,
        #[privacy(GONE)]
        pub written: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Two records that became one.
pub(crate) mod merge {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "customer_merge")]
    #[privacy(deleted("kept_id IN {their_ids} OR absorbed_id IN {their_ids}"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub id: Uuid,
        #[privacy(GONE)]
        pub kept_id: String,
        #[privacy(GONE)]
        pub absorbed_id: String,
        #[privacy(GONE)]
        pub reason: String,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(GONE)]
        pub merged_at: i64,
        #[privacy(GONE)]
        pub undone_at: Option<i64>,
        #[privacy(Staff)]
        pub undone_by: Option<String>,
        // Both records as they were: what they are now is exported by itself.
        #[privacy(Technical)]
        pub state: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What moved with a merge.
pub(crate) mod merge_row {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "customer_merge_row")]
    // Nothing is exported: their interactions and wishes tell it better.
    #[privacy(deleted(
        "merge_id IN (SELECT id FROM customer_merge WHERE kept_id IN {their_ids} OR absorbed_id IN {their_ids})"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub merge_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub kind: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub row_id: Uuid,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
