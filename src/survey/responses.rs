//! The counters of invitations: adding to them, and reading them.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, QueryResult,
    sea_query::{Expr, ExprTrait as _, Query},
};

use super::{entity::counter, invitations::take_out_those_about};
use crate::{
    rating::store::counters::{Wanted, conditions, kept_key, said, shown_key},
    store::{
        Stored, Tx,
        bulk::{self, Present},
    },
    survey::response::{Changes, Place, Responses},
};

const COUNTER: Present<counter::Entity> =
    Present::Add(&[counter::Column::Unit, counter::Column::UnitKey, counter::Column::Day]);

/// A row that says something.
pub(crate) const RESPONDS: &str = "invited > 0";

/// Adds changes, in the order of their keys. Comes after those of ratings where a transaction changes both, so that
/// none waits for another crosswise.
pub(crate) async fn respond(tx: &Tx, changes: Changes) -> Result<(), DbErr> {
    let nothing = Responses::default();
    let rows = changes.0.into_iter().filter(|(_, responses)| *responses != nothing);
    let rows = rows.map(|(place, responses)| counter::Model {
        unit: Stored(place.unit),
        unit_key: kept_key(&place.key),
        day: place.day.into(),
        invited: responses.invited,
        delivered: responses.delivered,
        responded: responses.responded,
    });
    debug_assert!(tx.numbers_taken() > 0, "answers made of counters are kept until a stream moves");
    bulk::insert(tx, rows.collect(), COUNTER).await?;
    Ok(())
}

/// What the invitations of groups come to, by key.
pub(crate) async fn responses(
    connection: &impl ConnectionTrait,
    wanted: &Wanted,
) -> Result<BTreeMap<String, Responses>, DbErr> {
    let backend = connection.get_database_backend();
    use counter::Column;
    let mut query = Query::select()
        .column(Column::UnitKey)
        .from(counter::Entity)
        .cond_where(conditions(wanted, backend))
        .and_where(Expr::cust(said(wanted, RESPONDS)))
        .group_by_col(Column::UnitKey)
        .take();
    for sum in [Column::Invited, Column::Delivered, Column::Responded] {
        query.expr_as(Expr::col(sum).sum().cast_as("bigint"), sum);
    }
    let mut found = BTreeMap::new();
    for row in connection.query_all(&query).await? {
        found.insert(shown_key(row.try_get("", "unit_key")?), read(&row)?);
    }
    let own = own(connection, wanted).await?;
    if !own.is_empty() {
        own.0.into_iter().for_each(|(place, responses)| *found.entry(place.key).or_default() += responses);
        found.retain(|_, responses| *responses != Responses::default());
    }
    Ok(found)
}

/// What the invitations that are left out come to.
pub(crate) async fn own(connection: &impl ConnectionTrait, wanted: &Wanted) -> Result<Changes, DbErr> {
    let mut changes = Changes::default();
    if let Some(staff_id) = wanted.besides.id() {
        take_out_those_about(connection, staff_id, (wanted.period.first, wanted.period.last), &mut changes).await?;
    }
    changes.0.retain(|place, _| place.unit == wanted.unit && wanted.covers(&place.key));
    Ok(changes)
}

/// All that is counted.
pub(crate) async fn kept(tx: &Tx) -> Result<BTreeMap<Place, Responses>, DbErr> {
    use futures::TryStreamExt as _;
    let mut rows = counter::Entity::find().stream(tx).await?;
    let mut kept = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let place =
            Place { unit: row.unit.0, key: shown_key(row.unit_key), day: i32::try_from(row.day).unwrap_or_default() };
        let responses = Responses { invited: row.invited, delivered: row.delivered, responded: row.responded };
        if responses != Responses::default() {
            kept.insert(place, responses);
        }
    }
    Ok(kept)
}

fn read(row: &QueryResult) -> Result<Responses, DbErr> {
    Ok(Responses {
        invited: row.try_get("", "invited")?,
        delivered: row.try_get("", "delivered")?,
        responded: row.try_get("", "responded")?,
    })
}
