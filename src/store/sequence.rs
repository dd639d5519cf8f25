//! Sequence numbers of streams with a cursor.

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Statement};

use super::{DATABASE_TIME, Store, Tx};
use crate::clock::Clock;

/// The stream of changes to interactions.
pub(crate) const INTERACTIONS: &str = "interactions";
/// The ratings; nobody watches them yet, but their writers wait for one another here.
pub(crate) const RATINGS: &str = "ratings";
/// The stream of invitations to surveys.
pub(crate) const INVITATIONS: &str = "invitations";
/// The stream of what becomes of competitions.
pub(crate) const COMPETITIONS: &str = "competitions";
/// The stream of reminders to those who have not voted.
pub(crate) const REMINDERS: &str = "reminders";

/// Locks the stream until the transaction ends and takes `count` numbers; returns the first, and the database's time,
/// read after the lock and on the same trip. Numbers that go unused leave a gap, which readers do not mind; what they
/// must never see is a smaller number after a larger one.
pub(crate) async fn take(tx: &Tx, clock: &Clock, stream: &str, count: i64) -> Result<(i64, i64), DbErr> {
    let backend = tx.get_database_backend();
    let mut sql =
        "UPDATE stream SET last_sequence = last_sequence + $1 WHERE name = $2 RETURNING last_sequence".to_owned();
    if backend != DbBackend::Sqlite {
        sql = format!("{sql}, {DATABASE_TIME} AS now");
    }
    let row = tx.query_one_raw(Statement::from_sql_and_values(backend, sql, [count.into(), stream.into()])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(format!("stream {stream}")))?;
    tx.takes_numbers(count);
    let now = if backend == DbBackend::Sqlite { clock.now_micros() } else { row.try_get("", "now")? };
    Ok((row.try_get::<i64>("", "last_sequence")? - count + 1, now))
}

/// The last number that a committed transaction took: no change with a greater one can be seen yet.
pub(crate) async fn head(store: &Store, stream: &str) -> Result<i64, DbErr> {
    let connection = store.reader();
    let sql = "SELECT last_sequence FROM stream WHERE name = $1";
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [stream.into()]);
    let row = connection.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(format!("stream {stream}")))?.try_get("", "last_sequence")
}
