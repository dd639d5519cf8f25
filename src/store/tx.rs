//! An open transaction.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, StreamTrait,
};

/// PostgreSQL gives up a statement after 15 s; a server that has not said so by now is not there any more.
const STATEMENT_LIMIT: Duration = Duration::from_secs(20);

/// An open transaction, which remembers what the runner has to know before it commits.
pub(crate) struct Tx {
    pub(super) inner: DatabaseTransaction,
    /// The first statement that failed. PostgreSQL answers the COMMIT of such a transaction with success and rolls back.
    failed: Mutex<Option<DbErr>>,
    wrote: AtomicBool,
    /// Numbers of streams.
    numbers: AtomicI64,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Tx")
    }
}

impl Tx {
    pub(super) fn new(inner: DatabaseTransaction) -> Self {
        Self { inner, failed: Mutex::new(None), wrote: AtomicBool::new(false), numbers: AtomicI64::new(0) }
    }

    /// Why the transaction must not be committed, whatever its body made of it.
    pub(super) fn failure(&self) -> Option<DbErr> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it changed anything.
    pub(super) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }

    /// How many numbers of streams it took.
    pub(crate) fn numbers_taken(&self) -> i64 {
        self.numbers.load(Ordering::Relaxed)
    }

    /// It took some more.
    pub(super) fn takes_numbers(&self, count: i64) {
        self.numbers.fetch_add(count, Ordering::Relaxed);
    }

    fn changed(&self, changed: bool) {
        self.wrote.fetch_or(changed, Ordering::Relaxed);
    }

    async fn run<T>(&self, statement: impl Future<Output = Result<T, DbErr>> + Send) -> Result<T, DbErr> {
        // SQLite works on a thread of its own, which goes on when nobody waits for it any more.
        let outcome = if ConnectionTrait::get_database_backend(&self.inner) == DbBackend::Sqlite {
            statement.await
        } else {
            tokio::time::timeout(STATEMENT_LIMIT, statement).await.unwrap_or_else(|_| Err(too_late()))
        };
        if let Err(error) = &outcome {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
        outcome
    }
}

/// No answer came.
pub(super) fn too_late() -> DbErr {
    DbErr::Conn(RuntimeErr::Internal("no answer in time".to_owned()))
}

/// Whether a statement that gives rows may change some.
fn reads_only(statement: &Statement) -> bool {
    statement.sql.trim_start().get(..6).is_some_and(|verb| verb.eq_ignore_ascii_case("SELECT"))
}

#[async_trait::async_trait]
impl ConnectionTrait for Tx {
    fn get_database_backend(&self) -> DbBackend {
        ConnectionTrait::get_database_backend(&self.inner)
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let done = self.run(self.inner.execute_raw(statement)).await?;
        self.changed(done.rows_affected() > 0);
        Ok(done)
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let done = self.run(self.inner.execute_unprepared(sql)).await?;
        self.changed(true);
        Ok(done)
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let reads = reads_only(&statement);
        let row = self.run(self.inner.query_one_raw(statement)).await?;
        self.changed(!reads && row.is_some());
        Ok(row)
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let reads = reads_only(&statement);
        let rows = self.run(self.inner.query_all_raw(statement)).await?;
        self.changed(!reads && !rows.is_empty());
        Ok(rows)
    }
}

/// Rows one by one. A caller who reads them to the end hears of a failure there.
impl StreamTrait for Tx {
    type Stream<'a> = <DatabaseTransaction as StreamTrait>::Stream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        StreamTrait::get_database_backend(&self.inner)
    }

    fn stream_raw<'a>(&'a self, statement: Statement) -> BoxFuture<'a, Result<Self::Stream<'a>, DbErr>> {
        self.inner.stream_raw(statement)
    }
}
