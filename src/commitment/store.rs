//! Commitments in the database. Whatever changes one holds the lock of their stream, in which it is told.

use futures::future::BoxFuture;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Select, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    Commitment, Questions, Settled, Terms, Worth,
    entity::{
        commitment::{self, Column, Entity},
        event,
    },
    rules,
};
use crate::{
    api::v1::{CommitmentEventKind, CommitmentState, Role},
    calendar::store::hours_of,
    clock::{self, Micros},
    directory::store as directory,
    error::{Error, Reason, Result},
    interaction,
    reach::{Scope, Sight},
    store::{
        Abort, Store, Stored, Tx,
        feed::{Log, Numbered},
        sequence,
    },
    timer::{self, Kind},
};

/// Takes the lock of the stream of commitments; gives the first of two numbers of it, for what time did and for what is done, and the
/// database's time.
pub(super) async fn lock(tx: &Tx, store: &Store) -> Result<(i64, Micros), DbErr> {
    sequence::take(tx, store.clock(), sequence::COMMITMENTS, 2).await
}

/// What the state of a commitment becomes, if it may, and what those who watch are told.
pub(super) type Settling = (fn(CommitmentState) -> Option<CommitmentState>, CommitmentEventKind);

/// Which commitments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) states: Vec<CommitmentState>,
    pub(super) customer_id: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) team_id: Option<String>,
    pub(super) case_id: Option<String>,
    pub(super) incident_id: Option<Uuid>,
}

/// What a caller may see.
fn within(sight: &Sight) -> Select<Entity> {
    let mut query = Entity::find();
    query = match &sight.scope {
        Scope::All => query,
        Scope::Teams { staff_id, teams } => {
            let own = Column::OwnerStaffId.eq(staff_id).or(Column::TeamId.is_in(teams.clone()));
            query.filter(own)
        }
        Scope::Staff(id) => query.filter(Column::OwnerStaffId.eq(id)),
        Scope::Customer(id) => query.filter(Column::CustomerId.eq(id)),
    };
    match sight.oneself.id() {
        Some(person) => {
            query.filter(interaction::store::of_nothing_about(person, Column::InteractionId, Column::CaseId))
        }
        None => query,
    }
}

/// One that a caller may see.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    id: Uuid,
) -> Result<Option<Commitment>, DbErr> {
    Ok(within(sight).filter(Column::Id.eq(id)).one(connection).await?.map(of_row))
}

/// One, no matter who asks.
pub(super) async fn find_any(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Commitment>, DbErr> {
    Ok(Entity::find_by_id(id).one(connection).await?.map(of_row))
}

/// Those of these that a caller may see.
pub(super) async fn among(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    ids: Vec<Uuid>,
) -> Result<Vec<Commitment>, DbErr> {
    let rows = within(sight).filter(Column::Id.is_in(ids)).all(connection).await?;
    Ok(rows.into_iter().map(of_row).collect())
}

/// A page, the earliest due first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &Filter,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<Commitment>, DbErr> {
    let mut query = within(sight);
    if !filter.states.is_empty() {
        query = query.filter(Column::State.is_in(filter.states.iter().map(|state| Stored(*state))));
    }
    for (column, value) in [
        (Column::CustomerId, &filter.customer_id),
        (Column::OwnerStaffId, &filter.owner),
        (Column::TeamId, &filter.team_id),
        (Column::CaseId, &filter.case_id),
    ] {
        if let Some(value) = value {
            query = query.filter(column.eq(value));
        }
    }
    if let Some(incident) = filter.incident_id {
        query = query.filter(Column::IncidentId.eq(incident));
    }
    if let Some((due_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::DueAt), Expr::col(Column::Id)]);
        query = query.filter(here.gt(Expr::tuple([Expr::value(due_at), Expr::value(id)])));
    }
    let query = query.order_by_asc(Column::DueAt).order_by_asc(Column::Id).limit(limit);
    Ok(query.all(connection).await?.into_iter().map(of_row).collect())
}

/// How many commitments of a team are in a state.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Count {
    pub(super) team_id: Option<String>,
    pub(super) state: Stored<CommitmentState>,
    pub(super) count: i64,
}

