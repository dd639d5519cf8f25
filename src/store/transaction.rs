//! The one transaction runner. Nothing else opens a transaction.

use std::time::Duration;

use futures::future::BoxFuture;
use rand::Rng as _;
use sea_orm::{
    DatabaseTransaction, DbErr, RuntimeErr, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
};

use super::Store;
use crate::error::{Error, Result};

/// An open transaction.
pub(crate) type Tx = DatabaseTransaction;

/// Why a transaction's body stopped. Either way nothing of it is kept.
#[derive(Debug)]
pub(crate) enum Abort {
    /// The domain refuses; retrying would refuse again.
    Domain(Error),
    /// The database refuses; retrying may help.
    Database(DbErr),
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Abort::Domain(error)
    }
}

impl From<DbErr> for Abort {
    fn from(error: DbErr) -> Self {
        Abort::Database(error)
    }
}

const MAX_ATTEMPTS: u32 = 10;
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl Store {
    /// Runs `body` in a transaction and commits. `body` may run several times, so all it does must be inside the
    /// database; what it needs is moved into the closure and cloned per run.
    ///
    /// Begin, body and commit run in a task of their own: a caller that goes away must not leave a transaction half-way
    /// on a pooled connection, where the next borrower's work would silently be lost.
    ///
    /// A connection lost at commit leaves the outcome unknown. The body is then run again: every mutation carries a
    /// request id, which tells it whether the first run was kept.
    ///
    /// # Errors
    /// What `body` refuses with; [`Error::StoreUnavailable`] when the database kept refusing.
    pub(crate) async fn transact<T, B>(&self, body: B) -> Result<T>
    where
        T: Send + 'static,
        B: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Abort>> + Send + Sync + 'static,
    {
        let store = self.clone();
        let run = tokio::spawn(async move {
            let mut attempt = 1;
            loop {
                match store.attempt(&body).await {
                    Ok(value) => return Ok(value),
                    Err(Abort::Domain(error)) => return Err(error),
                    Err(Abort::Database(error)) if attempt < MAX_ATTEMPTS && may_help_to_retry(&error) => {
                        tracing::debug!(attempt, %error, "transaction is tried again");
                        tokio::time::sleep(pause(attempt)).await;
                        attempt += 1;
                    }
                    Err(Abort::Database(error)) => return Err(error.into()),
                }
            }
        });
        run.await.unwrap_or_else(|panic| Err(Error::internal(panic)))
    }

    async fn attempt<T, B>(&self, body: &B) -> Result<T, Abort>
    where
        B: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Abort>>,
    {
        let options = TransactionOptions {
            // Deferred would fail as soon as a reader turns writer beside another one, busy_timeout or not.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let tx = self.write.begin_with_options(options).await?;
        match body(&tx).await {
            Ok(value) => {
                tx.commit().await?;
                self.committed.send_replace(());
                Ok(value)
            }
            Err(abort) => {
                // The refusal stands whether or not the rollback arrives: a connection that cannot roll back is dropped.
                if let Err(error) = tx.rollback().await {
                    tracing::debug!(%error, "rollback failed");
                }
                Err(abort)
            }
        }
    }
}

fn pause(attempt: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
    ceiling.mul_f64(rand::rng().random_range(0.3..1.0))
}

fn may_help_to_retry(error: &DbErr) -> bool {
    is_conflict(error) || is_connection_loss(error) || is_unique_violation(error)
}

/// Another transaction was in the way: serialisation failure, deadlock, lock timeout, busy or locked.
pub(super) fn is_conflict(error: &DbErr) -> bool {
    match code_of(error).as_deref() {
        Some("40001" | "40P01" | "55P03") => true,
        // SQLite's extended codes carry the primary one, SQLITE_BUSY (5) or SQLITE_LOCKED (6), in the low byte.
        Some(code) => code.len() < 5 && code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6)),
        None => false,
    }
}

/// Two transactions created the same row at once; the second one finds it when it runs again.
fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(sea_orm::SqlErr::UniqueConstraintViolation(_)))
}

/// The connection is gone, could not be had, or the server is going down.
pub(super) fn is_connection_loss(error: &DbErr) -> bool {
    if matches!(error, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        return true;
    }
    match sqlx_error(error) {
        Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed) => {
            true
        }
        // Class 57P: admin shutdown, crash shutdown, cannot connect now. Class 08: connection exceptions.
        _ => code_of(error).is_some_and(|code| code.starts_with("57P") || (code.len() == 5 && code.starts_with("08"))),
    }
}

fn sqlx_error(error: &DbErr) -> Option<&sqlx::Error> {
    if let DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error)) = error
    {
        Some(error)
    } else {
        None
    }
}

fn code_of(error: &DbErr) -> Option<String> {
    sqlx_error(error)?.as_database_error()?.code().map(|code| code.into_owned())
}
