//! Keeps what preferences are inferred with fitted to the record.

use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::watch;

use super::store::fit_if_due;
use crate::{clock_trust::Trusted, store::Store};

/// How often it is looked at whether a fit is due.
const EVERY: Duration = Duration::from_secs(3_600);

/// Fits whenever that is due, until the server stops, by a clock that is trusted.
pub(crate) async fn keep_fitted(
    store: Store,
    zone: TimeZone,
    (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted),
) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match fit_if_due(&store, &zone).await {
            Ok(false) => {}
            Ok(true) => tracing::info!("preferences are fitted to the record"),
            Err(error) => tracing::warn!(%error, "fitting preferences"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}
