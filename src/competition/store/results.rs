//! What remains of a vote: sums by judge team, results, flags.

use std::collections::BTreeMap;

use rapport_vote::{
    Entry,
    chain::Body,
    consensus::published::LastRound,
    flags::{Flag, Kind, Month, WINDOW},
    manifest::Manifest,
    result::{Acceptance, Placing},
    tally::{Given, Sums},
};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use super::super::entity::{competition, entry, flag, sum};
use crate::{
    api::v1::{CompetitionState, FlagKind, FlagStrength, FlagVerdict},
    error::{Error, Result},
    store::{Abort, Stored, Tx},
};

/// Rows of one insert.
const CHUNK: usize = 500;

/// Keeps the sums of a vote.
pub(super) async fn keep_sums(tx: &Tx, competition: Uuid, sums: &Sums) -> Result<(), Abort> {
    let row = |((judge, entry), given): (&(String, String), &Given)| {
        Ok(sum::ActiveModel {
            competition_id: Set(competition),
            judge: Set(judge.clone()),
            entry_id: Set(Uuid::try_parse(entry).map_err(Error::internal)?),
            ballots: Set(given.ballots.into()),
            shares: Set(i64::try_from(given.shares).map_err(Error::internal)?),
            top: Set(given.top.into()),
        })
    };
    let rows: Vec<sum::ActiveModel> = sums.0.iter().map(row).collect::<Result<_>>()?;
    for chunk in rows.chunks(CHUNK) {
        sum::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// The sums of a closed vote.
pub(crate) async fn sums_of(connection: &impl ConnectionTrait, competition: Uuid) -> Result<Sums> {
    let rows = sum::Entity::find().filter(sum::Column::CompetitionId.eq(competition)).all(connection).await?;
    let given = |row: sum::Model| {
        let given = Given {
            ballots: u32::try_from(row.ballots).map_err(Error::internal)?,
            shares: u64::try_from(row.shares).map_err(Error::internal)?,
            top: u32::try_from(row.top).map_err(Error::internal)?,
        };
        Ok(((row.judge, row.entry_id.to_string()), given))
    };
    Ok(Sums(rows.into_iter().map(given).collect::<Result<_>>()?))
}

/// What was counted of one vote.
pub(super) struct Counts {
    pub(super) entries: Vec<Entry>,
    pub(super) sums: Sums,
}

impl Counts {
    pub(super) fn month(&self) -> Month<'_> {
        Month { entries: &self.entries, sums: &self.sums }
    }
}

/// The closed votes before this one in which returned votes are looked for, from the oldest.
pub(super) async fn counts_before(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<Counts>> {
    let earlier = competition::Entity::find()
        .filter(competition::Column::Id.lt(id))
        .filter(competition::Column::State.is_in([Stored(CompetitionState::Closed), Stored(CompetitionState::Final)]))
        .order_by_desc(competition::Column::Id)
        .limit(WINDOW as u64 - 1);
    let mut counts = Vec::new();
    for row in earlier.all(connection).await? {
        let Some(manifest) = row.manifest else { continue };
        let manifest: Manifest = serde_json::from_str(&manifest).map_err(Error::internal)?;
        counts.push(Counts { entries: manifest.competing(), sums: sums_of(connection, row.id).await? });
    }
    counts.reverse();
    Ok(counts)
}

/// Keeps what looks like votes returned, the most suspect first, for people to judge.
pub(super) async fn keep_flags(tx: &Tx, id: Uuid, flags: &[Flag]) -> Result<(), Abort> {
    let row = |(position, found): (i32, &Flag)| {
        let kind = match found.kind {
            Kind::Pair => FlagKind::Pair,
            Kind::Ring => FlagKind::Ring,
            Kind::OneWay => FlagKind::OneWay,
            Kind::Spike => FlagKind::Spike,
            Kind::OddTeam => FlagKind::OddTeam,
        };
        let strength = if found.flagged { FlagStrength::MoreThanChance } else { FlagStrength::Chance };
        Ok(flag::ActiveModel {
            id: Set(Uuid::new_v4()),
            competition_id: Set(id),
            position: Set(position),
            kind: Set(Stored(kind)),
            teams: Set(serde_json::to_string(&found.teams).map_err(Error::internal)?),
            p_value: Set(found.p.to_string()),
            strength: Set(Stored(strength)),
            verdict: Set(Stored(FlagVerdict::Unspecified)),
            share: Set(found.share.map(|share| share.to_string())),
        })
    };
    let rows: Vec<flag::ActiveModel> = (1..).zip(flags).map(row).collect::<Result<_>>()?;
    for chunk in rows.chunks(CHUNK) {
        flag::Entity::insert_many(chunk.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// A result of a competition, as one revision has it.
#[derive(Clone, Debug)]
pub(crate) struct ResultRevision {
    /// Best first.
    pub(crate) placings: Vec<Placing>,
    /// The organiser had accepted it.
    pub(crate) acceptance: Acceptance,
}

/// Results from the first on: the one of the close, others of disqualifications and of acceptance. None before the close.
pub(crate) async fn results_of(connection: &impl ConnectionTrait, competition: Uuid) -> Result<Vec<ResultRevision>> {
    let (mut results, mut acceptance) = (Vec::new(), Acceptance::None);
    for link in super::links(connection, competition).await? {
        let body: Body = serde_json::from_str(&link.body).map_err(Error::internal)?;
        if matches!(body, Body::Accepted { .. }) {
            acceptance = Acceptance::Accepted;
        }
        results.extend(body.result().map(|result| ResultRevision { placings: result.to_vec(), acceptance }));
    }
    Ok(results)
}

/// What the last round of the tally said of each entry; empty but under pairwise consensus.
pub(crate) async fn last_round_of(connection: &impl ConnectionTrait, competition: Uuid) -> Result<Vec<LastRound>> {
    for link in super::links(connection, competition).await? {
        if let Body::Closed { last_round, .. } = serde_json::from_str(&link.body).map_err(Error::internal)? {
            return Ok(last_round);
        }
    }
    Ok(Vec::new())
}

/// Titles of entries.
pub(crate) async fn titles_of(
    connection: &impl ConnectionTrait,
    competition: Uuid,
) -> Result<BTreeMap<String, String>> {
    let query = entry::Entity::find().filter(entry::Column::CompetitionId.eq(competition));
    let rows = query.all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.id.to_string(), row.title)).collect())
}

/// Competitions with a result in which a team took part, before `before` and newest first.
pub(crate) async fn history_of(
    connection: &impl ConnectionTrait,
    team_id: &str,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>> {
    let mut took_part = entry::Entity::find()
        .select_only()
        .column(entry::Column::CompetitionId)
        .filter(entry::Column::TeamId.eq(team_id))
        .filter(entry::Column::WithdrawnAt.is_null());
    if let Some(before) = before {
        took_part = took_part.filter(entry::Column::CompetitionId.lt(before));
    }
    let query = competition::Entity::find()
        .filter(competition::Column::Id.in_subquery(sea_orm::QuerySelect::query(&mut took_part).to_owned()))
        .filter(competition::Column::State.is_in([Stored(CompetitionState::Closed), Stored(CompetitionState::Final)]))
        .order_by_desc(competition::Column::Id)
        .limit(limit);
    Ok(query.all(connection).await?.into_iter().map(|row| row.id).collect())
}
