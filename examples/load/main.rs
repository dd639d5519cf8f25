//! How fast a server records interactions, and what limits it.
//!
//! `cargo run --release --example load -- [--json] [--database-url postgres://...] [--seconds S] [--in-flight N]
//! 2> /dev/null`
//!
//! One run measures, each on a new database: *echo*, a plain unary gRPC call with the same message;
//! *layered*, that call behind all the layers of the server; *naive*, recording
//! with a transaction for each call; *grouped*, recording as it is; *stream*, one client stream; *bulk*, the rows of
//! that stream written by the same statements straight through the driver; *cast*, ballots cast and replaced by 200 voters of
//! one competition. Only the ratios carry over to another
//! machine. How long a disk takes to confirm a write can change from minute to minute, so it is measured beside them.
//!
//! Times are those of a call, or, for stream and bulk, of a batch: between two acknowledgements, of one transaction.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

mod ballots;
mod bulk;
mod echo;
mod measure;
#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Parser;
use rapport::{
    api::v1::{RecordInteractionRequest, RecordInteractionsRequest, Role},
    cli::client::{Client, explain},
    clock::Clock,
    config::{Config, ServeArgs},
    server::{self, Running},
    telemetry,
};
use serde::Serialize;
use support::{
    databases::{self, Databases, Fresh},
    organisation,
};
use tonic::{
    metadata::{Ascii, MetadataValue},
    transport::Endpoint,
};

use crate::{
    echo::EchoCaller,
    measure::{Call, Figures, Window},
};

const CONNECTIONS: usize = 4;

/// Measures how fast a server records interactions.
#[derive(Parser)]
struct Args {
    /// Print one JSON object as the last line instead of a table
    #[arg(long)]
    json: bool,

    /// PostgreSQL database next to which new ones are created and dropped; without it SQLite is measured
    #[arg(long)]
    database_url: Option<String>,

    /// Seconds that each phase is measured
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,

    /// Calls in flight, over 4 connections
    #[arg(long, default_value_t = 64)]
    in_flight: usize,
}

#[derive(Serialize)]
struct Report {
    echo: Figures,
    layered: Figures,
    naive: Figures,
    grouped: Figures,
    stream: Figures,
    bulk: Figures,
    cast: Figures,
    fsync: Figures,
    ratios: Ratios,
}

#[derive(Serialize)]
struct Ratios {
    layered_to_echo: f64,
    grouped_to_naive: f64,
    grouped_to_echo: f64,
    stream_to_bulk: f64,
    cast_to_grouped: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // As a server's: what it logs of each call is part of what is measured. Best sent to /dev/null.
    let defaults = Config::resolve(&ServeArgs::default(), |_| None)?;
    let _telemetry = telemetry::start(&defaults.log, &defaults.telemetry)?;
    let databases = Databases::new(args.database_url.clone())?;
    let report = measure(&args, &databases).await?;
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        print_table(&report);
    }
    Ok(())
}

async fn measure(args: &Args, databases: &Databases) -> anyhow::Result<Report> {
    let database = databases.create("layered").await?;
    let (echo, layered) = measure_layers(args, &database).await?;
    databases.remove(database).await?;

    let database = databases.create("naive").await?;
    let fsync = probe_disk(&database.directory, args.seconds)?;
    let naive = measure_calls(args, &database, Some(1)).await?;
    databases.remove(database).await?;

    let database = databases.create("grouped").await?;
    let grouped = measure_calls(args, &database, None).await?;
    databases.remove(database).await?;

    let database = databases.create("cast").await?;
    let cast = ballots::measure(args, &database).await?;
    databases.remove(database).await?;

    let streamed = databases.create("stream").await?;
    let stream = measure_stream(args, &streamed).await?;
    let database = databases.create("bulk").await?;
    let bulk = bulk::copy(&streamed, &database).await?;
    databases.remove(database).await?;
    databases.remove(streamed).await?;

    let ratios = Ratios {
        layered_to_echo: layered.per_second / echo.per_second,
        grouped_to_naive: grouped.per_second / naive.per_second,
        grouped_to_echo: grouped.per_second / echo.per_second,
        stream_to_bulk: stream.per_second / bulk.per_second,
        cast_to_grouped: cast.per_second / grouped.per_second,
    };
    Ok(Report { echo, layered, naive, grouped, stream, bulk, cast, fsync, ratios })
}

