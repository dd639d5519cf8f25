//! What to deliver next, and what waits. Pure.
//!
//! Events of one order are delivered one after the other: what comes behind one that failed waits with it, what is of another order
//! goes on.

use std::collections::HashMap;

use crate::{
    clock::Micros,
    event::{Line, Order, Position},
};

/// An event that is to be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) line: Line,
    /// The place in the logs ahead of it.
    pub(super) ahead: Position,
    /// In which order it is delivered.
    pub(super) place: i64,
    /// What was tried before; none: it is new.
    pub(super) before: Option<Before>,
}

impl Item {
    /// How often it has failed.
    pub(super) fn attempts(&self) -> u32 {
        self.before.map_or(0, |before| before.attempts)
    }
}

/// An event that has waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Before {
    pub(super) attempts: u32,
    pub(super) next_at: Micros,
}

/// What to do with a reading.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Events that may go now, in their order; different ones side by side.
    pub(super) queues: Vec<Vec<Item>>,
    /// New ones that have to wait.
    pub(super) held: Vec<Item>,
    /// When the next of those that wait may go.
    pub(super) next_at: Option<Micros>,
}

/// Plans: `items` in the order in which they are to be delivered, those that have waited first. One whose next attempt is further
/// away than `longest` was set by a clock that was wrong, and goes at once.
pub(super) fn plan(items: Vec<Item>, now: Micros, longest: Micros) -> Plan {
    let mut by_order: HashMap<Order, usize> = HashMap::new();
    let mut queues: Vec<Vec<Item>> = Vec::new();
    for item in items {
        let at = *by_order.entry(item.line.order()).or_insert_with(|| {
            queues.push(Vec::new());
            queues.len() - 1
        });
        queues[at].push(item);
    }
    let mut plan = Plan::default();
    for queue in queues {
        let waits_until = queue.first().and_then(|first| first.before).map(|before| before.next_at);
        match waits_until.filter(|at| *at > now && at.saturating_sub(now) <= longest) {
            None => plan.queues.push(queue),
            Some(at) => {
                plan.next_at = Some(plan.next_at.map_or(at, |next| next.min(at)));
                plan.held.extend(queue.into_iter().filter(|item| item.before.is_none()));
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const LONGEST: Micros = 1_000;

    fn item(customer: u8, sequence: i64, before: Option<Before>) -> Item {
        let line = Line {
            source: 0,
            sequence,
            at: sequence,
            kind: 1,
            subject: Uuid::nil(),
            late_by: None,
            customer: Some(format!("c{customer}")),
            interaction: None,
        };
        Item { line, ahead: Position::beginning(), place: sequence, before }
    }

    fn waited(next_at: Micros) -> Option<Before> {
        Some(Before { attempts: 1, next_at })
    }

    #[test]
    fn behind_a_failed_one_its_own_wait_and_others_go() {
        let items =
            vec![item(1, 1, waited(50)), item(2, 2, waited(5)), item(1, 3, None), item(2, 4, None), item(3, 5, None)];
        let plan = plan(items, 10, LONGEST);
        let numbers = |items: &[Item]| items.iter().map(|item| item.line.sequence).collect::<Vec<_>>();
        assert_eq!(plan.queues.iter().map(|queue| numbers(queue)).collect::<Vec<_>>(), [vec![2, 4], vec![5]]);
        assert_eq!((numbers(&plan.held), plan.next_at), (vec![3], Some(50)));
    }

    #[test]
    fn an_attempt_set_by_a_wrong_clock_is_not_waited_for() {
        let plan = plan(vec![item(1, 1, waited(1_000_000))], 10, LONGEST);
        assert_eq!((plan.queues.len(), plan.next_at), (1, None));
    }

    proptest! {
        /// Whatever waits: nothing is lost, each queue is of one customer and in order, and no event overtakes one of its customer.
        #[test]
        fn nobody_is_overtaken(customers in proptest::collection::vec((0_u8..5, any::<bool>(), 0_i64..100), 0..40), old in 0_usize..20) {
            let items: Vec<_> = customers.iter().enumerate().map(|(at, (customer, _, next_at))| {
                item(*customer, at as i64, waited(*next_at).filter(|_| at < old))
            }).collect();
            let plan = plan(items.clone(), 50, LONGEST);
            let mut kept: Vec<_> = plan.queues.iter().flatten().chain(&plan.held).map(|item| item.line.sequence).collect();
            let waiting = items.iter().filter(|item| item.before.is_some() && !kept.contains(&item.line.sequence));
            let waiting: Vec<_> = waiting.map(|item| item.line.order()).collect();
            for queue in &plan.queues {
                let order = queue[0].line.order();
                prop_assert!(queue.iter().all(|item| item.line.order() == order));
                prop_assert!(queue.is_sorted_by_key(|item| item.line.sequence));
                prop_assert!(!waiting.contains(&order), "goes while an earlier one of its customer waits");
                let all = items.iter().filter(|item| item.line.order() == order).count();
                prop_assert_eq!(queue.len(), all);
            }
            kept.extend(items.iter().filter(|item| item.before.is_some()).map(|item| item.line.sequence));
            kept.sort_unstable();
            kept.dedup();
            prop_assert_eq!(kept.len(), items.len());
        }
    }
}
