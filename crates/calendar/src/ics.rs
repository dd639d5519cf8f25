//! Holidays from an iCalendar file (RFC 5545), as administrations and vendors publish them.
//!
//! Taken are events of whole days: once, over several days, or every year on their date. Everything else is named with the
//! reason why it was not taken, so that nobody believes it was.

use std::collections::BTreeMap;

use icalendar::parser::{Component, Property, read_calendar, unfold};
use jiff::{Span, ToSpan as _, civil::Date};

/// A file may have so many bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// A file may name so many dates in the years asked for.
pub const MAX_DATES: usize = 2_000;
/// An event may last so many days.
const MAX_DAYS: i32 = 366;

/// What a file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Holidays by date; the names of several on one date are joined.
    pub holidays: BTreeMap<Date, String>,
    /// Events that were not taken, each with its reason.
    pub left_out: Vec<(String, String)>,
}

/// Why a file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IcsError {
    /// More than [`MAX_BYTES`].
    #[error("the file has more than {MAX_BYTES} bytes")]
    TooLong,
    /// More than [`MAX_DATES`].
    #[error("the file names more than {MAX_DATES} dates")]
    TooMany,
    /// Another kind of file, or a damaged one.
    #[error("this is no iCalendar file: {0}")]
    Form(String),
}

/// Reads the holidays of a file that are not before `from` nor after `to`.
///
/// # Errors
/// A file that is too long, or none of the kind.
pub fn read(text: &str, from: Date, to: Date) -> Result<Found, IcsError> {
    if text.len() > MAX_BYTES {
        return Err(IcsError::TooLong);
    }
    let text = unfold(text.trim_start_matches('\u{feff}').trim_start());
    check_nesting(&text)?;
    let calendar = read_calendar(&text).map_err(|error| IcsError::Form(first_line(&error)))?;
    let mut found = Found::default();
    for event in calendar.components.iter().filter(|component| component.name == "VEVENT") {
        let name = value(event, "SUMMARY").unwrap_or_default().trim().to_owned();
        match dates(event, from, to) {
            Ok(dates) => {
                for date in dates {
                    let names = found.holidays.entry(date).or_default();
                    if !names.is_empty() && !name.is_empty() {
                        names.push_str(", ");
                    }
                    names.push_str(&name);
                }
            }
            Err(why) => found.left_out.push((name, why)),
        }
        if found.holidays.len() > MAX_DATES {
            return Err(IcsError::TooMany);
        }
    }
    Ok(found)
}

/// The parser calls itself for what is nested, and real files have two levels.
fn check_nesting(text: &str) -> Result<(), IcsError> {
    let mut depth = 0_usize;
    for line in text.lines() {
        let begins = line.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:"));
        let ends = line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("END:"));
        depth = if ends { depth.saturating_sub(1) } else { depth + usize::from(begins) };
        if depth > 8 {
            return Err(IcsError::Form("its components are nested too deep".to_owned()));
        }
    }
    Ok(())
}

fn first_line(error: &str) -> String {
    error
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && *line != "error:")
        .unwrap_or("it is damaged")
        .to_owned()
}

fn property<'a>(event: &'a Component<'_>, name: &str) -> Option<&'a Property<'a>> {
    event.find_prop(name)
}

fn value<'a>(event: &'a Component<'_>, name: &str) -> Option<&'a str> {
    property(event, name).map(|property| property.val.as_str())
}

/// The dates of an event within a time.
fn dates(event: &Component<'_>, from: Date, to: Date) -> Result<Vec<Date>, String> {
    if value(event, "STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")) {
        return Err("it is cancelled".to_owned());
    }
    if value(event, "RDATE").is_some() {
        return Err("it recurs by a list of dates".to_owned());
    }
    let begin = date(value(event, "DTSTART").ok_or("it has no DTSTART")?).ok_or("it is not of whole days")?;
    let days = days(event, begin)?;
    let without: Vec<Date> = excluded(event);
    let starts = match value(event, "RRULE") {
        None => vec![begin],
        Some(rule) => every_year(rule, begin, to)?,
    };
    let last = |start: &Date| start.checked_add((i64::from(days) - 1).days()).unwrap_or(Date::MAX);
    let starts = starts.into_iter().filter(|start| !without.contains(start) && *start <= to && last(start) >= from);
    let mut dates = Vec::new();
    for start in starts {
        dates.extend(
            start.series(1.day()).take_while(|day| *day <= last(&start) && *day <= to).filter(|day| *day >= from),
        );
    }
    Ok(dates)
}

