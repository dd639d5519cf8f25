//! What happens to callbacks by time: claims lapse, quotes are breached, breaches are escalated.

use futures::future::BoxFuture;

use super::{store as rows, turn::Turn, turn::lock};
use crate::{
    reach::Sight,
    store::{Abort, Tx},
    timer::{Due, Handler, Kind},
};

/// The timers of callbacks.
pub(super) const TIMERS: Handler = Handler { kind: Kind::Callback, lock: |tx, store| Box::pin(lock(tx, store)), fire };

/// Whichever timer fires, all that is due is done.
fn fire(tx: &Tx, due: Due) -> BoxFuture<'_, Result<(), Abort>> {
    Box::pin(async move {
        let mut turn = Turn::locked(tx, (due.sequence, due.now));
        let Some(mut one) = rows::find_locked(tx, &Sight::all(), due.subject).await? else { return Ok(()) };
        turn.bring_up(&mut one).await?;
        turn.save(&one).await
    })
}
