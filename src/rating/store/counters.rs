//! The counters: adding to them, reading figures from them, and counting everything from scratch.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait as _, Value, entity::prelude::*};

use super::{
    entity::rating,
    find, lock,
    responses::{self, RESPONDS},
    rows::to_rating,
};
use crate::{
    api::v1::RatingStanding,
    directory::oneself::Oneself,
    error::Result,
    rating::figures::{Changes, Counts, Ledgers, Place, SEPARATOR, Unit},
    store::{
        Store, Tx, sequence,
        set::{self, Cell, Kind, Present, Table},
    },
    survey,
};

const KEYS: usize = 4;

const COUNTER: Table = Table { name: "rating_counter", present: Present::Add(KEYS), columns: &columns() };

const fn columns() -> [(&'static str, Kind); KEYS + Counts::MEASURES.len()] {
    let mut columns = [("", Kind::Int); KEYS + Counts::MEASURES.len()];
    columns[0] = ("unit", Kind::Int);
    columns[1] = ("unit_key", Kind::Text);
    columns[2] = ("day", Kind::Int);
    columns[3] = ("standing", Kind::Int);
    let mut index = 0;
    while index < Counts::MEASURES.len() {
        columns[KEYS + index] = (Counts::MEASURES[index], Kind::Int);
        index += 1;
    }
    columns
}

/// A row that says something. Of those whom ratings are about, others are not read: by a row of noughts, which is left where
/// something was taken away, they could tell what was left out from what never was.
const COUNTS: &str = "level_1 + level_2 + level_3 + level_4 + level_5 > 0";

/// Which rows of a table are read, of those that fit otherwise.
pub(super) fn said(wanted: &Wanted, something: &'static str) -> &'static str {
    if wanted.besides.id().is_some() { something } else { "1 = 1" }
}

/// Before every key, so that the key of what has none is a text too: an empty cell is none.
const MARK: char = '=';

/// Adds changes, in the order of their keys: two transactions never wait for one another crosswise.
pub(super) async fn apply(tx: &Tx, changes: Changes) -> Result<(), DbErr> {
    let nothing = Counts::default();
    let rows = changes.0.into_iter().filter(|(_, counts)| *counts != nothing).map(|(place, counts)| {
        let mut row: Vec<Cell> = vec![
            (place.unit as i16).into(),
            kept_key(&place.key).into(),
            place.day.into(),
            (place.standing as i16).into(),
        ];
        row.extend(counts.sums().iter().map(|sum| Cell::from(*sum)));
        row
    });
    set::insert(tx, &COUNTER, rows.collect()).await?;
    Ok(())
}

/// Days, both included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    pub(crate) first: i32,
    pub(crate) last: i32,
}

/// Which figures.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) unit: Unit,
    /// None: all.
    pub(crate) keys: Option<Vec<String>>,
    /// Only keys whose first part is one of these.
    pub(crate) within: Option<Vec<String>>,
    /// Only keys behind this one.
    pub(crate) after: Option<String>,
    pub(crate) period: Period,
    /// Whose ratings and invitations are left out of every sum, and to whom complaints about them do not exist.
    pub(crate) besides: Oneself,
}

/// A key as the counters hold it.
pub(super) fn kept_key(key: &str) -> String {
    format!("{MARK}{key}")
}

/// A key that the counters hold.
pub(super) fn shown_key(kept: String) -> String {
    kept.strip_prefix(MARK).map(str::to_owned).unwrap_or(kept)
}

/// What rows of counters are wanted, as a condition and its parameters.
pub(super) fn conditions(wanted: &Wanted, backend: DbBackend) -> Result<(String, Vec<Value>), DbErr> {
    let mut values: Vec<Value> =
        vec![(wanted.unit as i16).into(), wanted.period.first.into(), wanted.period.last.into()];
    let mut conditions = String::from("unit = $1 AND day >= $2 AND day <= $3");
    if let Some(keys) = &wanted.keys {
        let keys: Vec<String> = keys.iter().map(|key| kept_key(key)).collect();
        let listed = set::texts_listed(backend, values.len() + 1);
        values.push(set::texts(backend, keys)?);
        conditions.push_str(&format!(" AND unit_key IN ({listed})"));
    }
    if let Some(within) = &wanted.within {
        let mut any = Vec::new();
        for first in within {
            // From "key" to before what follows its separator: texts are compared byte by byte.
            let begin = format!("{MARK}{first}{SEPARATOR}");
            let end = format!("{MARK}{first}{}", char::from_u32(SEPARATOR as u32 + 1).unwrap_or(SEPARATOR));
            any.push(format!("(unit_key >= ${} AND unit_key < ${})", values.len() + 1, values.len() + 2));
            values.extend([begin.into(), end.into()]);
        }
        let any = if any.is_empty() { "1 = 0".to_owned() } else { any.join(" OR ") };
        conditions.push_str(&format!(" AND ({any})"));
    }
    if let Some(after) = &wanted.after {
        conditions.push_str(&format!(" AND unit_key > ${}", values.len() + 1));
        values.push(kept_key(after).into());
    }
    Ok((conditions, values))
}

