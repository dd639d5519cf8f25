//! Follow-ups in the database. Whatever changes one holds the lock of their stream, in which it is told.

use std::collections::HashMap;

use futures::future::BoxFuture;
use sea_orm::{
    ActiveModelTrait as _, ConnectionTrait, DbErr, FromQueryResult, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select,
    entity::prelude::*,
    sea_query::{ExprTrait as _, SimpleExpr},
};

use super::{
    FollowUp,
    entity::{
        about, event,
        follow_up::{Column, Entity},
        point, statement,
    },
    rules::UNANSWERED,
    sight::within,
};
use crate::{
    api::v1::{FollowUpEventKind, FollowUpSource, FollowUpState, FollowUpWait},
    clock::{self, Micros},
    deadline::{self, Cause, Clock},
    error::{Error, Result},
    interaction,
    reach::Sight,
    store::{
        Abort, Store, Stored, Tx,
        bulk::{self, Present},
        feed::{Log, Numbered},
        sequence,
    },
    timer::{self, Kind},
};

/// Numbers that one change takes at most: what time did, and what the caller does.
pub(super) const NUMBERS: i64 = 8;

/// The lock of the stream of follow-ups, held, with numbers for what happens and the time at which it does.
pub(super) struct Held<'t> {
    pub(super) tx: &'t Tx,
    pub(super) now: Micros,
    next: i64,
}

impl<'t> Held<'t> {
    /// Takes the lock for changes of so many follow-ups.
    pub(super) async fn take(tx: &'t Tx, store: &Store, changes: usize) -> Result<Self, DbErr> {
        let count = NUMBERS * i64::try_from(changes).unwrap_or(i64::MAX / NUMBERS);
        let (next, now) = sequence::take(tx, store.clock(), sequence::FOLLOW_UPS, count).await?;
        Ok(Self { tx, now, next })
    }

    /// The same where it was taken already.
    pub(super) fn since(tx: &'t Tx, (next, now): (i64, Micros)) -> Self {
        Self { tx, now, next }
    }

    /// Tells those who watch. `actor`: of our people, or nobody.
    pub(super) async fn tell(
        &mut self,
        id: Uuid,
        kind: FollowUpEventKind,
        late_by: Option<Micros>,
        actor: Option<&str>,
    ) -> Result<(), DbErr> {
        let row = event::Model {
            sequence: self.next,
            follow_up_id: id,
            kind: Stored(kind),
            happened_at: self.now,
            late_by,
            actor: actor.map(str::to_owned),
        };
        self.next += 1;
        event::Entity::insert(row.into_active_model()).exec_without_returning(self.tx).await?;
        Ok(())
    }

