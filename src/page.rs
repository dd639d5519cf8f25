//! Tokens that say where a reader was, of pages and of streams: bound to the query and the caller they were issued for, and
//! to a few days, and sealed, so that nobody can make one, alter one or learn from one.

use std::{
    fmt::{self, Write as _},
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    clock::{Clock, DAY, Micros},
    error::{Error, Reason, Result},
    vault::{SealKey, Vault},
};

const VERSION: u8 = 2;
const BINDING: usize = 16;
const EXPIRY: usize = 8;
/// Bytes of a page, about, whatever the number of its items.
const PAGE_BYTES: usize = 1024 * 1024;
/// Items that are read at first; more and more of them as long as there is room.
const FIRST_PORTION: u64 = 50;

/// How a kind of token is called where it is refused, and how long it is good.
struct Form {
    field: &'static str,
    /// Whole days after the one on which it is issued.
    days: i64,
    invalid: (Reason, &'static str),
    expired: (Reason, &'static str),
    mismatch: (Reason, &'static str),
    restored: (Reason, &'static str),
}

const PAGE_TOKEN: Form = Form {
    field: "page_token",
    days: 1,
    invalid: (Reason::PageTokenInvalid, "must be a next_page_token"),
    expired: (Reason::PageTokenInvalid, "must be a next_page_token of today or yesterday: this one has expired"),
    mismatch: (Reason::PageTokenMismatch, "must come from the same query by the same caller"),
    restored: (
        Reason::PageTokenInvalid,
        "must be from after the database was restored from a backup: begin at the first page",
    ),
};

const CURSOR: Form = Form {
    field: "resume_cursor",
    days: 7,
    invalid: (Reason::CursorInvalid, "must be the resume_cursor of a response"),
    expired: (
        Reason::CursorInvalid,
        "must be the resume_cursor of a response of the last 7 days: this one has expired",
    ),
    mismatch: (Reason::CursorMismatch, "must come from a stream of the same method and subject to the same caller"),
    restored: (
        Reason::CursorInvalid,
        "must be from after the database was restored from a backup: what came after the backup was lost, and places have other \
         contents now. Read what you hold anew, and watch from now on",
    ),
};

impl Form {
    fn refuse(&self, (reason, rule): (Reason, &str)) -> Error {
        Error::invalid(self.field, reason, rule)
    }
}

/// By what tokens are sealed: nobody but the servers of a database can make one, or read a place in it.
#[derive(Debug)]
pub struct TokenSeal {
    /// The last one seals, all of them open.
    keys: Vec<SealKey>,
    /// When the database was restored from backups: places in it mean something else from then on.
    restored: Vec<Micros>,
    clock: Clock,
}

/// Why a token does not open.
enum Sealed {
    /// It is none of ours.
    Foreign,
    /// The database has been restored since.
    Restored,
}

impl TokenSeal {
    /// By the master keys of a vault.
    pub fn new(vault: &Vault, clock: Clock) -> Self {
        Self { keys: vault.token_keys(), restored: Vec::new(), clock }
    }

    /// For a database that was restored at these times, in their order: tokens from before are refused.
    #[must_use]
    pub fn of_restored(self, restored: Vec<Micros>) -> Self {
        Self { restored, ..self }
    }

    /// What tokens are sealed as, after so many restorations.
    fn about(&self, restorations: usize) -> Vec<u8> {
        let last = restorations.checked_sub(1).and_then(|last| self.restored.get(last));
        [b"token", &last.map(|at| at.to_be_bytes().to_vec()).unwrap_or_default()[..]].concat()
    }

    fn seal(&self, text: &[u8]) -> Vec<u8> {
        let about = self.about(self.restored.len());
        // A vault has a key, and a sound one seals anything; a token that cannot be made ends the list there.
        self.keys.last().and_then(|key| key.seal_alike(&about, text).ok()).unwrap_or_default()
    }

    fn open(&self, sealed: &[u8]) -> std::result::Result<Vec<u8>, Sealed> {
        let open = |restorations| {
            let about = self.about(restorations);
            self.keys.iter().rev().find_map(|key| key.open(&about, sealed).ok())
        };
        let now = self.restored.len();
        match open(now) {
            Some(text) => Ok(text),
            None if (0..now).any(|before| open(before).is_some()) => Err(Sealed::Restored),
            None => Err(Sealed::Foreign),
        }
    }
}

/// A caller with a reach, by whose servers tokens are sealed.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The same for the same caller with the same reach.
    pub text: String,
    /// Seals and opens.
    pub seal: Arc<TokenSeal>,
}

/// How many items of a page there is room for in [`PAGE_BYTES`].
#[derive(Default)]
struct Room {
    taken: usize,
    fitting: usize,
}

impl Room {
    /// Gives room to the next items, by what their texts take, until one has none.
    fn fill<T: fmt::Debug>(&mut self, items: &[T]) {
        for item in items {
            let mut texts = Texts::default();
            // What they print is not kept, only counted: the one thing that all items of lists can do.
            _ = write!(texts, "{item:?}");
            self.taken = self.taken.saturating_add(size_of::<T>() + texts.bytes);
            if self.is_full() {
                return;
            }
            self.fitting += 1;
        }
    }

    fn is_full(&self) -> bool {
        self.taken > PAGE_BYTES
    }
}

/// Counts what stands between quotation marks: names of fields and numbers are not what makes an answer large.
#[derive(Default)]
struct Texts {
    bytes: usize,
    within: bool,
    escaped: bool,
}

impl fmt::Write for Texts {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'"' if !self.escaped => self.within = !self.within,
                _ => self.bytes += usize::from(self.within),
            }
            self.escaped = self.within && byte == b'\\' && !self.escaped;
        }
        Ok(())
    }
}

