//! `rapport verify-backup`: whether a backup is whole and could be served.

use std::{io::Write as _, path::PathBuf};

use anyhow::bail;
use serde_json::json;

use super::{
    database::DatabaseArgs,
    findings::{finding_json, print},
    out::{self, one_line},
};
use crate::{backup, finding::Verdict, server::database, store::Database};

/// Flags of `rapport verify-backup`.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyBackupArgs {
    /// The backup
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,

    /// File with the master keys, where they are not part of the backup
    #[arg(long, value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// Of PostgreSQL: an empty database, into which the copy is put to be checked.
    #[command(flatten)]
    pub scratch: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// The folder is no backup, or something in it is not as it should be.
pub async fn run(args: VerifyBackupArgs) -> anyhow::Result<()> {
    let scratch = match database(&args.scratch.config(None)?)? {
        scratch @ Database::Postgres(_) => Some(scratch),
        Database::Sqlite(_) => None,
    };
    let (manifest, findings) = backup::verify(&args.folder, scratch, args.master_key_file.as_deref()).await?;
    let mut out = out::stdout();
    if args.json {
        let findings: Vec<_> = findings.iter().map(finding_json).collect();
        writeln!(out, "{}", json!({ "backup": manifest, "findings": findings }))?;
    } else {
        writeln!(
            out,
            "Backup of {} by Rapport {}, as of {}",
            manifest.database,
            one_line(&manifest.version),
            manifest.taken_at
        )?;
        print(&mut out, &findings)?;
    }
    match findings.iter().find(|one| one.verdict == Verdict::Bad) {
        None => Ok(()),
        Some(bad) => bail!("the backup is not good: {}: {}", bad.subject, one_line(&bad.words)),
    }
}
