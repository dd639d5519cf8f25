//! From ballots to places. Ballots become sums by judge team and entry, which do not know an order; scores are exact fractions of
//! those sums, so that every machine finds the same places.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use num_rational::BigRational;
use num_traits::Zero as _;

use crate::{
    Entry, Method,
    ballot::{Mark, UNIT},
    consensus::{self, Strength},
    count::Votes,
    draw::{Purpose, Seed},
    exact::{self, ratio},
};

/// Judge teams that an entry must be judged by for its place to be more than provisional, and for an interval.
pub const FEWEST_JUDGES_OF_AN_ENTRY: usize = 3;
/// Ballots of a judge team, at least; those of smaller ones are summed together.
pub const FEWEST_BALLOTS: u32 = 3;
/// The judge team that they are together; no team's id begins with a space.
pub const MERGED: &str = " merged";
/// Resamplings behind an interval.
pub const DRAWS: usize = 1_000;
/// Parts of 1 in which the shares of judge teams are resampled.
const FINE: i64 = 1_000_000_000_000;

/// What the voters of one judge team said of one entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Ballots that were dealt the entry, or could choose it.
    pub ballots: u32,
    /// Their shares, in [`UNIT`]s.
    pub shares: u64,
    /// Of the ballots, those that support it: in the top third of the panel, or chosen.
    pub top: u32,
}

impl Given {
    /// The mean share as (numerator, denominator).
    fn mean(&self) -> (u128, u128) {
        (self.shares.into(), u128::from(self.ballots) * u128::from(UNIT))
    }
}

/// All that a tally needs to know of the ballots: by judge team and entry id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(pub BTreeMap<(String, String), Given>);

impl Sums {
    /// Counts what one ballot says of one entry.
    pub fn add(&mut self, judge: &str, entry: &str, mark: Mark) {
        let given = self.0.entry((judge.to_owned(), entry.to_owned())).or_default();
        given.ballots += 1;
        given.shares += mark.share;
        given.top += u32::from(mark.top);
    }

    /// With some judge teams merged into [`MERGED`].
    pub(crate) fn merged(&self, judges: &BTreeSet<&str>) -> Self {
        let mut sums = Self::default();
        for ((judge, entry), given) in &self.0 {
            let judge = if judges.contains(judge.as_str()) { MERGED } else { judge };
            let sum = sums.0.entry((judge.to_owned(), entry.clone())).or_default();
            sum.ballots += given.ballots;
            sum.shares += given.shares;
            sum.top += given.top;
        }
        sums
    }

    /// Whether what the merged teams say of some entry could be told from few ballots.
    pub(crate) fn is_thin(&self) -> bool {
        self.0.iter().any(|((judge, _), given)| judge == MERGED && given.ballots < FEWEST_BALLOTS)
    }

    /// Without that.
    pub(crate) fn without_thin(mut self) -> Self {
        self.0.retain(|(judge, _), given| judge != MERGED || given.ballots >= FEWEST_BALLOTS);
        self
    }

    /// What judge teams gave to each entry: by entry, then in the order of judge teams. Looked up once for all entries, since
    /// sums are as many as judge teams times entries.
    pub fn by_entry(&self) -> HashMap<&str, Vec<(&str, &Given)>> {
        let mut by_entry: HashMap<&str, Vec<(&str, &Given)>> = HashMap::new();
        for ((judge, entry), given) in &self.0 {
            by_entry.entry(entry).or_default().push((judge, given));
        }
        by_entry
    }
}

/// How an entry did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score {
    /// Id of the entry.
    pub entry: String,
    /// From 0 to 1; under plurality, in ballots; under pairwise consensus a strength around 0, in whole billionths. Absent with
    /// fewer judge teams than the method asks for, and under pairwise consensus without any ballot.
    pub exact: Option<BigRational>,
    /// The mean over judge teams before any are left out.
    pub untrimmed: Option<BigRational>,
    /// Judge teams.
    pub judges: usize,
    /// Of these, left out on each side.
    pub trimmed: usize,
    /// Ballots that judged it.
    pub ballots: u64,
}

/// How many of `judges` are left out on each side.
pub fn trimmed(trim_bp: u32, judges: usize) -> usize {
    let wanted = (u128::from(trim_bp) * judges as u128 + 5_000) / 10_000;
    usize::try_from(wanted).unwrap_or(usize::MAX).min(judges.saturating_sub(1) / 2)
}

