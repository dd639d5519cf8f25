//! Whether figures cost the same however many ratings there are.
//!
//! `cargo run --release --example scorecard -- [--few 20000] [--many 2000000] [--database-url postgres://...] [--json]
//! 2> /dev/null`
//!
//! One run on a new database: an organisation of 20 teams and 200 colleagues, its ratings spread over 60 days. Scorecards by
//! every unit are asked for when there are few ratings, and again when there are many. Only the ratios carry over.

#![allow(clippy::disallowed_macros, reason = "it prints figures of its own")]

#[allow(dead_code, reason = "what other examples need besides")]
#[path = "../support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Parser;
use futures::{StreamExt as _, TryStreamExt as _};
use prost_types::Timestamp;
use rapport::{
    api::v1::{
        BatchRecordInteractionsRequest, BatchSubmitRatingsRequest, GetScorecardRequest, Rating, Role, ScorecardUnit,
        SubmitRatingRequest, record_item_result::Result as Recorded, submit_rating_result::Result as Submitted,
    },
    cli::client::{Client, explain},
    clock::Clock,
    server,
};
use serde::Serialize;
use support::{databases::Databases, organisation};

const BATCH: u64 = 500;
/// Batches under way at once.
const UNDER_WAY: usize = 4;
const DAYS: i64 = 60;
/// Times that each scorecard is asked for.
const REPEAT: usize = 25;

const UNITS: [ScorecardUnit; 8] = [
    ScorecardUnit::Organization,
    ScorecardUnit::Team,
    ScorecardUnit::Staff,
    ScorecardUnit::Role,
    ScorecardUnit::Channel,
    ScorecardUnit::Kind,
    ScorecardUnit::Topic,
    ScorecardUnit::Template,
];

/// Measures scorecards over few ratings and over many.
#[derive(Parser)]
struct Args {
    /// PostgreSQL database next to which a new one is created and dropped; without it SQLite is measured
    #[arg(long)]
    database_url: Option<String>,

    /// Ratings at the first measurement
    #[arg(long, default_value_t = 20_000)]
    few: u64,

    /// Ratings at the second
    #[arg(long, default_value_t = 2_000_000)]
    many: u64,

    /// Print one JSON object as the last line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    unit: String,
    few_ms: f64,
    many_ms: f64,
    ratio: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let databases = Databases::new(args.database_url.clone())?;
    let database = databases.create("scorecard").await?;
    let running = server::start(database.config()?, Clock::system()).await?;
    let token = running.authenticator().sign(Role::App, "scorecard", &[], Duration::from_secs(80_000))?;
    let client = Client::lazy(&format!("http://{}", running.address()), &token)?;
    organisation::enrol(&client).await?;

    rate(&client, 0, args.few).await?;
    let few = measure(&client, args.few).await?;
    rate(&client, args.few, args.many).await?;
    let many = measure(&client, args.many).await?;
    let lines: Vec<Line> = UNITS
        .iter()
        .zip(few.into_iter().zip(many))
        .map(|(unit, (few_ms, many_ms))| Line {
            unit: unit.as_str_name().trim_start_matches("SCORECARD_UNIT_").to_lowercase(),
            few_ms,
            many_ms,
            ratio: many_ms / few_ms,
        })
        .collect();
    println!("{:<14}{:>16}{:>16}{:>8}", "median ms", args.few, args.many, "ratio");
    for line in &lines {
        println!("{:<14}{:>16.2}{:>16.2}{:>8.2}", line.unit, line.few_ms, line.many_ms, line.ratio);
    }
    if args.json {
        println!("{}", serde_json::to_string(&lines)?);
    }
    running.stop().await?;
    databases.remove(database).await?;
    let worst = lines.iter().map(|line| line.ratio).fold(0.0, f64::max);
    ensure!(worst <= 2.0, "a scorecard takes {worst:.2} times as long over many ratings");
    Ok(())
}

/// Records interactions and their ratings, from one number to another.
async fn rate(client: &Client, from: u64, to: u64) -> anyhow::Result<()> {
    let batches =
        (from..to).step_by(BATCH as usize).map(|first| rate_batch(client.clone(), first..(first + BATCH).min(to)));
    futures::stream::iter(batches).buffer_unordered(UNDER_WAY).try_collect::<Vec<()>>().await?;
    Ok(())
}

async fn rate_batch(client: Client, numbers: std::ops::Range<u64>) -> anyhow::Result<()> {
    let requests: Vec<_> = numbers.clone().map(request).collect::<anyhow::Result<_>>()?;
    let ended: Vec<_> = requests.iter().map(|one| one.interaction.as_ref().and_then(|one| one.ended_time)).collect();
    let mut interactions = client.interactions.clone();
    let answer = interactions.batch_record_interactions(BatchRecordInteractionsRequest { requests }).await;
    let recorded = answer.map_err(|status| explain(&status))?.into_inner().results;
    let ratings = numbers.zip(recorded).zip(ended).map(|((number, recorded), ended)| {
        let Some(Recorded::Recorded(recorded)) = recorded.result else { anyhow::bail!("not recorded: {recorded:?}") };
        let rating = Rating {
            interaction_id: recorded.interaction_id,
            template_id: "csat".to_owned(),
            score: [5, 5, 5, 4, 4, 3, 1][number as usize % 7],
            answered_time: ended.map(|ended| Timestamp { seconds: ended.seconds + 60, ..ended }),
            ..Default::default()
        };
        Ok(SubmitRatingRequest { request_id: format!("rating-{number}"), rating: Some(rating) })
    });
    let requests = ratings.collect::<anyhow::Result<_>>()?;
    let mut ratings = client.ratings.clone();
    let answer = ratings.batch_submit_ratings(BatchSubmitRatingsRequest { requests }).await;
    let results = answer.map_err(|status| explain(&status))?.into_inner().results;
    let failed = results.into_iter().find(|one| !matches!(one.result, Some(Submitted::Submitted(_))));
    failed.map_or(Ok(()), |failed| anyhow::bail!("not taken: {failed:?}"))
}

/// An interaction of the organisation, on one of the days.
fn request(number: u64) -> anyhow::Result<rapport::api::v1::RecordInteractionRequest> {
    let mut request = organisation::request(number);
    let interaction = request.interaction.as_mut().context("no interaction")?;
    // From a second each to every day in turn.
    let shift = i64::try_from(number)? % DAYS * 86_400 - i64::try_from(number)? + i64::try_from(number)? % 80_000;
    for time in [&mut interaction.requested_time, &mut interaction.connected_time, &mut interaction.ended_time] {
        *time = time.map(|time| Timestamp { seconds: time.seconds + shift, ..time });
    }
    Ok(request)
}

/// Median time of each scorecard, in milliseconds.
async fn measure(client: &Client, ratings: u64) -> anyhow::Result<Vec<f64>> {
    let mut medians = Vec::new();
    for unit in UNITS {
        let mut laps = Vec::new();
        for _ in 0..REPEAT {
            let begun = Instant::now();
            let request = GetScorecardRequest { unit: unit.into(), ..Default::default() };
            let card = client.ratings.clone().get_scorecard(request).await.map_err(|status| explain(&status))?;
            laps.push(begun.elapsed().as_secs_f64() * 1e3);
            let answered: i64 = card.into_inner().groups.iter().map(|group| group.answered).sum();
            ensure!(answered == i64::try_from(ratings)?, "{unit:?} counts {answered} of {ratings} ratings");
        }
        laps.sort_unstable_by(f64::total_cmp);
        medians.push(laps[REPEAT / 2]);
    }
    Ok(medians)
}
