//! `rapport serve`: serves until it is told to stop.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

use crate::{
    clock::Clock,
    config::{Config, Log, LogFormat, ServeArgs},
    server::{self, Running},
};

/// Runs the server until SIGTERM or SIGINT.
///
/// # Errors
/// Every mistake in the configuration at once; whatever keeps the server from starting.
pub async fn run(args: ServeArgs) -> anyhow::Result<()> {
    let config = Config::load(&args)?;
    let _log = start_log(&config.log)?;
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

/// Sends events to standard error from a thread of its own: a slow terminal must not slow a call. Dropping the guard
/// writes what is left.
///
/// # Errors
/// If a log was started already.
pub fn start_log(log: &Log) -> anyhow::Result<WorkerGuard> {
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    let events = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_env_filter(EnvFilter::try_new(&log.filter)?)
        .with_target(false);
    match log.format {
        LogFormat::Text => events.with_ansi(false).try_init(),
        LogFormat::Json => events.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!(error))?;
    Ok(guard)
}
