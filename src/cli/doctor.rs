//! `rapport doctor`: whether all is well, and what to do where it is not.

use std::io::Write as _;

use anyhow::bail;
use serde_json::json;

use super::{
    database::DatabaseArgs,
    findings::{finding_json, print},
    out,
};
use crate::{doctor, finding::Verdict, server::database};

/// Flags of `rapport doctor`.
#[derive(Clone, Debug, clap::Args)]
pub struct DoctorArgs {
    /// Count the record from scratch too: counters, master keys, competitions' records. No rating is taken meanwhile
    #[arg(long)]
    pub thorough: bool,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// The server's database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// A configuration that cannot be used; something that is not as it should be.
pub async fn run(args: DoctorArgs) -> anyhow::Result<()> {
    let config = args.database.config(None)?;
    let findings = doctor::examine(&config, &database(&config)?, args.thorough).await;
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", json!({ "findings": findings.iter().map(finding_json).collect::<Vec<_>>() }))?;
    } else {
        print(&mut out, &findings)?;
    }
    match findings.iter().filter(|one| one.verdict == Verdict::Bad).count() {
        0 => Ok(()),
        1 => bail!("one thing is not as it should be"),
        count => bail!("{count} things are not as they should be"),
    }
}
