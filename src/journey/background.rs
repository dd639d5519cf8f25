//! Keeps what is learnt of the record up with it.

use std::time::Duration;

use tokio::sync::watch;

use super::store::learn_if_due;
use crate::{clock_trust::Trusted, store::Store};

/// How often it is looked at whether learning is due.
const EVERY: Duration = Duration::from_secs(3_600);

/// Learns whenever that is due, until the server stops, by a clock that is trusted.
pub(super) async fn keep_learnt(store: Store, (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted)) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match learn_if_due(&store).await {
            Ok(false) => {}
            Ok(true) => tracing::info!("what customers come back for is learnt from the record"),
            Err(error) => tracing::warn!(%error, "learning what customers come back for"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
