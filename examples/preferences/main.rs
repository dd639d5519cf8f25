//! Whether it costs the same to ask about a customer however long the record is, and however long their own.
//!
//! `cargo run --release --example preferences -- [--few 50000] [--many 5000000] [--heavy 10000] [--history 100000]
//! [--calls 2000] [--database-url postgres://...] [--json] 2> /dev/null`
//!
//! One run on two new databases, one with few interactions and one with many, a server before each. They are asked in turn,
//! so that whatever else the machine does hits both; preferences are fitted to each record before. At last somebody with a
//! longer history yet is exported and erased. Only the ratios carry over.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use futures::future::BoxFuture;
use rapport::{
    api::v1::{
        BriefCustomerRequest, BriefSection, EraseCustomerRequest, ExportCustomerRequest, GetPreferencesRequest,
        ReadingPurpose, Role,
    },
    cli::client::{Client, explain},
    clock::Clock,
    server::{self, Running},
    store::{Opening, Store},
};
use serde::Serialize;
use support::{
    databases::{Databases, Fresh},
    organisation, quantile,
    record::{self, HEAVY, Record, Size, customer},
};

/// By how much the 99th percentile may grow from the short record to the long one.
const MOST_BY_RECORD: f64 = 2.0;
/// By how much the customer with a long history may cost more than the median one.
const MOST_BY_HISTORY: f64 = 5.0;
/// One call in so many asks about the customer with a long history.
const HEAVY_EVERY: u64 = 10;
/// An administrator's token may not live for longer.
const HOUR: Duration = Duration::from_secs(3_600);

/// A call about a customer, by its name.
type Call = (&'static str, fn(Client, String) -> BoxFuture<'static, anyhow::Result<()>>);

/// What is measured.
const CALLS: &[Call] = &[
    ("GetPreferences", |client, customer_id| Box::pin(get_preferences(client, customer_id))),
    ("BriefCustomer", |client, customer_id| Box::pin(brief_customer(client, customer_id))),
];

async fn get_preferences(client: Client, customer_id: String) -> anyhow::Result<()> {
    let request = GetPreferencesRequest { customer_id, dimensions: vec![] };
    let answer = client.preferences.clone().get_preferences(request).await.map_err(|status| explain(&status))?;
    ensure!(answer.into_inner().interaction_count > 0, "nothing is known of the customer");
    Ok(())
}

async fn brief_customer(client: Client, customer_id: String) -> anyhow::Result<()> {
    let request = BriefCustomerRequest { customer_id, purpose: ReadingPurpose::Serving.into(), ..Default::default() };
    let answer = client.preferences.clone().brief_customer(request).await.map_err(|status| explain(&status))?;
    ensure!(answer.into_inner().lines.iter().any(|line| line.section() == BriefSection::Opener), "it has no end");
    Ok(())
}

/// Measures calls about customers over a short record and a long one.
#[derive(Parser)]
struct Args {
    /// PostgreSQL database next to which new ones are created and dropped; without it SQLite is measured
    #[arg(long)]
    database_url: Option<String>,

    /// Interactions of the short record
    #[arg(long, default_value_t = 50_000)]
    few: u64,

    /// Interactions of the long one
    #[arg(long, default_value_t = 5_000_000)]
    many: u64,

    /// How many of them are of one customer
    #[arg(long, default_value_t = 10_000)]
    heavy: u64,

    /// Interactions of the customer who is exported and erased at the end; 0 leaves that out
    #[arg(long, default_value_t = 100_000)]
    history: u64,

    /// Customers asked about in each record
    #[arg(long, default_value_t = 2_000)]
    calls: u64,

    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// A record with a server before it.
struct Subject {
    size: Size,
    fresh: Fresh,
    running: Running,
    client: Client,
}

/// What a call costs over both records, in milliseconds: the short one first.
#[derive(Serialize)]
struct Line {
    call: &'static str,
    p50: [f64; 2],
    p99: [f64; 2],
    heavy_p50: [f64; 2],
    by_record: f64,
    by_history: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    ensure!(args.heavy * 4 <= args.few, "--heavy is to be at most a quarter of --few");
    let databases = Databases::new(args.database_url.clone())?;
    let few = prepare(&databases, "few", Size { all: args.few, heavy: args.heavy }).await?;
    let many = prepare(&databases, "many", Size { all: args.many, heavy: args.heavy }).await?;
    let subjects = [few, many];
    for subject in &subjects {
        let took = record::fitted(&subject.fresh).await?.as_secs_f64();
        println!("{} interactions are fitted to after {took:.0} s more", subject.size.all);
    }
    let mut lines = Vec::new();
    for call in CALLS {
        lines.push(measure(call, &subjects, args.calls).await?);
    }
    println!("{:<16}{:>12}{:>10}{:>10}{:>12}", "ms", "record of", "p50", "p99", "heavy p50");
    for line in &lines {
        for (at, subject) in subjects.iter().enumerate() {
            let (p50, p99, heavy) = (line.p50[at], line.p99[at], line.heavy_p50[at]);
            println!("{:<16}{:>12}{p50:>10.2}{p99:>10.2}{heavy:>12.2}", line.call, subject.size.all);
        }
        println!(
            "{:<16}p99 {:.2} times as long over the long record; {} interactions cost {:.2} times the median customer",
            line.call, line.by_record, args.heavy, line.by_history
        );
    }
    if args.history > 0 {
        forget(&subjects[1], args.history).await?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&lines)?);
    }
    for subject in subjects {
        subject.running.stop().await?;
        databases.remove(subject.fresh).await?;
    }
    for line in &lines {
        let Line { call, by_record, by_history, .. } = line;
        ensure!(*by_record <= MOST_BY_RECORD, "{call}: p99 is {by_record:.2} times as long over the long record");
        ensure!(*by_history <= MOST_BY_HISTORY, "{call}: a long history costs {by_history:.2} times the median one");
    }
    Ok(())
}

