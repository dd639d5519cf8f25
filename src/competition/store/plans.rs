//! Entries, until the submission deadline.

use sea_orm::{ActiveValue::Set, QueryFilter as _, entity::prelude::*};

use super::{
    super::{
        entity::{conflict, entry, invitee},
        terms::{Competition, Plan, PlanText},
    },
    Actor, find_plan, lock,
};
use crate::{
    api::v1::{AuditAction, CompetitionState},
    audit,
    clock::Micros,
    directory::etag,
    error::{Error, Result},
    store::{Abort, Store, Tx},
};

fn check_phase(competition: &Competition, now: Micros) -> Result<()> {
    if competition.takes_entries_at(now) {
        Ok(())
    } else if competition.state == CompetitionState::Submitting {
        Err(Error::SubmissionOver)
    } else {
        Err(Error::VotingOpened)
    }
}

fn cases(text: &PlanText) -> Result<String> {
    serde_json::to_string(&text.cases).map_err(Error::internal)
}

/// Submits a team's entry.
///
/// # Errors
/// [`Error::NotFound`], [`Error::SubmissionOver`], [`Error::VotingOpened`], [`Error::EntryExists`].
pub(crate) async fn submit(
    tx: &Tx,
    store: &Store,
    competition: Uuid,
    team_id: &str,
    text: &PlanText,
) -> Result<Uuid, Abort> {
    let (locked, now) = lock(tx, store, competition).await?;
    check_phase(&locked.competition, now)?;
    let there = entry::Entity::find()
        .filter(entry::Column::CompetitionId.eq(competition))
        .filter(entry::Column::TeamId.eq(team_id))
        .filter(entry::Column::WithdrawnAt.is_null());
    if there.one(tx).await?.is_some() {
        return Err(Error::EntryExists.into());
    }
    let id = Uuid::new_v4();
    let row = entry::ActiveModel {
        id: Set(id),
        competition_id: Set(competition),
        team_id: Set(team_id.to_owned()),
        title: Set(text.title.clone()),
        what: Set(text.what.clone()),
        why: Set(text.why.clone()),
        cases: Set(cases(text)?),
        submitted_at: Set(now),
        revised_at: Set(now),
        withdrawn_at: Set(None),
        revision: Set(1),
    };
    entry::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(id)
}

/// Changes what an entry says.
///
/// # Errors
/// [`Error::NotFound`], [`Error::SubmissionOver`], [`Error::VotingOpened`], [`Error::EtagMismatch`].
pub(crate) async fn revise(
    tx: &Tx,
    store: &Store,
    plan: &Plan,
    text: &PlanText,
    expected: &str,
) -> Result<Uuid, Abort> {
    let (now, current) = current(tx, store, plan).await?;
    if etag(current.revision) != expected {
        return Err(Error::EtagMismatch.into());
    }
    let row = entry::ActiveModel {
        id: Set(plan.id),
        title: Set(text.title.clone()),
        what: Set(text.what.clone()),
        why: Set(text.why.clone()),
        cases: Set(cases(text)?),
        revised_at: Set(now),
        revision: Set(current.revision + 1),
        ..Default::default()
    };
    entry::Entity::update(row).exec(tx).await?;
    Ok(plan.id)
}

/// Takes an entry back; what it said stays on record.
///
/// # Errors
/// [`Error::NotFound`], [`Error::SubmissionOver`], [`Error::VotingOpened`].
pub(crate) async fn withdraw(tx: &Tx, store: &Store, actor: &Actor, plan: &Plan) -> Result<Uuid, Abort> {
    let (now, current) = current(tx, store, plan).await?;
    let row = entry::ActiveModel { id: Set(plan.id), withdrawn_at: Set(Some(now)), ..Default::default() };
    entry::Entity::update(row).exec(tx).await?;
    let actor = (actor.0.as_str(), actor.1);
    let about = format!("{} of {}", current.id, current.team_id);
    audit::add(tx, now, actor, AuditAction::EntryWithdrawn, &about, "", None).await?;
    Ok(plan.id)
}

/// The entry as it is under the lock of its competition.
async fn current(tx: &Tx, store: &Store, plan: &Plan) -> Result<(Micros, Plan), Abort> {
    let (locked, now) = lock(tx, store, plan.competition_id).await?;
    check_phase(&locked.competition, now)?;
    let current = find_plan(tx, plan.id).await?.ok_or(Error::NotFound("entry"))?;
    Ok((now, current))
}

/// Notes that a colleague must not judge a team's entry.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VotingOpened`].
pub(crate) async fn declare_conflict(
    tx: &Tx,
    store: &Store,
    competition: Uuid,
    staff_id: &str,
    team_id: &str,
) -> Result<(), Abort> {
    let (locked, _) = lock(tx, store, competition).await?;
    if locked.competition.state != CompetitionState::Submitting {
        return Err(Error::VotingOpened.into());
    }
    let key = (competition, staff_id.to_owned(), team_id.to_owned());
    if conflict::Entity::find_by_id(key).one(tx).await?.is_none() {
        let row = conflict::ActiveModel {
            competition_id: Set(competition),
            staff_id: Set(staff_id.to_owned()),
            team_id: Set(team_id.to_owned()),
        };
        conflict::Entity::insert(row).exec_without_returning(tx).await?;
    }
    Ok(())
}

/// Invites judges to a neutral team; judges who were invited before have another team and token now.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VotingOpened`].
pub(crate) async fn invite(
    tx: &Tx,
    store: &Store,
    competition: Uuid,
    team_id: &str,
    judges: &[(String, String)],
) -> Result<(), Abort> {
    let (locked, _) = lock(tx, store, competition).await?;
    if locked.competition.state != CompetitionState::Submitting {
        return Err(Error::VotingOpened.into());
    }
    for (judge_id, token_hash) in judges {
        invitee::Entity::delete_by_id((competition, judge_id.clone())).exec(tx).await?;
        let row = invitee::ActiveModel {
            competition_id: Set(competition),
            judge_id: Set(judge_id.clone()),
            team_id: Set(team_id.to_owned()),
            token_hash: Set(token_hash.clone()),
        };
        invitee::Entity::insert(row).exec_without_returning(tx).await?;
    }
    Ok(())
}
