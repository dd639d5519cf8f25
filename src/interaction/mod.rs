//! What happened between the organisation and a customer. Types and rules, without I/O; rows are in `store`, RPCs in
//! `service`, figures in `summary` and `resolution`.
//!
//! The contract's enums are the vocabulary here too; its messages stop at `service`.

mod credit;
pub(crate) mod message;
pub(crate) mod reactions;
pub mod reader;
pub(crate) mod reading;
pub(crate) mod resolution;
pub(crate) mod rule;
mod rules;
pub mod service;
pub(crate) mod store;
pub mod stream;
pub(crate) mod summary;
mod watch;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use reactions::Reactions;
pub(crate) use rules::check;
pub use store::recorded;

use crate::{
    api::v1::{
        Channel, ContactPurpose, Direction, InteractionKind, Involvement, Outcome, ReattributionState, Resolution,
        StaffRole,
    },
    clock::Micros,
    contact::Mark,
    directory::Alias,
};

/// What the caller tells of an interaction; what is recorded of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) direction: Direction,
    pub(crate) outcome: Outcome,
    pub(crate) topic: Option<String>,
    pub(crate) instants: Instants,
    pub(crate) hold: Option<Micros>,
    pub(crate) after_call_work: Option<Micros>,
    pub(crate) customer_id: Option<String>,
    pub(crate) customer_alias: Option<Alias>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) case_id: Option<String>,
    pub(crate) context: Context,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) messages: Option<MessageCounts>,
    pub(crate) conclusion: Option<String>,
    pub(crate) staff_resolution: Resolution,
    pub(crate) customer_resolution: Resolution,
    /// Where it is a contact of ours, which is then recorded beside it.
    pub(crate) contact_purpose: Option<ContactPurpose>,
    /// Whom a complaint is about: to them it does not exist.
    pub(crate) about_staff_ids: Vec<String>,
}

impl Facts {
    /// The team of the primary participant, as they served.
    pub(crate) fn primary_team(&self) -> Option<&str> {
        let primary = self.participants.iter().find(|one| one.involvement == Involvement::Primary);
        primary.and_then(|one| one.team_id.as_deref())
    }
}

/// When it happened; what is not known is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instants {
    pub(crate) arrived: Option<Micros>,
    pub(crate) requested: Option<Micros>,
    pub(crate) connected: Option<Micros>,
    pub(crate) ended: Option<Micros>,
}

impl Instants {
    /// The first known of arrived, requested, connected and ended: where the interaction stands in time.
    pub(crate) fn occurred(&self) -> Option<Micros> {
        self.arrived.or(self.requested).or(self.connected).or(self.ended)
    }

    /// When we reached out, where we did.
    pub(crate) fn contacted(&self) -> Option<Micros> {
        self.requested.or_else(|| self.occurred())
    }

    /// Time from the request to the connection (I4).
    pub(crate) fn wait(&self) -> Option<Micros> {
        Some(self.connected? - self.requested?)
    }

    /// Time from the connection to the end, and the work after it (I4).
    pub(crate) fn handling(&self, after_call_work: Option<Micros>) -> Option<Micros> {
        Some(self.ended? - self.connected? + after_call_work.unwrap_or(0))
    }
}

/// Who took part, with role and team as they were then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Participant {
    pub(crate) staff_id: String,
    /// In what is told: none means as the directory has it. In what is recorded: always there.
    #[serde(skip)]
    pub(crate) role: Option<StaffRole>,
    pub(crate) team_id: Option<String>,
    #[serde(skip)]
    pub(crate) involvement: Involvement,
    /// Who named them, where another person did.
    #[serde(skip)]
    pub(crate) told_by: Option<String>,
}

/// What it was about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) order_id: Option<String>,
    pub(crate) product_id: Option<String>,
    pub(crate) rest: ContextRest,
}

/// The part of the context by which nothing is looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ContextRest {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) page: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) attributes: BTreeMap<String, String>,
}

impl Context {
    /// Bytes of all texts in it.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.order_id, &self.product_id, &self.rest.page, &self.rest.seen];
        let attributes = self.rest.attributes.iter().map(|(key, value)| key.len() + value.len());
        texts.into_iter().flatten().map(String::len).chain(attributes).sum()
    }
}

/// From one hand to the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Transfer {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Micros>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from_staff_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to_staff_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) to_team_id: Option<String>,
}

/// Messages by side (I7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MessageCounts {
    pub(crate) customer: i32,
    pub(crate) staff: i32,
    pub(crate) bot: i32,
}

/// An interaction as it is on record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) id: Uuid,
    pub(crate) facts: Facts,
    pub(crate) recorded_at: Micros,
    pub(crate) revision: i64,
    /// What became of it as a contact of ours, if it is one.
    pub(crate) contact: Option<Mark>,
}

/// A re-attribution that takes two persons.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reattribution {
    pub(crate) id: Uuid,
    pub(crate) interaction_id: Uuid,
    pub(crate) state: ReattributionState,
    pub(crate) before: Vec<Participant>,
    pub(crate) after: Vec<Participant>,
    pub(crate) reason: String,
    pub(crate) requested_by: String,
    pub(crate) requested_at: Micros,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<Micros>,
    pub(crate) rejection: Option<String>,
}

/// What a rating of an interaction is about.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) topic: Option<String>,
    pub(crate) occurred_at: Micros,
    /// Its end, or the last instant that is known of it.
    pub(crate) over_at: Micros,
    /// Whether it belongs to an incident.
    pub(crate) in_incident: bool,
    pub(crate) participants: Vec<Participant>,
}
