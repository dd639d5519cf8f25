//! Months of the organisation's calendar, in which budgets are kept.

use std::fmt;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    clock::Micros,
    error::{Error, Reason, Result},
};

/// A month, counted from January of the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(pub(super) i32);

impl Month {
    /// That in which an instant is.
    pub(super) fn of(at: Micros, zone: &TimeZone) -> Self {
        let day = Timestamp::from_microsecond(at).unwrap_or_default().to_zoned(zone.clone()).date();
        Self(i32::from(day.year()) * 12 + i32::from(day.month()) - 1)
    }

    /// "2026-11"; empty: `now`.
    ///
    /// # Errors
    /// A year before 1970 or after 9998, whose months no clock shows.
    pub(super) fn read(field: &'static str, text: &str, now: Self) -> Result<Self> {
        if text.is_empty() {
            return Ok(now);
        }
        let parts = text.split_once('-').and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
        let known = parts.filter(|(year, month)| (1970..=9998).contains(year) && (1..=12).contains(month));
        let known = known.map(|(year, month): (i32, i32)| Self(year * 12 + month - 1));
        known.ok_or_else(|| Error::invalid(field, Reason::Malformed, "must be a month such as 2026-11"))
    }

    /// The first instant of it and the first of the next one.
    pub(super) fn span(self, zone: &TimeZone) -> (Micros, Micros) {
        (self.begin(zone), Self(self.0 + 1).begin(zone))
    }

    fn begin(self, zone: &TimeZone) -> Micros {
        let (year, month) = (i16::try_from(self.0 / 12), i8::try_from(self.0 % 12 + 1));
        let day = Date::new(year.unwrap_or_default(), month.unwrap_or(1), 1).unwrap_or_default();
        day.to_zoned(zone.clone()).map_or(0, |at| at.timestamp().as_microsecond())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_the_organisations() {
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        let at: Timestamp = "2026-11-30T16:30:00Z".parse().unwrap();
        let december = Month::of(at.as_microsecond(), &shanghai);
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(Month::of(at.as_microsecond(), &TimeZone::UTC).to_string(), "2026-11");
        assert_eq!(december, Month::read("month", "2026-12", Month(0)).unwrap());
        let (from, to) = december.span(&shanghai);
        assert_eq!(to - from, 31 * 86_400_000_000);
        assert_eq!(Month::of(from, &shanghai), december);
        assert_eq!(Month::of(from - 1, &shanghai), Month(december.0 - 1));
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        for text in ["2026-13", "2026-00", "0000-01", "9999-12", "november", "2026"] {
            assert!(Month::read("month", text, Month(0)).is_err(), "{text}");
        }
        assert_eq!(Month::read("month", "", Month(7)).unwrap(), Month(7));
    }
}
