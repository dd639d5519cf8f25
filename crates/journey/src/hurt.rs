//! Which stages hurt most. A stage shows signs of hurt: of so many interactions of which it is known, so many were bad.
//! Its pain is the sum, over its signs, of the least share that is believable: the lower end of the 95 % interval. So
//! few observations weigh little, and a stage that is bad in several ways hurts more than one that is bad in one.

use rapport_statistics::interval::wilson;

/// A sign counts from so many known interactions on.
pub const LEAST: i64 = 5;
/// Stages that are named.
pub const WORST: usize = 3;

/// Of so many known, so many were bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sign {
    /// From 0 to `known`.
    pub bad: i64,
    /// From 0 up.
    pub known: i64,
}

impl Sign {
    /// Notes one more.
    pub fn note(&mut self, is_bad: bool) {
        self.known += 1;
        self.bad += i64::from(is_bad);
    }

    /// What it adds to the pain, 0 to 1; none: too little is known.
    pub fn pain(self) -> Option<f64> {
        wilson(self.bad, self.known).filter(|_| self.known >= LEAST && self.bad > 0).map(|interval| interval.low)
    }
}

/// How much a stage hurts: from 0 to the number of signs.
pub fn pain(signs: &[Sign]) -> f64 {
    signs.iter().filter_map(|sign| sign.pain()).sum()
}

/// The places of the stages that hurt most, the worst first, those that do not hurt left out. Each: its pain and its
/// interactions, of which more decide where the pain is the same.
pub fn worst(stages: &[(f64, i64)]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..stages.len()).filter(|at| stages[*at].0 > 0.0).collect();
    places.sort_by(|one, other| {
        let ((one_pain, one_count), (other_pain, other_count)) = (stages[*one], stages[*other]);
        other_pain.total_cmp(&one_pain).then(other_count.cmp(&one_count))
    });
    places.truncate(WORST);
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_of_two_hurt_less_than_forty_of_a_hundred() {
        let (few, six, many) = (Sign { bad: 2, known: 2 }, Sign { bad: 1, known: 6 }, Sign { bad: 40, known: 100 });
        assert_eq!(few.pain(), None);
        assert!(six.pain().unwrap() < many.pain().unwrap());
        assert!((pain(&[few, many]) - many.pain().unwrap()).abs() < 1e-12);
        assert_eq!(worst(&[(0.0, 9), (0.2, 5), (0.2, 6), (0.4, 1), (0.1, 9)]), [3, 2, 1]);
    }

    proptest! {
        #[test]
        fn more_of_the_bad_hurts_more(bad in 0..200_i64, good in 0..200_i64) {
            let (less, more) = (Sign { bad, known: bad + good }, Sign { bad: bad + 1, known: bad + good + 1 });
            prop_assert!(less.pain().unwrap_or_default() <= more.pain().unwrap_or_default() || more.known < LEAST);
            prop_assert!((0.0..=1.0).contains(&more.pain().unwrap_or_default()));
            let better = Sign { bad, known: bad + good + 1 };
            prop_assert!(better.pain().unwrap_or_default() <= less.pain().unwrap_or_default() || less.known < LEAST);
        }
    }
}
