//! Instants in the words of a file: date formats, numbers that count from a day, and times that pass midnight.

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    fmt::{
        strtime::{self, BrokenDownTime},
        temporal::Pieces,
    },
    tz::{Offset, TimeZone},
};

use super::{
    calendar,
    number::{Decimal, Mark},
};

/// How a file writes an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// RFC 3339, with an offset or without; a date alone is its first moment.
    Standard,
    /// strptime directives, for example `%d/%m/%Y %H:%M`. Two-digit years (`%y`) are 1969 to 2068; without a time of day
    /// it is the day's first moment. Names of months and words for the halves of the day may be of any language that
    /// `words/` knows, and 24:00 is the next day's first moment.
    Pattern(String),
    /// A number of units of so many nanoseconds since 1970 (UTC).
    Epoch(&'static str, i128),
    /// A spreadsheet's number of days since this one, of which the fraction is the time of day.
    Serial(&'static str, Date),
}

/// Formats that are no patterns, as a mapping writes them.
const NAMED: [(&str, Format); 7] = [
    ("standard", Format::Standard),
    ("epoch s", Format::Epoch("seconds", 1_000_000_000)),
    ("epoch ms", Format::Epoch("milliseconds", 1_000_000)),
    ("epoch us", Format::Epoch("microseconds", 1_000)),
    ("epoch ns", Format::Epoch("nanoseconds", 1)),
    // The 1900 system counts a 29 February 1900 that there never was, so its days are right from March 1900 on.
    ("excel", Format::Serial("excel", Date::constant(1899, 12, 30))),
    ("excel 1904", Format::Serial("excel 1904", Date::constant(1904, 1, 1))),
];

/// What a text says: a moment, or what a clock on the wall showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// With an offset from UTC.
    Absolute(Timestamp),
    /// Without.
    Local(DateTime),
}

impl Reading {
    /// The wall clock's day, in UTC where there is an offset.
    fn date(self) -> Date {
        match self {
            Self::Absolute(instant) => TimeZone::UTC.to_datetime(instant).date(),
            Self::Local(local) => local.date(),
        }
    }
}

/// Years before this one are two-digit years read as four-digit ones, not service.
const FIRST_YEAR: i16 = 1900;

impl Format {
    /// The format that a mapping names: a pattern, or one of those that are numbers.
    ///
    /// # Errors
    /// A pattern that does not say a whole date, or not unmistakably.
    pub fn named(text: &str) -> Result<Self, String> {
        let number = NAMED.into_iter().find(|(name, _)| *name == text);
        number.map_or_else(|| Self::pattern(text), |(_, format)| Ok(format))
    }

    fn pattern(text: &str) -> Result<Self, String> {
        let text = calendar::plain(text);
        let sample = Date::constant(2001, 2, 3).at(14, 25, 36, 0);
        let written = sample
            .to_zoned(TimeZone::UTC)
            .map_err(|error| error.to_string())
            .and_then(|zoned| BrokenDownTime::from(&zoned).to_string(&*text).map_err(|error| error.to_string()));
        let read = written.and_then(|written| read_pattern(&text, &written));
        let (read, _) = read.map_err(|error| format!("format {text:?} cannot be used: {error}"))?;
        let read = match read {
            Reading::Local(local) => local,
            Reading::Absolute(instant) => TimeZone::UTC.to_datetime(instant),
        };
        // A format may leave out the smaller units, and nothing else: %I without %p would lose twelve hours.
        let truncated = [sample.time(), Time::constant(14, 25, 0, 0), Time::constant(14, 0, 0, 0), Time::midnight()];
        if read.date() != sample.date() || !truncated.contains(&read.time()) {
            return Err(format!("format {text:?} is ambiguous: it reads {sample} as {read}"));
        }
        Ok(Self::Pattern(text.into_owned()))
    }

    /// Reads a text.
    pub fn read(&self, text: &str) -> Result<Reading, String> {
        self.read_with_offset(text, Mark::Point).map(|(reading, _)| reading)
    }

