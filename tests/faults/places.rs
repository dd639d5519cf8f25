//! Where a server keeps what it must not lose: a directory, and a database in it or on a PostgreSQL cluster.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;

use crate::{cluster::Cluster, inject::WallClock};

/// Which database a round is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// A new, empty database and a directory for the keys.
pub(crate) struct Place {
    _temporary: TempDir,
    pub(crate) directory: PathBuf,
    /// None: the embedded database, in the directory.
    pub(crate) url: Option<String>,
    /// On which the database is, if not embedded.
    pub(crate) cluster: Option<Cluster>,
}

impl Place {
    pub(crate) fn new(backend: Backend) -> anyhow::Result<Self> {
        Self::at(backend, None)
    }

    /// With a clock of the database that can be stepped: its cluster's. An embedded database has that of its server,
    /// which is to be started with it.
    pub(crate) fn at_own_clock(backend: Backend) -> anyhow::Result<(Self, WallClock)> {
        let clock = WallClock::new()?;
        Ok((Self::at(backend, Some(clock.clone()))?, clock))
    }

    fn at(backend: Backend, clock: Option<WallClock>) -> anyhow::Result<Self> {
        // Beside this program: a directory for temporary files is often in memory, where a commit costs nothing.
        let program = std::env::current_exe()?;
        let temporary = tempfile::tempdir_in(program.parent().context("this program is in no directory")?)?;
        let directory = temporary.path().join("data");
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&directory)?;
        let cluster = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(Cluster::start(clock)?),
        };
        let url = cluster.as_ref().map(Cluster::url);
        Ok(Self { _temporary: temporary, directory, url, cluster })
    }

    pub(crate) fn backend(&self) -> Backend {
        if self.url.is_some() { Backend::Postgres } else { Backend::Sqlite }
    }

    /// Another directory; on PostgreSQL with another empty database, on the same cluster as long as this one lives.
    pub(crate) async fn another(&self) -> anyhow::Result<Self> {
        let other = Self::new(Backend::Sqlite)?;
        let Some(url) = &self.url else { return Ok(other) };
        let name = format!("another_{}", uuid::Uuid::new_v4().simple());
        self.execute(&format!("CREATE DATABASE {name}")).await?;
        let (server, _) = url.rsplit_once('/').context("a URL with a database")?;
        Ok(Self { url: Some(format!("{server}/{name}")), ..other })
    }

    /// A name in the directory that the data directory is in.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.with_file_name(name)
    }

    pub(crate) fn cluster(&self) -> anyhow::Result<&Cluster> {
        self.cluster.as_ref().context("no PostgreSQL here")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(crate) fn sqlite(&self) -> PathBuf {
        self.file("rapport.db")
    }

    /// The one number that a query gives, asked behind the server's back.
    pub(crate) async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        Ok(match &self.url {
            Some(url) => {
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut PgConnection::connect(url).await?).await?
            }
            None => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut open(&self.sqlite()).await?).await?,
        })
    }

    /// Behind the server's back.
    pub(crate) async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        match &self.url {
            Some(url) => _ = PgConnection::connect(url).await?.execute(AssertSqlSafe(sql)).await?,
            None => _ = open(&self.sqlite()).await?.execute(AssertSqlSafe(sql)).await?,
        }
        Ok(())
    }
}

pub(crate) async fn open(file: &Path) -> anyhow::Result<SqliteConnection> {
    Ok(SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file).create_if_missing(true)).await?)
}
