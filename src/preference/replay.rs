//! The record replayed: what would have been said of every customer just before each of their contacts.

use std::{array, collections::HashMap};

use jiff::tz::TimeZone;
use rapport_preference::{
    figures::Figures,
    model::Fitted,
    replay::{self, Contact, Dimension, Part, Ratings, Served},
};
use serde::Serialize;

use super::{INFERRED, MICROS_PER_DAY, READ, RecordLine, Zones, circle, dimension_name, known_values};
use crate::{api::v1::PreferenceDimension, clock::Micros};

const DIMENSIONS: usize = INFERRED.len();

/// How well a dimension is foretold.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DimensionFigures {
    pub(crate) dimension: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What `GetPreferences` would have said of a customer in a dimension at the instant of a contact, before it was known.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answer<'l> {
    pub(crate) customer_id: &'l str,
    /// Microseconds since 1970.
    pub(crate) at: Micros,
    pub(crate) dimension: String,
    #[serde(flatten)]
    pub(crate) served: Served,
}

/// From when to when something was said of a customer's dimension; none: it still holds.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) dimension: PreferenceDimension,
    pub(super) from: Micros,
    pub(super) to: Option<Micros>,
}

impl Said {
    fn held(&self, dimension: PreferenceDimension, at: Micros) -> bool {
        self.dimension == dimension && self.from <= at && self.to.is_none_or(|to| at < to)
    }
}

/// The record on its way through.
#[derive(Debug)]
pub(crate) struct Replay {
    zones: Zones,
    replay: replay::Replay<DIMENSIONS>,
    /// By customer. Where something was said, the answer was not inferred from the record alone.
    said: HashMap<String, Vec<Said>>,
}

impl Replay {
    /// `zone`: the organisation's.
    pub(super) fn new(zone: TimeZone, said: HashMap<String, Vec<Said>>, ratings: Ratings) -> Self {
        let dimensions =
            INFERRED.map(|dimension| Dimension { known: known_values(dimension), circle: circle(dimension) });
        let read = usize::try_from(READ).unwrap_or(usize::MAX);
        Self { zones: Zones::new(zone), replay: replay::Replay::new(dimensions, read, ratings), said }
    }

    /// The next contact. `is_followed`: whether its customer is asked about; if not, it only tells what customers do. Gives what
    /// would have been said.
    pub(super) fn add<'l>(
        &mut self,
        line: &'l RecordLine,
        is_followed: bool,
    ) -> impl Iterator<Item = Answer<'l>> + use<'l> {
        let values = line.values(self.zones.of(&line.time_zone));
        let customer = line.customer_id.as_deref();
        let said = customer.and_then(|id| self.said.get(id)).map(Vec::as_slice).unwrap_or_default();
        let parts = array::from_fn(|index| {
            let dimension = INFERRED[index];
            let weight = line.weight(dimension);
            Some(Part {
                value: values[index].as_deref()?,
                weight,
                rated_weight: weight * line.rated_factor(dimension),
                was_told: said.iter().any(|said| said.held(dimension, line.occurred_at)),
            })
        });
        let contact = Contact {
            customer: customer.filter(|_| is_followed),
            day: line.day(),
            parts,
            rated_day: line.rated.map(|rated| days(rated.at)),
        };
        let served = self.replay.add(&contact);
        INFERRED.into_iter().zip(served).filter_map(move |(dimension, served)| {
            Some(Answer {
                customer_id: customer?,
                at: line.occurred_at,
                dimension: dimension_name(dimension),
                served: served?,
            })
        })
    }

    /// How well it went, without the dimensions in which there was no choice or nothing to foretell.
    pub(crate) fn figures(&self) -> Vec<DimensionFigures> {
        let named = |(dimension, figures): (_, Option<Figures>)| {
            Some(DimensionFigures { dimension: dimension_name(dimension), figures: figures? })
        };
        INFERRED.into_iter().zip(self.replay.figures()).filter_map(named).collect()
    }

    /// What a fit to it finds, in the order of [`INFERRED`].
    pub(super) fn fits(&self) -> [Fitted; DIMENSIONS] {
        self.replay.fits()
    }
}

/// Whether a customer is among the share that a fit follows: the same ones every time, no matter who asks.
pub(super) fn is_followed(customer_id: &str, share: f64) -> bool {
    let hash = crate::store::request::hash(&[customer_id.as_bytes()]).as_u128() >> 64;
    share >= 1.0 || (hash as f64) < share * 2f64.powi(64)
}

/// Days since 1970.
pub(super) fn days(at: Micros) -> f64 {
    at as f64 / MICROS_PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_follows_the_same_customers_every_time() {
        let followed = |share| (0..1_000).filter(|id| is_followed(&format!("c{id}"), share)).count();
        assert_eq!((followed(1.0), followed(0.0)), (1_000, 0));
        assert!((200..300).contains(&followed(0.25)));
    }

    #[test]
    fn what_was_said_holds_from_then_until_it_is_withdrawn() {
        let topic = PreferenceDimension::Topic;
        let (until, open) =
            (Said { dimension: topic, from: 5, to: Some(9) }, Said { dimension: topic, from: 5, to: None });
        assert_eq!([4, 5, 8, 9].map(|at| until.held(topic, at)), [false, true, true, false]);
        assert!(open.held(topic, 99) && !open.held(PreferenceDimension::Hour, 99));
    }
}
