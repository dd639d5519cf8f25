//! Webhooks: events, delivered to the receivers that the configuration names (ADR 21).
//!
//! `target` reads the configuration, `signature` signs, `sending` speaks HTTP. `retry` says when to try again and `plan` what to
//! send next, both pure; `delivering` does it, on one server at a time for each target; `store` holds what must outlive a server.
//! Events come from `event`, and nothing of what they tell is kept here.

mod delivering;
pub(crate) mod entity;
mod plan;
mod retry;
mod sending;
mod signature;
pub(crate) mod store;
mod target;

pub(crate) use delivering::keep_delivering;
pub(crate) use target::{Target, load};
