//! Databases that an example creates for itself and takes away again.

use std::path::PathBuf;

use anyhow::Context as _;
use rapport::{
    config::{Config, ServeArgs},
    store::Database,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

/// Where databases are made: in a directory, or next to one on a PostgreSQL server.
pub(crate) struct Databases {
    postgres_url: Option<String>,
    directory: TempDir,
}

/// A new, empty database, and a directory for whatever else its server keeps.
pub(crate) struct Fresh {
    /// None: the embedded one, in the directory.
    pub(crate) url: Option<String>,
    pub(crate) directory: PathBuf,
    name: String,
}

impl Databases {
    /// Beside this program: a directory for temporary files is often in memory, where a commit costs nothing.
    pub(crate) fn new(postgres_url: Option<String>) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let beside = program.parent().context("this program is in no directory")?;
        Ok(Self { postgres_url, directory: tempfile::tempdir_in(beside)? })
    }

    pub(crate) async fn create(&self, name: &str) -> anyhow::Result<Fresh> {
        let directory = self.directory.path().join(name);
        // As a server wants it: nobody else may read it.
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(&directory)?;
        let Some(url) = &self.postgres_url else {
            return Ok(Fresh { url: None, directory, name: String::new() });
        };
        let (server, beside) = split(url)?;
        let name = format!("{beside}_{name}_{}", std::process::id());
        self.execute(&format!("CREATE DATABASE {name}")).await?;
        Ok(Fresh { url: Some(format!("{server}/{name}")), directory, name })
    }

    pub(crate) async fn remove(&self, database: Fresh) -> anyhow::Result<()> {
        std::fs::remove_dir_all(&database.directory)?;
        if database.url.is_some() {
            self.execute(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await?;
        }
        Ok(())
    }

    async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        let url = self.postgres_url.as_deref().context("no PostgreSQL server")?;
        let mut connection = PgConnection::connect(url).await.context("cannot reach the PostgreSQL server")?;
        connection.execute(AssertSqlSafe(sql.to_owned())).await?;
        Ok(connection.close().await?)
    }
}

/// The part of a URL before the database's name, and the name.
fn split(url: &str) -> anyhow::Result<(&str, &str)> {
    let (server, name) = url.rsplit_once('/').context("the URL names no database")?;
    anyhow::ensure!(
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        "the URL must end in the plain name of a database, next to which others may be created"
    );
    Ok((server, name))
}

impl Fresh {
    /// One that another process has made.
    pub(crate) fn at(directory: PathBuf, url: Option<String>) -> Self {
        Self { url, directory, name: String::new() }
    }

    /// A server's configuration: this database, any free port, all else as it comes.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let args = ServeArgs {
            listen: Some("127.0.0.1:0".to_owned()),
            data_dir: Some(self.directory.display().to_string()),
            database_url: self.url.clone(),
            ..ServeArgs::default()
        };
        Ok(Config::resolve(&args, |_| None)?)
    }

    /// As the store opens it.
    pub(crate) fn database(&self) -> anyhow::Result<Database> {
        Ok(match &self.url {
            Some(url) => Database::from_url(url)?,
            None => Database::Sqlite(self.directory.join("rapport.db")),
        })
    }
}
