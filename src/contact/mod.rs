//! Whether a customer may be contacted (I6): the policy, wishes not to be contacted, what a recorded contact broke.
//! Types without I/O; what follows from them is in `rules`, rows are in `store`, RPCs in `service`.
//!
//! Knows nothing of interactions but what it takes to judge one: recording hands it over, and lists are made there.

pub(crate) mod entity;
mod enum_set;
pub(crate) mod rules;
pub mod service;
pub(crate) mod store;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub(crate) use enum_set::EnumSet;

use crate::{
    api::{
        kinds::{implied_direction, is_activity},
        v1::{Channel, ContactPurpose, ContactRefusalReason, Direction, InteractionKind},
    },
    clock::Micros,
    directory::Alias,
};

pub(crate) type Purposes = EnumSet<ContactPurpose>;
pub(crate) type Channels = EnumSet<Channel>;
pub(crate) type Reasons = EnumSet<ContactRefusalReason>;

/// When, how often and for what customers are contacted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Policy {
    pub(crate) quiet_hours: Option<QuietHours>,
    pub(crate) quiet_hours_purposes: Purposes,
    pub(crate) do_not_contact_purposes: Purposes,
    pub(crate) caps: Vec<Cap>,
}

/// From `start` until before `end`, by the clock on the wall, in minutes since midnight; over midnight if `end` is the
/// smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuietHours {
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// At most so many contacts within any window of this length.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cap {
    /// What it holds back.
    pub(crate) purposes: Purposes,
    /// What it counts.
    pub(crate) counted: Purposes,
    pub(crate) max: usize,
    pub(crate) window: Micros,
}

/// A policy with its place among the others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) effective_at: Micros,
    pub(crate) policy: Policy,
    /// Empty: the server came with it.
    pub(crate) author: String,
}

/// A contact that is planned or took place.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) purpose: ContactPurpose,
    pub(crate) channel: Channel,
    /// The number or address used, as all that it may be; empty: not known.
    pub(crate) points: Vec<Alias>,
    pub(crate) at: Micros,
}

/// What is known of a party when somebody is about to contact it.
#[derive(Clone, Debug)]
pub(crate) struct Situation {
    pub(crate) zone: TimeZone,
    pub(crate) bans: Vec<Ban>,
    pub(crate) suspension: Option<Span>,
    /// Contact points for which consent was denied or withdrawn.
    pub(crate) denied_points: Vec<Alias>,
    /// Earlier contacts, in no order.
    pub(crate) contacts: Vec<Past>,
}

/// A wish not to be contacted; an empty set of channels means all, of purposes those that the policy names.
#[derive(Clone, Debug)]
pub(crate) struct Ban {
    pub(crate) span: Span,
    pub(crate) channels: Channels,
    pub(crate) purposes: Purposes,
}

/// From an instant until before another one, or without end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) from: Micros,
    pub(crate) until: Option<Micros>,
}

/// A contact that took place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) at: Micros,
    pub(crate) purpose: ContactPurpose,
}

/// What became of a contact on record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) at: Micros,
    pub(crate) purpose: ContactPurpose,
    /// Empty: it broke nothing.
    pub(crate) breaches: Reasons,
    /// Of the policy that was broken.
    pub(crate) policy_version: Option<i64>,
}

/// The purpose of an interaction as a contact of ours; none: it is no such contact.
///
/// To leave the purpose unsaid is no way around the policy: what looks like reaching out is taken as a follow-up, which
/// has caps. What the customer ordered or reported is not held against us unless it says that it should be.
pub(crate) fn purpose_of(
    said: ContactPurpose,
    direction: Direction,
    channel: Channel,
    kind: InteractionKind,
) -> Option<ContactPurpose> {
    if said != ContactPurpose::Unspecified {
        return Some(said);
    }
    let on_order = matches!(kind, InteractionKind::Fulfilment | InteractionKind::Repair);
    let reaches_out = match channel {
        Channel::OutboundCall
        | Channel::Callback
        | Channel::Email
        | Channel::OnlineChat
        | Channel::GroupChat
        | Channel::Sms
        | Channel::SocialMedia
        | Channel::Other => true,
        Channel::Visit => !on_order,
        Channel::Unspecified
        | Channel::InboundCall
        | Channel::Bot
        | Channel::Counter
        | Channel::Delivery
        | Channel::SelfService
        | Channel::Event => false,
    };
    if direction != Direction::Outbound || is_activity(kind) || !reaches_out {
        None
    } else if channel == Channel::Callback {
        Some(ContactPurpose::RequestedCallback)
    } else if kind == InteractionKind::Complaint {
        Some(ContactPurpose::ComplaintAnswer)
    } else {
        Some(ContactPurpose::FollowUp)
    }
}

/// Whether the organisation can reach somebody by a channel.
pub(crate) fn can_reach_by(channel: Channel) -> bool {
    implied_direction(channel) != Some(Direction::Inbound)
}
