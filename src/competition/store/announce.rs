//! Announcing a competition, changing the announcement, and calling it off.

use sea_orm::{ActiveValue::Set, entity::prelude::*};
use serde_json::json;

use super::{
    super::{
        entity::competition,
        secrets::{self, Purpose, new_secret},
        terms::Announcement,
    },
    Actor, announce_change, lock,
};
use crate::{
    api::v1::{AuditAction, CompetitionState},
    audit, clock,
    clock::Micros,
    directory::etag,
    error::{Error, Result},
    store::{Abort, Store, Stored, Tx},
    vault::Vault,
};

fn rules_text(announced: &Announcement) -> Result<String> {
    serde_json::to_string(&announced.rules).map_err(Error::internal)
}

fn detail(announced: &Announcement) -> Result<serde_json::Value> {
    Ok(json!({
        "title": announced.title,
        "rules": serde_json::to_value(&announced.rules).map_err(Error::internal)?,
        "submission_deadline": announced.submission_deadline,
        "voting_deadline": announced.voting_deadline,
    }))
}

/// Announces a competition and commits to its chance.
pub(crate) async fn create(
    tx: &Tx,
    (store, vault): (&Store, &Vault),
    now: Micros,
    actor: &Actor,
    announced: &Announcement,
) -> Result<Uuid, Abort> {
    let id = clock::id_at(now);
    let secret = new_secret();
    let key_id = vault.key_id()?;
    let row = competition::ActiveModel {
        id: Set(id),
        title: Set(announced.title.clone()),
        rules: Set(rules_text(announced)?),
        submission_deadline: Set(announced.submission_deadline),
        voting_deadline: Set(announced.voting_deadline),
        state: Set(Stored(CompetitionState::Submitting)),
        revision: Set(1),
        key_id: Set(key_id.to_owned()),
        sealed_secret: Set(secrets::seal(vault, key_id, id, Purpose::Secret, &secret)?),
        seed_commitment: Set(secrets::commitment(&secret).to_vec()),
        sealed_ballot_key: Set(None),
        sealed_roll_salt: Set(None),
        public_draw: Set(String::new()),
        manifest: Set(None),
        manifest_hash: Set(None),
        created_at: Set(now),
        opened_at: Set(None),
        closed_at: Set(None),
        dispute_until: Set(None),
        result_revision: Set(0),
        hides_voters: Set(1),
    };
    competition::Entity::insert(row).exec_without_returning(tx).await?;
    announce_change(tx, store, id, CompetitionState::Submitting, 0, now).await?;
    let actor = (actor.0.as_str(), actor.1);
    let detail = Some(detail(announced)?);
    audit::add(tx, now, actor, AuditAction::CompetitionCreated, &id.to_string(), "", detail).await?;
    Ok(id)
}

/// Changes what was announced, until voting opens.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VotingOpened`], [`Error::EtagMismatch`].
pub(crate) async fn update(
    tx: &Tx,
    store: &Store,
    actor: &Actor,
    id: Uuid,
    announced: &Announcement,
    expected: &str,
) -> Result<Uuid, Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let before = locked.competition;
    if before.state != CompetitionState::Submitting {
        return Err(Error::VotingOpened.into());
    }
    if etag(before.revision) != expected {
        return Err(Error::EtagMismatch.into());
    }
    let row = competition::ActiveModel {
        id: Set(id),
        title: Set(announced.title.clone()),
        rules: Set(rules_text(announced)?),
        submission_deadline: Set(announced.submission_deadline),
        voting_deadline: Set(announced.voting_deadline),
        revision: Set(before.revision + 1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    // Those who count on what was announced are told that it is not so any more.
    announce_change(tx, store, id, CompetitionState::Submitting, 0, now).await?;
    let actor = (actor.0.as_str(), actor.1);
    let detail = Some(json!({"before": detail(&before.announced)?, "after": detail(announced)?}));
    audit::add(tx, now, actor, AuditAction::CompetitionUpdated, &id.to_string(), "", detail).await?;
    Ok(id)
}

/// Ends a competition without a result; its ballots and their key are destroyed.
///
/// # Errors
/// [`Error::NotFound`], [`Error::VotingClosed`].
pub(crate) async fn cancel(tx: &Tx, store: &Store, actor: &Actor, id: Uuid, reason: &str) -> Result<Uuid, Abort> {
    let (locked, now) = lock(tx, store, id).await?;
    let competition = locked.competition;
    let goes_on = competition.state == CompetitionState::Submitting || competition.is_open_at(now);
    if !goes_on {
        return Err(Error::VotingClosed.into());
    }
    let row = competition::ActiveModel {
        id: Set(id),
        state: Set(Stored(CompetitionState::Cancelled)),
        sealed_ballot_key: Set(None),
        revision: Set(competition.revision + 1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    super::destroy_ballots(tx, id).await?;
    announce_change(tx, store, id, CompetitionState::Cancelled, 0, now).await?;
    let actor = (actor.0.as_str(), actor.1);
    audit::add(tx, now, actor, AuditAction::CompetitionCancelled, &id.to_string(), reason, None).await?;
    Ok(id)
}
