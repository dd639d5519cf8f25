//! What ratings and invitations come to together: under which keys there are any, and counting all of them from scratch.

use std::collections::BTreeMap;

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _,
    sea_query::{Expr, Order, Query, UnionType},
};

use crate::{
    error::Result,
    rating::{
        figures::Changes,
        store::{
            Wanted,
            counters::{self, COUNTS, conditions, said, shown_key},
            entity::counter,
            figures, lock,
        },
    },
    store::{Store, sequence},
    survey::{
        self,
        responses::{self, RESPONDS},
    },
};

/// The first keys of a unit under which there are ratings or invitations, in order.
pub(crate) async fn keys(connection: &impl ConnectionTrait, wanted: &Wanted, limit: u64) -> Result<Vec<String>, DbErr> {
    if counters::own(connection, wanted).await?.is_empty() && responses::own(connection, wanted).await?.is_empty() {
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

async fn kept_keys(connection: &impl ConnectionTrait, wanted: &Wanted, limit: u64) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let known = |said: &'static str| {
        let mut keys = Query::select();
        keys.column(counter::Column::UnitKey).cond_where(conditions(wanted, backend)).and_where(Expr::cust(said));
        keys
    };
    let mut rated = known(said(wanted, COUNTS)).from(counter::Entity).take();
    let invited = known(said(wanted, RESPONDS)).from(survey::entity::counter::Entity).take();
    let keys = Query::select()
        .column(counter::Column::UnitKey)
        .from_subquery(rated.union(UnionType::Distinct, invited).take(), "known")
        .order_by(counter::Column::UnitKey, Order::Asc)
        .limit(limit)
        .take();
    let rows = connection.query_all(&keys).await?;
    rows.iter().map(|row| Ok(shown_key(row.try_get("", "unit_key")?))).collect()
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
                let (ratings, anew) = counters::count_anew(tx).await?;
                let differing_ratings = differing(&anew, &counters::kept(tx).await?);
                if mend && differing_ratings > 0 {
                    counter::Entity::delete_many().exec(tx).await?;
                    counters::apply(tx, Changes(anew)).await?;
                }
                let (invitations, anew) = survey::count_anew(tx).await?;
                let differing_invitations = differing(&anew.0, &responses::kept(tx).await?);
                if mend && differing_invitations > 0 {
                    survey::entity::counter::Entity::delete_many().exec(tx).await?;
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
