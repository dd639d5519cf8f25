//! `elapsed` and `due` are inverses in every zone, across its gaps and folds.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up fails")]

use std::collections::BTreeMap;

use jiff::{
    SignedDuration, Timestamp,
    civil::Date,
    tz::{self, TimeZone},
};
use proptest::prelude::*;
use rapport_calendar::{Calendar, Dated, Hours, Interval, Micros, Segment, consumed, reached};

const HOUR: Micros = 3_600_000_000;

fn zones() -> Vec<TimeZone> {
    tz::db().available().filter_map(|name| tz::db().get(name.as_str()).ok()).collect()
}

fn hours() -> impl Strategy<Value = Hours> {
    let whole = Just(Hours::all_day());
    let some = prop::collection::btree_set(0_u16..1440, 0..6).prop_map(|marks| {
        let marks: Vec<u16> = marks.into_iter().collect();
        let mut intervals: Vec<_> = marks.chunks_exact(2).map(|pair| Interval { from: pair[0], to: pair[1] }).collect();
        // An odd one out works into the night.
        if let [from] = marks.chunks_exact(2).remainder() {
            intervals.push(Interval { from: *from, to: from + 700 });
        }
        Hours::new(intervals).unwrap()
    });
    prop_oneof![1 => whole, 6 => some]
}

fn near(date: Date, dated: Vec<(i64, Hours)>) -> BTreeMap<Date, Dated> {
    let day = |days: i64| date.saturating_add(jiff::Span::new().days(days));
    dated.into_iter().map(|(days, hours)| (day(days), Dated { hours, name: "holiday".to_owned() })).collect()
}

prop_compose! {
    /// A calendar in any zone, and an instant near one of the zone's changes.
    fn case()(
        zone in prop::sample::select(zones()),
        week in prop::array::uniform7(hours()),
        dated in prop::collection::vec((-6_i64..7, hours()), 0..5),
        around in 0_i64..1_900_000_000,
        offset in -3 * 24 * HOUR..3 * 24 * HOUR,
    ) -> Option<(Calendar, Micros)> {
        let around = Timestamp::from_second(around).unwrap();
        let change = zone.following(around).next().map_or(around, |change| change.timestamp());
        let date = zone.to_datetime(change).date();
        let calendar = Calendar::new(zone, week, near(date, dated)).ok()?;
        Some((calendar, change.as_microsecond() + offset))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn elapsed_until_due_is_what_was_asked(case in case(), working in 0..60 * HOUR) {
        let Some((calendar, start)) = case else { return Ok(()) };
        let Some(due) = calendar.due(start, working) else { return Ok(()) };
        prop_assert_eq!(calendar.elapsed(start, due), working);
        // It is the first such instant.
        prop_assert!(working == 0 || calendar.elapsed(start, due - 1) == working - 1);
    }

    #[test]
    fn time_adds_up(case in case(), first in 0..90 * HOUR, second in 0..90 * HOUR) {
        let Some((calendar, start)) = case else { return Ok(()) };
        let (middle, end) = (start + first, start + first + second);
        let whole = calendar.elapsed(start, end);
        prop_assert_eq!(calendar.elapsed(start, middle) + calendar.elapsed(middle, end), whole);
        prop_assert!(whole <= end - start);
        prop_assert_eq!(Calendar::around_the_clock().elapsed(start, end), end - start);
        let spans: Vec<_> = calendar.spans(start, end).collect();
        prop_assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from), "{:?}", spans);
    }

    /// All day on every day leaves no moment out, whatever the clocks do.
    #[test]
    fn all_day_is_every_moment(zone in prop::sample::select(zones()), at in 0_i64..1_900_000_000, hours in 1_i64..200) {
        let at = Timestamp::from_second(at).unwrap();
        let start = zone.following(at).next().map_or(at, |change| change.timestamp()).as_microsecond() - 20 * HOUR;
        let calendar = Calendar::new(zone, std::array::from_fn(|_| Hours::all_day()), BTreeMap::new()).unwrap();
        prop_assert_eq!(calendar.elapsed(start, start + hours * HOUR), hours * HOUR);
    }

    /// What the zone's clocks show says whether people work, wherever no opening or closing lies in a jump.
    #[test]
    fn a_moment_counts_if_the_clocks_say_so(case in case(), minutes in 0_i64..4_000) {
        let Some((calendar, start)) = case else { return Ok(()) };
        let at = (start / 60_000_000 + minutes) * 60_000_000;
        let zone = calendar.zone().clone();
        let stamp = Timestamp::from_microsecond(at).unwrap();
        // Far from changes the simple rule is right.
        let calm = zone.following(stamp - SignedDuration::from_hours(60)).next()
            .is_none_or(|change| change.timestamp() > stamp + SignedDuration::from_hours(60));
        if !calm {
            return Ok(());
        }
        let local = zone.to_datetime(stamp);
        // A zone of old may have seconds in its offset: then a minute of ours is none of theirs.
        if local.second() != 0 {
            return Ok(());
        }
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
        let open = |date: Date, minute: u16| {
            calendar.hours_of(date).intervals().iter().any(|one| one.from <= minute && minute < one.to)
        };
        let expected = open(local.date(), minute) || open(local.date().yesterday().unwrap(), minute + 1440);
        prop_assert_eq!(calendar.elapsed(at, at + 1), Micros::from(expected));
    }

    /// Pauses, and a calendar that changes under way: the target is reached when so much was counted.
    #[test]
    fn a_clock_reaches_what_it_has_counted(
        one in case(),
        other in case(),
        lengths in prop::collection::vec((0..40 * HOUR, 0_u8..3), 1..7),
        target in 0..60 * HOUR,
    ) {
        let (Some((one, start)), Some((other, _))) = (one, other) else { return Ok(()) };
        let mut from = start;
        let mut segments: Vec<_> = lengths.iter().map(|(length, kind)| {
            let segment = Segment { from, to: Some(from + length), running: [None, Some(&one), Some(&other)][usize::from(*kind)] };
            from += length;
            segment
        }).collect();
        segments.last_mut().unwrap().to = None;
        match reached(&segments, target) {
            Some(due) => {
                prop_assert_eq!(consumed(&segments, due), target);
                prop_assert!(target == 0 || consumed(&segments, due - 1) < target);
            }
            None => prop_assert!(consumed(&segments, from + 400 * HOUR) < target),
        }
    }
}