/// The first keys of a unit under which there are ratings or invitations, in order.
pub(crate) async fn keys(connection: &impl ConnectionTrait, wanted: &Wanted, limit: u64) -> Result<Vec<String>, DbErr> {
    if own(connection, wanted).await?.is_empty() && responses::own(connection, wanted).await?.is_empty() {
        return kept_keys(connection, wanted, limit).await;
    }
    // A key that is there for what is left out would tell of it, and so would the end of a page.
    let mut found = Vec::new();
    let mut rest = wanted.clone();
    loop {
        let some = kept_keys(connection, &rest, limit).await?;
        let Some(last) = some.last().cloned() else { return Ok(found) };
        let these = Wanted { keys: Some(some.clone()), ..rest.clone() };
        let (figures, responses) =
            (figures(connection, &these, false).await?, responses::responses(connection, &these).await?);
        found.extend(some.into_iter().filter(|key| figures.contains_key(key) || responses.contains_key(key)));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
        rest.after = Some(last);
    }
}

/// What the ratings that are left out come to.
async fn own(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Changes, DbErr> {
    let mut changes = Changes::default();
    if let Some(staff_id) = wanted.besides.id() {
        let days = (wanted.period.first, wanted.period.last);
        for rating in find::of_colleague(connection, staff_id, days).await? {
            changes.remove(&rating);
        }
    }
    changes.0.retain(|place, _| place.unit == wanted.unit && wanted.covers(&place.key));
    Ok(changes)
}

async fn kept_keys(connection: &impl ConnectionTrait, wanted: &Wanted, limit: u64) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let (conditions, mut values) = conditions(wanted, backend)?;
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let limit = values.len();
    let (rated, invited) = (said(wanted, COUNTS), said(wanted, RESPONDS));
    let sql = format!(
        "SELECT unit_key FROM (SELECT unit_key FROM rating_counter WHERE {conditions} AND {rated}
            UNION SELECT unit_key FROM invitation_counter WHERE {conditions} AND {invited}) AS known
            ORDER BY unit_key LIMIT ${limit}"
    );
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    rows.iter().map(|row| Ok(shown_key(row.try_get("", "unit_key")?))).collect()
}

impl Wanted {
    /// Whether a key of the unit is wanted; says the same as [`conditions`].
    pub(super) fn covers(&self, key: &String) -> bool {
        let first = |within: &Vec<String>| {
            key.split_once(SEPARATOR).is_some_and(|(first, _)| within.iter().any(|one| one == first))
        };
        self.keys.as_ref().is_none_or(|keys| keys.contains(key))
            && self.within.as_ref().is_none_or(first)
            && self.after.as_ref().is_none_or(|after| key > after)
    }
}

/// The figures of groups by key, in order of key, and by day where asked for.
pub(crate) async fn figures(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    by_day: bool,
) -> Result<BTreeMap<String, BTreeMap<i32, Ledgers>>, DbErr> {
    let backend = connection.get_database_backend();
    let (conditions, values) = conditions(wanted, backend)?;
    let sums = Counts::MEASURES.map(|measure| format!("CAST(sum({measure}) AS bigint) AS {measure}")).join(", ");
    let day = if by_day { "day" } else { "0" };
    let grouped = if by_day { "unit_key, standing, day" } else { "unit_key, standing" };
    let sql = format!(
        "SELECT unit_key, standing, CAST({day} AS bigint) AS day, {sums} FROM rating_counter
            WHERE {conditions} AND {} GROUP BY {grouped}",
        said(wanted, COUNTS)
    );
    let mut figures: BTreeMap<String, BTreeMap<i32, Ledgers>> = BTreeMap::new();
    for row in connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
        let key: String = row.try_get("", "unit_key")?;
        let day = i32::try_from(row.try_get::<i64>("", "day")?).unwrap_or_default();
        let ledgers = figures.entry(shown_key(key)).or_default().entry(day).or_default();
        ledgers.add(standing(&row)?, counts(&row)?);
    }
    let own = own(connection, wanted).await?;
    if !own.is_empty() {
        for (place, counts) in own.0 {
            let day = if by_day { place.day } else { 0 };
            figures.entry(place.key).or_default().entry(day).or_default().add(place.standing, counts);
        }
        // A group, a day or a standing of nothing would tell that something was left out.
        figures.values_mut().for_each(|days| days.retain(|_, ledgers| ledgers.drop_empty()));
        figures.retain(|_, days| !days.is_empty());
    }
    Ok(figures)
}

