//! The counters of ratings: adding to them, reading figures from them, and counting everything from scratch.

use std::collections::BTreeMap;

use sea_orm::{
    Condition, ConnectionTrait, DbBackend, DbErr, IdenStatic as _, Iterable as _, QueryResult, QueryTrait as _,
    StreamTrait as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Query},
};

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
        Stored, Tx,
        bulk::{self, Present},
        set,
    },
};

const KEY: &[counter::Column] =
    &[counter::Column::Unit, counter::Column::UnitKey, counter::Column::Day, counter::Column::Standing];
const COUNTER: Present<counter::Entity> = Present::Add(KEY);

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
    debug_assert!(tx.numbers_taken() > 0, "answers made of counters are kept until a stream moves");
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
        unit: Stored(place.unit),
        unit_key: kept_key(&place.key),
        day: place.day.into(),
        standing: Stored(place.standing),
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

/// What rows of counters are wanted, of either table: both have columns of these names.
pub(crate) fn conditions(wanted: &Wanted, backend: DbBackend) -> Condition {
    use counter::Column;
    let key = || Expr::col(Column::UnitKey);
    let mut conditions = Condition::all()
        .add(Expr::col(Column::Unit).eq(Stored(wanted.unit)))
        .add(Expr::col(Column::Day).gte(wanted.period.first))
        .add(Expr::col(Column::Day).lte(wanted.period.last));
    if let Some(keys) = &wanted.keys {
        let keys = keys.iter().map(|key| kept_key(key)).collect();
        conditions = conditions.add(key().in_subquery(set::one_of(backend, keys)));
    }
    if let Some(within) = &wanted.within {
        // Of nobody: nothing.
        let mut any = Condition::any().add_option(within.is_empty().then(|| Expr::cust("1 = 0")));
        for first in within {
            // From "key" to before what follows its separator: texts are compared byte by byte.
            let begin = format!("{MARK}{first}{SEPARATOR}");
            let end = format!("{MARK}{first}{}", char::from_u32(SEPARATOR as u32 + 1).unwrap_or(SEPARATOR));
            any = any.add(Condition::all().add(key().gte(begin)).add(key().lt(end)));
        }
        conditions = conditions.add(any);
    }
    conditions.add_option(wanted.after.as_ref().map(|after| key().gt(kept_key(after))))
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
    use counter::Column;
    let backend = connection.get_database_backend();
    let mut query = Query::select()
        .columns([Column::UnitKey, Column::Standing])
        .expr_as(if by_day { Expr::col(Column::Day) } else { Expr::cust("0") }.cast_as("bigint"), Column::Day)
        .from(counter::Entity)
        .cond_where(conditions(wanted, backend))
        .and_where(Expr::cust(said(wanted, COUNTS)))
        .group_by_columns([Column::UnitKey, Column::Standing])
        .take();
    if by_day {
        query.group_by_col(Column::Day);
    }
    for measure in measures() {
        query.expr_as(Expr::col(measure).sum().cast_as("bigint"), measure);
    }
    let mut figures: BTreeMap<String, BTreeMap<i32, Ledgers>> = BTreeMap::new();
    for row in connection.query_all(&query).await? {
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

/// The columns of sums, in the order of `Counts::MEASURES`.
fn measures() -> impl Iterator<Item = counter::Column> {
    counter::Column::iter().skip(KEY.len())
}

fn standing(row: &QueryResult) -> Result<RatingStanding, DbErr> {
    match row.try_get("", "standing")? {
        Stored(RatingStanding::Unspecified) => Err(DbErr::Type("a standing of a newer version".to_owned())),
        Stored(standing) => Ok(standing),
    }
}

fn counts(row: &QueryResult) -> Result<Counts, DbErr> {
    let mut sums = [0; Counts::MEASURES.len()];
    for (sum, measure) in sums.iter_mut().zip(measures()) {
        *sum = row.try_get("", measure.as_str())?;
    }
    Ok(Counts::from_sums(sums))
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
    let query = counter::Entity::find().build(ConnectionTrait::get_database_backend(tx));
    let mut rows = tx.stream_raw(query).await?;
    let mut kept = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let place = Place {
            unit: row.try_get::<Stored<Unit>>("", "unit")?.0,
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
    use super::*;

    #[test]
    fn measures_are_the_columns_behind_the_key() {
        assert_eq!(measures().map(|column| column.as_str()).collect::<Vec<_>>(), Counts::MEASURES);
    }
}
