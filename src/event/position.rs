//! A place in all logs: the last number that was read of each. Pure.

use super::source::SOURCES;

/// Bytes of a log's number and a line's.
const PART: usize = 9;

/// For each log, in the order of the sources, the number behind which one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position(Vec<i64>);

impl Position {
    /// Ahead of everything.
    pub(crate) fn beginning() -> Self {
        Self(vec![0; SOURCES.len()])
    }

    pub(super) fn of(&self, source: usize) -> i64 {
        self.0.get(source).copied().unwrap_or_default()
    }

    pub(super) fn set(&mut self, source: usize, sequence: i64) {
        if let Some(place) = self.0.get_mut(source) {
            *place = sequence;
        }
    }

    /// Whether something may lie between this place and that.
    pub(crate) fn is_behind(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(own, other)| own < other)
    }

    /// Whether no part of it is ahead of that place.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(own, other)| own <= other)
    }

    /// As it is kept in cursors and in the database: logs by number, so that it holds when others are added.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let part = |(source, sequence): (&super::source::Source, &i64)| {
            [&[source.number][..], &sequence.to_be_bytes()].concat()
        };
        SOURCES.iter().zip(&self.0).flat_map(part).collect()
    }

    /// Reads what [`Self::to_bytes`] wrote, by this version or an earlier one. A log that it does not name did not exist then, so
    /// that all of it lies ahead.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (parts, []) = bytes.as_chunks::<PART>() else { return None };
        let mut position = Self::beginning();
        for [number, sequence @ ..] in parts {
            let source = SOURCES.iter().position(|source| source.number == *number)?;
            let sequence = i64::from_be_bytes(*sequence);
            if sequence < 0 {
                return None;
            }
            position.set(source, sequence);
        }
        Some(position)
    }

    /// The number behind which one is of each log, with the log's number on record.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (i16, i64)> {
        SOURCES.iter().zip(&self.0).map(|(source, sequence)| (i16::from(source.number), *sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let mut place = Position::beginning();
        place.set(0, 7);
        place.set(3, i64::MAX);
        assert_eq!(Position::from_bytes(&place.to_bytes()), Some(place.clone()));
        assert!(Position::beginning().is_behind(&place) && !place.is_behind(&Position::beginning()));
        assert!(Position::beginning().is_within(&place) && !place.is_within(&Position::beginning()));
    }

    #[test]
    fn a_log_that_was_not_there_lies_ahead() {
        let before = &Position::beginning().to_bytes()[..PART];
        assert_eq!(Position::from_bytes(before), Some(Position::beginning()));
        assert_eq!(Position::from_bytes(&[]), Some(Position::beginning()));
    }

    #[test]
    fn what_is_no_place_is_not_read() {
        let unknown = [&[200_u8][..], &1_i64.to_be_bytes()].concat();
        let negative = [&[1_u8][..], &(-1_i64).to_be_bytes()].concat();
        for bytes in [&unknown[..], &negative, &[1], &[0; PART + 1]] {
            assert_eq!(Position::from_bytes(bytes), None, "{bytes:?}");
        }
    }
}
