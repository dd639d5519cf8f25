//! What was answered to which request id, so that a retry changes nothing twice.

use sea_orm::{ConnectionTrait as _, DbErr, ExecResult, Statement};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Abort, Tx};
use crate::error::{Error, Result};

/// How long answers are remembered at least.
const MEMORY_MICROS: i64 = 48 * 3_600 * 1_000_000;

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
    let sql = "INSERT INTO request_memory (scope, request_id, method, body_hash, answer, created_at)
        VALUES ($1, $2, $3, $4, '', $5) ON CONFLICT (scope, request_id) DO NOTHING";
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

/// Forgets what is older than the promise.
pub(crate) async fn forget_old(tx: &Tx, now: i64) -> Result<u64, DbErr> {
    let sql = "DELETE FROM request_memory WHERE created_at < $1";
    Ok(execute(tx, sql, vec![(now - MEMORY_MICROS).into()]).await?.rows_affected())
}

async fn execute(tx: &Tx, sql: &str, values: Vec<sea_orm::Value>) -> Result<ExecResult, DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await
}
