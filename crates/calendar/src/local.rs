//! What instant a zone's clocks mean: the one rule by which hours become instants.
//!
//! It never runs backwards: of two local times the later one is never an earlier instant, so that hours that are apart on paper are
//! apart in time, and hours that touch leave nothing out. A time that the clocks skip is the moment at which they jump; one
//! that they show twice is the first of the two.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use crate::Micros;

/// None: outside of what can be represented.
pub(crate) fn instant(zone: &TimeZone, at: DateTime) -> Option<Micros> {
    let timestamp = match zone.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(at).ok()?,
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(at).ok()?,
        AmbiguousOffset::Gap { after, .. } => {
            let ahead_of_the_jump: Timestamp = after.to_timestamp(at).ok()?;
            zone.following(ahead_of_the_jump).next()?.timestamp()
        }
    };
    Some(timestamp.as_microsecond())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn skipped_times_are_the_jump_and_repeated_ones_the_first() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let shown = |at| Timestamp::from_microsecond(instant(&berlin, at).unwrap()).unwrap().to_string();
        for minute in [0, 1, 30, 59] {
            assert_eq!(shown(date(2025, 3, 30).at(2, minute, 0, 0)), "2025-03-30T01:00:00Z");
        }
        assert_eq!(shown(date(2025, 3, 30).at(3, 0, 0, 0)), "2025-03-30T01:00:00Z");
        assert_eq!(shown(date(2025, 10, 26).at(2, 30, 0, 0)), "2025-10-26T00:30:00Z");
        assert_eq!(shown(date(2025, 10, 26).at(3, 0, 0, 0)), "2025-10-26T02:00:00Z");
        // A whole day that Samoa never had.
        let apia = TimeZone::get("Pacific/Apia").unwrap();
        let jump = instant(&apia, date(2011, 12, 31).at(0, 0, 0, 0)).unwrap();
        assert_eq!(instant(&apia, date(2011, 12, 30).at(9, 0, 0, 0)).unwrap(), jump);
        assert_eq!(instant(&apia, date(2011, 12, 30).at(17, 0, 0, 0)).unwrap(), jump);
    }
}
