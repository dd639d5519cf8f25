//! Rapport: a gRPC server that gives a service organisation one trustworthy memory of how it treats its customers.

pub mod api;
pub mod audit;
pub mod auth;
mod call;
pub mod cli;
pub mod clock;
pub mod competition;
pub mod config;
pub mod contact;
pub mod contest;
pub mod directory;
pub mod error;
pub mod import;
pub mod interaction;
mod log_writer;
pub mod metrics;
pub mod preference;
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
