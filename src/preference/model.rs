//! How a habit is inferred from what somebody did before: pure arithmetic, without time zones, rows or messages.
//!
//! For one dimension with values v, a customer's evidence is a(v), the sum over what they did of outcome weight times
//! 2^(-age / half-life), of which some goes to neighbouring hours. What they will do next is
//!
//! > p(v) = (a(v) + k · prior(v)) / (Σ a + k)
//!
//! the posterior mean of a multinomial under a Dirichlet prior (Minka, Estimating a Dirichlet distribution, 2000) whose
//! centre is what all customers did, which makes it empirical Bayes (Robbins, 1956): somebody of whom little is known is
//! taken to be like the others, and k is how many contacts it takes to be believed as much as they are.
//!
//! Half-life, k and the width of the neighbourhood are never chosen by hand: of a grid, those are followed that have the
//! least logarithmic loss on all predictions so far, each made before its answer was seen (prequential: Dawid, 1984).
//! Confidence is the p of the top value, put right by how often earlier predictions of that p came true (histogram
//! binning: Zadrozny and Elkan, 2001).

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

/// In days.
pub(crate) const HALF_LIVES: [f64; 6] = [1.0, 3.0, 10.0, 30.0, 100.0, 365.0];
const CONCENTRATIONS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0];
/// Standard deviations, in steps of the circle. The others have one width: none.
const WIDTHS: [f64; 3] = [0.0, 0.6, 1.0];
/// Bins of p.
const BINS: usize = 30;
/// So many predictions that came true as often as they claimed are imagined in each bin.
const TRUST: f64 = 20.0;
/// How much worse than the default the others start: of equals, the default is followed.
const HANDICAP: f64 = 1e-6;
/// Probabilities that differ by less are equal: a sum in another order is another one in its last digits.
const GRAIN: f64 = 1e-10;
/// What the prior takes each value to have been seen before it was, half a time (Krichevsky and Trofimov, 1981), and one
/// value that nobody has seen.
const UNSEEN: f64 = 0.5;

/// The number of a value in its dimension.
pub(crate) type Value = u32;

/// One choice from the grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Parameters {
    /// Which of [`HALF_LIVES`].
    half_life: usize,
    pub(crate) concentration: f64,
    /// Of the neighbourhood; 0: none.
    width: f64,
}

impl Parameters {
    /// Until a fit has found better ones: 30 days, 4 contacts, neighbours within the hour.
    pub(crate) fn default_for(circle: Option<u32>) -> Self {
        Self { half_life: 3, concentration: 4.0, width: if circle.is_some() { 0.6 } else { 0.0 } }
    }

    /// Of the neighbourhood.
    pub(crate) fn width(&self) -> f64 {
        self.width
    }

    /// In days.
    pub(crate) fn half_life_days(&self) -> f64 {
        HALF_LIVES[self.half_life]
    }
}

/// What is left of evidence after so many days.
pub(crate) fn decay(days: f64, half_life: f64) -> f64 {
    (-days.max(0.0) / half_life).exp2()
}

/// How evidence for one value speaks for its neighbours.
#[derive(Clone, Debug)]
pub(crate) enum Kernel {
    /// It does not.
    Alone,
    /// By distance on a circle of so many values; all distances round the circle sum to one.
    Circle { size: u32, by_distance: Vec<f64> },
}

impl Kernel {
    pub(crate) fn new(circle: Option<u32>, width: f64) -> Self {
        let Some(size) = circle.filter(|_| width > 0.0) else { return Kernel::Alone };
        let near = |distance: u32| (-f64::from(distance * distance) / (2.0 * width * width)).exp();
        let around: f64 = (0..size).map(|value| near(value.min(size - value))).sum();
        Kernel::Circle { size, by_distance: (0..=size / 2).map(|distance| near(distance) / around).collect() }
    }

