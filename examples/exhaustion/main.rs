//! Whether an application is served while others try to use the server up.
//!
//! `cargo run --release --example exhaustion -- [--seconds 10] [--interactions 20000] [--database-url postgres://...]`
//!
//! An application calls GetCustomer and RecordInteraction all the time; first in quiet, then under one attack after another,
//! each by somebody who has no token or one of a colleague, and by an administrator with large votes. Prints the 50th and 99th
//! percentile of both, how many calls were refused, and the memory of the server, which is a process of its own.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::{
    any::Any,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use h2::{
    SendStream,
    client::{ResponseFuture, SendRequest},
};
use prost::Message;
use rapport::{
    api::v1::{
        BatchRecordInteractionsRequest, GetCustomerRequest, ListInteractionsRequest, Role,
        SummarizeInteractionsRequest, SummaryGrouping,
    },
    auth::Authenticator,
    cli::client::{Client, explain},
    clock::Clock,
    server,
};
use support::{
    databases::{Databases, Fresh},
    organisation, vote,
};
use tokio::{net::TcpStream, task::JoinSet};

const LIFE: Duration = Duration::from_secs(3_000);
/// Streams of one connection.
const STREAMS: usize = 90;
/// Interactions of one batch.
const BATCH: u64 = 100;
const PAUSE: Duration = Duration::from_millis(2);
const REST: Duration = Duration::from_secs(3);
/// Votes of an attack, their teams, and voters of each.
const VOTES: usize = 4;
const VOTING_TEAMS: usize = 400;
const VOTERS: usize = 10;

/// Calls as an application while others try to use the server up.
#[derive(Parser)]
struct Args {
    /// PostgreSQL database next to which a new one is created and dropped; without it SQLite is tried
    #[arg(long)]
    database_url: Option<String>,

    /// How long each attack goes on
    #[arg(long, default_value_t = 10)]
    seconds: u64,

    /// Interactions in the record, each with a conclusion of 4,000 characters
    #[arg(long, default_value_t = 20_000)]
    interactions: u64,

    /// Only this attack
    #[arg(long)]
    only: Option<Attack>,

    /// Be the server, in this directory, until the input ends
    #[arg(long, hide = true)]
    serve: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Attack {
    /// 1,089 watches of health, without a token.
    HealthWatches,
    /// Calls whose message never comes, without a token and with one.
    MissingBodies,
    /// Tokens that are none, one after the other.
    BadTokens,
    /// 90 pages of interactions that nobody reads.
    UnreadPages,
    /// Two summaries at once of each of 12 colleagues, again and again.
    Summaries,
    /// Calls that are out of time when they come.
    ExpiredCalls,
    /// Large votes opened and closed by an administrator, one after the other.
    LargeVotes,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if let Some(directory) = args.serve {
        return serve(Fresh::at(directory, args.database_url)).await;
    }
    let databases = Databases::new(args.database_url.clone())?;
    let database = databases.create("exhaustion").await?;
    let server = Server::start(&database)?;
    let app = Client::lazy(&format!("http://{}", server.address), &server.token(Role::App, "crm")?)?;
    organisation::enrol(&app).await?;
    for first in (0..args.interactions).step_by(BATCH as usize) {
        let requests = (first..first + BATCH).map(|n| {
            let mut request = organisation::request(n);
            if let Some(interaction) = &mut request.interaction {
                interaction.conclusion = "x".repeat(4_000);
            }
            request
        });
        let request = BatchRecordInteractionsRequest { requests: requests.collect() };
        app.interactions.clone().batch_record_interactions(request).await.map_err(|status| explain(&status))?;
    }
    let time = Duration::from_secs(args.seconds);
    let mut app = Application { client: app, recorded: args.interactions };
    println!("{:<16} {:^27} {:^27} {:>8} {:>9}", "", "GetCustomer", "RecordInteraction", "", "");
    print!("{:<16}", "attack");
    (0..2).for_each(|_| print!(" {:>7} {:>9} {:>9}", "calls", "p50 ms", "p99 ms"));
    println!(" {:>8} {:>9}", "refused", "RSS MiB");
    server.report("quiet", app.probe(time).await);
    for attack in Attack::value_variants().iter().filter(|one| args.only.is_none_or(|only| only == **one)) {
        let held = attack.mount(&server).await?;
        server.report(&format!("{attack:?}"), app.probe(time).await);
        drop(held);
        // What the attack has used up of its address and person is given back by then.
        tokio::time::sleep(REST).await;
    }
    server.report("quiet again", app.probe(time).await);
    drop(server);
    databases.remove(database).await
}

async fn serve(database: Fresh) -> anyhow::Result<()> {
    let running = server::start(database.config()?, Clock::system()).await?;
    println!("{}", running.address());
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    running.stop().await
}

/// The server, which ends with what holds it.
struct Server {
    process: Child,
    address: SocketAddr,
    authenticator: Authenticator,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its input ends, and with it the server.
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

impl Server {
    fn start(database: &Fresh) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve").arg(&database.directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(url) = &database.url {
            command.args(["--database-url", url]);
        }
        let mut process = command.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().parse().context("the server did not start")?;
        // Its keys are there by now.
        let authenticator = Authenticator::new(&database.config()?.auth, &database.directory, Clock::system())?;
        Ok(Self { process, address, authenticator })
    }

