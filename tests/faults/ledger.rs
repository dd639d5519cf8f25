//! What was sent and what was acknowledged, journaled before it is sent, and whether the server still knows it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rand::{Rng as _, rngs::StdRng};
use rapport::cli::client::Client;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use crate::operations;

/// How long one operation is sent again until it is taken.
const PATIENCE: Duration = Duration::from_secs(40);

/// Operations are numbered as they are sent; the number decides what it is, its request ids and its bodies.
pub(crate) struct Ledger(Mutex<Entries>);

struct Entries {
    journal: File,
    sent: u64,
    closed: bool,
    /// The acknowledged ones, with the answer.
    acknowledged: BTreeMap<u64, String>,
    /// Answered with an error, by code and reason.
    refused: BTreeMap<String, u64>,
    last_acknowledged: Instant,
}

/// What sending everything once more comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) acknowledged: u64,
    /// Acknowledged before, and the answer is another one now: it is missing, or there twice.
    pub(crate) differing: u64,
}

impl Ledger {
    pub(crate) fn new(directory: &Path) -> anyhow::Result<Self> {
        let journal = File::create(directory.join("journal"))?;
        let (acknowledged, refused, last_acknowledged) = (BTreeMap::new(), BTreeMap::new(), Instant::now());
        let entries = Entries { journal, sent: 0, closed: false, acknowledged, refused, last_acknowledged };
        Ok(Self(Mutex::new(entries)))
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of an operation about to be sent; none while the ledger is closed.
    fn next(&self) -> Option<u64> {
        let mut entries = self.lock();
        if entries.closed {
            return None;
        }
        let n = entries.sent;
        writeln!(entries.journal, "sent {n}").ok()?;
        entries.sent += 1;
        Some(n)
    }

    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    pub(crate) fn reopen(&self) {
        self.lock().closed = false;
    }

    pub(crate) fn sent(&self) -> u64 {
        self.lock().sent
    }

    /// When something was acknowledged last.
    pub(crate) fn last_acknowledged(&self) -> Instant {
        self.lock().last_acknowledged
    }

    /// The answers to the operations that are recordings.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let entries = self.lock();
        let recordings = entries.acknowledged.iter().filter(|(n, _)| operations::is_recording(**n));
        recordings.map(|(_, answer)| answer.clone()).collect()
    }

    /// The acknowledged operations that are erasures.
    pub(crate) fn erased(&self) -> Vec<u64> {
        self.lock().acknowledged.keys().copied().filter(|n| operations::is_erasure(*n)).collect()
    }

    fn note(&self, n: u64, answer: &Result<String, Status>) {
        let mut entries = self.lock();
        match answer {
            Ok(answer) => {
                // The acknowledgement counts whether or not our own disk takes it.
                _ = writeln!(entries.journal, "acknowledged {n} {answer}");
                entries.last_acknowledged = Instant::now();
                entries.acknowledged.insert(n, answer.clone());
            }
            Err(status) => *entries.refused.entry(kind(status)).or_default() += 1,
        }
    }

    /// Sends until the ledger is closed, so many operations at a time, whatever becomes of them.
    pub(crate) fn load(self: &std::sync::Arc<Self>, client: &Client, at_a_time: usize) -> JoinSet<()> {
        let mut callers = JoinSet::new();
        for _ in 0..at_a_time {
            let (ledger, client) = (self.clone(), client.clone());
            callers.spawn(async move {
                while let Some(n) = ledger.next() {
                    let answer = operations::send(&client, n).await;
                    if answer.is_err() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    ledger.note(n, &answer);
                }
            });
        }
        callers
    }

    /// Gives up so many calls at random moments, before their answer came.
    pub(crate) async fn give_up(&self, client: &Client, mut calls: u64, mut random: StdRng) {
        while calls > 0
            && let Some(n) = self.next()
        {
            let patience = Duration::from_micros(random.random_range(0..40_000));
            match tokio::time::timeout(patience, operations::send(client, n)).await {
                Ok(answer) => self.note(n, &answer),
                Err(_) => calls -= 1,
            }
        }
    }

    /// What was answered with an error that no caller should see of a database at fault.
    pub(crate) fn require_honest_errors(&self) -> anyhow::Result<()> {
        let entries = self.lock();
        // Without a reason it is the transport's own: a connection with too many calls given up is told to calm down.
        let is_honest = |kind: &str| {
            kind == "ResourceExhausted "
                || ["Unavailable", "DeadlineExceeded", "Cancelled", "Unknown"].iter().any(|good| kind.starts_with(good))
        };
        let strange: Vec<_> = entries.refused.iter().filter(|(kind, _)| !is_honest(kind)).collect();
        ensure!(strange.is_empty(), "callers were told {strange:?}");
        Ok(())
    }

    pub(crate) fn refused(&self) -> String {
        format!("{:?}", self.lock().refused)
    }

    /// Sends everything again under its request ids. All of it is acknowledged afterwards.
    pub(crate) async fn check(self: &std::sync::Arc<Self>, client: &Client) -> anyhow::Result<Check> {
        let (sent, known) = (self.sent(), self.lock().acknowledged.clone());
        let mut check = Check { acknowledged: known.len() as u64, differing: 0 };
        let mut again = JoinSet::new();
        for first in 0..16 {
            let client = client.clone();
            again.spawn(async move {
                let mut answers = Vec::new();
                for n in (first..sent).step_by(16) {
                    answers.push((n, again_and_again(&client, n).await?));
                }
                anyhow::Ok(answers)
            });
        }
        while let Some(answers) = again.join_next().await {
            for (n, answer) in answers?? {
                if known.get(&n).is_some_and(|before| *before != answer) {
                    if check.differing < 3 {
                        eprintln!("operation {n} ({}) was {:?} and is {answer:?}", operations::name(n), known[&n]);
                    }
                    check.differing += 1;
                }
                self.note(n, &Ok(answer));
            }
        }
        Ok(check)
    }
}

async fn again_and_again(client: &Client, n: u64) -> anyhow::Result<String> {
    let begun = Instant::now();
    loop {
        match operations::send(client, n).await {
            Ok(answer) => return Ok(answer),
            Err(status) if begun.elapsed() < PATIENCE && is_passing(&status) => {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(status) => return Err(status).context(format!("operation {n} ({}) is refused", operations::name(n))),
        }
    }
}

fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::ResourceExhausted
    )
}

fn kind(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    format!("{:?} {reason}", status.code())
}