    /// What `evidence` says of a value.
    fn at(&self, evidence: impl Iterator<Item = (Value, f64)>, value: Value) -> f64 {
        match self {
            Kernel::Alone => evidence.filter(|(seen, _)| *seen == value).map(|(_, weight)| weight).sum(),
            Kernel::Circle { size, by_distance } => evidence
                .map(|(seen, weight)| {
                    let apart = seen.abs_diff(value);
                    weight * by_distance.get(apart.min(size.saturating_sub(apart)) as usize).copied().unwrap_or(0.0)
                })
                .sum(),
        }
    }
}

/// What all customers did, and the names of values.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prior {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, Value>,
    counts: Vec<u64>,
    total: u64,
    /// The most frequent first; of equals the smaller name.
    ranked: BTreeSet<(Reverse<u64>, Arc<str>, Value)>,
}

impl Prior {
    /// With values that are known beforehand, numbered in their order.
    pub(crate) fn of(names: impl Iterator<Item = String>) -> Self {
        let mut prior = Self::default();
        names.for_each(|name| _ = prior.number(&name));
        prior
    }

    /// The number of a value; a new one if it is new.
    pub(crate) fn number(&mut self, name: &str) -> Value {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = Value::try_from(self.names.len()).unwrap_or(Value::MAX);
        let name: Arc<str> = name.into();
        self.names.push(name.clone());
        self.counts.push(0);
        self.ranked.insert((Reverse(0), name.clone(), number));
        self.numbers.insert(name, number);
        number
    }

    pub(crate) fn name(&self, value: Value) -> &str {
        &self.names[value as usize]
    }

    /// Counts what somebody did.
    pub(crate) fn add(&mut self, value: Value, count: u64) {
        let (name, before) = (self.names[value as usize].clone(), self.counts[value as usize]);
        self.ranked.remove(&(Reverse(before), name.clone(), value));
        self.ranked.insert((Reverse(before + count), name, value));
        self.counts[value as usize] += count;
        self.total += count;
    }

    /// The share of all contacts, also of a value that nobody chose yet.
    pub(crate) fn share(&self, value: Value) -> f64 {
        let values = self.counts.len() as f64 + 1.0;
        (self.counts[value as usize] as f64 + UNSEEN) / (self.total as f64 + UNSEEN * values)
    }

    /// Counts contacts with values that have no name here.
    pub(crate) fn add_unlisted(&mut self, count: u64) {
        self.total += count;
    }

    /// Contacts in all.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// What most contacts chose.
    pub(crate) fn mode(&self) -> Option<Value> {
        self.ranked.first().filter(|(count, ..)| count.0 > 0).map(|(.., value)| *value)
    }

    /// How many values were chosen at all.
    pub(crate) fn chosen(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// Names and counts of the `limit` most frequent values.
    pub(crate) fn most_frequent(&self, limit: usize) -> Vec<(String, u64)> {
        let chosen = self.ranked.iter().take_while(|(count, ..)| count.0 > 0).take(limit);
        chosen.map(|(count, name, _)| (name.to_string(), count.0)).collect()
    }
}

/// A value and how likely it is next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Likely {
    pub(crate) value: Value,
    pub(crate) p: f64,
}

/// What a customer will do next, the likeliest first and of equals the smaller name: every value that their own
/// evidence speaks for, and the three likeliest of the others.
pub(crate) fn expect(prior: &Prior, own: &[(Value, f64)], parameters: Parameters, kernel: &Kernel) -> Vec<Likely> {
    let total: f64 = own.iter().map(|(_, weight)| weight).sum();
    let p = |value| {
        let own = kernel.at(own.iter().copied(), value);
        (own + parameters.concentration * prior.share(value)) / (total + parameters.concentration)
    };
    let values: Vec<Value> = match kernel {
        Kernel::Circle { size, .. } => (0..*size).collect(),
        Kernel::Alone => {
            let is_own = |value: &Value| own.iter().any(|(seen, _)| seen == value);
            let others = prior.ranked.iter().map(|(.., value)| *value).filter(|value| !is_own(value)).take(3);
            own.iter().map(|(value, _)| *value).chain(others).collect()
        }
    };
    let mut likely: Vec<Likely> = values.into_iter().map(|value| Likely { value, p: p(value) }).collect();
    likely.sort_by(|one, other| {
        (grains(other.p).cmp(&grains(one.p))).then_with(|| prior.name(one.value).cmp(prior.name(other.value)))
    });
    likely
}

