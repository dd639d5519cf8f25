//! The embedded database: one file, with its write-ahead log and its mark beside it.

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{ConnectionTrait, Database as Connector, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use sqlx::Connection as _;

use super::{
    STATEMENT_CACHE, Store,
    health::Health,
    heavy_readers,
    mark::{self, Commits, Mark},
    opening::{self, OpenError, Opening},
    pool_options,
    request::LastingKeys,
    suspicion::Suspicion,
};
use crate::{clock::Clock, private_file};

/// How long a statement waits for another process, before the transaction is tried again or given up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// What a pool of connections is for.
enum Use {
    /// Looking at what is there without writing to the file.
    Looking {
        /// Whether the write-ahead log beside it has to be read as well.
        through_log: bool,
    },
    Reading,
    Writing(Suspicion, Commits),
}

pub(super) async fn open(path: &Path, opening: &Opening, clock: Clock) -> Result<Store, OpenError> {
    let place = format!("file {}", path.display());
    let refused = |error: DbErr| OpenError::of(&place, &error);
    let mark_path = Mark::path(path);
    let unreadable = |cause| OpenError::File { path: mark_path.clone(), cause };
    let acknowledged = Mark::read(&mark_path).map_err(unreadable)?.unwrap_or(0);

    if std::fs::metadata(path).is_ok_and(|file| file.len() > 0) {
        let looking = look(path).await.map_err(refused)?;
        let looked = require_ours(&looking, &place).await;
        looking.close().await.map_err(refused)?;
        looked?;
    } else if acknowledged > 0 && !opening.accept_older {
        return Err(went_back(&place, path, acknowledged, 0));
    }

    // What SQLite makes beside it is as private as the file itself.
    private_file::own_file(path).map_err(|error| OpenError::NotMade(format!("{place}: {error:#}")))?;
    let lock = lock_file(path.with_extension("lock")).await?;
    let (suspicion, commits) = (Suspicion::none(), Commits::default());
    let write = pool(path, 1, Use::Writing(suspicion.clone(), commits.clone())).await.map_err(refused)?;
    require_sound_library(&write).await?;
    // Once more, with what stands in the write-ahead log.
    require_ours(&write, &place).await?;
    let counted = if has_table(&write, "commit_mark").await.map_err(refused)? {
        mark::counted(&write).await.map_err(refused)?
    } else {
        0
    };
    if counted < acknowledged {
        if !opening.accept_older {
            return Err(went_back(&place, path, acknowledged, counted));
        }
        tracing::warn!(database = place, acknowledged, counted, "the database went back, which is accepted");
    }
    opening::migrate(&place, &write).await?;
    drop(lock);

    let read = pool(path, opening.connections.max(2), Use::Reading).await.map_err(refused)?;
    let heavy = pool(path, heavy_readers(), Use::Reading).await.map_err(refused)?;
    let mark = Mark::open(&mark_path, counted, commits).map_err(unreadable)?;
    let keys = LastingKeys::of(&write).await.map_err(refused)?;
    Ok(Store::new((write, read, heavy), clock, Health::new(place), suspicion, Some(mark), keys))
}

/// Opens a file to be read and left as it is.
pub(super) async fn look(path: &Path) -> Result<DatabaseConnection, DbErr> {
    pool(path, 1, Use::Looking { through_log: has_log(path) }).await
}

fn went_back(place: &str, path: &Path, acknowledged: i64, counted: i64) -> OpenError {
    let (mark, wal) = (Mark::path(path), log_of(path));
    OpenError::WentBack { place: place.to_owned(), mark, wal, acknowledged, counted }
}

/// The write-ahead log of a database.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

fn has_log(path: &Path) -> bool {
    std::fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0)
}

