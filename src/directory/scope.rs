//! What of the record a caller may see: his role's reach, his teams, himself.

use crate::auth::Caller;

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
