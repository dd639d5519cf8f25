//! The record of a competition as a chain of signed revisions: opened, closed, disqualifications, final. Each holds the hash
//! of the one before, so that none can be left out, moved or altered unseen.

use sea_orm::entity::prelude::Uuid;
use serde::{Deserialize, Serialize};

use super::{
    draw::{Hash, sha256},
    result::{Fraction, Placing},
    secrets::hex,
};
use crate::clock::Micros;

/// What a revision says. Written once, as JSON; the hash is of the text as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Body {
    /// Before the first ballot.
    Opened { opened_at: Micros, manifest_hash: String, public_draw: String },
    /// The result.
    Closed {
        closed_at: Micros,
        dispute_until: Micros,
        /// Ballots that were altered in the database, and not counted.
        unreadable: usize,
        /// SHA-256 of the sums as the auditor's record holds them.
        sums_hash: String,
        /// Of customers' ratings by team, frozen here; empty where they have no weight.
        outcomes: Vec<Outcome>,
        result: Vec<Placing>,
    },
    /// The result after a confirmed flag.
    Disqualified { decided_at: Micros, teams: Vec<String>, reason: String, result: Vec<Placing> },
    /// The end of the dispute window.
    Final { final_at: Micros, secret: String },
}

/// Where a team's customers put it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) team: String,
    pub(crate) value: Fraction,
}

impl Body {
    /// The result that it brings.
    pub(crate) fn result(&self) -> Option<&[Placing]> {
        match self {
            Self::Closed { result, .. } | Self::Disqualified { result, .. } => Some(result),
            Self::Opened { .. } | Self::Final { .. } => None,
        }
    }
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// From 1.
    pub(crate) number: i32,
    /// A [`Body`] as JSON.
    pub(crate) body: String,
    pub(crate) hash: Hash,
}

impl Link {
    /// The one after `previous`.
    pub(crate) fn after(previous: Option<(i32, Hash)>, body: &Body) -> Result<Self, serde_json::Error> {
        let body = serde_json::to_string(body)?;
        let (number, before) = previous.map_or((1, Hash::default()), |(number, hash)| (number + 1, hash));
        Ok(Self { number, hash: link_hash(&before, &body), body })
    }

    /// What its signature signs.
    pub(crate) fn signed_text(&self, competition: Uuid) -> String {
        signed_text(&competition.to_string(), self.number, &self.hash)
    }
}

/// SHA-256 of the hash before (32 zero bytes for the first) and the body.
pub(crate) fn link_hash(before: &Hash, body: &str) -> Hash {
    sha256(&[before.as_slice(), body.as_bytes()].concat())
}

/// What the signature of a link signs.
pub(crate) fn signed_text(competition: &str, number: i32, hash: &Hash) -> String {
    format!("rapport competition revision 1\n{competition}\n{number}\n{}\n", hex(hash))
}
