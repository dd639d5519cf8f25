//! The one transaction runner. Nothing else opens a transaction.

use std::time::Duration;

use futures::future::BoxFuture;
use rand::Rng as _;
use sea_orm::{DbErr, RuntimeErr, SqliteTransactionMode, TransactionOptions, TransactionTrait as _};
use tokio::time::Instant;

use super::{
    Store,
    fault::{self, Fault},
    mark,
    tx::{Tx, too_late},
};
use crate::error::{Error, Result};

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
/// No attempt begins later: the caller is to hear that the store is unavailable before its own time is over (10 s unless
/// configured).
const PATIENCE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// For PostgreSQL's answer to a BEGIN.
const BEGIN_LIMIT: Duration = Duration::from_secs(5);
/// For its answer to a COMMIT. Well below `statement_timeout` (15 s): a COMMIT that waits for a synchronous standby is not
/// refused when that timeout ends the wait, but acknowledged with a mere warning, although the standby has nothing of it.
const COMMIT_LIMIT: Duration = Duration::from_secs(10);

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
            let begun = Instant::now();
            let mut attempt = 1;
            loop {
                let error = match store.attempt(&body).await {
                    Ok(value) => {
                        store.health.wrote();
                        return Ok(value);
                    }
                    Err(Abort::Domain(error)) => return Err(error),
                    Err(Abort::Database(error)) => error,
                };
                let fault = Fault::of(&error);
                if !fault.may_help_to_retry() || attempt == MAX_ATTEMPTS || begun.elapsed() > PATIENCE {
                    return Err(store.unavailable_or_internal(&error));
                }
                tracing::debug!(attempt, error = fault::words(&error), "transaction is tried again");
                tokio::time::sleep(pause(attempt)).await;
                attempt += 1;
            }
        });
        run.await.unwrap_or_else(|panic| Err(Error::internal(panic)))
    }

    /// Runs `body` once.
    pub(super) async fn attempt<T, B>(&self, body: &B) -> Result<T, Abort>
    where
        B: for<'t> Fn(&'t Tx) -> BoxFuture<'t, Result<T, Abort>>,
    {
        let tx = self.begin().await?;
        let outcome = match (body(&tx).await, tx.failure()) {
            // What a body makes of a failed statement is not what the database makes of it.
            (Ok(_), Some(error)) => Err(error.into()),
            (outcome, _) => outcome,
        };
        match outcome {
            Ok(value) => self.commit(tx).await.map(|()| value).map_err(Abort::Database),
            Err(abort) => {
                if let Abort::Database(error) = &abort
                    && matches!(Fault::of(error), Fault::Lost | Fault::Refused)
                {
                    self.suspicion.raise();
                }
                self.roll_back(tx).await;
                Err(abort)
            }
        }
    }

    async fn begin(&self) -> Result<Tx, DbErr> {
        let options = TransactionOptions {
            // Deferred would fail as soon as a reader turns writer beside another one, busy_timeout or not.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = self.in_time(BEGIN_LIMIT, self.write.begin_with_options(options)).await?;
        Ok(Tx::new(begun))
    }

    async fn commit(&self, tx: Tx) -> Result<(), DbErr> {
        let marked = match self.mark_commit(&tx).await {
            Ok(marked) => marked,
            Err(error) => {
                self.roll_back(tx).await;
                return Err(error);
            }
        };
        let commits = self.mark.as_deref().map(mark::Mark::commits);
        self.in_time(COMMIT_LIMIT, tx.inner.commit()).await?;
        if let (Some(mark), Some(adds)) = (&self.mark, marked) {
            if Some(mark.commits()) == commits {
                self.suspicion.raise();
                return Err(DbErr::Conn(RuntimeErr::Internal(fault::NOT_COMMITTED.to_owned())));
            }
            mark.acknowledge(adds);
        }
        self.committed.send_replace(());
        Ok(())
    }

    /// Counts a commit in the database where that is needed to hold it to its word later. On SQLite every commit that
    /// changed something, for [`mark`]; gives how much it adds there. On PostgreSQL with a synchronous standby the ones that changed
    /// nothing: they answer what another transaction wrote, for example under the same request id, and only a commit that
    /// writes waits until the standby has that too.
    async fn mark_commit(&self, tx: &Tx) -> Result<Option<i64>, DbErr> {
        match (&self.mark, tx.wrote()) {
            (Some(_), true) => mark::count(tx).await.map(Some),
            (None, false) => mark::wait_for_standby(tx).await.map(|()| None),
            (Some(_), false) | (None, true) => Ok(None),
        }
    }

    async fn roll_back(&self, tx: Tx) {
        // The refusal stands whether or not the rollback arrives: a connection that cannot roll back is closed.
        if let Err(error) = self.in_time(BEGIN_LIMIT, tx.inner.rollback()).await {
            tracing::debug!(error = fault::words(&error), "rollback failed");
        }
    }

    /// Waits for a step of a transaction; one that fails, or is not answered in time, spoils its connection.
    async fn in_time<T>(
        &self,
        limit: Duration,
        step: impl Future<Output = Result<T, DbErr>> + Send,
    ) -> Result<T, DbErr> {
        // SQLite works on a thread of its own, which goes on when nobody waits for it any more.
        let limit = if self.mark.is_some() { Duration::MAX } else { limit };
        // Boxed, so that it is dropped, and its connection let go, only after the suspicion was raised.
        let mut step = Box::pin(step);
        let outcome = tokio::time::timeout(limit, &mut step).await.unwrap_or_else(|_| Err(too_late()));
        if outcome.is_err() {
            self.suspicion.raise();
        }
        outcome
    }
}

