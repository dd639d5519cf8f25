//! `rapport recompute`: counts every rating and invitation anew and compares the counters with that.

use std::{io::Write as _, path::PathBuf};

use anyhow::Context as _;
use serde_json::json;

use crate::{
    clock::Clock,
    config::{Config, ServeArgs},
    rating::store::{Recount, recompute},
    server::database,
    store::Store,
};

/// Flags of `rapport recompute`.
#[derive(Clone, Debug, clap::Args)]
pub struct RecomputeArgs {
    /// Only compare; end with an error where anything differs
    #[arg(long)]
    pub check: bool,

    /// Print one JSON object: ratings, invitations, differing, mended
    #[arg(long)]
    pub json: bool,

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
/// The database cannot be opened; with `--check`, counters that differ.
pub async fn run(args: RecomputeArgs) -> anyhow::Result<()> {
    let serve = ServeArgs {
        data_dir: args.data_dir,
        database_url: args.database_url,
        config: args.config,
        ..ServeArgs::default()
    };
    let config = Config::load(&serve)?;
    let store = Store::open(&database(&config)?, config.database_connections, Clock::system()).await;
    let store = store.context("cannot open the database")?;
    let counted = recompute(&store, !args.check).await;
    store.close().await;
    let Recount { ratings, invitations, differing } = counted?;
    let mended = differing > 0 && !args.check;
    let mut out = std::io::stdout();
    if args.json {
        writeln!(
            out,
            "{}",
            json!({
                "ratings": ratings,
                "invitations": invitations,
                "differing": differing,
                "mended": mended,
            })
        )?;
    } else {
        let verdict = match (differing, mended) {
            (0, _) => "every counter is what they come to".to_owned(),
            (count, true) => format!("{count} counter(s) differed and were put right"),
            (count, false) => format!("{count} counter(s) differ"),
        };
        writeln!(out, "{ratings} rating(s) and {invitations} invitation(s) on record; {verdict}")?;
    }
    anyhow::ensure!(differing == 0 || mended, "the counters are not what the record says");
    Ok(())
}
