//! What the examples share: an organisation of a size that occurs, what it records, and databases of their own.

pub(crate) mod databases;
pub(crate) mod organisation;
