//! The tables of the directory, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod id_skeleton {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "id_skeleton")]
    // The id again, and what it looks like: nothing to export.
    #[privacy(deleted("kind = 3 AND id IN {their_ids}"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub kind: i16,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub skeleton: String,
        #[privacy(Technical)]
        pub id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod team {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::TeamState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "team")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub team_id: String,
        #[privacy(Organization)]
        pub display_name: String,
        #[privacy(Organization)]
        pub state: Stored<TeamState>,
        #[privacy(Organization)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "staff_member")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub staff_id: String,
        #[privacy(Staff)]
        pub display_name: String,
        #[privacy(Staff)]
        pub role: Stored<StaffRole>,
        #[privacy(Staff)]
        pub team_id: Option<String>,
        #[privacy(Staff)]
        pub state: Stored<StaffState>,
        #[privacy(Staff)]
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod customer {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CustomerStanding, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "customer")]
    #[privacy(deleted("customer_id = $1"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub customer_id: String,
        #[privacy(GONE)]
        pub salutation: String,
        #[privacy(GONE)]
        pub standing: Stored<CustomerStanding>,
        #[privacy(GONE)]
        pub locale: String,
        #[privacy(GONE)]
        pub time_zone: String,
        #[privacy(GONE)]
        pub suspension_reason: Option<String>,
        #[privacy(Staff)]
        pub suspension_author: Option<String>,
        #[privacy(GONE)]
        pub suspended_at: Option<i64>,
        #[privacy(GONE)]
        pub suspended_until: Option<i64>,
        #[privacy(Technical)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "contact_point")]
    #[privacy(deleted("customer_id = $1"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub customer_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub position: i16,
        #[privacy(GONE)]
        pub kind: Stored<ContactKind>,
        #[privacy(GONE)]
        pub value: String,
        #[privacy(GONE)]
        pub written: Option<String>,
        #[privacy(GONE)]
        pub source: String,
        #[privacy(GONE)]
        pub obtained_at: Option<i64>,
        #[privacy(GONE)]
        pub consent: Stored<Consent>,
        #[privacy(GONE)]
        pub consent_at: Option<i64>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod customer_alias {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::ContactKind, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "customer_alias")]
    #[privacy(deleted("customer_id = $1"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub kind: Stored<ContactKind>,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub value: String,
        #[privacy(GONE)]
        pub written: Option<String>,
        #[privacy(GONE)]
        pub customer_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

/// Ids of records that became part of another one.
pub(crate) mod merged_customer {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "merged_customer")]
    #[privacy(deleted("kept_id = $1"))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub customer_id: String,
        #[privacy(GONE)]
        pub kept_id: String,
        #[privacy(Technical)]
        pub merge_id: Uuid,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod tombstone {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "erasure_tombstone")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub mac: String,
        #[privacy(Technical)]
        pub key_id: String,
        #[privacy(Technical)]
        pub erasure_id: Uuid,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
