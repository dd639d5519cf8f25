//! Presence in the database: one row a colleague.

use sea_orm::{
    ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict},
};

use super::{
    Presence, Told,
    entity::{Column, Entity, Model},
};
use crate::{
    api::v1::PresenceState,
    clock::Micros,
    directory::store as directory,
    error::{Error, Reason},
    reach::Scope,
    store::{Abort, Stored, Tx},
};

/// Sets what a colleague said last.
///
/// # Errors
/// What the directory does not know; [`Error::FieldNotYours`].
pub(super) async fn set(tx: &Tx, scope: &Scope, told: &Told, now: Micros) -> Result<(), Abort> {
    let wrong = |rule| Error::invalid("staff_id", Reason::UnknownStaff, rule);
    let found = directory::find_staff(tx, &told.staff_id).await?;
    let found = found.ok_or_else(|| wrong("must be a colleague of the directory"))?;
    let team_id = found.team_id.ok_or_else(|| wrong("must be a colleague with a team"))?;
    if !scope.has_colleague(&found.id, Some(&team_id)) {
        return Err(Error::FieldNotYours("staff_id").into());
    }
    let row = Model {
        staff_id: found.id,
        team_id,
        state: Stored(told.state),
        capacity: told.capacity,
        set_at: now,
        lapse_at: now + told.valid_for,
    };
    let said = [Column::TeamId, Column::State, Column::Capacity, Column::SetAt, Column::LapseAt];
    let replace = OnConflict::column(Column::StaffId).update_columns(said).to_owned();
    Entity::insert(row.into_active_model()).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

fn on_duty(now: Micros) -> Select<Entity> {
    Entity::find().filter(Column::State.eq(Stored(PresenceState::OnDuty))).filter(Column::LapseAt.gt(now))
}

/// How many callbacks a team's people on duty take at once.
pub(crate) async fn capacity(connection: &impl ConnectionTrait, team_id: &str, now: Micros) -> Result<i64, DbErr> {
    let query = on_duty(now).filter(Column::TeamId.eq(team_id)).select_only().column(Column::Capacity);
    let each: Vec<i32> = query.into_tuple().all(connection).await?;
    Ok(each.into_iter().map(i64::from).sum())
}

/// The presence of somebody who is on duty.
pub(crate) async fn of(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    now: Micros,
) -> Result<Option<Presence>, DbErr> {
    Ok(on_duty(now).filter(Column::StaffId.eq(staff_id)).one(connection).await?.map(of_row))
}

/// What was said last of a colleague.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    now: Micros,
) -> Result<Option<Presence>, DbErr> {
    Ok(Entity::find_by_id(staff_id).one(connection).await?.map(|row| of_row(row).at(now)))
}

/// A page within reach, in order of staff id.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    (scope, team_id): (&Scope, Option<&str>),
    now: Micros,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Presence>, DbErr> {
    let mut query = Entity::find();
    query = match scope {
        Scope::All => query,
        Scope::Teams { staff_id, teams } => {
            query.filter(Column::TeamId.is_in(teams.clone()).or(Column::StaffId.eq(staff_id)))
        }
        Scope::Staff(id) => query.filter(Column::StaffId.eq(id)),
        Scope::Customer(_) => return Ok(Vec::new()),
    };
    if let Some(team_id) = team_id {
        query = query.filter(Column::TeamId.eq(team_id));
    }
    if let Some(after) = after {
        query = query.filter(Column::StaffId.gt(after));
    }
    let rows = query.order_by_asc(Column::StaffId).limit(limit).all(connection).await?;
    Ok(rows.into_iter().map(|row| of_row(row).at(now)).collect())
}

fn of_row(row: Model) -> Presence {
    Presence {
        staff_id: row.staff_id,
        team_id: row.team_id,
        state: row.state.0,
        capacity: row.capacity,
        set_at: row.set_at,
        lapse_at: row.lapse_at,
    }
}
