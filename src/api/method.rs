//! The methods that a server answers: the contract's, and those of health and reflection.

use prost_reflect::MethodDescriptor;

use super::{pool, v1::ACCESS};

/// A method by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) path: &'static str,
    /// Under which it is counted and logged.
    pub(crate) name: &'static str,
    /// Whether it may stay open after its answer began.
    pub(crate) streaming: bool,
}

const OPEN: [(&str, bool); 4] = [
    ("/grpc.health.v1.Health/Check", false),
    ("/grpc.health.v1.Health/Watch", true),
    ("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", true),
];

/// The one name of all that a voter does: calls of each method by itself would tell how many have voted.
pub(crate) const BALLOT: &str = "/rapport.v1.CompetitionService/Ballot";
const BALLOTS: [&str; 4] = [
    "/rapport.v1.CompetitionService/GetMyBallot",
    "/rapport.v1.CompetitionService/SaveDraft",
    "/rapport.v1.CompetitionService/CastBallot",
    "/rapport.v1.CompetitionService/WithdrawBallot",
];

impl Method {
    fn new(path: &'static str, streaming: bool) -> Self {
        Self { path, name: if BALLOTS.contains(&path) { BALLOT } else { path }, streaming }
    }
}

/// What the contract says of a method, by its path.
pub(crate) fn descriptor(path: &str) -> Option<MethodDescriptor> {
    let (service, method) = path.trim_start_matches('/').split_once('/')?;
    pool().get_service_by_name(service)?.methods().find(|one| one.name() == method)
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Method> {
    let streaming =
        |path: &str| descriptor(path).is_some_and(|one| one.is_server_streaming() || one.is_client_streaming());
    let ours = ACCESS.iter().map(move |(path, _)| Method::new(path, streaming(path)));
    ours.chain(OPEN.map(|(path, streaming)| Method::new(path, streaming)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_voter_does_has_one_name() {
        let named = |name| all().filter(|method| method.name == name).map(|method| method.path).collect::<Vec<_>>();
        assert_eq!(named(BALLOT).len(), BALLOTS.len());
        assert!(BALLOTS.iter().all(|path| named(path).is_empty()));
    }

    #[test]
    fn streams_are_known_from_the_descriptors() {
        let streaming = |path| all().find(|method| method.path == path).map(|method| method.streaming);
        assert_eq!(streaming("/rapport.v1.InteractionService/RecordInteractions"), Some(true));
        assert_eq!(streaming("/rapport.v1.InteractionService/RecordInteraction"), Some(false));
        assert_eq!(streaming("/grpc.health.v1.Health/Watch"), Some(true));
    }
}
