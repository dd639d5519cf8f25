//! What time it is, injected, so that a test can hold it still. Instants are UTC microseconds since 1970.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uuid::{ContextV7, Timestamp, Uuid};

/// Microseconds: since 1970 for an instant, else of a duration.
pub type Micros = i64;

/// A day of 24 hours.
pub const DAY: Micros = 86_400_000_000;

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

/// Keeps ids of one moment, and of a clock that was set back, in the order in which they were made.
static IDS: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A new id (UUIDv7) that sorts by its time. One from before 1970, which such an id cannot name, counts as of then.
pub fn id_at(now_micros: i64) -> Uuid {
    let micros = u64::try_from(now_micros).unwrap_or(0);
    let nanos = u32::try_from(micros % 1_000_000 * 1_000).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(&IDS, micros / 1_000_000, nanos))
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
    fn ids_sort_as_they_were_made_whatever_the_clock() {
        let now = 1_740_000_000_000_000;
        let ids: Vec<_> = [now, now, now + 2_000, now - 5_000_000, -5_000_000, i64::MIN].map(id_at).into();
        assert!(ids.is_sorted(), "{ids:?}");
    }

    #[test]
    fn the_system_clock_cannot_be_turned() {
        let clock = Clock::system();
        clock.set(0);
        // 2024-01-01, long past when this was written.
        assert!(clock.now_micros() > 1_704_067_200_000_000);
    }
}
