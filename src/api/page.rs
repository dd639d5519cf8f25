//! Page tokens: versioned, bound to the query and the caller they were issued for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Reason, Result};

const VERSION: u8 = 1;
const BINDING: usize = 8;

/// What a page token is bound to: everything about the query but the page itself, and the caller.
#[derive(Clone, Copy, Debug)]
pub struct Query([u8; BINDING]);

impl Query {
    /// Binds to a method, a caller's reach and the encoded filter.
    pub fn new(method: &str, reach: &str, filter: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), reach.as_bytes(), filter] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&hash.finalize()[..BINDING]);
        Self(binding)
    }

    /// The token that continues after `position`.
    pub fn token(&self, position: &[u8]) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(position);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position in a token, or none for the first page.
    pub fn position(&self, token: &str) -> Result<Option<Vec<u8>>> {
        if token.is_empty() {
            return Ok(None);
        }
        let invalid = || Error::invalid("page_token", Reason::PageTokenInvalid, "must be a next_page_token");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
        let Some((&[version, ref binding @ ..], position)) = bytes.split_first_chunk::<{ 1 + BINDING }>() else {
            return Err(invalid());
        };
        if version != VERSION {
            return Err(invalid());
        }
        if binding != &self.0 {
            return Err(Error::invalid(
                "page_token",
                Reason::PageTokenMismatch,
                "must come from the same query by the same caller",
            ));
        }
        Ok(Some(position.to_vec()))
    }

    /// A malformed position inside a token of the right version and query.
    pub fn malformed() -> Error {
        Error::invalid("page_token", Reason::PageTokenInvalid, "must be a next_page_token")
    }
}
