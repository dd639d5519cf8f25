//! What each step makes of a follow-up, and what time does. Pure.

use super::FollowUp;
use crate::{
    api::v1::{FollowUpEventKind, FollowUpState, FollowUpWait},
    clock::Micros,
    error::{Error, Reason, Result},
    store::Stored,
};

pub(super) const HOUR: Micros = 3_600_000_000;
/// How long a claim lasts where nobody says so.
pub(super) const LEASE: Micros = HOUR;
/// How long ago a rating or a complaint may be to open a follow-up by itself: older ones come from files, and their customers no
/// longer wait.
pub(super) const RECENT: Micros = 7 * 24 * HOUR;
/// Points of a follow-up at most.
pub(super) const POINTS: usize = 100;

/// It waits for answers.
pub(super) const UNANSWERED: [FollowUpState; 4] =
    [FollowUpState::Open, FollowUpState::Claimed, FollowUpState::Pending, FollowUpState::Reopened];

/// Something that happened, and how late it was.
pub(super) type Happened = (FollowUpEventKind, Option<Micros>);

impl FollowUp {
    pub(super) fn is_unanswered(&self) -> bool {
        UNANSWERED.contains(&self.state.0)
    }

    /// Whether its calendar ever comes to its due time.
    pub(super) fn is_due_ever(&self) -> bool {
        self.due_at != Micros::MAX
    }

    /// Lets nobody hold it any more.
    fn free(&mut self) {
        self.holder_staff_id = None;
        self.leased_until = None;
        self.go_on();
    }

    /// Lets it wait for nobody.
    fn go_on(&mut self) {
        self.waits_for = Stored(FollowUpWait::Unspecified);
        self.next_action = None;
        self.waits_until = None;
    }

    /// What time has made of it by `now`: a wait that is over, a claim that lapsed, a due time that passed. In this order, which is that of
    /// their instants: a lease outlives the wait.
    pub(super) fn catch_up(&mut self, now: Micros) -> Vec<Happened> {
        let mut happened = Vec::new();
        if !self.is_unanswered() {
            return happened;
        }
        if let Some(until) = self.waits_until.filter(|until| *until <= now) {
            self.go_on();
            self.state = Stored(FollowUpState::Claimed);
            happened.push((FollowUpEventKind::Resumed, Some(now - until)));
        }
        if let Some(until) = self.leased_until.filter(|until| *until <= now) {
            self.free();
            self.state = Stored(FollowUpState::Open);
            happened.push((FollowUpEventKind::Returned, Some(now - until)));
        }
        if self.level == 0 && self.due_at <= now {
            self.level = 1;
            happened.push((FollowUpEventKind::Overdue, Some(now - self.due_at)));
        }
        happened
    }

    /// Somebody takes it, or keeps it for longer.
    ///
    /// # Errors
    /// [`Error::FollowUpClaimed`], [`Error::FollowUpSettled`].
    pub(super) fn claim(&mut self, staff_id: &str, until: Micros) -> Result<()> {
        match self.state.0 {
            FollowUpState::Open | FollowUpState::Reopened => self.hand_to(staff_id, until),
            FollowUpState::Claimed | FollowUpState::Pending if self.holder_staff_id.as_deref() == Some(staff_id) => {
                self.leased_until = self.leased_until.max(Some(until));
            }
            FollowUpState::Claimed | FollowUpState::Pending => return Err(Error::FollowUpClaimed),
            FollowUpState::Answered | FollowUpState::Confirmed | FollowUpState::Closed | FollowUpState::Unspecified => {
                return Err(Error::FollowUpSettled);
            }
        }
        Ok(())
    }

    /// Somebody holds it by a new claim; nothing is done by those before.
    pub(super) fn hand_to(&mut self, staff_id: &str, until: Micros) {
        self.free();
        self.holder_staff_id = Some(staff_id.to_owned());
        self.leased_until = Some(until);
        self.claim_number += 1;
        self.state = Stored(FollowUpState::Claimed);
    }

    /// Whether this claim holds: the caller's own, unless they speak for all.
    ///
    /// # Errors
    /// [`Error::FollowUpSettled`], [`Error::FollowUpClaimStale`].
    pub(super) fn check_claim(&self, person: Option<&str>, number: i64) -> Result<()> {
        if !self.is_unanswered() {
            return Err(Error::FollowUpSettled);
        }
        let holder = self.holder_staff_id.as_deref();
        let is_own = holder.is_some() && (person.is_none() || person == holder);
        if is_own && number == self.claim_number { Ok(()) } else { Err(Error::FollowUpClaimStale) }
    }

