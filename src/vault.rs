//! The master keys: under them a competition's secrets are sealed, and by them its record is signed.
//!
//! One file holds them, `ID KEY` on each line, the key being 32 bytes in base64url; the last one seals and signs, the others
//! open and verify what is older. Anybody who holds the file and the database can read ballots before they are counted,
//! and nobody else can.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
    rand::{SecureRandom as _, SystemRandom},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    error::{Error, Result},
    private_file,
};

/// Of the data directory.
const DIRECTORY: &str = "keys";
/// The file in it, unless the configuration names another.
const FILE: &str = "master.keys";
const KEY_BYTES: usize = 32;

/// All master keys of a server. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Vec<Master>>);

impl std::fmt::Debug for Vault {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

struct Master {
    id: String,
    wrapping: SealKey,
    naming: [u8; KEY_BYTES],
    tokens: [u8; KEY_BYTES],
    signing: Ed25519KeyPair,
}

/// A signature over some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Of the key that signed.
    pub key_id: String,
    /// Ed25519 (RFC 8032), 64 bytes.
    pub bytes: Vec<u8>,
}

impl Vault {
    /// Reads the keys of `file`, or of the data directory, where the first one is made if there is none.
    ///
    /// # Errors
    /// Unreadable and malformed files, and files that others can read.
    pub fn open(file: Option<&Path>, data_dir: &Path) -> anyhow::Result<Self> {
        let path = Self::path(file, data_dir);
        if file.is_none() && !path.exists() {
            let directory = data_dir.join(DIRECTORY);
            let key = URL_SAFE_NO_PAD.encode(random::<KEY_BYTES>());
            let id = URL_SAFE_NO_PAD.encode(random::<6>());
            private_file::create(&directory, FILE, format!("{id} {key}\n").as_bytes())
                .with_context(|| format!("cannot create a master key in {}", directory.display()))?;
        }
        Self::read(&path)
    }

    /// The keys that are there; none if the file is not. Makes nothing.
    ///
    /// # Errors
    /// Unreadable and malformed files, and files that others can read.
    pub(crate) fn present(file: Option<&Path>, data_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::path(file, data_dir);
        if path.exists() { Self::read(&path).map(Some) } else { Ok(None) }
    }

    /// Where the keys are expected.
    pub(crate) fn path(file: Option<&Path>, data_dir: &Path) -> PathBuf {
        file.map_or_else(|| data_dir.join(DIRECTORY).join(FILE), Path::to_owned)
    }

    /// The ids of all keys, oldest first.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let read = || -> anyhow::Result<Self> {
            private_file::refuse_if_others_can_read(path)?;
            Self::parse(&fs::read_to_string(path)?)
        };
        read().with_context(|| format!("cannot use the master keys in {}", path.display()))
    }

    /// Errors give line numbers and never the line.
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut keys: Vec<Master> = Vec::new();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let number = number + 1;
            let words: Vec<_> = line.split_whitespace().collect();
            let [id, key] = words[..] else { bail!("line {number}: must be `ID KEY`") };
            let key = URL_SAFE_NO_PAD.decode(key).ok().filter(|key| key.len() == KEY_BYTES);
            let key = key.with_context(|| format!("line {number}: the key must be {KEY_BYTES} bytes in base64url"))?;
            ensure!(keys.iter().all(|one| one.id != id), "line {number}: another key has the same id");
            keys.push(Master {
                id: id.to_owned(),
                wrapping: SealKey(derived(&key, "rapport wrap 1")),
                naming: derived(&key, "rapport name 1"),
                tokens: derived(&key, "rapport token 1"),
                signing: Ed25519KeyPair::from_seed_unchecked(&derived(&key, "rapport sign 1"))?,
            });
        }
        ensure!(!keys.is_empty(), "there is no key");
        Ok(Self(Arc::new(keys)))
    }

    fn newest(&self) -> Result<&Master> {
        self.0.last().ok_or_else(|| Error::internal("no master key"))
    }

    fn key(&self, id: &str) -> Result<&Master> {
        self.0.iter().find(|key| key.id == id).ok_or(Error::MasterKeyMissing)
    }

    /// Id of the key that seals and signs.
    ///
    /// # Errors
    /// None of a vault that was opened.
    pub fn key_id(&self) -> Result<&str> {
        Ok(&self.newest()?.id)
    }

    /// Seals a secret for one purpose, which `about` names.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`].
    pub fn seal(&self, key_id: &str, about: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        self.key(key_id)?.wrapping.seal(about, secret)
    }

    /// Opens what [`Self::seal`] sealed for the same purpose.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`]; an internal error if it is anything else.
    pub fn open_sealed(&self, key_id: &str, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        self.key(key_id)?.wrapping.open(about, sealed)
    }

    /// A MAC (HMAC-SHA-256) that only this server can make: for credentials that are not kept, but told again to a retry.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`].
    pub fn mac(&self, key_id: &str, parts: &[&[u8]]) -> Result<[u8; 32]> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.key(key_id)?.naming));
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().map_err(Error::internal)
    }

    /// The MACs of the same under every key, oldest first: what was named under an older key is recognised after a newer one
    /// has taken over.
    ///
    /// # Errors
    /// None of a vault that was opened.
    pub fn macs(&self, parts: &[&[u8]]) -> Result<Vec<[u8; 32]>> {
        self.0.iter().map(|key| self.mac(&key.id, parts)).collect()
    }

    /// Signs with the newest key.
    ///
    /// # Errors
    /// None of a vault that was opened.
    pub fn sign(&self, message: &[u8]) -> Result<Signature> {
        let key = self.newest()?;
        Ok(Signature { key_id: key.id.clone(), bytes: key.signing.sign(message).as_ref().to_vec() })
    }

    /// Keys for tokens that callers carry and must not read, oldest first.
    pub fn token_keys(&self) -> Vec<SealKey> {
        self.0.iter().map(|key| SealKey(key.tokens)).collect()
    }

    /// By which signatures are verified: ids, and public keys of 32 bytes.
    pub fn public_keys(&self) -> Vec<(String, Vec<u8>)> {
        self.0.iter().map(|key| (key.id.clone(), key.signing.public_key().as_ref().to_vec())).collect()
    }
}

