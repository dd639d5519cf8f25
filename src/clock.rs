//! What time it is, injected, so that a test can hold it still. Instants are UTC microseconds since 1970.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A source of the present instant; copies of a fixed clock share its hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands until somebody turns it.
    pub fn fixed(micros: i64) -> Self {
        Self(Source::Fixed(Arc::new(AtomicI64::new(micros))))
    }

    /// Microseconds since 1970, UTC.
    pub fn now_micros(&self) -> i64 {
        match &self.0 {
            Source::System => system_micros(),
            Source::Fixed(hand) => hand.load(Ordering::SeqCst),
        }
    }

    /// Turns a fixed clock to an instant. The machine's clock is not ours to turn: there this does nothing.
    pub fn set(&self, micros: i64) {
        match &self.0 {
            Source::System => {}
            Source::Fixed(hand) => hand.store(micros, Ordering::SeqCst),
        }
    }

    /// Turns a fixed clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now_micros().saturating_add(micros(by)));
    }
}

/// A duration in microseconds; one too long to count is the longest that counts.
pub fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn system_micros() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => micros(since),
        Err(before) => -micros(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_a_fixed_clock_move_together() {
        let clock = Clock::fixed(1_000_000);
        let copy = clock.clone();
        clock.advance(Duration::from_secs(2));
        assert_eq!(copy.now_micros(), 3_000_000);
        copy.set(5);
        assert_eq!(clock.now_micros(), 5);
    }

    #[test]
    fn the_system_clock_cannot_be_turned() {
        let clock = Clock::system();
        clock.set(0);
        // 2024-01-01, long past when this was written.
        assert!(clock.now_micros() > 1_704_067_200_000_000);
    }
}