    fn token(&self, role: Role, subject: &str) -> anyhow::Result<String> {
        self.authenticator.sign(role, subject, &[], LIFE)
    }

    fn report(&self, name: &str, mut probe: Probe) {
        print!("{name:<16}");
        for times in [&mut probe.reads, &mut probe.writes] {
            times.sort_unstable();
            let at = |percent: usize| {
                times.get(times.len() * percent / 100).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
            };
            print!(" {:>7} {:>9.3} {:>9.3}", times.len(), at(50), at(99));
        }
        println!(" {:>8} {:>9}", probe.refused, self.resident());
    }

    /// Its memory that is in use, in MiB; 0 where the system does not say.
    fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()).unwrap_or(0) / 1024
    }
}

/// Who is to be served.
struct Application {
    client: Client,
    recorded: u64,
}

/// How its calls fared.
#[derive(Default)]
struct Probe {
    reads: Vec<Duration>,
    writes: Vec<Duration>,
    refused: usize,
}

impl Application {
    /// A read and a write in turn, one at a time.
    async fn probe(&mut self, time: Duration) -> Probe {
        let mut probe = Probe::default();
        let begun = Instant::now();
        while begun.elapsed() < time {
            self.recorded += 1;
            let customer_id = format!("customer-{}", self.recorded % 2_000);
            let read = GetCustomerRequest { customer_id, ..Default::default() };
            let asked = Instant::now();
            match self.client.directory.clone().get_customer(read).await {
                Ok(_) => probe.reads.push(asked.elapsed()),
                Err(_) => probe.refused += 1,
            }
            let write = organisation::request(self.recorded);
            let asked = Instant::now();
            match self.client.interactions.clone().record_interaction(write).await {
                Ok(_) => probe.writes.push(asked.elapsed()),
                Err(_) => probe.refused += 1,
            }
            tokio::time::sleep(PAUSE).await;
        }
        probe
    }
}

