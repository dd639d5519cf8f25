//! Between which bounds the mean of an arm lies, at all looks together: a confidence sequence by betting (Waudby-Smith
//! and Ramdas 2024, the hedged capital of theorem 3). It holds for values between 0 and 1 of any shape, one a unit, and
//! for as few as there are.

/// Means that are tried lie so far apart; what is found is rounded outwards to them.
const STEPS: u32 = 200;
/// The part of their capital that a bet against a mean may lose.
const AT_MOST: f64 = 0.5;

/// The bounds for values in the order in which they came, with a confidence of `1 - alpha`; 0 and 1 without values.
pub fn within(values: &[f64], alpha: f64) -> (f64, f64) {
    let stakes = stakes(values, alpha);
    let is_out = |step: u32| is_refuted(values, &stakes, f64::from(step) / f64::from(STEPS), alpha);
    // Each bound is the last mean that is refuted, so that rounding takes nothing away.
    let low = (0..=STEPS).take_while(|step| is_out(*step)).last().unwrap_or(0);
    let high = (0..=STEPS).rev().take_while(|step| is_out(*step)).last().unwrap_or(STEPS);
    (f64::from(low) / f64::from(STEPS), f64::from(high) / f64::from(STEPS))
}

/// What is staked on each value: from the variance of the values before it alone.
fn stakes(values: &[f64], alpha: f64) -> Vec<f64> {
    let wanted = 2.0 * (2.0 / alpha).ln();
    // As if one value of 1/2 with a variance of 1/4 had come first.
    let (mut count, mut sum, mut squares) = (1.0, 0.5, 0.25);
    let stake = |value: &f64| {
        let stake: f64 = (wanted / (squares * f64::ln(count + 1.0))).sqrt();
        count += 1.0;
        sum += value;
        squares += (value - sum / count) * (value - sum / count);
        stake
    };
    values.iter().map(stake).collect()
}

/// Whether two who bet for and against a mean, each with half the capital, ever held 1/α.
fn is_refuted(values: &[f64], stakes: &[f64], mean: f64, alpha: f64) -> bool {
    let (mut above, mut below) = (0.5, 0.5);
    let limits = (AT_MOST / mean.max(f64::MIN_POSITIVE), AT_MOST / (1.0 - mean).max(f64::MIN_POSITIVE));
    values.iter().zip(stakes).any(|(value, stake)| {
        above *= 1.0 + stake.min(limits.0) * (value - mean);
        below *= 1.0 - stake.min(limits.1) * (value - mean);
        above + below >= 1.0 / alpha
    })
}

#[cfg(test)]
mod tests {
    use rapport_statistics::random::SplitMix;

    use super::*;

    #[test]
    fn nothing_is_known_of_nothing() {
        assert_eq!(within(&[], 0.05), (0.0, 1.0));
        assert_eq!(within(&[1.0], 0.05), (0.0, 1.0));
    }

    #[test]
    fn bounds_close_on_the_mean() {
        let mut random = SplitMix(11);
        let values: Vec<f64> = (0..2_000).map(|_| f64::from(u8::from(random.fraction() < 0.3))).collect();
        let (low, high) = within(&values, 0.05);
        assert!(low > 0.23 && low < 0.3 && high > 0.3 && high < 0.37, "{low} {high}");
        let same = vec![1.0; 100];
        let (low, high) = within(&same, 0.05);
        assert!(low > 0.9 && high >= 1.0, "{low} {high}");
    }

    #[test]
    fn the_mean_is_out_at_any_look_as_rarely_as_was_said() {
        let mut random = SplitMix(12);
        let missed = (0..400).filter(|_| {
            let values: Vec<f64> =
                (0..150).map(|_| if random.fraction() < 0.15 { random.fraction() } else { 1.0 }).collect();
            // What is refuted once stays so: the last look tells of all.
            is_refuted(&values, &stakes(&values, 0.1), 0.925, 0.1)
        });
        assert!(missed.count() <= 40);
    }
}
