//! The tables of contacts, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod contact_policy {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contact_policy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i64,
        pub effective_at: i64,
        pub settings: Option<String>,
        pub author: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod do_not_contact {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "do_not_contact")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub customer_id: String,
        pub channels: i64,
        pub purposes: i64,
        pub reason: String,
        pub source: String,
        pub author: String,
        pub set_at: i64,
        pub end_at: Option<i64>,
        pub lifted_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Points at which somebody wants to hear nothing more, whether the directory knows whose they are or not.
pub(crate) mod refused_point {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContactKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "refused_point")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: Stored<ContactKind>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub value: String,
        /// None: as in `value`.
        pub written: Option<String>,
        pub refused_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Our contacts, each beside its interaction.
pub(crate) mod outbound_contact {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{ContactKind, ContactPurpose},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbound_contact")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub interaction_id: Uuid,
        pub purpose: Stored<ContactPurpose>,
        pub contact_at: i64,
        pub customer_id: Option<String>,
        pub alias_kind: Option<Stored<ContactKind>>,
        pub alias_value: Option<String>,
        pub breaches: i64,
        pub policy_version: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
