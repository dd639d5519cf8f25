//! What is known of one customer in all dimensions, from the part of the record that is about them. No I/O.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use rapport_preference::model::Fitted;
use uuid::Uuid;

use super::{
    INFERRED, RecordLine, Values,
    store::Statement,
    view::{Contact, Inference, Preference, Said, stated},
};
use crate::{api::v1::PreferenceDimension, auth::Caller, clock::Micros, contact::QuietHours, reach::Oneself};

/// What was fitted, by dimension.
pub(super) type Fits = HashMap<PreferenceDimension, Fitted>;

/// What a customer's preferences are inferred from.
pub(super) struct Profile<'r> {
    /// Newest first, each with its values on the customer's wall.
    contacts: Vec<(&'r RecordLine, Values)>,
    said: HashMap<PreferenceDimension, Vec<Said>>,
    fits: &'r Fits,
    now: Micros,
    shown_ratings: &'r ShownRatings,
}

impl<'r> Profile<'r> {
    /// From a customer's interactions, newest first, and the statements that hold, as of `now`. `shown_ratings`: what they
    /// thought of how they were met counts too, as far as this says.
    pub(super) fn new(
        lines: &'r [RecordLine],
        holding: &[Statement],
        zone: &TimeZone,
        (fits, now): (&'r Fits, Micros),
        shown_ratings: &'r ShownRatings,
    ) -> Self {
        let mut said: HashMap<PreferenceDimension, Vec<Said>> = HashMap::new();
        for one in holding {
            let news = Said { value: one.value.clone(), origin: one.origin.0, at: one.stated_at };
            said.entry(one.dimension.0).or_default().push(news);
        }
        let contacts = lines.iter().map(|line| (line, line.values(zone))).collect();
        Self { contacts, said, fits, now, shown_ratings }
    }

    /// A dimension; none where it is stated only, and nothing is.
    pub(super) fn preference(&self, dimension: PreferenceDimension) -> Option<Preference> {
        match self.inference(dimension) {
            Some(inference) => Some(inference.preference()),
            None => stated(dimension, self.said(dimension)),
        }
    }

    /// What is inferred of a dimension, if that is done.
    pub(super) fn inference(&self, dimension: PreferenceDimension) -> Option<Inference<'_>> {
        let index = INFERRED.iter().position(|inferred| *inferred == dimension)?;
        let contacts = self.contacts.iter().filter_map(|(line, values)| {
            Some(Contact { line, value: values[index].as_deref()?, weight: self.weight(line, dimension) })
        });
        let contacts: Vec<_> = contacts.collect();
        Some(Inference::of(dimension, &contacts, self.said(dimension), self.fits.get(&dimension), self.now))
    }

    /// What was said of a dimension, newest first.
    pub(super) fn said(&self, dimension: PreferenceDimension) -> &[Said] {
        self.said.get(&dimension).map(Vec::as_slice).unwrap_or_default()
    }

    fn weight(&self, line: &RecordLine, dimension: PreferenceDimension) -> f64 {
        line.weight(dimension) * if self.shown_ratings.include(line) { line.rated_factor(dimension) } else { 1.0 }
    }
}

/// The times of day, in minutes since midnight, between which the customer may be called, as
/// [`PreferenceDimension::Hours`] has them.
pub(super) fn span(value: &str) -> Option<(i64, i64)> {
    let (start, end) = value.split_once('-')?;
    let (start, end) = (QuietHours::minutes(start)?, QuietHours::minutes(end)?);
    (start != end).then_some((start, end))
}

/// The interactions that preferences show as evidence.
pub(super) fn evidence(preferences: &[Preference]) -> impl Iterator<Item = Uuid> {
    preferences.iter().flat_map(|one| &one.values).flat_map(|value| value.evidence.iter().copied())
}

/// Which ratings may show in what somebody reads: weights would tell those who are rated what the customer thought of them
/// (R12).
#[derive(Clone, Debug)]
pub(super) enum ShownRatings {
    None,
    /// All but those of this person.
    Besides(Oneself),
}

impl ShownRatings {
    /// Those that a caller is shown.
    pub(super) fn to(caller: &Caller) -> Self {
        if caller.policy().sees_ratings_weighed { Self::Besides(Oneself::of(caller)) } else { Self::None }
    }

    fn include(&self, line: &RecordLine) -> bool {
        match self {
            Self::None => false,
            Self::Besides(oneself) => !oneself.is(line.rated_staff_id.as_deref()),
        }
    }
}
