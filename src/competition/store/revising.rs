//! Revisions of a result. What was measured at the close stays as it is: only places and prizes are given out anew, which takes no
//! time.

use std::collections::BTreeSet;

use num_rational::BigRational;
use rapport_vote::{
    chain::Body,
    result::{Acceptance, Fraction, Placing, is_provisional, settled},
};
use sea_orm::{ActiveValue::Set, entity::prelude::*};

use super::{super::entity::competition, Actor, Locked, add_link, announce_change, flags::check_disinterest, lock};
use crate::{
    api::v1::AuditAction,
    audit,
    clock::Micros,
    error::{Error, Result},
    store::{Abort, Store, Tx},
    vault::Vault,
};

/// A result as it stands.
struct CurrentResult {
    latest: Vec<Placing>,
    disqualified: BTreeSet<String>,
    acceptance: Acceptance,
}

impl CurrentResult {
    async fn of(tx: &Tx, id: Uuid) -> Result<Self> {
        let mut current = Self { latest: Vec::new(), disqualified: BTreeSet::new(), acceptance: Acceptance::None };
        for link in super::links(tx, id).await? {
            let body: Body = serde_json::from_str(&link.body).map_err(Error::internal)?;
            if let Some(result) = body.result() {
                current.latest = result.to_vec();
            }
            match body {
                Body::Disqualified { teams, .. } => current.disqualified.extend(teams),
                Body::Accepted { .. } => current.acceptance = Acceptance::Accepted,
                Body::Opened { .. } | Body::Extended { .. } | Body::Closed { .. } | Body::Final { .. } => {}
            }
        }
        Ok(current)
    }

    /// Places and prizes anew.
    fn settled(&self, locked: &Locked) -> Result<Vec<Placing>> {
        let measured = self.latest.iter().map(|placing| {
            let result = placing.result.as_ref().map(Fraction::exact).transpose().map_err(Error::internal)?;
            Ok((placing.clone(), result))
        });
        let measured: Vec<(Placing, Option<BigRational>)> = measured.collect::<Result<_>>()?;
        Ok(settled(&locked.competition.announced.rules, measured, &self.disqualified, self.acceptance))
    }
}

/// Publishes a result beside those before; gives its number.
async fn publish(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    locked: &Locked,
    now: Micros,
    body: &Body,
) -> Result<i32, Abort> {
    let competition = &locked.competition;
    let result_revision = competition.result_revision + 1;
    let row = competition::ActiveModel {
        id: Set(competition.id),
        revision: Set(competition.revision + 1),
        result_revision: Set(result_revision),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    add_link(tx, vault, competition.id, body).await?;
    announce_change(tx, store, competition.id, competition.state, result_revision, now).await?;
    Ok(result_revision)
}

/// Takes teams' places away and publishes the result without them.
pub(super) async fn disqualify(
    tx: &Tx,
    by: (&Store, &Vault),
    locked: &Locked,
    now: Micros,
    teams: BTreeSet<String>,
    reason: &str,
) -> Result<(), Abort> {
    let mut current = CurrentResult::of(tx, locked.competition.id).await?;
    current.disqualified.extend(teams.iter().cloned());
    let result = current.settled(locked)?;
    let teams = teams.into_iter().collect();
    let body = Body::Disqualified { decided_at: now, teams, reason: reason.to_owned(), result };
    publish(tx, by, locked, now, &body).await?;
    Ok(())
}

/// Takes a provisional result for good; gives the number of the result with its prizes. `teams`: those of the organiser's token.
///
/// # Errors
/// [`Error::NotFound`], [`Error::ResultNotOut`], [`Error::ReviewerCompetes`], [`Error::ResultNotProvisional`].
pub(crate) async fn accept(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    (actor, teams): (&Actor, &[String]),
    id: Uuid,
    reason: &str,
) -> Result<i32, Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    if !locked.competition.has_result() {
        return Err(Error::ResultNotOut.into());
    }
    check_disinterest(tx, id, &actor.0, teams).await?;
    let mut current = CurrentResult::of(tx, id).await?;
    let is_provisional = is_provisional(&locked.competition.announced.rules, &current.latest);
    if !is_provisional || current.acceptance == Acceptance::Accepted {
        return Err(Error::ResultNotProvisional.into());
    }
    current.acceptance = Acceptance::Accepted;
    let result = current.settled(&locked)?;
    let body = Body::Accepted { accepted_at: now, by: actor.0.clone(), reason: reason.to_owned(), result };
    let revision = publish(tx, (store, vault), &locked, now, &body).await?;
    let who = (actor.0.as_str(), actor.1);
    audit::add(tx, now, who, AuditAction::ResultAccepted, &id.to_string(), reason, None).await?;
    Ok(revision)
}
