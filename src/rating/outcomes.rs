//! What came of the interactions of a period: whether matters were resolved, in three readings (I5), and whether
//! customers came back after a failure (I11).
//!
//! A *failure* is a complaint or a repair. It is resolved if the customer says so, or if staff do and the customer says
//! nothing. A customer *came back* if, within 30 days of its end, they order, or contact us about anything else: a
//! contact about the same matter says that the failure was not over.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::{
    api::v1::{InteractionKind, Resolution},
    clock::{DAY, Micros},
    interaction::{
        resolution::{Matters, Readings, is_inbound_contact},
        summary::SummaryLine,
    },
};

/// How long a customer has to come back.
pub(crate) const RETURN: Micros = 30 * DAY;

/// Customers after their first resolved failure in the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Returns {
    pub(crate) came_back: i64,
    pub(crate) stayed_away: i64,
    /// The 30 days are not over, whether or not they are back: else only those who are back would be known.
    pub(crate) pending: i64,
    /// Failures, not customers: it is not known whose they were.
    pub(crate) unknown: i64,
}

/// What came of one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcomes {
    pub(crate) readings: Readings,
    pub(crate) returns: Returns,
}

/// A resolved failure: where it ended, and which.
type Failure = (Micros, Uuid);

#[derive(Default)]
struct Group {
    readings: Readings,
    /// The first one of each customer.
    failures: HashMap<String, Failure>,
    unknown: i64,
}

/// Gathers the interactions of a period and of the 30 days after it, in any order.
pub(crate) struct Gathering {
    now: Micros,
    /// As summaries of the period have them.
    matters: Matters,
    groups: BTreeMap<String, Group>,
    /// What each customer did that counts as coming back.
    returns: HashMap<String, Vec<Failure>>,
}

impl Gathering {
    pub(crate) fn new(matters: Matters, now: Micros) -> Self {
        Self { now, matters, groups: BTreeMap::new(), returns: HashMap::new() }
    }

    /// Adds an interaction; `key`: of its group, if it belongs to the period and to one.
    pub(crate) fn add(&mut self, line: &SummaryLine, key: Option<String>) {
        if let (Some(customer), true) = (&line.customer_id, is_return(line)) {
            self.returns.entry(customer.clone()).or_default().push((line.occurred_at, line.id));
        }
        let Some(key) = key else { return };
        let group = self.groups.entry(key).or_default();
        group.readings.add(line, &self.matters, self.now);
        if is_resolved_failure(line) {
            let over = [line.instants.connected, line.instants.requested].into_iter().flatten();
            let over = line.instants.ended.unwrap_or_else(|| over.fold(line.occurred_at, Micros::max));
            match &line.customer_id {
                Some(customer) => {
                    let first = group.failures.entry(customer.clone()).or_insert((over, line.id));
                    *first = (*first).min((over, line.id));
                }
                None => group.unknown += 1,
            }
        }
    }

    /// The groups, by key; `matters`: of the period and the 30 days after it.
    pub(crate) fn finish(self, matters: &Matters) -> BTreeMap<String, Outcomes> {
        let Self { now, groups, returns, .. } = self;
        let came_back = |customer: &String, (over, failure): Failure| {
            let all = returns.get(customer).map(Vec::as_slice).unwrap_or_default();
            let in_time = |at: Micros| at > over && at <= over + RETURN;
            all.iter().any(|(at, id)| in_time(*at) && *id != failure && !matters.are_one(failure, *id))
        };
        let finish = |group: Group| {
            let mut found = Returns { unknown: group.unknown, ..Returns::default() };
            for (customer, failure) in &group.failures {
                match (now < failure.0 + RETURN, came_back(customer, *failure)) {
                    (true, _) => found.pending += 1,
                    (false, true) => found.came_back += 1,
                    (false, false) => found.stayed_away += 1,
                }
            }
            Outcomes { readings: group.readings, returns: found }
        };
        groups.into_iter().map(|(key, group)| (key, finish(group))).collect()
    }
}

fn is_resolved_failure(line: &SummaryLine) -> bool {
    let said = match line.customer_resolution {
        Resolution::Unspecified => line.staff_resolution,
        said @ (Resolution::Resolved | Resolution::Unresolved) => said,
    };
    let failed = matches!(line.kind, InteractionKind::Complaint | InteractionKind::Repair);
    failed && said == Resolution::Resolved
}

