//! When a customer is told that the phone rings, and which slots may be promised. Pure.
//!
//! While somebody on duty has room beside all who wait, it is a minute of working time. Otherwise the line is counted in rounds: with
//! `c` calls at once, the one behind `n` calls that must end first waits for `⌈n / c⌉` rounds, each as long as four in five of the
//! last calls were at most. A mean would be too short for every second customer. Where nobody is on duty it is no shorter than four
//! in five of the last waits.

use std::collections::BTreeMap;

use rapport_calendar::Calendar;

use crate::{
    api::v1::CallbackQuoteBasis as Basis,
    clock::Micros,
    error::{Error, Result},
};

const MINUTE: Micros = 60_000_000;
/// What is quoted while there is capacity.
const PROMPT: Micros = MINUTE;
/// How far back the record is looked at.
pub(super) const RECORD: Micros = 28 * 24 * 60 * MINUTE;
/// Calls of it that are looked at, the last ones.
pub(super) const CALLS: u64 = 500;
/// With fewer than these it tells nothing.
const FEW: usize = 20;
/// How long a call takes, and how long customers wait for one where nobody is on duty, while the record tells nothing.
const HANDLING: Micros = 5 * MINUTE;
const WAIT: Micros = 30 * MINUTE;
/// Of times by the record: outliers promise nothing.
const SHORTEST: Micros = MINUTE / 2;
const LONGEST: Micros = 240 * MINUTE;

/// How long a slot is.
pub(super) const SLOT: Micros = 30 * MINUTE;
/// How far ahead one may be chosen.
pub(super) const SLOTS_AHEAD: Micros = 14 * 24 * 60 * MINUTE;
/// How many are offered.
const OFFERED: usize = 8;

/// What a team has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Load {
    /// Callbacks that those on duty take at once.
    pub(super) capacity: i64,
    /// Callbacks that somebody has claimed.
    pub(super) busy: i64,
    /// Callbacks in line.
    pub(super) waiting: i64,
}

/// What the last weeks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Four in five calls took at most so long, from claim to end.
    handling: Micros,
    /// Four in five customers waited at most so long.
    wait: Micros,
}

impl Record {
    /// Of the times of calls, and of waits.
    pub(super) fn of(handling: Vec<Micros>, waits: Vec<Micros>) -> Self {
        let typical = |times: Vec<Micros>, unless: Micros| {
            let known = if times.len() < FEW { None } else { quantile(times, 80) };
            known.map_or(unless, |time| time.clamp(SHORTEST, LONGEST))
        };
        Self { handling: typical(handling, HANDLING), wait: typical(waits, WAIT) }
    }
}

/// The shortest of these times that so many in a hundred do not exceed.
pub(super) fn quantile(mut times: Vec<Micros>, percent: usize) -> Option<Micros> {
    times.sort_unstable();
    let rank = (times.len() * percent).div_ceil(100).max(1);
    times.get(rank - 1).copied()
}

/// Working time that those ahead take.
fn line(load: Load, record: Record, is_open: bool) -> Micros {
    // Before the opening nobody is on duty yet.
    let at_once = load.capacity.max(i64::from(!is_open));
    let ahead = load.busy.saturating_add(load.waiting).saturating_add(1);
    let to_end = ahead.saturating_sub(at_once);
    if to_end <= 0 {
        return 0;
    }
    let at_once = at_once.max(1);
    let rounds = to_end.saturating_add(at_once - 1) / at_once;
    let time = rounds.saturating_mul(record.handling);
    if is_open && load.capacity == 0 { time.max(record.wait) } else { time }
}

/// When somebody who asks at `now` is told that the phone rings.
///
/// # Errors
/// [`Error::CallbackNoOpening`].
pub(super) fn quote(calendar: &Calendar, now: Micros, load: Load, record: Record) -> Result<(Micros, Basis)> {
    let is_open = calendar.spans(now, now + 1).next().is_some();
    let line = line(load, record, is_open);
    let at = calendar.due(now, PROMPT.saturating_add(line)).ok_or(Error::CallbackNoOpening)?;
    let basis = match (is_open, line) {
        (false, _) => Basis::Opening,
        (true, 0) => Basis::Capacity,
        (true, _) => Basis::Record,
    };
    Ok((at, basis))
}

/// Whether a slot is one that is offered: in the future, and in working hours from beginning to end.
pub(super) fn is_slot(calendar: &Calendar, now: Micros, start: Micros) -> bool {
    let is_near = start > now && start <= now.saturating_add(SLOTS_AHEAD);
    is_near && start % SLOT == 0 && calendar.elapsed(start, start + SLOT) == SLOT
}