/// Scores by entry, in the order of their ids.
pub fn scores(method: Method, entries: &[Entry], votes: &Votes) -> Vec<Score> {
    match method {
        Method::TrimmedTeamMean { trim_bp, fewest_judges } => {
            by_entry(entries, &votes.sums, |given| trimmed_mean((trim_bp, fewest_judges), given))
        }
        Method::Plurality => by_entry(entries, &votes.sums, |given| plurality(&given)),
        Method::PairwiseConsensus => strengths(entries, votes),
    }
}

fn by_entry(entries: &[Entry], sums: &Sums, score: impl Fn(Vec<&Given>) -> Score) -> Vec<Score> {
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_unstable();
    let by_entry = sums.by_entry();
    let score = |entry: &Entry| {
        let given = of(entry, &by_entry);
        let ballots = given.iter().map(|one| u64::from(one.ballots)).sum();
        Score { entry: entry.id.clone(), judges: given.len(), ballots, ..score(given) }
    };
    entries.into_iter().map(score).collect()
}

/// What judge teams gave to one entry; its own team is none.
fn of<'a>(entry: &Entry, by_entry: &HashMap<&str, Vec<(&str, &'a Given)>>) -> Vec<&'a Given> {
    let about = by_entry.get(entry.id.as_str()).into_iter().flatten();
    about.filter(|(judge, given)| *judge != entry.team && given.ballots > 0).map(|(_, given)| *given).collect()
}

fn plurality(given: &[&Given]) -> Score {
    let sum: u128 = given.iter().map(|one| u128::from(one.shares)).sum();
    let sum = ratio(i128::try_from(sum).unwrap_or(i128::MAX), UNIT.into());
    Score { exact: Some(sum.clone()), untrimmed: Some(sum), ..Score::default() }
}

fn trimmed_mean((trim_bp, fewest_judges): (u32, usize), mut given: Vec<&Given>) -> Score {
    if given.len() < fewest_judges {
        return Score::default();
    }
    given.sort_unstable_by(|one, other| compare(one.mean(), other.mean()));
    let trimmed = trimmed(trim_bp, given.len());
    let exact = Some(mean(&given[trimmed..given.len() - trimmed]));
    Score { exact, untrimmed: Some(mean(&given)), trimmed, ..Score::default() }
}

/// Without any ballot there is nothing to compare by; with some, an entry that is on none of them is taken for an average one.
fn strengths(entries: &[Entry], votes: &Votes) -> Vec<Score> {
    let scored = |found: Strength| Score {
        exact: (!votes.rankings.is_empty()).then(|| ratio(consensus::nanos(found.theta).into(), exact::NANOS.into())),
        untrimmed: None,
        judges: found.voices.len(),
        trimmed: 0,
        ballots: found.ballots,
        entry: found.entry,
    };
    consensus::estimate(entries, &votes.rankings).strengths.into_iter().map(scored).collect()
}

fn compare(one: (u128, u128), other: (u128, u128)) -> Ordering {
    (one.0 * other.1).cmp(&(other.0 * one.1))
}

fn mean(given: &[&Given]) -> BigRational {
    // Of equal denominators first: most teams have the same number of ballots, and fractions stay small.
    let mut by_ballots: BTreeMap<u32, u64> = BTreeMap::new();
    for one in given {
        *by_ballots.entry(one.ballots).or_default() += one.shares;
    }
    let part = |(ballots, shares): (u32, u64)| ratio(shares.into(), i128::from(ballots) * i128::from(UNIT));
    let sum = by_ballots.into_iter().map(part).fold(BigRational::zero(), |sum, one| sum + one);
    sum / ratio(given.len() as i128, 1)
}

/// A place, shared by all with the same result: after two on the first comes the third.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Id of the entry.
    pub entry: String,
    /// From 1. Entries without a result share the last.
    pub place: usize,
}

