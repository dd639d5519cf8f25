//! Whole databases as files: copied while servers are at work, put in place where there is none.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use sea_orm::{Database as Connector, DatabaseConnection};
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::process::Command;

use super::{
    Database,
    mark::Mark,
    pool_options,
    sqlite::{self, lock_file, log_of},
};
use crate::private_file;

/// How long a copy waits for somebody who holds the file for themselves: a checkpoint that ends a log.
const BUSY: Duration = Duration::from_secs(30);

impl Database {
    /// How the file of a copy is called: PostgreSQL's is its own archive format.
    pub(crate) fn copy_name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "rapport.db",
            Self::Postgres(_) => "rapport.pgdump",
        }
    }

    /// Bytes that a copy may come to, about; none where only the server knows.
    pub(crate) fn size(&self) -> Option<u64> {
        let Self::Sqlite(path) = self else { return None };
        std::fs::metadata(path).ok().map(|file| file.len())
    }

    /// Opens it to be read, as it is: nothing is migrated.
    ///
    /// # Errors
    /// There is no such database, or it cannot be read.
    pub(crate) async fn look(&self) -> anyhow::Result<DatabaseConnection> {
        let opened = match self {
            Self::Sqlite(path) => sqlite::look(path).await,
            Self::Postgres(url) => Connector::connect(pool_options(url, 1)).await,
        };
        Ok(opened?)
    }

    /// Copies all that is committed at one moment, which is after the call, to a new file. Servers may be at work; on SQLite the
    /// write-ahead log grows until the copy is there.
    ///
    /// # Errors
    /// There is no such database, it cannot be read, the file cannot be written; on PostgreSQL, there is no `pg_dump`.
    pub(crate) async fn copy_to(&self, target: &Path) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(path) => {
                ensure!(path.exists(), "there is no database {}", path.display());
                // SQLite writes to an empty file as to none; this one is the owner's alone.
                private_file::own_file(target)?;
                let mut connection = connect(path).await?;
                let name = target.to_str().context("the folder's name must be UTF-8")?;
                let copied = sqlx::query("VACUUM INTO ?").bind(name).execute(&mut connection).await;
                _ = connection.close().await;
                copied.with_context(|| format!("cannot copy {}", path.display()))?;
            }
            Self::Postgres(url) => {
                private_file::own_file(target)?;
                let form = ["--format=custom", "--no-owner", "--no-privileges", "--file"];
                let mut dump = Command::new(program("pg_dump")?);
                dump.args(form).arg(target);
                run(dump, url).await?;
            }
        }
        File::open(target)?.sync_all()?;
        Ok(())
    }

    /// Puts a copy in place of no database: no file, or on PostgreSQL a database without tables. It is not opened.
    ///
    /// # Errors
    /// There is a database already; on PostgreSQL, there is no `pg_restore`, or what it refuses.
    pub(crate) async fn copy_from(&self, copy: &Path) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(path) => {
                ensure!(!path.exists(), "there is a database {} already", path.display());
                private_file::own_file(path)?;
                std::fs::copy(copy, path).with_context(|| format!("cannot write {}", path.display()))?;
                File::open(path)?.sync_all()?;
                Ok(())
            }
            Self::Postgres(url) => {
                let form = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"];
                let mut restore = Command::new(program("pg_restore")?);
                restore.args(form).arg(copy);
                run(restore, url).await
            }
        }
    }
}

/// Takes an embedded database for the caller alone, whole in its one file; nobody opens it until the lock is dropped.
///
/// # Errors
/// Somebody has it open.
pub(crate) async fn take_alone(path: &Path) -> anyhow::Result<File> {
    let lock = lock_file(path.with_extension("lock")).await?;
    if path.exists() {
        let mut connection = SqliteConnection::connect_with(&options(path)).await?;
        // Only who has the file alone may leave the write-ahead log.
        let left: Result<String, _> =
            sqlx::query_scalar("PRAGMA journal_mode = DELETE").fetch_one(&mut connection).await;
        _ = connection.close().await;
        ensure!(
            left.is_ok_and(|mode| mode == "delete"),
            "{} is in use: stop the server that has it open, then try again",
            path.display()
        );
    }
    Ok(lock)
}

/// Moves an embedded database to another name, and what belongs to it away.
///
/// # Errors
/// The system's.
pub(crate) fn move_aside(path: &Path, aside: &Path) -> std::io::Result<()> {
    std::fs::rename(path, aside)?;
    for left in [log_of(path), path.with_extension("db-shm"), Mark::path(path)] {
        match std::fs::remove_file(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// What SQLite finds wrong with a file: pages, indexes, keys that point nowhere.
///
/// # Errors
/// It cannot be read at all.
pub(crate) async fn damage(path: &Path) -> anyhow::Result<Vec<String>> {
    let mut connection = connect(path).await?;
    let mut found: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(&mut connection).await?;
    found.retain(|line| line != "ok");
    let dangling: Vec<String> = sqlx::query_scalar("SELECT DISTINCT \"table\" FROM pragma_foreign_key_check")
        .fetch_all(&mut connection)
        .await?;
    found.extend(dangling.into_iter().map(|table| format!("rows of {table} point nowhere")));
    _ = connection.close().await;
    Ok(found)
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).create_if_missing(false)
}

async fn connect(path: &Path) -> anyhow::Result<SqliteConnection> {
    let connected = SqliteConnection::connect_with(&options(path).busy_timeout(BUSY)).await;
    connected.with_context(|| format!("cannot open {}", path.display()))
}

/// A program of PostgreSQL: on the path, or where Debian puts them, the newest.
fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut installed: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some((entry.as_ref().ok()?.file_name().to_str()?.parse().ok()?, entry.ok()?.path())))
        .collect();
    installed.sort();
    places.extend(installed.into_iter().rev().map(|(_, version)| version.join("bin")));
    let found = places.into_iter().map(|place| place.join(name)).find(|program| program.is_file());
    found.with_context(|| format!("{name} is not installed: it comes with PostgreSQL's client programs"))
}

/// Runs a program of PostgreSQL on a database. The password goes by the environment: arguments can be listed by everybody.
async fn run(mut program: Command, url: &str) -> anyhow::Result<()> {
    let (url, password) = without_password(url);
    program.arg("--dbname").arg(url);
    if let Some(password) = password {
        program.env("PGPASSWORD", password);
    }
    let name = program.as_std().get_program().to_string_lossy().into_owned();
    let done =
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).output().await?;
    if !done.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(())
}

/// A database's URL without its password, and that.
fn without_password(url: &str) -> (String, Option<String>) {
    let split = || {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (user, host) = rest[..end].rsplit_once('@')?;
        let (user, password) = user.split_once(':')?;
        let password = percent_encoding::percent_decode_str(password).decode_utf8().ok()?.into_owned();
        Some((format!("{scheme}://{user}@{host}{}", &rest[end..]), Some(password)))
    };
    split().unwrap_or_else(|| (url.to_owned(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_by_itself() {
        let split = |url| without_password(url);
        let of = |url: &str, password: &str| (url.to_owned(), Some(password.to_owned()));
        assert_eq!(
            split("postgres://me:s%40f%2Fe@db:5432/x?sslmode=require"),
            of("postgres://me@db:5432/x?sslmode=require", "s@f/e")
        );
        assert_eq!(split("postgres://me:@db"), of("postgres://me@db", ""));
        for url in ["postgres://me@db/x", "postgres://db/x?options=a@b:c", "postgres:///x"] {
            assert_eq!(split(url), (url.to_owned(), None), "{url}");
        }
    }
}
