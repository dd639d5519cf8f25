//! The tables of identity, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

/// By what rules the normal forms on record were made: one row.
pub(crate) mod normal_form {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "normal_form")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: i16,
        pub rules: String,
        pub made_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Aliases that customers had in other notations than their owners.
pub(crate) mod coincidence {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContactKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "alias_coincidence")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: Stored<ContactKind>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub value: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub customer_id: String,
        pub written: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Two records that became one.
pub(crate) mod merge {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer_merge")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub kept_id: String,
        pub absorbed_id: String,
        pub reason: String,
        pub author: String,
        pub merged_at: i64,
        pub undone_at: Option<i64>,
        pub undone_by: Option<String>,
        pub state: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// What moved with a merge.
pub(crate) mod merge_row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer_merge_row")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub merge_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        pub row_id: Uuid,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
