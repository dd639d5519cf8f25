//! `rapport serve`: serves until it is told to stop.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    clock::Clock,
    config::{Config, ServeArgs},
    server::{self, Running},
    telemetry,
};

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
/// Every mistake in the configuration at once; whatever keeps the server from starting.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let config = Config::load(&args)?;
    let _telemetry = telemetry::start(&config.log, &config.telemetry)?;
    let running = server::start(config, Clock::system()).await?;
    until_stopped(running).await
}

/// Serves until the process is told to stop, then drains. A second signal does not wait.
///
/// # Errors
/// What the transport failed with.
pub async fn until_stopped(mut running: Running) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        () = either(&mut terminate, &mut interrupt) => tracing::info!("stopping"),
        ended = running.ended() => return ended.context("the server ended by itself"),
    }
    tokio::select! {
        stopped = running.stop() => stopped,
        () = either(&mut terminate, &mut interrupt) => anyhow::bail!("stopped at once; open calls were cut"),
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