    /// One that a caller may see, as time has left it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) async fn begin(&mut self, sight: &Sight, id: Uuid) -> Result<FollowUp, Abort> {
        // Whatever erases its customer waits until this is written.
        let found = within(sight).filter(Column::Id.eq(id)).lock_exclusive().one(self.tx).await?;
        let mut one = found.ok_or(Error::NotFound("follow_up"))?;
        self.catch_up(&mut one).await?;
        Ok(one)
    }

    /// Does and tells what time has done.
    pub(super) async fn catch_up(&mut self, one: &mut FollowUp) -> Result<(), Abort> {
        let before = one.level;
        for (kind, late_by) in one.catch_up(self.now) {
            self.tell(one.id, kind, late_by, None).await?;
        }
        if one.level > before {
            self.escalate_later(one, true).await?;
        }
        Ok(())
    }

    /// Sets the next escalation of one that is overdue.
    pub(super) async fn escalate_later(&mut self, one: &FollowUp, is_first: bool) -> Result<(), Abort> {
        let version = deadline::store::version_of(self.tx, one.team_id.as_deref()).await?;
        let at = deadline::next_escalation(deadline::calendar_of(version.as_ref()), self.now, is_first);
        timer::set(self.tx, Kind::FollowUp, one.id, [(step::ESCALATE, at)]).await?;
        Ok(())
    }

    /// Writes one, and sets its timers.
    pub(super) async fn finish(&mut self, one: FollowUp) -> Result<(), Abort> {
        if one.is_unanswered() {
            let due_at = (one.level == 0 && one.is_due_ever()).then_some(one.due_at);
            let steps = [(step::LAPSE, one.leased_until), (step::RESUME, one.waits_until), (step::DUE, due_at)];
            timer::set(self.tx, Kind::FollowUp, one.id, steps).await?;
        } else {
            timer::disarm(self.tx, Kind::FollowUp, one.id).await?;
        }
        one.into_active_model().reset_all().update(self.tx).await?;
        Ok(())
    }

    /// Changes the running clock of one, whose due time follows.
    pub(super) async fn turn(&mut self, one: &mut FollowUp, change: impl FnOnce(&mut Clock)) -> Result<(), Abort> {
        if let Some(mut clock) = deadline::store::last(self.tx, one.id).await? {
            change(&mut clock);
            // The due time of one that stopped stays as it was.
            if clock.stopped_at.is_none() {
                one.due_at = clock.due().unwrap_or(Micros::MAX);
            }
            deadline::store::save(self.tx, &clock).await?;
        }
        Ok(())
    }

    /// Starts the next clock of one.
    pub(super) async fn start(&mut self, one: &mut FollowUp, target: Micros, cause: Cause) -> Result<(), Abort> {
        let number = deadline::store::last(self.tx, one.id).await?.map_or(0, |clock| clock.number) + 1;
        let version = deadline::store::version_of(self.tx, one.team_id.as_deref()).await?;
        let begun = (self.now, version, cause);
        let clock = Clock::start((one.id, number), one.team_id.clone(), target, begun);
        one.due_at = clock.due().unwrap_or(Micros::MAX);
        deadline::store::save(self.tx, &clock).await?;
        Ok(())
    }

    /// Opens one.
    pub(super) async fn open(&mut self, opening: Opening) -> Result<Uuid, Abort> {
        let id = clock::id_at(self.now);
        let Opening { source, origin_id, interaction_id, team_id, words, about, within, author, actor } = opening;
        let mut one = FollowUp {
            id,
            source: Stored(source),
            origin_id,
            interaction_id,
            team_id,
            state: Stored(FollowUpState::Open),
            level: 0,
            holder_staff_id: None,
            claim_number: 0,
            leased_until: None,
            waits_for: Stored(FollowUpWait::Unspecified),
            next_action: None,
            waits_until: None,
            due_at: Micros::MAX,
            opened_at: self.now,
            author: author.clone(),
            settled_at: None,
            settled_by: None,
            close_reason: Stored::default(),
            note: None,
        };
        self.start(&mut one, within, Cause { reason: "opened", author }).await?;
        Entity::insert(one.clone().into_active_model()).exec_without_returning(self.tx).await?;
        let named = about.into_iter().map(|staff_id| about::Model { follow_up_id: id, staff_id }).collect();
        bulk::insert::<about::Entity>(self.tx, named, Present::Never).await?;
        self.raise(id, words).await?;
        self.tell(id, FollowUpEventKind::Opened, None, actor.as_deref()).await?;
        self.finish(one).await?;
        Ok(id)
    }

    /// Adds points after those that are there.
    pub(super) async fn raise(&mut self, id: Uuid, words: Vec<String>) -> Result<(), DbErr> {
        let last = points(self.tx, &[id]).await?.remove(&id).and_then(|points| points.last().map(|last| last.number));
        let raised = (last.unwrap_or(0) + 1..).zip(words).map(|(number, words)| point::Model {
            follow_up_id: id,
            number,
            words,
            raised_at: self.now,
            answer: None,
            answered_at: None,
            answered_by: None,
        });
        bulk::insert::<point::Entity>(self.tx, raised.collect(), Present::Never).await?;
        Ok(())
    }
}

/// The steps of a follow-up's timers.
pub(super) mod step {
    /// A claim lapses.
    pub(crate) const LAPSE: i32 = 1;
    /// A wait is over.
    pub(crate) const RESUME: i32 = 2;
    /// It is overdue.
    pub(crate) const DUE: i32 = 3;
    /// It still is.
    pub(crate) const ESCALATE: i32 = 4;
}

