//! Instants in the words of a file: date formats, time zones, and times that pass midnight.

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    fmt::strtime::{self, BrokenDownTime},
    tz::{AmbiguousOffset, TimeZone},
};

/// How a file writes an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339, with an offset or without; a date alone is its first moment.
    Standard,
    /// strptime directives, for example `%d/%m/%Y %H:%M`. Two-digit years (`%y`) are 1969 to 2068; without a time of day
    /// it is the day's first moment.
    Pattern(String),
}

/// What a text says: a moment, or what a clock on the wall showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// With an offset from UTC.
    Absolute(Timestamp),
    /// Without.
    Local(DateTime),
}

/// Years before this one are two-digit years read as four-digit ones, not service.
const FIRST_YEAR: i16 = 1900;

impl Format {
    /// A pattern, if it says a whole date and says it unmistakably.
    pub fn pattern(text: &str) -> Result<Self, String> {
        let sample = Date::constant(2001, 2, 3).at(14, 25, 36, 0);
        let written = sample
            .to_zoned(TimeZone::UTC)
            .map_err(|error| error.to_string())
            .and_then(|zoned| BrokenDownTime::from(&zoned).to_string(text).map_err(|error| error.to_string()));
        let read = written.and_then(|written| read_pattern(text, &written));
        let read = read.map_err(|error| format!("format {text:?} cannot be used: {error}"))?;
        let read = match read {
            Reading::Local(local) => local,
            Reading::Absolute(instant) => TimeZone::UTC.to_datetime(instant),
        };
        // A format may leave out the smaller units, and nothing else: %I without %p would lose twelve hours.
        let truncated = [sample.time(), Time::constant(14, 25, 0, 0), Time::constant(14, 0, 0, 0), Time::midnight()];
        if read.date() != sample.date() || !truncated.contains(&read.time()) {
            return Err(format!("format {text:?} is ambiguous: it reads {sample} as {read}"));
        }
        Ok(Self::Pattern(text.to_owned()))
    }

    /// Reads a text.
    pub fn read(&self, text: &str) -> Result<Reading, String> {
        let reading = match self {
            Self::Standard => read_standard(text),
            Self::Pattern(pattern) => read_pattern(pattern, text),
        };
        let reading = reading.map_err(|_| format!("{text:?} does not have the form {}", self.shown()))?;
        let year = match reading {
            Reading::Absolute(instant) => TimeZone::UTC.to_datetime(instant).year(),
            Reading::Local(local) => local.year(),
        };
        if year < FIRST_YEAR { Err(format!("{text:?} is in the year {year}")) } else { Ok(reading) }
    }

    fn shown(&self) -> String {
        match self {
            Self::Standard => "2026-11-21T09:30:00Z".to_owned(),
            Self::Pattern(pattern) => format!("{pattern:?}"),
        }
    }
}

fn read_standard(text: &str) -> Result<Reading, String> {
    let absolute = text.parse().map(Reading::Absolute);
    absolute.or_else(|_| text.parse().map(Reading::Local)).map_err(|error: jiff::Error| error.to_string())
}

fn read_pattern(pattern: &str, text: &str) -> Result<Reading, String> {
    let parts = strtime::parse(pattern, text).map_err(|error| error.to_string())?;
    if let Ok(instant) = parts.to_timestamp() {
        return Ok(Reading::Absolute(instant));
    }
    if parts.iana_time_zone().is_some() {
        return parts.to_zoned().map(|zoned| Reading::Absolute(zoned.timestamp())).map_err(|error| error.to_string());
    }
    parts.to_datetime().map(Reading::Local).map_err(|error| error.to_string())
}

/// Moves local readings that passed midnight to the next day: one more than 12 hours earlier than the known local
/// reading before it.
///
/// For files with one date and several times of day. Twelve hours tell passing midnight from a clock that runs a little
/// slow.
pub fn roll_over(readings: &mut [Option<Reading>]) {
    let mut before: Option<DateTime> = None;
    for reading in readings.iter_mut().flatten() {
        let Reading::Local(local) = reading else { continue };
        if before.is_some_and(|before| local.duration_until(before) > SignedDuration::from_hours(12)) {
            // Past the last representable day there is nothing to roll over to.
            *local = local.checked_add(1.day()).unwrap_or(*local);
        }
        before = Some(*local);
    }
}

