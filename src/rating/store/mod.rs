//! Ratings and their counters in the database.

mod aftermath;
mod change;
mod contact;
mod counters;
mod entity;
mod find;
mod responses;
mod rows;
mod submit;

pub(crate) use aftermath::aftermath;
pub(crate) use change::{CORRECTION_WINDOW, Correction, Said, correct, follow, put_right, restand, take_back};
pub(crate) use counters::{Period, Recount, Wanted, figures, keys, recompute};
pub(crate) use entity::rating::Column as RatingColumn;
pub(crate) use find::{
    Filter, Links, among, counted_besides, find, ids_within, links, list, note_reading, of_interaction, standing_for,
};
pub(crate) use responses::{respond, responses};
pub(crate) use submit::{Entry, Receipt, Submitter, submit};

/// Locks the ratings of all servers until the transaction ends; gives the database's time, read after that.
///
/// Whether an interaction is rated already, and by which rating, must not change between looking and writing.
pub(crate) async fn lock(
    tx: &crate::store::Tx,
    store: &crate::store::Store,
) -> Result<crate::interaction::Micros, sea_orm::DbErr> {
    let (_, now) = crate::store::sequence::take(tx, store.clock(), crate::store::sequence::RATINGS, 1).await?;
    Ok(now)
}
