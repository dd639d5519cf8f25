//! What identifies a row: a column without repeated values, or the fewest that are unique together.

use std::collections::HashSet;

use super::{
    profile::{Profile, hash},
    roles::{Roles, is_twice},
};

/// A row's cells in some columns, of which no two rows should have the same.
#[derive(Debug)]
pub(super) struct Candidate {
    /// The columns.
    pub(super) columns: Vec<usize>,
    seen: HashSet<u64>,
    /// Rows that have the cells of an earlier one.
    pub(super) repeats: u64,
    is_last: bool,
}

/// Columns that are looked at together.
const MAX_COLUMNS: usize = 7;
/// From this row on only so many candidates are followed.
const FOLLOW_ALL: u64 = 50_000;
const FOLLOWED: usize = 2;

/// The column that identifies a row by itself.
pub(super) fn single(profile: &Profile, roles: &Roles) -> Option<usize> {
    let usable = |place: &usize| {
        let column = &profile.columns[*place];
        column.is_unique() && column.empty == 0 && !is_twice(profile, column) && !column.name.is_empty()
    };
    if let Some(place) = roles.column("id").filter(usable) {
        return Some(place);
    }
    // Texts, times and measures may be unique by chance: of a few rows much is.
    let is_name = |place: &usize| {
        let column = &profile.columns[*place];
        let kinds = column.kinds();
        let is_whole = column.numbers.whole == column.numbers.count;
        !kinds.contains(&"date")
            && !kinds.contains(&"clock")
            && column.longest <= 64
            && is_whole
            && roles.role(*place).is_none_or(is_naming)
    };
    (0..profile.columns.len()).filter(usable).find(is_name)
}

fn is_naming(role: &str) -> bool {
    matches!(role, "id" | "case_id" | "order_id")
}

/// Sets of columns that may identify a row together, the smallest first, the likeliest of a size first.
pub(super) fn candidates(profile: &Profile, roles: &Roles) -> Vec<Candidate> {
    let usable = |place: &usize| {
        let column = &profile.columns[*place];
        column.empty == 0 && column.filled > 0 && !column.name.is_empty() && !is_twice(profile, column)
    };
    let rank = |place: &usize| {
        const RANKS: [&str; 12] = [
            "id",
            "requested",
            "time_of_day",
            "arrived_time_of_day",
            "arrived",
            "case_id",
            "customer_id",
            "customer_phone",
            "called_phone",
            "staff",
            "connected",
            "ended",
        ];
        let rank = roles.role(*place).and_then(|role| RANKS.iter().position(|one| *one == role));
        rank.unwrap_or(RANKS.len())
    };
    let mut columns: Vec<usize> = (0..profile.columns.len()).filter(usable).collect();
    let all = columns.clone();
    columns.sort_by_key(|place| (rank(place), profile.columns[*place].words.is_some(), *place));
    columns.truncate(MAX_COLUMNS);
    let day = roles.column("requested").filter(|place| columns.contains(place));
    let is_clock = |place: &usize| profile.columns[*place].kinds().contains(&"clock");
    let mut sets: Vec<Vec<usize>> = (1_u32..1 << columns.len())
        .map(|bits| {
            columns.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1).map(|(_, place)| *place).collect()
        })
        .filter(|set: &Vec<usize>| (2..=4).contains(&set.len()))
        // A time of day identifies nothing without its date.
        .filter(|set| day.is_none_or(|day| set.contains(&day) || !set.iter().any(is_clock)))
        .collect();
    sets.sort_by_key(|set| {
        (set.len(), set.iter().map(|place| columns.iter().position(|one| one == place)).collect::<Vec<_>>())
    });
    sets.push(all);
    sets.retain(|set| !set.is_empty());
    let last = sets.len().saturating_sub(1);
    let candidate = |(place, columns)| Candidate { columns, seen: HashSet::new(), repeats: 0, is_last: place == last };
    sets.into_iter().enumerate().map(candidate).collect()
}

/// Takes a row into account: candidates that repeat are dropped, but for the one with every column.
pub(super) fn see(candidates: &mut Vec<Candidate>, cells: &[&str], row: u64) {
    candidates.retain_mut(|candidate| {
        let own: Vec<_> =
            candidate.columns.iter().map(|place| cells.get(*place).copied().unwrap_or_default()).collect();
        let is_new = candidate.seen.insert(hash(&own));
        candidate.repeats += u64::from(!is_new);
        is_new || candidate.is_last
    });
    if row == FOLLOW_ALL {
        let last = candidates.pop();
        candidates.truncate(FOLLOWED);
        candidates.extend(last);
    }
}

impl Candidate {
    /// A column that is unique by itself.
    pub(super) fn single(place: usize) -> Self {
        Self { columns: vec![place], seen: HashSet::new(), repeats: 0, is_last: false }
    }
}