/// Counts by team and state of those due in a period.
pub(super) async fn counts(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    (from, to): (Option<Micros>, Option<Micros>),
) -> Result<Vec<Count>, DbErr> {
    let mut query = within(sight);
    if let Some(from) = from {
        query = query.filter(Column::DueAt.gte(from));
    }
    if let Some(to) = to {
        query = query.filter(Column::DueAt.lt(to));
    }
    let query = query.select_only().column(Column::TeamId).column(Column::State);
    let query = query.column_as(Column::Id.count(), "count").group_by(Column::TeamId).group_by(Column::State);
    query.into_model::<Count>().all(connection).await
}

/// How many remedies of an incident are in a state, and what they are worth in a currency.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Remedies {
    pub(crate) state: Stored<CommitmentState>,
    pub(crate) currency: Option<String>,
    pub(crate) count: i64,
    pub(crate) worth: Option<i64>,
}

/// The remedies of an incident, as far as a caller may see them.
pub(crate) async fn remedies(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    incident_id: Uuid,
) -> Result<Vec<Remedies>, DbErr> {
    let query = within(sight).filter(Column::IncidentId.eq(incident_id)).select_only();
    let query = query.columns([Column::State, Column::Currency]).column_as(Column::Id.count(), "count");
    let query = query.column_as(Expr::col(Column::Worth).sum().cast_as("bigint"), "worth");
    query.group_by(Column::State).group_by(Column::Currency).into_model::<Remedies>().all(connection).await
}

