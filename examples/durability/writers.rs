//! Who records: one at a time, in batches, on a stream. Each goes on until the server is gone or the
//! ledger is closed, and notes what was
//! acknowledged at once.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use rapport::{
    api::v1::{BatchRecordInteractionsRequest, RecordInteractionsRequest, record_item_result::Result as Item},
    cli::client::Client,
};
use tokio::task::JoinSet;

use crate::{
    ledger::{Ledger, id_of},
    organisation,
};

const UNARY: usize = 16;
const BATCHES: usize = 2;
const BATCH: usize = 40;
/// A stream sends so many requests per millisecond: without a pace it would leave little to the others.
const PER_TICK: u64 = 10;

/// Starts all writers. They end by themselves.
pub(crate) fn start(client: &Client, ledger: &Arc<Ledger>) -> JoinSet<anyhow::Result<()>> {
    let mut writers = JoinSet::new();
    for _ in 0..UNARY {
        writers.spawn(unary(client.clone(), ledger.clone()));
    }
    for _ in 0..BATCHES {
        writers.spawn(batches(client.clone(), ledger.clone()));
    }
    writers.spawn(stream(client.clone(), ledger.clone()));
    writers
}

async fn unary(mut client: Client, ledger: Arc<Ledger>) -> anyhow::Result<()> {
    while let Some(n) = ledger.next() {
        let Ok(answer) = client.interactions.record_interaction(organisation::request(n)).await else { return Ok(()) };
        ledger.acknowledge(n, Some(id_of(answer.get_ref())?));
    }
    Ok(())
}

async fn batches(mut client: Client, ledger: Arc<Ledger>) -> anyhow::Result<()> {
    loop {
        let numbers: Vec<u64> = (0..BATCH).map_while(|_| ledger.next()).collect();
        if numbers.is_empty() {
            return Ok(());
        }
        let requests = numbers.iter().copied().map(organisation::request).collect();
        let request = BatchRecordInteractionsRequest { requests };
        let Ok(answer) = client.interactions.batch_record_interactions(request).await else { return Ok(()) };
        for (n, result) in numbers.into_iter().zip(answer.into_inner().results) {
            match result.result {
                Some(Item::Recorded(recorded)) => ledger.acknowledge(n, Some(id_of(&recorded)?)),
                // The store was already going down.
                Some(Item::Error(_)) | None => {}
            }
        }
    }
}

async fn stream(mut client: Client, ledger: Arc<Ledger>) -> anyhow::Result<()> {
    let (sender, mut sent) = tokio::sync::mpsc::unbounded_channel();
    let numbers = {
        let ledger = ledger.clone();
        futures::stream::unfold(tokio::time::interval(Duration::from_millis(1)), |mut pace| async {
            pace.tick().await;
            Some(((), pace))
        })
        .flat_map(move |()| {
            let numbers: Vec<Option<u64>> = (0..PER_TICK).map(|_| ledger.next()).collect();
            futures::stream::iter(numbers)
        })
        .take_while(|number| std::future::ready(number.is_some()))
        .filter_map(std::future::ready)
    };
    let requests = numbers.map(move |n| {
        // Nobody listens any more only when the stream has ended.
        _ = sender.send(n);
        RecordInteractionsRequest { request: Some(organisation::request(n)) }
    });
    let Ok(answers) = client.interactions.record_interactions(requests).await else { return Ok(()) };
    let (mut answers, mut settled) = (answers.into_inner(), 0);
    while let Ok(Some(answer)) = answers.message().await {
        anyhow::ensure!(answer.failures.is_empty(), "the stream refuses {:?}", answer.failures);
        for _ in settled..answer.settled_count {
            let n = sent.recv().await.ok_or_else(|| anyhow::anyhow!("more is settled than was sent"))?;
            ledger.acknowledge(n, None);
        }
        settled = answer.settled_count;
    }
    Ok(())
}
