//! Sequence numbers of streams with a cursor.

use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, DbErr, EntityTrait as _, QueryFilter as _,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{
    DATABASE_TIME, Store, Tx,
    entity::stream::{Column, Entity},
};
use crate::clock::Clock;

/// The stream of changes to interactions.
pub(crate) const INTERACTIONS: &str = "interactions";
/// The ratings; nobody watches them yet, but their writers wait for one another here.
pub(crate) const RATINGS: &str = "ratings";
/// The stream of invitations to surveys.
pub(crate) const INVITATIONS: &str = "invitations";
/// The stream of what becomes of competitions.
pub(crate) const COMPETITIONS: &str = "competitions";
/// The stream of what happens to commitments.
pub(crate) const COMMITMENTS: &str = "commitments";
/// The stream of what becomes of follow-ups.
pub(crate) const FOLLOW_UPS: &str = "follow_ups";
/// The stream of what becomes of incidents.
pub(crate) const INCIDENTS: &str = "incidents";
/// The stream of what happens to callbacks.
pub(crate) const CALLBACKS: &str = "callbacks";
/// The stream of what becomes of concerns.
pub(crate) const CONCERNS: &str = "concerns";
/// The stream of what becomes of trials.
pub(crate) const TRIALS: &str = "trials";
/// Notices to customers; nobody watches them, but those who make and take them wait for one another here. Locked after all others.
pub(crate) const NOTICES: &str = "notices";
/// Budgets and what is given out of them; nobody watches them, but their writers wait for one another here.
pub(crate) const DISCRETION: &str = "discretion";
/// The stream of reminders to those who have not voted.
pub(crate) const REMINDERS: &str = "reminders";

/// Locks the stream until the transaction ends and takes `count` numbers; returns the first, and the database's time,
/// read after the lock and on the same trip. Numbers that go unused leave a gap, which readers do not mind; what they
/// must never see is a smaller number after a larger one.
pub(crate) async fn take(tx: &Tx, clock: &Clock, stream: &str, count: i64) -> Result<(i64, i64), DbErr> {
    let backend = tx.get_database_backend();
    let number = Expr::col(Column::LastSequence);
    let mut returned = vec![number.clone()];
    if backend != DbBackend::Sqlite {
        returned.push(Expr::cust(DATABASE_TIME));
    }
    let take = Query::update()
        .table(Entity)
        .value(Column::LastSequence, number.add(count))
        .and_where(Expr::col(Column::Name).eq(stream))
        .returning(Query::returning().exprs(returned))
        .to_owned();
    let row = tx.query_one(&take).await?.ok_or_else(|| DbErr::RecordNotFound(format!("stream {stream}")))?;
    tx.takes_numbers(count);
    let now = if backend == DbBackend::Sqlite { clock.now_micros() } else { row.try_get_by_index(1)? };
    Ok((row.try_get_by_index::<i64>(0)? - count + 1, now))
}

/// Locks the stream until the transaction ends, and takes no number.
pub(crate) async fn hold(tx: &Tx, stream: &str) -> Result<(), DbErr> {
    let number = Expr::col(Column::LastSequence);
    let hold = Entity::update_many().col_expr(Column::LastSequence, number).filter(Column::Name.eq(stream));
    hold.exec(tx).await?;
    Ok(())
}

/// Locks the record until the transaction ends, and gives the database's time: nobody records, rates or invites meanwhile, on
/// any server. In the order in which all who write take these locks; no number is taken, since nothing is added.
pub(crate) async fn lock_record(tx: &Tx, clock: &Clock) -> Result<i64, DbErr> {
    let mut now = 0;
    for stream in [INTERACTIONS, RATINGS, INVITATIONS] {
        (_, now) = take(tx, clock, stream, 0).await?;
    }
    Ok(now)
}

/// The last number that a committed transaction took: no change with a greater one can be seen yet.
pub(crate) async fn head(store: &Store, stream: &str) -> Result<i64, DbErr> {
    let row = Entity::find_by_id(stream.to_owned()).one(store.reader()).await?;
    Ok(row.ok_or_else(|| DbErr::RecordNotFound(format!("stream {stream}")))?.last_sequence)
}
