//! Recording from a stream: the next batch is read and judged while the one before it is written.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tonic::{Status, Streaming};

use super::{
    reader::RequestReader,
    store::{NewInteraction, RecordReceipt, Recorder},
};
use crate::{
    api::{status, v1},
    error::{Error, Result},
    store::group::GroupCommit,
};

/// Requests per batch at most.
const BATCH: usize = 500;

/// How long a stream may go on.
#[derive(Clone, Debug)]
pub struct StreamLimits {
    /// From its beginning.
    pub max_life: Duration,
    /// Turns true when the server is stopping.
    pub stopping: watch::Receiver<bool>,
}

/// One caller's stream.
pub(crate) struct RecordStream {
    reader: RequestReader,
    recorder: GroupCommit<Recorder>,
    limits: StreamLimits,
    settled: v1::RecordInteractionsResponse,
}

type Answers = mpsc::Sender<Result<v1::RecordInteractionsResponse, Status>>;
type Written = Result<Vec<Result<RecordReceipt>>>;

/// Requests read but not handed in: each an entry, or why it is none.
#[derive(Default)]
struct Batch {
    entries: Vec<NewInteraction>,
    verdicts: Vec<Result<()>>,
}

/// What the batch being written comes to; never, where none is.
async fn outcome(writing: &mut Option<(Vec<Result<()>>, BoxFuture<'static, Written>)>) -> Written {
    match writing {
        Some((_, written)) => written.await,
        None => std::future::pending().await,
    }
}

impl RecordStream {
    pub(crate) fn new(reader: RequestReader, recorder: GroupCommit<Recorder>, limits: StreamLimits) -> Self {
        Self { reader, recorder, limits, settled: v1::RecordInteractionsResponse::default() }
    }

    /// Reads until the caller ends the stream. There is no timer: while nothing is being written, what has arrived is
    /// written at once; while something is, the next batch gathers.
    pub(crate) async fn run(mut self, mut requests: Streaming<v1::RecordInteractionsRequest>, answers: Answers) {
        let token_expires = tokio::time::sleep(self.reader.life_left());
        tokio::pin!(token_expires);
        let end_of_life = tokio::time::sleep(self.limits.max_life);
        tokio::pin!(end_of_life);
        let mut stopping = self.limits.stopping.clone();
        let mut batch = Batch::default();
        let mut writing: Option<(Vec<Result<()>>, BoxFuture<'static, Written>)> = None;
        // Some once no more is read: how the stream ends when all that was read is settled.
        let mut ending: Option<Result<(), Status>> = None;

        loop {
            if writing.is_none() && !batch.verdicts.is_empty() {
                writing = Some(self.hand_in(std::mem::take(&mut batch)));
            }
            if writing.is_none()
                && let Some(end) = ending.take()
            {
                if let Err(status) = end {
                    let _ = answers.send(Err(status)).await;
                }
                return;
            }
            tokio::select! {
                biased;
                written = outcome(&mut writing) => {
                    let verdicts = writing.take().map(|(verdicts, _)| verdicts).unwrap_or_default();
                    let answer = self.settle(verdicts, written);
                    let failed = answer.is_err();
                    if answers.send(answer).await.is_err() || failed {
                        return;
                    }
                }
                () = &mut token_expires, if ending.is_none() => ending = Some(Err(status::of(Error::TokenRejected))),
                () = &mut end_of_life, if ending.is_none() => ending = Some(Err(status::of(Error::StreamLifeOver))),
                () = async { _ = stopping.wait_for(|stopping| *stopping).await }, if ending.is_none() => {
                    ending = Some(Err(status::of(Error::Stopping)));
                }
                request = requests.message(), if ending.is_none() && batch.verdicts.len() < BATCH => match request {
                    Ok(Some(request)) => self.read(request, &mut batch).await,
                    Ok(None) => ending = Some(Ok(())),
                    Err(status) => ending = Some(Err(status)),
                },
            }
        }
    }

    async fn read(&self, request: v1::RecordInteractionsRequest, batch: &mut Batch) {
        // Empty where the caller sent no request at all: the field rules then say what is missing.
        let request = request.request.unwrap_or_default();
        let entry = self.reader.entry(request).await;
        batch.verdicts.push(entry.map(|entry| batch.entries.push(entry)));
    }

    fn hand_in(&self, batch: Batch) -> (Vec<Result<()>>, BoxFuture<'static, Written>) {
        let recorder = self.recorder.clone();
        let write = async move {
            if batch.entries.is_empty() { Ok(Vec::new()) } else { recorder.submit_patiently(batch.entries).await }
        };
        // Spawned, so that it makes headway while the next batch is read.
        let write = tokio::spawn(write);
        (batch.verdicts, Box::pin(async move { write.await.unwrap_or_else(|panic| Err(Error::internal(panic))) }))
    }

    /// Counts what became of a batch. A store that does not answer ends the stream: what was acknowledged so far stands,
    /// and the caller sends the rest again.
    fn settle(
        &mut self,
        verdicts: Vec<Result<()>>,
        written: Written,
    ) -> Result<v1::RecordInteractionsResponse, Status> {
        let mut receipts = written.map_err(status::of)?.into_iter();
        let settled = &mut self.settled;
        settled.failures.clear();
        for verdict in verdicts {
            let index = settled.settled_count;
            settled.settled_count += 1;
            match verdict.and_then(|()| receipts.next().unwrap_or(Err(Error::Overloaded))) {
                Ok(receipt) if receipt.already_present => settled.already_present_count += 1,
                Ok(_) => settled.recorded_count += 1,
                Err(error @ (Error::StoreUnavailable(_) | Error::Overloaded)) => return Err(status::of(error)),
                Err(error) => {
                    settled.failed_count += 1;
                    settled.failures.push(v1::RecordFailure { index, error: Some(status::of_item(error)) });
                }
            }
        }
        Ok(settled.clone())
    }
}