impl Attack {
    /// Begins it; it goes on until what it gives is dropped.
    async fn mount(self, server: &Server) -> anyhow::Result<Vec<Box<dyn Any>>> {
        let address = server.address;
        let nora = format!("Bearer {}", server.token(Role::Staff, "agent-1")?);
        let mut held: Vec<Box<dyn Any>> = Vec::new();
        match self {
            Self::HealthWatches => {
                for _ in 0..13 {
                    let mut wire = Wire::connect(address).await?;
                    for _ in 0..STREAMS {
                        held.push(Box::new(wire.send("/grpc.health.v1.Health/Watch", &[], Some(b"")).await?));
                    }
                    held.push(Box::new(wire));
                }
            }
            Self::MissingBodies => {
                let path = "/rapport.v1.DirectoryService/GetCustomer";
                for headers in [&[][..], &[("authorization", nora.as_str())][..]] {
                    for _ in 0..6 {
                        let mut wire = Wire::connect(address).await?;
                        for _ in 0..STREAMS {
                            held.push(Box::new(wire.send(path, headers, None).await?));
                        }
                        held.push(Box::new(wire));
                    }
                }
            }
            Self::UnreadPages => {
                let request = ListInteractionsRequest { page_size: 500, ..Default::default() };
                let client = Client::lazy(&format!("http://{address}"), &server.token(Role::Staff, "agent-1")?)?;
                let page = client.interactions.clone().list_interactions(request.clone()).await;
                let page = page.map_err(|status| explain(&status))?.into_inner();
                ensure!(!page.interactions.is_empty(), "the pages are empty");
                let message = request.encode_to_vec();
                let path = "/rapport.v1.InteractionService/ListInteractions";
                let mut wire = Wire::connect(address).await?;
                for _ in 0..STREAMS {
                    held.push(Box::new(wire.send(path, &[("authorization", &nora)], Some(&message)).await?));
                }
                held.push(Box::new(wire));
            }
            Self::BadTokens => held.push(Box::new(again(4, move || async move {
                let mut wire = Wire::connect(address).await?;
                for number in 0..STREAMS {
                    let bearer = format!("Bearer a.b.{number}");
                    let path = "/rapport.v1.DirectoryService/GetCustomer";
                    _ = wire.send(path, &[("authorization", &bearer)], Some(b"")).await?.0.await;
                }
                Ok(())
            }))),
            Self::ExpiredCalls => held.push(Box::new(again(4, move || {
                let nora = nora.clone();
                async move {
                    let message = ListInteractionsRequest { page_size: 500, ..Default::default() }.encode_to_vec();
                    let headers = [("authorization", nora.as_str()), ("grpc-timeout", "1m")];
                    let mut wire = Wire::connect(address).await?;
                    for _ in 0..STREAMS {
                        let path = "/rapport.v1.InteractionService/ListInteractions";
                        _ = wire.send(path, &headers, Some(&message)).await?.0.await;
                    }
                    Ok(())
                }
            }))),
            Self::LargeVotes => {
                let admin = Client::lazy(&format!("http://{address}"), &server.token(Role::Admin, "ada")?)?;
                let teams = vote::enrol(&admin, "large", VOTING_TEAMS, VOTERS).await?;
                let mut votes = Vec::new();
                for number in 0..VOTES {
                    votes.push(vote::announce(&admin, &format!("vote-{number}"), &teams).await?);
                }
                let mut voting = JoinSet::new();
                voting.spawn(async move {
                    for id in votes {
                        // One that takes longer than a call may is told so, and is closed by the server.
                        _ = vote::open(&admin, &id).await;
                        _ = vote::close(&admin, &id).await;
                    }
                });
                held.push(Box::new(voting));
            }
            Self::Summaries => {
                for number in 0..12 {
                    let token = server.token(Role::Staff, &format!("agent-{number}"))?;
                    let client = Client::lazy(&format!("http://{address}"), &token)?;
                    let request = SummarizeInteractionsRequest {
                        group_by: SummaryGrouping::Topic.into(),
                        ..SummarizeInteractionsRequest::default()
                    };
                    // An attack whose every call is refused would be none.
                    let mut interactions = client.interactions.clone();
                    let first = interactions.summarize_interactions(request.clone()).await;
                    let first = first.map_err(|status| explain(&status))?.into_inner();
                    ensure!(!first.groups.is_empty(), "nothing is summed up");
                    held.push(Box::new(again(2, move || {
                        let (mut interactions, request) = (client.interactions.clone(), request.clone());
                        async move {
                            if interactions.summarize_interactions(request).await.is_err() {
                                tokio::time::sleep(PAUSE).await;
                            }
                            Ok(())
                        }
                    })));
                }
            }
        }
        Ok(held)
    }
}

/// Does something again and again, so many at once.
fn again<F, W>(at_once: usize, work: F) -> JoinSet<()>
where
    F: Fn() -> W + Clone + Send + 'static,
    W: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..at_once {
        let work = work.clone();
        all.spawn(async move {
            loop {
                if work().await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        });
    }
    all
}

/// A connection whose client takes a kilobyte of each answer and no more.
struct Wire {
    client: SendRequest<Bytes>,
    address: SocketAddr,
    connection: tokio::task::JoinHandle<()>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Wire {
    async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (client, connection) =
            h2::client::Builder::new().initial_window_size(1_000).handshake::<_, Bytes>(stream).await?;
        let connection = tokio::spawn(async move { _ = connection.await });
        Ok(Self { client, address, connection })
    }

    /// Without a message the call waits for one for ever.
    async fn send(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        message: Option<&[u8]>,
    ) -> anyhow::Result<(ResponseFuture, SendStream<Bytes>)> {
        let mut request = http::Request::post(format!("http://{}{path}", self.address))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut client = self.client.clone().ready().await.context("the connection has ended")?;
        let (answer, mut body) = client.send_request(request.body(())?, false)?;
        if let Some(message) = message {
            let length = u32::try_from(message.len())?.to_be_bytes();
            // An answer that came first has ended the call.
            _ = body.send_data([&[0], &length[..], message].concat().into(), true);
        }
        Ok((answer, body))
    }
}
