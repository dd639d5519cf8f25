//! The record of a competition as it is given out: whatever was hashed stands in it as the text that was hashed, so that nobody
//! needs to write JSON the way we do in order to check it. docs/record.md describes it for others.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    bounds::{REVISIONS, too_many},
    hex::hex,
};

/// The first field of every record.
pub const FORMAT: &str = "rapport competition record 1";

/// For everybody, or with [`Auditor`] for those who check what is not public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`FORMAT`].
    pub format: String,
    /// Its id.
    pub competition: String,
    /// By which revisions are signed; whether they are the server's, only somebody who knows them can tell.
    pub keys: Vec<Key>,
    /// Absent while voting is open and hides who submitted what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// In order.
    pub revisions: Vec<Revision>,
    /// For auditors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auditor: Option<Auditor>,
}

/// A key that signed revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// As revisions name it.
    pub id: String,
    /// Ed25519, 32 bytes in base64url.
    pub public_key: String,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// From 1.
    pub number: i32,
    /// A [`Body`](crate::chain::Body) as the text that was hashed.
    pub body: String,
    /// In hexadecimal.
    pub hash: String,
    /// Of the key that signed it.
    pub key_id: String,
    /// In base64url.
    pub signature: String,
}

/// What is for auditors only. It would let a partner check that a swap was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Auditor {
    /// See [`roll_text`](crate::manifest::roll_text).
    pub roll: String,
    /// See [`sums_text`](crate::manifest::sums_text).
    pub sums: String,
    /// See [`rankings_text`](crate::consensus::published::rankings_text). Under pairwise consensus, until the result is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ballots: Option<String>,
}

impl Revision {
    /// As it is given out.
    pub fn new(number: i32, body: String, hash: &[u8], key_id: String, signature: &[u8]) -> Self {
        Self { number, body, hash: hex(hash), key_id, signature: URL_SAFE_NO_PAD.encode(signature) }
    }
}

impl Record {
    /// Those of `keys` (ids, and public keys of 32 bytes) that signed revisions.
    pub fn keys_of(revisions: &[Revision], keys: Vec<(String, Vec<u8>)>) -> Vec<Key> {
        let used: BTreeSet<&str> = revisions.iter().map(|revision| revision.key_id.as_str()).collect();
        let used = keys.into_iter().filter(|(id, _)| used.contains(id.as_str()));
        used.map(|(id, key)| Key { id, public_key: URL_SAFE_NO_PAD.encode(key) }).collect()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is no record, or one of another format.
    pub fn read(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(|error| format!("not a record: {error}"))?;
        if record.format != FORMAT {
            return Err(format!("not a record of the format {FORMAT:?}: it says {:?}", record.format));
        }
        let revisions = too_many("revisions", record.revisions.len(), REVISIONS);
        if let Some(rule) = revisions.or(too_many("keys", record.keys.len(), REVISIONS)) {
            return Err(rule);
        }
        Ok(record)
    }
}

/// 32 bytes in base64url.
pub fn public_key(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|key| key.len() == 32)
}
