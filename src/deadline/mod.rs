//! Clocks that run against a target in working time (L1, L3): rows of stretches in which one ran or stood, each pinned to the version of
//! the calendar by which it ran, so that an old due time can be explained. What a clock has counted stays when a calendar changes; from
//! then on the new version counts. Pure; rows are in `store`, what callers see in `message`.
//!
//! Whose clock it is, and what follows when it is due, is its domain's.

pub(crate) mod entity;
pub(crate) mod message;
pub(crate) mod store;

use std::sync::LazyLock;

use rapport_calendar::{Calendar, Segment, consumed, reached};
use uuid::Uuid;

use crate::{calendar::Version, clock::Micros};

const HOUR: Micros = 3_600_000_000;
/// Working time after a due time that passed until it is escalated.
const ESCALATE_AFTER: Micros = 8 * HOUR;
/// Working time from one escalation to the next, for as long as nothing happens.
const ESCALATE_AGAIN: Micros = 40 * HOUR;

static ALWAYS: LazyLock<Calendar> = LazyLock::new(Calendar::around_the_clock);

/// When something that is overdue since `now`, or was escalated then, is escalated next.
pub(crate) fn next_escalation(calendar: &Calendar, now: Micros, is_first: bool) -> Option<Micros> {
    calendar.due(now, if is_first { ESCALATE_AFTER } else { ESCALATE_AGAIN })
}

/// The calendar of a version, or around the clock.
pub(crate) fn calendar_of(version: Option<&Version>) -> &Calendar {
    version.map_or(&*ALWAYS, |version| &version.calendar)
}

/// Why a stretch began, and who saw to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    /// Empty: the server.
    pub(crate) author: String,
}

/// A stretch in which a clock runs or stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) from: Micros,
    /// None: it goes on. Later than now: a pause that ends by itself.
    pub(crate) to: Option<Micros>,
    pub(crate) runs: bool,
    /// By which calendar; none: around the clock.
    pub(crate) version: Option<Version>,
    pub(crate) reason: String,
    pub(crate) author: String,
}

impl Stretch {
    fn segment(&self) -> Segment<'_> {
        let running = self.runs.then(|| calendar_of(self.version.as_ref()));
        Segment { from: self.from, to: self.to, running }
    }
}

/// A clock.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clock {
    /// Whose it is.
    pub(crate) subject: Uuid,
    /// From 1 up: a second one starts where the first has stopped.
    pub(crate) number: i32,
    pub(crate) team_id: Option<String>,
    /// Working time.
    pub(crate) target: Micros,
    pub(crate) started_at: Micros,
    pub(crate) stopped_at: Option<Micros>,
    /// In order and without gaps.
    pub(crate) stretches: Vec<Stretch>,
}

impl Clock {
    /// A clock that runs from `now` on.
    pub(crate) fn start(
        (subject, number): (Uuid, i32),
        team_id: Option<String>,
        target: Micros,
        (now, version, cause): (Micros, Option<Version>, Cause),
    ) -> Self {
        let mut clock =
            Self { subject, number, team_id, target, started_at: now, stopped_at: None, stretches: Vec::new() };
        clock.turn(now, true, version, cause);
        clock
    }

    /// Stands from `now` until then, and goes on by itself.
    pub(crate) fn pause(&mut self, (now, until): (Micros, Micros), version: Option<Version>, cause: Cause) {
        self.turn(now, false, None, cause);
        if let Some(pause) = self.stretches.last_mut() {
            pause.to = Some(until);
        }
        let by_itself = Cause { reason: "resumed", author: String::new() };
        self.begin(until, true, version, by_itself);
    }

    /// Runs from `now` on.
    pub(crate) fn resume(&mut self, now: Micros, version: Option<Version>, cause: Cause) {
        self.turn(now, true, version, cause);
    }

    /// Stops for good.
    pub(crate) fn stop(&mut self, now: Micros) {
        self.cut(now);
        self.stopped_at = Some(now);
    }