/// A follow-up on its way to the record.
pub(super) struct Opening {
    pub(super) source: FollowUpSource,
    pub(super) origin_id: Option<Uuid>,
    pub(super) interaction_id: Uuid,
    pub(super) team_id: Option<String>,
    pub(super) words: Vec<String>,
    pub(super) about: Vec<String>,
    /// Working time.
    pub(super) within: Micros,
    /// Empty: the server.
    pub(super) author: String,
    /// Of our people.
    pub(super) actor: Option<String>,
}

/// Which follow-ups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) states: Vec<FollowUpState>,
    pub(super) team_id: Option<String>,
    pub(super) holder: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) interaction_id: Option<Uuid>,
    pub(super) case_id: Option<String>,
    pub(super) min_level: i32,
}

/// One that a caller may see.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    id: Uuid,
) -> Result<Option<FollowUp>, DbErr> {
    within(sight).filter(Column::Id.eq(id)).one(connection).await
}

/// Those of these that a caller may see.
pub(super) async fn among(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    ids: Vec<Uuid>,
) -> Result<Vec<FollowUp>, DbErr> {
    within(sight).filter(Column::Id.is_in(ids)).all(connection).await
}

/// A page, the earliest due first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    filter: &Filter,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<FollowUp>, DbErr> {
    let mut query = filtered(sight, filter);
    if let Some((due_at, id)) = after {
        let here = Expr::tuple([Expr::col(Column::DueAt), Expr::col(Column::Id)]);
        query = query.filter(here.gt(Expr::tuple([Expr::value(due_at), Expr::value(id)])));
    }
    let query = query.order_by_asc(Column::DueAt).order_by_asc(Column::Id).limit(limit);
    query.all(connection).await
}

fn filtered(sight: &Sight, filter: &Filter) -> Select<Entity> {
    let mut query = within(sight);
    if !filter.states.is_empty() {
        query = query.filter(in_states(&filter.states));
    }
    if let Some(team) = &filter.team_id {
        query = query.filter(Column::TeamId.eq(team));
    }
    if let Some(holder) = &filter.holder {
        query = query.filter(Column::HolderStaffId.eq(holder));
    }
    if let Some(customer) = &filter.customer_id {
        query = query.filter(Column::InteractionId.in_subquery(interaction::store::of_customer(customer)));
    }
    if let Some(interaction) = filter.interaction_id {
        query = query.filter(Column::InteractionId.eq(interaction));
    }
    if let Some(case) = &filter.case_id {
        query = query.filter(Column::InteractionId.in_subquery(interaction::store::of_case(case)));
    }
    if filter.min_level > 0 {
        query = query.filter(Column::Level.gte(filter.min_level));
    }
    query
}

fn in_states(states: &[FollowUpState]) -> SimpleExpr {
    Column::State.is_in(states.iter().map(|state| Stored(*state)))
}

/// The one of a team that is due first and that nobody holds, as far as a caller may see it.
pub(super) async fn first_free(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    team_id: Option<&str>,
) -> Result<Option<Uuid>, DbErr> {
    let filter = Filter {
        states: vec![FollowUpState::Open, FollowUpState::Reopened],
        team_id: team_id.map(str::to_owned),
        ..Filter::default()
    };
    Ok(list(connection, sight, &filter, None, 1).await?.pop().map(|one| one.id))
}

/// The unanswered one that a rating of an interaction opened before.
pub(super) async fn opened_by_rating(
    connection: &impl ConnectionTrait,
    interaction_id: Uuid,
) -> Result<Option<FollowUp>, DbErr> {
    let query = Entity::find().filter(Column::InteractionId.eq(interaction_id)).filter(in_states(&UNANSWERED));
    query.filter(Column::Source.eq(Stored(FollowUpSource::Rating))).one(connection).await
}

/// The unanswered one that a complaint of the same customer about the same case opened before.
pub(super) async fn opened_by_complaint(
    connection: &impl ConnectionTrait,
    (customer_id, case_id): (&str, &str),
) -> Result<Option<FollowUp>, DbErr> {
    let query = Entity::find()
        .filter(Column::InteractionId.in_subquery(interaction::store::of_case(case_id)))
        .filter(Column::InteractionId.in_subquery(interaction::store::of_customer(customer_id)))
        .filter(in_states(&UNANSWERED));
    query.filter(Column::Source.eq(Stored(FollowUpSource::Complaint))).one(connection).await
}

