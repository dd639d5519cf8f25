//! Tokens that say where a reader was, of pages and of streams: versioned, bound to the query and the caller they were
//! issued for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

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

    /// The position in a page token, where it is an id of ours.
    pub fn id_position(&self, token: &str) -> Result<Option<Uuid>> {
        let id = self.position(token)?.map(|bytes| Uuid::from_slice(&bytes));
        id.transpose().map_err(|_| Self::malformed())
    }

    /// The position in a page token, where it is a name.
    pub fn name_position(&self, token: &str) -> Result<Option<String>> {
        let Some(bytes) = self.position(token)? else { return Ok(None) };
        // A token can be forged, and PostgreSQL takes NUL for its own fault.
        let name = String::from_utf8(bytes).ok().filter(|name| !name.contains('\0'));
        name.map(Some).ok_or_else(Self::malformed)
    }

    /// The items of a page, of which one more was asked for, and the token of the next; `position`: where an item stands.
    pub fn page<T>(&self, mut found: Vec<T>, limit: u64, position: impl Fn(&T) -> Vec<u8>) -> (Vec<T>, String) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more).map(|last| self.token(&position(last)));
        (found, last.unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_whether_there_is_more() {
        let query = Query::new("List", "all", &[]);
        let page = |found: Vec<u8>| query.page(found, 2, |last| vec![*last]);
        assert_eq!(page(vec![1, 2]), (vec![1, 2], String::new()));
        let (found, token) = page(vec![1, 2, 3]);
        assert_eq!((found, query.position(&token).unwrap()), (vec![1, 2], Some(vec![2])));
    }

    #[test]
    fn a_forged_name_does_not_reach_the_database() {
        let query = Query::new("List", "all", &[]);
        assert_eq!(query.name_position(&query.token("王".as_bytes())).unwrap().as_deref(), Some("王"));
        assert_eq!(query.name_position("").unwrap(), None);
        for forged in [&b"a\0b"[..], b"\xff"] {
            assert!(query.name_position(&query.token(forged)).is_err());
        }
        assert!(query.id_position(&query.token(b"short")).is_err());
    }
}
