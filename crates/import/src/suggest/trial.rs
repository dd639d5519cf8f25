//! A suggested mapping is tried on the whole file before it is shown: what it would reject, and what can be done about it.

use std::collections::BTreeMap;

use crate::rows::{Remark, Remarks};

/// What came of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Trial {
    /// Rows.
    pub read: u64,
    /// To be sent.
    pub sent: u64,
    /// Left out, as the mapping says.
    pub skipped: u64,
    /// Not taken.
    pub rejected: u64,
    /// Reasons without the values in them, with their rows.
    pub reasons: BTreeMap<String, u64>,
    /// Of each reason the first line with the reason in full.
    pub first: BTreeMap<String, (u64, String)>,
    /// What is to be said of rows that are sent.
    pub remarks: Remarks,
}

/// Different reasons that are kept apart.
const MAX_REASONS: usize = 50;

impl Trial {
    /// Counts a row that is sent.
    pub fn send(&mut self, line: u64, remarks: &[Remark]) {
        self.sent += 1;
        self.remarks.note(line, remarks);
    }

    /// Counts a rejected row.
    pub fn reject(&mut self, line: u64, reasons: &[String]) {
        self.rejected += 1;
        for reason in reasons {
            let kind = kind_of(reason);
            if self.reasons.contains_key(&kind) || self.reasons.len() < MAX_REASONS {
                *self.reasons.entry(kind.clone()).or_default() += 1;
                self.first.entry(kind).or_insert_with(|| (line, reason.clone()));
            }
        }
    }

    /// What would come of the file, for the first lines of a mapping; `rows` is what its rows are.
    pub(super) fn summary(&self, rows: &str) -> Vec<String> {
        if self.read == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!(
            "Of {} {rows} {} would be sent, {} skipped, {} rejected{}",
            self.read,
            self.sent,
            self.skipped,
            self.rejected,
            if self.rejected > 0 { ":" } else { "." }
        )];
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        lines.extend(reasons.into_iter().take(5).map(|(reason, count)| {
            let line = self.first.get(reason).map_or(0, |(line, _)| *line);
            format!("  {count} {rows}, first in line {line}: {reason}")
        }));
        lines
    }

    /// Rows that were rejected for a reason that begins or ends so.
    pub fn count(&self, begin: &str, end: &str) -> u64 {
        let matching = self.reasons.iter().filter(|(reason, _)| reason.starts_with(begin) && reason.contains(end));
        matching.map(|(_, rows)| rows).sum()
    }
}

/// A reason without the values that it quotes, so that the same kind of fault is counted as one. The first quoted text is the
/// column's name and stays.
pub fn kind_of(reason: &str) -> String {
    let mut kind = String::new();
    let mut quoted = 0;
    let mut letters = reason.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            kind.push(letter);
            continue;
        }
        let mut text = String::new();
        while let Some(letter) = letters.next() {
            match letter {
                '"' => break,
                '\\' => text.extend([letter].into_iter().chain(letters.next())),
                letter => text.push(letter),
            }
        }
        quoted += 1;
        let is_format = text.contains('%');
        kind.push_str(&if quoted == 1 || is_format { format!("\"{text}\"") } else { "\"...\"".to_owned() });
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_one_kind_are_counted_together() {
        let mut trial = Trial::default();
        for (line, text) in [(2, "soon"), (3, "a \\\" b"), (4, "late")] {
            trial.reject(line, &[format!("requested_time: \"when\": \"{text}\" does not have the form \"%d.%m.%Y\"")]);
        }
        assert_eq!(trial.reasons.len(), 1);
        let (kind, rows) = trial.reasons.first_key_value().unwrap();
        assert_eq!(
            (kind.as_str(), *rows),
            ("requested_time: \"when\": \"...\" does not have the form \"%d.%m.%Y\"", 3)
        );
        assert_eq!(trial.first[kind].0, 2);
    }
}