/// Puts a commitment on record and sets its timers; gives its id.
///
/// # Errors
/// [`Error::NotFound`]: the interaction, the incident; what the directory does not know; what the rules find.
pub(super) async fn make(
    tx: &Tx,
    store: &Store,
    (actor, sight): (&(String, Role), &Sight),
    (told, questions): (&Terms, Questions),
) -> Result<Uuid, Abort> {
    let (sequence, now) = lock(tx, store).await?;
    if let Some(incident) = told.incident_id
        && !(questions.is_incident)(tx, incident).await?
    {
        return Err(Error::NotFound("incident").into());
    }
    let mut terms = told.clone();
    if let Some(id) = terms.interaction_id {
        // Those who may not see it cannot promise anything for it.
        let sight = Sight { scope: Scope::All, oneself: sight.oneself.clone() };
        let found = interaction::store::find(tx, &sight, id).await?.ok_or(Error::NotFound("interaction"))?;
        terms.customer_id = terms.customer_id.or(found.facts.customer_id);
        terms.case_id = terms.case_id.or(found.facts.case_id);
    }
    rules::check(&terms, now)?;
    if let Some(id) = &terms.customer_id {
        let rule = "must be a customer of the directory";
        let unknown = || Error::invalid("commitment.customer_id", Reason::UnknownCustomer, rule);
        terms.customer_id = Some(directory::find_customer(tx, id).await?.ok_or_else(unknown)?.id);
    }
    let rule = "must be a colleague of the directory";
    let owner = directory::find_staff(tx, &terms.owner).await?;
    let owner = owner.ok_or_else(|| Error::invalid("commitment.owner_staff_id", Reason::UnknownStaff, rule))?;
    rules::may_promise(&sight.scope, &owner.id, owner.team_id.as_deref())?;
    let id = clock::id_at(now);
    let (amount, currency) = terms.worth.clone().map(|worth| (worth.amount, worth.currency)).unzip();
    let row = commitment::ActiveModel {
        id: Set(id),
        what: Set(terms.what.clone()),
        customer_id: Set(terms.customer_id.clone()),
        interaction_id: Set(terms.interaction_id),
        case_id: Set(terms.case_id.clone()),
        owner_staff_id: Set(owner.id),
        team_id: Set(owner.team_id.clone()),
        due_at: Set(terms.due_at),
        remind_before: Set(terms.remind_before),
        worth: Set(amount),
        currency: Set(currency),
        state: Set(Stored(CommitmentState::Open)),
        level: Set(0),
        author: Set(actor.0.clone()),
        made_at: Set(now),
        settled_at: Set(None),
        settled_by: Set(None),
        note: Set(None),
        incident_id: Set(terms.incident_id),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    tell(tx, (sequence, now), id, CommitmentEventKind::Made, None).await?;
    let calendar = hours_of(tx, owner.team_id.as_deref()).await?;
    timer::arm(tx, Kind::Commitment, id, rules::timers(&terms, &calendar, now)).await?;
    Ok(id)
}

/// Settles a commitment: what `becomes` makes of its state. Gives its id.
///
/// # Errors
/// [`Error::NotFound`], [`Error::CommitmentSettled`].
pub(super) async fn settle(
    tx: &Tx,
    store: &Store,
    (actor, sight): (&(String, Role), &Sight),
    id: Uuid,
    ((becomes, kind), note): (Settling, &str),
) -> Result<Uuid, Abort> {
    let (sequence, now) = lock(tx, store).await?;
    let found = find(tx, sight, id).await?.ok_or(Error::NotFound("commitment"))?;
    // What is due and whose timer has not fired yet is broken all the same.
    let is_over = found.state == CommitmentState::Open && found.terms.due_at <= now;
    let state = if is_over { CommitmentState::Broken } else { found.state };
    let state = becomes(state).ok_or(Error::CommitmentSettled)?;
    let row = commitment::ActiveModel {
        id: Set(id),
        state: Set(Stored(state)),
        settled_at: Set(Some(now)),
        settled_by: Set(Some(actor.0.clone())),
        note: Set(Some(note.to_owned()).filter(|note| !note.is_empty())),
        ..Default::default()
    };
    Entity::update(row).exec(tx).await?;
    timer::disarm(tx, Kind::Commitment, id).await?;
    if is_over {
        // No server had looked yet: those who watch hear of the breach all the same.
        tell(tx, (sequence, now), id, CommitmentEventKind::Broken, Some(now - found.terms.due_at)).await?;
    }
    tell(tx, (sequence + 1, now), id, kind, None).await?;
    Ok(id)
}

/// Writes what a step of the clock made of a commitment.
pub(super) async fn step(tx: &Tx, id: Uuid, state: CommitmentState, level: i32) -> Result<(), DbErr> {
    let row =
        commitment::ActiveModel { id: Set(id), state: Set(Stored(state)), level: Set(level), ..Default::default() };
    Entity::update(row).exec(tx).await?;
    Ok(())
}

/// There is nobody any more to whom it could be kept.
pub(super) async fn release_erased(tx: &Tx, one: &Commitment, now: Micros) -> Result<(), Abort> {
    let row = commitment::ActiveModel {
        id: Set(one.id),
        state: Set(Stored(CommitmentState::Released)),
        settled_at: Set(Some(now)),
        ..Default::default()
    };
    Entity::update(row).exec(tx).await?;
    timer::disarm(tx, Kind::Commitment, one.id).await?;
    Ok(())
}

/// Tells those who watch.
pub(super) async fn tell(
    tx: &Tx,
    (sequence, now): (i64, Micros),
    id: Uuid,
    kind: CommitmentEventKind,
    late_by: Option<Micros>,
) -> Result<(), DbErr> {
    let row = event::ActiveModel {
        sequence: Set(sequence),
        commitment_id: Set(id),
        kind: Set(Stored(kind)),
        happened_at: Set(now),
        late_by: Set(late_by),
    };
    event::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// The log of what happens to commitments.
pub(super) struct Events;

/// A line of the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) sequence: i64,
    pub(super) commitment_id: Uuid,
    pub(super) kind: CommitmentEventKind,
    pub(super) at: Micros,
    pub(super) late_by: Option<Micros>,
}

impl Numbered for Event {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

impl Log for Events {
    const STREAM: &'static str = sequence::COMMITMENTS;
    type Change = Event;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<Event>, DbErr>> {
        Box::pin(async move {
            let query = event::Entity::find().filter(event::Column::Sequence.gt(after));
            let rows = query.order_by_asc(event::Column::Sequence).limit(limit).all(store.reader()).await?;
            let line = |row: event::Model| Event {
                sequence: row.sequence,
                commitment_id: row.commitment_id,
                kind: row.kind.0,
                at: row.happened_at,
                late_by: row.late_by,
            };
            Ok(rows.into_iter().map(line).collect())
        })
    }
}

fn of_row(row: commitment::Model) -> Commitment {
    let worth = row.worth.zip(row.currency).map(|(amount, currency)| Worth { amount, currency });
    let settled = row.settled_at.map(|at| Settled { at, by: row.settled_by.unwrap_or_default(), note: row.note });
    Commitment {
        id: row.id,
        terms: Terms {
            what: row.what,
            customer_id: row.customer_id,
            interaction_id: row.interaction_id,
            case_id: row.case_id,
            owner: row.owner_staff_id,
            due_at: row.due_at,
            remind_before: row.remind_before,
            worth,
            incident_id: row.incident_id,
        },
        team_id: row.team_id,
        state: row.state.0,
        level: row.level,
        author: row.author,
        made_at: row.made_at,
        settled,
    }
}
