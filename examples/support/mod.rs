//! What the examples share: an organisation of a size that occurs, what it records and votes on, and databases of their own.

pub(crate) mod databases;
pub(crate) mod organisation;
pub(crate) mod vote;
