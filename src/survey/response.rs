//! What invitations come to: sums like those of ratings, to which each invitation adds the same whenever it comes.
//!
//! Only an answer through the invitation, by its token or as a reply to it, is a response: ratings that came by another
//! way say nothing of how many of those invited answer, and could push the rate over 1.

use std::{collections::BTreeMap, ops::AddAssign};

use crate::{
    api::v1::{Channel, InteractionKind},
    rating::{
        Rated,
        figures::{Subject, Unit},
    },
};

/// Sums over invitations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Responses {
    /// Issued; those that were suppressed are not.
    pub(crate) invited: i64,
    /// Of which it is known that they reached the customer.
    pub(crate) delivered: i64,
    /// Answered through the invitation.
    pub(crate) responded: i64,
}

impl Responses {
    /// What takes it away again.
    fn negated(self) -> Self {
        Self { invited: -self.invited, delivered: -self.delivered, responded: -self.responded }
    }

    /// Responded of invited; absent, not 100 %, where no invitation is known (R9).
    pub(crate) fn rate(self) -> Option<f64> {
        (self.invited > 0).then(|| self.responded as f64 / self.invited as f64)
    }
}

impl AddAssign for Responses {
    fn add_assign(&mut self, other: Self) {
        self.invited += other.invited;
        self.delivered += other.delivered;
        self.responded += other.responded;
    }
}

/// What figures tell of an invitation, frozen when it was issued, an audited re-attribution apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct About {
    pub(crate) kind: InteractionKind,
    pub(crate) topic: Option<String>,
    /// Of the interaction, in the organisation's zone, counted from 1970-01-01.
    pub(crate) day: i32,
    /// The primary participant.
    pub(crate) rated: Option<Rated>,
}

/// Where an invitation is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) unit: Unit,
    pub(crate) key: String,
    pub(crate) day: i32,
}

/// What some invitations change of the counters.
#[derive(Debug, Default)]
pub(crate) struct Changes(pub(crate) BTreeMap<Place, Responses>);

impl Changes {
    /// Whether they change nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts an invitation in.
    pub(crate) fn add(&mut self, template: &(String, i32), channel: Channel, about: &About, responses: Responses) {
        let subject = Subject {
            template: Some((&template.0, template.1)),
            channel,
            kind: about.kind,
            topic: about.topic.as_deref(),
            rated: about.rated.as_ref(),
        };
        for unit in Unit::all().filter(|unit| !unit.is_work()) {
            if let Some(key) = subject.key(unit) {
                *self.0.entry(Place { unit, key, day: about.day }).or_default() += responses;
            }
        }
    }

    /// Takes an invitation out, as it was when it was counted in.
    pub(crate) fn remove(&mut self, template: &(String, i32), channel: Channel, about: &About, responses: Responses) {
        self.add(template, channel, about, responses.negated());
    }
}
