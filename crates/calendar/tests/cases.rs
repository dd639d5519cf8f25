//! Due times that helpdesks got wrong in public, one line each, worked out by hand: alarms on weekends, the minute at midnight,
//! pauses over weekends, targets changed while a clock stands, days of 23 and 25 hours.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up fails")]

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use rapport_calendar::{Calendar, Dated, Micros, Segment, consumed, reached};

const MINUTE: Micros = 60_000_000;

/// Zone, hours from Monday separated by `|`, and dates with other hours.
struct Kind(&'static str, &'static str, &'static [(&'static str, &'static str)]);

const HOLIDAYS: &[(&str, &str)] =
    &[("2025-11-01", ""), ("2025-12-24", "09:00-12:00"), ("2025-12-25", ""), ("2025-12-26", ""), ("2026-01-01", "")];
const GOLDEN_WEEK: &[(&str, &str)] = &[
    ("2025-09-28", "09:00-17:00"),
    ("2025-10-01", ""),
    ("2025-10-02", ""),
    ("2025-10-03", ""),
    ("2025-10-06", ""),
    ("2025-10-07", ""),
    ("2025-10-08", ""),
];
const WEEKDAYS: &str = "09:00-17:00|09:00-17:00|09:00-17:00|09:00-17:00|09:00-17:00||";
const EVERY_NIGHT: &str = "22:00-06:00|22:00-06:00|22:00-06:00|22:00-06:00|22:00-06:00|22:00-06:00|22:00-06:00";
const ALWAYS: &str = "00:00-24:00|00:00-24:00|00:00-24:00|00:00-24:00|00:00-24:00|00:00-24:00|00:00-24:00";

const OFFICE: Kind = Kind("Europe/Berlin", WEEKDAYS, HOLIDAYS);
const SPLIT: Kind = Kind(
    "Europe/Berlin",
    "09:00-12:30,13:30-18:00|09:00-12:30,13:30-18:00|09:00-12:30,13:30-18:00|09:00-12:30,13:30-18:00|09:00-12:30||",
    &[],
);
const LATE: Kind = Kind("Europe/Berlin", "08:00-24:00|08:00-24:00|08:00-24:00|08:00-24:00|08:00-24:00||", &[]);
const NIGHT: Kind = Kind("Europe/Berlin", EVERY_NIGHT, &[]);
const ALL: Kind = Kind("Europe/Berlin", ALWAYS, &[]);
const SHANGHAI: Kind = Kind("Asia/Shanghai", WEEKDAYS, GOLDEN_WEEK);
const NEW_YORK: Kind = Kind("America/New_York", WEEKDAYS, &[]);
const AUCKLAND: Kind = Kind("Pacific/Auckland", WEEKDAYS, &[]);
const KATHMANDU: Kind = Kind("Asia/Kathmandu", WEEKDAYS, &[]);
const TWO_DAYS: Kind = Kind("Europe/Berlin", "|09:00-17:00||09:00-17:00|||", &[]);
const EARLY_SUNDAY: Kind = Kind("Europe/Berlin", "||||||02:00-04:00", &[]);

fn calendar(Kind(zone, week, dated): &Kind) -> Calendar {
    let days: Vec<_> = week.split('|').map(|hours| hours.parse().unwrap()).collect();
    let dated: BTreeMap<_, _> = dated
        .iter()
        .map(|(date, hours)| (date.parse().unwrap(), Dated { hours: hours.parse().unwrap(), name: String::new() }))
        .collect();
    Calendar::new(TimeZone::get(zone).unwrap(), days.try_into().unwrap(), dated).unwrap()
}

fn at(calendar: &Calendar, local: &str) -> Micros {
    let local: DateTime = local.parse().unwrap();
    calendar.zone().to_timestamp(local).unwrap().as_microsecond()
}

fn shown(calendar: &Calendar, at: Option<Micros>) -> String {
    let local = |at| calendar.zone().to_datetime(Timestamp::from_microsecond(at).unwrap()).strftime("%Y-%m-%d %H:%M");
    at.map_or_else(|| "-".to_owned(), |at| local(at).to_string())
}

/// What happens, the calendar, the start, the target in minutes, when the clock is paused and resumed in turn, and when it is due.
type Case = (&'static str, Kind, &'static str, i64, &'static [&'static str], &'static str);

const CASES: &[Case] = &[
    ("within a day", OFFICE, "2025-03-03 10:00", 120, &[], "2025-03-03 12:00"),
    ("what takes the rest of the day is due at its close", OFFICE, "2025-03-03 15:00", 120, &[], "2025-03-03 17:00"),
    ("one minute more is due on the next day", OFFICE, "2025-03-03 15:00", 121, &[], "2025-03-04 09:01"),
    ("no alarm at the weekend", OFFICE, "2025-03-07 16:00", 120, &[], "2025-03-10 10:00"),
    ("opened on a Saturday", OFFICE, "2025-03-08 11:00", 60, &[], "2025-03-10 10:00"),
    ("opened in the last minute of a Sunday", OFFICE, "2025-03-09 23:59", 60, &[], "2025-03-10 10:00"),
    ("opened before the day begins", OFFICE, "2025-03-03 07:00", 60, &[], "2025-03-03 10:00"),
    ("opened when the day ends", OFFICE, "2025-03-03 17:00", 60, &[], "2025-03-04 10:00"),
    ("a working day is a working day", OFFICE, "2025-03-03 09:00", 480, &[], "2025-03-03 17:00"),
    ("three working days end on the third", OFFICE, "2025-03-03 09:00", 1440, &[], "2025-03-05 17:00"),
    ("five working days from a Wednesday", OFFICE, "2025-03-05 12:00", 2400, &[], "2025-03-12 12:00"),
    ("over lunch", SPLIT, "2025-03-03 12:00", 60, &[], "2025-03-03 14:00"),
    ("opened at lunch", SPLIT, "2025-03-03 12:45", 30, &[], "2025-03-03 14:00"),
    ("due when lunch begins", SPLIT, "2025-03-03 12:00", 30, &[], "2025-03-03 12:30"),
    ("a short Friday", SPLIT, "2025-03-07 12:00", 60, &[], "2025-03-10 09:30"),
    ("the minute at midnight", LATE, "2025-03-03 23:30", 30, &[], "2025-03-04 00:00"),
    ("the minute after it", LATE, "2025-03-03 23:30", 31, &[], "2025-03-04 08:01"),
    ("Friday's midnight is no Saturday", LATE, "2025-03-07 23:00", 90, &[], "2025-03-10 08:30"),
    ("no minute is lost at midnight", ALL, "2025-03-03 23:30", 60, &[], "2025-03-04 00:30"),
    ("nor in a week of midnights", ALL, "2025-03-03 00:00", 7 * 1440, &[], "2025-03-10 00:00"),
    ("past midnight", NIGHT, "2025-03-03 23:00", 120, &[], "2025-03-04 01:00"),
    ("the night belongs to the evening before", NIGHT, "2025-03-04 03:00", 240, &[], "2025-03-04 23:00"),
    ("opened by day, worked by night", NIGHT, "2025-03-04 12:00", 60, &[], "2025-03-04 23:00"),
    ("half a day and two holidays", OFFICE, "2025-12-24 11:00", 120, &[], "2025-12-29 10:00"),
    ("opened on a holiday", OFFICE, "2025-12-25 10:00", 60, &[], "2025-12-29 10:00"),
    ("over New Year", OFFICE, "2025-12-31 16:00", 120, &[], "2026-01-02 10:00"),
    ("a holiday on a Saturday takes nothing", OFFICE, "2025-10-31 16:00", 120, &[], "2025-11-03 10:00"),
    ("a Sunday that is worked", SHANGHAI, "2025-09-26 16:00", 120, &[], "2025-09-28 10:00"),
    ("a golden week", SHANGHAI, "2025-09-30 16:00", 120, &[], "2025-10-09 10:00"),
    ("29 February", OFFICE, "2024-02-28 16:00", 120, &[], "2024-02-29 10:00"),
    ("open on two days a week", TWO_DAYS, "2025-03-04 16:00", 120, &[], "2025-03-06 10:00"),
    (
        "paused over the weekend",
        OFFICE,
        "2025-03-07 16:00",
        120,
        &["2025-03-07 16:30", "2025-03-10 10:00"],
        "2025-03-10 11:30",
    ),
    ("paused by night", OFFICE, "2025-03-03 16:30", 60, &["2025-03-03 18:00", "2025-03-04 08:00"], "2025-03-04 09:30"),
    (
        "paused and resumed at once",
        OFFICE,
        "2025-03-03 10:00",
        60,
        &["2025-03-03 10:10", "2025-03-03 10:10"],
        "2025-03-03 11:00",
    ),
    ("a pause mends no breach", OFFICE, "2025-03-03 10:00", 30, &["2025-03-03 11:00"], "2025-03-03 10:30"),
    ("a clock that stands is not due", OFFICE, "2025-03-03 10:00", 60, &["2025-03-03 10:30"], "-"),
    (
        "paused twice",
        OFFICE,
        "2025-03-03 10:00",
        120,
        &["2025-03-03 10:30", "2025-03-03 11:00", "2025-03-03 11:30", "2025-03-03 13:00"],
        "2025-03-03 14:00",
    ),
    (
        "a pause inside a weekend takes nothing",
        OFFICE,
        "2025-03-07 16:00",
        120,
        &["2025-03-08 10:00", "2025-03-09 10:00"],
        "2025-03-10 10:00",
    ),
    (
        "a pause at lunch takes nothing",
        SPLIT,
        "2025-03-03 12:00",
        60,
        &["2025-03-03 12:30", "2025-03-03 13:30"],
        "2025-03-03 14:00",
    ),
    (
        "a pause that ends in the night",
        NIGHT,
        "2025-03-03 23:00",
        120,
        &["2025-03-03 23:30", "2025-03-04 05:30"],
        "2025-03-04 23:00",
    ),
    (
        "a target lengthened while it stands",
        OFFICE,
        "2025-03-03 10:00",
        180,
        &["2025-03-03 10:30", "2025-03-04 09:00"],
        "2025-03-04 11:30",
    ),
    (
        "a target shortened below what is counted",
        OFFICE,
        "2025-03-03 10:00",
        20,
        &["2025-03-03 10:30", "2025-03-04 09:00"],
        "2025-03-03 10:20",
    ),
    ("no time at all, on a Saturday", OFFICE, "2025-03-08 11:00", 0, &[], "2025-03-08 11:00"),
    ("a day of 23 hours", ALL, "2025-03-29 12:00", 1440, &[], "2025-03-30 13:00"),
    ("a day of 25 hours", ALL, "2025-10-25 12:00", 1440, &[], "2025-10-26 11:00"),
    ("a night of seven hours", NIGHT, "2025-03-29 22:00", 420, &[], "2025-03-30 06:00"),
    ("a night of nine hours", NIGHT, "2025-10-25 22:00", 540, &[], "2025-10-26 06:00"),
    ("a weekend in which the clocks change", OFFICE, "2025-03-28 16:00", 120, &[], "2025-03-31 10:00"),
    ("opening while the clocks jump", EARLY_SUNDAY, "2025-03-30 01:00", 60, &[], "2025-03-30 04:00"),
    ("by the calendar's clocks, not ours", NEW_YORK, "2025-03-07 16:30", 60, &[], "2025-03-10 09:30"),
    ("Monday there while it is Sunday here", AUCKLAND, "2025-03-03 08:00", 60, &[], "2025-03-03 10:00"),
    ("an offset of three quarters of an hour", KATHMANDU, "2025-03-03 16:45", 30, &[], "2025-03-04 09:15"),
];

#[test]
fn each_is_due_when_it_should_be() {
    assert!(CASES.len() >= 40);
    for (name, kind, start, minutes, marks, expected) in CASES {
        let calendar = calendar(kind);
        let marks: Vec<_> = [start].into_iter().chain(marks.iter()).map(|mark| at(&calendar, mark)).collect();
        let segments: Vec<_> = marks
            .iter()
            .enumerate()
            .map(|(place, from)| Segment {
                from: *from,
                to: marks.get(place + 1).copied(),
                running: (place % 2 == 0).then_some(&calendar),
            })
            .collect();
        let due = reached(&segments, minutes * MINUTE);
        assert_eq!(shown(&calendar, due), *expected, "{name}");
        if let Some(due) = due {
            assert_eq!(consumed(&segments, due), minutes * MINUTE, "{name}");
        }
    }
}

/// Two targets of one clock, such as the first answer and the solution, are both known from the start.
#[test]
fn every_target_is_due() {
    let calendar = calendar(&OFFICE);
    let from = at(&calendar, "2025-03-07 15:00");
    let segments = [Segment { from, to: None, running: Some(&calendar) }];
    let due = |minutes| shown(&calendar, reached(&segments, minutes * MINUTE));
    assert_eq!((due(60), due(240)), ("2025-03-07 16:00".to_owned(), "2025-03-10 11:00".to_owned()));
}

/// What was solved at the weekend took what was worked on it until then.
#[test]
fn nothing_is_counted_while_nobody_works() {
    let calendar = calendar(&OFFICE);
    let from = at(&calendar, "2025-03-07 16:00");
    assert_eq!(calendar.elapsed(from, at(&calendar, "2025-03-08 20:00")), 60 * MINUTE);
    assert_eq!(calendar.elapsed(at(&calendar, "2025-03-08 20:00"), from), 0);
}

/// A calendar that changes under way counts from then on; what was counted stays.
#[test]
fn a_new_calendar_counts_from_then_on() {
    let (office, all) = (calendar(&OFFICE), calendar(&ALL));
    let (from, change) = (at(&office, "2025-03-03 10:00"), at(&office, "2025-03-04 16:00"));
    let segments = [
        Segment { from, to: Some(change), running: Some(&office) },
        Segment { from: change, to: None, running: Some(&all) },
    ];
    assert_eq!(shown(&office, reached(&segments, 960 * MINUTE)), "2025-03-04 18:00");
    assert_eq!(shown(&office, reached(&segments[..1], 960 * MINUTE)), "-");
}

/// Reopened: the second clock counts from the reopening, and the first stays what it was.
#[test]
fn reopening_changes_nothing_of_the_first_clock() {
    let calendar = calendar(&OFFICE);
    let clock = |from: &str, to: Option<&str>| Segment {
        from: at(&calendar, from),
        to: to.map(|to| at(&calendar, to)),
        running: Some(&calendar),
    };
    let (first, second) = (clock("2025-03-03 10:00", Some("2025-03-03 11:00")), clock("2025-03-04 16:00", None));
    let now = at(&calendar, "2025-03-05 12:00");
    assert_eq!(consumed(&[first], now), 60 * MINUTE);
    assert_eq!(consumed(&[second], now), 240 * MINUTE);
    assert_eq!(shown(&calendar, reached(&[second], 120 * MINUTE)), "2025-03-05 10:00");
}
