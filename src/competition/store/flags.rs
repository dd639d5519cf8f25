//! Flags and what reviewers make of them.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

use super::{
    super::entity::{entry, flag, flag_review, voter},
    Actor, lock,
    revising::disqualify,
    texts,
};
use crate::{
    api::v1::{AuditAction, CompetitionState, FlagKind, FlagStrength, FlagVerdict},
    audit,
    clock::Micros,
    directory::store::find_staff,
    error::{Error, Reason, Result, Violation},
    store::{Abort, Store, Stored, Tx},
    vault::Vault,
};

/// A flag with its reviews, the earliest first.
#[derive(Clone, Debug)]
pub(crate) struct Flagged {
    pub(crate) id: Uuid,
    pub(crate) position: i32,
    pub(crate) kind: FlagKind,
    /// A ring in the order of its support.
    pub(crate) teams: Vec<String>,
    pub(crate) p: f64,
    /// Of a spike or an odd team.
    pub(crate) share: Option<f64>,
    pub(crate) strength: FlagStrength,
    pub(crate) verdict: FlagVerdict,
    pub(crate) reviews: Vec<Review>,
}

/// What one reviewer made of it.
#[derive(Clone, Debug)]
pub(crate) struct Review {
    pub(crate) reviewer: String,
    pub(crate) opinion: Opinion,
    pub(crate) reason: String,
    pub(crate) decided_at: Micros,
}

/// A verdict, and the teams that it disqualifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opinion {
    pub(crate) verdict: FlagVerdict,
    pub(crate) disqualified: BTreeSet<String>,
}

/// Refuses a reviewer who is on the roll of a competition or of a competing team, by their token or the directory.
///
/// # Errors
/// [`Error::ReviewerCompetes`].
pub(crate) async fn check_disinterest(
    connection: &impl ConnectionTrait,
    competition: Uuid,
    reviewer: &str,
    teams: &[String],
) -> Result<()> {
    let on_roll = voter::Entity::find()
        .filter(voter::Column::CompetitionId.eq(competition))
        .filter(voter::Column::VoterId.eq(reviewer));
    let of_directory = find_staff(connection, reviewer).await?.and_then(|person| person.team_id);
    let own: BTreeSet<&String> = teams.iter().chain(&of_directory).collect();
    let competing = competing(connection, competition).await?;
    if on_roll.one(connection).await?.is_some() || own.into_iter().any(|team| competing.contains(team)) {
        return Err(Error::ReviewerCompetes);
    }
    Ok(())
}

async fn competing(connection: &impl ConnectionTrait, competition: Uuid) -> Result<BTreeSet<String>> {
    let query = entry::Entity::find()
        .select_only()
        .column(entry::Column::TeamId)
        .filter(entry::Column::CompetitionId.eq(competition))
        .filter(entry::Column::WithdrawnAt.is_null());
    Ok(query.into_tuple().all(connection).await?.into_iter().collect())
}

/// A page of a competition's flags after `after`, the most suspect first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    competition: Uuid,
    after: i32,
    limit: u64,
) -> Result<Vec<Flagged>> {
    let query = flag::Entity::find()
        .filter(flag::Column::CompetitionId.eq(competition))
        .filter(flag::Column::Position.gt(after))
        .order_by_asc(flag::Column::Position)
        .limit(limit);
    let rows = query.all(connection).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let query = flag_review::Entity::find()
        .filter(flag_review::Column::FlagId.is_in(ids))
        .order_by_asc(flag_review::Column::DecidedAt)
        .order_by_asc(flag_review::Column::Reviewer);
    let mut reviews: BTreeMap<Uuid, Vec<Review>> = BTreeMap::new();
    for row in query.all(connection).await? {
        reviews.entry(row.flag_id).or_default().push(review(row)?);
    }
    rows.into_iter().map(|row| flagged(reviews.remove(&row.id).unwrap_or_default(), row)).collect()
}

/// One flag, and the competition that it is of.
pub(crate) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<(Uuid, Flagged)>> {
    let Some(row) = flag::Entity::find_by_id(id).one(connection).await? else { return Ok(None) };
    let competition = row.competition_id;
    let found = list(connection, competition, row.position - 1, 1).await?.pop();
    Ok(found.map(|flag| (competition, flag)))
}