/// The echo without the layers and with them, in turns: what else the machine does meets both alike. The callers and
/// what they send are the same.
async fn measure_layers(args: &Args, database: &Fresh) -> anyhow::Result<(Figures, Figures)> {
    const ROUNDS: u32 = 6;
    let (plain, serving) = echo::serve().await?;
    let (layers, _stop, token) = echo::serve_layered(database).await?;
    let authorization: MetadataValue<Ascii> = format!("Bearer {token}").parse()?;
    let callers = |address: SocketAddr| {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
        let channels: Vec<_> = (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect();
        let caller = |n: usize| EchoCaller {
            client: tonic::client::Grpc::new(channels[n % CONNECTIONS].clone()),
            authorization: authorization.clone(),
        };
        anyhow::Ok((0..args.in_flight).map(caller).collect::<Vec<_>>())
    };
    let (plain, layered) = (callers(plain)?, callers(layers.address)?);
    let seconds = args.seconds / f64::from(ROUNDS) * 2.0;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.extend(measure::laps(plain.clone(), seconds).await?);
        with.extend(measure::laps(layered.clone(), seconds).await?);
    }
    serving.abort();
    layers.cut.cancel();
    let time = Duration::from_secs_f64(seconds * f64::from(ROUNDS));
    Ok((Figures::of(without.len() as u64, time, without)?, Figures::of(with.len() as u64, time, with)?))
}

struct Recorder(Client);

impl Call for Recorder {
    async fn call(&mut self, request: RecordInteractionRequest) -> anyhow::Result<()> {
        self.0.interactions.record_interaction(request).await.map_err(|status| explain(&status))?;
        Ok(())
    }
}

async fn start(database: &Fresh, group_max: Option<usize>) -> anyhow::Result<(Running, Vec<Client>)> {
    let mut config = database.config()?;
    if let Some(group_max) = group_max {
        config.recording.group_max = group_max;
    }
    let running = server::start(config, Clock::system()).await?;
    let token = running.authenticator().sign(Role::App, "load", &[], Duration::from_secs(3_600))?;
    let url = format!("http://{}", running.address());
    let clients = (0..CONNECTIONS).map(|_| Client::lazy(&url, &token)).collect::<anyhow::Result<Vec<_>>>()?;
    organisation::enrol(&clients[0]).await?;
    Ok((running, clients))
}

async fn measure_calls(args: &Args, database: &Fresh, group_max: Option<usize>) -> anyhow::Result<Figures> {
    let (running, clients) = start(database, group_max).await?;
    let callers = (0..args.in_flight).map(|n| Recorder(clients[n % CONNECTIONS].clone())).collect();
    let figures = measure::calls(callers, args.seconds).await;
    drop(clients);
    running.stop().await?;
    figures
}

async fn measure_stream(args: &Args, database: &Fresh) -> anyhow::Result<Figures> {
    let (running, clients) = start(database, None).await?;
    let window = Window::open(args.seconds);
    let requests = (0..).map(|n| RecordInteractionsRequest { request: Some(organisation::request(n)) });
    let requests = futures::stream::iter(requests.take_while(move |_| Instant::now() < window.end));
    let mut client = clients[0].interactions.clone();
    let mut answers = client.record_interactions(requests).await.map_err(|status| explain(&status))?.into_inner();

    let (mut settled, mut recorded, mut laps, mut last) = (0, 0, Vec::new(), Instant::now());
    while let Some(answer) = answers.message().await.map_err(|status| explain(&status))? {
        let now = Instant::now();
        anyhow::ensure!(answer.recorded_count == answer.settled_count, "the stream refuses {answer:?}");
        if window.holds(now) {
            recorded += answer.settled_count - settled;
            laps.push(now - last);
        }
        (settled, last) = (answer.settled_count, now);
    }
    drop((client, clients));
    running.stop().await?;
    Figures::of(u64::try_from(recorded)?, window.length(), laps)
}

/// How long the disk takes to confirm a page at a time, for a fifth of the time of a phase.
fn probe_disk(directory: &Path, seconds: f64) -> anyhow::Result<Figures> {
    let mut file = File::create(directory.join("probe")).context("cannot write beside this program")?;
    let (begun, time) = (Instant::now(), Duration::from_secs_f64(seconds / 5.0));
    let mut laps = Vec::new();
    while begun.elapsed() < time {
        let lap = Instant::now();
        file.rewind()?;
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        laps.push(lap.elapsed());
    }
    Figures::of(laps.len() as u64, begun.elapsed(), laps)
}

fn print_table(report: &Report) {
    println!("{:<10}{:>14}{:>12}{:>12}", "", "per second", "p50 ms", "p99 ms");
    let phases = [
        ("echo", report.echo),
        ("layered", report.layered),
        ("naive", report.naive),
        ("grouped", report.grouped),
        ("stream", report.stream),
        ("bulk", report.bulk),
        ("cast", report.cast),
        ("fsync", report.fsync),
    ];
    for (name, Figures { per_second, p50_ms, p99_ms }) in phases {
        println!("{name:<10}{per_second:>14.0}{p50_ms:>12.2}{p99_ms:>12.2}");
    }
    let Ratios { layered_to_echo, grouped_to_naive, grouped_to_echo, stream_to_bulk, cast_to_grouped } = report.ratios;
    println!("\nlayered / echo   {layered_to_echo:6.2}");
    println!("grouped / naive  {grouped_to_naive:6.2}");
    println!("grouped / echo   {grouped_to_echo:6.2}");
    println!("stream / bulk    {stream_to_bulk:6.2}");
    println!("cast / grouped   {cast_to_grouped:6.2}");
}
