//! What is said of somebody at an instant.

use serde::{Deserialize, Serialize};

use crate::{
    calibration::Calibration,
    prior::{Prior, Value},
};

/// In days.
pub const HALF_LIVES: [f64; 7] = [1.0, 3.0, 10.0, 30.0, 100.0, 365.0, 3_650.0];
/// Below this confidence no value is offered.
const OFFERED_FROM: f64 = 0.2;
/// Nor where more than this rests on other customers: it would be their preference.
const BORROWED_TO: f64 = 0.95;
/// Probabilities that differ by less are equal: a sum in another order is another one in its last digits.
const GRAIN: f64 = 1e-10;

/// What decides how evidence counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Which of [`HALF_LIVES`].
    pub(crate) half_life: usize,
    /// How many contacts it takes to be believed as much as all customers are.
    pub(crate) concentration: f64,
    /// Of the neighbourhood, in steps of the circle; 0: none.
    pub(crate) width: f64,
}

impl Parameters {
    /// Until a fit has found better ones: 30 days, 4 contacts, neighbours within the hour.
    pub fn default_for(circle: Option<u32>) -> Self {
        Self { half_life: 3, concentration: 4.0, width: if circle.is_some() { 0.6 } else { 0.0 } }
    }

    /// In days.
    pub fn half_life_days(&self) -> f64 {
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
    pub(crate) fn at(&self, evidence: impl Iterator<Item = (Value, f64)>, value: Value) -> f64 {
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

/// A contact's part in one dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// What they chose.
    pub value: Value,
    /// When, in days since 1970.
    pub day: f64,
    /// What it counts before it fades.
    pub weight: f64,
}

/// A value and how likely it is next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    /// The value.
    pub value: Value,
    /// Its probability, as inferred.
    pub p: f64,
}

/// What a fit found of one dimension, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fitted {
    pub(crate) parameters: Parameters,
    pub(crate) calibration: Calibration,
    /// What customers do, the most frequent first.
    pub(crate) values: Vec<(String, u64)>,
    /// Contacts with a value beyond those, and how many such values there are.
    pub(crate) rest: (u64, u64),
    /// Whether nothing is offered in this dimension: whatever evidence counts, first guesses came less often than what
    /// customers had done most often.
    pub is_silent: bool,
}

impl Fitted {
    /// What holds until there is a fit.
    pub fn default_for(circle: Option<u32>) -> Self {
        let parameters = Parameters::default_for(circle);
        Self { parameters, calibration: Calibration::default(), values: Vec::new(), rest: (0, 0), is_silent: false }
    }
}

/// What one dimension is inferred with.
#[derive(Clone, Debug)]
pub struct Model {
    prior: Prior,
    parameters: Parameters,
    kernel: Kernel,
    calibration: Calibration,
    is_silent: bool,
}

/// What is said of somebody in one dimension.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What they will do next, the likeliest first and of equals the smaller name: every value that their own evidence speaks
    /// for, and the three likeliest of the others.
    pub likely: Vec<Likely>,
    /// The probability of the likeliest, calibrated, whether or not that is said; 0 where there is none.
    pub claim: f64,
    /// What is said of it: the same, and 0 where the dimension is silent.
    pub confidence: f64,
    /// The share of the answer that rests on other customers, 0 to 1.
    pub borrowed: f64,
    /// What the customer prefers; none: unknown.
    pub offered: Option<Value>,
}

impl Model {
    /// `known`: the values that are known before anybody chose one, in the order of the circle if they lie round one of the
    /// size `circle`, where the neighbours of a value mean something.
    pub fn new(fitted: &Fitted, known: impl Iterator<Item = String>, circle: Option<u32>) -> Self {
        let mut prior = Prior::of(known);
        for (name, count) in &fitted.values {
            let value = prior.number(name);
            prior.add(value, *count);
        }
        prior.add_unlisted(fitted.rest.0, fitted.rest.1);
        Self {
            prior,
            parameters: fitted.parameters,
            kernel: Kernel::new(circle, fitted.parameters.width),
            calibration: fitted.calibration.clone(),
            is_silent: fitted.is_silent,
        }
    }

    /// The number of a value, which [`Evidence`] has.
    pub fn number(&mut self, name: &str) -> Value {
        self.prior.number(name)
    }

    /// The name of a value that has a number.
    pub fn name(&self, value: Value) -> &str {
        self.prior.name(value)
    }

