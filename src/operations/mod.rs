//! How the server does, for those who run it: what it counts, without saying of which methods (see the contract).

pub mod service;
