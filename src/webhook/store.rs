//! Webhooks in the database: how far each is, who delivers, what its receiver has not taken. No row tells whom an event concerns:
//! that is read from the logs, as the record has it.

use std::time::Duration;

use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict},
};

use super::entity::{
    delivery::{self, Column},
    webhook,
};
use crate::{
    clock::Micros,
    error::{Error, Result},
    event::{Key, Position},
    store::{Abort, Store, Tx},
};

/// Waits: behind another one, or for its next attempt.
const WAITING: i16 = 1;
/// A dead letter.
const DEAD: i16 = 2;
/// Rows of one statement.
const CHUNK: usize = 100;

/// How far a webhook is.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) position: Position,
    pub(super) last_place: i64,
    pub(super) fence: i64,
    pub(crate) held_until: Micros,
    pub(crate) last_success_at: Option<Micros>,
    pub(crate) last_failure_at: Option<Micros>,
    pub(crate) last_error: Option<String>,
}

impl Standing {
    fn of(row: webhook::Model) -> Result<Self, DbErr> {
        let position = Position::from_bytes(&row.position);
        Ok(Self {
            position: position.ok_or_else(|| DbErr::Custom("a webhook of a newer version".to_owned()))?,
            last_place: row.last_place,
            fence: row.fence,
            held_until: row.held_until,
            last_success_at: row.last_success_at,
            last_failure_at: row.last_failure_at,
            last_error: row.last_error,
        })
    }
}

/// An event that was not delivered.
#[derive(Clone, Debug)]
pub(crate) struct Undelivered {
    pub(crate) key: Key,
    pub(crate) place: i64,
    pub(crate) ahead: Position,
    pub(crate) happened_at: Micros,
    pub(crate) attempts: u32,
    pub(super) next_at: Micros,
    pub(crate) failed_at: Option<Micros>,
    pub(crate) error: Option<String>,
}

impl Undelivered {
    fn of(row: delivery::Model) -> Option<Self> {
        Some(Self {
            key: (row.log, row.sequence),
            place: row.place,
            ahead: Position::from_bytes(&row.ahead)?,
            happened_at: row.happened_at,
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            next_at: row.next_at,
            failed_at: row.failed_at,
            error: row.error,
        })
    }
}

/// How far a webhook is. None: it was never seen.
pub(crate) async fn standing(connection: &impl ConnectionTrait, name: &str) -> Result<Option<Standing>, DbErr> {
    let row = webhook::Entity::find_by_id(name.to_owned()).one(connection).await?;
    row.map(Standing::of).transpose()
}

/// Makes a row for a webhook that has none: it gets what happens from now on.
pub(super) async fn enrol(store: &Store, name: &str, heads: &Position) -> Result<()> {
    let (name, position) = (name.to_owned(), heads.to_bytes());
    store
        .transact(move |tx| {
            let row = webhook::ActiveModel {
                name: Set(name.clone()),
                position: Set(position.clone()),
                last_place: Set(0),
                holder: Set(None),
                lease_until: Set(0),
                fence: Set(0),
                held_until: Set(0),
                last_success_at: Set(None),
                last_failure_at: Set(None),
                last_error: Set(None),
            };
            Box::pin(async move {
                let there = OnConflict::column(webhook::Column::Name).do_nothing().to_owned();
                webhook::Entity::insert(row).on_conflict(there).exec_without_returning(tx).await?;
                Ok(())
            })
        })
        .await
}

/// What waits, in the order in which it is to be delivered.
pub(super) async fn waiting(
    connection: &impl ConnectionTrait,
    name: &str,
    limit: u64,
) -> Result<Vec<Undelivered>, DbErr> {
    let query = delivery::Entity::find().filter(Column::Webhook.eq(name)).filter(Column::State.eq(WAITING));
    let rows = query.order_by_asc(Column::Place).limit(limit).all(connection).await?;
    Ok(rows.into_iter().filter_map(Undelivered::of).collect())
}

