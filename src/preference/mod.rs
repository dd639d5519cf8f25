//! How a customer likes to be met: what their record shows (P1), and what they or a colleague said (P2).
//!
//! The arithmetic is a crate, `rapport_preference`; `view` is what a dimension comes to for one customer and `profile` all of
//! them; `brief` is what to know before meeting them (P3): all without I/O. `briefing` gathers what a brief is written from,
//! `segment` looks for customers who have something in common, `replay` asks of the whole record in order of time, to measure
//! and to fit. Rows are in `store`, RPCs in `service`.

mod background;
mod brief;
mod briefing;
pub(crate) mod entity;
mod message;
mod profile;
pub(crate) mod replay;
mod segment;
pub mod service;
pub(crate) mod store;
mod view;

pub(crate) use background::keep_fitted;

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use crate::{
    api::{
        Named as _,
        v1::{Channel, InteractionKind, Outcome, PreferenceDimension, TimeZoneSource},
    },
    clock::Micros,
    config::Zone,
};

/// Dimensions that are inferred, in the order in which they are shown.
const INFERRED: [PreferenceDimension; 8] = [
    PreferenceDimension::Channel,
    PreferenceDimension::Hour,
    PreferenceDimension::Weekday,
    PreferenceDimension::Topic,
    PreferenceDimension::Kind,
    PreferenceDimension::Product,
    PreferenceDimension::Language,
    PreferenceDimension::Colleague,
];

/// One value, or none, for each of [`INFERRED`].
type Values = [Option<String>; INFERRED.len()];

/// Interactions of one customer that are read.
const READ: u64 = 200;
/// In which interactions call an attribute of their context that names the language spoken.
pub(crate) const LANGUAGE_ATTRIBUTE: &str = "language";
/// The weight of a contact that came to nothing.
const IN_VAIN: f64 = 0.25;
/// By how much the weight of a contact is multiplied that was rated in the top box.
const TOP_BOX: f64 = 1.5;
/// And of one that was rated in the bottom box.
const BOTTOM_BOX: f64 = 0.5;
const MICROS_PER_DAY: f64 = 86_400e6;

/// What of an interaction tells how its customer likes to be met.
#[derive(Clone, Debug)]
struct RecordLine {
    id: Uuid,
    /// None: nobody knows who it was.
    customer_id: Option<String>,
    /// The customer's, as the directory has it; may be empty or no zone at all.
    time_zone: String,
    occurred_at: Micros,
    channel: Channel,
    kind: InteractionKind,
    outcome: Outcome,
    topic: Option<String>,
    product_id: Option<String>,
    language: Option<String>,
    staff_id: Option<String>,
    rated: Option<Rated>,
    /// Whom that rating is about.
    rated_staff_id: Option<String>,
}

/// What became of it in the customer's eyes.
#[derive(Clone, Copy, Debug)]
struct Rated {
    /// 1 to 5, of which 5 is the best.
    level: i16,
    at: Micros,
}

impl RecordLine {
    /// Its value in every dimension, by the clock on the wall of `zone`. A UTC instant has one wall time always: a gap
    /// leaves an hour without contacts, and a fold one with those of two.
    fn values(&self, zone: &TimeZone) -> Values {
        let local = Timestamp::from_microsecond(self.occurred_at).map(|at| at.to_zoned(zone.clone())).ok();
        let named = |name: String| Some(name).filter(|name| !name.is_empty());
        INFERRED.map(|dimension| match dimension {
            PreferenceDimension::Channel => named(channel_name(self.channel)),
            PreferenceDimension::Hour => local.as_ref().map(|local| format!("{:02}", local.hour())),
            PreferenceDimension::Weekday => {
                local.as_ref().map(|local| local.weekday().to_monday_one_offset().to_string())
            }
            PreferenceDimension::Topic => self.topic.clone(),
            PreferenceDimension::Kind => named(kind_name(self.kind)),
            PreferenceDimension::Product => self.product_id.clone(),
            PreferenceDimension::Language => self.language.clone(),
            PreferenceDimension::Colleague => self.staff_id.clone(),
            PreferenceDimension::Unspecified | PreferenceDimension::Salutation | PreferenceDimension::Hours => None,
        })
    }

    /// What it counts in a dimension, apart from how it was rated. A customer who gives up waiting chose the time and the
    /// matter all the same; where we reached out in vain, we chose.
    fn weight(&self, dimension: PreferenceDimension) -> f64 {
        match self.outcome {
            Outcome::Unspecified | Outcome::Answered => 1.0,
            Outcome::Abandoned => {
                if is_manner(dimension) {
                    IN_VAIN
                } else {
                    1.0
                }
            }
            Outcome::NoAnswer | Outcome::Declined | Outcome::Voicemail | Outcome::Failed => IN_VAIN,
        }
    }

    /// Whether we tried to reach the customer and did not.
    fn is_in_vain(&self) -> bool {
        match self.outcome {
            Outcome::NoAnswer | Outcome::Declined | Outcome::Voicemail | Outcome::Failed => true,
            Outcome::Unspecified | Outcome::Answered | Outcome::Abandoned => false,
        }
    }

    /// By what its rating multiplies that.
    fn rated_factor(&self, dimension: PreferenceDimension) -> f64 {
        self.rated.filter(|_| is_manner(dimension)).map_or(1.0, Rated::factor)
    }

    /// The same in days since 1970.
    fn day(&self) -> f64 {
        self.occurred_at as f64 / MICROS_PER_DAY
    }
}

impl Rated {
    fn factor(self) -> f64 {
        match self.level {
            4.. => TOP_BOX,
            ..=2 => BOTTOM_BOX,
            3 => 1.0,
        }
    }
}

