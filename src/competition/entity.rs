//! The tables of competitions, as SeaORM sees them.
// The derive makes everything public, whatever the module is.
#![allow(unreachable_pub)]

/// Rows of customers on a roll: their ids and those of colleagues may be the same text, and a roll has both.
const OF_VOTER: &str =
    "voter_id IN {their_ids} AND NOT EXISTS (SELECT 1 FROM staff_member s WHERE s.staff_id = voter_id)";

pub(crate) mod competition {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CompetitionState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: Uuid,
        #[privacy(Organization)]
        pub title: String,
        #[privacy(Organization)]
        pub rules: String,
        #[privacy(Organization)]
        pub submission_deadline: i64,
        #[privacy(Organization)]
        pub voting_deadline: i64,
        #[privacy(Organization)]
        pub state: Stored<CompetitionState>,
        #[privacy(Organization)]
        pub revision: i64,
        #[privacy(Technical)]
        pub key_id: String,
        #[privacy(Technical)]
        pub sealed_secret: Vec<u8>,
        #[privacy(Technical)]
        pub seed_commitment: Vec<u8>,
        #[privacy(Technical)]
        pub sealed_ballot_key: Option<Vec<u8>>,
        #[privacy(Technical)]
        pub sealed_roll_salt: Option<Vec<u8>>,
        #[privacy(Organization)]
        pub public_draw: String,
        #[privacy(Organization)]
        pub manifest: Option<String>,
        #[privacy(Organization)]
        pub manifest_hash: Option<Vec<u8>>,
        #[privacy(Organization)]
        pub created_at: i64,
        #[privacy(Organization)]
        pub opened_at: Option<i64>,
        #[privacy(Organization)]
        pub closed_at: Option<i64>,
        #[privacy(Organization)]
        pub dispute_until: Option<i64>,
        #[privacy(Organization)]
        pub result_revision: i32,
        #[privacy(Technical)]
        pub hides_voters: i16,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod entry {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_entry")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: Uuid,
        #[privacy(Organization)]
        pub competition_id: Uuid,
        #[privacy(Organization)]
        pub team_id: String,
        #[privacy(Organization)]
        pub title: String,
        #[privacy(Organization)]
        pub what: String,
        #[privacy(Organization)]
        pub why: String,
        #[privacy(Organization)]
        pub cases: String,
        #[privacy(Organization)]
        pub submitted_at: i64,
        #[privacy(Organization)]
        pub revised_at: i64,
        #[privacy(Organization)]
        pub withdrawn_at: Option<i64>,
        #[privacy(Organization)]
        pub revision: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod conflict {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_conflict")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub staff_id: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub team_id: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod invitee {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_invitee")]
    // As in OF_VOTER.
    #[privacy(elsewhere(
        "judge_id IN {their_ids} AND NOT EXISTS (SELECT 1 FROM staff_member s WHERE s.staff_id = judge_id)"
    ))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(GONE)]
        pub judge_id: String,
        #[privacy(Fact)]
        pub team_id: String,
        #[privacy(Technical)]
        pub token_hash: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod voter {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::NoBallotReason, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_voter")]
    #[privacy(elsewhere(super::OF_VOTER))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Fact)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub pseudonym: String,
        #[privacy(GONE)]
        pub voter_id: Option<String>,
        #[privacy(Fact)]
        pub invited: i16,
        #[privacy(Technical)]
        pub token_hash: Option<String>,
        #[privacy(Fact)]
        pub team_id: Option<String>,
        #[privacy(Organization)]
        pub conflicts: String,
        #[privacy(Fact)]
        pub judge: Option<String>,
        #[privacy(Fact)]
        pub no_ballot: Stored<NoBallotReason>,
        #[privacy(Organization)]
        pub panel: String,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod ballot {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "ballot")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub competition_id: Uuid,
        /// The column has the name that it had when ballots lay under pseudonyms.
        #[sea_orm(primary_key, auto_increment = false, column_name = "pseudonym")]
        #[privacy(Technical)]
        pub slot: String,
        #[privacy(Technical)]
        pub revision: i64,
        #[privacy(Technical)]
        pub sealed: Option<Vec<u8>>,
        #[privacy(Technical)]
        pub draft: Option<Vec<u8>>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod ballot_request {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "ballot_request")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false, column_name = "pseudonym")]
        #[privacy(Technical)]
        pub slot: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub request_id: String,
        #[privacy(Technical)]
        pub mac: Vec<u8>,
        #[privacy(Technical)]
        pub answer: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod sum {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_sum")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub judge: String,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub entry_id: Uuid,
        #[privacy(Organization)]
        pub ballots: i64,
        #[privacy(Organization)]
        pub shares: i64,
        #[privacy(Organization)]
        pub top: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod counted_ballots {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "counted_ballots")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub competition_id: Uuid,
        #[privacy(Technical)]
        pub sealed: Vec<u8>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod revision {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_revision")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub competition_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub number: i32,
        #[privacy(Organization)]
        pub body: String,
        #[privacy(Organization)]
        pub hash: Vec<u8>,
        #[privacy(Organization)]
        pub key_id: String,
        #[privacy(Organization)]
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
        classification::Classified,
        store::Stored,
    };

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_flag")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub id: Uuid,
        #[privacy(Organization)]
        pub competition_id: Uuid,
        #[privacy(Organization)]
        pub position: i32,
        #[privacy(Organization)]
        pub kind: Stored<FlagKind>,
        #[privacy(Organization)]
        pub teams: String,
        #[privacy(Organization)]
        pub p_value: String,
        #[privacy(Organization)]
        pub strength: Stored<FlagStrength>,
        #[privacy(Organization)]
        pub verdict: Stored<FlagVerdict>,
        #[privacy(Organization)]
        pub share: Option<String>,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod flag_review {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::FlagVerdict, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_flag_review")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub flag_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Staff)]
        pub reviewer: String,
        #[privacy(Staff)]
        pub verdict: Stored<FlagVerdict>,
        #[privacy(Staff)]
        pub reason: String,
        #[privacy(Staff)]
        pub disqualified: String,
        #[privacy(Staff)]
        pub decided_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod change {
    use sea_orm::entity::prelude::*;

    use crate::{api::v1::CompetitionState, classification::Classified, store::Stored};

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_change")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Organization)]
        pub sequence: i64,
        #[privacy(Organization)]
        pub competition_id: Uuid,
        #[privacy(Organization)]
        pub state: Stored<CompetitionState>,
        #[privacy(Organization)]
        pub result_revision: i32,
        #[privacy(Organization)]
        pub changed_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod reminder {
    use sea_orm::entity::prelude::*;

    use crate::classification::Classified;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Classified)]
    #[sea_orm(table_name = "competition_reminder")]
    #[privacy(elsewhere(super::OF_VOTER))]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        #[privacy(Technical)]
        pub sequence: i64,
        #[privacy(Fact)]
        pub competition_id: Uuid,
        #[sea_orm(column_name = "voter_id")]
        #[privacy(GONE)]
        pub whom: String,
        #[privacy(Fact)]
        pub reminded_at: i64,
    }
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}
    impl ActiveModelBehavior for ActiveModel {}
}
