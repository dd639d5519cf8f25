//! What colleagues may give to customers without a script, and what it buys (E2).
//!
//! `rules` say what a budget allows; `store` holds budgets and grants, `standing` adds up what is left, `summary` who gives what,
//! `effect` what it buys. `message` turns messages into these and back, RPCs are in `service`. All who write hold the lock of
//! `sequence::DISCRETION`: so that sums over grants are those of a moment, and no budget is overdrawn.

mod effect;
pub(crate) mod entity;
mod message;
mod month;
mod rules;
pub mod service;
mod standing;
pub(crate) mod store;
mod summary;

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use self::month::Month;
use crate::{
    api::v1::{BudgetScope, GrantState},
    clock::Micros,
    reach::Sight,
};

/// Whose a budget is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    scope: BudgetScope,
    /// A team's id, of [`BudgetScope::Colleague`] a colleague's.
    id: String,
}

/// A budget from a month on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Budget {
    owner: Owner,
    unit: String,
    allowance: Allowance,
}

/// What a month's budget allows, in the smallest unit of a currency or in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Allowance {
    total: i64,
    /// Of one grant without asking.
    limit: i64,
}

/// What was taken from a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    given: i64,
    approved: i64,
}

impl Taken {
    fn sum(self) -> i64 {
        self.given + self.approved
    }

    fn plus(self, other: Self) -> Self {
        Self { given: self.given + other.given, approved: self.approved + other.approved }
    }
}

/// What a colleague wants to give.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wish {
    interaction_id: Uuid,
    staff_id: String,
    unit: String,
    quantity: i64,
    reason: String,
}

/// A grant on record.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Grant {
    id: Uuid,
    wish: Wish,
    customer_id: Option<String>,
    case_id: Option<String>,
    team_id: String,
    /// As it is now: what expired is [`GrantState::Expired`].
    state: GrantState,
    month: Month,
    made_at: Micros,
    expires_at: Option<Micros>,
    decided: Option<(String, Micros)>,
    given_at: Option<Micros>,
    withdrawn_at: Option<Micros>,
    note: Option<String>,
}

/// What a customer was given, for the brief before a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) id: Uuid,
    pub(crate) unit: String,
    pub(crate) quantity: i64,
    pub(crate) reason: String,
    pub(crate) at: Micros,
}

/// What a customer was given since an instant, as far as a caller may see it; the newest first.
pub(crate) async fn given(
    connection: &impl ConnectionTrait,
    sight: &Sight,
    customer_id: &str,
    since: Micros,
    limit: u64,
) -> Result<Vec<Given>, DbErr> {
    let filter = store::Filter {
        states: vec![GrantState::Given],
        customer_id: Some(customer_id.to_owned()),
        since: Some(since),
        ..store::Filter::default()
    };
    let found = store::list(connection, sight, &filter, (None, limit), since).await?;
    let given = |one: Grant| Given {
        id: one.id,
        at: one.given_at.unwrap_or(one.made_at),
        unit: one.wish.unit,
        quantity: one.wish.quantity,
        reason: one.wish.reason,
    };
    Ok(found.into_iter().map(given).collect())
}
