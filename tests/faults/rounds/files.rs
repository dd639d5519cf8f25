//! What becomes of the files of an embedded database behind its back.

use std::time::Duration;

use anyhow::ensure;
use sqlx::Executor as _;

use super::{Load, Task};
use crate::{
    checks, operations,
    places::{self, Place},
    process::{RECOVERY, Server, With, refused_start},
};

/// An operation that records, and that no load comes to.
const RECORDING: u64 = 16_000_000;

/// The write-ahead log is not there any more: the start says so instead of beginning without what was acknowledged.
pub(super) async fn lost_log(task: Task) -> anyhow::Result<String> {
    for _ in 0..task.size {
        let place = Place::new(task.backend)?;
        let mut server = Server::start(&place).await?;
        let load = Load::start(&place, &server).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        load.stop().await;
        // Every erasure empties the log: the last thing acknowledged is a recording.
        operations::send(&server.client, RECORDING).await?;
        server.kill()?;
        let (log, kept) = (place.file("rapport.db-wal"), place.file("kept"));
        ensure!(std::fs::metadata(&log)?.len() > 0, "nothing is in the log");
        std::fs::rename(&log, &kept)?;
        _ = std::fs::remove_file(place.file("rapport.db-shm"));
        let said = refused_start(&place, &[])?;
        for word in ["went back", "rapport.db-wal", "rapport.mark", "--accept-older-database"] {
            ensure!(said.contains(word), "{word:?} is not in: {said}");
        }
        // Put back, everything is there.
        std::fs::rename(&kept, &log)?;
        Server::start(&place).await?.terminate().await?;
        // A stop leaves nothing in the log.
        ensure!(std::fs::metadata(&log).map_or(0, |file| file.len()) == 0, "a stop leaves a log behind");
        Server::start(&place).await?.terminate().await?;
        // An older one is accepted by name, once.
        std::fs::write(place.file("rapport.mark"), format!("{:020}\n", i32::MAX))?;
        refused_start(&place, &[])?;
        let accepting = With { arguments: vec!["--accept-older-database"], ..With::default() };
        Server::start_with(&place, accepting).await?.terminate().await?;
        Server::start(&place).await?.terminate().await?;
    }
    Ok("refused in words, put back, accepted by name".to_owned())
}

/// Another process holds the file: writes are refused in time and in words, and go on after it.
pub(super) async fn locked_file(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let server = Server::start(&place).await?;
    let load = Load::start(&place, &server).await?;
    let mut slowest = Duration::ZERO;
    for _ in 0..task.size {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let mut other = places::open(&place.sqlite()).await?;
        other.execute("PRAGMA busy_timeout = 10000").await?;
        other.execute("BEGIN IMMEDIATE").await?;
        server.becomes(false, Duration::from_secs(10)).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        ensure!(!server.is_ready(), "ready with a locked file");
        other.execute("ROLLBACK").await?;
        slowest = slowest.max(server.becomes(true, RECOVERY).await?);
    }
    let ledger = load.stop().await;
    ensure!(server.said().contains("rapport.db"), "the log does not name the file: {}", server.said());
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{acknowledged} acknowledged, ready again after {} ms", slowest.as_millis()))
}