    /// Gives it back.
    pub(super) fn give_back(&mut self) {
        self.free();
        self.state = Stored(FollowUpState::Open);
    }

    /// Lets it wait for somebody until then; the claim lasts for an hour more at least.
    pub(super) fn hold(&mut self, waits_for: FollowUpWait, next_action: String, until: Micros) {
        self.state = Stored(FollowUpState::Pending);
        self.waits_for = Stored(waits_for);
        self.next_action = Some(next_action);
        self.waits_until = Some(until);
        self.leased_until = self.leased_until.max(Some(until + HOUR));
    }

    /// Goes on, if it waits; says whether it did.
    pub(super) fn resume(&mut self) -> bool {
        let waits = self.state.0 == FollowUpState::Pending;
        if waits {
            self.go_on();
            self.state = Stored(FollowUpState::Claimed);
        }
        waits
    }

    /// Every point has its answer.
    pub(super) fn answer(&mut self) {
        self.free();
        self.state = Stored(FollowUpState::Answered);
    }

    /// Settles one whose points were answered.
    ///
    /// # Errors
    /// [`Error::FollowUpPointsOpen`], [`Error::FollowUpSettled`].
    pub(super) fn settle(&mut self, state: FollowUpState, (now, by, note): (Micros, &str, &str)) -> Result<()> {
        if self.is_unanswered() {
            return Err(Error::FollowUpPointsOpen);
        }
        if self.state.0 != FollowUpState::Answered {
            return Err(Error::FollowUpSettled);
        }
        self.state = Stored(state);
        self.settled_at = Some(now);
        self.settled_by = Some(by.to_owned());
        self.note = Some(note.to_owned()).filter(|note| !note.is_empty());
        Ok(())
    }

    /// It is open once more; what was overdue before is its first clock's.
    ///
    /// # Errors
    /// [`Error::FollowUpPointsOpen`]: it was not answered.
    pub(super) fn reopen(&mut self) -> Result<()> {
        if self.is_unanswered() {
            return Err(Error::FollowUpPointsOpen);
        }
        self.state = Stored(FollowUpState::Reopened);
        self.level = 0;
        self.settled_at = None;
        self.settled_by = None;
        self.note = None;
        self.close_reason = Stored::default();
        Ok(())
    }
}

