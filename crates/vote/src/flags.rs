//! What looks like votes returned: for people to judge, never a sanction by itself.
//!
//! A pair of teams is suspect where both directions support each other by more than everyone else's support of the same entries
//! predicts, over the last [`WINDOW`] competitions. False alarms among all pairs are held at 5 % by the procedure of Benjamini
//! and Hochberg (1995), J. Royal Stat. Soc. B 57:289-300.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Entry,
    tally::{Given, Sums},
};
use rapport_statistics::interval::largest_rejected;

/// Competitions that are looked at together, the newest included.
pub const WINDOW: usize = 6;
/// Of the flagged pairs, the part that may be flagged by chance.
const FALSE_ALARMS: f64 = 0.05;
/// Ballots beyond what is expected, at least, in every direction of a flag.
const LEAST_EXCESS: f64 = 2.0;
/// Teams of a ring, at most.
pub const LONGEST_RING: usize = 4;

/// One competition's support, by judge team and entry.
#[derive(Clone, Debug)]
pub struct Month<'a> {
    /// Its entries.
    pub entries: &'a [Entry],
    /// Its ballots.
    pub sums: &'a Sums,
}

/// Whether two teams supported each other, or more of them in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two teams, both ways.
    Pair,
    /// Three or four, each the next.
    Ring,
}

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// The pair by id; a ring in the direction of its support, from the smallest id.
    pub teams: Vec<String>,
    /// The probability that chance alone makes as much of it.
    pub p: f64,
    /// More than chance, and more than `LEAST_EXCESS` ballots every way.
    pub flagged: bool,
    /// Two or more.
    pub kind: Kind,
}

/// Support of one team for another, over the months.
#[derive(Clone, Copy, Debug, Default)]
struct Support {
    found: f64,
    expected: f64,
    variance: f64,
}

impl Support {
    fn excess(&self) -> f64 {
        self.found - self.expected
    }

    /// With Yates' correction.
    fn z(&self) -> f64 {
        (self.excess() - 0.5) / self.variance.sqrt()
    }

    /// Beyond one standard deviation.
    fn edge(&self) -> f64 {
        (self.excess() - self.variance.sqrt()).max(0.0)
    }
}

/// By team and supported team.
type Supports<'a> = BTreeMap<(&'a str, &'a str), Support>;

fn supports<'a>(months: &[Month<'a>]) -> Supports<'a> {
    let mut supports = Supports::new();
    for month in months.iter().rev().take(WINDOW) {
        let competing: BTreeSet<&str> = month.entries.iter().map(|entry| entry.team.as_str()).collect();
        let by_entry = month.sums.by_entry();
        for entry in month.entries {
            let about = by_entry.get(entry.id.as_str()).into_iter().flatten();
            let about: Vec<(&'a str, &Given)> = about.filter(|(judge, _)| *judge != entry.team).copied().collect();
            let (ballots, top) = about.iter().fold((0_u64, 0_u64), |(ballots, top), (_, given)| {
                (ballots + u64::from(given.ballots), top + u64::from(given.top))
            });
            for (judge, given) in about.iter().filter(|(judge, _)| competing.contains(judge)) {
                let (others, others_top) = (ballots - u64::from(given.ballots), top - u64::from(given.top));
                if given.ballots == 0 || others == 0 {
                    continue;
                }
                let rate = others_top as f64 / others as f64;
                let expected = f64::from(given.ballots) * rate;
                let support = supports.entry((*judge, entry.team.as_str())).or_default();
                support.found += f64::from(given.top);
                support.expected += expected;
                support.variance += (expected * (1.0 - rate)).max(0.25);
            }
        }
    }
    supports
}

