//! What something did, by exact matching: those who had it against those who had not, within groups that are alike. Groups
//! without either side tell nothing. Of whole groups, those who had it decide the weights: the effect on them. It is no more than an
//! association, where somebody chose who has it.
//!
//! Imbens and Rubin (2015), Causal Inference for Statistics, Social, and Biomedical Sciences, chapters 17 and 18.

use crate::interval::{Interval, score_interval};

/// Fewer on either side say nothing, and could tell who said what.
pub const LEAST: usize = 5;

/// What was seen of people who are alike, by side; each number lies on the scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alike {
    /// Of those who had it.
    pub with: Vec<f64>,
    /// Of those who had not.
    pub without: Vec<f64>,
}

/// The difference between the sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// The mean of those who had it.
    pub with: f64,
    /// The mean of those who had not, their groups weighted by how many had it.
    pub without: f64,
    /// `with` - `without`.
    pub difference: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

/// How many of either side are in groups that have both, and the effect where neither is below [`LEAST`].
///
/// The interval joins those of both means, which are of numbers between the ends of the scale (`interval::mean_interval`), as
/// method 10 of Newcombe (1998), Statistics in Medicine 17:873-890, joins those of shares. The weighted mean counts as one of as
/// many as its weights are worth (Kish 1965, Survey Sampling, 11.7). So it has a width where all say the same.
pub fn effect(groups: &[Alike], (min, max): (f64, f64)) -> (usize, usize, Option<Effect>) {
    let both: Vec<_> = groups.iter().filter(|one| !one.with.is_empty() && !one.without.is_empty()).collect();
    let (n, m) = both.iter().fold((0, 0), |(n, m), one| (n + one.with.len(), m + one.without.len()));
    if n < LEAST || m < LEAST {
        return (n, m, None);
    }
    let total = n as f64;
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let weight = |one: &Alike| one.with.len() as f64 / total;
    let with = both.iter().map(|one| weight(one) * mean(&one.with)).sum::<f64>();
    let without = both.iter().map(|one| weight(one) * mean(&one.without)).sum::<f64>();
    let worth = 1.0 / both.iter().map(|one| weight(one).powi(2) / one.without.len() as f64).sum::<f64>();
    let around = |mean: f64, n: f64| {
        let share = ((mean - min) / (max - min)).clamp(0.0, 1.0);
        let Interval { low, high } = score_interval(share, n);
        Interval { low: min + (max - min) * low, high: min + (max - min) * high }
    };
    let (of_with, of_without) = (around(with, total), around(without, worth));
    let difference = with - without;
    let interval = Interval {
        low: difference - (with - of_with.low).hypot(of_without.high - without),
        high: difference + (of_with.high - with).hypot(without - of_without.low),
    };
    (n, m, Some(Effect { with, without, difference, interval }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::SplitMix;

    fn alike(with: &[f64], without: &[f64]) -> Alike {
        Alike { with: with.to_vec(), without: without.to_vec() }
    }

    #[test]
    fn one_group_of_shares_is_newcombes_difference() {
        // Newcombe (1998), 17:873-890, table II, method 10: 56/70 - 48/80 is 0.2, from 0.0524 to 0.3339.
        let share = |ones: usize, n: usize| (0..n).map(|at| f64::from(u8::from(at < ones))).collect::<Vec<_>>();
        let groups = [Alike { with: share(56, 70), without: share(48, 80) }];
        let (n, m, effect) = effect(&groups, (0.0, 1.0));
        let effect = effect.unwrap();
        assert_eq!((n, m), (70, 80));
        let close = |one: f64, other: f64| assert!((one - other).abs() < 5e-5, "{one} {other}");
        close(effect.difference, 0.2);
        close(effect.interval.low, 0.0524);
        close(effect.interval.high, 0.3339);
    }

    #[test]
    fn groups_count_as_those_who_had_it_are_spread() {
        // Without matching it would look as if it did harm: it is given to those who are worse off.
        let groups = [
            alike(&[3.0; 20], &[2.0; 10]),
            alike(&[5.0; 5], &[5.0; 90]),
            // Tells nothing.
            alike(&[1.0; 50], &[]),
        ];
        let (n, m, effect) = effect(&groups, (1.0, 5.0));
        let effect = effect.unwrap();
        assert_eq!((n, m), (25, 100));
        assert!((effect.with - 3.4).abs() < 1e-9 && (effect.without - 2.6).abs() < 1e-9, "{effect:?}");
        assert!(effect.interval.low < 0.8 && effect.interval.high > 0.8);
    }

    #[test]
    fn few_say_nothing() {
        let (n, m, found) = effect(&[alike(&[5.0; 4], &[1.0; 90])], (1.0, 5.0));
        assert_eq!((n, m, found), (4, 90, None));
        assert_eq!(effect(&[], (0.0, 1.0)), (0, 0, None));
    }

    #[test]
    fn the_interval_holds_the_truth_nineteen_times_of_twenty() {
        let mut random = SplitMix(2_026);
        let mut held = 0;
        for _ in 0..2_000 {
            let group = |random: &mut SplitMix, base: f64, n: usize, m: usize| {
                let mut draw = |p: f64, n: usize| -> Vec<f64> {
                    (0..n).map(|_| f64::from(u8::from(random.fraction() < p))).collect()
                };
                Alike { with: draw(base + 0.1, n), without: draw(base, m) }
            };
            let groups =
                [group(&mut random, 0.2, 12, 30), group(&mut random, 0.5, 25, 25), group(&mut random, 0.7, 6, 50)];
            let interval = effect(&groups, (0.0, 1.0)).2.unwrap().interval;
            held += usize::from(interval.low <= 0.1 && 0.1 <= interval.high);
        }
        assert!(held >= 1_890, "{held} of 2000");
    }

    proptest! {
        #[test]
        fn the_difference_stays_on_the_scale_and_in_its_interval(
            groups in prop::collection::vec(
                (prop::collection::vec(1.0_f64..=5.0, 0..9), prop::collection::vec(1.0_f64..=5.0, 0..9)), 0..8),
        ) {
            let groups: Vec<_> = groups.into_iter().map(|(with, without)| Alike { with, without }).collect();
            if let (_, _, Some(found)) = effect(&groups, (1.0, 5.0)) {
                let Interval { low, high } = found.interval;
                prop_assert!(low <= found.difference && found.difference <= high);
                prop_assert!(low >= -4.0 - 1e-9 && high <= 4.0 + 1e-9);
                prop_assert!(high - low > 0.0);
            }
        }
    }
}
