//! How a rate has changed between two periods.

use crate::interval::{Interval, wilson};

/// Events, and what they are counted against: contacts, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// From 0 up.
    pub events: i64,
    /// From 0 up.
    pub exposure: i64,
}

/// A rate over an earlier one: 2 is twice as often.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Absent where nothing was there before.
    pub ratio: Option<f64>,
    /// Of 95 per cent.
    pub low: f64,
    /// Absent where nothing was there before: it has no end.
    pub high: Option<f64>,
}

/// Compares a rate with an earlier one; absent without any event, or without exposure in one of the periods.
///
/// Of all events of both periods, the later ones are a binomial share if both counts are Poisson's, and the ratio is a function of that
/// share (Przyborowski and Wilenski (1940), Biometrika 31:313-323); its interval is that of Wilson's score interval for the share.
pub fn change(later: Rate, earlier: Rate) -> Option<Change> {
    if later.exposure <= 0 || earlier.exposure <= 0 {
        return None;
    }
    let Interval { low, high } = wilson(later.events, later.events + earlier.events)?;
    let exposures = earlier.exposure as f64 / later.exposure as f64;
    let ratio = |share: f64| share / (1.0 - share) * exposures;
    let was_there = earlier.events > 0;
    let share = later.events as f64 / (later.events + earlier.events) as f64;
    Some(Change { ratio: was_there.then(|| ratio(share)), low: ratio(low), high: was_there.then(|| ratio(high)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(events: i64, exposure: i64) -> Rate {
        Rate { events, exposure }
    }

    #[test]
    fn a_ratio_is_told_with_what_it_is_worth() {
        let twice = change(rate(40, 1_000), rate(10, 500)).unwrap();
        assert!((twice.ratio.unwrap() - 2.0).abs() < 1e-12);
        assert!(twice.low < 1.1 && twice.low > 1.0 && twice.high.unwrap() > 3.8, "{twice:?}");
        let new = change(rate(3, 100), rate(0, 100)).unwrap();
        assert_eq!((new.ratio, new.high), (None, None));
        // Three against none is hardly more than none.
        assert!((0.7..0.9).contains(&new.low), "{new:?}");
        let gone = change(rate(0, 100), rate(8, 100)).unwrap();
        assert_eq!((gone.ratio, gone.low), (Some(0.0), 0.0));
        assert!(gone.high.unwrap() < 0.5, "{gone:?}");
        assert_eq!(change(rate(0, 100), rate(0, 100)), None);
        assert_eq!(change(rate(1, 0), rate(1, 100)), None);
        assert_eq!(change(rate(1, 100), rate(1, 0)), None);
    }

    /// The chance of each count of a Poisson variable, up to where nothing is left.
    fn poisson(mean: f64) -> Vec<f64> {
        let mut chances = vec![(-mean).exp()];
        for count in 1..(mean * 4.0 + 30.0) as usize {
            chances.push(chances[count - 1] * mean / count as f64);
        }
        chances
    }

    #[test]
    fn the_interval_covers_the_ratio_as_often_as_it_says() {
        for mean in [3.0, 8.0, 20.0, 60.0] {
            for ratio in [0.4, 1.0, 1.5, 3.0] {
                let (earlier, later) = (poisson(mean), poisson(mean * ratio));
                let mut covered = 0.0;
                for (before, chance_before) in (0..).zip(&earlier) {
                    for (after, chance_after) in (0..).zip(&later) {
                        let chance = chance_before * chance_after;
                        let holds = change(rate(after, 1_000), rate(before, 1_000))
                            .is_none_or(|found| found.low <= ratio && found.high.is_none_or(|high| ratio <= high));
                        covered += if holds { chance } else { 0.0 };
                    }
                }
                assert!((0.93..0.99).contains(&covered), "{mean} x {ratio}: {covered}");
            }
        }
    }
}
