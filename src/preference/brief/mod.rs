//! What to know before meeting a customer (P3): facts, each with its evidence, in the order in which they are best read. No I/O.
//! `writer` finds what can be said, `matters` what we owe them. The crate `rapport-brief` puts facts into sentences.
//!
//! Ratings never come here: a brief is passed on, and nobody is to learn from it who rated them how (R12).

mod matters;
mod told;
mod writer;

use std::collections::HashMap;

use super::{RecordLine, store::Statement, view::Preference};
use crate::{
    api::v1::{Channel, ContactKind, ContactPurpose, PreferenceDimension, PreferenceOrigin},
    clock::Micros,
    commitment::Owed,
    contact::{rules::Refusal, store::DoNotContact},
    directory::{Alias, ContactPoint, Customer},
    discretion::Given,
    follow_up::Waiting,
    interaction::Recorded,
};
pub(super) use told::{Evidence, Told};
pub(super) use writer::write;

/// All that a brief is written from.
pub(super) struct Sources<'a> {
    pub(super) who: Who<'a>,
    pub(super) now: Micros,
    /// The newest interactions in full, newest first.
    pub(super) recorded: &'a [Recorded],
    /// The newest that are read at all, and whether there may be more.
    pub(super) lines: &'a [RecordLine],
    pub(super) has_more: bool,
    pub(super) preferences: &'a [Preference],
    /// What was said and holds.
    pub(super) holding: &'a [Statement],
    pub(super) wishes: &'a [DoNotContact],
    /// What was promised and is still owed, the earliest due first.
    pub(super) commitments: &'a [Owed],
    /// What waits of follow-ups, the earliest due first.
    pub(super) follow_ups: &'a [Waiting],
    /// What colleagues gave lately, the newest first.
    pub(super) given: &'a [Given],
    pub(super) policy: PolicyNow,
    /// How colleagues are called whom the caller may look up; others go by their ids.
    pub(super) names: &'a HashMap<String, String>,
}

/// Whom the brief is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who<'a> {
    Customer(&'a Customer),
    /// Nobody the directory knows.
    Stranger(&'a Alias),
}

/// What the contact policy says of contacting the customer now.
#[derive(Clone, Debug)]
pub(super) struct PolicyNow {
    pub(super) version: i64,
    pub(super) channel: Channel,
    /// What stands against each purpose, and from when on nothing does.
    pub(super) purposes: Vec<(ContactPurpose, Vec<Refusal>, Option<Micros>)>,
}

/// The contact point that a channel reaches, if the customer has one of its kind.
pub(super) fn point_for(channel: Channel, points: &[ContactPoint]) -> Option<Alias> {
    let kind = match channel {
        Channel::InboundCall | Channel::OutboundCall | Channel::Callback | Channel::Sms => ContactKind::Phone,
        Channel::Email => ContactKind::Email,
        Channel::OnlineChat | Channel::GroupChat | Channel::SocialMedia | Channel::Bot => ContactKind::Chat,
        Channel::Visit | Channel::Delivery => ContactKind::Post,
        Channel::Unspecified | Channel::Counter | Channel::SelfService | Channel::Event | Channel::Other => {
            return None;
        }
    };
    points.iter().find(|point| point.at.kind == kind).map(|point| point.at.clone())
}

/// The language that a customer said they prefer, as the statement has it.
pub(super) fn stated_language(holding: &[Statement]) -> Option<&str> {
    let is_it =
        |one: &&Statement| one.dimension.0 == PreferenceDimension::Language && one.origin.0 == PreferenceOrigin::Stated;
    holding.iter().find(is_it).map(|one| one.value.as_str())
}
