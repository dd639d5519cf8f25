//! What the server makes of the contract: its methods, and errors as gRPC statuses. The contract itself, messages and checks, is
//! the crate `rapport-contract`. Knows nothing of any domain.

pub(crate) mod json;
pub(crate) mod method;
pub mod status;

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;
pub use rapport_contract::{DESCRIPTOR_SET, Named, codec, rules, v1};
pub(crate) use rapport_contract::{convert, kinds};

/// The descriptors of all messages and methods.
pub(crate) fn pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        // What the compiler of the contract wrote can be read; tests ask for what is in it.
        DescriptorPool::decode(DESCRIPTOR_SET).unwrap_or_default()
    });
    &POOL
}
