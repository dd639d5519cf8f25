//! A file on its way to becoming requests, a chunk of rows at a time.

use super::ledger::Ledger;
use indicatif::ProgressBar;
use rapport_import::{
    rows::Judgement,
    seen::{Identified, Keys},
    table::{RawRow, Row, Table},
};

/// Rows read at a time; what they need in the directory is created with one call for each kind.
pub(super) const CHUNK: usize = 500;

/// Judges a row.
type Judge<'a, T> = Box<dyn Fn(&Row<'_>) -> Judgement<T> + 'a>;

/// The rows of a file, judged.
pub(super) struct Reading<'a, T> {
    table: Table<'static>,
    keys: Keys,
    judge: Judge<'a, T>,
    bar: &'a ProgressBar,
}

impl<'a, T: Identified> Reading<'a, T> {
    pub(super) fn new(
        table: Table<'static>,
        bar: &'a ProgressBar,
        judge: impl Fn(&Row<'_>) -> Judgement<T> + 'a,
    ) -> Self {
        Self { table, keys: Keys::default(), judge: Box::new(judge), bar }
    }

    /// What the next rows become, or none at the end. Rows that become nothing are settled here.
    pub(super) fn next_chunk(&mut self, ledger: &mut Ledger) -> anyhow::Result<Option<Vec<(RawRow, T)>>> {
        let mut chunk = Vec::new();
        for _ in 0..CHUNK {
            let Some(raw) = self.table.next_row()? else {
                ledger.messages = self.table.messages();
                return Ok((!chunk.is_empty()).then_some(chunk));
            };
            ledger.counts.read += 1;
            let judgement = match raw.texts(self.table.header()) {
                Ok(row) => (self.judge)(&row),
                Err(reasons) => Judgement::Reject(reasons),
            };
            match self.keys.judge(judgement, self.table.unit(), raw.line) {
                Judgement::Send(request, remarks) => {
                    ledger.remarks.note(raw.line, &remarks);
                    chunk.push((raw, request));
                }
                Judgement::Skip => ledger.counts.skipped += 1,
                Judgement::Reject(reasons) => ledger.reject(&raw, &reasons)?,
            }
        }
        self.bar.set_position(self.table.position());
        self.bar.set_message(format!(
            "{} rows, {} rejected, {} rows/s",
            ledger.counts.read,
            ledger.counts.rejected,
            u128::from(ledger.counts.read) * 1000 / self.bar.elapsed().as_millis().max(1)
        ));
        Ok(Some(chunk))
    }
}
