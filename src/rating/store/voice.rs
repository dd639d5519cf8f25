//! What customers raise, as far as ratings say it: those that name something else than the colleague (L6).

use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, Select,
    entity::prelude::*,
    sea_query::{Alias, Expr, ExprTrait as _, SelectStatement},
};

use super::{entity::rating, find::within};
use crate::{
    api::v1::{Attribution, RatingStanding},
    clock::Micros,
    interaction::store::voice::{Cut, PART, Span, Topics, part_of, within_span},
    reach::Sight,
    store::Stored,
};

/// Everything that a rating may name but the colleague.
pub(crate) const CAUSES: [Attribution; 5] =
    [Attribution::Policy, Attribution::Product, Attribution::System, Attribution::Logistics, Attribution::Other];

/// Ratings that name one of these causes, about these topics, of interactions in this span.
#[derive(Clone, Debug)]
pub(crate) struct Naming {
    pub(crate) causes: Vec<Attribution>,
    pub(crate) topics: Topics,
    pub(crate) span: Span,
}

impl Naming {
    fn select(&self, backend: DbBackend, sight: &Sight) -> Select<rating::Entity> {
        use rating::Column;
        within(sight)
            .filter(Column::Standing.ne(Stored(RatingStanding::Superseded)))
            .filter(Column::Attribution.is_in(self.causes.iter().copied().map(Stored)))
            .filter(self.topics.among(backend, Column::Topic))
            .filter(within_span(Column::OccurredAt, self.span))
    }

    /// How many there are.
    pub(crate) async fn count(&self, connection: &impl ConnectionTrait, sight: &Sight) -> Result<i64, DbErr> {
        let query = self.select(connection.get_database_backend(), sight).select_only();
        let count = query.column_as(rating::Column::Id.count(), "count").into_tuple().one(connection).await?;
        Ok(count.unwrap_or_default())
    }

    /// The ids of their interactions.
    pub(crate) fn interactions(&self, backend: DbBackend) -> SelectStatement {
        self.select(backend, &Sight::all()).select_only().column(rating::Column::InteractionId).into_query()
    }

    /// Those with words, newest first, before a place: instant and id of the interaction.
    pub(crate) async fn written(
        &self,
        connection: &impl ConnectionTrait,
        sight: &Sight,
        before: Option<(Micros, Uuid)>,
        limit: u64,
    ) -> Result<Vec<Written>, DbErr> {
        use rating::Column;
        let mut query = self.select(connection.get_database_backend(), sight).select_only();
        query = query.columns([Column::InteractionId, Column::OccurredAt, Column::Attribution, Column::Level]);
        query = query.column(Column::Comment).filter(Column::Comment.is_not_null());
        if let Some((occurred_at, id)) = before {
            let here = Expr::tuple([Expr::col(Column::OccurredAt), Expr::col(Column::InteractionId)]);
            query = query.filter(here.lt(Expr::tuple([Expr::value(occurred_at), Expr::value(id)])));
        }
        let query = query.order_by_desc(Column::OccurredAt).order_by_desc(Column::InteractionId).limit(limit);
        query.into_model::<Written>().all(connection).await
    }
}

/// What a customer wrote with a rating.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Written {
    pub(crate) interaction_id: Uuid,
    pub(crate) occurred_at: Micros,
    pub(crate) attribution: Stored<Attribution>,
    pub(crate) level: i16,
    pub(crate) comment: String,
}

/// Ratings of a topic that name a cause, in a part of a period.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Named {
    pub(crate) attribution: Stored<Attribution>,
    pub(crate) topic: Option<String>,
    pub(crate) part: i64,
    pub(crate) count: i64,
    pub(crate) level_sum: i64,
}

/// Counts ratings by what they name, topic and part.
pub(crate) async fn named(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    span: Span,
    cut: Cut,
) -> Result<Vec<Named>, DbErr> {
    use rating::Column;
    let all = Naming { causes: CAUSES.to_vec(), topics: Topics::Any, span };
    let query = all.select(connection.get_database_backend(), sight).select_only();
    let query = query.columns([Column::Attribution, Column::Topic]).expr_as(part_of(Column::OccurredAt, cut), PART);
    let query = query.column_as(Column::Id.count(), "count");
    let query = query.column_as(Expr::col(Column::Level).sum().cast_as("bigint"), "level_sum");
    let query = query.group_by(Column::Attribution).group_by(Column::Topic).group_by(Expr::col(Alias::new(PART)));
    query.into_model::<Named>().all(connection).await
}
