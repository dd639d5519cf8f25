//! What a brief can say, before it has words.

use uuid::Uuid;

use super::matters::Because;
use crate::{
    api::v1::{
        BriefSection as Section, Channel, Consent, ContactKind, ContactPurpose, ContactRefusalReason, CustomerStanding,
        InteractionKind, PreferenceDimension,
    },
    interaction::{Deed, Micros},
};

/// A line of the brief before it has words.
#[derive(Debug)]
pub(in crate::preference) struct Told {
    pub(in crate::preference) section: Section,
    pub(in crate::preference) fact: Fact,
    pub(in crate::preference) evidence: Vec<Evidence>,
}

/// Where a fact comes from; with the instant of what happened.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) enum Evidence {
    Interaction(Uuid, Micros),
    Statement(Uuid, Micros),
    DoNotContact(Uuid, Micros),
    Customer(String),
    ContactPolicy(i64),
}

/// What a brief says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) enum Fact {
    /// How he is called, and by which id or alias he is known.
    Known {
        name: Option<String>,
        known_as: String,
        standing: Option<CustomerStanding>,
    },
    /// How often we met, `first` where all of it was read, and when and how last.
    Met {
        count: usize,
        has_more: bool,
        first: Option<Micros>,
        last: Micros,
        how: Met,
    },
    Suspended {
        reason: String,
        since: Micros,
        until: Option<Micros>,
    },
    Matter {
        matter: Matter,
        count: usize,
        since: Micros,
        because: Because,
        last: Option<(Micros, String)>,
    },
    Missed {
        at: Micros,
        channel: Channel,
        waited: Option<Micros>,
    },
    Callback {
        at: Micros,
        attempts: usize,
    },
    Prefers {
        dimension: PreferenceDimension,
        value: Value,
        confidence: f64,
        sample: usize,
        tied: Vec<Value>,
    },
    Stated {
        dimension: PreferenceDimension,
        value: Value,
        at: Micros,
        source: String,
    },
    /// Nothing certain is known of how he likes to be met.
    NothingCertain,
    Refuted {
        dimension: PreferenceDimension,
        value: Value,
        at: Micros,
        note: String,
    },
    DoNotContact {
        channels: Vec<Channel>,
        purposes: Vec<ContactPurpose>,
        reason: String,
        until: Option<Micros>,
    },
    InVain {
        channel: Channel,
        attempts: usize,
        last: Micros,
    },
    Concluded {
        at: Micros,
        how: Met,
        text: String,
    },
    Point {
        kind: ContactKind,
        value: String,
        source: String,
        obtained: Option<Micros>,
        consent: Consent,
    },
    May {
        channel: Channel,
        purposes: Vec<ContactPurpose>,
    },
    MayNot {
        channel: Channel,
        purposes: Vec<ContactPurpose>,
        reasons: Vec<ContactRefusalReason>,
        from: Option<Micros>,
    },
    /// He need not say it again.
    OnRecord {
        at: Micros,
        order: Option<String>,
        product: Option<String>,
        page: Option<String>,
        seen: Option<String>,
    },
    Did(Vec<Activity>),
    LongWait {
        at: Micros,
        waited: Micros,
    },
    Opener {
        name: Option<String>,
        about: Topic,
    },
}

/// How we met: what it was, and with whom.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) struct Met {
    pub(in crate::preference) channel: Channel,
    pub(in crate::preference) kind: InteractionKind,
    pub(in crate::preference) people: Vec<String>,
    /// Whether we got through to each other.
    pub(in crate::preference) served: bool,
}

/// What a matter is called.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) struct Matter {
    pub(in crate::preference) is_complaint: bool,
    pub(in crate::preference) topic: Option<String>,
    pub(in crate::preference) case_id: Option<String>,
    pub(in crate::preference) order_id: Option<String>,
}

/// A value of a dimension.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) enum Value {
    Channel(Channel),
    Kind(InteractionKind),
    Hour(u8),
    /// 1 is Monday.
    Weekday(u8),
    /// A BCP 47 tag, or what the record calls a language.
    Language(String),
    /// In the words of the record.
    Text(String),
}

/// Something he did of his own accord (I8).
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) struct Activity {
    pub(in crate::preference) at: Micros,
    pub(in crate::preference) deed: Deed,
    pub(in crate::preference) what: Option<String>,
}

/// What to begin with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::preference) enum Topic {
    Matter { topic: Option<String>, at: Micros },
    Missed { at: Micros },
    Callback { at: Micros },
    Did(Activity),
    Last { topic: Option<String>, at: Micros },
    Nothing,
}
