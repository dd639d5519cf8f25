//! What all customers did, and the names of values.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// What each value is taken to have been seen before it was, half a time (Krichevsky and Trofimov, 1981), and one value that
/// nobody has seen.
const UNSEEN: f64 = 0.5;

/// The number of a value in its dimension.
pub type Value = u32;

/// How often each value was chosen by anybody.
#[derive(Clone, Debug, Default)]
pub struct Prior {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Value>,
    counts: Vec<u64>,
    /// Whether each value is known beforehand or was chosen.
    listed: Vec<bool>,
    total: u64,
    /// How many values are known beforehand or were chosen.
    distinct: u64,
    /// Those, the most frequent first; of equals the smaller name.
    ranked: BTreeSet<(Reverse<u64>, Arc<str>, Value)>,
}

impl Prior {
    /// With values that are known beforehand, numbered in their order.
    pub fn of(names: impl Iterator<Item = String>) -> Self {
        let mut prior = Self::default();
        for name in names {
            let value = prior.number(&name);
            prior.ranked.insert((Reverse(0), prior.names[value as usize].clone(), value));
            prior.listed[value as usize] = true;
        }
        prior.distinct = prior.ranked.len() as u64;
        prior
    }

    /// The number of a value; a new one if it is new, which changes no share.
    pub fn number(&mut self, name: &str) -> Value {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = Value::try_from(self.names.len()).unwrap_or(Value::MAX);
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.counts.push(0);
        self.listed.push(false);
        self.numbers.insert(name, number);
        number
    }

    /// The name of a value that has a number.
    pub fn name(&self, value: Value) -> &str {
        &self.names[value as usize]
    }

    /// Counts what somebody did.
    pub fn add(&mut self, value: Value, count: u64) {
        let (name, before) = (self.names[value as usize].clone(), self.counts[value as usize]);
        self.ranked.remove(&(Reverse(before), name.clone(), value));
        self.ranked.insert((Reverse(before + count), name, value));
        self.distinct += u64::from(!self.listed[value as usize]);
        self.listed[value as usize] = true;
        self.counts[value as usize] += count;
        self.total += count;
    }

    /// Counts contacts with this many values that have no name here.
    pub fn add_unlisted(&mut self, count: u64, values: u64) {
        self.total += count;
        self.distinct += values;
    }

    /// Whether a value is known beforehand or was chosen by anybody.
    pub(crate) fn is_listed(&self, value: Value) -> bool {
        self.listed[value as usize]
    }

    /// The share of all contacts, of a value that is not listed that of all such values together.
    pub fn share(&self, value: Value) -> f64 {
        let values = self.distinct as f64 + 1.0;
        (self.counts[value as usize] as f64 + UNSEEN) / (self.total as f64 + UNSEEN * values)
    }

    /// Contacts in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Values that are known beforehand or were chosen.
    pub fn distinct(&self) -> u64 {
        self.distinct
    }

    /// What most contacts chose.
    pub fn mode(&self) -> Option<Value> {
        self.ranked.first().filter(|(count, ..)| count.0 > 0).map(|(.., value)| *value)
    }

    /// How many values were chosen at all.
    pub fn chosen(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// Values that are known beforehand or were chosen, the most frequent first and of equals the smaller name.
    pub fn ranked(&self) -> impl Iterator<Item = Value> + '_ {
        self.ranked.iter().map(|(.., value)| *value)
    }

    /// Names and counts of the `limit` most frequent values.
    pub fn most_frequent(&self, limit: usize) -> Vec<(String, u64)> {
        let chosen = self.ranked.iter().take_while(|(count, ..)| count.0 > 0).take(limit);
        chosen.map(|(count, name, _)| (name.to_string(), count.0)).collect()
    }
}
