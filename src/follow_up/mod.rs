//! What a customer gets back for a bad rating or a complaint: an answer to each point, in time, until they are satisfied (L1, L2, L3).
//!
//! `rules` say what each step makes of a follow-up; `store` holds the rows and `sight` who sees which, `steps` is what people do,
//! `opening` what opens one by itself, `clock` what happens by time, `statement` what those are told whom it is about, `message`
//! turns rows into messages, `watch` is what is watched. RPCs are in `service`.
//!
//! To those whom a follow-up is about it does not exist. Every query begins at `sight::within`, so that none can forget it.

mod clock;
pub(crate) mod entity;
mod message;
pub(crate) mod opening;
mod rules;
pub mod service;
mod sight;
mod statement;
mod steps;
mod store;
mod watch;

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

pub(crate) use clock::{lock, recounted};
use entity::follow_up::Model as FollowUp;
pub(crate) use sight::hidden_statements;

use crate::{
    api::v1::{FollowUpSource, FollowUpState, Role},
    auth::Caller,
    clock::Micros,
    reach::{Scope, Sight},
};

/// A follow-up that waits for its answers or for the customer's word, for the brief before a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) id: Uuid,
    pub(crate) is_answered: bool,
    /// None: it never is.
    pub(crate) due_at: Option<Micros>,
    pub(crate) opened_at: Micros,
    /// Whom it is about, and who is not to be assigned to the customer.
    pub(crate) about: Vec<String>,
}

/// What waits of a customer's follow-ups, as far as a caller may be told of it; the earliest due first. Colleagues hear of complaints,
/// which the timeline shows them too, and of what they hold; not of what a rating has opened, which would tell who rated whom.
pub(crate) async fn waiting(
    connection: &impl ConnectionTrait,
    caller: &Caller,
    customer_id: &str,
    limit: u64,
) -> Result<Vec<Waiting>, DbErr> {
    let mut states = rules::UNANSWERED.to_vec();
    states.push(FollowUpState::Answered);
    let filter = store::Filter { states, customer_id: Some(customer_id.to_owned()), ..store::Filter::default() };
    let mut found = store::list(connection, &Sight::of(caller, Scope::All), &filter, None, limit).await?;
    if caller.principal.role == Role::Staff {
        let is_theirs = |one: &FollowUp| one.holder_staff_id.as_deref() == caller.person();
        found.retain(|one| one.source.0 == FollowUpSource::Complaint || is_theirs(one));
    }
    let mut about = sight::about(connection, &found).await?;
    let waiting = |one: FollowUp| Waiting {
        id: one.id,
        is_answered: one.state.0 == FollowUpState::Answered,
        due_at: one.is_due_ever().then_some(one.due_at),
        opened_at: one.opened_at,
        about: about.remove(&one.id).unwrap_or_default().into_iter().collect(),
    };
    Ok(found.into_iter().map(waiting).collect())
}
