//! What was sent and what was acknowledged, and whether the server still knows it.

use std::{
    collections::BTreeMap,
    ops::{AddAssign, Range},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, bail, ensure};
use rapport::{
    api::v1::{
        BatchRecordInteractionsRequest, RecordInteractionResponse, Recording, SummarizeInteractionsRequest,
        SummaryGrouping, record_item_result::Result as Item,
    },
    cli::client::{Client, explain},
};
use uuid::Uuid;

use crate::organisation;

/// As many as a batch may hold.
const BATCH: usize = 500;

/// Interactions are numbered as they are sent; the number decides the request id and the body.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    sent: u64,
    closed: bool,
    /// The acknowledged ones, with the id they were given, where the acknowledgement told it.
    acknowledged: BTreeMap<u64, Option<Uuid>>,
}

/// What sending everything once more comes to.
#[derive(Default)]
pub(crate) struct Check {
    /// Acknowledged before, and not there.
    pub(crate) missing: u64,
    /// There under another id than before.
    pub(crate) twice: u64,
    /// Without an answer before, and there.
    pub(crate) unanswered_kept: u64,
    /// Without an answer before, and not there.
    pub(crate) unanswered_lost: u64,
}

impl AddAssign for Check {
    fn add_assign(&mut self, more: Self) {
        self.missing += more.missing;
        self.twice += more.twice;
        self.unanswered_kept += more.unanswered_kept;
        self.unanswered_lost += more.unanswered_lost;
    }
}

impl Ledger {
    /// The number of an interaction about to be sent; none while the ledger is closed.
    pub(crate) fn next(&self) -> Option<u64> {
        let mut entries = self.lock();
        if entries.closed {
            return None;
        }
        entries.sent += 1;
        Some(entries.sent - 1)
    }

    /// Nothing new is sent any more. Without this, the sending half of a stream may go on for a moment after the
    /// receiving one has ended.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    pub(crate) fn reopen(&self) {
        self.lock().closed = false;
    }

    pub(crate) fn sent(&self) -> u64 {
        self.lock().sent
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.lock().acknowledged.len() as u64
    }

    pub(crate) fn acknowledge(&self, n: u64, id: Option<Uuid>) {
        self.lock().acknowledged.insert(n, id);
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends interactions again under the same request ids. All of them are acknowledged afterwards.
    pub(crate) async fn check(&self, client: &Client, numbers: Range<u64>) -> anyhow::Result<Check> {
        let mut check = Check::default();
        for first in numbers.clone().step_by(BATCH) {
            let numbers = first..numbers.end.min(first + BATCH as u64);
            let requests = numbers.clone().map(organisation::request).collect();
            let mut client = client.interactions.clone();
            let answer = client.batch_record_interactions(BatchRecordInteractionsRequest { requests }).await;
            let results = answer.map_err(|status| explain(&status))?.into_inner().results;
            ensure!(results.len() == numbers.clone().count(), "a batch was answered in part");
            for (n, result) in numbers.zip(results) {
                let recorded = match result.result {
                    Some(Item::Recorded(recorded)) => recorded,
                    other => bail!("interaction {n} is refused: {other:?}"),
                };
                let (id, present) = (id_of(&recorded)?, recorded.recording() == Recording::AlreadyPresent);
                match self.lock().acknowledged.insert(n, Some(id)) {
                    Some(_) if !present => check.missing += 1,
                    Some(Some(before)) if before != id => check.twice += 1,
                    Some(_) => {}
                    None if present => check.unanswered_kept += 1,
                    None => check.unanswered_lost += 1,
                }
            }
        }
        Ok(check)
    }
}

/// The id that an interaction was given.
pub(crate) fn id_of(answer: &RecordInteractionResponse) -> anyhow::Result<Uuid> {
    Uuid::try_parse(&answer.interaction_id).context("an interaction id that is none")
}

/// How many interactions the server counts.
pub(crate) async fn count(client: &Client) -> anyhow::Result<u64> {
    let request = SummarizeInteractionsRequest { group_by: SummaryGrouping::Channel.into(), ..Default::default() };
    let answer = client.interactions.clone().summarize_interactions(request).await;
    let total = answer.map_err(|status| explain(&status))?.into_inner().total.context("a summary without a total")?;
    Ok(u64::try_from(total.count)?)
}
