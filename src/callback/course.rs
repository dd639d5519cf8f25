//! What may become of a callback, step by step. Pure.
//!
//! Every step first does what is due by time ([`Course::overdue`]), then what is asked. So it makes no difference whether a timer
//! has fired yet, and a step of the clock is done once, on whichever server.

use rapport_calendar::Calendar;
use uuid::Uuid;

use crate::{
    api::v1::{
        CallbackBreachReason as Breach, CallbackEventKind as Kind, CallbackFailureReason as Failure,
        CallbackState as State,
    },
    clock::Micros,
    error::{Error, Result},
};

const MINUTE: Micros = 60_000_000;
/// Attempts to reach a customer.
pub(super) const ATTEMPTS: i32 = 3;
/// Working time after an attempt until the next one: so often as there were attempts.
const PAUSE: Micros = 5 * MINUTE;
/// How long a connected call may last before it counts as over, where nobody says that it is.
pub(super) const LONGEST_CALL: Micros = 240 * MINUTE;
/// Working time from a breach to its first escalation.
const ESCALATE_AFTER: Micros = 15 * MINUTE;
/// Working time from one escalation to the next, for as long as nobody has rung.
const ESCALATE_AGAIN: Micros = 60 * MINUTE;

/// The timers of a callback. What is due is seen from its course: these only say when to look.
const LAPSE: i32 = 1;
const BREACH: i32 = 2;
const ESCALATE: i32 = 3;

/// How far a callback is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Course {
    pub(super) state: State,
    /// Not next in line before.
    pub(super) ready_at: Micros,
    pub(super) attempts: i32,
    /// Of the present claim, or the last.
    pub(super) fence: i64,
    /// Claims that lapsed before anybody had rung.
    pub(super) lapses: i32,
    pub(super) claimed_by: Option<String>,
    pub(super) claimed_at: Option<Micros>,
    pub(super) lease_until: Option<Micros>,
    pub(super) first_dialled_at: Option<Micros>,
    pub(super) dialled_at: Option<Micros>,
    pub(super) connected_at: Option<Micros>,
    pub(super) ended_at: Option<Micros>,
    pub(super) breached_at: Option<Micros>,
    pub(super) breach_reason: Option<Breach>,
    pub(super) escalate_at: Option<Micros>,
    pub(super) level: i32,
    pub(super) failure: Option<Failure>,
    /// What the call became.
    pub(super) call_interaction_id: Option<Uuid>,
    pub(super) note: Option<String>,
}

/// A step of the clock, with the instant at which it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overdue {
    Lapse(Micros),
    Breach(Micros),
    Escalate(Micros),
}

impl Course {
    /// Of a callback that is in line from an instant on.
    pub(super) fn new(ready_at: Micros) -> Self {
        Self {
            state: State::Waiting,
            ready_at,
            attempts: 0,
            fence: 0,
            lapses: 0,
            claimed_by: None,
            claimed_at: None,
            lease_until: None,
            first_dialled_at: None,
            dialled_at: None,
            connected_at: None,
            ended_at: None,
            breached_at: None,
            breach_reason: None,
            escalate_at: None,
            level: 0,
            failure: None,
            call_interaction_id: None,
            note: None,
        }
    }

    /// Whether it is not over.
    pub(super) fn is_open(&self) -> bool {
        match self.state {
            State::Waiting | State::Claimed | State::Dialling | State::Connected => true,
            State::Unspecified | State::Done | State::Failed | State::Cancelled => false,
        }
    }

    /// The first step of the clock that is due.
    pub(super) fn overdue(&self, quoted_at: Micros, now: Micros) -> Option<Overdue> {
        if !self.is_open() {
            return None;
        }
        if let Some(until) = self.lease_until.filter(|until| *until <= now) {
            return Some(Overdue::Lapse(until));
        }
        let in_time = self.first_dialled_at.is_some_and(|at| at <= quoted_at);
        if quoted_at <= now && self.breached_at.is_none() && !in_time {
            return Some(Overdue::Breach(quoted_at));
        }
        self.escalate_at.filter(|at| *at <= now).map(Overdue::Escalate)
    }

    /// When to look again.
    pub(super) fn timers(&self, quoted_at: Micros) -> Vec<(i32, Micros)> {
        if !self.is_open() {
            return Vec::new();
        }
        let lapse = self.lease_until.map(|at| (LAPSE, at));
        let is_settled = self.breached_at.is_some() || self.first_dialled_at.is_some();
        let breach = (!is_settled).then_some((BREACH, quoted_at));
        let escalate = self.escalate_at.map(|at| (ESCALATE, at));
        lapse.into_iter().chain(breach).chain(escalate).collect()
    }

