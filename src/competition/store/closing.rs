//! Closing the vote, revising its result, and letting it stand. Whoever comes first does it; whoever comes later finds it done.

use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use sea_orm::{ActiveValue::Set, Condition, QueryFilter as _, QuerySelect as _, entity::prelude::*};

use super::{
    super::{
        Form,
        ballot::{chosen_mark, ranked_mark},
        chain::{Body, Outcome},
        entity::{ballot, competition, voter},
        manifest::{Manifest, sums_hash},
        result::{Basis, Fraction, placings},
        secrets::{Purpose, hex},
        tally::{Sums, outcomes},
        terms::Rules,
    },
    Actor, Locked, add_link, announce_change, destroy_ballots, lock,
    opening::seed_of,
    reminders,
    results::{keep_sums, raise_flags, sums_of},
    rows,
};
use crate::{
    api::v1::{AuditAction, CompetitionState, Role},
    error::{Error, Result},
    interaction::Micros,
    rating::shrunken_team_means,
    store::{Abort, Store, Tx, audit},
    vault::Vault,
};

/// Who closes at the deadline, in the audit trail.
const SERVER: &str = "rapport";

/// Competitions for which something is due, at the latest by now: to be closed, or to stand.
pub(crate) async fn due(store: &Store) -> Result<Vec<Uuid>> {
    let now = store.clock().now_micros();
    let due = |state: CompetitionState, at: competition::Column| {
        Condition::all().add(competition::Column::State.eq(state as i16)).add(at.lte(now))
    };
    let due = Condition::any()
        .add(due(CompetitionState::Voting, competition::Column::VotingDeadline))
        .add(due(CompetitionState::Closed, competition::Column::DisputeUntil));
    let query = competition::Entity::find().select_only().column(competition::Column::Id).filter(due);
    Ok(query.into_tuple().all(store.reader()).await?)
}

/// Does what is due for a competition: closes it at its deadline, lets its result stand after the dispute window.
///
/// # Errors
/// [`Error::MasterKeyMissing`], [`Error::StoreUnavailable`].
pub(crate) async fn keep_time(store: &Store, vault: &Vault, id: Uuid) -> Result<()> {
    close(store, vault, None, id).await?;
    let (store, vault) = (store.clone(), vault.clone());
    let work = store.clone();
    work.transact(move |tx| {
        let (store, vault) = (store.clone(), vault.clone());
        Box::pin(async move { finish(tx, (&store, &vault), id).await })
    })
    .await
}

/// Closes the vote: before its deadline if somebody asks, else only after it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VotingNotOpen`], [`Error::MasterKeyMissing`].
pub(crate) async fn close(store: &Store, vault: &Vault, early: Option<Actor>, id: Uuid) -> Result<()> {
    let found = super::find(store.reader(), id).await?.ok_or(Error::NotFound("competition"))?;
    let means = match &found.competition.announced.rules.blend_days {
        Some((first, last)) => shrunken_team_means(store, (first, last)).await?,
        None => BTreeMap::new(),
    };
    let (store, vault) = (store.clone(), vault.clone());
    let work = store.clone();
    let closed = work.transact(move |tx| {
        let (store, vault, early, means) = (store.clone(), vault.clone(), early.clone(), means.clone());
        Box::pin(async move { close_in(tx, (&store, &vault), early.as_ref(), id, &means).await })
    });
    if closed.await? {
        // Ballots and their key stood in it.
        work.forget().await;
    }
    Ok(())
}

