//! Trials of two service plans side by side (E3): pure functions, which know no storage, no contract and no clock.
//!
//! [`assign`] says which plan a unit gets, so that anybody can recompute it once the seed is known. [`bet`] is the
//! evidence against "the plans are alike", [`ratio`] whether a share of an event is as it should be, [`mean`] what the
//! mean of an arm may be: all three may be looked at as often as wanted. [`look`] joins them to what a trial says
//! today, and [`simulation`] tries all of it on made-up trials.
//!
//! What is counted is one value a unit, in the order in which the values became known, and a unit is what was assigned:
//! a customer, a team, a team's week. If the plans are alike, the arms of these units are independent draws with the
//! trial's share, whatever the values are: so what is said here needs no assumption about ratings, and holds for few,
//! skewed and rare ones.

pub mod assign;
pub mod bet;
pub mod look;
pub mod mean;
pub mod ratio;
pub mod simulation;
