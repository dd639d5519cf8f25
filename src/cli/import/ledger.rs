//! What became of the rows of a run: counts, the rejects file, and what is shown of it.

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde::Serialize;

use super::days::Days;

use rapport_import::{conversations::Messages, rejects::Rejects, rows::Remarks, table::RawRow};

use crate::cli::out::{note, one_line};

/// How many rejected rows are shown where no rejects file is written.
const SHOWN: usize = 10;

/// How many rows went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// All of them, whatever became of them.
    pub(super) read: u64,
    /// Recorded; in a dry run, to be sent.
    pub(super) accepted: u64,
    /// Recorded by an earlier run.
    pub(super) already_present: u64,
    /// Recorded by an earlier run with less, and completed.
    pub(super) completed: u64,
    /// Left out, as the mapping says.
    pub(super) skipped: u64,
    /// Not taken.
    pub(super) rejected: u64,
}

/// What became of the rows.
pub(super) struct Ledger {
    pub(super) counts: Counts,
    /// Rows that are on record now, by day and channel.
    pub(super) days: Days,
    /// What is to be said of rows that were sent.
    pub(super) remarks: Remarks,
    /// What became of messages, where rows are conversations.
    pub(super) messages: Option<Messages>,
    rejects: Option<(PathBuf, Rejects<File>)>,
    shown: Vec<String>,
    warnings: BTreeSet<String>,
}

impl Ledger {
    pub(super) fn new(rejects: Option<(PathBuf, Rejects<File>)>) -> Self {
        Self {
            counts: Counts::default(),
            days: Days::default(),
            remarks: Remarks::default(),
            messages: None,
            rejects,
            shown: Vec::new(),
            warnings: BTreeSet::new(),
        }
    }

    /// Counts a rejected row and keeps it for those who mend it.
    pub(super) fn reject(&mut self, row: &RawRow, reasons: &[String]) -> anyhow::Result<()> {
        self.counts.rejected += 1;
        match &mut self.rejects {
            Some((path, rejects)) => rejects.add(row, reasons).with_context(|| cannot_write(path)),
            None => {
                if self.shown.len() < SHOWN {
                    self.shown.push(format!("line {}: {}", row.line, reasons.join("; ")));
                }
                Ok(())
            }
        }
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> &[String] {
        &self.shown
    }

    /// Keeps something that concerns no single row.
    pub(super) fn warn(&mut self, warning: String) {
        if self.warnings.len() < SHOWN {
            self.warnings.insert(warning);
        }
    }

    /// Closes the rejects file and says on stderr what was not taken.
    pub(super) fn close(self) -> anyhow::Result<(Counts, Days)> {
        if let Some(messages) = self.messages {
            note!("{messages}");
        }
        for warning in &self.warnings {
            note!("warning: {}", one_line(warning));
        }
        for remark in self.remarks.told() {
            note!("note: {}", one_line(&remark));
        }
        for row in &self.shown {
            note!("rejected: {}", one_line(row));
        }
        let more = self.counts.rejected.saturating_sub(self.shown.len() as u64);
        if let Some((path, rejects)) = self.rejects {
            rejects.finish().with_context(|| cannot_write(&path))?;
            if more > 0 {
                let path = path.display().to_string();
                note!("{more} rejected row(s) are in {}: mend them and import that file", one_line(&path));
            }
        } else if more > 0 {
            note!("rejected: {more} more; --rejects FILE writes them all");
        }
        Ok((self.counts, self.days))
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, accepted, already_present, completed, skipped, rejected } = *self;
        writeln!(out, "read             {read:>12}")?;
        writeln!(out, "accepted         {accepted:>12}")?;
        writeln!(out, "already present  {already_present:>12}")?;
        writeln!(out, "completed        {completed:>12}")?;
        writeln!(out, "skipped          {skipped:>12}")?;
        write!(out, "rejected         {rejected:>12}")?;
        match read.saturating_sub(accepted + already_present + completed + skipped + rejected) {
            0 => Ok(()),
            // Only where a run was cut short.
            open => write!(out, "\nnot acknowledged {open:>12}"),
        }
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
