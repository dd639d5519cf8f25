//! What happens by the clock: a timer is a row, and its firing a transaction, so that a step happens once whichever server
//! comes first, and none is lost with one that dies. There is no leader and nothing in memory.
//!
//! A firing takes the lock that every change of its subject takes, deletes its row and does the step in one transaction: of two
//! servers, the second finds nothing to delete. After an outage the last step that is due fires alone, and is told how late it is.
//! Knows kinds of timers by number; what a step does is its domain's.

pub(crate) mod entity;

use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{ActiveValue::Set, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use tokio::sync::watch;

use self::entity::{ActiveModel, Column, Entity};
use crate::{
    clock::Micros,
    clock_trust::Trusted,
    error::Result,
    store::{Abort, Store, Tx},
};

/// How often it is looked what is due.
const EVERY: Duration = Duration::from_secs(1);
/// Timers looked at together.
const TOGETHER: u64 = 200;

/// Whose timers. Numbers are on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Commitments to customers.
    Commitment = 1,
    /// Follow-ups of what customers were not satisfied with.
    FollowUp = 2,
    /// Callbacks to customers.
    Callback = 3,
    /// Incidents whose interactions are being linked.
    Incident = 5,
    /// Concerns that departments have to mend.
    Concern = 6,
    /// Trials of two plans.
    Trial = 8,
}

impl Kind {
    fn number(self) -> i16 {
        self as i16
    }
}

/// A step that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) subject: Uuid,
    pub(crate) step: i32,
    pub(crate) due_at: Micros,
    pub(crate) now: Micros,
    /// What the lock gave.
    pub(crate) sequence: i64,
}

/// Takes the lock of a stream; gives a number of it and the database's time.
pub(crate) type Lock = for<'t> fn(&'t Tx, &'t Store) -> BoxFuture<'t, Result<(i64, Micros), DbErr>>;

/// What a kind of timers does.
#[derive(Clone, Copy)]
pub(crate) struct Handler {
    pub(crate) kind: Kind,
    /// Of the subjects' stream.
    pub(crate) lock: Lock,
    /// Does a step, in the transaction in which it fires.
    pub(crate) fire: for<'t> fn(&'t Tx, Due) -> BoxFuture<'t, Result<(), Abort>>,
}

/// Sets timers of a subject; one of the same step is moved.
pub(crate) async fn arm(
    tx: &Tx,
    kind: Kind,
    subject: Uuid,
    steps: impl IntoIterator<Item = (i32, Micros)>,
) -> Result<(), DbErr> {
    for (step, due_at) in steps {
        let row =
            ActiveModel { kind: Set(kind.number()), subject_id: Set(subject), step: Set(step), due_at: Set(due_at) };
        let key = [Column::Kind, Column::SubjectId, Column::Step];
        let moved = sea_orm::sea_query::OnConflict::columns(key).update_column(Column::DueAt).to_owned();
        Entity::insert(row).on_conflict(moved).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Sets timers of a subject, and stops those of its steps that have no time.
pub(crate) async fn set(
    tx: &Tx,
    kind: Kind,
    subject: Uuid,
    steps: impl IntoIterator<Item = (i32, Option<Micros>)>,
) -> Result<(), DbErr> {
    let (mut armed, mut stopped) = (Vec::new(), Vec::new());
    for (step, due_at) in steps {
        match due_at {
            Some(due_at) => armed.push((step, due_at)),
            None => stopped.push(step),
        }
    }
    if !stopped.is_empty() {
        let timers = Entity::delete_many().filter(Column::Kind.eq(kind.number()));
        timers.filter(Column::SubjectId.eq(subject)).filter(Column::Step.is_in(stopped)).exec(tx).await?;
    }
    arm(tx, kind, subject, armed).await
}

/// Stops all timers of a subject.
pub(crate) async fn disarm(tx: &Tx, kind: Kind, subject: Uuid) -> Result<(), DbErr> {
    let timers = Entity::delete_many().filter(Column::Kind.eq(kind.number())).filter(Column::SubjectId.eq(subject));
    timers.exec(tx).await?;
    Ok(())
}

/// Fires what is due, until `stopping` turns true.
pub(crate) async fn keep_firing(
    store: Store,
    handler: Handler,
    (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted),
) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match fire_due(&store, handler).await {
            // There may be more.
            Ok(looked_at) if looked_at == TOGETHER => continue,
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, kind = ?handler.kind, "firing timers"),
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// Fires what is due now; gives how many timers were looked at.
async fn fire_due(store: &Store, handler: Handler) -> Result<u64> {
    let kind = handler.kind;
    let now = store.now(store.reader()).await?;
    let due = Entity::find().filter(Column::Kind.eq(kind.number())).filter(Column::DueAt.lte(now));
    let due = due.order_by_asc(Column::DueAt).limit(TOGETHER).all(store.reader()).await?;
    let looked_at = due.len() as u64;
    let mut subjects: Vec<Uuid> = due.into_iter().map(|row| row.subject_id).collect();
    subjects.sort_unstable();
    subjects.dedup();
    for subject in subjects {
        let runner = store.clone();
        let fired = store.transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move { fire_one(tx, &store, handler, subject).await })
        });
        // One that fails keeps its timers, and holds up no other.
        if let Err(error) = fired.await {
            tracing::warn!(%error, ?kind, %subject, "firing a timer");
        }
    }
    Ok(looked_at)
}

async fn fire_one(tx: &Tx, store: &Store, handler: Handler, subject: Uuid) -> Result<(), Abort> {
    let (sequence, now) = (handler.lock)(tx, store).await?;
    let due =
        Entity::delete_many().filter(Column::Kind.eq(handler.kind.number())).filter(Column::SubjectId.eq(subject));
    let mut gone = due.filter(Column::DueAt.lte(now)).exec_with_returning(tx).await?;
    // What came before the last of them is told by it.
    gone.sort_by_key(|row| row.step);
    match gone.pop() {
        Some(last) => (handler.fire)(tx, Due { subject, step: last.step, due_at: last.due_at, now, sequence }).await,
        None => Ok(()),
    }
}