/// Dead letters behind a place, in the order in which they are told.
pub(crate) async fn dead_letters(
    connection: &impl ConnectionTrait,
    name: &str,
    after: Option<i64>,
    limit: u64,
) -> Result<Vec<Undelivered>, DbErr> {
    let mut query = delivery::Entity::find().filter(Column::Webhook.eq(name)).filter(Column::State.eq(DEAD));
    if let Some(after) = after {
        query = query.filter(Column::Place.gt(after));
    }
    let rows = query.order_by_asc(Column::Place).limit(limit).all(connection).await?;
    Ok(rows.into_iter().filter_map(Undelivered::of).collect())
}

/// What a webhook has not delivered.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backlog {
    pub(crate) waiting: u64,
    pub(crate) dead: u64,
    /// When the oldest of those that wait happened.
    pub(crate) oldest_at: Option<Micros>,
}

/// Counts what was not delivered.
pub(crate) async fn backlog(connection: &impl ConnectionTrait, name: &str) -> Result<Backlog, DbErr> {
    let of = |state: i16| delivery::Entity::find().filter(Column::Webhook.eq(name)).filter(Column::State.eq(state));
    let oldest = of(WAITING).select_only().column_as(Column::HappenedAt.min(), "oldest");
    let oldest: Option<Option<i64>> = oldest.into_tuple().one(connection).await?;
    let (waiting, dead) = (of(WAITING).count(connection).await?, of(DEAD).count(connection).await?);
    Ok(Backlog { waiting, dead, oldest_at: oldest.flatten() })
}

/// The right to deliver, with its number: what is written under an old one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) fence: i64,
}

/// Takes the right to deliver for so long, unless another server has it.
pub(super) async fn take_lease(store: &Store, name: &str, holder: Uuid, length: Duration) -> Result<Option<Lease>> {
    let (runner, name, length) = (store.clone(), name.to_owned(), micros(length));
    store
        .transact(move |tx| {
            let (store, name) = (runner.clone(), name.clone());
            Box::pin(async move {
                // Before the lock: it only has to be about right, and a server that waited for the lock has its lease for less.
                let now = store.now(tx).await?;
                let free = webhook::Column::LeaseUntil
                    .lte(now)
                    // By a clock that was wrong.
                    .or(webhook::Column::LeaseUntil.gt(now.saturating_add(longest_lease())))
                    .or(webhook::Column::Holder.eq(holder));
                let taken = webhook::Entity::update_many()
                    .col_expr(webhook::Column::Holder, Expr::value(holder))
                    .col_expr(webhook::Column::LeaseUntil, Expr::value(now.saturating_add(length)))
                    .col_expr(webhook::Column::Fence, Expr::col(webhook::Column::Fence).add(1))
                    .filter(webhook::Column::Name.eq(&name))
                    .filter(free)
                    .exec(tx)
                    .await?;
                if taken.rows_affected == 0 {
                    return Ok(None);
                }
                let found = standing(tx, &name).await?.ok_or(Error::NotFound("webhook"))?;
                Ok(Some(Lease { fence: found.fence }))
            })
        })
        .await
}

/// No lease is longer.
fn longest_lease() -> Micros {
    micros(Duration::from_secs(600))
}

pub(super) fn micros(duration: Duration) -> Micros {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Lets others deliver at once.
pub(super) async fn give_lease_back(store: &Store, name: &str, lease: Lease) -> Result<()> {
    let name = name.to_owned();
    store
        .transact(move |tx| {
            let name = name.clone();
            Box::pin(async move {
                let update = webhook::Entity::update_many().col_expr(webhook::Column::LeaseUntil, Expr::value(0_i64));
                let own = update.filter(webhook::Column::Name.eq(name)).filter(webhook::Column::Fence.eq(lease.fence));
                own.exec(tx).await?;
                Ok(())
            })
        })
        .await
}

/// What a round of deliveries came to.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// Everything up to there was delivered, or has a row.
    pub(super) position: Position,
    pub(super) last_place: i64,
    pub(super) held_until: Option<Micros>,
    pub(super) last_success_at: Option<Micros>,
    pub(super) last_failure: Option<(Micros, String)>,
    /// Rows that are there no more.
    pub(super) delivered: Vec<Key>,
    /// Rows as they are now, and whether each is a dead letter.
    pub(super) left: Vec<(Undelivered, bool)>,
}

