//! The instants of a row: what the file tells, in order, then what is told by them.

use jiff::{Timestamp, tz::TimeZone};

use super::{
    instant,
    mapping::{INSTANTS, TimeField, Times},
    moment::{Plan, Told},
    table::Row,
    zone,
};

/// Something to say of a row that is taken all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    /// A clock showed one of its times twice, and its other times do not tell which one it was.
    TimeRepeated,
    /// A time names an offset that the mapping's time zone does not have then.
    OffsetContradicts,
}

impl Remark {
    /// For people; completes "n rows: ...".
    pub const fn text(self) -> &'static str {
        match self {
            Self::TimeRepeated => {
                "a local time that the clocks showed twice, and nothing else in the row tells which one it was: \
                 the earlier one was taken"
            }
            Self::OffsetContradicts => {
                "a time names an offset from UTC that the mapping's time_zone does not have then: the offset holds"
            }
        }
    }
}

/// What a row's instants are.
#[derive(Debug, Default)]
pub struct Reading {
    /// Arrived, requested, connected, ended; without those that count as missing.
    pub kept: [Option<Timestamp>; 4],
    /// The same with them.
    pub known: [Option<Timestamp>; 4],
    /// What cannot be read.
    pub reasons: Vec<String>,
    /// What is to be said.
    pub remarks: Vec<Remark>,
}

/// Reads the instants of a row. `zone` is that of local times.
pub fn read(times: &Times, zone: &TimeZone, row: &Row<'_>) -> Reading {
    let mut reading = Reading::default();
    let plans = [0, 1, 2, 3].map(|place| plan(&times.fields, place, row, &mut Vec::new()));
    let told = told(&plans, row, &mut reading);
    let mut readings = told.each_ref().map(|told| told.as_ref().map(|told| told.reading));
    if times.roll_over_at_midnight {
        instant::roll_over(&mut readings);
    }
    let mut zoned = [None; 4];
    for (place, told) in told.iter().enumerate() {
        let zone = told.as_ref().and_then(|told| told.zone.as_ref()).unwrap_or(zone);
        zoned[place] = readings[place].map(|reading| (reading, zone));
    }
    let resolved = zone::resolve(zoned);
    if resolved.is_free {
        reading.remarks.push(Remark::TimeRepeated);
    }
    for (place, instant) in resolved.instants.into_iter().enumerate() {
        match instant.transpose() {
            Ok(instant) => reading.known[place] = instant,
            Err(reason) => reading.reasons.push(format!("{}: {reason}", INSTANTS[place])),
        }
    }
    if contradicts(times, &told, &reading.known) {
        reading.remarks.push(Remark::OffsetContradicts);
    }
    relate(&plans, row, &mut reading);
    drop_missing(times, &mut reading);
    reading
}

/// How an instant comes about. Of two that are told by each other, neither is known.
fn plan<'a>(fields: &'a [TimeField; 4], place: usize, row: &Row<'_>, asked: &mut Vec<usize>) -> Option<Plan<'a>> {
    if asked.contains(&place) {
        return None;
    }
    asked.push(place);
    let plan = fields[place].from.plan(row, |other| plan(fields, other, row, asked).is_some());
    asked.pop();
    plan
}

fn told(plans: &[Option<Plan<'_>>; 4], row: &Row<'_>, reading: &mut Reading) -> [Option<Told>; 4] {
    let mut told = [None, None, None, None];
    for (place, plan) in plans.iter().enumerate() {
        let Some(Plan::Told(rule)) = plan else { continue };
        match rule.read(row) {
            Ok(one) => told[place] = Some(one),
            Err(reason) => reading.reasons.push(format!("{}: {reason}", INSTANTS[place])),
        }
    }
    told
}

/// The mapping's own zone is a statement about the file; the organisation's is not.
fn contradicts(times: &Times, told: &[Option<Told>; 4], known: &[Option<Timestamp>; 4]) -> bool {
    let Some(zone) = &times.zone else { return false };
    let mut pairs = told.iter().zip(known).filter_map(|(told, instant)| Some((told.as_ref()?.offset?, (*instant)?)));
    pairs.any(|(offset, instant)| zone.to_offset(instant) != offset)
}

/// Adds the instants that are told by others. One whose other cannot be read is not known, which is no second reason.
fn relate(plans: &[Option<Plan<'_>>; 4], row: &Row<'_>, reading: &mut Reading) {
    for _ in plans {
        for (place, plan) in plans.iter().enumerate() {
            let Some(Plan::Relative(rule)) = plan else { continue };
            let Some(other) = reading.known[rule.other].filter(|_| reading.known[place].is_none()) else { continue };
            match rule.read(row, other) {
                Ok(instant) => reading.known[place] = Some(instant),
                Err(reason) => {
                    let reason = format!("{}: {reason}", INSTANTS[place]);
                    if !reading.reasons.contains(&reason) {
                        reading.reasons.push(reason);
                    }
                }
            }
        }
    }
}

/// Judged on the instants as they were read: one that is dropped still speaks against another.
fn drop_missing(times: &Times, reading: &mut Reading) {
    let known = reading.known;
    for (place, field) in times.fields.iter().enumerate() {
        let other = |place: Option<usize>| place.and_then(|place| known[place]);
        let instant = known[place];
        let earlier = other(field.missing_if_earlier_than).is_some_and(|other| instant.is_some_and(|at| at < other));
        let later = other(field.missing_if_later_than).is_some_and(|other| instant.is_some_and(|at| at > other));
        reading.kept[place] = instant.filter(|_| !earlier && !later);
    }
}
