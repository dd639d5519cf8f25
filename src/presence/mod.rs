//! Who is on duty, and for how many callbacks at once (L4). The last word of each colleague, until it lapses; no history.
//!
//! Rows are in `store`, RPCs in `service`. Knows nothing of what those on duty do.

pub(crate) mod entity;
pub mod service;
pub(crate) mod store;

use crate::{api::v1::PresenceState, clock::Micros};

/// Whether a colleague is on duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) staff_id: String,
    pub(crate) team_id: String,
    pub(crate) state: PresenceState,
    /// Callbacks that they take at once.
    pub(crate) capacity: i32,
    pub(crate) set_at: Micros,
    pub(crate) lapse_at: Micros,
}

impl Presence {
    /// What holds at `now`: what has lapsed is off.
    fn at(self, now: Micros) -> Self {
        if self.lapse_at > now { self } else { Self { state: PresenceState::Off, ..self } }
    }
}

/// What somebody says of a colleague.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    staff_id: String,
    state: PresenceState,
    capacity: i32,
    valid_for: Micros,
}
