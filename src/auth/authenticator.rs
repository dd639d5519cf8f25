//! Verifies and signs tokens with the keys that count at present, and remembers what it has verified: a signature costs
//! some 40 µs, looking one up less than one.

use std::{
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::{
    Principal, Purpose,
    keys::{Keys, Sources},
    token::{self, Refusal, Rules},
};
use crate::{api::v1::Role, clock::Clock, config::Auth, error::Error};

/// How often the key files are looked at.
const RELOAD_MICROS: i64 = 60_000_000;

/// Verifies and signs tokens.
pub struct Authenticator {
    rules: Rules,
    sources: Sources,
    clock: Clock,
    cache_entries: usize,
    generation: RwLock<Arc<Generation>>,
    /// When the key files were looked at last.
    looked_at: AtomicI64,
}

/// A set of keys and the tokens they verified. Both are replaced together, so that a key that was taken away vouches
/// for nothing any more.
struct Generation {
    keys: Keys,
    digest: [u8; 32],
    /// By SHA-256, so that a dump of the memory holds no usable token longer than its call.
    verified: Cache<[u8; 32], Arc<Principal>>,
}

impl Authenticator {
    /// Reads the configured keys. Without any, those in the data directory count, and the first is made if need be.
    pub fn new(config: &Auth, data_dir: &Path, clock: Clock) -> anyhow::Result<Self> {
        let sources = Sources::new(config, data_dir);
        sources.prepare()?;
        let generation = Generation::read(&sources, config.token_cache_entries, None)?;
        Ok(Self {
            rules: Rules {
                issuer: config.issuer.clone(),
                audience: config.audience.clone(),
                max_lifetime: config.max_token_lifetime,
                max_service_lifetime: config.max_service_token_lifetime,
            },
            sources,
            cache_entries: config.token_cache_entries,
            generation: RwLock::new(generation),
            looked_at: AtomicI64::new(clock.now_micros()),
            clock,
        })
    }

    /// Who stands behind a token. Every bad one gives the same error.
    pub fn verify(&self, token: &str) -> Result<Arc<Principal>, Error> {
        self.check(token).map_err(|why| {
            tracing::debug!(why, "token refused");
            Error::TokenRejected
        })
    }

    /// Whether a token was verified before: then it costs next to nothing to do so again.
    pub(crate) fn remembers(&self, token: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(token).into();
        token.len() <= token::MAX_BYTES && self.generation().verified.get(&digest).is_some()
    }

    /// A new token, signed by the newest key.
    pub fn sign(&self, role: Role, subject: &str, teams: &[String], life: Duration) -> anyhow::Result<String> {
        self.sign_for(Purpose::Calls, (role, subject, teams), life)
    }

    /// The same, for a purpose.
    ///
    /// # Errors
    /// There is no key to sign with; such a token would be refused.
    pub fn sign_for(&self, purpose: Purpose, whom: (Role, &str, &[String]), life: Duration) -> anyhow::Result<String> {
        let now = self.clock.now_micros();
        self.reload_if_due(now);
        token::sign(whom, (purpose, life), &self.generation().keys, &self.rules, now)
    }

    /// Whether there is a key to sign with.
    pub(crate) fn can_sign(&self) -> bool {
        self.generation().keys.signer().is_some()
    }

    /// Longest life of a person's token.
    pub(crate) fn longest_life(&self) -> Duration {
        self.rules.max_lifetime
    }

    fn check(&self, token: &str) -> Result<Arc<Principal>, Refusal> {
        if token.len() > token::MAX_BYTES {
            return Err("too long");
        }
        let now = self.clock.now_micros();
        self.reload_if_due(now);
        let generation = self.generation();
        let digest = Sha256::digest(token).into();
        if let Some(known) = generation.verified.get(&digest) {
            // A token that is not good now may be later: the clock may have been set back.
            return known.still_good(now).map(|()| known);
        }
        let principal = Arc::new(token::verify(token, &generation.keys, &self.rules, now)?);
        generation.verified.insert(digest, principal.clone());
        Ok(principal)
    }

    fn generation(&self) -> Arc<Generation> {
        self.generation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the key files at most once a minute; the first caller does it, on their own time, and the others go on
    /// with the keys there are. If the files cannot be used, the keys stay as they were.
    fn reload_if_due(&self, now: i64) {
        let last = self.looked_at.load(Ordering::Relaxed);
        // A clock that was set back must not stop this until it catches up.
        if (last..last.saturating_add(RELOAD_MICROS)).contains(&now) {
            return;
        }
        if self.looked_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let current = self.generation();
        match Generation::read(&self.sources, self.cache_entries, Some(&current)) {
            Ok(fresh) if Arc::ptr_eq(&fresh, &current) => {}
            Ok(fresh) => {
                *self.generation.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                tracing::info!("token keys changed");
            }
            Err(error) => tracing::error!(cause = format!("{error:#}"), "token keys not reloaded"),
        }
    }
}

impl Generation {
    /// The files as they are now; the current generation again if nothing changed.
    fn read(sources: &Sources, cache_entries: usize, current: Option<&Arc<Self>>) -> anyhow::Result<Arc<Self>> {
        let material = sources.read()?;
        let digest = material.digest();
        match current {
            Some(current) if current.digest == digest => Ok(current.clone()),
            _ => Ok(Arc::new(Self { keys: Keys::parse(&material)?, digest, verified: Cache::new(cache_entries) })),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use proptest::{prelude::*, sample::Index};

    use super::*;
    use crate::{
        auth::token::tests::NOW,
        config::{Config, ServeArgs},
    };

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const MINUTES_10: Duration = Duration::from_secs(600);

    fn config() -> Auth {
        Config::resolve(&ServeArgs::default(), |_| None).unwrap().auth
    }

    /// An authenticator over a directory of its own, at a clock that stands.
    fn start() -> (tempfile::TempDir, Clock, Authenticator) {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::fixed(NOW);
        let authenticator = Authenticator::new(&config(), directory.path(), clock.clone()).unwrap();
        (directory, clock, authenticator)
    }

    fn with_secrets(text: &str) -> (tempfile::TempDir, PathBuf, Clock, Authenticator) {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secrets");
        fs::write(&file, text).unwrap();
        let config = Auth { hs256_secret_file: Some(file.clone()), ..config() };
        let clock = Clock::fixed(NOW);
        let authenticator = Authenticator::new(&config, directory.path(), clock.clone()).unwrap();
        (directory, file, clock, authenticator)
    }

    #[test]
    fn a_token_is_verified_once_and_remembered_until_it_ends() {
        let (_directory, clock, authenticator) = start();
        let token = authenticator.sign(Role::Staff, "s-1", &[], MINUTES_10).unwrap();
        let first = authenticator.verify(&token).unwrap();
        assert!(Arc::ptr_eq(&first, &authenticator.verify(&token).unwrap()));
        clock.set(NOW + 599_999_999);
        assert!(Arc::ptr_eq(&first, &authenticator.verify(&token).unwrap()));
        // What is remembered is judged as at a new verification: with the leeway for another clock.
        clock.set(NOW + 604_999_999);
        assert!(Arc::ptr_eq(&first, &authenticator.verify(&token).unwrap()));
        clock.set(NOW + 605_000_000);
        assert!(matches!(authenticator.verify(&token), Err(Error::TokenRejected)));
    }

    #[test]
    fn a_remembered_token_is_refused_by_a_clock_set_back() {
        let (directory, clock, authenticator) = start();
        let token = authenticator.sign(Role::Staff, "s-1", &[], MINUTES_10).unwrap();
        assert!(authenticator.verify(&token).is_ok());
        for (now, good) in [(NOW - 6_000_000, false), (NOW - 5_000_000, true), (NOW + 605_000_000, false), (NOW, true)]
        {
            clock.set(now);
            let anew = Authenticator::new(&config(), directory.path(), clock.clone()).unwrap();
            assert_eq!((authenticator.verify(&token).is_ok(), anew.verify(&token).is_ok()), (good, good), "{now}");
        }
    }

    #[test]
    fn the_memory_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let config = Auth { token_cache_entries: 16, ..config() };
        let authenticator = Authenticator::new(&config, directory.path(), Clock::fixed(NOW)).unwrap();
        for number in 0..200 {
            let token = authenticator.sign(Role::Customer, &format!("c-{number}"), &[], MINUTES_10).unwrap();
            assert_eq!(authenticator.verify(&token).unwrap().subject, format!("c-{number}"));
        }
        assert!(authenticator.generation().verified.len() <= 16);
    }

    #[test]
    fn another_directory_has_another_key() {
        let (_one, _, here) = start();
        let (_two, _, there) = start();
        let token = there.sign(Role::Admin, "a", &[], MINUTES_10).unwrap();
        assert!(here.verify(&token).is_err() && there.verify(&token).is_ok());
    }

    #[test]
    fn a_restarted_server_accepts_the_tokens_of_before() {
        let (directory, clock, before) = start();
        let token = before.sign(Role::Admin, "a", &[], MINUTES_10).unwrap();
        let after = Authenticator::new(&config(), directory.path(), clock).unwrap();
        assert!(after.verify(&token).is_ok());
    }

    #[test]
    fn keys_are_replaced_while_the_server_runs() {
        let (_directory, file, clock, authenticator) = with_secrets(&format!("old {SECRET}"));
        let old = authenticator.sign(Role::Staff, "s-1", &[], MINUTES_10).unwrap();
        assert!(authenticator.verify(&old).is_ok());

        fs::write(&file, format!("old {SECRET}\nnew {SECRET}!")).unwrap();
        clock.advance(Duration::from_secs(60));
        let new = authenticator.sign(Role::Staff, "s-1", &[], MINUTES_10).unwrap();
        assert!(authenticator.verify(&old).is_ok() && authenticator.verify(&new).is_ok());

        // A key that is gone vouches for nothing, not even for what is remembered.
        fs::write(&file, format!("new {SECRET}!")).unwrap();
        clock.advance(Duration::from_secs(59));
        assert!(authenticator.verify(&old).is_ok());
        clock.advance(Duration::from_secs(1));
        assert!(authenticator.verify(&old).is_err() && authenticator.verify(&new).is_ok());
    }

    #[test]
    fn a_key_file_that_cannot_be_used_changes_nothing() {
        let (_directory, file, clock, authenticator) = with_secrets(SECRET);
        let token = authenticator.sign(Role::Staff, "s-1", &[], MINUTES_10).unwrap();
        for broken in ["", "short"] {
            fs::write(&file, broken).unwrap();
            clock.advance(Duration::from_secs(60));
            assert!(authenticator.verify(&token).is_ok());
        }
        fs::remove_file(&file).unwrap();
        clock.advance(Duration::from_secs(60));
        assert!(authenticator.verify(&token).is_ok());
    }

    #[test]
    fn a_clock_set_back_does_not_stop_reloading() {
        let (_directory, file, clock, authenticator) = with_secrets(&format!("old {SECRET}"));
        fs::write(&file, format!("new {SECRET}")).unwrap();
        clock.set(NOW - 3_600_000_000);
        assert!(authenticator.sign(Role::Staff, "s-1", &[], MINUTES_10).is_ok());
        assert_eq!(authenticator.generation().keys.signer().unwrap().id, "new");
    }

    #[test]
    fn configured_keys_replace_those_of_the_data_directory() {
        let (directory, clock, own) = start();
        let token = own.sign(Role::Admin, "a", &[], MINUTES_10).unwrap();
        let file = directory.path().join("secrets");
        fs::write(&file, SECRET).unwrap();
        let config = Auth { hs256_secret_file: Some(file), ..config() };
        let authenticator = Authenticator::new(&config, directory.path(), clock).unwrap();
        assert!(authenticator.verify(&token).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn no_mutation_of_a_token_verifies(
            at in any::<Index>(),
            to in "[A-Za-z0-9_.=\\-\u{0}-\u{ff}]{0,3}",
            remove in 0_usize..3,
        ) {
            let (_directory, _, authenticator) = start();
            let token = authenticator.sign(Role::Admin, "a", &[], MINUTES_10).unwrap();
            let at = at.index(token.len() + 1);
            let end = token.len().min(at + remove);
            let mutant = format!("{}{to}{}", &token[..at], &token[end..]);
            prop_assume!(mutant != token);
            prop_assert!(matches!(authenticator.verify(&mutant), Err(Error::TokenRejected)));
            prop_assert!(authenticator.verify(&token).is_ok());
        }

        #[test]
        fn no_text_verifies(text in "\\PC{0,64}") {
            let (_directory, _, authenticator) = start();
            prop_assert!(matches!(authenticator.verify(&text), Err(Error::TokenRejected)));
        }
    }
}
