//! What we still owe a customer: matters that nobody closed, contacts in which they did not get through, callbacks that
//! did not reach them.

use std::collections::HashMap;

use rapport_brief::fact::Because;

use crate::{
    api::{
        kinds::is_activity,
        v1::{ContactPurpose, InteractionKind, Outcome, Resolution},
    },
    clock::Micros,
    interaction::{
        Facts, Recorded,
        resolution::{Contact, Matters, WINDOW, is_inbound_contact, is_served},
    },
};

/// A matter that is not closed.
#[derive(Debug)]
pub(super) struct Open<'r> {
    /// Newest first; at least one.
    pub(super) interactions: Vec<&'r Recorded>,
    pub(super) because: Because,
}

/// Matters that are not closed, the one with the newest contact first; `recorded` is newest first.
pub(super) fn open(recorded: &[Recorded]) -> Vec<Open<'_>> {
    let contacts: Vec<Contact> = recorded.iter().map(contact).collect();
    let matters = Matters::new(&contacts);
    let mut order = Vec::new();
    let mut groups: HashMap<_, Vec<&Recorded>> = HashMap::new();
    for one in recorded.iter().filter(|one| !is_activity(one.facts.kind)) {
        // What names no matter is one of its own.
        let matter = matters.of(one.id).ok_or(one.id);
        if !groups.contains_key(&matter) {
            order.push(matter);
        }
        groups.entry(matter).or_default().push(one);
    }
    let open = order.into_iter().filter_map(|matter| {
        let interactions = groups.remove(&matter)?;
        Some(Open { because: because(&interactions)?, interactions })
    });
    open.collect()
}

fn contact(one: &Recorded) -> Contact {
    Contact {
        id: one.id,
        at: occurred(one),
        served: is_served(one.facts.outcome),
        case_id: one.facts.case_id.clone(),
        order_id: one.facts.context.order_id.clone(),
        topic: one.facts.topic.clone(),
    }
}

/// Why a matter is open, if it is: by the newest word about it, the customer's before the colleague's.
fn because(interactions: &[&Recorded]) -> Option<Because> {
    // The first of the customer's contacts that nobody said anything of: the one that followed the last word.
    let mut came_back = None;
    for (at, one) in interactions.iter().map(|one| (occurred(one), &one.facts)) {
        match (one.customer_resolution, one.staff_resolution) {
            (Resolution::Unresolved, _) => return Some(Because::CustomerSays),
            (Resolution::Unspecified, Resolution::Unresolved) => return Some(Because::StaffSay),
            (Resolution::Resolved, _) | (Resolution::Unspecified, Resolution::Resolved) => {
                // Later it is another matter of the same name.
                return came_back.filter(|back| *back <= at + WINDOW).map(|_| Because::CameBack);
            }
            (Resolution::Unspecified, Resolution::Unspecified) => {
                came_back = Some(at).filter(|_| is_inbound_contact(one.direction, one.kind)).or(came_back);
            }
        }
    }
    let is_complaint = interactions.iter().any(|one| one.facts.kind == InteractionKind::Complaint);
    is_complaint.then_some(Because::NobodySaid)
}

/// The contact in which the customer tried to reach us last, if they did not get through and nobody served them since.
pub(super) fn missed(recorded: &[Recorded]) -> Option<&Recorded> {
    let last = since_served(recorded).find(|one| is_inbound_contact(one.facts.direction, one.facts.kind))?;
    match last.facts.outcome {
        Outcome::Abandoned | Outcome::Voicemail | Outcome::Failed => Some(last),
        Outcome::Unspecified | Outcome::Answered | Outcome::NoAnswer | Outcome::Declined => None,
    }
}

/// The callbacks that the customer asked for and that did not reach them, newest first, unless they were served since.
pub(super) fn callbacks(recorded: &[Recorded]) -> Vec<&Recorded> {
    let is_one = |facts: &Facts| facts.contact_purpose == Some(ContactPurpose::RequestedCallback);
    since_served(recorded).filter(|one| is_one(&one.facts)).collect()
}

/// What came after the customer was served last, newest first.
fn since_served(recorded: &[Recorded]) -> impl Iterator<Item = &Recorded> {
    let contacts = recorded.iter().filter(|one| !is_activity(one.facts.kind));
    contacts.take_while(|one| !is_served(one.facts.outcome))
}