/// Whether a signature is that of a public key.
pub fn verifies(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).is_ok()
}

/// A key for one matter: 256 bits, for AES in GCM with random nonces.
#[derive(Clone)]
pub struct SealKey([u8; KEY_BYTES]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SealKey")
    }
}

impl SealKey {
    /// A new one.
    pub fn random() -> Self {
        Self(random())
    }

    /// As it was sealed.
    ///
    /// # Errors
    /// An internal error if it has another length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        bytes.try_into().map(Self).map_err(Error::internal)
    }

    /// To be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn cipher(&self) -> Result<LessSafeKey> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.0).map_err(Error::internal)?))
    }

    /// Nonce, ciphertext and tag. `about` is bound to it: it opens for nothing else.
    ///
    /// # Errors
    /// None of a sound key.
    pub fn seal(&self, about: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        self.seal_with(random(), about, secret)
    }

    /// The same bytes for the same secret, and others for any other: the nonce is a MAC of what is sealed.
    ///
    /// # Errors
    /// None of a sound key.
    pub fn seal_alike(&self, about: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let mut mac = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &derived(&self.0, "nonce")));
        mac.update(&(about.len() as u64).to_be_bytes());
        mac.update(about);
        mac.update(secret);
        let nonce = mac.sign().as_ref()[..NONCE_LEN].try_into().map_err(Error::internal)?;
        self.seal_with(nonce, about, secret)
    }

    fn seal_with(&self, nonce: [u8; NONCE_LEN], about: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let mut text = secret.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut text)
            .map_err(Error::internal)?;
        Ok([&nonce[..], &text].concat())
    }

    /// What was sealed about the same.
    ///
    /// # Errors
    /// An internal error: it was altered, or is about something else.
    pub fn open(&self, about: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let (nonce, text) =
            sealed.split_at_checked(NONCE_LEN).ok_or_else(|| Error::internal("sealed text cut short"))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(Error::internal)?;
        let mut text = text.to_vec();
        let length = self.cipher()?.open_in_place(nonce, Aad::from(about), &mut text).map_err(Error::internal)?.len();
        text.truncate(length);
        Ok(text)
    }
}

/// Random bytes from the operating system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // It fails only where there is no source of chance at all, and then nothing may go on.
    assert!(SystemRandom::new().fill(&mut bytes).is_ok(), "the system gives no random bytes");
    bytes
}

/// HKDF with SHA-256 (RFC 5869), without a salt.
fn derived(key: &[u8], purpose: &str) -> [u8; KEY_BYTES] {
    let mut bytes = [0; KEY_BYTES];
    let expanded = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key);
    let filled = expanded.expand(&[purpose.as_bytes()], hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut bytes));
    assert!(filled.is_ok(), "HKDF gives up to 255 times its hash");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(lines: &str) -> anyhow::Result<Vault> {
        Vault::parse(lines)
    }

    fn line(id: &str) -> String {
        format!("{id} {}\n", URL_SAFE_NO_PAD.encode(random::<KEY_BYTES>()))
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_only() {
        let vault = vault(&line("a")).unwrap();
        let sealed = vault.seal("a", b"competition 1", b"secret").unwrap();
        assert_eq!(vault.open_sealed("a", b"competition 1", &sealed).unwrap(), b"secret");
        assert!(vault.open_sealed("a", b"competition 2", &sealed).is_err());
        assert!(matches!(vault.open_sealed("b", b"competition 1", &sealed), Err(Error::MasterKeyMissing)));
        let mut altered = sealed.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert!(vault.open_sealed("a", b"competition 1", &altered).is_err());
        assert_ne!(sealed, vault.seal("a", b"competition 1", b"secret").unwrap());
    }

    #[test]
    fn the_last_key_signs_and_the_first_still_opens() {
        let first = line("a");
        let old = vault(&first).unwrap();
        let sealed = old.seal("a", b"", b"secret").unwrap();
        let new = vault(&format!("{first}{}", line("b"))).unwrap();
        assert_eq!(new.open_sealed("a", b"", &sealed).unwrap(), b"secret");
        let signature = new.sign(b"message").unwrap();
        assert_eq!(signature.key_id, "b");
        let keys = new.public_keys();
        assert!(
            verifies(&keys[1].1, b"message", &signature.bytes) && !verifies(&keys[0].1, b"message", &signature.bytes)
        );
        assert!(!verifies(&keys[1].1, b"another", &signature.bytes));
        // Auditors verify by another implementation.
        assert!(rapport_vote::signature::verifies(&keys[1].1, b"message", &signature.bytes));
    }

    #[test]
    fn a_bad_file_is_refused_without_telling_its_keys() {
        for (text, message) in [("", "no key"), ("a\n", "line 1"), ("a short\n", "32 bytes")] {
            assert!(format!("{:#}", vault(text).unwrap_err()).contains(message));
        }
        let twice = line("a") + &line("a");
        assert!(format!("{:#}", vault(&twice).unwrap_err()).contains("same id"));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_made_once_and_kept_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let first = Vault::open(None, directory.path()).unwrap();
        assert_eq!(Vault::open(None, directory.path()).unwrap().public_keys(), first.public_keys());
        let path = directory.path().join("keys").join(FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(format!("{:#}", Vault::open(None, directory.path()).unwrap_err()).contains("chmod 600"));
    }
}
