//! The methods that a server answers: the contract's, and those of health and reflection.

use prost_reflect::DescriptorPool;

use super::{DESCRIPTOR_SET, v1::ACCESS};

/// A method by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) path: &'static str,
    /// Whether it may stay open after its answer began.
    pub(crate) streaming: bool,
}

const OPEN: [Method; 4] = [
    Method { path: "/grpc.health.v1.Health/Check", streaming: false },
    Method { path: "/grpc.health.v1.Health/Watch", streaming: true },
    Method { path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", streaming: true },
    Method { path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", streaming: true },
];

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = Method> {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap_or_default();
    let streaming = move |path: &str| {
        let (service, method) = path.trim_start_matches('/').split_once('/')?;
        let service = pool.get_service_by_name(service)?;
        service
            .methods()
            .find(|one| one.name() == method)
            .map(|one| one.is_server_streaming() || one.is_client_streaming())
    };
    let ours = ACCESS.iter().map(move |(path, _)| Method { path, streaming: streaming(path).unwrap_or_default() });
    ours.chain(OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_known_from_the_descriptors() {
        let streaming = |path| all().find(|method| method.path == path).map(|method| method.streaming);
        assert_eq!(streaming("/rapport.v1.InteractionService/RecordInteractions"), Some(true));
        assert_eq!(streaming("/rapport.v1.InteractionService/RecordInteraction"), Some(false));
        assert_eq!(streaming("/grpc.health.v1.Health/Watch"), Some(true));
    }
}
