//! The keys that tokens are signed and verified with, and the files they come from: the server's own Ed25519 keys in
//! the data directory, or, if the operator names them, HS256 secrets and an identity provider's key set instead.
//!
//! Every key has an id and belongs to one algorithm; a token chooses a key by id and nothing else. Several may be valid
//! at once, so that a key can be replaced while tokens signed by the old one still run out.

use std::{
    collections::HashMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::{config::Auth, private_file};

/// Id of the key that a token without a key id was signed by.
pub(crate) const DEFAULT_ID: &str = "default";

/// The first key of a data directory. Later ones are put beside it; the last in order of names signs.
const FIRST_KEY: &str = "ed25519-0001.pem";

/// RFC 7518, section 3.2: an HS256 key must be at least as long as the hash.
const MIN_SECRET_BYTES: usize = 32;

/// The keys that count at present.
pub(crate) struct Keys {
    verifiers: HashMap<String, Verifier>,
    signer: Option<Signer>,
}

/// A key that tokens are verified with.
pub(crate) struct Verifier {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// The key that tokens are signed with.
pub(crate) struct Signer {
    pub(crate) id: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
}

/// Where keys come from. Files that the operator names replace the data directory's keys: an operator who configures an
/// identity provider does not expect a file beside the database to open the door as well.
pub(crate) enum Sources {
    Directory(PathBuf),
    Files { hs256: Option<PathBuf>, jwks: Option<PathBuf> },
}

/// The files of the sources as they were read, not understood yet.
pub(crate) struct Material(Vec<(Kind, PathBuf, Vec<u8>)>);

#[derive(Clone, Copy)]
enum Kind {
    Ed25519,
    Hs256,
    Jwks,
}

impl Sources {
    pub(crate) fn new(config: &Auth, data_dir: &Path) -> Self {
        match (&config.hs256_secret_file, &config.jwks_file) {
            (None, None) => Self::Directory(data_dir.join("keys")),
            (hs256, jwks) => Self::Files { hs256: hs256.clone(), jwks: jwks.clone() },
        }
    }

    /// Makes the data directory's first key, unless it has one or none is wanted.
    pub(crate) fn prepare(&self) -> Result<()> {
        match self {
            Self::Directory(directory) if key_files(directory)?.is_empty() => create_first_key(directory)
                .with_context(|| format!("cannot create a signing key in {}", directory.display())),
            Self::Directory(_) | Self::Files { .. } => Ok(()),
        }
    }

    /// Reads the files, cheaply enough to be done every minute.
    pub(crate) fn read(&self) -> Result<Material> {
        let files: Vec<(Kind, PathBuf)> = match self {
            Self::Directory(directory) => key_files(directory)?.into_iter().map(|path| (Kind::Ed25519, path)).collect(),
            Self::Files { hs256, jwks } => {
                let hs256 = hs256.iter().map(|path| (Kind::Hs256, path.clone()));
                hs256.chain(jwks.iter().map(|path| (Kind::Jwks, path.clone()))).collect()
            }
        };
        let read = |(kind, path): (Kind, PathBuf)| {
            let bytes = read_file(kind, &path).with_context(|| format!("cannot read keys from {}", path.display()))?;
            Ok((kind, path, bytes))
        };
        files.into_iter().map(read).collect::<Result<_>>().map(Material)
    }
}

impl Material {
    /// Tells whether anything changed.
    pub(crate) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (_, path, bytes) in &self.0 {
            for part in [path.as_os_str().as_encoded_bytes(), bytes] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }
}

impl Keys {
    pub(crate) fn parse(material: &Material) -> Result<Self> {
        let mut keys = Self { verifiers: HashMap::new(), signer: None };
        for (kind, path, bytes) in &material.0 {
            match kind {
                Kind::Ed25519 => keys.add_ed25519(bytes),
                Kind::Hs256 => keys.add_secrets(bytes),
                Kind::Jwks => keys.add_key_set(bytes),
            }
            .with_context(|| format!("cannot use the keys in {}", path.display()))?;
        }
        ensure!(!keys.verifiers.is_empty(), "there is no key to verify tokens with");
        Ok(keys)
    }

    /// Those by which an identity provider says that it signs.
    ///
    /// # Errors
    /// It is no JSON Web Key Set, or one without a key that this server uses.
    pub(crate) fn of_provider(json: &[u8]) -> Result<Self> {
        let mut keys = Self { verifiers: HashMap::new(), signer: None };
        keys.add_key_set(json)?;
        Ok(keys)
    }

    pub(crate) fn verifier(&self, id: &str) -> Option<&Verifier> {
        self.verifiers.get(id)
    }

    /// None if all the server has are an identity provider's public keys.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// A PKCS#8 key of our own. Its id follows from the public key, so that nobody has to invent one.
    fn add_ed25519(&mut self, pem: &[u8]) -> Result<()> {
        let key = EncodingKey::from_ed_pem(pem).context("not an Ed25519 private key in PKCS#8 PEM")?;
        let pair = Ed25519KeyPair::from_pkcs8(key.as_bytes()).context("not an Ed25519 private key")?;
        let public = pair.public_key().as_ref();
        let id = URL_SAFE_NO_PAD.encode(&Sha256::digest(public)[..12]);
        self.add(id.clone(), Algorithm::EdDSA, DecodingKey::from_ed_der(public))?;
        self.signer = Some(Signer { id, algorithm: Algorithm::EdDSA, key });
        Ok(())
    }

    /// `ID SECRET` on each line, or only `SECRET` for the key of tokens that name none. The last line signs. The bytes
    /// of the text are the secret. Errors give line numbers and never the line.
    fn add_secrets(&mut self, bytes: &[u8]) -> Result<()> {
        let text = std::str::from_utf8(bytes).context("not a text file")?;
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let number = number + 1;
            let words: Vec<_> = line.split_whitespace().collect();
            let (id, secret) = match words[..] {
                [secret] => (DEFAULT_ID, secret),
                [id, secret] => (id, secret),
                _ => bail!("line {number}: must be `ID SECRET` or `SECRET`"),
            };
            if secret.len() < MIN_SECRET_BYTES {
                bail!("line {number}: a secret needs at least {MIN_SECRET_BYTES} bytes");
            }
            let secret = secret.as_bytes();
            self.add(id.to_owned(), Algorithm::HS256, DecodingKey::from_secret(secret))
                .with_context(|| format!("line {number}"))?;
            self.signer =
                Some(Signer { id: id.to_owned(), algorithm: Algorithm::HS256, key: EncodingKey::from_secret(secret) });
        }
        ensure!(self.signer.is_some(), "there is no secret");
        Ok(())
    }

    /// RFC 7517. Keys for other uses and algorithms are passed over, since a provider's set holds what it likes; but one
    /// of ours that is malformed is an error.
    fn add_key_set(&mut self, json: &[u8]) -> Result<()> {
        let set: KeySet = serde_json::from_slice(json).context("not a JSON Web Key Set")?;
        let before = self.verifiers.len();
        for (index, jwk) in set.keys.into_iter().enumerate() {
            let add = || match jwk.verifier()? {
                Some(verifier) => {
                    let id = jwk.kid.context("it has no key id")?;
                    self.add(id, verifier.algorithm, verifier.key)
                }
                None => Ok(()),
            };
            add().with_context(|| format!("keys[{index}]"))?;
        }
        ensure!(self.verifiers.len() > before, "there is no EdDSA, ES256 or RS256 key for signatures");
        Ok(())
    }

    fn add(&mut self, id: String, algorithm: Algorithm, key: DecodingKey) -> Result<()> {
        ensure!(!self.verifiers.contains_key(&id), "another key has the same id");
        self.verifiers.insert(id, Verifier { algorithm, key });
        Ok(())
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    /// Present in private keys only.
    d: Option<serde::de::IgnoredAny>,
}

impl Jwk {
    /// The key, if it is of a kind that this server uses.
    fn verifier(&self) -> Result<Option<Verifier>> {
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Ok(None);
        }
        let (algorithm, name, key): (_, _, fn(&Self) -> Result<DecodingKey>) =
            match (self.kty.as_str(), self.crv.as_deref()) {
                ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, "EdDSA", Self::ed25519),
                ("EC", Some("P-256")) => (Algorithm::ES256, "ES256", Self::p256),
                ("RSA", None) => (Algorithm::RS256, "RS256", Self::rsa),
                _ => return Ok(None),
            };
        if self.alg.as_deref().is_some_and(|alg| alg != name) {
            return Ok(None);
        }
        ensure!(self.d.is_none(), "it is a private key, which has no business here");
        Ok(Some(Verifier { algorithm, key: key(self)? }))
    }

    fn ed25519(&self) -> Result<DecodingKey> {
        Ok(DecodingKey::from_ed_der(&number(&self.x, 32..=32)?))
    }

    fn p256(&self) -> Result<DecodingKey> {
        let point = [vec![0x04], number(&self.x, 32..=32)?, number(&self.y, 32..=32)?].concat();
        Ok(DecodingKey::from_ec_der(&point))
    }

    /// 2048 to 8192 bits, which is what the verification accepts.
    fn rsa(&self) -> Result<DecodingKey> {
        Ok(DecodingKey::from_rsa_raw_components(&number(&self.n, 256..=1024)?, &number(&self.e, 1..=8)?))
    }
}

