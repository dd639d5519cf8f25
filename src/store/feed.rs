//! Following a stream's log: one task per server and stream reads what was committed, no matter who committed it, and
//! keeps the latest changes in memory, where any number of watchers look for theirs.
//!
//! **Nothing is skipped.** Sequence numbers are taken under the lock of the stream's row, which a transaction holds until
//! it has committed (see [`sequence`]). So when a number can be seen, every smaller one can be seen too or never will be:
//! its transaction was rolled back, or the number went unused. A reader that asks for what comes after the last number
//! it saw misses nothing, with nothing more than READ COMMITTED.
//!
//! The task is woken by this server's commits and asks now and then for those of others; while nobody watches, it asks
//! for nothing. Not LISTEN and NOTIFY: they are lost with a connection, so that one would have to ask anyway, and not
//! every database that speaks PostgreSQL's protocol has them.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use sea_orm::DbErr;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::{Store, sequence};
use crate::error::{Error, Result};

/// Changes that are kept in memory. A watcher further behind reads the database.
const KEPT: usize = 4_096;
/// Changes that are read at once.
const PAGE: u64 = 1_024;
/// How often other servers' commits are asked for.
const POLL: Duration = Duration::from_millis(200);
/// Between two readings at least, so that many small commits are read together.
const REST: Duration = Duration::from_millis(10);
/// After the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Lines of the past that a watcher reads at once.
const PAST_PAGE: u64 = 256;
/// Watchers that read the database at the same time at most: the others' calls need connections too.
const READERS: usize = 2;

/// A stream's log of changes.
pub(crate) trait Log: Send + Sync + 'static {
    /// The stream's name among the [`sequence`]s.
    const STREAM: &'static str;
    /// A line of the log, with all that watchers choose by.
    type Change: Numbered + Clone + Send + Sync + 'static;

    /// The lines after a number, in order, at most `limit`.
    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<Self::Change>, DbErr>>;
}

/// Something with a place in a stream.
pub(crate) trait Numbered {
    /// The place.
    fn sequence(&self) -> i64;
}

/// A stream as this server follows it. Cheap to clone.
pub(crate) struct Feed<L: Log>(Arc<Shared<L>>);

struct Shared<L: Log> {
    store: Store,
    recent: Mutex<Recent<L::Change>>,
    /// The last number that was read. Raised after `recent`.
    head: watch::Sender<i64>,
    watchers: watch::Sender<usize>,
    readers: Semaphore,
}

impl<L: Log> Clone for Feed<L> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// All changes after `floor`, up to the head.
struct Recent<C> {
    floor: i64,
    changes: VecDeque<C>,
}

impl<C: Numbered> Recent<C> {
    fn add(&mut self, changes: Vec<C>) {
        self.changes.extend(changes);
        let excess = self.changes.len().saturating_sub(KEPT);
        if let Some(last) = self.changes.drain(..excess).next_back() {
            self.floor = last.sequence();
        }
    }

    fn begin_at(&mut self, floor: i64) {
        self.changes.clear();
        self.floor = floor;
    }
}

