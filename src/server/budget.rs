//! Bytes that the server holds for its callers: of requests that have not come to their end, of answers that nobody takes.
//! Each subject has so many, and all of them together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::quota::{Key, Subject};

/// So many bytes, and who has them.
#[derive(Debug)]
pub(super) struct Budget {
    of_person: usize,
    of_application: usize,
    of_all: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    by_subject: HashMap<Key, usize>,
    all: usize,
}

impl Budget {
    /// An application may have half of what all may.
    pub(super) fn new(of_person: usize, of_all: usize) -> Arc<Self> {
        Arc::new(Self { of_person, of_application: (of_all / 2).max(of_person), of_all, held: Mutex::default() })
    }

    /// Whether a subject has nothing left, by its own fault: it has used up its share, or has some where all of them
    /// together have everything.
    pub(super) fn is_used_up(&self, subject: Subject) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.by_subject.get(&subject.key).copied().unwrap_or(0);
        own >= self.share(subject) || (own > 0 && held.all >= self.of_all)
    }

    /// Takes bytes, if there are so many left; one request or answer alone always finds room with its subject.
    pub(super) fn take(self: &Arc<Self>, subject: Subject, bytes: usize) -> Option<Bytes> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let own = held.by_subject.get(&subject.key).copied().unwrap_or(0);
        if (own > 0 && own.saturating_add(bytes) > self.share(subject)) || held.all.saturating_add(bytes) > self.of_all
        {
            return None;
        }
        Some(self.note(&mut held, subject, bytes))
    }

    /// Takes bytes that must be held whether or not there are so many left.
    pub(super) fn take_anyway(self: &Arc<Self>, subject: Subject, bytes: usize) -> Bytes {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        self.note(&mut held, subject, bytes)
    }

    fn note(self: &Arc<Self>, held: &mut Held, subject: Subject, bytes: usize) -> Bytes {
        *held.by_subject.entry(subject.key).or_default() += bytes;
        held.all += bytes;
        Bytes { budget: self.clone(), subject, bytes }
    }

    fn share(&self, subject: Subject) -> usize {
        if subject.is_application { self.of_application } else { self.of_person }
    }
}

/// Bytes that are given back when this is dropped.
#[derive(Debug)]
pub(super) struct Bytes {
    budget: Arc<Budget>,
    subject: Subject,
    bytes: usize,
}

impl Bytes {
    /// Takes more, if there are so many left.
    pub(super) fn grow(&mut self, more: usize) -> bool {
        let more = self.budget.take(self.subject, more);
        more.is_some_and(|mut more| {
            self.bytes += std::mem::take(&mut more.bytes);
            true
        })
    }

    /// Gives some back.
    pub(super) fn shrink(&mut self, less: usize) {
        let less = less.min(self.bytes);
        self.bytes -= less;
        self.budget.give_back(self.subject, less);
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.budget.give_back(self.subject, self.bytes);
    }
}

impl Budget {
    fn give_back(&self, subject: Subject, bytes: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all -= bytes;
        if let Some(own) = held.by_subject.get_mut(&subject.key) {
            *own -= bytes;
            if *own == 0 {
                held.by_subject.remove(&subject.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn person(key: Key) -> Subject {
        Subject { key, is_application: false }
    }

    #[test]
    fn a_caller_who_used_up_a_share_keeps_nobody_else_from_theirs() {
        let budget = Budget::new(10, 30);
        let first = budget.take(person(1), 15).expect("alone it is never too much");
        assert!(budget.is_used_up(person(1)) && !budget.is_used_up(person(2)));
        assert!(budget.take(person(1), 1).is_none());
        let mut second = budget.take(person(2), 4).unwrap();
        assert!(second.grow(6) && !second.grow(1));
        second.shrink(5);
        assert!(!budget.is_used_up(person(2)));
        let _forced = budget.take_anyway(person(3), 10);
        // All together have everything now: those who have some have to wait, those who have none do not.
        assert!(budget.is_used_up(person(2)) && !budget.is_used_up(person(4)));
        assert!(budget.take(person(4), 1).is_none());
        drop((first, second));
        assert_eq!(budget.held.lock().unwrap().by_subject.len(), 1);
        assert!(budget.take(Subject { key: 5, is_application: true }, 15).is_some());
    }
}
