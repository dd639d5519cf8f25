//! What a budget allows. Pure.

use super::{Allowance, Taken};
use crate::{
    api::v1::GrantState,
    clock::{DAY, Micros},
    error::{Error, Result},
};

/// How long after an interaction something may be given for it.
pub(super) const WINDOW: Micros = 30 * DAY;
/// How long a request waits for a decision.
pub(super) const REQUEST: Micros = 7 * DAY;
/// How long an approval waits to be given, unless the one who approves says otherwise.
pub(super) const APPROVAL: Micros = 7 * DAY;

/// The budgets out of which a grant comes, with what was taken from each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budgets {
    pub(super) team: Option<Allowance>,
    pub(super) of_team: Taken,
    /// None: the colleague has none of their own, and gives out of the team's.
    pub(super) own: Option<Allowance>,
    pub(super) of_own: Taken,
}

impl Budgets {
    /// What a colleague can still give this month. None: their team has no budget.
    pub(super) fn left(&self) -> Option<i64> {
        let team = self.team?.total - self.of_team.sum();
        Some(self.own.map_or(team, |own| team.min(own.total - self.of_own.sum())))
    }

    /// The most that one grant may be without asking.
    pub(super) fn limit(&self) -> i64 {
        let team = self.team.unwrap_or_default().limit;
        self.own.map_or(team, |own| own.limit)
    }

    /// Whether so much can be taken.
    ///
    /// # Errors
    /// [`Error::NoBudget`], [`Error::BudgetSpent`].
    pub(super) fn check(&self, quantity: i64) -> Result<()> {
        let left = self.left().ok_or(Error::NoBudget)?;
        if quantity <= left { Ok(()) } else { Err(Error::BudgetSpent) }
    }

    /// Whether so much can be given without asking; `again`: the colleague gave the customer something this month already.
    ///
    /// # Errors
    /// Those of [`Self::check`]; [`Error::GrantNeedsApproval`].
    pub(super) fn check_alone(&self, quantity: i64, again: bool) -> Result<()> {
        self.check(quantity)?;
        if quantity <= self.limit() && !again { Ok(()) } else { Err(Error::GrantNeedsApproval) }
    }
}

/// The state that a grant is in at `now`.
pub(super) fn state(stored: GrantState, expires_at: Option<Micros>, now: Micros) -> GrantState {
    let waits = matches!(stored, GrantState::Requested | GrantState::Approved);
    if waits && expires_at.is_some_and(|at| at <= now) { GrantState::Expired } else { stored }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allowance(total: i64, limit: i64) -> Allowance {
        Allowance { total, limit }
    }

    fn budgets(team: Option<Allowance>, own: Option<Allowance>) -> Budgets {
        let of_team = Taken { given: 60, approved: 20 };
        Budgets { team, of_team, own, of_own: Taken { given: 10, approved: 0 } }
    }

    #[test]
    fn within_the_limit_nobody_is_asked() {
        let with_own = budgets(Some(allowance(100, 5)), Some(allowance(25, 12)));
        assert!(with_own.check_alone(12, false).is_ok());
        // What is set for the colleague counts, not the team's limit.
        assert!(matches!(with_own.check_alone(13, false), Err(Error::GrantNeedsApproval)));
        assert!(matches!(with_own.check_alone(1, true), Err(Error::GrantNeedsApproval)));
        assert!(with_own.check(15).is_ok());
        assert!(matches!(with_own.check(16), Err(Error::BudgetSpent)));
        let of_team = budgets(Some(allowance(100, 5)), None);
        assert!(of_team.check_alone(5, false).is_ok());
        assert!(matches!(of_team.check_alone(6, false), Err(Error::GrantNeedsApproval)));
        assert!(matches!(of_team.check(21), Err(Error::BudgetSpent)));
        assert!(matches!(budgets(None, Some(allowance(9, 9))).check(1), Err(Error::NoBudget)));
    }

    #[test]
    fn what_waits_expires() {
        for stored in [GrantState::Requested, GrantState::Approved] {
            assert_eq!(state(stored, Some(10), 9), stored);
            assert_eq!(state(stored, Some(10), 10), GrantState::Expired);
        }
        assert_eq!(state(GrantState::Given, Some(10), 11), GrantState::Given);
    }

    proptest! {
        #[test]
        fn what_is_allowed_never_exceeds_a_budget(
            totals in (0_i64..200, prop::option::of(0_i64..200)),
            limits in (0_i64..200, 0_i64..200),
            wishes in prop::collection::vec((1_i64..60, any::<bool>()), 1..40),
        ) {
            let mut budgets = Budgets {
                team: Some(allowance(totals.0, limits.0)),
                of_team: Taken::default(),
                own: totals.1.map(|total| allowance(total, limits.1)),
                of_own: Taken::default(),
            };
            for (quantity, alone) in wishes {
                let may = if alone { budgets.check_alone(quantity, false) } else { budgets.check(quantity) };
                if may.is_ok() {
                    prop_assert!(!alone || quantity <= budgets.limit());
                    for taken in [&mut budgets.of_team, &mut budgets.of_own] {
                        if alone { taken.given += quantity } else { taken.approved += quantity }
                    }
                }
                prop_assert!(budgets.of_team.sum() <= totals.0);
                prop_assert!(totals.1.is_none_or(|total| budgets.of_own.sum() <= total));
            }
        }
    }
}
