//! First-contact resolution in its three readings (I5), side by side and never mixed.
//!
//! A *matter* is a case, or an order and topic; a case and an order that one interaction names together are one matter.
//! A *first contact* is an inbound, served interaction with no earlier one of that kind on the same matter in the 7 days
//! before. The derived reading calls it resolved if no inbound contact on the matter follows within 7 days. Where the customer is
//! not known, no case is named and no other contact names the order, nobody could have linked one that followed: then nothing
//! is known. The rate is of those alone that would be known either way: not of those that only a repeated order links, nor of
//! those that came back before their 7 days were over while others like them are pending.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::summary::SummaryLine;
use crate::{
    api::{
        kinds::is_activity,
        v1::{Direction, InteractionKind, Outcome, Resolution},
    },
    clock::{DAY, Micros},
};

/// How long a customer has to come back before the matter counts as resolved.
pub(crate) const WINDOW: Micros = 7 * DAY;

/// What of an interaction says whether its matter came back.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: Uuid,
    pub(crate) at: Micros,
    pub(crate) served: bool,
    pub(crate) case_id: Option<String>,
    pub(crate) order_id: Option<String>,
    pub(crate) topic: Option<String>,
}

impl Contact {
    /// Whether it names a matter at all.
    pub(crate) fn has_matter(&self) -> bool {
        self.case_id.is_some() || (self.order_id.is_some() && self.topic.is_some())
    }
}

/// Whether an interaction is a contact by the customer that somebody was to answer.
pub(crate) fn is_inbound_contact(direction: Direction, kind: InteractionKind) -> bool {
    direction == Direction::Inbound && !is_activity(kind)
}

/// Whether the customer was served, or still is.
pub(crate) fn is_served(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Answered | Outcome::Unspecified => true,
        Outcome::Abandoned | Outcome::NoAnswer | Outcome::Declined | Outcome::Voicemail | Outcome::Failed => false,
    }
}

/// What the record says about one first contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Derived {
    Resolved,
    Unresolved,
    /// The 7 days are not over.
    Pending,
    /// The matter is not known, or nobody could have linked another contact to it.
    Unknown,
}

/// Contacts by matter. Give it every inbound contact from [`WINDOW`] before the period to [`WINDOW`] after it.
pub(crate) struct Matters {
    matter_of: HashMap<Uuid, usize>,
    /// By matter: instant and whether served, in order of time.
    contacts: HashMap<usize, Vec<(Micros, Uuid, bool)>>,
    /// Matters for which a case stands.
    with_case: HashSet<usize>,
    /// Matters of an order that several contacts name.
    repeated: HashSet<usize>,
}

impl Matters {
    pub(crate) fn new(contacts: &[Contact]) -> Self {
        let mut names = Union::default();
        let mut matter_of = HashMap::new();
        for contact in contacts.iter().filter(|contact| contact.has_matter()) {
            let case = contact.case_id.as_deref().map(|case| names.number(("case", case, "")));
            let order = match (&contact.order_id, &contact.topic) {
                (Some(order), Some(topic)) => Some(names.number(("order", order, topic))),
                _ => None,
            };
            let matter = match (case, order) {
                (Some(case), Some(order)) => names.join(case, order),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => continue,
            };
            matter_of.insert(contact.id, matter);
        }
        let mut orders: HashMap<&str, usize> = HashMap::new();
        for order in contacts.iter().filter_map(|contact| contact.order_id.as_deref()) {
            *orders.entry(order).or_default() += 1;
        }
        let (mut with_case, mut repeated) = (HashSet::new(), HashSet::new());
        let mut by_matter: HashMap<usize, Vec<_>> = HashMap::new();
        for contact in contacts {
            if let Some(matter) = matter_of.get_mut(&contact.id) {
                *matter = names.root(*matter);
                by_matter.entry(*matter).or_default().push((contact.at, contact.id, contact.served));
                if contact.case_id.is_some() {
                    with_case.insert(*matter);
                }
                if contact.order_id.as_deref().is_some_and(|order| orders[order] > 1) {
                    repeated.insert(*matter);
                }
            }
        }
        by_matter.values_mut().for_each(|contacts| contacts.sort_unstable());
        Self { matter_of, contacts: by_matter, with_case, repeated }
    }

