//! 2×2 tables, and the exact conditional test of whether one side says yes less often than the other over several of them.
//!
//! Given the margins of a table, how many of one side said yes follows Fisher's noncentral hypergeometric distribution,
//! which depends on the odds ratio alone. Over strata the sum of them is tested: the conditional test of Birch (1964),
//! J. Royal Stat. Soc. B 26:313-324, of which the statistic of Mantel and Haenszel (1959), J. Natl. Cancer Inst.
//! 22:719-748, is the normal approximation. Sides that differ honestly have no single odds ratio: the probability is
//! then the mean over a distribution of them ([`Spread`]).

/// With more information than this the sum of the tables is normal to the accuracy that matters.
const LARGE: f64 = 200.0;
/// Probabilities relative to the largest below this are nothing.
const NEGLIGIBLE: f64 = 1e-300;
/// Nodes on each side of the centre at which a [`Spread`] is evaluated, and how far out they reach.
const NODES: i32 = 24;
const FARTHEST: f64 = 6.0;

/// How often each of two sides said yes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    /// The side in question.
    pub(crate) yes: u64,
    pub(crate) no: u64,
    /// What it is compared with.
    pub(crate) other_yes: u64,
    pub(crate) other_no: u64,
}

/// How log odds ratios differ without fault: t-distributed around 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    /// Their scale; 0: they do not differ.
    pub(crate) scale: f64,
    /// Of the estimate of that scale.
    pub(crate) freedom: f64,
}

impl Spread {
    /// Log odds ratios and their weights, which sum to 1. Nodes lie at scale × sinh(s) for equally distant s, so that heavy
    /// tails are reached with few of them.
    fn nodes(self) -> Vec<(f64, f64)> {
        if self.scale <= 0.0 {
            return vec![(0.0, 1.0)];
        }
        let node = |at: i32| {
            let s = f64::from(at) / f64::from(NODES) * FARTHEST;
            let distance = libm::sinh(s);
            let density = libm::pow(1.0 + distance * distance / self.freedom, -(self.freedom + 1.0) / 2.0);
            (self.scale * distance, density * libm::cosh(s))
        };
        let nodes: Vec<_> = (-NODES..=NODES).map(node).collect();
        let sum: f64 = nodes.iter().map(|(_, weight)| weight).sum();
        nodes.into_iter().map(|(log_odds, weight)| (log_odds, weight / sum)).collect()
    }
}

impl Table {
    fn side(&self) -> u64 {
        self.yes + self.no
    }

    fn total(&self) -> u64 {
        self.side() + self.other_yes + self.other_no
    }

    fn all_yes(&self) -> u64 {
        self.yes + self.other_yes
    }

    /// How many more said yes than if both sides did so equally often.
    pub(crate) fn excess(&self) -> f64 {
        if self.total() == 0 {
            0.0
        } else {
            self.yes as f64 - self.side() as f64 * self.all_yes() as f64 / self.total() as f64
        }
    }

    /// The variance of [`Self::excess`] given the margins, which is the information about the log odds ratio near 0. None where
    /// the margins leave no choice.
    pub(crate) fn information(&self) -> f64 {
        let [side, total, yes] = [self.side(), self.total(), self.all_yes()].map(|count| count as f64);
        if total < 2.0 { 0.0 } else { side * (total - side) * yes * (total - yes) / (total * total * (total - 1.0)) }
    }

