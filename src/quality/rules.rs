//! When an assessment and a rating contradict each other, and what may be made of a customer's words.

use std::ops::RangeInclusive;

use crate::api::v1::MismatchDirection;

/// What a mismatch is made of, both on 5 points of which 5 is the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    pub(super) assessed: RangeInclusive<i16>,
    pub(super) rated: RangeInclusive<i16>,
}

/// Both boxes are as wide: a 3 contradicts nothing.
const BOTTOM: RangeInclusive<i16> = 1..=2;
const TOP: RangeInclusive<i16> = 4..=5;

/// The contradictions of a direction.
pub(super) fn contradictions(direction: MismatchDirection) -> Vec<Contradiction> {
    let lower = Contradiction { assessed: TOP, rated: BOTTOM };
    let higher = Contradiction { assessed: BOTTOM, rated: TOP };
    match direction {
        MismatchDirection::RatedLower => vec![lower],
        MismatchDirection::RatedHigher => vec![higher],
        MismatchDirection::Unspecified => vec![lower, higher],
    }
}

/// The direction in which a rating of this level contradicts an assessment, if one does.
pub(super) fn direction(level: i16) -> MismatchDirection {
    if BOTTOM.contains(&level) { MismatchDirection::RatedLower } else { MismatchDirection::RatedHigher }
}

/// Whether a text is nothing but parts of a comment in its order, with ellipses between them.
pub(super) fn quotes(text: &str, comment: &str) -> bool {
    let mut rest = comment;
    let mut found = false;
    for part in text.split('…').map(str::trim).filter(|part| !part.is_empty()) {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        found = true;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_three_contradicts_nothing() {
        let is_mismatch = |assessed: i16, rated: i16| {
            let all = contradictions(MismatchDirection::Unspecified);
            all.iter().any(|one| one.assessed.contains(&assessed) && one.rated.contains(&rated))
        };
        for (assessed, rated) in [(4, 2), (5, 1), (2, 4), (1, 5)] {
            assert!(is_mismatch(assessed, rated), "{assessed} {rated}");
        }
        for (assessed, rated) in [(3, 1), (3, 5), (5, 3), (1, 3), (4, 4), (2, 2)] {
            assert!(!is_mismatch(assessed, rated), "{assessed} {rated}");
        }
        assert_eq!([1, 2].map(direction), [MismatchDirection::RatedLower; 2]);
        assert_eq!([4, 5].map(direction), [MismatchDirection::RatedHigher; 2]);
    }

    #[test]
    fn praise_is_the_customers_own_words() {
        let comment = "我是和平路面包店的王芳，李娜很有耐心，谢谢她！";
        for good in [comment, "李娜很有耐心", "…李娜很有耐心…", "李娜很有耐心 … 谢谢她！"] {
            assert!(quotes(good, comment), "{good}");
        }
        for bad in ["", "…", "李娜非常有耐心", "谢谢她！…李娜很有耐心", "耐心…耐心"] {
            assert!(!quotes(bad, comment), "{bad}");
        }
    }
}