    /// Runs by another calendar from `now` on; a pause goes on.
    pub(crate) fn repin(&mut self, now: Micros, version: Option<Version>, cause: Cause) {
        match self.stretches.last_mut() {
            // It stands, and is to run later.
            Some(planned) if planned.from > now => planned.version = version,
            Some(_) | None => self.turn(now, true, version, cause),
        }
    }

    fn turn(&mut self, now: Micros, runs: bool, version: Option<Version>, cause: Cause) {
        self.cut(now);
        self.begin(now, runs, version, cause);
    }

    fn begin(&mut self, from: Micros, runs: bool, version: Option<Version>, cause: Cause) {
        let Cause { reason, author } = cause;
        self.stretches.push(Stretch { from, to: None, runs, version, reason: reason.to_owned(), author });
    }

    /// Ends what goes on at `now`, and takes back what was to come.
    fn cut(&mut self, now: Micros) {
        self.stretches.retain(|one| one.from < now);
        if let Some(last) = self.stretches.last_mut() {
            last.to = Some(last.to.map_or(now, |to| to.min(now)));
        }
    }

    /// By which calendar it runs, or will when its pause is over.
    pub(crate) fn version(&self) -> Option<&Version> {
        self.stretches.last().and_then(|last| last.version.as_ref())
    }

    /// When it has counted its target, if it goes on as it is. None: not within 20 years, or it stopped before.
    pub(crate) fn due(&self) -> Option<Micros> {
        reached(&self.segments(), self.target)
    }

    /// Working time that it has counted by `now`.
    pub(crate) fn elapsed(&self, now: Micros) -> Micros {
        consumed(&self.segments(), self.stopped_at.map_or(now, |stopped| stopped.min(now)))
    }

    /// Whether it has come to its target by `now`, or before it stopped.
    pub(crate) fn is_overdue(&self, now: Micros) -> bool {
        self.due().is_some_and(|due| due <= self.stopped_at.unwrap_or(now))
    }

    /// As the calendar's functions take them.
    pub(crate) fn segments(&self) -> Vec<Segment<'_>> {
        self.stretches.iter().map(Stretch::segment).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::{Timestamp, tz::TimeZone};
    use proptest::prelude::*;
    use rapport_calendar::Hours;

    use super::*;

    fn version(number: i32, hours: &str) -> Version {
        let week = [hours; 5].into_iter().chain([""; 2]).map(|hours| hours.parse::<Hours>().unwrap());
        let week: Vec<Hours> = week.collect();
        Version {
            id: "desk".to_owned(),
            number,
            display_name: None,
            calendar: Calendar::new(TimeZone::UTC, week.try_into().unwrap(), BTreeMap::new()).unwrap(),
            author: String::new(),
            created_at: 0,
        }
    }

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn cause(reason: &'static str) -> Cause {
        Cause { reason, author: "nora".to_owned() }
    }

    fn office() -> Option<Version> {
        Some(version(1, "09:00-17:00"))
    }

    /// From Friday the 7th, 15:00.
    fn clock(hours: i64) -> Clock {
        let begun = (at("2025-03-07T15:00:00Z"), office(), cause("opened"));
        Clock::start((Uuid::nil(), 1), None, hours * HOUR, begun)
    }

    #[test]
    fn a_pause_over_a_weekend_takes_no_working_time() {
        let mut clock = clock(4);
        assert_eq!(clock.due(), Some(at("2025-03-10T11:00:00Z")));
        clock.pause((at("2025-03-07T16:00:00Z"), at("2025-03-11T09:00:00Z")), office(), cause("waits"));
        // It goes on by itself, with three hours left.
        assert_eq!(clock.due(), Some(at("2025-03-11T12:00:00Z")));
        assert_eq!(clock.elapsed(at("2025-03-10T12:00:00Z")), HOUR);
        clock.resume(at("2025-03-08T12:00:00Z"), office(), cause("resumed"));
        assert_eq!(clock.due(), Some(at("2025-03-10T12:00:00Z")));
        assert_eq!(clock.stretches.len(), 3);
    }

