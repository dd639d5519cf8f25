//! Findings, as people and programs read them.

use std::io::{self, Write};

use serde_json::json;

use super::out::{one_line, table};
use crate::finding::{Finding, Verdict};

/// A table, and below it what to do.
pub(super) fn print(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    let rows = findings.iter().map(|one| [word(one.verdict), one.subject, one.words.as_str()]);
    writeln!(out, "{}", table(["", "of", "found"], rows, []))?;
    let mut remedies = findings.iter().filter(|one| !one.remedy.is_empty()).peekable();
    if remedies.peek().is_some() {
        writeln!(out, "\nWhat to do:")?;
    }
    remedies.try_for_each(|one| writeln!(out, "  {}: {}", one.subject, one_line(&one.remedy)))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Unchecked => "not checked",
        Verdict::Doubtful => "DOUBTFUL",
        Verdict::Bad => "BAD",
    }
}

/// One finding.
pub(super) fn finding_json(finding: &Finding) -> serde_json::Value {
    let verdict = match finding.verdict {
        Verdict::Good => "good",
        Verdict::Unchecked => "unchecked",
        Verdict::Doubtful => "doubtful",
        Verdict::Bad => "bad",
    };
    json!({ "subject": finding.subject, "verdict": verdict, "found": finding.words, "remedy": finding.remedy })
}
