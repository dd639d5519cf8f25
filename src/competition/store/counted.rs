//! Ballots without their voters: kept sealed for auditors from the close until the result is final, then destroyed.

use rapport_vote::consensus::{Ranking, published::rankings_text};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, entity::prelude::*};

use super::{
    super::{
        entity::counted_ballots,
        secrets::{self, Purpose},
    },
    Locked,
};
use crate::{
    error::{Error, Result},
    store::{Abort, Tx},
    vault::Vault,
};

/// Keeps the ballots of a vote, if its tally counts whole ones.
pub(super) async fn keep(tx: &Tx, vault: &Vault, locked: &Locked, rankings: &[Ranking]) -> Result<(), Abort> {
    if rankings.is_empty() {
        return Ok(());
    }
    let id = locked.competition.id;
    let text = rankings_text(rankings).map_err(Error::internal)?;
    let sealed = secrets::seal(vault, locked.key_id(), id, Purpose::CountedBallots, text.as_bytes())?;
    let row = counted_ballots::ActiveModel { competition_id: Set(id), sealed: Set(sealed) };
    counted_ballots::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The ballots as the auditor's record holds them; none once they are destroyed.
pub(crate) async fn read(connection: &impl ConnectionTrait, vault: &Vault, locked: &Locked) -> Result<Option<String>> {
    let id = locked.competition.id;
    let Some(row) = counted_ballots::Entity::find_by_id(id).one(connection).await? else { return Ok(None) };
    let text = secrets::open_text(vault, locked.key_id(), id, Purpose::CountedBallots, &row.sealed)?;
    Ok(Some(String::from_utf8(text).map_err(Error::internal)?))
}

/// Removes them.
pub(super) async fn destroy(tx: &Tx, competition: Uuid) -> Result<(), DbErr> {
    counted_ballots::Entity::delete_by_id(competition).exec(tx).await?;
    Ok(())
}
