//! Servers are killed while callbacks are claimed and rung: two that share a PostgreSQL, in turns, or the one before its SQLite.

use std::time::{Duration, Instant};

use anyhow::ensure;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{
        Callback, ClaimCallbackRequest, DialCallbackRequest, PresenceState, RequestCallbackRequest, SetPresenceRequest,
    },
    cli::client::Client,
};
use uuid::Uuid;

use super::Task;
use crate::{
    organisation,
    places::{Backend, Place},
    process::Server,
};

/// Callbacks claimed around each kill.
const CLAIMS: usize = 4;
/// Colleagues on duty, each for 20 callbacks: more than are claimed in the time of a lease.
const ON_DUTY: usize = 5;
/// The shortest there is.
const LEASE: Duration = Duration::from_secs(10);
/// Between two looks of a server, and what the machine takes for it.
const IN_TIME: Duration = Duration::from_secs(2);

/// SIGKILL at random moments while callbacks are claimed, dialled and given back: each claim lapses once, no later than the time
/// without a server and two seconds, none is dialled twice, and no place in line is lost.
pub(super) async fn killed_while_claims_lapse(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let mut servers = vec![Server::start(&place).await?];
    if task.backend == Backend::Postgres {
        servers.push(Server::start(&place).await?);
    }
    organisation::enrol(&servers[0].client).await?;
    let mut team_id = String::new();
    for colleague in 0..ON_DUTY {
        team_id = on_duty(&servers[0].client, &of_one_team(colleague)).await?;
    }
    let (mut number, mut acknowledged, mut longest) = (0, 0, Duration::ZERO);
    for _ in 0..task.size {
        let victim = random.random_range(0..servers.len());
        for _ in 0..CLAIMS {
            number += 1;
            let caller = &servers[random.random_range(0..servers.len())].client;
            let who = of_one_team(number % ON_DUTY);
            acknowledged += i64::from(claim(caller, (&team_id, &who), number).await.is_ok());
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
    while place.number("SELECT count(*) FROM callback WHERE state IN (2, 3)").await? > 0 {
        ensure!(begun.elapsed() < LEASE + Duration::from_secs(20), "claims hold beyond their lease");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let claimed = place.number("SELECT count(*) FROM callback WHERE fence > 0").await?;
    ensure!(claimed >= acknowledged, "{acknowledged} claims were acknowledged, and {claimed} are there");
    let told = |kind| format!("(SELECT count(*) FROM callback_event e WHERE e.callback_id = c.id AND e.kind = {kind})");
    for (rule, name) in [
        (format!("{} <> c.fence", told(2)), "claimed as often as fenced"),
        (format!("{} <> c.fence", told(7)), "given back once a claim"),
        (format!("{} <> c.attempts OR c.attempts > c.fence", told(3)), "dialled once a claim at most"),
        (format!("{} > 1", told(8)), "breached once at most"),
        ("c.place_at <> c.requested_at OR c.state <> 1".to_owned(), "in line at their old place"),
    ] {
        let wrong = place.number(&format!("SELECT count(*) FROM callback c WHERE {rule}")).await?;
        ensure!(wrong == 0, "{wrong} of {claimed} callbacks are not {name}");
    }
    let dialled = place.number("SELECT count(*) FROM callback_event WHERE kind = 3").await?;
    let latest = place.number("SELECT coalesce(max(late_by), 0) FROM callback_event").await?;
    let latest = Duration::from_micros(u64::try_from(latest)?);
    ensure!(latest <= longest + IN_TIME, "a step came {latest:?} late, and no outage was longer than {longest:?}");
    for server in &mut servers {
        server.terminate().await?;
    }
    Ok(format!(
        "{acknowledged} claims acknowledged, {claimed} given back once, {dialled} dialled once; at most {} ms late, outages to {} ms",
        latest.as_millis(),
        longest.as_millis()
    ))
}

fn of_one_team(number: usize) -> String {
    format!("agent-{}", number * usize::try_from(organisation::TEAMS).unwrap_or_default())
}

/// Gives the team for which they are.
async fn on_duty(client: &Client, staff_id: &str) -> anyhow::Result<String> {
    let request = SetPresenceRequest {
        request_id: Uuid::new_v4().to_string(),
        staff_id: staff_id.to_owned(),
        state: PresenceState::OnDuty.into(),
        capacity: 20,
        valid_for: Some(prost_types::Duration { seconds: 57_600, nanos: 0 }),
    };
    let presence = client.presence.clone().set_presence(request).await?.into_inner().presence;
    Ok(presence.unwrap_or_default().team_id)
}

/// Asks for a callback and claims it; every other one is dialled, once and then again by mistake.
async fn claim(client: &Client, (team_id, who): (&str, &str), number: usize) -> Result<(), tonic::Status> {
    let new = || Uuid::new_v4().to_string();
    let mut callbacks = client.callbacks.clone();
    let callback =
        Callback { contact_point: format!("+8613{number:09}"), team_id: team_id.to_owned(), ..Callback::default() };
    let request = RequestCallbackRequest { request_id: new(), callback: Some(callback) };
    let callback = callbacks.request_callback(request).await?.into_inner().callback.unwrap_or_default();
    let request = ClaimCallbackRequest {
        request_id: new(),
        callback_id: callback.callback_id.clone(),
        staff_id: who.to_owned(),
        lease: Some(prost_types::Duration { seconds: 10, nanos: 0 }),
    };
    let fencing_number = callbacks.claim_callback(request).await?.into_inner().fencing_number;
    for _ in 0..number % 2 * 2 {
        let callback_id = callback.callback_id.clone();
        let request = DialCallbackRequest { request_id: new(), callback_id, fencing_number };
        // The second is refused, and a server may be gone.
        drop(callbacks.dial_callback(request).await);
    }
    Ok(())
}
