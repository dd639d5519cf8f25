//! Who may promise for whom, and when the steps of a commitment come. Pure.

use rapport_calendar::Calendar;

use super::Terms;
use crate::{
    amount::is_currency,
    api::v1::CommitmentState,
    clock::Micros,
    deadline::next_escalation,
    error::{Error, Reason, Result},
    reach::Scope,
};

const HOUR: Micros = 3_600_000_000;
/// Working time ahead of the due time at which a reminder comes, unless the commitment says otherwise.
pub(super) const REMIND_BEFORE: Micros = 2 * HOUR;

/// A reminder.
pub(super) const REMIND: i32 = 1;
/// The due time. Escalations have the numbers after it.
pub(super) const BREAK: i32 = 2;

/// What is wrong with a commitment that is made at `now`.
pub(super) fn check(terms: &Terms, now: Micros) -> Result<()> {
    if terms.due_at <= now {
        let rule = "must be in the future";
        return Err(Error::invalid("commitment.due_time", Reason::ImpossibleInstants, rule));
    }
    if terms.customer_id.is_none() && terms.interaction_id.is_none() {
        let rule = "must be set, unless interaction_id is";
        return Err(Error::invalid("commitment.customer_id", Reason::FieldRequired, rule));
    }
    match &terms.worth {
        Some(worth) if !is_currency(&worth.currency) => {
            let rule = "must be a code of ISO 4217 such as EUR, with worth";
            Err(Error::invalid("commitment.currency", Reason::Malformed, rule))
        }
        _ => Ok(()),
    }
}

/// A colleague promises for themselves, a supervisor for their teams: a commitment that somebody else cannot keep would be held
/// against them.
pub(super) fn may_promise(scope: &Scope, owner: &str, team_id: Option<&str>) -> Result<()> {
    let may = scope.has_colleague(owner, team_id);
    if may { Ok(()) } else { Err(Error::FieldNotYours("commitment.owner_staff_id")) }
}

/// The timers of a commitment that is made at `now`: a reminder, if there is time for one, and the due time.
pub(super) fn timers(terms: &Terms, calendar: &Calendar, now: Micros) -> Vec<(i32, Micros)> {
    let left = calendar.elapsed(now, terms.due_at);
    // So much working time from now on leaves as much as was asked for.
    let ahead = left.checked_sub(terms.remind_before).filter(|ahead| terms.remind_before > 0 && *ahead > 0);
    let remind = ahead.and_then(|ahead| calendar.due(now, ahead)).filter(|at| *at < terms.due_at);
    remind.map(|at| (REMIND, at)).into_iter().chain([(BREAK, terms.due_at)]).collect()
}

/// The timer after a step at `now`: the chain goes on until the commitment is settled.
pub(super) fn next_timer(step: i32, calendar: &Calendar, now: Micros) -> Option<(i32, Micros)> {
    if step == REMIND {
        return None;
    }
    next_escalation(calendar, now, step == BREAK).map(|at| (step + 1, at))
}

/// What a commitment becomes that is kept now.
pub(super) fn kept(state: CommitmentState) -> Option<CommitmentState> {
    match state {
        CommitmentState::Open => Some(CommitmentState::Kept),
        CommitmentState::Broken => Some(CommitmentState::KeptLate),
        CommitmentState::Unspecified
        | CommitmentState::Kept
        | CommitmentState::KeptLate
        | CommitmentState::Released => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{Timestamp, tz::TimeZone};
    use rapport_calendar::Hours;

    use super::*;

    fn office() -> Calendar {
        let week = ["09:00-17:00"; 5].into_iter().chain([""; 2]).map(|hours| hours.parse::<Hours>().unwrap());
        Calendar::new(TimeZone::UTC, week.collect::<Vec<_>>().try_into().unwrap(), BTreeMap::new()).unwrap()
    }

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn promise(due: &str) -> Terms {
        Terms {
            what: "a new one".to_owned(),
            customer_id: Some("carla".to_owned()),
            interaction_id: None,
            case_id: None,
            owner: "nora".to_owned(),
            due_at: at(due),
            remind_before: REMIND_BEFORE,
            worth: None,
            incident_id: None,
        }
    }

    #[test]
    fn reminders_come_in_working_time() {
        let friday = at("2025-03-07T10:00:00Z");
        let due = at("2025-03-10T10:00:00Z");
        let expected = vec![(REMIND, at("2025-03-07T16:00:00Z")), (BREAK, due)];
        assert_eq!(timers(&promise("2025-03-10T10:00:00Z"), &office(), friday), expected);
        // Two hours or less are no time for a reminder.
        let soon = promise("2025-03-07T12:00:00Z");
        assert_eq!(timers(&soon, &office(), friday), [(BREAK, soon.due_at)]);
        let none = Terms { remind_before: 0, ..promise("2025-03-10T10:00:00Z") };
        assert_eq!(timers(&none, &office(), friday), [(BREAK, due)]);
    }

    #[test]
    fn escalation_goes_on_until_it_is_settled() {
        let calendar = office();
        let broken = at("2025-03-07T16:00:00Z");
        assert_eq!(next_timer(BREAK, &calendar, broken), Some((BREAK + 1, at("2025-03-10T16:00:00Z"))));
        assert_eq!(
            next_timer(BREAK + 1, &calendar, at("2025-03-10T16:00:00Z")),
            Some((BREAK + 2, at("2025-03-17T16:00:00Z")))
        );
        assert_eq!(next_timer(REMIND, &calendar, broken), None);
    }

    #[test]
    fn nobody_promises_for_others() {
        let teams = Scope::Teams { staff_id: "petra".to_owned(), teams: vec!["north".to_owned()] };
        assert!(may_promise(&teams, "nora", Some("north")).is_ok() && may_promise(&teams, "petra", None).is_ok());
        assert!(may_promise(&teams, "sam", Some("south")).is_err() && may_promise(&teams, "sam", None).is_err());
        assert!(may_promise(&Scope::Staff("nora".to_owned()), "nils", Some("north")).is_err());
    }
}