impl<L: Log> Feed<L> {
    /// Starts to follow, until `stopping` turns true.
    pub(crate) fn start(store: Store, stopping: watch::Receiver<bool>) -> Self {
        let feed = Self(Arc::new(Shared {
            store,
            recent: Mutex::new(Recent { floor: 0, changes: VecDeque::new() }),
            head: watch::Sender::new(0),
            watchers: watch::Sender::new(0),
            readers: Semaphore::new(READERS),
        }));
        let shared = feed.0.clone();
        tokio::spawn(async move {
            let mut stopping = stopping;
            tokio::select! {
                () = shared.follow() => {}
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
        feed
    }

    /// The last number that was given out, as the database has it now.
    pub(crate) async fn head(&self) -> Result<i64> {
        Ok(sequence::head(&self.0.store, L::STREAM).await?)
    }

    /// Begins to watch behind a number.
    pub(crate) fn watch(&self, position: i64) -> Place<L> {
        let head = self.0.head.subscribe();
        self.0.watchers.send_modify(|watchers| *watchers += 1);
        Place { feed: self.clone(), head, position, past: VecDeque::new(), past_to: position }
    }
}

impl<L: Log> Shared<L> {
    async fn follow(&self) {
        let mut watchers = self.watchers.subscribe();
        let mut commits = self.store.commits();
        loop {
            // The sender is our own: this cannot fail.
            _ = watchers.wait_for(|watchers| *watchers > 0).await;
            let followed = self.follow_while_watched(&mut commits).await;
            if let Err(error) = followed {
                tracing::warn!(%error, stream = L::STREAM, "cannot follow the stream");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn follow_while_watched(&self, commits: &mut watch::Receiver<()>) -> Result<(), DbErr> {
        // What was committed while nobody watched is the past: a watcher who resumes there looks it up.
        let mut head = sequence::head(&self.store, L::STREAM).await?;
        self.recent().begin_at(head);
        self.head.send_replace(head);
        while *self.watchers.borrow() > 0 {
            commits.mark_unchanged();
            let changes = L::read(&self.store, head, PAGE).await?;
            let is_all = changes.len() < PAGE as usize;
            if let Some(last) = changes.last() {
                head = last.sequence();
                self.recent().add(changes);
                self.head.send_replace(head);
            }
            if is_all {
                tokio::time::sleep(REST).await;
                // Whichever comes first.
                _ = tokio::time::timeout(POLL, commits.changed()).await;
            }
        }
        Ok(())
    }

    fn recent(&self) -> MutexGuard<'_, Recent<L::Change>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where in a stream a watcher is. Everything up to there was given to them.
pub(crate) struct Place<L: Log> {
    feed: Feed<L>,
    head: watch::Receiver<i64>,
    position: i64,
    /// All changes behind the watcher's position up to `past_to`, where they are behind what is kept for everybody.
    past: VecDeque<L::Change>,
    past_to: i64,
}

impl<L: Log> Place<L> {
    /// The number behind which the watcher is.
    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    /// The watcher was given everything up to a number.
    pub(crate) fn advance(&mut self, position: i64) {
        self.position = position;
    }

    /// Waits until something lies ahead; gives at most `limit` wanted changes, and the number up to which they are all.
    pub(crate) async fn ahead(
        &mut self,
        limit: usize,
        wanted: impl Fn(&L::Change) -> bool,
    ) -> Result<(Vec<L::Change>, i64)> {
        let position = self.position;
        let head = *self.head.wait_for(|head| *head > position).await.map_err(|_| Error::Stopping)?;
        let floor = {
            let recent = self.feed.0.recent();
            if position >= recent.floor {
                return Ok(behind(&recent.changes, (position, head), limit, wanted));
            }
            recent.floor
        };
        if self.past_to <= position {
            let turn = self.turn().await?;
            // The log as it is, not what the watcher wants of it: so a page costs a page, whatever the planner thinks.
            let past = L::read(&self.feed.0.store, position, PAST_PAGE).await?;
            drop(turn);
            self.past_to = past.last().map_or(floor, Numbered::sequence);
            self.past = past.into();
        }
        Ok(behind(&self.past, (position, self.past_to), limit, wanted))
    }

    /// The right to read the database, when it is this watcher's turn.
    pub(crate) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.feed.0.readers.acquire().await.map_err(Error::internal)
    }
}

/// The first wanted changes behind one number and up to another, and how far one has looked for them.
fn behind<C: Numbered + Clone>(
    changes: &VecDeque<C>,
    (position, until): (i64, i64),
    limit: usize,
    wanted: impl Fn(&C) -> bool,
) -> (Vec<C>, i64) {
    let first = changes.partition_point(|change| change.sequence() <= position);
    let all = changes.range(first..).take_while(|change| change.sequence() <= until);
    let found: Vec<_> = all.filter(|change| wanted(change)).take(limit).cloned().collect();
    let reached = found.last().filter(|_| found.len() == limit).map_or(until, Numbered::sequence);
    (found, reached)
}

impl<L: Log> Drop for Place<L> {
    fn drop(&mut self) {
        self.feed.0.watchers.send_modify(|watchers| *watchers -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Numbered for i64 {
        fn sequence(&self) -> i64 {
            *self
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_without_holes() {
        let mut recent = Recent { floor: 10, changes: VecDeque::new() };
        recent.add((11..11 + KEPT as i64).collect());
        assert_eq!((recent.floor, recent.changes.len()), (10, KEPT));
        // Numbers may go unused.
        recent.add(vec![20_000, 20_005]);
        assert_eq!((recent.floor, recent.changes.len()), (12, KEPT));
        assert_eq!((recent.changes.front(), recent.changes.back()), (Some(&13), Some(&20_005)));
        recent.begin_at(30_000);
        assert_eq!((recent.floor, recent.changes.len()), (30_000, 0));
    }

    #[test]
    fn what_is_wanted_is_found_up_to_where_one_has_looked() {
        let changes = VecDeque::from([11, 12, 14, 15, 18]);
        let even = |change: &i64| change % 2 == 0;
        assert_eq!(behind(&changes, (10, 20), 2, even), (vec![12, 14], 14));
        assert_eq!(behind(&changes, (14, 20), 2, even), (vec![18], 20));
        assert_eq!(behind(&changes, (12, 15), 2, even), (vec![14], 15));
        assert_eq!(behind(&changes, (18, 20), 2, even), (vec![], 20));
    }
}
