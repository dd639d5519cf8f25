//! Interactions that are alike, and what their customers did afterwards: for comparing those who were given something with those
//! who were not (E2).

use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    RelationTrait as _,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, SelectStatement},
};

use super::{
    entity::{interaction, participant},
    find::within,
};
use crate::{
    api::v1::{Channel, Direction, InteractionKind, Involvement, Resolution},
    clock::Micros,
    reach::Sight,
    store::{Stored, set},
};

/// Customers about whom one statement asks.
const AT_ONCE: usize = 500;

/// What makes interactions alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Likeness {
    pub(crate) team_id: Option<String>,
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) topic: Option<String>,
    pub(crate) resolution: Resolution,
}

/// When an interaction was and with whom.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Contact {
    pub(crate) id: Uuid,
    pub(crate) customer_id: String,
    pub(crate) occurred_at: Micros,
}

#[derive(DerivePartialModel)]
#[sea_orm(entity = "interaction::Entity")]
struct LikenessRow {
    id: Uuid,
    customer_id: Option<String>,
    occurred_at: Micros,
    primary_team_id: Option<String>,
    channel: Stored<Channel>,
    kind: Stored<InteractionKind>,
    topic: Option<String>,
    staff_resolution: Stored<Resolution>,
}

/// What these interactions, as far as a caller may see them, are like; those with customers only.
pub(crate) async fn likenesses(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, (Likeness, Contact)>, DbErr> {
    let listed = set::one_of_ids(connection.get_database_backend(), ids.iter().copied());
    let query = within(sight).filter(interaction::Column::Id.in_subquery(listed));
    let rows = query.into_partial_model::<LikenessRow>().all(connection).await?;
    let like = |row: LikenessRow| {
        let contact = Contact { id: row.id, customer_id: row.customer_id?, occurred_at: row.occurred_at };
        let likeness = Likeness {
            team_id: row.primary_team_id,
            channel: row.channel.0,
            kind: row.kind.0,
            topic: row.topic,
            resolution: row.staff_resolution.0,
        };
        Some((row.id, (likeness, contact)))
    };
    Ok(rows.into_iter().filter_map(like).collect())
}

/// Interactions of a likeness in a span, with customers who are not among these: as many from an instant on as before it, the
/// nearest first.
pub(crate) async fn alike(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    likeness: &Likeness,
    ((from, to), near): ((Micros, Micros), Micros),
    (besides, limit): (SelectStatement, u64),
) -> Result<Vec<Contact>, DbErr> {
    use interaction::Column;
    use participant::Column as Part;
    let mut query = within(sight)
        .filter(Column::Channel.eq(Stored(likeness.channel)))
        .filter(Column::Kind.eq(Stored(likeness.kind)))
        .filter(Column::StaffResolution.eq(Stored(likeness.resolution)))
        .filter(Column::CustomerId.is_not_null())
        .filter(Column::CustomerId.not_in_subquery(besides));
    query = match &likeness.topic {
        Some(topic) => query.filter(Column::Topic.eq(topic)),
        None => query.filter(Column::Topic.is_null()),
    };
    // A team's are found in its participants' index, in order of time.
    let time = match &likeness.team_id {
        Some(team_id) => {
            query = query.join(JoinType::InnerJoin, interaction::Relation::Participant.def());
            query = query.filter(Part::TeamId.eq(team_id)).filter(Part::Involvement.eq(Stored(Involvement::Primary)));
            Expr::col((participant::Entity, Part::OccurredAt))
        }
        None => {
            query = query.filter(Column::PrimaryTeamId.is_null());
            Expr::col((interaction::Entity, Column::OccurredAt))
        }
    };
    let query = query.limit(limit / 2).select_only().columns([Column::Id, Column::CustomerId, Column::OccurredAt]);
    let later = query.clone().filter(time.clone().gte(near)).filter(time.clone().lt(to)).order_by_asc(time.clone());
    let earlier = query.filter(time.clone().lt(near)).filter(time.clone().gte(from)).order_by_desc(time);
    let mut found = later.into_model::<Contact>().all(connection).await?;
    found.extend(earlier.into_model::<Contact>().all(connection).await?);
    Ok(found)
}

/// What a customer did at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doing {
    pub(crate) id: Uuid,
    pub(crate) occurred_at: Micros,
    pub(crate) kind: InteractionKind,
}

/// What customers did in a span, by customer and in order of time; what we did is not in it.
pub(crate) async fn doings(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    customers: &[String],
    (from, to): (Micros, Micros),
) -> Result<HashMap<String, Vec<Doing>>, DbErr> {
    use interaction::Column;
    let mut found: HashMap<String, Vec<Doing>> = HashMap::new();
    for some in customers.chunks(AT_ONCE) {
        let listed = set::one_of(connection.get_database_backend(), some.to_vec());
        let query = within(sight)
            .filter(Column::CustomerId.in_subquery(listed))
            .filter(Column::OccurredAt.gte(from))
            .filter(Column::OccurredAt.lt(to))
            .filter(Column::Direction.ne(Stored(Direction::Outbound)))
            .order_by_asc(Column::OccurredAt)
            .select_only()
            .columns([Column::CustomerId, Column::Id, Column::OccurredAt, Column::Kind]);
        let rows: Vec<(String, Uuid, Micros, Stored<InteractionKind>)> = query.into_tuple().all(connection).await?;
        for (customer_id, id, occurred_at, kind) in rows {
            found.entry(customer_id).or_default().push(Doing { id, occurred_at, kind: kind.0 });
        }
    }
    Ok(found)
}

/// How many interactions of each of these colleagues in a span gave the customer cause: a complaint, a matter that either side
/// calls unresolved, or one of `low`.
pub(crate) async fn causes(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    staff: &[String],
    (from, to): (Micros, Micros),
    low: SelectStatement,
) -> Result<HashMap<String, i64>, DbErr> {
    use interaction::Column;
    use participant::Column as Part;
    let unresolved = Stored(Resolution::Unresolved);
    let cause = Column::Kind
        .eq(Stored(InteractionKind::Complaint))
        .or(Column::StaffResolution.eq(unresolved))
        .or(Column::CustomerResolution.eq(unresolved))
        .or(Expr::col((interaction::Entity, Column::Id)).in_subquery(low));
    let query = within(sight)
        .join(JoinType::InnerJoin, interaction::Relation::Participant.def())
        .filter(Part::StaffId.is_in(staff))
        .filter(Part::Involvement.eq(Stored(Involvement::Primary)))
        .filter(Part::OccurredAt.gte(from))
        .filter(Part::OccurredAt.lt(to))
        .filter(cause)
        .select_only()
        .column(Part::StaffId)
        .column_as(Column::Id.count(), "count")
        .group_by(Part::StaffId);
    let counts: Vec<(String, i64)> = query.into_tuple().all(connection).await?;
    Ok(counts.into_iter().collect())
}
