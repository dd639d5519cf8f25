//! The rated person's masked view: released in blocks, and fixed from then on (R12).
//!
//! Blocks are written down when their owner asks, which costs those who rate nothing, and only from the day after the
//! fifth rating counted: a block that appeared with its fifth rating would say whose that was to anyone who keeps
//! asking.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use rapport_statistics::blocks::{BLOCK, block_of, visible};
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, entity::prelude::*, sea_query::SelectStatement,
};

use super::entity::coaching_rating::{ActiveModel, Column, Entity, Model};
use crate::{
    clock::Micros,
    error::Result,
    rating::{Rating, store as ratings},
    store::{Store, Stored, Tx},
};

/// A rating as its rated person sees it.
pub(super) type Masked = Model;

/// Rows per statement, within what every database binds.
const ROWS: usize = 500;

/// Releases the blocks of a colleague that have become full.
pub(super) async fn release(store: &Store, zone: &TimeZone, staff_id: &str) -> Result<()> {
    // Everybody who rates would wait for the lock: most readers have nothing to release.
    let now = store.clock().now_micros();
    if !is_full(pending(store.reader(), staff_id, start_of_day(now, zone)).await?.len()) {
        return Ok(());
    }
    let (runner, zone, staff_id) = (store.clone(), zone.clone(), staff_id.to_owned());
    store
        .transact(move |tx| {
            let (store, zone, staff_id) = (runner.clone(), zone.clone(), staff_id.clone());
            Box::pin(async move {
                let now = ratings::lock(tx, &store).await?;
                let pending = pending(tx, &staff_id, start_of_day(now, &zone)).await?;
                Ok(write(tx, &staff_id, pending, now).await?)
            })
        })
        .await
}

fn is_full(pending: usize) -> bool {
    u64::try_from(pending).unwrap_or(u64::MAX) >= BLOCK
}

/// The first instant of the day that `now` is in.
fn start_of_day(now: Micros, zone: &TimeZone) -> Micros {
    let start = Timestamp::from_microsecond(now).and_then(|now| now.to_zoned(zone.clone()).start_of_day());
    start.map_or(now, |start| start.timestamp().as_microsecond())
}

/// Ratings of a colleague that count and are in no block of theirs, in the order in which they came.
async fn pending(connection: &impl ConnectionTrait, staff_id: &str, before: Micros) -> Result<Vec<Rating>, DbErr> {
    let released: SelectStatement =
        Entity::find().select_only().column(Column::RatingId).filter(Column::StaffId.eq(staff_id)).into_query();
    ratings::counted_besides(connection, staff_id, before, released).await
}

async fn write(tx: &Tx, staff_id: &str, pending: Vec<Rating>, now: Micros) -> Result<(), DbErr> {
    let released = Entity::find().filter(Column::StaffId.eq(staff_id)).count(tx).await?;
    let counted = released + u64::try_from(pending.len()).unwrap_or_default();
    let positions = visible(counted, block_of(released)..u64::MAX);
    let rows: Vec<ActiveModel> = positions.zip(pending).map(|(at, rating)| masked(staff_id, at, rating, now)).collect();
    for rows in rows.chunks(ROWS) {
        Entity::insert_many(rows.to_vec()).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn masked(staff_id: &str, position: u64, rating: Rating, now: Micros) -> ActiveModel {
    let [affinity, carefulness, knowledge, clarity, effort, expected, perceived] = rating.answers.dimensions;
    ActiveModel {
        masked_id: Set(Uuid::new_v4()),
        staff_id: Set(staff_id.to_owned()),
        block: Set(i32::try_from(block_of(position)).unwrap_or(i32::MAX)),
        rating_id: Set(rating.id),
        released_at: Set(now),
        level: Set(rating.level),
        resolved: Set(Stored(rating.answers.resolved)),
        affinity: Set(affinity),
        carefulness: Set(carefulness),
        knowledge: Set(knowledge),
        clarity: Set(clarity),
        effort: Set(effort),
        expected: Set(expected),
        perceived: Set(perceived),
        attribution: Set(Stored(rating.attribution)),
        topic: Set(rating.topic),
    }
}

/// Released blocks before `before`, by number; the newest `limit` ones. Within a block, by masked id: at random.
pub(super) async fn blocks(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    before: Option<i32>,
    limit: u64,
) -> Result<BTreeMap<i32, Vec<Masked>>, DbErr> {
    let mut query = Entity::find().filter(Column::StaffId.eq(staff_id));
    if let Some(before) = before {
        query = query.filter(Column::Block.lt(before));
    }
    let query = query.order_by_desc(Column::Block).order_by_asc(Column::MaskedId).limit(limit * BLOCK);
    let mut blocks: BTreeMap<i32, Vec<Masked>> = BTreeMap::new();
    for row in query.all(connection).await? {
        blocks.entry(row.block).or_default().push(row);
    }
    Ok(blocks)
}

/// What a colleague means by a masked id: one of their own.
pub(super) async fn unmask(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    masked_id: Uuid,
) -> Result<Option<Masked>, DbErr> {
    Entity::find_by_id(masked_id).filter(Column::StaffId.eq(staff_id)).one(connection).await
}

/// Lets a released rating follow when the customer corrects it. What is shown of it stays as it was.
pub(super) async fn follow(tx: &Tx, earlier: Uuid, later: Uuid) -> Result<(), DbErr> {
    let changed = Entity::update_many().col_expr(Column::RatingId, Expr::value(later));
    changed.filter(Column::RatingId.eq(earlier)).exec(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_organisation() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(start_of_day(at("2025-03-03T15:59:59Z"), &shanghai), at("2025-03-02T16:00:00Z"));
        assert_eq!(start_of_day(at("2025-03-03T16:00:00Z"), &shanghai), at("2025-03-03T16:00:00Z"));
    }
}
