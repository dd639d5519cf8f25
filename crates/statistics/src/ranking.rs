//! Who is rated better than the same work lets expect, and how sure that is (R9).
//!
//! 1. What is expected of a group is what others get for the same work (`case_mix`).
//! 2. Of the difference from that, the part that is luck is taken away (`shrinkage`): with n ratings and the variance σ² of a single
//!    one, A / (A + σ²/n) of it stays. Few ratings move a group little.
//! 3. σ² is pooled within groups and cells, A is estimated from the differences of the groups with enough ratings; both *from the
//!    others only*. So nobody's own ratings decide how far their figure is drawn, and a better rating in place of a
//!    worse one always helps, as does one more that is better than expected by more than the group is now.
//! 4. The 95 % interval holds the sampling error, that of the expectation, that of A, and what the peers themselves differ by:
//!    A times the sum of their squared weights in the expectation. A group is above or below what is expected if the whole
//!    interval is. Where more than half of what is expected comes from two others, it has no place. Shrunken intervals need no further correction for the number of groups:
//!    Gelman, Hill and Yajima (2012), J. Research on Educational Effectiveness 5:189-211.
//! 5. Bands come before places. Within a band the order is that of the shrunk difference, not of the shrunk score: work
//!    that pleases anyhow is no merit. Groups equal to four decimals share a place, and the next is as many further on
//!    (1, 1, 3). On bands as what league tables can support: Goldstein and Spiegelhalter (1996), J. Royal Stat. Soc. A
//!    159:385-443.
//!
//! "Expected" is what a usual group would get; those who are there are a sample of such.
//! Cost: groups × entries (a group's cell), some nanoseconds each.

use std::cmp::Reverse;

use crate::{
    case_mix::{Cell, Expectation, Groups, Lenders, Member, Totals, Work},
    interval::{Interval, Moments, Z},
    shrinkage::{Between, Difference},
};

/// Fewer other groups with enough ratings than this tell nothing about how groups differ: then there are no bands.
const FEWEST_OTHERS: usize = 2;
/// A larger part of what is expected than this must not come from two others: they would be compared, and not the group.
const MOST: f64 = 0.5;
/// The explanation tells of no fewer ratings together.
const FEWEST_TOLD: i64 = 5;

/// Where a group stands to what is expected of it, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// The whole interval lies above.
    Above,
    /// The interval holds what is expected.
    AsExpected,
    /// The whole interval lies below.
    Below,
}

/// On which terms groups are compared.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Groups with fewer ratings are listed without band and place.
    pub minimum: i64,
    /// The least score that can be given; scores in [`Groups`] are turned so that more is better, whatever the survey says.
    pub min: i32,
    /// The greatest.
    pub max: i32,
}

/// One row of a ranking. Figures are on the scale, upright.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Of the group.
    pub key: String,
    /// Its ratings.
    pub n: i64,
    /// Of its ratings; absent without any.
    pub raw_mean: Option<f64>,
    /// Absent where there are no ratings of others.
    pub expected: Option<f64>,
    /// `expected` and what of the difference is believed; absent where too few others can be compared.
    pub shrunk: Option<f64>,
    /// Of 95 %, around `shrunk`; absent with it.
    pub interval: Option<Interval>,
    /// Absent with fewer ratings than [`Terms::minimum`], or where too few others can be compared.
    pub band: Option<Band>,
    /// From 1, shared by equals; absent with `band`.
    pub place: Option<usize>,
}

/// Why a group stands where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The mean of all ratings.
    pub overall: f64,
    /// As [`Standing::shrunk`].
    pub shrunk: f64,
    /// What lies between the two; the parts add up to it. Empty if there are fewer than five ratings.
    pub parts: Vec<Part>,
    /// Absent in the best band, and where no ratings on the scale would do.
    pub next: Option<NextBand>,
}