fn is_return(line: &SummaryLine) -> bool {
    let orders = matches!(line.kind, InteractionKind::Order | InteractionKind::Ordered);
    orders || is_inbound_contact(line.direction, line.kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::v1::{Channel, Direction, Outcome},
        clock::DAY,
        interaction::{Instants, resolution::Contact},
    };

    fn line(number: u128, day: i64, kind: InteractionKind) -> SummaryLine {
        SummaryLine {
            id: Uuid::from_u128(number),
            channel: Channel::InboundCall,
            kind,
            direction: Direction::Inbound,
            outcome: Outcome::Answered,
            topic: None,
            occurred_at: day * DAY,
            instants: Instants { ended: Some(day * DAY), ..Instants::default() },
            after_call_work: None,
            transfer_count: 0,
            staff_resolution: Resolution::Resolved,
            customer_resolution: Resolution::Unspecified,
            customer_id: Some("carla".to_owned()),
            primary_staff_id: None,
            primary_team_id: None,
        }
    }

    fn returns(lines: &[SummaryLine], contacts: &[Contact], now: i64) -> Returns {
        let mut gathering = Gathering::new(Matters::new(contacts), now * DAY);
        for line in lines {
            gathering.add(line, (line.occurred_at < 10 * DAY).then(String::new));
        }
        gathering.finish(&Matters::new(contacts)).remove("").unwrap_or_default().returns
    }

    #[test]
    fn a_customer_who_orders_or_calls_within_thirty_days_came_back() {
        let complaint = line(1, 0, InteractionKind::Complaint);
        let back = Returns { came_back: 1, ..Returns::default() };
        let away = Returns { stayed_away: 1, ..Returns::default() };
        let pending = Returns { pending: 1, ..Returns::default() };
        let with = |later: SummaryLine, now| returns(&[later, complaint.clone()], &[], now);
        assert_eq!(with(line(2, 30, InteractionKind::Ordered), 100), back);
        assert_eq!(with(line(2, 31, InteractionKind::Ordered), 100), away);
        assert_eq!(with(line(2, 5, InteractionKind::Inquiry), 100), back);
        assert_eq!(with(line(2, 5, InteractionKind::Inquiry), 29), pending, "those who stay away are not known yet");
        assert_eq!(with(line(2, 5, InteractionKind::Inquiry), 30), back);
        assert_eq!(with(line(2, 5, InteractionKind::Visited), 100), away, "a look is neither");
        assert_eq!(
            with(SummaryLine { direction: Direction::Outbound, ..line(2, 5, InteractionKind::Service) }, 100),
            away
        );
        assert_eq!(
            with(SummaryLine { customer_id: Some("dora".to_owned()), ..line(2, 5, InteractionKind::Order) }, 100),
            away
        );
    }

    #[test]
    fn a_customer_counts_once_and_the_same_matter_is_no_return() {
        let two = [line(1, 0, InteractionKind::Repair), line(2, 1, InteractionKind::Complaint)];
        assert_eq!(returns(&two, &[], 100), Returns { came_back: 1, ..Returns::default() });
        let contact = |line: &SummaryLine| Contact {
            id: line.id,
            at: line.occurred_at,
            served: true,
            case_id: Some("a".to_owned()),
            order_id: None,
            topic: None,
        };
        let contacts: Vec<_> = two.iter().map(contact).collect();
        assert_eq!(returns(&two, &contacts, 100), Returns { stayed_away: 1, ..Returns::default() });
    }

    #[test]
    fn the_customer_has_the_last_word_on_whether_it_was_resolved() {
        let said = |customer_resolution, staff_resolution| {
            let one = line(1, 0, InteractionKind::Complaint);
            returns(&[SummaryLine { customer_resolution, staff_resolution, ..one }], &[], 100).stayed_away
        };
        assert_eq!(said(Resolution::Unresolved, Resolution::Resolved), 0);
        assert_eq!(said(Resolution::Resolved, Resolution::Unresolved), 1);
        assert_eq!(said(Resolution::Unspecified, Resolution::Unspecified), 0);
        let nobody = SummaryLine { customer_id: None, ..line(1, 0, InteractionKind::Complaint) };
        assert_eq!(returns(&[nobody], &[], 100), Returns { unknown: 1, ..Returns::default() });
        assert_eq!(returns(&[line(1, 0, InteractionKind::Service)], &[], 100), Returns::default());
    }
}
