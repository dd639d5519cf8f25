//! What one caller may ask for: calls a second, calls in flight, streams open at once. Applications speak for many people
//! and may ask for more. Asked behind authentication, since before it nobody is anybody.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _};

use crate::{
    auth::{Principal, policy::policy},
    config::Limits,
    error::Error,
};

/// When to come back where nobody can tell when there will be room.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// How late people are told that they call too often, and addresses that they had too many tokens refused: so that nobody can
/// ask again thousands of times a second.
pub(super) const LATE: Duration = Duration::from_millis(100);

/// A caller, as a number: a role and a subject, hashed with this server's own seed. That two should share one is less
/// likely than that a disk should fail, and would do no more than slow them down.
pub(super) type Key = u64;

/// Whom a call counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) key: Key,
    /// An application, or an administrator.
    pub(super) is_application: bool,
}

/// What everybody has asked for so far.
pub(super) struct Quotas {
    people: DefaultKeyedRateLimiter<Key>,
    applications: DefaultKeyedRateLimiter<Key>,
    streams: Counts<Key>,
    calls: Counts<Key>,
    max_streams: usize,
    max_calls: usize,
    max_application_calls: usize,
    seed: RandomState,
}

impl Quotas {
    pub(super) fn new(limits: &Limits) -> Self {
        let others = limits.max_calls.saturating_sub(Limits::LEFT_TO_OTHERS);
        Self {
            people: RateLimiter::keyed(Quota::per_second(limits.person_calls_per_second)),
            applications: RateLimiter::keyed(Quota::per_second(limits.app_calls_per_second)),
            streams: Counts::default(),
            calls: Counts::default(),
            max_streams: limits.max_streams_per_subject,
            max_calls: limits.max_calls_per_subject,
            max_application_calls: others.max(limits.max_calls_per_subject),
            seed: RandomState::new(),
        }
    }

    /// Forgets those whose quota is whole again.
    pub(super) fn forget(&self) {
        for limiter in [&self.people, &self.applications] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    pub(super) fn subject(&self, principal: &Principal) -> Subject {
        let is_application = policy(principal.role).speaks_for_all;
        Subject { key: self.seed.hash_one((principal.role as i32, &principal.subject)), is_application }
    }

    /// Counts a call of a subject.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub(super) fn check_rate(&self, subject: Subject) -> Result<(), Error> {
        let limiter = if subject.is_application { &self.applications } else { &self.people };
        limiter.check_key(&subject.key).map_err(|early| {
            let retry_after = early.wait_time_from(limiter.clock().now());
            Error::RateLimited { retry_after }
        })
    }

    /// Lets a unary call of a subject in, until what it returns is dropped.
    ///
    /// # Errors
    /// [`Error::RateLimited`].
    pub(super) fn begin_call(&self, subject: Subject) -> Result<Counted<Key>, Error> {
        let most = if subject.is_application { self.max_application_calls } else { self.max_calls };
        self.calls.add(subject.key, most).ok_or(Error::RateLimited { retry_after: SOON })
    }

    /// The same for a stream.
    ///
    /// # Errors
    /// [`Error::TooManyStreams`].
    pub(super) fn open_stream(&self, subject: Subject) -> Result<Counted<Key>, Error> {
        self.streams.add(subject.key, self.max_streams).ok_or(Error::TooManyStreams)
    }
}

/// How many there are of each. Clones count together.
#[derive(Clone, Debug)]
pub(super) struct Counts<K>(Arc<Mutex<HashMap<K, usize>>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Copy + Eq + Hash> Counts<K> {
    /// One more, unless there are as many as there may be.
    pub(super) fn add(&self, key: K, most: usize) -> Option<Counted<K>> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { counts: self.0.clone(), key })
    }
}

/// One of its kind, until it is dropped.
#[derive(Debug)]
pub(super) struct Counted<K: Copy + Eq + Hash> {
    counts: Arc<Mutex<HashMap<K, usize>>>,
    key: K,
}

impl<K: Copy + Eq + Hash> Drop for Counted<K> {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_by_itself_and_given_back() {
        let counts = Counts::default();
        let one = counts.add('a', 1).unwrap();
        assert!(counts.add('a', 1).is_none());
        let _other = counts.add('b', 1).unwrap();
        drop(one);
        assert_eq!(counts.0.lock().unwrap().len(), 1);
        assert!(counts.add('a', 1).is_some());
    }
}
