//! What it costs to close a vote: ballots opened and counted, scores with their intervals, flags, the signed revision.
//!
//! `cargo run --release --example closing -- [--teams 60] [--voters 34] [--json] 2> /dev/null`
//!
//! One run on a new embedded database, with one-way panels. Processor time is that of the whole process while it closes.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use futures::{StreamExt as _, TryStreamExt as _};
use rapport::{
    api::v1::{CastBallotRequest, GetLeaderboardRequest, GetMyBallotRequest, Role},
    cli::client::{Client, explain},
    clock::Clock,
    server::{self, Running},
};
use support::{databases::Databases, vote};

const LIFE: Duration = Duration::from_secs(3_000);
/// Voters who cast at once.
const UNDER_WAY: usize = 16;
/// Processor time that closing may take, by the issue that asked for it.
const LIMIT: f64 = 3.0;

/// Measures the close of a vote.
#[derive(Parser)]
struct Args {
    /// Teams that compete
    #[arg(long, default_value_t = 60)]
    teams: usize,
    /// Voters of each
    #[arg(long, default_value_t = 34)]
    voters: usize,
    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let databases = Databases::new(None)?;
    let database = databases.create("closing").await?;
    let mut config = database.config()?;
    config.limits.call_timeout = Duration::from_secs(60);
    let running = server::start(config, Clock::system()).await?;
    let admin = client(&running, Role::Admin, "ada")?;
    let teams = vote::enrol(&admin, "t", args.teams, args.voters).await?;
    let id = vote::announce(&admin, "closing", &teams).await?;
    vote::open(&admin, &id).await?;
    let voters = teams.iter().flat_map(|team| (0..args.voters).map(move |number| (vote::member(team, number), number)));
    let ballots = voters.map(|(voter, number)| cast(client(&running, Role::Staff, &voter), id.clone(), number));
    futures::stream::iter(ballots).buffer_unordered(UNDER_WAY).try_collect::<Vec<()>>().await?;

    let (before, began) = (processor_seconds()?, Instant::now());
    vote::close(&admin, &id).await?;
    let (seconds, processor) = (began.elapsed().as_secs_f64(), processor_seconds()? - before);

    let request = GetLeaderboardRequest { competition_id: id, page_size: 200, ..Default::default() };
    let found = admin.competitions.clone().get_leaderboard(request).await.map_err(|status| explain(&status))?;
    let standings = found.into_inner().standings;
    ensure!(standings.len() == args.teams && standings.iter().all(|one| one.low.is_some()), "scores are missing");
    let voters = args.teams * args.voters;
    println!("{voters} ballots, {} entries: {processor:.2} s of processor time, {seconds:.2} s in all", args.teams);
    if args.json {
        println!(
            "{}",
            serde_json::json!({"ballots": voters, "entries": args.teams, "processor_seconds": processor, "seconds": seconds})
        );
    }
    running.stop().await?;
    databases.remove(database).await?;
    ensure!(processor < LIMIT, "closing took {processor:.2} s of processor time");
    Ok(())
}

fn client(running: &Running, role: Role, subject: &str) -> anyhow::Result<Client> {
    let token = running.authenticator().sign(role, subject, &[], LIFE)?;
    Client::lazy(&format!("http://{}", running.address()), &token)
}

async fn cast(client: anyhow::Result<Client>, competition_id: String, turn: usize) -> anyhow::Result<()> {
    let mut server = client?.competitions.clone();
    let request = GetMyBallotRequest { competition_id: competition_id.clone(), ballot_token: String::new() };
    let ballot = server.get_my_ballot(request).await.map_err(|status| explain(&status))?.into_inner();
    let mut entry_ids: Vec<String> = ballot.panel.into_iter().map(|entry| entry.entry_id).collect();
    let dealt = entry_ids.len().max(1);
    entry_ids.rotate_left(turn % dealt);
    let request =
        CastBallotRequest { request_id: "ballot".to_owned(), competition_id, entry_ids, ..Default::default() };
    server.cast_ballot(request).await.map_err(|status| explain(&status))?;
    Ok(())
}

/// Of this process, in all its threads; from the kernel's table.
fn processor_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("processor time is read from Linux's /proc")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<f64> = fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    // A hundred ticks a second on every Linux there is.
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
