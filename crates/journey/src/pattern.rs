//! What comes back after what: marks of an interaction after which something comes more often than otherwise, against a
//! base rate, and how far such claims came true later.
//!
//! [`learn`] takes interactions in order of time, each with its marks, its traveller and whether it came within so
//! long. The first `LEARNT` of them teach, the others judge: what is learnt is never judged by what it was learnt
//! from, and nothing is known before its time is over.
//!
//! A mark's *lift* is the share of its interactions after which it came, over that of all without the mark.
//! Interactions of one traveller are not independent, and some travellers come a hundred times, so the variance of its
//! logarithm is that of sums by traveller (the linearised ratio estimator: Liang and Zeger (1986), Biometrika 73:13-22;
//! with Katz et al. (1978), Biometrics 34:469-474 as the case of one interaction each). Of all marks that are frequent
//! enough, those are kept whose lift is above one at a false discovery rate of 5 % (Benjamini and Hochberg 1995).
//!
//! A claim is the share of the kept mark that promises most, pulled towards the base by `TRUST` imagined
//! interactions; without a kept mark it is the share of those without. What claims are worth is corrected as for
//! preferences, by how often such came true.

use std::collections::{BTreeMap, HashSet};

use rapport_preference::calibration::{Calibration, calibration_error};
use rapport_statistics::{
    interval::{Z, largest_rejected},
    random::SplitMix,
};
use serde::{Deserialize, Serialize};

/// The share that teaches.
const LEARNT: f64 = 0.6;
/// A mark is asked about from so many travellers on, so that none of them is known by it.
pub const TRAVELLERS: i64 = 30;
/// And from so many on after which it came, and without the mark as well, for the approximation by a normal
/// distribution.
pub const CAME: i64 = 10;
/// False discoveries among the kept.
const LEVEL: f64 = 0.05;
/// Imagined interactions at the base.
const TRUST: f64 = 20.0;
/// Bins of a reliability table, of equal mass.
const BINS: usize = 10;

/// An interaction after which something may come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Whose.
    pub traveller: u32,
    /// When.
    pub at: i64,
    /// Numbers of what is said of it, each once.
    pub marks: Vec<u32>,
    /// Whether it came within the time.
    pub came: bool,
}

/// Of so many interactions, it came after so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Interactions.
    pub n: i64,
    /// After which it came.
    pub came: i64,
}

impl Count {
    fn note(&mut self, came: bool) {
        self.n += 1;
        self.came += i64::from(came);
    }

    fn without(self, other: Self) -> Self {
        Self { n: self.n - other.n, came: self.came - other.came }
    }

    /// Absent of none.
    pub fn share(self) -> Option<f64> {
        (self.n > 0).then(|| self.came as f64 / self.n as f64)
    }
}

/// A lift with its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// 2: it comes twice as often.
    pub ratio: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How likely a distance from 1 like this is by chance, asked in both directions.
    pub p_value: f64,
}

/// A mark after which it comes more often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pattern<M> {
    /// What is said of the interactions.
    pub mark: M,
    /// In what taught.
    pub count: Count,
    /// Whose they were.
    pub travellers: i64,
    /// Against all without the mark.
    pub lift: Lift,
    /// In what judged.
    pub later: Count,
    /// There. None: too little is known.
    pub later_lift: Option<Lift>,
}

impl<M> Pattern<M> {
    /// Whether it came more often in what judged, too.
    pub fn came_true(&self) -> bool {
        self.later_lift.is_some_and(|lift| lift.low > 1.0)
    }
}

/// A row of a reliability table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The mean of what was claimed.
    pub claimed: f64,
    /// After how many it came.
    pub count: Count,
}

/// How claims came true.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// In what judged.
    pub count: Count,
    /// The mean squared distance of claims from what came: Brier (1950), Monthly Weather Review 78:1-3.
    pub brier: f64,
    /// The same had the base been claimed every time.
    pub base_brier: f64,
    /// Expected calibration error.
    pub calibration_error: f64,
    /// From the lowest claims to the highest.
    pub bins: Vec<Bin>,
}

/// What was learnt of one thing that comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learnt<M> {
    /// The base: of all that taught.
    pub base: Count,
    /// Of those without a kept mark.
    pub rest: Count,
    /// Marks that were frequent enough to be asked about.
    pub asked: usize,
    /// Those that were kept, the largest lift first.
    pub patterns: Vec<Pattern<M>>,
    /// What claims are worth.
    pub calibration: Calibration,
    /// None: there was nothing to judge by.
    pub judgement: Option<Judgement>,
}