fn pause(attempt: u32) -> Duration {
    let ceiling = FIRST_PAUSE.saturating_mul(1 << attempt.min(10)).min(LONGEST_PAUSE);
    ceiling.mul_f64(rand::rng().random_range(0.3..1.0))
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng as _, rngs::StdRng};
    use sea_orm::ConnectionTrait as _;

    use super::super::{Database, Opening};
    use super::*;
    use crate::clock::Clock;

    /// A store of its own with a table `kept`, and one `upset` that makes the database roll back by itself, as it does on
    /// a full disk or an I/O error.
    async fn store() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(directory.path().join("rapport.db"));
        let store = Store::open(&database, Opening::at_once(2), Clock::fixed(0)).await.unwrap();
        for sql in [
            "CREATE TABLE kept (number INTEGER PRIMARY KEY)",
            "CREATE TABLE upset (number INTEGER)",
            "CREATE TRIGGER upsetting BEFORE INSERT ON upset BEGIN SELECT RAISE(ROLLBACK, 'disk full, say'); END",
        ] {
            store.write.execute_unprepared(sql).await.unwrap();
        }
        (directory, store)
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Upset {
        Nothing,
        /// The database rolls back at a statement, whose error the body passes on.
        Statement,
        /// The same, and the body makes nothing of it.
        Unnoticed,
        /// The database has rolled back before the COMMIT.
        Commit,
        /// The domain refuses.
        Refused,
    }

    async fn keep(store: &Store, number: i64, upset: Upset) -> Result<()> {
        let write = store.transact(move |tx| {
            Box::pin(async move {
                tx.execute_unprepared(&format!("INSERT INTO kept VALUES ({number})")).await?;
                match upset {
                    Upset::Nothing => {}
                    Upset::Statement => _ = tx.execute_unprepared("INSERT INTO upset VALUES (1)").await?,
                    Upset::Unnoticed => _ = tx.execute_unprepared("INSERT INTO upset VALUES (1)").await,
                    Upset::Commit => _ = tx.inner.execute_unprepared("ROLLBACK").await?,
                    Upset::Refused => return Err(Error::NotFound("nothing").into()),
                }
                Ok(())
            })
        });
        write.await
    }

    async fn kept(store: &Store) -> Vec<i64> {
        let statement =
            sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, "SELECT number FROM kept ORDER BY 1");
        let rows = store.reader().query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    #[tokio::test]
    async fn after_a_commit_that_failed_what_is_acknowledged_is_there() {
        for upset in [Upset::Statement, Upset::Unnoticed, Upset::Commit] {
            let (_directory, store) = store().await;
            assert!(keep(&store, 0, upset).await.is_err(), "{upset:?}");
            assert!(keep(&store, 0, Upset::Refused).await.is_err());
            for number in 1..=20 {
                keep(&store, number, Upset::Nothing).await.unwrap();
            }
            assert_eq!(kept(&store).await, (1..=20).collect::<Vec<_>>(), "{upset:?}");
            // Where the count itself was the one thing kept of what failed, the mark is behind by it, which refuses nothing.
            let (counted, marked) =
                (mark::counted(store.reader()).await.unwrap(), store.mark.as_ref().unwrap().acknowledged());
            assert!((marked..=marked + 1).contains(&counted), "{upset:?}: {counted} counted, {marked} marked");
            store.probe().await.unwrap();
        }
    }

    #[tokio::test]
    async fn whatever_fails_what_was_acknowledged_is_there_and_what_was_refused_is_not() {
        let (_directory, store) = store().await;
        let seed = rand::random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        let mut acknowledged = Vec::new();
        for number in 0..2_000 {
            let upset = match random.random_range(0..12) {
                0 => Upset::Statement,
                1 => Upset::Unnoticed,
                2 => Upset::Commit,
                3 => Upset::Refused,
                _ => Upset::Nothing,
            };
            let answer = keep(&store, number, upset).await;
            assert_eq!(answer.is_ok(), upset == Upset::Nothing, "{number}: {upset:?}");
            if answer.is_ok() {
                acknowledged.push(number);
            }
        }
        assert_eq!(kept(&store).await, acknowledged);
    }
}
