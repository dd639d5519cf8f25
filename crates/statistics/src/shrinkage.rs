//! Empirical Bayes: how far a group's mean may be believed, and how sure one is of it then.
//!
//! The model is normal-normal. Groups truly differ from what is expected of them by a variance A, their observed means from the
//! truth by a sampling variance v. Then v / (v + A) of an observed difference is luck and is taken away: Efron and Morris
//! (1975), J. Am. Stat. Assoc. 70:311-319; Fay and Herriot (1979), J. Am. Stat. Assoc. 74:269-277.

#[cfg(test)]
use crate::interval::{Interval, Z};

/// One group's mean, less what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// On the scale; positive: better than expected.
    pub value: f64,
    /// Its sampling variance.
    pub variance: f64,
    /// How much the group counts in [`Between::estimate`]; its number of ratings.
    pub weight: f64,
}

/// The variance between groups beyond chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Between {
    /// A; not negative.
    pub variance: f64,
    /// The variance of that estimate.
    pub uncertainty: f64,
}

impl Between {
    /// By the method of moments: the weighted mean of squared differences, less what chance alone gives. `freedom`: the groups,
    /// less the parameters of the expectation that were fitted to these very differences; two fewer makes the *share* taken
    /// away unbiased instead of the variance, as Efron and Morris have it. Absent where `freedom` is not positive or nothing weighs.
    pub fn estimate(differences: &[Difference], freedom: f64) -> Option<Self> {
        let (mut weights, mut squared, mut chance, mut spread) = (0.0, 0.0, 0.0, 0.0);
        for one in differences {
            weights += one.weight;
            squared += one.weight * one.value * one.value;
            chance += one.weight * one.variance;
        }
        if freedom <= 0.0 || weights <= 0.0 {
            return None;
        }
        let variance = ((squared * differences.len() as f64 / freedom - chance) / weights).max(0.0);
        for one in differences {
            spread += (one.weight * (variance + one.variance)).powi(2);
        }
        // A squared normal difference has the variance 2 (A + v)².
        Some(Self { variance, uncertainty: 2.0 * spread / (weights * weights) })
    }

    /// What share of a difference with this sampling variance is kept: 0 where groups do not differ, 1 where chance plays no
    /// part.
    pub fn kept(self, sampling: f64) -> f64 {
        if self.variance > 0.0 { self.variance / (self.variance + sampling) } else { 0.0 }
    }

    /// The variance of a shrunk difference around the truth.
    ///
    /// The posterior variance Av / (A + v), and what the estimate of A adds: Prasad and Rao (1990), J. Am. Stat. Assoc.
    /// 85:163-171 (g1 + 2 g3). Without that, an estimate of A = 0 would claim certainty.
    pub fn error(self, sampling: f64) -> f64 {
        let total = self.variance + sampling;
        if total <= 0.0 {
            return 0.0;
        }
        self.variance * sampling / total + 2.0 * sampling * sampling / total.powi(3) * self.uncertainty
    }

    /// The shrunk difference and its interval.
    #[cfg(test)]
    pub fn shrink(self, value: f64, sampling: f64) -> (f64, Interval) {
        let shrunk = self.kept(sampling) * value;
        let reach = Z * self.error(sampling).sqrt();
        (shrunk, Interval { low: shrunk - reach, high: shrunk + reach })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hits in the first 45 at bats of 1970, Clemente to Alvis: Efron and Morris (1975), table 1.
    const HITS: [i32; 18] = [18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7];

    fn differences(values: &[f64], variance: f64) -> (f64, Vec<Difference>) {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, values.iter().map(|value| Difference { value: value - mean, variance, weight: 1.0 }).collect())
    }

    fn rounded(value: f64, digits: i32) -> f64 {
        (value * 10_f64.powi(digits)).round() / 10_f64.powi(digits)
    }

    #[test]
    fn baseball_on_the_transformed_scale() {
        // Efron and Morris (1975), section 2: the averages as √45 arcsin(2y - 1), -1.35 to -5.10, have unit variance and squared
        // differences of 18.96; .791 of a difference is taken away, .209 stays.
        let values = HITS.map(|hits| 45_f64.sqrt() * (2.0 * f64::from(hits) / 45.0 - 1.0).asin());
        assert_eq!((rounded(values[0], 2), rounded(values[17], 2)), (-1.35, -5.10));
        let (_, differences) = differences(&values, 1.0);
        assert_eq!(rounded(differences.iter().map(|one| one.value * one.value).sum(), 2), 18.96);
        let between = Between::estimate(&differences, 18.0 - 3.0).unwrap();
        assert_eq!(rounded(between.kept(1.0), 3), 0.209);
    }

    #[test]
    fn baseball_on_the_plain_scale() {
        // Efron and Morris (1977), Scientific American 236(5):119-127: mean .265, c = .212, Clemente .294, Alvis .242.
        let values = HITS.map(|hits| f64::from(hits) / 45.0);
        let mean = values.iter().sum::<f64>() / 18.0;
        assert_eq!(rounded(mean, 3), 0.265);
        let sampling = mean * (1.0 - mean) / 45.0;
        let (_, differences) = differences(&values, sampling);
        let between = Between::estimate(&differences, 18.0 - 3.0).unwrap();
        assert_eq!(rounded(between.kept(sampling), 3), 0.212);
        let shrunk = |index: usize| mean + between.shrink(differences[index].value, sampling).0;
        assert_eq!((rounded(shrunk(0), 3), rounded(shrunk(17), 3)), (0.294, 0.242));
    }

    #[test]
    fn groups_that_differ_by_chance_alone_are_held_equal() {
        // Rubin (1981), J. Educ. Stat. 6:377-401: coaching in eight schools; the variance by moments is zero.
        let effects = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16];
        let errors = [14.9_f64, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6];
        let weights = errors.map(|error| 1.0 / (error * error));
        let mean = effects.iter().zip(weights).map(|(effect, weight)| effect * weight).sum::<f64>()
            / weights.iter().sum::<f64>();
        let schools: Vec<_> = (0..8)
            .map(|at| Difference { value: effects[at] - mean, variance: errors[at] * errors[at], weight: weights[at] })
            .collect();
        let between = Between::estimate(&schools, 7.0).unwrap();
        assert_eq!(between.variance, 0.0);
        let (shrunk, interval) = between.shrink(schools[0].value, schools[0].variance);
        assert_eq!(shrunk, 0.0);
        // And not with certainty.
        assert!(interval.low < 0.0 && interval.high > 0.0);
    }

    #[test]
    fn nothing_to_compare_gives_no_estimate() {
        let one = Difference { value: 1.0, variance: 1.0, weight: 1.0 };
        assert_eq!(Between::estimate(&[], 0.0), None);
        assert_eq!(Between::estimate(&[one], 0.0), None);
        assert_eq!(Between::estimate(&[Difference { weight: 0.0, ..one }], 1.0), None);
        assert_eq!(Between { variance: 0.0, uncertainty: 0.0 }.shrink(1.0, 0.0).0, 0.0);
    }
}
