//! Which column holds what: the best match of names and values, each column once.

use std::collections::BTreeMap;

use super::{
    profile::{ColumnProfile, Profile},
    words::ROLES,
};

/// Below this a name is no match.
const LEAST: f64 = 52.0;

/// Columns by what they hold.
#[derive(Debug, Default)]
pub(super) struct Roles {
    columns: BTreeMap<&'static str, usize>,
    fits: BTreeMap<usize, f64>,
}

impl Roles {
    /// Matches columns and roles, the best pairs first. Roles in `without` are not given.
    pub(super) fn of(profile: &Profile, without: &[&str]) -> Self {
        let mut pairs = Vec::new();
        for (place, column) in profile.columns.iter().enumerate() {
            if column.filled == 0 || column.name.is_empty() || is_twice(profile, column) {
                continue;
            }
            let kinds = column.kinds();
            for (order, role) in ROLES.iter().enumerate().filter(|(_, role)| !without.contains(&role.name.as_str())) {
                let is_kind = role.kinds.iter().any(|kind| kinds.contains(&kind.as_str()));
                let fit = role.fit(&column.phrase);
                if is_kind && fit >= LEAST && suits(&role.name, column) {
                    pairs.push((fit, order, place));
                }
            }
        }
        pairs.sort_by(|one, other| other.0.total_cmp(&one.0).then((one.2, one.1).cmp(&(other.2, other.1))));
        let mut roles = Self::default();
        for (fit, order, place) in pairs {
            let name = ROLES[order].name.as_str();
            let is_open = SHARED.contains(&name) || !roles.columns.contains_key(name);
            if is_open && !roles.fits.contains_key(&place) {
                roles.columns.entry(name).or_insert(place);
                roles.fits.insert(place, fit);
                if SHARED.contains(&name) {
                    roles.fits.insert(place, 0.0);
                }
            }
        }
        roles
    }

    /// The column of a role.
    pub(super) fn column(&self, role: &str) -> Option<usize> {
        self.columns.get(role).copied()
    }

    /// The role of a column.
    pub(super) fn role(&self, column: usize) -> Option<&'static str> {
        self.columns.iter().find(|(_, place)| **place == column).map(|(role, _)| *role)
    }

    /// Whether a column is private or otherwise spoken for.
    pub(super) fn is_taken(&self, column: usize) -> bool {
        self.fits.contains_key(&column)
    }

    /// Takes a role away from its column.
    pub(super) fn forget(&mut self, role: &str) {
        if let Some(place) = self.columns.remove(role) {
            self.fits.remove(&place);
        }
    }

    /// Gives a role to a column.
    pub(super) fn give(&mut self, role: &'static str, column: usize) {
        self.columns.insert(role, column);
        self.fits.insert(column, 100.0);
    }
}

/// Roles that any number of columns may have.
const SHARED: [&str; 2] = ["other_date", "private"];

/// Two columns of one name cannot be told apart by a mapping.
pub(super) fn is_twice(profile: &Profile, column: &ColumnProfile) -> bool {
    profile.columns.iter().filter(|other| other.name == column.name).count() > 1
}

/// What a role asks of values beyond their kind.
fn suits(role: &str, column: &ColumnProfile) -> bool {
    let count = column.words.as_ref().map_or(usize::MAX, std::collections::BTreeMap::len);
    match role {
        "channel" => meant(column, "channel") * 2 >= column.filled,
        "direction" => meant(column, "direction") * 10 >= column.filled * 7,
        "outcome" => {
            !is_about_a_limit(column) && (meant(column, "outcome") + meant(column, "yes_no")) * 10 >= column.filled * 6
        }
        "resolved_flag" => {
            !is_about_a_limit(column) && (meant(column, "yes_no") + meant(column, "outcome")) * 10 >= column.filled * 8
        }
        "staff_role" => meant(column, "staff_role") * 2 >= column.filled,
        "active" => meant(column, "active") * 10 >= column.filled * 9,
        "conclusion" => column.examples.iter().all(|text| says_something(text)) && meant(column, "yes_no") == 0,
        "topic" => count <= 2_000 && column.longest <= 128,
        "wait" | "talk" | "total" | "hold" | "after_call_work" => column.numbers.negative * 2 < column.filled.max(1),
        "staff" | "team" | "customer_id" | "case_id" | "order_id" | "product_id" | "id" => column.longest <= 128,
        _ => true,
    }
}

/// Whether a text has a word: a figure and a unit are no conclusion.
fn says_something(text: &str) -> bool {
    text.chars().filter(|one| one.is_alphabetic()).count() >= if text.is_ascii() { 4 } else { 2 }
}

/// Whether a yes or no says that something happened in time, not whether it happened.
fn is_about_a_limit(column: &ColumnProfile) -> bool {
    const LIMITS: [&str; 9] = ["within", "sla", "innerhalb", "binnen", "dentro", "prazo", "entro", "超时", "时限"];
    column
        .phrase
        .words()
        .iter()
        .any(|word| LIMITS.iter().any(|limit| word == limit || (!limit.is_ascii() && word.contains(limit))))
}

/// How many rows have a value that means something in a group of `words/values.toml`.
pub(super) fn meant(column: &ColumnProfile, group: &str) -> u64 {
    let words = column.words.iter().flatten();
    words.filter(|(word, _)| super::words::meaning(group, word).is_some()).map(|(_, rows)| rows).sum()
}
