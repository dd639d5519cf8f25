//! What reviewers and supervisors make of an interaction, where that contradicts its rating (R8), and how praise reaches whom
//! it is due (R13).
//!
//! `rules` decide without I/O; `assessment`, `mismatch` and `praise` hold the rows of each, RPCs are in `service`. Of ratings
//! it knows what `rating::store` lends it.

mod assessment;
pub(crate) mod entity;
mod message;
mod mismatch;
pub(crate) mod praise;
mod rules;
pub mod service;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{api::v1::Role, clock::Micros};

/// An assessment as it is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assessment {
    id: Uuid,
    interaction_id: Uuid,
    author: String,
    author_role: Role,
    marks: Marks,
    at: Micros,
    /// When the author assessed the interaction again.
    superseded_at: Option<Micros>,
}

/// What an author says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Marks {
    /// 1 to 5, of which 5 is the best.
    overall: i16,
    criteria: Vec<Criterion>,
    note: Option<String>,
}

/// One aspect of the work, on the same points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Criterion {
    name: String,
    score: i16,
}