/// Waits for the file's lock, which is released when the file is dropped. On a thread of its own: the lock's holder may
/// need this one to get on.
pub(super) async fn lock_file(path: PathBuf) -> Result<File, OpenError> {
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

async fn pool(path: &Path, connections: u32, purpose: Use) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    let writing = matches!(purpose, Use::Writing(..));
    let looking = if let Use::Looking { through_log } = purpose { Some(through_log) } else { None };
    let mut options = pool_options("sqlite::memory:", connections);
    options.map_sqlx_sqlite_opts(move |sqlite| {
        use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
        let sqlite = sqlite.filename(&path).in_memory(false).shared_cache(false);
        if let Some(through_log) = looking {
            // As it stands: nothing is made beside a file that may be somebody else's. But a file whose log was being copied
            // into it when its server died is whole only together with that log.
            return sqlite.create_if_missing(false).read_only(true).immutable(!through_log);
        }
        let sqlite = sqlite
            .create_if_missing(writing)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is erased must not stay in the free space of its page.
            .pragma("secure_delete", "on")
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(STATEMENT_CACHE)
            // Most of what recording writes are single entries in index pages all over the file, each a whole page in the
            // log: smaller pages cost less there, and still hold three interactions.
            .page_size(2048)
            .pragma("cache_size", "-65536")
            // A page that many commits change is copied to the database once per checkpoint: at the default of 1,000
            // pages a large group would cause one each.
            .pragma("wal_autocheckpoint", "16384")
            .pragma("temp_store", "memory");
        if writing { sqlite } else { sqlite.pragma("query_only", "on") }
    });
    if let Use::Writing(suspicion, commits) = purpose {
        // A connection whose driver believes in a transaction that the database ended by itself would put what follows
        // into savepoints of nothing.
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(std::future::ready(Ok(is_free)))
        });
        options.map_sqlx_sqlite_pool_opts(move |pool| {
            let (suspicion, commits) = (suspicion.clone(), commits.clone());
            pool.after_connect(move |connection, _| {
                let commits = commits.clone();
                Box::pin(async move {
                    connection.lock_handle().await?.set_commit_hook(move || {
                        commits.add();
                        true
                    });
                    Ok(())
                })
            })
            .after_release(move |connection, _| {
                let is_sound = !connection.is_in_transaction() && !suspicion.is_raised();
                Box::pin(std::future::ready(Ok(is_sound)))
            })
        });
    }
    Connector::connect(options).await
}

async fn require_sound_library(db: &DatabaseConnection) -> Result<(), OpenError> {
    let version = first_text(db, "SELECT sqlite_version()").await.map_err(|error| OpenError::of("SQLite", &error))?;
    let numbers: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.as_slice() < &[3, 51, 3][..] { Err(OpenError::SqliteTooOld(version)) } else { Ok(()) }
}

pub(super) async fn require_ours(db: &DatabaseConnection, place: &str) -> Result<usize, OpenError> {
    let looked = async {
        let sql =
            "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let tables = texts(db, sql).await?;
        let versions = match tables.iter().any(|table| table == opening::MIGRATIONS) {
            true => Some(texts(db, &format!("SELECT version FROM {}", opening::MIGRATIONS)).await?),
            false => None,
        };
        Ok((tables, versions))
    };
    let (tables, versions) = looked.await.map_err(|error: DbErr| OpenError::of(place, &error))?;
    opening::require_ours(place, &tables, versions)
}

async fn has_table(db: &DatabaseConnection, name: &str) -> Result<bool, DbErr> {
    let sql = format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '{name}'");
    Ok(!texts(db, &sql).await?.is_empty())
}

/// By hand: pragmas, and SQLite's own tables.
async fn texts(db: &DatabaseConnection, sql: &str) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await?;
    rows.iter().map(|row: &QueryResult| row.try_get_by_index(0)).collect()
}

async fn first_text(db: &DatabaseConnection, sql: &str) -> Result<String, DbErr> {
    texts(db, sql).await?.pop().ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use sqlx::{Executor as _, SqliteConnection, sqlite::SqliteConnectOptions};

    use super::*;
    use crate::store::Database;

    /// A server that dies while its log is copied into the file leaves a file that is whole only with the log.
    #[tokio::test]
    async fn a_checkpoint_that_was_cut_short_is_no_damage() {
        let directory = tempfile::tempdir().unwrap();
        let (path, left) = (directory.path().join("rapport.db"), directory.path().join("left.db"));
        let start = async |path: &Path| {
            Store::open(&Database::Sqlite(path.to_owned()), Opening::at_once(2), Clock::fixed(0)).await
        };
        let store = start(&path).await.unwrap();
        let mut other = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&path)).await.unwrap();
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        other.execute("PRAGMA user_version = 7").await.unwrap();
        fs::copy(&path, &left).unwrap();
        fs::copy(log_of(&path), log_of(&left)).unwrap();
        fs::copy(Mark::path(&path), Mark::path(&left)).unwrap();
        drop((store, other));
        // The first page stands in the log, and in the file as if only its beginning had been written.
        let mut file = fs::File::options().write(true).open(&left).unwrap();
        std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(100)).unwrap();
        file.write_all(&[0; 1_900]).unwrap();
        drop(file);
        let store = start(&left).await.unwrap();
        store.close().await;
    }

    /// The driver's loop over old and idle connections may never end: it is not begun.
    #[tokio::test]
    async fn no_pool_looks_after_its_connections_by_itself() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(directory.path().join("rapport.db"));
        let store = Store::open(&database, Opening::at_once(2), Clock::fixed(0)).await.unwrap();
        let options = store.reader().get_sqlite_connection_pool().options().clone();
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
        store.close().await;
    }
}
