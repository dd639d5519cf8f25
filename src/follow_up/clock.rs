//! What happens to follow-ups by time: a claim lapses, a wait is over, a due time passes, an escalation; and what a change of
//! calendars does to their clocks.

use futures::future::BoxFuture;
use sea_orm::{DbErr, EntityTrait as _, QuerySelect as _};

use super::{
    entity::follow_up::Entity,
    store::{Held, NUMBERS, step},
};
use crate::{
    api::v1::{FollowUpCloseReason, FollowUpEventKind, FollowUpState},
    clock::Micros,
    deadline::Clock,
    interaction,
    reach::Sight,
    store::{Abort, Store, Stored, Tx, sequence},
    timer::{Due, Handler, Kind},
};

/// The timers of follow-ups.
pub(super) const TIMERS: Handler = Handler {
    kind: Kind::FollowUp,
    lock: |tx, store| Box::pin(sequence::take(tx, store.clock(), sequence::FOLLOW_UPS, NUMBERS)),
    fire,
};

fn fire(tx: &Tx, due: Due) -> BoxFuture<'_, Result<(), Abort>> {
    Box::pin(async move {
        let mut held = Held::since(tx, (due.sequence, due.now));
        let found = Entity::find_by_id(due.subject).lock_exclusive().one(tx).await?;
        let Some(mut one) = found else { return Ok(()) };
        if !one.is_unanswered() {
            return Ok(());
        }
        let was_overdue = one.level > 0;
        held.catch_up(&mut one).await?;
        let recorded = interaction::store::find(tx, &Sight::all(), one.interaction_id).await?;
        let is_erased =
            recorded.is_none_or(|one| one.facts.customer_id.is_none() && one.facts.customer_alias.is_none());
        if is_erased {
            // There is nobody any more who could be answered.
            one.answer();
            one.settle(FollowUpState::Closed, (due.now, "", ""))?;
            one.close_reason = Stored(FollowUpCloseReason::Withdrawn);
            held.turn(&mut one, |clock| clock.stop(due.now)).await?;
        } else if due.step == step::ESCALATE && was_overdue {
            one.level += 1;
            held.tell(one.id, FollowUpEventKind::Escalated, Some((due.now - due.due_at).max(0)), None).await?;
            held.escalate_later(&one, false).await?;
        }
        held.finish(one).await
    })
}

/// Locks follow-ups until the transaction ends.
pub(crate) async fn lock(tx: &Tx) -> Result<(), DbErr> {
    sequence::hold(tx, sequence::FOLLOW_UPS).await
}

/// Tells of each follow-up whose due time is another, since its clock runs on by another calendar. Needs [`lock`].
pub(crate) async fn recounted(tx: &Tx, store: &Store, (author, changed): (&str, &[Clock])) -> Result<(), Abort> {
    let mut held = Held::take(tx, store, changed.len()).await?;
    for clock in changed {
        let found = Entity::find_by_id(clock.subject).lock_exclusive().one(tx).await?;
        let Some(mut one) = found else { continue };
        let due_at = clock.due().unwrap_or(Micros::MAX);
        if due_at != one.due_at {
            one.due_at = due_at;
            held.tell(one.id, FollowUpEventKind::DueChanged, None, Some(author)).await?;
            held.finish(one).await?;
        }
    }
    Ok(())
}
