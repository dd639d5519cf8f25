//! The service competition (C1-C4): entries, a dealt or an open ballot, a tally by judge teams, flags for people to judge.
//!
//! What decides a vote is in the crate `rapport-vote`, which an auditor builds alone; here is who may do what, what is kept
//! and what is sealed.

pub(crate) mod checking;
pub(crate) mod entity;
mod message;
mod page;
mod reminding;
mod secrets;
mod service;
mod store;
mod terms;
mod watch;

pub(crate) use page::BallotPages;
pub use service::CompetitionApi;
pub(crate) use store::erasure::erase as erase_voter;
