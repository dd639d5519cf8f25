//! A database for one test, gone after it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, Result};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, Statement};
use tempfile::TempDir;

use super::postgres;

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
    url: Option<String>,
}

impl Database {
    pub(super) async fn create(backend: Backend) -> Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let directory = Arc::new(tempfile::Builder::new().prefix("rapport-it-").tempdir()?);
        let url = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => {
                let cluster = postgres::cluster()?;
                let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
                let admin = sea_orm::Database::connect(cluster.url("postgres")).await?;
                admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
                admin.close().await?;
                Some(cluster.url(&name))
            }
        };
        Ok(Self { directory, url })
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) async fn execute(&self, sql: &str) -> Result<()> {
        let connection = self.connect().await?;
        connection.execute_unprepared(sql).await?;
        Ok(connection.close().await?)
    }

    /// The one number that a query gives.
    pub(super) async fn number(&self, sql: &str) -> Result<i64> {
        let connection = self.connect().await?;
        let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
        let number = row.context("no row")?.try_get_by_index(0)?;
        connection.close().await?;
        Ok(number)
    }

    async fn connect(&self) -> Result<DatabaseConnection> {
        let embedded = format!("sqlite://{}/rapport.db", self.directory().display());
        Ok(sea_orm::Database::connect(self.url.clone().unwrap_or(embedded)).await?)
    }

    /// None: the embedded one, in the directory.
    pub(super) fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}
