//! Voting that goes on, once, where at its deadline an entry had too few judge teams: as the rules announced, so that nobody decides
//! about it who knows how the vote stands.

use std::collections::{BTreeMap, BTreeSet};

use rapport_vote::{chain::Body, count::has_few_judges};
use sea_orm::{ActiveValue::Set, QueryFilter as _, QuerySelect as _, entity::prelude::*};

use super::{
    super::entity::{ballot, competition, voter},
    Locked, add_link, announce_change,
    closing::{SERVER, manifest_of},
    rows,
};
use crate::{
    api::v1::{AuditAction, CompetitionState, Role},
    audit,
    error::{Error, Result},
    store::{Abort, Store, Stored, Tx},
    vault::Vault,
};

/// Extends a vote whose deadline has come, if the rules say so; gives whether it goes on. What is looked at is who has voted, never
/// what.
pub(super) async fn extend(tx: &Tx, (store, vault): (&Store, &Vault), locked: &Locked) -> Result<bool, Abort> {
    let (id, announced) = (locked.competition.id, &locked.competition.announced);
    if announced.rules.extension == 0 || locked.competition.state != CompetitionState::Voting {
        return Ok(false);
    }
    let manifest = manifest_of(locked)?;
    let was_extended = announced.voting_deadline > manifest.voting_deadline;
    if was_extended || !has_few(tx, vault, locked).await? {
        return Ok(false);
    }
    let extended_at = announced.voting_deadline;
    let voting_deadline = extended_at.saturating_add(announced.rules.extension);
    let row = competition::ActiveModel {
        id: Set(id),
        voting_deadline: Set(voting_deadline),
        revision: Set(locked.competition.revision + 1),
        ..Default::default()
    };
    competition::Entity::update(row).exec(tx).await?;
    add_link(tx, vault, id, &Body::Extended { extended_at, voting_deadline }).await?;
    announce_change(tx, store, id, CompetitionState::Voting, 0, extended_at).await?;
    let actor = (SERVER, Role::Unspecified);
    audit::add(tx, extended_at, actor, AuditAction::VotingExtended, &id.to_string(), "", None).await?;
    Ok(true)
}

/// Whether an entry is on the ballots of too few judge teams.
async fn has_few(tx: &Tx, vault: &Vault, locked: &Locked) -> Result<bool, Abort> {
    let id = locked.competition.id;
    let seal = locked.ballot_seal(vault)?.ok_or_else(|| Error::internal("no ballot key"))?;
    let cast = ballot::Entity::find()
        .select_only()
        .column(ballot::Column::Slot)
        .filter(ballot::Column::CompetitionId.eq(id))
        .filter(ballot::Column::Sealed.is_not_null());
    let cast: BTreeSet<String> = cast.into_tuple().all(tx).await?.into_iter().collect();
    let voters = voter::Entity::find()
        .filter(voter::Column::CompetitionId.eq(id))
        .filter(voter::Column::NoBallot.eq(Stored(crate::api::v1::NoBallotReason::Unspecified)));
    let mut judges: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for row in voters.all(tx).await? {
        if !cast.contains(&seal.slot(&row.pseudonym)) {
            continue;
        }
        let voter = rows::enrolled(row)?;
        let panel = voter.panel.iter().map(Uuid::to_string).collect();
        judges.entry(voter.judge.unwrap_or_default()).or_default().push(panel);
    }
    Ok(has_few_judges(&manifest_of(locked)?.competing(), &judges))
}