fn flagged(reviews: Vec<Review>, row: flag::Model) -> Result<Flagged> {
    Ok(Flagged {
        id: row.id,
        position: row.position,
        kind: row.kind.0,
        teams: serde_json::from_str(&row.teams).map_err(Error::internal)?,
        p: row.p_value.parse().map_err(Error::internal)?,
        share: row.share.map(|share| share.parse().map_err(Error::internal)).transpose()?,
        strength: row.strength.0,
        verdict: row.verdict.0,
        reviews,
    })
}

fn review(row: flag_review::Model) -> Result<Review> {
    Ok(Review {
        opinion: Opinion { verdict: row.verdict.0, disqualified: texts(&row.disqualified)? },
        reviewer: row.reviewer,
        reason: row.reason,
        decided_at: row.decided_at,
    })
}

/// Adds one reviewer's opinion, and settles the flag if it is the second of its kind. `teams`: those of their token.
///
/// # Errors
/// [`Error::NotFound`], [`Error::ReviewerCompetes`], [`Error::DisputeOver`], [`Error::FlagSettled`],
/// [`Error::FlagWithinChance`], and teams that cannot be disqualified for it.
pub(crate) async fn decide(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    (actor, teams): (&Actor, &[String]),
    id: Uuid,
    opinion: &Opinion,
    reason: &str,
) -> Result<Uuid, Abort> {
    let (competition, _) = find(tx, id).await?.ok_or(Error::NotFound("flag"))?;
    let (locked, now) = lock(tx, store, competition).await?;
    check_disinterest(tx, competition, &actor.0, teams).await?;
    let disputed = locked.competition.state == CompetitionState::Closed
        && locked.competition.dispute_until.is_some_and(|until| now < until);
    if !disputed {
        return Err(Error::DisputeOver.into());
    }
    // Only now that the competition is locked does it stay as it is.
    let (_, flag) = find(tx, id).await?.ok_or(Error::NotFound("flag"))?;
    if flag.verdict != FlagVerdict::Unspecified || flag.reviews.iter().any(|review| review.reviewer == actor.0) {
        return Err(Error::FlagSettled.into());
    }
    if opinion.verdict == FlagVerdict::Confirmed && flag.strength != FlagStrength::MoreThanChance {
        return Err(Error::FlagWithinChance.into());
    }
    let competing = competing(tx, competition).await?;
    let rule = "must be teams of the flag that compete in this competition";
    let wrong = opinion.disqualified.iter().filter(|team| !flag.teams.contains(team) || !competing.contains(*team));
    let wrong = wrong.map(|team| {
        let rule = format!("{rule}: {team:?} is not");
        Violation::new("disqualified_team_ids", Reason::UnknownTeam, rule)
    });
    Error::unless_empty(wrong.collect())?;
    let row = flag_review::ActiveModel {
        flag_id: Set(id),
        reviewer: Set(actor.0.clone()),
        verdict: Set(Stored(opinion.verdict)),
        reason: Set(reason.to_owned()),
        disqualified: Set(serde_json::to_string(&opinion.disqualified).map_err(Error::internal)?),
        decided_at: Set(now),
    };
    flag_review::Entity::insert(row).exec_without_returning(tx).await?;
    let detail = serde_json::json!({
        "competition": competition,
        "verdict": opinion.verdict.as_str_name(),
        "disqualified": opinion.disqualified,
    });
    let who = (actor.0.as_str(), actor.1);
    audit::add(tx, now, who, AuditAction::FlagDecided, &id.to_string(), reason, Some(detail)).await?;
    if flag.reviews.iter().any(|review| review.opinion == *opinion) {
        let row = flag::ActiveModel { id: Set(id), verdict: Set(Stored(opinion.verdict)), ..Default::default() };
        flag::Entity::update(row).exec(tx).await?;
        // Another flag may have taken their places already.
        let out = super::disqualified(tx, competition).await?;
        let teams: BTreeSet<String> = opinion.disqualified.difference(&out).cloned().collect();
        if !teams.is_empty() {
            disqualify(tx, (store, vault), &locked, now, teams, reason).await?;
        }
    }
    Ok(id)
}
