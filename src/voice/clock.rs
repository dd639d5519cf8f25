//! What happens to concerns by time: an acknowledgement or a date passes, an escalation; and what a change of calendars does to them.

use futures::future::BoxFuture;
use sea_orm::{EntityTrait as _, QuerySelect as _};

use super::{
    entity::concern::Entity,
    store::{Held, lock_for_timer, step},
    telling,
};
use crate::{
    api::v1::{ConcernEventKind, ConcernState},
    clock::Micros,
    deadline::Clock,
    store::{Abort, Store, Tx},
    timer::{Due, Handler, Kind},
};

/// The timers of concerns.
pub(super) const TIMERS: Handler =
    Handler { kind: Kind::Concern, lock: |tx, store| Box::pin(lock_for_timer(tx, store)), fire };

fn fire(tx: &Tx, due: Due) -> BoxFuture<'_, Result<(), Abort>> {
    Box::pin(async move {
        if due.step == step::TELL {
            telling::advance(tx, due.now, due.subject).await?;
            return Ok(());
        }
        let mut held = Held::since(tx, (due.sequence, due.now));
        let found = Entity::find_by_id(due.subject).lock_exclusive().one(tx).await?;
        let Some(mut one) = found.filter(|one| one.is_open()) else { return Ok(()) };
        let was_overdue = one.level > 0;
        held.catch_up(&mut one).await?;
        if due.step == step::ESCALATE && was_overdue {
            one.level += 1;
            held.tell(one.id, ConcernEventKind::Escalated, Some((due.now - due.due_at).max(0)), None).await?;
            held.escalate_later(&one, false).await?;
        }
        held.finish(one).await
    })
}

/// Tells of each concern whose acknowledgement is due at another time, since its clock runs on by another calendar. Needs the lock of
/// concerns.
pub(crate) async fn recounted(tx: &Tx, store: &Store, (author, changed): (&str, &[Clock])) -> Result<(), Abort> {
    let mut held = Held::take(tx, store, changed.len()).await?;
    for clock in changed {
        let found = Entity::find_by_id(clock.subject).lock_exclusive().one(tx).await?;
        let Some(mut one) = found.filter(|one| one.state.0 == ConcernState::Raised) else { continue };
        let due_at = clock.due().unwrap_or(Micros::MAX);
        if due_at != one.acknowledge_due_at {
            one.acknowledge_due_at = due_at;
            held.tell(one.id, ConcernEventKind::DueChanged, None, Some(author)).await?;
            held.finish(one).await?;
        }
    }
    Ok(())
}
