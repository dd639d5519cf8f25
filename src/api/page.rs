//! Tokens that say where a reader was, of pages and of streams: versioned, bound to the query and the caller they were
//! issued for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Reason, Result};

const VERSION: u8 = 1;
const BINDING: usize = 8;

/// How a kind of token is called where it is refused.
struct Form {
    field: &'static str,
    invalid: (Reason, &'static str),
    mismatch: (Reason, &'static str),
}

const PAGE_TOKEN: Form = Form {
    field: "page_token",
    invalid: (Reason::PageTokenInvalid, "must be a next_page_token"),
    mismatch: (Reason::PageTokenMismatch, "must come from the same query by the same caller"),
};

const CURSOR: Form = Form {
    field: "resume_cursor",
    invalid: (Reason::CursorInvalid, "must be the resume_cursor of a response"),
    mismatch: (Reason::CursorMismatch, "must come from a stream of the same method and subject to the same caller"),
};

impl Form {
    fn refuse(&self, (reason, rule): (Reason, &str)) -> Error {
        Error::invalid(self.field, reason, rule)
    }
}

/// What a token is bound to: everything about the query but the place in it, and the caller.
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

    /// The position in a page token, or none for the first page.
    pub fn position(&self, token: &str) -> Result<Option<Vec<u8>>> {
        self.read(token, &PAGE_TOKEN)
    }

    /// A malformed position inside a page token of the right version and query.
    pub fn malformed() -> Error {
        PAGE_TOKEN.refuse(PAGE_TOKEN.invalid)
    }

    /// The cursor that resumes a stream behind a sequence number.
    pub fn cursor(&self, sequence: i64) -> String {
        self.token(&sequence.to_be_bytes())
    }

    /// The sequence number in a cursor, or none where the stream begins at its head.
    ///
    /// # Errors
    /// [`Reason::CursorInvalid`], also for a number ahead of the `head`; [`Reason::CursorMismatch`].
    pub fn resume(&self, cursor: &str, head: i64) -> Result<Option<i64>> {
        let Some(bytes) = self.read(cursor, &CURSOR)? else { return Ok(None) };
        let sequence = <[u8; 8]>::try_from(bytes).ok().map(i64::from_be_bytes);
        let sequence = sequence.filter(|sequence| (0..=head).contains(sequence));
        sequence.map(Some).ok_or_else(|| CURSOR.refuse(CURSOR.invalid))
    }

    fn read(&self, token: &str, form: &Form) -> Result<Option<Vec<u8>>> {
        if token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| form.refuse(form.invalid))?;
        match bytes.split_first_chunk::<{ 1 + BINDING }>() {
            Some((&[VERSION, ref binding @ ..], position)) if *binding == self.0 => Ok(Some(position.to_vec())),
            Some((&[VERSION, ..], _)) => Err(form.refuse(form.mismatch)),
            Some(_) | None => Err(form.refuse(form.invalid)),
        }
    }
}
