//! `rapport import interactions`: rows through one stream, with as much in memory as is not acknowledged yet.

use std::{cell::RefCell, collections::VecDeque};

use anyhow::{Context as _, bail};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Run,
    ledger::Ledger,
    reading::Reading,
    upsert::{self, Creation},
};
use rapport_import::{
    mapping::{InteractionMapping, Unknown},
    rows,
    table::{RawRow, Row},
};

use crate::{
    api::v1::{RecordInteractionRequest, RecordInteractionsRequest, RecordInteractionsResponse},
    cli::client::{Client, explain, reasons},
    clock::Clock,
    interaction::reader::violations,
};

/// Rows sent and not acknowledged, at most. They are kept, because a failure names its row by its place in the stream.
const WINDOW: usize = 4096;

/// Requests waiting for the connection.
const QUEUE: usize = 256;

/// Runs the import.
pub(super) async fn run(mut run: Run, mapping: &InteractionMapping) -> anyhow::Result<()> {
    let clock = Clock::system();
    let table = run.source.open_table()?;
    let judge =
        |row: &Row<'_>| rows::interaction(mapping, &run.zone, row, |request| violations(request, clock.now_micros()));
    let mut reading = Reading::new(table, &run.bar, judge);
    let ledger = RefCell::new(run.ledger);
    let outcome = Box::pin(stream(&run.client, mapping.unknown, &mut reading, &ledger)).await;
    run.ledger = ledger.into_inner();
    drop(reading);
    run.finish(outcome)
}

/// Sends everything and settles it as it is acknowledged. The ledger is shared by the two sides, which take turns in one
/// task and never hold it while they wait.
async fn stream(
    client: &Client,
    unknown: Unknown,
    reading: &mut Reading<'_, RecordInteractionRequest>,
    ledger: &RefCell<Ledger>,
) -> anyhow::Result<()> {
    let window = Window { rows: RefCell::default(), room: Semaphore::new(WINDOW) };
    let (sender, receiver) = mpsc::channel(QUEUE);
    // Joined, not raced: when the file cannot be read on, what was sent is still acknowledged.
    let (fed, drained) = tokio::join!(
        feed(client, Creation::new(unknown), reading, ledger, &window, sender),
        drain(client, ledger, &window, receiver)
    );
    drained.and(fed)
}

async fn feed(
    client: &Client,
    mut creation: Creation,
    reading: &mut Reading<'_, RecordInteractionRequest>,
    ledger: &RefCell<Ledger>,
    window: &Window,
    sender: mpsc::Sender<RecordInteractionsRequest>,
) -> anyhow::Result<()> {
    loop {
        let chunk = reading.next_chunk(&mut ledger.borrow_mut())?;
        let Some(chunk) = chunk else { return Ok(()) };
        let (teams, staff, customers) = creation.needed(chunk.iter().map(|(_, request)| request));
        let mut warnings = Vec::new();
        upsert::create(client, teams, &mut warnings).await?;
        upsert::create(client, staff, &mut warnings).await?;
        upsert::create(client, customers, &mut warnings).await?;
        upsert::note(&mut ledger.borrow_mut(), warnings);
        for (row, request) in chunk {
            // Closed: the other side knows why and says so.
            let Ok(permit) = window.room.acquire().await else { return Ok(()) };
            permit.forget();
            window.rows.borrow_mut().push_back(row);
            if sender.send(RecordInteractionsRequest { request: Some(request) }).await.is_err() {
                return Ok(());
            }
        }
    }
}

async fn drain(
    client: &Client,
    ledger: &RefCell<Ledger>,
    window: &Window,
    receiver: mpsc::Receiver<RecordInteractionsRequest>,
) -> anyhow::Result<()> {
    let result = acknowledge(client, ledger, window, receiver).await;
    window.room.close();
    result
}

async fn acknowledge(
    client: &Client,
    ledger: &RefCell<Ledger>,
    window: &Window,
    receiver: mpsc::Receiver<RecordInteractionsRequest>,
) -> anyhow::Result<()> {
    let started = client.interactions.clone().record_interactions(ReceiverStream::new(receiver)).await;
    let mut responses = started.map_err(|status| explain(&status))?.into_inner();
    let mut settled = 0;
    while let Some(response) = responses.message().await.map_err(|status| explain(&status))? {
        settled = window.settle(&response, settled, &mut ledger.borrow_mut())?;
    }
    let left = window.rows.borrow().len();
    if left > 0 {
        bail!("the server ended the stream without acknowledging {left} row(s)");
    }
    Ok(())
}

/// The rows that were sent and are not acknowledged.
struct Window {
    rows: RefCell<VecDeque<RawRow>>,
    room: Semaphore,
}

impl Window {
    /// Settles rows; `settled` is how many were before. Answers how many are now.
    fn settle(&self, response: &RecordInteractionsResponse, settled: i64, ledger: &mut Ledger) -> anyhow::Result<i64> {
        let mut rows = self.rows.borrow_mut();
        let count = usize::try_from(response.settled_count - settled).ok().filter(|count| *count <= rows.len());
        let count = count.context("the server acknowledged rows that it was not sent")?;
        for failure in &response.failures {
            let place = usize::try_from(failure.index - settled).ok().filter(|place| *place < count);
            let row = place.and_then(|place| rows.get(place)).context("the server refused a row that is settled")?;
            let reasons = failure.error.as_ref().map(reasons).unwrap_or_default();
            ledger.reject(row, &reasons)?;
        }
        ledger.counts.accepted = u64::try_from(response.recorded_count)?;
        ledger.counts.already_present = u64::try_from(response.already_present_count)?;
        rows.drain(..count);
        self.room.add_permits(count);
        Ok(response.settled_count)
    }
}

#[cfg(test)]
mod tests {
    use csv::ByteRecord;

    use super::*;
    use crate::api::v1::{ItemError, RecordFailure};

    #[test]
    fn failures_find_their_rows_across_acknowledgements() {
        let rows: VecDeque<_> =
            (2..8).map(|line| RawRow { line, record: ByteRecord::from(vec!["x"]), fault: None }).collect();
        let window = Window { rows: RefCell::new(rows), room: Semaphore::new(0) };
        let mut ledger = Ledger::new(None);
        let failure = |index| RecordFailure {
            index,
            error: Some(ItemError { message: format!("item {index}"), ..Default::default() }),
        };
        let response = |settled, recorded, failures: Vec<_>| RecordInteractionsResponse {
            settled_count: settled,
            recorded_count: recorded,
            failures,
            ..Default::default()
        };
        let settled = window.settle(&response(4, 3, vec![failure(3)]), 0, &mut ledger).unwrap();
        let settled = window.settle(&response(6, 4, vec![failure(4)]), settled, &mut ledger).unwrap();
        assert_eq!((settled, window.room.available_permits(), window.rows.borrow().len()), (6, 6, 0));
        assert_eq!((ledger.counts.accepted, ledger.counts.rejected), (4, 2));
        assert_eq!(ledger.shown(), ["line 5: item 3", "line 6: item 4"]);
        assert!(window.settle(&response(7, 4, vec![]), settled, &mut ledger).is_err());
    }
}
