//! Ratings of interactions that belong to an incident: they leave the staff ledger and stay in the customer's truth (I10, R5).

use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, QueryFilter as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, SelectStatement},
};

use super::{counters, entity::rating, find::within, rows::to_rating};
use crate::{
    api::v1::RatingStanding,
    clock::Micros,
    rating::{Rating, figures::Changes, rules::standing},
    reach::Sight,
    store::{Stored, Tx, set},
};

/// Lets what counts for staff of these interactions be the incident's; gives how many ratings that are. `span`: the instants between
/// which the interactions occurred, both of them included; `is_member`: whether an interaction is one of them, asked of each rating in the
/// span, since a list of all members would be read anew for every portion. Needs the lock of the ratings.
pub(crate) async fn into_incident(
    tx: &Tx,
    is_member: impl FnOnce(Expr) -> SelectStatement,
    (from, to): (Micros, Micros),
) -> Result<i64, DbErr> {
    use rating::Column;
    let counted = rating::Entity::find()
        .filter(Column::OccurredAt.gte(from))
        .filter(Column::OccurredAt.lte(to))
        .filter(Column::Standing.eq(Stored(RatingStanding::Counted)))
        .filter(Expr::exists(is_member(Expr::col((rating::Entity, Column::InteractionId)))));
    restand_all(tx, counted.all(tx).await?, |_| RatingStanding::Incident).await
}

/// Lets what an incident took of these interactions count as it did; gives how many ratings that are. Needs the lock of the ratings.
pub(crate) async fn out_of_incident(tx: &Tx, interactions: &[Uuid]) -> Result<i64, DbErr> {
    use rating::Column;
    let listed = set::one_of_ids(tx.get_database_backend(), interactions.iter().copied());
    let taken = rating::Entity::find()
        .filter(Column::InteractionId.in_subquery(listed))
        .filter(Column::Standing.eq(Stored(RatingStanding::Incident)));
    // Late ones and those not about a colleague were never the incident's.
    restand_all(tx, taken.all(tx).await?, |rating| standing(false, rating.attribution)).await
}

async fn restand_all(
    tx: &Tx,
    rows: Vec<rating::Model>,
    becomes: impl Fn(&Rating) -> RatingStanding,
) -> Result<i64, DbErr> {
    let (mut changes, mut moved) = (Changes::default(), Vec::new());
    for rating in rows.into_iter().map(to_rating) {
        let standing = becomes(&rating);
        changes.remove(&rating);
        changes.add(&Rating { standing, ..rating.clone() });
        moved.push((rating.id, standing));
    }
    for standing in [RatingStanding::Counted, RatingStanding::NonStaff, RatingStanding::Incident] {
        let ids: Vec<Uuid> = moved.iter().filter(|(_, one)| *one == standing).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            continue;
        }
        let listed = set::one_of_ids(tx.get_database_backend(), ids);
        let update = rating::Entity::update_many().col_expr(rating::Column::Standing, Expr::value(Stored(standing)));
        update.filter(rating::Column::Id.in_subquery(listed)).exec(tx).await?;
    }
    counters::apply(tx, changes).await?;
    Ok(i64::try_from(moved.len()).unwrap_or(i64::MAX))
}

/// How many ratings are in a standing, and the sum of their levels.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct Inside {
    pub(crate) standing: Stored<RatingStanding>,
    pub(crate) count: i64,
    pub(crate) level_sum: i64,
}

/// The ratings of these interactions by standing, as far as a caller may know; without those that were corrected.
pub(crate) async fn inside(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    interactions: SelectStatement,
) -> Result<Vec<Inside>, DbErr> {
    use rating::Column;
    let query = within(sight)
        .filter(Column::InteractionId.in_subquery(interactions))
        .filter(Column::Standing.ne(Stored(RatingStanding::Superseded)))
        .select_only()
        .column(Column::Standing)
        .column_as(Column::Id.count(), "count")
        .column_as(Expr::col(Column::Level).sum().cast_as("bigint"), "level_sum")
        .group_by(Column::Standing);
    query.into_model::<Inside>().all(connection).await
}
