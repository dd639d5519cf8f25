//! What an interaction must be, beyond the limits of its fields.

use std::collections::BTreeSet;

use super::{Facts, Instants, Participant};
use crate::{
    api::{
        kinds::implied_direction,
        v1::{Channel, Direction, Involvement, Outcome},
    },
    clock::Micros,
    error::{Reason, Violation},
};

/// Clocks of calling systems run ahead by at most this much.
const MAX_AHEAD: Micros = 5 * 60 * 1_000_000;
/// 1970-01-01: nobody served anybody by a system that could tell before.
const EARLIEST: Micros = 0;
/// All texts of a context together.
const MAX_CONTEXT_BYTES: usize = 16 * 1024;

/// Everything that is wrong with an interaction told at `now`; paths are relative to the interaction.
pub(crate) fn check(facts: &Facts, now: Micros) -> Vec<Violation> {
    let mut found = Vec::new();
    check_instants(&facts.instants, now, &mut found);
    check_transfers(facts, now, &mut found);
    check_participants(&facts.participants, &mut found);

    match implied_direction(facts.channel) {
        Some(implied) if facts.direction != implied => {
            let rule = format!("must be {} on this channel", implied.as_str_name());
            found.push(Violation::new("direction", Reason::Contradiction, rule));
        }
        // A channel that is not said has a violation of its own.
        None if facts.direction == Direction::Unspecified && facts.channel != Channel::Unspecified => {
            found.push(Violation::new("direction", Reason::FieldRequired, "must be set on this channel"));
        }
        Some(_) | None => {}
    }
    if facts.contact_purpose.is_some() && facts.direction == Direction::Inbound {
        let rule = "must not be set where the customer reached us";
        found.push(Violation::new("contact_purpose", Reason::Contradiction, rule));
    }
    if facts.outcome == Outcome::Abandoned && facts.instants.connected.is_some() {
        let rule = "must not be set for an abandoned contact: nobody served it";
        found.push(Violation::new("connected_time", Reason::Contradiction, rule));
    }
    for (index, id) in facts.about_staff_ids.iter().enumerate() {
        if facts.about_staff_ids[..index].contains(id) {
            let field = format!("about_staff_ids[{index}]");
            found.push(Violation::new(field, Reason::Contradiction, "must not be listed twice"));
        }
    }
    let size = facts.context.size();
    if size > MAX_CONTEXT_BYTES {
        let rule = format!("must have at most {MAX_CONTEXT_BYTES} bytes of text in all, has {size}");
        found.push(Violation::new("context", Reason::ContextTooLarge, rule));
    }
    found
}

fn check_instants(instants: &Instants, now: Micros, found: &mut Vec<Violation>) {
    let named = [
        ("arrived_time", instants.arrived),
        ("requested_time", instants.requested),
        ("connected_time", instants.connected),
        ("ended_time", instants.ended),
    ];
    if instants.occurred().is_none() {
        let rule = "must be set, or arrived_time, connected_time or ended_time: an interaction happened at some time";
        found.push(Violation::new("requested_time", Reason::ImpossibleInstants, rule));
    }
    for (field, instant) in named {
        check_instant(field.to_owned(), instant, now, found);
    }
    // arrived is often another machine's clock, so it is not compared.
    let order = &named[1..];
    for (index, (field, instant)) in order.iter().enumerate() {
        let before = order[..index].iter().rev().find_map(|(name, at)| at.map(|at| (*name, at)));
        if let (Some(instant), Some((name, before))) = (instant, before)
            && *instant < before
        {
            found.push(Violation::new(*field, Reason::ImpossibleInstants, format!("must not be before {name}")));
        }
    }
}

fn check_instant(field: String, instant: Option<Micros>, now: Micros, found: &mut Vec<Violation>) {
    match instant {
        Some(at) if at > now + MAX_AHEAD => {
            found.push(Violation::new(field, Reason::TimeInFuture, "must not be more than 5 minutes ahead"));
        }
        Some(at) if at < EARLIEST => {
            found.push(Violation::new(field, Reason::ValueOutOfRange, "must not be before 1970"));
        }
        Some(_) | None => {}
    }
}

fn check_transfers(facts: &Facts, now: Micros, found: &mut Vec<Violation>) {
    for (index, transfer) in facts.transfers.iter().enumerate() {
        check_instant(format!("transfers[{index}].transfer_time"), transfer.at, now, found);
    }
}

