//! Records that may be of one person, with what speaks for it. Nobody merges them but people.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Statement,
};

use super::entity::merge;
use crate::{
    directory::{Alias, entity::customer},
    store::{Stored, set},
};

/// A point that more customers have is a household's or a company's.
const MOST_SHARING: usize = 5;
/// Names less alike than this say nothing.
const SIMILAR: f64 = 0.9;
/// Orders of one page of customers that are looked at.
const ORDERS: usize = 20_000;

/// Two records, the lower id first.
pub(super) type Pair = (String, String);

/// What two records have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Evidence {
    /// As the first and the second have each.
    pub(super) points: Vec<(Alias, Alias)>,
    pub(super) orders: BTreeSet<String>,
    /// Of their names, where they are alike.
    pub(super) names: Option<(String, String, f64)>,
}

impl Evidence {
    fn is_enough(&self) -> bool {
        !self.points.is_empty() || (!self.orders.is_empty() && self.names.is_some())
    }
}

/// The ids of customers after one, in their order.
pub(super) async fn page(
    connection: &impl ConnectionTrait,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<String>, DbErr> {
    let mut query = customer::Entity::find().select_only().column(customer::Column::CustomerId);
    if let Some(after) = after {
        query = query.filter(customer::Column::CustomerId.gt(after));
    }
    query.order_by_asc(customer::Column::CustomerId).limit(limit).into_tuple().all(connection).await
}

/// Pairs of these customers with others: with those of a higher id, or with all where only one is asked about.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    customers: Vec<String>,
    with_all: bool,
) -> Result<BTreeMap<Pair, Evidence>, DbErr> {
    let mut found: BTreeMap<Pair, Evidence> = BTreeMap::new();
    let is_pair = |one: &String, other: &String| if with_all { one != other } else { one < other };
    let ordered = |one: &String, other: &String| match one < other {
        true => (one.clone(), other.clone()),
        false => (other.clone(), one.clone()),
    };

    let own = points_of(connection, &customers).await?;
    let values = own.iter().map(|(_, point)| point.value.clone()).collect();
    let mut sharing: HashMap<Alias, BTreeMap<String, Alias>> = HashMap::new();
    for (owner, point) in points_at(connection, values).await? {
        sharing.entry(point.clone()).or_default().entry(owner).or_insert(point);
    }
    let shared = |point: &Alias| sharing.get(point).filter(|owners| owners.len() <= MOST_SHARING);
    for (one, point) in &own {
        for (other, theirs) in shared(point).into_iter().flatten().filter(|(other, _)| is_pair(one, other)) {
            let pair = ordered(one, other);
            let notations =
                if pair.0 == *one { (point.clone(), theirs.clone()) } else { (theirs.clone(), point.clone()) };
            let points = &mut found.entry(pair).or_default().points;
            if points.iter().all(|(known, _)| *known != notations.0) {
                points.push(notations);
            }
        }
    }
    for (one, other, order) in shared_orders(connection, &customers).await? {
        if is_pair(&one, &other) {
            found.entry(ordered(&one, &other)).or_default().orders.insert(order);
        }
    }

    let ids: BTreeSet<&String> = found.keys().flat_map(|(one, other)| [one, other]).collect();
    let names = names_of(connection, ids.into_iter().cloned().collect()).await?;
    for ((one, other), evidence) in &mut found {
        let (Some(first), Some(second)) = (names.get(one), names.get(other)) else { continue };
        evidence.names = likeness(first, second).map(|alike| (first.clone(), second.clone(), alike));
    }
    found.retain(|_, evidence| evidence.is_enough());
    for pair in parted(connection, found.keys()).await? {
        found.remove(&pair);
    }
    Ok(found)
}

/// How alike two names are, if they are: by Jaro-Winkler, without case, titles apart by their order.
fn likeness(one: &str, other: &str) -> Option<f64> {
    let words = |name: &str| {
        let mut words: Vec<String> =
            name.to_lowercase().split(|letter: char| !letter.is_alphanumeric()).map(str::to_owned).collect();
        words.retain(|word| !word.is_empty());
        words.sort();
        words.join(" ")
    };
    let (one, other) = (words(one), words(other));
    let alike = if one.is_empty() || other.is_empty() { 0.0 } else { strsim::jaro_winkler(&one, &other) };
    (alike >= SIMILAR).then_some(alike)
}

