//! The time, injected.

/// Where the time comes from.
#[derive(Clone, Debug)]
pub struct Clock;

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn now_micros(&self) -> i64 {
        jiff::Timestamp::now().as_microsecond()
    }
}
