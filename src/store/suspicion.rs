//! Connections that nobody may borrow again.
//!
//! After a begin, commit or rollback that failed or was not awaited, driver and database may disagree on whether a
//! transaction is open. SQLite rolls back by itself on a full disk or an I/O error; the driver's own rollback then fails,
//! its depth stays 1, and what follows would be savepoints in a transaction that nobody commits. On PostgreSQL a begin
//! that was given up leaves a transaction open that the driver knows nothing of. Such a connection is closed instead of
//! going back to its pool.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// A pool is told neither why nor which connection comes back, so all that come back so soon after are closed. It is asked
/// within the same millisecond; opening a few too many again costs little.
const LASTING: Duration = Duration::from_millis(500);

/// Whether connections that come back are to be closed. Cheap to clone; copies share it.
#[derive(Clone, Debug)]
pub(super) struct Suspicion {
    origin: Instant,
    /// Milliseconds from the origin.
    until: Arc<AtomicU64>,
}

impl Suspicion {
    pub(super) fn none() -> Self {
        Self { origin: Instant::now(), until: Arc::new(AtomicU64::new(0)) }
    }

    fn passed(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// To be raised before the connection is let go.
    pub(super) fn raise(&self) {
        let lasting = u64::try_from(LASTING.as_millis()).unwrap_or(u64::MAX);
        self.until.fetch_max(self.passed().saturating_add(lasting), Ordering::SeqCst);
    }

    pub(super) fn is_raised(&self) -> bool {
        self.passed() < self.until.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_passes() {
        let suspicion = Suspicion::none();
        assert!(!suspicion.is_raised());
        suspicion.clone().raise();
        assert!(suspicion.is_raised());
        tokio::time::sleep(LASTING).await;
        assert!(!suspicion.is_raised());
    }
}
