//! Which interactions belong to an incident: found by a rule, linked in portions, each of a bounded number of statements.

use sea_orm::{
    ConnectionTrait, DbErr, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    Select,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query as Statement, SelectStatement},
};

use super::entity::{incident, interaction};
use crate::{
    api::v1::{ContactKind, Direction, InteractionKind},
    clock::Micros,
    interaction::{Facts, rule::Rule},
    store::{
        Stored, Tx,
        bulk::{self, Present},
        set,
    },
};

/// Where a portion ended: instant and id of its last interaction.
pub(crate) type Place = (Micros, Uuid);

/// What a rule finds on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Found {
    pub(crate) interactions: i64,
    pub(crate) customers: i64,
}

/// Counts what a rule finds of what was recorded by then.
pub(crate) async fn count(connection: &impl ConnectionTrait, rule: &Rule, recorded_by: Micros) -> Result<Found, DbErr> {
    use interaction::Column;
    let query = hit(connection, rule).filter(Column::RecordedAt.lte(recorded_by)).select_only();
    let query = query.column_as(Column::Id.count(), "interactions");
    let query = query.column_as(Expr::col(Column::CustomerId).count_distinct(), "customers");
    Ok(query.into_model::<Found>().one(connection).await?.unwrap_or_default())
}

/// The newest of what a rule finds.
pub(crate) async fn sample(connection: &impl ConnectionTrait, rule: &Rule, limit: u64) -> Result<Vec<Uuid>, DbErr> {
    use interaction::Column;
    let query = hit(connection, rule).select_only().column(Column::Id);
    query.order_by_desc(Column::OccurredAt).order_by_desc(Column::Id).limit(limit).into_tuple().all(connection).await
}

fn hit(connection: &impl ConnectionTrait, rule: &Rule) -> Select<interaction::Entity> {
    use interaction::Column;
    let backend = connection.get_database_backend();
    let mut query = interaction::Entity::find().filter(Column::OccurredAt.gte(rule.from));
    query = query.filter(Column::Direction.ne(Stored(Direction::Outbound))).filter(Column::AboutCount.eq(0));
    if let Some(to) = rule.to {
        query = query.filter(Column::OccurredAt.lt(to));
    }
    for (column, list) in
        [(Column::Topic, &rule.topics), (Column::ProductId, &rule.products), (Column::PrimaryTeamId, &rule.teams)]
    {
        if !list.is_empty() {
            query = query.filter(column.in_subquery(set::one_of(backend, list.clone())));
        }
    }
    if rule.channels != 0 {
        query = query.filter(Column::Channel.is_in(rule.channels().iter().map(Stored)));
    }
    query
}

/// Links the next portion of what a rule finds behind a place, to an incident; gives where it ended, and how many were linked that
/// belonged to none. None: there is nothing more.
pub(crate) async fn link_next(
    tx: &Tx,
    (incident_id, rule): (Uuid, &Rule),
    after: Option<Place>,
    (limit, now): (u64, Micros),
) -> Result<Option<(Place, i64)>, DbErr> {
    use interaction::Column;
    let rest = || match after {
        Some((occurred_at, id)) => {
            let here = Expr::tuple([Expr::col(Column::OccurredAt), Expr::col(Column::Id)]);
            hit(tx, rule).filter(here.gt(Expr::tuple([Expr::value(occurred_at), Expr::value(id)]))).select_only()
        }
        None => hit(tx, rule).select_only(),
    };
    let places = || rest().columns([Column::OccurredAt, Column::Id]);
    let in_order = places().order_by_asc(Column::OccurredAt).order_by_asc(Column::Id);
    let end: Option<Place> = match in_order.offset(limit - 1).limit(1).into_tuple().one(tx).await? {
        Some(place) => Some(place),
        // Fewer are left than a portion has.
        None => {
            let last = places().order_by_desc(Column::OccurredAt).order_by_desc(Column::Id);
            last.limit(1).into_tuple().one(tx).await?
        }
    };
    let Some(place) = end else { return Ok(None) };
    let up_to = Expr::tuple([Expr::col(Column::OccurredAt), Expr::col(Column::Id)])
        .lte(Expr::tuple([Expr::value(place.0), Expr::value(place.1)]));
    let portion =
        rest().filter(up_to).column(Column::Id).expr(Expr::value(incident_id)).expr(Expr::value(now)).into_query();
    let mut insert = Statement::insert();
    insert
        .into_table(incident::Entity)
        .columns([incident::Column::InteractionId, incident::Column::IncidentId, incident::Column::LinkedAt])
        .on_conflict(OnConflict::column(incident::Column::InteractionId).do_nothing().to_owned());
    insert.select_from(portion).map_err(|error| DbErr::Custom(error.to_string()))?;
    let linked = tx.execute(&insert).await?.rows_affected();
    Ok(Some((place, i64::try_from(linked).unwrap_or(i64::MAX))))
}

