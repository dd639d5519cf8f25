//! Opening a database: which one, whether it is ours, how long to wait for it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use rapport_migrations::{Migrator, MigratorTrait as _};
use sea_orm::{DatabaseConnection, DbErr};

use super::{
    Store,
    fault::{self, Fault},
    postgres, sqlite,
};
use crate::clock::Clock;

/// Which database to use.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file, embedded.
    Sqlite(PathBuf),
    /// A server, by URL.
    Postgres(String),
}

/// How to open it.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Connections at most.
    pub connections: u32,
    /// How long to wait for a database that does not answer yet.
    pub wait: Duration,
    /// Whether an embedded database may have gone back behind what was acknowledged.
    pub accept_older: bool,
}

impl Opening {
    /// At once, as it is expected to be.
    pub fn at_once(connections: u32) -> Self {
        Self { connections, wait: Duration::ZERO, accept_older: false }
    }
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
    /// The file cannot be made.
    #[error("{0}")]
    NotMade(String),
    /// It does not answer, or not yet.
    #[error("{place} does not answer: {words}")]
    Unreachable {
        /// A file, or host and database.
        place: String,
        /// The reason, in the database's or the system's words.
        words: String,
    },
    /// It refused.
    #[error("{place} refuses: {words}")]
    Refused {
        /// A file, or host and database.
        place: String,
        /// The reason in its own words.
        words: String,
    },
    /// It belongs to another program. Nothing in it was changed.
    #[error("{place} belongs to another program ({found}); nothing was changed. Rapport needs a database of its own")]
    Foreign {
        /// A file, or host and database.
        place: String,
        /// What shows it.
        found: String,
    },
    /// A newer version of Rapport has changed its schema.
    #[error(
        "{place} was migrated by a newer version of Rapport ({}), which this version ({}) must not write to: start the newer version, or restore \
         a backup from before", .versions.join(", "), env!("CARGO_PKG_VERSION")
    )]
    Newer {
        /// A file, or host and database.
        place: String,
        /// Migrations that this version does not know.
        versions: Vec<String>,
    },
    /// A schema cannot be made while the machine's clock is before 1970: when each change was made is noted with it.
    #[error("the machine's clock is before 1970: set it, then start again to bring the schema of {0} up to date")]
    ClockBefore1970(String),
    /// It has not come as far as what was acknowledged.
    #[error(
        "{place} went back: commit {acknowledged} was acknowledged ({}), but the last one there is {counted}. Put the missing \
         {} beside it, from where it was lost; if an older database was restored on purpose, start once with \
         --accept-older-database", .mark.display(), .wal.display()
    )]
    WentBack {
        /// The file.
        place: String,
        /// The file that says so.
        mark: PathBuf,
        /// The write-ahead log, in which the newest commits stand.
        wal: PathBuf,
        /// The last commit that was acknowledged.
        acknowledged: i64,
        /// The last one there.
        counted: i64,
    },
}

impl OpenError {
    /// An error of a database at a place.
    pub(super) fn of(place: &str, error: &DbErr) -> Self {
        let (place, words) = (place.to_owned(), fault::words(error));
        match Fault::of(error) {
            Fault::Lost | Fault::Conflict => Self::Unreachable { place, words },
            Fault::Refused | Fault::Duplicate | Fault::Ours => Self::Refused { place, words },
        }
    }
}

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

/// Between two looks at a database that does not answer yet.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Store {
    /// Opens the database and brings its schema up to date. One of another program is left as it is.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(database: &Database, opening: Opening, clock: Clock) -> BoxFuture<'_, Result<Self, OpenError>> {
        Box::pin(Self::wait_for(database, opening, clock))
    }

    async fn wait_for(database: &Database, opening: Opening, clock: Clock) -> Result<Self, OpenError> {
        let begun = Instant::now();
        let mut said = String::new();
        loop {
            let opened = match database {
                Database::Sqlite(path) => sqlite::open(path, &opening, clock.clone()).await,
                Database::Postgres(url) => postgres::open(url, &opening, clock.clone()).await,
            };
            match opened {
                Err(OpenError::Unreachable { place, words }) if begun.elapsed() < opening.wait => {
                    if words != said {
                        tracing::warn!(database = place, cause = words, wait = ?opening.wait, "waiting for the database");
                        said = words;
                    }
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                other => return other,
            }
        }
    }
}

/// Refuses a database whose tables are not ours: `tables`: all there are; `versions`: those of the table of migrations, if
/// there is one. Gives how many of our migrations are noted there.
///
/// # Errors
/// [`OpenError::Foreign`], [`OpenError::Newer`].
pub(super) fn require_ours(place: &str, tables: &[String], versions: Option<Vec<String>>) -> Result<usize, OpenError> {
    let place = place.to_owned();
    let Some(versions) = versions else {
        if tables.is_empty() {
            return Ok(0);
        }
        let some: Vec<_> = tables.iter().take(3).map(String::as_str).collect();
        let found = format!("{} table(s), such as {}", tables.len(), some.join(", "));
        return Err(OpenError::Foreign { place, found });
    };
    let ours = Migrator::migrations();
    let (known, unknown): (Vec<_>, Vec<_>) =
        versions.into_iter().partition(|version| ours.iter().any(|migration| migration.name() == version));
    match (known.is_empty(), unknown.is_empty()) {
        (_, true) => Ok(known.len()),
        (true, false) => Err(OpenError::Foreign { place, found: format!("its migrations, such as {}", unknown[0]) }),
        (false, false) => Err(OpenError::Newer { place, versions: unknown }),
    }
}

/// Brings the schema up to date.
///
/// # Errors
/// What the database refuses; [`OpenError::ClockBefore1970`].
pub(super) async fn migrate(place: &str, database: &DatabaseConnection) -> Result<(), OpenError> {
    let refused = |error: DbErr| OpenError::of(place, &error);
    // The library that does it panics there.
    if Clock::system().now_micros() < 0 {
        let pending = Migrator::get_pending_migrations(database).await.map_err(refused)?;
        return if pending.is_empty() { Ok(()) } else { Err(OpenError::ClockBefore1970(place.to_owned())) };
    }
    Migrator::up(database, None).await.map_err(refused)
}

/// The table in which migrations are noted.
pub(super) const MIGRATIONS: &str = "seaql_migrations";

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(tables: &[&str], versions: Option<&[&str]>) -> Result<usize, OpenError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        require_ours("here", &owned(tables), versions.map(owned))
    }

    #[test]
    fn only_what_is_empty_or_ours_is_opened() {
        let first = Migrator::migrations()[0].name().to_owned();
        assert!(judge(&[], None).is_ok());
        assert!(judge(&["team"], Some(&[&first])).is_ok());
        // Killed before the first migration.
        assert!(judge(&[], Some(&[])).is_ok());
        assert!(matches!(judge(&["orders"], None), Err(OpenError::Foreign { .. })));
        assert!(matches!(judge(&["orders"], Some(&["m2021_shop"])), Err(OpenError::Foreign { .. })));
        let newer = judge(&["team"], Some(&[&first, "m9999_future"])).unwrap_err().to_string();
        assert!(newer.contains("newer version") && newer.contains("m9999_future"), "{newer}");
    }
}
