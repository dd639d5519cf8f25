//! What the rated person may see of their ratings (R12): fixed blocks of at least five, released together.
//!
//! Ratings join the open block in the order in which they count; a block that has five is released and never changes again. So
//! whatever is asked, and however often, two answers differ by whole blocks or by nothing, and no rating can be had as
//! the difference of two answers. That holds only if the rest of the view keeps to it as well:
//! - figures of the view are made of released ratings as they were on release (a later exemption or correction of one of them
//!   would show which it was, so it reaches the figures of others only, and the rated person by its own notice);
//! - within a block nothing tells the order, and times are those of the block;
//! - there is no filter other than whole blocks.

use std::ops::Range;

/// How many ratings a block has.
pub const BLOCK: u64 = 5;

/// The block of the rating that was the `position`th to count for this person, both from 0. It never changes.
pub fn block_of(position: u64) -> u64 {
    position / BLOCK
}

/// How many blocks are released when so many ratings have counted.
pub fn released(counted: u64) -> u64 {
    counted / BLOCK
}

/// The positions in the released blocks from `blocks.start` to before `blocks.end`; what is not released yet is left out.
pub fn visible(counted: u64, blocks: Range<u64>) -> Range<u64> {
    let released = released(counted);
    let (start, end) = (blocks.start.min(released), blocks.end.min(released));
    start * BLOCK..end.max(start) * BLOCK
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_fifth_rating_shows_five() {
        assert_eq!([0, 4, 5, 9, 10].map(|counted| visible(counted, 0..u64::MAX)), [0..0, 0..0, 0..5, 0..5, 0..10]);
        assert_eq!(visible(12, 1..2), 5..10);
        assert_eq!(visible(12, 2..9), 10..10);
        assert_eq!([0, 4, 5].map(block_of), [0, 0, 1]);
    }

    proptest! {
        /// All that follows from a series of answers by union, intersection and difference is made of their atoms: the sets of
        /// ratings that no answer tells apart.
        #[test]
        fn no_series_of_queries_tells_fewer_than_five_apart(
            queries in prop::collection::vec((0..4_u64, 0..15_u64, 0..15_u64), 1..30),
        ) {
            let (mut counted, mut answers) = (0, Vec::new());
            for (arrived, from, to) in queries {
                counted += arrived;
                answers.push(visible(counted, from..to));
            }
            let mut atoms: std::collections::BTreeMap<Vec<bool>, u64> = std::collections::BTreeMap::new();
            for position in 0..counted {
                *atoms.entry(answers.iter().map(|answer| answer.contains(&position)).collect()).or_default() += 1;
            }
            for (told, size) in atoms {
                prop_assert!(size >= BLOCK || !told.contains(&true), "{} ratings", size);
            }
        }

        #[test]
        fn what_was_shown_stays_and_is_whole_blocks(counted in 0..500_u64, more in 0..50_u64) {
            let before: BTreeSet<u64> = visible(counted, 0..u64::MAX).collect();
            let after: BTreeSet<u64> = visible(counted + more, 0..u64::MAX).collect();
            prop_assert!(before.is_subset(&after));
            prop_assert!(after.iter().all(|position| block_of(*position) < released(counted + more)));
            let new = after.len() - before.len();
            prop_assert!(new == 0 || new as u64 >= BLOCK);
        }
    }
}