/// `20251225`.
fn date(text: &str) -> Option<Date> {
    let is_date = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse().ok());
    if !is_date {
        return None;
    }
    let (year, month, day) = (text[..4].parse().ok()?, number(4..6)?, number(6..8)?);
    Date::new(year, month, day).ok()
}

/// How many days an event lasts: DTEND is the first day after it.
fn days(event: &Component<'_>, begin: Date) -> Result<i32, String> {
    let days = match (value(event, "DTEND"), value(event, "DURATION")) {
        (Some(end), _) => {
            let end = date(end).ok_or("its end is not a day")?;
            // Some programs write the day itself.
            (end - begin).get_days().max(i32::from(end == begin))
        }
        (None, None) => 1,
        (None, Some(duration)) => {
            let span: Span = duration.parse().map_err(|_| "its DURATION cannot be read")?;
            let whole = Span::new().weeks(span.get_weeks()).days(span.get_days());
            if span.fieldwise() == whole.fieldwise() { span.get_days() + span.get_weeks() * 7 } else { 0 }
        }
    };
    if (1..=MAX_DAYS).contains(&days) { Ok(days) } else { Err(format!("it does not last 1 to {MAX_DAYS} days")) }
}

fn excluded(event: &Component<'_>) -> Vec<Date> {
    let lists = event.properties.iter().filter(|property| property.name == "EXDATE");
    lists.flat_map(|list| list.val.as_str().split(',').filter_map(|one| date(one.get(..8)?))).collect()
}