    /// The number of a contact's matter, if it names one.
    pub(crate) fn of(&self, id: Uuid) -> Option<usize> {
        self.matter_of.get(&id).copied()
    }

    /// Whether two contacts are known to be about the same matter.
    pub(crate) fn are_one(&self, one: Uuid, other: Uuid) -> bool {
        self.matter_of.get(&one).is_some_and(|matter| self.matter_of.get(&other) == Some(matter))
    }

    /// Whether another contact on the matter would have been known for one, whether or not there was one.
    fn is_linked(&self, id: Uuid, is_customer_known: bool) -> bool {
        is_customer_known || self.of(id).is_some_and(|matter| self.with_case.contains(&matter))
    }

    /// The derived reading of a served inbound contact at `now`; none if it is not a first contact.
    fn derive(&self, id: Uuid, at: Micros, is_customer_known: bool, now: Micros) -> Option<Derived> {
        let Some((matter, contacts)) = self.of(id).and_then(|matter| Some((matter, self.contacts.get(&matter)?)))
        else {
            return Some(Derived::Unknown);
        };
        if !self.is_linked(id, is_customer_known) && !self.repeated.contains(&matter) {
            return Some(Derived::Unknown);
        }
        let own = contacts.partition_point(|(time, other, _)| (*time, *other) < (at, id));
        let (before, after) = (&contacts[..own], &contacts[(own + 1).min(contacts.len())..]);
        if before.iter().rev().take_while(|(time, ..)| *time >= at - WINDOW).any(|(.., served)| *served) {
            return None;
        }
        Some(match after.first() {
            Some((time, ..)) if *time <= at + WINDOW => Derived::Unresolved,
            _ if now < at + WINDOW => Derived::Pending,
            _ => Derived::Resolved,
        })
    }
}

/// Counts of one reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) resolved: i64,
    pub(crate) unresolved: i64,
    pub(crate) pending: i64,
    pub(crate) unknown: i64,
    /// Of the resolved and unresolved, those that are one or the other because they came back: not in the rate.
    selected: [i64; 2],
}

impl Reading {
    fn add_said(&mut self, said: Resolution) {
        match said {
            Resolution::Resolved => self.resolved += 1,
            Resolution::Unresolved => self.unresolved += 1,
            Resolution::Unspecified => self.unknown += 1,
        }
    }

    /// `in_rate`: whether it would be known as well if the other were true.
    fn add_derived(&mut self, derived: Derived, in_rate: bool) {
        let selected = i64::from(!in_rate);
        match derived {
            Derived::Resolved => {
                self.resolved += 1;
                self.selected[0] += selected;
            }
            Derived::Unresolved => {
                self.unresolved += 1;
                self.selected[1] += selected;
            }
            Derived::Pending => self.pending += 1,
            Derived::Unknown => self.unknown += 1,
        }
    }

    /// resolved / (resolved + unresolved), of those that would be known whichever they were.
    pub(crate) fn rate(&self) -> Option<f64> {
        let [resolved, unresolved] = [self.resolved - self.selected[0], self.unresolved - self.selected[1]];
        let judged = resolved + unresolved;
        (judged > 0).then(|| resolved as f64 / judged as f64)
    }
}

/// The three readings side by side, over first contacts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readings {
    pub(crate) by_staff: Reading,
    pub(crate) by_customer: Reading,
    pub(crate) derived: Reading,
}

/// What is known of one first contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    by_staff: Resolution,
    by_customer: Resolution,
    derived: Derived,
    in_rate: bool,
}

