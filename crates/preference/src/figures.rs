//! How well a replay foretold what came.

use serde::Serialize;

use crate::calibration::calibration_error;

/// Half of an interval of 95 %, in standard errors of the normal distribution.
const HALF_WIDTH: f64 = 1.96;
/// With fewer clusters a cluster-robust error is itself too uncertain to conclude from (Cameron and Miller, A practitioner's
/// guide to cluster-robust inference, 2015).
const FEWEST_CUSTOMERS: i64 = 20;

/// How well a dimension is foretold, over the answers about customers with at least 4 earlier contacts; all but counts as
/// fractions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Figures {
    /// Answers that were compared with what came.
    pub predictions: u64,
    /// How many of them were told: the dimension was not silent.
    pub told: u64,
    /// Customers whom they were about.
    pub customers: usize,
    /// The value predicted first came.
    pub top1: f64,
    /// One of the first three came.
    pub top3: f64,
    /// What most contacts of all customers had before came.
    pub overall_mode: f64,
    /// What most of the customer's own contacts had before came.
    pub own_mode: f64,
    /// The value predicted first came in the last contact of each customer.
    pub last_top1: f64,
    /// What most of the customer's own contacts had before came in their last.
    pub last_own_mode: f64,
    /// What `top1` has over `own_mode`: the ends of its interval of 95 %, whose error is robust to customers who differ.
    pub gain_low: f64,
    /// See `gain_low`.
    pub gain_high: f64,
    /// The lower end for last contacts.
    pub last_gain_low: f64,
    /// Share of the answers that offered a value.
    pub offered: f64,
    /// Share of those whose value came.
    pub offered_came: f64,
    /// Mean distance of confidence from what came, over 10 bins of equal mass; of all answers: those on which
    /// the dimension was silent claim what they would have.
    pub calibration_error: f64,
    /// The same over the answers that offered a value.
    pub offered_calibration_error: f64,
    /// Predictions with a second value as likely as the first.
    pub ties: u64,
    /// What was found to predict best.
    pub half_life_days: f64,
    /// Whether a fit to the whole record offers nothing in this dimension, since `gain_high` is below zero.
    pub is_silent: bool,
}

/// How answers about one customer went in one dimension.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    pub(crate) answers: u32,
    top: u32,
    own: u32,
    last_top: bool,
    last_own: bool,
}

impl Score {
    /// By how many first guesses came more often than the most frequent value, and of how many.
    pub(crate) fn gain(&self) -> (i64, i64) {
        (i64::from(self.top) - i64::from(self.own), self.answers.into())
    }

    pub(crate) fn add(&mut self, top: bool, own: bool) {
        *self = Self {
            answers: self.answers + 1,
            top: self.top + u32::from(top),
            own: self.own + u32::from(own),
            last_top: top,
            last_own: own,
        };
    }
}

impl Figures {
    /// From one score for each customer, and what all answers claimed: the probability, whether it came, and whether it was offered.
    pub(crate) fn of(scores: &[Score], claims: &[(f64, bool, bool)]) -> Self {
        let share = |count: u64, of: u64| if of > 0 { count as f64 / of as f64 } else { 0.0 };
        let sum = |of: fn(&Score) -> u32| scores.iter().map(|score| u64::from(of(score))).sum::<u64>();
        let (predictions, customers) = (claims.len() as u64, scores.len() as u64);
        let (mut gain, mut last_gain) = (Gain::default(), Gain::default());
        for score in scores {
            gain.replace((0, 0), score.gain());
            last_gain.replace((0, 0), (i64::from(score.last_top) - i64::from(score.last_own), 1));
        }
        let ((gain_low, gain_high), (last_gain_low, _)) = (gain.interval(), last_gain.interval());
        let offered: Vec<_> = claims.iter().filter(|claim| claim.2).map(|claim| (claim.0, claim.1)).collect();
        let came = offered.iter().filter(|(_, came)| *came).count() as u64;
        Self {
            predictions,
            customers: scores.len(),
            top1: share(sum(|score| score.top), predictions),
            own_mode: share(sum(|score| score.own), predictions),
            last_top1: share(sum(|score| score.last_top.into()), customers),
            last_own_mode: share(sum(|score| score.last_own.into()), customers),
            gain_low,
            gain_high,
            last_gain_low,
            offered: share(offered.len() as u64, predictions),
            offered_came: share(came, offered.len() as u64),
            calibration_error: calibration_error(claims.iter().map(|claim| (claim.0, claim.1)).collect()),
            offered_calibration_error: calibration_error(offered),
            ..Self::default()
        }
    }
}

