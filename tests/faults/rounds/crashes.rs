//! Servers are killed in the middle of their work.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{Load, Task};
use crate::{
    checks,
    ledger::Ledger,
    organisation,
    places::Place,
    process::{Server, With},
};

/// SIGKILL at random moments of recordings, ratings, corrections, consents and erasures, again and again.
pub(super) async fn killed_servers(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let mut server = Server::start(&place).await?;
    organisation::enrol(&server.client).await?;
    let ledger = Arc::new(Ledger::new(&place.directory)?);
    let mut slowest = Duration::ZERO;
    for _ in 0..task.size {
        let load = Load::go_on(&ledger, &server);
        tokio::time::sleep(Duration::from_millis(random.random_range(50..600))).await;
        server.kill()?;
        load.stop().await;
        let begun = Instant::now();
        server = Server::start(&place).await?;
        slowest = slowest.max(begun.elapsed());
    }
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{acknowledged} of {} acknowledged, answering again after {} ms", ledger.sent(), slowest.as_millis()))
}

/// Callers go away at random moments, and what they asked for is done once or not at all; the others notice nothing.
pub(super) async fn calls_given_up(task: Task) -> anyhow::Result<String> {
    const CALLERS: u64 = 16;
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let server = Server::start(&place).await?;
    let load = Load::start(&place, &server).await?;
    let mut leaving = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let (ledger, client, random) = (load.ledger.clone(), server.client.clone(), StdRng::from_rng(&mut random));
        let calls = task.size.div_ceil(CALLERS);
        leaving.spawn(async move { ledger.give_up(&client, calls, random).await });
    }
    while leaving.join_next().await.is_some() {}
    let ledger = load.stop().await;
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{} calls given up, {acknowledged} of {} acknowledged", task.size, ledger.sent()))
}

/// SIGKILL during the first start, while the schema is made.
pub(super) async fn killed_first_starts(task: Task) -> anyhow::Result<String> {
    let mut random = StdRng::seed_from_u64(task.seed);
    for _ in 0..task.size {
        let place = Place::new(task.backend)?;
        for _ in 0..4 {
            let mut server = Server::launch(&place, With::default())?;
            tokio::time::sleep(Duration::from_millis(random.random_range(5..250))).await;
            server.kill()?;
        }
        let server = Server::start(&place).await?;
        let load = Load::start(&place, &server).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let ledger = load.stop().await;
        checks::all(&place, server, &ledger).await?;
    }
    Ok(format!("{} databases, each killed four times", task.size))
}
