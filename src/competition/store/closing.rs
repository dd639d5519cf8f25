//! Closing the vote, revising its result, and letting it stand. The first to come does it; others find it done.
//!
//! To count takes time, which nobody else's writes must wait for: one transaction ends the vote, it is counted outside of any,
//! and another one publishes the result. A vote that has ended and is not counted yet, after a crash for example, is due.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use num_rational::BigRational;
use rapport_vote::{
    Method,
    chain::{Body, Outcome},
    consensus::{
        estimate,
        published::{LastRound, rankings_hash},
    },
    count::{Count, Votes},
    draw::Hash,
    flags::{Flag, Month, consensus_flags, flags},
    hex::hex,
    manifest::{Manifest, sums_hash},
    result::{Basis, Fraction, placings},
    tally::outcomes,
};
use sea_orm::{ActiveValue::Set, Condition, QueryFilter as _, QuerySelect as _, entity::prelude::*};
use tokio::sync::Mutex;

use super::{
    super::{
        entity::{ballot, competition, voter},
        secrets::{BallotSeal, Purpose},
    },
    Actor, Locked, add_link, announce_change, counted, destroy_ballots, extending, lock,
    opening::seed_of,
    reminders,
    results::{Counts, counts_before, keep_flags, keep_sums},
    rows,
};
use crate::{
    api::v1::{AuditAction, CompetitionState, Role},
    audit,
    clock::Micros,
    error::{Error, Result},
    offload,
    rating::shrunken_team_means,
    store::{Abort, Store, Stored, Tx},
    vault::Vault,
};

/// Who closes at the deadline, in the audit trail.
pub(super) const SERVER: &str = "rapport";

/// Competitions for which something is due, at the latest by now: to be counted, or to stand.
pub(crate) async fn due(store: &Store) -> Result<Vec<Uuid>> {
    let now = store.now(store.reader()).await?;
    let in_state = |state: CompetitionState| Condition::all().add(competition::Column::State.eq(Stored(state)));
    let ended = Condition::any()
        .add(competition::Column::VotingDeadline.lte(now))
        .add(competition::Column::ClosedAt.is_not_null());
    let due = Condition::any()
        .add(in_state(CompetitionState::Voting).add(ended))
        .add(in_state(CompetitionState::Closed).add(competition::Column::DisputeUntil.lte(now)));
    let query = competition::Entity::find().select_only().column(competition::Column::Id).filter(due);
    Ok(query.into_tuple().all(store.reader()).await?)
}

/// Closes votes, one at a time in this process: all who ask for a result at the deadline wait for one count.
#[derive(Clone)]
pub(crate) struct Closing {
    store: Store,
    vault: Vault,
    counting: Arc<Mutex<()>>,
}

impl Closing {
    pub(crate) fn new(store: Store, vault: Vault) -> Self {
        Self { store, vault, counting: Arc::default() }
    }

    /// Does what is due for a competition: closes it at its deadline, lets its result stand after the dispute window.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`], [`Error::StoreUnavailable`].
    pub(crate) async fn keep_time(&self, id: Uuid) -> Result<()> {
        Box::pin(self.close(None, id)).await?;
        let this = self.clone();
        let finished = self.store.transact(move |tx| {
            let this = this.clone();
            Box::pin(async move { finish(tx, (&this.store, &this.vault), id).await })
        });
        if finished.await? {
            // Ballots without their voters stood in it.
            self.store.forget().await;
        }
        Ok(())
    }

