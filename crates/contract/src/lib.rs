//! The contract in Rust: generated messages, clients and services, the checks of field rules, who may call what. Knows nothing
//! of any domain, nor of the server.
//!
//! `proto/` is where it is written; `build.rs` and `build/` at the top turn it into code, and stop where a rule is missing or
//! cannot be enforced.

pub mod codec;
pub mod convert;
pub mod kinds;
pub mod printable;
pub mod refusal;
pub mod rules;

/// Messages, clients and servers of package `rapport.v1`, generated from `proto/`.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod v1 {
    tonic::include_proto!("rapport.v1");

    mod checks {
        use crate::rules::{self, At, Check, Violations};
        include!(concat!(env!("OUT_DIR"), "/checks.rs"));
    }

    mod names {
        use super::*;
        use crate::Named;
        include!(concat!(env!("OUT_DIR"), "/names.rs"));
    }

    mod access_table {
        use super::{Reach, Role};
        include!(concat!(env!("OUT_DIR"), "/access_table.rs"));
    }

    pub use access_table::ACCESS;
}

pub use refusal::{Reason, Violation};

/// The encoded FileDescriptorSet of the contract, custom options included; what reflection serves.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// An enum of the contract, whose values have plain names.
pub trait Named: Copy + PartialEq + 'static {
    /// All values in the order of their numbers, but the one for "not said".
    const VALUES: &'static [Self];

    /// Name of a value as people, files and summaries have it: lower case, without the enum's prefix. The value for "not
    /// said" is the empty string.
    fn plain_name(self) -> &'static str;

    /// The value of a plain name.
    fn named(name: &str) -> Option<Self> {
        Self::VALUES.iter().copied().find(|value| value.plain_name() == name)
    }
}
