//! What looks like votes returned: for people to judge, never a sanction by itself.
//!
//! A pair of teams is suspect where both support each other, in sum by more than everyone else's support of the same entries
//! predicts, over the last [`WINDOW`] competitions; one team's support of another by itself likewise. False alarms among all pairs,
//! and among all directions, are held at 2.5 % by the procedure of Benjamini and Hochberg (1995), J. Royal Stat. Soc. B 57:289-300.
//! An entry is suspect that stands first more often than its other places explain, and a judge team whose ballots run against what
//! all others found. docs/swapping.md tells how often each is found, and how often in vain.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Entry,
    consensus::{Estimate, Ranking},
    tally::{Given, Sums},
};
use rapport_statistics::interval::largest_rejected;

/// Competitions that are looked at together, the newest included.
pub const WINDOW: usize = 6;
/// Of the flagged pairs, directions, rings, spikes and odd teams each, the part that may be flagged by chance: of a month in which
/// nothing was agreed on, about one in twenty has any of them (docs/swapping.md).
const FALSE_ALARMS: f64 = 0.025;
/// The same of spikes. Strengths are estimated from the very ballots and take part of a spike for strength, so that the nominal
/// probability is larger than the true one: at this limit about one honest month in twenty shows one.
const SPIKES_BY_CHANCE: f64 = 0.25;
/// How likely chance makes the weaker direction of a pair, at most: else the stronger one is what there is to look at.
const BOTH_WAYS: f64 = 0.1;
/// Ballots beyond what is expected, at least, in every direction of a flag.
const LEAST_EXCESS: f64 = 2.0;
/// The mean weight of a team's ballots below which it is odd.
const ODD: f64 = 0.5;
/// The scatter of those weights between honest teams, at least.
const LEAST_SCATTER: f64 = 0.1;
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

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two teams support each other.
    Pair,
    /// Three or four, each the next.
    Ring,
    /// The first team supports the second.
    OneWay,
    /// The team's entry stands first more often than its other places explain.
    Spike,
    /// The team's ballots run against what all others found.
    OddTeam,
}

/// What is to be looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct Flag {
    /// The pair by id; a ring in the direction of its support, from the smallest id.
    pub teams: Vec<String>,
    /// The probability that chance alone makes as much of it.
    pub p: f64,
    /// More than chance, and more than `LEAST_EXCESS` ballots.
    pub flagged: bool,
    /// What it is.
    pub kind: Kind,
    /// From 0 to 1: of a spike, the share of ballots that it explains; of an odd team, how much its ballots weigh on average.
    pub share: Option<f64>,
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

    /// Both directions of a pair.
    fn with(&self, other: &Self) -> Self {
        Self {
            found: self.found + other.found,
            expected: self.expected + other.expected,
            variance: self.variance + other.variance,
        }
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
            // Neutral teams have one entry more to judge, and so put each at the top less often.
            let judges = about.filter(|(judge, _)| *judge != entry.team && competing.contains(judge));
            let about: Vec<(&'a str, &Given)> = judges.copied().collect();
            let (ballots, top) = about.iter().fold((0_u64, 0_u64), |(ballots, top), (_, given)| {
                (ballots + u64::from(given.ballots), top + u64::from(given.top))
            });
            for (judge, given) in &about {
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

/// How much wider than chance supports scatter: friends and tastes do that, and are no offence.
fn dispersion<'a>(supports: impl Iterator<Item = &'a Support>) -> f64 {
    (median(supports.map(|support| support.z().abs()).collect()) / 0.6745).max(1.0)
}

/// 0 of nothing.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => 0.0,
        (n, half) if n % 2 == 0 => f64::midpoint(values[half - 1], values[half]),
        (_, half) => values[half],
    }
}

