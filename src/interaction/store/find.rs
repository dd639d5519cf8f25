//! Finding interactions within a caller's reach.

use std::collections::HashSet;

use sea_orm::{
    Condition, ConnectionTrait, DbErr, EntityTrait as _, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    QueryTrait as _, RelationTrait as _, Select,
    entity::prelude::*,
    sea_query::{ExprTrait as _, Query as Subquery, SelectStatement},
};

use super::{
    entity::{about, interaction, participant},
    rows::with_participants,
};
use crate::{
    api::v1::{Channel, InteractionKind},
    clock::Micros,
    directory::{Alias, Party},
    error::Result,
    interaction::Recorded,
    page::Query,
    reach::{Scope, Sight},
    store::Stored,
};

/// Which interactions.
#[derive(Clone, Debug, Default)]
pub(crate) struct InteractionFilter {
    pub(crate) party: Option<Party>,
    pub(crate) case_id: Option<String>,
    pub(crate) staff_id: Option<String>,
    pub(crate) team_id: Option<String>,
    pub(crate) channels: Vec<Channel>,
    pub(crate) kinds: Vec<InteractionKind>,
    pub(crate) from: Option<Micros>,
    pub(crate) to: Option<Micros>,
}

/// Where a page ended: instant and id of its last item.
pub(crate) type Position = (Micros, Uuid);

/// A position as page tokens carry it.
pub(crate) fn write_position((time, id): Position) -> Vec<u8> {
    [&time.to_be_bytes()[..], id.as_bytes()].concat()
}

/// The position that a page token carries.
pub(crate) fn read_position(bytes: Vec<u8>) -> Result<Position> {
    let (time, id) = bytes.split_first_chunk::<8>().ok_or_else(Query::malformed)?;
    let id = Uuid::from_slice(id).map_err(|_| Query::malformed())?;
    Ok((i64::from_be_bytes(*time), id))
}

/// One interaction within reach.
pub(crate) async fn find(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    id: Uuid,
) -> Result<Option<Recorded>, DbErr> {
    let query = within(sight).filter(interaction::Column::Id.eq(id));
    Ok(with_participants(connection, query.all(connection).await?).await?.pop())
}

/// Those of these interactions that are within reach, newest first.
pub(crate) async fn all_of(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    ids: Vec<Uuid>,
) -> Result<Vec<Recorded>, DbErr> {
    use interaction::Column;
    let query = within(sight).filter(Column::Id.is_in(ids));
    let query = query.order_by_desc(Column::OccurredAt).order_by_desc(Column::Id);
    with_participants(connection, query.all(connection).await?).await
}

/// The ids of those of these interactions that are within reach.
pub(crate) async fn among(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    ids: Vec<Uuid>,
) -> Result<HashSet<Uuid>, DbErr> {
    let query = within(sight).filter(interaction::Column::Id.is_in(ids));
    let found: Vec<Uuid> = query.select_only().column(interaction::Column::Id).into_tuple().all(connection).await?;
    Ok(found.into_iter().collect())
}

/// A page of interactions within reach, newest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &InteractionFilter,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Recorded>, DbErr> {
    use interaction::Column;
    let query = filtered(sight, filter);
    // Driven from the participant's index where there is one to drive from, so that a page costs a page.
    let by_participant = filter.staff_id.is_some() || filter.team_id.is_some();
    let (time, id) = if by_participant {
        (
            Expr::col((participant::Entity, participant::Column::OccurredAt)),
            Expr::col((participant::Entity, participant::Column::InteractionId)),
        )
    } else {
        (Expr::col((interaction::Entity, Column::OccurredAt)), Expr::col((interaction::Entity, Column::Id)))
    };
    let mut query = query.order_by_desc(time.clone()).order_by_desc(id.clone()).limit(limit);
    if let Some((occurred_at, last)) = after {
        let here = Expr::tuple([time, id]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(occurred_at), Expr::value(last)])));
    }
    with_participants(connection, query.all(connection).await?).await
}

