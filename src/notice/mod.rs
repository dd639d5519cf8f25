//! What many customers are told of one thing: of an incident that hit them, that it is mended, that what they complained of is mended
//! (I10, L6). Each is told once. Words and pace are of the thing and the kind; whose turn it is says the contact policy when a gateway
//! takes notices, not when they are made.
//!
//! Rows are in `store`. What the things are, and who is told of them, is their domains'.

pub(crate) mod entity;
pub(crate) mod store;

use sea_orm::prelude::Uuid;

use crate::{
    api::v1::{ContactKind, ContactPurpose, NoticeKind},
    interaction::store::incident::Member,
    store::Stored,
};

/// Where a notice stands. Numbers are on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting = 1,
    Taken = 2,
    Sent = 3,
    Failed = 4,
    /// The contact policy stands against it for good.
    Suppressed = 5,
    /// It was mended, or taken back, before the notice was sent.
    Dropped = 6,
}

/// What is told: of which thing, and what of it.
pub(crate) type About = (Uuid, NoticeKind);

/// A customer, or kind and value of an alias.
pub(crate) type Whose = (Option<String>, Option<Stored<ContactKind>>, Option<String>);

/// With whom an interaction was.
pub(crate) fn whose(one: Member) -> Whose {
    (one.customer_id, one.alias_kind, one.alias_value)
}

/// Why customers are contacted by a notice.
fn purpose(kind: NoticeKind) -> ContactPurpose {
    match kind {
        NoticeKind::Told | NoticeKind::Mended | NoticeKind::Unspecified => ContactPurpose::IncidentNotice,
        // They raised it, by a complaint or in a survey.
        NoticeKind::ConcernMended => ContactPurpose::ComplaintAnswer,
    }
}
