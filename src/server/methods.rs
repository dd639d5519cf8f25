//! What the layers must know of a method before its handler does, from the descriptors alone.

use std::collections::HashMap;

use tonic::server::NamedService as _;

use crate::{
    api::{
        method::descriptor,
        v1::{
            ACCESS, calendar_service_server::CalendarServiceServer, directory_service_server::DirectoryServiceServer,
            import_service_server::ImportServiceServer, interaction_service_server::InteractionServiceServer,
            rating_service_server::RatingServiceServer,
        },
    },
    config::Limits,
};

/// Bytes before a message: its length and a flag.
pub(super) const PREFIX: usize = 5;

/// Services whose methods take batches, and so larger messages.
pub(super) const BATCHED: [&str; 5] = [
    CalendarServiceServer::<()>::NAME,
    DirectoryServiceServer::<()>::NAME,
    ImportServiceServer::<()>::NAME,
    InteractionServiceServer::<()>::NAME,
    RatingServiceServer::<()>::NAME,
];

/// What is to be known of each method of the contract.
pub(super) struct Methods(HashMap<&'static str, Traits>);

/// What is to be known of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Traits {
    /// It changes something: its request carries a request id.
    pub(super) mutates: bool,
    /// Its requests are a stream, which may begin long before it ends.
    pub(super) takes_stream: bool,
    /// Bytes of a request at most, with what precedes the message.
    pub(super) largest: usize,
    /// The number of the field that says how many items a page may have, where it gives pages.
    pub(super) page_size: Option<u32>,
}

impl Methods {
    pub(super) fn new(limits: &Limits) -> Self {
        let of = |path: &str| {
            let method = descriptor(path)?;
            let batched = BATCHED.contains(&method.parent_service().full_name());
            let message = if batched { limits.max_batch_message_bytes } else { limits.max_message_bytes };
            Some(Traits {
                mutates: method.input().get_field_by_name("request_id").is_some(),
                takes_stream: method.is_client_streaming(),
                largest: message.saturating_add(PREFIX),
                page_size: method.input().get_field_by_name("page_size").map(|field| field.number()),
            })
        };
        Self(ACCESS.iter().filter_map(|(path, _)| of(path).map(|traits| (*path, traits))).collect())
    }

    /// Of a method by its path; none of what is not of the contract.
    pub(super) fn of(&self, path: &str) -> Option<Traits> {
        self.0.get(path).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ServeArgs};

    #[test]
    fn every_method_is_known_with_its_traits() {
        let limits = Config::resolve(&ServeArgs::default(), |_| None).unwrap().limits;
        let methods = Methods::new(&limits);
        assert_eq!(methods.0.len(), ACCESS.len());
        let of = |path| methods.of(path).map(|traits| (traits.mutates, traits.takes_stream, traits.largest));
        let (small, large) = (limits.max_message_bytes + PREFIX, limits.max_batch_message_bytes + PREFIX);
        assert_eq!(of("/rapport.v1.InteractionService/RecordInteraction"), Some((true, false, large)));
        assert_eq!(of("/rapport.v1.InteractionService/GetInteraction"), Some((false, false, large)));
        assert_eq!(of("/rapport.v1.InteractionService/RecordInteractions").map(|one| one.1), Some(true));
        assert_eq!(of("/rapport.v1.CompetitionService/OpenVoting"), Some((true, false, small)));
        assert_eq!(of("/grpc.health.v1.Health/Check"), None);
        let pages = |path| methods.of(path).and_then(|traits| traits.page_size);
        assert!(pages("/rapport.v1.InteractionService/ListInteractions").is_some());
        assert_eq!(pages("/rapport.v1.InteractionService/GetInteraction"), None);
    }
}
