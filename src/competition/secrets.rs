//! What must not be known: the secret behind a competition's chance until its result stands, who stands behind a pseudonym
//! of the roll, and what a ballot says, ever.

use rapport_vote::{
    draw::{Hash, hmac_sha256, sha256},
    hex::hex,
};
use sea_orm::entity::prelude::Uuid;

use crate::{
    error::{Error, Result},
    vault::{SealKey, Signature, Vault, random},
};

/// Entries on a ballot at most, 16 of them at the least: every sealed ballot of every competition has the same length.
pub(crate) const MOST_NAMED: usize = 20;

/// New 256 bits.
pub(crate) fn new_secret() -> Hash {
    random()
}

/// What is published of a secret before anything depends on it.
pub(crate) fn commitment(secret: &Hash) -> Hash {
    sha256(secret)
}

/// The secrets of a competition, each sealed for its own purpose.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// Behind its chance.
    Secret,
    /// Of its ballots, from the opening to the close.
    BallotKey,
    /// Of its pseudonyms.
    RollSalt,
    /// Ballots without their voters, from the close until the result is final.
    CountedBallots,
}

fn about(competition: Uuid, purpose: Purpose) -> Vec<u8> {
    let purpose = match purpose {
        Purpose::Secret => "secret",
        Purpose::BallotKey => "ballot key",
        Purpose::RollSalt => "roll salt",
        Purpose::CountedBallots => "counted ballots",
    };
    [b"rapport competition ", competition.as_bytes().as_slice(), purpose.as_bytes()].concat()
}

/// Seals one.
pub(crate) fn seal(vault: &Vault, key_id: &str, competition: Uuid, purpose: Purpose, secret: &[u8]) -> Result<Vec<u8>> {
    vault.seal(key_id, &about(competition, purpose), secret)
}

/// Opens one.
pub(crate) fn open(vault: &Vault, key_id: &str, competition: Uuid, purpose: Purpose, sealed: &[u8]) -> Result<Hash> {
    let secret = open_text(vault, key_id, competition, purpose, sealed)?;
    secret.try_into().map_err(|_| Error::internal("a secret of another length"))
}

/// Opens one of any length.
pub(crate) fn open_text(
    vault: &Vault,
    key_id: &str,
    competition: Uuid,
    purpose: Purpose,
    sealed: &[u8],
) -> Result<Vec<u8>> {
    vault.open_sealed(key_id, &about(competition, purpose), sealed)
}

/// Under which a voter stands on the roll; nobody without the salt can tell whose it is.
pub(crate) fn pseudonym(salt: &Hash, voter_id: &str) -> String {
    hex(&hmac_sha256(salt, &[voter_id.as_bytes()])[..16])
}

/// The seal of one competition's ballots.
#[derive(Clone, Debug)]
pub(crate) struct BallotSeal {
    competition: Uuid,
    key: SealKey,
    hides_voters: bool,
}

impl BallotSeal {
    /// `hides_voters`: see [`Self::slot`].
    pub(crate) fn new(competition: Uuid, key: SealKey, hides_voters: bool) -> Self {
        Self { competition, key, hides_voters }
    }

    /// Where a voter's ballot is kept: nobody with a copy of the database and without the key can tell whose place it is, and so
    /// who has voted. Votes that an earlier version opened keep ballots under pseudonyms.
    pub(crate) fn slot(&self, pseudonym: &str) -> String {
        match self.hides_voters {
            true => hex(&self.mac(&[b"slot", pseudonym.as_bytes()])[..16]),
            false => pseudonym.to_owned(),
        }
    }

    /// A ballot that follows the one of `revision`, or a draft.
    fn about(&self, pseudonym: &str, revision: i64) -> Vec<u8> {
        [self.competition.as_bytes().as_slice(), pseudonym.as_bytes(), &revision.to_be_bytes()].concat()
    }

    /// Seals the entries named on a ballot, bound to its voter and revision: what was copied from another voter, or put back
    /// from before, does not open. Drafts have revision -1.
    pub(crate) fn seal(&self, pseudonym: &str, revision: i64, named: &[Uuid]) -> Result<Vec<u8>> {
        let mut text = [0; 1 + 16 * MOST_NAMED];
        text[0] = u8::try_from(named.len().min(MOST_NAMED)).unwrap_or_default();
        for (place, entry) in text[1..].chunks_exact_mut(16).zip(named) {
            place.copy_from_slice(entry.as_bytes());
        }
        self.key.seal(&self.about(pseudonym, revision), &text)
    }

