//! What is fixed before the first ballot, in a text whose hash is published: a change of a rule, an entry, the roll or a
//! deadline afterwards changes the hash.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Entry, Micros,
    dealing::{Deal, Directions, Refusal, Voter, deal},
    draw::{Hash, Seed, sha256},
    hex::hex,
    rules::Rules,
    tally::Sums,
};

/// The first lines of every manifest.
pub const FORMAT: &str = "rapport competition manifest 1";

/// Written once, as JSON; the hash is of the text as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// Its id.
    pub competition: String,
    /// As announced.
    pub title: String,
    /// As announced.
    pub rules: Rules,
    /// Microseconds since 1970, UTC; exclusive.
    pub voting_deadline: Micros,
    /// Microseconds since 1970, UTC.
    pub opened_at: Micros,
    /// In order of id.
    pub entries: Vec<ManifestEntry>,
    /// SHA-256 of the roll as the auditor's record holds it.
    pub roll_hash: String,
    /// On the roll.
    pub voters: usize,
    /// SHA-256 of the secret, published at creation.
    pub seed_commitment: String,
    /// Who judged whom in the one-way competition before.
    pub earlier_directions: Directions,
}

/// A plan that competes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// Its id.
    pub id: String,
    /// Who submitted it.
    pub team: String,
    /// SHA-256 of what the entry says, in hexadecimal.
    pub text_hash: String,
}

impl Manifest {
    /// The text, and its hash.
    pub fn write(&self) -> Result<(String, Hash), serde_json::Error> {
        let text = serde_json::to_string(self)?;
        let hash = sha256(text.as_bytes());
        Ok((text, hash))
    }

    /// The deal that follows from it, its roll and the seed.
    ///
    /// # Errors
    /// All that stands against dealing.
    pub fn deal(&self, roll: &[RollVoter], seed: &Seed) -> Result<Deal, Vec<Refusal>> {
        let voters: Vec<Voter> = roll.iter().map(Voter::from).collect();
        deal(&self.rules.dealing(self.earlier_directions.clone()), &self.competing(), &voters, seed)
    }

    /// As dealing and tally take them.
    pub fn competing(&self) -> Vec<Entry> {
        self.entries.iter().map(|entry| Entry { id: entry.id.clone(), team: entry.team.clone() }).collect()
    }
}

/// A voter of the roll under a pseudonym, as dealing takes them and the auditor's record holds them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RollVoter {
    /// Nobody without the salt can tell whose it is.
    pub pseudonym: String,
    /// None: of no team.
    pub team: Option<String>,
    /// Teams that the voter must not judge.
    pub conflicts: BTreeSet<String>,
}

impl From<&RollVoter> for Voter {
    fn from(voter: &RollVoter) -> Self {
        Self { id: voter.pseudonym.clone(), team: voter.team.clone(), conflicts: voter.conflicts.clone() }
    }
}

/// A roll in any order, as the auditor's record holds it. Pseudonyms are salted, so that its hash tells of nobody.
pub fn roll_text(roll: &[RollVoter]) -> Result<String, serde_json::Error> {
    let mut roll: Vec<&RollVoter> = roll.iter().collect();
    roll.sort_unstable();
    serde_json::to_string(&roll)
}

/// SHA-256 of [`roll_text`].
pub fn roll_hash(roll: &[RollVoter]) -> Result<String, serde_json::Error> {
    Ok(hex(&sha256(roll_text(roll)?.as_bytes())))
}

/// Judge team, entry, ballots, shares, top.
pub type SumRow<T> = (T, T, u32, u64, u32);

/// Sums as the auditor's record holds them: [`SumRow`]s in the order of judge team and entry.
pub fn sums_text(sums: &Sums) -> Result<String, serde_json::Error> {
    let rows = sums.0.iter().map(|((judge, entry), given)| (judge, entry, given.ballots, given.shares, given.top));
    let rows: Vec<SumRow<&String>> = rows.collect();
    serde_json::to_string(&rows)
}

/// SHA-256 of [`sums_text`].
pub fn sums_hash(sums: &Sums) -> Result<String, serde_json::Error> {
    Ok(hex(&sha256(sums_text(sums)?.as_bytes())))
}
