//! Finding ratings within a caller's reach.

use std::collections::HashMap;

use sea_orm::{
    Condition, ConnectionTrait, DbErr, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _, Select,
    entity::prelude::*,
    sea_query::{ExprTrait as _, SelectStatement},
};

use super::{
    contact,
    entity::{correction, rating},
    rows::to_rating,
};
use crate::{
    api::v1::RatingStanding,
    clock::Micros,
    error::Result,
    interaction::store::hidden_from,
    rating::Rating,
    reach::{Scope, Sight},
    store::{Stored, set},
};

/// Interactions about which one statement asks.
const AT_ONCE: usize = 1_000;

/// Which ratings.
#[derive(Clone, Debug, Default)]
pub(crate) struct RatingFilter {
    pub(crate) team_id: Option<String>,
    pub(crate) staff_id: Option<String>,
    pub(crate) standing: Option<RatingStanding>,
    pub(crate) from: Option<Micros>,
    pub(crate) to: Option<Micros>,
    /// Only those that correct another one after contact with the rated person.
    pub(crate) contacted: bool,
    pub(crate) also: Option<Condition>,
}

impl RatingFilter {
    /// Whose ratings it lets through, for the audit trail.
    pub(crate) fn described(&self) -> String {
        match (&self.team_id, &self.staff_id) {
            (None, None) => "all within reach".to_owned(),
            (Some(team), None) => format!("team {team}"),
            (_, Some(staff)) => format!("colleague {staff}"),
        }
    }
}

/// Everything within reach, apart from what rates the reader or came of a complaint about them (R12).
pub(super) fn within(sight: &Sight) -> Select<rating::Entity> {
    use rating::Column;
    let all = rating::Entity::find();
    let reached = match &sight.scope {
        Scope::All => all,
        Scope::Teams { teams, .. } => all.filter(Column::RatedTeamId.is_in(teams.clone())),
        Scope::Staff(_) | Scope::Customer(_) => all.filter(Condition::any()).limit(0),
    };
    match sight.oneself.id() {
        Some(id) => reached
            .filter(sight.oneself.besides(Column::RatedStaffId))
            .filter(Column::InteractionId.not_in_subquery(hidden_from(id))),
        None => reached,
    }
}

/// The interactions of a span in which these colleagues were rated at a level or below; each rating as it stands last.
pub(crate) fn rated_low(sight: &Sight, staff: &[String], (from, to): (Micros, Micros), level: i16) -> SelectStatement {
    use rating::Column;
    let low = within(sight)
        .filter(Column::RatedStaffId.is_in(staff))
        .filter(Column::OccurredAt.gte(from))
        .filter(Column::OccurredAt.lt(to))
        .filter(Column::Level.lte(level))
        .filter(Column::Standing.ne(Stored(RatingStanding::Superseded)));
    low.select_only().column(Column::InteractionId).into_query()
}

/// What these interactions were rated, on the scale of 1 to 5; each rating as it stands last.
pub(crate) async fn levels(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    interactions: &[Uuid],
) -> Result<HashMap<Uuid, i16>, DbErr> {
    use rating::Column;
    let mut found = HashMap::new();
    for some in interactions.chunks(AT_ONCE) {
        let listed = set::one_of_ids(connection.get_database_backend(), some.iter().copied());
        let query = within(sight)
            .filter(Column::InteractionId.in_subquery(listed))
            .filter(Column::Standing.ne(Stored(RatingStanding::Superseded)))
            .select_only()
            .columns([Column::InteractionId, Column::Level]);
        let rows: Vec<(Uuid, i16)> = query.into_tuple().all(connection).await?;
        found.extend(rows);
    }
    Ok(found)
}

/// One rating within reach.
pub(crate) async fn find(connection: &impl ConnectionTrait, sight: &Sight, id: Uuid) -> Result<Option<Rating>, DbErr> {
    let found = within(sight).filter(rating::Column::Id.eq(id)).one(connection).await?;
    Ok(found.map(to_rating))
}