/// Where an interaction stands in time.
pub(super) fn occurred(one: &Recorded) -> Micros {
    one.facts.instants.occurred().unwrap_or(one.recorded_at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rapport_identity::NormalForms;
    use uuid::Uuid;

    use super::*;
    use crate::{
        api::{
            convert::timestamp,
            v1::{self, Channel},
        },
        clock::DAY,
        interaction::message,
    };

    /// An inbound contact about a case, so many days after the first.
    pub(in crate::preference::brief) fn recorded(day: i64, case: &str) -> Recorded {
        let told = v1::Interaction {
            channel: Channel::InboundCall.into(),
            outcome: Outcome::Answered.into(),
            requested_time: Some(timestamp(day * DAY)),
            customer_id: "c".to_owned(),
            case_id: case.to_owned(),
            ..Default::default()
        };
        Recorded {
            id: Uuid::from_u128(u128::from(day.unsigned_abs()) << 64 | case.len() as u128),
            recorded_at: day * DAY,
            revision: 1,
            contact: None,
            facts: message::read(told, NormalForms::default()),
        }
    }

    /// Contacts about one case, oldest first, each with what staff said of it.
    fn case(words: &[(i64, Resolution)]) -> Vec<Recorded> {
        let one = |(day, staff_resolution): &(i64, Resolution)| {
            let one = recorded(*day, "k");
            Recorded { facts: Facts { staff_resolution: *staff_resolution, ..one.facts }, ..one }
        };
        words.iter().rev().map(one).collect()
    }

    fn why(recorded: &[Recorded]) -> Vec<Because> {
        open(recorded).into_iter().map(|one| one.because).collect()
    }

    #[test]
    fn the_newest_word_decides() {
        use Resolution::{Resolved, Unresolved, Unspecified};
        assert_eq!(why(&case(&[(0, Resolved), (1, Unresolved)])), [Because::StaffSay]);
        assert_eq!(why(&case(&[(0, Unresolved), (1, Resolved)])), []);
        assert_eq!(why(&case(&[(0, Unresolved), (1, Unspecified)])), [Because::StaffSay]);
        let mut both = case(&[(0, Resolved)]);
        both[0].facts.customer_resolution = Unresolved;
        assert_eq!(why(&both), [Because::CustomerSays]);
    }

    #[test]
    fn a_customer_who_comes_back_within_seven_days_was_not_helped() {
        use Resolution::{Resolved, Unspecified};
        assert_eq!(why(&case(&[(0, Resolved), (7, Unspecified)])), [Because::CameBack]);
        assert_eq!(why(&case(&[(0, Resolved), (8, Unspecified)])), [], "another matter of the same name");
        assert_eq!(why(&case(&[(0, Resolved), (7, Unspecified), (30, Unspecified)])), [Because::CameBack]);
    }

    #[test]
    fn of_what_nobody_said_anything_only_complaints_are_open() {
        let mut said = case(&[(0, Resolution::Unspecified)]);
        assert_eq!(why(&said), []);
        said[0].facts.kind = InteractionKind::Complaint;
        assert_eq!(why(&said), [Because::NobodySaid]);
        said[0].facts.case_id = None;
        assert_eq!(why(&said), [Because::NobodySaid], "it is a matter of its own");
    }

    proptest! {
        #[test]
        fn every_contact_is_of_one_matter(contacts in prop::collection::vec((0_i64..40, 0_usize..4, 0_i32..3), 0..20)) {
            let mut all: Vec<Recorded> = Vec::new();
            for (number, (day, case, staff)) in contacts.into_iter().enumerate() {
                let mut one = recorded(day, &"k".repeat(case));
                one.id = Uuid::from_u128(number as u128 + 1);
                one.facts.staff_resolution = Resolution::try_from(staff).unwrap();
                all.push(one);
            }
            all.sort_by_key(|one| std::cmp::Reverse((occurred(one), one.id)));
            let found = open(&all);
            let mut seen = std::collections::HashSet::new();
            for one in &found {
                prop_assert!(one.interactions.is_sorted_by_key(|one| std::cmp::Reverse(occurred(one))));
                let cases: std::collections::HashSet<_> = one.interactions.iter().map(|one| &one.facts.case_id).collect();
                prop_assert_eq!(cases.len(), 1);
                for one in &one.interactions {
                    prop_assert!(seen.insert(one.id));
                }
            }
            let newest: Vec<_> = found.iter().map(|one| occurred(one.interactions[0])).collect();
            prop_assert!(newest.is_sorted_by(|one, next| one >= next));
            // Whatever staff called unresolved last is open.
            for one in &all {
                let is_last = all.iter().take_while(|other| other.id != one.id).all(|other| {
                    other.facts.case_id != one.facts.case_id || one.facts.case_id.is_none()
                });
                if is_last && one.facts.staff_resolution == Resolution::Unresolved {
                    prop_assert!(seen.contains(&one.id));
                }
            }
        }
    }
}