    /// Reads a text, and the offset from UTC that it names, if it names one besides UTC itself.
    pub fn read_with_offset(&self, text: &str, mark: Mark) -> Result<(Reading, Option<Offset>), String> {
        let read = match self {
            Self::Standard => read_standard(text),
            Self::Pattern(pattern) => read_pattern(pattern, &calendar::in_english(text, pattern)),
            Self::Epoch(_, unit) => Decimal::read(text, mark).and_then(|number| epoch(number, *unit)),
            Self::Serial(_, first) => Decimal::read(text, mark).and_then(|number| serial(number, *first)),
        };
        let read = read.or_else(|fault| self.read_midnight(text).ok_or(fault));
        let (reading, offset) = read.map_err(|_| format!("{text:?} does not have the form {}", self.shown()))?;
        let year = reading.date().year();
        if year < FIRST_YEAR {
            return Err(format!("{text:?} is in the year {year}"));
        }
        Ok((reading, offset.filter(|offset| *offset != Offset::UTC)))
    }

    /// 24:00 is the end of its day, which strptime does not know.
    fn read_midnight(&self, text: &str) -> Option<(Reading, Option<Offset>)> {
        let read = |text: &str| match self {
            Self::Standard => read_standard(text).ok(),
            Self::Pattern(pattern) => read_pattern(pattern, &calendar::in_english(text, pattern)).ok(),
            Self::Epoch(..) | Self::Serial(..) => None,
        };
        text.rmatch_indices("24").find_map(|(at, _)| {
            let day = read(&format!("{}00{}", &text[..at], &text[at + 2..]))?;
            let (reading, offset) = day;
            let next = match reading {
                Reading::Local(local) if local.time() == Time::midnight() => {
                    Reading::Local(local.checked_add(1.day()).ok()?)
                }
                Reading::Absolute(instant) if is_midnight(instant, offset) => {
                    Reading::Absolute(instant.checked_add(24.hours()).ok()?)
                }
                Reading::Local(_) | Reading::Absolute(_) => return None,
            };
            Some((next, offset))
        })
    }

    fn shown(&self) -> String {
        match self {
            Self::Standard => "2026-11-21T09:30:00Z".to_owned(),
            Self::Pattern(pattern) => format!("{pattern:?}"),
            Self::Epoch(unit, _) => format!("{unit} since 1970"),
            Self::Serial(name, _) => format!("days of a spreadsheet ({name})"),
        }
    }
}

fn is_midnight(instant: Timestamp, offset: Option<Offset>) -> bool {
    offset.unwrap_or(Offset::UTC).to_datetime(instant).time() == Time::midnight()
}

fn epoch(number: Decimal, unit: i128) -> Result<(Reading, Option<Offset>), String> {
    let instant = Timestamp::from_nanosecond(number.times(unit)).map_err(|error| error.to_string())?;
    Ok((Reading::Absolute(instant), None))
}

/// What spreadsheets count in fractions of a day is no finer than a millisecond.
fn serial(number: Decimal, first: Date) -> Result<(Reading, Option<Offset>), String> {
    const FIRST_DAYS: i128 = 61;
    let millis = number.times(86_400_000);
    if millis < FIRST_DAYS * 86_400_000 {
        return Err("is before March 1900".to_owned());
    }
    let millis = i64::try_from(millis).map_err(|error| error.to_string())?;
    let local = first.to_datetime(Time::midnight()).checked_add(SignedDuration::from_millis(millis));
    let local = local.map_err(|error| error.to_string())?;
    Ok((Reading::Local(local), None))
}

fn read_standard(text: &str) -> Result<(Reading, Option<Offset>), String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        let offset = Pieces::parse(text).ok().and_then(|pieces| pieces.to_numeric_offset());
        return Ok((Reading::Absolute(instant), offset));
    }
    text.parse().map(|local| (Reading::Local(local), None)).map_err(|error: jiff::Error| error.to_string())
}

