//! Chance that anybody can check afterwards: everything random about a competition comes from its seed, which is committed to
//! before entries and voters are known.

use chacha20::{
    ChaCha20,
    cipher::{KeyIvInit as _, StreamCipher as _},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// A 256-bit hash.
pub type Hash = [u8; 32];

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// HMAC-SHA-256 (RFC 2104) over all parts, one after the other.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// From which a competition's chance is drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct Seed(Vec<u8>);

impl std::fmt::Debug for Seed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Seed")
    }
}

impl Seed {
    /// Of a competition: its secret was committed to at creation, the manifest's hash and the public draw came later.
    pub fn of(secret: &Hash, manifest_hash: &Hash, public_draw: &str) -> Self {
        Self(hmac_sha256(secret, &[manifest_hash, public_draw.as_bytes()]).to_vec())
    }

    /// As it was told.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// For a record.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The draws for one purpose, always the same ones.
    pub fn stream(&self, purpose: Purpose) -> Stream {
        let key = hmac_sha256(&self.0, &[purpose.label().as_bytes()]);
        Stream { cipher: ChaCha20::new(&key.into(), &[0; 12].into()), block: [0; BLOCK], used: BLOCK }
    }
}

/// What draws are for: none takes from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Pools, directions and panels.
    Deal,
    /// Prizes among equals.
    Lot,
    /// Intervals.
    Bootstrap,
}

impl Purpose {
    fn label(self) -> &'static str {
        match self {
            Self::Deal => "deal",
            Self::Lot => "lot",
            Self::Bootstrap => "bootstrap",
        }
    }
}

const BLOCK: usize = 512;

/// The key stream of ChaCha20 (RFC 8439, nonce 0, from counter 0), read as little-endian numbers of 64 bits.
pub struct Stream {
    cipher: ChaCha20,
    block: [u8; BLOCK],
    used: usize,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Stream")
    }
}

impl Stream {
    fn number(&mut self) -> u64 {
        if self.used == BLOCK {
            self.block = [0; BLOCK];
            self.cipher.apply_keystream(&mut self.block);
            self.used = 0;
        }
        let mut number = [0; 8];
        number.copy_from_slice(&self.block[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(number)
    }

    /// One of 0 to `count` - 1, all equally likely: numbers of the last, incomplete round are rejected. `count` of 0 counts
    /// as 1.
    pub fn below(&mut self, count: usize) -> usize {
        let count = (count as u64).max(1);
        let limit = u64::MAX - u64::MAX % count;
        loop {
            let number = self.number();
            if number < limit {
                return usize::try_from(number % count).unwrap_or_default();
            }
        }
    }

    /// Heads or tails.
    pub fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    /// Fisher and Yates (in the form of Durstenfeld 1964), from the last place down.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key stream of RFC 8439 for a key of zeros (appendix A.1, test vector 1), as a stream under that key reads it.
    #[test]
    fn a_stream_is_the_one_of_the_standard() {
        let cipher = ChaCha20::new(&[0; 32].into(), &[0; 12].into());
        let mut stream = Stream { cipher, block: [0; BLOCK], used: BLOCK };
        let expected = [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28];
        let numbers = [stream.number(), stream.number()];
        assert_eq!(numbers.map(u64::to_le_bytes).concat(), expected);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn a_mac_is_the_one_of_the_standard() {
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        let begin = [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e];
        assert_eq!(mac[..8], begin);
    }

    #[test]
    fn purposes_do_not_share_draws() {
        let seed = Seed::of(&[1; 32], &[2; 32], "73");
        let first = |purpose| seed.stream(purpose).number();
        assert_eq!(first(Purpose::Deal), first(Purpose::Deal));
        assert_ne!(first(Purpose::Deal), first(Purpose::Lot));
        assert_ne!(first(Purpose::Lot), first(Purpose::Bootstrap));
        let other = Seed::of(&[1; 32], &[2; 32], "74");
        assert_ne!(first(Purpose::Deal), other.stream(Purpose::Deal).number());
    }

    #[test]
    fn every_order_is_as_likely_as_any_other() {
        let mut stream = Seed::from_bytes(vec![7]).stream(Purpose::Deal);
        let mut seen = std::collections::BTreeMap::new();
        for _ in 0..24_000 {
            let mut items = [0, 1, 2, 3];
            stream.shuffle(&mut items);
            *seen.entry(items).or_insert(0_i32) += 1;
        }
        assert_eq!(seen.len(), 24);
        // Chi-squared of 23 degrees of freedom is under 49.7 in 999 of 1,000 cases; the seed is fixed.
        let chi: f64 = seen.values().map(|count| f64::from(count - 1_000).powi(2) / 1_000.0).sum();
        assert!(chi < 49.7, "{chi}");
    }
}