/// The instant of a reading. A local time that a clock change skips has none; one that it repeats is the earlier of the
/// two, because the file cannot say which.
pub fn resolve(reading: Reading, zone: &TimeZone) -> Result<Timestamp, String> {
    let local = match reading {
        Reading::Absolute(instant) => return Ok(instant),
        Reading::Local(local) => local,
    };
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
        let zone = zone.iana_name().unwrap_or("the time zone");
        return Err(format!("{local} did not exist in {zone}: the clocks were put forward"));
    }
    ambiguous.earlier().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn local(format: &str, text: &str) -> Result<String, String> {
        match Format::pattern(format)?.read(text)? {
            Reading::Local(local) => Ok(local.to_string()),
            Reading::Absolute(instant) => Ok(instant.to_string()),
        }
    }

    #[test]
    fn formats_in_use() {
        for (format, text, expected) in [
            ("%d/%m/%Y %H:%M", "26/08/2023 18:39", "2023-08-26T18:39:00"),
            ("%d-%b-%y", "26-Aug-23", "2023-08-26T00:00:00"),
            ("%d/%m/%Y", "26/08/2023", "2023-08-26T00:00:00"),
            ("%y%m%d %H:%M:%S", "990201 7:02:47", "1999-02-01T07:02:47"),
            ("%m/%d/%Y %H:%M", "4/8/2017 0:00", "2017-04-08T00:00:00"),
            ("%Y-%m-%d %I:%M %p", "2023-01-02 1:05 pm", "2023-01-02T13:05:00"),
            ("%Y-%m-%dT%H:%M:%S%:z", "2023-01-02T13:05:00+02:00", "2023-01-02T11:05:00Z"),
            ("%s", "1700000000", "2023-11-14T22:13:20Z"),
        ] {
            assert_eq!(local(format, text), Ok(expected.to_owned()), "{format}");
        }
    }

    #[test]
    fn the_standard_form_with_and_without_offset() {
        let read = |text| Format::Standard.read(text);
        assert_eq!(read("2026-11-21T09:30:00Z"), Ok(Reading::Absolute("2026-11-21T09:30:00Z".parse().unwrap())));
        assert_eq!(read("2026-11-21T09:30:00"), Ok(Reading::Local("2026-11-21T09:30:00".parse().unwrap())));
        assert_eq!(read("2026-11-21"), Ok(Reading::Local("2026-11-21T00:00:00".parse().unwrap())));
        assert!(read("21.11.2026").is_err());
    }

    #[test]
    fn unusable_formats_are_refused() {
        for format in ["", "%H:%M", "%m/%Y", "%d/%m/%Y %I:%M", "%d/%m/%Y %M", "%d/%m/%K", "nothing", "%d/%m/%Y %"] {
            assert!(Format::pattern(format).is_err(), "{format}");
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for (format, text) in [
            ("%d/%m/%Y", "29/02/2023"),
            ("%d/%m/%Y", "1/2/23"),
            ("%d/%m/%Y", "01/02/20235"),
            ("%d/%m/%Y %H:%M", "26/08/2023"),
            ("%d/%m/%Y %H:%M", "26/08/2023 24:00"),
            ("%y%m%d %H:%M:%S", "990230 7:02:47"),
        ] {
            assert!(local(format, text).is_err(), "{text}");
        }
    }

    #[test]
    fn clock_changes() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let resolve = |text: &str| resolve(Reading::Local(text.parse().unwrap()), &berlin).map(|at| at.to_string());
        assert_eq!(resolve("2023-03-26T01:59:59"), Ok("2023-03-26T00:59:59Z".to_owned()));
        assert!(resolve("2023-03-26T02:30:00").unwrap_err().contains("did not exist in Europe/Berlin"));
        assert_eq!(resolve("2023-10-29T02:30:00"), Ok("2023-10-29T00:30:00Z".to_owned()));
    }

    #[test]
    fn a_call_over_midnight() {
        let at = |text: &str| Some(Reading::Local(text.parse().unwrap()));
        let mut call = [at("1999-02-05T23:59:54"), None, at("1999-02-05T00:00:26"), at("1999-02-05T00:03:00")];
        roll_over(&mut call);
        assert_eq!(call, [at("1999-02-05T23:59:54"), None, at("1999-02-06T00:00:26"), at("1999-02-06T00:03:00")]);
        let mut slow_clock = [at("1999-02-05T12:00:05"), at("1999-02-05T12:00:00")];
        roll_over(&mut slow_clock);
        assert_eq!(slow_clock, [at("1999-02-05T12:00:05"), at("1999-02-05T12:00:00")]);
    }

    fn any_local() -> impl Strategy<Value = DateTime> {
        (1970i16..=2067, 1i8..=12, 1i8..=28, 0i8..24, 0i8..60, 0i8..60).prop_map(
            |(year, month, day, hour, minute, second)| jiff::civil::date(year, month, day).at(hour, minute, second, 0),
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(local in any_local(), format in prop::sample::select(vec![
            "%d/%m/%Y %H:%M:%S", "%d-%b-%y %H:%M:%S", "%y%m%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%-m/%-d/%Y %-H:%M:%S",
        ])) {
            let text = local.strftime(format).to_string();
            prop_assert_eq!(Format::pattern(format).unwrap().read(&text), Ok(Reading::Local(local)));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), format in "[%a-zA-Z:/ .-]{0,12}") {
            let _ = Format::Standard.read(&text);
            if let Ok(format) = Format::pattern(&format) {
                let _ = format.read(&text);
            }
        }

        /// A contact whose steps take less than 12 hours each is restored from one date and its times of day.
        #[test]
        fn midnight_is_restored(start in any_local(), steps in prop::collection::vec(0i64..12 * 3600, 1..4)) {
            let mut truth = vec![start];
            for step in steps {
                let last = *truth.last().unwrap();
                truth.push(last + SignedDuration::from_secs(step));
            }
            // The file knows one date only, so the contact may pass one midnight only.
            prop_assume!(truth.iter().all(|at| at.date() <= start.date().tomorrow().unwrap()));
            let mut readings: Vec<_> =
                truth.iter().map(|at| Some(Reading::Local(start.date().to_datetime(at.time())))).collect();
            roll_over(&mut readings);
            let expected: Vec<_> = truth.into_iter().map(|at| Some(Reading::Local(at))).collect();
            prop_assert_eq!(readings, expected);
        }

        /// Resolving never moves a time by more than a zone's offset, and never panics.
        #[test]
        fn resolving_keeps_the_wall_clock(local in any_local(), name in prop::sample::select(vec![
            "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
        ])) {
            let zone = TimeZone::get(name).unwrap();
            if let Ok(instant) = resolve(Reading::Local(local), &zone) {
                prop_assert_eq!(zone.to_datetime(instant), local);
            }
        }
    }
}
