//! Servers are killed while timers fire: two that share a PostgreSQL, in turns, or the one before its SQLite.

use std::time::{Duration, Instant};

use anyhow::ensure;
use prost_types::Timestamp;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{Commitment, MakeCommitmentRequest},
    cli::client::Client,
    clock::Clock,
};

use super::Task;
use crate::{
    organisation,
    places::{Backend, Place},
    process::Server,
};

/// Commitments made around each kill.
const PROMISES: usize = 8;
/// Between two looks of a server, and what the machine takes for it.
const IN_TIME: Duration = Duration::from_secs(2);

/// SIGKILL at random moments while commitments are made, reminded of and broken: each step comes once, and none later than the
/// time without a server and two seconds.
pub(super) async fn killed_while_timers_fire(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let mut servers = vec![Server::start(&place).await?];
    if task.backend == Backend::Postgres {
        servers.push(Server::start(&place).await?);
    }
    organisation::enrol(&servers[0].client).await?;
    let (mut acknowledged, mut longest) = (0, Duration::ZERO);
    for _ in 0..task.size {
        let victim = random.random_range(0..servers.len());
        for _ in 0..PROMISES {
            let maker = random.random_range(0..servers.len());
            let due = Duration::from_millis(random.random_range(700..2_500));
            acknowledged += i64::from(promise(&servers[maker].client, due).await.is_ok());
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..900))).await;
        servers[victim].kill()?;
        let begun = Instant::now();
        tokio::time::sleep(Duration::from_millis(random.random_range(0..300))).await;
        servers[victim] = Server::start(&place).await?;
        // Where another server runs, nothing is an outage.
        if servers.len() == 1 {
            longest = longest.max(begun.elapsed());
        }
    }
    let begun = Instant::now();
    while place.number("SELECT count(*) FROM commitment WHERE state = 1").await? > 0 {
        ensure!(begun.elapsed() < Duration::from_secs(30), "promises are open after they were due");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let made = place.number("SELECT count(*) FROM commitment").await?;
    ensure!(made >= acknowledged, "{acknowledged} promises were acknowledged, and {made} are there");
    for (kind, name, most_only) in [(1, "made", false), (2, "reminded of", true), (3, "broken", false)] {
        let times =
            format!("(SELECT count(*) FROM commitment_event e WHERE e.commitment_id = c.id AND e.kind = {kind})");
        let wrong = if most_only { format!("{times} > 1") } else { format!("{times} <> 1") };
        let wrong = place.number(&format!("SELECT count(*) FROM commitment c WHERE {wrong}")).await?;
        ensure!(wrong == 0, "{wrong} of {made} promises were not {name} once");
    }
    let reminded = place.number("SELECT count(*) FROM commitment_event WHERE kind = 2").await?;
    let latest = place.number("SELECT max(late_by) FROM commitment_event").await?;
    let latest = Duration::from_micros(u64::try_from(latest)?);
    ensure!(latest <= longest + IN_TIME, "a step came {latest:?} late, and no outage was longer than {longest:?}");
    for server in &mut servers {
        server.terminate().await?;
    }
    Ok(format!(
        "{acknowledged} promises acknowledged, {made} broken once, {reminded} reminders; at most {} ms late, outages to {} ms",
        latest.as_millis(),
        longest.as_millis()
    ))
}

async fn promise(client: &Client, due: Duration) -> Result<(), tonic::Status> {
    let at = Clock::system().now_micros() + i64::try_from(due.as_micros()).unwrap_or_default();
    let nanos = i32::try_from(at % 1_000_000 * 1_000).unwrap_or_default();
    let commitment = Commitment {
        what: "a new one".to_owned(),
        customer_id: "customer-1".to_owned(),
        owner_staff_id: "agent-1".to_owned(),
        due_time: Some(Timestamp { seconds: at / 1_000_000, nanos }),
        remind_before: Some(prost_types::Duration { seconds: 0, nanos: 500_000_000 }),
        ..Commitment::default()
    };
    let request = MakeCommitmentRequest { request_id: uuid::Uuid::new_v4().to_string(), commitment: Some(commitment) };
    client.commitments.clone().make_commitment(request).await.map(drop)
}
