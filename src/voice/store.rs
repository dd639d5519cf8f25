//! Concerns in the database. Whatever changes one holds the lock of their stream, in which it is told.

use sea_orm::{
    ActiveModelTrait as _, Condition, ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, entity::prelude::*, sea_query::ExprTrait as _,
};

use super::{
    Concern, What, departments,
    entity::{
        concern::{Column, Entity},
        event,
    },
    rules::OPEN,
};
use crate::{
    api::v1::{ConcernEventKind, ConcernState},
    clock::{self, Micros},
    deadline::{self, Cause, Clock},
    error::{Error, Reason, Result},
    store::{Abort, Store, Stored, Tx, sequence},
    timer::{self, Kind},
};

/// Numbers that one change takes at most: what time did, and what the caller does.
const NUMBERS: i64 = 2;

/// What a timer of a concern is for. Numbers are on record.
pub(super) mod step {
    /// The department's word is due.
    pub(in super::super) const DUE: i32 = 1;
    pub(in super::super) const ESCALATE: i32 = 2;
    /// To go on with notices where a server has died.
    pub(in super::super) const TELL: i32 = 3;
}

/// Locks concerns until the transaction ends; gives the database's time.
pub(crate) async fn lock(tx: &Tx, store: &Store) -> Result<Micros, DbErr> {
    Ok(sequence::take(tx, store.clock(), sequence::CONCERNS, 0).await?.1)
}

/// The lock of the stream of concerns with numbers for a timer.
pub(super) async fn lock_for_timer(tx: &Tx, store: &Store) -> Result<(i64, Micros), DbErr> {
    sequence::take(tx, store.clock(), sequence::CONCERNS, NUMBERS).await
}

/// The lock of the stream of concerns, held, with numbers for what happens and the time at which it does.
pub(super) struct Held<'t> {
    pub(super) tx: &'t Tx,
    pub(super) now: Micros,
    next: i64,
}

impl<'t> Held<'t> {
    /// Takes the lock for changes of so many concerns.
    pub(super) async fn take(tx: &'t Tx, store: &Store, changes: usize) -> Result<Self, DbErr> {
        let count = NUMBERS * i64::try_from(changes).unwrap_or(i64::MAX / NUMBERS);
        let (next, now) = sequence::take(tx, store.clock(), sequence::CONCERNS, count).await?;
        Ok(Self { tx, now, next })
    }

    /// The same where it was taken already.
    pub(super) fn since(tx: &'t Tx, (next, now): (i64, Micros)) -> Self {
        Self { tx, now, next }
    }

    /// Puts on record what became of a concern.
    pub(super) async fn tell(
        &mut self,
        id: Uuid,
        kind: ConcernEventKind,
        late_by: Option<Micros>,
        actor: Option<&str>,
    ) -> Result<(), DbErr> {
        let (sequence, happened_at) = (self.next, self.now);
        self.next += 1;
        let actor = actor.map(str::to_owned);
        let row = event::Model { sequence, concern_id: id, kind: Stored(kind), happened_at, late_by, actor };
        event::Entity::insert(row.into_active_model()).exec_without_returning(self.tx).await?;
        Ok(())
    }