/// Exactly one primary unless there is nobody; nobody twice.
pub(crate) fn check_participants(participants: &[Participant], found: &mut Vec<Violation>) {
    let mut seen = BTreeSet::new();
    for (index, participant) in participants.iter().enumerate() {
        if !seen.insert(&participant.staff_id) {
            let field = format!("participants[{index}].staff_id");
            found.push(Violation::new(field, Reason::Contradiction, "must not be listed twice"));
        }
    }
    let primaries = participants.iter().filter(|one| one.involvement == Involvement::Primary).count();
    if !participants.is_empty() && primaries != 1 {
        let rule = format!("must have exactly one primary, have {primaries}");
        found.push(Violation::new("participants", Reason::Contradiction, rule));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rapport_identity::NormalForms;

    use super::*;
    use crate::{
        api::{
            convert::timestamp,
            v1::{self, Channel},
        },
        interaction::{Context, ContextRest, message},
    };

    const NOW: Micros = 1_700_000_000_000_000;

    fn facts() -> Facts {
        let told = v1::Interaction {
            channel: Channel::InboundCall.into(),
            outcome: Outcome::Answered.into(),
            requested_time: Some(timestamp(NOW)),
            ..Default::default()
        };
        message::read(told, NormalForms::default())
    }

    fn reasons(facts: &Facts) -> Vec<(String, Reason)> {
        check(facts, NOW).into_iter().map(|violation| (violation.field, violation.reason)).collect()
    }

    #[test]
    fn five_minutes_ahead_is_the_limit() {
        let at =
            |requested| Facts { instants: Instants { requested: Some(requested), ..Instants::default() }, ..facts() };
        assert_eq!(reasons(&at(NOW + MAX_AHEAD)), []);
        assert_eq!(reasons(&at(NOW + MAX_AHEAD + 1)), [("requested_time".into(), Reason::TimeInFuture)]);
        assert_eq!(reasons(&at(-1)), [("requested_time".into(), Reason::ValueOutOfRange)]);
    }

    #[test]
    fn an_interaction_needs_an_instant() {
        let none = Facts { instants: Instants::default(), ..facts() };
        assert_eq!(reasons(&none), [("requested_time".into(), Reason::ImpossibleInstants)]);
    }

    #[test]
    fn an_abandoned_contact_was_never_connected() {
        let instants = Instants { requested: Some(NOW - 9), connected: Some(NOW), ..Instants::default() };
        let bad = Facts { outcome: Outcome::Abandoned, instants, ..facts() };
        assert_eq!(reasons(&bad), [("connected_time".into(), Reason::Contradiction)]);
    }

    #[test]
    fn an_inbound_call_is_inbound() {
        let bad = Facts { direction: Direction::Outbound, ..facts() };
        assert_eq!(reasons(&bad), [("direction".into(), Reason::Contradiction)]);
    }

    #[test]
    fn a_context_has_a_size() {
        let attributes = (0..32).map(|index| (format!("k{index}"), "x".repeat(600))).collect();
        let context = Context { rest: ContextRest { attributes, ..ContextRest::default() }, ..Context::default() };
        assert_eq!(reasons(&Facts { context, ..facts() }), [("context".into(), Reason::ContextTooLarge)]);
    }

    #[test]
    fn one_participant_is_primary_and_nobody_is_there_twice() {
        let one = |staff_id: &str, involvement| Participant {
            staff_id: staff_id.into(),
            role: None,
            team_id: None,
            involvement,
            told_by: None,
        };
        let bad =
            Facts { participants: vec![one("a", Involvement::Primary), one("a", Involvement::Primary)], ..facts() };
        assert_eq!(
            reasons(&bad),
            [
                ("participants[1].staff_id".into(), Reason::Contradiction),
                ("participants".into(), Reason::Contradiction),
            ]
        );
    }

    proptest! {
        /// Whatever is known of the three instants, they are refused if and only if some later one is before an
        /// earlier one; and where they are accepted, no derived time is negative.
        #[test]
        fn instants_follow_one_another(
            requested in proptest::option::of(0..50i64),
            connected in proptest::option::of(0..50i64),
            ended in proptest::option::of(0..50i64),
        ) {
            let instants = Instants { arrived: Some(25), requested, connected, ended };
            let known: Vec<i64> = [requested, connected, ended].into_iter().flatten().collect();
            let found = check(&Facts { instants, ..facts() }, NOW);
            prop_assert_eq!(found.is_empty(), known.is_sorted());
            if found.is_empty() {
                prop_assert!(instants.wait().is_none_or(|wait| wait >= 0));
                prop_assert!(instants.handling(None).is_none_or(|handling| handling >= 0));
            }
        }
    }
}
