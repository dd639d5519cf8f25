//! The disk fails, or is full, under an embedded database.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{Load, Task};
use crate::{
    checks,
    inject::{self, EIO, ENOSPC, Fault},
    ledger::Ledger,
    operations, organisation,
    places::Place,
    process::{RECOVERY, Server, With},
};

async fn injected_server(place: &Place) -> anyhow::Result<Server> {
    Server::start_with(place, With { inject: true, ..With::default() }).await
}

/// One commit fails, one call is refused, and what is acknowledged after that must survive the server's death.
pub(super) async fn one_failed_commit(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut server = injected_server(&place).await?;
    organisation::enrol(&server.client).await?;
    let mut answers = Vec::new();
    // Numbers of which the kind is known: 0 to 6 record, 7 is refused.
    for n in 0..5 {
        answers.push((n, operations::send(&server.client, n).await?));
    }
    inject::arm(&server.control, Fault { operation: "sync", errno: EIO, count: 1, every: 1 })?;
    let failed = operations::send(&server.client, 5).await;
    ensure!(inject::injected(&server.control) == 1, "nothing was injected: is the library loaded?");
    let told = failed.err().map(|status| status.code());
    ensure!(told == Some(tonic::Code::Unavailable), "the failed commit was answered {told:?}");
    ensure!(operations::send(&server.client, 7).await? == "refused", "the refused call is not refused");
    for n in (16..16 + task.size * 16).filter(|n| operations::is_recording(*n)).take(usize::try_from(task.size)?) {
        answers.push((n, operations::send(&server.client, n).await?));
    }
    server.kill()?;
    let mut server = Server::start(&place).await?;
    for (n, answer) in &answers {
        ensure!(operations::send(&server.client, *n).await? == *answer, "recording {n} is gone");
    }
    server.terminate().await?;
    Ok(format!("{} acknowledged, all there", answers.len()))
}

/// Errors at every kind of call, all through a load; the server lives on.
pub(super) async fn errors_at_every_call(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let server = injected_server(&place).await?;
    let load = Load::start(&place, &server).await?;
    let mut rounds = 0;
    while load.ledger.sent() < task.size {
        let operation = ["sync", "write", "read", "any", "truncate"][random.random_range(0..5)];
        let errno = if random.random_bool(0.5) { EIO } else { ENOSPC };
        let (count, every) = (random.random_range(1..4), random.random_range(1..60));
        inject::arm(&server.control, Fault { operation, errno, count, every })?;
        tokio::time::sleep(Duration::from_millis(random.random_range(20..200))).await;
        rounds += 1;
    }
    inject::disarm(&server.control)?;
    let injected = inject::injected(&server.control);
    let ledger = load.stop().await;
    server.becomes(true, RECOVERY).await?;
    let refused = ledger.refused();
    // Killed, so that what stood in memory alone is seen to be gone.
    let mut server = server;
    server.kill()?;
    let server = Server::start(&place).await?;
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!(
        "{injected} errors in {rounds} rounds, {acknowledged} of {} acknowledged, told {refused}",
        ledger.sent()
    ))
}

/// No room for a while: writes are refused, readiness says so, and both recover.
pub(super) async fn full_disk(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let server = injected_server(&place).await?;
    let mut load = Load::start(&place, &server).await?;
    let mut slowest = Duration::ZERO;
    let mut ledger: Arc<Ledger> = load.ledger.clone();
    for _ in 0..task.size {
        tokio::time::sleep(Duration::from_millis(500)).await;
        inject::arm(&server.control, Fault { operation: "write", errno: ENOSPC, count: u64::MAX / 4, every: 1 })?;
        server.becomes(false, Duration::from_secs(3)).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        ensure!(!server.is_ready(), "ready on a full disk");
        inject::disarm(&server.control)?;
        slowest = slowest.max(server.becomes(true, RECOVERY).await?);
        ledger = load.stop().await;
        load = Load::go_on(&ledger, &server);
    }
    load.stop().await;
    ensure!(server.said().contains("rapport.db"), "the log does not name the file: {}", server.said());
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{acknowledged} acknowledged, ready again after {} ms", slowest.as_millis()))
}