    /// The probabilities of how many of the side say yes, from the least possible on, at a log odds ratio.
    ///
    /// They are built outward from the most probable one by their ratios, and end where they no longer count: no factorials.
    fn distribution(&self, log_odds: f64) -> Probabilities {
        let (side, yes, total) = (self.side(), self.all_yes(), self.total());
        let least = (side + yes).saturating_sub(total);
        let most = side.min(yes);
        let odds = libm::exp(log_odds);
        // P(k + 1) / P(k); it falls in k.
        let ratio = |k: u64| {
            odds * (yes - k) as f64 * (side - k) as f64 / ((k + 1) as f64 * (total + k + 1 - yes - side) as f64)
        };
        let (mut low, mut high) = (least, most);
        while low < high {
            let middle = low + (high - low) / 2;
            if ratio(middle) > 1.0 { low = middle + 1 } else { high = middle }
        }
        let mode = low;
        let mut below = Vec::new();
        let mut weight = 1.0;
        for k in (least..mode).rev() {
            weight /= ratio(k);
            if weight < NEGLIGIBLE {
                break;
            }
            below.push(weight);
        }
        let first = mode - below.len() as u64;
        let mut weights: Vec<f64> = below.into_iter().rev().collect();
        weights.push(1.0);
        weight = 1.0;
        for k in mode..most {
            weight *= ratio(k);
            if weight < NEGLIGIBLE {
                break;
            }
            weights.push(weight);
        }
        let sum: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Probabilities { first, weights }
    }
}

/// Of consecutive counts.
struct Probabilities {
    first: u64,
    weights: Vec<f64>,
}

impl Probabilities {
    /// Of the sum of two independent counts.
    fn plus(self, other: &Self) -> Self {
        let mut weights = vec![0.0; self.weights.len() + other.weights.len() - 1];
        for (at, one) in self.weights.iter().enumerate() {
            for (further, another) in other.weights.iter().enumerate() {
                weights[at + further] += one * another;
            }
        }
        Self { first: self.first + other.first, weights }
    }

    /// The probability of at most `count`, as a function of by how much the log odds ratio is larger in every part of the sum.
    fn at_most(self, count: u64) -> impl Fn(f64) -> f64 {
        let logs: Vec<f64> = self.weights.into_iter().map(f64::ln).collect();
        let within = count.checked_sub(self.first).map_or(0, |last| last as usize + 1).min(logs.len());
        move |log_odds| {
            let moved = || logs.iter().enumerate().map(|(at, log)| log + log_odds * at as f64);
            let largest = moved().fold(f64::NEG_INFINITY, f64::max);
            let weight = |log: f64| if log - largest < -50.0 { 0.0 } else { (log - largest).exp() };
            let (low, high) = (moved().take(within).map(weight), moved().skip(within).map(weight));
            let (low, high): (f64, f64) = (low.sum(), high.sum());
            low / (low + high)
        }
    }
}

