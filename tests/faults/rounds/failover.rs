//! PostgreSQL fails over to its synchronous standby under load.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::ensure;
use rapport::{
    api::v1::{InteractionChangeKind, WatchInteractionsRequest},
    cli::client::Client,
};

use super::{Load, Task};
use crate::{
    checks,
    ledger::Ledger,
    organisation,
    places::Place,
    process::{RECOVERY, Server},
    proxy::Proxy,
};

/// The primary crashes, the standby is promoted, and the load balancer turns to it.
pub(super) async fn crashed_primary(task: Task) -> anyhow::Result<String> {
    let mut told = Vec::new();
    for _ in 0..task.size {
        told.push(fail_over(task, false).await?);
    }
    Ok(told.join("; "))
}

/// The standby hears nothing for a while before: commits must wait for it rather than be acknowledged without it.
pub(super) async fn standby_cut_off_first(task: Task) -> anyhow::Result<String> {
    let mut told = Vec::new();
    for _ in 0..task.size {
        told.push(fail_over(task, true).await?);
    }
    Ok(told.join("; "))
}

async fn fail_over(task: Task, cut_off_first: bool) -> anyhow::Result<String> {
    let mut place = Place::new(task.backend)?;
    let standby = place.cluster()?.synchronous_standby().await?;
    let proxy = Proxy::start(place.cluster()?.port(), task.seed).await?;
    place.url = Some(proxy.url());
    let server = Server::start(&place).await?;
    organisation::enrol(&server.client).await?;
    let seen = Seen::default();
    let watches = seen.watch(&server.client);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let load = Load::go_on(&Arc::new(Ledger::new(&place.directory)?), &server);
    tokio::time::sleep(Duration::from_secs(1)).await;
    if cut_off_first {
        // What is acknowledged from here on would be lost.
        standby.signal("STOP")?;
        tokio::time::sleep(Duration::from_secs(20)).await;
        ensure!(
            load.ledger.last_acknowledged().elapsed() > Duration::from_secs(18),
            "acknowledged without the standby"
        );
        ensure!(!server.is_ready(), "ready although no commit goes through");
    }
    place.cluster()?.crash()?;
    standby.signal("CONT")?;
    server.becomes(false, Duration::from_secs(3)).await?;
    standby.promote()?;
    standby.execute("ALTER SYSTEM RESET synchronous_standby_names").await?;
    standby.execute("SELECT pg_reload_conf()").await?;
    let promoted = Instant::now();
    proxy.turn(standby.port());
    while load.ledger.last_acknowledged() < promoted {
        ensure!(promoted.elapsed() < RECOVERY, "no write goes through within {RECOVERY:?} of the promotion");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let writing = promoted.elapsed();
    server.becomes(true, RECOVERY).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ledger = load.stop().await;

    let recorded = ledger.recorded();
    tokio::time::sleep(Duration::from_secs(1)).await;
    drop(watches);
    let times = |id: &String| seen.lock().get(id).copied().unwrap_or(0);
    let wrong = recorded.iter().filter(|id| times(id) != 1).count();
    ensure!(wrong == 0, "of {} recorded interactions the watches told {wrong} not once", recorded.len());
    let acknowledged = checks::all(&place, server, &ledger).await?;
    Ok(format!("{acknowledged} acknowledged, writing {} ms after the promotion, watch gapless", writing.as_millis()))
}

/// How often the watches of all teams have told of each recorded interaction.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<BTreeMap<String, u64>>>);

impl Seen {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches every team, and comes back by cursor whatever happens.
    fn watch(&self, client: &Client) -> tokio::task::JoinSet<()> {
        let mut watches = tokio::task::JoinSet::new();
        for team in 0..organisation::TEAMS {
            watches.spawn(watch_team(client.clone(), format!("team-{team}"), self.clone()));
        }
        watches
    }
}

async fn watch_team(client: Client, team_id: String, seen: Seen) {
    let mut resume_cursor = String::new();
    loop {
        let (team_id, resume_from) = (team_id.clone(), resume_cursor.clone());
        let request = WatchInteractionsRequest { team_id, resume_cursor: resume_from, ..Default::default() };
        if let Ok(answer) = client.interactions.clone().watch_interactions(request).await {
            let mut events = answer.into_inner();
            while let Ok(Some(message)) = events.message().await {
                resume_cursor = message.resume_cursor;
                let event = message.event.filter(|event| event.kind() == InteractionChangeKind::Recorded);
                if let Some(interaction) = event.and_then(|event| event.interaction) {
                    *seen.lock().entry(interaction.interaction_id).or_default() += 1;
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
