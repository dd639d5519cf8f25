//! The record of a competition as a chain of signed revisions: opened, closed, disqualifications, final. Each holds the hash
//! of the one before, so that none can be left out, moved or altered unseen.

use serde::{Deserialize, Serialize};

use crate::{
    Micros,
    consensus::published::LastRound,
    draw::{Hash, sha256},
    hex::hex,
    result::{Fraction, Placing},
};

/// What a revision says. Written once, as JSON; the hash is of the text as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Body {
    /// Before the first ballot.
    Opened {
        /// When.
        opened_at: Micros,
        /// SHA-256 of the manifest, in hexadecimal.
        manifest_hash: String,
        /// What the announced source of chance gave; empty where none was announced.
        public_draw: String,
    },
    /// The result.
    Closed {
        /// When the vote ended.
        closed_at: Micros,
        /// The end of the time in which it may be disputed; exclusive.
        dispute_until: Micros,
        /// Ballots that were altered in the database, and not counted.
        unreadable: usize,
        /// SHA-256 of the sums as the auditor's record holds them.
        sums_hash: String,
        /// SHA-256 of the ballots as the auditor's record holds them; under pairwise consensus.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ballots_hash: Option<String>,
        /// What strengths follow from, by entry id; under pairwise consensus.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        last_round: Vec<LastRound>,
        /// Of customers' ratings by team, frozen here; empty where they have no weight.
        outcomes: Vec<Outcome>,
        /// Best first.
        result: Vec<Placing>,
    },
    /// The result after a confirmed flag.
    Disqualified {
        /// When.
        decided_at: Micros,
        /// Who lost their places by it.
        teams: Vec<String>,
        /// As the reviewers gave it.
        reason: String,
        /// Best first, the disqualified last.
        result: Vec<Placing>,
    },
    /// Voting goes on where at its deadline an entry had too few judge teams, as the rules announced.
    Extended {
        /// When that was decided: the deadline before.
        extended_at: Micros,
        /// The new deadline; exclusive.
        voting_deadline: Micros,
    },
    /// The organiser takes a provisional result for good, and its prizes are won.
    Accepted {
        /// When.
        accepted_at: Micros,
        /// Who, as their token names them.
        by: String,
        /// As they gave it.
        reason: String,
        /// Best first.
        result: Vec<Placing>,
    },
    /// The end of the dispute window.
    Final {
        /// The end of the dispute window.
        final_at: Micros,
        /// Behind all chance of the competition, in hexadecimal.
        secret: String,
    },
}

/// Where a team's customers put it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its id.
    pub team: String,
    /// From 0 to 1.
    pub value: Fraction,
}

impl Body {
    /// The result that it brings.
    pub fn result(&self) -> Option<&[Placing]> {
        match self {
            Self::Closed { result, .. } | Self::Disqualified { result, .. } | Self::Accepted { result, .. } => {
                Some(result)
            }
            Self::Opened { .. } | Self::Extended { .. } | Self::Final { .. } => None,
        }
    }
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// From 1.
    pub number: i32,
    /// A [`Body`] as JSON.
    pub body: String,
    /// See [`link_hash`].
    pub hash: Hash,
}

impl Link {
    /// The one after `previous`.
    pub fn after(previous: Option<(i32, Hash)>, body: &Body) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(body)?;
        let (number, before) = previous.map_or((1, Hash::default()), |(number, hash)| (number + 1, hash));
        Ok(Self { number, hash: link_hash(&before, &body), body })
    }

    /// What its signature signs.
    pub fn signed_text(&self, competition: &str) -> String {
        signed_text(competition, self.number, &self.hash)
    }
}

/// SHA-256 of the hash before (32 zero bytes for the first) and the body.
pub fn link_hash(before: &Hash, body: &str) -> Hash {
    sha256(&[before.as_slice(), body.as_bytes()].concat())
}

/// What the signature of a link signs.
pub fn signed_text(competition: &str, number: i32, hash: &Hash) -> String {
    format!("rapport competition revision 1\n{competition}\n{number}\n{}\n", hex(hash))
}
