//! When what a receiver has not taken is tried again. Pure.

use std::time::Duration;

/// However long a receiver asks to wait, it is not longer.
const LONGEST_ASKED: Duration = Duration::from_secs(86_400);

/// How a target is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    /// Attempts of one event, until it is a dead letter.
    pub(super) attempts: u32,
    /// After the first failure; twice as long after each further one.
    pub(super) first: Duration,
    /// And never longer than this.
    pub(super) longest: Duration,
}

impl Patience {
    /// Whether an event that failed so often is tried no more.
    pub(super) fn is_over(&self, attempts: u32) -> bool {
        attempts >= self.attempts
    }

    /// How long to wait after so many failures. `chance`, from 0 to 1, spreads those who failed together over the second half of
    /// the time; a receiver that asks for more is given it.
    pub(super) fn pause(&self, attempts: u32, chance: f64, asked: Option<Duration>) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX));
        let own = doubled.min(self.longest).mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        asked.map_or(own, |asked| own.max(asked.min(LONGEST_ASKED)))
    }
}

/// Reads the header `Retry-After`, seconds or a date; `now`: seconds since 1970.
pub(super) fn retry_after(header: &str, now: i64) -> Option<Duration> {
    if let Ok(seconds) = header.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header.trim()).ok()?;
    Some(Duration::from_secs(u64::try_from(at.as_second() - now).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Patience =
        Patience { attempts: 12, first: Duration::from_secs(5), longest: Duration::from_secs(3_600) };

    proptest! {
        #[test]
        fn a_pause_grows_and_is_bounded(attempts in 1_u32..200, chance in 0.0_f64..1.0, asked in proptest::option::of(0_u64..10_000_000)) {
            let asked = asked.map(Duration::from_secs);
            let pause = PATIENCE.pause(attempts, chance, asked);
            let most = PATIENCE.longest.max(asked.unwrap_or_default().min(LONGEST_ASKED));
            prop_assert!(pause >= PATIENCE.first / 2 && pause <= most);
            prop_assert!(pause >= asked.unwrap_or_default().min(LONGEST_ASKED));
            // Not earlier than after one failure less, by the same chance.
            prop_assert!(PATIENCE.pause(attempts + 1, chance, asked) >= pause);
        }
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        assert!(!PATIENCE.is_over(11) && PATIENCE.is_over(12) && PATIENCE.is_over(13));
        assert_eq!(PATIENCE.pause(2, 1.0, None), Duration::from_secs(10));
        assert_eq!(PATIENCE.pause(2, 0.0, None), Duration::from_secs(5));
    }

    #[test]
    fn a_receiver_says_when_in_seconds_or_by_date() {
        assert_eq!(retry_after(" 120 ", 0), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_767), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_999), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", 0), None);
        assert_eq!(retry_after("-5", 0), None);
    }
}
