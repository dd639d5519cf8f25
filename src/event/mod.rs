//! What the server decides, told to other programs as it happens (L1 to L6): every log there is, as one (ADR 21).
//!
//! `source` names the logs: one that is added is an entry there. `log` reads them all in one statement, `merge` puts them into one
//! order, `position` is a place in them, `feed` follows them. `kinds` are the types that one may ask for, `form` is how events
//! are told, `watch` what is watched. RPCs are in `service`, of webhooks too, which `message` turns into messages.

mod feed;
pub(crate) mod form;
mod kinds;
mod log;
mod merge;
mod message;
mod position;
pub mod service;
mod source;
mod watch;

pub(crate) use feed::{EventFeed, Walker};
pub(crate) use kinds::Types;
pub(crate) use log::{Read, heads, read};
pub(crate) use position::Position;

use uuid::Uuid;

use crate::clock::Micros;

/// A line of one of the logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which log, by its place among the sources.
    pub(crate) source: usize,
    pub(crate) sequence: i64,
    /// By the database's clock.
    pub(crate) at: Micros,
    pub(crate) kind: i32,
    /// What it is about.
    pub(crate) subject: Uuid,
    /// How much later it came than it was due, where it came by the clock.
    pub(crate) late_by: Option<Micros>,
    /// Whom it concerns, as the record has it now.
    pub(crate) customer: Option<String>,
    pub(crate) interaction: Option<Uuid>,
}

/// Events of the same order are told in the order in which they happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Of a customer.
    Customer(String),
    /// Of nobody known: of an interaction, or of whatever else it is about.
    Record(Uuid),
}

impl Line {
    pub(crate) fn order(&self) -> Order {
        match &self.customer {
            Some(id) => Order::Customer(id.clone()),
            None => Order::Record(self.interaction.unwrap_or(self.subject)),
        }
    }

    /// The same wherever and however often it is told.
    pub(crate) fn id(&self) -> String {
        format!("{}-{}", source::SOURCES[self.source].stream, self.sequence)
    }
}

/// The number of a log on record, and the number of a line in it.
pub(crate) type Key = (i16, i64);

impl Line {
    pub(crate) fn key(&self) -> Key {
        (i16::from(source::SOURCES[self.source].number), self.sequence)
    }
}

/// The key of an event by its id, if there can be one.
pub(crate) fn key_of_id(id: &str) -> Option<Key> {
    let (stream, sequence) = id.rsplit_once('-')?;
    let source = source::SOURCES.iter().find(|source| source.stream == stream)?;
    // One spelling only.
    let sequence: i64 = sequence.parse().ok().filter(|number: &i64| number.to_string() == sequence)?;
    Some((i16::from(source.number), sequence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(key_of_id("commitments-17"), Some((4, 17)));
        for wrong in ["commitments-017", "commitments-+7", "commitments-", "commitments", "wishes-1", "", "-1"] {
            assert_eq!(key_of_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn events_of_a_customer_have_one_order_and_those_of_nobody_that_of_their_interaction() {
        let (subject, interaction) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let line = |customer: Option<&str>, interaction| Line {
            source: 0,
            sequence: 1,
            at: 0,
            kind: 1,
            subject,
            late_by: None,
            customer: customer.map(str::to_owned),
            interaction,
        };
        assert_eq!(line(Some("carla"), Some(interaction)).order(), Order::Customer("carla".to_owned()));
        assert_eq!(line(None, Some(interaction)).order(), Order::Record(interaction));
        assert_eq!(line(None, None).order(), Order::Record(subject));
    }
}
