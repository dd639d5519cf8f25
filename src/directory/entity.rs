//! The tables of the directory, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod id_skeleton {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "id_skeleton")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        pub skeleton: String,
        pub id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod team {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::TeamState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "team")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: String,
        pub display_name: String,
        pub state: Stored<TeamState>,
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod staff_member {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{StaffRole, StaffState},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff_member")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub staff_id: String,
        pub display_name: String,
        pub role: Stored<StaffRole>,
        pub team_id: Option<String>,
        pub state: Stored<StaffState>,
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod customer {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CustomerStanding, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub customer_id: String,
        pub salutation: String,
        pub standing: Stored<CustomerStanding>,
        pub locale: String,
        pub time_zone: String,
        pub suspension_reason: Option<String>,
        pub suspension_author: Option<String>,
        pub suspended_at: Option<i64>,
        pub suspended_until: Option<i64>,
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod contact_point {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{Consent, ContactKind},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "contact_point")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub customer_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub position: i16,
        pub kind: Stored<ContactKind>,
        pub value: String,
        pub written: Option<String>,
        pub source: String,
        pub obtained_at: Option<i64>,
        pub consent: Stored<Consent>,
        pub consent_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod customer_alias {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContactKind, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "customer_alias")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub kind: Stored<ContactKind>,
        #[sea_orm(primary_key, auto_increment = false)]
        pub value: String,
        pub written: Option<String>,
        pub customer_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Ids of records that became part of another one.
pub(crate) mod merged_customer {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "merged_customer")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub customer_id: String,
        pub kept_id: String,
        pub merge_id: Uuid,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod tombstone {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "erasure_tombstone")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub mac: String,
        pub key_id: String,
        pub erasure_id: Uuid,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
