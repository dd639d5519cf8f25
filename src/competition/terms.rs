//! What a competition is: what was announced, its phases, its plans and its voters.

use rapport_vote::rules::Rules;
use sea_orm::entity::prelude::Uuid;
use serde::{Deserialize, Serialize};

use crate::{
    api::v1::CompetitionState,
    clock::{DAY, Micros},
};

/// How long a result may be disputed.
pub(crate) const DISPUTE_WINDOW: Micros = 14 * DAY;

/// What the organiser announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    pub(crate) title: String,
    pub(crate) rules: Rules,
    pub(crate) submission_deadline: Micros,
    pub(crate) voting_deadline: Micros,
}

/// A competition without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Competition {
    pub(crate) id: Uuid,
    pub(crate) announced: Announcement,
    /// As it was written: what is due by the clock may not be done yet.
    pub(crate) state: CompetitionState,
    pub(crate) revision: i64,
    pub(crate) seed_commitment: Vec<u8>,
    pub(crate) manifest_hash: Option<Vec<u8>>,
    pub(crate) opened_at: Option<Micros>,
    /// When its vote ended; it may still have to be counted.
    pub(crate) closed_at: Option<Micros>,
    pub(crate) dispute_until: Option<Micros>,
    pub(crate) result_revision: i32,
}

impl Competition {
    /// Whether ballots are taken at `now`.
    pub(crate) fn is_open_at(&self, now: Micros) -> bool {
        self.state == CompetitionState::Voting && !self.has_ended_at(now)
    }

    /// Whether its vote is over and is to be counted before anything is said about it.
    pub(crate) fn has_ended_at(&self, now: Micros) -> bool {
        let over = self.closed_at.is_some() || now >= self.announced.voting_deadline;
        self.state == CompetitionState::Voting && over
    }

    /// Whether its result became final without anybody writing it down.
    pub(crate) fn is_undisputed_at(&self, now: Micros) -> bool {
        self.state == CompetitionState::Closed && self.dispute_until.is_some_and(|until| now >= until)
    }

    /// Whether entries are taken at `now`.
    pub(crate) fn takes_entries_at(&self, now: Micros) -> bool {
        self.state == CompetitionState::Submitting && now < self.announced.submission_deadline
    }

    /// Whether there is a result.
    pub(crate) fn has_result(&self) -> bool {
        match self.state {
            CompetitionState::Closed | CompetitionState::Final => true,
            CompetitionState::Unspecified
            | CompetitionState::Submitting
            | CompetitionState::Voting
            | CompetitionState::Cancelled => false,
        }
    }
}

/// A team's service plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) id: Uuid,
    pub(crate) competition_id: Uuid,
    pub(crate) team_id: String,
    pub(crate) text: PlanText,
    pub(crate) submitted_at: Micros,
    pub(crate) revised_at: Micros,
    pub(crate) revision: i64,
}

/// What a plan says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanText {
    pub(crate) title: String,
    pub(crate) what: String,
    pub(crate) why: String,
    pub(crate) cases: Vec<Case>,
}

/// What shows a plan at work; at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) interaction_id: Option<Uuid>,
    pub(crate) text: Option<String>,
}

/// The roll's view of one voter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Enrolled {
    /// Under which the voter was dealt, and their ballot is sealed.
    pub(crate) pseudonym: String,
    /// None once the voter was erased.
    pub(crate) voter_id: Option<String>,
    pub(crate) team_id: Option<String>,
    /// None: no ballot.
    pub(crate) judge: Option<String>,
    pub(crate) no_ballot: crate::api::v1::NoBallotReason,
    /// Ids of entries as dealt.
    pub(crate) panel: Vec<Uuid>,
}