/// What is claimed of an interaction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim<'a, M> {
    /// How likely it comes, 0 to 1.
    pub chance: f64,
    /// By which pattern; none: by none.
    pub pattern: Option<&'a Pattern<M>>,
}

impl<M> Learnt<M> {
    /// As it was learnt, before it is known what such claims are worth.
    fn raw(&self, holds: impl Fn(&M) -> bool) -> (f64, Option<&Pattern<M>>) {
        let base = self.base.share().unwrap_or_default();
        let pulled = |count: Count| (count.came as f64 + TRUST * base) / (count.n as f64 + TRUST);
        let kept = self.patterns.iter().filter(|pattern| holds(&pattern.mark));
        let best = kept.max_by(|one, other| pulled(one.count).total_cmp(&pulled(other.count)));
        (pulled(best.map_or(self.rest, |pattern| pattern.count)), best)
    }

    /// Of an interaction of which these marks hold.
    pub fn claim(&self, holds: impl Fn(&M) -> bool) -> Claim<'_, M> {
        let (raw, pattern) = self.raw(holds);
        Claim { chance: self.calibration.confidence(raw), pattern }
    }
}

impl Learnt<u32> {
    fn named<M: Clone>(self, marks: &[M]) -> Learnt<M> {
        let Self { base, rest, asked, patterns, calibration, judgement } = self;
        let named = patterns.into_iter().map(|pattern| {
            let Pattern { mark, count, travellers, lift, later, later_lift } = pattern;
            Pattern { mark: marks[mark as usize].clone(), count, travellers, lift, later, later_lift }
        });
        Learnt { base, rest, asked, patterns: named.collect(), calibration, judgement }
    }
}

/// Learns from interactions in order of time, of which all that follows within `within` is known; `marks`: by their
/// numbers.
pub fn learn<M: Clone>(index: &[Index], marks: &[M], within: i64) -> Learnt<M> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let cut = (index.len() as f64 * LEARNT) as usize;
    let (early, late) = index.split_at(cut);
    let from = late.first().map_or(i64::MAX, |first| first.at);
    // What was over when the first judged one happened: else it would be learnt from the same events that judge.
    let early = &early[..early.partition_point(|one| one.at.saturating_add(within) <= from)];
    let (taught, judged) = (Sums::of(early, marks.len()), Sums::of(late, marks.len()));
    let asked: Vec<(u32, Lift)> = (0..taught.of.len())
        .filter(|mark| taught.is_frequent(*mark))
        .filter_map(|mark| Some((u32::try_from(mark).ok()?, taught.lift(mark)?)))
        .collect();
    let p_values: Vec<f64> = asked.iter().map(|(_, lift)| lift.p_value).collect();
    let bound = largest_rejected(&p_values, LEVEL).unwrap_or(-1.0);
    let (count, mut seen) = (asked.len(), HashSet::new());
    let kept = asked.into_iter().filter(|(_, lift)| lift.p_value <= bound && lift.ratio > 1.0);
    // Two marks of exactly the same interactions are one pattern, under the name that comes first.
    let kept = kept.filter(|(mark, _)| seen.insert(taught.prints[*mark as usize]));
    let pattern = |(mark, lift): (u32, Lift)| Pattern {
        mark,
        count: taught.of[mark as usize],
        travellers: taught.travellers[mark as usize],
        lift,
        later: judged.of[mark as usize],
        later_lift: judged.lift(mark as usize),
    };
    let mut patterns: Vec<Pattern<u32>> = kept.map(pattern).collect();
    patterns.sort_by(|one, other| other.lift.ratio.total_cmp(&one.lift.ratio));
    let is_kept = |one: &&Index| patterns.iter().any(|pattern| one.marks.contains(&pattern.mark));
    let mut rest = taught.all;
    early.iter().filter(is_kept).for_each(|one| rest = rest.without(Count { n: 1, came: one.came.into() }));
    let calibration = Calibration::default();
    let mut learnt = Learnt { base: taught.all, rest, asked: count, patterns, calibration, judgement: None };
    judge(&mut learnt, late, within);
    learnt.named(marks)
}

