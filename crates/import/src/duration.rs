//! Durations in the words of a file: units, clocks, and texts that name their own units.

use std::{collections::BTreeMap, sync::LazyLock};

use super::{
    calendar,
    number::{Decimal, Mark},
};

/// How a file writes a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A number of units of so many nanoseconds.
    Unit(&'static str, i128),
    /// `1:02:03`, also behind days: `2 days, 1:02:03`.
    HoursMinutesSeconds,
    /// `62:03`
    MinutesSeconds,
    /// `1:02`
    HoursMinutes,
    /// `1:02 PM`, `下午1:02:03`: a time of day.
    HalfDay,
    /// `1h 2min`, `3 minutos`, `1小时2分`, `PT1H2M`: the text names its units.
    Words,
}

/// Nanoseconds in a second.
pub const SECOND: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * SECOND;

const UNITS: [(&str, i128); 5] =
    [("s", SECOND), ("ms", SECOND / 1_000), ("min", 60 * SECOND), ("h", 3_600 * SECOND), ("d", DAY)];

/// The names of the forms, as a mapping writes them.
pub const FORMS: &str = "s, ms, min, h, d, h:mm:ss, mm:ss, h:mm, h:mm am/pm, words";

/// What a rule that does not say otherwise reads.
pub const DEFAULT: [Form; 2] = [Form::Unit("s", SECOND), Form::HoursMinutesSeconds];

impl Form {
    /// The form of a name in a mapping.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "h:mm:ss" => Some(Self::HoursMinutesSeconds),
            "mm:ss" => Some(Self::MinutesSeconds),
            "h:mm" => Some(Self::HoursMinutes),
            "h:mm am/pm" => Some(Self::HalfDay),
            "words" => Some(Self::Words),
            _ => UNITS.iter().find(|(unit, _)| *unit == name).map(|(unit, nanos)| Self::Unit(unit, *nanos)),
        }
    }

    fn shown(self) -> &'static str {
        match self {
            Self::Unit("s", _) => "seconds",
            Self::Unit("ms", _) => "milliseconds",
            Self::Unit("min", _) => "minutes",
            Self::Unit("h", _) => "hours",
            Self::Unit(..) => "days",
            Self::HoursMinutesSeconds => "h:mm:ss",
            Self::MinutesSeconds => "mm:ss",
            Self::HoursMinutes => "h:mm",
            Self::HalfDay => "h:mm am/pm",
            Self::Words => "numbers with their units",
        }
    }

    fn read(self, text: &str, mark: Mark) -> Result<Option<i128>, String> {
        match self {
            Self::Unit(_, nanos) if text.contains(':') || has_unit(text) => {
                Ok(None).inspect(|_| debug_assert!(nanos > 0))
            }
            Self::Unit(_, nanos) => Decimal::read(text, mark).map(|number| Some(to_millis_if_days(number, nanos))),
            Self::HoursMinutesSeconds => Ok(clock(text, mark)),
            Self::MinutesSeconds => Ok(pair(text, mark, 60 * SECOND, SECOND)),
            Self::HoursMinutes => Ok(pair(text, mark, 3_600 * SECOND, 60 * SECOND)),
            Self::HalfDay => Ok(half_day(text, mark)),
            Self::Words => Ok(in_words(text, mark)),
        }
    }
}

/// A spreadsheet's fraction of a day has rounding noise in its last digits: no clock of such a file is finer than a millisecond.
fn to_millis_if_days(number: Decimal, unit: i128) -> i128 {
    if unit == DAY { number.times(DAY / 1_000_000) * 1_000_000 } else { number.times(unit) }
}

/// A text as nanoseconds by the first form that fits; completes "the text ...".
///
/// # Errors
/// What the text should have been, or that it is negative.
pub fn read(forms: &[Form], mark: Mark, text: &str) -> Result<i128, String> {
    let mut fault = None;
    for form in forms {
        match form.read(text, mark) {
            Ok(Some(nanos)) if nanos < 0 => return Err("must not be negative".to_owned()),
            Ok(Some(nanos)) => return Ok(nanos),
            Ok(None) => {}
            Err(why) => fault = Some(why),
        }
    }
    let shown: Vec<_> = forms.iter().map(|form| form.shown()).collect();
    let wanted = format!("must be {}", shown.join(" or "));
    Err(fault.filter(|why| why != "is not a number").map_or(wanted.clone(), |why| format!("{wanted}; it {why}")))
}

