//! The logs whose lines are events. Each numbers its lines under its stream's lock, so that a line that can be seen has every
//! smaller one before it (ADR 4).
//!
//! What may be told here is what its domain's log says anyway. What is not is in `LEFT_OUT`.

use crate::{
    api::{
        Named,
        v1::{
            CallbackEventKind, CommitmentEventKind, CompetitionState, ConcernEventKind, FollowUpEventKind,
            IncidentEventKind, InteractionChangeKind, InvitationState, TrialEventKind,
        },
    },
    store::sequence,
};

/// A log.
pub(super) struct Source {
    /// In cursors and on record: never that of another one. They stand in the order of their numbers.
    pub(super) number: u8,
    /// Its name among the [`sequence`]s, and what ids and subjects of events begin with.
    pub(super) stream: &'static str,
    /// What a line is about, in types and data of events.
    pub(super) noun: &'static str,
    /// The kinds of its lines, by number.
    pub(super) kinds: fn() -> Vec<(i32, &'static str)>,
    /// A table with a column `sequence`.
    pub(super) table: &'static str,
    /// The line's time, kind, subject and lateness, as expressions over that table.
    pub(super) columns: [&'static str; 4],
    /// The customer and the interaction, as expressions over the line `l`. Looked up for each line: with a join PostgreSQL, which does
    /// not know how many lines there are, reads the whole table of records.
    pub(super) concerns: [&'static str; 2],
}

const NO_TIME: &str = "CAST(NULL AS bigint)";
const NO_TEXT: &str = "CAST(NULL AS text)";
const NO_ID: &str = "CAST(NULL AS uuid)";

/// All logs. Of two lines of the same moment that of the upper one comes first: they stand in the order in which a transaction
/// takes their locks, and so in the order of cause and effect.
pub(super) const SOURCES: &[Source] = &[
    Source {
        number: 1,
        stream: sequence::INTERACTIONS,
        noun: "interaction",
        kinds: all::<InteractionChangeKind>,
        table: "interaction_change",
        columns: ["changed_at", "kind", "interaction_id", NO_TIME],
        concerns: ["(SELECT customer_id FROM interaction WHERE id = l.subject_id)", "l.subject_id"],
    },
    Source {
        number: 2,
        stream: sequence::INVITATIONS,
        noun: "invitation",
        kinds: || vec![(1, InvitationState::Issued.plain_name())],
        table: "survey_invitation",
        columns: ["issued_at", "1", "id", NO_TIME],
        concerns: [
            "(SELECT customer_id FROM survey_invitation WHERE id = l.subject_id)",
            "(SELECT interaction_id FROM survey_invitation WHERE id = l.subject_id)",
        ],
    },
    Source {
        number: 3,
        stream: sequence::COMPETITIONS,
        noun: "competition",
        kinds: all::<CompetitionState>,
        table: "competition_change",
        columns: ["changed_at", "state", "competition_id", NO_TIME],
        concerns: [NO_TEXT, NO_ID],
    },
    Source {
        number: 4,
        stream: sequence::COMMITMENTS,
        noun: "commitment",
        kinds: all::<CommitmentEventKind>,
        table: "commitment_event",
        columns: ["happened_at", "kind", "commitment_id", "late_by"],
        concerns: [
            "(SELECT customer_id FROM commitment WHERE id = l.subject_id)",
            "(SELECT interaction_id FROM commitment WHERE id = l.subject_id)",
        ],
    },
    Source {
        number: 5,
        stream: sequence::FOLLOW_UPS,
        noun: "follow_up",
        kinds: all::<FollowUpEventKind>,
        table: "follow_up_event",
        columns: ["happened_at", "kind", "follow_up_id", "late_by"],
        concerns: [
            "(SELECT i.customer_id FROM follow_up f JOIN interaction i ON i.id = f.interaction_id WHERE f.id = l.subject_id)",
            "(SELECT interaction_id FROM follow_up WHERE id = l.subject_id)",
        ],
    },
    Source {
        number: 6,
        stream: sequence::INCIDENTS,
        noun: "incident",
        kinds: all::<IncidentEventKind>,
        table: "incident_event",
        columns: ["happened_at", "kind", "incident_id", NO_TIME],
        concerns: [NO_TEXT, NO_ID],
    },
    Source {
        number: 7,
        stream: sequence::CALLBACKS,
        noun: "callback",
        kinds: all::<CallbackEventKind>,
        table: "callback_event",
        columns: ["happened_at", "kind", "callback_id", "late_by"],
        concerns: [
            "(SELECT customer_id FROM callback WHERE id = l.subject_id)",
            "(SELECT interaction_id FROM callback WHERE id = l.subject_id)",
        ],
    },
    Source {
        number: 8,
        stream: sequence::CONCERNS,
        noun: "concern",
        kinds: all::<ConcernEventKind>,
        table: "concern_event",
        columns: ["happened_at", "kind", "concern_id", "late_by"],
        concerns: [NO_TEXT, NO_ID],
    },
    Source {
        number: 9,
        stream: sequence::TRIALS,
        noun: "trial",
        kinds: all::<TrialEventKind>,
        table: "trial_event",
        columns: ["happened_at", "kind", "trial_id", NO_TIME],
        concerns: [NO_TEXT, NO_ID],
    },
];

/// Streams that are not told, each for a reason.
#[cfg(test)]
const LEFT_OUT: &[(&str, &str)] = &[
    (sequence::RATINGS, "a lock without a log: what comes of a bad rating has one"),
    (sequence::DISCRETION, "a lock without a log: who may approve a grant lists what waits"),
    (sequence::NOTICES, "a lock without a log: a notice that was sent is an interaction"),
    (sequence::REMINDERS, "that nobody is reminded to vote would tell that all have voted"),
];

fn all<E: Named + Into<i32>>() -> Vec<(i32, &'static str)> {
    E::VALUES.iter().map(|value| ((*value).into(), value.plain_name())).collect()
}

impl Source {
    /// The type of an event.
    pub(super) fn type_of(&self, kind: i32) -> String {
        let found = (self.kinds)().into_iter().find(|(number, _)| *number == kind);
        // A newer server wrote what is not found.
        format!("rapport.{}.{}", self.noun, found.map_or("unknown", |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_and_names_are_each_ones_own() {
        let numbers: Vec<_> = SOURCES.iter().map(|source| source.number).collect();
        assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
        let streams: BTreeSet<_> = SOURCES.iter().map(|source| source.stream).collect();
        let nouns: BTreeSet<_> = SOURCES.iter().map(|source| source.noun).collect();
        assert_eq!((streams.len(), nouns.len()), (SOURCES.len(), SOURCES.len()));
        assert!(streams.iter().all(|name| !name.contains('-')), "ids are taken apart at the hyphen");
    }

    #[test]
    fn every_stream_is_told_or_left_out_for_a_reason() {
        let names = include_str!("../store/sequence.rs").lines().filter(|line| line.starts_with("pub(crate) const "));
        let names: BTreeSet<_> = names.filter_map(|line| line.split('"').nth(1)).collect();
        let told = SOURCES.iter().map(|source| source.stream);
        let known: BTreeSet<_> = told.chain(LEFT_OUT.iter().map(|(stream, _)| *stream)).collect();
        assert_eq!(names, known, "say in SOURCES how a stream is told, or in LEFT_OUT why not");
    }

    #[test]
    fn a_type_says_what_became_of_what() {
        let of = |stream: &str, kind| SOURCES.iter().find(|one| one.stream == stream).unwrap().type_of(kind);
        assert_eq!(of("commitments", 3), "rapport.commitment.broken");
        assert_eq!(of("interactions", 1), "rapport.interaction.recorded");
        assert_eq!(of("competitions", 2), "rapport.competition.voting");
        assert_eq!(of("invitations", 1), "rapport.invitation.issued");
        assert_eq!(of("commitments", 99), "rapport.commitment.unknown");
    }
}