/// How many of the likeliest are equally likely.
pub(crate) fn tied(likely: &[Likely]) -> usize {
    let top = likely.first().map(|first| grains(first.p));
    likely.iter().take_while(|one| Some(grains(one.p)) == top).count()
}

#[allow(clippy::cast_possible_truncation, reason = "a probability has few grains")]
fn grains(p: f64) -> i64 {
    (p / GRAIN).round() as i64
}

/// How often predictions came true, by what they claimed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Calibration {
    /// Predictions that came true, and all of them, by bin; empty: there are none.
    bins: Vec<(u64, u64)>,
}

impl Calibration {
    /// What a claim is worth.
    pub(crate) fn confidence(&self, p: f64) -> f64 {
        let (hits, all) = self.bins.get(Self::bin(p)).copied().unwrap_or_default();
        (hits as f64 + TRUST * p) / (all as f64 + TRUST)
    }

    fn note(&mut self, p: f64, came_true: bool) {
        self.bins.resize(BINS, (0, 0));
        let bin = &mut self.bins[Self::bin(p)];
        *bin = (bin.0 + u64::from(came_true), bin.1 + 1);
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a probability is in a bin")]
    fn bin(p: f64) -> usize {
        ((p * BINS as f64) as usize).min(BINS - 1)
    }
}

/// What one customer did in one dimension: their evidence as of their newest contact, under every half-life at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habit {
    /// Days since 1970 of the newest contact.
    newest: f64,
    /// How many contacts.
    pub(crate) seen: u32,
    values: Vec<Done>,
}

#[derive(Clone, Debug)]
struct Done {
    value: Value,
    times: u32,
    evidence: [f64; HALF_LIVES.len()],
}

impl Habit {
    /// Adds a contact.
    pub(crate) fn add(&mut self, value: Value, day: f64, weight: f64) {
        self.seen += 1;
        self.weigh(value, day, weight);
        if let Some(done) = self.values.iter_mut().find(|done| done.value == value) {
            done.times += 1;
        }
    }

    /// Adds to the evidence alone: what became of a contact was told later.
    pub(crate) fn weigh(&mut self, value: Value, day: f64, weight: f64) {
        if day > self.newest {
            let passed = day - self.newest;
            for done in &mut self.values {
                for (evidence, half_life) in done.evidence.iter_mut().zip(HALF_LIVES) {
                    *evidence *= decay(passed, half_life);
                }
            }
            self.newest = day;
        }
        let age = self.newest - day;
        let index = self.values.iter().position(|done| done.value == value).unwrap_or_else(|| {
            self.values.push(Done { value, times: 0, evidence: Default::default() });
            self.values.len() - 1
        });
        for (evidence, half_life) in self.values[index].evidence.iter_mut().zip(HALF_LIVES) {
            *evidence += weight * decay(age, half_life);
        }
    }

    /// What the customer did most often; of equals the smaller name.
    pub(crate) fn mode(&self, prior: &Prior) -> Option<Value> {
        let best = self.values.iter().max_by(|one, other| {
            one.times.cmp(&other.times).then_with(|| prior.name(other.value).cmp(prior.name(one.value)))
        });
        best.map(|done| done.value)
    }

    fn evidence(&self, half_life: usize) -> impl Iterator<Item = (Value, f64)> + '_ {
        self.values.iter().map(move |done| (done.value, done.evidence[half_life]))
    }
}

/// What is said before the answer is seen.
#[derive(Clone, Debug)]
pub(crate) struct Prediction {
    /// The likeliest first, at most three.
    pub(crate) top: Vec<Value>,
    pub(crate) is_tie: bool,
    /// Calibrated.
    pub(crate) confidence: f64,
    p: f64,
}

