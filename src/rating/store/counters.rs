//! The counters of ratings: adding to them, reading figures from them, and counting everything from scratch.

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, StreamTrait as _, Value, entity::prelude::*};

use super::{
    entity::{counter, rating},
    find,
    rows::to_rating,
};
use crate::{
    api::v1::RatingStanding,
    rating::figures::{Changes, Counts, Ledgers, Place, SEPARATOR, Unit},
    reach::Oneself,
    store::{
        Tx,
        bulk::{self, Present},
        set,
    },
};

const COUNTER: Present<counter::Entity> =
    Present::Add(&[counter::Column::Unit, counter::Column::UnitKey, counter::Column::Day, counter::Column::Standing]);

/// A row that says something. Of those whom ratings are about, others are not read: by a row of noughts, which is left where
/// something was taken away, they could tell what was left out from what never was.
pub(crate) const COUNTS: &str = "level_1 + level_2 + level_3 + level_4 + level_5 > 0";

/// Which rows of a table are read, of those that fit otherwise.
pub(crate) fn said(wanted: &Wanted, something: &'static str) -> &'static str {
    if wanted.besides.id().is_some() { something } else { "1 = 1" }
}

/// Before every key, so that the key of what has none is a text too: an empty cell is none.
const MARK: char = '=';

/// Adds changes, in the order of their keys: two transactions never wait for one another crosswise.
pub(crate) async fn apply(tx: &Tx, changes: Changes) -> Result<(), DbErr> {
    let nothing = Counts::default();
    let rows = changes.0.into_iter().filter(|(_, counts)| *counts != nothing);
    bulk::insert(tx, rows.map(|(place, counts)| row(place, &counts)).collect(), COUNTER).await?;
    Ok(())
}

fn row(place: Place, counts: &Counts) -> counter::Model {
    // In the order of `Counts::MEASURES`, which is that of the columns.
    let [
        level_1,
        level_2,
        level_3,
        level_4,
        level_5,
        resolved,
        unresolved,
        affinity_n,
        affinity_sum,
        carefulness_n,
        carefulness_sum,
        knowledge_n,
        knowledge_sum,
        clarity_n,
        clarity_sum,
        effort_n,
        effort_sum,
        expected_n,
        expected_sum,
        perceived_n,
        perceived_sum,
        both_n,
        both_expected_sum,
        both_perceived_sum,
        about_staff,
        about_policy,
        about_product,
        about_system,
        about_logistics,
        about_other,
    ] = *counts.sums();
    counter::Model {
        unit: place.unit as i16,
        unit_key: kept_key(&place.key),
        day: place.day.into(),
        standing: place.standing as i16,
        level_1,
        level_2,
        level_3,
        level_4,
        level_5,
        resolved,
        unresolved,
        affinity_n,
        affinity_sum,
        carefulness_n,
        carefulness_sum,
        knowledge_n,
        knowledge_sum,
        clarity_n,
        clarity_sum,
        effort_n,
        effort_sum,
        expected_n,
        expected_sum,
        perceived_n,
        perceived_sum,
        both_n,
        both_expected_sum,
        both_perceived_sum,
        about_staff,
        about_policy,
        about_product,
        about_system,
        about_logistics,
        about_other,
    }
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
pub(crate) fn kept_key(key: &str) -> String {
    format!("{MARK}{key}")
}

/// A key that the counters hold.
pub(crate) fn shown_key(kept: String) -> String {
    kept.strip_prefix(MARK).map(str::to_owned).unwrap_or(kept)
}

/// What rows of counters are wanted, as a condition and its parameters.
pub(crate) fn conditions(wanted: &Wanted, backend: DbBackend) -> Result<(String, Vec<Value>), DbErr> {
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

/// What the ratings that are left out come to.
pub(crate) async fn own(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Changes, DbErr> {
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

impl Wanted {
    /// Whether a key of the unit is wanted; says the same as [`conditions`].
    pub(crate) fn covers(&self, key: &String) -> bool {
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

pub(crate) fn unit_of(number: i16) -> Result<Unit, DbErr> {
    let found = Unit::ALL.into_iter().find(|one| *one as i16 == number);
    found.ok_or_else(|| DbErr::Type(format!("unit {number}")))
}

/// Counts every rating on record; gives how many there are too.
pub(crate) async fn count_anew(tx: &Tx) -> Result<(u64, BTreeMap<Place, Counts>), DbErr> {
    use futures::TryStreamExt as _;
    let (mut ratings, mut changes) = (0, Changes::default());
    let mut rows = rating::Entity::find().stream(tx).await?;
    while let Some(row) = rows.try_next().await? {
        changes.add(&to_rating(row));
        ratings += 1;
    }
    Ok((ratings, changes.0))
}

/// All that is counted.
pub(crate) async fn kept(tx: &Tx) -> Result<BTreeMap<Place, Counts>, DbErr> {
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

#[cfg(test)]
mod tests {
    use sea_orm::{IdenStatic as _, Iterable as _};

    use super::*;

    #[test]
    fn measures_are_the_columns_behind_the_key() {
        let Present::Add(key) = COUNTER else { panic!("sums are added up") };
        let columns = counter::Column::iter().map(|column| column.as_str()).skip(key.len());
        assert_eq!(columns.collect::<Vec<_>>(), Counts::MEASURES);
    }
}
