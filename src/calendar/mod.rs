//! When the organisation works: calendars in versions, and which team works by which (L1, L3).
//!
//! How time is counted is `rapport_calendar`'s; `store` holds the rows, `explain` says why something is due when it is, `message`
//! turns messages into calendars and back. RPCs are in `service`.

pub(crate) mod entity;
pub(crate) mod explain;
pub(crate) mod message;
mod reactions;
pub mod service;
pub(crate) mod store;

use rapport_calendar::Calendar;

pub(crate) use reactions::Reactions;

use crate::clock::Micros;

/// A version of a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// From 1.
    pub(crate) number: i32,
    pub(crate) display_name: Option<String>,
    pub(crate) calendar: Calendar,
    pub(crate) author: String,
    pub(crate) created_at: Micros,
}
