//! From sums to the published result: scores, blend, places, prizes. Pure, so that the server at close, a revision after it and
//! a verification of the record come to the same text.

use std::collections::{BTreeMap, BTreeSet};

use num_rational::BigRational;
use serde::{Deserialize, Serialize};

use crate::{
    Entry, Method,
    bounds::DIGITS,
    consensus::{self, against_average},
    count::Votes,
    draw::Seed,
    exact::{NANOS, nanos, ratio},
    rules::{FewJudges, Rules},
    tally::{FEWEST_JUDGES_OF_AN_ENTRY, Score, blended, intervals, lots, places, scores},
};

/// Judge teams and ballots from which on the mean before trimming may be told: below it would tell of single ones.
const TOLD_FROM_JUDGES: usize = 5;
const TOLD_FROM_BALLOTS: u64 = 10;

/// How an entry ended up. Fractions are exact, as `numerator/denominator`; nanos are billionths, rounded half to even.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placing {
    /// Its id.
    pub entry: String,
    /// Who submitted it.
    pub team: String,
    /// From 1; 0: disqualified.
    pub place: usize,
    /// Votes and outcome; absent with too few judge teams.
    pub result: Option<Fraction>,
    /// Of the votes alone; absent with too few judge teams.
    pub score: Option<Fraction>,
    /// Of the score, in billionths.
    pub low: Option<i64>,
    /// See `low`.
    pub high: Option<i64>,
    /// The best and the worst of the places that are as sure as the score, from 1; under pairwise consensus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_place: Option<usize>,
    /// See `best_place`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_place: Option<usize>,
    /// The mean before trimming, in billionths, where it may be told.
    pub untrimmed: Option<i64>,
    /// Of customers' ratings, where they have weight.
    pub outcome: Option<Fraction>,
    /// Judge teams that judged it.
    pub judges: usize,
    /// Of these, left out on each side.
    pub trimmed: usize,
    /// That judged it.
    pub ballots: u64,
    /// Its number in the draw of lots: the lower goes first.
    pub lot: usize,
    /// By place, where there is one.
    pub prize: Option<Prize>,
}

/// What an entry won.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prize {
    /// As announced.
    pub name: String,
    /// Others had the same result, and a lot decided.
    pub by_lot: bool,
}

/// An exact fraction and what is shown of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraction {
    /// In lowest terms.
    pub exact: String,
    /// In billionths, rounded half to even.
    pub nanos: i64,
}

impl Fraction {
    /// Both of one number.
    pub fn of(value: &BigRational) -> Self {
        Self { exact: format!("{}/{}", value.numer(), value.denom()), nanos: nanos(value) }
    }

    /// The fraction itself.
    ///
    /// # Errors
    /// Whatever is no fraction, or has more digits than any of ours.
    pub fn exact(&self) -> Result<BigRational, String> {
        let (above, below) = self.exact.split_once('/').unwrap_or((&self.exact, ""));
        if above.len().max(below.len()) > DIGITS {
            return Err(format!("a fraction with more than {DIGITS} digits"));
        }
        self.exact.parse().map_err(|_| format!("{:?} is no fraction", self.exact))
    }

    /// As a number.
    pub fn shown(&self) -> f64 {
        self.nanos as f64 / 1e9
    }
}

/// All that a result follows from.
pub struct Basis<'a> {
    /// As announced.
    pub rules: &'a Rules,
    /// That compete.
    pub entries: &'a [Entry],
    /// That count.
    pub votes: &'a Votes,
    /// Behind lots and intervals.
    pub seed: &'a Seed,
    /// By team; see [`crate::tally::outcomes`]. Empty where ratings have no weight.
    pub outcomes: &'a BTreeMap<String, BigRational>,
    /// Teams that lost their places.
    pub disqualified: &'a BTreeSet<String>,
}

/// Whether a result says less than it seems to: an entry that has a place was judged by too few judge teams, for which the rules
/// withhold prizes until the organiser accepts it.
pub fn is_provisional(rules: &Rules, result: &[Placing]) -> bool {
    let few = |one: &Placing| one.place > 0 && one.judges < FEWEST_JUDGES_OF_AN_ENTRY;
    rules.few_judges == FewJudges::Provisional && result.iter().any(few)
}

/// Whether the organiser has taken a provisional result for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Not, or there was no need.
    None,
    /// By name, in the record.
    Accepted,
}

