//! Calls that we owe customers who would not wait in the line (L4).
//!
//! `course` is what may become of a callback, `quote` when the customer is told that the phone rings, `figures` what came of the
//! quotes: all pure. `store` holds the rows, `desk` what is set by team, `request`, `claim` and `steps` change a callback, `clock` does
//! by time, `message` turns messages into callbacks and back, `watch` shows what is watched. RPCs are in `service`.
//!
//! Whatever changes a callback holds the lock of their stream: of all servers one at a time hands out places, claims and slots.

mod claim;
mod clock;
mod course;
mod desk;
pub(crate) mod entity;
mod figures;
mod message;
mod quote;
mod request;
pub mod service;
mod steps;
mod store;
mod turn;
mod watch;

use jiff::tz::TimeZone;
use uuid::Uuid;

use self::course::Course;
use crate::{
    api::v1::{CallbackQuoteBasis, Role},
    clock::Micros,
    directory::Alias,
    interaction::Context,
    reach::Sight,
    store::Store,
    vault::Vault,
};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Asked {
    /// The number to ring. None: it was erased.
    point: Option<Alias>,
    customer_id: Option<String>,
    team_id: String,
    topic: Option<String>,
    context: Context,
    interaction_id: Option<Uuid>,
    case_id: Option<String>,
    /// When the slot that was chosen begins.
    slot_at: Option<Micros>,
}

/// A callback on record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Callback {
    id: Uuid,
    asked: Asked,
    /// From when on it is in line, and its number among those of the same moment.
    place: (Micros, i64),
    quoted_at: Micros,
    basis: CallbackQuoteBasis,
    /// The number that the customer will see.
    caller_number: Option<String>,
    author: String,
    author_role: Role,
    requested_at: Micros,
    course: Course,
}

/// What changes are made with.
#[derive(Clone, Debug)]
struct At {
    store: Store,
    vault: Vault,
    /// The organisation's.
    zone: TimeZone,
}

/// Who changes, and what they see.
#[derive(Clone, Debug)]
struct By {
    subject: String,
    role: Role,
    sight: Sight,
}
