//! What a change of calendars sets off in domains above this one. The composition root (`app`) says who does it; it happens inside the
//! transaction that makes the change.

use futures::future::BoxFuture;

use crate::store::{Abort, Store, Tx};

/// The reactions to changes of calendars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reactions {
    /// A calendar has another version, or a team another calendar: whatever runs by them is counted anew from now on. With who
    /// made the change.
    pub(crate) changed: for<'t> fn(&'t Tx, &'t Store, &'t str) -> BoxFuture<'t, Result<(), Abort>>,
}
