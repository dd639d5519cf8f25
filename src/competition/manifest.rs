//! What is fixed before the first ballot, in a text whose hash is published: a change of a rule, an entry, the roll or a
//! deadline afterwards changes the hash.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Entry,
    dealing::{Directions, Voter},
    draw::{Hash, sha256},
    secrets::hex,
    tally::Sums,
    terms::Rules,
};
use crate::clock::Micros;

/// The first lines of every manifest.
pub(crate) const FORMAT: &str = "rapport competition manifest 1";

/// Written once, as JSON; the hash is of the text as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) competition: String,
    pub(crate) title: String,
    pub(crate) rules: Rules,
    /// Microseconds since 1970, UTC; exclusive.
    pub(crate) voting_deadline: Micros,
    pub(crate) opened_at: Micros,
    /// In order of id.
    pub(crate) entries: Vec<ManifestEntry>,
    /// SHA-256 of the roll as the auditor's record holds it.
    pub(crate) roll_hash: String,
    pub(crate) voters: usize,
    /// SHA-256 of the secret, published at creation.
    pub(crate) seed_commitment: String,
    /// Who judged whom in the one-way competition before.
    pub(crate) earlier_directions: Directions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestEntry {
    pub(crate) id: String,
    pub(crate) team: String,
    /// SHA-256 of what the entry says, in hexadecimal.
    pub(crate) text_hash: String,
}

impl Manifest {
    /// The text, and its hash.
    pub(crate) fn write(&self) -> Result<(String, Hash), serde_json::Error> {
        let text = serde_json::to_string(self)?;
        let hash = sha256(text.as_bytes());
        Ok((text, hash))
    }

    /// As dealing and tally take them.
    pub(crate) fn competing(&self) -> Vec<Entry> {
        self.entries.iter().map(|entry| Entry { id: entry.id.clone(), team: entry.team.clone() }).collect()
    }
}

/// A voter of the roll under a pseudonym, as dealing takes them and the auditor's record holds them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct RollVoter {
    pub(crate) pseudonym: String,
    pub(crate) team: Option<String>,
    /// Teams that the voter must not judge.
    pub(crate) conflicts: BTreeSet<String>,
}

impl From<&RollVoter> for Voter {
    fn from(voter: &RollVoter) -> Self {
        Self { id: voter.pseudonym.clone(), team: voter.team.clone(), conflicts: voter.conflicts.clone() }
    }
}

/// A roll in any order, as the auditor's record holds it. Pseudonyms are salted, so that its hash tells of nobody.
pub(crate) fn roll_text(roll: &[RollVoter]) -> Result<String, serde_json::Error> {
    let mut roll: Vec<&RollVoter> = roll.iter().collect();
    roll.sort_unstable();
    serde_json::to_string(&roll)
}

/// SHA-256 of [`roll_text`].
pub(crate) fn roll_hash(roll: &[RollVoter]) -> Result<String, serde_json::Error> {
    Ok(hex(&sha256(roll_text(roll)?.as_bytes())))
}

/// Judge team, entry, ballots, shares, top.
pub(crate) type SumRow<T> = (T, T, u32, u64, u32);

/// Sums as the auditor's record holds them: [`SumRow`]s in the order of judge team and entry.
pub(crate) fn sums_text(sums: &Sums) -> Result<String, serde_json::Error> {
    let rows = sums.0.iter().map(|((judge, entry), given)| (judge, entry, given.ballots, given.shares, given.top));
    let rows: Vec<SumRow<&String>> = rows.collect();
    serde_json::to_string(&rows)
}

/// SHA-256 of [`sums_text`].
pub(crate) fn sums_hash(sums: &Sums) -> Result<String, serde_json::Error> {
    Ok(hex(&sha256(sums_text(sums)?.as_bytes())))
}
