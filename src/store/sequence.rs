//! Sequence numbers of streams with a cursor.

use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use super::Tx;

/// The stream of changes to interactions.
pub(crate) const INTERACTIONS: &str = "interactions";

/// Locks the stream until the transaction ends and takes `count` numbers; returns the first. Numbers that go unused
/// leave a gap, which readers do not mind; what they must never see is a smaller number after a larger one.
pub(crate) async fn take(tx: &Tx, stream: &str, count: i64) -> Result<i64, DbErr> {
    let sql = "UPDATE stream SET last_sequence = last_sequence + $1 WHERE name = $2 RETURNING last_sequence";
    let values = [count.into(), stream.into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(format!("stream {stream}")))?;
    Ok(row.try_get::<i64>("", "last_sequence")? - count + 1)
}
