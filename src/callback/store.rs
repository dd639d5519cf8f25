//! Callbacks in the database.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Select, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    Asked, Callback,
    course::Course,
    entity::{
        callback::{ActiveModel, Column, Entity, Model},
        event,
    },
    figures::Line,
    quote::{CALLS, Load, RECORD, Record},
};
use crate::{
    api::v1::{
        CallbackBreachReason as Breach, CallbackEventKind, CallbackFailureReason as Failure, CallbackState as State,
        Role,
    },
    clock::Micros,
    directory::Alias,
    interaction::{Context, ContextRest, store::of_nothing_about},
    presence::store as presence,
    reach::{Scope, Sight},
    store::{
        Store, Stored, Tx,
        feed::{Log, Numbered},
        sequence,
    },
};

const HELD: [State; 3] = [State::Claimed, State::Dialling, State::Connected];
const OPEN: [State; 4] = [State::Waiting, State::Claimed, State::Dialling, State::Connected];
/// Whose author is a person who works here.
const PEOPLE: [Role; 4] = [Role::Staff, Role::Supervisor, Role::Reviewer, Role::Admin];

fn any_of(states: &[State]) -> Condition {
    Condition::all().add(Column::State.is_in(states.iter().map(|state| Stored(*state))))
}

/// Any of these states, in which nothing is over: found among the few that are not, however many there were.
fn open(states: &[State]) -> Condition {
    any_of(states).add(Column::EndedAt.is_null())
}

/// What a caller may see.
fn within(sight: &Sight) -> Select<Entity> {
    let mut query = Entity::find();
    query = match &sight.scope {
        Scope::All => query,
        Scope::Teams { staff_id, teams } => {
            query.filter(Column::ClaimedBy.eq(staff_id).or(Column::TeamId.is_in(teams.clone())))
        }
        Scope::Staff(id) => query.filter(Column::ClaimedBy.eq(id)),
        Scope::Customer(id) => query.filter(Column::CustomerId.eq(id)),
    };
    match sight.oneself.id() {
        Some(person) => query.filter(seen_by(person)),
        None => query,
    }
}

/// What exists for a person: callbacks of no complaint about them. What they asked for or claimed they know.
fn seen_by(person: &str) -> Condition {
    let by_people = Column::AuthorRole.is_in(PEOPLE.map(Stored));
    Condition::any()
        .add(of_nothing_about(person, Column::InteractionId, Column::CaseId))
        .add(Column::ClaimedBy.eq(person))
        .add(Column::Author.eq(person).and(by_people))
}

/// One that a caller may see.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    id: Uuid,
) -> Result<Option<Callback>, DbErr> {
    within(sight).filter(Column::Id.eq(id)).one(connection).await?.map(of_row).transpose()
}

/// The same to be changed: an erasure waits until it is, or comes first.
pub(super) async fn find_locked(tx: &Tx, sight: &Sight, id: Uuid) -> Result<Option<Callback>, DbErr> {
    within(sight).filter(Column::Id.eq(id)).lock_exclusive().one(tx).await?.map(of_row).transpose()
}

/// Whether it exists for a person, so that they may be told to ring.
pub(super) async fn exists_for(connection: &impl ConnectionTrait, person: &str, id: Uuid) -> Result<bool, DbErr> {
    let query = Entity::find().filter(Column::Id.eq(id)).filter(seen_by(person));
    Ok(query.one(connection).await?.is_some())
}

/// Those of these that a caller may see.
pub(super) async fn among(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    ids: Vec<Uuid>,
) -> Result<Vec<Callback>, DbErr> {
    let rows = within(sight).filter(Column::Id.is_in(ids)).all(connection).await?;
    rows.into_iter().map(of_row).collect()
}

/// Which callbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) states: Vec<State>,
    pub(super) customer_id: Option<String>,
    pub(super) team_id: Option<String>,
    pub(super) staff_id: Option<String>,
}

