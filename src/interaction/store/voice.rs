//! What customers raise, as far as interactions say it: complaints about no person (L6); and whom it came from.

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait as _, FromQueryResult, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
    sea_query::{Alias, Expr, ExprTrait as _, SelectStatement},
};
use uuid::Uuid;

use super::{entity::interaction, find::within, incident::Member};
use crate::{
    api::v1::{Direction, InteractionKind},
    clock::Micros,
    reach::Sight,
    store::{Stored, Tx, set},
};

/// Which topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Topics {
    Any,
    /// What has none.
    Without,
    OneOf(Vec<String>),
}

impl Topics {
    /// A condition on a column of topics.
    pub(crate) fn among(&self, backend: DbBackend, topic: impl ColumnTrait) -> Condition {
        match self {
            Self::Any => Condition::all(),
            Self::Without => Condition::all().add(topic.is_null()),
            Self::OneOf(list) => Condition::all().add(topic.in_subquery(set::one_of(backend, list.clone()))),
        }
    }
}

/// From the first instant on, and before the second.
pub(crate) type Span = (Micros, Micros);

/// Instants within a span.
pub(crate) fn within_span(column: impl ColumnTrait, (from, to): Span) -> Condition {
    Condition::all().add(column.gte(from)).add(column.lt(to))
}

/// How a period is cut: where it begins, and how long a part of it is.
pub(crate) type Cut = (Micros, Micros);

/// The name of [`part_of`] in a query that groups by it.
pub(crate) const PART: &str = "part";

/// In which part of a period an instant is, from 0 up; -1: before it.
pub(crate) fn part_of(column: impl ColumnTrait, (from, part): Cut) -> Expr {
    let number = Expr::col(column.as_column_ref()).sub(from).div(part);
    Expr::case(column.lt(from), Expr::value(-1_i64)).finally(number).into()
}

fn complaining(backend: DbBackend, sight: &Sight, topics: &Topics, span: Span) -> Select<interaction::Entity> {
    use interaction::Column;
    within(sight)
        .filter(Column::Kind.eq(Stored(InteractionKind::Complaint)))
        .filter(Column::AboutCount.eq(0))
        .filter(topics.among(backend, Column::Topic))
        .filter(within_span(Column::OccurredAt, span))
}

/// Complaints of a topic in a part of a period.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Complaints {
    pub(crate) topic: Option<String>,
    pub(crate) part: i64,
    pub(crate) count: i64,
}

/// Counts complaints about no person by topic and part.
pub(crate) async fn complaints(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    span: Span,
    cut: Cut,
) -> Result<Vec<Complaints>, DbErr> {
    use interaction::Column;
    let query = complaining(connection.get_database_backend(), sight, &Topics::Any, span).select_only();
    let query = query.column(Column::Topic).expr_as(part_of(Column::OccurredAt, cut), PART);
    let query = query.column_as(Column::Id.count(), "count");
    let query = query.group_by(Column::Topic).group_by(Expr::col(Alias::new(PART)));
    query.into_model::<Complaints>().all(connection).await
}

/// How many complaints about no person there were.
pub(crate) async fn complaint_count(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    topics: &Topics,
    span: Span,
) -> Result<i64, DbErr> {
    let query = complaining(connection.get_database_backend(), sight, topics, span).select_only();
    let count = query.column_as(interaction::Column::Id.count(), "count").into_tuple().one(connection).await?;
    Ok(count.unwrap_or_default())
}

/// What customers did, and not we: the same for everybody.
pub(crate) async fn contact_count(connection: &impl ConnectionTrait, span: Span) -> Result<i64, DbErr> {
    use interaction::Column;
    let query = interaction::Entity::find()
        .filter(within_span(Column::OccurredAt, span))
        .filter(Column::Direction.ne(Stored(Direction::Outbound)))
        .filter(Column::AboutCount.eq(0))
        .select_only()
        .column_as(Column::Id.count(), "count");
    Ok(query.into_tuple().one(connection).await?.unwrap_or_default())
}

/// What was written of a complaint.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Written {
    pub(crate) id: Uuid,
    pub(crate) occurred_at: Micros,
    pub(crate) conclusion: String,
}

/// Complaints about no person of which something was written, newest first, before a place.
pub(crate) async fn written(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    (topics, span): (&Topics, Span),
    before: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Written>, DbErr> {
    use interaction::Column;
    let mut query = complaining(connection.get_database_backend(), sight, topics, span).select_only();
    query = query.columns([Column::Id, Column::OccurredAt, Column::Conclusion]);
    query = query.filter(Column::Conclusion.is_not_null());
    if let Some((occurred_at, id)) = before {
        let here = Expr::tuple([Expr::col(Column::OccurredAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(occurred_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::OccurredAt).order_by_desc(Column::Id).limit(limit);
    query.into_model::<Written>().all(connection).await
}

/// With whom interactions were, in order of id behind one: `named`, and complaints about no person where they count.
pub(crate) async fn raised_by(
    tx: &Tx,
    named: SelectStatement,
    complaints: Option<(&Topics, Span)>,
    (after, limit): (Uuid, u64),
) -> Result<Vec<Member>, DbErr> {
    use interaction::Column;
    let backend = tx.get_database_backend();
    let mut those = Condition::any().add(Column::Id.in_subquery(named));
    if let Some((topics, span)) = complaints {
        let complaint = Column::Kind.eq(Stored(InteractionKind::Complaint)).and(Column::AboutCount.eq(0));
        let complaint = Condition::all().add(complaint).add(topics.among(backend, Column::Topic));
        those = those.add(complaint.add(within_span(Column::OccurredAt, span)));
    }
    let query = interaction::Entity::find().filter(Column::Id.gt(after)).filter(those).select_only();
    let query = query.columns([Column::Id, Column::CustomerId, Column::AliasKind, Column::AliasValue]);
    query.order_by_asc(Column::Id).limit(limit).into_model::<Member>().all(tx).await
}