/// Places of results, best first; equals by id.
pub fn places(results: &BTreeMap<String, Option<BigRational>>) -> Vec<Placed> {
    let mut order: Vec<(&String, &Option<BigRational>)> = results.iter().collect();
    order.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    let mut placed: Vec<Placed> = Vec::with_capacity(order.len());
    for (at, (entry, result)) in order.iter().enumerate() {
        let place = match (at.checked_sub(1).map(|before| order[before].1), placed.last()) {
            (Some(before), Some(last)) if before == *result => last.place,
            _ => at + 1,
        };
        placed.push(Placed { entry: (*entry).clone(), place });
    }
    placed
}

/// Votes and customers' outcomes in one result: `blend_bp` basis points of the outcome.
pub fn blended(score: &BigRational, outcome: &BigRational, blend_bp: u32) -> BigRational {
    let weight = ratio(blend_bp.into(), 10_000);
    let rest = ratio(10_000 - i128::from(blend_bp.min(10_000)), 10_000);
    rest * score + weight * outcome
}

/// Where each team's customers place it among the others, from 0 to 1: the middle of its ranks. `ratings` are shrunken means in
/// any fixed unit; teams without ratings have 1/2.
pub fn outcomes(teams: &BTreeSet<String>, ratings: &BTreeMap<String, i64>) -> BTreeMap<String, BigRational> {
    let rated: Vec<i64> = teams.iter().filter_map(|team| ratings.get(team).copied()).collect();
    let outcome = |team: &String| match ratings.get(team) {
        None => ratio(1, 2),
        Some(own) => {
            let below = rated.iter().filter(|one| *one < own).count() as i128;
            let equal = rated.iter().filter(|one| *one == own).count() as i128;
            ratio(2 * below + equal, 2 * rated.len() as i128)
        }
    };
    teams.iter().map(|team| (team.clone(), outcome(team))).collect()
}

/// Between which of two prizes' heirs a tie is decided: the lower number first.
pub fn lots(entries: &[Entry], seed: &Seed) -> BTreeMap<String, usize> {
    let mut ids: Vec<&String> = entries.iter().map(|entry| &entry.id).collect();
    ids.sort_unstable();
    seed.stream(Purpose::Lot).shuffle(&mut ids);
    ids.into_iter().cloned().zip(1..).collect()
}

/// How sure a score is, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// 2.5 % of the draws are lower.
    pub low: i64,
    /// 2.5 % of the draws are higher.
    pub high: i64,
    /// The same of places, from 1, the best and the worst; under pairwise consensus.
    pub places: Option<(usize, usize)>,
}

/// How sure scores are, by entry. Entries take their draws from one stream, in the order of their ids. Absent where there is no
/// score, and with fewer judge teams than [`FEWEST_JUDGES_OF_AN_ENTRY`] to draw again.
pub fn intervals(method: Method, entries: &[Entry], votes: &Votes, seed: &Seed) -> BTreeMap<String, Interval> {
    let nanos = |one: &Given| exact::rounded(&ratio(one.shares.into(), UNIT.into()), exact::NANOS);
    let fine = |one: &Given| {
        let mean = ratio(one.shares.into(), i128::from(one.ballots) * i128::from(UNIT));
        exact::rounded(&mean, FINE)
    };
    match method {
        Method::Plurality => drawn(entries, &votes.sums, seed, nanos, |drawn| drawn.iter().sum()),
        Method::TrimmedTeamMean { trim_bp, .. } => drawn(entries, &votes.sums, seed, fine, |drawn| {
            drawn.sort_unstable();
            let trimmed = trimmed(trim_bp, drawn.len());
            let kept = &drawn[trimmed..drawn.len() - trimmed];
            let sum: i64 = kept.iter().sum();
            rounded_quotient(sum, kept.len() as i64 * (FINE / exact::NANOS))
        }),
        Method::PairwiseConsensus => {
            let judged = scores(method, entries, votes).into_iter().map(|score| (score.entry, score.judges));
            let drawn = judged.zip(consensus::intervals(entries, &votes.rankings, seed));
            let enough = drawn.filter(|((_, judges), _)| *judges >= FEWEST_JUDGES_OF_AN_ENTRY);
            enough.map(|((entry, _), interval)| (entry, interval)).collect()
        }
    }
}

