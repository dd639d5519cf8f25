//! PostgreSQL refuses, hangs, restarts, cuts its connections.

use std::time::Duration;

use anyhow::ensure;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{Load, Task};
use crate::{
    checks,
    ledger::Ledger,
    places::Place,
    process::{RECOVERY, Server},
    proxy::Proxy,
};

/// A place whose servers reach the cluster by way of a proxy.
async fn behind_proxy(task: Task) -> anyhow::Result<(Place, Proxy, String)> {
    let mut place = Place::new(task.backend)?;
    let proxy = Proxy::start(place.cluster()?.port(), task.seed).await?;
    let direct = place.url.replace(proxy.url()).unwrap_or_default();
    Ok((place, proxy, direct))
}

/// Connections cut before and after a statement or COMMIT, and errors in its stead, all through a load.
pub(super) async fn harm_at_every_statement(task: Task) -> anyhow::Result<String> {
    let (mut place, proxy, direct) = behind_proxy(task).await?;
    let server = Server::start(&place).await?;
    let load = Load::start(&place, &server).await?;
    proxy.harm(60);
    while load.ledger.sent() < task.size {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    proxy.harm(0);
    let ledger = load.stop().await;
    server.becomes(true, RECOVERY).await?;
    let (harmed, refused) = (proxy.harmed(), ledger.refused());
    let mut server = server;
    server.kill()?;
    place.url = Some(direct);
    let server = Server::start(&place).await?;
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{harmed} statements harmed, {acknowledged} of {} acknowledged, told {refused}", ledger.sent()))
}

/// A load, an outage, and the load again; gives how long it took to be ready again.
struct Outage {
    place: Place,
    server: Server,
    load: Load,
    slowest: Duration,
}

impl Outage {
    async fn prepare(task: Task) -> anyhow::Result<Self> {
        let place = Place::new(task.backend)?;
        let server = Server::start(&place).await?;
        let load = Load::start(&place, &server).await?;
        Ok(Self { place, server, load, slowest: Duration::ZERO })
    }

    async fn work(&self) {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }

    async fn is_over(&mut self) -> anyhow::Result<()> {
        self.slowest = self.slowest.max(self.server.becomes(true, RECOVERY).await?);
        Ok(())
    }

    async fn end(self) -> anyhow::Result<String> {
        let ledger: std::sync::Arc<Ledger> = self.load.stop().await;
        let acknowledged = checks::all(&self.place, self.server, &ledger).await?;
        let sent = ledger.sent();
        Ok(format!("{acknowledged} of {sent} acknowledged, ready again after {} ms", self.slowest.as_millis()))
    }
}

pub(super) async fn restarted_database(task: Task) -> anyhow::Result<String> {
    let mut outage = Outage::prepare(task).await?;
    for _ in 0..task.size {
        outage.work().await;
        outage.place.cluster()?.crash()?;
        outage.server.becomes(false, Duration::from_secs(5)).await?;
        if let Some(cluster) = &mut outage.place.cluster {
            cluster.recover()?;
        }
        outage.is_over().await?;
    }
    ensure!(outage.server.said().contains("127.0.0.1:"), "the log does not name the host: {}", outage.server.said());
    Box::pin(outage.end()).await
}

pub(super) async fn hung_database(task: Task) -> anyhow::Result<String> {
    let mut outage = Outage::prepare(task).await?;
    for _ in 0..task.size {
        outage.work().await;
        outage.place.cluster()?.signal("STOP")?;
        let noticed = outage.server.becomes(false, Duration::from_secs(12)).await;
        outage.place.cluster()?.signal("CONT")?;
        noticed?;
        outage.is_over().await?;
    }
    Box::pin(outage.end()).await
}

pub(super) async fn read_only_database(task: Task) -> anyhow::Result<String> {
    let mut outage = Outage::prepare(task).await?;
    for _ in 0..task.size {
        outage.work().await;
        let cluster = outage.place.cluster()?;
        cluster.execute("ALTER SYSTEM SET default_transaction_read_only = on").await?;
        cluster.execute("SELECT pg_reload_conf()").await?;
        outage.server.becomes(false, Duration::from_secs(3)).await?;
        cluster.execute_writing("ALTER SYSTEM RESET default_transaction_read_only").await?;
        cluster.execute("SELECT pg_reload_conf()").await?;
        outage.is_over().await?;
    }
    Box::pin(outage.end()).await
}

/// Others hold all connections that the database gives.
pub(super) async fn no_connections(task: Task) -> anyhow::Result<String> {
    let mut outage = Outage::prepare(task).await?;
    for _ in 0..task.size {
        outage.work().await;
        let url = outage.place.cluster()?.url();
        let mut others = Vec::new();
        while others.len() < 60
            && let Ok(other) = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await
        {
            others.push(other);
        }
        // The server's own connections are taken from it; it finds no others.
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rapport'";
        sqlx::Executor::execute(&mut others[0], terminate).await?;
        while let Ok(other) = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await {
            others.push(other);
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(others);
        outage.is_over().await?;
    }
    Box::pin(outage.end()).await
}

/// Backends are terminated at random, in the middle of commits too.
pub(super) async fn terminated_backends(task: Task) -> anyhow::Result<String> {
    let mut random = StdRng::seed_from_u64(task.seed);
    let mut outage = Outage::prepare(task).await?;
    for _ in 0..task.size {
        tokio::time::sleep(Duration::from_millis(random.random_range(5..60))).await;
        let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'rapport'";
        outage.place.cluster()?.execute(terminate).await?;
    }
    outage.is_over().await?;
    Box::pin(outage.end()).await
}

/// Two servers before one database, stopped and started in turns: callers who try again notice nothing.
pub(super) async fn two_servers_rolled(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut servers = [Server::start(&place).await?, Server::start(&place).await?];
    let load = Load::start(&place, &servers[0]).await?;
    let mut slowest = Duration::ZERO;
    for turn in 0..usize::try_from(task.size)? {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let [first, second] = &mut servers;
        let one = if turn % 2 == 0 { second } else { first };
        slowest = slowest.max(one.terminate().await?);
        *one = Server::start(&place).await?;
    }
    let ledger = load.stop().await;
    let [first, mut second] = servers;
    second.terminate().await?;
    drop(first);
    let server = Server::start(&place).await?;
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{acknowledged} of {} acknowledged, a stop took {} ms", ledger.sent(), slowest.as_millis()))
}
