//! Time zones by name, and local times that a clock change skips or repeats.

use jiff::{
    SignedDuration, Timestamp,
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::instant::Reading;

/// A zone by its IANA name, or an offset: `Asia/Shanghai`, `UTC`, `+08:00`, `GMT+8`. Abbreviations such as `CST` are of
/// several zones and therefore of none.
pub fn named(text: &str) -> Option<TimeZone> {
    if text.contains('/') || text == "UTC" {
        return TimeZone::get(text).ok();
    }
    if matches!(text, "Z" | "GMT") {
        return Some(TimeZone::UTC);
    }
    let offset = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let digits = offset.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, minutes),
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let whole = |part: &str| part.parse::<u8>().ok().map(i32::from);
    let seconds = whole(hours)? * 3_600 + whole(minutes).filter(|minutes| *minutes < 60)? * 60;
    Offset::from_seconds(sign * seconds).ok().map(Offset::to_time_zone)
}

/// A name as people know it.
pub fn shown(zone: &TimeZone) -> String {
    let offset = || zone.to_fixed_offset().map_or("the time zone".to_owned(), |offset| offset.to_string());
    zone.iana_name().map_or_else(offset, str::to_owned)
}

/// A clock of another machine may differ by this much: the first of a row's instants is often one of those.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// What became of a row's readings.
#[derive(Debug, PartialEq, Eq)]
pub struct Resolved<const N: usize> {
    /// The instants, or why there is none.
    pub instants: [Option<Result<Timestamp, String>>; N],
    /// A clock showed one of the times twice, and the row does not tell which one it was: the earlier was taken.
    pub is_free: bool,
}

/// The instants of a row's readings, which follow one another. A local time that a clock change skips has none. Of those
/// that it repeats, the ones are taken that keep the order; where several do, or none, the earlier.
pub fn resolve<const N: usize>(readings: [Option<(Reading, &TimeZone)>; N]) -> Resolved<N> {
    let candidates = readings.map(|reading| reading.map(|(reading, zone)| candidates(reading, zone)));
    let repeated = |candidates: &Option<Result<(Timestamp, Timestamp), String>>| matches!(candidates, Some(Ok((earlier, later))) if earlier != later);
    let places: Vec<usize> = (0..N).filter(|place| repeated(&candidates[*place])).collect();
    // A choice is a number whose bits say which of the repeated times are the later one, the first time in the highest.
    let choose = |choice: usize| {
        let mut instants = candidates.clone().map(|one| one.map(|both| both.map(|(earlier, _)| earlier)));
        for (bit, place) in places.iter().rev().enumerate() {
            if let (true, Some(Ok((_, later)))) = (choice >> bit & 1 == 1, &candidates[*place]) {
                instants[*place] = Some(Ok(*later));
            }
        }
        instants
    };
    let mut orderly = (0..1 << places.len()).map(choose).filter(is_orderly);
    let first = orderly.next();
    let is_free = !places.is_empty() && (first.is_none() || orderly.next().is_some());
    Resolved { instants: first.unwrap_or_else(|| choose(0)), is_free }
}

fn is_orderly<const N: usize>(instants: &[Option<Result<Timestamp, String>>; N]) -> bool {
    let known: Vec<_> =
        instants.iter().enumerate().filter_map(|(place, at)| Some((place, at.as_ref()?.as_ref().ok()?))).collect();
    known.windows(2).all(|pair| {
        let slack = if pair[0].0 == 0 { SKEW } else { SignedDuration::ZERO };
        pair[0].1.duration_until(*pair[1].1) >= -slack
    })
}

