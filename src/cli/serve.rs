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
    let signals = Signals::new()?;
    let running = server::start(config, Clock::system()).await?;
    signals.stop(running).await
}

/// What tells the process to stop. To be made before the server: who sees it serving may tell it at once.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes SIGTERM and SIGINT from here on.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits until the process is told to stop, then drains. A second signal does not wait.
    ///
    /// # Errors
    /// What the transport failed with.
    pub async fn stop(mut self, mut running: Running) -> anyhow::Result<()> {
        tokio::select! {
            () = self.next() => tracing::info!("stopping"),
            ended = running.ended() => return ended.context("the server ended by itself"),
        }
        tokio::select! {
            stopped = running.stop() => stopped,
            () = self.next() => anyhow::bail!("stopped at once; open calls were cut"),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
