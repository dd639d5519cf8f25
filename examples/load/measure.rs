//! Rates and latencies, and the loop that keeps a number of calls in flight.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rapport::api::v1::RecordInteractionRequest;
use serde::Serialize;

use crate::organisation;

/// What a phase comes to.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Figures {
    /// `count` items in `time`, which took the given times, alone or in batches.
    pub(crate) fn of(count: u64, time: Duration, mut laps: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!laps.is_empty(), "nothing was answered in the time measured: give it more --seconds");
        laps.sort_unstable();
        // Nearest rank.
        let quantile = |share: f64| {
            let rank = (share * laps.len() as f64).ceil() as usize;
            laps[rank.clamp(1, laps.len()) - 1].as_secs_f64() * 1e3
        };
        Ok(Self { per_second: count as f64 / time.as_secs_f64(), p50_ms: quantile(0.5), p99_ms: quantile(0.99) })
    }
}

/// When a phase warms up, measures and ends.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub(crate) warm: Instant,
    pub(crate) end: Instant,
}

impl Window {
    /// From now on; the first quarter of that time again goes before it, to warm up.
    pub(crate) fn open(seconds: f64) -> Self {
        let warm = Instant::now() + Duration::from_secs_f64(seconds / 4.0);
        Self { warm, end: warm + Duration::from_secs_f64(seconds) }
    }

    pub(crate) fn holds(&self, instant: Instant) -> bool {
        (self.warm..self.end).contains(&instant)
    }

    pub(crate) fn length(&self) -> Duration {
        self.end - self.warm
    }
}

/// One caller, who waits for an answer before they call again.
pub(crate) trait Call: Send + 'static {
    /// Calls and is content with the answer.
    fn call(&mut self, request: RecordInteractionRequest) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// Keeps as many calls in flight as there are callers.
pub(crate) async fn calls<C: Call>(callers: Vec<C>, seconds: f64) -> anyhow::Result<Figures> {
    let laps = laps(callers, seconds).await?;
    Figures::of(laps.len() as u64, Duration::from_secs_f64(seconds), laps)
}

/// The same; how long each call took.
pub(crate) async fn laps<C: Call>(callers: Vec<C>, seconds: f64) -> anyhow::Result<Vec<Duration>> {
    let next = Arc::new(AtomicU64::new(0));
    let window = Window::open(seconds);
    let mut tasks = Vec::with_capacity(callers.len());
    for mut caller in callers {
        let next = next.clone();
        tasks.push(tokio::spawn(async move {
            let mut laps = Vec::new();
            loop {
                let begun = Instant::now();
                if begun >= window.end {
                    return anyhow::Ok(laps);
                }
                caller.call(organisation::request(next.fetch_add(1, Ordering::Relaxed))).await?;
                let answered = Instant::now();
                if window.holds(answered) {
                    laps.push(answered - begun);
                }
            }
        }));
    }
    let mut laps = Vec::new();
    for task in tasks {
        laps.extend(task.await??);
    }
    Ok(laps)
}