/// The next slots that have room, each with how much.
pub(super) fn free_slots(
    calendar: &Calendar,
    now: Micros,
    capacity: i64,
    taken: &BTreeMap<Micros, i64>,
) -> Vec<(Micros, i64)> {
    let first = now - now.rem_euclid(SLOT) + SLOT;
    let starts = (0..).map(|number| first + number * SLOT).take_while(|start| *start <= now + SLOTS_AHEAD);
    let free = |start: Micros| (start, capacity - taken.get(&start).copied().unwrap_or_default());
    let with_room = starts.map(free).filter(|(_, free)| *free > 0);
    with_room.filter(|(start, _)| is_slot(calendar, now, *start)).take(OFFERED).collect()
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Micros {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    /// From nine to five on working days.
    fn office() -> Calendar {
        let day = || "09:00-17:00".parse().unwrap();
        let week = [day(), day(), day(), day(), day(), "".parse().unwrap(), "".parse().unwrap()];
        Calendar::new(TimeZone::UTC, week, BTreeMap::new()).unwrap()
    }

    const NOTHING_KNOWN: Record = Record { handling: HANDLING, wait: WAIT };

    fn load(capacity: i64, busy: i64, waiting: i64) -> Load {
        Load { capacity, busy, waiting }
    }

    #[test]
    fn a_minute_while_there_is_capacity() {
        let monday = at("2025-03-03T10:00:00Z");
        let quoted = |load| {
            let (time, basis) = quote(&office(), monday, load, NOTHING_KNOWN).unwrap();
            ((time - monday) / MINUTE, basis)
        };
        assert_eq!(quoted(load(1, 0, 0)), (1, Basis::Capacity));
        assert_eq!(quoted(load(3, 1, 1)), (1, Basis::Capacity));
        assert_eq!(quoted(load(3, 2, 1)), (6, Basis::Record));
        assert_eq!(quoted(load(1, 1, 0)), (6, Basis::Record));
        assert_eq!(quoted(load(2, 2, 3)), (11, Basis::Record), "four must end, two at once");
        assert_eq!(quoted(load(0, 0, 0)), (31, Basis::Record), "nobody is on duty");
        assert_eq!(quoted(load(0, 0, 9)), (51, Basis::Record));
    }

    #[test]
    fn what_is_closed_is_counted_from_its_opening() {
        let quoted = |now| quote(&office(), at(now), load(0, 0, 1), NOTHING_KNOWN).unwrap();
        assert_eq!(quoted("2025-03-07T18:00:00Z"), (at("2025-03-10T09:06:00Z"), Basis::Opening));
        // What does not fit before the close goes on at the opening.
        let friday = at("2025-03-07T16:58:00Z");
        let (time, _) = quote(&office(), friday, load(1, 1, 0), NOTHING_KNOWN).unwrap();
        assert_eq!(time, at("2025-03-10T09:04:00Z"));
    }

    #[test]
    fn the_record_tells_how_long_calls_take() {
        let times: Vec<Micros> = (1..=20).map(|number| number * MINUTE).collect();
        let record = Record::of(times.clone(), times[..19].to_vec());
        assert_eq!(record, Record { handling: 16 * MINUTE, wait: WAIT }, "19 are too few");
        assert_eq!(Record::of(vec![1; 20], vec![Micros::MAX; 20]), Record { handling: SHORTEST, wait: LONGEST });
    }

    #[test]
    fn slots_are_working_time_with_room() {
        let monday = at("2025-03-03T15:50:00Z");
        let taken = BTreeMap::from([(at("2025-03-03T16:00:00Z"), 2), (at("2025-03-03T16:30:00Z"), 1)]);
        let slots = free_slots(&office(), monday, 2, &taken);
        assert_eq!(slots.len(), OFFERED);
        assert_eq!(slots[..2], [(at("2025-03-03T16:30:00Z"), 1), (at("2025-03-04T09:00:00Z"), 2)]);
        assert!(free_slots(&office(), monday, 0, &taken).is_empty());
        for wrong in ["2025-03-03T15:30:00Z", "2025-03-03T16:10:00Z", "2025-03-03T17:00:00Z", "2025-03-18T09:00:00Z"] {
            assert!(!is_slot(&office(), monday, at(wrong)), "{wrong}");
        }
    }

    fn loads() -> impl Strategy<Value = Load> {
        (0..8_i64, 0..8_i64, 0..200_i64).prop_map(|(capacity, busy, waiting)| load(capacity, busy, waiting))
    }

    proptest! {
        #[test]
        fn a_longer_line_is_never_quoted_less(
            one in loads(),
            more in 0..50_i64,
            handling in SHORTEST..LONGEST,
            after in 0..14 * 24 * 60_i64,
        ) {
            let now = at("2025-03-03T00:00:00Z") + after * MINUTE;
            let record = Record { handling, wait: WAIT };
            let quoted = |load| quote(&office(), now, load, record).unwrap().0;
            let longer = quoted(Load { waiting: one.waiting + more, ..one });
            let busier = quoted(Load { busy: one.busy + more, ..one });
            let stronger = quoted(Load { capacity: one.capacity + more, ..one });
            prop_assert!(stronger <= quoted(one) && quoted(one) <= longer.min(busier));
        }

        /// With as many at once as are on duty, and every call as long as four in five are at most: the line, call by call.
        #[test]
        fn never_earlier_than_the_line_implies(one in loads(), handling in SHORTEST..LONGEST) {
            let now = at("2025-03-03T10:00:00Z");
            let record = Record { handling, wait: WAIT };
            let (quoted, basis) = quote(&office(), now, one, record).unwrap();
            let mut free_at = vec![0; usize::try_from(one.capacity.max(1)).unwrap()];
            for _ in 0..one.busy + one.waiting {
                free_at.sort_unstable();
                free_at[0] += handling;
            }
            let turn = free_at.into_iter().min().unwrap();
            prop_assert!(office().elapsed(now, quoted) >= turn + MINUTE);
            prop_assert_eq!(basis == Basis::Capacity, one.capacity > one.busy + one.waiting);
        }

        #[test]
        fn quotes_are_in_working_time(one in loads(), after in 0..14 * 24 * 60_i64) {
            let now = at("2025-03-03T00:00:00Z") + after * MINUTE;
            let (quoted, _) = quote(&office(), now, one, NOTHING_KNOWN).unwrap();
            // At the close at the latest.
            prop_assert!(office().elapsed(quoted - 1, quoted) == 1);
        }
    }
}