/// The dates of a rule that means "every year on this date". Other rules are for calendars that know them.
fn every_year(rule: &str, begin: Date, to: Date) -> Result<Vec<Date>, String> {
    let other = || format!("it recurs by the rule {rule}, and only every year on its date is taken");
    let (mut yearly, mut until, mut count, mut interval) = (false, to, usize::MAX, 1_i16);
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (key, text) = part.split_once('=').ok_or_else(other)?;
        match key.to_ascii_uppercase().as_str() {
            "FREQ" => yearly = text.eq_ignore_ascii_case("YEARLY"),
            "UNTIL" => until = until.min(text.get(..8).and_then(date).ok_or_else(other)?),
            "COUNT" => count = text.parse().map_err(|_| other())?,
            "INTERVAL" => interval = text.parse().ok().filter(|years| *years > 0).ok_or_else(other)?,
            "BYMONTH" if text.parse() == Ok(begin.month()) => {}
            "BYMONTHDAY" if text.parse() == Ok(begin.day()) => {}
            "WKST" => {}
            _ => return Err(other()),
        }
    }
    if !yearly {
        return Err(other());
    }
    let years = (begin.year()..=until.year()).step_by(usize::from(interval.unsigned_abs()));
    // The 29th of February is there in leap years alone.
    let starts = years.filter_map(|year| Date::new(year, begin.month(), begin.day()).ok());
    Ok(starts.take(count).take_while(|start| *start <= until).collect())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;
    use proptest::prelude::*;

    use super::*;

    fn file(events: &[&str]) -> String {
        let events: String = events.iter().map(|event| format!("BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n")).collect();
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{events}END:VCALENDAR\r\n")
    }

    fn taken(event: &str) -> Vec<String> {
        let found = read(&file(&[event]), day(2025, 1, 1), day(2027, 12, 31)).unwrap();
        assert!(found.left_out.is_empty(), "{found:?}");
        found.holidays.iter().map(|(date, name)| format!("{date} {name}")).collect()
    }

    fn left_out(event: &str) -> String {
        let found = read(&file(&[event]), day(2025, 1, 1), day(2027, 12, 31)).unwrap();
        assert!(found.holidays.is_empty(), "{found:?}");
        found.left_out[0].1.clone()
    }

    #[test]
    fn whole_days_are_taken() {
        assert_eq!(
            taken("DTSTART;VALUE=DATE:20261001\r\nDTEND;VALUE=DATE:20261004\r\nSUMMARY:国庆节"),
            ["2026-10-01 国庆节", "2026-10-02 国庆节", "2026-10-03 国庆节"]
        );
        let long = "DTSTART;VALUE=DATE:20251225\r\nSUMMARY;LANGUAGE=en-us:Christmas\\, the fir\r\n st day";
        assert_eq!(taken(long), ["2025-12-25 Christmas, the first day"]);
        assert_eq!(taken("DTSTART:20250501\r\nDTEND:20250501\r\nSUMMARY:May Day"), ["2025-05-01 May Day"]);
        assert_eq!(taken("DTSTART:20250501\r\nDURATION:P2D\r\nSUMMARY:x"), ["2025-05-01 x", "2025-05-02 x"]);
    }

    #[test]
    fn every_year_is_every_year_in_which_there_is_the_date() {
        let yearly = "DTSTART;VALUE=DATE:19901003\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=3\r\nSUMMARY:x";
        assert_eq!(taken(yearly), ["2025-10-03 x", "2026-10-03 x", "2027-10-03 x"]);
        let bounded = "DTSTART;VALUE=DATE:20241224\r\nRRULE:FREQ=YEARLY;COUNT=2\r\nEXDATE:20241224\r\nSUMMARY:x";
        assert_eq!(taken(bounded), ["2025-12-24 x"]);
        assert_eq!(taken("DTSTART:20240229\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:leap"), [""; 0]);
        let until = "DTSTART:20250101\r\nRRULE:FREQ=YEARLY;INTERVAL=2;UNTIL=20270101T000000Z\r\nSUMMARY:x";
        assert_eq!(taken(until), ["2025-01-01 x", "2027-01-01 x"]);
    }

    #[test]
    fn what_is_not_taken_is_named() {
        assert!(left_out("DTSTART:20250101T090000Z\r\nSUMMARY:x").contains("whole days"));
        assert!(left_out("DTSTART:20250101\r\nRRULE:FREQ=YEARLY;BYDAY=4TH\r\nSUMMARY:x").contains("BYDAY=4TH"));
        assert!(left_out("DTSTART:20250101\r\nRRULE:FREQ=WEEKLY\r\nSUMMARY:x").contains("every year"));
        assert!(left_out("DTSTART:20250101\r\nSTATUS:CANCELLED\r\nSUMMARY:x").contains("cancelled"));
        assert!(left_out("DTSTART:20250102\r\nDTEND:20250101\r\nSUMMARY:x").contains("1 to 366 days"));
        assert!(left_out("DTSTART:20250101\r\nRDATE:20250202\r\nSUMMARY:x").contains("list of dates"));
        assert!(left_out("SUMMARY:x").contains("DTSTART"));
        assert!(matches!(read("date,name\n2025-01-01,x\n", day(2025, 1, 1), day(2026, 1, 1)), Err(IcsError::Form(_))));
        let deep = "BEGIN:X\r\n".repeat(100_000);
        assert!(matches!(read(&deep, day(2025, 1, 1), day(2026, 1, 1)), Err(IcsError::Form(_))));
        assert_eq!(read(&"x".repeat(MAX_BYTES + 1), day(2025, 1, 1), day(2026, 1, 1)), Err(IcsError::TooLong));
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "(BEGIN:|END:|VCALENDAR|VEVENT|DTSTART|RRULE|:|;|=|\r\n|\n |[0-9]{8}|FREQ=YEARLY|\\PC){0,40}") {
            let _ = read(&text, day(2025, 1, 1), day(2026, 1, 1));
            let _ = read(&file(&[&text]), day(2025, 1, 1), day(2026, 1, 1));
        }
    }
}
