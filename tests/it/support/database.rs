//! A database for one test, gone after it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result};
use rapport::{
    clock::Clock,
    store::{Opening, Store},
};
use sea_orm::{ConnectionTrait as _, Statement};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{postgres, private_directory};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Shown as ignored, never as passed, where PostgreSQL is not installed. Under CI it must be, so there it fails.
    pub(super) fn is_left_out(self) -> bool {
        self == Self::Postgres && postgres::binaries().is_none() && !std::env::var("CI").is_ok_and(|ci| ci == "true")
    }
}

/// A database, and the directory for the keys of the servers before it: they share both.
#[derive(Clone)]
pub(super) struct Database {
    directory: Arc<TempDir>,
    /// Of the database in the cluster; none: the embedded one, in the directory.
    name: Option<String>,
}

impl Database {
    pub(super) async fn create(backend: Backend) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let directory = Arc::new(private_directory());
        let name = match backend {
            Backend::Sqlite => {
                for file in std::fs::read_dir(migrated_directory().await?)? {
                    let file = file?;
                    std::fs::copy(file.path(), directory.path().join(file.file_name()))?;
                }
                None
            }
            Backend::Postgres => {
                let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                administer(&format!("CREATE DATABASE {name} TEMPLATE {}", migrated_database().await?)).await?;
                Some(name)
            }
        };
        Ok(Self { directory, name })
    }

    /// Another one with the same in it. Nobody uses it meanwhile.
    pub(super) fn copy(&self) -> Result<Self> {
        anyhow::ensure!(self.name.is_none(), "only an embedded database is copied with its keys");
        let directory = Arc::new(private_directory());
        copy(self.directory(), directory.path())?;
        Ok(Self { directory, name: None })
    }

    /// Takes the database away, no matter who is using it. An embedded one goes with its directory.
    pub(super) async fn remove(&self) -> Result<()> {
        let Some(name) = &self.name else { return Ok(()) };
        administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<()> {
        execute(self.own_url()?, sql).await
    }

    /// The one number that a query gives.
    pub(super) async fn number(&self, sql: &str) -> Result<i64> {
        let connection = sea_orm::Database::connect(self.own_url()?).await?;
        let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
        let number = row.context("no row")?.try_get_by_index(0)?;
        connection.close().await?;
        Ok(number)
    }

    /// The texts that a query gives, one a row.
    pub(super) async fn texts(&self, sql: &str) -> Result<Vec<String>> {
        let connection = sea_orm::Database::connect(self.own_url()?).await?;
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
        let texts = rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        connection.close().await?;
        Ok(texts)
    }

    /// A connection that keeps everybody from recording until it is dropped.
    pub(super) async fn block_writes(&self) -> Result<sea_orm::DatabaseConnection> {
        self.block(match self.name {
            None => "BEGIN IMMEDIATE",
            Some(_) => "BEGIN; LOCK TABLE stream",
        })
        .await
    }

    /// A connection that opens a transaction with this, and holds it until it is dropped.
    pub(super) async fn block(&self, sql: &str) -> Result<sea_orm::DatabaseConnection> {
        let mut options = sea_orm::ConnectOptions::new(self.own_url()?);
        let connection = sea_orm::Database::connect(options.max_connections(1).clone()).await?;
        connection.execute_unprepared(sql).await?;
        Ok(connection)
    }

    fn own_url(&self) -> Result<String> {
        let embedded = || format!("sqlite://{}/rapport.db", self.directory().display());
        Ok(self.url()?.unwrap_or_else(embedded))
    }

    /// None: the embedded one.
    pub(super) fn url(&self) -> Result<Option<String>> {
        self.name.as_ref().map(|name| Ok(postgres::cluster()?.url(name))).transpose()
    }
}

/// Holds an embedded database after all migrations, once for all tests: each would spend more on them than on itself.
async fn migrated_directory() -> Result<&'static Path> {
    static DIRECTORY: OnceCell<TempDir> = OnceCell::const_new();
    let make = || async {
        let directory = private_directory();
        migrate(&rapport::store::Database::Sqlite(directory.path().join("rapport.db"))).await?;
        anyhow::Ok(directory)
    };
    Ok(DIRECTORY.get_or_try_init(make).await?.path())
}

/// The same in the cluster; its name.
async fn migrated_database() -> Result<&'static str> {
    static MADE: OnceCell<&str> = OnceCell::const_new();
    let make = || async {
        let name = "migrated";
        administer(&format!("CREATE DATABASE {name}")).await?;
        migrate(&rapport::store::Database::Postgres(postgres::cluster()?.url(name))).await?;
        anyhow::Ok(name)
    };
    Ok(*MADE.get_or_try_init(make).await?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            std::fs::create_dir(&place)?;
            std::fs::set_permissions(&place, entry.metadata()?.permissions())?;
            copy(&entry.path(), &place)?;
        } else {
            std::fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

async fn migrate(database: &rapport::store::Database) -> Result<()> {
    Store::open(database, Opening::at_once(1), Clock::system()).await?.close().await;
    Ok(())
}

async fn administer(sql: &str) -> Result<()> {
    execute(postgres::cluster()?.url("postgres"), sql).await
}

async fn execute(url: String, sql: &str) -> Result<()> {
    let connection = sea_orm::Database::connect(url).await?;
    connection.execute_unprepared(sql).await?;
    Ok(connection.close().await?)
}