fn number(base64: &str, bytes: std::ops::RangeInclusive<usize>) -> Result<Vec<u8>> {
    let number = URL_SAFE_NO_PAD.decode(base64).context("a number is not in base64url")?;
    ensure!(bytes.contains(&number.len()), "a number has {} bytes instead of {bytes:?}", number.len());
    Ok(number)
}

/// The key files of a directory in order of names; none if there is no directory.
fn key_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot list {}", directory.display())),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_file(kind: Kind, path: &Path) -> Result<Vec<u8>> {
    match kind {
        Kind::Ed25519 => private_file::refuse_if_others_can_read(path)?,
        // A deployment tool mounts these, with whatever permissions it gives to such files.
        Kind::Hs256 | Kind::Jwks => {}
    }
    Ok(fs::read(path)?)
}

/// Creates the directory and its first key, unless another process is quicker.
fn create_first_key(directory: &Path) -> Result<()> {
    let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())?;
    private_file::create(directory, FIRST_KEY, pem(document.as_ref()).as_bytes())
}

fn pem(pkcs8: &[u8]) -> String {
    // An Ed25519 key is 48 bytes, one line of base64.
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(pkcs8))
}

#[cfg(test)]
impl Keys {
    /// The keys of a secret file.
    pub(crate) fn from_secrets(text: &str) -> Result<Self> {
        Self::parse(&Material(vec![(Kind::Hs256, PathBuf::new(), text.as_bytes().to_vec())]))
    }

