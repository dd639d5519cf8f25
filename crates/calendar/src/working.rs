//! A working calendar: the hours of a week in a zone, and dates that have others.

use std::collections::BTreeMap;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Weekday},
    tz::TimeZone,
};

use crate::{Hours, Micros, hours::Interval, local};

/// Something is due within so many years of its start, or never.
pub const MAX_YEARS: i64 = 20;

const DAY: Micros = 24 * 3_600 * 1_000_000;

/// The hours of a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dated {
    /// In the place of the week's. What began on the day before goes on to its end all the same.
    pub hours: Hours,
    /// Why: the holiday's name.
    pub name: String,
}

/// When people work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    /// From Monday.
    week: [Hours; 7],
    dated: BTreeMap<Date, Dated>,
}

/// A calendar in which nothing is ever due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a calendar needs working hours on some day")]
pub struct NoWorkingHours;

/// Working time without a break, from one instant until before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Micros,
    /// The first instant after it.
    pub to: Micros,
    /// The day on which it begins, by the calendar's clocks.
    pub day: Date,
}

impl Calendar {
    /// A calendar of a week's hours, from Monday, and of dates that have others.
    ///
    /// # Errors
    /// No day of either has hours.
    pub fn new(zone: TimeZone, week: [Hours; 7], dated: BTreeMap<Date, Dated>) -> Result<Self, NoWorkingHours> {
        let works = week.iter().chain(dated.values().map(|one| &one.hours)).any(|hours| !hours.is_closed());
        if works { Ok(Self { zone, week, dated }) } else { Err(NoWorkingHours) }
    }

    /// All day, every day.
    pub fn around_the_clock() -> Self {
        Self { zone: TimeZone::UTC, week: std::array::from_fn(|_| Hours::all_day()), dated: BTreeMap::new() }
    }

    /// By whose clocks.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// From Monday.
    pub fn week(&self) -> &[Hours; 7] {
        &self.week
    }

    /// Dates that have other hours.
    pub fn dated(&self) -> &BTreeMap<Date, Dated> {
        &self.dated
    }

    /// The hours that begin on a date.
    pub fn hours_of(&self, date: Date) -> &Hours {
        self.dated.get(&date).map_or_else(|| &self.week[place(date.weekday())], |dated| &dated.hours)
    }

    /// Working time from an instant on, in order, without overlaps, up to `until`.
    pub fn spans(&self, from: Micros, until: Micros) -> impl Iterator<Item = Span> {
        let mut cursor = from;
        self.days(from, until)
            .flat_map(|day| self.hours_of(day).intervals().iter().map(move |one| (day, *one)))
            .filter_map(move |(day, interval)| {
                let (begin, end) = self.instants(day, interval)?;
                let span = Span { from: begin.max(cursor), to: end.min(until), day };
                cursor = cursor.max(end);
                (span.from < span.to).then_some(span)
            })
    }

    /// How much working time is between two instants; 0 if the second is not after the first.
    pub fn elapsed(&self, from: Micros, to: Micros) -> Micros {
        self.spans(from, to).map(|span| span.to - span.from).sum()
    }

    /// The first instant by which so much working time is over; the inverse of [`Self::elapsed`]. What takes the rest of a day
    /// is due at its close, not at the next opening; what takes no time is due at once. None: not within [`MAX_YEARS`].
    pub fn due(&self, from: Micros, working: Micros) -> Option<Micros> {
        if working <= 0 {
            return Some(from);
        }
        let mut left = working;
        self.spans(from, from.saturating_add(MAX_YEARS * 366 * DAY)).find_map(|span| {
            let length = span.to - span.from;
            if length >= left {
                return Some(span.from + left);
            }
            left -= length;
            None
        })
    }

    /// Time between two instants by the dates of the calendar's clocks, each with its own hours where it has some.
    pub fn days_between(&self, from: Micros, to: Micros) -> impl Iterator<Item = (Micros, Micros, Option<&Dated>)> {
        let mut cursor = from;
        self.days(from, to).filter_map(move |day| {
            let end = day.tomorrow().ok().and_then(|next| local::instant(&self.zone, next.at(0, 0, 0, 0)))?.min(to);
            let begin = cursor;
            cursor = cursor.max(end);
            (begin < end).then(|| (begin, end, self.dated.get(&day)))
        })
    }

    /// The days whose hours may lie between two instants. A day's hours end on the next one at the latest, and a zone may skip a
    /// day.
    fn days(&self, from: Micros, until: Micros) -> impl Iterator<Item = Date> + use<> {
        let date = |at: Micros| Timestamp::from_microsecond(at).ok().map(|at| self.zone.to_datetime(at).date());
        let first = date(from).map(|date| date.saturating_sub(3.days()));
        let last = date(until).unwrap_or(Date::MAX).saturating_add(1.day());
        first.into_iter().flat_map(move |first| first.series(1.day()).take_while(move |day| *day <= last))
    }

    fn instants(&self, day: Date, interval: Interval) -> Option<(Micros, Micros)> {
        let at = |minute: u16| {
            let day = day.checked_add(i64::from(minute / 1440).days()).ok()?;
            let (hour, minute) = (i8::try_from(minute % 1440 / 60).ok()?, i8::try_from(minute % 60).ok()?);
            local::instant(&self.zone, day.at(hour, minute, 0, 0))
        };
        Some((at(interval.from)?, at(interval.to)?))
    }
}

fn place(day: Weekday) -> usize {
    usize::try_from(day.to_monday_zero_offset()).unwrap_or_default()
}
