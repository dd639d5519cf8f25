//! The record of a competition as it is given out: whatever was hashed stands in it as the text that was hashed, so that nobody
//! needs to write JSON the way we do in order to check it. docs/record.md describes it for others.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{
    bounds::{REVISIONS, too_many},
    secrets::hex,
};

/// The first field of every record.
pub(crate) const FORMAT: &str = "rapport competition record 1";

/// For everybody, or with [`Auditor`] for those who check what is not public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) format: String,
    pub(crate) competition: String,
    pub(crate) keys: Vec<Key>,
    /// Absent while voting is open and hides who submitted what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) manifest: Option<String>,
    pub(crate) revisions: Vec<Revision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auditor: Option<Auditor>,
}

/// A key that signed revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    /// Ed25519, 32 bytes in base64url.
    pub(crate) public_key: String,
}

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revision {
    pub(crate) number: i32,
    pub(crate) body: String,
    /// In hexadecimal.
    pub(crate) hash: String,
    pub(crate) key_id: String,
    /// In base64url.
    pub(crate) signature: String,
}

/// What is for auditors only. It would let a partner check that a swap was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Auditor {
    pub(crate) roll: String,
    pub(crate) sums: String,
}

impl Revision {
    /// As it is given out.
    pub(crate) fn new(number: i32, body: String, hash: &[u8], key_id: String, signature: &[u8]) -> Self {
        Self { number, body, hash: hex(hash), key_id, signature: URL_SAFE_NO_PAD.encode(signature) }
    }
}

impl Record {
    /// Those of `keys` (ids, and public keys of 32 bytes) that signed revisions.
    pub(crate) fn keys_of(revisions: &[Revision], keys: Vec<(String, Vec<u8>)>) -> Vec<Key> {
        let used: BTreeSet<&str> = revisions.iter().map(|revision| revision.key_id.as_str()).collect();
        let used = keys.into_iter().filter(|(id, _)| used.contains(id.as_str()));
        used.map(|(id, key)| Key { id, public_key: URL_SAFE_NO_PAD.encode(key) }).collect()
    }

    /// Reads a record.
    ///
    /// # Errors
    /// What is no record, or one of another format.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
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
pub(crate) fn public_key(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok().filter(|key| key.len() == 32)
}
