//! What reading costs over a long record, as a share of a call that reads nothing.
//!
//! `cargo run --release --example reads -- [--interactions 1000000] [--in-flight 32] [--seconds 1] [--rounds 5]
//! [--only GetCustomer,...] [--json] [--database-url postgres://...] 2> /dev/null`
//!
//! One run on a new database: a record with ratings, and a competition of 60 teams that is over. In every round the health
//! call is measured, then each reading call, with so many of it in flight; shares are of the health call in the same round.
//! Only the shares carry over.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use clap::Parser;
use futures::future::{BoxFuture, try_join_all};
use rapport::{
    api::v1::{
        BriefCustomerRequest, GetCustomerRequest, GetLeaderboardRequest, GetPreferencesRequest, GetScorecardRequest,
        InteractionFilter, ListInteractionsRequest, RankTeamsRequest, ReadCustomerTimelineRequest, ReadingPurpose,
        Role, ScorecardUnit, SummarizeInteractionsRequest, SummaryGrouping,
    },
    cli::{
        client::{Client, explain},
        database::DatabaseArgs,
        recompute::{self, RecomputeArgs},
    },
    clock::Clock,
    server::{self, Running},
    store::{Opening, Store},
};
use serde::Serialize;
use support::{
    databases::{Databases, Fresh},
    organisation, quantile,
    record::{self, Record, Size, customer},
    vote,
};
use tonic::transport::Endpoint;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

const CONNECTIONS: usize = 4;
/// Teams of the competition that is over.
const TEAMS: usize = 60;
const LIFE: Duration = Duration::from_secs(3_600);

/// Measures what reading costs.
#[derive(Parser)]
struct Args {
    /// PostgreSQL database next to which a new one is created and dropped; without it SQLite is measured
    #[arg(long)]
    database_url: Option<String>,

    /// Interactions on record; every seventh is rated
    #[arg(long, default_value_t = 1_000_000)]
    interactions: u64,

    /// Calls in flight, over 4 connections
    #[arg(long, default_value_t = 32)]
    in_flight: usize,

    /// Seconds that each call is measured in a round
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,

    /// Rounds
    #[arg(long, default_value_t = 5)]
    rounds: usize,

    /// Only these calls
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,

    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// What is asked about.
#[derive(Clone)]
struct Caller {
    client: Client,
    competition_id: String,
    customers: u64,
}

/// A reading call by its name, the `n`th of its kind.
type Ask = fn(Caller, u64) -> BoxFuture<'static, anyhow::Result<()>>;

/// The calls, with the share of the health call's rate that is wanted (issue 19).
const CALLS: &[(&str, f64, Ask)] = &[
    ("GetLeaderboard", 0.40, |caller, _| {
        let request =
            GetLeaderboardRequest { competition_id: caller.competition_id, page_size: 10, ..Default::default() };
        Box::pin(async move { told(caller.client.competitions.clone().get_leaderboard(request).await) })
    }),
    ("GetLeaderboard around", 0.40, |caller, n| {
        let around_team_id = format!("v{}", n % TEAMS as u64);
        let competition_id = caller.competition_id;
        let request = GetLeaderboardRequest { competition_id, around_team_id, around: 5, ..Default::default() };
        Box::pin(async move { told(caller.client.competitions.clone().get_leaderboard(request).await) })
    }),
    ("GetCustomer", 0.45, |caller, n| {
        let request = GetCustomerRequest { customer_id: anybody(&caller, n), alias: None };
        Box::pin(async move { told(caller.client.directory.clone().get_customer(request).await) })
    }),
    ("GetScorecard", 0.15, |caller, _| {
        let request = GetScorecardRequest { unit: ScorecardUnit::Team.into(), ..Default::default() };
        Box::pin(async move { told(caller.client.ratings.clone().get_scorecard(request).await) })
    }),
    ("RankTeams", 0.10, |caller, _| {
        let request = RankTeamsRequest::default();
        Box::pin(async move { told(caller.client.ratings.clone().rank_teams(request).await) })
    }),
    ("GetPreferences", 0.12, |caller, n| {
        let request = GetPreferencesRequest { customer_id: anybody(&caller, n), dimensions: vec![] };
        Box::pin(async move { told(caller.client.preferences.clone().get_preferences(request).await) })
    }),
    ("ListInteractions", 0.08, |caller, _| {
        let request = ListInteractionsRequest { page_size: 50, ..Default::default() };
        Box::pin(async move { told(caller.client.interactions.clone().list_interactions(request).await) })
    }),
    ("ListInteractions of one", 0.12, |caller, n| {
        let filter = Some(InteractionFilter { customer_id: anybody(&caller, n), ..Default::default() });
        let request = ListInteractionsRequest { filter, ..Default::default() };
        Box::pin(async move { told(caller.client.interactions.clone().list_interactions(request).await) })
    }),
    ("ReadCustomerTimeline", 0.08, |caller, n| {
        let (customer_id, purpose) = (anybody(&caller, n), ReadingPurpose::Serving.into());
        let request = ReadCustomerTimelineRequest { customer_id, purpose, ..Default::default() };
        Box::pin(async move { told(caller.client.interactions.clone().read_customer_timeline(request).await) })
    }),
    ("BriefCustomer", 0.05, |caller, n| {
        let (customer_id, purpose) = (anybody(&caller, n), ReadingPurpose::Serving.into());
        let request = BriefCustomerRequest { customer_id, purpose, ..Default::default() };
        Box::pin(async move { told(caller.client.preferences.clone().brief_customer(request).await) })
    }),
];

/// A customer, all of them alike often.
fn anybody(caller: &Caller, n: u64) -> String {
    customer((caller.customers * (n * 2_654_435_761 % (1 << 32))) >> 32)
}

fn told<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> anyhow::Result<()> {
    answer.map(|_| ()).map_err(|status| explain(&status))
}

/// What a call comes to.
#[derive(Serialize)]
struct Line {
    call: &'static str,
    /// Median of the rounds.
    per_second: f64,
    share: f64,
    lowest: f64,
    highest: f64,
    wanted: f64,
    p50_ms: f64,
    p99_ms: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let databases = Databases::new(args.database_url.clone())?;
    let database = databases.create("reads").await?;
    let size = Size { all: args.interactions, heavy: 0 };
    fill(&database, size).await?;

