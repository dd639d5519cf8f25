//! `rapport tally`: what rules make of ballots, without a server.

use std::{io::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::out::{self, note, one_line};
use rapport_vote::{
    bounds,
    dry_run::{Counted, Findings, Refused, Rules, Standing, count, findings},
    rules::Tally,
};

/// What `--help` teaches.
const HELP: &str = r#"Try rules before a competition is announced, or see what another trim, panel or form would have made of the same
ballots. Nothing is sent anywhere. The same ballots, rules and seed give the very figures of a server.

RULES is one JSON object. Only entries must be there; what else is left out has the value shown:
  {"form": "RANKED_PANEL",          or "OPEN_CHOICE"
   "tally": "PAIRWISE_CONSENSUS",   or "TRIMMED_TEAM_MEAN", which OPEN_CHOICE has, and who sets trim_bp; or "PLURALITY"
   "trim_bp": 2500,                 of an entry's judge teams on each side, in hundredths of a percent
   "choices": 1,                    entries that a ballot of OPEN_CHOICE may name
   "swap_rule": "NONE",             or "REJECT_MUTUAL", which OPEN_CHOICE with one choice has if nothing is said
   "seed": "",                      in hexadecimal; behind lots and intervals
   "entries": [{"entry": "e1", "team": "t1"}, {"entry": "e2", "team": "t2"}]}

BALLOTS has one JSON object on each line, for RANKED_PANEL or for OPEN_CHOICE:
  {"voter": "v1", "team": "t1", "panel": ["e2", "e3", "e4"], "ranking": ["e3", "e2"]}
  {"voter": "v1", "team": "t1", "choices": ["e3"]}
A ranking is best first; the panel may be left out where all of it is ranked. Every team is a judge team. Ballots that break
a rule are listed with their reason, and the others count. Under REJECT_MUTUAL lines are read in the order of casting, and a
later line of a voter replaces their earlier one.

Example, with last month's ballots for the flags:
  rapport tally --rules rules.json november.jsonl --earlier october.jsonl"#;

/// Arguments of `rapport tally`.
#[derive(Debug, Args)]
#[command(after_long_help = HELP)]
pub struct TallyArgs {
    /// The rules and entries, a JSON file
    #[arg(long, value_name = "RULES")]
    pub rules: PathBuf,
    /// The ballots, one JSON object on each line
    #[arg(value_name = "BALLOTS")]
    pub ballots: PathBuf,
    /// Ballots of a competition before, for the flags; repeatable, the oldest first
    #[arg(long, value_name = "BALLOTS")]
    pub earlier: Vec<PathBuf>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// Files that cannot be read, and everything wrong with the rules.
pub fn run(args: &TallyArgs) -> anyhow::Result<()> {
    let read = |path: &PathBuf| bounds::read(path).with_context(|| format!("cannot read {}", path.display()));
    let text = String::from_utf8_lossy(&read(&args.rules)?).into_owned();
    let rules = match Rules::read(&text) {
        Ok(rules) => rules,
        Err(wrong) => bail!("the rules in {} cannot be used:\n  {}", args.rules.display(), lines(&wrong)),
    };
    let counted = |path: &PathBuf| {
        let counted = count(&rules, &read(path)?).map_err(|why| anyhow::anyhow!(one_line(&why).into_owned()));
        counted.with_context(|| format!("cannot count {}", path.display()))
    };
    let earlier: Vec<Counted> = args.earlier.iter().map(counted).collect::<anyhow::Result<_>>()?;
    let found = findings(&rules, &earlier, counted(&args.ballots)?);
    let mut out = out::stdout();
    for (path, counted) in args.earlier.iter().zip(&earlier).filter(|(_, counted)| !counted.refused.is_empty()) {
        note!("{}: {} ballots do not count", one_line(&path.display().to_string()), counted.refused.len());
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&found)?)?;
        return Ok(());
    }
    print(&mut out, &found)?;
    Ok(())
}

fn print(out: &mut impl std::io::Write, found: &Findings) -> std::io::Result<()> {
    let score = |score: Option<f64>| score.map_or_else(|| "-".to_owned(), |score| out::figure(score, 4));
    let consensus = found.tally == Tally::PairwiseConsensus;
    let standing = |one: &Standing| {
        let interval = one.low.zip(one.high).map(|(low, high)| format!("{low:.4} to {high:.4}"));
        let places = one.best_place.zip(one.worst_place).map(|(best, worst)| format!("{best} to {worst}"));
        [
            one.place.to_string(),
            one.entry.clone(),
            one.team.clone(),
            score(one.score),
            interval.unwrap_or_else(|| "-".to_owned()),
            places.unwrap_or_else(|| "-".to_owned()),
            one.ballots.to_string(),
            one.judges.to_string(),
            if consensus { "-".to_owned() } else { (2 * one.trimmed).to_string() },
        ]
    };
    let header = ["place", "entry", "team", "score", "95 %", "places", "ballots", "judge teams", "left out"];
    let standings = out::table(header, found.standings.iter().map(standing), [0, 3, 4, 5, 6, 7, 8]);
    writeln!(out, "{standings}")?;
    match found.tally {
        Tally::PairwiseConsensus => writeln!(
            out,
            "By pairwise consensus: a score is the logarithm of the odds against an average entry; an entry's extreme judge teams \
             are left out by weight."
        )?,
        Tally::TrimmedTeamMean => writeln!(out, "By the trimmed mean of judge teams.")?,
        Tally::Plurality => writeln!(out, "By the sum of ballots.")?,
    }
    if found.provisional {
        writeln!(
            out,
            "Provisional: some entries were judged by fewer than 3 judge teams; a server would award no prize yet."
        )?;
    }
    let suspect: Vec<_> = found.flags.iter().filter(|flag| flag.flagged).collect();
    writeln!(out, "\n{} ballots count.", found.ballots)?;
    if suspect.is_empty() {
        let pairs = found.flags.iter().filter(|flag| flag.kind == "pair").count();
        writeln!(out, "No teams supported each other more than chance makes of {pairs} pairs.")?;
    } else {
        writeln!(out, "More than chance, for people to judge:")?;
        for flag in suspect {
            let join = if flag.kind == "one-way" { " for " } else { " and " };
            writeln!(out, "  {} {}, p {:.2e}", flag.kind, one_line(&flag.teams.join(join)), flag.p)?;
        }
    }
    if !found.refused.is_empty() {
        let row = |one: &Refused| {
            let voter = one.voter.clone().unwrap_or_else(|| "-".to_owned());
            [one.line.to_string(), voter, one.reason.clone(), one.detail.clone()]
        };
        let refused = out::table(["line", "voter", "reason", ""], found.refused.iter().map(row), [0]);
        writeln!(out, "\n{} ballots do not count:\n{refused}", found.refused.len())?;
    }
    Ok(())
}

fn lines(wrong: &[String]) -> String {
    wrong.iter().map(|one| one_line(one).into_owned()).collect::<Vec<_>>().join("\n  ")
}
