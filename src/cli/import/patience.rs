//! What a lost connection means to an import: nothing, for a while. Every request has an id, so that what was sent and not
//! answered can be sent again.

use std::{
    error::Error as _,
    fmt,
    time::{Duration, Instant},
};

use tonic::{Code, Status};

use crate::cli::{client::explain, out::note};

/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How long an import bears a server that does not answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(Duration);

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self(limit)
    }

    pub(super) fn start(self) -> Waiting {
        Waiting { limit: self.0, since: None, wait: FIRST_WAIT }
    }

    /// Makes a call until it is answered, or patience ends; a refusal is an error.
    pub(super) async fn call<T>(self, call: impl AsyncFn() -> Result<T, Status>) -> anyhow::Result<T> {
        self.ask(call).await?.map_err(|status| explain(&status))
    }

    /// The same, where a refusal is an answer.
    pub(super) async fn ask<T>(self, call: impl AsyncFn() -> Result<T, Status>) -> anyhow::Result<Result<T, Status>> {
        let mut waiting = self.start();
        loop {
            match call().await {
                Err(status) if is_lost(&status) => waiting.wait(&explain(&status)).await?,
                answer => return Ok(answer),
            }
        }
    }
}

/// A wait for a server to come back.
#[derive(Debug)]
pub(super) struct Waiting {
    limit: Duration,
    since: Option<Instant>,
    wait: Duration,
}

impl Waiting {
    /// The server answered.
    pub(super) fn is_over(&mut self) {
        (self.since, self.wait) = (None, FIRST_WAIT);
    }

    /// Waits, unless it has waited too long already.
    pub(super) async fn wait(&mut self, why: &anyhow::Error) -> anyhow::Result<()> {
        let first = self.since.is_none();
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= self.limit {
            anyhow::bail!("the server has not answered for {} seconds: {why}", self.limit.as_secs());
        }
        if first {
            note!("the connection is lost ({why}): trying again for {} seconds", self.limit.as_secs());
        }
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        Ok(())
    }
}

/// Whether nobody answered, rather than somebody no.
pub(super) fn is_lost(status: &Status) -> bool {
    status.code() == Code::Unavailable || status.source().is_some()
}

/// A stream that broke.
#[derive(Debug)]
pub(super) struct Lost(pub(super) anyhow::Error);

impl fmt::Display for Lost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::error::Error for Lost {}

/// An error of a stream; one that may pass can be told from the others.
pub(super) fn of_stream(status: &Status) -> anyhow::Error {
    if is_lost(status) { Lost(explain(status)).into() } else { explain(status) }
}
