//! Working hours, and clocks that run in them (L1, L3, L4): when something is due, and how long it took.
//!
//! Pure: it knows neither storage nor contract, and the time is told to it. Instants are microseconds since 1970 in UTC.
//!
//! | file | subject |
//! |---|---|
//! | `hours` | the hours of a day, as people write them |
//! | `local` | what instant a zone's clocks mean |
//! | `working` | a calendar: [`Calendar::elapsed`] and its inverse, [`Calendar::due`] |
//! | `clock` | a clock that is started, paused and resumed against a target |
//! | `ics` | holidays from an iCalendar file |

mod clock;
mod hours;
pub mod ics;
mod local;
mod working;

pub use self::{
    clock::{Segment, consumed, reached},
    hours::{Hours, HoursError, Interval, MAX_INTERVALS},
    working::{Calendar, Dated, MAX_YEARS, NoWorkingHours, Span},
};

/// Microseconds since 1970 in UTC, or a length of time.
pub type Micros = i64;
