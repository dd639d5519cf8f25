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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::MappingFile;

    const HEADER: [&str; 7] = ["start", "wait", "talk", "end", "total", "zone", "how"];

    fn times(rules: &str, cells: [&str; 7]) -> Result<([String; 4], Vec<Remark>), Vec<String>> {
        let text = format!("source = 's'\nkey = 'start'\n[interaction]\nchannel = {{ constant = 'email' }}\n{rules}");
        let header = HEADER.map(str::to_owned);
        let mapping = MappingFile::parse(&text).and_then(|file| file.interactions(&header)).map_err(|all| all.0)?;
        let zone = mapping.common.zone.clone().unwrap_or(TimeZone::UTC);
        let reading = read(&mapping.fields.times, &zone, &Row::new(cells.to_vec()));
        let shown = reading.kept.map(|at| at.map(|at| at.to_string()).unwrap_or_default());
        if reading.reasons.is_empty() { Ok((shown, reading.remarks)) } else { Err(reading.reasons) }
    }

    const FORWARD: &str = "requested_time.from = { column = 'start' }\n\
        connected_time.from = { after = 'requested_time', column = 'wait', format = ['s', 'mm:ss'], when = { how = 'ok' } }\n\
        ended_time.from = [{ after = 'connected_time', column = 'talk', format = 'min' }, { after = 'requested_time', column = 'wait' }]";

    #[test]
    fn times_are_told_by_durations() {
        let row = |wait, talk, how| times(FORWARD, ["2026-01-02 09:00:00", wait, talk, "", "", "", how]);
        let (shown, _) = row("90", "2.5", "ok").unwrap();
        assert_eq!(shown, ["", "2026-01-02T09:00:00Z", "2026-01-02T09:01:30Z", "2026-01-02T09:04:00Z"]);
        let (shown, _) = row("1:05", "1", "ok").unwrap();
        assert_eq!(shown[2..], ["2026-01-02T09:01:05Z", "2026-01-02T09:02:05Z"]);
        // Abandoned after waiting.
        let (shown, _) = row("30", "", "lost").unwrap();
        assert_eq!(shown, ["", "2026-01-02T09:00:00Z", "", "2026-01-02T09:00:30Z"]);
        let rules =
            "ended_time.from = { column = 'end' }\nrequested_time.from = { before = 'ended_time', column = 'total' }";
        let (shown, _) = times(rules, ["", "", "", "2026-01-02 09:00:00", "0:01:00", "", ""]).unwrap();
        assert_eq!(shown[1], "2026-01-02T08:59:00Z");
    }

    #[test]
    fn impossible_durations_reject_the_row() {
        let fault = |wait| times(FORWARD, ["2026-01-02 09:00:00", wait, "1", "", "", "", "ok"]).unwrap_err();
        assert_eq!(fault("-5"), ["connected_time: \"wait\" is \"-5\" and must not be negative"]);
        assert!(fault("99999999")[0].contains("longer than a rule allows"), "{:?}", fault("99999999"));
        assert!(fault("$5")[0].contains("money"));
        // One that cannot be read is not known, which is no second reason.
        let unread = times(FORWARD, ["soon", "5", "1", "", "", "", "ok"]).unwrap_err();
        assert_eq!(unread.len(), 1, "{unread:?}");
    }

    #[test]
    fn times_told_by_one_another_only_are_a_mistake() {
        let rules = "requested_time.from = { before = 'ended_time', column = 'total' }\n\
            ended_time.from = { after = 'requested_time', column = 'total' }";
        let mistakes = times(rules, [""; 7]).unwrap_err();
        assert!(mistakes.iter().any(|one| one.contains("told by another instant only")), "{mistakes:?}");
        let question = times("requested_time.from = { column = 'start', format = '?' }", [""; 7]).unwrap_err();
        assert!(question[0].contains("only you can answer"), "{question:?}");
    }

    #[test]
    fn a_day_and_a_time_of_day_in_two_columns() {
        let row =
            |rules: &str, day, clock| times(rules, [day, clock, "", "", "", "", ""]).map(|(shown, _)| shown[1].clone());
        let of = |format| {
            format!(
                "requested_time.from = {{ column = 'start', format = ['%d/%m/%Y', 'excel'], time_of_day = {{ column = 'wait', format = '{format}' }} }}"
            )
        };
        assert_eq!(row(&of("d"), "01/01/2021", "0.38400463").as_deref(), Ok("2021-01-01T09:12:58Z"));
        assert_eq!(row(&of("h:mm am/pm"), "44197", "1:05 PM").as_deref(), Ok("2021-01-01T13:05:00Z"));
        assert_eq!(row(&of("h:mm"), "31/12/2020", "24:00").as_deref(), Ok("2021-01-01T00:00:00Z"));
        assert!(row(&of("h:mm"), "31/12/2020", "25:00").is_err());
    }

    #[test]
    fn zones_in_the_file() {
        let rules = "requested_time.from = { column = 'start', time_zone = { column = 'zone' } }";
        let row = |start, zone| times(rules, [start, "", "", "", "", zone, ""]).map(|(shown, _)| shown[1].clone());
        assert_eq!(row("2026-01-02 09:00:00", "Asia/Shanghai").as_deref(), Ok("2026-01-02T01:00:00Z"));
        assert_eq!(row("2026-01-02 09:00:00", "-05:00").as_deref(), Ok("2026-01-02T14:00:00Z"));
        assert_eq!(row("2026-01-02T09:00:00+08:00", "Asia/Shanghai").as_deref(), Ok("2026-01-02T01:00:00Z"));
        assert!(row("2026-01-02T09:00:00+02:00", "Asia/Shanghai").unwrap_err()[0].contains("Asia/Shanghai"));
        assert!(row("2026-01-02 09:00:00", "CST").unwrap_err()[0].contains("not an IANA time zone"));
    }

    #[test]
    fn an_offset_holds_against_the_mapping_and_is_remarked() {
        let text = "requested_time.from = { column = 'start' }";
        let zoned = |start| {
            let text = format!(
                "source = 's'\nkey = 'start'\ntime_zone = 'Europe/Berlin'\n[interaction]\nchannel = {{ constant = 'email' }}\n{text}"
            );
            let mapping = MappingFile::parse(&text).unwrap().interactions(&HEADER.map(str::to_owned)).unwrap();
            let zone = mapping.common.zone.clone().unwrap();
            let reading = read(&mapping.fields.times, &zone, &Row::new(vec![start, "", "", "", "", "", ""]));
            (reading.kept[1].unwrap().to_string(), reading.remarks)
        };
        assert_eq!(
            zoned("2026-01-02T09:00:00+08:00"),
            ("2026-01-02T01:00:00Z".to_owned(), vec![Remark::OffsetContradicts])
        );
        assert_eq!(zoned("2026-01-02T09:00:00+01:00").1, []);
        assert_eq!(zoned("2026-01-02T09:00:00Z").1, []);
        assert_eq!(zoned("2026-10-25 02:30:00").1, [Remark::TimeRepeated]);
    }
}
