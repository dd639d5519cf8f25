//! What customers felt in the stages of their journey: the answers to ratings of a period.

use futures::{Stream, TryStreamExt as _};
use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, QueryFilter as _, QuerySelect as _, StreamTrait, entity::prelude::*,
};

use super::{entity::rating, find::within};
use crate::{api::v1::RatingStanding, clock::Micros, reach::Sight, store::Stored};

/// A rating that was not corrected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Felt {
    pub(crate) interaction_id: Uuid,
    /// 1 to 5, of which 5 is the best.
    pub(crate) level: i16,
    /// 1 to 5, of which 5 is the hardest; 0: nothing was said.
    pub(crate) effort: i16,
    pub(crate) counts_for_staff: bool,
}

#[derive(FromQueryResult)]
struct Row {
    interaction_id: Uuid,
    level: i16,
    effort: i16,
    standing: Stored<RatingStanding>,
}

/// Of interactions from an instant to before another, as far as a caller may know.
pub(crate) async fn felt<'c, C: ConnectionTrait + StreamTrait>(
    connection: &'c C,
    sight: &Sight,
    (from, to): (Micros, Micros),
) -> Result<impl Stream<Item = Result<Felt, DbErr>> + 'c, DbErr> {
    use rating::Column;
    let query = within(sight)
        .filter(Column::OccurredAt.gte(from))
        .filter(Column::OccurredAt.lt(to))
        .filter(Column::Standing.ne(Stored(RatingStanding::Superseded)))
        .select_only()
        .columns([Column::InteractionId, Column::Level, Column::Effort, Column::Standing]);
    let rows = query.into_model::<Row>().stream(connection).await?;
    Ok(rows.map_ok(|row| Felt {
        interaction_id: row.interaction_id,
        level: row.level,
        effort: row.effort,
        counts_for_staff: row.standing.0 == RatingStanding::Counted,
    }))
}
