//! A file on its way to becoming requests, a chunk of rows at a time.

use indicatif::ProgressBar;
use prost::Message as _;
use uuid::Uuid;

use super::ledger::Ledger;
use rapport_import::{
    rows::Judgement,
    seen::{Keys, Seen},
    table::{RawRow, Row, Table},
};

use crate::api::v1::{RecordInteractionRequest, SubmitRatingRequest};

/// Rows read at a time; what they need in the directory is created with one call for each kind.
pub(super) const CHUNK: usize = 500;

/// Judges a row.
type Judge<'a, T> = Box<dyn Fn(&Row<'_>) -> Judgement<T> + 'a>;

/// What the rows of a file become: requests by whose id a row is known again.
pub(super) trait Identified {
    fn request_id(&self) -> &str;
    /// All that is sent.
    fn content(&self) -> Vec<u8>;
}

impl Identified for RecordInteractionRequest {
    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn content(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

impl Identified for (RecordInteractionRequest, SubmitRatingRequest) {
    fn request_id(&self) -> &str {
        &self.0.request_id
    }

    fn content(&self) -> Vec<u8> {
        [self.0.encode_to_vec(), self.1.encode_to_vec()].concat()
    }
}

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
            match judgement {
                Judgement::Send(request) => match self.note(&request, raw.line) {
                    Seen::First | Seen::Same => chunk.push((raw, request)),
                    Seen::Other(line) => {
                        let unit = self.table.unit();
                        ledger.reject(&raw, &[format!("has the key of {unit} {line}, which says something else")])?;
                    }
                },
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

    /// A row that was sent before is sent again: the server knows it, and says what became of it.
    fn note(&mut self, request: &T, line: u64) -> Seen {
        let id = Uuid::parse_str(request.request_id());
        id.map_or(Seen::First, |id| self.keys.note(id, &request.content(), line))
    }
}