    /// What all customers did, as of the fit.
    pub fn prior(&self) -> &Prior {
        &self.prior
    }

    /// After this time evidence counts half.
    pub fn half_life_days(&self) -> f64 {
        self.parameters.half_life_days()
    }

    /// As of the fit.
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// What is said of somebody at the instant `now`, in days since 1970, from what they did. `barred`: values that are not
    /// theirs whatever they did; no evidence may speak for them.
    pub fn answer(&self, evidence: &[Evidence], barred: &[Value], now: f64) -> Answer {
        let mut own: Vec<(Value, f64)> = Vec::new();
        for one in evidence {
            let weight = one.weight * decay(now - one.day, self.half_life_days());
            match own.iter_mut().find(|(value, _)| *value == one.value) {
                Some((_, sum)) => *sum += weight,
                None => own.push((one.value, weight)),
            }
        }
        let mut likely = Beliefs::new(&self.prior, &own, &self.kernel).likely(self.parameters.concentration);
        likely.retain(|one| !barred.contains(&one.value));
        // What customers of whom nothing is known do first was not put to the test.
        let worth = |p| if evidence.is_empty() { p } else { self.calibration.confidence(p) };
        let claim = likely.first().map_or(0.0, |first| worth(first.p));
        let confidence = if self.is_silent { 0.0 } else { claim };
        let total: f64 = own.iter().map(|(_, weight)| weight).sum();
        let borrowed = self.parameters.concentration / (total + self.parameters.concentration);
        let is_known = confidence >= OFFERED_FROM && borrowed <= BORROWED_TO;
        let first = likely.first().map(|first| first.value).filter(|_| is_known);
        let offered = first.filter(|value| own.iter().any(|(own, _)| own == value));
        Answer { likely, claim, confidence, borrowed, offered }
    }
}

/// What evidence that has faded says of values, before it is mixed with what all customers do.
pub(crate) struct Beliefs<'p> {
    prior: &'p Prior,
    own: &'p [(Value, f64)],
    kernel: &'p Kernel,
    total: f64,
    /// Values of their own that are not listed.
    unlisted: usize,
    /// Values with what their evidence and all customers say of them: every value that evidence speaks for, and the three
    /// likeliest of the others.
    values: Vec<(Value, f64, f64)>,
}

impl<'p> Beliefs<'p> {
    pub(crate) fn new(prior: &'p Prior, own: &'p [(Value, f64)], kernel: &'p Kernel) -> Self {
        let values: Vec<Value> = match kernel {
            Kernel::Circle { size, .. } => (0..*size).collect(),
            Kernel::Alone => {
                let is_own = |value: &Value| own.iter().any(|(seen, _)| seen == value);
                let others = prior.ranked().filter(|value| !is_own(value)).take(3);
                own.iter().map(|(value, _)| *value).chain(others).collect()
            }
        };
        let total = own.iter().map(|(_, weight)| weight).sum();
        let unlisted = own.iter().filter(|(value, _)| !prior.is_listed(*value)).count();
        let mut beliefs = Self { prior, own, kernel, total, unlisted, values: Vec::new() };
        let said = |value| (value, kernel.at(own.iter().copied(), value), beliefs.share(value));
        beliefs.values = values.into_iter().map(said).collect();
        beliefs
    }

    /// What all customers say of a value. Those that nobody is known to have chosen share what is left for them with others that may
    /// come.
    fn share(&self, value: Value) -> f64 {
        let share = self.prior.share(value);
        if self.prior.is_listed(value) { share } else { share / (self.unlisted as f64 + 1.0) }
    }

    /// The probability of a value.
    pub(crate) fn p(&self, value: Value, concentration: f64) -> f64 {
        self.mix(self.kernel.at(self.own.iter().copied(), value), self.share(value), concentration)
    }

    fn mix(&self, own: f64, prior: f64, concentration: f64) -> f64 {
        (own + concentration * prior) / (self.total + concentration)
    }

    /// The likeliest first and of equals the smaller name.
    pub(crate) fn likely(&self, concentration: f64) -> Vec<Likely> {
        let p = |own, prior| self.mix(own, prior, concentration);
        let likely = self.values.iter().map(|&(value, own, prior)| Likely { value, p: p(own, prior) });
        let mut likely: Vec<Likely> = likely.collect();
        let name = |one: &Likely| self.prior.name(one.value);
        likely.sort_by(|one, other| grains(other.p).cmp(&grains(one.p)).then_with(|| name(one).cmp(name(other))));
        likely
    }

