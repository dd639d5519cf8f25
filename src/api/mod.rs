//! What the server makes of the contract: its methods, and errors as gRPC statuses. The contract itself, messages and checks, is
//! the crate `rapport-contract`. Knows nothing of any domain.

pub(crate) mod method;
pub mod status;

pub use rapport_contract::{DESCRIPTOR_SET, Named, codec, rules, v1};
pub(crate) use rapport_contract::{convert, kinds};
