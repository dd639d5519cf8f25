//! A change under the lock of the stream: what is due by time, then what is asked, and who is told.

use rapport_calendar::Calendar;
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait as _};

use super::{
    Callback,
    course::Overdue,
    entity::event,
    store::{self as rows, Held},
};
use crate::{
    api::v1::CallbackEventKind as Kind,
    calendar::store::hours_of,
    clock::Micros,
    presence::store as presence,
    store::{Abort, Store, Stored, Tx, sequence},
    timer,
};

/// Numbers that a change may need: a lapse, a breach, an escalation, and its own.
const NUMBERS: i64 = 4;

/// Takes the lock of the stream of callbacks; gives the first of some numbers of it, and the database's time.
pub(super) async fn lock(tx: &Tx, store: &Store) -> Result<(i64, Micros), DbErr> {
    sequence::take(tx, store.clock(), sequence::CALLBACKS, NUMBERS).await
}

/// One holder of the lock at a time.
pub(super) struct Turn<'t> {
    pub(super) tx: &'t Tx,
    pub(super) now: Micros,
    next: i64,
}

impl<'t> Turn<'t> {
    /// Takes the lock.
    pub(super) async fn begin(tx: &'t Tx, store: &Store) -> Result<Self, DbErr> {
        Ok(Self::locked(tx, lock(tx, store).await?))
    }

    /// With what the lock gave.
    pub(super) fn locked(tx: &'t Tx, (first, now): (i64, Micros)) -> Self {
        Self { tx, now, next: first }
    }

    /// The place in line of what is written now.
    pub(super) fn place(&self) -> i64 {
        self.next
    }

    /// Tells those who watch.
    pub(super) async fn tell(&mut self, one: &Callback, kind: Kind, late_by: Option<Micros>) -> Result<(), Abort> {
        let row = event::ActiveModel {
            sequence: Set(self.next),
            callback_id: Set(one.id),
            kind: Set(Stored(kind)),
            happened_at: Set(self.now),
            late_by: Set(late_by),
        };
        event::Entity::insert(row).exec_without_returning(self.tx).await?;
        self.next += 1;
        Ok(())
    }

    /// Does what is due by time.
    pub(super) async fn bring_up(&mut self, one: &mut Callback) -> Result<Calendar, Abort> {
        let calendar = hours_of(self.tx, Some(&one.asked.team_id)).await?;
        while let Some(step) = one.course.overdue(one.quoted_at, self.now) {
            let (kind, due_at) = match step {
                Overdue::Lapse(at) => (one.course.lapse(&calendar, self.now), at),
                Overdue::Breach(at) => {
                    let room = self.room(&one.asked.team_id).await?;
                    (one.course.breach(room, &calendar, self.now), at)
                }
                Overdue::Escalate(at) => (one.course.escalate(&calendar, self.now), at),
            };
            self.tell(one, kind, Some(self.now - due_at)).await?;
        }
        Ok(calendar)
    }

    /// How many callbacks those on duty could take beside theirs. None: nobody is on duty.
    async fn room(&self, team_id: &str) -> Result<Option<i64>, DbErr> {
        let capacity = presence::capacity(self.tx, team_id, self.now).await?;
        let busy = rows::held(self.tx, Held::Team(team_id)).await?;
        Ok((capacity > 0).then_some(capacity - busy))
    }

    /// Writes how far a callback is, and sets its timers.
    pub(super) async fn save(&self, one: &Callback) -> Result<(), Abort> {
        rows::save(self.tx, one.id, &one.course).await?;
        timer::disarm(self.tx, timer::Kind::Callback, one.id).await?;
        timer::arm(self.tx, timer::Kind::Callback, one.id, one.course.timers(one.quoted_at)).await?;
        Ok(())
    }
}