/// A page in order of place.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &Filter,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Callback>, DbErr> {
    let mut query = within(sight);
    if !filter.states.is_empty() {
        query = query.filter(any_of(&filter.states));
    }
    for (column, value) in [
        (Column::CustomerId, &filter.customer_id),
        (Column::TeamId, &filter.team_id),
        (Column::ClaimedBy, &filter.staff_id),
    ] {
        if let Some(value) = value {
            query = query.filter(column.eq(value));
        }
    }
    if let Some((place_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::PlaceAt), Expr::col(Column::Id)]);
        query = query.filter(here.gt(Expr::tuple([Expr::value(place_at), Expr::value(id)])));
    }
    let query = query.order_by_asc(Column::PlaceAt).order_by_asc(Column::Id).limit(limit);
    query.all(connection).await?.into_iter().map(of_row).collect()
}

/// The next in line of a team for somebody, to be changed; `sight`: also the caller's.
pub(super) async fn first_in_line(
    tx: &Tx,
    sight: &Sight,
    (team_id, staff_id): (&str, &str),
    now: Micros,
) -> Result<Option<Callback>, DbErr> {
    let query = within(sight).filter(seen_by(staff_id)).filter(Column::TeamId.eq(team_id));
    let query = query.filter(open(&[State::Waiting])).filter(Column::ReadyAt.lte(now));
    // Of one moment by their number: the ids of several servers are in no order.
    let query = query.order_by_asc(Column::PlaceAt).order_by_asc(Column::Place).limit(1);
    query.lock_exclusive().one(tx).await?.map(of_row).transpose()
}

/// Whether a point has an open callback that a caller sees. One of a complaint about them may be there beside theirs: that it is
/// in their way would tell them of it.
pub(super) async fn is_open(connection: &impl ConnectionTrait, sight: &Sight, point: &Alias) -> Result<bool, DbErr> {
    let sight = Sight { scope: Scope::All, oneself: sight.oneself.clone() };
    let query = within(&sight).filter(Column::PointValue.eq(&point.value));
    let query = query.filter(Column::PointKind.eq(Stored(point.kind))).filter(open(&OPEN));
    Ok(query.limit(1).one(connection).await?.is_some())
}

