//! Linking interactions to incidents: what is on record portion by portion, each a transaction of a bounded number of statements, and
//! what comes in the transaction that records it. Taking a declaration back goes the same way.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _, entity::prelude::*,
    sea_query::ExprTrait as _,
};

use super::{
    entity::incident::{Column, Entity, Model},
    store::{GO_ON, rule},
    telling,
};
use crate::{
    api::v1::IncidentState,
    clock::Micros,
    error::Result,
    interaction::{
        reactions::Fresh,
        rule::Rule,
        store::{self as interactions, incident::Member},
    },
    rating,
    store::{Abort, Store, Stored, Tx, sequence},
    timer::{self, Due, Handler, Kind},
};

/// Interactions, or customers, of a portion.
const PORTION: u64 = 2_000;
/// So much longer than a portion took others may write before the next: those who record keep four fifths of the time.
const LEAVE: u32 = 4;
/// And no longer than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// After which another server goes on, in microseconds.
const PATIENCE: Micros = 5_000_000;

/// A condition in SQL: whether any incident waits for what comes.
pub(crate) const HITTING: &str = "EXISTS (SELECT 1 FROM incident WHERE state IN (1, 2))";

/// The timers of incidents.
pub(super) const TIMERS: Handler = Handler {
    kind: Kind::Incident,
    lock: |tx, store| Box::pin(sequence::take(tx, store.clock(), sequence::RATINGS, 1)),
    fire,
};

fn fire(tx: &Tx, due: Due) -> BoxFuture<'_, Result<(), Abort>> {
    Box::pin(async move { advance(tx, due.now, due.subject).await.map(|_| ()) })
}

/// Does what there is to do for an incident, until that is done or fails; another server goes on then.
pub(super) async fn run(store: Store, id: Uuid) {
    loop {
        let runner = store.clone();
        let advanced = store.transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                let now = rating::store::lock(tx, &store).await?;
                // Waiting for the lock keeps nobody from writing.
                let begun = Instant::now();
                Ok((advance(tx, now, id).await?, begun.elapsed()))
            })
        });
        match advanced.await {
            Ok((true, took)) => tokio::time::sleep((took * LEAVE).min(LONGEST_PAUSE)).await,
            Ok((false, _)) => return,
            Err(error) => {
                tracing::warn!(%error, incident_id = %id, "linking an incident");
                return;
            }
        }
    }
}

/// Does a portion of what there is to do for an incident; whether there is more. Needs the lock of the ratings, since `now`.
async fn advance(tx: &Tx, now: Micros, id: Uuid) -> Result<bool, Abort> {
    let Some(mut one) = Entity::find_by_id(id).lock_exclusive().one(tx).await? else { return Ok(false) };
    let more = match one.state.0 {
        IncidentState::Linking => {
            link(tx, now, &mut one).await?;
            true
        }
        IncidentState::Cancelled => unlink(tx, &mut one).await?,
        IncidentState::Open | IncidentState::Resolved => telling::advance(tx, &mut one, (PORTION, now)).await?,
        IncidentState::Unspecified => false,
    };
    one.into_active_model().reset_all().update(tx).await?;
    timer::set(tx, Kind::Incident, id, [(GO_ON, more.then_some(now + PATIENCE))]).await?;
    Ok(more)
}

async fn link(tx: &Tx, now: Micros, one: &mut Model) -> Result<(), Abort> {
    let after = one.linked_until.zip(one.linked_until_id);
    let rule = rule(one)?;
    match interactions::incident::link_next(tx, (one.id, &rule), after, (PORTION, now)).await? {
        Some((place, linked)) => {
            let span = (after.map_or(rule.from, |(from, _)| from), place.0);
            let is_member = |interaction| interactions::incident::membership(one.id, interaction);
            one.moved_count += rating::store::into_incident(tx, is_member, span).await?;
            one.linked_count += linked;
            (one.linked_until, one.linked_until_id) = (Some(place.0), Some(place.1));
        }
        None => {
            let state = if one.resolved_at.is_some() { IncidentState::Resolved } else { IncidentState::Open };
            one.state = Stored(state);
        }
    }
    Ok(())
}

async fn unlink(tx: &Tx, one: &mut Model) -> Result<bool, Abort> {
    let members = interactions::incident::some_of(tx, one.id, PORTION).await?;
    if members.is_empty() {
        return Ok(false);
    }
    one.moved_count -= rating::store::out_of_incident(tx, &members).await?;
    one.linked_count -= i64::try_from(members.len()).unwrap_or(i64::MAX);
    interactions::incident::unlink(tx, members).await?;
    Ok(true)
}

/// Links interactions that are being recorded to the incidents that wait for them: to the one that was declared first of several.
pub(crate) async fn of_fresh(tx: &Tx, store: &Store, (fresh, now): (Vec<Fresh>, Micros)) -> Result<(), Abort> {
    let open = Column::State.is_in([IncidentState::Linking, IncidentState::Open].map(Stored));
    let mut incidents: Vec<(Model, Rule)> = Vec::new();
    for one in Entity::find().filter(open).all(tx).await? {
        let rule = rule(&one)?;
        incidents.push((one, rule));
    }
    incidents.sort_by_key(|(one, _)| one.id);
    let mut taken = HashSet::new();
    let mut hits = Vec::new();
    for (incident, rule) in incidents {
        let hit: Vec<&Fresh> =
            fresh.iter().filter(|one| !taken.contains(&one.id) && rule.hits(&one.facts, one.occurred_at)).collect();
        if hit.is_empty() {
            continue;
        }
        taken.extend(hit.iter().map(|one| one.id));
        let linked = i64::try_from(hit.len()).unwrap_or(i64::MAX);
        let counted = Entity::update_many().col_expr(Column::LinkedCount, Expr::col(Column::LinkedCount).add(linked));
        counted.filter(Column::Id.eq(incident.id)).exec(tx).await?;
        hits.push((incident, hit));
    }
    let links = hits
        .iter()
        .flat_map(|(incident, hit)| hit.iter().map(|one| interactions::incident::linked(one.id, incident.id, now)));
    interactions::incident::link(tx, links.collect()).await?;
    // The lock of notices comes after those of incidents, as where portions are linked.
    for (incident, hit) in &hits {
        let members = hit.iter().map(|one| Member::of(one.id, &one.facts)).collect();
        telling::of_fresh(tx, store, incident.id, members).await?;
    }
    Ok(())
}
