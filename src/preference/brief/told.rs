//! A line of the brief with what it follows from, before it has words.

use rapport_brief::fact::Fact;
use uuid::Uuid;

use crate::{api::v1::BriefSection as Section, clock::Micros};

/// A line of the brief before it has words.
#[derive(Debug)]
pub(in crate::preference) struct Told {
    pub(in crate::preference) section: Section,
    pub(in crate::preference) fact: Fact,
    pub(in crate::preference) evidence: Vec<Evidence>,
}

/// Where a fact comes from; with the instant of what happened.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) enum Evidence {
    Interaction(Uuid, Micros),
    Statement(Uuid, Micros),
    DoNotContact(Uuid, Micros),
    Commitment(Uuid, Micros),
    FollowUp(Uuid, Micros),
    Grant(Uuid, Micros),
    Customer(String),
    ContactPolicy(i64),
}
