//! What of the record a caller may see: their role's reach, their teams, themselves; and what is kept from them since it is
//! about them. Knows callers, no rows: every domain builds its queries from it.

mod oneself;

pub(crate) use oneself::Oneself;

use crate::{
    auth::Caller,
    error::{Error, Result},
    page::Binding,
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
    /// The customer whom it is about, where it is about one.
    pub(crate) fn own_customer(&self) -> Option<&str> {
        match self {
            Self::Customer(id) => Some(id),
            Self::All | Self::Teams { .. } | Self::Staff(_) => None,
        }
    }

    /// Whether a colleague, who may have a team, is within it.
    pub(crate) fn has_colleague(&self, staff_id: &str, team_id: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Teams { staff_id: own, .. } => own == staff_id || team_id.is_some_and(|team| self.has_team(team)),
            Self::Staff(own) => own == staff_id,
            Self::Customer(_) => false,
        }
    }

    /// Whether a team's work is within it.
    pub(crate) fn has_team(&self, team_id: &str) -> bool {
        match self {
            Self::All => true,
            Self::Teams { teams, .. } => teams.iter().any(|one| one == team_id),
            Self::Staff(_) | Self::Customer(_) => false,
        }
    }

    /// Customers have only themselves: anybody else looks like nobody.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(crate) fn check_customer(&self, customer_id: &str) -> Result<()> {
        match self.own_customer() {
            Some(own) if own != customer_id => Err(Error::NotFound("customer")),
            Some(_) | None => Ok(()),
        }
    }

    /// The same for the same caller with the same reach; page tokens are bound to it.
    pub(crate) fn binding(&self, caller: &Caller) -> Binding {
        let text = format!("{:?} {:?} {self:?}", caller.principal.role, caller.principal.subject);
        Binding { text, seal: caller.tokens.clone() }
    }
}

/// A scope through the eyes of somebody: their own ratings and complaints about them do not exist to them, whatever their
/// role reaches (R12). Queries of interactions, and of what customers said of them, are built from it, so that none can
/// forget it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) scope: Scope,
    pub(crate) oneself: Oneself,
}

impl Sight {
    /// What a caller sees of a scope.
    pub(crate) fn of(caller: &Caller, scope: Scope) -> Self {
        Self { scope, oneself: Oneself::of(caller) }
    }

    /// What the server itself sees.
    pub(crate) fn all() -> Self {
        Self { scope: Scope::All, oneself: Oneself::nobody() }
    }
}