/// Claims of each later interaction what would have been claimed then, and compares.
fn judge(learnt: &mut Learnt<u32>, late: &[Index], within: i64) {
    if late.is_empty() || learnt.base.n == 0 {
        return;
    }
    let base = learnt.base.share().unwrap_or_default();
    let raws: Vec<f64> = late.iter().map(|one| learnt.raw(|mark| one.marks.contains(mark)).0).collect();
    let mut claims: Vec<(f64, bool)> = Vec::with_capacity(late.len());
    let mut waiting = late.iter().zip(&raws).peekable();
    let (mut brier, mut base_brier, mut count) = (0.0, 0.0, Count::default());
    for (one, raw) in late.iter().zip(&raws) {
        // What was known by then.
        while let Some((known, raw)) = waiting.next_if(|(known, _)| known.at.saturating_add(within) <= one.at) {
            learnt.calibration.note(*raw, known.came);
        }
        let claimed = learnt.calibration.confidence(*raw);
        let came = f64::from(u8::from(one.came));
        brier += (claimed - came).powi(2);
        base_brier += (base - came).powi(2);
        count.note(one.came);
        claims.push((claimed, one.came));
    }
    for (known, raw) in waiting {
        learnt.calibration.note(*raw, known.came);
    }
    claims.sort_by(|one, other| one.0.total_cmp(&other.0));
    let bins = (0..BINS).map(|bin| &claims[bin * claims.len() / BINS..(bin + 1) * claims.len() / BINS]);
    let bins = bins.filter(|bin| !bin.is_empty()).map(|bin| {
        let mut count = Count::default();
        bin.iter().for_each(|(_, came)| count.note(*came));
        Bin { claimed: bin.iter().map(|(claimed, _)| claimed).sum::<f64>() / bin.len() as f64, count }
    });
    let n = late.len() as f64;
    learnt.judgement = Some(Judgement {
        count,
        brier: brier / n,
        base_brier: base_brier / n,
        bins: bins.collect(),
        calibration_error: calibration_error(claims),
    });
}

/// Sums over interactions by mark, and by mark and traveller.
struct Sums {
    all: Count,
    of: Vec<Count>,
    travellers: Vec<i64>,
    /// The same for marks of the same interactions.
    prints: Vec<u64>,
    /// Of each mark: a traveller's count with it, and in all.
    by: Vec<Vec<(Count, Count)>>,
    /// Over all travellers: the sums of n², n·came and came².
    squares: [f64; 3],
    count: usize,
}

impl Sums {
    fn of(index: &[Index], marks: usize) -> Self {
        // In order, since sums of fractions depend on it.
        let mut travellers: BTreeMap<u32, (Count, BTreeMap<u32, Count>)> = BTreeMap::new();
        let (mut all, mut of, mut prints) = (Count::default(), vec![Count::default(); marks], vec![0_u64; marks]);
        for (at, one) in (1_u64..).zip(index) {
            all.note(one.came);
            let (own, by_mark) = travellers.entry(one.traveller).or_default();
            own.note(one.came);
            for mark in &one.marks {
                of[*mark as usize].note(one.came);
                by_mark.entry(*mark).or_default().note(one.came);
                // Places made random, so that other sets of them hardly have the same sum.
                let print = &mut prints[*mark as usize];
                *print = print.wrapping_add(SplitMix(at).bits());
            }
        }
        let (mut by, mut squares) = (vec![Vec::new(); marks], [0.0; 3]);
        let count = travellers.len();
        for (own, by_mark) in travellers.into_values() {
            let (n, came) = (own.n as f64, own.came as f64);
            squares = [squares[0] + n * n, squares[1] + n * came, squares[2] + came * came];
            for (mark, with) in by_mark {
                by[mark as usize].push((with, own));
            }
        }
        let travellers = by.iter().map(|by| i64::try_from(by.len()).unwrap_or(i64::MAX)).collect();
        Self { all, of, travellers, prints, by, squares, count }
    }

    fn is_frequent(&self, mark: usize) -> bool {
        self.travellers[mark] >= TRAVELLERS && self.is_known(mark)
    }

    fn is_known(&self, mark: usize) -> bool {
        self.of[mark].came >= CAME && self.all.without(self.of[mark]).came >= CAME
    }