    #[test]
    fn what_was_counted_stays_when_the_calendar_changes() {
        let longer = Some(version(2, "08:00-20:00"));
        let mut running = clock(4);
        running.repin(at("2025-03-07T16:00:00Z"), longer.clone(), cause("calendar changed"));
        assert_eq!(running.due(), Some(at("2025-03-07T19:00:00Z")));
        // While it stands, the change waits with it.
        let mut standing = clock(4);
        standing.pause((at("2025-03-07T16:00:00Z"), at("2025-03-10T09:00:00Z")), office(), cause("waits"));
        standing.repin(at("2025-03-08T09:00:00Z"), longer, cause("calendar changed"));
        assert_eq!(standing.due(), Some(at("2025-03-10T12:00:00Z")));
        assert_eq!(standing.version().unwrap().number, 2);
        assert_eq!(standing.elapsed(at("2025-03-09T09:00:00Z")), HOUR);
    }

    #[test]
    fn one_that_stopped_is_frozen() {
        let mut answered = clock(4);
        answered.stop(at("2025-03-10T10:00:00Z"));
        assert_eq!((answered.elapsed(i64::MAX), answered.is_overdue(i64::MAX)), (3 * HOUR, false));
        let mut late = clock(4);
        assert!(!late.is_overdue(at("2025-03-10T10:59:59Z")) && late.is_overdue(at("2025-03-10T11:00:00Z")));
        late.stop(at("2025-03-10T12:00:00Z"));
        assert_eq!((late.elapsed(i64::MAX), late.is_overdue(0)), (5 * HOUR, true));
        // A pause that was to end by itself ends with it.
        let mut paused = clock(4);
        paused.pause((at("2025-03-07T16:00:00Z"), at("2025-03-11T09:00:00Z")), office(), cause("waits"));
        paused.stop(at("2025-03-10T12:00:00Z"));
        assert_eq!((paused.elapsed(i64::MAX), paused.due()), (HOUR, None));
    }

    proptest! {
        #[test]
        fn stretches_have_no_gaps_and_time_never_runs_backwards(
            steps in prop::collection::vec((0_i64..4, 0_i64..200_000, 1_i64..400_000), 0..12),
            target in 1_i64..200_000,
        ) {
            let begin = at("2025-03-03T00:00:00Z");
            let begun = (begin, office(), cause("opened"));
            let mut clock = Clock::start((Uuid::nil(), 1), None, target * 1_000_000, begun);
            let (mut now, mut counted) = (begin, 0);
            for (number, (kind, pause, wait)) in (2..).zip(steps) {
                now += pause * 1_000_000;
                let before = clock.elapsed(now);
                prop_assert!(before >= counted);
                let longer = Some(version(number, "08:00-20:00"));
                match kind {
                    0 => clock.pause((now, now + wait * 1_000_000), office(), cause("waits")),
                    1 => clock.resume(now, office(), cause("resumed")),
                    2 => clock.repin(now, longer, cause("calendar changed")),
                    _ => clock.repin(now, None, cause("calendar changed")),
                }
                // No change makes what was counted more or less.
                prop_assert_eq!(clock.elapsed(now), before);
                counted = before;
                let pairs = clock.stretches.windows(2);
                prop_assert!(pairs.into_iter().all(|pair| pair[0].to == Some(pair[1].from)));
                prop_assert!(clock.stretches.iter().all(|one| one.to.is_none_or(|to| to >= one.from)));
                prop_assert_eq!(clock.stretches.first().map(|first| first.from), Some(begin));
            }
            let due = clock.due().unwrap();
            prop_assert_eq!(clock.elapsed(due), clock.target);
            prop_assert!(!clock.is_overdue(due - 1) && clock.is_overdue(due));
            clock.stop(due);
            prop_assert_eq!(clock.elapsed(i64::MAX), clock.target);
        }
    }
}
