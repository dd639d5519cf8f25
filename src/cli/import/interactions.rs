//! `rapport import interactions`: rows through one stream, with as much in memory as is not acknowledged yet.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
};

use anyhow::{Context as _, anyhow};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::tz::TimeZone;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Run,
    completing::{self, Completion},
    days::day_of,
    ledger::Ledger,
    patience::{Lost, Waiting, of_stream},
    reading::Reading,
    upsert::{self, Reach},
};
use rapport_import::{
    mapping::InteractionMapping,
    people::Creation,
    rows,
    table::{RawRow, Row},
};

use crate::{
    api::v1::{RecordInteractionRequest, RecordInteractionsRequest, RecordInteractionsResponse},
    cli::client::reasons,
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
    let table = run.source.open_table(&run.zone)?;
    let judge =
        |row: &Row<'_>| rows::interaction(mapping, &run.zone, row, |request| violations(request, clock.now_micros()));
    let mut reading = Reading::new(table, &run.bar, judge);
    let ledger = RefCell::new(run.ledger);
    let sending = Sending {
        reach: (&run.client, run.patience),
        zone: &run.zone,
        ledger: &ledger,
        open: RefCell::default(),
        creation: RefCell::new(Creation::new(mapping.unknown)),
    };
    let outcome = Box::pin(sending.all(&mut reading)).await;
    drop(sending);
    run.ledger = ledger.into_inner();
    drop(reading);
    run.finish(outcome)
}

/// A row and what it becomes.
type Sent = (RawRow, RecordInteractionRequest);

/// A row of which something else is on record, as the interaction of this id.
type Reused = (Sent, String);

/// One import. What is shared by those who feed the stream and those who hear its answers is never held while they wait.
struct Sending<'a> {
    reach: Reach<'a>,
    zone: &'a TimeZone,
    ledger: &'a RefCell<Ledger>,
    /// Read and not sent on this stream.
    open: RefCell<VecDeque<Sent>>,
    creation: RefCell<Creation>,
}

impl Sending<'_> {
    /// Sends everything by as many streams as it takes.
    async fn all(&self, reading: &mut Reading<'_, RecordInteractionRequest>) -> anyhow::Result<()> {
        let mut waiting = self.reach.1.start();
        loop {
            let window = Window::new();
            let (sender, receiver) = mpsc::channel(QUEUE);
            // Joined, not raced: when the file cannot be read on, what was sent is still acknowledged.
            let (fed, drained) =
                tokio::join!(self.feed(reading, &window, sender), self.drain(&window, receiver, &mut waiting));
            let Err(error) = drained else { return fed };
            if !error.is::<Lost>() {
                return Err(error);
            }
            fed?;
            // What was not acknowledged comes first: the server knows by its id what it has recorded.
            let mut again = window.rows.into_inner();
            again.append(&mut self.open.borrow_mut());
            self.open.replace(again);
            waiting.wait(&error).await?;
        }
    }

    async fn feed(
        &self,
        reading: &mut Reading<'_, RecordInteractionRequest>,
        window: &Window,
        sender: mpsc::Sender<RecordInteractionsRequest>,
    ) -> anyhow::Result<()> {
        loop {
            while !self.open.borrow().is_empty() {
                // Closed: the other side knows why and says so.
                let Ok(permit) = window.room.acquire().await else { return Ok(()) };
                permit.forget();
                let Some((row, request)) = self.open.borrow_mut().pop_front() else { break };
                window.rows.borrow_mut().push_back((row, request.clone()));
                if sender.send(RecordInteractionsRequest { request: Some(request) }).await.is_err() {
                    return Ok(());
                }
            }
            let chunk = reading.next_chunk(&mut self.ledger.borrow_mut())?;
            let Some(chunk) = chunk else { return Ok(()) };
            let (teams, staff, customers) = self.creation.borrow_mut().needed(chunk.iter().map(|(_, request)| request));
            let mut warnings = Vec::new();
            upsert::create(self.reach, teams, &mut warnings).await?;
            upsert::create(self.reach, staff, &mut warnings).await?;
            upsert::create(self.reach, customers, &mut warnings).await?;
            upsert::note(&mut self.ledger.borrow_mut(), warnings);
            self.open.borrow_mut().extend(chunk);
        }
    }

    async fn drain(
        &self,
        window: &Window,
        receiver: mpsc::Receiver<RecordInteractionsRequest>,
        waiting: &mut Waiting,
    ) -> anyhow::Result<()> {
        let result = self.acknowledge(window, receiver, waiting).await;
        window.room.close();
        result
    }

    async fn acknowledge(
        &self,
        window: &Window,
        receiver: mpsc::Receiver<RecordInteractionsRequest>,
        waiting: &mut Waiting,
    ) -> anyhow::Result<()> {
        let started = self.reach.0.interactions.clone().record_interactions(ReceiverStream::new(receiver)).await;
        let mut responses = started.map_err(|status| of_stream(&status))?.into_inner();
        while let Some(response) = responses.message().await.map_err(|status| of_stream(&status))? {
            waiting.is_over();
            let reused = window.settle(&response, self.zone, &mut self.ledger.borrow_mut())?;
            self.complete(reused).await?;
        }
        let left = window.rows.borrow().len();
        if left > 0 {
            let ended = anyhow!("the server ended the stream without acknowledging {left} row(s)");
            return Err(Lost(ended).into());
        }
        Ok(())
    }

    /// Adds what rows say more than what is on record of them.
    async fn complete(&self, rows: Vec<Reused>) -> anyhow::Result<()> {
        let complete = async |(sent, id): Reused| {
            let completion = completing::complete(self.reach, &sent.1, &id).await?;
            anyhow::Ok((sent, completion))
        };
        let mut completed = stream::iter(rows).map(complete).buffered(completing::AT_ONCE);
        while let Some(((row, request), completion)) = completed.try_next().await? {
            let ledger = &mut self.ledger.borrow_mut();
            match completion {
                Completion::Completed => ledger.counts.completed += 1,
                Completion::Complete => ledger.counts.already_present += 1,
                Completion::Refused(reasons) => {
                    ledger.reject(&row, &reasons)?;
                    continue;
                }
            }
            ledger.days.add(request.interaction.and_then(|interaction| day_of(&interaction, self.zone)));
        }
        Ok(())
    }
}

