//! The lines that journeys are made of: what of interactions says to which stage they belong, and whose they are.

use futures::{Stream, TryStreamExt as _};
use sea_orm::{
    Condition, ConnectionTrait, DbErr, FromQueryResult, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select, StreamTrait,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _},
};

use super::{
    entity::interaction,
    find::{InteractionFilter, filtered, not_about},
    lines::{LINE, LineRow},
};
use crate::{
    api::v1::{ContactKind, InteractionKind},
    clock::Micros,
    interaction::summary::SummaryLine,
    reach::{Oneself, Sight},
    store::Stored,
};

/// What an interaction tells of a journey.
#[derive(Clone, Debug)]
pub(crate) struct JourneyLine {
    pub(crate) line: SummaryLine,
    /// Where the customer is not known.
    pub(crate) alias: Option<(ContactKind, String)>,
    pub(crate) case_id: Option<String>,
    pub(crate) order_id: Option<String>,
    pub(crate) product_id: Option<String>,
}

#[derive(FromQueryResult)]
struct Row {
    #[sea_orm(nested)]
    line: LineRow,
    alias_kind: Option<Stored<ContactKind>>,
    alias_value: Option<String>,
    case_id: Option<String>,
    order_id: Option<String>,
    product_id: Option<String>,
}

impl Row {
    fn line(self) -> JourneyLine {
        let alias = self.alias_kind.zip(self.alias_value);
        JourneyLine {
            line: self.line.line(),
            alias: alias.map(|(kind, value)| (kind.0, value)),
            case_id: self.case_id,
            order_id: self.order_id,
            product_id: self.product_id,
        }
    }
}

/// What is left out since it is about somebody.
#[derive(Clone, Debug)]
pub(crate) enum Besides {
    /// What is about this person, if they are one.
    Oneself(Oneself),
    /// All that is about any person: for what everybody is told alike.
    Anybody,
}

impl Besides {
    fn condition(&self) -> Condition {
        match self {
            Self::Oneself(oneself) => oneself.id().map_or_else(Condition::all, not_about),
            Self::Anybody => Condition::all().add(interaction::Column::AboutCount.eq(0)),
        }
    }
}

/// Of the whole organisation, from an instant to before another.
fn between(besides: &Besides, from: Micros, to: Micros) -> Select<interaction::Entity> {
    use interaction::Column;
    let all = interaction::Entity::find().filter(besides.condition());
    all.filter(Column::OccurredAt.gte(from)).filter(Column::OccurredAt.lt(to))
}

/// The lines of a period, of the whole organisation, in order of time: the earliest or the newest first.
pub(crate) async fn lines<'c, C: ConnectionTrait + StreamTrait>(
    connection: &'c C,
    besides: &Besides,
    (from, to): (Micros, Micros),
    (order, limit): (Order, u64),
) -> Result<impl Stream<Item = Result<JourneyLine, DbErr>> + 'c, DbErr> {
    let query = between(besides, from, to);
    let rows = columns(query, order).limit(limit).into_model::<Row>().stream(connection).await?;
    Ok(rows.map_ok(Row::line))
}

/// Of what a filter lets through within reach, the newest first.
pub(crate) async fn newest(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &InteractionFilter,
    limit: u64,
) -> Result<Vec<JourneyLine>, DbErr> {
    let query = columns(filtered(sight, filter), Order::Desc).limit(limit);
    let rows = query.into_model::<Row>().all(connection).await?;
    Ok(rows.into_iter().map(Row::line).collect())
}

fn columns(query: Select<interaction::Entity>, order: Order) -> Select<interaction::Entity> {
    use interaction::Column;
    let query = query.select_only().columns(LINE).columns([
        Column::AliasKind,
        Column::AliasValue,
        Column::CaseId,
        Column::OrderId,
        Column::ProductId,
    ]);
    query.order_by(Column::OccurredAt, order.clone()).order_by(Column::Id, order)
}

/// The ids of what a filter lets through within reach.
pub(crate) async fn ids(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &InteractionFilter,
) -> Result<Vec<Uuid>, DbErr> {
    let query = filtered(sight, filter).select_only().column(interaction::Column::Id);
    query.into_tuple().all(connection).await
}

/// When the newest interaction that occurred by `now` occurred: how far the record goes.
pub(crate) async fn recorded_until(
    connection: &impl ConnectionTrait,
    besides: &Besides,
    now: Micros,
) -> Result<Option<Micros>, DbErr> {
    use interaction::Column;
    let query = interaction::Entity::find().filter(besides.condition()).filter(Column::OccurredAt.lte(now));
    let query = query.select_only().column(Column::OccurredAt).order_by_desc(Column::OccurredAt).limit(1);
    query.into_tuple().one(connection).await
}

/// When somebody first ordered: whom the directory knows, else under an alias; else when an order was first placed.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct FirstOrder {
    pub(crate) customer_id: Option<String>,
    pub(crate) alias_kind: Option<Stored<ContactKind>>,
    pub(crate) alias_value: Option<String>,
    pub(crate) order_id: Option<String>,
    pub(crate) at: Micros,
}

/// Every first order before an instant; `of`: of what this filter lets through.
pub(crate) async fn first_orders(
    connection: &impl ConnectionTrait,
    besides: &Besides,
    of: &InteractionFilter,
    before: Micros,
) -> Result<Vec<FirstOrder>, DbErr> {
    use interaction::Column;
    // The order of somebody who is known is theirs, and names them no further.
    let unnamed = Column::CustomerId.is_null().and(Column::AliasValue.is_null());
    let order: Expr = Expr::case(unnamed, Expr::col(Column::OrderId)).into();
    let kinds = [InteractionKind::Order, InteractionKind::Ordered].map(Stored);
    let query = filtered(&Sight::all(), of).filter(besides.condition());
    let query = query.filter(Column::Kind.is_in(kinds)).filter(Column::OccurredAt.lt(before)).select_only();
    let query = query.columns([Column::CustomerId, Column::AliasKind, Column::AliasValue]);
    let query = query.column_as(order.clone(), "order_id").column_as(Column::OccurredAt.min(), "at");
    let query = query.group_by(Column::CustomerId).group_by(Column::AliasKind).group_by(Column::AliasValue);
    query.group_by(order).into_model::<FirstOrder>().all(connection).await
}
