//! Letting a caller in: who they are to the directory, and what of the record they reach.

use super::store;
use crate::{
    api::v1::{Reach, StaffState},
    auth::{Caller, access::Access, policy::CallerKind},
    error::{Error, Result},
    reach::Scope,
    session::store as session,
    store::Store,
};

/// What of the record the caller would reach by another method; none: they may not call it.
///
/// # Errors
/// [`Error::CallerInactive`].
pub(crate) async fn reach_by(store: &Store, caller: &Caller, method: &str) -> Result<Option<Scope>> {
    match Access::new().grant(method, caller.principal.role) {
        Some(reach) => Ok(Some(admit(store, &Caller { reach, ..caller.clone() }).await?)),
        None => Ok(None),
    }
}

/// Lets a caller in: a person whom the directory lists as inactive may not call, whatever their token says.
///
/// The teams are those of the token; a colleague whose token names none has the one the directory gives them.
///
/// # Errors
/// [`Error::CallerInactive`]; [`Error::SessionOver`].
pub(crate) async fn admit(store: &Store, caller: &Caller) -> Result<Scope> {
    let principal = &caller.principal;
    if let Some(id) = principal.purpose.session() {
        session::admit(store.reader(), id, store.clock().now_micros()).await?;
    }
    let listed = match caller.person() {
        Some(person) => store::find_staff(store.reader(), person).await?,
        None => None,
    };
    if listed.as_ref().is_some_and(|person| person.state == StaffState::Inactive) {
        return Err(Error::CallerInactive);
    }
    Ok(match (caller.reach, caller.policy().kind) {
        (Reach::All, _) => Scope::All,
        (_, CallerKind::Customer) => Scope::Customer(store::kept_id(store.reader(), principal.subject.clone()).await?),
        (Reach::Team, _) => {
            let mut teams = principal.teams.clone();
            if teams.is_empty() {
                teams.extend(listed.and_then(|person| person.team_id));
            }
            Scope::Teams { staff_id: principal.subject.clone(), teams }
        }
        (Reach::Own | Reach::Unspecified, _) => Scope::Staff(principal.subject.clone()),
    })
}