/// The points of these, each in order of number.
pub(super) async fn points(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<point::Model>>, DbErr> {
    let query = point::Entity::find().filter(point::Column::FollowUpId.is_in(ids.iter().copied()));
    let mut found: HashMap<Uuid, Vec<point::Model>> = HashMap::new();
    for row in query.order_by_asc(point::Column::Number).all(connection).await? {
        found.entry(row.follow_up_id).or_default().push(row);
    }
    Ok(found)
}

/// The statements that came of these.
pub(super) async fn statements(
    connection: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<statement::Model>>, DbErr> {
    let query = statement::Entity::find().filter(statement::Column::FollowUpId.is_in(ids.iter().copied()));
    let mut found: HashMap<Uuid, Vec<statement::Model>> = HashMap::new();
    for row in query.order_by_asc(statement::Column::ReleasedAt).all(connection).await? {
        found.entry(row.follow_up_id).or_default().push(row);
    }
    Ok(found)
}

/// How many follow-ups of a team are in a state.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Count {
    pub(super) team_id: Option<String>,
    pub(super) state: Stored<FollowUpState>,
    pub(super) count: i64,
}

/// How many clocks of a team's follow-ups came to what.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Clocks {
    pub(super) team_id: Option<String>,
    pub(super) in_time: i64,
    pub(super) overdue: i64,
    pub(super) second: i64,
}

/// Counts by team and state of those opened in a period, and of their clocks.
pub(super) async fn counts(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    (from, to): (Option<Micros>, Option<Micros>),
    now: Micros,
) -> Result<(Vec<Count>, Vec<Clocks>), DbErr> {
    use deadline::entity::clock;
    let opened = || {
        let mut query = within(sight);
        if let Some(from) = from {
            query = query.filter(Column::OpenedAt.gte(from));
        }
        if let Some(to) = to {
            query = query.filter(Column::OpenedAt.lt(to));
        }
        query.select_only()
    };
    let states = opened().column(Column::TeamId).column(Column::State).column_as(Column::Id.count(), "count");
    let states = states.group_by(Column::TeamId).group_by(Column::State);
    let due = || Expr::col((clock::Entity, clock::Column::DueAt));
    let stopped = || Expr::col((clock::Entity, clock::Column::StoppedAt));
    let is_overdue = due().lte(Expr::expr(sea_orm::sea_query::Func::coalesce([stopped(), Expr::value(now)])));
    let in_time = stopped().is_not_null().and(due().is_null().or(due().gt(stopped())));
    let number = Expr::col((clock::Entity, clock::Column::Number));
    let joined =
        sea_orm::RelationDef::from(Entity::belongs_to(clock::Entity).from(Column::Id).to(clock::Column::SubjectId));
    let clocks = opened().column(Column::TeamId).join(sea_orm::JoinType::InnerJoin, joined);
    let clocks = clocks
        .column_as(count_where(in_time), "in_time")
        .column_as(count_where(is_overdue), "overdue")
        .column_as(count_where(number.eq(2)), "second")
        .group_by(Column::TeamId);
    Ok((states.into_model::<Count>().all(connection).await?, clocks.into_model::<Clocks>().all(connection).await?))
}

fn count_where(condition: SimpleExpr) -> SimpleExpr {
    Expr::expr(sea_orm::sea_query::CaseStatement::new().case(condition, 1)).count()
}

/// The log of what happens to follow-ups.
pub(super) struct Events;

impl Numbered for event::Model {
    fn sequence(&self) -> i64 {
        self.sequence
    }
}

impl Log for Events {
    const STREAM: &'static str = sequence::FOLLOW_UPS;
    type Change = event::Model;

    fn read<'s>(store: &'s Store, after: i64, limit: u64) -> BoxFuture<'s, Result<Vec<event::Model>, DbErr>> {
        Box::pin(async move {
            let query = event::Entity::find().filter(event::Column::Sequence.gt(after));
            query.order_by_asc(event::Column::Sequence).limit(limit).all(store.reader()).await
        })
    }
}