    fn from_key_set(json: &serde_json::Value) -> Result<Self> {
        Self::parse(&Material(vec![(Kind::Jwks, PathBuf::new(), json.to_string().into_bytes())]))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use aws_lc_rs::{
        encoding::AsDer as _,
        rsa::KeySize,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
    };
    use jsonwebtoken::crypto;
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn base64(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn accepts(keys: &Keys, id: &str, algorithm: Algorithm, signature: &[u8]) -> bool {
        let verifier = keys.verifier(id).unwrap();
        assert_eq!(verifier.algorithm, algorithm);
        let verify = |message: &[u8]| crypto::verify(&base64(signature), message, &verifier.key, algorithm).unwrap();
        assert!(!verify(b"another message"));
        verify(b"message")
    }

    fn message_of(result: Result<Keys>) -> String {
        format!("{:#}", result.err().unwrap())
    }

    #[test]
    fn the_first_key_is_made_once_and_kept() {
        let root = tempfile::tempdir().unwrap();
        let sources = Sources::Directory(root.path().join("data/keys"));
        sources.prepare().unwrap();
        let digest = sources.read().unwrap().digest();
        sources.prepare().unwrap();
        let material = sources.read().unwrap();
        assert_eq!(material.digest(), digest);
        let keys = Keys::parse(&material).unwrap();
        let signer = keys.signer().unwrap();
        let signature = crypto::sign(b"message", &signer.key, signer.algorithm).unwrap();
        assert!(accepts(&keys, &signer.id, Algorithm::EdDSA, &URL_SAFE_NO_PAD.decode(signature).unwrap()));
        // Nothing is left of how it was made.
        assert_eq!(fs::read_dir(root.path().join("data/keys")).unwrap().count(), 1);
    }

    #[test]
    fn processes_that_start_at_once_agree_on_one_key() {
        let root = tempfile::tempdir().unwrap();
        let barrier = Barrier::new(8);
        let start = || {
            let sources = Sources::Directory(root.path().join("keys"));
            barrier.wait();
            sources.prepare().unwrap();
            Keys::parse(&sources.read().unwrap()).unwrap().signer().unwrap().id.clone()
        };
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn the_last_key_of_a_directory_signs_and_all_verify() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("keys");
        let sources = Sources::Directory(directory.clone());
        sources.prepare().unwrap();
        let first = Keys::parse(&sources.read().unwrap()).unwrap().signer().unwrap().id.clone();
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        private_file::create(&directory, "ed25519-0002.pem", pem(document.as_ref()).as_bytes()).unwrap();
        let keys = Keys::parse(&sources.read().unwrap()).unwrap();
        assert_ne!(keys.signer().unwrap().id, first);
        assert!(keys.verifier(&first).is_some() && keys.verifier(&keys.signer().unwrap().id).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn private_keys_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("keys");
        let sources = Sources::Directory(directory.clone());
        sources.prepare().unwrap();
        let key = directory.join(FIRST_KEY);
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(format!("{:#}", sources.read().err().unwrap()).contains("chmod 600"));
    }

    #[test]
    fn secrets_have_ids_and_the_last_signs() {
        let keys = Keys::from_secrets(&format!("old {SECRET}\n\n new {SECRET}!\r\n")).unwrap();
        assert_eq!(keys.signer().unwrap().id, "new");
        assert!(keys.verifier("old").is_some() && keys.verifier(DEFAULT_ID).is_none());
        assert!(Keys::from_secrets(SECRET).unwrap().verifier(DEFAULT_ID).is_some());
    }

    #[test]
    fn bad_secrets_are_refused_and_not_repeated() {
        let short = &SECRET[1..];
        let cases = [
            ("", "no secret"),
            (short, "32 bytes"),
            (&format!("a {SECRET}\na {SECRET}"), "line 2: another key has the same id"),
            (&format!("a b {SECRET}"), "line 1"),
        ];
        for (text, expected) in cases {
            let error = message_of(Keys::from_secrets(text));
            assert!(error.contains(expected) && !error.contains(short), "{error}");
        }
    }

    #[test]
    fn a_key_set_gives_one_algorithm_to_each_id() {
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let point = p256.public_key().as_ref();
        // SubjectPublicKeyInfo ends with the modulus and INTEGER 65537.
        let der = rsa.public_key().as_der().unwrap().as_ref().to_vec();
        let modulus = &der[der.len() - 5 - 256..der.len() - 5];
        let keys = Keys::from_key_set(&json!({"keys": [
            {"kty": "OKP", "crv": "Ed25519", "kid": "e", "x": base64(ed25519.public_key().as_ref())},
            {"kty": "EC", "crv": "P-256", "kid": "p", "alg": "ES256", "use": "sig",
             "x": base64(&point[1..33]), "y": base64(&point[33..])},
            {"kty": "RSA", "kid": "r", "n": base64(modulus), "e": "AQAB"},
            {"kty": "RSA", "kid": "encryption", "use": "enc", "n": "", "e": ""},
            {"kty": "RSA", "kid": "rs512", "alg": "RS512", "n": "", "e": ""},
            {"kty": "EC", "crv": "P-384", "kid": "p384", "x": "", "y": ""},
            {"kty": "oct", "kid": "secret", "k": "AAAA"},
        ]}))
        .unwrap();
        let random = SystemRandom::new();
        let mut rsa_signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(&RSA_PKCS1_SHA256, &random, b"message", &mut rsa_signature).unwrap();
        assert!(accepts(&keys, "e", Algorithm::EdDSA, ed25519.sign(b"message").as_ref()));
        assert!(accepts(&keys, "p", Algorithm::ES256, p256.sign(&random, b"message").unwrap().as_ref()));
        assert!(accepts(&keys, "r", Algorithm::RS256, &rsa_signature));
        assert_eq!(keys.verifiers.len(), 3);
        assert!(keys.signer().is_none());
    }

    #[test]
    fn bad_key_sets_are_refused() {
        let x = base64(&[7; 32]);
        let key = |kid: Value| json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid});
        let cases = [
            (json!([]), "not a JSON Web Key Set"),
            (json!({"keys": []}), "there is no EdDSA"),
            (json!({"keys": [key(json!("a")), key(json!("a"))]}), "keys[1]: another key has the same id"),
            (json!({"keys": [key(Value::Null)]}), "keys[0]: it has no key id"),
            (json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA", "kid": "a"}]}), "3 bytes"),
            (json!({"keys": [{"kty": "RSA", "n": base64(&[1; 128]), "e": "AQAB", "kid": "a"}]}), "128 bytes"),
            (json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "d": x, "kid": "a"}]}), "private key"),
        ];
        for (set, expected) in cases {
            let error = message_of(Keys::from_key_set(&set));
            assert!(error.contains(expected), "{error}");
        }
    }
}
