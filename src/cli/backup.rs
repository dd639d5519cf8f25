//! `rapport backup`: copies the database while its servers are at work.

use std::{io::Write as _, path::PathBuf, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

use super::{
    database::DatabaseArgs,
    out::{self, one_line},
};
use crate::{backup, server::database, vault::Vault};

/// Between two looks at how much is copied.
const LOOK: Duration = Duration::from_millis(200);

/// What `--help` teaches.
const HELP: &str = "A backup is a folder: the copy, and backup.json, which says what it is. Everything that was acknowledged before the \
command began is in it.

  rapport backup --to /backups/2026-11-30
  rapport verify-backup /backups/2026-11-30
  rapport restore /backups/2026-11-30 --data-dir ./rapport-data

Anybody with the copy and the master keys can read ballots before they are counted. Keep the file with the keys elsewhere, or add it with \
--with-keys and guard the backup as you guard the server. A copy of PostgreSQL is made by pg_dump, which must be installed.";

/// Flags of `rapport backup`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct BackupArgs {
    /// Folder to make; if it is there, it must be empty
    #[arg(long, value_name = "FOLDER")]
    pub to: PathBuf,

    /// Put the master keys into it too
    #[arg(long)]
    pub with_keys: bool,

    /// Print backup.json
    #[arg(long)]
    pub json: bool,

    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// The folder is in use; the database cannot be read.
pub async fn run(args: BackupArgs) -> anyhow::Result<()> {
    let config = args.database.config(None)?;
    let database = database(&config)?;
    let keys = Vault::path(config.master_key_file.as_deref(), &config.data_dir);
    let bar = match database.size() {
        Some(bytes) => ProgressBar::new(bytes),
        None => ProgressBar::new_spinner(),
    };
    bar.set_style(ProgressStyle::with_template("{bar:40} {bytes} of about {total_bytes}")?);
    let copy = args.to.join(database.copy_name());
    let taking = backup::take(&database, &args.to, args.with_keys.then_some(keys.as_path()));
    let watching = async {
        loop {
            tokio::time::sleep(LOOK).await;
            bar.set_position(std::fs::metadata(&copy).map_or(0, |file| file.len()));
        }
    };
    let taken = tokio::select! {
        taken = taking => taken,
        () = watching => unreachable!("it looks until the copy is there"),
    };
    bar.finish_and_clear();
    let manifest = taken?;
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&manifest)?)?;
    } else {
        let folder = args.to.display().to_string();
        writeln!(out, "{}: {} bytes, as of {}", one_line(&folder), manifest.bytes, manifest.taken_at)?;
        if !manifest.has_keys && keys.exists() {
            writeln!(out, "The master keys are not in it. Keep {} elsewhere.", keys.display())?;
        }
    }
    Ok(())
}