/// Points that are added to some.
///
/// # Errors
/// [`Reason::CountOutOfRange`], [`Reason::FieldRequired`].
pub(super) fn check_points(field: &str, there: usize, more: &[String]) -> Result<()> {
    if there + more.len() > POINTS {
        let rule = format!("must leave a follow-up with {POINTS} points at most");
        return Err(Error::invalid(field, Reason::CountOutOfRange, rule));
    }
    match more.iter().position(|words| words.trim().is_empty()) {
        Some(place) => Err(Error::invalid(format!("{field}[{place}].words"), Reason::FieldRequired, "must be set")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::api::v1::{FollowUpCloseReason, FollowUpSource};

    fn opened(due_at: Micros) -> FollowUp {
        FollowUp {
            id: Uuid::nil(),
            source: Stored(FollowUpSource::Rating),
            origin_id: None,
            interaction_id: Uuid::nil(),
            team_id: Some("north".to_owned()),
            state: Stored(FollowUpState::Open),
            level: 0,
            holder_staff_id: None,
            claim_number: 0,
            leased_until: None,
            waits_for: Stored(FollowUpWait::Unspecified),
            next_action: None,
            waits_until: None,
            due_at,
            opened_at: 0,
            author: String::new(),
            settled_at: None,
            settled_by: None,
            close_reason: Stored(FollowUpCloseReason::Unspecified),
            note: None,
        }
    }

    #[test]
    fn nothing_is_done_by_an_old_claim() {
        let mut one = opened(Micros::MAX);
        one.claim("nora", 10).unwrap();
        assert!(one.check_claim(Some("nora"), 1).is_ok() && one.check_claim(None, 1).is_ok());
        assert!(matches!(one.check_claim(Some("nils"), 1), Err(Error::FollowUpClaimStale)));
        assert!(matches!(one.claim("nils", 20), Err(Error::FollowUpClaimed)));
        // Who holds it keeps it for longer, under the same number, and not for less.
        one.claim("nora", 30).unwrap();
        one.claim("nora", 15).unwrap();
        assert_eq!((one.claim_number, one.leased_until), (1, Some(30)));
        assert_eq!(one.catch_up(30), [(FollowUpEventKind::Returned, Some(0))]);
        assert!(matches!(one.check_claim(Some("nora"), 1), Err(Error::FollowUpClaimStale)));
        one.claim("nora", 50).unwrap();
        assert!(matches!(one.check_claim(Some("nora"), 1), Err(Error::FollowUpClaimStale)));
        assert!(one.check_claim(Some("nora"), 2).is_ok());
    }

    #[test]
    fn time_is_caught_up_with_in_its_order() {
        let mut one = opened(HOUR);
        one.claim("nora", 10).unwrap();
        one.hold(FollowUpWait::Customer, "she sends the bill".to_owned(), 20);
        assert_eq!(one.leased_until, Some(20 + HOUR));
        let happened = one.catch_up(3 * HOUR);
        let kinds: Vec<_> = happened.into_iter().map(|(kind, _)| kind).collect();
        use FollowUpEventKind::{Overdue, Resumed, Returned};
        assert_eq!(kinds, [Resumed, Returned, Overdue]);
        assert_eq!((one.state.0, one.level, one.next_action.as_deref()), (FollowUpState::Open, 1, None));
        assert_eq!(one.catch_up(4 * HOUR), []);
    }

    #[test]
    fn it_is_settled_when_every_point_has_its_answer() {
        let mut one = opened(HOUR);
        let by = (5, "carla", "");
        assert!(matches!(one.settle(FollowUpState::Confirmed, by), Err(Error::FollowUpPointsOpen)));
        assert!(matches!(one.reopen(), Err(Error::FollowUpPointsOpen)));
        one.answer();
        assert_eq!(one.catch_up(2 * HOUR), []);
        one.settle(FollowUpState::Confirmed, by).unwrap();
        assert!(matches!(one.settle(FollowUpState::Closed, by), Err(Error::FollowUpSettled)));
        one.level = 3;
        one.reopen().unwrap();
        assert_eq!((one.state.0, one.level, one.settled_by.as_deref()), (FollowUpState::Reopened, 0, None));
        assert!(one.claim("nora", 10).is_ok());
    }

    proptest! {
        /// Whatever people do and in which order: at most one holds it, under a number of their own, and only while it is unanswered.
        #[test]
        fn one_holds_it_and_by_one_number(steps in prop::collection::vec((0_u8..8, 0_usize..3, 0_i64..40), 0..40)) {
            let mut one = opened(500);
            let mut numbers = std::collections::HashMap::new();
            let mut now = 0;
            for (step, person, pause) in steps {
                now += pause;
                let person = ["nora", "nils", "sam"][person];
                one.catch_up(now);
                let (before, former) = (one.claim_number, one.holder_staff_id.clone());
                match step {
                    0..=2 => drop(one.claim(person, now + 30)),
                    3 if one.check_claim(Some(person), before).is_ok() => one.give_back(),
                    4 if one.check_claim(Some(person), before).is_ok() => {
                        one.hold(FollowUpWait::Others, "later".to_owned(), now + 10);
                    }
                    5 if one.check_claim(Some(person), before).is_ok() => one.answer(),
                    6 => drop(one.settle(FollowUpState::Confirmed, (now, "carla", ""))),
                    7 => drop(one.reopen()),
                    _ => {}
                }
                prop_assert!(one.claim_number >= before);
                let is_held = matches!(one.state.0, FollowUpState::Claimed | FollowUpState::Pending);
                prop_assert_eq!(one.holder_staff_id.is_some(), is_held);
                prop_assert_eq!(one.leased_until.is_some(), is_held);
                prop_assert_eq!(one.waits_until.is_some(), one.state.0 == FollowUpState::Pending);
                prop_assert!(former.is_none() || one.holder_staff_id.is_none() || one.holder_staff_id == former);
                if let Some(holder) = &one.holder_staff_id {
                    prop_assert_eq!(numbers.entry(one.claim_number).or_insert_with(|| holder.clone()), holder);
                }
            }
        }
    }
}