fn read_pattern(pattern: &str, text: &str) -> Result<(Reading, Option<Offset>), String> {
    let parts = strtime::parse(pattern, text).map_err(|error| error.to_string())?;
    if let Ok(instant) = parts.to_timestamp() {
        return Ok((Reading::Absolute(instant), parts.offset()));
    }
    if parts.iana_time_zone().is_some() {
        let zoned = parts.to_zoned().map_err(|error| error.to_string())?;
        return Ok((Reading::Absolute(zoned.timestamp()), Some(zoned.offset())));
    }
    parts.to_datetime().map(|local| (Reading::Local(local), None)).map_err(|error| error.to_string())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn local(format: &str, text: &str) -> Result<String, String> {
        match Format::named(format)?.read(text)? {
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
            ("%d. %B %Y %H:%M", "21. Oktober 2026 9:05", "2026-10-21T09:05:00"),
            ("%d %b %Y", "12 déc. 2025", "2025-12-12T00:00:00"),
            ("%Y年%m月%d日 %p%I:%M", "2026年11月21日 下午3:05", "2026-11-21T15:05:00"),
            ("%Y年%m月%d日 %p%I:%M", "2026年11月21日 上午12:05", "2026-11-21T00:05:00"),
            ("%d/%m/%y, %I:%M %p", "21/11/26, 3:05\u{202f}pm", "2026-11-21T15:05:00"),
            ("%d/%m/%Y %H:%M", "24/08/2023 24:00", "2023-08-25T00:00:00"),
            ("%Y%m%d%H%M", "202412312400", "2025-01-01T00:00:00"),
            ("%Y-%m-%dT%H:%M:%S%:z", "2023-01-02T24:00:00+02:00", "2023-01-02T22:00:00Z"),
            ("epoch s", "1700000000", "2023-11-14T22:13:20Z"),
            ("epoch s", "1700000000.25", "2023-11-14T22:13:20.25Z"),
            ("epoch ms", "1700000000000", "2023-11-14T22:13:20Z"),
            ("epoch us", "1700000000000001", "2023-11-14T22:13:20.000001Z"),
            ("epoch ns", "1700000000000000001", "2023-11-14T22:13:20.000000001Z"),
            ("excel", "44197", "2021-01-01T00:00:00"),
            ("excel", "44197.38400463", "2021-01-01T09:12:58"),
            ("excel 1904", "42735.5", "2021-01-01T12:00:00"),
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
            assert!(Format::named(format).is_err(), "{format}");
        }
    }

    #[test]
    fn impossible_dates_are_refused() {
        for (format, text) in [
            ("%d/%m/%Y", "29/02/2023"),
            ("%d/%m/%Y", "1/2/23"),
            ("%d/%m/%Y", "01/02/20235"),
            ("%d/%m/%Y %H:%M", "26/08/2023"),
            ("%d/%m/%Y %H:%M", "26/08/2023 24:01"),
            ("%d/%m/%Y %H:%M", "24/13/2023 00:00"),
            ("excel", "12"),
            ("excel", "9999999"),
            ("epoch s", "-9999999999"),
            ("epoch s", "today"),
            ("%y%m%d %H:%M:%S", "990230 7:02:47"),
        ] {
            assert!(local(format, text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_end_of_a_day_in_the_standard_form() {
        let read = |text| Format::Standard.read(text);
        assert_eq!(read("2026-12-31T24:00:00"), Ok(Reading::Local("2027-01-01T00:00:00".parse().unwrap())));
        assert_eq!(read("2026-12-31 24:00:00Z"), Ok(Reading::Absolute("2027-01-01T00:00:00Z".parse().unwrap())));
        assert!(read("2026-12-31T24:00:01").is_err());
    }

    #[test]
    fn an_offset_is_told_with_the_instant() {
        let offset = |format: &str, text: &str| {
            let format = if format.is_empty() { Format::Standard } else { Format::named(format).unwrap() };
            format.read_with_offset(text, Mark::Point).unwrap().1.map(Offset::seconds)
        };
        assert_eq!(offset("", "2026-11-21T09:30:00+02:00"), Some(7200));
        assert_eq!(offset("", "2026-11-21T09:30:00Z"), None);
        assert_eq!(offset("%d/%m/%Y %H:%M %z", "21/11/2026 09:30 -0530"), Some(-19_800));
        assert_eq!(offset("%d/%m/%Y %H:%M", "21/11/2026 09:30"), None);
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
            prop_assert_eq!(Format::named(format).unwrap().read(&text), Ok(Reading::Local(local)));
        }

        #[test]
        fn no_text_panics(text in any::<String>(), format in "[%a-zA-Z:/ .-]{0,12}") {
            let _ = Format::Standard.read(&text);
            if let Ok(format) = Format::named(&format) {
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
    }
}