/// The rows that were sent on a stream and are not acknowledged.
struct Window {
    rows: RefCell<VecDeque<Sent>>,
    room: Semaphore,
    /// The last response's counts, which are of the whole stream: settled, recorded, recorded earlier.
    counts: Cell<[i64; 3]>,
}

impl Window {
    fn new() -> Self {
        Self { rows: RefCell::default(), room: Semaphore::new(WINDOW), counts: Cell::default() }
    }

    /// Settles rows. Answers those of which something else is on record.
    fn settle(
        &self,
        response: &RecordInteractionsResponse,
        zone: &TimeZone,
        ledger: &mut Ledger,
    ) -> anyhow::Result<Vec<Reused>> {
        let mut rows = self.rows.borrow_mut();
        let counts = [response.settled_count, response.recorded_count, response.already_present_count];
        let [settled, recorded, present] = self.counts.replace(counts);
        let count = usize::try_from(response.settled_count - settled).ok().filter(|count| *count <= rows.len());
        let count = count.context("the server acknowledged rows that it was not sent")?;
        let mut refused = HashMap::new();
        for failure in &response.failures {
            let place = usize::try_from(failure.index - settled).ok().filter(|place| *place < count);
            let place = place.context("the server refused a row that is settled")?;
            refused.insert(place, failure.error.clone().unwrap_or_default());
        }
        ledger.counts.accepted += u64::try_from(response.recorded_count - recorded)?;
        ledger.counts.already_present += u64::try_from(response.already_present_count - present)?;
        let mut reused = Vec::new();
        for (place, (row, request)) in rows.drain(..count).enumerate() {
            match refused.get(&place) {
                None => ledger.days.add(request.interaction.and_then(|interaction| day_of(&interaction, zone))),
                Some(error) => match completing::recorded_as(error) {
                    Some(id) => reused.push(((row, request), id)),
                    None => ledger.reject(&row, &reasons(error))?,
                },
            }
        }
        self.room.add_permits(count);
        Ok(reused)
    }
}

#[cfg(test)]
mod tests {
    use csv::ByteRecord;

    use super::*;
    use crate::api::v1::{ItemError, RecordFailure};

    #[test]
    fn failures_find_their_rows_across_acknowledgements() {
        let rows: VecDeque<_> = (2..8)
            .map(|line| (RawRow::new(line, ByteRecord::from(vec!["x"])), RecordInteractionRequest::default()))
            .collect();
        let mut ledger = Ledger::new(None);
        let window = Window { rows: RefCell::new(rows), ..Window::new() };
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
        let mut settle = |response| window.settle(&response, &TimeZone::UTC, &mut ledger).map(|reused| reused.len());
        assert_eq!(settle(response(4, 3, vec![failure(3)])).unwrap(), 0);
        let other = ItemError { interaction_id: "0197".to_owned(), ..Default::default() };
        let failures = vec![failure(4), RecordFailure { index: 5, error: Some(other) }];
        assert_eq!(settle(response(6, 3, failures)).unwrap(), 1);
        assert!(settle(response(7, 4, vec![])).is_err());
        assert_eq!((window.room.available_permits(), window.rows.borrow().len()), (WINDOW + 6, 0));
        assert_eq!((ledger.counts.accepted, ledger.counts.rejected), (3, 2));
        assert_eq!(ledger.shown(), ["line 5: item 3", "line 6: item 4"]);
    }
}
