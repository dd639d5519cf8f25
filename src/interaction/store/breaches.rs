//! Finding contacts that broke the policy.

use sea_orm::{
    ConnectionTrait, DbErr, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationTrait as _,
    entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    entity::{interaction, participant},
    find::{Position, took_part, within},
    rows::with_participants,
};
use crate::{
    api::v1::{ContactPurpose, ContactRefusalReason},
    clock::Micros,
    contact::{Reasons, entity::outbound_contact},
    interaction::Recorded,
    reach::Sight,
    store::Stored,
};

/// Which breaches.
#[derive(Clone, Debug, Default)]
pub(crate) struct BreachFilter {
    pub(crate) staff_id: Option<String>,
    pub(crate) team_id: Option<String>,
    pub(crate) purpose: Option<ContactPurpose>,
    pub(crate) reason: Option<ContactRefusalReason>,
    pub(crate) from: Option<Micros>,
    pub(crate) to: Option<Micros>,
}

/// A page of breaches within reach, newest first by the time of the contact.
pub(crate) async fn breaches(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &BreachFilter,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Recorded>, DbErr> {
    use outbound_contact::Column;
    use participant::Column as Part;
    let column = |column| Expr::col((outbound_contact::Entity, column));
    let (time, id) = (column(Column::ContactAt), column(Column::InteractionId));
    // The number is written out: only then do the databases see that the index of breaches holds all there are.
    let mut query = within(sight)
        .join(JoinType::InnerJoin, interaction::Relation::OutboundContact.def())
        .filter(Expr::cust("outbound_contact.breaches <> 0"))
        .order_by_desc(time.clone())
        .order_by_desc(id.clone())
        .limit(limit);
    let mut part = sea_orm::Condition::all();
    if let Some(staff_id) = &filter.staff_id {
        part = part.add(Part::StaffId.eq(staff_id));
    }
    if let Some(team_id) = &filter.team_id {
        part = part.add(Part::TeamId.eq(team_id));
    }
    if !part.is_empty() {
        query = query.filter(took_part(part));
    }
    if let Some(purpose) = filter.purpose {
        query = query.filter(Column::Purpose.eq(Stored(purpose)));
    }
    if let Some(reason) = filter.reason {
        let bit = [reason].into_iter().collect::<Reasons>().bits();
        query = query.filter(Expr::cust(format!("outbound_contact.breaches & {bit} <> 0")));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::ContactAt.gte(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::ContactAt.lt(to));
    }
    if let Some((at, last)) = after {
        query = query.filter(Expr::tuple([time, id]).lt(Expr::tuple([Expr::value(at), Expr::value(last)])));
    }
    with_participants(connection, query.all(connection).await?).await
}
