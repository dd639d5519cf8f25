//! What interactions set off in domains above this one. The composition root (`app`) says who does it; it happens inside the
//! transaction that records or changes the interaction, and locks are taken in the order of the fields here.

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use sea_orm::{DbErr, prelude::Uuid};

use super::{Facts, Participant};
use crate::{
    api::v1::{Channel, InteractionKind},
    clock::Micros,
    directory::{Alias, Party},
    store::{Abort, Store, Tx},
};

/// What a reaction does, and whether it could.
pub(crate) type Reaction<'t, T, E = DbErr> = BoxFuture<'t, Result<T, E>>;
/// To participants before and after.
type ToMoved = for<'t> fn(&'t Tx, &'t Store, Uuid, (&'t [Participant], &'t [Participant])) -> Reaction<'t, ()>;
/// To interactions that are over. The zone is the organisation's.
type ToEnded = for<'t> fn(&'t Tx, (&'t Store, &'t TimeZone), Vec<Ended>) -> Reaction<'t, (), Abort>;

/// The reactions to interactions.
#[derive(Clone, Copy, Debug)]
pub struct Reactions {
    /// Whether an interaction has been rated; from then on nobody rates it until the transaction ends.
    pub(crate) is_rated: for<'t> fn(&'t Tx, &'t Store, Uuid) -> Reaction<'t, bool>,
    /// Other participants stand in the place of those before.
    pub(crate) moved: ToMoved,
    /// A condition in SQL: whether anybody wants to know of any interaction that it is over.
    pub(crate) awaits_any: &'static str,
    /// Whether somebody wants to know at `now` that this one is.
    pub(crate) awaits_end: fn(&Facts, Micros) -> bool,
    /// Interactions are over of which somebody wanted to know.
    pub(crate) ended: ToEnded,
    /// Customers have complained, who can be told what comes of it.
    pub(crate) complained: ToComplaints,
    /// A condition in SQL: whether anybody waits for interactions that hit.
    pub(crate) awaits_fresh: &'static str,
    /// Interactions are being recorded for which somebody waits; with the time of that.
    pub(crate) fresh: ToFresh,
}

type ToComplaints = for<'t> fn(&'t Tx, &'t Store, Vec<Complaint>) -> Reaction<'t, (), Abort>;
type ToFresh = for<'t> fn(&'t Tx, &'t Store, (Vec<Fresh>, Micros)) -> Reaction<'t, (), Abort>;

/// An interaction that is being recorded.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(crate) id: Uuid,
    pub(crate) occurred_at: Micros,
    pub(crate) facts: Facts,
}

/// A complaint that was just recorded.
#[derive(Clone, Debug)]
pub(crate) struct Complaint {
    pub(crate) interaction_id: Uuid,
    pub(crate) occurred_at: Micros,
    pub(crate) topic: Option<String>,
    /// Whose matter it is, where both are known.
    pub(crate) matter: Option<(String, String)>,
    /// Of the primary participant.
    pub(crate) team_id: Option<String>,
}

impl Complaint {
    /// Of an interaction that is recorded, if it is one and its customer can be told of it.
    pub(crate) fn of(interaction_id: Uuid, facts: &Facts, recorded_at: Micros) -> Option<Self> {
        let has_party = facts.customer_id.is_some() || facts.customer_alias.is_some();
        (facts.kind == InteractionKind::Complaint && has_party).then(|| Self {
            interaction_id,
            occurred_at: facts.instants.occurred().unwrap_or(recorded_at),
            topic: facts.topic.clone(),
            matter: facts.customer_id.clone().zip(facts.case_id.clone()),
            team_id: facts.primary_team().map(str::to_owned),
        })
    }
}

/// An interaction that is over.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) interaction_id: Uuid,
    pub(crate) channel: Channel,
    pub(crate) kind: InteractionKind,
    pub(crate) topic: Option<String>,
    pub(crate) occurred_at: Option<Micros>,
    pub(crate) participants: Vec<Participant>,
    pub(crate) customer_id: Option<String>,
    pub(crate) alias: Option<Alias>,
}

impl Ended {
    /// Of an interaction as it is on record.
    pub(crate) fn new(interaction_id: Uuid, facts: &Facts) -> Self {
        Self {
            interaction_id,
            channel: facts.channel,
            kind: facts.kind,
            topic: facts.topic.clone(),
            occurred_at: facts.instants.occurred(),
            participants: facts.participants.clone(),
            customer_id: facts.customer_id.clone(),
            alias: facts.customer_alias.clone(),
        }
    }

    /// With whom it was.
    pub(crate) fn party(&self) -> Option<Party> {
        let customer = self.customer_id.clone().map(Party::Customer);
        customer.or_else(|| self.alias.clone().map(Party::Alias))
    }
}
