//! Whether what was acknowledged is there, once, whatever happens to callers and servers.
//!
//! `cargo build --release && cargo run --release --example durability -- [--database-url postgres://...]`
//!
//! First, calls are cancelled at random moments while others run. Then servers in processes of their own are killed in
//! the middle of their work (SIGKILL), again and again on the same database. Each time, and once more at the end,
//! every interaction sent is sent again under its request id: the acknowledged ones must be there, under the id they
//! had. In the end the server must count as many interactions as were sent, and the database as many changes.

mod ledger;
mod process;
#[path = "../support/mod.rs"]
mod support;
mod writers;

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use clap::Parser;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{api::v1::Role, cli::client::Client, clock::Clock, server, store::Database};
use serde::Serialize;
use sqlx::{Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use support::{
    databases::{self, Databases, Fresh},
    organisation,
};
use tokio::task::JoinSet;

use crate::{
    ledger::{Check, Ledger, id_of},
    process::Server,
};

/// Cancels calls and kills servers, and looks whether anything that was acknowledged is missing or there twice.
#[derive(Parser)]
struct Args {
    /// PostgreSQL database next to which new ones are created and dropped; without it SQLite is tried
    #[arg(long)]
    database_url: Option<String>,

    /// Calls to cancel
    #[arg(long, default_value_t = 1_000)]
    cancellations: u64,

    /// Servers to kill
    #[arg(long, default_value_t = 100)]
    kills: u64,

    /// Where the random moments come from; printed, so that a run can be repeated
    #[arg(long)]
    seed: Option<u64>,

    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

/// What one part comes to.
#[derive(Serialize)]
struct Figures {
    /// Calls cancelled, or servers killed.
    interruptions: u64,
    sent: u64,
    /// Answered before the interruption.
    acknowledged: u64,
    /// Not answered, but recorded nevertheless: found when sent again.
    unanswered_kept: u64,
    /// Not answered and not recorded until they were sent again.
    unanswered_lost: u64,
    /// Acknowledged and not there.
    missing: u64,
    /// There under two ids.
    twice: u64,
    /// Interactions that the server counts in the end, which must be those sent.
    counted: u64,
    /// Rows of the sequence of changes, which must be as many.
    changes: u64,
}

#[derive(Serialize)]
struct Report {
    seed: u64,
    database: &'static str,
    cancellations: Figures,
    kills: Figures,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(rand::random);
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let databases = Databases::new(args.database_url.clone())?;

    let database = databases.create("cancel").await?;
    let cancellations = cancel(&args, &database, &mut random).await?;
    databases.remove(database).await?;
    let database = databases.create("kill").await?;
    let kills = kill(&args, &database, &mut random).await?;
    databases.remove(database).await?;

    let database = if args.database_url.is_some() { "postgresql" } else { "sqlite" };
    let report = Report { seed, database, cancellations, kills };
    if args.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    for part in [&report.cancellations, &report.kills] {
        ensure!(part.missing == 0, "acknowledged interactions are missing");
        ensure!(part.twice == 0 && part.counted == part.sent, "interactions are there twice, or not at all");
        ensure!(part.changes == part.counted, "the sequence of changes does not have one for each interaction");
    }
    Ok(())
}

/// Cancels calls of some callers while those of others are left alone.
async fn cancel(args: &Args, database: &Fresh, random: &mut StdRng) -> anyhow::Result<Figures> {
    const CALLERS: u64 = 16;
    let running = server::start(database.config()?, Clock::system()).await?;
    let token = running.authenticator().sign(Role::App, "durability", &[], Duration::from_secs(3_600))?;
    let client = Client::lazy(&format!("http://{}", running.address()), &token)?;
    organisation::enrol(&client).await?;

    let ledger = Arc::new(Ledger::default());
    let mut undisturbed = writers::start(&client, &ledger);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let share = args.cancellations / CALLERS + u64::from(caller < args.cancellations % CALLERS);
        callers.spawn(give_up(client.clone(), ledger.clone(), share, StdRng::from_rng(random)));
    }
    while let Some(caller) = callers.join_next().await {
        caller??;
    }
    ledger.close();
    while let Some(writer) = undisturbed.join_next().await {
        writer??;
    }

    let acknowledged = ledger.acknowledged();
    let check = ledger.check(&client, 0..ledger.sent()).await?;
    let mut figures = Figures::of(args.cancellations, &ledger, acknowledged, &check);
    figures.counted = ledger::count(&client).await?;
    drop(client);
    running.stop().await?;
    figures.changes = changes(database).await?;
    println!("{} calls cancelled, {acknowledged} interactions acknowledged", args.cancellations);
    Ok(figures)
}

/// Calls until so many calls were cancelled before their answer came.
async fn give_up(mut client: Client, ledger: Arc<Ledger>, mut cancel: u64, mut random: StdRng) -> anyhow::Result<()> {
    while cancel > 0
        && let Some(n) = ledger.next()
    {
        let patience = Duration::from_micros(random.random_range(0..5_000));
        let call = client.interactions.record_interaction(organisation::request(n));
        match tokio::time::timeout(patience, call).await {
            Ok(answer) => ledger.acknowledge(n, Some(id_of(answer?.get_ref())?)),
            Err(_) => cancel -= 1,
        }
    }
    Ok(())
}

/// Kills servers under load.
async fn kill(args: &Args, database: &Fresh, random: &mut StdRng) -> anyhow::Result<Figures> {
    let ledger = Arc::new(Ledger::default());
    let mut server = Server::start(database).await?;
    organisation::enrol(&server.client).await?;
    let (mut acknowledged, mut total) = (0, Check::default());
    for round in 1..=args.kills {
        let first = ledger.sent();
        ledger.reopen();
        let mut writers = writers::start(&server.client, &ledger);
        tokio::time::sleep(Duration::from_millis(random.random_range(50..400))).await;
        server.kill()?;
        ledger.close();
        while let Some(writer) = writers.join_next().await {
            writer??;
        }
        // All of the rounds before were sent again and are acknowledged.
        acknowledged += ledger.acknowledged() - first;
        server = Server::start(database).await?;
        total += ledger.check(&server.client, first..ledger.sent()).await?;
        if round % 10 == 0 {
            println!("{round} servers killed, {acknowledged} interactions acknowledged, {} missing", total.missing);
        }
    }
    total += ledger.check(&server.client, 0..ledger.sent()).await?;
    let mut figures = Figures::of(args.kills, &ledger, acknowledged, &total);
    figures.counted = ledger::count(&server.client).await?;
    server.kill()?;
    figures.changes = changes(database).await?;
    Ok(figures)
}

impl Figures {
    fn of(interruptions: u64, ledger: &Ledger, acknowledged: u64, check: &Check) -> Self {
        Self {
            interruptions,
            sent: ledger.sent(),
            acknowledged,
            unanswered_kept: check.unanswered_kept,
            unanswered_lost: check.unanswered_lost,
            missing: check.missing,
            twice: check.twice,
            counted: 0,
            changes: 0,
        }
    }
}

/// Rows of the sequence of changes that belong to an interaction, which no call tells.
async fn changes(database: &Fresh) -> anyhow::Result<u64> {
    let sql = "SELECT count(*) FROM interaction_change c JOIN interaction i ON i.id = c.interaction_id";
    let count: i64 = match database.database()? {
        Database::Postgres(url) => sqlx::query_scalar(sql).fetch_one(&mut PgConnection::connect(&url).await?).await?,
        Database::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path);
            let mut connection = SqliteConnection::connect_with(&options).await?;
            sqlx::query_scalar(sql).fetch_one(&mut connection).await?
        }
    };
    Ok(u64::try_from(count)?)
}