/// Everything within reach; every query begins here.
pub(super) fn within(sight: &Sight) -> Select<interaction::Entity> {
    use participant::Column as Part;
    let mut all = interaction::Entity::find();
    if let Some(person) = sight.oneself.id() {
        all = all.filter(not_about(person));
    }
    match &sight.scope {
        Scope::All => all,
        Scope::Teams { staff_id, teams } => {
            let one = Condition::any().add(Part::TeamId.is_in(teams.clone())).add(Part::StaffId.eq(staff_id));
            all.filter(took_part(one))
        }
        Scope::Staff(staff_id) => all.filter(took_part(Condition::all().add(Part::StaffId.eq(staff_id)))),
        Scope::Customer(customer_id) => all.filter(interaction::Column::CustomerId.eq(customer_id)),
    }
}

/// What is not about this person.
pub(super) fn not_about(person: &str) -> Condition {
    use interaction::Column;
    let about = Expr::col((interaction::Entity, Column::Id)).not_in_subquery(hidden_from(person));
    let nobody = Expr::col((interaction::Entity, Column::AboutCount)).eq(0);
    Condition::any().add(nobody).add(about)
}

/// The ids of what is about this person, for queries about what belongs to interactions.
pub(crate) fn hidden_from(person: &str) -> SelectStatement {
    let about = about::Entity::find().select_only().column(about::Column::InteractionId);
    about.filter(about::Column::StaffId.eq(person)).into_query()
}

/// The ids of what belongs to a case in which something is about this person.
pub(crate) fn of_cases_hidden_from(person: &str) -> SelectStatement {
    use interaction::Column;
    let cases = interaction::Entity::find().select_only().column(Column::CaseId);
    let cases = cases.filter(Column::Id.in_subquery(hidden_from(person))).filter(Column::CaseId.is_not_null());
    ids().filter(Column::CaseId.in_subquery(cases.into_query())).into_query()
}

/// What names whom it is about, in these cases.
pub(crate) async fn accusing(connection: &impl ConnectionTrait, cases: Vec<String>) -> Result<Vec<Recorded>, DbErr> {
    use interaction::Column;
    let query = interaction::Entity::find().filter(Column::CaseId.is_in(cases)).filter(Column::AboutCount.gt(0));
    with_participants(connection, query.all(connection).await?).await
}

/// The ids of what a customer took part in.
pub(crate) fn of_customer(customer_id: &str) -> SelectStatement {
    ids().filter(interaction::Column::CustomerId.eq(customer_id)).into_query()
}

/// The ids of what belongs to a case.
pub(crate) fn of_case(case_id: &str) -> SelectStatement {
    ids().filter(interaction::Column::CaseId.eq(case_id)).into_query()
}

/// The ids of what this person took part in.
pub(crate) fn with_part_of(person: &str) -> SelectStatement {
    let part = participant::Entity::find().select_only().column(participant::Column::InteractionId);
    part.filter(participant::Column::StaffId.eq(person)).into_query()
}

fn ids() -> Select<interaction::Entity> {
    interaction::Entity::find().select_only().column(interaction::Column::Id)
}

/// Rows that belong to nothing that is about this person, by their interaction or its case.
pub(crate) fn of_nothing_about(person: &str, interaction_id: impl ColumnTrait, case_id: impl ColumnTrait) -> Condition {
    let cases = interaction::Entity::find().select_only().column(interaction::Column::CaseId);
    let cases = cases.filter(interaction::Column::Id.in_subquery(hidden_from(person)));
    let cases = cases.filter(interaction::Column::CaseId.is_not_null()).into_query();
    let by_interaction = interaction_id.is_null().or(interaction_id.not_in_subquery(hidden_from(person)));
    let by_case = case_id.is_null().or(case_id.not_in_subquery(cases));
    Condition::all().add(by_interaction).add(by_case)
}