/// Whether a dimension is about how a customer is met, to which it matters how that went; not when and for what.
fn is_manner(dimension: PreferenceDimension) -> bool {
    matches!(dimension, PreferenceDimension::Channel | PreferenceDimension::Colleague)
}

/// All dimensions, in the order of their numbers.
pub(crate) fn all_dimensions() -> impl Iterator<Item = PreferenceDimension> {
    PreferenceDimension::VALUES.iter().copied()
}

/// The name of a dimension, as in `channel`.
pub(crate) fn dimension_name(dimension: PreferenceDimension) -> String {
    dimension.plain_name().to_owned()
}

fn channel_name(channel: Channel) -> String {
    channel.plain_name().to_owned()
}

fn kind_name(kind: InteractionKind) -> String {
    kind.plain_name().to_owned()
}

/// How many values lie round a circle on which neighbours are alike.
fn circle(dimension: PreferenceDimension) -> Option<u32> {
    (dimension == PreferenceDimension::Hour).then_some(24)
}

/// The values of a dimension that are known before anybody chose one, in the order of the circle if it is one.
fn known_values(dimension: PreferenceDimension) -> Vec<String> {
    match dimension {
        PreferenceDimension::Hour => (0..24).map(|hour| format!("{hour:02}")).collect(),
        PreferenceDimension::Weekday => (1..=7).map(|day: u8| day.to_string()).collect(),
        PreferenceDimension::Channel => Channel::VALUES.iter().copied().map(channel_name).collect(),
        PreferenceDimension::Kind => InteractionKind::VALUES.iter().copied().map(kind_name).collect(),
        PreferenceDimension::Unspecified
        | PreferenceDimension::Topic
        | PreferenceDimension::Product
        | PreferenceDimension::Language
        | PreferenceDimension::Colleague
        | PreferenceDimension::Salutation
        | PreferenceDimension::Hours => Vec::new(),
    }
}

/// In which zone a customer's hours are, by what name, and why in that one.
fn zone_of(organization: &Zone, name: &str) -> (TimeZone, String, TimeZoneSource) {
    let fallback = |source| (organization.rules.clone(), organization.name.clone(), source);
    match TimeZone::get(name) {
        Ok(zone) if !name.is_empty() => (zone, name.to_owned(), TimeZoneSource::Customer),
        _ if name.is_empty() => fallback(TimeZoneSource::Organization),
        _ => fallback(TimeZoneSource::CustomersUnknown),
    }
}

/// The zones of customers, each looked up once.
#[derive(Debug)]
struct Zones {
    organization: TimeZone,
    known: HashMap<String, Option<TimeZone>>,
}

impl Zones {
    fn new(organization: TimeZone) -> Self {
        Self { organization, known: HashMap::new() }
    }

    /// The zone of that name; the organisation's where there is none.
    fn of(&mut self, name: &str) -> &TimeZone {
        let known = self.known.entry(name.to_owned()).or_insert_with(|| TimeZone::get(name).ok());
        known.as_ref().unwrap_or(&self.organization)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn line(customer_id: &str, occurred_at: Micros) -> RecordLine {
        RecordLine {
            id: Uuid::nil(),
            customer_id: Some(customer_id.to_owned()),
            time_zone: String::new(),
            occurred_at,
            channel: Channel::InboundCall,
            kind: InteractionKind::Service,
            outcome: Outcome::Answered,
            topic: None,
            product_id: None,
            language: None,
            staff_id: None,
            rated: None,
            rated_staff_id: None,
        }
    }

    fn hour(instant: &str) -> String {
        let at: Timestamp = instant.parse().unwrap();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        line("c", at.as_microsecond()).values(&zone)[1].clone().unwrap()
    }

    #[test]
    fn the_hour_is_on_the_wall_through_gaps_and_folds() {
        // Clocks go from 2 to 3.
        assert_eq!((hour("2025-03-30T00:59:59Z"), hour("2025-03-30T01:00:00Z")), ("01".into(), "03".into()));
        // And twice through 2.
        assert_eq!((hour("2025-10-26T00:30:00Z"), hour("2025-10-26T01:30:00Z")), ("02".into(), "02".into()));
        assert_eq!(hour("2025-10-26T02:30:00Z"), "03");
    }

    #[test]
    fn an_absurd_zone_is_the_organisations() {
        let mut zones = Zones::new(TimeZone::get("Asia/Shanghai").unwrap());
        assert_eq!(zones.of("Mars/Olympus").iana_name(), Some("Asia/Shanghai"));
        assert_eq!(zones.of("").iana_name(), Some("Asia/Shanghai"));
        assert_eq!(zones.of("Europe/Berlin").iana_name(), Some("Europe/Berlin"));
    }

    #[test]
    fn how_it_went_counts_for_how_they_are_met() {
        use PreferenceDimension::{Channel, Hour};
        let of = |outcome, level| RecordLine { outcome, rated: Some(Rated { level, at: 0 }), ..line("c", 0) };
        let weights = |outcome| [Channel, Hour].map(|dimension| of(outcome, 3).weight(dimension));
        assert_eq!(weights(Outcome::Answered), [1.0, 1.0]);
        assert_eq!(weights(Outcome::Abandoned), [0.25, 1.0]);
        assert_eq!(weights(Outcome::NoAnswer), [0.25, 0.25]);
        let factors = |dimension| [1, 2, 3, 4, 5].map(|level| of(Outcome::Answered, level).rated_factor(dimension));
        assert_eq!((factors(Channel), factors(Hour)), ([0.5, 0.5, 1.0, 1.5, 1.5], [1.0; 5]));
    }

    #[test]
    fn enums_are_values_by_name() {
        assert_eq!(known_values(PreferenceDimension::Channel).len(), 15);
        assert!(known_values(PreferenceDimension::Kind).contains(&"complaint".to_owned()));
    }
}
