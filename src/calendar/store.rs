//! Calendars in the database. Every version stays; the newest of an id is the one with the greatest number.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use rapport_calendar::{Calendar, Dated, Hours};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict, Query as Statement},
};

use super::{
    Version,
    entity::{assigned, version},
};
use crate::{
    api::v1::{AuditAction, Role},
    audit,
    clock::Micros,
    directory::etag,
    error::{Error, Result},
    store::{Abort, Tx},
};

/// The newest version, or one by its number.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    calendar_id: &str,
    number: Option<i32>,
) -> Result<Option<Version>, DbErr> {
    let mut query = version::Entity::find().filter(version::Column::CalendarId.eq(calendar_id));
    if let Some(number) = number {
        query = query.filter(version::Column::Version.eq(number));
    }
    let row = query.order_by_desc(version::Column::Version).limit(1).one(connection).await?;
    row.map(of_row).transpose()
}

/// By which calendar a team works: its own, else the default. None: around the clock.
pub(crate) async fn of_team(connection: &impl ConnectionTrait, team_id: &str) -> Result<Option<Version>, DbErr> {
    let rows = assigned::Entity::find().filter(assigned::Column::TeamId.is_in([team_id, ""])).all(connection).await?;
    // The team's own comes after the empty name.
    let Some(row) = rows.into_iter().max_by(|one, other| one.team_id.cmp(&other.team_id)) else { return Ok(None) };
    find(connection, &row.calendar_id, None).await
}

/// The hours by which a team works, or somebody without a team.
pub(crate) async fn hours_of(connection: &impl ConnectionTrait, team_id: Option<&str>) -> Result<Calendar, DbErr> {
    let version = of_team(connection, team_id.unwrap_or_default()).await?;
    Ok(version.map_or_else(Calendar::around_the_clock, |version| version.calendar))
}

/// The newest versions behind an id, in order of id.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Version>, DbErr> {
    let newest = Statement::select()
        .column((version::Entity, version::Column::CalendarId))
        .expr(version::Column::Version.max())
        .from(version::Entity)
        .group_by_col((version::Entity, version::Column::CalendarId))
        .take();
    let pair = sea_orm::sea_query::Expr::tuple([
        version::Column::CalendarId.into_expr(),
        version::Column::Version.into_expr(),
    ]);
    let mut query = version::Entity::find().filter(pair.in_subquery(newest));
    if let Some(after) = after {
        query = query.filter(version::Column::CalendarId.gt(after));
    }
    let rows = query.order_by_asc(version::Column::CalendarId).limit(limit).all(connection).await?;
    rows.into_iter().map(of_row).collect()
}

/// Writes the next version of a calendar; gives its number. `expected`: the newest version's etag, or empty.
///
/// # Errors
/// [`Error::EtagMismatch`].
pub(super) async fn put(tx: &Tx, now: Micros, role: Role, told: &Version, expected: &str) -> Result<i32, Abort> {
    let newest = find(tx, &told.id, None).await?;
    let number = newest.as_ref().map_or(0, |newest| newest.number);
    if !expected.is_empty() && expected != etag(i64::from(number)) {
        return Err(Error::EtagMismatch.into());
    }
    let row = to_row(&Version { number: number + 1, created_at: now, ..told.clone() })?;
    // Two at once: the key lets one of them in, and the other finds another newest version.
    if version::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(tx)
        .await?
        == 0
    {
        return Err(Error::EtagMismatch.into());
    }
    let detail = serde_json::json!({ "version": number + 1 });
    audit::add(tx, now, (&told.author, role), AuditAction::CalendarPut, &told.id, "", Some(detail)).await?;
    Ok(number + 1)
}

/// Says by which calendar a team works, or by none of its own.
///
/// # Errors
/// [`Error::NotFound`]: no such calendar.
pub(super) async fn assign(
    tx: &Tx,
    now: Micros,
    actor: (&str, Role),
    team_id: &str,
    calendar_id: Option<&str>,
) -> Result<(), Abort> {
    match calendar_id {
        None => {
            assigned::Entity::delete_by_id(team_id).exec(tx).await?;
        }
        Some(id) => {
            find(tx, id, None).await?.ok_or(Error::NotFound("calendar"))?;
            let row = assigned::ActiveModel { team_id: Set(team_id.to_owned()), calendar_id: Set(id.to_owned()) };
            let replace =
                OnConflict::column(assigned::Column::TeamId).update_column(assigned::Column::CalendarId).to_owned();
            assigned::Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
        }
    }
    let detail = serde_json::json!({ "calendar_id": calendar_id });
    audit::add(tx, now, actor, AuditAction::CalendarAssigned, team_id, "", Some(detail)).await?;
    Ok(())
}

fn to_row(version: &Version) -> Result<version::ActiveModel> {
    let week: Vec<String> = version.calendar.week().iter().map(Hours::to_string).collect();
    let dated =
        version.calendar.dated().iter().map(|(date, dated)| (date.to_string(), (dated.hours.to_string(), &dated.name)));
    let dated: BTreeMap<_, _> = dated.collect();
    Ok(version::ActiveModel {
        calendar_id: Set(version.id.clone()),
        version: Set(version.number),
        display_name: Set(version.display_name.clone()),
        time_zone: Set(version.calendar.zone().iana_name().unwrap_or("UTC").to_owned()),
        week: Set(serde_json::to_string(&week).map_err(Error::internal)?),
        dated: Set(serde_json::to_string(&dated).map_err(Error::internal)?),
        author: Set(version.author.clone()),
        created_at: Set(version.created_at),
    })
}

fn of_row(row: version::Model) -> Result<Version, DbErr> {
    let calendar = calendar_of(&row).ok_or_else(|| {
        DbErr::Custom(format!("version {} of calendar {:?} cannot be read", row.version, row.calendar_id))
    })?;
    Ok(Version {
        id: row.calendar_id,
        number: row.version,
        display_name: row.display_name,
        calendar,
        author: row.author,
        created_at: row.created_at,
    })
}

fn calendar_of(row: &version::Model) -> Option<Calendar> {
    let week: Vec<String> = serde_json::from_str(&row.week).ok()?;
    let week: Vec<Hours> = week.iter().map(|hours| hours.parse().ok()).collect::<Option<_>>()?;
    let dated: BTreeMap<String, (String, String)> = serde_json::from_str(&row.dated).ok()?;
    let dated = dated.into_iter().map(|(date, (hours, name))| {
        let date: Date = date.parse().ok()?;
        Some((date, Dated { hours: hours.parse().ok()?, name }))
    });
    let zone = TimeZone::get(&row.time_zone).ok()?;
    Calendar::new(zone, week.try_into().ok()?, dated.collect::<Option<_>>()?).ok()
}
