//! What the rated person sees of their ratings (R12), and contests by which an unfair one leaves the staff ledger (R7).
//!
//! `rules` decide without I/O, `view` releases blocks of masked ratings, `store` keeps contests and moves the
//! standing of the ratings they are about, RPCs are in `service`. Of ratings it knows what `rating::store` lends it.

pub(crate) mod entity;
mod message;
mod rules;
pub mod service;
pub(crate) mod store;
mod view;

use uuid::Uuid;

use crate::{
    api::v1::{ContestGrounds, ContestState, ContestVerdict, RatingStanding},
    clock::Micros,
};

/// A contest as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contest {
    pub(crate) id: Uuid,
    /// The rating that counts: it follows a correction by the customer.
    pub(crate) rating_id: Uuid,
    /// As the rated person knows it; none: a supervisor contested it.
    pub(crate) masked_id: Option<Uuid>,
    /// Empty: the server, for a customer who said something else later.
    pub(crate) contester: String,
    pub(crate) grounds: ContestGrounds,
    pub(crate) evidence: Option<String>,
    pub(crate) contested_at: Micros,
    pub(crate) state: ContestState,
    pub(crate) decide_by: Micros,
    pub(crate) decided_at: Option<Micros>,
    pub(crate) appeal: Option<Appeal>,
    pub(crate) exemption: Option<Exemption>,
}

impl Contest {
    /// Whether the server opened it: its evidence is what a customer wrote.
    pub(crate) fn is_servers(&self) -> bool {
        self.contester.is_empty()
    }
}

/// Why a refusal was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Appeal {
    pub(crate) reason: String,
    pub(crate) at: Micros,
}

/// That the rating is exempt by the contest, and how it stood before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exemption {
    pub(crate) at: Micros,
    pub(crate) former: RatingStanding,
}

/// What one reviewer said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Review {
    pub(crate) reviewer: String,
    pub(crate) verdict: ContestVerdict,
    pub(crate) reason: String,
    pub(crate) at: Micros,
}