fn candidates(reading: Reading, zone: &TimeZone) -> Result<(Timestamp, Timestamp), String> {
    let local = match reading {
        Reading::Absolute(instant) => return Ok((instant, instant)),
        Reading::Local(local) => local,
    };
    let ambiguous = zone.to_ambiguous_timestamp(local);
    if let AmbiguousOffset::Gap { .. } = ambiguous.offset() {
        return Err(format!("{local} did not exist in {}: the clocks were put forward", shown(zone)));
    }
    let earlier = ambiguous.earlier().map_err(|error| error.to_string())?;
    let later = ambiguous.later().map_err(|error| error.to_string())?;
    Ok((earlier, later))
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn instants(texts: [&str; 4]) -> ([String; 4], bool) {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let readings = texts.map(|text| Some((Reading::Local(text.parse().ok()?), &berlin)));
        let resolved = resolve(readings);
        let shown = resolved.instants.map(|one| match one {
            None => String::new(),
            Some(Ok(at)) => at.to_string(),
            Some(Err(why)) => why,
        });
        (shown, resolved.is_free)
    }

    #[test]
    fn a_skipped_time_is_none_and_a_repeated_one_the_earlier() {
        let (shown, free) = instants(["", "2023-03-26T01:59:59", "2023-03-26T02:30:00", ""]);
        assert_eq!((shown[1].as_str(), free), ("2023-03-26T00:59:59Z", false));
        assert!(shown[2].contains("did not exist in Europe/Berlin"), "{}", shown[2]);
        let (shown, free) = instants(["", "2023-10-29T02:30:00", "", ""]);
        assert_eq!((shown[1].as_str(), free), ("2023-10-29T00:30:00Z", true));
    }

    #[test]
    fn the_order_of_a_row_tells_which_of_two_it_was() {
        let (shown, free) = instants(["", "2023-10-29T02:50:00", "2023-10-29T02:05:00", "2023-10-29T02:20:00"]);
        let expected = ["", "2023-10-29T00:50:00Z", "2023-10-29T01:05:00Z", "2023-10-29T01:20:00Z"];
        assert_eq!((shown, free), (expected.map(str::to_owned), false));
        // Both would do: in the hour before, or in the hour after the change.
        let (shown, free) = instants(["", "2023-10-29T02:10:00", "2023-10-29T02:20:00", "2023-10-29T03:00:00"]);
        let expected = ["", "2023-10-29T00:10:00Z", "2023-10-29T00:20:00Z", "2023-10-29T02:00:00Z"];
        assert_eq!((shown, free), (expected.map(str::to_owned), true));
        // The voice menu's clock is a little fast: no reason to take its call for one of the hour before.
        let (shown, _) = instants(["2023-10-29T02:10:05", "2023-10-29T02:10:00", "", ""]);
        assert_eq!(shown[..2], ["2023-10-29T00:10:05Z", "2023-10-29T00:10:00Z"]);
    }

    #[test]
    fn where_no_choice_keeps_the_order_the_earlier_is_taken_and_said() {
        let (shown, free) = instants(["", "2023-10-29T04:00:00", "2023-10-29T02:20:00", ""]);
        assert_eq!((shown[2].as_str(), free), ("2023-10-29T00:20:00Z", true));
    }

    #[test]
    fn zones_by_name_and_offset() {
        for (text, expected) in [
            ("Asia/Shanghai", Some("Asia/Shanghai")),
            ("UTC", Some("UTC")),
            ("Z", Some("UTC")),
            ("+08:00", Some("+08")),
            ("GMT-5", Some("-05")),
            ("UTC+0530", Some("+05:30")),
            ("CST", None),
            ("+99", None),
            ("+08:75", None),
            ("Mars/Olympus", None),
        ] {
            assert_eq!(named(text).map(|zone| shown(&zone)).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        /// Resolving never moves a time by more than a zone's offset, and never panics.
        #[test]
        fn resolving_keeps_the_wall_clock(
            minutes in prop::collection::vec(0i64..60 * 24 * 366 * 90, 4),
            name in prop::sample::select(vec![
                "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
            ]),
        ) {
            let zone = TimeZone::get(name).unwrap();
            let first: DateTime = "1970-01-01T00:00:00".parse().unwrap();
            let locals = [0, 1, 2, 3].map(|place| first + SignedDuration::from_mins(minutes[place]));
            let resolved = resolve(locals.map(|local| Some((Reading::Local(local), &zone))));
            for (instant, local) in resolved.instants.into_iter().zip(locals) {
                if let Some(Ok(instant)) = instant {
                    prop_assert_eq!(zone.to_datetime(instant), local);
                }
            }
        }
    }
}
