//! What happens to commitments by time: a reminder, the breach, escalations.

use futures::future::BoxFuture;

use super::{Commitment, rules, store};
use crate::{
    api::v1::{CommitmentEventKind, CommitmentState},
    calendar::store::hours_of,
    clock::Micros,
    store::{Abort, Tx},
    timer::{self, Due, Handler, Kind},
};

/// The timers of commitments.
pub(super) const TIMERS: Handler =
    Handler { kind: Kind::Commitment, lock: |tx, at| Box::pin(store::lock(tx, at)), fire };

fn fire(tx: &Tx, due: Due) -> BoxFuture<'_, Result<(), Abort>> {
    Box::pin(async move {
        let now = due.now;
        let Some(commitment) = store::find_any(tx, due.subject).await? else { return Ok(()) };
        let (state, level, kind) = match (due.step, commitment.state) {
            (_, CommitmentState::Kept | CommitmentState::KeptLate | CommitmentState::Released) => return Ok(()),
            (_, CommitmentState::Unspecified) => return Ok(()),
            // To whom it was promised was erased.
            _ if commitment.terms.what.is_empty() => return store::release_erased(tx, &commitment, now).await,
            (rules::REMIND, state) => (state, commitment.level, CommitmentEventKind::Reminded),
            (rules::BREAK, _) => (CommitmentState::Broken, commitment.level, CommitmentEventKind::Broken),
            // The breach itself was missed, while no server ran.
            (_, CommitmentState::Open) => (CommitmentState::Broken, 1, CommitmentEventKind::Broken),
            (_, CommitmentState::Broken) => {
                (CommitmentState::Broken, commitment.level + 1, CommitmentEventKind::Escalated)
            }
        };
        store::step(tx, commitment.id, state, level).await?;
        store::tell(tx, (due.sequence, now), commitment.id, kind, Some((now - due.due_at).max(0))).await?;
        arm_next(tx, &commitment, due.step, now).await
    })
}

async fn arm_next(tx: &Tx, commitment: &Commitment, step: i32, now: Micros) -> Result<(), Abort> {
    let calendar = hours_of(tx, commitment.team_id.as_deref()).await?;
    let next = rules::next_timer(step, &calendar, now);
    timer::arm(tx, Kind::Commitment, commitment.id, next).await?;
    Ok(())
}