/// At least five ratings of one kind of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// None: several channels.
    pub channel: Option<String>,
    /// None: several topics.
    pub topic: Option<String>,
    /// How many ratings.
    pub n: i64,
    /// How far the kind of work moved the score, in points: it is rated so, no matter who does it.
    pub work: f64,
    /// How far these ratings moved it beyond that, in points.
    pub own: f64,
}

/// What would reach the next band: so many more ratings of the same mix of work with at least this mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextBand {
    /// The one that would be reached.
    pub band: Band,
    /// How many more.
    pub ratings: i64,
    /// Their mean at least.
    pub mean: f64,
}

/// By band, then by the shrunk difference in ten-thousandths.
type Order = (Band, Reverse<i64>);

/// What is known about a group, and by what the others let it be judged.
struct Fit {
    expectation: Expectation,
    lenders: Lenders,
    between: Between,
    /// The variance of a single rating.
    noise: f64,
    difference: f64,
    n: i64,
}

impl Fit {
    /// The share of the difference that stays, and half the width of the interval, if there were `n` ratings.
    fn kept_and_reach(&self, n: i64) -> (f64, f64) {
        let sampling = self.noise / n as f64;
        let kept = self.between.kept(sampling);
        // Who lends differs from the usual as the group itself does.
        let peers = self.noise * self.expectation.variance + self.lenders.squares * self.between.variance;
        let error = self.between.error(sampling) + kept * kept * peers;
        // How the error moves with A, and A is but an estimate.
        let slope = (1.0 - kept).powi(2) + kept * kept * self.lenders.squares;
        (kept, t_quantile(freedom(error, slope * slope * self.between.uncertainty)) * error.sqrt())
    }

    fn shrunk_difference(&self) -> f64 {
        self.kept_and_reach(self.n).0 * self.difference
    }

    fn interval(&self) -> Interval {
        let (kept, reach) = self.kept_and_reach(self.n);
        Interval { low: kept * self.difference - reach, high: kept * self.difference + reach }
    }

    fn is_placed(&self, terms: &Terms) -> bool {
        self.n >= terms.minimum && self.lenders.largest_two <= MOST + 1e-9
    }

    fn band(&self) -> Band {
        match self.interval() {
            Interval { low, .. } if low > 0.0 => Band::Above,
            Interval { high, .. } if high < 0.0 => Band::Below,
            Interval { .. } => Band::AsExpected,
        }
    }

    /// As many ratings again, or twice, four, eight times as many: the first with a mean that the scale has.
    fn next_band(&self, terms: &Terms) -> Option<NextBand> {
        let (band, side) = match self.band() {
            Band::Above => return None,
            Band::AsExpected => (Band::Above, 1.0),
            Band::Below => (Band::AsExpected, -1.0),
        };
        [1, 2, 4, 8].into_iter().find_map(|times| {
            let ratings = times * self.n;
            let (kept, reach) = self.kept_and_reach(self.n + ratings);
            let needed = side * reach / kept;
            let total = needed * (self.n + ratings) as f64 - self.difference * self.n as f64;
            // Up to the next hundredth: the end of the band itself is not yet in the next.
            let mean = ((self.expectation.mean + total / ratings as f64) * 100.0 + 1e-6).ceil() / 100.0;
            (mean <= f64::from(terms.max)).then_some(NextBand { band, ratings, mean: mean.max(f64::from(terms.min)) })
        })
    }
}

