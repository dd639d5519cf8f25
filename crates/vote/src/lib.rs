//! The vote of the service competition: dealing, ballots, tally, the record and its check.
//!
//! Everything here is pure: no network, no database, no clock, no randomness but the seed that the record tells. The server deals
//! and counts with this very code, so that reading it is reading what decides; to check a competition, build it alone,
//! without a server and without a C compiler:
//!
//! ```sh
//! cargo test -p rapport-vote
//! cargo run -p rapport-vote --example verify -- record.json
//! ```
//!
//! # The map, in the order in which a competition runs
//!
//! | what | module |
//! |---|---|
//! | what was announced: form, tally, trimming, prizes | [`rules`] |
//! | chance: a seed committed to beforehand, and what is drawn from it | [`draw`] |
//! | who judges which entries: pools, directions, panels | [`dealing`] |
//! | what is fixed before the first ballot: entries, the roll, their hashes | [`manifest`] |
//! | what a ballot may say, and what it gives to each entry | [`ballot`] |
//! | from ballots to what is counted: sums, and rankings without their voters | [`count`] |
//! | from these to scores, intervals and places; exact fractions | [`tally`], [`exact`] |
//! | scores by pairs won on the same panels, without spikes and odd ballots | [`consensus`] |
//! | from sums to the published result: ratings blended in, places, prizes | [`result`] |
//! | support that looks returned: for people to judge | [`flags`] |
//! | the record: signed revisions, each with the hash of the one before | [`chain`], [`record`], [`signature`], [`hex`] |
//! | whether a record agrees with itself; begin here as an auditor | [`verify`] |
//! | counting a file of ballots, without a competition | [`dry_run`] |
//! | what a rule is worth: honest and agreed votes of made-up people | [`simulation`] |
//! | how much of somebody else's file is read | [`bounds`] |
//!
//! # Other verifiers
//!
//! `tests/vectors` has records, sound and altered, with everything that [`verify`] finds in them, and numbers to the last bit. The
//! console's verifier, which is TypeScript, is held to the same files.
//!
//! # Checking a record by hand
//!
//! 1. [`chain::link_hash`] over the revisions, in order: none is missing or altered.
//! 2. [`signature::verifies`] for each, over [`chain::signed_text`], with a key known from elsewhere.
//! 3. SHA-256 of the manifest is the hash in the first revision; that of the secret, told at the end, is the manifest's commitment.
//! 4. [`draw::Seed::of`] secret, manifest hash and public draw gives the seed; [`manifest::Manifest::deal`] the panels of the roll.
//! 5. [`result::placings`] of the auditor's sums gives scores, intervals, places and prizes, to the last digit.

pub mod ballot;
pub mod bounds;
pub mod chain;
pub mod consensus;
pub mod count;
pub mod dealing;
pub mod draw;
pub mod dry_run;
pub mod exact;
pub mod flags;
pub mod hex;
pub mod manifest;
pub mod record;
pub mod result;
pub mod rules;
pub mod signature;
pub mod simulation;
pub mod tally;
pub mod verify;

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01, UTC; or as many microseconds.
pub type Micros = i64;

/// An entry and the team that submitted it. Ids are compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Unique within the competition.
    pub id: String,
    /// One entry a team.
    pub team: String,
}

/// How a ballot is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Form {
    /// The server deals a panel of entries, the voter ranks it.
    RankedPanel,
    /// The voter chooses among all entries of other teams.
    OpenChoice,
}

/// How ballots become a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Every judge team is one judge, and an entry's lowest and highest judges are left out.
    TrimmedTeamMean {
        /// How much of the judges to leave out on each side, in basis points.
        trim_bp: u32,
        /// Judge teams that make a score, at least.
        fewest_judges: usize,
    },
    /// The sum over all ballots; for comparison.
    Plurality,
    /// How an entry fared against those on the same panels; see [`consensus`].
    PairwiseConsensus,
}
