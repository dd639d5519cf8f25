//! Outages and other troubles that hit many customers at once (I10).
//!
//! Which interactions one hits says `interaction::rule`; `store` holds the rows, `linking` links what is on record portion by portion and what
//! comes as it comes, `telling` says whom its notices go to, `message` turns rows into messages. RPCs are in `service`.

pub(crate) mod entity;
pub(crate) mod linking;
mod message;
pub mod service;
pub(crate) mod store;
mod telling;

use serde::{Deserialize, Serialize};

use crate::clock::Micros;

/// What is known of an incident by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Update {
    at: Micros,
    words: String,
    author: String,
}
