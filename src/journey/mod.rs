//! The customer's journey: the stages that the organisation declares, what happens in each and what hurts, and what
//! comes back (E4).
//!
//! The rules are those of the crate `rapport-journey`. `record` makes journeys of lines, `figures` figures of journeys,
//! `learning` finds what comes back and `matters` says of whom; rows are in `store`, the daily learning in
//! `background`, RPCs in `service`.

mod background;
pub(crate) mod entity;
mod figures;
mod learning;
mod matters;
mod message;
mod record;
pub mod service;
mod store;

use rapport_journey::stage::Stage;

use crate::clock::Micros;

/// A version of the stages.
#[derive(Clone, Debug, PartialEq)]
struct Journey {
    version: i64,
    stages: Vec<Stage>,
    declared_at: Micros,
    author: String,
}