    /// With the mark against without; none: too little is known.
    fn lift(&self, mark: usize) -> Option<Lift> {
        let (with, without) = (self.of[mark], self.all.without(self.of[mark]));
        if !self.is_known(mark) || self.count < 2 {
            return None;
        }
        let (p, q) = (with.share()?, without.share()?);
        // A traveller who never has the mark adds the square of this; sums over all give it at once.
        let alone = |[nn, nc, cc]: [f64; 3]| (cc - 2.0 * q * nc + q * q * nn) / (without.n as f64 * q).powi(2);
        let mut variance = alone(self.squares);
        for (own_with, own) in &self.by[mark] {
            let (n, came) = (own.n as f64, own.came as f64);
            let own_without = own.without(*own_with);
            let part =
                |own: Count, all: Count, share: f64| (own.came as f64 - share * own.n as f64) / (all.n as f64 * share);
            let both = part(*own_with, with, p) - part(own_without, without, q);
            variance += both * both - alone([n * n, n * came, came * came]);
        }
        let travellers = self.count as f64;
        let spread = (variance.max(0.0) * travellers / (travellers - 1.0)).sqrt();
        if spread <= 0.0 {
            return None;
        }
        let log = (p / q).ln();
        Some(Lift {
            ratio: p / q,
            low: (log - Z * spread).exp(),
            high: (log + Z * spread).exp(),
            p_value: libm::erfc((log / spread).abs() / std::f64::consts::SQRT_2),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// So many travellers with so many interactions each, in order of time; `chance`: of traveller and mark.
    fn record(
        random: &mut SplitMix,
        (travellers, each, marks): (u32, usize, u32),
        chance: impl Fn(&mut SplitMix, u32, u32) -> f64,
        mark: impl Fn(&mut SplitMix, u32) -> u32,
    ) -> Vec<Index> {
        let mut index = Vec::new();
        for traveller in 0..travellers {
            for _ in 0..each {
                let mark = mark(random, traveller).min(marks - 1);
                let chance = chance(random, traveller, mark);
                let at = i64::try_from(random.below(1_000_000)).unwrap();
                index.push(Index { traveller, at, marks: vec![mark], came: random.fraction() < chance });
            }
        }
        index.sort_by_key(|one| one.at);
        index
    }

    fn number(below: usize) -> u32 {
        u32::try_from(below).unwrap()
    }

    #[test]
    fn what_comes_more_often_is_found_and_comes_true() {
        let mut random = SplitMix(7);
        let chance = |_: &mut SplitMix, _: u32, mark: u32| if mark == 3 { 0.4 } else { 0.1 };
        let index = record(&mut random, (2_000, 5, 10), chance, |random, _| number(random.below(10)));
        let names: Vec<String> = (0..10).map(|mark| format!("mark {mark}")).collect();
        let learnt = learn(&index, &names, 1_000);
        assert_eq!(learnt.asked, 10);
        let found: Vec<&str> = learnt.patterns.iter().map(|pattern| &*pattern.mark).collect();
        assert_eq!(found, ["mark 3"]);
        let pattern = &learnt.patterns[0];
        assert!(pattern.lift.low < 4.0 && 4.0 < pattern.lift.high, "{pattern:?}");
        assert!(pattern.later_lift.unwrap().low > 2.0 && pattern.came_true(), "{pattern:?}");
        let judged = learnt.judgement.as_ref().unwrap();
        assert!(judged.brier < judged.base_brier * 0.95, "{judged:?}");
        assert!(judged.calibration_error < 0.03, "{judged:?}");
        let claim = learnt.claim(|mark| mark == "mark 3");
        assert!((0.35..0.45).contains(&claim.chance) && claim.pattern.is_some(), "{claim:?}");
        let other = learnt.claim(|mark| mark == "mark 4");
        assert!((0.07..0.13).contains(&other.chance) && other.pattern.is_none(), "{other:?}");
    }

    #[test]
    fn a_few_who_come_often_are_no_pattern() {
        // Every traveller has a mark and a habit of their own, which have nothing to do with each other. Counted as
        // independent interactions, several marks in each of these records would look like patterns.
        let mut false_ones = 0;
        for seed in 0..40 {
            let mut random = SplitMix(seed);
            let habits: Vec<f64> = (0..400).map(|_| if random.fraction() < 0.2 { 0.8 } else { 0.05 }).collect();
            let index = record(
                &mut random,
                (400, 30, 8),
                |_, traveller, _| habits[traveller as usize],
                |_, traveller| traveller % 8,
            );
            false_ones += usize::from(!learn(&index, &(0..8).collect::<Vec<u32>>(), 1_000).patterns.is_empty());
        }
        assert!(false_ones <= 6, "{false_ones} of 40");
    }

    #[test]
    fn the_interval_covers_the_lift_as_often_as_it_says() {
        let mut covered = 0;
        for seed in 0..200 {
            let mut random = SplitMix(seed);
            let chance = |_: &mut SplitMix, traveller: u32, mark: u32| {
                let habit = if traveller.is_multiple_of(3) { 2.0 } else { 0.5 };
                habit * if mark == 1 { 0.2 } else { 0.1 }
            };
            let index = record(&mut random, (300, 4, 2), chance, |random, _| number(random.below(2)));
            let lift = Sums::of(&index, 2).lift(1).unwrap();
            covered += usize::from(lift.low <= 2.0 && 2.0 <= lift.high);
        }
        assert!((180..=199).contains(&covered), "{covered} of 200");
    }

    #[test]
    fn one_interaction_each_has_the_published_interval() {
        // Katz's interval of a ratio of 2: 20 of 100 against 10 of 100.
        let index: Vec<Index> = (0..200)
            .map(|at| Index {
                traveller: at,
                at: at.into(),
                marks: (at < 100).then_some(0).into_iter().collect(),
                came: at % 100 < if at < 100 { 20 } else { 10 },
            })
            .collect();
        let lift = Sums::of(&index, 1).lift(0).unwrap();
        let katz: f64 = 1.0 / 20.0 - 1.0 / 100.0 + 1.0 / 10.0 - 1.0 / 100.0;
        let spread = (katz * 200.0 / 199.0).sqrt();
        assert!((lift.ratio - 2.0).abs() < 1e-12);
        assert!((lift.low - 2.0 * (-Z * spread).exp()).abs() < 1e-9, "{lift:?}");
        assert!((lift.p_value - libm::erfc(2.0_f64.ln() / spread / std::f64::consts::SQRT_2)).abs() < 1e-12);
    }

    #[test]
    fn little_says_nothing() {
        let none = learn::<u32>(&[], &[], 10);
        assert_eq!((none.base, none.patterns.len(), none.judgement), (Count::default(), 0, None));
        let few: Vec<Index> =
            (0..29).map(|at| Index { traveller: at, at: at.into(), marks: vec![0], came: true }).collect();
        let learnt = learn(&few, &["mark"], 1);
        assert_eq!((learnt.asked, learnt.patterns.len()), (0, 0));
        assert!((0.9..=1.0).contains(&learnt.claim(|_| true).chance));
    }

    #[test]
    fn marks_of_the_same_interactions_are_one_pattern() {
        let mut random = SplitMix(3);
        let chance = |_: &mut SplitMix, _: u32, mark: u32| if mark == 1 { 0.5 } else { 0.1 };
        let mut index = record(&mut random, (1_000, 4, 4), chance, |random, _| number(random.below(4)));
        index.iter_mut().filter(|one| one.marks == [1]).for_each(|one| one.marks = vec![1, 4]);
        let learnt = learn(&index, &["a", "b", "c", "d", "stage b"], 100);
        assert_eq!(learnt.patterns.iter().map(|pattern| pattern.mark).collect::<Vec<_>>(), ["b"]);
        assert_eq!(learnt.asked, 5);
    }

    proptest! {
        #[test]
        fn counts_add_up_and_claims_are_chances(
            told in prop::collection::vec((0..40_u32, 0..500_i64, 0..4_u32, any::<bool>()), 0..300),
            within in 0..50_i64,
        ) {
            let mut index: Vec<Index> = told
                .into_iter()
                .map(|(traveller, at, mark, came)| Index { traveller, at, marks: vec![mark], came })
                .collect();
            index.sort_by_key(|one| one.at);
            let learnt = learn(&index, &[0_u32, 1, 2, 3], within);
            let patterns: i64 = learnt.patterns.iter().map(|pattern| pattern.count.n).sum();
            prop_assert_eq!(patterns + learnt.rest.n, learnt.base.n);
            prop_assert!(learnt.patterns.iter().all(|pattern| pattern.lift.ratio > 1.0 && pattern.travellers >= TRAVELLERS));
            for mark in 0..5 {
                prop_assert!((0.0..=1.0).contains(&learnt.claim(|one| *one == mark).chance));
            }
            if let Some(judged) = &learnt.judgement {
                prop_assert!((0.0..=1.0).contains(&judged.brier));
                prop_assert_eq!(judged.bins.iter().map(|bin| bin.count.n).sum::<i64>(), judged.count.n);
                prop_assert!(judged.count.n + learnt.base.n <= i64::try_from(index.len()).unwrap());
            }
        }
    }
}