/// Gives whether it was done here.
async fn close_in(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    early: Option<&Actor>,
    id: Uuid,
    means: &BTreeMap<String, i64>,
) -> Result<bool, Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let competition = &locked.competition;
    match (competition.state, early) {
        (CompetitionState::Voting, Some(_)) => {}
        (CompetitionState::Voting, None) if competition.is_overdue_at(now) => {}
        // Somebody was quicker.
        (CompetitionState::Closed | CompetitionState::Final, _) | (_, None) => return Ok(false),
        (CompetitionState::Unspecified | CompetitionState::Submitting | CompetitionState::Cancelled, Some(_)) => {
            return Err(Error::VotingNotOpen.into());
        }
    }
    let deadline = competition.announced.voting_deadline;
    let closed_at = now.min(deadline);
    let rules = &competition.announced.rules;
    let dispute_until = closed_at + rules.dispute_window;

    let (sums, unreadable) = count(tx, vault, &locked).await?;
    let entries = manifest_of(&locked)?.competing();
    let teams: BTreeSet<String> = entries.iter().map(|entry| entry.team.clone()).collect();
    let outcomes = if rules.blend_bp > 0 { outcomes(&teams, means) } else { BTreeMap::new() };
    let secret = locked.secret(vault, Purpose::Secret)?.ok_or_else(|| Error::internal("no secret"))?;
    let result = placings(&Basis {
        rules,
        entries: &entries,
        sums: &sums,
        seed: &seed_of(&locked, &secret)?,
        outcomes: &outcomes,
        disqualified: &BTreeSet::new(),
    });
    let outcome = |(team, value): (String, BigRational)| Outcome { team, value: Fraction::of(&value) };
    let body = Body::Closed {
        closed_at,
        dispute_until,
        unreadable,
        sums_hash: sums_hash(&sums).map_err(Error::internal)?,
        outcomes: outcomes.into_iter().map(outcome).collect(),
        result,
    };
    reminders::forget(tx, id).await?;
    keep_sums(tx, id, &sums).await?;
    raise_flags(tx, id, &entries, &sums).await?;
    destroy_ballots(tx, id).await?;
    let row = competition::ActiveModel {
        id: Set(id),
        state: Set(CompetitionState::Closed as i16),
        revision: Set(competition.revision + 1),
        sealed_ballot_key: Set(None),
        closed_at: Set(Some(closed_at)),
        dispute_until: Set(Some(dispute_until)),
        result_revision: Set(1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    add_link(tx, vault, id, &body).await?;
    announce_change(tx, store, id, CompetitionState::Closed, 1, closed_at).await?;
    let actor = early.map_or((SERVER, Role::Unspecified), |(subject, role)| (subject.as_str(), *role));
    audit::add(tx, now, actor, AuditAction::VotingClosed, &id.to_string(), "", None).await?;
    Ok(true)
}

pub(crate) fn manifest_of(locked: &Locked) -> Result<Manifest> {
    let text = locked.manifest().ok_or_else(|| Error::internal("a competition without a manifest"))?;
    serde_json::from_str(text).map_err(Error::internal)
}

/// Opens all ballots, in memory only, and adds them up; also how many could not be opened, which only happens to a database
/// that somebody altered.
async fn count(tx: &Tx, vault: &Vault, locked: &Locked) -> Result<(Sums, usize), Abort> {
    let id = locked.competition.id;
    let rules = &locked.competition.announced.rules;
    let seal = locked.ballot_seal(vault)?.ok_or_else(|| Error::internal("no ballot key"))?;
    let voters = voter::Entity::find().filter(voter::Column::CompetitionId.eq(id)).all(tx).await?;
    let mut voters: BTreeMap<String, voter::Model> =
        voters.into_iter().map(|row| (seal.slot(&row.pseudonym), row)).collect();
    let ballots = ballot::Entity::find()
        .filter(ballot::Column::CompetitionId.eq(id))
        .filter(ballot::Column::Sealed.is_not_null());
    let (mut sums, mut cast, mut unreadable) = (Sums::default(), BTreeMap::new(), 0);
    for row in ballots.all(tx).await? {
        let voter = voters.remove(&row.slot).map(rows::enrolled).transpose()?;
        let named = voter.as_ref().zip(row.sealed);
        let named = named.map(|(voter, sealed)| seal.open(&voter.pseudonym, row.revision, &sealed));
        let (Some(Ok(named)), Some(voter)) = (named, voter) else {
            unreadable += 1;
            continue;
        };
        let Some(judge) = voter.judge else {
            unreadable += 1;
            continue;
        };
        add(&mut sums, rules, &judge, &voter.panel, &named);
        *cast.entry(judge).or_default() += 1;
    }
    if unreadable > 0 {
        tracing::error!(unreadable, "ballots were altered in the database and are not counted");
    }
    Ok((sums.without_few(rules.method(), &cast), unreadable))
}

/// Adds one ballot.
fn add(sums: &mut Sums, rules: &Rules, judge: &str, panel: &[Uuid], named: &[Uuid]) {
    for entry in panel {
        let place = named.iter().position(|one| one == entry);
        let mark = match rules.form {
            Form::RankedPanel => ranked_mark(panel.len(), named.len(), place.map(|at| at + 1)),
            Form::OpenChoice => chosen_mark(place.is_some()),
        };
        sums.add(judge, &entry.to_string(), mark);
    }
}

/// Lets a result stand once its dispute window is over, and tells the secret behind the competition's chance.
async fn finish(tx: &Tx, (store, vault): (&Store, &Vault), id: Uuid) -> Result<(), Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let competition = &locked.competition;
    if !competition.is_undisputed_at(now) {
        return Ok(());
    }
    let secret = locked.secret(vault, Purpose::Secret)?.ok_or_else(|| Error::internal("no secret"))?;
    let final_at = competition.dispute_until.unwrap_or(now);
    let row = competition::ActiveModel {
        id: Set(id),
        state: Set(CompetitionState::Final as i16),
        revision: Set(competition.revision + 1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    add_link(tx, vault, id, &Body::Final { final_at, secret: hex(&secret) }).await?;
    announce_change(tx, store, id, CompetitionState::Final, competition.result_revision, final_at).await
}

/// Takes teams' places away and publishes the result without them; scores and lots of others stay as they are.
pub(crate) async fn disqualify(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    locked: &Locked,
    now: Micros,
    teams: BTreeSet<String>,
    reason: &str,
) -> Result<(), Abort> {
    let competition = &locked.competition;
    let id = competition.id;
    let mut outcomes = BTreeMap::new();
    let mut disqualified = teams.clone();
    for link in super::links(tx, id).await? {
        match serde_json::from_str::<Body>(&link.body).map_err(Error::internal)? {
            Body::Closed { outcomes: frozen, .. } => {
                for outcome in frozen {
                    outcomes.insert(outcome.team, outcome.value.exact()?);
                }
            }
            Body::Disqualified { teams, .. } => disqualified.extend(teams),
            Body::Opened { .. } | Body::Final { .. } => {}
        }
    }
    let secret = locked.secret(vault, Purpose::Secret)?.ok_or_else(|| Error::internal("no secret"))?;
    let result = placings(&Basis {
        rules: &competition.announced.rules,
        entries: &manifest_of(locked)?.competing(),
        sums: &sums_of(tx, id).await?,
        seed: &seed_of(locked, &secret)?,
        outcomes: &outcomes,
        disqualified: &disqualified,
    });
    let result_revision = competition.result_revision + 1;
    let row = competition::ActiveModel {
        id: Set(id),
        revision: Set(competition.revision + 1),
        result_revision: Set(result_revision),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    let teams = teams.into_iter().collect();
    let body = Body::Disqualified { decided_at: now, teams, reason: reason.to_owned(), result };
    add_link(tx, vault, id, &body).await?;
    announce_change(tx, store, id, CompetitionState::Closed, result_revision, now).await
}
