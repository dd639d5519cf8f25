//! What a brief can say, before it has words.

use rapport_contract::{
    kinds::ActivityKind,
    v1::{
        Channel, Consent, ContactKind, ContactPurpose, ContactRefusalReason, CustomerStanding, InteractionKind,
        PreferenceDimension,
    },
};

use crate::{Micros, words::Words};

/// Where the answer to a customer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowUpState {
    /// It is owed.
    Owed,
    /// It is owed, and its time has passed.
    Overdue,
    /// It was given; the customer has not said what they think of it.
    Answered,
}

/// What a brief says. Whatever somebody else wrote are [`Words`], which get into a line in quotation marks only.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Fact {
    /// What the customer is called, and by which id or alias they are known.
    Known {
        name: Option<Words>,
        known_as: Words,
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
        reason: Words,
        since: Micros,
        until: Option<Micros>,
    },
    Matter {
        matter: Matter,
        count: usize,
        since: Micros,
        because: Because,
        last: Option<(Micros, Words)>,
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
    /// What was promised and is still owed.
    Commitment {
        what: Words,
        due: Micros,
        is_broken: bool,
        owner: Words,
    },
    /// What a colleague gave the customer, and why.
    Given {
        at: Micros,
        what: Words,
        reason: Words,
    },
    /// What the customer was not satisfied with, whose answer they wait for, or have got.
    FollowUp {
        opened: Micros,
        /// None: it is answered, or never due.
        due: Option<Micros>,
        state: FollowUpState,
    },
    /// Whom a complaint is about, which is still being followed up.
    NotToAssign {
        people: Vec<Words>,
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
        source: Words,
    },
    /// Nothing certain is known of how the customer likes to be met.
    NothingCertain,
    Refuted {
        dimension: PreferenceDimension,
        value: Value,
        at: Micros,
        note: Words,
    },
    DoNotContact {
        channels: Vec<Channel>,
        purposes: Vec<ContactPurpose>,
        reason: Words,
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
        text: Words,
    },
    Point {
        kind: ContactKind,
        value: Words,
        source: Words,
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
    /// The customer need not say it again.
    OnRecord {
        at: Micros,
        order: Option<Words>,
        product: Option<Words>,
        page: Option<Words>,
        seen: Option<Words>,
    },
    Did(Vec<Activity>),
    LongWait {
        at: Micros,
        waited: Micros,
    },
    Opener {
        name: Option<Words>,
        about: Topic,
    },
}

/// How we met: what it was, and with whom.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Met {
    pub channel: Channel,
    pub kind: InteractionKind,
    pub people: Vec<Words>,
    /// Whether we got through to each other.
    pub served: bool,
}

/// What a matter is called.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Matter {
    pub is_complaint: bool,
    pub topic: Option<Words>,
    pub case_id: Option<Words>,
    pub order_id: Option<Words>,
}

/// A value of a dimension.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Value {
    Channel(Channel),
    Kind(InteractionKind),
    Hour(u8),
    /// 1 is Monday.
    Weekday(u8),
    /// A BCP 47 tag, or what the record calls a language.
    Language(Words),
    /// In the words of the record.
    Text(Words),
}

/// Something the customer did of their own accord (I8).
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub struct Activity {
    pub at: Micros,
    pub activity_kind: ActivityKind,
    pub what: Option<Words>,
}

/// What to begin with.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Topic {
    Matter { topic: Option<Words>, at: Micros },
    Missed { at: Micros },
    Callback { at: Micros },
    Did(Activity),
    Last { topic: Option<Words>, at: Micros },
    Nothing,
}

/// Why a matter counts as open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The customer says so.
    CustomerSays,
    /// A colleague noted it.
    StaffSay,
    /// The customer came back about it after it had been called resolved.
    CameBack,
    /// A complaint, of which nobody said that it was resolved.
    NobodySaid,
}
