//! What is set by team: from which number it rings, and how many callbacks it promises in a slot.

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
    sea_query::OnConflict,
};

use super::{
    By,
    entity::desk::{ActiveModel, Column, Entity, Model},
    turn::Turn,
};
use crate::{
    api::v1::AuditAction,
    audit,
    directory::{etag, store as directory},
    error::{Error, Reason},
    reach::Scope,
    store::{Abort, Store, Tx},
};

/// Callbacks that a team without a desk promises in a slot.
const SLOT_CAPACITY: i32 = 2;

/// How a team rings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Desk {
    pub(super) team_id: String,
    pub(super) caller_number: Option<String>,
    pub(super) slot_capacity: i32,
    pub(super) revision: i64,
}

/// A team's, or what holds where nobody set one.
pub(super) async fn of_team(connection: &impl ConnectionTrait, team_id: &str) -> Result<Desk, DbErr> {
    let found = Entity::find_by_id(team_id).one(connection).await?.map(of_row);
    let unset = || Desk { team_id: team_id.to_owned(), caller_number: None, slot_capacity: SLOT_CAPACITY, revision: 0 };
    Ok(found.unwrap_or_else(unset))
}

/// Sets a team's, which leaves its trace.
///
/// # Errors
/// An unknown team; [`Error::FieldNotYours`], [`Error::EtagMismatch`].
pub(super) async fn set(tx: &Tx, store: &Store, by: &By, told: &Desk, expected: &str) -> Result<(), Abort> {
    let turn = Turn::begin(tx, store).await?;
    if directory::find_team(tx, &told.team_id).await?.is_none() {
        let rule = "must be a team of the directory";
        return Err(Error::invalid("desk.team_id", Reason::UnknownTeam, rule).into());
    }
    if !by.sight.scope.has_team(&told.team_id) {
        return Err(Error::FieldNotYours("desk.team_id").into());
    }
    let before = of_team(tx, &told.team_id).await?;
    if !expected.is_empty() && expected != etag(before.revision) {
        return Err(Error::EtagMismatch.into());
    }
    let row = ActiveModel {
        team_id: Set(told.team_id.clone()),
        caller_number: Set(told.caller_number.clone()),
        slot_capacity: Set(told.slot_capacity),
        revision: Set(before.revision + 1),
        author: Set(by.subject.clone()),
        set_at: Set(turn.now),
    };
    let said = [Column::CallerNumber, Column::SlotCapacity, Column::Revision, Column::Author, Column::SetAt];
    let replace = OnConflict::column(Column::TeamId).update_columns(said).to_owned();
    Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    let detail = serde_json::json!({ "caller_number": told.caller_number, "slot_capacity": told.slot_capacity });
    let actor = (by.subject.as_str(), by.role);
    audit::add(tx, turn.now, actor, AuditAction::CallbackDeskSet, &told.team_id, "", Some(detail)).await?;
    Ok(())
}

/// A page within reach, in order of team.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Desk>, DbErr> {
    let mut query = Entity::find();
    query = match scope {
        Scope::All => query,
        Scope::Teams { teams, .. } => query.filter(Column::TeamId.is_in(teams.clone())),
        Scope::Staff(_) | Scope::Customer(_) => return Ok(Vec::new()),
    };
    if let Some(after) = after {
        query = query.filter(Column::TeamId.gt(after));
    }
    let rows = query.order_by_asc(Column::TeamId).limit(limit).all(connection).await?;
    Ok(rows.into_iter().map(of_row).collect())
}

fn of_row(row: Model) -> Desk {
    Desk {
        team_id: row.team_id,
        caller_number: row.caller_number,
        slot_capacity: row.slot_capacity,
        revision: row.revision,
    }
}
