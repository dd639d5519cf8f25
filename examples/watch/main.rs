//! Whether watchers see every change once and in order, whatever happens to them.
//!
//! `cargo run --release --example watch -- [--events 100000] [--database-url postgres://...] [--seed N]`
//!
//! Writers record on every server: two that share a PostgreSQL database, or one on SQLite. Watchers, as many, are cut at
//! random moments and come back on any server, mostly with their last cursor, now and then with an older one. Each must
//! see every customer's interactions in the order in which they were recorded, none missing, and none again but for
//! those behind an older cursor that the reader came back with.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Parser;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{
        BatchRecordInteractionsRequest, Participant, RecordInteractionRequest, Role, WatchInteractionsRequest,
        record_item_result::Result as Item,
    },
    cli::client::{Client, explain},
    clock::Clock,
    server::{self, Running},
};
use serde::Serialize;
use support::{databases::Databases, organisation};
use tokio::task::JoinSet;

const WRITERS: u64 = 4;
/// Customers of one writer, each with a tenth of a batch.
const CUSTOMERS: u64 = 10;
const BATCH: u64 = 100;
/// A watcher comes back with a cursor up to so many events old.
const FURTHEST_BACK: usize = 200;
/// The reader stays for so many events at most.
const STAY: u64 = 500;
/// Nothing for so long, with events to come, means that they are missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Cuts watchers and looks whether they see everything once and in order.
#[derive(Parser)]
struct Args {
    /// PostgreSQL database next to which a new one is created and dropped; without it SQLite is tried
    #[arg(long)]
    database_url: Option<String>,

    /// Interactions to record, at least; rounded up to whole batches
    #[arg(long, default_value_t = 100_000)]
    events: u64,

    /// Where the random moments come from; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,

    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    seed: u64,
    database: &'static str,
    servers: usize,
    recorded: u64,
    seconds: f64,
    watchers: Vec<Figures>,
}

/// What one watcher saw.
#[derive(Debug, Default, Serialize)]
struct Figures {
    seen: u64,
    /// Times that the reader was cut and came back.
    returns: u64,
    /// Of these, with a cursor older than the last.
    returns_to_the_past: u64,
    /// Seen again after that, as it should be.
    seen_again: u64,
    /// A later one came before, or one is not there at all.
    missing: u64,
    /// Seen before, and not behind a cursor they came back with.
    twice: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let databases = Databases::new(args.database_url.clone())?;
    let database = databases.create("watch").await?;
    let mut servers = Vec::new();
    for _ in 0..if args.database_url.is_some() { 2 } else { 1 } {
        servers.push(server::start(database.config()?, Clock::system()).await?);
    }
    let clients: Vec<Client> = servers.iter().map(connect).collect::<anyhow::Result<_>>()?;
    organisation::enrol(&clients[0]).await?;
    let beginning = beginning(&clients[0]).await?;

    let batches = args.events.div_ceil(BATCH * WRITERS);
    let recorded = batches * BATCH * WRITERS;
    let begun = Instant::now();
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(clients[writer as usize % clients.len()].clone(), writer, batches));
    }
    let mut watchers = JoinSet::new();
    for _ in &servers {
        let watcher = Watcher {
            clients: clients.clone(),
            random: StdRng::from_rng(&mut random),
            next: vec![0; (WRITERS * CUSTOMERS) as usize],
            lately: VecDeque::from([(beginning.clone(), 0)]),
            figures: Figures::default(),
        };
        watchers.spawn(watcher.watch(recorded));
    }
    while let Some(writer) = writers.join_next().await {
        writer??;
    }
    let mut report = Report {
        seed,
        database: if args.database_url.is_some() { "postgresql" } else { "sqlite" },
        servers: servers.len(),
        recorded,
        seconds: 0.0,
        watchers: Vec::new(),
    };
    while let Some(watcher) = watchers.join_next().await {
        report.watchers.push(watcher??);
    }
    report.seconds = begun.elapsed().as_secs_f64();
    drop(clients);
    for server in servers {
        server.stop().await?;
    }
    databases.remove(database).await?;

    let text = if args.json { serde_json::to_string(&report)? } else { serde_json::to_string_pretty(&report)? };
    println!("{text}");
    for watcher in &report.watchers {
        ensure!(watcher.missing == 0, "a watcher did not see everything in order");
        ensure!(watcher.twice == 0, "a watcher saw something twice without asking for it");
        ensure!(watcher.seen == recorded, "a watcher saw {} of {recorded}", watcher.seen);
    }
    Ok(())
}

