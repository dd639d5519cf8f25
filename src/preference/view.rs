//! What is known of one customer in one dimension, from their record, what was said, and what was fitted. No I/O.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    RecordLine, circle, known_values,
    model::{Calibration, Kernel, Learner, Likely, Parameters, Prior, Value, decay, expect, tied},
    replay::days,
};
use crate::{
    api::v1::{PreferenceDimension, PreferenceOrigin},
    clock::Micros,
};

/// Below this confidence no value is offered.
const OFFERED_FROM: f64 = 0.2;
/// Nor where more than this rests on other customers: it would be their preference.
const BORROWED_TO: f64 = 0.95;
/// So many later contacts speak against a refutation.
const SPEAK_AGAIN: usize = 3;
const SHOWN_VALUES: usize = 10;
const SHOWN_EVIDENCE: usize = 5;

/// What a fit found of one dimension.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fitted {
    parameters: Parameters,
    calibration: Calibration,
    /// What customers do, the most frequent first.
    values: Vec<(String, u64)>,
    /// Contacts with a value beyond those.
    rest: u64,
    /// How many predictions it rests on.
    predictions: u64,
}

impl Fitted {
    pub(super) fn of(learner: &Learner, predictions: u64, kept: usize) -> Self {
        let values = learner.prior.most_frequent(kept);
        let listed: u64 = values.iter().map(|(_, count)| count).sum();
        Self {
            parameters: learner.leader(),
            calibration: learner.calibration.clone(),
            values,
            rest: learner.prior.total() - listed,
            predictions,
        }
    }

    /// What holds until there is a fit.
    fn default_for(dimension: PreferenceDimension) -> Self {
        let parameters = Parameters::default_for(circle(dimension));
        Self { parameters, calibration: Calibration::default(), values: Vec::new(), rest: 0, predictions: 0 }
    }

    fn prior(&self, dimension: PreferenceDimension) -> Prior {
        let mut prior = Prior::of(known_values(dimension).into_iter());
        for (name, count) in &self.values {
            let value = prior.number(name);
            prior.add(value, *count);
        }
        prior.add_unlisted(self.rest);
        prior
    }
}

/// What was said of a value and holds.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) value: String,
    pub(super) origin: PreferenceOrigin,
    pub(super) at: Micros,
}

/// An interaction's part in one dimension.
#[derive(Clone, Debug)]
pub(super) struct Contact<'l> {
    pub(super) line: &'l RecordLine,
    pub(super) value: &'l str,
    /// Before it fades.
    pub(super) weight: f64,
}

/// A dimension of a customer.
#[derive(Clone, Debug)]
pub(super) struct Preference {
    pub(super) dimension: PreferenceDimension,
    /// None: unknown.
    pub(super) value: Option<String>,
    pub(super) origin: PreferenceOrigin,
    pub(super) confidence: f64,
    pub(super) borrowed: f64,
    pub(super) sample: usize,
    pub(super) tied: Vec<String>,
    pub(super) values: Vec<Shown>,
    /// None: it is never inferred.
    pub(super) half_life_days: Option<f64>,
}

/// One of its values.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) value: String,
    pub(super) weight: f64,
    pub(super) confidence: f64,
    pub(super) sample: usize,
    pub(super) last_seen: Option<Micros>,
    /// Newest first.
    pub(super) evidence: Vec<Uuid>,
    pub(super) origin: PreferenceOrigin,
}

/// What the customer did with one value.
#[derive(Default)]
struct Own {
    weight: f64,
    sample: usize,
    last_seen: Option<Micros>,
    evidence: Vec<Uuid>,
}

/// What is stated of a dimension that is never inferred; none if nothing is.
pub(super) fn stated(dimension: PreferenceDimension, said: &[Said]) -> Option<Preference> {
    let value = said.iter().find(|said| said.origin == PreferenceOrigin::Stated)?.value.clone();
    let shown = Shown {
        value: value.clone(),
        weight: 0.0,
        confidence: 1.0,
        sample: 0,
        last_seen: None,
        evidence: Vec::new(),
        origin: PreferenceOrigin::Stated,
    };
    Some(Preference {
        dimension,
        value: Some(value),
        origin: PreferenceOrigin::Stated,
        confidence: 1.0,
        borrowed: 0.0,
        sample: 0,
        tied: Vec::new(),
        values: vec![shown],
        half_life_days: None,
    })
}

/// What a dimension comes to for one customer.
pub(super) struct Inference<'c> {
    dimension: PreferenceDimension,
    prior: Prior,
    half_life_days: f64,
    /// The likeliest first, without what was refuted.
    likely: Vec<Likely>,
    own: BTreeMap<&'c str, Own>,
    stated: Option<&'c str>,
    refuted: Vec<&'c str>,
    confidence: f64,
    borrowed: f64,
    sample: usize,
}

