//! The service competition (C1-C4): entries, a dealt or an open ballot, a tally by judge teams, flags for people to judge.
//!
//! Rules here are pure and public: the server, the dry-run, the check of a record and the simulation all run this very code.

pub mod ballot;
pub mod bounds;
mod chain;
pub mod dealing;
pub mod draw;
pub mod dry_run;
pub(crate) mod entity;
pub mod exact;
pub mod flags;
mod manifest;
mod message;
pub(crate) mod record;
mod reminding;
mod result;
mod secrets;
mod service;
pub mod simulation;
mod store;
pub mod tally;
mod terms;
pub(crate) mod verify;
mod watch;

use serde::{Deserialize, Serialize};

pub use service::CompetitionApi;
pub(crate) use store::erasure::erase as erase_voter;
pub use terms::{SwapRule, Tally};

/// An entry and the team that submitted it. Ids are compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Unique within the competition.
    pub id: String,
    /// One entry a team.
    pub team: String,
}

/// How a ballot is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Form {
    /// The server deals a panel of entries, the voter ranks it.
    RankedPanel,
    /// The voter chooses among all entries of other teams.
    OpenChoice,
}

/// How ballots become a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every judge team is one judge, and an entry's lowest and highest judges are left out.
    TrimmedTeamMean {
        /// How much of the judges to leave out on each side, in basis points.
        trim_bp: u32,
    },
    /// The sum over all ballots; for comparison.
    Plurality,
}