/// The same as a list, which is short: nearly always empty.
pub(crate) async fn hidden_ids(
    connection: &impl ConnectionTrait,
    person: Option<&str>,
) -> Result<HashSet<Uuid>, DbErr> {
    let Some(person) = person else { return Ok(HashSet::new()) };
    let about = about::Entity::find().select_only().column(about::Column::InteractionId);
    let found = about.filter(about::Column::StaffId.eq(person)).into_tuple::<Uuid>().all(connection).await?;
    Ok(found.into_iter().collect())
}

/// The same for statements written out: a condition on rows `i` of interactions, where `person` is the name of a
/// parameter that may be an empty text.
pub(crate) fn not_about_sql(i: &str, person: &str) -> String {
    format!(
        "({i}.about_count = 0 OR {i}.id NOT IN (SELECT interaction_id FROM interaction_about WHERE staff_id = {person}))"
    )
}

/// Somebody of whom this holds took part.
pub(super) fn took_part(condition: Condition) -> Expr {
    use participant::Column as Part;
    let own =
        Expr::col((participant::Entity, Part::InteractionId)).equals((interaction::Entity, interaction::Column::Id));
    let rows =
        Subquery::select().expr(Expr::val(1)).from(participant::Entity).and_where(own).cond_where(condition).to_owned();
    Expr::exists(rows)
}

/// With somebody who was known by this alias only.
fn under_alias(alias: Alias) -> Condition {
    use interaction::Column;
    Condition::all()
        .add(Column::CustomerId.is_null())
        .add(Column::AliasKind.eq(Stored(alias.kind)))
        .add(Column::AliasValue.eq(alias.value))
}

pub(super) fn filtered(sight: &Sight, filter: &InteractionFilter) -> Select<interaction::Entity> {
    use interaction::Column;
    use participant::Column as Part;
    let mut query = within(sight);
    match &filter.party {
        Some(Party::Customer(id)) => query = query.filter(Column::CustomerId.eq(id)),
        Some(Party::Alias(alias)) => query = query.filter(under_alias(alias.clone())),
        None => {}
    }
    if let Some(case_id) = &filter.case_id {
        query = query.filter(Column::CaseId.eq(case_id));
    }
    let mut part = Condition::all();
    if let Some(staff_id) = &filter.staff_id {
        part = part.add(Part::StaffId.eq(staff_id));
    }
    if let Some(team_id) = &filter.team_id {
        part = part.add(Part::TeamId.eq(team_id));
    }
    if !part.is_empty() {
        query = query.join(JoinType::InnerJoin, interaction::Relation::Participant.def()).filter(part);
    }
    if let (Some(team_id), None) = (&filter.team_id, &filter.staff_id) {
        // Two of the team took part: once is enough.
        let other = sea_orm::sea_query::Alias::new("other");
        let earlier = Subquery::select()
            .expr(Expr::val(1))
            .from_as(participant::Entity, other.clone())
            .and_where(
                Expr::col((other.clone(), Part::InteractionId)).equals((participant::Entity, Part::InteractionId)),
            )
            .and_where(Expr::col((other.clone(), Part::TeamId)).eq(team_id.as_str()))
            .and_where(Expr::col((other, Part::Position)).lt(Expr::col((participant::Entity, Part::Position))))
            .to_owned();
        query = query.filter(Expr::exists(earlier).not());
    }
    if !filter.channels.is_empty() {
        query = query.filter(Column::Channel.is_in(filter.channels.iter().map(|channel| Stored(*channel))));
    }
    if !filter.kinds.is_empty() {
        query = query.filter(Column::Kind.is_in(filter.kinds.iter().map(|kind| Stored(*kind))));
    }
    if let Some(from) = filter.from {
        query = query.filter(Column::OccurredAt.gte(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(Column::OccurredAt.lt(to));
    }
    query
}
