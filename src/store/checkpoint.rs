//! When an embedded database's newest commits are copied from its write-ahead log into the file itself.
//!
//! SQLite does so by itself whenever the log has 32 MB, which bounds the log but not the time: a quiet server's day would
//! stand in the log alone. So they are copied too as soon as nothing was written for a moment, at the latest after some
//! seconds, and at every stop.

use std::{sync::atomic::Ordering, time::Duration};

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement};
use tokio::{sync::watch, time::Instant};

use super::{Store, fault};

/// How often it is looked whether there is anything to copy.
const LOOK: Duration = Duration::from_millis(500);
/// How often [`Store::forget`] tries by itself, and the pause between, before it leaves it to the next look.
const FORGETTING_TRIES: u32 = 5;
const FORGETTING_PAUSE: Duration = Duration::from_millis(50);
/// Under load, after so long at the latest.
const LATEST: Duration = Duration::from_secs(10);

impl Store {
    /// Copies what was committed when the load allows, until `stopping` turns true. Does nothing on PostgreSQL.
    pub(crate) async fn keep_checkpointed(self, mut stopping: watch::Receiver<bool>) {
        let Some(mark) = &self.mark else { return };
        let (mut copied, mut last_seen, mut since) = (-1, -1, Instant::now());
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            if self.to_forget.load(Ordering::Relaxed) {
                self.try_to_forget().await;
            }
            let now = mark.acknowledged();
            let is_quiet = now == last_seen;
            last_seen = now;
            if now == copied || !(is_quiet || since.elapsed() >= LATEST) {
                continue;
            }
            // From a connection that reads: passive, it keeps nobody waiting.
            match self.checkpoint(&self.read, "PASSIVE").await {
                Ok(_) => (copied, since) = (now, Instant::now()),
                Err(error) => tracing::warn!(cause = fault::words(&error), "the write-ahead log was not copied"),
            }
            mark.sync();
        }
    }

    /// Empties the write-ahead log of an embedded database, after something was destroyed that must be nowhere: it would stand
    /// there until the log comes round. If readers are in the way it is tried again until it is done.
    pub(crate) async fn forget(&self) {
        if self.mark.is_none() {
            return;
        }
        self.to_forget.store(true, Ordering::Relaxed);
        for _ in 0..FORGETTING_TRIES {
            if self.try_to_forget().await {
                return;
            }
            tokio::time::sleep(FORGETTING_PAUSE).await;
        }
    }

    async fn try_to_forget(&self) -> bool {
        // What is destroyed while this goes on asks for it again.
        self.to_forget.store(false, Ordering::Relaxed);
        let is_done = self.cut_log().await.unwrap_or_else(|error| {
            tracing::warn!(cause = fault::words(&error), "the write-ahead log was not emptied");
            false
        });
        if !is_done {
            self.to_forget.store(true, Ordering::Relaxed);
        }
        is_done
    }

    /// Copies everything and cuts the log to nothing; true if nobody was in the way.
    pub(super) async fn cut_log(&self) -> Result<bool, DbErr> {
        self.checkpoint(&self.write, "TRUNCATE").await
    }

    async fn checkpoint(&self, connection: &sea_orm::DatabaseConnection, mode: &str) -> Result<bool, DbErr> {
        // By hand: a pragma.
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let row = connection.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
        let busy: i32 = row.map_or(Ok(1), |row| row.try_get_by_index(0))?;
        Ok(busy == 0)
    }
}
