//! Rapport: a gRPC server that gives a service organisation one trustworthy memory of how it treats its customers.

pub mod api;
pub mod cli;
pub mod error;
pub mod import;