/// Writes what a round came to, and prolongs the lease; whether it still held. If not, nothing was written, and another server
/// delivers the same again.
pub(super) async fn settle(
    store: &Store,
    name: &str,
    (lease, length): (Lease, Duration),
    outcome: Outcome,
) -> Result<bool> {
    let (runner, name, length) = (store.clone(), name.to_owned(), micros(length));
    store
        .transact(move |tx| {
            let (store, name, outcome) = (runner.clone(), name.clone(), outcome.clone());
            Box::pin(async move {
                let now = store.now(tx).await?;
                let mut update = webhook::Entity::update_many()
                    .col_expr(webhook::Column::Position, Expr::value(outcome.position.to_bytes()))
                    .col_expr(webhook::Column::LastPlace, Expr::value(outcome.last_place))
                    .col_expr(webhook::Column::LeaseUntil, Expr::value(now.saturating_add(length)));
                if let Some(until) = outcome.held_until {
                    update = update.col_expr(webhook::Column::HeldUntil, Expr::value(until));
                }
                if let Some(at) = outcome.last_success_at {
                    update = update.col_expr(webhook::Column::LastSuccessAt, Expr::value(at));
                }
                if let Some((at, error)) = &outcome.last_failure {
                    update = update
                        .col_expr(webhook::Column::LastFailureAt, Expr::value(*at))
                        .col_expr(webhook::Column::LastError, Expr::value(error.clone()));
                }
                let own = update.filter(webhook::Column::Name.eq(&name)).filter(webhook::Column::Fence.eq(lease.fence));
                if own.exec(tx).await?.rows_affected == 0 {
                    return Ok(false);
                }
                forget(tx, &name, &outcome.delivered).await?;
                keep(tx, &name, outcome.left).await?;
                Ok(true)
            })
        })
        .await
}

async fn forget(tx: &Tx, name: &str, delivered: &[Key]) -> Result<(), DbErr> {
    for chunk in delivered.chunks(CHUNK) {
        let any = chunk.iter().fold(sea_orm::Condition::any(), |any, (log, sequence)| {
            any.add(Column::Log.eq(*log).and(Column::Sequence.eq(*sequence)))
        });
        delivery::Entity::delete_many().filter(Column::Webhook.eq(name)).filter(any).exec(tx).await?;
    }
    Ok(())
}

