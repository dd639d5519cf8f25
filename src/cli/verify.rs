//! `rapport verify`: whether a competition's record agrees with itself, without a server.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use super::out::{self, one_line};
use rapport_vote::{
    bounds,
    record::{Record, public_key},
    verify::{Report, verify},
};

/// What `--help` teaches.
const HELP: &str = r#"Get the record of a competition from its server, and check it anywhere:
  rapport competition export COMPETITION -o record.json
  rapport verify record.json

With the auditor's record, once the result is final, panels, scores, places, lots and intervals are computed again from
what was counted. Under pairwise consensus that takes the ballots, which are destroyed when the secret behind panels and
intervals is told: export the auditor's record before, and give it to --before:
  rapport verify final.json --before closed.json
What the record gives no means to check is listed. The last revision's hash is printed: compare it with
that of others, since revisions cut off from the end of a record leave no trace in it.

Exit code: 0 if all agrees, 1 if something does not, 2 if the file is no record."#;

/// Arguments of `rapport verify`.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub struct VerifyArgs {
    /// The record, a JSON file
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// A key that may sign, known from elsewhere: its id and its public key in base64url; repeatable, and then no other may
    #[arg(long = "key", value_name = "ID=KEY", value_parser = key, allow_hyphen_values = true)]
    pub keys: Vec<(String, Vec<u8>)>,
    /// The auditor's record as it was exported before the result was final: its ballots are checked with the later record
    #[arg(long, value_name = "RECORD")]
    pub before: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn key(text: &str) -> Result<(String, Vec<u8>), String> {
    let (id, key) = text.split_once('=').ok_or("must be ID=KEY")?;
    let key = public_key(key).ok_or("the key must be 32 bytes in base64url")?;
    Ok((id.to_owned(), key))
}

/// The file is no record: nothing was checked.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {why}")]
pub struct Unreadable {
    path: String,
    why: String,
}

fn read(path: &Path) -> Result<Record, Unreadable> {
    let unreadable = |why: String| Unreadable { path: path.display().to_string(), why: one_line(&why).into_owned() };
    let bytes = bounds::read(path).map_err(|error| unreadable(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| unreadable(error.to_string()))?;
    Record::read(text).map_err(unreadable)
}

/// Runs the command.
///
/// # Errors
/// [`Unreadable`], and a record that does not agree with itself.
pub fn run(args: &VerifyArgs) -> anyhow::Result<()> {
    let mut record = read(&args.record)?;
    if let Some(before) = &args.before {
        let ballots = read(before)?.auditor.and_then(|auditor| auditor.ballots);
        let Some(ballots) = ballots else {
            let path = before.display().to_string();
            return Err(Unreadable { path, why: "there are no ballots in it".to_owned() }.into());
        };
        if let Some(auditor) = &mut record.auditor {
            auditor.ballots.get_or_insert(ballots);
        }
    }
    let pinned: BTreeMap<String, Vec<u8>> = args.keys.iter().cloned().collect();
    let report = verify(&record, &pinned);
    let mut out = out::stdout();
    if args.json {
        let head = record.revisions.last().map(|last| json!({ "revision": last.number, "hash": last.hash }));
        let told = json!({
            "ok": report.failures.is_empty(),
            "checked": report.checked,
            "not_checked": report.unchecked,
            "failures": report.failures,
            "head": head,
        });
        writeln!(out, "{told}")?;
    } else {
        print(&mut out, &record, &report).context("cannot print")?;
    }
    match report.failures.first() {
        None => Ok(()),
        Some(first) => {
            let first = format!("{}: {}", first.place, first.what);
            bail!("the record does not agree with itself: {}", one_line(&first))
        }
    }
}

fn print(out: &mut impl io::Write, record: &Record, report: &Report) -> io::Result<()> {
    writeln!(out, "Competition {}", one_line(&record.competition))?;
    for key in &record.keys {
        writeln!(out, "Key {}={}", one_line(&key.id), one_line(&key.public_key))?;
    }
    if let Some(last) = record.revisions.last() {
        writeln!(out, "Last revision {}, {}", last.number, one_line(&last.hash))?;
    }
    section(out, "Agrees:", report.checked.iter().map(|subject| (*subject).to_owned()))?;
    let failures = report.failures.iter().map(|failure| format!("{}: {}", failure.place, failure.what));
    section(out, "Does not agree:", failures)?;
    section(out, "Could not be checked:", report.unchecked.iter().map(|subject| (*subject).to_owned()))
}

fn section(out: &mut impl io::Write, title: &str, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        writeln!(out, "\n{title}")?;
    }
    lines.try_for_each(|line| writeln!(out, "  {}", one_line(&line)))
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    #[test]
    fn the_id_of_a_key_may_begin_with_a_hyphen() {
        let key = format!("-4kx1A9_={}", "A".repeat(43));
        let command = VerifyArgs::augment_args(clap::Command::new("verify"));
        let matches = command.try_get_matches_from(["verify", "record.json", "--key", &key, "--json"]).unwrap();
        let args = VerifyArgs::from_arg_matches(&matches).unwrap();
        assert_eq!((args.keys, args.json), (vec![("-4kx1A9_".to_owned(), vec![0; 32])], true));
    }
}