fn connect(running: &Running) -> anyhow::Result<Client> {
    let token = running.authenticator().sign(Role::App, "watch", &[], Duration::from_secs(86_400))?;
    Client::lazy(&format!("http://{}", running.address()), &token)
}

/// The team that takes part in everything.
fn whose(resume_cursor: String) -> WatchInteractionsRequest {
    WatchInteractionsRequest { team_id: "team-0".to_owned(), resume_cursor, ..WatchInteractionsRequest::default() }
}

async fn beginning(client: &Client) -> anyhow::Result<String> {
    let mut interactions = client.interactions.clone();
    let stream = interactions.watch_interactions(whose(String::new())).await.map_err(|status| explain(&status))?;
    let first = stream.into_inner().message().await.map_err(|status| explain(&status))?;
    Ok(first.context("the watch has no beginning")?.resume_cursor)
}

/// Records one batch after the other. Its customers are its own, and each one's interactions are numbered as they are
/// recorded.
async fn write(mut client: Client, writer: u64, batches: u64) -> anyhow::Result<()> {
    for batch in 0..batches {
        let requests = (0..BATCH).map(|item| {
            let (customer, number) = (writer * CUSTOMERS + item % CUSTOMERS, (batch * BATCH + item) / CUSTOMERS);
            let mut request = organisation::request((batch * BATCH + item) * WRITERS + writer);
            if let Some(interaction) = &mut request.interaction {
                interaction.customer_id = format!("customer-{customer}");
                interaction.participants =
                    vec![Participant { staff_id: "agent-0".to_owned(), ..Participant::default() }];
                interaction.topic = number.to_string();
            }
            RecordInteractionRequest { request_id: format!("{writer}-{batch}-{item}"), ..request }
        });
        let request = BatchRecordInteractionsRequest { requests: requests.collect() };
        let answer = client.interactions.batch_record_interactions(request).await.map_err(|status| explain(&status))?;
        let refused = |one: &Option<Item>| matches!(one, Some(Item::Error(_)));
        let refused = answer.into_inner().results.into_iter().map(|one| one.result).find(refused);
        ensure!(refused.is_none(), "the server refuses {refused:?}");
    }
    Ok(())
}

struct Watcher {
    clients: Vec<Client>,
    random: StdRng,
    /// The number that each customer's next interaction has.
    next: Vec<u64>,
    /// The latest cursors, each with the customer whose event it is behind.
    lately: VecDeque<(String, usize)>,
    figures: Figures,
}

impl Watcher {
    async fn watch(mut self, recorded: u64) -> anyhow::Result<Figures> {
        while self.figures.seen < recorded {
            if self.random.random_ratio(1, 3) {
                self.go_back();
            }
            let server = self.random.random_range(0..self.clients.len());
            let mut client = self.clients[server].interactions.clone();
            let cursor = self.lately.back().map(|(cursor, _)| cursor.clone()).unwrap_or_default();
            let stream = client.watch_interactions(whose(cursor)).await.map_err(|status| explain(&status))?;
            let mut responses = stream.into_inner();
            let mut last = Instant::now();
            let mut stay = self.random.random_range(0..STAY);
            while stay > 0 && self.figures.seen < recorded {
                let response = responses.message().await.map_err(|status| explain(&status))?;
                let response = response.context("the watch ended")?;
                let Some(event) = response.event else {
                    ensure!(last.elapsed() < PATIENCE, "nothing comes, though more was recorded: {:?}", self.figures);
                    continue;
                };
                last = Instant::now();
                let interaction = event.interaction.context("an event without its interaction")?;
                let customer: usize = interaction.customer_id.trim_start_matches("customer-").parse()?;
                self.see(customer, interaction.topic.parse()?);
                self.lately.push_back((response.resume_cursor, customer));
                stay -= 1;
            }
            self.figures.returns += 1;
        }
        Ok(self.figures)
    }

    fn see(&mut self, customer: usize, number: u64) {
        let expected = self.next[customer];
        self.figures.missing += number.saturating_sub(expected);
        self.figures.twice += u64::from(number < expected);
        self.figures.seen += 1;
        self.next[customer] = number + 1;
        if self.lately.len() > FURTHEST_BACK {
            self.lately.pop_front();
        }
    }

    /// Forgets the latest events, to see them again.
    fn go_back(&mut self) {
        let back = self.random.random_range(0..self.lately.len());
        for (_, customer) in self.lately.drain(self.lately.len() - back..) {
            self.next[customer] -= 1;
            self.figures.seen -= 1;
            self.figures.seen_again += 1;
        }
        self.figures.returns_to_the_past += u64::from(back > 0);
    }
}
