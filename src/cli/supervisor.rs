//! What a service manager is told of the server: that it serves, that it lives, that it stops (sd_notify(3), `Type=notify`). Nothing
//! where there is none.

use std::{net::SocketAddr, time::Duration};

use sd_notify::NotifyState;

/// The server can be called.
pub(super) fn serving(address: SocketAddr) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("serving on {address}"))]);
}

/// It takes no new calls.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("waiting for open calls")]);
}

/// Says again and again that the server lives, where that is asked for. From a task among those of calls: where none of them gets on, this
/// one does not either, and the server is started anew. Whether the database answers is not said: a new server would not help.
pub(super) async fn beat() {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep((within / 2).max(Duration::from_millis(10))).await;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager was not told");
    }
}
