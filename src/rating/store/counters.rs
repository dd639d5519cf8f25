//! The counters: adding to them, reading figures from them, and counting everything anew.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, StreamTrait as _, Value, entity::prelude::*};

use super::{entity::rating, lock, rows::to_rating};
use crate::{
    api::v1::RatingStanding,
    error::Result,
    rating::figures::{Changes, Counts, Ledgers, Place, SEPARATOR, Unit},
    store::{
        Store, Tx,
        set::{self, Cell, Kind, Present, Table},
    },
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

/// Before every key, so that the key of what has none is a text too: an empty cell is none.
const MARK: char = '=';

/// Adds changes, in the order of their keys: two transactions never wait for one another crosswise.
pub(super) async fn apply(tx: &Tx, changes: Changes) -> Result<(), DbErr> {
    let nothing = Counts::default();
    let rows = changes.0.into_iter().filter(|(_, counts)| *counts != nothing).map(|(place, counts)| {
        let mut row: Vec<Cell> = vec![
            (place.unit as i16).into(),
            format!("{MARK}{}", place.key).into(),
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
    pub(crate) limit: u64,
    pub(crate) period: Period,
}

/// The figures of groups by key, in order of key, and by day where asked for.
pub(crate) async fn figures(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
    by_day: bool,
) -> Result<BTreeMap<String, BTreeMap<i32, Ledgers>>, DbErr> {
    let backend = connection.get_database_backend();
    let mut values: Vec<Value> =
        vec![(wanted.unit as i16).into(), wanted.period.first.into(), wanted.period.last.into()];
    let mut conditions = String::from("unit = $1 AND day >= $2 AND day <= $3");
    if let Some(keys) = &wanted.keys {
        let keys: Vec<String> = keys.iter().map(|key| format!("{MARK}{key}")).collect();
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
        values.push(format!("{MARK}{after}").into());
    }
    values.push(i64::try_from(wanted.limit).unwrap_or(i64::MAX).into());
    let limit = values.len();
    let sums = Counts::MEASURES.map(|measure| format!("CAST(sum({measure}) AS bigint) AS {measure}")).join(", ");
    let day = if by_day { "day" } else { "0" };
    let grouped = if by_day { "unit_key, standing, day" } else { "unit_key, standing" };
    let sql = format!(
        "SELECT unit_key, standing, CAST({day} AS bigint) AS day, {sums} FROM rating_counter
            WHERE {conditions} AND unit_key IN (
                SELECT DISTINCT unit_key FROM rating_counter WHERE {conditions} ORDER BY unit_key LIMIT ${limit})
            GROUP BY {grouped}"
    );
    let mut figures: BTreeMap<String, BTreeMap<i32, Ledgers>> = BTreeMap::new();
    for row in connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await? {
        let key: String = row.try_get("", "unit_key")?;
        let day = i32::try_from(row.try_get::<i64>("", "day")?).unwrap_or_default();
        let ledgers = figures.entry(key.trim_start_matches(MARK).to_owned()).or_default().entry(day).or_default();
        ledgers.add(standing(&row)?, counts(&row)?);
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

/// Counts every rating on record anew and compares; puts what it counted in the counters' place if `mend`. Gives how many
/// ratings there are, and in how many places the counters differ.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`].
pub(crate) async fn recompute(store: &Store, mend: bool) -> Result<(u64, usize)> {
    let runner = store.clone();
    store
        .transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                // Nobody adds anything in the meantime.
                lock(tx, &store).await?;
                let (ratings, anew) = count_anew(tx).await?;
                let kept = kept(tx).await?;
                let keys = anew.keys().chain(kept.keys());
                let differing = keys.filter(|place| anew.get(place) != kept.get(place));
                let differing: std::collections::BTreeSet<&Place> = differing.collect();
                let count = differing.len();
                if mend && count > 0 {
                    tx.execute_unprepared("DELETE FROM rating_counter").await?;
                    apply(tx, Changes(anew)).await?;
                }
                Ok((ratings, count))
            })
        })
        .await
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
        let key: String = row.try_get("", "unit_key")?;
        let unit = row.try_get::<i16>("", "unit")?;
        let place = Place {
            unit: Unit::ALL
                .into_iter()
                .find(|one| *one as i16 == unit)
                .ok_or_else(|| DbErr::Type(format!("unit {unit}")))?,
            key: key.trim_start_matches(MARK).to_owned(),
            day: i32::try_from(row.try_get::<i64>("", "day")?).unwrap_or_default(),
            standing: standing(&row)?,
        };
        let counts = counts(&row)?;
        // What was taken away again leaves a row of noughts, which says the same as none.
        if counts != Counts::default() {
            kept.insert(place, counts);
        }
    }
    Ok(kept)
}
