//! `rapport compact`: rewrites the database without what was deleted.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;

use crate::{
    clock::Clock,
    config::{Config, ServeArgs},
    server::database,
    store::Store,
};

/// Flags of `rapport compact`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompactArgs {
    /// Data directory of the server [env: RAPPORT_DATA_DIR] [default: ./rapport-data]
    #[arg(long, value_name = "DIRECTORY")]
    pub data_dir: Option<String>,

    /// Database of the server [env: RAPPORT_DATABASE_URL]
    #[arg(long, value_name = "URL")]
    pub database_url: Option<String>,

    /// Configuration file of the server [env: RAPPORT_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The database cannot be opened, or somebody else uses it.
pub async fn run(args: CompactArgs) -> anyhow::Result<()> {
    let serve = ServeArgs {
        data_dir: args.data_dir,
        database_url: args.database_url,
        config: args.config,
        ..ServeArgs::default()
    };
    let config = Config::load(&serve)?;
    let store = Store::open(&database(&config)?, config.database_connections, Clock::system()).await;
    let store = store.context("cannot open the database")?;
    let compacted = store.compact().await;
    store.close().await;
    compacted.map_err(|error| match std::error::Error::source(&error) {
        Some(cause) => anyhow::anyhow!("{error}: {cause}"),
        None => error.into(),
    })?;
    writeln!(std::io::stdout(), "compacted")?;
    Ok(())
}
