//! Figures of one group of ratings, with how sure they are. Sums are whole numbers, so that they are exact and do not depend
//! on the order in which ratings arrive; a fraction is made once, at the end.

/// The 97.5th percentile of the normal distribution: all intervals are of 95 %.
pub const Z: f64 = 1.959_963_984_540_054;

/// A 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Number, sum and sum of squares of scores: all that a mean and a variance need, and they may be added and taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moments {
    /// How many scores.
    pub n: i64,
    /// Of the scores.
    pub sum: i64,
    /// The sum of their squares.
    pub squares: i64,
}

impl Moments {
    /// Of one score.
    pub fn of(score: i32) -> Self {
        let score = i64::from(score);
        Self { n: 1, sum: score, squares: score * score }
    }

    /// Of both together.
    pub fn plus(self, other: Self) -> Self {
        Self { n: self.n + other.n, sum: self.sum + other.sum, squares: self.squares + other.squares }
    }

    /// Without those of the other.
    pub fn minus(self, other: Self) -> Self {
        Self { n: self.n - other.n, sum: self.sum - other.sum, squares: self.squares - other.squares }
    }

    /// Absent without scores.
    pub fn mean(self) -> Option<f64> {
        (self.n > 0).then(|| self.sum as f64 / self.n as f64)
    }

    /// The sum of squared differences from the mean; exact before the division.
    pub fn deviance(self) -> f64 {
        if self.n == 0 {
            return 0.0;
        }
        let (n, sum, squares) = (i128::from(self.n), i128::from(self.sum), i128::from(self.squares));
        (n * squares - sum * sum) as f64 / n as f64
    }
}

impl FromIterator<i32> for Moments {
    fn from_iter<T: IntoIterator<Item = i32>>(scores: T) -> Self {
        scores.into_iter().map(Self::of).fold(Self::default(), Self::plus)
    }
}

/// The score interval for a share, without continuity correction: Wilson (1927), J. Am. Stat. Assoc. 22:209-212; method 3 of
/// Newcombe (1998), Statistics in Medicine 17:857-872. `successes` from 0 to `n`; absent for `n` = 0.
pub fn wilson(successes: i64, n: i64) -> Option<Interval> {
    (n > 0).then(|| score_interval(successes as f64 / n as f64, n as f64))
}

/// The interval for the mean of scores that lie between `min` and `max`; absent without scores.
///
/// Of all distributions on an interval with a given mean, the one on its two ends has the largest variance (Bhatia and Davis
/// (2000), Am. Math. Monthly 107:353-357), and for that one the mean is a share: so this is Wilson's interval of the mean's
/// place on the scale. It is never too narrow on that account, stays within the scale, and says of three equal answers that they are
/// three; the usual t interval has no width there. On two scores it is Wilson's exactly.
pub fn mean_interval(scores: Moments, min: i32, max: i32) -> Option<Interval> {
    let (min, span) = (f64::from(min), f64::from(max - min));
    let share = (scores.mean()? - min) / span;
    let Interval { low, high } = score_interval(share.clamp(0.0, 1.0), scores.n as f64);
    Some(Interval { low: min + span * low, high: min + span * high })
}

pub(crate) fn score_interval(share: f64, n: f64) -> Interval {
    let square = Z * Z;
    let middle = share + square / (2.0 * n);
    let reach = Z * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    let whole = 1.0 + square / n;
    Interval { low: ((middle - reach) / whole).max(0.0), high: ((middle + reach) / whole).min(1.0) }
}

/// Of several tests, the largest p-value that is rejected, if any is, so that at most the part `level` of all rejections is
/// expected to be false: procedure (1) of Benjamini and Hochberg (1995), J. Royal Stat. Soc. B 57:289-300.
pub fn largest_rejected(p_values: &[f64], level: f64) -> Option<f64> {
    let mut sorted = p_values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let count = sorted.len() as f64;
    sorted.into_iter().enumerate().filter(|(at, p)| *p <= (*at + 1) as f64 / count * level).map(|(_, p)| p).next_back()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wilson_gives_the_published_intervals() {
        // Newcombe (1998), table I, method 3.
        for (successes, n, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let interval = wilson(successes, n).unwrap();
            let rounded = [interval.low, interval.high].map(|end| (end * 1e4).round() / 1e4);
            assert_eq!(rounded, [low, high], "{successes} of {n}");
        }
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn moments_are_those_of_the_scores() {
        let scores: Moments = [1, 5, 5, 4].into_iter().collect();
        assert_eq!((scores.n, scores.sum, scores.squares), (4, 15, 67));
        assert_eq!((scores.mean(), scores.deviance()), (Some(3.75), 67.0 - 225.0 / 4.0));
        assert_eq!(Moments::default().mean(), None);
        assert_eq!(Moments::default().deviance(), 0.0);
        // Where floating sums of squares would cancel to nothing.
        let many = Moments { n: 2_000_000_000, sum: 9_999_999_999, squares: 49_999_999_991 };
        assert!((many.deviance() - 1.0).abs() < 1e-8, "{}", many.deviance());
    }

    #[test]
    fn a_few_equal_answers_are_not_certain() {
        let interval = mean_interval([5, 5, 5].into_iter().collect(), 1, 5).unwrap();
        assert_eq!(interval.high, 5.0);
        assert!(interval.low < 3.0, "{interval:?}");
        assert_eq!(mean_interval(Moments::default(), 1, 5), None);
    }

    proptest! {
        #[test]
        fn the_interval_of_a_mean_holds_it_and_stays_in_the_scale(scores in prop::collection::vec(1..=5, 1..200)) {
            let moments: Moments = scores.into_iter().collect();
            let Interval { low, high } = mean_interval(moments, 1, 5).unwrap();
            let mean = moments.mean().unwrap();
            prop_assert!(1.0 <= low && low <= mean + 1e-12 && mean - 1e-12 <= high && high <= 5.0);
        }

        #[test]
        fn on_two_scores_it_is_wilsons(successes in 0_i64..100, failures in 0_i64..100) {
            prop_assume!(successes + failures > 0);
            let n = successes + failures;
            let share = mean_interval(Moments { n, sum: successes, squares: successes }, 0, 1);
            prop_assert_eq!(share, wilson(successes, n));
        }

        #[test]
        fn moments_do_not_depend_on_order(mut scores in prop::collection::vec(0..=10, 0..50), at in 0_usize..50) {
            let one: Moments = scores.iter().copied().collect();
            let at = at.min(scores.len());
            scores.rotate_left(at);
            let parts: [Moments; 2] = [scores[..at].iter().copied().collect(), scores[at..].iter().copied().collect()];
            prop_assert_eq!(parts[0].plus(parts[1]), one);
            prop_assert_eq!(one.minus(parts[0]), parts[1]);
        }
    }

    #[test]
    fn false_discoveries_are_held_down_as_published() {
        // Benjamini and Hochberg (1995), section 4.1: of fifteen, the first four; Bonferroni's procedure has three.
        let p_values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        assert_eq!(largest_rejected(&p_values, 0.05), Some(0.0095));
        assert_eq!(largest_rejected(&[0.2, 0.9], 0.05), None);
        assert_eq!(largest_rejected(&[], 0.05), None);
        // A p-value may be above its own line and below that of a later one.
        assert_eq!(largest_rejected(&[0.04, 0.045, 0.9], 0.05), None);
        assert_eq!(largest_rejected(&[0.03, 0.032, 0.033], 0.05), Some(0.033));
    }
}
