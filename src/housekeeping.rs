//! What the server does by itself from time to time, and whether it may: request ids are forgotten by running time, which
//! needs no clock; what goes by the clock waits until the clock is trusted.

use std::time::Duration;

use jiff::Timestamp;
use sea_orm::{EntityTrait as _, sea_query::Expr};
use tokio::{sync::watch, time::Instant};

use crate::{
    clock_trust::{ClockTrust, Trusted, Verdict},
    contest,
    error::Result,
    identity, session,
    store::{Store, entity::housekeeping, request::Ticks},
};

/// How often it is looked at whether there is something to do.
const LOOK: Duration = Duration::from_secs(60);
/// How often it is done.
const WORK: u32 = 60;

/// Keeps house until the server stops.
#[derive(Debug)]
pub(crate) struct Housekeeping {
    store: Store,
    clock: ClockTrust,
    ticks: Ticks,
    trusted: watch::Sender<bool>,
}

impl Housekeeping {
    /// Nothing is trusted before it runs.
    pub(crate) fn new(store: Store) -> (Self, Trusted) {
        let (trusted, told) = watch::channel(false);
        (Self { store, clock: ClockTrust::default(), ticks: Ticks::default(), trusted }, Trusted::told(told))
    }

    /// Works until `stopping` turns true.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut looks = 0;
        loop {
            self.count_ticks().await;
            if self.judge_clock().await {
                if looks % WORK == 0 {
                    self.work().await;
                }
                looks += 1;
            } else {
                // As soon as the clock is trusted there is something to catch up on.
                looks = 0;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stopping.wait_for(|stop| *stop) => break,
            }
        }
        // So that the next start has the latest time to compare its clock with.
        self.judge_clock().await;
    }

    async fn count_ticks(&mut self) {
        match self.store.count_tick(&mut self.ticks, Instant::now()).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "old request ids"),
            Err(error) => tracing::warn!(%error, "forgetting old request ids"),
        }
    }

    async fn judge_clock(&mut self) -> bool {
        let (last, now) = match times(&self.store).await {
            Ok(times) => times,
            // Whatever was trusted before still is: without the database nothing is done anyway.
            Err(error) => {
                tracing::warn!(%error, "reading the last time that was trusted");
                return *self.trusted.borrow();
            }
        };
        let verdict = self.clock.judge(last, now, Instant::now());
        let last = last.map_or_else(|| "never".to_owned(), readable);
        match verdict {
            Verdict::Agrees | Verdict::Behind { news: false } | Verdict::Doubted { news: false } => {}
            Verdict::Behind { news: true } => tracing::warn!(
                "it is {} by the clock, and was {last} when the clock was last trusted: nothing is done twice, and what \
                 falls due waits until the clock comes there",
                readable(now)
            ),
            Verdict::Doubted { news: true } => tracing::warn!(
                "it is {} by the clock, and was {last} when the clock was last trusted: contests, votes, reminders, \
                 invitations, fits and what is due wait until the clock agrees, or has run evenly for an hour",
                readable(now)
            ),
            Verdict::Believed => {
                tracing::warn!("the clock has run evenly for an hour and is believed: it is {}", readable(now));
            }
        }
        if verdict.is_trusted()
            && let Err(error) = trust(&self.store, now).await
        {
            tracing::warn!(%error, "noting the time that is trusted");
        }
        self.trusted.send_if_modified(|trusted| std::mem::replace(trusted, verdict.may_act()) != verdict.may_act());
        verdict.may_act()
    }

    async fn work(&self) {
        match contest::store::grant_overdue(&self.store).await {
            Ok(0) => {}
            Ok(granted) => tracing::info!(granted, "contests that nobody decided in time"),
            Err(error) => tracing::warn!(%error, "granting overdue contests"),
        }
        match identity::merging::sweep(&self.store).await {
            Ok(0) => {}
            Ok(settled) => tracing::info!(settled, "merges that cannot be undone any more"),
            Err(error) => tracing::warn!(%error, "forgetting how to undo old merges"),
        }
        match session::store::sweep(&self.store).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::debug!(forgotten, "sessions that are over"),
            Err(error) => tracing::warn!(%error, "forgetting sessions that are over"),
        }
    }
}

/// An instant as people read it.
fn readable(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| format!("{micros} µs"), |at| format!("{at:.0}"))
}

/// The last time that was trusted, and the time: the database's, where it has a clock.
async fn times(store: &Store) -> Result<(Option<i64>, i64)> {
    let runner = store.clone();
    let read = store.transact(move |tx| {
        let store = runner.clone();
        Box::pin(async move {
            let now = store.now(tx).await?;
            let last = housekeeping::Entity::find().one(tx).await?.and_then(|row| row.last_time);
            Ok((last, now))
        })
    });
    read.await
}

async fn trust(store: &Store, now: i64) -> Result<()> {
    let noted = store.transact(move |tx| {
        Box::pin(async move {
            let noted = housekeeping::Entity::update_many().col_expr(housekeeping::Column::LastTime, Expr::value(now));
            noted.exec(tx).await?;
            Ok(())
        })
    });
    noted.await
}