    /// Closes the vote: before its deadline if somebody asks, else only after it. What was begun and not finished is
    /// finished by [`Self::keep_time`].
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::VotingNotOpen`], [`Error::MasterKeyMissing`].
    pub(crate) async fn close(&self, early: Option<Actor>, id: Uuid) -> Result<()> {
        let _alone = self.counting.lock().await;
        let this = self.clone();
        let ended = self.store.transact(move |tx| {
            let (this, early) = (this.clone(), early.clone());
            Box::pin(async move { end(tx, (&this.store, &this.vault), early.as_ref(), id).await })
        });
        let Some(ended) = ended.await? else { return Ok(()) };
        let uncounted = Uncounted::read(&self.store, &self.vault, ended).await?;
        let counted = offload::run(move || counted(uncounted)).await??;
        let (this, counted) = (self.clone(), Arc::new(counted));
        let published = self.store.transact(move |tx| {
            let (this, counted) = (this.clone(), counted.clone());
            Box::pin(async move { publish(tx, (&this.store, &this.vault), id, &counted).await })
        });
        if published.await? {
            // Ballots and their key stood in it.
            self.store.forget().await;
        }
        Ok(())
    }
}

/// Ends the vote, so that nothing changes any more of what is to be counted. None where there is nothing to count.
async fn end(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    early: Option<&Actor>,
    id: Uuid,
) -> Result<Option<Locked>, Abort> {
    let (mut locked, now) = lock(tx, store, id).await?;
    let competition = &locked.competition;
    match (competition.state, early) {
        (CompetitionState::Voting, Some(_)) => {}
        (CompetitionState::Voting, None) if competition.has_ended_at(now) => {}
        // Somebody was quicker.
        (CompetitionState::Closed | CompetitionState::Final, _) | (_, None) => return Ok(None),
        (CompetitionState::Unspecified | CompetitionState::Submitting | CompetitionState::Cancelled, Some(_)) => {
            return Err(Error::VotingNotOpen.into());
        }
    }
    if competition.closed_at.is_some() {
        return Ok(Some(locked));
    }
    // A vote that cannot be counted goes on.
    locked.secret(vault, Purpose::Secret)?;
    locked.ballot_seal(vault)?;
    if early.is_none() && extending::extend(tx, (store, vault), &locked).await? {
        return Ok(None);
    }
    let competition = &locked.competition;
    let closed_at = now.min(competition.announced.voting_deadline);
    let row = competition::ActiveModel { id: Set(id), closed_at: Set(Some(closed_at)), ..Default::default() };
    competition::Entity::update(row).exec(tx).await?;
    let actor = early.map_or((SERVER, Role::Unspecified), |(subject, role)| (subject.as_str(), *role));
    audit::add(tx, now, actor, AuditAction::VotingClosed, &id.to_string(), "", None).await?;
    locked.competition.closed_at = Some(closed_at);
    Ok(Some(locked))
}

/// An ended vote, with all that its result follows from.
struct Uncounted {
    locked: Locked,
    seal: BallotSeal,
    secret: Hash,
    voters: Vec<voter::Model>,
    ballots: Vec<ballot::Model>,
    /// Customers' shrunken means by team, where they have weight.
    means: BTreeMap<String, i64>,
    earlier: Vec<Counts>,
}

impl Uncounted {
    /// Reads beside writers: nobody changes what has ended, but to publish it, which [`publish`] finds.
    async fn read(store: &Store, vault: &Vault, locked: Locked) -> Result<Self> {
        let (reader, id) = (store.reader(), locked.competition.id);
        let ballots = ballot::Entity::find()
            .filter(ballot::Column::CompetitionId.eq(id))
            .filter(ballot::Column::Sealed.is_not_null());
        let means = match &locked.competition.announced.rules.blend_days {
            Some((first, last)) => shrunken_team_means(store, (first, last)).await?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            seal: locked.ballot_seal(vault)?.ok_or_else(|| Error::internal("no ballot key"))?,
            secret: locked.secret(vault, Purpose::Secret)?.ok_or_else(|| Error::internal("no secret"))?,
            voters: voter::Entity::find().filter(voter::Column::CompetitionId.eq(id)).all(reader).await?,
            ballots: ballots.all(reader).await?,
            means,
            earlier: counts_before(reader, id).await?,
            locked,
        })
    }
}

/// What is published and kept of a vote.
struct Counted {
    votes: Votes,
    flags: Vec<Flag>,
    closed: Body,
    closed_at: Micros,
    dispute_until: Micros,
}

/// Counts a vote. Takes seconds where it is large: not for a runtime's thread.
fn counted(mut uncounted: Uncounted) -> Result<Counted> {
    let entries = manifest_of(&uncounted.locked)?.competing();
    let (votes, unreadable) = votes_of(&mut uncounted)?;
    let competition = &uncounted.locked.competition;
    let rules = &competition.announced.rules;
    let closed_at = competition.closed_at.ok_or_else(|| Error::internal("a vote that has not ended"))?;
    let dispute_until = closed_at + rules.dispute_window;
    let teams: BTreeSet<String> = entries.iter().map(|entry| entry.team.clone()).collect();
    let outcomes = if rules.blend_bp > 0 { outcomes(&teams, &uncounted.means) } else { BTreeMap::new() };
    let result = placings(&Basis {
        rules,
        entries: &entries,
        votes: &votes,
        seed: &seed_of(&uncounted.locked, &uncounted.secret)?,
        outcomes: &outcomes,
        disqualified: &BTreeSet::new(),
    });
    let by_consensus = rules.method() == Method::PairwiseConsensus;
    let estimate = estimate(&entries, &votes.rankings);
    let outcome = |(team, value): (String, BigRational)| Outcome { team, value: Fraction::of(&value) };
    let closed = Body::Closed {
        closed_at,
        dispute_until,
        unreadable,
        sums_hash: sums_hash(&votes.sums).map_err(Error::internal)?,
        ballots_hash: by_consensus.then(|| rankings_hash(&votes.rankings)).transpose().map_err(Error::internal)?,
        last_round: if votes.rankings.is_empty() { Vec::new() } else { LastRound::of(&estimate) },
        outcomes: outcomes.into_iter().map(outcome).collect(),
        result,
    };
    let mut own = Counts { entries, sums: votes.sums };
    let window: Vec<Month<'_>> = uncounted.earlier.iter().chain([&own]).map(Counts::month).collect();
    let mut flags = flags(&window);
    flags.extend(consensus_flags(&own.entries, &votes.rankings, &estimate));
    let votes = Votes { sums: std::mem::take(&mut own.sums), rankings: votes.rankings };
    Ok(Counted { votes, flags, closed, closed_at, dispute_until })
}

/// Publishes what was counted and destroys what it was counted from; gives whether it was done here.
async fn publish(tx: &Tx, (store, vault): (&Store, &Vault), id: Uuid, counted: &Counted) -> Result<bool, Abort> {
    let (locked, _) = lock(tx, store, id).await?;
    // Another server was quicker.
    if locked.competition.state != CompetitionState::Voting {
        return Ok(false);
    }
    let Counted { votes, flags, closed, closed_at, dispute_until } = counted;
    reminders::forget(tx, id).await?;
    keep_sums(tx, id, &votes.sums).await?;
    counted::keep(tx, vault, &locked, &votes.rankings).await?;
    keep_flags(tx, id, flags).await?;
    destroy_ballots(tx, id).await?;
    let row = competition::ActiveModel {
        id: Set(id),
        state: Set(Stored(CompetitionState::Closed)),
        revision: Set(locked.competition.revision + 1),
        sealed_ballot_key: Set(None),
        dispute_until: Set(Some(*dispute_until)),
        result_revision: Set(1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    add_link(tx, vault, id, closed).await?;
    announce_change(tx, store, id, CompetitionState::Closed, 1, *closed_at).await?;
    Ok(true)
}

pub(crate) fn manifest_of(locked: &Locked) -> Result<Manifest> {
    let text = locked.manifest().ok_or_else(|| Error::internal("a competition without a manifest"))?;
    serde_json::from_str(text).map_err(Error::internal)
}

/// Opens all ballots, in memory only, and counts them; also how many could not be opened, which only happens to a database
/// that somebody altered.
fn votes_of(uncounted: &mut Uncounted) -> Result<(Votes, usize)> {
    let rules = &uncounted.locked.competition.announced.rules;
    let voters = std::mem::take(&mut uncounted.voters).into_iter();
    let mut voters: BTreeMap<String, voter::Model> =
        voters.map(|row| (uncounted.seal.slot(&row.pseudonym), row)).collect();
    let (mut count, mut unreadable) = (Count::new(rules.form, rules.method()), 0);
    for row in std::mem::take(&mut uncounted.ballots) {
        let voter = voters.remove(&row.slot).map(rows::enrolled).transpose()?;
        let named = voter.as_ref().zip(row.sealed);
        let named = named.map(|(voter, sealed)| uncounted.seal.open(&voter.pseudonym, row.revision, &sealed));
        let (Some(Ok(named)), Some(voter)) = (named, voter) else {
            unreadable += 1;
            continue;
        };
        let Some(judge) = voter.judge else {
            unreadable += 1;
            continue;
        };
        let ids = |entries: &[Uuid]| entries.iter().map(Uuid::to_string).collect::<Vec<_>>();
        count.add(&judge, &ids(&voter.panel), &ids(&named));
    }
    if unreadable > 0 {
        tracing::error!(unreadable, "ballots were altered in the database and are not counted");
    }
    Ok((count.without_few(), unreadable))
}

/// Lets a result stand once its dispute window is over, and tells the secret behind the competition's chance; gives whether it was
/// done here.
async fn finish(tx: &Tx, (store, vault): (&Store, &Vault), id: Uuid) -> Result<bool, Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let competition = &locked.competition;
    if !competition.is_undisputed_at(now) {
        return Ok(false);
    }
    let secret = locked.secret(vault, Purpose::Secret)?.ok_or_else(|| Error::internal("no secret"))?;
    let final_at = competition.dispute_until.unwrap_or(now);
    let row = competition::ActiveModel {
        id: Set(id),
        state: Set(Stored(CompetitionState::Final)),
        revision: Set(competition.revision + 1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    counted::destroy(tx, id).await?;
    add_link(tx, vault, id, &Body::Final { final_at, secret: hex(&secret) }).await?;
    announce_change(tx, store, id, CompetitionState::Final, competition.result_revision, final_at).await?;
    Ok(true)
}
