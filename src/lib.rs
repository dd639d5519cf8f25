//! Rapport: a gRPC server that gives a service organisation one trustworthy memory of how it treats its customers.
//!
//! # The map
//!
//! A module uses what stands below it here, never what stands above; `tests/layers.rs` holds the sources to that, the tables
//! that their SQL names included. A domain is a folder: types and rules in `mod.rs` and beside it, rows in `store`, what turns
//! messages into types and back in `message`, RPCs in `service`. What has a wall of its own is a crate below `crates/`, and knows
//! nothing of the server.
//!
//! | layer | modules |
//! |---|---|
//! | programs | [`cli`], a file or folder for each command |
//! | the server | [`server`]: connections, what stands before every call, start and stop |
//! | composition | `app`: makes the services, and says what a change in one domain sets off in others; `backup`: copies, checks, puts back; `doctor`: is all well; [`entities`]: all tables |
//! | services | `service` and `message` of every domain: they bring domains together |
//! | by the clock | [`housekeeping`], `master_keys` |
//! | what is told | [`event`]: all logs as one; [`webhook`]: its delivery to receivers |
//! | personal data | [`privacy`]: export and erasure |
//! | conclusions | [`competition`]: the vote; [`journey`]: stages, and what comes back; [`preference`]: how customers like to be met; |
//! | | [`trial`]: two plans side by side |
//! | figures | `scorecard`: what ratings and invitations come to |
//! | answers | [`survey`]: invitations and replies; `correction`: what customers say again; [`contest`], [`quality`] |
//! | what we owe | [`commitment`]; [`follow_up`]: answers to bad ratings and complaints; [`callback`]; [`incident`]: outages; [`voice`]: what departments are told |
//! | what we give | [`discretion`]: budgets of colleagues, grants, what they buy |
//! | files | [`import`]: what their rows become |
//! | what was felt | [`rating`]: both ledgers, ranks, reading replies; `notice`: what many are told of one thing |
//! | what happened | [`interaction`] |
//! | what is asked | `template`: surveys and their words; `context`: what services are made from |
//! | against a target | `deadline`: clocks that count working time, in stretches |
//! | when people work | [`calendar`]: working hours, and when something is due; [`presence`]: who is on duty; `timer`: steps by the clock; [`operations`]: how the server does |
//! | whom it is about | [`contact`]: may they be contacted; [`directory`]: teams, staff, customers; [`watch`]; `call` |
//! | who may see what | [`session`]: pages that people signed in to; [`audit`], `reach`, `sign_in`: by the organisation's identity provider; [`auth`] |
//! | storage | [`store`]: the one transaction runner, both databases; [`page`]; [`vault`]; [`metrics`]; `offload`: long work beside calls |
//! | errors | [`error`], and [`api`]: the contract as the server answers for it |
//! | the ground | [`config`], [`telemetry`], [`clock`], [`classification`] (whose data a column holds), [`console`] (what browsers are given), `outgoing` (connections to others) and small things without rules of ours |
//! | crates | `rapport-contract`: generated code, checks, who may call; `rapport-vote`: dealing, tally, record, for auditors to |
//! | | build alone; `rapport-brief`: facts in sentences; `rapport-calendar`: working time; `rapport-import`: files; `rapport-journey`: |
//! | | stages, what follows, what hurts; `rapport-preference`: what customers will do next; `rapport-privacy-derive`: classes of |
//! | | columns; `rapport-reply`: reads answers; `rapport-statistics`: published methods; `rapport-trial`: who gets which plan, what it |
//! | | does; `rapport-migrations` |

#![cfg_attr(test, allow(clippy::disallowed_macros, reason = "a test prints its seed"))]

mod amount;
pub mod api;
mod app;
pub mod audit;
pub mod auth;
mod backup;
mod buckets;
pub mod calendar;
mod call;
pub mod callback;
pub mod classification;
pub mod cli;
pub mod clock;
mod clock_trust;
pub mod commitment;
pub mod competition;
pub mod config;
pub mod console;
pub mod contact;
pub mod contest;
mod context;
mod correction;
mod deadline;
pub mod directory;
pub mod discretion;
mod doctor;
pub mod entities;
mod environment;
pub mod error;
pub mod event;
mod finding;
pub mod follow_up;
pub mod housekeeping;
pub mod identity;
pub mod import;
pub mod incident;
pub mod interaction;
pub mod journey;
mod log_writer;
mod master_keys;
pub mod metrics;
mod notice;
mod offload;
pub mod operations;
mod outgoing;
pub mod page;
pub mod preference;
pub mod presence;
pub mod privacy;
mod private_file;
pub mod quality;
pub mod rating;
mod reach;
mod scorecard;
pub mod server;
pub mod session;
mod sign_in;
pub mod store;
pub mod survey;
pub mod telemetry;
mod template;
mod timer;
pub mod trial;
pub mod vault;
pub mod voice;
pub mod watch;
pub mod webhook;
