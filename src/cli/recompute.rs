//! `rapport recompute`: counts every rating and invitation from scratch and compares the counters with that.

use std::io::Write as _;

use serde_json::json;

use super::{database::DatabaseArgs, out};
use crate::scorecard::{Recount, recompute};

/// Flags of `rapport recompute`.
#[derive(Clone, Debug, clap::Args)]
pub struct RecomputeArgs {
    /// Only compare; end with an error where anything differs
    #[arg(long)]
    pub check: bool,

    /// Print one JSON object: ratings, invitations, differing, mended
    #[arg(long)]
    pub json: bool,

    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Runs the command.
///
/// # Errors
/// The database cannot be opened; with `--check`, counters that differ.
pub async fn run(args: RecomputeArgs) -> anyhow::Result<()> {
    let (_, store) = args.database.open(None).await?;
    let counted = recompute(&store, !args.check).await;
    store.close().await;
    let Recount { ratings, invitations, differing } = counted?;
    let mended = differing > 0 && !args.check;
    let mut out = out::stdout();
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