/// The upper tail of the normal distribution.
fn tail(z: f64) -> f64 {
    libm::erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// How much wider than chance all pairs scatter: friends and tastes do that, and are no offence.
fn dispersion(supports: &Supports<'_>) -> f64 {
    let mut sizes: Vec<f64> = supports.values().map(|support| support.z().abs()).collect();
    sizes.sort_unstable_by(f64::total_cmp);
    let median = match (sizes.len(), sizes.len() / 2) {
        (0, _) => 0.0,
        (n, half) if n % 2 == 0 => f64::midpoint(sizes[half - 1], sizes[half]),
        (_, half) => sizes[half],
    };
    (median / 0.6745).max(1.0)
}

/// Every pair that supported each other both ways in any of the months, and the strongest ring; the most suspect first. `months`
/// from the oldest to the newest.
pub fn flags(months: &[Month<'_>]) -> Vec<Flag> {
    let supports = supports(months);
    let dispersion = dispersion(&supports);
    let p = |support: &Support| tail(support.z() / dispersion);
    let mut flags = Vec::new();
    let mut exceed = Vec::new();
    for ((one, other), ahead) in &supports {
        let Some(back) = supports.get(&(*other, *one)).filter(|_| one < other) else { continue };
        let teams = vec![(*one).to_owned(), (*other).to_owned()];
        flags.push(Flag { teams, p: p(ahead).max(p(back)), flagged: false, kind: Kind::Pair });
        exceed.push(ahead.excess() >= LEAST_EXCESS && back.excess() >= LEAST_EXCESS);
    }
    let p_values: Vec<f64> = flags.iter().map(|flag| flag.p).collect();
    let limit = largest_rejected(&p_values, FALSE_ALARMS);
    for (flag, exceeds) in flags.iter_mut().zip(exceed) {
        flag.flagged = exceeds && limit.is_some_and(|limit| flag.p <= limit);
    }
    flags.extend(ring(&supports, p));
    flags.sort_by(|one, other| one.p.total_cmp(&other.p).then_with(|| one.teams.cmp(&other.teams)));
    flags
}

/// The directed cycle of three or four teams whose weakest support exceeds most. Its p-value is the weakest one's, to the power of
/// its length, times the number of cycles that there could be (Bonferroni).
fn ring(supports: &Supports<'_>, p: impl Fn(&Support) -> f64) -> Option<Flag> {
    let mut next: BTreeMap<&str, Vec<(&str, &Support)>> = BTreeMap::new();
    for ((judge, team), support) in supports.iter().filter(|(_, support)| support.edge() > 0.0) {
        next.entry(judge).or_default().push((team, support));
    }
    let mut best: Option<(f64, Vec<&str>)> = None;
    for start in next.keys() {
        walk(&next, &mut vec![*start], f64::INFINITY, &mut best);
    }
    let (_, teams) = best?;
    let along = || (0..teams.len()).filter_map(|at| supports.get(&(teams[at], teams[(at + 1) % teams.len()])));
    let weakest = along().map(&p).fold(0.0, f64::max);
    let all: BTreeSet<&str> = supports.keys().flat_map(|(one, other)| [*one, *other]).collect();
    let orders: f64 = (0..teams.len()).map(|taken| (all.len() - taken) as f64).product();
    let length = teams.len() as f64;
    let p = (orders / length * libm::pow(weakest, length)).min(1.0);
    let exceeds = along().all(|support| support.excess() >= LEAST_EXCESS);
    let teams = teams.into_iter().map(str::to_owned).collect();
    Some(Flag { teams, p, flagged: exceeds && p <= FALSE_ALARMS, kind: Kind::Ring })
}

fn walk<'a>(
    next: &BTreeMap<&'a str, Vec<(&'a str, &Support)>>,
    path: &mut Vec<&'a str>,
    strength: f64,
    best: &mut Option<(f64, Vec<&'a str>)>,
) {
    let Some((here, start)) = path.last().copied().zip(path.first().copied()) else { return };
    for (team, support) in next.get(here).into_iter().flatten() {
        let strength = strength.min(support.edge());
        if best.as_ref().is_some_and(|(most, _)| strength <= *most) {
            continue;
        }
        if *team == start && path.len() >= 3 {
            *best = Some((strength, path.clone()));
        } else if *team > start && path.len() < LONGEST_RING && !path.contains(team) {
            path.push(team);
            walk(next, path, strength, best);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ballot::chosen_mark,
        draw::{Purpose, Seed},
    };

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|at| Entry { id: format!("e{at}"), team: format!("t{at}") }).collect()
    }

    /// Teams of `voters` who support each of the others by chance, but always the one that they agreed on.
    fn month(teams: usize, voters: usize, agreed: &[(usize, usize)], seed: u8) -> Sums {
        let mut chance = Seed::from_bytes(vec![seed]).stream(Purpose::Lot);
        let mut sums = Sums::default();
        for judge in 0..teams {
            for entry in (0..teams).filter(|entry| *entry != judge) {
                for _ in 0..voters {
                    let supports = agreed.contains(&(judge, entry)) || chance.below(10) < 3;
                    sums.add(&format!("t{judge}"), &format!("e{entry}"), chosen_mark(supports));
                }
            }
        }
        sums
    }

    #[test]
    fn a_pair_is_found_and_all_pairs_are_listed() {
        let (entries, sums) = (entries(8), month(8, 10, &[(1, 2), (2, 1)], 1));
        let found = flags(&[Month { entries: &entries, sums: &sums }]);
        let pairs = found.iter().filter(|flag| flag.kind == Kind::Pair).count();
        assert_eq!((pairs, &found[0].teams[..], found[0].flagged), (28, &["t1".to_owned(), "t2".to_owned()][..], true));
        assert!(found.iter().skip(1).all(|flag| !flag.flagged), "{found:?}");
    }

    #[test]
    fn one_sided_support_is_no_swap() {
        let (entries, sums) = (entries(8), month(8, 10, &[(1, 2)], 1));
        assert!(flags(&[Month { entries: &entries, sums: &sums }]).iter().all(|flag| !flag.flagged));
    }

    #[test]
    fn a_ring_is_found_in_its_direction() {
        let (entries, sums) = (entries(10), month(10, 10, &[(4, 1), (1, 7), (7, 4)], 2));
        let found = flags(&[Month { entries: &entries, sums: &sums }]);
        let ring = found.iter().find(|flag| flag.kind == Kind::Ring).unwrap();
        assert_eq!((&ring.teams[..], ring.flagged), (&["t1", "t7", "t4"].map(str::to_owned)[..], true));
    }

    #[test]
    fn what_is_returned_next_month_is_found_too() {
        let entries = entries(9);
        let favours = [(3, (0, 1)), (4, (1, 0)), (5, (0, 1)), (6, (1, 0))];
        let sums = favours.map(|(seed, favour)| month(9, 8, &[favour], seed));
        let months = sums.each_ref().map(|sums| Month { entries: &entries, sums });
        assert_eq!(flags(&months)[0].teams, ["t0", "t1"]);
        assert!(flags(&months)[0].flagged);
        assert!(flags(&months[..1]).iter().all(|flag| !flag.flagged));
    }

    #[test]
    fn honest_months_are_rarely_suspected() {
        let entries = entries(12);
        let suspected = |seed: u8| {
            let sums = month(12, 8, &[], seed);
            flags(&[Month { entries: &entries, sums: &sums }]).iter().any(|flag| flag.flagged)
        };
        let count = (0..200).filter(|seed| suspected(*seed)).count();
        assert!(count <= 10, "{count} of 200");
    }

    #[test]
    fn without_ballots_there_is_nothing_to_suspect() {
        assert_eq!(flags(&[Month { entries: &entries(4), sums: &Sums::default() }]), []);
    }
}