/// Whose claims.
#[derive(Clone, Copy, Debug)]
pub(super) enum Held<'a> {
    Team(&'a str),
    Colleague(&'a str),
    /// That are being rung, or connected.
    CallsOf(&'a str),
}

/// How many callbacks are claimed, or are rung.
pub(super) async fn held(connection: &impl ConnectionTrait, whose: Held<'_>) -> Result<i64, DbErr> {
    let query = Entity::find();
    let query = match whose {
        Held::Team(id) => query.filter(open(&HELD)).filter(Column::TeamId.eq(id)),
        Held::Colleague(id) => query.filter(open(&HELD)).filter(Column::ClaimedBy.eq(id)),
        Held::CallsOf(id) => query.filter(open(&[State::Dialling, State::Connected])).filter(Column::ClaimedBy.eq(id)),
    };
    Ok(i64::try_from(query.count(connection).await?).unwrap_or(i64::MAX))
}

/// What a team has to do, as far as a caller sees it: a quote that counted what is hidden from them would tell them of it.
pub(super) async fn load(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    team_id: &str,
    now: Micros,
) -> Result<Load, DbErr> {
    let busy = of_team(sight, team_id).filter(open(&HELD)).count(connection).await?;
    // Those of a slot stand in line from its beginning on.
    let waiting = of_team(sight, team_id).filter(open(&[State::Waiting])).filter(Column::PlaceAt.lte(now));
    let waiting = waiting.count(connection).await?;
    let counted = |count| i64::try_from(count).unwrap_or(i64::MAX);
    let capacity = presence::capacity(connection, team_id, now).await?;
    Ok(Load { capacity, busy: counted(busy), waiting: counted(waiting) })
}

/// How long a team's calls took in the last weeks, and how long its customers waited.
pub(super) async fn record(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    team_id: &str,
    now: Micros,
) -> Result<Record, DbErr> {
    let query =
        of_team(sight, team_id).filter(Column::EndedAt.gt(now - RECORD)).filter(Column::ClaimedAt.is_not_null());
    let columns = [Column::ClaimedAt, Column::EndedAt, Column::FirstDialledAt, Column::PlaceAt];
    let query = query.order_by_desc(Column::EndedAt).limit(CALLS).select_only().columns(columns);
    let rows: Vec<(i64, i64, Option<i64>, i64)> = query.into_tuple().all(connection).await?;
    let handling = rows.iter().map(|(claimed_at, ended_at, ..)| ended_at - claimed_at).collect();
    let waits = rows.iter().filter_map(|(_, _, dialled_at, place_at)| Some(Ord::max((*dialled_at)? - place_at, 0)));
    Ok(Record::of(handling, waits.collect()))
}

/// How many callbacks are promised in the slots after `now`.
pub(super) async fn taken_slots(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    team_id: &str,
    now: Micros,
) -> Result<BTreeMap<Micros, i64>, DbErr> {
    let query = of_team(sight, team_id).filter(open(&OPEN)).filter(Column::SlotAt.gt(now));
    let query = query.select_only().column(Column::SlotAt).column_as(Column::Id.count(), "count");
    let rows: Vec<(i64, i64)> = query.group_by(Column::SlotAt).into_tuple().all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// A team's, whatever the scope: who quotes for a team counts all of it that exists for them.
fn of_team(sight: &Sight, team_id: &str) -> Select<Entity> {
    let sight = Sight { scope: Scope::All, oneself: sight.oneself.clone() };
    within(&sight).filter(Column::TeamId.eq(team_id))
}

/// What figures are made from: callbacks asked for in a period.
pub(super) async fn lines(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    team_id: Option<&str>,
    (from, to): (Micros, Micros),
) -> Result<Vec<Line>, DbErr> {
    let mut query = within(sight).filter(Column::RequestedAt.gte(from)).filter(Column::RequestedAt.lt(to));
    if let Some(team_id) = team_id {
        query = query.filter(Column::TeamId.eq(team_id));
    }
    let columns = [Column::TeamId, Column::PlaceAt, Column::QuotedAt, Column::FirstDialledAt, Column::State];
    let query = query.select_only().columns(columns).column(Column::BreachReason).column(Column::Failure);
    type Row = (String, i64, i64, Option<i64>, Stored<State>, Option<Stored<Breach>>, Option<Stored<Failure>>);
    let rows: Vec<Row> = query.into_tuple().all(connection).await?;
    let line = |(team_id, place_at, quoted_at, first_dialled_at, state, breach, failure): Row| Line {
        team_id,
        place_at,
        quoted_at,
        first_dialled_at,
        state: state.0,
        breach: breach.map(|breach| breach.0),
        failure: failure.map(|failure| failure.0),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Puts a callback on record.
pub(super) async fn insert(tx: &Tx, one: &Callback) -> Result<(), DbErr> {
    let Callback { id, asked, place, quoted_at, basis, caller_number, author, author_role, requested_at, course } =
        one.clone();
    let (point_kind, point_value, point_written) = match &asked.point {
        Some(point) => (Some(Stored(point.kind)), Some(point.value.clone()), point.notation()),
        None => (None, None, None),
    };
    let rest = asked.context.rest;
    let row = Model {
        id,
        place_at: place.0,
        place: place.1,
        point_kind,
        point_value,
        point_written,
        customer_id: asked.customer_id,
        team_id: asked.team_id,
        topic: asked.topic,
        order_id: asked.context.order_id,
        product_id: asked.context.product_id,
        // Texts and a map of texts always serialise.
        context: if rest == ContextRest::default() { None } else { serde_json::to_string(&rest).ok() },
        interaction_id: asked.interaction_id,
        case_id: asked.case_id,
        slot_at: asked.slot_at,
        quoted_at,
        quote_basis: Stored(basis),
        caller_number,
        author,
        author_role: Stored(author_role),
        requested_at,
        state: Stored(course.state),
        ready_at: course.ready_at,
        attempts: course.attempts,
        fence: course.fence,
        lapses: course.lapses,
        claimed_by: course.claimed_by,
        claimed_at: course.claimed_at,
        lease_until: course.lease_until,
        first_dialled_at: course.first_dialled_at,
        dialled_at: course.dialled_at,
        connected_at: course.connected_at,
        ended_at: course.ended_at,
        breached_at: course.breached_at,
        breach_reason: course.breach_reason.map(Stored),
        escalate_at: course.escalate_at,
        level: course.level,
        failure: course.failure.map(Stored),
        call_interaction_id: course.call_interaction_id,
        note: course.note,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(())
}

/// Writes how far one is.
pub(super) async fn save(tx: &Tx, id: Uuid, course: &Course) -> Result<(), DbErr> {
    let course = course.clone();
    let row = ActiveModel {
        id: Set(id),
        state: Set(Stored(course.state)),
        ready_at: Set(course.ready_at),
        attempts: Set(course.attempts),
        fence: Set(course.fence),
        lapses: Set(course.lapses),
        claimed_by: Set(course.claimed_by),
        claimed_at: Set(course.claimed_at),
        lease_until: Set(course.lease_until),
        first_dialled_at: Set(course.first_dialled_at),
        dialled_at: Set(course.dialled_at),
        connected_at: Set(course.connected_at),
        ended_at: Set(course.ended_at),
        breached_at: Set(course.breached_at),
        breach_reason: Set(course.breach_reason.map(Stored)),
        escalate_at: Set(course.escalate_at),
        level: Set(course.level),
        failure: Set(course.failure.map(Stored)),
        call_interaction_id: Set(course.call_interaction_id),
        note: Set(course.note),
        ..Default::default()
    };
    Entity::update(row).exec(tx).await?;
    Ok(())
}

fn of_row(row: Model) -> Result<Callback, DbErr> {
    let rest = row.context.map(|text| serde_json::from_str(&text)).transpose();
    let rest = rest.map_err(|error| DbErr::Json(error.to_string()))?.unwrap_or_default();
    let point = row.point_kind.zip(row.point_value);
    Ok(Callback {
        id: row.id,
        asked: Asked {
            point: point.map(|(kind, value)| Alias::stored(kind.0, value, row.point_written)),
            customer_id: row.customer_id,
            team_id: row.team_id,
            topic: row.topic,
            context: Context { order_id: row.order_id, product_id: row.product_id, rest },
            interaction_id: row.interaction_id,
            case_id: row.case_id,
            slot_at: row.slot_at,
        },
        place: (row.place_at, row.place),
        quoted_at: row.quoted_at,
        basis: row.quote_basis.0,
        caller_number: row.caller_number,
        author: row.author,
        author_role: row.author_role.0,
        requested_at: row.requested_at,
        course: Course {
            state: row.state.0,
            ready_at: row.ready_at,
            attempts: row.attempts,
            fence: row.fence,
            lapses: row.lapses,
            claimed_by: row.claimed_by,
            claimed_at: row.claimed_at,
            lease_until: row.lease_until,
            first_dialled_at: row.first_dialled_at,
            dialled_at: row.dialled_at,
            connected_at: row.connected_at,
            ended_at: row.ended_at,
            breached_at: row.breached_at,
            breach_reason: row.breach_reason.map(|reason| reason.0),
            escalate_at: row.escalate_at,
            level: row.level,
            failure: row.failure.map(|failure| failure.0),
            call_interaction_id: row.call_interaction_id,
            note: row.note,
        },
    })
}

/// The log of what happens to callbacks.
pub(super) struct Events;

/// A line of the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) sequence: i64,
    pub(super) callback_id: Uuid,
    pub(super) kind: CallbackEventKind,
    pub(super) at: Micros,
    pub(super) late_by: Option<Micros>,
}

impl Numbered for Event {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

impl Log for Events {
    const STREAM: &'static str = sequence::CALLBACKS;
    type Change = Event;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<Event>, DbErr>> {
        Box::pin(async move {
            let query = event::Entity::find().filter(event::Column::Sequence.gt(after));
            let rows = query.order_by_asc(event::Column::Sequence).limit(limit).all(store.reader()).await?;
            let line = |row: event::Model| Event {
                sequence: row.sequence,
                callback_id: row.callback_id,
                kind: row.kind.0,
                at: row.happened_at,
                late_by: row.late_by,
            };
            Ok(rows.into_iter().map(line).collect())
        })
    }
}