/// All groups: those with a place in order, then the others by key.
pub fn rank(groups: &Groups, terms: &Terms) -> Vec<Standing> {
    let work = Work::new(groups);
    let mut totals = work.all.clone();
    let mut rows: Vec<(Option<Order>, Standing)> = work
        .members
        .iter()
        .map(|member| {
            let (expected, fit) = fit(&work, &mut totals, member, terms);
            let placed = fit.as_ref().filter(|fit| fit.is_placed(terms));
            // To four decimals, as it is published: what reads the same shares a place.
            let order = placed.map(|fit| (fit.band(), Reverse((fit.shrunk_difference() * 1e4).round() as i64)));
            let within = |value: f64| value.clamp(f64::from(terms.min), f64::from(terms.max));
            let interval = fit.as_ref().map(Fit::interval).zip(expected);
            let standing = Standing {
                key: member.key.to_owned(),
                n: member.total.n,
                raw_mean: member.total.mean(),
                expected,
                shrunk: fit.as_ref().map(|fit| fit.expectation.mean + fit.shrunk_difference()),
                interval: interval.map(|(interval, expected)| Interval {
                    low: within(expected + interval.low),
                    high: within(expected + interval.high),
                }),
                band: placed.map(Fit::band),
                place: None,
            };
            (order, standing)
        })
        .collect();
    rows.sort_by(|(one, a), (other, b)| (one.is_none(), one, &a.key).cmp(&(other.is_none(), other, &b.key)));
    let mut last = (None, 0);
    for (at, (order, standing)) in rows.iter_mut().enumerate() {
        if order.is_some() {
            if last.0 != *order {
                last = (*order, at + 1);
            }
            standing.place = Some(last.1);
        }
    }
    rows.into_iter().map(|(_, standing)| standing).collect()
}

/// Why the group stands where it stands. Absent for a group that has no shrunk score.
pub fn explain(groups: &Groups, key: &str, terms: &Terms) -> Option<Explanation> {
    let work = Work::new(groups);
    let member = work.members.iter().find(|member| member.key == key)?;
    let (_, fit) = fit(&work, &mut work.all.clone(), member, terms);
    let (fit, overall) = (fit?, work.all.whole.mean()?);
    let kept = fit.kept_and_reach(fit.n).0;
    let parts = member.entries.iter().zip(&fit.expectation.by_entry).map(|(entry, expected)| {
        let Cell { channel, topic } = work.cells[entry.cell];
        let share = entry.scores.n as f64 / fit.n as f64;
        let work = share * (expected - overall);
        let own = kept * (entry.scores.sum as f64 / fit.n as f64 - share * expected);
        Part { channel: Some(channel.clone()), topic: Some(topic.clone()), n: entry.scores.n, work, own }
    });
    Some(Explanation {
        overall,
        shrunk: fit.expectation.mean + fit.shrunk_difference(),
        parts: told(parts.collect()),
        next: fit.next_band(terms).filter(|_| fit.is_placed(terms) && fit.n >= FEWEST_TOLD),
    })
}

/// Judges a group by all others.
fn fit(work: &Work, totals: &mut Totals, member: &Member, terms: &Terms) -> (Option<f64>, Option<Fit>) {
    work.without(totals, member, |others| {
        let Some(expectation) = work.expectation(others, member) else { return (None, None) };
        let (noise, lenders) = (noise(work, member), work.lenders(others, member));
        let mut differences = Vec::new();
        for other in work.members.iter().filter(|other| other.key != member.key && other.total.n >= terms.minimum) {
            let peers = work.without(others, other, |peers| work.expectation(peers, other));
            if let (Some(peers), Some(mean)) = (peers, other.total.mean()) {
                let weight = other.total.n as f64;
                let variance = noise * (1.0 / weight + peers.variance);
                differences.push(Difference { value: mean - peers.mean, variance, weight });
            }
        }
        let enough = differences.len() >= FEWEST_OTHERS;
        let between = Between::estimate(&differences, differences.len() as f64).filter(|_| enough);
        let (expected, n) = (expectation.mean, member.total.n);
        let fit = between.map(|between| {
            let difference = (member.total.sum as f64 - expected * n as f64) / n as f64;
            Fit { expectation, lenders, between, noise, difference, n }
        });
        (Some(expected), fit)
    })
}

