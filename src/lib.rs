//! Rapport: a gRPC server that gives a service organisation one trustworthy memory of how it treats its customers.

#![cfg_attr(test, allow(clippy::disallowed_macros, reason = "a test prints its seed"))]

pub mod api;
pub mod audit;
pub mod auth;
mod call;
pub mod cli;
pub mod clock;
mod clock_trust;
pub mod competition;
pub mod config;
pub mod contact;
pub mod contest;
pub mod directory;
mod environment;
pub mod error;
pub mod housekeeping;
pub mod import;
pub mod interaction;
mod log_writer;
mod master_keys;
pub mod metrics;
pub mod preference;
mod printable;
pub mod privacy;
mod private_file;
pub mod quality;
pub mod rating;
pub mod server;
pub mod store;
pub mod survey;
pub mod telemetry;
pub mod vault;
pub mod watch;
