//! How it felt: the rules by which a reply becomes a score and scores become figures. Pure; no storage, no contract types.
//!
//! `wording` is what a survey may be answered with, `reply` reads an answer (R3). `statistics` and `shrinkage` hold the
//! published methods, `case_mix` says what the same work would have been rated in other hands, and `ranking` joins them
//! (R9). `bias` asks who was invited (R10), `blocks` what the rated person may see (R12).
#![cfg_attr(not(test), expect(dead_code, reason = "the services that use it follow"))]

mod bias;
mod blocks;
mod case_mix;
mod ranking;
mod reply;
mod shrinkage;
mod statistics;
mod wording;