/// The degrees of freedom of an estimated variance, whose own variance is given: Satterthwaite (1946), Biometrics Bulletin
/// 2:110-114. No fewer than 3.
fn freedom(variance: f64, of_variance: f64) -> f64 {
    if of_variance > 0.0 { (2.0 * variance * variance / of_variance).max(3.0) } else { f64::INFINITY }
}

/// The 97.5th percentile of Student's t distribution, to 2 % from 3 degrees of freedom on: the expansion of Fisher and Cornish
/// (1960), Technometrics 2:209-225.
fn t_quantile(freedom: f64) -> f64 {
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    let third = (3.0 * Z.powi(7) + 19.0 * Z.powi(5) + 17.0 * Z.powi(3) - 15.0 * Z) / 384.0;
    Z + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

/// The variance of a single rating, pooled within the cells of all others; within no cell there are two, over all.
fn noise(work: &Work, member: &Member) -> f64 {
    let others = || work.members.iter().filter(|other| other.key != member.key);
    let entries = || others().flat_map(|other| &other.entries).map(|entry| entry.scores);
    let freedom: i64 = entries().map(|scores| scores.n - 1).sum();
    if freedom > 0 {
        return entries().map(Moments::deviance).sum::<f64>() / freedom as f64;
    }
    let all = entries().fold(Moments::default(), Moments::plus);
    all.deviance() / (all.n - 1).max(1) as f64
}

/// Puts kinds of work with too few ratings together, first within their channel, so that none is told of alone, nor can be had
/// as the difference of what is told.
fn told(parts: Vec<Part>) -> Vec<Part> {
    let (mut told, small): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.n >= FEWEST_TOLD);
    let mut by_channel: Vec<Part> = Vec::new();
    for part in small {
        match by_channel.last_mut().filter(|last| last.channel == part.channel) {
            Some(last) => join(last, &part),
            None => by_channel.push(part),
        }
    }
    let (joined, rest): (Vec<_>, Vec<_>) = by_channel.into_iter().partition(|part| part.n >= FEWEST_TOLD);
    told.extend(joined);
    if let Some(mut rest) = rest.into_iter().reduce(|mut all, part| {
        join(&mut all, &part);
        all
    }) {
        // Still too few: with the least of the others.
        if rest.n < FEWEST_TOLD
            && let Some(least) = told.iter().enumerate().min_by_key(|(_, part)| part.n).map(|(at, _)| at)
        {
            join(&mut rest, &told.remove(least));
        }
        told.push(rest);
    }
    told.retain(|part| part.n >= FEWEST_TOLD);
    told
}

