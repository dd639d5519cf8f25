//! Opening a database: pragmas, pools, and migrations that two servers may start at once.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database as Connector, DatabaseConnection, DbBackend, DbErr, Statement,
};
use sqlx::Executor as _;

use super::Store;
use crate::clock::Clock;

/// Which database to use.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file, embedded.
    Sqlite(PathBuf),
    /// A server, by URL.
    Postgres(String),
}

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is of no database that Rapport knows.
    #[error("database URL must begin with postgres://, postgresql:// or sqlite:")]
    UnknownUrl,
    /// The SQLite library linked into this program can corrupt a database (write-ahead log reset, fixed in 3.51.3).
    #[error("SQLite {0} is too old: at least 3.51.3 is needed")]
    SqliteTooOld(String),
    /// The file or its lock could not be opened.
    #[error("cannot open {}: {cause}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
}

/// Any number, the same for every Rapport server.
const MIGRATION_LOCK: i64 = 0x0052_4150_504f_5254;
/// A request waits no longer for a connection; the pool is then overloaded or the database gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// SQLite compiles and caches this many statements per connection, PostgreSQL likewise.
const STATEMENT_CACHE: usize = 256;
/// A connection that was idle for less than this is taken to be alive, without a trip to ask it.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

impl Database {
    /// Reads a URL; `sqlite:PATH` or `postgres://...`.
    ///
    /// # Errors
    /// [`OpenError::UnknownUrl`].
    pub fn from_url(url: &str) -> Result<Self, OpenError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite:").ok_or(OpenError::UnknownUrl)?;
        Ok(Self::Sqlite(PathBuf::from(path.strip_prefix("//").unwrap_or(path))))
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(database: &Database, connections: u32, clock: Clock) -> Result<Self, OpenError> {
        match database {
            Database::Sqlite(path) => open_sqlite(path, connections, clock).await,
            Database::Postgres(url) => open_postgres(url, connections, clock).await,
        }
    }

    /// Waits until no connection is in use, then closes them.
    pub async fn close(&self) {
        for pool in [&self.read, &self.write] {
            if let Err(error) = pool.close_by_ref().await {
                tracing::debug!(%error, "closing a pool");
            }
        }
    }
}

async fn open_sqlite(path: &Path, connections: u32, clock: Clock) -> Result<Store, OpenError> {
    let lock = lock_file(path.with_extension("lock")).await?;
    let write = sqlite_pool(path, 1, false).await?;
    require_sound_sqlite(&write).await?;
    Migrator::up(&write, None).await?;
    drop(lock);

    let read = sqlite_pool(path, connections.max(2), true).await?;
    Ok(Store::new(write, read, clock))
}

/// Waits for the file's lock, which is released when the file is dropped. On a thread of its own: the lock's holder may
/// need this one to get on.
async fn lock_file(path: PathBuf) -> Result<File, OpenError> {
    let locking = path.clone();
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(&locking)?;
        file.lock()?;
        Ok(file)
    });
    locked
        .await
        .unwrap_or_else(|panic| Err(std::io::Error::other(panic)))
        .map_err(|cause| OpenError::File { path, cause })
}

async fn sqlite_pool(path: &Path, connections: u32, read_only: bool) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(connections).min_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false);
    options.test_before_acquire_if_idle_for(TRUSTED_IDLE);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
        let sqlite = sqlite
            .filename(&path)
            .in_memory(false)
            .shared_cache(false)
            .create_if_missing(!read_only)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is erased must not stay in the free space of its page.
            .pragma("secure_delete", "on")
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(STATEMENT_CACHE)
            // Most of what recording writes are single entries in index pages all over the file, each a whole page in the
            // log: smaller pages cost less there, and still hold three interactions.
            .page_size(2048)
            .pragma("cache_size", "-65536")
            // A page that many commits change is copied to the database once per checkpoint: at the default of 1,000
            // pages a large group would cause one each.
            .pragma("wal_autocheckpoint", "16384")
            .pragma("temp_store", "memory");
        if read_only { sqlite.pragma("query_only", "on") } else { sqlite }
    });
    Connector::connect(options).await
}

async fn require_sound_sqlite(db: &DatabaseConnection) -> Result<(), OpenError> {
    let row = db.query_one_raw(Statement::from_string(DbBackend::Sqlite, "SELECT sqlite_version() AS version")).await?;
    let version: String =
        row.ok_or_else(|| DbErr::RecordNotFound("sqlite_version".to_owned()))?.try_get("", "version")?;
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.as_slice() < &[3, 51, 3][..] { Err(OpenError::SqliteTooOld(version)) } else { Ok(()) }
}

async fn open_postgres(url: &str, connections: u32, clock: Clock) -> Result<Store, OpenError> {
    // One connection: the advisory lock belongs to it, and so do the migrations.
    let migrating = postgres_pool(url, 1, Duration::from_secs(600)).await?;
    let statement =
        |call: &str| Statement::from_string(DbBackend::Postgres, format!("SELECT {call}({MIGRATION_LOCK})"));
    migrating.execute_raw(statement("pg_advisory_lock")).await?;
    let migrated = Migrator::up(&migrating, None).await;
    migrating.execute_raw(statement("pg_advisory_unlock")).await?;
    migrating.close().await?;
    migrated?;

    let pool = postgres_pool(url, connections, Duration::from_secs(15)).await?;
    Ok(Store::new(pool.clone(), pool, clock))
}

async fn postgres_pool(url: &str, connections: u32, statement_timeout: Duration) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections).min_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false);
    options.test_before_acquire_if_idle_for(TRUSTED_IDLE);
    options.map_sqlx_postgres_opts(move |postgres| {
        postgres.statement_cache_capacity(STATEMENT_CACHE).options([
            ("statement_timeout", statement_timeout.as_millis().to_string()),
            ("idle_in_transaction_session_timeout", "15000".to_owned()),
            ("application_name", "rapport".to_owned()),
            // The guard below rolls back where nothing is open, which PostgreSQL would remark on every time.
            ("client_min_messages", "error".to_owned()),
        ])
    });
    // A second guard behind the runner's own task: a connection never goes back to the pool inside a transaction.
    options.map_sqlx_postgres_pool_opts(|pool| {
        pool.after_release(|connection, _| {
            Box::pin(async move {
                connection.execute("ROLLBACK").await?;
                Ok(true)
            })
        })
    });
    Connector::connect(options).await
}