impl Judged {
    /// Of an interaction as it is known at `now`; none if it is no first contact.
    pub(crate) fn of(line: &SummaryLine, matters: &Matters, now: Micros) -> Option<Self> {
        let is_one = is_inbound_contact(line.direction, line.kind) && is_served(line.outcome);
        let is_customer_known = line.customer_id.is_some();
        let derived = is_one.then(|| matters.derive(line.id, line.occurred_at, is_customer_known, now)).flatten()?;
        let is_over = now >= line.occurred_at.saturating_add(WINDOW);
        let in_rate = is_over && matters.is_linked(line.id, is_customer_known);
        Some(Self { by_staff: line.staff_resolution, by_customer: line.customer_resolution, derived, in_rate })
    }

    /// Whether the matter came back, where it is in the rate of the derived reading.
    pub(crate) fn came_back(self) -> Option<bool> {
        match self.derived {
            Derived::Unresolved => self.in_rate.then_some(true),
            Derived::Resolved => self.in_rate.then_some(false),
            Derived::Pending | Derived::Unknown => None,
        }
    }
}

impl Readings {
    /// Adds an interaction if it is a first contact, as it is known at `now`.
    pub(crate) fn add(&mut self, line: &SummaryLine, matters: &Matters, now: Micros) {
        if let Some(judged) = Judged::of(line, matters, now) {
            self.note(judged);
        }
    }

    /// Adds a first contact.
    pub(crate) fn note(&mut self, judged: Judged) {
        self.by_staff.add_said(judged.by_staff);
        self.by_customer.add_said(judged.by_customer);
        self.derived.add_derived(judged.derived, judged.in_rate);
    }
}

/// Which names mean the same matter (disjoint sets, with path halving).
#[derive(Default)]
struct Union<'a> {
    numbers: HashMap<(&'static str, &'a str, &'a str), usize>,
    parents: Vec<usize>,
}

