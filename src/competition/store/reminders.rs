//! Reminders to those who have not voted: written once for each occasion, by whichever server comes first, and shown only to
//! whoever still has not.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
    entity::prelude::*,
};
use tokio::sync::{Notify, watch};

use super::{
    super::{
        entity::{competition, reminder},
        terms::Competition,
    },
    lock, rows,
};
use crate::{
    api::v1::CompetitionState,
    error::{Error, Result},
    housekeeping::Trusted,
    interaction::Micros,
    store::{
        Abort, Store, Tx,
        feed::{Log, Numbered},
        sequence::{self, REMINDERS},
        set,
    },
};

/// How often an occasion is looked for, besides at an opening.
const EVERY: Duration = Duration::from_secs(60);
/// Before the deadline.
const DAY: Micros = 86_400_000_000;
/// Rows of one insert.
const CHUNK: usize = 200;

/// Writes reminders as they become due, until `stopping` turns true.
pub(crate) async fn keep_reminding(
    store: Store,
    opened: Arc<Notify>,
    (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted),
) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        // How many there are would tell how many have voted.
        if let Err(error) = remind(&store).await {
            tracing::warn!(%error, "reminding voters");
        }
        tokio::select! {
            () = opened.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

async fn remind(store: &Store) -> Result<()> {
    let open = competition::Entity::find()
        .filter(competition::Column::State.eq(CompetitionState::Voting as i16))
        .filter(competition::Column::VotingDeadline.gt(store.clock().now_micros()));
    for row in open.all(store.reader()).await? {
        let competition = rows::competition(&row)?;
        // What is due is decided under the lock; most of the time there is nothing to lock for.
        if let Some(due) = last_occasion(&competition, store.clock().now_micros())
            && !is_reminded(store.reader(), competition.id, due).await?
        {
            let (runner, id) = (store.clone(), competition.id);
            let written = store.transact(move |tx| {
                let store = runner.clone();
                Box::pin(async move { remind_of(tx, &store, id).await })
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
async fn remind_of(tx: &Tx, store: &Store, id: Uuid) -> Result<(), Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let competition = &locked.competition;
    let Some(due) = last_occasion(competition, now).filter(|_| competition.is_open_at(now)) else { return Ok(()) };
    if is_reminded(tx, id, due).await? {
        return Ok(());
    }
    let silent: Vec<String> = silent(tx, &[id], None).await?.into_iter().map(|(_, voter_id)| voter_id).collect();
    if silent.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(silent.len()).unwrap_or(i64::MAX);
    let (first, _) = sequence::take(tx, store.clock(), REMINDERS, count).await?;
    let row = |(sequence, voter_id)| reminder::ActiveModel {
        sequence: Set(sequence),
        competition_id: Set(id),
        voter_id: Set(voter_id),
        reminded_at: Set(now),
    };
    let reminders: Vec<_> = (first..).zip(silent).map(row).collect();
    for chunk in reminders.chunks(CHUNK) {
        reminder::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Who has a ballot in these competitions and has not cast it, all of them or among some.
async fn silent(
    connection: &impl ConnectionTrait,
    competitions: &[Uuid],
    among: Option<Vec<String>>,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    let backend = connection.get_database_backend();
    let mut found = Vec::new();
    for id in competitions {
        let mut values = vec![(*id).into()];
        let mut sql = "SELECT v.voter_id FROM competition_voter v
            LEFT JOIN ballot b ON b.competition_id = v.competition_id AND b.pseudonym = v.pseudonym
            WHERE v.competition_id = $1 AND v.voter_id IS NOT NULL AND v.judge IS NOT NULL AND b.sealed IS NULL"
            .to_owned();
        if let Some(among) = &among {
            sql += &format!(" AND v.voter_id IN {}", set::texts_listed(backend, 2));
            values.push(set::texts(backend, among.clone())?);
        }
        // In no order that says anything.
        sql += " ORDER BY v.pseudonym";
        let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        for row in rows {
            found.push((*id, row.try_get("", "voter_id")?));
        }
    }
    Ok(found)
}

/// A line of the log: that somebody is to be reminded.
#[derive(Clone, Debug)]
pub(crate) struct Reminded {
    sequence: i64,
    pub(crate) competition: Uuid,
    pub(crate) voter_id: String,
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
                voter_id: row.voter_id,
            };
            Ok(lines.into_iter().map(line).collect())
        })
    }
}

/// Those of the reminders that still hold, each with its number and competition: it is open, and the voter has not voted.
pub(crate) async fn holding(store: &Store, reminded: Vec<Reminded>) -> Result<Vec<(Reminded, Competition)>, Error> {
    let ids: HashSet<Uuid> = reminded.iter().map(|one| one.competition).collect();
    let now = store.clock().now_micros();
    let found = competition::Entity::find().filter(competition::Column::Id.is_in(ids)).all(store.reader()).await?;
    let mut open = HashMap::new();
    for row in found {
        let competition = rows::competition(&row)?;
        if competition.is_open_at(now) {
            open.insert(competition.id, competition);
        }
    }
    let whom = reminded.iter().map(|one| one.voter_id.clone()).collect();
    let ids: Vec<Uuid> = open.keys().copied().collect();
    let silent: HashSet<(Uuid, String)> = silent(store.reader(), &ids, Some(whom)).await?.into_iter().collect();
    let holds = |one: Reminded| {
        let competition = open.get(&one.competition)?;
        silent.contains(&(one.competition, one.voter_id.clone())).then(|| (one, competition.clone()))
    };
    Ok(reminded.into_iter().filter_map(holds).collect())
}

impl Reminded {
    /// Its place in the stream.
    pub(crate) fn place(&self) -> i64 {
        self.sequence
    }
}
