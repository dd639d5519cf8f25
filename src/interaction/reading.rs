//! Opening the whole record of somebody: it leaves a trace with its purpose before anything is shown (P5).

use super::store::{self as rows, InteractionFilter};
use crate::{
    api::v1::{AuditAction, ReadingPurpose},
    audit::{Reading, Trail},
    auth::Caller,
    directory::{Party, store::is_customer},
    error::{Error, Result},
    reach::{Scope, Sight},
    store::Store,
};

/// Why a record is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose<'a> {
    pub(crate) purpose: ReadingPurpose,
    /// More about it; may be empty.
    pub(crate) note: &'a str,
}

/// Leaves the trace of a reading; what leaves none must not happen.
///
/// # Errors
/// [`Error::NotFound`]: nobody knows them, and nothing was recorded under that alias.
pub(crate) async fn open(
    (store, trail): (&Store, &Trail),
    caller: &Caller,
    party: &Party,
    why: Purpose<'_>,
) -> Result<()> {
    let object = match party {
        Party::Customer(id) => is_customer(store.reader(), id).await?.then(|| id.clone()),
        // The trail does not keep the alias itself: its owner may have it erased one day, and is found by what was
        // recorded under it.
        Party::Alias(_) => {
            let filter = InteractionFilter { party: Some(party.clone()), ..InteractionFilter::default() };
            let newest = rows::list(store.reader(), &Sight::of(caller, Scope::All), &filter, None, 1).await?;
            newest.first().map(|one| one.id.to_string())
        }
    };
    let object = object.ok_or(Error::NotFound("customer"))?;
    let purpose = why.purpose.plain_name();
    let why = if why.note.is_empty() { purpose.to_owned() } else { format!("{purpose}: {}", why.note) };
    let reading = Reading { action: AuditAction::TimelineRead, object: &object, about: None, why: &why };
    trail.note(caller, reading).await
}
