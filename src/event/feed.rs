//! Following all logs: one task of each server looks whether something was committed, whichever server committed it, and wakes
//! those who wait. Each reads for itself: there are as many as there are programs that want to know, not as many as people.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use sea_orm::DbErr;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use super::{
    Line, Position,
    log::{self, Read},
};
use crate::{
    error::{Error, Result},
    page::Query,
    store::Store,
    watch::Walk,
};

/// How often other servers' commits are asked for.
const POLL: Duration = Duration::from_millis(200);
/// Between two looks at least, so that many small commits are seen together.
const REST: Duration = Duration::from_millis(10);
/// After the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);
/// Lines of each log that are read at once.
const PAGE: u64 = 128;
/// Who read at the same time at most: others' calls need connections too.
const READERS: usize = 2;

/// All logs as this server follows them. Cheap to clone.
#[derive(Clone)]
pub(crate) struct EventFeed(Arc<Shared>);

struct Shared {
    store: Store,
    heads: watch::Sender<Position>,
    waiting: watch::Sender<usize>,
    readers: Semaphore,
}

impl EventFeed {
    /// Starts to follow, until `stopping` turns true.
    pub(crate) fn start(store: Store, mut stopping: watch::Receiver<bool>) -> Self {
        let shared = Arc::new(Shared {
            store,
            heads: watch::Sender::new(Position::beginning()),
            waiting: watch::Sender::new(0),
            readers: Semaphore::new(READERS),
        });
        let feed = Self(shared.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = shared.follow() => {}
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        });
        feed
    }

    /// Begins to follow behind a place.
    pub(crate) fn walk(&self, position: Position) -> Walker {
        self.0.waiting.send_modify(|waiting| *waiting += 1);
        let (feed, heads) = (self.clone(), self.0.heads.subscribe());
        Walker { feed, heads, reached: position.clone(), position, ahead: VecDeque::new() }
    }
}

impl Shared {
    async fn follow(&self) {
        let (mut waiting, mut commits) = (self.waiting.subscribe(), self.store.commits());
        loop {
            // The sender is our own: this cannot fail.
            _ = waiting.wait_for(|waiting| *waiting > 0).await;
            if let Err(error) = self.look(&mut commits).await {
                tracing::warn!(%error, "cannot follow what happens");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn look(&self, commits: &mut watch::Receiver<()>) -> Result<(), DbErr> {
        commits.mark_unchanged();
        let heads = log::heads(&self.store).await?;
        self.heads.send_if_modified(|known| {
            let is_news = *known != heads;
            *known = heads;
            is_news
        });
        tokio::time::sleep(REST).await;
        // Whichever comes first.
        _ = tokio::time::timeout(POLL, commits.changed()).await;
        Ok(())
    }
}

/// Somebody's way through all logs.
pub(crate) struct Walker {
    feed: EventFeed,
    heads: watch::Receiver<Position>,
    position: Position,
    /// What was read behind the position, up to `reached`.
    ahead: VecDeque<(Line, Position)>,
    reached: Position,
}

impl Walker {
    /// Waits until something lies behind the place.
    pub(crate) async fn news(&mut self) -> Result<()> {
        let position = &self.position;
        self.heads.wait_for(|heads| position.is_behind(heads)).await.map_err(|_| Error::Stopping)?;
        Ok(())
    }
}

impl Walk for Walker {
    type Line = (Line, Position);
    type At = Position;

    fn position(&self) -> Position {
        self.position.clone()
    }

    fn advance(&mut self, at: Position) {
        if at == self.reached {
            self.ahead.clear();
        } else if let Some(index) = self.ahead.iter().position(|(_, behind)| *behind == at) {
            self.ahead.drain(..=index);
        } else {
            self.ahead.clear();
            self.reached = at.clone();
        }
        self.position = at;
    }

    async fn ahead(
        &mut self,
        limit: usize,
        wanted: impl Fn(&(Line, Position)) -> bool + Send,
    ) -> Result<(Vec<(Line, Position)>, Position)> {
        if self.reached == self.position {
            self.news().await?;
            let _turn = self.feed.0.readers.acquire().await.map_err(Error::internal)?;
            let read = Read { position: &self.position, limit: PAGE, asked: &[] };
            let page = log::read(&self.feed.0.store, read).await?;
            self.ahead = page.lines.into();
            self.reached = page.reached;
        }
        let found: Vec<_> = self.ahead.iter().filter(|line| wanted(line)).take(limit).cloned().collect();
        let last = found.last().filter(|_| found.len() == limit).map(|(_, behind)| behind.clone());
        Ok((found, last.unwrap_or_else(|| self.reached.clone())))
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.feed.0.readers.acquire().await.map_err(Error::internal)
    }

    fn cursor(query: &Query, at: &Position) -> String {
        query.cursor_at(&at.to_bytes())
    }
}

impl Drop for Walker {
    fn drop(&mut self) {
        self.feed.0.waiting.send_modify(|waiting| *waiting -= 1);
    }
}