/// Links interactions that were just recorded.
pub(crate) async fn link(tx: &Tx, rows: Vec<incident::Model>) -> Result<(), DbErr> {
    bulk::insert::<incident::Entity>(tx, rows, Present::Never).await?;
    Ok(())
}

/// Some of the interactions of an incident.
pub(crate) async fn some_of(tx: &Tx, incident_id: Uuid, limit: u64) -> Result<Vec<Uuid>, DbErr> {
    let query = incident::Entity::find().filter(incident::Column::IncidentId.eq(incident_id)).select_only();
    query.column(incident::Column::InteractionId).limit(limit).into_tuple().all(tx).await
}

/// Lets these interactions belong to no incident.
pub(crate) async fn unlink(tx: &Tx, ids: Vec<Uuid>) -> Result<(), DbErr> {
    let listed = set::one_of_ids(tx.get_database_backend(), ids);
    let links = incident::Entity::delete_many().filter(incident::Column::InteractionId.in_subquery(listed));
    links.exec(tx).await?;
    Ok(())
}

/// The ids of what belongs to an incident.
pub(crate) fn of_incident(incident_id: Uuid) -> SelectStatement {
    let query = incident::Entity::find().filter(incident::Column::IncidentId.eq(incident_id)).select_only();
    query.column(incident::Column::InteractionId).into_query()
}

/// The row that makes an interaction, by an expression for its id, belong to an incident.
pub(crate) fn membership(incident_id: Uuid, interaction: Expr) -> SelectStatement {
    let query = incident::Entity::find().filter(incident::Column::IncidentId.eq(incident_id));
    query
        .filter(Expr::col((incident::Entity, incident::Column::InteractionId)).eq(interaction))
        .select_only()
        .column(incident::Column::InteractionId)
        .into_query()
}

/// A row for [`link`].
pub(crate) fn linked(interaction_id: Uuid, incident_id: Uuid, now: Micros) -> incident::Model {
    incident::Model { interaction_id, incident_id, linked_at: now }
}

/// One of the interactions of an incident, and with whom it was.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Member {
    pub(crate) id: Uuid,
    pub(crate) customer_id: Option<String>,
    pub(crate) alias_kind: Option<Stored<ContactKind>>,
    pub(crate) alias_value: Option<String>,
}

impl Member {
    /// Of an interaction that is being recorded.
    pub(crate) fn of(id: Uuid, facts: &Facts) -> Self {
        let alias = facts.customer_alias.as_ref().filter(|_| facts.customer_id.is_none());
        Self {
            id,
            customer_id: facts.customer_id.clone(),
            alias_kind: alias.map(|alias| Stored(alias.kind)),
            alias_value: alias.map(|alias| alias.value.clone()),
        }
    }
}

/// How many contacts of a kind an incident hit.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(crate) struct Contacts {
    pub(crate) kind: Stored<InteractionKind>,
    pub(crate) count: i64,
}

/// The contacts of an incident by kind. The same for everybody: one that a complaint makes hidden afterwards would tell of it by being
/// counted no more.
pub(crate) async fn contacts(connection: &impl ConnectionTrait, incident_id: Uuid) -> Result<Vec<Contacts>, DbErr> {
    use interaction::Column;
    let query = interaction::Entity::find().filter(Column::Id.in_subquery(of_incident(incident_id))).select_only();
    let query = query.column(Column::Kind).column_as(Column::Id.count(), "count").group_by(Column::Kind);
    query.into_model::<Contacts>().all(connection).await
}

/// How many customers an incident hit.
pub(crate) async fn customers(connection: &impl ConnectionTrait, incident_id: Uuid) -> Result<i64, DbErr> {
    use interaction::Column;
    let query = interaction::Entity::find().filter(Column::Id.in_subquery(of_incident(incident_id))).select_only();
    let query = query.column_as(Expr::col(Column::CustomerId).count_distinct(), "count");
    Ok(query.into_tuple().one(connection).await?.unwrap_or_default())
}

/// The next interactions of an incident behind one, in order of id.
pub(crate) async fn members_after(tx: &Tx, incident_id: Uuid, after: Uuid, limit: u64) -> Result<Vec<Member>, DbErr> {
    use interaction::Column;
    let members = incident::Entity::find()
        .filter(incident::Column::IncidentId.eq(incident_id))
        .filter(incident::Column::InteractionId.gt(after))
        .order_by_asc(incident::Column::InteractionId)
        .limit(limit)
        .select_only()
        .column(incident::Column::InteractionId);
    let query = interaction::Entity::find().filter(Column::Id.in_subquery(members.into_query())).select_only();
    let query = query.columns([Column::Id, Column::CustomerId, Column::AliasKind, Column::AliasValue]);
    query.order_by_asc(Column::Id).into_model::<Member>().all(tx).await
}
