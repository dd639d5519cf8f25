//! From a token to a caller: whose tokens count, who may call what, and the layer that joins them.
//!
//! Holds keys, the checks of a token and the access table of the contract. It must not know what the methods do, nor
//! the database: whether a person is still active is the directory's to say.

pub mod access;
pub mod authenticator;
pub(crate) mod id_token;
mod keys;
pub mod layer;
pub(crate) mod policy;
mod token;

use std::sync::Arc;

use uuid::Uuid;

use crate::{
    api::{
        Named as _,
        v1::{Reach, Role},
    },
    error::{Error, Result},
    page::TokenSeal,
};

use access::Access;
pub use authenticator::Authenticator;
pub(crate) use keys::Keys;
pub use layer::AuthLayer;
use policy::{Policy, policy};

/// Who stands behind a verified token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Staff id, customer id, or the name of an application, by role; NFC.
    pub subject: String,
    /// What the token says they are.
    pub role: Role,
    /// Ids of the teams the token names; NFC, sorted, each once.
    pub teams: Vec<String>,
    /// When the token begins to be good: microseconds since 1970.
    pub begins_micros: i64,
    /// When the token ends, and with it every stream opened by it: microseconds since 1970.
    pub expires_micros: i64,
    /// What it is good for.
    pub purpose: Purpose,
}

/// What a token is good for; in it, the claim `rapport_use`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Calls; the claim is absent.
    Calls,
    /// To start a session, once; the id is the link's.
    Link(Uuid),
    /// To renew a session.
    Renewal(Uuid),
    /// The calls of a session's page.
    Session(Uuid),
}

impl Purpose {
    /// The session that must not be over.
    pub(crate) fn session(self) -> Option<Uuid> {
        match self {
            Self::Calls | Self::Link(_) => None,
            Self::Renewal(id) | Self::Session(id) => Some(id),
        }
    }

    /// The one method that it opens; none: all of the bearer's role.
    fn only_method(self) -> Option<&'static str> {
        match self {
            Self::Calls | Self::Session(_) => None,
            Self::Link(_) => Some(START_SESSION),
            Self::Renewal(_) => Some(RENEW_SESSION),
        }
    }

    fn claim(self) -> Option<String> {
        match self {
            Self::Calls => None,
            Self::Link(id) => Some(format!("link {id}")),
            Self::Renewal(id) => Some(format!("renewal {id}")),
            Self::Session(id) => Some(format!("session {id}")),
        }
    }

    fn of_claim(claim: &str) -> Option<Self> {
        let (kind, id) = claim.split_once(' ')?;
        let id = Uuid::try_parse(id).ok()?;
        match kind {
            "link" => Some(Self::Link(id)),
            "renewal" => Some(Self::Renewal(id)),
            "session" => Some(Self::Session(id)),
            _ => None,
        }
    }
}

/// The method by which a link becomes a session.
const START_SESSION: &str = "/rapport.v1.SessionService/StartSession";
const RENEW_SESSION: &str = "/rapport.v1.SessionService/RenewSession";

/// A principal on one call, with how far the contract lets them reach there. Handlers find it among the request's
/// extensions; there is no other way to make one than through the layer, or by hand in a test.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who calls.
    pub principal: Arc<Principal>,
    /// Which records the caller may reach by this method.
    pub reach: Reach,
    /// Seals the places in lists and streams that the caller is given.
    pub tokens: Arc<TokenSeal>,
}

impl Caller {
    /// The caller that the layer left with a request.
    pub fn of(extensions: &http::Extensions) -> Result<&Self> {
        // Only a server built without the layer comes here; it must not serve anybody.
        extensions.get().ok_or_else(|| Error::internal("a call arrived without passing authentication"))
    }

    /// Staff id, customer id, or the name of an application, by role.
    pub fn subject(&self) -> &str {
        &self.principal.subject
    }

    /// Staff id of a person who works here, in whatever role; none: an application or a customer.
    pub fn person(&self) -> Option<&str> {
        (self.policy().kind == policy::CallerKind::Person).then(|| self.subject())
    }

    /// What their role may, beside calling this method.
    pub(crate) fn policy(&self) -> Policy {
        policy(self.principal.role)
    }
}

/// Whether the console has pages for a role.
pub(crate) fn has_pages(role: Role) -> bool {
    Access::new().grant(START_SESSION, role).is_some()
}

/// The roles a token may carry, each with its name there.
pub fn roles() -> impl Iterator<Item = (Role, String)> {
    Role::VALUES.iter().map(|role| (*role, role_name(*role)))
}

/// A role's name in tokens, for example `staff`.
pub fn role_name(role: Role) -> String {
    role.plain_name().to_owned()
}

/// The role of a name, spelled exactly.
pub fn role_named(name: &str) -> Option<Role> {
    roles().find(|(_, known)| known == name).map(|(role, _)| role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_a_name_and_back() {
        let names: Vec<_> = roles().map(|(_, name)| name).collect();
        assert_eq!(names, ["app", "staff", "supervisor", "reviewer", "admin", "customer"]);
        assert!(roles().all(|(role, name)| role_named(&name) == Some(role)));
        for bad in ["", "Staff", "STAFF", "unspecified", "ROLE_STAFF", " staff"] {
            assert_eq!(role_named(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_request_without_a_caller_is_our_own_fault() {
        assert!(matches!(Caller::of(&http::Extensions::new()), Err(Error::Internal(_))));
    }
}
