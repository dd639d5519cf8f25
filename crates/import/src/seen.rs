//! The rows of a file that were read, by key, in a few bytes each: two million keys take less than 100 MB. No more than four
//! million are remembered, so that memory stays flat however long a file is.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hasher},
};

use prost::Message as _;
use rapport_contract::v1::{RecordInteractionRequest, SubmitRatingRequest};
use uuid::Uuid;

use crate::rows::Judgement;

/// What the rows of a file become: requests by whose id a row is known again.
pub trait Identified {
    /// The id.
    fn request_id(&self) -> &str;
    /// All that is sent.
    fn content(&self) -> Vec<u8>;
}

impl Identified for RecordInteractionRequest {
    fn request_id(&self) -> &str {
        &self.request_id
    }

    fn content(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

impl Identified for (RecordInteractionRequest, SubmitRatingRequest) {
    fn request_id(&self) -> &str {
        &self.0.request_id
    }

    fn content(&self) -> Vec<u8> {
        [self.0.encode_to_vec(), self.1.encode_to_vec()].concat()
    }
}

/// What is known of a row's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Nothing: it is the first.
    First,
    /// A row with the same key and content.
    Same,
    /// A row with the same key and other content stands in this line.
    Other(u64),
}

/// Keys by 96 bits of their hash, of two million of which two coincide once in 10^16 files. In parts, so that not the whole of
/// it is copied when it grows.
#[derive(Debug)]
pub struct Keys {
    parts: Vec<HashMap<Key, (u32, u32), BuildHasherDefault<FirstWord>>>,
    /// How many more are remembered. What comes after them is judged by the server alone, which knows every key it recorded.
    room: u32,
}

/// Keys that are remembered.
const ROOM: u32 = 4_000_000;

impl Default for Keys {
    fn default() -> Self {
        Self { parts: (0..256).map(|_| HashMap::default()).collect(), room: ROOM }
    }
}

impl Keys {
    /// Rejects a row that has the key of an earlier one and says something else. One that says the same is sent again: the
    /// server knows it, and says what became of it. `unit`: what a line of the file is called.
    pub fn judge<T: Identified>(&mut self, judgement: Judgement<T>, unit: &str, line: u64) -> Judgement<T> {
        let Judgement::Send(request, _) = &judgement else { return judgement };
        let Ok(id) = Uuid::parse_str(request.request_id()) else { return judgement };
        match self.note(id, &request.content(), line) {
            Seen::First | Seen::Same => judgement,
            Seen::Other(line) => {
                Judgement::Reject(vec![format!("has the key of {unit} {line}, which says something else")])
            }
        }
    }

    /// Notes a row by its request id, which is a hash of its key.
    fn note(&mut self, request_id: Uuid, content: &[u8], line: u64) -> Seen {
        let bytes = request_id.into_bytes();
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(content);
        // Half of the hash: it only tells apart what has one key.
        let hash = u32::try_from(hash & u64::from(u32::MAX)).unwrap_or_default();
        // Bytes 6 and 8 hold the version of the UUID.
        let place = (usize::from(bytes[0])) % self.parts.len();
        match self.parts[place].entry(word_of(&bytes)) {
            Entry::Occupied(known) => {
                let (before, first) = *known.get();
                if before == hash { Seen::Same } else { Seen::Other(u64::from(first)) }
            }
            Entry::Vacant(free) => {
                if let Some(room) = self.room.checked_sub(1) {
                    free.insert((hash, u32::try_from(line).unwrap_or(u32::MAX)));
                    self.room = room;
                }
                Seen::First
            }
        }
    }
}

/// Twelve of the bytes, without those that hold the version.
fn word_of(bytes: &[u8; 16]) -> Key {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Key(word(1), word(9), word(12))
}

/// Part of a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key(u32, u32, u32);

impl std::hash::Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.0);
    }
}

/// The first word of a hash is hash enough.
#[derive(Debug, Default)]
struct FirstWord(u64);

impl Hasher for FirstWord {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut word = [0; 8];
        let length = bytes.len().min(word.len());
        word[..length].copy_from_slice(&bytes[..length]);
        // Spread: the table takes its tag from the upper bits.
        self.0 = u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_by_content() {
        let mut keys = Keys::default();
        let (one, two) = (Uuid::new_v5(&Uuid::nil(), b"1"), Uuid::new_v5(&Uuid::nil(), b"2"));
        assert_eq!(keys.note(one, b"a", 2), Seen::First);
        assert_eq!(keys.note(two, b"a", 3), Seen::First);
        assert_eq!(keys.note(one, b"a", 4), Seen::Same);
        assert_eq!(keys.note(one, b"b", 5), Seen::Other(2));
        assert_eq!(keys.note(two, b"a", 6), Seen::Same);
        let mut full = Keys { room: 1, ..Keys::default() };
        assert_eq!([full.note(one, b"a", 2), full.note(two, b"a", 3), full.note(two, b"b", 4)], [Seen::First; 3]);
        assert_eq!(full.note(one, b"b", 5), Seen::Other(2));
        for key in 0..50_000_u32 {
            assert_eq!(keys.note(Uuid::new_v5(&Uuid::max(), &key.to_le_bytes()), b"x", 7), Seen::First);
        }
    }
}
