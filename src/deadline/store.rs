//! Clocks in the database. Whatever changes one holds the lock of its subject's stream.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{
    ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
};

use super::{
    Cause, Clock, Stretch,
    entity::{clock, stretch},
};
use crate::{
    calendar::{self, Version},
    clock::Micros,
    store::{Tx, bulk, bulk::Present},
};

/// Clocks that are looked at together when a calendar changes.
const TOGETHER: u64 = 500;

/// The newest version of the calendar by which a team works. None: around the clock.
pub(crate) async fn version_of(
    connection: &impl ConnectionTrait,
    team_id: Option<&str>,
) -> Result<Option<Version>, DbErr> {
    calendar::store::of_team(connection, team_id.unwrap_or_default()).await
}

/// The clocks of these, each in order of number.
pub(crate) async fn of(
    connection: &impl ConnectionTrait,
    subjects: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Clock>>, DbErr> {
    let query = clock::Entity::find().filter(clock::Column::SubjectId.is_in(subjects.iter().copied()));
    let rows = query.order_by_asc(clock::Column::Number).all(connection).await?;
    let mut found: HashMap<Uuid, Vec<Clock>> = HashMap::new();
    for one in with_stretches(connection, rows).await? {
        found.entry(one.subject).or_default().push(one);
    }
    Ok(found)
}

/// The last clock of a subject.
pub(crate) async fn last(connection: &impl ConnectionTrait, subject: Uuid) -> Result<Option<Clock>, DbErr> {
    let query = clock::Entity::find().filter(clock::Column::SubjectId.eq(subject));
    let row = query.order_by_desc(clock::Column::Number).one(connection).await?;
    Ok(with_stretches(connection, row.into_iter().collect()).await?.pop())
}

async fn with_stretches(connection: &impl ConnectionTrait, rows: Vec<clock::Model>) -> Result<Vec<Clock>, DbErr> {
    let subjects = rows.iter().map(|row| row.subject_id);
    let query = stretch::Entity::find().filter(stretch::Column::SubjectId.is_in(subjects));
    let all = query.order_by_asc(stretch::Column::Position).all(connection).await?;
    let mut versions: BTreeMap<(String, i32), Version> = BTreeMap::new();
    for row in &all {
        if let (Some(id), Some(number)) = (&row.calendar_id, row.calendar_version)
            && !versions.contains_key(&(id.clone(), number))
            && let Some(version) = calendar::store::find(connection, id, Some(number)).await?
        {
            versions.insert((id.clone(), number), version);
        }
    }
    let mut of_each: HashMap<(Uuid, i32), Vec<Stretch>> = HashMap::new();
    for row in all {
        let version = row.calendar_id.zip(row.calendar_version).and_then(|key| versions.get(&key).cloned());
        let one = Stretch {
            from: row.from_at,
            to: row.to_at,
            runs: row.runs == 1,
            version,
            reason: row.reason,
            author: row.author,
        };
        of_each.entry((row.subject_id, row.number)).or_default().push(one);
    }
    let whole = |row: clock::Model| Clock {
        stretches: of_each.remove(&(row.subject_id, row.number)).unwrap_or_default(),
        subject: row.subject_id,
        number: row.number,
        team_id: row.team_id,
        target: row.target,
        started_at: row.started_at,
        stopped_at: row.stopped_at,
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// Writes a clock as it is now.
pub(crate) async fn save(tx: &Tx, one: &Clock) -> Result<(), DbErr> {
    let row = clock::Model {
        subject_id: one.subject,
        number: one.number,
        team_id: one.team_id.clone(),
        target: one.target,
        started_at: one.started_at,
        stopped_at: one.stopped_at,
        due_at: one.due(),
    };
    let key = [clock::Column::SubjectId, clock::Column::Number];
    let columns = [clock::Column::TeamId, clock::Column::StoppedAt, clock::Column::DueAt];
    let replace = sea_orm::sea_query::OnConflict::columns(key).update_columns(columns).to_owned();
    clock::Entity::insert(row.into_active_model()).on_conflict(replace).exec_without_returning(tx).await?;
    let former = stretch::Entity::delete_many().filter(stretch::Column::SubjectId.eq(one.subject));
    former.filter(stretch::Column::Number.eq(one.number)).exec(tx).await?;
    let rows = (0..).zip(&one.stretches).map(|(position, stretch)| stretch::Model {
        subject_id: one.subject,
        number: one.number,
        position,
        from_at: stretch.from,
        to_at: stretch.to,
        runs: i16::from(stretch.runs),
        calendar_id: stretch.version.as_ref().map(|version| version.id.clone()),
        calendar_version: stretch.version.as_ref().map(|version| version.number),
        reason: stretch.reason.clone(),
        author: stretch.author.clone(),
    });
    bulk::insert::<stretch::Entity>(tx, rows.collect(), Present::Never).await?;
    Ok(())
}

/// Lets the clocks that run on by the calendars of their teams as these are now; gives those of which the calendar was another.
pub(crate) async fn recount(tx: &Tx, now: Micros, author: &str) -> Result<Vec<Clock>, DbErr> {
    let mut versions: HashMap<Option<String>, Option<Version>> = HashMap::new();
    let (mut changed, mut after) = (Vec::new(), Uuid::nil());
    loop {
        let query = clock::Entity::find().filter(clock::Column::StoppedAt.is_null());
        let query = query.filter(clock::Column::SubjectId.gt(after)).order_by_asc(clock::Column::SubjectId);
        let rows = query.limit(TOGETHER).all(tx).await?;
        let Some(last) = rows.last() else { return Ok(changed) };
        after = last.subject_id;
        for mut one in with_stretches(tx, rows).await? {
            if !versions.contains_key(&one.team_id) {
                versions.insert(one.team_id.clone(), version_of(tx, one.team_id.as_deref()).await?);
            }
            let version = versions.get(&one.team_id).cloned().flatten();
            if one.version() == version.as_ref() {
                continue;
            }
            one.repin(now, version, Cause { reason: "calendar changed", author: author.to_owned() });
            save(tx, &one).await?;
            changed.push(one);
        }
    }
}
