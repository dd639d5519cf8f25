//! What we promised customers, and whether it was kept (L5).
//!
//! `rules` say who may promise and what each step of the clock does; `store` holds the rows, `clock` what happens by time, `message`
//! turns messages into commitments and back, `watch` what is watched. RPCs are in `service`.

mod clock;
pub(crate) mod entity;
mod message;
mod rules;
pub mod service;
pub(crate) mod store;
mod watch;

use futures::future::BoxFuture;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::{api::v1::CommitmentState, clock::Micros, reach::Sight, store::Tx};

/// A commitment as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Terms {
    what: String,
    customer_id: Option<String>,
    interaction_id: Option<Uuid>,
    case_id: Option<String>,
    owner: String,
    due_at: Micros,
    /// Working time ahead of it.
    remind_before: Micros,
    worth: Option<Worth>,
    /// The incident for which it is a remedy.
    incident_id: Option<Uuid>,
}

/// What a commitment is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Worth {
    /// In the smallest unit of the currency.
    amount: i64,
    currency: String,
}

/// A commitment on record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Commitment {
    id: Uuid,
    terms: Terms,
    team_id: Option<String>,
    state: CommitmentState,
    level: i32,
    author: String,
    made_at: Micros,
    settled: Option<Settled>,
}

/// A commitment that is still owed, for the brief before a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) id: Uuid,
    pub(crate) what: String,
    pub(crate) owner: String,
    pub(crate) due_at: Micros,
    pub(crate) made_at: Micros,
}

/// What is still owed to a customer, as far as a caller may see it; the earliest due first.
pub(crate) async fn owed(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    customer_id: &str,
    limit: u64,
) -> Result<Vec<Owed>, DbErr> {
    let filter = store::Filter {
        states: vec![CommitmentState::Open, CommitmentState::Broken],
        customer_id: Some(customer_id.to_owned()),
        ..store::Filter::default()
    };
    let found = store::list(connection, sight, &filter, None, limit).await?;
    let owed = |one: Commitment| Owed {
        id: one.id,
        what: one.terms.what,
        owner: one.terms.owner,
        due_at: one.terms.due_at,
        made_at: one.made_at,
    };
    Ok(found.into_iter().map(owed).collect())
}

/// What commitments ask of domains that they do not know. The composition root (`app`) says who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Questions {
    /// Whether there is such an incident, that was not taken back.
    pub(crate) is_incident: for<'t> fn(&'t Tx, Uuid) -> BoxFuture<'t, Result<bool, DbErr>>,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Settled {
    at: Micros,
    by: String,
    note: Option<String>,
}
