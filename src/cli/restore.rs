//! `rapport restore`: puts a backup in place.

use std::{io::Write as _, path::PathBuf};

use anyhow::ensure;
use serde_json::json;

use super::{database::DatabaseArgs, out};
use crate::{backup, config::has_password, server::database, store::Database, vault::Vault};

/// What `--help` teaches.
const HELP: &str = "Stop the servers first. A database that is there stays beside the restored one, under another name; on PostgreSQL the backup is put \
into an empty database, to which the servers are pointed afterwards.

Who was erased after the backup was taken must not come back: they are erased in it again, before it is in place. The database that was there tells who \
they are; where it is lost, --erasures-from names a later backup or copy. Page tokens and cursors from before are refused \
with words: what came after the backup is lost, and its places have other contents now.

What was recorded since the backup is gone, consents and objections too. Import files again: what is there is not recorded twice.";

/// Flags of `rapport restore`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,

    /// A later state of the same database, whose erasures are applied: postgres://... or sqlite:PATH. Without it, the database that is in place
    #[arg(long, value_name = "URL")]
    pub erasures_from: Option<String>,

    /// Print one JSON object: backup, aside, erased_again
    #[arg(long)]
    pub json: bool,

    /// Where to.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// The backup is damaged, or somebody has the database open; then nothing was changed.
pub async fn run(args: RestoreArgs) -> anyhow::Result<()> {
    let config = args.database.config(None)?;
    ensure!(
        !args.erasures_from.as_deref().is_some_and(has_password),
        "--erasures-from must not hold a password, since every user of this machine can list the arguments of a command: \
         leave it out and put it into ~/.pgpass (or the file that PGPASSFILE names)"
    );
    let erasures = args.erasures_from.as_deref().map(Database::from_url).transpose()?;
    let keys = Vault::path(config.master_key_file.as_deref(), &config.data_dir);
    let restored = backup::restore(&args.folder, &database(&config)?, &keys, erasures).await?;
    let aside = restored.aside.as_ref().map(|path| path.display().to_string());
    let mut out = out::stdout();
    if args.json {
        let told = json!({ "backup": restored.manifest, "aside": aside, "erased_again": restored.erased_again });
        writeln!(out, "{told}")?;
        return Ok(());
    }
    writeln!(out, "Restored the backup of {}.", restored.manifest.taken_at)?;
    match restored.erased_again {
        Some(count) => writeln!(out, "{count} customer(s) were erased since, and are erased in it.")?,
        None => writeln!(
            out,
            "Nothing told who was erased since. If somebody was, restore again with --erasures-from before you serve it."
        )?,
    }
    if let Some(aside) = aside {
        writeln!(
            out,
            "What was there before is {aside}. Remove it when you are sure: it holds what was erased from no copy."
        )?;
    }
    Ok(())
}
