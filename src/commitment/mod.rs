//! What we promised customers, and whether it was kept (L5).
//!
//! `rules` say who may promise and what each step of the clock does; `store` holds the rows, `clock` what happens by time, `message`
//! turns messages into promises and back, `watch` what is watched. RPCs are in `service`.

mod clock;
pub(crate) mod entity;
mod message;
mod rules;
pub mod service;
mod store;
mod watch;

use uuid::Uuid;

use crate::{api::v1::CommitmentState, clock::Micros};

/// A promise as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Promise {
    what: String,
    customer_id: Option<String>,
    interaction_id: Option<Uuid>,
    case_id: Option<String>,
    owner: String,
    due_at: Micros,
    /// Working time ahead of it.
    remind_before: Micros,
    worth: Option<Worth>,
}

/// What a promise is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Worth {
    /// In the smallest unit of the currency.
    amount: i64,
    currency: String,
}

/// A promise on record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Commitment {
    id: Uuid,
    promise: Promise,
    team_id: Option<String>,
    state: CommitmentState,
    level: i32,
    author: String,
    made_at: Micros,
    settled: Option<Settled>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settled {
    at: Micros,
    by: String,
    note: Option<String>,
}
