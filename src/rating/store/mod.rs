//! Ratings and their counters in the database.

mod change;
mod contact;
pub(crate) mod counters;
pub(crate) mod entity;
mod find;
mod incident;
pub(crate) mod journey;
mod outcomes;
mod rows;
mod submit;
pub(crate) mod voice;

pub(crate) use change::{CORRECTION_WINDOW, Correction, follow, restand, supersede};
pub(crate) use contact::since_answer;
pub(crate) use counters::{Period, Wanted, figures};
pub(crate) use entity::rating::Column as RatingColumn;
pub(crate) use find::{
    Links, RatingFilter, among, counted_besides, find, ids_within, levels, links, list, of_interaction, rated_low,
    standing_for,
};
pub(crate) use incident::{inside, into_incident, out_of_incident};
pub(crate) use outcomes::outcomes;
pub(crate) use submit::{NewRating, RatingReceipt, Submitter, submit};

/// Locks the ratings of all servers until the transaction ends; gives the database's time, read after that.
///
/// Whether an interaction is rated already, and by which rating, must not change between looking and writing.
pub(crate) async fn lock(
    tx: &crate::store::Tx,
    store: &crate::store::Store,
) -> Result<crate::clock::Micros, sea_orm::DbErr> {
    let (_, now) = crate::store::sequence::take(tx, store.clock(), crate::store::sequence::RATINGS, 1).await?;
    Ok(now)
}
