//! Group commit: items that cannot make one another fail share a transaction.
//!
//! One task writes. It takes what is waiting, without a timer: while it commits, the next group gathers by itself, so
//! groups grow with the load and a lone caller waits for nobody.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use super::{Abort, Store, Tx};
use crate::{
    buckets::GroupSizes,
    error::{Error, Result},
};

/// Writes a group of items; what one item refuses is its own answer and touches no other.
pub(crate) trait WriteGroup: Send + Sync + 'static {
    /// What a caller hands in.
    type Item: Send + Sync + 'static;
    /// What the caller gets back.
    type Answer: Send + 'static;

    /// Answers in the order of the items. May run several times.
    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        items: &'t [Self::Item],
    ) -> BoxFuture<'t, Result<Vec<Result<Self::Answer>>, Abort>>;
}

/// The way in for callers. Cheap to clone; the writer ends when the last one is dropped.
pub(crate) struct GroupCommit<W: WriteGroup> {
    waiting: mpsc::Sender<Job<W>>,
    writer: Arc<W>,
    store: Store,
    group_max: usize,
}

impl<W: WriteGroup> Clone for GroupCommit<W> {
    fn clone(&self) -> Self {
        Self {
            waiting: self.waiting.clone(),
            writer: self.writer.clone(),
            store: self.store.clone(),
            group_max: self.group_max,
        }
    }
}

struct Job<W: WriteGroup> {
    items: Vec<W::Item>,
    answer: oneshot::Sender<Vec<Result<W::Answer>>>,
}

impl<W: WriteGroup> GroupCommit<W> {
    /// Starts the writer. `group_max`: items per transaction at most, though one caller's items are never divided;
    /// 1 means a transaction for each caller. `queue`: callers waiting at most. `sizes`: where groups are counted.
    pub(crate) fn start(store: Store, writer: W, group_max: usize, queue: usize, sizes: GroupSizes) -> Self {
        let (waiting, jobs) = mpsc::channel(queue.max(1));
        let writer = Arc::new(writer);
        tokio::spawn(write_groups(store.clone(), writer.clone(), jobs, group_max, sizes));
        Self { waiting, writer, store, group_max }
    }

    /// Hands in items and waits until they are on disk or refused.
    ///
    /// # Errors
    /// [`Error::Overloaded`] if too many callers wait already.
    pub(crate) async fn submit(&self, items: Vec<W::Item>) -> Result<Vec<Result<W::Answer>>> {
        if self.group_max == 1 {
            return Ok(commit(&self.store, &self.writer, items).await);
        }
        let (answer, answered) = oneshot::channel();
        self.waiting.try_send(Job { items, answer }).map_err(|_| Error::Overloaded)?;
        answered.await.map_err(Error::internal)
    }

    /// Like [`Self::submit`], but waits for a place in the queue: for callers whose own backlog is bounded.
    pub(crate) async fn submit_patiently(&self, items: Vec<W::Item>) -> Result<Vec<Result<W::Answer>>> {
        let (answer, answered) = oneshot::channel();
        self.waiting.send(Job { items, answer }).await.map_err(|_| Error::Overloaded)?;
        answered.await.map_err(Error::internal)
    }
}

async fn write_groups<W: WriteGroup>(
    store: Store,
    writer: Arc<W>,
    mut jobs: mpsc::Receiver<Job<W>>,
    group_max: usize,
    sizes: GroupSizes,
) {
    while let Some(first) = jobs.recv().await {
        let mut items = first.items;
        let mut callers = vec![(items.len(), first.answer)];
        while items.len() < group_max
            && let Ok(next) = jobs.try_recv()
        {
            callers.push((next.items.len(), next.answer));
            items.extend(next.items);
        }
        sizes.observe(items.len() as f64);
        let mut answers = commit(&store, &writer, items).await.into_iter();
        for (count, caller) in callers {
            // A caller that went away does not need the answer; its items stay recorded.
            let _ = caller.send(answers.by_ref().take(count).collect());
        }
    }
}

async fn commit<W: WriteGroup>(store: &Store, writer: &Arc<W>, items: Vec<W::Item>) -> Vec<Result<W::Answer>> {
    let items = Arc::new(items);
    match commit_range(store, writer, &items, 0..items.len()).await {
        Ok(answers) => answers,
        // Something in the group upsets the database itself: each alone, so that it upsets no other.
        Err(Error::Internal(_)) if items.len() > 1 => {
            let mut answers = Vec::with_capacity(items.len());
            for index in 0..items.len() {
                match commit_range(store, writer, &items, index..index + 1).await {
                    Ok(one) => answers.extend(one),
                    Err(error) => answers.push(Err(error)),
                }
            }
            answers
        }
        Err(error) => items.iter().map(|_| Err(error.clone())).collect(),
    }
}

async fn commit_range<W: WriteGroup>(
    store: &Store,
    writer: &Arc<W>,
    items: &Arc<Vec<W::Item>>,
    range: std::ops::Range<usize>,
) -> Result<Vec<Result<W::Answer>>> {
    let (writer, items) = (writer.clone(), items.clone());
    store
        .transact(move |tx| {
            let (writer, items, range) = (writer.clone(), items.clone(), range.clone());
            Box::pin(async move { writer.write(tx, &items[range]).await })
        })
        .await
}