/// The probability that the side in question says yes no more often than it did, over all tables together, if its log odds ratio
/// in each is the one beside it and what `spread` adds. Absent where the margins leave no choice.
pub(crate) fn lower_tail(tables: &[(Table, f64)], spread: Spread) -> Option<f64> {
    let informative: Vec<_> = tables.iter().filter(|(table, _)| table.information() > 0.0).collect();
    let information: f64 = informative.iter().map(|(table, _)| table.information()).sum();
    if informative.is_empty() {
        return None;
    }
    let tail: Box<dyn Fn(f64) -> f64> = if information > LARGE {
        let excess: f64 = informative.iter().map(|(table, centre)| table.excess() - centre * table.information()).sum();
        Box::new(move |log_odds| {
            let distance = (excess + 0.5 - log_odds * information) / information.sqrt();
            0.5 * libm::erfc(-distance / std::f64::consts::SQRT_2)
        })
    } else {
        let yes: u64 = informative.iter().map(|(table, _)| table.yes).sum();
        let none = Probabilities { first: 0, weights: vec![1.0] };
        let sum = informative.iter().fold(none, |sum, (table, centre)| sum.plus(&table.distribution(*centre)));
        Box::new(sum.at_most(yes))
    };
    Some(spread.nodes().into_iter().map(|(log_odds, weight)| weight * tail(log_odds)).sum::<f64>().min(1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NO_SPREAD: Spread = Spread { scale: 0.0, freedom: 1.0 };

    fn table(yes: u64, no: u64, other_yes: u64, other_no: u64) -> Table {
        Table { yes, no, other_yes, other_no }
    }

    fn tail(tables: &[Table]) -> f64 {
        let tables: Vec<_> = tables.iter().map(|table| (*table, 0.0)).collect();
        lower_tail(&tables, NO_SPREAD).unwrap()
    }

    #[test]
    fn one_table_is_fishers_exact_test() {
        // Fisher (1935), The Design of Experiments, chapter II: three of four cups told right, 17 of 70 ways to do as well.
        assert!((tail(&[table(1, 3, 3, 1)]) - 17.0 / 70.0).abs() < 1e-12);
        // Fisher (1962), twins of convicts: 2 of 17 identical, 10 of 13. One-sided 0.0004652.
        assert_eq!((tail(&[table(2, 15, 10, 3)]) * 1e7).round(), 4652.0);
    }

    #[test]
    fn several_tables_are_the_sum_of_independent_ones() {
        // By hand: in each of three tables 1 of 2 said yes, and it is the other one: probability 1/2 each.
        assert!((tail(&[table(0, 1, 1, 0); 3]) - 0.125).abs() < 1e-12);
        // What the margins decide says nothing.
        assert!((tail(&[table(0, 1, 1, 0), table(5, 0, 5, 0), table(0, 0, 3, 3)]) - 0.5).abs() < 1e-12);
        assert_eq!(lower_tail(&[(table(5, 0, 5, 0), 0.0), (Table::default(), 0.0)], NO_SPREAD), None);
    }

    #[test]
    fn an_odds_ratio_that_is_expected_is_no_surprise() {
        // 30 of 100 beside 6,000 of 10,000: an odds ratio of 2/7.
        let few = table(30, 70, 6_000, 4_000);
        let centre = (2.0_f64 / 7.0).ln();
        assert!(tail(&[few]) < 1e-8);
        let expected = lower_tail(&[(few, centre)], NO_SPREAD).unwrap();
        assert!((0.4..0.6).contains(&expected), "{expected}");
    }

    #[test]
    fn honest_differences_are_no_surprise() {
        let few = [(table(30, 70, 500, 500), 0.0)];
        let p_values = [0.0, 0.2, 0.5, 1.0].map(|scale| lower_tail(&few, Spread { scale, freedom: 20.0 }).unwrap());
        assert!(p_values.is_sorted(), "{p_values:?}");
        assert!(p_values[0] < 1e-3 && p_values[3] > 0.1, "{p_values:?}");
        // A scale that is known less well excuses more.
        let [unsure, sure] = [3.0, 100.0].map(|freedom| lower_tail(&few, Spread { scale: 0.3, freedom }).unwrap());
        assert!(unsure > sure, "{unsure} {sure}");
    }

    #[test]
    fn large_counts_take_no_factorials() {
        let p_value = tail(&[table(500_000, 500_000, 5_010_000, 4_990_000)]);
        assert!((0.01..0.1).contains(&p_value), "{p_value}");
        assert!(tail(&[table(0, 1_000_000, 5_000_000, 5_000_000)]) < 1e-200);
    }

    #[test]
    fn the_normal_approximation_joins_the_exact_test() {
        // Information just below and just above the limit.
        for (n, yes) in [(795, 370), (805, 375)] {
            let one = table(yes, n - yes, 500_000, 500_000);
            let exact = one.distribution(0.0).at_most(yes)(0.0);
            assert!((tail(&[one]) / exact - 1.0).abs() < 0.01, "{n}");
            for scale in [0.1, 0.5] {
                let spread = Spread { scale, freedom: 10.0 };
                let tail = one.distribution(0.0).at_most(yes);
                let exact: f64 = spread.nodes().into_iter().map(|(odds, weight)| weight * tail(odds)).sum();
                assert!((lower_tail(&[(one, 0.0)], spread).unwrap() / exact - 1.0).abs() < 0.01, "{n} {scale}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_probability_that_grows_with_the_count(no in 1..60_u64, other_yes in 1..60_u64, other_no in 0..60_u64) {
            // The margins stay while one yes after the other moves to the side in question.
            let moved = no.min(other_yes);
            let p_values: Vec<f64> =
                (0..=moved).map(|k| tail(&[table(k, no - k, other_yes - k, other_no + k)])).collect();
            prop_assert!(p_values.iter().all(|p| (0.0..=1.0 + 1e-12).contains(p)));
            prop_assert!(p_values.is_sorted(), "{:?}", p_values);
        }
    }
}
