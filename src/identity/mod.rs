//! Who a customer is across names: what is recorded under a name before its owner is known, what changes when the rules by
//! which names are compared do, records of one person, and names that change hands.

pub(crate) mod claim;
mod duplicates;
pub(crate) mod entity;
pub(crate) mod forms;
pub(crate) mod merging;
mod release;
pub mod service;
mod statements;