fn signed(text: &str) -> (i128, &str) {
    text.strip_prefix(['-', '\u{2212}']).map_or((1, text), |rest| (-1, rest))
}

fn clock(text: &str, mark: Mark) -> Option<i128> {
    let (sign, text) = signed(text);
    let (days, text) = match text.split_once(' ') {
        Some((days, rest)) => {
            let (name, rest) = rest.trim_start().split_once([' ', ','])?;
            let unit = unit_of(name)?;
            (Decimal::read(days, mark).ok()?.times(if unit == DAY { unit } else { return None }), rest.trim_start())
        }
        None => (0, text),
    };
    let (hours, rest) = text.split_once(':')?;
    if hours.is_empty() || hours.len() > 6 || !hours.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i128 = hours.parse().ok()?;
    let (minutes, seconds) = rest.split_once(':')?;
    Some(
        sign * (days
            + hours * 3_600 * SECOND
            + below_60(minutes, mark, 60 * SECOND)?
            + below_60(seconds, mark, SECOND)?),
    )
}

fn pair(text: &str, mark: Mark, first: i128, second: i128) -> Option<i128> {
    let (sign, text) = signed(text);
    let (large, small) = text.split_once(':')?;
    if large.is_empty() || large.len() > 6 || !large.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(sign * (large.parse::<i128>().ok()? * first + below_60(small, mark, second)?))
}

fn half_day(text: &str, mark: Mark) -> Option<i128> {
    const HOUR: i128 = 3_600 * SECOND;
    let text = calendar::in_english(text, "%p");
    let (text, half) = ["AM", "PM"].into_iter().find_map(|half| {
        let rest = text.strip_prefix(half).or_else(|| text.strip_suffix(half)).or_else(|| {
            let lower = half.to_lowercase();
            text.strip_suffix(lower.as_str())
        })?;
        Some((rest.trim(), half))
    })?;
    let nanos = clock(text, mark).or_else(|| pair(text, mark, HOUR, HOUR / 60))?;
    let hours = nanos / HOUR;
    let morning = if hours == 12 { nanos - 12 * HOUR } else { nanos };
    (1..=12).contains(&hours).then_some(if half == "PM" { morning + 12 * HOUR } else { morning })
}

/// Two digits below sixty; seconds may have a fraction.
fn below_60(text: &str, mark: Mark, unit: i128) -> Option<i128> {
    let whole = text.split(['.', ',']).next()?;
    let is_clock = whole.len() == 2 && whole.parse::<u8>().is_ok_and(|number| number < 60);
    if !is_clock || (unit != SECOND && whole.len() != text.len()) {
        return None;
    }
    Decimal::read(text, mark).or_else(|_| Decimal::read(text, Mark::Point)).ok().map(|number| number.times(unit))
}

/// Words for units, by language; see the file.
static WORDS: LazyLock<BTreeMap<String, i128>> = LazyLock::new(|| {
    let lines = include_str!("words/units.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let units = lines.filter_map(|line| {
        let (unit, words) = line.split_once(':')?;
        let nanos = UNITS.iter().find(|(name, _)| *name == unit.trim())?.1;
        Some(words.split_whitespace().map(move |word| (word.to_owned(), nanos)))
    });
    units.flatten().collect()
});

/// The unit of a word, in nanoseconds.
pub fn unit_of(word: &str) -> Option<i128> {
    let word = word.trim_end_matches('.').to_lowercase();
    WORDS.get(&word).copied()
}

fn has_unit(text: &str) -> bool {
    text.chars().any(|one| one.is_alphabetic() && !matches!(one, 'e' | 'E' | '元' | '円' | '원'))
}