impl<'c> Inference<'c> {
    /// From contacts, newest first, as of `now`.
    pub(super) fn of(
        dimension: PreferenceDimension,
        contacts: &[Contact<'c>],
        said: &'c [Said],
        fitted: Option<&Fitted>,
        now: Micros,
    ) -> Self {
        let default = Fitted::default_for(dimension);
        let fitted = fitted.unwrap_or(&default);
        let parameters = fitted.parameters;
        let mut prior = fitted.prior(dimension);
        let mut own: BTreeMap<&str, Own> = BTreeMap::new();
        let refuted: HashMap<&str, Micros> = said
            .iter()
            .filter(|said| said.origin == PreferenceOrigin::Refuted)
            .map(|said| (said.value.as_str(), said.at))
            .collect();
        // What was refuted speaks again by what came later, if that is enough.
        let later = |value: &str, than: Micros| {
            contacts.iter().filter(|one| one.value == value && one.line.occurred_at > than).count()
        };
        let is_barred = |value: &str| refuted.get(value).is_some_and(|at| later(value, *at) < SPEAK_AGAIN);
        for contact in contacts {
            let one = own.entry(contact.value).or_default();
            one.sample += 1;
            one.last_seen = one.last_seen.max(Some(contact.line.occurred_at));
            if one.evidence.len() < SHOWN_EVIDENCE {
                one.evidence.push(contact.line.id);
            }
            if refuted.get(contact.value).is_none_or(|at| contact.line.occurred_at > *at) {
                one.weight += contact.weight * decay(days(now) - contact.line.day(), parameters.half_life_days());
            }
        }
        let mut barred: Vec<&str> = refuted.keys().copied().filter(|value| is_barred(value)).collect();
        barred.sort_unstable();
        let speaking = own.iter().filter(|(value, _)| !barred.contains(*value));
        let weights: Vec<(Value, f64)> = speaking.map(|(value, own)| (prior.number(value), own.weight)).collect();
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();

        let kernel = Kernel::new(circle(dimension), parameters.width());
        let mut likely = expect(&prior, &weights, parameters, &kernel);
        likely.retain(|one| !barred.contains(&prior.name(one.value)));
        Self {
            dimension,
            half_life_days: parameters.half_life_days(),
            confidence: likely.first().map_or(0.0, |first| fitted.calibration.confidence(first.p)),
            borrowed: parameters.concentration / (total + parameters.concentration),
            stated: said.iter().find(|said| said.origin == PreferenceOrigin::Stated).map(|said| said.value.as_str()),
            refuted: barred,
            sample: contacts.len(),
            prior,
            likely,
            own,
        }
    }

    /// The probability that the customer's next interaction has one of these values, as far as they chose them
    /// themselves. What is stated decides.
    pub(super) fn share(&self, values: &[String]) -> f64 {
        let is_asked = |value: &str| values.iter().any(|one| one == value);
        match self.stated {
            Some(stated) => f64::from(u8::from(is_asked(stated))),
            None if self.borrowed > BORROWED_TO => 0.0,
            None => self.own_likely().filter(|one| is_asked(self.name(one))).map(|one| one.p).sum(),
        }
    }

    pub(super) fn preference(&self) -> Preference {
        let is_known = self.confidence >= OFFERED_FROM && self.borrowed <= BORROWED_TO;
        let inferred = self.likely.first().filter(|first| is_known && self.is_own(first)).map(|first| self.name(first));
        let tied = self.likely.iter().take(tied(&self.likely)).skip(1).map(|one| self.name(one).to_owned());
        let weight = |value: &str| self.likely.iter().find(|one| self.name(one) == value).map_or(0.0, |one| one.p);

        let mut values: Vec<Shown> = Vec::new();
        values.extend(self.stated.map(|value| self.shown(value, PreferenceOrigin::Stated, weight(value), 1.0)));
        let refutations = self.refuted.iter().take(SHOWN_VALUES / 2);
        let refutations: Vec<_> =
            refutations.map(|value| self.shown(value, PreferenceOrigin::Refuted, 0.0, 0.0)).collect();
        let room = SHOWN_VALUES - values.len() - refutations.len();
        let by_likelihood = self.own_likely().filter(|one| self.stated != Some(self.name(one)));
        values.extend(by_likelihood.take(room).map(|one| {
            let is_first = inferred == Some(self.name(one));
            let worth = if is_first { self.confidence } else { self.confidence.min(one.p) };
            self.shown(self.name(one), PreferenceOrigin::Inferred, one.p, worth)
        }));
        values.extend(refutations);

        let (value, origin, confidence) = match (self.stated, inferred) {
            (Some(value), _) => (Some(value), PreferenceOrigin::Stated, 1.0),
            (None, Some(value)) => (Some(value), PreferenceOrigin::Inferred, self.confidence),
            (None, None) => (None, PreferenceOrigin::Unspecified, self.confidence),
        };
        Preference {
            dimension: self.dimension,
            value: value.map(ToOwned::to_owned),
            origin,
            confidence,
            borrowed: self.borrowed,
            sample: self.sample,
            tied: tied.collect(),
            values,
            half_life_days: Some(self.half_life_days),
        }
    }

    fn name(&self, one: &Likely) -> &str {
        self.prior.name(one.value)
    }

    fn is_own(&self, one: &Likely) -> bool {
        self.own.contains_key(self.name(one))
    }

    fn own_likely(&self) -> impl Iterator<Item = &Likely> {
        self.likely.iter().filter(|one| self.is_own(one))
    }

    fn shown(&self, value: &str, origin: PreferenceOrigin, weight: f64, confidence: f64) -> Shown {
        let (sample, last_seen, evidence) = match self.own.get(value) {
            Some(own) => (own.sample, own.last_seen, own.evidence.clone()),
            None => (0, None, Vec::new()),
        };
        Shown { value: value.to_owned(), weight, confidence, sample, last_seen, evidence, origin }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preference::tests::line;

    const DAY: Micros = 86_400_000_000;

    fn topics(topics: &[(&'static str, i64)]) -> Vec<(&'static str, RecordLine)> {
        topics.iter().rev().map(|(topic, day)| (*topic, line("c", day * DAY))).collect()
    }

    fn inferred(contacts: &[(&'static str, i64)], said: &[Said], now: i64) -> Preference {
        let lines = topics(contacts);
        let contacts: Vec<_> = lines.iter().map(|(value, line)| Contact { line, value, weight: 1.0 }).collect();
        Inference::of(PreferenceDimension::Topic, &contacts, said, None, now * DAY).preference()
    }

    fn said(value: &str, origin: PreferenceOrigin, day: i64) -> Said {
        Said { value: value.to_owned(), origin, at: day * DAY }
    }

    #[test]
    fn nothing_of_their_own_is_unknown() {
        let found = inferred(&[], &[], 10);
        assert_eq!((found.value, found.origin, found.borrowed), (None, PreferenceOrigin::Unspecified, 1.0));
    }

    #[test]
    fn confidence_fades_until_it_is_unknown() {
        let contacts = [("exams", 1), ("exams", 2), ("exams", 3)];
        let (young, old) = (inferred(&contacts, &[], 4), inferred(&contacts, &[], 400));
        assert_eq!(young.value.as_deref(), Some("exams"));
        assert!(old.value.is_none() && old.borrowed > young.borrowed, "{old:?}");
    }

    #[test]
    fn what_is_refuted_speaks_again_after_three_later_contacts() {
        let no = [said("exams", PreferenceOrigin::Refuted, 4)];
        let mut contacts = vec![("exams", 1), ("exams", 2), ("exams", 3), ("returns", 3), ("exams", 5), ("exams", 6)];
        let found = inferred(&contacts, &no, 7);
        assert_eq!(found.value.as_deref(), Some("returns"));
        let shown = found.values.last().unwrap();
        assert_eq!((shown.value.as_str(), shown.origin, shown.sample), ("exams", PreferenceOrigin::Refuted, 5));
        contacts.push(("exams", 7));
        assert_eq!(inferred(&contacts, &no, 7).value.as_deref(), Some("exams"));
    }

    #[test]
    fn what_is_stated_comes_first() {
        let yes = [said("returns", PreferenceOrigin::Stated, 4)];
        let found = inferred(&[("exams", 1), ("exams", 2)], &yes, 4);
        assert_eq!((found.value.as_deref(), found.confidence), (Some("returns"), 1.0));
        let listed: Vec<_> = found.values.iter().map(|one| (one.value.as_str(), one.sample)).collect();
        assert_eq!(listed, [("returns", 0), ("exams", 2)]);
    }

    #[test]
    fn shares_add_up_over_their_own_values() {
        let lines = topics(&[("exams", 1), ("returns", 1), ("exams", 2)]);
        let contacts: Vec<_> = lines.iter().map(|(value, line)| Contact { line, value, weight: 1.0 }).collect();
        let share = |said: &[Said], now: i64, values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
            Inference::of(PreferenceDimension::Topic, &contacts, said, None, now * DAY).share(&values)
        };
        let (one, both) = (share(&[], 2, &["exams"]), share(&[], 2, &["exams", "returns"]));
        assert!(0.0 < one && one < both && both < 1.0, "{one} {both}");
        assert_eq!(share(&[], 2, &["invoices"]), 0.0);
        assert_eq!(share(&[], 2_000, &["exams"]), 0.0, "by then it rests on others");
        let said = [said("invoices", PreferenceOrigin::Stated, 2)];
        assert_eq!((share(&said, 2, &["invoices"]), share(&said, 2, &["exams"])), (1.0, 0.0));
    }

    #[test]
    fn a_tie_is_said() {
        let found = inferred(&[("b", 1), ("a", 1)], &[], 1);
        assert_eq!((found.value.as_deref(), found.tied), (Some("a"), vec!["b".to_owned()]));
    }
}
