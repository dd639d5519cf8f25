//! The database: opening it, the one transaction runner, set-based writes, request memory, sequences
//! and who follows them.
//!
//! Everything in which SQLite and PostgreSQL differ is in this folder. Knows no domain.

pub(crate) mod bulk;
mod checkpoint;
pub(crate) mod copy;
pub(crate) mod entity;
mod examine;
mod fault;
pub(crate) mod feed;
pub(crate) mod group;
mod health;
mod mark;
pub(crate) mod memo;
mod opening;
mod postgres;
pub(crate) mod request;
pub(crate) mod sequence;
pub(crate) mod set;
mod shape;
mod sqlite;
mod stored;
mod suspicion;
mod transaction;
mod tx;

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, sea_query};
use tokio::sync::watch;

use self::{fault::Fault, health::Health, mark::Mark, request::LastingKeys, suspicion::Suspicion};
pub use bulk::Insert;
pub use opening::{Database, OpenError, Opening};
pub use shape::{Column, ColumnKind, Shape};
pub use stored::Stored;
pub(crate) use transaction::Abort;
pub(crate) use tx::Tx;

use crate::{
    clock::Clock,
    error::{Error, Result},
};

/// A request waits no longer for a connection; the pool is then overloaded or the database gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// SQLite compiles and caches this many statements per connection, and so does PostgreSQL.
const STATEMENT_CACHE: usize = 256;
/// A connection that was idle for less than this is taken to be alive, without a trip to ask it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// PostgreSQL's clock in microseconds, at the moment when it is read.
const DATABASE_TIME: &str = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

/// What all pools of connections have in common.
fn pool_options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).min_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false);
    options.test_before_acquire_if_idle_for(TRUSTED_IDLE);
    // The driver (sqlx 0.9.0) looks after old and idle connections in a loop over a count which, while one is taken as another is
    // given back, is below zero for a moment. Seen then, the loop does not end, and a thread of the runtime is lost to it.
    options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    options
}

/// Connections for reads that take long: they keep half of the processors busy at most.
pub(crate) fn heavy_readers() -> u32 {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    u32::try_from(processors / 2).unwrap_or(1).clamp(1, MOST_HEAVY_READERS)
}

/// Of a large machine, which has other work as well.
const MOST_HEAVY_READERS: u32 = 8;

tokio::task_local! {
    static HEAVY: ();
}

/// Does work whose reads take long: all of them go to the readers for such, whatever the work is, so that no handler has
/// to know of itself that it is heavy.
pub(crate) async fn heavily<T>(work: impl Future<Output = T>) -> T {
    HEAVY.scope((), work).await
}

/// A database, ready to use. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    /// On SQLite a single connection: the file has one writer at a time anyway, and waiting here is fair.
    write: DatabaseConnection,
    read: DatabaseConnection,
    /// For reads that take long, so that others keep theirs.
    heavy: DatabaseConnection,
    clock: Clock,
    health: Arc<Health>,
    suspicion: Suspicion,
    /// Of an embedded database only.
    mark: Option<Arc<Mark>>,
    /// Told of every commit.
    committed: watch::Sender<()>,
    /// What was destroyed still stands in the write-ahead log.
    to_forget: Arc<AtomicBool>,
    keys: LastingKeys,
}

/// A pool of connections.
pub(crate) struct Pool {
    pub(crate) name: &'static str,
    /// Connections that it has.
    pub(crate) size: u32,
    /// Those nobody uses.
    pub(crate) idle: u32,
}

impl Pool {
    fn new(name: &'static str, size: u32, idle: usize) -> Self {
        Self { name, size, idle: u32::try_from(idle).unwrap_or(u32::MAX) }
    }
}

impl Store {
    fn new(
        (write, read, heavy): (DatabaseConnection, DatabaseConnection, DatabaseConnection),
        clock: Clock,
        health: Health,
        suspicion: Suspicion,
        mark: Option<Mark>,
        keys: LastingKeys,
    ) -> Self {
        let (health, mark) = (Arc::new(health), mark.map(Arc::new));
        Self {
            write,
            read,
            heavy,
            clock,
            health,
            suspicion,
            mark,
            committed: watch::Sender::new(()),
            to_forget: Arc::default(),
            keys,
        }
    }

