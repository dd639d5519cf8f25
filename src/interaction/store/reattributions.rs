//! Rows of re-attributions that take two persons.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    entity::{interaction, reattributed, reattribution},
    find::{Position, within},
};
use crate::{
    api::v1::ReattributionState,
    clock::Micros,
    interaction::{Participant, Reattribution, Recorded},
    reach::Sight,
    store::{Stored, Tx},
};

const BEFORE: i16 = 0;
const AFTER: i16 = 1;

/// Keeps what somebody asks for; gives its id.
pub(super) async fn ask(
    tx: &Tx,
    before: &Recorded,
    after: Vec<Participant>,
    (by, now): (&str, Micros),
    reason: &str,
) -> Result<Uuid, DbErr> {
    // Random: nobody who sees one can guess others.
    let id = Uuid::new_v4();
    let row = reattribution::ActiveModel {
        id: Set(id),
        interaction_id: Set(before.id),
        state: Set(Stored(ReattributionState::Pending)),
        reason: Set(reason.to_owned()),
        requested_by: Set(by.to_owned()),
        requested_at: Set(now),
        decided_by: Set(None),
        decided_at: Set(None),
        rejection: Set(None),
    };
    reattribution::Entity::insert(row).exec_without_returning(tx).await?;
    let sides = [(BEFORE, before.facts.participants.clone()), (AFTER, after)];
    let rows = sides.into_iter().flat_map(|(side, participants)| {
        (0i16..).zip(participants).map(move |(position, one)| reattributed::ActiveModel {
            reattribution_id: Set(id),
            side: Set(side),
            position: Set(position),
            staff_id: Set(one.staff_id),
            role: Set(Stored(one.role.unwrap_or_default())),
            team_id: Set(one.team_id),
            involvement: Set(Stored(one.involvement)),
            told_by: Set(one.told_by),
        })
    });
    reattributed::Entity::insert_many(rows).exec_without_returning(tx).await?;
    Ok(id)
}

/// Notes how it ended.
pub(super) async fn settle(
    tx: &Tx,
    id: Uuid,
    state: ReattributionState,
    (by, now): (&str, Micros),
    rejection: Option<&str>,
) -> Result<(), DbErr> {
    let row = reattribution::ActiveModel {
        id: Set(id),
        state: Set(Stored(state)),
        decided_by: Set(Some(by.to_owned())),
        decided_at: Set(Some(now)),
        rejection: Set(rejection.map(str::to_owned)),
        ..Default::default()
    };
    reattribution::Entity::update(row).exec(tx).await?;
    Ok(())
}

/// One of them, no matter who asks.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Reattribution>, DbErr> {
    let found = reattribution::Entity::find_by_id(id).all(connection).await?;
    Ok(with_participants(connection, found).await?.pop())
}

/// The same, which nobody else settles until the transaction ends.
pub(super) async fn locked(tx: &Tx, id: Uuid) -> Result<Option<Reattribution>, DbErr> {
    let found = reattribution::Entity::find_by_id(id).lock_exclusive().all(tx).await?;
    Ok(with_participants(tx, found).await?.pop())
}

/// A page of what waits within reach and is not about the reader, newest first.
pub(crate) async fn waiting(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    reader: &str,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Reattribution>, DbErr> {
    use reattribution::Column;
    let within = within(sight).select_only().column(interaction::Column::Id).into_query();
    let about = reattributed::Entity::find()
        .select_only()
        .column(reattributed::Column::ReattributionId)
        .filter(reattributed::Column::StaffId.eq(reader))
        .into_query();
    let mut query = reattribution::Entity::find()
        // As the index says it: one of its value would not be used for a parameter.
        .filter(Expr::cust("state = 1"))
        .filter(Column::InteractionId.in_subquery(within))
        .filter(Column::Id.not_in_subquery(about));
    if let Some((requested_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::RequestedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(requested_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::RequestedAt).order_by_desc(Column::Id).limit(limit);
    with_participants(connection, query.all(connection).await?).await
}

async fn with_participants(
    connection: &impl ConnectionTrait,
    rows: Vec<reattribution::Model>,
) -> Result<Vec<Reattribution>, DbErr> {
    use reattributed::Column;
    let mut sides: HashMap<(Uuid, i16), Vec<Participant>> = HashMap::new();
    if !rows.is_empty() {
        let found = reattributed::Entity::find()
            .filter(Column::ReattributionId.is_in(rows.iter().map(|row| row.id)))
            .order_by_asc(Column::Position);
        for row in found.all(connection).await? {
            sides.entry((row.reattribution_id, row.side)).or_default().push(Participant {
                staff_id: row.staff_id,
                role: Some(row.role.0),
                team_id: row.team_id,
                involvement: row.involvement.0,
                told_by: row.told_by,
            });
        }
    }
    let read = |row: reattribution::Model| Reattribution {
        id: row.id,
        interaction_id: row.interaction_id,
        state: row.state.0,
        before: sides.remove(&(row.id, BEFORE)).unwrap_or_default(),
        after: sides.remove(&(row.id, AFTER)).unwrap_or_default(),
        reason: row.reason,
        requested_by: row.requested_by,
        requested_at: row.requested_at,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
        rejection: row.rejection,
    };
    Ok(rows.into_iter().map(read).collect())
}