/// What a token is bound to: everything about the query but the place in it, and the caller.
#[derive(Clone, Debug)]
pub struct Query {
    hash: [u8; BINDING],
    seal: Arc<TokenSeal>,
}

impl Query {
    /// Binds to a method, a caller's reach and the encoded filter.
    pub fn new(method: &str, caller: &Binding, filter: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in [method.as_bytes(), caller.text.as_bytes(), filter] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&hash.finalize()[..BINDING]);
        Self { hash: binding, seal: caller.seal.clone() }
    }

    /// The token that continues after `position`.
    pub fn token(&self, position: &[u8]) -> String {
        self.write(position, &PAGE_TOKEN)
    }

    /// The same place on the same day gives the same token, so that answers can be compared.
    fn write(&self, position: &[u8], form: &Form) -> String {
        let expiry = (self.seal.clock.now_micros().div_euclid(DAY) + 1 + form.days).saturating_mul(DAY);
        let text = [&expiry.to_be_bytes()[..], &self.hash, position].concat();
        URL_SAFE_NO_PAD.encode([&[VERSION][..], &self.seal.seal(&text)].concat())
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

    /// Reads a page, and gives the token of the next. A page ends after `limit` items or about 1 MiB, whichever comes first,
    /// and never before its first item.
    ///
    /// `read` gives so many items behind a place, in their order. It is asked for few at first, so that large items are not
    /// read only to be left out. `place`: where an item stands; `write`: that place as a token carries it.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn page<T, P, E, F>(
        &self,
        limit: u64,
        mut after: Option<P>,
        read: impl Fn(Option<P>, u64) -> F,
        place: impl Fn(&T) -> P,
        write: impl Fn(P) -> Vec<u8>,
    ) -> Result<(Vec<T>, String)>
    where
        T: fmt::Debug,
        Error: From<E>,
        F: Future<Output = std::result::Result<Vec<T>, E>>,
    {
        let (mut found, mut room, mut portion) = (Vec::new(), Room::default(), FIRST_PORTION);
        loop {
            // One more than the page has tells that there is a next one.
            let left = limit.saturating_add(1).saturating_sub(found.len() as u64);
            let wanted = left.min(portion);
            let more = read(after, wanted).await?;
            let is_last = wanted == left || (more.len() as u64) < wanted;
            room.fill(&more);
            found.extend(more);
            if is_last || room.is_full() {
                return Ok(self.cut(found, limit, room.fitting, |last| write(place(last))));
            }
            after = found.last().map(&place);
            portion = portion.saturating_mul(2);
        }
    }

    /// The page of items that are in memory already, one more than it has or all there are; see [`Query::page`].
    pub fn page_of<T: fmt::Debug>(
        &self,
        found: Vec<T>,
        limit: u64,
        position: impl Fn(&T) -> Vec<u8>,
    ) -> (Vec<T>, String) {
        let mut room = Room::default();
        room.fill(&found);
        self.cut(found, limit, room.fitting, position)
    }

    fn cut<T>(
        &self,
        mut found: Vec<T>,
        limit: u64,
        fitting: usize,
        position: impl Fn(&T) -> Vec<u8>,
    ) -> (Vec<T>, String) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(fitting.max(1));
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
        self.cursor_at(&sequence.to_be_bytes())
    }

    /// The cursor that resumes a stream at a place that takes more than a number to say.
    pub fn cursor_at(&self, place: &[u8]) -> String {
        self.write(place, &CURSOR)
    }

    /// The sequence number in a cursor, or none where the stream begins at its head.
    ///
    /// # Errors
    /// [`Reason::CursorInvalid`], also for a number ahead of the `head`; [`Reason::CursorMismatch`].
    pub fn resume(&self, cursor: &str, head: i64) -> Result<Option<i64>> {
        self.resume_at(cursor, |bytes| {
            let sequence = <[u8; 8]>::try_from(bytes).ok().map(i64::from_be_bytes);
            sequence.filter(|sequence| (0..=head).contains(sequence))
        })
    }

    /// The place in a cursor, which `read` knows how to read, or none where the stream begins at its head.
    ///
    /// # Errors
    /// [`Reason::CursorInvalid`], also where `read` finds no place in it; [`Reason::CursorMismatch`].
    pub fn resume_at<P>(&self, cursor: &str, read: impl FnOnce(Vec<u8>) -> Option<P>) -> Result<Option<P>> {
        let Some(bytes) = self.read(cursor, &CURSOR)? else { return Ok(None) };
        read(bytes).map(Some).ok_or_else(|| CURSOR.refuse(CURSOR.invalid))
    }

    fn read(&self, token: &str, form: &Form) -> Result<Option<Vec<u8>>> {
        if token.is_empty() {
            return Ok(None);
        }
        let invalid = || form.refuse(form.invalid);
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
        let sealed = bytes.strip_prefix(&[VERSION]).ok_or_else(invalid)?;
        let text = self.seal.open(sealed).map_err(|why| match why {
            Sealed::Foreign => invalid(),
            Sealed::Restored => form.refuse(form.restored),
        })?;
        let (expiry, text) = text.split_first_chunk::<EXPIRY>().ok_or_else(invalid)?;
        let (hash, position) = text.split_first_chunk::<BINDING>().ok_or_else(invalid)?;
        if *hash != self.hash {
            return Err(form.refuse(form.mismatch));
        }
        if i64::from_be_bytes(*expiry) <= self.seal.clock.now_micros() {
            return Err(form.refuse(form.expired));
        }
        Ok(Some(position.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;

    const NOW: i64 = 20_000 * DAY + 5;

    fn query(clock: &Clock, method: &str) -> Query {
        restored_query(clock, method, &[])
    }

    fn restored_query(clock: &Clock, method: &str, restored: &[Micros]) -> Query {
        let keys = vec![SealKey::from_bytes(&[7; 32]).unwrap()];
        let seal = Arc::new(TokenSeal { keys, restored: restored.to_vec(), clock: clock.clone() });
        Query::new(method, &Binding { text: "all".to_owned(), seal }, &[])
    }

    #[test]
    fn a_token_from_before_a_restoration_is_told_apart() {
        let clock = Clock::fixed(NOW);
        let at = |restored: &[Micros]| restored_query(&clock, "Watch", restored);
        let (first, second) = (at(&[]).cursor(34), at(&[NOW]).cursor(34));
        assert_ne!(first, second);
        assert_eq!(at(&[NOW]).resume(&second, 40).unwrap(), Some(34));
        for cursor in [first, second] {
            let refused = at(&[NOW, NOW + 1]).resume(&cursor, 40).unwrap_err();
            assert!(crate::api::status::of(refused).message().contains("was restored from a backup"));
        }
        let foreign = at(&[NOW]).resume("AgAA", 40).unwrap_err();
        assert!(!crate::api::status::of(foreign).message().contains("restored"));
    }

    #[test]
    fn a_page_says_whether_there_is_more() {
        let query = query(&Clock::fixed(NOW), "List");
        let page = |found: Vec<u8>| query.page_of(found, 2, |last| vec![*last]);
        assert_eq!(page(vec![1, 2]), (vec![1, 2], String::new()));
        let (found, token) = page(vec![1, 2, 3]);
        assert_eq!((found, query.position(&token).unwrap()), (vec![1, 2], Some(vec![2])));
    }

    #[tokio::test]
    async fn a_page_is_read_in_portions_until_it_is_full() {
        let query = query(&Clock::fixed(NOW), "List");
        let asked = std::cell::RefCell::new(Vec::new());
        let read_page = async |length: usize, total: u64, limit: u64| {
            asked.borrow_mut().clear();
            let read = |after: Option<u64>, count: u64| {
                asked.borrow_mut().push(count);
                let first = after.map_or(0, |after| after + 1);
                let items = (first..total.min(first + count)).map(|n| (n, "x".repeat(length)));
                std::future::ready(Ok::<_, Error>(items.collect()))
            };
            let page = query.page(limit, None, read, |item| item.0, |n| n.to_be_bytes().to_vec()).await;
            let (found, token) = page.unwrap();
            let last = query.position(&token).unwrap().map(|last| u64::from_be_bytes(last.try_into().unwrap()));
            assert!(found.iter().map(|item| item.0).eq(0..found.len() as u64), "in order, none twice");
            (found.len(), last, asked.borrow().clone())
        };
        // Small items: a whole page of them, by few reads.
        assert_eq!(read_page(10, 1_000, 500).await, (500, Some(499), vec![50, 100, 200, 151]));
        assert_eq!(read_page(10, 500, 500).await, (500, None, vec![50, 100, 200, 151]));
        assert_eq!(read_page(10, 50, 500).await, (50, None, vec![50, 100]));
        assert_eq!(read_page(10, 20, 10).await, (10, Some(9), vec![11]));
        assert_eq!(read_page(10, 0, 10).await, (0, None, vec![11]));
        // Large ones: no more is read than a portion behind the last that has room.
        let (found, last, asked) = read_page(20_000, 1_000, 500).await;
        assert_eq!((found as u64 - 1, &asked[..]), (last.unwrap(), &[50, 100][..]));
        assert_eq!(read_page(2 * PAGE_BYTES, 3, 2).await, (1, Some(0), vec![3]));
    }

    #[test]
    fn a_page_ends_by_bytes_too_and_has_an_item_at_least() {
        let query = query(&Clock::fixed(NOW), "List");
        let page = |items: Vec<String>| query.page_of(items, 1_000, |last| vec![last.len() as u8]);
        let (found, token) = page(vec!["\"é\"".repeat(25_000); 100]);
        // Each of 100,000 bytes and more.
        assert!((6..=10).contains(&found.len()) && !token.is_empty(), "{}", found.len());
        assert_eq!(page(vec!["x".repeat(2 * PAGE_BYTES); 2]).0.len(), 1);
        assert_eq!(page(vec!["x".repeat(900); 1_000]).1, "");
        assert_eq!(page(Vec::new()).0.len(), 0);
    }

    #[test]
    fn a_forged_name_does_not_reach_the_database() {
        let query = query(&Clock::fixed(NOW), "List");
        assert_eq!(query.name_position(&query.token("王".as_bytes())).unwrap().as_deref(), Some("王"));
        assert_eq!(query.name_position("").unwrap(), None);
        for forged in [&b"a\0b"[..], b"\xff"] {
            assert!(query.name_position(&query.token(forged)).is_err());
        }
        assert!(query.id_position(&query.token(b"short")).is_err());
    }

    fn reason(refused: Result<Option<Vec<u8>>>) -> Reason {
        let Err(Error::Invalid(found)) = refused else { panic!("{refused:?}") };
        found[0].reason
    }

    #[test]
    fn a_token_ends_and_belongs_to_its_query() {
        let clock = Clock::fixed(NOW);
        let one = query(&clock, "List");
        let token = one.token(b"x");
        assert_eq!(token, query(&clock, "List").token(b"x"));
        assert_eq!(reason(query(&clock, "Other").position(&token)), Reason::PageTokenMismatch);
        clock.set(20_002 * DAY - 1);
        assert!(one.position(&token).is_ok());
        clock.set(20_002 * DAY);
        assert_eq!(reason(one.position(&token)), Reason::PageTokenInvalid);
    }

    #[test]
    fn a_cursor_tells_nothing_of_its_place() {
        let query = query(&Clock::fixed(NOW), "Watch");
        let cursors = [query.cursor(34), query.cursor(49)];
        assert!(cursors.iter().all(|cursor| cursor.len() == cursors[0].len()));
        let bytes = cursors.map(|cursor| URL_SAFE_NO_PAD.decode(cursor).unwrap());
        let same = bytes[0].iter().zip(&bytes[1]).filter(|(one, other)| one == other).count();
        // Two of 256 values agree by chance in one of 256 places.
        assert!(same < 8, "{same}");
        assert!(!bytes[0].windows(8).any(|window| window == 34_i64.to_be_bytes()));
    }

    proptest! {
        #[test]
        fn no_token_opens_anything_after_one_bit_is_changed(at in any::<Index>(), bit in 0_u8..8, sequence in 0_i64..1000) {
            let query = query(&Clock::fixed(NOW), "Watch");
            let mut bytes = URL_SAFE_NO_PAD.decode(query.cursor(sequence)).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let forged = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(query.resume(&forged, i64::MAX).is_err() && query.position(&forged).is_err());
        }
    }
}
