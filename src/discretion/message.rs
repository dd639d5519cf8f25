//! Between the contract's messages and budgets, grants and what they come to.

use rapport_statistics::matching::Effect;
use uuid::Uuid;

use super::{
    Allowance, Budget, Grant, Owner, Wish,
    effect::{Effects, Figure},
    month::Month,
    standing::Standing,
    store::Filter,
    summary::Summary,
};
use crate::{
    amount::{is_currency, is_meant_for_currency},
    api::{
        convert::{normal, optional, timestamp},
        v1::{self, BudgetScope},
    },
    auth::Caller,
    error::{Error, Reason, Result, Violation},
};

/// Reads a budget, whose month is read where the time is known.
///
/// # Errors
/// Every field at fault at once.
pub(super) fn read_budget(message: &v1::Budget) -> Result<Budget> {
    let mut wrong = Vec::new();
    let scope = message.scope();
    let (team, colleague) = (normal(message.team_id.clone()), normal(message.staff_id.clone()));
    let of_colleague = scope == BudgetScope::Colleague;
    for (field, id, wanted) in [("budget.team_id", &team, !of_colleague), ("budget.staff_id", &colleague, of_colleague)]
    {
        match (wanted, id.is_empty()) {
            (true, true) => wrong.push(Violation::new(field, Reason::FieldRequired, "must be set for this scope")),
            (false, false) => wrong.push(Violation::new(field, Reason::Contradiction, "must be empty for this scope")),
            (true, false) | (false, true) => {}
        }
    }
    let unit = normal(message.unit.clone());
    if is_meant_for_currency(&unit) && !is_currency(&unit) {
        let rule = "must be a code of ISO 4217 such as CNY, or the name of a thing";
        wrong.push(Violation::new("budget.unit", Reason::Malformed, rule));
    }
    if message.grant_limit > message.total {
        let rule = "must not be more than the total";
        wrong.push(Violation::new("budget.grant_limit", Reason::ValueOutOfRange, rule));
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    Ok(Budget {
        owner: Owner { scope, id: if of_colleague { colleague } else { team } },
        unit,
        allowance: Allowance { total: message.total, limit: message.grant_limit },
    })
}

/// Reads what somebody would give; a person who names no colleague gives it themselves.
pub(super) fn read_wish(message: v1::DiscretionGrant, caller: &Caller) -> Result<Wish> {
    let staff_id = optional(message.staff_id).or_else(|| caller.person().map(str::to_owned));
    let staff_id = staff_id.ok_or_else(|| Error::invalid("grant.staff_id", Reason::FieldRequired, "must be set"))?;
    Ok(Wish {
        interaction_id: crate::call::id(&message.interaction_id)?,
        staff_id,
        unit: normal(message.unit),
        quantity: message.quantity,
        reason: message.reason,
    })
}

/// Which grants are asked for.
pub(super) fn read_filter(message: &v1::ListGrantsRequest) -> Result<Filter> {
    let text = |text: &String| optional(normal(text.clone()));
    let malformed = |_| Error::invalid("interaction_id", Reason::Malformed, "must be a UUID");
    let month = Some(&message.month).filter(|month| !month.is_empty());
    Ok(Filter {
        states: message.states().collect(),
        customer_id: text(&message.customer_id),
        staff_id: text(&message.staff_id),
        team_id: text(&message.team_id),
        interaction_id: text(&message.interaction_id).map(|id| id.parse::<Uuid>()).transpose().map_err(malformed)?,
        month: month.map(|month| Month::read("month", month, Month(0))).transpose()?,
        since: None,
    })
}

/// A grant as callers see it.
pub(super) fn write(grant: Grant) -> v1::DiscretionGrant {
    let (decided_by, decided_at) = grant.decided.unzip();
    v1::DiscretionGrant {
        grant_id: grant.id.to_string(),
        interaction_id: grant.wish.interaction_id.to_string(),
        customer_id: grant.customer_id.unwrap_or_default(),
        staff_id: grant.wish.staff_id,
        team_id: grant.team_id,
        unit: grant.wish.unit,
        quantity: grant.wish.quantity,
        reason: grant.wish.reason,
        state: grant.state.into(),
        month: grant.month.to_string(),
        make_time: Some(timestamp(grant.made_at)),
        expire_time: grant.expires_at.map(timestamp),
        decided_by: decided_by.unwrap_or_default(),
        decide_time: decided_at.map(timestamp),
        give_time: grant.given_at.map(timestamp),
        withdraw_time: grant.withdrawn_at.map(timestamp),
        note: grant.note.unwrap_or_default(),
    }
}

/// How a budget stands.
pub(super) fn write_standing(standing: Standing) -> v1::BudgetStanding {
    let total = standing.allowance.map(|one| one.total);
    v1::BudgetStanding {
        scope: standing.scope.into(),
        team_id: standing.team_id,
        staff_id: standing.staff_id,
        month: standing.month.to_string(),
        unit: standing.unit,
        total,
        grant_limit: standing.limit,
        given: standing.taken.given,
        approved: standing.taken.approved,
        left: standing.left,
    }
}

/// What a colleague gave.
pub(super) fn write_summary(summary: Summary) -> v1::GrantSummary {
    let amounts = summary.amounts.into_iter().map(|(unit, quantity)| v1::GrantAmount { unit, quantity });
    v1::GrantSummary {
        staff_id: summary.staff_id,
        team_id: summary.team_id,
        grant_count: summary.grants,
        amounts: amounts.collect(),
        cause_count: summary.causes,
        gives_nothing: summary.gives_nothing,
    }
}

/// What grants buy.
pub(super) fn write_effects(found: Effects) -> v1::EstimateGrantEffectResponse {
    v1::EstimateGrantEffectResponse {
        matched_count: count(found.matched),
        unmatched_count: count(found.unmatched),
        control_count: count(found.controls),
        satisfaction: Some(write_effect(found.satisfaction)),
        return_rate: Some(write_effect(found.returned)),
        complaint_rate: Some(write_effect(found.complained)),
        pending_count: count(found.pending),
    }
}

fn write_effect((given, controls, effect): Figure) -> v1::GrantEffect {
    let of = |part: fn(Effect) -> f64| effect.map(part);
    v1::GrantEffect {
        given_count: count(given),
        control_count: count(controls),
        given_mean: of(|one| one.with),
        control_mean: of(|one| one.without),
        difference: of(|one| one.difference),
        difference_low: of(|one| one.interval.low),
        difference_high: of(|one| one.interval.high),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
