//! `rapport import directory`: teams, then staff, then customers, in batches.
//!
//! The file is read once for each kind, so that a record may refer to one that stands further down. Between the passes
//! only one byte is kept for each row.

use super::{
    Run,
    ledger::Counts,
    upsert::{BATCH, Upsert},
};
use rapport_import::{
    mapping::DirectoryMapping,
    rows::{self, Judgement},
    table::RawRow,
};

use crate::{
    api::v1::{Customer, ErrorReason, StaffMember, Team, UpsertItemResult, UpsertOutcome, upsert_item_result},
    cli::client::reasons,
};

/// Runs the import.
pub(super) async fn run(run: Run, mapping: &DirectoryMapping) -> anyhow::Result<()> {
    let mut import = Import { run, mapping, rows: Vec::new() };
    let outcome = import.all().await;
    let Import { mut run, rows, .. } = import;
    run.ledger.counts = counts(&rows);
    run.finish(outcome)
}

/// What became of a row so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disposition {
    /// Nothing was sent for it yet.
    Open,
    /// All its records were there already.
    Left,
    /// One of its records was created or replaced.
    Written,
    Skipped,
    Rejected,
}

fn counts(rows: &[Disposition]) -> Counts {
    let count = |fate| rows.iter().filter(|row| **row == fate).count() as u64;
    Counts {
        read: rows.len() as u64,
        accepted: count(Disposition::Written),
        already_present: count(Disposition::Left),
        completed: 0,
        skipped: count(Disposition::Skipped),
        rejected: count(Disposition::Rejected),
    }
}

struct Import<'a> {
    run: Run,
    mapping: &'a DirectoryMapping,
    rows: Vec<Disposition>,
}

/// Records to be sent together, each with the rows that make it.
struct Batch<T> {
    records: Vec<T>,
    rows: Vec<Vec<(usize, RawRow)>>,
}

impl Import<'_> {
    async fn all(&mut self) -> anyhow::Result<()> {
        self.judge()?;
        self.send_all::<Team>().await?;
        self.send_all::<StaffMember>().await?;
        self.send_all::<Customer>().await
    }

    /// Reads every row, so that nothing wrong with one is found half-way.
    fn judge(&mut self) -> anyhow::Result<()> {
        let mut table = self.run.source.open_table(&self.run.zone)?;
        while let Some(raw) = table.next_row()? {
            let judgement = match raw.texts(table.header()) {
                Ok(row) => rows::directory(self.mapping, &self.run.zone, &row),
                Err(reasons) => Judgement::Reject(reasons),
            };
            self.rows.push(match judgement {
                Judgement::Send(..) => Disposition::Open,
                Judgement::Skip => Disposition::Skipped,
                Judgement::Reject(reasons) => {
                    self.run.ledger.reject(&raw, &reasons)?;
                    Disposition::Rejected
                }
            });
        }
        Ok(())
    }

    async fn send_all<T: Upsert>(&mut self) -> anyhow::Result<()> {
        let mut table = self.run.source.open_table(&self.run.zone)?;
        let mut batch = Batch { records: Vec::new(), rows: Vec::new() };
        self.run.bar.set_message(format!("{}s", T::NAME));
        for place in 0..self.rows.len() {
            let Some(raw) = table.next_row()? else { break };
            if matches!(self.rows[place], Disposition::Skipped | Disposition::Rejected) {
                continue;
            }
            let Ok(row) = raw.texts(table.header()) else { continue };
            let Judgement::Send(records, _) = rows::directory(self.mapping, &self.run.zone, &row) else { continue };
            let Some(record) = T::of(&records) else { continue };
            if batch.records.len() == BATCH || batch.differs(record) {
                self.send(&mut batch).await?;
                self.run.bar.set_position(table.position());
            }
            batch.add(record, place, raw);
        }
        self.send(&mut batch).await
    }

    async fn send<T: Upsert>(&mut self, batch: &mut Batch<T>) -> anyhow::Result<()> {
        if batch.records.is_empty() {
            return Ok(());
        }
        let client = &self.run.client;
        let records = std::mem::take(&mut batch.records);
        let mode = self.mapping.mode;
        let results = self.run.patience.call(async || T::send(client, records.clone(), mode).await).await?;
        let rows = std::mem::take(&mut batch.rows);
        anyhow::ensure!(results.len() == rows.len(), "the server answered {} of {} records", results.len(), rows.len());
        for (rows, result) in rows.into_iter().zip(results) {
            for (place, raw) in rows {
                self.settle(place, &raw, &result)?;
            }
        }
        Ok(())
    }

    fn settle(&mut self, place: usize, raw: &RawRow, result: &UpsertItemResult) -> anyhow::Result<()> {
        let fate = &mut self.rows[place];
        match &result.result {
            Some(upsert_item_result::Result::Upserted(upserted)) => match (upserted.outcome(), *fate) {
                (UpsertOutcome::Left, Disposition::Open) => *fate = Disposition::Left,
                (UpsertOutcome::Left, _) => {}
                (
                    UpsertOutcome::Created
                    | UpsertOutcome::Merged
                    | UpsertOutcome::Replaced
                    | UpsertOutcome::Unspecified,
                    _,
                ) => {
                    *fate = Disposition::Written;
                }
            },
            // Nobody is to mend a row for the sake of somebody who was erased.
            Some(upsert_item_result::Result::Error(error)) if error.reason() == ErrorReason::CustomerErased => {
                if *fate == Disposition::Open {
                    *fate = Disposition::Left;
                }
            }
            Some(upsert_item_result::Result::Error(error)) => {
                *fate = Disposition::Rejected;
                self.run.ledger.reject(raw, &reasons(error))?;
            }
            None => anyhow::bail!("the server gave an empty answer for line {}", raw.line),
        }
        Ok(())
    }
}

impl<T: Upsert> Batch<T> {
    /// Whether the batch says something else of the same record: the later row is to win, so it goes into a later
    /// batch.
    fn differs(&self, record: &T) -> bool {
        self.records.iter().any(|one| one.id() == record.id() && one != record)
    }

    fn add(&mut self, record: &T, place: usize, raw: RawRow) {
        match self.records.iter().position(|one| one == record) {
            Some(same) => self.rows[same].push((place, raw)),
            None => {
                self.records.push(record.clone());
                self.rows.push(vec![(place, raw)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use csv::ByteRecord;

    use super::*;

    #[test]
    fn a_batch_holds_each_record_once() {
        let team =
            |id: &str, name: &str| Team { team_id: id.to_owned(), display_name: name.to_owned(), ..Default::default() };
        let raw = |line| RawRow::new(line, ByteRecord::new());
        let mut batch = Batch { records: Vec::new(), rows: Vec::new() };
        batch.add(&team("a", "A"), 0, raw(2));
        batch.add(&team("b", "B"), 1, raw(3));
        batch.add(&team("a", "A"), 2, raw(4));
        assert_eq!(batch.records.len(), 2);
        assert_eq!(batch.rows[0].iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 2]);
        assert!(batch.differs(&team("a", "Other")));
        assert!(!batch.differs(&team("b", "B")));
        assert!(!batch.differs(&team("c", "C")));
    }

    #[test]
    fn every_row_is_counted_once() {
        let rows = [
            Disposition::Written,
            Disposition::Left,
            Disposition::Skipped,
            Disposition::Rejected,
            Disposition::Written,
            Disposition::Open,
        ];
        let expected = Counts { read: 6, accepted: 2, already_present: 1, completed: 0, skipped: 1, rejected: 1 };
        assert_eq!(counts(&rows), expected);
    }
}
