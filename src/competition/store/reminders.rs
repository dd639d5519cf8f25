//! Reminders to those who have not voted: written once for each occasion, by whichever server comes first, and shown only to
//! those who still have not.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use rapport_vote::hex::hex;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};
use tokio::sync::{Notify, watch};

use super::{
    super::{
        entity::{ballot, competition, reminder, voter},
        terms::Competition,
    },
    Locked,
    ballots::seal_of,
    lock, rows,
};
use crate::{
    api::v1::CompetitionState,
    clock::{DAY, Micros},
    clock_trust::Trusted,
    error::{Error, Result},
    store::{
        Abort, Store, Stored, Tx,
        feed::{Log, Numbered},
        sequence::{self, REMINDERS},
    },
    vault::Vault,
};

/// How often an occasion is looked for, besides at an opening.
const EVERY: Duration = Duration::from_secs(60);
/// Before the deadline.
/// Rows of one insert.
const CHUNK: usize = 200;

/// Writes reminders as they become due, until `stopping` turns true.
pub(crate) async fn keep_reminding(
    (store, vault): (Store, Vault),
    opened: Arc<Notify>,
    (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted),
) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        // How many there are would tell how many have voted.
        if let Err(error) = remind(&store, &vault).await {
            tracing::warn!(%error, "reminding voters");
        }
        tokio::select! {
            () = opened.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

async fn remind(store: &Store, vault: &Vault) -> Result<()> {
    let now = store.now(store.reader()).await?;
    let open = competition::Entity::find()
        .filter(competition::Column::State.eq(Stored(CompetitionState::Voting)))
        .filter(competition::Column::VotingDeadline.gt(now));
    for row in open.all(store.reader()).await? {
        let competition = rows::competition(&row)?;
        // What is due is decided under the lock; most of the time there is nothing to lock for.
        if let Some(due) = last_occasion(&competition, now)
            && !is_reminded(store.reader(), competition.id, due).await?
        {
            let (runner, by, id) = (store.clone(), vault.clone(), competition.id);
            let written = store.transact(move |tx| {
                let (store, vault) = (runner.clone(), by.clone());
                Box::pin(async move { remind_of(tx, (&store, &vault), id).await })
            });
            written.await?;
        }
    }
    Ok(())
}

/// The opening, half time, and a day before the deadline where that is later than the opening: the last of them at `now`.
fn last_occasion(competition: &Competition, now: Micros) -> Option<Micros> {
    let opened_at = competition.opened_at?;
    let deadline = competition.announced.voting_deadline;
    let half = opened_at + (deadline - opened_at) / 2;
    [opened_at, half, deadline - DAY].into_iter().filter(|at| (opened_at..=now).contains(at)).max()
}

async fn is_reminded(connection: &impl ConnectionTrait, competition: Uuid, since: Micros) -> Result<bool, DbErr> {
    let query = reminder::Entity::find()
        .filter(reminder::Column::CompetitionId.eq(competition))
        .filter(reminder::Column::RemindedAt.gte(since));
    Ok(query.one(connection).await?.is_some())
}

/// Reminds all who have a ballot and have not cast it of the last occasion, unless they were.
async fn remind_of(tx: &Tx, (store, vault): (&Store, &Vault), id: Uuid) -> Result<(), Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let competition = &locked.competition;
    let Some(due) = last_occasion(competition, now).filter(|_| competition.is_open_at(now)) else { return Ok(()) };
    if is_reminded(tx, id, due).await? {
        return Ok(());
    }
    let silent = silent(tx, vault, &locked).await?;
    if silent.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(silent.len()).unwrap_or(i64::MAX);
    let (first, _) = sequence::take(tx, store.clock(), REMINDERS, count).await?;
    let row = |(sequence, voter_id): (i64, String)| {
        let whom = Whom::new(vault, &voter_id)?.0.into_iter().next().unwrap_or_default();
        Ok(reminder::ActiveModel {
            sequence: Set(sequence),
            competition_id: Set(id),
            whom: Set(whom),
            reminded_at: Set(now),
        })
    };
    let reminders: Vec<_> = (first..).zip(silent).map(row).collect::<Result<_>>()?;
    for chunk in reminders.chunks(CHUNK) {
        reminder::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Colleagues who have a ballot in an open competition and have not cast it, in no order that says anything.
async fn silent(connection: &impl ConnectionTrait, vault: &Vault, locked: &Locked) -> Result<Vec<String>> {
    let Some(seal) = seal_of(locked, vault)? else { return Ok(Vec::new()) };
    let cast = ballot::Entity::find()
        .select_only()
        .column(ballot::Column::Slot)
        .filter(ballot::Column::CompetitionId.eq(locked.competition.id))
        .filter(ballot::Column::Sealed.is_not_null());
    let cast: HashSet<String> = cast.into_tuple().all(connection).await?.into_iter().collect();
    let seats = voter::Entity::find()
        .select_only()
        .columns([voter::Column::Pseudonym, voter::Column::VoterId])
        .filter(voter::Column::CompetitionId.eq(locked.competition.id))
        .filter(voter::Column::VoterId.is_not_null())
        .filter(voter::Column::Judge.is_not_null())
        .order_by_asc(voter::Column::Pseudonym);
    let seats: Vec<(String, String)> = seats.into_tuple().all(connection).await?;
    let is_silent = |pseudonym: &String| !cast.contains(&seal.slot(pseudonym));
    Ok(seats.into_iter().filter(|(pseudonym, _)| is_silent(pseudonym)).map(|(_, voter_id)| voter_id).collect())
}

/// How a reminder names whom it is for: a voter who was reminded at half time had not voted, so nobody may tell it from a
/// copy of the database. A MAC under every master key there is, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Whom(Vec<String>);

impl Whom {
    pub(crate) fn new(vault: &Vault, voter_id: &str) -> Result<Self> {
        let newest = vault.mac(vault.key_id()?, &[b"reminded voter", voter_id.as_bytes()])?;
        let mut names = vec![hex(&newest)];
        names.extend(vault.macs(&[b"reminded voter", voter_id.as_bytes()])?.iter().map(|mac| hex(mac)));
        // As an earlier version wrote it.
        names.push(voter_id.to_owned());
        Ok(Self(names))
    }

    pub(crate) fn is(&self, whom: &str) -> bool {
        self.0.iter().any(|name| name == whom)
    }

    /// Every name under which reminders may stand.
    pub(super) fn names(&self) -> &[String] {
        &self.0
    }
}

/// Removes the reminders of a vote that is over.
pub(super) async fn forget(tx: &Tx, competition: Uuid) -> Result<(), DbErr> {
    reminder::Entity::delete_many().filter(reminder::Column::CompetitionId.eq(competition)).exec(tx).await?;
    Ok(())
}

/// A line of the log: that somebody is to be reminded.
#[derive(Clone, Debug)]
pub(crate) struct Reminded {
    sequence: i64,
    pub(crate) competition: Uuid,
    /// See [`Whom`].
    pub(crate) whom: String,
}

impl Numbered for Reminded {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

/// The log of reminders.
pub(crate) struct Reminders;

impl Log for Reminders {
    const STREAM: &'static str = REMINDERS;
    type Change = Reminded;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<Reminded>, DbErr>> {
        Box::pin(async move {
            let query = reminder::Entity::find().filter(reminder::Column::Sequence.gt(after));
            let lines = query.order_by_asc(reminder::Column::Sequence).limit(limit).all(store.reader()).await?;
            let line = |row: reminder::Model| Reminded {
                sequence: row.sequence,
                competition: row.competition_id,
                whom: row.whom,
            };
            Ok(lines.into_iter().map(line).collect())
        })
    }
}

/// Those of the reminders that still hold, each with its voter and competition: it is open, and the voter has not voted.
pub(crate) async fn holding(
    (store, vault): (&Store, &Vault),
    reminded: Vec<Reminded>,
) -> Result<Vec<(Reminded, String, Competition)>, Error> {
    let ids: HashSet<Uuid> = reminded.iter().map(|one| one.competition).collect();
    let now = store.now(store.reader()).await?;
    let found = competition::Entity::find().filter(competition::Column::Id.is_in(ids)).all(store.reader()).await?;
    let (mut open, mut silent_by_name) = (HashMap::new(), HashMap::new());
    for row in found {
        let locked = super::locked(row)?;
        if !locked.competition.is_open_at(now) {
            continue;
        }
        let id = locked.competition.id;
        for voter_id in silent(store.reader(), vault, &locked).await? {
            for name in Whom::new(vault, &voter_id)?.0 {
                silent_by_name.insert((id, name), voter_id.clone());
            }
        }
        open.insert(id, locked.competition);
    }
    let holds = |one: Reminded| {
        let competition = open.get(&one.competition)?;
        let voter_id = silent_by_name.get(&(one.competition, one.whom.clone()))?;
        Some((one, voter_id.clone(), competition.clone()))
    };
    Ok(reminded.into_iter().filter_map(holds).collect())
}

impl Reminded {
    /// Its place in the stream.
    pub(crate) fn place(&self) -> i64 {
        self.sequence
    }
}
