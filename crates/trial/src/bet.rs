//! Evidence against "the plans are alike" that may be looked at after every value: a bettor who starts with 1 and
//! stakes part of what they have on the arm of the next unit. If the plans are alike, arms are draws with the trial's
//! share, no bet gains on average, and the chance that the bettor ever holds 1/α is at most α (Ville's inequality). See
//! Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, J. R. Stat. Soc. B 86 (2024),
//! 1-27; Ramdas, Grünwald, Vovk and Shafer, Game-theoretic statistics and safe anytime-valid inference, Statistical
//! Science 38 (2023), 576-601.
//!
//! The stake on a unit depends on its value and on what came before, never on its arm. That is allowed since chance
//! decided on arms alone: it is a permutation test that goes on and on. A stake that grows with the distance of a value
//! from the mean makes it a test of means.

use crate::assign::Arm;

/// How boldly is bet: the bettor divides their capital equally between these, since nobody knows before how large a
/// difference will be.
const BOLDNESS: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0];
/// The part of their capital that one bet may lose: never all.
const AT_MOST: f64 = 0.95;

/// A bettor who expects large scores of one arm.
#[derive(Clone, Copy, Debug)]
pub struct Bettor {
    share_of_b: f64,
    /// Logarithms of capital, by boldness.
    capital: [f64; BOLDNESS.len()],
    peak: f64,
}

impl Bettor {
    /// With a capital of 1; `share_of_b`: the probability of arm B.
    pub fn new(share_of_b: f64) -> Self {
        Self { share_of_b, capital: [0.0; BOLDNESS.len()], peak: 0.0 }
    }

    /// Bets that a unit with a high score is of arm B, with a low one of arm A; `score` from -1 to 1.
    pub fn add(&mut self, arm: Arm, score: f64) {
        let won = match arm {
            Arm::B => 1.0 - self.share_of_b,
            Arm::A => -self.share_of_b,
        };
        let limit = AT_MOST / self.share_of_b.max(1.0 - self.share_of_b);
        for (capital, boldness) in self.capital.iter_mut().zip(BOLDNESS) {
            *capital += (won * (boldness * score).clamp(-limit, limit)).ln_1p();
        }
        // They hold a mean of their capitals: no more than the largest.
        if self.largest() > self.peak {
            self.peak = self.peak.max(self.held());
        }
    }

    fn largest(&self) -> f64 {
        self.capital.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The logarithm of what they hold.
    fn held(&self) -> f64 {
        let most = self.largest();
        let sum: f64 = self.capital.iter().map(|capital| (capital - most).exp()).sum();
        most + (sum / BOLDNESS.len() as f64).ln()
    }

    /// The most that they ever held: at least 1/α with a chance of α or less if the plans are alike.
    pub fn evidence(&self) -> f64 {
        self.peak.exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bet_gains_on_average() {
        for share in [0.1, 0.5, 0.8] {
            for score in [-1.0, -0.3, 0.0, 0.2, 1.0] {
                let held = |arm| {
                    let mut bettor = Bettor::new(share);
                    bettor.add(Arm::A, 0.4);
                    bettor.add(arm, score);
                    bettor.held().exp()
                };
                let mut before = Bettor::new(share);
                before.add(Arm::A, 0.4);
                let mean = share * held(Arm::B) + (1.0 - share) * held(Arm::A);
                assert!((mean - before.held().exp()).abs() < 1e-12, "{share} {score}");
            }
        }
    }

    #[test]
    fn nobody_is_ruined_by_one_bet() {
        let mut bettor = Bettor::new(0.9);
        (0..100).for_each(|_| bettor.add(Arm::A, 1.0));
        assert!(bettor.held().is_finite() && bettor.evidence() >= 1.0);
    }

    #[test]
    fn what_is_always_in_one_arm_is_seen_soon() {
        let mut bettor = Bettor::new(0.5);
        let seen = (1..100).find(|_| {
            bettor.add(Arm::B, 1.0);
            bettor.evidence() >= 60.0
        });
        assert_eq!(seen, Some(8));
    }
}
