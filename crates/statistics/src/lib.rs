//! The statistics of ratings: pure functions of numbers, which know no storage, no contract and no clock.
//!
//! [`interval`] and [`shrinkage`] hold the published methods; [`case_mix`] says what the same work would have been rated in
//! other hands, and [`ranking`] joins them (R9). [`bias`] asks who was invited (R10), [`blocks`] what the rated person may
//! see (R12). [`rates`] compares periods (L6), [`matching`] those who had something with others like them (E2). [`random`] is
//! chance that comes back from its seed, for simulations.

pub mod bias;
pub mod blocks;
pub mod case_mix;
pub mod interval;
pub mod matching;
pub mod random;
pub mod ranking;
pub mod rates;
mod scatter;
pub mod shrinkage;
mod table;
