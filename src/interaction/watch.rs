//! What watches of interactions watch, and what they show.

use std::marker::PhantomData;

use super::{
    Facts, message,
    store::{self as rows, Change, Changes},
};
use crate::{
    api::{
        convert::{optional, timestamp},
        v1,
    },
    auth::{Caller, policy::CallerKind},
    error::{Error, Reason, Result, Violation},
    reach::{Oneself, Scope, Sight},
    store::Store,
    watch::Subject,
};

/// A method that watches interactions.
pub(crate) trait Method: Send + Sync + 'static {
    const NAME: &'static str;
    type Response: Send + 'static;

    fn response(event: Option<v1::InteractionEvent>, resume_cursor: String) -> Self::Response;
}

/// WatchInteractions.
pub(crate) struct OfInteractions;

impl Method for OfInteractions {
    const NAME: &'static str = "WatchInteractions";
    type Response = v1::WatchInteractionsResponse;

    fn response(event: Option<v1::InteractionEvent>, resume_cursor: String) -> Self::Response {
        v1::WatchInteractionsResponse { event, resume_cursor }
    }
}

/// WatchCustomerTimeline.
pub(crate) struct OfTimeline;

impl Method for OfTimeline {
    const NAME: &'static str = "WatchCustomerTimeline";
    type Response = v1::WatchCustomerTimelineResponse;

    fn response(event: Option<v1::InteractionEvent>, resume_cursor: String) -> Self::Response {
        v1::WatchCustomerTimelineResponse { event, resume_cursor }
    }
}

/// Whose interactions are watched.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    Customer(String),
    Staff(String),
    Team(String),
}

impl Whose {
    /// Reads a request: exactly one of the three, which a customer need not name.
    pub(crate) fn read(message: v1::WatchInteractionsRequest, caller: &Caller) -> Result<Self> {
        let customer = optional(message.customer_id).map(|id| ("customer_id", Self::Customer(id)));
        let staff = optional(message.staff_id).map(|id| ("staff_id", Self::Staff(id)));
        let team = optional(message.team_id).map(|id| ("team_id", Self::Team(id)));
        let mut named = [customer, staff, team].into_iter().flatten();
        let Some((_, whose)) = named.next() else {
            if caller.policy().kind == CallerKind::Customer {
                return Ok(Self::Customer(caller.subject().to_owned()));
            }
            let rule = "must be set, unless staff_id or team_id is";
            return Err(Error::invalid("customer_id", Reason::FieldRequired, rule));
        };
        let rule = "must not be set where another of customer_id, staff_id and team_id is";
        Error::unless_empty(named.map(|(field, _)| Violation::new(field, Reason::Contradiction, rule)).collect())?;
        Ok(whose)
    }

    fn may_be(&self, change: &Change) -> bool {
        match self {
            Self::Customer(id) => change.customer_id.as_ref() == Some(id),
            Self::Staff(id) => change.staff_ids.contains(id),
            Self::Team(id) => change.team_ids.contains(id),
        }
    }

    /// Whether an interaction that may be the customer's still is: participants change, the customer does not.
    fn is_still(&self, facts: &Facts) -> bool {
        match self {
            Self::Customer(_) => true,
            Self::Staff(id) => facts.participants.iter().any(|one| one.staff_id == *id),
            Self::Team(id) => facts.participants.iter().any(|one| one.team_id.as_ref() == Some(id)),
        }
    }
}

/// The interactions of somebody, watched by a method.
pub(crate) struct Watched<M> {
    whose: Whose,
    oneself: Oneself,
    method: PhantomData<M>,
}

impl<M> Watched<M> {
    pub(crate) fn new(whose: Whose, caller: &Caller) -> Self {
        Self { whose, oneself: Oneself::of(caller), method: PhantomData }
    }
}

impl<M: Method> Subject for Watched<M> {
    const METHOD: &'static str = M::NAME;
    type Log = Changes;
    type Event = v1::InteractionEvent;
    type Message = M::Response;

    fn key(&self) -> String {
        format!("{:?}", self.whose)
    }

    fn may_show(&self, change: &Change) -> bool {
        self.whose.may_be(change)
    }

    async fn show(
        &self,
        store: &Store,
        scope: &Scope,
        changes: Vec<Change>,
    ) -> Result<Vec<(i64, v1::InteractionEvent)>> {
        let sight = Sight { scope: scope.clone(), oneself: self.oneself.clone() };
        let now = rows::shown(store.reader(), &sight, &changes).await?;
        let event = |change: Change| {
            let recorded = now.get(&change.interaction_id).filter(|recorded| self.whose.is_still(&recorded.facts))?;
            let interaction = message::write(recorded.clone());
            let (kind, change_time) = (change.kind.into(), Some(timestamp(change.changed_at)));
            Some((change.sequence, v1::InteractionEvent { kind, change_time, interaction: Some(interaction) }))
        };
        Ok(changes.into_iter().filter_map(event).collect())
    }

    fn message(&self, event: Option<v1::InteractionEvent>, resume_cursor: String) -> M::Response {
        M::response(event, resume_cursor)
    }
}
