//! The customer's journey, as pure arithmetic: without rows, messages or a clock of its own.
//!
//! [`stage`] says to which stage an interaction belongs, [`traveller`] whose journey it is part of, [`flow`] what came
//! next, [`hurt`] which stages hurt most, [`pattern`] what comes back after what. Times are microseconds.

pub mod flow;
pub mod hurt;
pub mod pattern;
pub mod stage;
pub mod traveller;
