//! `rapport serve`: serves until it is told to stop.

use std::time::Duration;

use anyhow::Context as _;
use clap::CommandFactory as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Cli, client::TOKEN_VARIABLE, supervisor};
use crate::{
    clock::Clock,
    config::{Config, KEYS, ServeArgs},
    environment,
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
    warn_of_misspelt_variables();
    let mut signals = Signals::new(config.drain_deadline)?;
    let Some(started) = Box::pin(signals.unless_told(server::start(config, Clock::system()))).await else {
        return Ok(());
    };
    let running = started?;
    supervisor::serving(running.address());
    let beating = tokio::spawn(supervisor::beat());
    let stopped = signals.stop(running).await;
    beating.abort();
    stopped
}

/// A variable that is no setting is no error: others set some too, for purposes of their own.
fn warn_of_misspelt_variables() {
    fn of(command: &clap::Command, known: &mut Vec<String>) {
        known.extend(command.get_arguments().filter_map(|one| Some(one.get_env()?.to_str()?.to_owned())));
        command.get_subcommands().for_each(|command| of(command, known));
    }
    let mut known: Vec<_> = KEYS.iter().map(|key| environment::variable(key.name)).collect();
    known.extend(["RAPPORT_CONFIG", TOKEN_VARIABLE].map(str::to_owned));
    of(&Cli::command(), &mut known);
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    let environment: Vec<_> = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
    let pairs = environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, nearest) in environment::misspelt(pairs, &known) {
        tracing::warn!("the environment variable {name} is no setting and changes nothing; the nearest is {nearest}");
    }
}

/// What a stop may take beyond the drain deadline: to cut what is left, to close the database, to write the log. After it
/// the process is ended, whatever hangs.
const GRACE: Duration = Duration::from_secs(2);

/// What tells the process to stop. To be made before the server: a process that sees it serving may tell it at once.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    drain_deadline: Duration,
}

impl Signals {
    /// Takes SIGTERM and SIGINT from here on.
    ///
    /// # Errors
    /// The system refuses.
    pub fn new(drain_deadline: Duration) -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            drain_deadline,
        })
    }

    /// What `start` gives; nothing if the process is told to stop before.
    pub async fn unless_told<T>(&mut self, start: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            started = start => Some(started),
            () = self.next() => {
                end_within(GRACE);
                tracing::info!("stopped before it served");
                None
            }
        }
    }

    /// Waits until the process is told to stop, then drains. A second signal does not wait.
    ///
    /// # Errors
    /// What the transport failed with.
    pub async fn stop(mut self, mut running: Running) -> anyhow::Result<()> {
        tokio::select! {
            () = self.next() => {
                end_within(self.drain_deadline.saturating_add(GRACE));
                supervisor::stopping();
                tracing::info!("stopping");
            }
            ended = running.ended() => return ended.context("the server ended by itself"),
        }
        tokio::select! {
            stopped = running.stop() => stopped,
            () = self.next() => {
                end_within(GRACE);
                anyhow::bail!("stopped at once; open calls were cut")
            }
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Ends the process after a time, unless it has ended before. A thread of the system's own, since nothing else is sure to
/// run then: tasks, the log and standard error may all hang.
fn end_within(time: Duration) {
    let end = move || {
        std::thread::sleep(time);
        std::process::exit(1);
    };
    // Without a thread the orderly end is all there is.
    _ = std::thread::Builder::new().name("end".to_owned()).spawn(end);
}