impl<'a> Union<'a> {
    fn number(&mut self, name: (&'static str, &'a str, &'a str)) -> usize {
        let next = self.parents.len();
        let number = *self.numbers.entry(name).or_insert(next);
        if number == next {
            self.parents.push(next);
        }
        self.root(number)
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn join(&mut self, one: usize, other: usize) -> usize {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[other] = one;
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::DAY;

    fn contact(number: u128, day: i64, case: &str, order: &str, topic: &str) -> Contact {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Contact {
            id: Uuid::from_u128(number),
            at: day * DAY,
            served: true,
            case_id: some(case),
            order_id: some(order),
            topic: some(topic),
        }
    }

    fn derive(contacts: &[Contact], which: usize, now: i64) -> Option<Derived> {
        let one = &contacts[which];
        Matters::new(contacts).derive(one.id, one.at, true, now * DAY)
    }

    #[test]
    fn coming_back_within_seven_days_is_unresolved() {
        let contacts = [contact(1, 0, "a", "", ""), contact(2, 7, "a", "", "")];
        assert_eq!(derive(&contacts, 0, 100), Some(Derived::Unresolved));
        assert_eq!(derive(&contacts, 1, 100), None, "the second is no first contact");
    }

    #[test]
    fn later_than_seven_days_is_a_new_first_contact() {
        let contacts = [contact(1, 0, "a", "", ""), contact(2, 8, "a", "", "")];
        assert_eq!(derive(&contacts, 0, 100), Some(Derived::Resolved));
        assert_eq!(derive(&contacts, 1, 100), Some(Derived::Resolved));
    }

    #[test]
    fn pending_until_seven_days_are_over() {
        let contacts = [contact(1, 0, "a", "", "")];
        assert_eq!(derive(&contacts, 0, 6), Some(Derived::Pending));
        assert_eq!(derive(&contacts, 0, 7), Some(Derived::Resolved));
    }

    #[test]
    fn a_new_case_on_the_same_order_and_topic_is_the_same_matter() {
        let contacts = [contact(1, 0, "a", "o", "Returns"), contact(2, 3, "b", "o", "Returns")];
        assert_eq!(derive(&contacts, 0, 100), Some(Derived::Unresolved));
        let other_topic = [contact(1, 0, "a", "o", "Returns"), contact(2, 3, "b", "o", "Invoice")];
        assert_eq!(derive(&other_topic, 0, 100), Some(Derived::Resolved));
    }

    #[test]
    fn an_abandoned_call_comes_back_but_is_no_first_contact() {
        let mut contacts = vec![contact(1, 0, "a", "", ""), contact(2, 1, "a", "", "")];
        contacts[0].served = false;
        assert_eq!(derive(&contacts, 1, 100), Some(Derived::Resolved));
        contacts[0].served = true;
        contacts[1].served = false;
        assert_eq!(derive(&contacts, 0, 100), Some(Derived::Unresolved));
    }

    #[test]
    fn without_a_matter_nothing_is_known() {
        assert_eq!(derive(&[contact(1, 0, "", "o", "")], 0, 100), Some(Derived::Unknown));
    }

    #[test]
    fn what_nobody_could_have_linked_is_unknown() {
        let once = [contact(1, 0, "", "o", "Returns")];
        let unknown = |contacts: &[Contact], which: usize| {
            Matters::new(contacts).derive(contacts[which].id, contacts[which].at, false, 100 * DAY)
        };
        assert_eq!(derive(&once, 0, 100), Some(Derived::Resolved), "the customer would have been known again");
        assert_eq!(unknown(&once, 0), Some(Derived::Unknown));
        assert_eq!(unknown(&[contact(1, 0, "a", "o", "Returns")], 0), Some(Derived::Resolved), "by its case");
        let again = [contact(1, 0, "", "o", "Returns"), contact(2, 3, "", "o", "Returns")];
        assert_eq!(unknown(&again, 0), Some(Derived::Unresolved));
        let later =
            [contact(1, 0, "", "o", "Returns"), contact(2, 9, "", "o", "Returns"), contact(3, 9, "", "p", "Returns")];
        assert_eq!(
            [0, 1, 2].map(|at| unknown(&later, at)),
            [Derived::Resolved, Derived::Resolved, Derived::Unknown].map(Some)
        );
    }

    #[test]
    fn a_rate_waits_until_both_could_be_known() {
        // Two contacts of yesterday: one came back today, the other may yet.
        let contacts = [contact(1, 0, "a", "", ""), contact(2, 1, "a", "", ""), contact(3, 0, "b", "", "")];
        let matters = Matters::new(&contacts);
        let reading = |now: i64| {
            let mut readings = Readings::default();
            for one in &contacts {
                readings.add(&line(one), &matters, now * DAY);
            }
            readings.derived
        };
        let (early, late) = (reading(1), reading(7));
        assert_eq!((early.unresolved, early.pending, early.rate()), (1, 1, None));
        assert_eq!((late.unresolved, late.resolved, late.rate()), (1, 1, Some(0.5)));
    }

    fn line(contact: &Contact) -> SummaryLine {
        SummaryLine {
            id: contact.id,
            channel: crate::api::v1::Channel::InboundCall,
            kind: InteractionKind::Service,
            direction: Direction::Inbound,
            outcome: Outcome::Answered,
            topic: contact.topic.clone(),
            occurred_at: contact.at,
            instants: crate::interaction::Instants::default(),
            after_call_work: None,
            transfer_count: 0,
            staff_resolution: Resolution::Unspecified,
            customer_resolution: Resolution::Unspecified,
            customer_id: Some("carla".to_owned()),
            primary_staff_id: None,
            primary_team_id: None,
        }
    }

    #[test]
    fn a_rate_is_not_of_those_who_are_known_because_they_came_back() {
        let mut reading = Reading::default();
        reading.add_derived(Derived::Unresolved, false);
        reading.add_derived(Derived::Unknown, false);
        assert_eq!((reading.unresolved, reading.unknown, reading.rate()), (1, 1, None));
        reading.add_derived(Derived::Resolved, true);
        assert_eq!((reading.resolved, reading.rate()), (1, Some(1.0)));
    }
}