    /// Waits until no connection is in use, then closes them. An embedded database is whole in its file afterwards.
    pub async fn close(&self) {
        if let Some(mark) = &self.mark {
            match self.cut_log().await {
                Ok(true) => {}
                Ok(false) => tracing::debug!("somebody reads the database, so that its write-ahead log stays"),
                Err(error) => tracing::warn!(cause = fault::words(&error), "the write-ahead log was not copied"),
            }
            mark.sync();
        }
        for pool in [&self.heavy, &self.read, &self.write] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::debug!(%error, "closing a pool");
            }
        }
    }

    /// Changes whenever this server has committed something.
    pub(crate) fn commits(&self) -> watch::Receiver<()> {
        self.committed.subscribe()
    }

    /// For reads outside a transaction; within [`heavily`], the readers for those that take long.
    pub(crate) fn reader(&self) -> &DatabaseConnection {
        if HEAVY.try_with(|()| ()).is_ok() { self.heavy_reader() } else { &self.read }
    }

    /// For reads that take long: [`heavy_readers`] connections, which nobody else uses.
    pub(crate) fn heavy_reader(&self) -> &DatabaseConnection {
        &self.heavy
    }

    /// How request ids are kept for good.
    pub(crate) fn keys(&self) -> LastingKeys {
        self.keys
    }

    /// Which database it is.
    pub(crate) fn kind(&self) -> &'static str {
        if self.write.get_database_backend() == DbBackend::Sqlite { "sqlite" } else { "postgresql" }
    }

    /// How many connections each pool has.
    pub(crate) fn pools(&self) -> Vec<Pool> {
        if self.read.get_database_backend() != DbBackend::Sqlite {
            // One pool serves both.
            let pool = |name, database: &DatabaseConnection| {
                let pool = database.get_postgres_connection_pool();
                Pool::new(name, pool.size(), pool.num_idle())
            };
            return vec![pool("all", &self.read), pool("heavy", &self.heavy)];
        }
        let pool = |name, database: &DatabaseConnection| {
            let pool = database.get_sqlite_connection_pool();
            Pool::new(name, pool.size(), pool.num_idle())
        };
        vec![pool("write", &self.write), pool("read", &self.read), pool("heavy", &self.heavy)]
    }

    /// Rewrites the database's files without what was deleted. On PostgreSQL it makes the space of dead rows free, no more:
    /// what was in it is gone once it is used again.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`], also where somebody else keeps SQLite's write-ahead log from being cut.
    pub(crate) async fn compact(&self) -> Result<()> {
        if self.write.get_database_backend() != DbBackend::Sqlite {
            // On one connection, so that the limit holds for no other.
            let pool = self.write.get_postgres_connection_pool();
            let mut connection = pool.acquire().await.map_err(Error::internal)?;
            for statement in ["SET statement_timeout = 0", "VACUUM"] {
                sqlx::Executor::execute(&mut *connection, statement).await.map_err(Error::internal)?;
            }
            connection.close().await.map_err(Error::internal)?;
            return Ok(());
        }
        // By hand, as above: no query.
        self.write.execute_unprepared("VACUUM").await?;
        if self.cut_log().await? {
            return Ok(());
        }
        let why = "somebody reads the database, so that its write-ahead log stays";
        Err(Error::StoreUnavailable(Arc::new(DbErr::Custom(why.to_owned()))))
    }

    /// Database time in microseconds. In a transaction, read it after the lock that orders the write. What is due is
    /// chosen by it too: of several servers one may have a clock that is wrong.
    pub(crate) async fn now(&self, connection: &impl ConnectionTrait) -> std::result::Result<i64, DbErr> {
        // SQLite has no clock of its own: it would ask the same machine.
        if connection.get_database_backend() == DbBackend::Sqlite {
            return Ok(self.clock.now_micros());
        }
        let asked = sea_query::Query::select().expr(sea_query::Expr::cust(DATABASE_TIME)).take();
        let row = connection.query_one(&asked).await?;
        let row = row.ok_or_else(|| DbErr::RecordNotFound("clock_timestamp".to_owned()))?;
        row.try_get_by_index(0)
    }

    /// The server's clock, for rules that compare a request with the present, and for what is told of it.
    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if Fault::of(&error).is_of_the_database() {
            Error::StoreUnavailable(Arc::new(error))
        } else {
            Error::internal(error)
        }
    }
}
