//! What the directory sets off in domains above it. The composition root (`app`) says who does it; it happens inside the
//! transaction that changes the directory.

use futures::future::BoxFuture;

use super::Alias;
use crate::store::{Abort, Store, Tx};

type Done<'t> = BoxFuture<'t, Result<(), Abort>>;

/// The reactions to what the directory learns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reactions {
    /// Somebody is about to become known by a name: nobody records under it until the transaction ends.
    pub(crate) naming: for<'t> fn(&'t Tx, &'t Store) -> Done<'t>,
    /// A customer is known by these names from now on.
    pub(crate) named: for<'t> fn(&'t Tx, &'t str, &'t [Alias]) -> Done<'t>,
}
