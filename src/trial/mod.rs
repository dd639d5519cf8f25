//! Two service plans side by side: who gets which, and what it does to what customers say (E3).
//!
//! `rules` are what must hold of a trial before it starts; `store` holds its rows, `units` who got which plan, `values`
//! reads what of them counts, `looking` gives that to the statistics of the crate `rapport-trial`; `clock` is what
//! happens by time, `message` turns messages into trials and back. RPCs are in `service`.

mod clock;
pub(crate) mod entity;
mod looking;
mod message;
mod rules;
pub mod service;
mod store;
mod units;
mod values;

use serde::{Deserialize, Serialize};

use crate::{
    api::v1::{Channel, TrialMetric, TrialUnit},
    clock::Micros,
    contact::EnumSet,
};

/// What is laid down of a trial before it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Terms {
    display_name: String,
    hypothesis: String,
    plan_a: String,
    plan_b: String,
    /// The number of its [`TrialUnit`].
    unit: i32,
    /// In percent.
    share_of_b: u8,
    scope: Scoped,
    /// The primary outcome, then the guardrails.
    outcomes: Vec<Outcome>,
    alarm_per_mille: i32,
    /// How long a plan counts for a unit; none: as long as the unit says.
    window: Option<Micros>,
    ends_at: Micros,
    sealed: bool,
    stop_on_alarm: bool,
}

/// The interactions of a trial. Empty: any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Scoped {
    team_ids: Vec<String>,
    topics: Vec<String>,
    channels: EnumSet<Channel>,
}

/// An outcome as it is named before the start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Outcome {
    /// The number of its [`TrialMetric`].
    metric: i32,
    /// As it was named; 0: the usual one.
    smallest_effect: f64,
}

impl Terms {
    fn unit(&self) -> TrialUnit {
        TrialUnit::try_from(self.unit).unwrap_or_default()
    }
}

impl Outcome {
    fn metric(self) -> TrialMetric {
        TrialMetric::try_from(self.metric).unwrap_or_default()
    }
}

/// A trial on record.
#[derive(Clone, Debug)]
struct Trial {
    row: entity::trial::Model,
    terms: Terms,
}