fn join(into: &mut Part, part: &Part) {
    into.n += part.n;
    into.work += part.work;
    into.own += part.own;
    into.channel = into.channel.take().filter(|channel| Some(channel) == part.channel.as_ref());
    into.topic = into.topic.take().filter(|topic| Some(topic) == part.topic.as_ref());
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::case_mix::tests::cell;

    const TERMS: Terms = Terms { minimum: 5, min: 1, max: 5 };

    /// (group, cell, score)
    type Rating = (usize, usize, i32);

    fn the_cell(number: usize) -> Cell {
        cell(["call", "call", "chat", "visit"][number], ["refund", "thanks", "refund", "repair"][number])
    }

    fn groups(ratings: &[Rating]) -> Groups {
        let mut groups = Groups::new();
        for (group, cell, score) in ratings {
            let scores = groups.entry(format!("g{group}")).or_default().entry(the_cell(*cell)).or_default();
            *scores = scores.plus(Moments::of(*score));
        }
        groups
    }

    fn standing(groups: &Groups, key: &str) -> Standing {
        rank(groups, &TERMS).into_iter().find(|standing| standing.key == key).unwrap()
    }

    fn ratings() -> impl Strategy<Value = Vec<Rating>> {
        prop::collection::vec((0..6_usize, 0..4_usize, 1..=5), 20..150)
    }

    /// Ten groups on the telephone with means around 4; the last is `extra`.
    fn ordinary(extra: Moments) -> Groups {
        let call = || the_cell(0);
        let mut groups: Groups = (0..10)
            .map(|at| {
                let (fives, threes) = (60 + 3 * at, 60 - 3 * at);
                let scores = Moments { n: 120, sum: 5 * fives + 3 * threes, squares: 25 * fives + 9 * threes };
                (format!("g{at}"), BTreeMap::from([(call(), scores)]))
            })
            .collect();
        groups.insert("extra".to_owned(), BTreeMap::from([(call(), extra)]));
        groups
    }

    #[test]
    fn few_ratings_are_drawn_further_than_many() {
        let [few, many] = [6, 600].map(|n| standing(&ordinary(Moments { n, sum: 5 * n, squares: 25 * n }), "extra"));
        assert_eq!((few.raw_mean, many.raw_mean), (Some(5.0), Some(5.0)));
        let (few_shrunk, many_shrunk) = (few.shrunk.unwrap(), many.shrunk.unwrap());
        assert!(few.expected.unwrap() < few_shrunk && few_shrunk < many_shrunk && many_shrunk < 5.0);
        assert_eq!((few.band, many.band), (Some(Band::AsExpected), Some(Band::Above)));
        assert_eq!(many.place, Some(1));
    }

    #[test]
    fn t_is_that_of_the_tables() {
        // Fisher and Yates, Statistical Tables, table III.
        for (freedom, quantile) in [(3.0, 3.182), (4.0, 2.776), (10.0, 2.228), (30.0, 2.042), (f64::INFINITY, 1.960)] {
            assert!((t_quantile(freedom) / quantile - 1.0).abs() < 0.02, "{freedom}");
        }
        assert_eq!((freedom(1.0, 0.5), freedom(1.0, 9.0), freedom(1.0, 0.0)), (4.0, 3.0, f64::INFINITY));
    }

    #[test]
    fn who_is_compared_with_one_or_two_has_no_place() {
        // A topic of its own for so many: their mean is 4.5, and that of the ten on the telephone 4.
        let scores = |fives: i64| Moments { n: 100, sum: 400 + fives, squares: 1_600 + 9 * fives };
        let with = |count: i64| -> Groups {
            let visits = |at| (format!("v{at}"), BTreeMap::from([(the_cell(3), scores(40 + 5 * at))]));
            ordinary(Moments::default()).into_iter().chain((0..count).map(visits)).collect()
        };
        for (count, placed) in [(2, false), (3, false), (6, true)] {
            let visitors = standing(&with(count), "v0");
            assert_eq!((visitors.band.is_some(), visitors.place.is_some()), (placed, placed), "{count}");
            assert!(visitors.expected.is_some() && visitors.interval.is_some());
            assert!(standing(&with(count), "g0").place.is_some());
        }
        // And the fewer those are, the less is known.
        let width = |count| standing(&with(count), "v0").interval.map(|interval| interval.high - interval.low);
        assert!(width(2) > width(3) && width(3) > width(6));
    }

    #[test]
    fn too_few_ratings_or_others_have_no_place() {
        let four = standing(&ordinary(Moments { n: 4, sum: 20, squares: 100 }), "extra");
        assert_eq!((four.n, four.band, four.place), (4, None, None));
        let last = rank(&ordinary(Moments::default()), &TERMS).pop().unwrap();
        assert_eq!(
            (last.key.as_str(), last.n, last.raw_mean, last.expected, last.place),
            ("extra", 0, None, None, None)
        );
        // One alone, and two: each has but one other.
        for count in [1, 2] {
            let few: Groups =
                ordinary(Moments::default()).into_iter().filter(|(key, _)| key != "extra").take(count).collect();
            assert!(rank(&few, &TERMS).iter().all(|standing| standing.place.is_none() && standing.shrunk.is_none()));
        }
        assert!(rank(&Groups::new(), &TERMS).is_empty());
    }

    #[test]
    fn hard_work_is_no_fault_and_easy_work_no_merit() {
        // Refunds are rated 2, thanks 5, by everybody; the groups only have more of one or the other.
        let mix = |at: i64| {
            let scores = |n: i64, low: i64| Moments {
                n,
                sum: n / 2 * (2 * low + 1),
                squares: n / 2 * (low * low + (low + 1).pow(2)),
            };
            BTreeMap::from([(the_cell(0), scores(20 + 20 * at, 2)), (the_cell(1), scores(220 - 20 * at, 4))])
        };
        let groups: Groups = (0..10).map(|at| (format!("g{at}"), mix(at))).collect();
        let standings = rank(&groups, &TERMS);
        assert!(standings.iter().all(|standing| standing.band == Some(Band::AsExpected)), "{standings:?}");
        let means: Vec<f64> = standings.iter().filter_map(|standing| standing.raw_mean).collect();
        assert!(means.iter().copied().fold(0.0, f64::max) - means.iter().copied().fold(5.0, f64::min) > 1.0);
    }

    #[test]
    fn the_explanation_leads_from_the_mean_of_all_to_the_score() {
        let mut groups = ordinary(Moments { n: 40, sum: 190, squares: 920 });
        let extra = groups.get_mut("extra").unwrap();
        for (number, n) in [(1, 3), (2, 4), (3, 2)] {
            extra.insert(the_cell(number), Moments { n, sum: 4 * n, squares: 16 * n });
        }
        let explanation = explain(&groups, "extra", &TERMS).unwrap();
        let told: Vec<_> =
            explanation.parts.iter().map(|part| (part.channel.as_deref(), part.topic.as_deref(), part.n)).collect();
        assert_eq!(told, [(Some("call"), Some("refund"), 40), (None, None, 9)]);
        let sum: f64 = explanation.parts.iter().map(|part| part.work + part.own).sum();
        assert!((explanation.overall + sum - explanation.shrunk).abs() < 1e-12);
        assert_eq!(explain(&groups, "nobody", &TERMS), None);
    }

    #[test]
    fn what_the_next_band_takes_does_reach_it() {
        for sum in [130, 150, 160] {
            let scores = Moments { n: 40, sum, squares: sum * sum / 40 + 40 };
            let before = standing(&ordinary(scores), "extra");
            let Some(next) = explain(&ordinary(scores), "extra", &TERMS).unwrap().next else { panic!("{before:?}") };
            let more = |mean: f64| {
                let sum = (next.ratings as f64 * mean).ceil() as i64;
                standing(&ordinary(scores.plus(Moments { n: next.ratings, sum, squares: 0 })), "extra").band
            };
            assert_eq!(more(next.mean), Some(next.band), "{before:?} {next:?}");
            assert_eq!(more(next.mean - 0.05), before.band, "{before:?} {next:?}");
        }
    }

    proptest! {
        #[test]
        fn order_of_arrival_changes_nothing(ratings in ratings(), at in 0..20_usize) {
            let mut turned = ratings.clone();
            turned.rotate_left(at);
            prop_assert_eq!(rank(&groups(&ratings), &TERMS), rank(&groups(&turned), &TERMS));
        }

        #[test]
        fn names_change_nothing(ratings in ratings(), shift in 1..6_usize) {
            let name = |group: usize| (group + shift) % 6;
            let renamed: Vec<Rating> = ratings.iter().map(|(group, cell, score)| (name(*group), *cell, *score)).collect();
            let (one, other) = (groups(&ratings), groups(&renamed));
            for group in 0..6 {
                if one.contains_key(&format!("g{group}")) {
                    let was = standing(&one, &format!("g{group}"));
                    let is = standing(&other, &format!("g{}", name(group)));
                    prop_assert_eq!(Standing { key: String::new(), ..was }, Standing { key: String::new(), ..is });
                }
            }
        }

        #[test]
        fn equal_ratings_share_a_place(ratings in ratings()) {
            let mut twin = ratings.clone();
            twin.extend(ratings.iter().filter(|(group, ..)| *group == 0).map(|(_, cell, score)| (9, *cell, *score)));
            let groups = groups(&twin);
            if groups.contains_key("g0") {
                let (one, other) = (standing(&groups, "g0"), standing(&groups, "g9"));
                prop_assert_eq!(Standing { key: String::new(), ..one }, Standing { key: String::new(), ..other });
            }
        }

        #[test]
        fn places_follow_bands_and_skip_what_is_shared(ratings in ratings()) {
            let placed: Vec<_> = rank(&groups(&ratings), &TERMS).into_iter().filter(|standing| standing.place.is_some()).collect();
            for (at, standing) in placed.iter().enumerate() {
                let better = placed.iter().filter(|other| other.place < standing.place).count();
                prop_assert_eq!(standing.place, Some(better + 1));
                prop_assert!(standing.n >= TERMS.minimum);
                prop_assert!(at == 0 || placed[at - 1].band <= standing.band);
                let Interval { low, high } = standing.interval.unwrap();
                prop_assert!(low <= standing.shrunk.unwrap() + 1e-9 && standing.shrunk.unwrap() <= high + 1e-9);
            }
        }

        #[test]
        fn a_better_rating_in_place_of_a_worse_one_never_lowers(ratings in ratings(), at in 0..150_usize, better in 2..=5) {
            let at = at % ratings.len();
            let (group, _, score) = ratings[at];
            prop_assume!(better > score);
            let mut changed = ratings.clone();
            changed[at].2 = better;
            let key = format!("g{group}");
            let (was, is) = (standing(&groups(&ratings), &key), standing(&groups(&changed), &key));
            prop_assert_eq!(was.expected, is.expected);
            if let (Some(was), Some(is)) = (was.shrunk, is.shrunk) {
                prop_assert!(is >= was - 1e-12, "{} {}", was, is);
            }
        }

        #[test]
        fn one_more_rating_better_than_the_group_stands_never_lowers(ratings in ratings(), group in 0..6_usize, cell in 0..4_usize) {
            let before = groups(&ratings);
            let key = format!("g{group}");
            prop_assume!(before.contains_key(&key));
            let mut with_more = ratings.clone();
            with_more.push((group, cell, 5));
            let difference = |groups: &Groups| {
                let work = Work::new(groups);
                let member = work.members.iter().find(|member| member.key == key).unwrap();
                let (_, fit) = fit(&work, &mut work.all.clone(), member, &TERMS);
                let at = member.entries.iter().position(|entry| *work.cells[entry.cell] == the_cell(cell));
                fit.map(|fit| (fit.shrunk_difference(), at.map(|at| 5.0 - fit.expectation.by_entry[at])))
            };
            if let (Some((was, _)), Some((is, Some(surplus)))) = (difference(&before), difference(&groups(&with_more))) {
                prop_assert!(surplus < was || is >= was - 1e-12, "{} {} {}", was, is, surplus);
            }
        }

        #[test]
        fn the_explanation_adds_up_and_tells_of_no_fewer_than_five(ratings in ratings()) {
            let groups = groups(&ratings);
            for key in groups.keys() {
                let Some(explanation) = explain(&groups, key, &TERMS) else { continue };
                let told: i64 = explanation.parts.iter().map(|part| part.n).sum();
                let n = standing(&groups, key).n;
                prop_assert!(explanation.parts.iter().all(|part| part.n >= FEWEST_TOLD));
                prop_assert_eq!(told, if n >= FEWEST_TOLD { n } else { 0 });
                if n >= FEWEST_TOLD {
                    let sum: f64 = explanation.parts.iter().map(|part| part.work + part.own).sum();
                    prop_assert!((explanation.overall + sum - explanation.shrunk).abs() < 1e-9);
                }
            }
        }
    }
}