/// Learns one dimension from contacts in the order of time.
#[derive(Clone, Debug)]
pub(crate) struct Learner {
    pub(crate) prior: Prior,
    pub(crate) calibration: Calibration,
    /// One for each width.
    kernels: Vec<Kernel>,
    /// By half-life, width and concentration, in this order.
    grid: Vec<(Parameters, usize, f64)>,
}

impl Learner {
    /// `circle`: how many values lie round it, where the neighbours of a value mean something.
    pub(crate) fn new(prior: Prior, circle: Option<u32>) -> Self {
        let widths = if circle.is_some() { &WIDTHS[..] } else { &WIDTHS[..1] };
        let default = Parameters::default_for(circle);
        let mut grid = Vec::new();
        for half_life in 0..HALF_LIVES.len() {
            for (kernel, width) in widths.iter().copied().enumerate() {
                for concentration in CONCENTRATIONS {
                    let parameters = Parameters { half_life, concentration, width };
                    grid.push((parameters, kernel, if parameters == default { 0.0 } else { HANDICAP }));
                }
            }
        }
        let kernels = widths.iter().map(|width| Kernel::new(circle, *width)).collect();
        Self { prior, calibration: Calibration::default(), kernels, grid }
    }

    /// Those with the least loss so far.
    pub(crate) fn leader(&self) -> Parameters {
        self.followed().0
    }

    fn followed(&self) -> (Parameters, usize) {
        let least = self.grid.iter().min_by(|one, other| one.2.total_cmp(&other.2));
        least.map_or((Parameters::default_for(None), 0), |(parameters, kernel, _)| (*parameters, *kernel))
    }

    /// What the customer will do next, from what they did before; none: nothing is known of anybody.
    pub(crate) fn predict(&self, habit: &Habit) -> Option<Prediction> {
        let (parameters, kernel) = self.followed();
        let own: Vec<_> = habit.evidence(parameters.half_life).collect();
        let likely = expect(&self.prior, &own, parameters, &self.kernels[kernel]);
        let p = likely.first()?.p;
        Some(Prediction {
            top: likely.iter().take(3).map(|one| one.value).collect(),
            is_tie: tied(&likely) > 1,
            confidence: self.calibration.confidence(p),
            p,
        })
    }

    /// Notes whether a prediction came true.
    pub(crate) fn note(&mut self, prediction: &Prediction, actual: Value) {
        self.calibration.note(prediction.p, prediction.top.first() == Some(&actual));
    }