    /// The entries named.
    pub(crate) fn open(&self, pseudonym: &str, revision: i64, sealed: &[u8]) -> Result<Vec<Uuid>> {
        let text = self.key.open(&self.about(pseudonym, revision), sealed)?;
        let (count, entries) = text.split_first().ok_or_else(|| Error::internal("an empty ballot"))?;
        let named = entries.chunks_exact(16).take(usize::from(*count));
        named.map(|entry| Uuid::from_slice(entry).map_err(Error::internal)).collect()
    }

    /// Seals what was answered to a request: it says when.
    pub(crate) fn seal_answer(&self, pseudonym: &str, request: &str, answer: &[u8]) -> Result<Vec<u8>> {
        self.key.seal(&self.about_answer(pseudonym, request), answer)
    }

    /// What was answered.
    pub(crate) fn open_answer(&self, pseudonym: &str, request: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        self.key.open(&self.about_answer(pseudonym, request), sealed)
    }

    fn about_answer(&self, pseudonym: &str, request: &str) -> Vec<u8> {
        [self.competition.as_bytes(), b"answer ".as_slice(), pseudonym.as_bytes(), b" ", request.as_bytes()].concat()
    }

    /// What is remembered of a request: a plain hash of a ranking could be guessed.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Hash {
        hmac_sha256(self.key.as_bytes(), parts)
    }
}

/// Of a draft, which no ballot has.
pub(crate) const DRAFT: i64 = -1;

/// What a receipt signs.
pub(crate) fn receipt_text(competition: Uuid, revision: i64, ballot_hash: &Hash, recorded_at: i64) -> String {
    format!("rapport ballot receipt 1\n{competition}\n{revision}\n{}\n{recorded_at}\n", hex(ballot_hash))
}

/// Signs that a ballot was recorded.
pub(crate) fn sign_receipt(
    vault: &Vault,
    competition: Uuid,
    revision: i64,
    ballot_hash: &Hash,
    recorded_at: i64,
) -> Result<Signature> {
    vault.sign(receipt_text(competition, revision, ballot_hash, recorded_at).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal_of(competition: u128) -> BallotSeal {
        BallotSeal::new(Uuid::from_u128(competition), SealKey::from_bytes(&[7; 32]).unwrap(), true)
    }

    #[test]
    fn a_slot_needs_the_key_of_the_vote() {
        let (own, other) =
            (seal_of(1), BallotSeal::new(Uuid::from_u128(1), SealKey::from_bytes(&[8; 32]).unwrap(), true));
        assert_eq!(own.slot("v"), own.slot("v"));
        assert!(own.slot("v") != own.slot("w") && own.slot("v") != other.slot("v") && own.slot("v") != "v");
    }

    #[test]
    fn a_ballot_opens_for_its_voter_and_revision_only() {
        let named: Vec<Uuid> = (1..=8).map(Uuid::from_u128).collect();
        let sealed = seal_of(1).seal("v", 3, &named).unwrap();
        assert_eq!(seal_of(1).open("v", 3, &sealed).unwrap(), named);
        assert!(seal_of(1).open("w", 3, &sealed).is_err(), "copied");
        assert!(seal_of(1).open("v", 4, &sealed).is_err(), "put back");
        assert!(seal_of(2).open("v", 3, &sealed).is_err(), "of another competition");
    }

    #[test]
    fn all_sealed_ballots_are_of_one_length_and_none_like_another() {
        let of = |count: u128| seal_of(1).seal("v", 1, &(0..count).map(Uuid::from_u128).collect::<Vec<_>>()).unwrap();
        let lengths: std::collections::BTreeSet<usize> =
            (0..=MOST_NAMED as u128).map(|count| of(count).len()).collect();
        assert_eq!(lengths.len(), 1);
        assert_ne!(of(3), of(3));
    }

    #[test]
    fn pseudonyms_are_told_apart_and_need_the_salt() {
        assert_ne!(pseudonym(&[1; 32], "a"), pseudonym(&[1; 32], "b"));
        assert_ne!(pseudonym(&[1; 32], "a"), pseudonym(&[2; 32], "a"));
        assert_eq!(pseudonym(&[1; 32], "a").len(), 32);
    }
}
