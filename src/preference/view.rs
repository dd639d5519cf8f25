//! What is known of one customer in one dimension, from their record, what was said, and what was fitted. No I/O.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use rapport_preference::model::{Answer, Evidence, Fitted, Likely, Model};
use uuid::Uuid;

use super::{RecordLine, circle, known_values, replay::days};
use crate::{
    api::v1::{PreferenceDimension, PreferenceOrigin},
    clock::Micros,
};

/// So many later contacts speak against a refutation.
const SPEAK_AGAIN: usize = 3;
const SHOWN_VALUES: usize = 10;
const SHOWN_EVIDENCE: usize = 5;

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
    /// Whether nothing is inferred here, for nobody.
    pub(super) is_silent: bool,
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
        is_silent: false,
        sample: 0,
        tied: Vec::new(),
        values: vec![shown],
        half_life_days: None,
    })
}

/// What a dimension comes to for one customer.
pub(super) struct Inference<'c> {
    dimension: PreferenceDimension,
    model: Model,
    /// Without what was refuted.
    answer: Answer,
    own: BTreeMap<&'c str, Own>,
    stated: Option<&'c str>,
    refuted: Vec<&'c str>,
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
        let default = Fitted::default_for(circle(dimension));
        let fitted = fitted.unwrap_or(&default);
        let mut model = Model::new(fitted, known_values(dimension).into_iter(), circle(dimension));
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
        }
        let mut barred: Vec<&str> = refuted.keys().copied().filter(|value| is_barred(value)).collect();
        barred.sort_unstable();
        let speaks = |one: &&Contact<'_>| {
            !barred.contains(&one.value) && refuted.get(one.value).is_none_or(|at| one.line.occurred_at > *at)
        };
        let evidence: Vec<Evidence> = contacts
            .iter()
            .filter(speaks)
            .map(|one| Evidence { value: model.number(one.value), day: one.line.day(), weight: one.weight })
            .collect();
        let barred_numbers: Vec<_> = barred.iter().map(|value| model.number(value)).collect();
        let answer = model.answer(&evidence, &barred_numbers, days(now));
        Self {
            dimension,
            stated: said.iter().find(|said| said.origin == PreferenceOrigin::Stated).map(|said| said.value.as_str()),
            refuted: barred,
            sample: contacts.len(),
            model,
            answer,
            own,
        }
    }

    /// The probability that the customer's next interaction has one of these values, as far as they chose them
    /// themselves. What is stated decides.
    pub(super) fn share(&self, values: &[String]) -> f64 {
        let is_asked = |value: &str| values.iter().any(|one| one == value);
        match self.stated {
            Some(stated) => f64::from(u8::from(is_asked(stated))),
            None if self.model.is_silent() || !self.answer.is_own() => 0.0,
            None => self.own_likely().filter(|one| is_asked(self.name(one))).map(|one| one.p).sum(),
        }
    }

    pub(super) fn preference(&self) -> Preference {
        let inferred = self.answer.offered.map(|value| self.model.name(value));
        let (is_silent, confidence) = (self.model.is_silent(), self.answer.confidence);
        let likely = &self.answer.likely;
        let tied = likely.iter().take(self.answer.tied()).skip(1).map(|one| self.name(one).to_owned());
        let tied = if is_silent { Vec::new() } else { tied.collect() };
        let claimed = |one: &Likely| if is_silent { 0.0 } else { one.p };
        let weight = |value: &str| likely.iter().find(|one| self.name(one) == value).map_or(0.0, claimed);

        let mut values: Vec<Shown> = Vec::new();
        values.extend(self.stated.map(|value| self.shown(value, PreferenceOrigin::Stated, weight(value), 1.0)));
        let refutations = self.refuted.iter().take(SHOWN_VALUES / 2);
        let refutations: Vec<_> =
            refutations.map(|value| self.shown(value, PreferenceOrigin::Refuted, 0.0, 0.0)).collect();
        let room = SHOWN_VALUES - values.len() - refutations.len();
        let mut inferences: Vec<&Likely> =
            self.own_likely().filter(|one| self.stated != Some(self.name(one))).collect();
        if is_silent {
            // What they did is told; what they will do is not.
            inferences.sort_by_key(|one| Reverse(self.own.get(self.name(one)).map_or(0, |own| own.sample)));
        }
        values.extend(inferences.into_iter().take(room).map(|one| {
            let is_first = inferred == Some(self.name(one));
            let worth = if is_first { confidence } else { confidence.min(claimed(one)) };
            self.shown(self.name(one), PreferenceOrigin::Inferred, claimed(one), worth)
        }));
        values.extend(refutations);

        let (value, origin, confidence) = match (self.stated, inferred) {
            (Some(value), _) => (Some(value), PreferenceOrigin::Stated, 1.0),
            (None, Some(value)) => (Some(value), PreferenceOrigin::Inferred, confidence),
            (None, None) => (None, PreferenceOrigin::Unspecified, confidence),
        };
        Preference {
            dimension: self.dimension,
            value: value.map(ToOwned::to_owned),
            origin,
            confidence,
            borrowed: self.answer.borrowed,
            is_silent,
            sample: self.sample,
            tied,
            values,
            half_life_days: Some(self.model.half_life_days()),
        }
    }

    fn name(&self, one: &Likely) -> &str {
        self.model.name(one.value)
    }

    fn is_own(&self, one: &Likely) -> bool {
        self.own.contains_key(self.name(one))
    }

    fn own_likely(&self) -> impl Iterator<Item = &Likely> {
        self.answer.likely.iter().filter(|one| self.is_own(one))
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
    use crate::clock::DAY;
    use crate::preference::tests::line;

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
    fn a_silent_dimension_tells_what_they_did_and_claims_nothing() {
        let lines = topics(&[("exams", 1), ("returns", 1), ("exams", 2)]);
        let contacts: Vec<_> = lines.iter().map(|(value, line)| Contact { line, value, weight: 1.0 }).collect();
        let mut silent = Fitted::default_for(None);
        silent.is_silent = true;
        let of = |said: &[Said]| {
            let inference = Inference::of(PreferenceDimension::Topic, &contacts, said, Some(&silent), 2 * DAY);
            (inference.preference(), inference.share(&["exams".to_owned()]))
        };
        let (found, share) = of(&[]);
        assert_eq!((found.value, found.confidence, found.is_silent, share), (None, 0.0, true, 0.0));
        let listed: Vec<_> = found.values.iter().map(|one| (one.value.as_str(), one.sample, one.weight)).collect();
        assert_eq!(listed, [("exams", 2, 0.0), ("returns", 1, 0.0)]);
        let (found, share) = of(&[said("exams", PreferenceOrigin::Stated, 2)]);
        assert_eq!((found.value.as_deref(), found.confidence, share), (Some("exams"), 1.0, 1.0));
    }

    #[test]
    fn a_tie_is_said() {
        let found = inferred(&[("b", 1), ("a", 1)], &[], 1);
        assert_eq!((found.value.as_deref(), found.tied), (Some("a"), vec!["b".to_owned()]));
    }
}