    /// The claim, or the longest call, is over.
    pub(super) fn lapse(&mut self, calendar: &Calendar, now: Micros) -> Kind {
        match self.state {
            State::Connected => self.end(State::Done, now),
            State::Dialling => self.retry(Failure::Unknown, calendar, now),
            State::Unspecified | State::Waiting | State::Claimed | State::Done | State::Failed | State::Cancelled => {
                self.lapses += 1;
                self.give_back(self.ready_at)
            }
        }
    }

    /// Nobody had rung by the quoted time; `room`: how many callbacks those on duty could take beside theirs. None: nobody is on duty.
    pub(super) fn breach(&mut self, room: Option<i64>, calendar: &Calendar, now: Micros) -> Kind {
        let reason = match (self.state, room) {
            (State::Claimed, _) => Breach::Claimed,
            _ if self.lapses > 0 => Breach::ClaimLapsed,
            (_, None) => Breach::NobodyOnDuty,
            (_, Some(room)) if room > 0 => Breach::Left,
            (_, Some(_)) => Breach::AllBusy,
        };
        self.breached_at = Some(now);
        self.breach_reason = Some(reason);
        self.escalate_at = if self.first_dialled_at.is_none() { calendar.due(now, ESCALATE_AFTER) } else { None };
        Kind::Breached
    }

    pub(super) fn escalate(&mut self, calendar: &Calendar, now: Micros) -> Kind {
        self.level += 1;
        self.escalate_at = calendar.due(now, ESCALATE_AGAIN);
        Kind::Escalated
    }

