//! What of the record a caller may see: his role's reach, his teams, himself.

use super::store;
use crate::{
    api::v1::{Reach, Role, StaffState},
    auth::Caller,
    error::{Error, Result},
    store::Store,
};

/// The part of the record within a caller's reach. Queries are built from it, so that none can forget it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of it.
    All,
    /// What these teams or this person took part in.
    Teams { staff_id: String, teams: Vec<String> },
    /// What this person took part in.
    Staff(String),
    /// What is about this customer.
    Customer(String),
}

impl Scope {
    /// A text that is the same for the same caller with the same reach; page tokens are bound to it.
    pub(crate) fn binding(&self, caller: &Caller) -> String {
        format!("{:?} {:?} {self:?}", caller.principal.role, caller.principal.subject)
    }
}

/// Lets a caller in: a person whom the directory lists as inactive may not call, whatever his token says.
///
/// The teams are those of the token; a colleague whose token names none has the one the directory gives him.
///
/// # Errors
/// [`Error::CallerInactive`].
pub(crate) async fn admit(store: &Store, caller: &Caller) -> Result<Scope> {
    let principal = &caller.principal;
    let is_person = match principal.role {
        Role::Staff | Role::Supervisor | Role::Reviewer | Role::Admin => true,
        Role::App | Role::Customer | Role::Unspecified => false,
    };
    let listed = if is_person { store::find_staff(store.reader(), &principal.subject).await? } else { None };
    if listed.as_ref().is_some_and(|person| person.state == StaffState::Inactive) {
        return Err(Error::CallerInactive);
    }
    Ok(match (caller.reach, principal.role) {
        (Reach::All, _) => Scope::All,
        (_, Role::Customer) => Scope::Customer(principal.subject.clone()),
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