    /// One as time has left it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(super) async fn begin(&mut self, id: Uuid) -> Result<Concern, Abort> {
        let found = Entity::find_by_id(id).lock_exclusive().one(self.tx).await?;
        let mut one = found.ok_or(Error::NotFound("concern"))?;
        self.catch_up(&mut one).await?;
        Ok(one)
    }

    /// Does and tells what time has done.
    pub(super) async fn catch_up(&mut self, one: &mut Concern) -> Result<(), Abort> {
        if let Some(late_by) = one.catch_up(self.now) {
            self.tell(one.id, ConcernEventKind::Overdue, Some(late_by), None).await?;
            self.escalate_later(one, true).await?;
        }
        Ok(())
    }

    /// Sets the next escalation of one that is overdue, in working time of the department.
    pub(super) async fn escalate_later(&mut self, one: &Concern, is_first: bool) -> Result<(), Abort> {
        let department = departments::find(self.tx, &one.department_id).await?;
        let team_id = department.and_then(|department| department.team_id);
        let version = deadline::store::version_of(self.tx, team_id.as_deref()).await?;
        let at = deadline::next_escalation(deadline::calendar_of(version.as_ref()), self.now, is_first);
        timer::set(self.tx, Kind::Concern, one.id, [(step::ESCALATE, at)]).await?;
        Ok(())
    }

    /// Writes one, and sets its timers.
    pub(super) async fn finish(&mut self, one: Concern) -> Result<(), Abort> {
        let due = one.due().filter(|_| one.level == 0);
        timer::set(self.tx, Kind::Concern, one.id, [(step::DUE, due)]).await?;
        // An escalation is over with what it was for.
        if one.level == 0 || !one.is_open() {
            timer::set(self.tx, Kind::Concern, one.id, [(step::ESCALATE, None)]).await?;
        }
        one.into_active_model().reset_all().update(self.tx).await?;
        Ok(())
    }

    /// Stops the clock of an acknowledgement.
    pub(super) async fn stop(&mut self, id: Uuid) -> Result<(), Abort> {
        if let Some(mut clock) = deadline::store::last(self.tx, id).await?.filter(|clock| clock.stopped_at.is_none()) {
            clock.stop(self.now);
            deadline::store::save(self.tx, &clock).await?;
        }
        Ok(())
    }

    /// Puts a concern on record; the time for its acknowledgement runs. Gives its id.
    ///
    /// # Errors
    /// A department that nobody set.
    pub(super) async fn raise(&mut self, told: &Raising, author: &str) -> Result<Uuid, Abort> {
        let department = departments::find(self.tx, &told.department_id).await?;
        let rule = "must be a department that was set";
        let unknown = || Error::invalid("concern.department_id", Reason::UnknownDepartment, rule);
        let department = department.ok_or_else(unknown)?;
        let id = clock::id_at(self.now);
        let version = deadline::store::version_of(self.tx, department.team_id.as_deref()).await?;
        let begun = (self.now, version, Cause { reason: "raised", author: author.to_owned() });
        let clock = Clock::start((id, 1), department.team_id, department.acknowledge_within, begun);
        deadline::store::save(self.tx, &clock).await?;
        let one = Concern {
            id,
            department_id: department.id,
            title: told.title.clone(),
            what: serde_json::to_string(&told.what).map_err(Error::internal)?,
            since: told.since,
            state: Stored(ConcernState::Raised),
            level: 0,
            raised_at: self.now,
            author: author.to_owned(),
            acknowledge_due_at: clock.due().unwrap_or(Micros::MAX),
            acknowledged_at: None,
            fix_at: None,
            fixes: "[]".to_owned(),
            settled_at: None,
            settled_by: None,
            decline_reason: None,
            told_until: None,
        };
        Entity::insert(one.clone().into_active_model()).exec_without_returning(self.tx).await?;
        self.tell(id, ConcernEventKind::Raised, None, Some(author)).await?;
        self.finish(one).await?;
        Ok(id)
    }
}

/// A concern as it is raised.
#[derive(Clone, Debug)]
pub(super) struct Raising {
    pub(super) department_id: String,
    pub(super) title: String,
    pub(super) what: What,
    pub(super) since: Micros,
}

impl Concern {
    /// What customers raise with it.
    pub(super) fn what(&self) -> Result<What> {
        serde_json::from_str(&self.what).map_err(Error::internal)
    }
}

/// One.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<Concern>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// Which concerns.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) states: Vec<ConcernState>,
    pub(super) department_id: Option<String>,
    /// Only what is overdue at this instant.
    pub(super) overdue_at: Option<Micros>,
}

/// A page, newest first.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    filter: &Filter,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Concern>, DbErr> {
    let mut query = Entity::find();
    if !filter.states.is_empty() {
        query = query.filter(Column::State.is_in(filter.states.iter().map(|state| Stored(*state))));
    }
    if let Some(department) = &filter.department_id {
        query = query.filter(Column::DepartmentId.eq(department));
    }
    if let Some(now) = filter.overdue_at {
        let silent = Column::State.eq(Stored(ConcernState::Raised)).and(Column::AcknowledgeDueAt.lte(now));
        let late = Column::State.eq(Stored(ConcernState::Acknowledged)).and(Column::FixAt.lte(now));
        query = query.filter(Condition::any().add(silent).add(late));
    }
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.order_by_desc(Column::Id).limit(limit).all(connection).await
}

/// All that wait to be mended.
pub(super) async fn open(connection: &impl ConnectionTrait) -> Result<Vec<Concern>, DbErr> {
    Entity::find().filter(Column::State.is_in(OPEN.map(Stored))).all(connection).await
}

/// Those raised in a period.
pub(super) async fn raised_in(
    connection: &impl ConnectionTrait,
    (from, to): (Option<Micros>, Option<Micros>),
) -> Result<Vec<Concern>, DbErr> {
    let mut query = Entity::find();
    if let Some(from) = from {
        query = query.filter(Column::RaisedAt.gte(from));
    }
    if let Some(to) = to {
        query = query.filter(Column::RaisedAt.lt(to));
    }
    query.order_by_asc(Column::DepartmentId).all(connection).await
}