/// Best first; equals by lot, the disqualified last.
pub fn placings(basis: &Basis<'_>) -> Vec<Placing> {
    let Basis { rules, entries, votes, seed, outcomes, disqualified } = basis;
    let half = ratio(1, 2);
    let mut intervals = intervals(rules.method(), entries, votes, seed);
    let lots = lots(entries, seed);
    let team_of: BTreeMap<&str, &str> = entries.iter().map(|entry| (entry.id.as_str(), entry.team.as_str())).collect();
    let measured = |score: Score| {
        let team = team_of.get(score.entry.as_str()).copied().unwrap_or_default();
        let outcome = (rules.blend_bp > 0).then(|| outcomes.get(team).unwrap_or(&half));
        let result = score.exact.as_ref().map(|exact| result(rules, exact, outcome));
        let interval = intervals.remove(&score.entry);
        let told = is_told(score.exact.is_some(), score.judges, score.ballots);
        let placing = Placing {
            team: team.to_owned(),
            place: 0,
            result: result.as_ref().map(Fraction::of),
            score: score.exact.as_ref().map(Fraction::of),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            best_place: interval.and_then(|interval| interval.places).map(|(best, _)| best),
            worst_place: interval.and_then(|interval| interval.places).map(|(_, worst)| worst),
            untrimmed: score.untrimmed.filter(|_| told).as_ref().map(nanos),
            outcome: outcome.map(Fraction::of),
            judges: score.judges,
            trimmed: score.trimmed,
            ballots: score.ballots,
            lot: lots.get(&score.entry).copied().unwrap_or_default(),
            prize: None,
            entry: score.entry,
        };
        (placing, result)
    };
    let measured = scores(rules.method(), entries, votes).into_iter().map(measured).collect();
    settled(rules, measured, disqualified, Acceptance::None)
}

/// Whether the mean before trimming may be told.
pub fn is_told(scored: bool, judges: usize, ballots: u64) -> bool {
    scored && judges >= TOLD_FROM_JUDGES && ballots >= TOLD_FROM_BALLOTS
}

/// Of a score and, where ratings have weight, an outcome. A strength has no bounds, and is blended as the share of pairs that it
/// wins against an average entry, in whole billionths.
pub fn result(rules: &Rules, score: &BigRational, outcome: Option<&BigRational>) -> BigRational {
    let Some(outcome) = outcome else { return score.clone() };
    match rules.method() {
        Method::TrimmedTeamMean { .. } | Method::Plurality => blended(score, outcome, rules.blend_bp),
        Method::PairwiseConsensus => {
            let share = against_average(nanos(score) as f64 / NANOS as f64);
            let share = ratio(consensus::nanos(share).into(), NANOS.into());
            blended(&share, outcome, rules.blend_bp)
        }
    }
}

/// Puts measured entries in order and gives out places and prizes. Lots are as they were drawn.
pub fn settled(
    rules: &Rules,
    measured: Vec<(Placing, Option<BigRational>)>,
    disqualified: &BTreeSet<String>,
    acceptance: Acceptance,
) -> Vec<Placing> {
    let competing = measured.iter().filter(|(placing, _)| !disqualified.contains(&placing.team));
    let place: BTreeMap<String, usize> =
        places(&competing.map(|(placing, result)| (placing.entry.clone(), result.clone())).collect())
            .into_iter()
            .map(|placed| (placed.entry, placed.place))
            .collect();
    let mut placings: Vec<Placing> = measured.into_iter().map(|(placing, _)| placing).collect();
    for placing in &mut placings {
        placing.place = place.get(&placing.entry).copied().unwrap_or(0);
        placing.prize = None;
    }
    placings.sort_by_key(|one| (one.place == 0, one.place, one.lot));
    if acceptance == Acceptance::Accepted || !is_provisional(rules, &placings) {
        award(&rules.prizes, &mut placings);
    }
    placings
}