/// Contact points, aliases, and aliases that turned out to be others'.
const POINTS: &str = "SELECT customer_id, kind, value, written FROM contact_point WHERE {which}
    UNION ALL SELECT customer_id, kind, value, written FROM customer_alias WHERE {which}
    UNION ALL SELECT customer_id, kind, value, written FROM alias_coincidence WHERE {which}";

async fn points_of(connection: &impl ConnectionTrait, customers: &[String]) -> Result<Vec<(String, Alias)>, DbErr> {
    points(connection, "customer_id", customers.to_vec()).await
}

async fn points_at(connection: &impl ConnectionTrait, values: Vec<String>) -> Result<Vec<(String, Alias)>, DbErr> {
    points(connection, "value", values).await
}

/// By hand: three tables in one trip.
async fn points(
    connection: &impl ConnectionTrait,
    column: &str,
    mut listed: Vec<String>,
) -> Result<Vec<(String, Alias)>, DbErr> {
    listed.sort_unstable();
    listed.dedup();
    let backend = connection.get_database_backend();
    let sql = POINTS.replace("{which}", &format!("{column} IN {}", set::texts_listed(backend, 1)));
    let statement = Statement::from_sql_and_values(backend, sql, [set::text_list(backend, listed)]);
    let rows = connection.query_all_raw(statement).await?;
    let read = |row: sea_orm::QueryResult| {
        let kind: Stored<_> = row.try_get("", "kind")?;
        let point = Alias::stored(kind.0, row.try_get("", "value")?, row.try_get("", "written")?);
        Ok((row.try_get("", "customer_id")?, point))
    };
    rows.into_iter().map(read).collect()
}

/// Orders of these customers that others have interactions about: both, and the order.
async fn shared_orders(
    connection: &impl ConnectionTrait,
    customers: &[String],
) -> Result<Vec<(String, String, String)>, DbErr> {
    let backend = connection.get_database_backend();
    // By hand: a join of a table with itself.
    let sql = format!(
        "SELECT DISTINCT mine.customer_id AS one, theirs.customer_id AS other, mine.order_id
        FROM interaction mine JOIN interaction theirs
            ON theirs.order_id = mine.order_id AND theirs.customer_id <> mine.customer_id
        WHERE mine.customer_id IN {} AND mine.order_id IS NOT NULL LIMIT {ORDERS}",
        set::texts_listed(backend, 1)
    );
    let values = [set::text_list(backend, customers.to_vec())];
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let read = |row: sea_orm::QueryResult| {
        Ok((row.try_get("", "one")?, row.try_get("", "other")?, row.try_get("", "order_id")?))
    };
    rows.into_iter().map(read).collect()
}

async fn names_of(connection: &impl ConnectionTrait, customers: Vec<String>) -> Result<HashMap<String, String>, DbErr> {
    use customer::Column;
    let listed = set::one_of(connection.get_database_backend(), customers);
    let query = customer::Entity::find().select_only().columns([Column::CustomerId, Column::Salutation]);
    let names: Vec<(String, String)> =
        query.filter(Column::CustomerId.in_subquery(listed)).into_tuple().all(connection).await?;
    Ok(names.into_iter().collect())
}

/// Those of these pairs whom somebody parted: they are two.
async fn parted<'p>(
    connection: &impl ConnectionTrait,
    pairs: impl Iterator<Item = &'p Pair>,
) -> Result<Vec<Pair>, DbErr> {
    use merge::Column;
    let pairs: BTreeSet<&Pair> = pairs.collect();
    let ids: BTreeSet<&String> = pairs.iter().flat_map(|(one, other)| [one, other]).collect();
    let listed = set::one_of(connection.get_database_backend(), ids.into_iter().cloned().collect());
    let query = merge::Entity::find().select_only().columns([Column::KeptId, Column::AbsorbedId]);
    let query = query.filter(Column::UndoneAt.is_not_null()).filter(Column::KeptId.in_subquery(listed));
    let undone: Vec<(String, String)> = query.into_tuple().all(connection).await?;
    let ordered = undone.into_iter().map(|(one, other)| if one < other { (one, other) } else { (other, one) });
    Ok(ordered.filter(|pair| pairs.contains(pair)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_alike_whatever_their_order_and_case() {
        assert_eq!(likeness("Ms Anna Berg", "BERG, Anna Ms"), Some(1.0));
        assert!(likeness("Anna Berg", "Ana Berg").is_some());
        assert_eq!(likeness("王女士", "王女士"), Some(1.0));
        assert_eq!(likeness("王女士", "李先生"), None);
        assert_eq!(likeness("", ""), None);
    }
}