    /// Somebody is about to ring.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn claim(&mut self, staff_id: &str, lease: Micros, now: Micros) -> Result<Kind> {
        self.expect(&[State::Waiting])?;
        self.state = State::Claimed;
        self.fence += 1;
        self.claimed_by = Some(staff_id.to_owned());
        self.claimed_at = Some(now);
        self.lease_until = Some(now + lease);
        Ok(Kind::Claimed)
    }

    /// Whether a fencing number is that of the present claim, which is somebody's.
    ///
    /// # Errors
    /// [`Error::CallbackClaimLost`].
    pub(super) fn held(&self, fence: i64, by: Option<&str>) -> Result<()> {
        let is_held = self.lease_until.is_some() && self.fence == fence;
        let is_theirs = by.is_none_or(|by| self.claimed_by.as_deref() == Some(by));
        if is_held && is_theirs { Ok(()) } else { Err(Error::CallbackClaimLost) }
    }

    /// The claim holds so much longer, from now on. A call that is connected needs no lease.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn renew(&mut self, lease: Micros, now: Micros) -> Result<()> {
        self.expect(&[State::Claimed, State::Dialling])?;
        // Never shorter than it was.
        self.lease_until = self.lease_until.max(Some(now + lease));
        Ok(())
    }

    /// The number is rung.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn dial(&mut self, now: Micros) -> Result<Kind> {
        self.expect(&[State::Claimed])?;
        self.state = State::Dialling;
        self.attempts += 1;
        self.first_dialled_at = self.first_dialled_at.or(Some(now));
        self.dialled_at = Some(now);
        self.escalate_at = None;
        Ok(Kind::Dialled)
    }

    /// The customer has answered.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn connect(&mut self, now: Micros) -> Result<Kind> {
        self.expect(&[State::Dialling])?;
        self.state = State::Connected;
        self.connected_at = Some(now);
        self.lease_until = Some(now + LONGEST_CALL);
        Ok(Kind::Connected)
    }

    /// The call is over.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn complete(&mut self, now: Micros) -> Result<Kind> {
        self.expect(&[State::Connected])?;
        Ok(self.end(State::Done, now))
    }

    /// It came to nothing.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn fail(&mut self, reason: Failure, calendar: &Calendar, now: Micros) -> Result<Kind> {
        match reason {
            Failure::NotDialled => {
                self.expect(&[State::Claimed])?;
                Ok(self.give_back(self.ready_at))
            }
            Failure::NoAnswer | Failure::Busy | Failure::Voicemail | Failure::CutOff => {
                self.expect(&[State::Dialling, State::Connected])?;
                Ok(self.retry(reason, calendar, now))
            }
            Failure::Unspecified | Failure::Unknown | Failure::WrongNumber | Failure::Declined | Failure::Other => {
                self.expect(&[State::Dialling, State::Connected])?;
                self.failure = Some(reason);
                Ok(self.end(State::Failed, now))
            }
        }
    }

    /// It is not wanted any more.
    ///
    /// # Errors
    /// [`Error::CallbackStateMismatch`].
    pub(super) fn cancel(&mut self, now: Micros) -> Result<Kind> {
        self.expect(&[State::Waiting, State::Claimed])?;
        Ok(self.end(State::Cancelled, now))
    }

    /// After an attempt: another one, unless there were enough.
    fn retry(&mut self, reason: Failure, calendar: &Calendar, now: Micros) -> Kind {
        self.failure = Some(reason);
        let pause = PAUSE.saturating_mul(i64::from(self.attempts));
        match calendar.due(now, pause) {
            Some(ready_at) if self.attempts < ATTEMPTS => self.give_back(ready_at),
            _ => self.end(State::Failed, now),
        }
    }

    /// To its old place.
    fn give_back(&mut self, ready_at: Micros) -> Kind {
        self.state = State::Waiting;
        self.ready_at = ready_at;
        self.claimed_by = None;
        self.claimed_at = None;
        self.lease_until = None;
        Kind::Returned
    }

    fn end(&mut self, state: State, now: Micros) -> Kind {
        self.state = state;
        self.ended_at = Some(now);
        self.lease_until = None;
        self.escalate_at = None;
        match state {
            State::Done => Kind::Done,
            State::Cancelled => Kind::Cancelled,
            State::Unspecified
            | State::Waiting
            | State::Claimed
            | State::Dialling
            | State::Connected
            | State::Failed => Kind::Failed,
        }
    }

    fn expect(&self, states: &[State]) -> Result<()> {
        if states.contains(&self.state) {
            return Ok(());
        }
        Err(Error::CallbackStateMismatch(match self.state {
            State::Waiting => "in line, and nobody's",
            State::Claimed => "claimed, and not dialled yet",
            State::Dialling => "being dialled",
            State::Connected => "connected",
            State::Unspecified | State::Done | State::Failed | State::Cancelled => "over",
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUOTED: Micros = 100 * MINUTE;

    /// What somebody does, or time.
    #[derive(Clone, Debug)]
    enum Step {
        Pass(Micros),
        Claim(u8),
        /// With the present number less this.
        Dial(i64),
        Connect(i64),
        Complete(i64),
        Fail(i64, Failure),
        Renew(i64),
        Cancel,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let old = || prop_oneof![4 => Just(0), 1 => 1..3_i64];
        let failures = prop::sample::select(vec![
            Failure::NoAnswer,
            Failure::Busy,
            Failure::CutOff,
            Failure::NotDialled,
            Failure::WrongNumber,
        ]);
        let step = prop_oneof![
            (0..40 * MINUTE).prop_map(Step::Pass),
            (0..3_u8).prop_map(Step::Claim),
            old().prop_map(Step::Dial),
            old().prop_map(Step::Connect),
            old().prop_map(Step::Complete),
            (old(), failures).prop_map(|(old, reason)| Step::Fail(old, reason)),
            old().prop_map(Step::Renew),
            Just(Step::Cancel),
        ];
        prop::collection::vec(step, 0..40)
    }

    /// Does what is due by time; gives what was told.
    fn tick(course: &mut Course, now: Micros) -> Vec<Kind> {
        let calendar = Calendar::around_the_clock();
        let mut told = Vec::new();
        while let Some(step) = course.overdue(QUOTED, now) {
            told.push(match step {
                Overdue::Lapse(_) => course.lapse(&calendar, now),
                Overdue::Breach(_) => course.breach(Some(0), &calendar, now),
                Overdue::Escalate(_) => course.escalate(&calendar, now),
            });
        }
        told
    }

    proptest! {
        #[test]
        fn whatever_is_done_in_whatever_order(all in steps()) {
            let calendar = Calendar::around_the_clock();
            let (mut course, mut now) = (Course::new(0), 0);
            let (mut breaches, mut fences_dialled) = (0, Vec::new());
            for step in all {
                if let Step::Pass(time) = step {
                    now += time;
                }
                // A look at the clock more or less makes no difference.
                let told = tick(&mut course, now);
                prop_assert!(tick(&mut course, now).is_empty());
                breaches += told.iter().filter(|one| **one == Kind::Breached).count();
                let before = course.clone();
                let fence = |old: i64| course.fence - old;
                let done = match step {
                    Step::Pass(_) => continue,
                    Step::Claim(who) => course.claim(&who.to_string(), 2 * MINUTE, now).map(drop),
                    Step::Dial(old) => course.held(fence(old), None).and_then(|()| course.dial(now)).map(|_| {
                        fences_dialled.push(course.fence);
                    }),
                    Step::Connect(old) => course.held(fence(old), None).and_then(|()| course.connect(now)).map(drop),
                    Step::Complete(old) => course.held(fence(old), None).and_then(|()| course.complete(now)).map(drop),
                    Step::Fail(old, reason) => {
                        course.held(fence(old), None).and_then(|()| course.fail(reason, &calendar, now)).map(drop)
                    }
                    Step::Renew(old) => course.held(fence(old), None).and_then(|()| course.renew(MINUTE, now)),
                    Step::Cancel => course.cancel(now).map(drop),
                };
                if done.is_err() {
                    prop_assert_eq!(&course, &before, "what is refused changes nothing");
                }
                prop_assert!(course.fence >= before.fence);
                prop_assert!(before.is_open() || course == before, "what is over stays so");
                let has_lease = matches!(course.state, State::Claimed | State::Dialling | State::Connected);
                prop_assert_eq!(course.lease_until.is_some(), has_lease);
                prop_assert_eq!(course.ended_at.is_some(), !course.is_open());
                prop_assert!(course.attempts <= ATTEMPTS);
                let next = course.timers(QUOTED);
                prop_assert!(!has_lease || next.iter().any(|(step, _)| *step == LAPSE));
            }
            prop_assert!(breaches <= 1);
            let dialled = fences_dialled.len();
            fences_dialled.dedup();
            prop_assert_eq!(fences_dialled.len(), dialled, "no claim dials twice");
        }

        /// When timers come late, several at once or not at all, it comes to the same but for the instants.
        #[test]
        fn a_breach_is_told_whenever_nobody_rang_in_time(rung in 0..3 * QUOTED, looks in prop::collection::vec(0..4 * QUOTED, 0..5)) {
            let mut course = Course::new(0);
            let mut looks: Vec<(Micros, bool)> = looks.into_iter().map(|at| (at, false)).collect();
            looks.push((rung, true));
            looks.sort_unstable();
            let mut told = Vec::new();
            for (now, rings) in looks {
                told.extend(tick(&mut course, now));
                if rings {
                    course.claim("nora", MINUTE, now).unwrap();
                    course.dial(now).unwrap();
                    told.extend(tick(&mut course, now));
                }
            }
            prop_assert_eq!(told.contains(&Kind::Breached), rung >= QUOTED);
        }
    }

    #[test]
    fn attempts_come_after_pauses_and_end() {
        let calendar = Calendar::around_the_clock();
        let mut course = Course::new(0);
        let mut now = 0;
        for (ready, told) in [(5, Kind::Returned), (10, Kind::Returned), (0, Kind::Failed)] {
            course.claim("nora", MINUTE, now).unwrap();
            course.dial(now).unwrap();
            assert_eq!(course.fail(Failure::NoAnswer, &calendar, now).unwrap(), told);
            if told == Kind::Returned {
                assert_eq!(course.ready_at, now + ready * MINUTE);
            }
            now = course.ready_at.max(now);
        }
        assert_eq!((course.state, course.failure), (State::Failed, Some(Failure::NoAnswer)));
    }

    #[test]
    fn a_breach_says_why() {
        let calendar = Calendar::around_the_clock();
        let why = |prepare: fn(&mut Course), room| {
            let mut course = Course::new(0);
            prepare(&mut course);
            course.breach(room, &calendar, QUOTED);
            course.breach_reason.unwrap()
        };
        assert_eq!(why(|_| {}, None), Breach::NobodyOnDuty);
        assert_eq!(why(|_| {}, Some(0)), Breach::AllBusy);
        assert_eq!(why(|_| {}, Some(1)), Breach::Left);
        let claimed = |course: &mut Course| _ = course.claim("nora", MINUTE, 0).unwrap();
        assert_eq!(why(claimed, Some(1)), Breach::Claimed);
        let lapsed = |course: &mut Course| {
            course.claim("nora", MINUTE, 0).unwrap();
            course.lapse(&Calendar::around_the_clock(), MINUTE);
        };
        assert_eq!(why(lapsed, Some(1)), Breach::ClaimLapsed);
    }

    #[test]
    fn a_call_that_nobody_ends_is_over_after_four_hours() {
        let mut course = Course::new(0);
        course.claim("nora", MINUTE, 0).unwrap();
        course.dial(1).unwrap();
        course.connect(2).unwrap();
        assert_eq!(course.overdue(QUOTED, LONGEST_CALL), None);
        assert_eq!(tick(&mut course, LONGEST_CALL + 2), [Kind::Done]);
    }
}
