//! How often claims came true: what a claim is worth, and how far claims were off.

use serde::{Deserialize, Serialize};

/// Bins of p.
const BINS: usize = 30;
/// So many predictions that came true as often as they claimed are imagined in each bin.
const TRUST: f64 = 20.0;
/// Bins of equal mass over which the error is measured.
const MASSES: usize = 10;

/// How often predictions came true, by what they claimed (histogram binning: Zadrozny and Elkan, Obtaining calibrated
/// probability estimates, 2001).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Predictions that came true, and all of them, by bin; empty: there are none.
    bins: Vec<(u64, u64)>,
}

impl Calibration {
    /// What a claim of probability `p` is worth, 0 to 1.
    pub fn confidence(&self, p: f64) -> f64 {
        let (hits, all) = self.bins.get(bin(p)).copied().unwrap_or_default();
        (hits as f64 + TRUST * p) / (all as f64 + TRUST)
    }

    /// Notes whether a claim came true.
    pub fn note(&mut self, p: f64, came_true: bool) {
        self.bins.resize(BINS, (0, 0));
        let bin = &mut self.bins[bin(p)];
        *bin = (bin.0 + u64::from(came_true), bin.1 + 1);
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability is in a bin")]
fn bin(p: f64) -> usize {
    ((p * BINS as f64) as usize).min(BINS - 1)
}

/// The calibration error of claims, each with whether it came true: the mean distance of what was claimed from the share that
/// came true, over 10 bins of equal mass, 0 to 1 (expected calibration error with adaptive bins: Nguyen and O'Connor,
/// Posterior calibration and exploratory analysis, 2015). 0 of no claims.
pub fn calibration_error(mut claims: Vec<(f64, bool)>) -> f64 {
    claims.sort_by(|one, other| one.0.total_cmp(&other.0));
    let all = claims.len();
    let bins = (0..MASSES).map(|bin| &claims[bin * all / MASSES..(bin + 1) * all / MASSES]);
    let distances = bins.map(|bin| {
        let claimed: f64 = bin.iter().map(|(confidence, _)| confidence).sum();
        let came: f64 = bin.iter().map(|(_, came)| f64::from(u8::from(*came))).sum();
        (claimed - came).abs()
    });
    distances.sum::<f64>() / all.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_come_true_is_trusted_less() {
        let mut calibration = Calibration::default();
        assert!((calibration.confidence(0.9) - 0.9).abs() < 1e-12);
        (0..100).for_each(|_| calibration.note(0.9, false));
        assert!(calibration.confidence(0.9) < 0.2);
        assert!((calibration.confidence(0.5) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_error_is_the_distance_of_claims_from_what_came() {
        let claims = |p: f64, of_ten: usize| (0..1_000).map(move |one| (p, one % 10 < of_ten));
        assert!(calibration_error(claims(0.7, 7).collect()) < 1e-9);
        assert!((calibration_error(claims(0.7, 5).collect()) - 0.2).abs() < 1e-9);
        // One half claims too much, the other too little: they do not make up for one another.
        assert!((calibration_error(claims(0.8, 6).chain(claims(0.2, 4)).collect()) - 0.2).abs() < 1e-9);
        assert_eq!(calibration_error(Vec::new()), 0.0);
    }
}
