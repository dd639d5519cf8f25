//! What the examples share: an organisation of a size that occurs, what it records and votes on, and databases of their own.

pub(crate) mod databases;
pub(crate) mod organisation;
pub(crate) mod record;
pub(crate) mod vote;

/// The program's, so that figures are the program's too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