/// How often first guesses came beyond the customers' own most frequent values, kept by sums over customers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gain {
    customers: i64,
    gain: i64,
    answers: i64,
    /// Sums of squares and products over customers.
    gain_gain: i64,
    gain_answers: i64,
    answers_answers: i64,
}

impl Gain {
    /// Puts another gain of a customer, over so many answers, in the place of what it was.
    pub(crate) fn replace(&mut self, was: (i64, i64), is: (i64, i64)) {
        self.customers += i64::from(was.1 == 0);
        self.gain += is.0 - was.0;
        self.answers += is.1 - was.1;
        self.gain_gain += is.0 * is.0 - was.0 * was.0;
        self.gain_answers += is.0 * is.1 - was.0 * was.1;
        self.answers_answers += is.1 * is.1 - was.1 * was.1;
    }

    /// Of the gain of an answer, 95 %: a ratio of sums over customers, who are drawn, not their answers (Cochran, Sampling
    /// techniques, 1977, 6.4). Everything where there are no two customers.
    pub(crate) fn interval(&self) -> (f64, f64) {
        if self.customers < 2 {
            return (-1.0, 1.0);
        }
        let [customers, gain, answers, gain_gain, gain_answers, answers_answers] =
            [self.customers, self.gain, self.answers, self.gain_gain, self.gain_answers, self.answers_answers]
                .map(|sum| sum as f64);
        let mean = gain / answers;
        let residual = (gain_gain - 2.0 * mean * gain_answers + mean * mean * answers_answers).max(0.0);
        let error = (residual * customers / (customers - 1.0)).sqrt() / answers;
        (mean - HALF_WIDTH * error, mean + HALF_WIDTH * error)
    }

    /// Whether guesses come less often, beyond chance.
    pub(crate) fn is_loss(&self) -> bool {
        self.customers >= FEWEST_CUSTOMERS && self.interval().1 < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of customers with a gain over ten answers each.
    fn of(gains: &[i64]) -> Gain {
        let mut sums = Gain::default();
        gains.iter().for_each(|gain| sums.replace((0, 0), (*gain, 10)));
        sums
    }

    #[test]
    fn the_interval_is_that_of_a_mean_over_customers() {
        let (low, high) = of(&[-2, 0, 2, 4]).interval();
        // Mean 1 of 10, standard deviation 2.582 of 10, over the root of 4 customers.
        assert!((low - (0.1 - 1.96 * 0.129_1)).abs() < 1e-4 && (high - (0.1 + 1.96 * 0.129_1)).abs() < 1e-4);
        assert_eq!(of(&[3]).interval(), (-1.0, 1.0));
        let mut grown = of(&[-2, 0, 2]);
        grown.replace((0, 0), (1, 4));
        grown.replace((1, 4), (4, 10));
        assert_eq!(grown.interval(), (low, high), "as if it had been so at once");
    }

    #[test]
    fn a_loss_is_one_beyond_chance_and_of_enough_customers() {
        assert!(of(&[-1; 20]).is_loss());
        assert!(!of(&[-1; 19]).is_loss(), "too few to tell");
        assert!(!of(&[0; 50]).is_loss(), "a tie");
        assert!(!of(&[-5, 4, 0, -1, 1, -3, 2].repeat(4)).is_loss(), "chance");
        assert!(!of(&[1; 50]).is_loss());
    }
}
