//! Of events that each fall into one of two arms: whether arm B has the share that it should, and between which bounds
//! the share lies, at every look. The arms of all assigned units should have the trial's share: else units are lost in
//! one of them (sample-ratio mismatch). The arms of customers who complain would have it if the plans were alike.
//!
//! A Bayes factor of a beta prior against a fixed share is a martingale under that share: Lindon and Malek,
//! Anytime-valid inference for multinomial count data, NeurIPS 35 (2022); Robbins, Ann. Math. Stat. 41 (1970),
//! 1397-1409.

use libm::lgamma;

/// The observations that the prior is worth: light, so that a difference shows soon.
const PRIOR: f64 = 4.0;
/// Halvings of an interval when a bound is looked for: to less than a millionth.
const HALVINGS: usize = 24;

/// Events by arm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of arm A.
    pub a: u64,
    /// Of arm B.
    pub b: u64,
}

impl Counts {
    /// Evidence that the share of B is not `share`: at least 1/α, at any time, with a chance of α or less if it is.
    pub fn evidence(self, share: f64) -> f64 {
        self.log_evidence(share, share).exp()
    }

    /// Of a prior around `centre` against `share`.
    fn log_evidence(self, centre: f64, share: f64) -> f64 {
        let (prior_a, prior_b) = (PRIOR * (1.0 - centre), PRIOR * centre);
        let (a, b) = (self.a as f64, self.b as f64);
        // 0 times the logarithm of 0 is nothing.
        let term = |count: f64, share: f64| if count > 0.0 { count * share.ln() } else { 0.0 };
        ln_beta(prior_a + a, prior_b + b) - ln_beta(prior_a, prior_b) - term(a, 1.0 - share) - term(b, share)
    }

    /// Between which bounds the share of B lies, at all looks together with a confidence of `1 - alpha`; `centre`:
    /// where it is expected.
    pub fn share_within(self, centre: f64, alpha: f64) -> (f64, f64) {
        let limit = -alpha.ln();
        let is_in = |share: f64| self.log_evidence(centre, share) < limit;
        let likeliest = if self.a + self.b == 0 { centre } else { self.b as f64 / (self.a + self.b) as f64 };
        // From what is in to what is out. The evidence falls up to the likeliest share and rises behind it.
        let bound = |mut out: f64| {
            if is_in(out) {
                return out;
            }
            let mut inside = likeliest;
            for _ in 0..HALVINGS {
                let middle = f64::midpoint(inside, out);
                if is_in(middle) { inside = middle } else { out = middle }
            }
            out
        };
        (bound(0.0), bound(1.0))
    }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    lgamma(a) + lgamma(b) - lgamma(a + b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_event_gains_nothing_on_average() {
        for share in [0.1, 0.5, 0.7] {
            let counts = Counts { a: 5, b: 3 };
            let after = share * Counts { b: 4, ..counts }.evidence(share)
                + (1.0 - share) * Counts { a: 6, ..counts }.evidence(share);
            assert!((after - counts.evidence(share)).abs() < 1e-9, "{share}");
        }
        assert!((Counts::default().evidence(0.5) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_mismatch_is_seen_and_a_match_is_not() {
        assert!(Counts { a: 500, b: 500 }.evidence(0.5) < 1.0);
        assert!(Counts { a: 900, b: 100 }.evidence(0.1) < 1.0);
        assert!(Counts { a: 560, b: 440 }.evidence(0.5) > 20.0);
        assert!(Counts { a: 10, b: 0 }.evidence(0.5) > 20.0);
    }

    #[test]
    fn bounds_hold_what_is_likely_and_little_more() {
        assert_eq!(Counts::default().share_within(0.5, 0.05), (0.0, 1.0));
        let (low, high) = Counts { a: 500, b: 500 }.share_within(0.5, 0.05);
        assert!(low > 0.43 && low < 0.47 && (low + high - 1.0).abs() < 1e-6, "{low} {high}");
        let (low, high) = Counts { a: 0, b: 20 }.share_within(0.5, 0.05);
        assert!(low > 0.6 && high >= 1.0, "{low} {high}");
    }
}