/// Prizes go down the list, on which lots have put equals in order; never to an entry without a score.
fn award(prizes: &[String], placings: &mut [Placing]) {
    let mut holders: BTreeMap<usize, usize> = BTreeMap::new();
    placings.iter().filter(|one| one.place > 0).for_each(|one| *holders.entry(one.place).or_default() += 1);
    let winners = placings.iter_mut().filter(|one| one.place > 0 && one.score.is_some());
    for (placing, name) in winners.zip(prizes) {
        let by_lot = holders.get(&placing.place).is_some_and(|holders| *holders > 1);
        placing.prize = Some(Prize { name: name.clone(), by_lot });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Form,
        ballot::{Mark, UNIT},
        dealing::OneWay,
        rules::{SwapRule, Tally},
        tally::Sums,
    };

    fn rules(prizes: &[&str], blend_bp: u32) -> Rules {
        Rules {
            form: Form::RankedPanel,
            tally: Tally::TrimmedTeamMean,
            trim_bp: 2_500,
            panel_size: 8,
            one_way: OneWay::Auto,
            choices: 1,
            swap_rule: SwapRule::None,
            blend_bp,
            blend_days: None,
            hides_teams: false,
            neutral_teams: BTreeSet::new(),
            additional_voters: BTreeSet::new(),
            excluded: BTreeSet::new(),
            prizes: prizes.iter().map(|one| (*one).to_owned()).collect(),
            dispute_window: 0,
            public_draw_source: String::new(),
            few_judges: FewJudges::Provisional,
            extension: 0,
        }
    }

    fn entries(count: usize) -> Vec<Entry> {
        (0..count).map(|at| Entry { id: format!("e{at}"), team: format!("t{at}") }).collect()
    }

    /// Five judge teams give each entry its share in sixths.
    fn votes(shares: &[u64]) -> Votes {
        let mut sums = Sums::default();
        for (at, share) in shares.iter().enumerate() {
            for judge in 0..5 {
                sums.add(&format!("j{judge}"), &format!("e{at}"), Mark { share: UNIT / 6 * share, top: false });
            }
        }
        Votes { sums, ..Votes::default() }
    }

    fn placed(rules: &Rules, shares: &[u64], outcomes: &[(&str, i128)], out: &[&str]) -> Vec<Placing> {
        placings(&Basis {
            rules,
            entries: &entries(shares.len()),
            votes: &votes(shares),
            seed: &Seed::from_bytes(vec![9]),
            outcomes: &outcomes.iter().map(|(team, tenths)| ((*team).to_owned(), ratio(*tenths, 10))).collect(),
            disqualified: &out.iter().map(|team| (*team).to_owned()).collect(),
        })
    }

    #[test]
    fn a_lot_decides_between_equals_and_says_so() {
        let found = placed(&rules(&["a cup", "a cake"], 0), &[6, 3, 6, 0], &[], &[]);
        let places: Vec<usize> = found.iter().map(|one| one.place).collect();
        assert_eq!(places, [1, 1, 3, 4]);
        assert!(found[0].lot < found[1].lot);
        let prize = |at: usize| found[at].prize.clone().map(|prize| (prize.name, prize.by_lot));
        assert_eq!(prize(0), Some(("a cup".into(), true)));
        assert_eq!((prize(1), prize(2)), (Some(("a cake".into(), true)), None));
    }

    #[test]
    fn ties_everywhere_share_the_first_place() {
        let found = placed(&rules(&["a cup"], 0), &[3; 6], &[], &[]);
        assert!(found.iter().all(|one| one.place == 1));
        assert_eq!(found.iter().filter(|one| one.prize.is_some()).count(), 1);
    }

    #[test]
    fn a_disqualified_entry_loses_its_place_and_others_keep_their_scores() {
        let all = placed(&rules(&["a cup"], 0), &[6, 3, 4, 0], &[], &[]);
        let without = placed(&rules(&["a cup"], 0), &[6, 3, 4, 0], &[], &["t0"]);
        let last = without.last().unwrap();
        assert_eq!((&last.entry[..], last.place, &last.prize), ("e0", 0, &None));
        assert_eq!((without[0].place, &without[0].entry[..]), (1, "e2"));
        assert!(without[0].prize.is_some());
        for one in &without {
            let before = all.iter().find(|other| other.entry == one.entry).unwrap();
            assert_eq!((&one.score, one.lot), (&before.score, before.lot));
        }
    }

    #[test]
    fn customers_move_the_result_by_their_weight() {
        let found = placed(&rules(&[], 5_000), &[6, 5], &[("t0", 0), ("t1", 10)], &[]);
        assert_eq!(found[0].entry, "e1");
        assert_eq!(found[0].result.as_ref().map(|one| one.exact.as_str()), Some("11/12"));
        assert_eq!(found[0].score.as_ref().map(|one| one.exact.as_str()), Some("5/6"));
        let unrated = placed(&rules(&[], 5_000), &[6, 5], &[], &[]);
        assert_eq!(unrated[0].outcome.as_ref().map(|one| one.exact.as_str()), Some("1/2"));
    }

    #[test]
    fn if_everybody_abstains_all_share_the_last_place_without_a_prize() {
        let found = placings(&Basis {
            rules: &rules(&["a cup"], 0),
            entries: &entries(4),
            votes: &Votes::default(),
            seed: &Seed::from_bytes(vec![9]),
            outcomes: &BTreeMap::new(),
            disqualified: &BTreeSet::new(),
        });
        assert!(found.iter().all(|one| one.place == 1 && one.score.is_none() && one.prize.is_none()));
    }

    #[test]
    fn what_trimming_changed_is_told_of_enough_ballots_only() {
        let few = placed(&rules(&[], 0), &[6, 3], &[], &[]);
        assert_eq!((few[0].judges, few[0].ballots, few[0].untrimmed), (5, 5, None));
    }
}
