//! The tables of contacts, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod contact_policy {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "contact_policy")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub version: i64,
        #[privacy(Organization)]
        pub effective_at: i64,
        #[privacy(Organization)]
        pub settings: Option<String>,
        #[privacy(Staff)]
        pub author: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod do_not_contact {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "do_not_contact")]
    #[privacy(deleted("customer_id = $1"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub id: Uuid,
        #[privacy(GONE)]
        pub customer_id: String,
        #[privacy(GONE)]
        pub channels: i64,
        #[privacy(GONE)]
        pub purposes: i64,
        #[privacy(GONE)]
        pub reason: String,
        #[privacy(GONE)]
        pub source: String,
        #[privacy(Staff)]
        pub author: String,
        #[privacy(GONE)]
        pub set_at: i64,
        #[privacy(GONE)]
        pub end_at: Option<i64>,
        #[privacy(GONE)]
        pub lifted_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Points at which somebody wants to hear nothing more, whether the directory knows whose they are or not.
pub(crate) mod refused_point {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContactKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "refused_point")]
    #[privacy(deleted(
        "EXISTS (SELECT 1 FROM contact_point p WHERE p.customer_id = $1 AND p.kind = refused_point.kind
                AND p.value = refused_point.value)
            OR EXISTS (SELECT 1 FROM customer_alias a WHERE a.customer_id = $1 AND a.kind = refused_point.kind
                AND a.value = refused_point.value)"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub kind: Stored<ContactKind>,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub value: String,
        /// None: as in `value`.
        #[privacy(GONE)]
        pub written: Option<String>,
        #[privacy(GONE)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "outbound_contact")]
    #[privacy(blanked(OF_INTERACTIONS, "interaction_id"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub interaction_id: Uuid,
        #[privacy(Fact)]
        pub purpose: Stored<ContactPurpose>,
        #[privacy(Fact)]
        pub contact_at: i64,
        #[privacy(NULL)]
        pub customer_id: Option<String>,
        #[privacy(NULL)]
        pub alias_kind: Option<Stored<ContactKind>>,
        #[privacy(NULL)]
        pub alias_value: Option<String>,
        #[privacy(Fact)]
        pub breaches: i64,
        #[privacy(Fact)]
        pub policy_version: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
