//! The tables of competitions, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

pub(crate) mod competition {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CompetitionState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub title: String,
        pub rules: String,
        pub submission_deadline: i64,
        pub voting_deadline: i64,
        pub state: Stored<CompetitionState>,
        pub revision: i64,
        pub key_id: String,
        pub sealed_secret: Vec<u8>,
        pub seed_commitment: Vec<u8>,
        pub sealed_ballot_key: Option<Vec<u8>>,
        pub sealed_roll_salt: Option<Vec<u8>>,
        pub public_draw: String,
        pub manifest: Option<String>,
        pub manifest_hash: Option<Vec<u8>>,
        pub created_at: i64,
        pub opened_at: Option<i64>,
        pub closed_at: Option<i64>,
        pub dispute_until: Option<i64>,
        pub result_revision: i32,
        pub hides_voters: i16,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod entry {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub competition_id: Uuid,
        pub team_id: String,
        pub title: String,
        pub what: String,
        pub why: String,
        pub cases: String,
        pub submitted_at: i64,
        pub revised_at: i64,
        pub withdrawn_at: Option<i64>,
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod conflict {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_conflict")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub staff_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub team_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod invitee {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_invitee")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub judge_id: String,
        pub team_id: String,
        pub token_hash: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod voter {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::NoBallotReason, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_voter")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub pseudonym: String,
        pub voter_id: Option<String>,
        pub invited: i16,
        pub token_hash: Option<String>,
        pub team_id: Option<String>,
        pub conflicts: String,
        pub judge: Option<String>,
        pub no_ballot: Stored<NoBallotReason>,
        pub panel: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod ballot {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ballot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        /// The column has the name that it had when ballots lay under pseudonyms.
        #[sea_orm(primary_key, auto_increment = false, column_name = "pseudonym")]
        pub slot: String,
        pub revision: i64,
        pub sealed: Option<Vec<u8>>,
        pub draft: Option<Vec<u8>>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod ballot_request {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "ballot_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false, column_name = "pseudonym")]
        pub slot: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub request_id: String,
        pub mac: Vec<u8>,
        pub answer: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod sum {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_sum")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub judge: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub entry_id: Uuid,
        pub ballots: i64,
        pub shares: i64,
        pub top: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod counted_ballots {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "counted_ballots")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        pub sealed: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod revision {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_revision")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub number: i32,
        pub body: String,
        pub hash: Vec<u8>,
        pub key_id: String,
        pub signature: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod flag {
    use sea_orm::entity::prelude::*;

    use crate::{
        api::v1::{FlagKind, FlagStrength, FlagVerdict},
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_flag")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub competition_id: Uuid,
        pub position: i32,
        pub kind: Stored<FlagKind>,
        pub teams: String,
        pub p_value: String,
        pub strength: Stored<FlagStrength>,
        pub verdict: Stored<FlagVerdict>,
        pub share: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod flag_review {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::FlagVerdict, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_flag_review")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub flag_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub reviewer: String,
        pub verdict: Stored<FlagVerdict>,
        pub reason: String,
        pub disqualified: String,
        pub decided_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod change {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CompetitionState, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub competition_id: Uuid,
        pub state: Stored<CompetitionState>,
        pub result_revision: i32,
        pub changed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod reminder {
    use sea_orm::entity::prelude::*;
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "competition_reminder")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub sequence: i64,
        pub competition_id: Uuid,
        #[sea_orm(column_name = "voter_id")]
        pub whom: String,
        pub reminded_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