    /// Lets every choice of the grid answer for what it would have said of `actual`.
    pub(crate) fn judge(&mut self, habit: &Habit, actual: Value) {
        let prior = self.prior.share(actual);
        let mut choices = self.grid.iter_mut();
        for half_life in 0..HALF_LIVES.len() {
            let total: f64 = habit.evidence(half_life).map(|(_, weight)| weight).sum();
            for kernel in &self.kernels {
                let own = kernel.at(habit.evidence(half_life), actual);
                for (parameters, _, loss) in choices.by_ref().take(CONCENTRATIONS.len()) {
                    let concentration = parameters.concentration;
                    *loss -= ((own + concentration * prior) / (total + concentration)).ln();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours() -> Prior {
        Prior::of((0..24).map(|hour| format!("{hour:02}")))
    }

    fn expected(prior: &Prior, contacts: &[(Value, f64)], circle: Option<u32>) -> Vec<Likely> {
        let parameters = Parameters::default_for(circle);
        let mut habit = Habit::default();
        contacts.iter().for_each(|(value, day)| habit.add(*value, *day, 1.0));
        let own: Vec<_> = habit.evidence(parameters.half_life).collect();
        expect(prior, &own, parameters, &Kernel::new(circle, parameters.width))
    }

    fn p(likely: &[Likely], value: Value) -> f64 {
        likely.iter().find(|one| one.value == value).map_or(0.0, |one| one.p)
    }

    #[test]
    fn nobody_known_is_like_the_others() {
        let mut prior = hours();
        prior.add(9, 80);
        prior.add(17, 20);
        let likely = expected(&prior, &[], Some(24));
        assert_eq!(likely[0].value, 9);
        assert!((p(&likely, 9) / p(&likely, 17) - 80.5 / 20.5).abs() < 1e-9);
    }

    #[test]
    fn midnight_has_neighbours_on_both_sides() {
        let likely = expected(&hours(), &[(0, 1.0)], Some(24));
        assert_eq!(likely[0].value, 0);
        assert!((p(&likely, 23) - p(&likely, 1)).abs() < 1e-12 && p(&likely, 23) > p(&likely, 2));
    }

    #[test]
    fn of_equals_the_smaller_name_is_first_and_it_is_said() {
        let mut prior = Prior::of(["chat".to_owned(), "call".to_owned(), "mail".to_owned()].into_iter());
        (0..3).for_each(|value| prior.add(value, 10));
        let likely = expected(&prior, &[(0, 1.0), (1, 1.0)], None);
        assert_eq!((prior.name(likely[0].value), tied(&likely)), ("call", 2));
        let likely = expected(&prior, &[(0, 1.0), (1, 1.0), (0, 1.0)], None);
        assert_eq!((prior.name(likely[0].value), tied(&likely)), ("chat", 1));
    }

    #[test]
    fn an_old_habit_fades() {
        let prior = Prior::of(["call".to_owned(), "mail".to_owned()].into_iter());
        let young = expected(&prior, &[(0, 0.0), (0, 1.0), (1, 2.0)], None);
        let old = expected(&prior, &[(0, 0.0), (0, 1.0), (1, 302.0)], None);
        assert_eq!((young[0].value, old[0].value), (0, 1));
    }

    #[test]
    fn what_did_not_come_true_is_trusted_less() {
        let mut calibration = Calibration::default();
        assert!((calibration.confidence(0.9) - 0.9).abs() < 1e-12);
        (0..100).for_each(|_| calibration.note(0.9, false));
        assert!(calibration.confidence(0.9) < 0.2);
        assert!((calibration.confidence(0.5) - 0.5).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn all_that_may_happen_sums_to_one(contacts in proptest::collection::vec((0..24u32, 0.0..100.0f64), 0..40)) {
            let sum: f64 = expected(&hours(), &contacts, Some(24)).iter().map(|one| one.p).sum();
            // The rest is what nobody has done yet.
            prop_assert!(sum <= 1.0 + 1e-9 && sum > 0.9, "{sum}");
        }

        #[test]
        fn the_order_of_evidence_does_not_matter(
            (contacts, shuffled) in proptest::collection::vec((0..24u32, 0.0..100.0f64), 1..30)
                .prop_flat_map(|contacts| (Just(contacts.clone()), Just(contacts).prop_shuffle())),
        ) {
            let (one, other) = (expected(&hours(), &contacts, Some(24)), expected(&hours(), &shuffled, Some(24)));
            for hour in 0..24 {
                prop_assert!((p(&one, hour) - p(&other, hour)).abs() < 1e-9);
            }
        }

        #[test]
        fn more_evidence_for_a_value_never_lowers_it(
            contacts in proptest::collection::vec((0..24u32, 0.0..100.0f64), 0..30),
            value in 0..24u32,
            circle in proptest::bool::ANY,
        ) {
            let circle = circle.then_some(24);
            let before = p(&expected(&hours(), &contacts, circle), value);
            // Later, the rest would fade by it.
            let newest = contacts.iter().map(|(_, day)| *day).fold(0.0, f64::max);
            let more: Vec<_> = contacts.iter().copied().chain([(value, newest)]).collect();
            prop_assert!(p(&expected(&hours(), &more, circle), value) + 1e-9 >= before);
        }
    }
}