async fn prepare(databases: &Databases, name: &str, size: Size) -> anyhow::Result<Subject> {
    let fresh = databases.create(name).await?;
    Store::open(&fresh.database()?, Opening::at_once(1), Clock::system()).await?.close().await;
    let begun = Instant::now();
    let record = Record::open(&fresh).await?;
    record.fill(size).await?;
    record.close().await?;
    println!("{} interactions are there after {:.0} s", size.all, begun.elapsed().as_secs_f64());
    let running = server::start(fresh.config()?, Clock::system()).await?;
    let client = client(&running, Role::App, 24 * HOUR)?;
    organisation::enrol(&client).await?;
    Ok(Subject { size, fresh, running, client })
}

fn client(running: &Running, role: Role, life: Duration) -> anyhow::Result<Client> {
    let token = running.authenticator().sign(role, "preferences", &[], life)?;
    Client::lazy(&format!("http://{}", running.address()), &token)
}

/// Asks about customers, the same share of each record, in turn.
async fn measure(&(call, ask): &Call, subjects: &[Subject; 2], calls: u64) -> anyhow::Result<Line> {
    let mut laps = [Vec::new(), Vec::new()];
    let mut heavy = [Vec::new(), Vec::new()];
    let warming = calls / 10 + 10;
    for number in 0..warming + calls {
        // Each goes first half of the times.
        let order = if number % 2 == 0 { [0, 1] } else { [1, 0] };
        for at in order {
            let subject = &subjects[at];
            // The same shares of both, evenly spread.
            let anybody = customer((subject.size.customers() * (number * 2_654_435_761 % (1 << 32))) >> 32);
            let lap = timed(ask(subject.client.clone(), anybody)).await?;
            let lap_of_heavy = match number % HEAVY_EVERY {
                0 => Some(timed(ask(subject.client.clone(), HEAVY.to_owned())).await?),
                _ => None,
            };
            if number >= warming {
                laps[at].push(lap);
                heavy[at].extend(lap_of_heavy);
            }
        }
    }
    let mut of = |share: f64| laps.each_mut().map(|laps| quantile(laps, share));
    let (p50, p99) = (of(0.5), of(0.99));
    let heavy_p50 = heavy.each_mut().map(|laps| quantile(laps, 0.5));
    let by_history = (heavy_p50[0] / p50[0]).max(heavy_p50[1] / p50[1]);
    Ok(Line { call, p50, p99, heavy_p50, by_record: p99[1] / p99[0], by_history })
}

/// How long something takes, in milliseconds.
async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// Asks about somebody with a very long history, exports it to the end and erases them.
async fn forget(subject: &Subject, history: u64) -> anyhow::Result<()> {
    let record = Record::open(&subject.fresh).await?;
    let id = record.add_history(subject.size.all, history).await?;
    record.close().await?;
    let admin = client(&subject.running, Role::Admin, HOUR)?;
    for (call, ask) in CALLS {
        let first = timed(ask(admin.clone(), id.clone())).await?;
        println!("{call:<16}{first:>10.0} ms with {history} interactions");
    }
    let (mut pages, mut rows, mut slowest) = (0, 0, 0.0_f64);
    let begun = Instant::now();
    let mut page_token = String::new();
    loop {
        let page_size = if pages == 0 { 0 } else { 1_000 };
        let request = ExportCustomerRequest { customer_id: id.clone(), page_size, page_token };
        let lap = Instant::now();
        let page = admin.privacy.clone().export_customer(request).await.map_err(|status| explain(&status))?;
        slowest = slowest.max(lap.elapsed().as_secs_f64() * 1e3);
        if pages == 0 {
            println!("{:<16}{slowest:>10.0} ms for the first page", "ExportCustomer");
        }
        let page = page.into_inner();
        pages += 1;
        rows += page.json_lines.iter().filter(|line| line.contains("\"table\":\"interaction\"")).count() as u64;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{:<16}{:>10.0} ms for all of {pages} pages, {slowest:.0} ms for the slowest",
        "ExportCustomer",
        seconds * 1e3
    );
    ensure!(rows == history, "{rows} of {history} interactions were exported");
    let request =
        EraseCustomerRequest { request_id: "erase".to_owned(), customer_id: id, reason: "as he asked".to_owned() };
    let begun = Instant::now();
    let erased = admin.privacy.clone().erase_customer(request).await.map_err(|status| explain(&status))?;
    println!("{:<16}{:>10.0} ms", "EraseCustomer", begun.elapsed().as_secs_f64() * 1e3);
    let receipt = erased.into_inner().receipt.context("no receipt")?;
    ensure!(receipt.text.contains(&format!("\ninteraction {history}\n")), "not all was erased: {}", receipt.text);
    Ok(())
}
