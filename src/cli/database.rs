//! Commands that work on the database itself: how they are told which, and how they open it.

use std::path::PathBuf;

use clap::Args;

use crate::{
    clock::Clock,
    config::{Config, ServeArgs},
    server::database,
    store::{Opening, Store},
};

/// Which database, as its server is told.
#[derive(Clone, Debug, Args)]
pub struct DatabaseArgs {
    /// Data directory of the server [env: RAPPORT_DATA_DIR] [default: ./rapport-data]
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<String>,

    /// Database of the server, without a password [env: RAPPORT_DATABASE_URL, with or without]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,

    /// File with the database's URL, where that holds a password [env: RAPPORT_DATABASE_URL_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<String>,

    /// Configuration file of the server [env: RAPPORT_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The configuration that holds.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn config(self, time_zone: Option<String>) -> anyhow::Result<Config> {
        let Self { data_dir, database_url, database_url_file, config } = self;
        let serve = ServeArgs { data_dir, database_url, database_url_file, config, time_zone, ..ServeArgs::default() };
        Ok(Config::load(&serve)?)
    }

    /// Opens it, with the configuration that holds; `time_zone`: the organisation's, where the command is told.
    ///
    /// # Errors
    /// A configuration that is wrong, a database that cannot be opened.
    pub async fn open(self, time_zone: Option<String>) -> anyhow::Result<(Config, Store)> {
        let config = self.config(time_zone)?;
        let opening = Opening::at_once(config.database_connections);
        let store = Store::open(&database(&config)?, opening, Clock::system()).await?;
        Ok((config, store))
    }
}
