//! Between the contract's messages and calendars.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use rapport_calendar::{Calendar, Dated, Hours};

use super::{
    Version,
    explain::{Explained, Stretch},
};
use crate::{
    api::{
        convert::{micros, normal, optional, timestamp},
        v1::{self, DueSpanKind},
    },
    clock::Micros,
    directory::etag,
    error::{Error, Reason, Result, Violation},
};

/// Reads a calendar, or everything that is wrong with it. Number and time are given when it is written.
pub(super) fn read(message: v1::Calendar, author: &str) -> Result<Version> {
    let mut found = Vec::new();
    let zone = TimeZone::get(&message.time_zone).ok().filter(|zone| zone.iana_name().is_some());
    if zone.is_none() {
        let rule = "must be an IANA time zone such as Asia/Shanghai";
        found.push(Violation::new("calendar.time_zone", Reason::Malformed, rule));
    }
    let days = [
        ("monday", &message.monday),
        ("tuesday", &message.tuesday),
        ("wednesday", &message.wednesday),
        ("thursday", &message.thursday),
        ("friday", &message.friday),
        ("saturday", &message.saturday),
        ("sunday", &message.sunday),
    ];
    let week = days.map(|(day, text)| hours(text, &format!("calendar.{day}"), &mut found));
    let mut dated = BTreeMap::new();
    for (place, one) in message.dated_hours.iter().enumerate() {
        let field = format!("calendar.dated_hours[{place}]");
        let hours = hours(&one.hours, &format!("{field}.hours"), &mut found);
        let Some(date) = date(&one.date, &format!("{field}.date"), &mut found) else { continue };
        if dated.insert(date, Dated { hours, name: one.name.clone() }).is_some() {
            found.push(Violation::new(format!("{field}.date"), Reason::Malformed, "must name each date once"));
        }
    }
    Error::unless_empty(found)?;
    let calendar = zone.and_then(|zone| Calendar::new(zone, week, dated).ok());
    let calendar = calendar.ok_or_else(|| {
        Error::invalid("calendar.monday", Reason::FieldRequired, "some day of a calendar must have working hours")
    })?;
    Ok(Version {
        id: normal(message.calendar_id),
        number: 0,
        display_name: optional(message.display_name),
        calendar,
        author: author.to_owned(),
        created_at: 0,
    })
}

fn hours(text: &str, field: &str, found: &mut Vec<Violation>) -> Hours {
    text.parse().unwrap_or_else(|error| {
        found.push(Violation::new(field, Reason::Malformed, format!("must be hours of a day: {error}")));
        Hours::default()
    })
}

/// A date as `2026-10-01`.
pub(super) fn date(text: &str, field: &str, found: &mut Vec<Violation>) -> Option<Date> {
    let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    if date.is_none() {
        found.push(Violation::new(field, Reason::Malformed, "must be a date such as 2026-10-01"));
    }
    date
}

/// A version as callers see it; `newest`: whether it is its calendar's.
pub(super) fn write(version: Version, newest: bool) -> v1::Calendar {
    let [monday, tuesday, wednesday, thursday, friday, saturday, sunday] =
        version.calendar.week().each_ref().map(Hours::to_string);
    let dated = version.calendar.dated().iter().map(|(date, dated)| v1::DatedHours {
        date: date.to_string(),
        hours: dated.hours.to_string(),
        name: dated.name.clone(),
    });
    v1::Calendar {
        calendar_id: version.id,
        version: version.number,
        display_name: version.display_name.unwrap_or_default(),
        time_zone: version.calendar.zone().iana_name().unwrap_or_default().to_owned(),
        monday,
        tuesday,
        wednesday,
        thursday,
        friday,
        saturday,
        sunday,
        dated_hours: dated.collect(),
        author: version.author,
        create_time: Some(timestamp(version.created_at)),
        etag: if newest { etag(i64::from(version.number)) } else { String::new() },
    }
}

/// Reads pauses, which are in order, apart, and not before the start.
pub(super) fn read_pauses(start: Micros, messages: &[v1::Pause]) -> Result<Vec<(Micros, Option<Micros>)>> {
    let mut earliest = Some(start);
    let mut pauses = Vec::with_capacity(messages.len());
    for (place, message) in messages.iter().enumerate() {
        let (from, to) =
            (message.start_time.as_ref().map(micros).unwrap_or_default(), message.end_time.as_ref().map(micros));
        if earliest.is_none_or(|earliest| from < earliest) {
            let rule = "must not be before start_time, nor before the pause ahead of it ends";
            return Err(Error::invalid(format!("pauses[{place}].start_time"), Reason::ImpossibleInstants, rule));
        }
        if to.is_some_and(|to| to < from) {
            let rule = "must not be before its start_time";
            return Err(Error::invalid(format!("pauses[{place}].end_time"), Reason::ImpossibleInstants, rule));
        }
        pauses.push((from, to));
        earliest = to;
    }
    Ok(pauses)
}

/// An explanation as callers see it.
pub(super) fn write_explained(explained: Explained, version: Option<Version>) -> v1::ExplainDueResponse {
    let (calendar_id, calendar_version) = version.map(|version| (version.id, version.number)).unwrap_or_default();
    v1::ExplainDueResponse {
        due_time: explained.due.map(timestamp),
        calendar_id,
        calendar_version,
        spans: explained.stretches.into_iter().map(write_stretch).collect(),
        omitted_span_count: i32::try_from(explained.omitted).unwrap_or(i32::MAX),
    }
}

/// A stretch of an explanation as callers see it.
pub(crate) fn write_stretch(one: Stretch) -> v1::DueSpan {
    v1::DueSpan {
        start_time: Some(timestamp(one.from)),
        end_time: one.to.map(timestamp),
        kind: DueSpanKind::into(one.kind),
        name: one.name,
    }
}