    /// The first of them.
    pub(crate) fn first(&self, concentration: f64) -> Option<Likely> {
        let mut first: Option<Likely> = None;
        for &(value, own, prior) in &self.values {
            let p = self.mix(own, prior, concentration);
            let is_before = first.is_none_or(|first| {
                // Most are far apart, and rounding takes long.
                if (p - first.p).abs() > 2.0 * GRAIN {
                    return p > first.p;
                }
                let (this, best) = (grains(p), grains(first.p));
                this > best || (this == best && self.prior.name(value) < self.prior.name(first.value))
            });
            if is_before {
                first = Some(Likely { value, p });
            }
        }
        first
    }
}

impl Answer {
    /// How many of the likeliest are equally likely.
    pub fn tied(&self) -> usize {
        let top = self.likely.first().map(|first| grains(first.p));
        self.likely.iter().take_while(|one| Some(grains(one.p)) == top).count()
    }

    /// Whether enough of it is the customer's own to say how likely a value is for them.
    pub fn is_own(&self) -> bool {
        self.borrowed <= BORROWED_TO
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a probability has few grains")]
fn grains(p: f64) -> i64 {
    (p / GRAIN).round() as i64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours() -> Prior {
        Prior::of((0..24).map(|hour| format!("{hour:02}")))
    }

    /// As of the newest contact.
    fn answered(prior: &Prior, contacts: &[(Value, f64)], circle: Option<u32>) -> Answer {
        let now = contacts.iter().map(|(_, day)| *day).fold(0.0, f64::max);
        let evidence = contacts.iter().map(|(value, day)| Evidence { value: *value, day: *day, weight: 1.0 });
        let model =
            Model { prior: prior.clone(), ..Model::new(&Fitted::default_for(circle), std::iter::empty(), circle) };
        model.answer(&evidence.collect::<Vec<_>>(), &[], now)
    }

    fn expected(prior: &Prior, contacts: &[(Value, f64)], circle: Option<u32>) -> Vec<Likely> {
        answered(prior, contacts, circle).likely
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
        let first = |contacts: &[(Value, f64)]| {
            let answer = answered(&prior, contacts, None);
            (prior.name(answer.likely[0].value).to_owned(), answer.tied())
        };
        assert_eq!(first(&[(0, 1.0), (1, 1.0)]), ("call".to_owned(), 2));
        assert_eq!(first(&[(0, 1.0), (1, 1.0), (0, 1.0)]), ("chat".to_owned(), 1));
    }

    #[test]
    fn an_old_habit_fades() {
        let prior = Prior::of(["call".to_owned(), "mail".to_owned()].into_iter());
        let young = expected(&prior, &[(0, 0.0), (0, 1.0), (1, 2.0)], None);
        let old = expected(&prior, &[(0, 0.0), (0, 1.0), (1, 302.0)], None);
        assert_eq!((young[0].value, old[0].value), (0, 1));
    }

    #[test]
    fn evidence_fades_as_of_the_instant_at_which_it_is_asked() {
        let mut model =
            Model::new(&Fitted::default_for(None), ["call".to_owned(), "mail".to_owned()].into_iter(), None);
        let evidence = [Evidence { value: model.number("mail"), day: 100.0, weight: 1.0 }; 6];
        let (young, old) = (model.answer(&evidence, &[], 100.0), model.answer(&evidence, &[], 190.0));
        assert!((young.borrowed - 4.0 / 10.0).abs() < 1e-12 && (old.borrowed - 4.0 / (4.0 + 6.0 / 8.0)).abs() < 1e-12);
        assert!(young.confidence > old.confidence && young.offered == Some(1), "{young:?} {old:?}");
    }

    #[test]
    fn a_dimension_that_loses_to_counting_offers_nothing() {
        let offered = |is_silent| {
            let fitted = Fitted { is_silent, ..Fitted::default_for(None) };
            let mut model = Model::new(&fitted, ["call".to_owned(), "mail".to_owned()].into_iter(), None);
            let evidence = [Evidence { value: model.number("mail"), day: 1.0, weight: 1.0 }; 6];
            model.answer(&evidence, &[], 1.0).offered
        };
        assert_eq!([false, true].map(offered), [Some(1), None]);
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
