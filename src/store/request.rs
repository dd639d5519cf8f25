//! What was answered to which request id, so that a retry changes nothing twice.

use std::time::Duration;

use sea_orm::{ConnectionTrait as _, DbErr, ExecResult, Statement};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Abort, Store, Tx};
use crate::error::{Error, Result};

/// How long a tick is at least. Ticks are counted in the database, whichever server counts them, and only while one runs: a
/// clock that is wrong, or a server that was down, forgets nothing.
const TICK: Duration = Duration::from_secs(600);
/// How many ticks answers are remembered: 48 hours of running time.
const MEMORY_TICKS: i64 = 288;

/// Watches the ticks go by, by a clock that nobody sets.
#[derive(Debug, Default)]
pub(crate) struct Ticks {
    /// The tick that is the present one, and since when it was seen to be.
    seen: Option<(i64, Instant)>,
}

impl Ticks {
    /// Takes note of a tick; whether it has lasted.
    fn is_over(&mut self, tick: i64, at: Instant) -> bool {
        match self.seen {
            Some((seen, since)) if seen == tick => at.saturating_duration_since(since) >= TICK,
            _ => {
                self.seen = Some((tick, at));
                false
            }
        }
    }
}

/// One attempt at a mutation.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Whose request id it is: ids of different scopes never meet.
    pub(crate) scope: String,
    pub(crate) id: String,
    pub(crate) method: &'static str,
    /// Of the request without its id.
    pub(crate) body_hash: Uuid,
}

/// The first half of a SHA-256, enough to tell bodies and keys apart.
pub(crate) fn hash(parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    Uuid::from_bytes(half)
}

/// Does `work` unless the request was answered before, in which case the answer of then is given again.
///
/// The id is claimed before the work: a second attempt at the same moment waits for the first one's commit and then
/// finds its answer.
///
/// # Errors
/// [`Error::RequestIdReused`] if the id came with another body or to another method.
pub(crate) async fn once<A>(
    tx: &Tx,
    request: &Request,
    now: i64,
    work: impl Future<Output = Result<A, Abort>> + Send,
) -> Result<A, Abort>
where
    A: Serialize + DeserializeOwned,
{
    if !claim(tx, request, now).await? {
        return recall(tx, request).await;
    }
    let answer = match work.await {
        Ok(answer) => answer,
        Err(abort) => {
            // What was refused may be tried again under the same id, mended; in a batch the transaction goes on.
            if let Abort::Domain(_) = abort {
                let sql = "DELETE FROM request_memory WHERE scope = $1 AND request_id = $2";
                execute(tx, sql, vec![request.scope.clone().into(), request.id.clone().into()]).await?;
            }
            return Err(abort);
        }
    };
    let text = serde_json::to_string(&answer).map_err(Error::internal)?;
    let sql = "UPDATE request_memory SET answer = $1 WHERE scope = $2 AND request_id = $3";
    execute(tx, sql, vec![text.into(), request.scope.clone().into(), request.id.clone().into()]).await?;
    Ok(answer)
}

async fn claim(tx: &Tx, request: &Request, now: i64) -> Result<bool, DbErr> {
    let sql = "INSERT INTO request_memory (scope, request_id, method, body_hash, answer, created_at, tick)
        VALUES ($1, $2, $3, $4, '', $5, (SELECT tick FROM housekeeping WHERE id = 1)) ON CONFLICT (scope, request_id) DO NOTHING";
    let values = vec![
        request.scope.clone().into(),
        request.id.clone().into(),
        request.method.into(),
        request.body_hash.into(),
        now.into(),
    ];
    Ok(execute(tx, sql, values).await?.rows_affected() == 1)
}

async fn recall<A: DeserializeOwned>(tx: &Tx, request: &Request) -> Result<A, Abort> {
    let sql = "SELECT method, body_hash, answer FROM request_memory WHERE scope = $1 AND request_id = $2";
    let values = [request.scope.clone().into(), request.id.clone().into()];
    let row = tx.query_one_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("request_memory".to_owned()))?;
    if row.try_get::<String>("", "method")? != request.method
        || row.try_get::<Uuid>("", "body_hash")? != request.body_hash
    {
        return Err(Error::RequestIdReused.into());
    }
    let answer: String = row.try_get("", "answer")?;
    Ok(serde_json::from_str(&answer).map_err(Error::internal)?)
}

impl Store {
    /// Counts the tick that `ticks` has seen last long enough, unless another server has, and forgets what is older than
    /// the promise; gives how many.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`].
    pub(crate) async fn count_tick(&self, ticks: &mut Ticks, at: Instant) -> Result<u64> {
        let sql = "SELECT tick FROM housekeeping WHERE id = 1";
        let reader = self.reader();
        let row = reader.query_one_raw(Statement::from_string(reader.get_database_backend(), sql)).await?;
        let tick: i64 = row.ok_or_else(|| DbErr::RecordNotFound("housekeeping".to_owned()))?.try_get("", "tick")?;
        let over = ticks.is_over(tick, at);
        self.transact(move |tx| {
            Box::pin(async move {
                if over {
                    // Of several servers that have seen it last, one counts it.
                    let sql = "UPDATE housekeeping SET tick = tick + 1 WHERE id = 1 AND tick = $1";
                    execute(tx, sql, vec![tick.into()]).await?;
                }
                Ok(forget_old(tx).await?)
            })
        })
        .await
    }
}

/// Forgets what is older than the promise. The time is of no account.
async fn forget_old(tx: &Tx) -> Result<u64, DbErr> {
    // Of a server of the version before, which knows no ticks.
    let sql = "UPDATE request_memory SET tick = (SELECT tick FROM housekeeping WHERE id = 1) WHERE tick IS NULL";
    execute(tx, sql, Vec::new()).await?;
    let sql = "DELETE FROM request_memory WHERE tick < (SELECT tick FROM housekeeping WHERE id = 1) - $1";
    Ok(execute(tx, sql, vec![MEMORY_TICKS.into()]).await?.rows_affected())
}

async fn execute(tx: &Tx, sql: &str, values: Vec<sea_orm::Value>) -> Result<ExecResult, DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_over_when_it_was_seen_to_last() {
        let (mut ticks, at) = (Ticks::default(), Instant::now());
        assert!(!ticks.is_over(7, at));
        assert!(!ticks.is_over(7, at + TICK - Duration::from_micros(1)));
        assert!(ticks.is_over(7, at + TICK));
        // Another server has counted it: its successor is watched from here on.
        assert!(!ticks.is_over(8, at + TICK));
        assert!(!ticks.is_over(8, at + TICK + TICK / 2));
        assert!(ticks.is_over(8, at + TICK * 2));
    }
}