/// An entry's judge teams, sorted by id, are drawn again with replacement [`DRAWS`] times (the percentile bootstrap of Efron
/// 1979); `value` is what one of them says, `score` what those drawn say together.
fn drawn(
    entries: &[Entry],
    sums: &Sums,
    seed: &Seed,
    value: impl Fn(&Given) -> i64,
    score: impl Fn(&mut [i64]) -> i64,
) -> BTreeMap<String, Interval> {
    let mut stream = seed.stream(Purpose::Bootstrap);
    let by_entry = sums.by_entry();
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_unstable();
    let mut intervals = BTreeMap::new();
    for entry in entries {
        let values: Vec<i64> = of(entry, &by_entry).into_iter().map(&value).collect();
        let judges = values.len();
        if judges < FEWEST_JUDGES_OF_AN_ENTRY {
            continue;
        }
        let mut drawn = vec![0; judges];
        let mut draw = || {
            drawn.iter_mut().for_each(|one| *one = values[stream.below(judges)]);
            score(&mut drawn)
        };
        let mut draws: Vec<i64> = (0..DRAWS).map(|_| draw()).collect();
        draws.sort_unstable();
        let at = |per_mille: usize| draws[DRAWS * per_mille / 1_000 - 1];
        intervals.insert(entry.id.clone(), Interval { low: at(25), high: at(975), places: None });
    }
    intervals
}

