//! How customers rated the service: the rules by which a reply becomes a score and scores become figures, without I/O;
//! rows are in `store`, RPCs in `service`.
//!
//! `rules` say whether a rating is taken and for whom it counts (R5). `figures` are the sums that ratings come to, `compare` ranks teams and colleagues by them
//! (R9), `outcomes` says what came of it all (I5, I11). The methods themselves are in the crate
//! `rapport-statistics`, the reading of answers (R3) in `rapport-reply`.

mod compare;
pub(crate) mod figures;
mod message;
mod outcomes;
pub(crate) mod reactions;
pub(crate) mod rules;
pub mod service;
pub mod store;

use uuid::Uuid;

pub(crate) use compare::shrunken_team_means;
pub(crate) use message::{period as read_days, read_answers, read_period};
pub(crate) use reactions::{Low, Reactions};
pub(crate) use rules::{day_of, judge, rated, standing};

use crate::{
    api::v1::{Attribution, Channel, InteractionKind, RatingStanding, Resolution, StaffRole},
    clock::Micros,
};

/// What a caller tells of a rating.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Input {
    pub(crate) interaction_id: Uuid,
    pub(crate) template_id: String,
    /// 0: the newest published one.
    pub(crate) template_version: i32,
    /// As the customer gave it.
    pub(crate) score: i32,
    pub(crate) answers: Answers,
    pub(crate) attribution: Attribution,
    pub(crate) comment: Option<String>,
    pub(crate) answered_at: Micros,
    pub(crate) delivered_at: Option<Micros>,
    /// None: the primary participant.
    pub(crate) rated_staff_id: Option<String>,
}

/// The answers besides the score, in the order of the dimensions of counters; 0 where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) resolved: Resolution,
    pub(crate) dimensions: [i16; 7],
}

/// A colleague as they served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rated {
    pub(crate) staff_id: String,
    pub(crate) team_id: Option<String>,
    pub(crate) role: StaffRole,
}

/// A rating as it is on record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rating {
    pub(crate) id: Uuid,
    pub(crate) interaction_id: Uuid,
    pub(crate) template_id: String,
    pub(crate) template_version: i32,
    pub(crate) score: i16,
    /// 1 to 5, of which 5 is the best.
    pub(crate) level: i16,
    pub(crate) answers: Answers,
    pub(crate) attribution: Attribution,
    pub(crate) comment: Option<String>,
    pub(crate) answered_at: Micros,
    pub(crate) delivered_at: Option<Micros>,
    pub(crate) received_at: Micros,
    /// None where nobody in particular served.
    pub(crate) rated: Option<Rated>,
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) topic: Option<String>,
    pub(crate) occurred_at: Micros,
    /// Of the interaction, in the organisation's zone, counted from 1970-01-01.
    pub(crate) day: i32,
    pub(crate) standing: RatingStanding,
}
