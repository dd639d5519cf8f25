//! What sets roles apart beside the contract's access table, which says who may call what: each role once. A new role gets
//! its line here; what is left out of it is what nobody may.

use crate::api::v1::Role;

/// What a role may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Whose id its subject is.
    pub(crate) kind: CallerKind,
    /// Whose request ids theirs are.
    pub(crate) request_ids: Owner,
    /// Tells what happened for everybody, in the past too, and calls as often as an application.
    pub(crate) speaks_for_all: bool,
    /// Its tokens may be good for days, since no person carries them about.
    pub(crate) has_long_tokens: bool,
    /// What it says of whether a matter was resolved.
    pub(crate) resolves: Resolves,
    /// Whom it may name as those whom a complaint is about.
    pub(crate) accuses: Accuses,
    /// Decides contests; others file them.
    pub(crate) judges_contests: bool,
    /// How it votes.
    pub(crate) votes: Votes,
    /// Reads the auditor's record of competitions in which it has no stake.
    pub(crate) audits: bool,
    /// Preferences may weigh ratings for it, those of the caller excepted (R12).
    pub(crate) sees_ratings_weighed: bool,
}

/// Whose id the subject of a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// No person: the name of a program.
    Application,
    /// A person who works here: the directory can bar them, and ratings of themselves are kept from them.
    Person,
    /// They reach what is theirs, and need not say who they are.
    Customer,
}

/// Who shares a space of request ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// All who act for the organisation, so that an import repeated under another account finds what is there.
    Organization,
    /// Each person by themselves.
    Person,
    /// Each customer by themselves.
    Customer,
}

/// Which side of a conclusion is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolves {
    Customer,
    Staff,
    Both,
}

/// Naming the accused would be a way to hide what they did from those who look for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accuses {
    Nobody,
    OthersThanThemselves,
    Anybody,
}

/// How a role comes to a ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Votes {
    Never,
    /// As themselves, if they are on the roll.
    InPerson,
    /// For the judge whose token they were handed.
    ByToken,
}

const NOBODY: Policy = Policy {
    kind: CallerKind::Application,
    request_ids: Owner::Organization,
    speaks_for_all: false,
    has_long_tokens: false,
    resolves: Resolves::Staff,
    accuses: Accuses::Nobody,
    judges_contests: false,
    votes: Votes::Never,
    audits: false,
    sees_ratings_weighed: false,
};

const COLLEAGUE: Policy =
    Policy { kind: CallerKind::Person, request_ids: Owner::Person, votes: Votes::InPerson, ..NOBODY };

/// What a role may.
pub(crate) const fn policy(role: Role) -> Policy {
    match role {
        Role::Unspecified => NOBODY,
        Role::App => Policy {
            speaks_for_all: true,
            has_long_tokens: true,
            resolves: Resolves::Both,
            accuses: Accuses::Anybody,
            votes: Votes::ByToken,
            sees_ratings_weighed: true,
            ..NOBODY
        },
        Role::Staff => COLLEAGUE,
        Role::Supervisor => Policy { accuses: Accuses::OthersThanThemselves, ..COLLEAGUE },
        Role::Reviewer => {
            Policy { judges_contests: true, votes: Votes::Never, audits: true, sees_ratings_weighed: true, ..COLLEAGUE }
        }
        Role::Admin => Policy {
            request_ids: Owner::Organization,
            speaks_for_all: true,
            resolves: Resolves::Both,
            accuses: Accuses::Anybody,
            judges_contests: true,
            votes: Votes::Never,
            sees_ratings_weighed: true,
            ..COLLEAGUE
        },
        Role::Customer => Policy {
            kind: CallerKind::Customer,
            request_ids: Owner::Customer,
            resolves: Resolves::Customer,
            sees_ratings_weighed: true,
            ..NOBODY
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn those(may: impl Fn(Policy) -> bool) -> Vec<String> {
        crate::auth::roles().filter(|(role, _)| may(policy(*role))).map(|(_, name)| name).collect()
    }

    /// Written from the house rules, not from the table: a slip in an arm would give somebody a right.
    #[test]
    fn each_right_is_that_of_those_who_should_have_it() {
        assert_eq!(those(|one| one.kind == CallerKind::Person), ["staff", "supervisor", "reviewer", "admin"]);
        assert_eq!(those(|one| one.kind == CallerKind::Customer), ["customer"]);
        assert_eq!(those(|one| one.request_ids == Owner::Organization), ["app", "admin"]);
        assert_eq!(those(|one| one.request_ids == Owner::Customer), ["customer"]);
        assert_eq!(those(|one| one.speaks_for_all), ["app", "admin"]);
        assert_eq!(those(|one| one.has_long_tokens), ["app"]);
        assert_eq!(those(|one| one.resolves == Resolves::Both), ["app", "admin"]);
        assert_eq!(those(|one| one.resolves == Resolves::Customer), ["customer"]);
        assert_eq!(those(|one| one.accuses == Accuses::Anybody), ["app", "admin"]);
        assert_eq!(those(|one| one.accuses == Accuses::OthersThanThemselves), ["supervisor"]);
        assert_eq!(those(|one| one.judges_contests), ["reviewer", "admin"]);
        assert_eq!(those(|one| one.votes == Votes::InPerson), ["staff", "supervisor"]);
        assert_eq!(those(|one| one.votes == Votes::ByToken), ["app"]);
        assert_eq!(those(|one| one.audits), ["reviewer"]);
        assert_eq!(those(|one| one.sees_ratings_weighed), ["app", "reviewer", "admin", "customer"]);
        assert_eq!(policy(Role::Unspecified), NOBODY);
    }
}