/// Every pair that judged each other both ways in any of the months, what one team alone did for another beyond chance, and the
/// strongest ring; the most suspect first. `months` from the oldest to the newest.
pub fn flags(months: &[Month<'_>]) -> Vec<Flag> {
    let supports = supports(months);
    let dispersion = dispersion(supports.values());
    let p = |support: &Support| tail(support.z() / dispersion);
    let mut flags = pairs(&supports, p);
    let in_pair: BTreeSet<(String, String)> = flags
        .iter()
        .filter(|flag| flag.flagged)
        .flat_map(|flag| {
            let (one, other) = (flag.teams[0].clone(), flag.teams[1].clone());
            [(one.clone(), other.clone()), (other, one)]
        })
        .collect();
    flags.extend(
        one_ways(&supports, p)
            .into_iter()
            .filter(|flag| !in_pair.contains(&(flag.teams[0].clone(), flag.teams[1].clone()))),
    );
    flags.extend(ring(&supports, p));
    flags.sort_by(|one, other| one.p.total_cmp(&other.p).then_with(|| one.teams.cmp(&other.teams)));
    flags
}

/// Pairs by the sum of both directions, of which neither may be chance alone: what is returned in another month, or less than it
/// was given, counts too. Friends who support each other honestly make sums scatter more than their directions.
fn pairs(supports: &Supports<'_>, p: impl Fn(&Support) -> f64) -> Vec<Flag> {
    let both_ways = supports.iter().filter(|((one, other), _)| one < other).filter_map(|((one, other), ahead)| {
        let back = supports.get(&(*other, *one))?;
        Some(([*one, *other].map(str::to_owned).to_vec(), ahead, back, ahead.with(back)))
    });
    let both_ways: Vec<_> = both_ways.collect();
    let dispersion = dispersion(both_ways.iter().map(|(.., sum)| sum));
    let flag = |(teams, .., sum): &(Vec<String>, &Support, &Support, Support)| {
        let p = tail(sum.z() / dispersion);
        Flag { teams: teams.clone(), p, flagged: false, kind: Kind::Pair, share: None }
    };
    let mut flags: Vec<Flag> = both_ways.iter().map(flag).collect();
    let exceeds = |ahead: &Support, back: &Support, sum: &Support| {
        sum.excess() >= LEAST_EXCESS && p(ahead).max(p(back)) <= BOTH_WAYS
    };
    let exceed: Vec<bool> = both_ways.iter().map(|(_, ahead, back, sum)| exceeds(ahead, back, sum)).collect();
    beyond_chance(&mut flags, &exceed);
    flags
}

/// What one team does for another without being paid within the window: only what is beyond chance.
fn one_ways(supports: &Supports<'_>, p: impl Fn(&Support) -> f64) -> Vec<Flag> {
    let flag = |((one, other), support): (&(&str, &str), &Support)| Flag {
        teams: vec![(*one).to_owned(), (*other).to_owned()],
        p: p(support),
        flagged: false,
        kind: Kind::OneWay,
        share: None,
    };
    let mut flags: Vec<Flag> = supports.iter().map(flag).collect();
    let exceed: Vec<bool> = supports.values().map(|support| support.excess() >= LEAST_EXCESS).collect();
    beyond_chance(&mut flags, &exceed);
    flags.retain(|flag| flag.flagged);
    flags
}

/// Flags those that exceed what chance makes among all of them.
fn beyond_chance(flags: &mut [Flag], exceed: &[bool]) {
    let p_values: Vec<f64> = flags.iter().map(|flag| flag.p).collect();
    let limit = largest_rejected(&p_values, FALSE_ALARMS);
    for (flag, exceeds) in flags.iter_mut().zip(exceed) {
        flag.flagged = *exceeds && limit.is_some_and(|limit| flag.p <= limit);
    }
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
    Some(Flag { teams, p, flagged: exceeds && p <= FALSE_ALARMS, kind: Kind::Ring, share: None })
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

/// Entries that stand first more often than the strengths of their rivals explain, and judge teams whose ballots run against what
/// all others found; the most suspect first. Of a vote counted by pairwise consensus.
pub fn consensus_flags(entries: &[Entry], rankings: &[Ranking], estimate: &Estimate) -> Vec<Flag> {
    let mut flags = spikes(entries, rankings, estimate);
    flags.extend(odd_teams(estimate));
    flags.sort_by(|one, other| one.p.total_cmp(&other.p).then_with(|| one.teams.cmp(&other.teams)));
    flags
}

/// By first places: found against expected by strengths, which hardly see spikes. All entries together are held at
/// [`SPIKES_BY_CHANCE`] (Bonferroni).
fn spikes(entries: &[Entry], rankings: &[Ranking], estimate: &Estimate) -> Vec<Flag> {
    let odds: BTreeMap<&str, f64> =
        estimate.strengths.iter().map(|found| (found.entry.as_str(), libm::exp(found.theta))).collect();
    let mut firsts: BTreeMap<&str, Support> = BTreeMap::new();
    for ballot in rankings {
        let on_panel = || ballot.panel.iter().filter_map(|entry| Some((entry.as_str(), *odds.get(entry.as_str())?)));
        let total: f64 = on_panel().map(|(_, odds)| odds).sum();
        for (place, (entry, odds)) in on_panel().enumerate() {
            let expected = odds / total;
            let first = firsts.entry(entry).or_default();
            first.found += f64::from(u8::from(place == 0));
            first.expected += expected;
            first.variance += expected * (1.0 - expected);
        }
    }
    firsts.values_mut().for_each(|first| first.variance = first.variance.max(0.25));
    let scatter = dispersion(firsts.values());
    let shares: BTreeMap<&str, f64> =
        estimate.strengths.iter().map(|found| (found.entry.as_str(), found.spikes[0])).collect();
    let flag = |entry: &Entry| {
        let first = firsts.get(entry.id.as_str()).filter(|first| first.excess() >= LEAST_EXCESS)?;
        let p = (tail(first.z() / scatter) * firsts.len() as f64).min(1.0);
        Some(Flag {
            teams: vec![entry.team.clone()],
            p,
            flagged: p <= SPIKES_BY_CHANCE,
            kind: Kind::Spike,
            share: shares.get(entry.id.as_str()).copied(),
        })
    };
    entries.iter().filter_map(flag).collect()
}

/// Judge teams whose ballots weigh less than half on average, by how far that is from what the others weigh (in robust standard
/// deviations). All judge teams together are held at [`FALSE_ALARMS`] (Bonferroni).
fn odd_teams(estimate: &Estimate) -> Vec<Flag> {
    let weights = || estimate.weights.values().map(|(weight, _)| *weight);
    let centre = median(weights().collect());
    let scatter = (median(weights().map(|weight| (weight - centre).abs()).collect()) / 0.6745).max(LEAST_SCATTER);
    let flag = |(team, (weight, _)): (&String, &(f64, u64))| {
        let p = (tail((centre - weight) / scatter) * estimate.weights.len() as f64).min(1.0);
        let flagged = p <= FALSE_ALARMS;
        Flag { teams: vec![team.clone()], p, flagged, kind: Kind::OddTeam, share: Some(*weight) }
    };
    estimate.weights.iter().filter(|(_, (weight, _))| *weight < ODD).map(flag).collect()
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
    fn one_sided_support_is_mostly_shown_as_what_it_is() {
        let entries = entries(8);
        let found = |kind: Kind| {
            let of_seed = |seed: &u8| {
                let sums = month(8, 10, &[(1, 2)], *seed);
                let found = flags(&[Month { entries: &entries, sums: &sums }]);
                found.iter().any(|flag| flag.flagged && flag.kind == kind && flag.teams == ["t1", "t2"])
            };
            (0..100).filter(of_seed).count()
        };
        // One in ten returns something by chance.
        let (pairs, one_ways) = (found(Kind::Pair), found(Kind::OneWay));
        assert!(pairs <= 15 && one_ways >= 50, "{pairs} pairs, {one_ways} one-way");
    }

    #[test]
    fn a_pair_is_not_told_again_as_two_directions() {
        let (entries, sums) = (entries(8), month(8, 10, &[(1, 2), (2, 1)], 1));
        let found = flags(&[Month { entries: &entries, sums: &sums }]);
        assert!(found.iter().all(|flag| flag.kind != Kind::OneWay), "{found:?}");
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
        // After one month it is one-way.
        assert!(flags(&months[..1]).iter().all(|flag| !flag.flagged || flag.kind == Kind::OneWay));
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