/// Half to even, of what is not negative.
fn rounded_quotient(numerator: i64, denominator: i64) -> i64 {
    let (quotient, twice) = (numerator / denominator, 2 * (numerator % denominator));
    let up = twice > denominator || (twice == denominator && quotient % 2 == 1);
    quotient + i64::from(up)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{Form, count::Count};

    const TRIMMED: Method = Method::TrimmedTeamMean { trim_bp: 2_500, fewest_judges: 3 };

    fn entries(ids: &[&str]) -> Vec<Entry> {
        ids.iter().map(|id| Entry { id: (*id).into(), team: format!("team of {id}") }).collect()
    }

    /// `shares` of judge teams in sixths.
    fn judged(entry: &str, shares: &[u64]) -> Votes {
        let mut votes = Votes::default();
        for (at, share) in shares.iter().enumerate() {
            votes.sums.add(&format!("j{at:02}"), entry, Mark { share: UNIT / 6 * share, top: false });
        }
        votes
    }

    #[test]
    fn a_quarter_of_the_judges_is_left_out_on_each_side() {
        let cases = [(3, 1), (4, 1), (5, 1), (6, 2), (7, 2), (9, 2), (10, 3), (14, 4), (19, 5), (2, 0), (1, 0), (0, 0)];
        for (judges, expected) in cases {
            assert_eq!(trimmed(2_500, judges), expected, "{judges}");
        }
        assert_eq!([trimmed(0, 9), trimmed(5_000, 9), trimmed(5_000, 8)], [0, 4, 3]);
    }

    /// Worked by hand: of 0, 1, 2, 4, 5, 6, 6 sixths the lowest two and the highest two go; (2 + 4 + 5) / 3 sixths stay.
    #[test]
    fn a_score_is_the_mean_of_the_middle() {
        let entries = entries(&["a"]);
        let found = scores(TRIMMED, &entries, &judged("a", &[6, 0, 4, 2, 6, 1, 5])).remove(0);
        assert_eq!((found.exact.clone(), found.trimmed, found.judges), (Some(ratio(11, 18)), 2, 7));
        assert_eq!(found.untrimmed, Some(ratio(24, 42)));
        assert_eq!(exact::nanos(&found.exact.unwrap()), 611_111_111);
        let few = scores(TRIMMED, &entries, &judged("a", &[6, 6])).remove(0);
        assert_eq!((few.exact, few.judges), (None, 2));
        let provisional = Method::TrimmedTeamMean { trim_bp: 2_500, fewest_judges: 1 };
        let few = |shares| scores(provisional, &entries, &judged("a", shares)).remove(0).exact;
        assert_eq!([few(&[6, 3]), few(&[1]), few(&[])], [Some(ratio(3, 4)), Some(ratio(1, 6)), None]);
    }

    #[test]
    fn an_entry_s_own_team_does_not_judge_it() {
        let mut votes = judged("a", &[3, 3, 3]);
        votes.sums.add("team of a", "a", Mark { share: UNIT, top: true });
        let found = scores(TRIMMED, &entries(&["a"]), &votes).remove(0);
        assert_eq!((found.exact, found.judges), (Some(ratio(1, 2)), 3));
    }

    #[test]
    fn equals_share_a_place_and_those_without_a_score_the_last() {
        let results = [("a", Some(1)), ("b", Some(2)), ("c", Some(2)), ("d", None), ("e", Some(1)), ("f", None)];
        let results = results.map(|(id, score)| (id.to_owned(), score.map(|score| ratio(score, 3))));
        let found: Vec<(String, usize)> =
            places(&results.into_iter().collect()).into_iter().map(|one| (one.entry, one.place)).collect();
        let expected = [("b", 1), ("c", 1), ("a", 3), ("e", 3), ("d", 5), ("f", 5)];
        assert_eq!(found, expected.map(|(id, place)| (id.to_owned(), place)));
    }

    #[test]
    fn customers_count_as_much_as_was_agreed() {
        let teams = ["a", "b", "c", "d"].map(str::to_owned).into();
        let ratings = [("a", 4_100), ("b", 4_300), ("c", 4_300)].map(|(team, mean)| (team.to_owned(), mean)).into();
        let found = outcomes(&teams, &ratings);
        let found: Vec<BigRational> = found.into_values().collect();
        assert_eq!(found, [ratio(1, 6), ratio(2, 3), ratio(2, 3), ratio(1, 2)]);
        assert_eq!(blended(&ratio(1, 2), &ratio(1, 6), 2_500), ratio(5, 12));
        assert_eq!(blended(&ratio(1, 2), &ratio(1, 6), 0), ratio(1, 2));
    }

    #[test]
    fn an_interval_covers_its_score_and_closes_with_agreement() {
        let entries = entries(&["a", "b"]);
        let mut votes = judged("a", &[6, 0, 4, 2, 6, 1, 5]);
        votes.sums.0.extend(judged("b", &[3; 7]).sums.0);
        let seed = Seed::from_bytes(vec![1]);
        let found = intervals(TRIMMED, &entries, &votes, &seed);
        assert_eq!(found["b"], Interval { low: 500_000_000, high: 500_000_000, places: None });
        assert!(found["a"].low < 611_111_111 && 611_111_111 < found["a"].high, "{:?}", found["a"]);
        assert_eq!(intervals(TRIMMED, &entries, &votes, &seed), found);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// A result is a function of the set of ballots, never of their order.
        #[test]
        fn the_order_of_ballots_does_not_matter(
            mut ballots in vec((0_usize..8, Just((0_usize..7).collect::<Vec<_>>()).prop_shuffle()), 1..60),
            by: prop::sample::Index,
        ) {
            let entries = entries(&["e0", "e1", "e2", "e3", "e4", "e5", "e6"]);
            let count = |ballots: &[(usize, Vec<usize>)]| {
                let mut count = Count::new(Form::RankedPanel, TRIMMED);
                for (judge, ranking) in ballots {
                    let ranking: Vec<&str> = ranking.iter().map(|entry| entries[*entry].id.as_str()).collect();
                    count.add(&format!("j{judge}"), &ranking, &ranking);
                }
                let (votes, seed) = (count.whole(), Seed::from_bytes(vec![5]));
                (scores(TRIMMED, &entries, &votes), intervals(TRIMMED, &entries, &votes, &seed))
            };
            let first = count(&ballots);
            let by = by.index(ballots.len());
            ballots.rotate_left(by);
            prop_assert_eq!(&first, &count(&ballots));
            ballots.reverse();
            prop_assert_eq!(&first, &count(&ballots));
        }

        /// One judge team, however its members vote, cannot move a score by more than the middle of the others allows.
        #[test]
        fn one_team_cannot_carry_an_entry(shares in vec(0_u64..=6, 6..12), told in 0_u64..=6) {
            let score = |shares: &[u64]| scores(TRIMMED, &entries(&["a"]), &judged("a", shares)).remove(0).exact.unwrap();
            let mut pushed = shares.clone();
            pushed[0] = told;
            let kept = shares.len() - 2 * trimmed(2_500, shares.len());
            let moved = score(&pushed) - score(&shares);
            let moved = if moved < BigRational::zero() { -moved } else { moved };
            prop_assert!(moved <= ratio(1, kept as i128));
        }
    }
}