fn standing(row: &QueryResult) -> Result<RatingStanding, DbErr> {
    let number = i32::from(row.try_get::<i16>("", "standing")?);
    RatingStanding::try_from(number).map_err(|error| DbErr::Type(error.to_string()))
}

fn counts(row: &QueryResult) -> Result<Counts, DbErr> {
    let mut sums = [0; Counts::MEASURES.len()];
    for (sum, measure) in sums.iter_mut().zip(Counts::MEASURES) {
        *sum = row.try_get("", measure)?;
    }
    Ok(Counts::from_sums(sums))
}

pub(super) fn unit_of(number: i16) -> Result<Unit, DbErr> {
    let found = Unit::ALL.into_iter().find(|one| *one as i16 == number);
    found.ok_or_else(|| DbErr::Type(format!("unit {number}")))
}

/// What a count from scratch found.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recount {
    pub(crate) ratings: u64,
    /// Issued ones.
    pub(crate) invitations: u64,
    /// Places where the counters differ.
    pub(crate) differing: usize,
}

/// Counts every rating and invitation on record from scratch and compares; puts what it counted in the counters' place if
/// `mend`.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`].
pub(crate) async fn recompute(store: &Store, mend: bool) -> Result<Recount> {
    let runner = store.clone();
    store
        .transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                // Nobody adds anything in the meantime: invitations are issued under the lock of their stream, all else
                // happens under that of ratings.
                lock(tx, &store).await?;
                sequence::take(tx, store.clock(), sequence::INVITATIONS, 1).await?;
                let (ratings, anew) = count_anew(tx).await?;
                let differing_ratings = differing(&anew, &kept(tx).await?);
                if mend && differing_ratings > 0 {
                    tx.execute_unprepared("DELETE FROM rating_counter").await?;
                    apply(tx, Changes(anew)).await?;
                }
                let (invitations, anew) = survey::count_anew(tx).await?;
                let differing_invitations = differing(&anew.0, &responses::kept(tx).await?);
                if mend && differing_invitations > 0 {
                    tx.execute_unprepared("DELETE FROM invitation_counter").await?;
                    responses::respond(tx, anew).await?;
                }
                Ok(Recount { ratings, invitations, differing: differing_ratings + differing_invitations })
            })
        })
        .await
}

/// In how many places two counts differ.
fn differing<P: Ord, C: PartialEq>(one: &BTreeMap<P, C>, other: &BTreeMap<P, C>) -> usize {
    let keys: std::collections::BTreeSet<&P> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|place| one.get(*place) != other.get(*place)).count()
}

async fn count_anew(tx: &Tx) -> Result<(u64, BTreeMap<Place, Counts>), DbErr> {
    use futures::TryStreamExt as _;
    let (mut ratings, mut changes) = (0, Changes::default());
    let mut rows = rating::Entity::find().stream(tx).await?;
    while let Some(row) = rows.try_next().await? {
        changes.add(&to_rating(row));
        ratings += 1;
    }
    Ok((ratings, changes.0))
}

async fn kept(tx: &Tx) -> Result<BTreeMap<Place, Counts>, DbErr> {
    use futures::TryStreamExt as _;
    let sql = format!("SELECT unit, unit_key, day, standing, {} FROM rating_counter", Counts::MEASURES.join(", "));
    let mut rows = tx.stream_raw(Statement::from_string(ConnectionTrait::get_database_backend(tx), sql)).await?;
    let mut kept = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let place = Place {
            unit: unit_of(row.try_get("", "unit")?)?,
            key: shown_key(row.try_get("", "unit_key")?),
            day: i32::try_from(row.try_get::<i64>("", "day")?).unwrap_or_default(),
            standing: standing(&row)?,
        };
        let counts = counts(&row)?;
        if counts != Counts::default() {
            kept.insert(place, counts);
        }
    }
    Ok(kept)
}
