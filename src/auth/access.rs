//! Who may call what: the contract's access table, by path. Knows no token.

use std::collections::HashMap;

use crate::api::v1::{ACCESS, Reach, Role};

/// The contract's access table.
pub struct Access(HashMap<&'static str, &'static [(Role, Reach)]>);

/// What the table says about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Anyone may call it, without a token.
    Open,
    /// The role may call it and reaches so far.
    Granted(Reach),
    /// The role may not call it.
    Refused,
    /// The contract has no such method.
    NoSuchMethod,
}

impl Access {
    /// The table as the build generated it.
    pub fn new() -> Self {
        Self(ACCESS.iter().copied().collect())
    }

    /// Whether a method needs no token. Health and reflection are named here; everything else, whatever it is, needs
    /// one, so that a service added later is closed until somebody thinks about it.
    pub fn is_open(path: &str) -> bool {
        path.starts_with("/grpc.health.v1.") || path.starts_with("/grpc.reflection.v1")
    }

    /// What a role may do with a method.
    pub fn verdict(&self, path: &str, role: Role) -> Verdict {
        if Self::is_open(path) {
            return Verdict::Open;
        }
        let Some(grants) = self.0.get(path) else { return Verdict::NoSuchMethod };
        match grants.iter().find(|(granted, _)| *granted == role) {
            Some((_, reach)) => Verdict::Granted(*reach),
            None => Verdict::Refused,
        }
    }

    /// How far a role reaches by a method; none if it may not call it, or there is no such method.
    pub fn grant(&self, path: &str, role: Role) -> Option<Reach> {
        match self.verdict(path, role) {
            Verdict::Granted(reach) => Some(reach),
            Verdict::Open | Verdict::Refused | Verdict::NoSuchMethod => None,
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_answers_for_every_method_and_role() {
        let access = Access::new();
        for (path, grants) in ACCESS {
            for (role, _) in crate::auth::roles() {
                let listed = grants.iter().find(|(granted, _)| *granted == role).map(|(_, reach)| *reach);
                assert_eq!(access.grant(path, role), listed, "{path} {role:?}");
            }
            assert_eq!(access.verdict(path, Role::Unspecified), Verdict::Refused, "{path}");
            assert!(!Access::is_open(path), "{path}");
        }
    }

    #[test]
    fn what_is_not_in_the_contract_is_told_apart() {
        let access = Access::new();
        for path in ["", "/", "/rapport.v1.DirectoryService/", "/rapport.v1.DirectoryService/GetTeam/", "/x.Y/Z"] {
            assert_eq!(access.verdict(path, Role::Admin), Verdict::NoSuchMethod, "{path:?}");
        }
        for path in ["/grpc.health.v1.Health/Check", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] {
            assert_eq!(access.verdict(path, Role::Unspecified), Verdict::Open, "{path:?}");
        }
    }
}
