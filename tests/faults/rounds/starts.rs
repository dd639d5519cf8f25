//! Starts that must not be silent, and starts under odd conditions.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rapport::api::v1::{EraseCustomerRequest, Team, UpsertTeamRequest};

use super::Task;
use crate::{
    inject::WallClock,
    operations, organisation,
    places::{Backend, Place},
    process::{RECOVERY, Server, With, refused_start},
};

/// A database of another program is refused, and nothing in it is changed.
pub(super) async fn foreign_database(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    place.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, what TEXT)").await?;
    place.execute("INSERT INTO orders VALUES (1, 'a box of fruit')").await?;
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'";
    let bytes = || (task.backend == Backend::Sqlite).then(|| std::fs::read(place.sqlite()).unwrap_or_default());
    let (before, said) = (bytes(), refused_start(&place, &[])?);
    ensure!(said.contains("another program") && said.contains("orders"), "it says: {said}");
    ensure!(before == bytes(), "the file was changed");
    if task.backend == Backend::Postgres {
        ensure!(place.number(tables).await? == 1, "a table was made");
    }
    Ok("refused, untouched".to_owned())
}

/// A database of a newer version is refused in words.
pub(super) async fn newer_schema(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    Server::start(&place).await?.terminate().await?;
    place.execute("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)").await?;
    let said = refused_start(&place, &[])?;
    ensure!(said.contains("newer version") && said.contains("m9999_future"), "it says: {said}");
    ensure!(said.matches("m9999_future").count() == 1, "it says the same several times: {said}");
    Ok("refused, and says why".to_owned())
}

/// Without the key by which erased customers are recognised the server does not start, unless told to by name.
pub(super) async fn lost_master_key(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut server = Server::start(&place).await?;
    // Of operation 11 a customer is made.
    operations::send(&server.client, 11).await?;
    let request = EraseCustomerRequest {
        request_id: "erase".to_owned(),
        customer_id: "guest-11".to_owned(),
        reason: "as asked".to_owned(),
    };
    server.client.privacy.erase_customer(request).await?;
    server.terminate().await?;
    let key = place.file("keys/master.keys");
    std::fs::rename(&key, place.file("kept"))?;
    let said = refused_start(&place, &[])?;
    ensure!(said.contains("--accept-new-master-key"), "it says: {said}");
    ensure!(!key.exists(), "a new key was made");
    let accepting = With { arguments: vec!["--accept-new-master-key"], ..With::default() };
    Server::start_with(&place, accepting).await?.terminate().await?;
    Server::start(&place).await?.terminate().await?;
    Ok("refused, accepted by name".to_owned())
}

/// A server waits for its database, and says for which and why.
pub(super) async fn database_down(task: Task) -> anyhow::Result<String> {
    let mut place = Place::new(task.backend)?;
    place.cluster()?.crash()?;
    let mut server = Server::launch(&place, With::default())?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let said = server.said();
    let host = format!("127.0.0.1:{}", place.cluster()?.port());
    ensure!(said.contains(&host) && said.contains("refused"), "it says: {said}");
    if let Some(cluster) = &mut place.cluster {
        cluster.recover()?;
    }
    let begun = Instant::now();
    server.answers().await?;
    let waited = begun.elapsed();
    ensure!(waited < RECOVERY, "it answers only after {waited:?}");
    server.terminate().await?;
    Ok(format!("answers {} ms after the database does", waited.as_millis()))
}

fn at_clock(ahead: i64) -> anyhow::Result<With> {
    let clock = WallClock::new()?;
    clock.step_to(ahead)?;
    Ok(With { clock: Some(clock), ..With::default() })
}

/// A clock three days ahead at one boot: what was asked before is remembered all the same.
pub(super) async fn clock_ahead(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut server = Server::start(&place).await?;
    let request = UpsertTeamRequest {
        request_id: "once".to_owned(),
        team: Some(Team { team_id: "t".to_owned(), ..Default::default() }),
        ..Default::default()
    };
    let first = server.client.directory.upsert_team(request.clone()).await?.into_inner();
    server.terminate().await?;
    for _ in 0..2 {
        let mut server = Server::start_with(&place, at_clock(259_200)?).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        ensure!(server.is_ready(), "it does not start: {}", server.said());
        server.terminate().await?;
    }
    let mut server = Server::start(&place).await?;
    let again = server.client.directory.upsert_team(request).await?.into_inner();
    ensure!(
        first.outcome() == again.outcome(),
        "the retry was done anew: {:?}, then {:?}",
        first.outcome(),
        again.outcome()
    );
    server.terminate().await?;
    Ok("the retry is answered as the first time".to_owned())
}

/// A clock before 1970: the start is refused in words, rather than that every answer panics.
pub(super) async fn clock_before_1970(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    for _ in 0..2 {
        let started = Server::start_with(&place, at_clock(-1_900_000_000)?).await;
        let refused = started.err().map(|error| error.to_string());
        ensure!(refused.as_ref().is_some_and(|said| said.contains("clock is before 1970")), "it says {refused:?}");
        // Not for want of a schema.
        Server::start(&place).await?.terminate().await?;
    }
    Ok("refused in words".to_owned())
}

/// Too few files may be open: calls go on, and the server recovers from the connections it could not take.
pub(super) async fn few_files(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut server = Server::start_with(&place, With { files: Some(64), ..With::default() }).await?;
    organisation::enrol(&server.client).await?;
    let address = server.endpoint.trim_start_matches("http://").to_owned();
    let idle: Vec<_> = (0..200).map_while(|_| std::net::TcpStream::connect(&address).ok()).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let held = idle.len();
    operations::send(&server.client, 0).await?;
    drop(idle);
    tokio::time::sleep(Duration::from_secs(1)).await;
    operations::send(&server.client, 1).await?;
    server.becomes(true, RECOVERY).await?;
    server.terminate().await?;
    Ok(format!("{held} connections held open beside it"))
}
