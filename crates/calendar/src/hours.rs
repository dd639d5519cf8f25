//! The hours of a day, as people write them: `09:00-12:30, 13:30-18:00`, `22:00-06:00` past midnight, `00:00-24:00`.

use std::{fmt, str::FromStr};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Intervals a day may have.
pub const MAX_INTERVALS: usize = 24;

/// Working time without a break, in minutes after the midnight at which its day begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    /// 0 to 1439.
    pub from: u16,
    /// After `from`, at most 1440 minutes later: more than 1440 is on the next day.
    pub to: u16,
}

/// The hours that begin on a day, in order and apart; empty: closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours(Vec<Interval>);

/// Why a text is no hours of a day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not `hh:mm-hh:mm`.
    #[error("{0:?} is not of the form \"09:00-12:30\"")]
    Form(String),
    /// It ends when it begins.
    #[error("{0:?} is empty; all day is 00:00-24:00")]
    Empty(String),
    /// One begins before the one ahead of it is over.
    #[error("{0} begins before the interval ahead of it ends")]
    Overlap(Interval),
    /// More than [`MAX_INTERVALS`].
    #[error("a day may have {MAX_INTERVALS} intervals")]
    TooMany,
}

impl Hours {
    /// Hours of these intervals.
    ///
    /// # Errors
    /// Intervals that are out of order or overlap, or are too many.
    pub fn new(intervals: Vec<Interval>) -> Result<Self, HoursError> {
        if intervals.len() > MAX_INTERVALS {
            return Err(HoursError::TooMany);
        }
        let overlap = intervals.windows(2).find(|pair| pair[1].from < pair[0].to);
        overlap.map_or(Ok(()), |pair| Err(HoursError::Overlap(pair[1])))?;
        Ok(Self(intervals))
    }

    /// All day.
    pub fn all_day() -> Self {
        Self(vec![Interval { from: 0, to: DAY }])
    }

    /// In order.
    pub fn intervals(&self) -> &[Interval] {
        &self.0
    }

    /// Whether nobody works.
    pub fn is_closed(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Hours {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        Self::new(parts.map(Interval::from_str).collect::<Result<_, _>>()?)
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, interval) in self.0.iter().enumerate() {
            write!(out, "{}{interval}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl FromStr for Interval {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let wrong = || HoursError::Form(text.to_owned());
        let (from, to) = text.split_once(['-', '–']).ok_or_else(wrong)?;
        let (from, to) = (minute(from.trim()).ok_or_else(wrong)?, minute(to.trim()).ok_or_else(wrong)?);
        match (from, to) {
            (DAY, _) => Err(wrong()),
            (from, to) if from == to => Err(HoursError::Empty(text.to_owned())),
            (from, to) if to < from => Ok(Self { from, to: to + DAY }),
            (from, to) => Ok(Self { from, to }),
        }
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if self.to > DAY { self.to - DAY } else { self.to };
        write!(out, "{:02}:{:02}-{:02}:{:02}", self.from / 60, self.from % 60, to / 60, to % 60)
    }
}

/// Minutes after midnight of `hh:mm`, up to 24:00.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str, most: usize| {
        let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2).filter(|_| minutes.len() == 2)?);
    Some(hours * 60 + minutes).filter(|minute| minutes < 60 && *minute <= DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["", "09:00-17:00", "09:00-12:30, 13:30-18:00", "22:00-06:00", "00:00-24:00", "18:00-24:00"] {
            assert_eq!(text.parse::<Hours>().unwrap().to_string(), text);
        }
        assert_eq!("9:00 – 17:00".parse::<Hours>().unwrap().to_string(), "09:00-17:00");
        assert_eq!("22:00-06:00".parse::<Hours>().unwrap().intervals(), [Interval { from: 1320, to: 1800 }]);
        assert_eq!("00:00-24:00".parse::<Hours>().unwrap(), Hours::all_day());
    }

    #[test]
    fn what_is_no_hours_is_refused() {
        let refused = |text: &str| text.parse::<Hours>().unwrap_err().to_string();
        for text in
            ["9-17", "09:60-10:00", "24:00-06:00", "09:00", "+9:00-10:00", "09:00-25:00", "009:00-10:00", "９:00-10:00"]
        {
            assert!(refused(text).contains("is not of the form"), "{text}");
        }
        assert_eq!(refused("09:00-09:00"), "\"09:00-09:00\" is empty; all day is 00:00-24:00");
        assert_eq!(refused("09:00-12:00, 11:00-13:00"), "11:00-13:00 begins before the interval ahead of it ends");
        assert_eq!(refused("22:00-06:00, 23:00-24:00"), "23:00-24:00 begins before the interval ahead of it ends");
    }
}