    let mut config = database.config()?;
    config.limits.call_timeout = Duration::from_secs(120);
    config.limits.app_calls_per_second = NonZeroU32::MAX;
    let running = server::start(config, Clock::system()).await?;
    let admin = client(&running, Role::Admin)?;
    organisation::enrol(&admin).await?;
    record::fitted(&database).await?;
    let competition_id = vote_of_the_past(&admin).await?;
    let callers = (0..CONNECTIONS)
        .map(|_| {
            let (client, competition_id) = (client(&running, Role::App)?, competition_id.clone());
            Ok(Caller { client, competition_id, customers: size.customers() })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;

    if args.only.is_empty() {
        summarize(&callers[0]).await?;
    }
    let lines = measure(&args, &running, &callers).await?;
    let head = ("call", "a second", "share", "lowest", "highest", "wanted", "p50 ms", "p99 ms");
    println!(
        "{:<26}{:>10}{:>9}{:>9}{:>9}{:>9}{:>10}{:>10}",
        head.0, head.1, head.2, head.3, head.4, head.5, head.6, head.7
    );
    for Line { call, per_second, share, lowest, highest, wanted, p50_ms, p99_ms } in &lines {
        println!(
            "{call:<26}{per_second:>10.0}{share:>9.3}{lowest:>9.3}{highest:>9.3}{wanted:>9.2}{p50_ms:>10.2}{p99_ms:>10.2}"
        );
    }
    if args.json {
        println!("{}", serde_json::to_string(&lines)?);
    }
    drop((callers, admin));
    running.stop().await?;
    databases.remove(database).await
}

/// The record, and the counters of its ratings.
async fn fill(database: &Fresh, size: Size) -> anyhow::Result<()> {
    Store::open(&database.database()?, Opening::at_once(1), Clock::system()).await?.close().await;
    let record = Record::open(database).await?;
    record.fill(size).await?;
    record.close().await?;
    let database = DatabaseArgs {
        data_dir: Some(database.directory.display().to_string()),
        database_url: database.url.clone(),
        database_url_file: None,
        config: None,
    };
    recompute::run(RecomputeArgs { check: false, json: false, database }).await
}

fn client(running: &Running, role: Role) -> anyhow::Result<Client> {
    let token = running.authenticator().sign(role, "reads", &[], LIFE)?;
    Client::lazy(&format!("http://{}", running.address()), &token)
}

/// A competition that is over; gives its id.
async fn vote_of_the_past(admin: &Client) -> anyhow::Result<String> {
    let teams = vote::enrol(admin, "v", TEAMS, 1).await?;
    let id = vote::announce(admin, "reads", &teams).await?;
    vote::open(admin, &id).await?;
    vote::close(admin, &id).await?;
    Ok(id)
}

/// Everything summed up, alone.
async fn summarize(caller: &Caller) -> anyhow::Result<()> {
    for group_by in [SummaryGrouping::Channel, SummaryGrouping::Team, SummaryGrouping::Day] {
        let mut laps = Vec::new();
        for _ in 0..3 {
            let request = SummarizeInteractionsRequest { group_by: group_by.into(), ..Default::default() };
            let begun = Instant::now();
            told(caller.client.interactions.clone().summarize_interactions(request).await)?;
            laps.push(begun.elapsed().as_secs_f64());
        }
        println!("SummarizeInteractions by {}: {laps:.2?} s", group_by.as_str_name());
    }
    Ok(())
}

async fn measure(args: &Args, running: &Running, callers: &[Caller]) -> anyhow::Result<Vec<Line>> {
    let url = format!("http://{}", running.address());
    let wanted = |call: &str| args.only.is_empty() || args.only.iter().any(|one| call.starts_with(one.as_str()));
    let calls: Vec<_> = CALLS.iter().filter(|(call, ..)| wanted(call)).collect();
    ensure!(!calls.is_empty(), "no call has that name");
    let mut rounds: Vec<(Vec<f64>, Vec<f64>, Vec<f64>)> = calls.iter().map(|_| Default::default()).collect();
    for _ in 0..args.rounds {
        let endpoint = Endpoint::from_shared(url.clone())?;
        let channels: Vec<_> = (0..CONNECTIONS).map(|_| HealthClient::new(endpoint.connect_lazy())).collect();
        let health = lasting(args, move |n, _| {
            let mut client = channels[n % CONNECTIONS].clone();
            async move { told(client.check(HealthCheckRequest::default()).await) }
        });
        let health = health.await?.len() as f64 / args.seconds;
        for ((_, _, ask), (rates, shares, laps)) in calls.iter().zip(&mut rounds) {
            let (ask, callers) = (*ask, callers.to_vec());
            let took = lasting(args, move |n, number| ask(callers[n % CONNECTIONS].clone(), number)).await?;
            let rate = took.len() as f64 / args.seconds;
            rates.push(rate);
            shares.push(rate / health);
            laps.extend(took);
        }
    }
    Ok(calls
        .iter()
        .zip(rounds)
        .map(|(&&(call, wanted, _), (mut rates, mut shares, mut laps))| Line {
            call,
            per_second: quantile(&mut rates, 0.5),
            share: quantile(&mut shares, 0.5),
            lowest: quantile(&mut shares, 0.0),
            highest: quantile(&mut shares, 1.0),
            wanted,
            p50_ms: quantile(&mut laps, 0.5),
            p99_ms: quantile(&mut laps, 0.99),
        })
        .collect())
}

/// Keeps calls in flight; how long each that ended in time took, in milliseconds. `ask`: by which caller, and which number.
async fn lasting<F>(args: &Args, ask: impl Fn(usize, u64) -> F + Clone + Send + 'static) -> anyhow::Result<Vec<f64>>
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let next = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + Duration::from_secs_f64(args.seconds);
    let one = |n: usize| {
        let (next, ask) = (next.clone(), ask.clone());
        tokio::spawn(async move {
            let mut laps = Vec::new();
            loop {
                let begun = Instant::now();
                ask(n, next.fetch_add(1, Ordering::Relaxed)).await?;
                if Instant::now() > end {
                    return anyhow::Ok(laps);
                }
                laps.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        })
    };
    let laps: Vec<Vec<f64>> =
        try_join_all((0..args.in_flight).map(one)).await?.into_iter().collect::<anyhow::Result<_>>()?;
    let laps = laps.concat();
    ensure!(!laps.is_empty(), "nothing was answered in time: give it more --seconds");
    Ok(laps)
}