async fn keep(tx: &Tx, name: &str, left: Vec<(Undelivered, bool)>) -> Result<(), DbErr> {
    let row = |(one, is_dead): (Undelivered, bool)| delivery::ActiveModel {
        webhook: Set(name.to_owned()),
        log: Set(one.key.0),
        sequence: Set(one.key.1),
        state: Set(if is_dead { DEAD } else { WAITING }),
        place: Set(one.place),
        ahead: Set(one.ahead.to_bytes()),
        happened_at: Set(one.happened_at),
        attempts: Set(i32::try_from(one.attempts).unwrap_or(i32::MAX)),
        next_at: Set(one.next_at),
        failed_at: Set(one.failed_at),
        error: Set(one.error),
    };
    let rows: Vec<_> = left.into_iter().map(row).collect();
    for chunk in rows.chunks(CHUNK) {
        let key = OnConflict::columns([Column::Webhook, Column::Log, Column::Sequence])
            .update_columns([
                Column::State,
                Column::Place,
                Column::Ahead,
                Column::Attempts,
                Column::NextAt,
                Column::FailedAt,
                Column::Error,
            ])
            .to_owned();
        delivery::Entity::insert_many(chunk.to_vec()).on_conflict(key).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// What to deliver again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// A dead letter.
    One(Key),
    /// Every dead letter.
    DeadLetters,
    /// Everything behind a place.
    From(Position),
}

/// Has something delivered again, by whichever server delivers; gives how many dead letters wait again.
///
/// # Errors
/// [`Error::NotFound`] of a dead letter that is none.
pub(crate) async fn replay(tx: &Tx, name: &str, what: &Replay) -> Result<u64, Abort> {
    // First, since every round of deliveries ends with this row: one that goes on is refused by the new number.
    let mut update = webhook::Entity::update_many()
        .col_expr(webhook::Column::Fence, Expr::col(webhook::Column::Fence).add(1))
        .col_expr(webhook::Column::HeldUntil, Expr::value(0_i64));
    if let Replay::From(position) = what {
        update = update.col_expr(webhook::Column::Position, Expr::value(position.to_bytes()));
    }
    if update.filter(webhook::Column::Name.eq(name)).exec(tx).await?.rows_affected == 0 {
        return Err(Error::NotFound("webhook").into());
    }
    let dead = || delivery::Entity::update_many().filter(Column::Webhook.eq(name)).filter(Column::State.eq(DEAD));
    let again = match what {
        Replay::One((log, sequence)) => dead().filter(Column::Log.eq(*log)).filter(Column::Sequence.eq(*sequence)),
        Replay::DeadLetters => dead(),
        Replay::From(position) => {
            let mut taken_up = 0;
            for (log, sequence) in position.parts() {
                let ahead = || {
                    let rows = delivery::Entity::delete_many().filter(Column::Webhook.eq(name));
                    rows.filter(Column::Log.eq(log)).filter(Column::Sequence.gt(sequence))
                };
                taken_up += ahead().filter(Column::State.eq(DEAD)).exec(tx).await?.rows_affected;
                ahead().exec(tx).await?;
            }
            return Ok(taken_up);
        }
    };
    let again = again
        .col_expr(Column::State, Expr::value(WAITING))
        .col_expr(Column::Attempts, Expr::value(0))
        .col_expr(Column::NextAt, Expr::value(0_i64));
    let again = again.exec(tx).await?.rows_affected;
    if again == 0 && matches!(what, Replay::One(_)) {
        return Err(Error::NotFound("dead letter").into());
    }
    Ok(again)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        store::{Database, Opening},
    };

    const LENGTH: Duration = Duration::from_secs(5);

    fn outcome(key: Option<Key>) -> Outcome {
        let undelivered = |key| Undelivered {
            key,
            place: 1,
            ahead: Position::beginning(),
            happened_at: 0,
            attempts: 1,
            next_at: 0,
            failed_at: None,
            error: None,
        };
        Outcome {
            position: Position::beginning(),
            last_place: 1,
            held_until: None,
            last_success_at: None,
            last_failure: None,
            delivered: Vec::new(),
            left: key.map(|key| (undelivered(key), true)).into_iter().collect(),
        }
    }

    #[tokio::test]
    async fn what_an_old_lease_writes_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(1_000_000_000);
        let database = Database::Sqlite(directory.path().join("rapport.db"));
        let store = Store::open(&database, Opening::at_once(2), clock.clone()).await.unwrap();
        enrol(&store, "desk", &Position::beginning()).await.unwrap();
        // Again, by another server at the same moment.
        enrol(&store, "desk", &Position::beginning()).await.unwrap();
        let take = async |holder: u128| take_lease(&store, "desk", Uuid::from_u128(holder), LENGTH).await.unwrap();
        let settled =
            async |lease: Lease, key: Key| settle(&store, "desk", (lease, LENGTH), outcome(Some(key))).await.unwrap();
        let dead = async || dead_letters(store.reader(), "desk", None, 10).await.unwrap().len();

        let first = take(1).await.unwrap();
        assert_eq!(take(2).await, None, "somebody else has it");
        assert!(settled(first, (1, 1)).await);
        clock.set(1_000_000_000 + micros(LENGTH) + 1);
        let second = take(2).await.unwrap();
        assert!(!settled(first, (1, 2)).await && dead().await == 1, "the first one's time is over");
        assert!(settled(second, (1, 3)).await && dead().await == 2);
        // A replay takes over from the one who delivers.
        let replayed = store.transact(|tx| Box::pin(async { replay(tx, "desk", &Replay::DeadLetters).await }));
        assert_eq!(replayed.await.unwrap(), 2);
        assert!(!settled(second, (1, 4)).await && dead().await == 0);
        // A lease set by a clock that was ahead by a day does not hold anybody up.
        clock.set(86_400_000_000 + 1_000_000_000);
        take(2).await.unwrap();
        clock.set(2_000_000_000);
        let third = take(3).await.unwrap();
        give_lease_back(&store, "desk", third).await.unwrap();
        assert!(take(4).await.is_some());
        store.close().await;
    }
}