fn in_words(text: &str, mark: Mark) -> Option<i128> {
    let (sign, text) = signed(text);
    // ISO 8601: the letters behind P and T are units like any others, but for the months.
    let iso = text.strip_prefix('P').map(|rest| rest.replace('T', " "));
    let mut rest = iso.as_deref().unwrap_or(text);
    let mut total = None;
    loop {
        rest = rest.trim_start_matches(|one: char| one.is_whitespace() || matches!(one, ',' | '和' | '及'));
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
        if rest.is_empty() {
            return total.map(|nanos: i128| sign * nanos);
        }
        let end = rest.find(|one: char| !one.is_ascii_digit() && one != '.' && one != ',')?;
        let number = Decimal::read(&rest[..end], mark).ok()?;
        let words = rest[end..].trim_start();
        let end = words.find(|one: char| !one.is_alphabetic() && one != '.').unwrap_or(words.len());
        let nanos = number.times(unit_of(&words[..end])?);
        total = Some(total.unwrap_or_default() + nanos);
        rest = &words[end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(forms: &[&str], text: &str) -> Result<f64, String> {
        let forms: Vec<_> = forms.iter().map(|name| Form::named(name).unwrap()).collect();
        #[allow(clippy::cast_precision_loss, reason = "small numbers")]
        read(&forms, Mark::Point, text).map(|nanos| nanos as f64 / SECOND as f64)
    }

    #[test]
    fn every_form_that_files_have() {
        for (form, text, expected) in [
            ("s", "90", 90.0),
            ("s", "0.25", 0.25),
            ("ms", "1500", 1.5),
            ("min", "2.5", 150.0),
            ("h", "0.5", 1800.0),
            ("d", "0.001655093", 143.0),
            ("d", "1.5", 129_600.0),
            ("h:mm:ss", "1:02:03", 3723.0),
            ("h:mm:ss", "00:00:01.5", 1.5),
            ("h:mm:ss", "100:00:00", 360_000.0),
            ("h:mm:ss", "1 day, 1:00:00", 90_000.0),
            ("h:mm:ss", "0 days 00:05:00", 300.0),
            ("mm:ss", "2:05", 125.0),
            ("mm:ss", "90:00", 5400.0),
            ("h:mm", "2:05", 7500.0),
            ("h:mm am/pm", "12:05 AM", 300.0),
            ("h:mm am/pm", "1:05:30 pm", 47_130.0),
            ("h:mm am/pm", "下午3:05", 54_300.0),
            ("words", "1h 2min 3s", 3723.0),
            ("words", "3 minutos", 180.0),
            ("words", "0 segundo", 0.0),
            ("words", "2 hours and 5 minutes", 7500.0),
            ("words", "1小时2分3秒", 3723.0),
            ("words", "PT1H2M3S", 3723.0),
            ("words", "P1DT1S", 86_401.0),
            ("words", "1 Std. 5 Min.", 3900.0),
        ] {
            assert_eq!(seconds(&[form], text), Ok(expected), "{form} {text}");
        }
    }

    #[test]
    fn a_column_may_have_several() {
        let forms = ["s", "mm:ss", "words"];
        assert_eq!(seconds(&forms, "5"), Ok(5.0));
        assert_eq!(seconds(&forms, "1:05"), Ok(65.0));
        assert_eq!(seconds(&forms, "1m"), Ok(60.0));
    }

    #[test]
    fn what_is_no_duration_is_refused_by_name() {
        let fault = |form, text| seconds(&[form], text).unwrap_err();
        for text in ["-5", "-0.1"] {
            assert_eq!(fault("s", text), "must not be negative");
        }
        assert_eq!(fault("h:mm:ss", "-0:00:05"), "must not be negative");
        assert!(fault("s", "$5").contains("money"));
        assert!(fault("s", "1,234").contains("decimal = \",\""));
        for (form, text) in [
            ("s", "12:34"),
            ("s", "x"),
            ("s", ""),
            ("h:mm:ss", "1:2:3"),
            ("h:mm:ss", "1:60:00"),
            ("h:mm:ss", "1:02:03:04"),
            ("h:mm:ss", ":01:02"),
            ("h:mm:ss", "12:34"),
            ("mm:ss", "1:60"),
            ("h:mm am/pm", "13:05 PM"),
            ("h:mm am/pm", "1:05"),
            ("words", "5 apples"),
            ("words", "5"),
            ("words", "min"),
        ] {
            assert!(fault(form, text).starts_with("must be "), "{form} {text}");
        }
    }
}