/// A page of ratings within reach, newest first by the time of the interaction.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &RatingFilter,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Rating>, DbErr> {
    use rating::Column;
    let mut query = within(sight);
    if let Some(team) = &filter.team_id {
        query = query.filter(Column::RatedTeamId.eq(team));
    }
    if let Some(staff) = &filter.staff_id {
        query = query.filter(Column::RatedStaffId.eq(staff));
    }
    if let Some(standing) = filter.standing {
        query = query.filter(Column::Standing.eq(Stored(standing)));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::OccurredAt.gte(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::OccurredAt.lt(to));
    }
    if filter.contacted {
        query = query.filter(contact::is_before_correction());
    }
    if let Some(also) = &filter.also {
        query = query.filter(also.clone());
    }
    if let Some((occurred_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::OccurredAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(occurred_at), Expr::value(id)])));
    }
    let query = query.order_by_desc(Column::OccurredAt).order_by_desc(Column::Id).limit(limit);
    Ok(query.all(connection).await?.into_iter().map(to_rating).collect())
}

/// The ids of everything within reach, for queries about what belongs to ratings.
pub(crate) fn ids_within(sight: &Sight) -> SelectStatement {
    within(sight).select_only().column(rating::Column::Id).into_query()
}

/// The ratings of a colleague over some days.
pub(super) async fn of_colleague(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    days: (i32, i32),
) -> Result<Vec<Rating>, DbErr> {
    use rating::Column;
    let found =
        rating::Entity::find().filter(Column::RatedStaffId.eq(staff_id)).filter(Column::Day.between(days.0, days.1));
    Ok(found.all(connection).await?.into_iter().map(to_rating).collect())
}

/// Ratings by id, no matter who asks.
pub(crate) async fn among(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Rating>, DbErr> {
    let found = rating::Entity::find().filter(rating::Column::Id.is_in(ids.iter().copied())).all(connection).await?;
    Ok(found.into_iter().map(|row| (row.id, to_rating(row))).collect())
}

/// All ratings of an interaction, the superseded ones too.
pub(crate) async fn of_interaction(
    connection: &impl ConnectionTrait,
    interaction_id: Uuid,
) -> Result<Vec<Rating>, DbErr> {
    let found = rating::Entity::find().filter(rating::Column::InteractionId.eq(interaction_id)).all(connection).await?;
    Ok(found.into_iter().map(to_rating).collect())
}

/// The ratings of a colleague that count and were received before an instant, apart from `besides`, in the order in which
/// they came.
pub(crate) async fn counted_besides(
    connection: &impl ConnectionTrait,
    staff_id: &str,
    before: Micros,
    besides: SelectStatement,
) -> Result<Vec<Rating>, DbErr> {
    use rating::Column;
    let found = rating::Entity::find()
        .filter(Column::RatedStaffId.eq(staff_id))
        .filter(Column::Standing.eq(Stored(RatingStanding::Counted)))
        .filter(Column::ReceivedAt.lt(before))
        .filter(Column::Id.not_in_subquery(besides))
        .order_by_asc(Column::ReceivedAt)
        .order_by_asc(Column::Id);
    Ok(found.all(connection).await?.into_iter().map(to_rating).collect())
}

/// What a rating has to do with others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links {
    pub(crate) corrects: Option<Uuid>,
    pub(crate) corrected_by: Option<Uuid>,
    /// An interaction of the rated person with the customer before the correction.
    pub(crate) contact: Option<Uuid>,
}

/// The links of those of these ratings that have any.
pub(crate) async fn links(connection: &impl ConnectionTrait, ids: &[Uuid]) -> Result<HashMap<Uuid, Links>, DbErr> {
    let about = Condition::any()
        .add(correction::Column::EarlierId.is_in(ids.iter().copied()))
        .add(correction::Column::LaterId.is_in(ids.iter().copied()));
    let mut found: HashMap<Uuid, Links> = HashMap::new();
    for row in correction::Entity::find().filter(about).all(connection).await? {
        found.entry(row.later_id).or_default().corrects = Some(row.earlier_id);
        found.entry(row.earlier_id).or_default().corrected_by = Some(row.later_id);
    }
    if !found.is_empty() {
        for (rating, interaction) in contact::before_correction(connection, ids).await? {
            found.entry(rating).or_default().contact = Some(interaction);
        }
    }
    Ok(found)
}

/// The rating that counts now in the place of one that may have been corrected, however often.
pub(crate) async fn standing_for(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Rating>, DbErr> {
    let mut id = id;
    while let Some(corrected) = correction::Entity::find_by_id(id).one(connection).await? {
        id = corrected.later_id;
    }
    find(connection, &Sight::all(), id).await
}
