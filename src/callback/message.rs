//! Between the contract's messages and callbacks.

use std::collections::BTreeMap;

use rapport_identity::NormalForms;
use uuid::Uuid;

use super::{Asked, Callback, desk::Desk, figures::Figures, quote::SLOT, store::Filter};
use crate::{
    api::{
        convert::{duration, micros, normal, optional, timestamp},
        v1::{self, CallbackQuoteBasis, CallbackState, ContactKind},
    },
    auth::{Caller, policy::CallerKind},
    clock::Micros,
    directory::{Alias, etag},
    error::{Error, Reason, Result},
    interaction::message::{read_context, write_context},
    reach::Scope,
};

/// Reads what is asked for. `scope`: a colleague's team and a customer's id are known without being said.
pub(super) fn read(message: v1::Callback, scope: &Scope, forms: NormalForms) -> Result<Asked> {
    let point = phone("callback.contact_point", message.contact_point, forms)?;
    let team_id = team(message.team_id, scope)
        .ok_or_else(|| Error::invalid("callback.team_id", Reason::FieldRequired, "must be set"))?;
    let customer_id = optional(message.customer_id);
    if let (Some(own), Some(named)) = (scope.own_customer(), &customer_id)
        && own != named
    {
        return Err(Error::NotFound("customer"));
    }
    Ok(Asked {
        point: Some(point),
        customer_id: scope.own_customer().map(str::to_owned).or(customer_id),
        team_id,
        topic: optional(message.topic),
        context: message.context.map(read_context).unwrap_or_default(),
        interaction_id: read_id("callback.interaction_id", message.interaction_id)?,
        case_id: None,
        slot_at: message.slot_start_time.as_ref().map(micros),
    })
}

/// The team that is named, or the one that the caller has.
pub(super) fn team(named: String, scope: &Scope) -> Option<String> {
    let own = || match scope {
        Scope::Teams { teams, .. } if teams.len() == 1 => teams.first().cloned(),
        Scope::All | Scope::Teams { .. } | Scope::Staff(_) | Scope::Customer(_) => None,
    };
    optional(named).or_else(own)
}

/// A phone number in any notation.
pub(super) fn phone(field: &'static str, written: String, forms: NormalForms) -> Result<Alias> {
    let point = Alias::given(ContactKind::Phone, written, forms);
    match point.fault(forms) {
        Some(fault) => Err(Error::invalid(field, fault.reason, fault.rule)),
        None => Ok(point),
    }
}

/// An id that may be left out.
pub(super) fn read_id(field: &'static str, text: String) -> Result<Option<Uuid>> {
    let read = |text: String| text.parse().map_err(|_| Error::invalid(field, Reason::Malformed, "must be a UUID"));
    optional(text).map(read).transpose()
}

/// A callback as callers see it. A customer reads when the phone rings and from where, not who fell short.
pub(super) fn write(one: Callback, caller: &Caller) -> v1::Callback {
    let Callback { id, asked, quoted_at, basis, caller_number, author, requested_at, course, .. } = one;
    let written = v1::Callback {
        callback_id: id.to_string(),
        contact_point: asked.point.map(|point| point.written).unwrap_or_default(),
        customer_id: asked.customer_id.unwrap_or_default(),
        team_id: asked.team_id,
        topic: asked.topic.unwrap_or_default(),
        context: write_context(asked.context),
        interaction_id: asked.interaction_id.map(|id| id.to_string()).unwrap_or_default(),
        case_id: asked.case_id.unwrap_or_default(),
        slot_start_time: asked.slot_at.map(timestamp),
        quoted_time: Some(timestamp(quoted_at)),
        quote_basis: basis.into(),
        caller_number: caller_number.unwrap_or_default(),
        state: course.state.into(),
        attempts: course.attempts,
        claimed_by_staff_id: course.claimed_by.unwrap_or_default(),
        lease_end_time: course.lease_until.map(timestamp),
        request_time: Some(timestamp(requested_at)),
        ready_time: Some(timestamp(course.ready_at)),
        claim_time: course.claimed_at.map(timestamp),
        first_dial_time: course.first_dialled_at.map(timestamp),
        last_dial_time: course.dialled_at.map(timestamp),
        connect_time: course.connected_at.map(timestamp),
        end_time: course.ended_at.map(timestamp),
        breach_time: course.breached_at.map(timestamp),
        breach_reason: course.breach_reason.unwrap_or_default().into(),
        level: course.level,
        failure_reason: course.failure.unwrap_or_default().into(),
        call_interaction_id: course.call_interaction_id.map(|id| id.to_string()).unwrap_or_default(),
        author,
        note: course.note.unwrap_or_default(),
    };
    if caller.policy().kind != CallerKind::Customer {
        return written;
    }
    // The customer's own words at a cancellation; what colleagues note of a call is for colleagues.
    let note = if course.state == CallbackState::Cancelled { written.note.clone() } else { String::new() };
    v1::Callback {
        claimed_by_staff_id: String::new(),
        lease_end_time: None,
        claim_time: None,
        breach_reason: 0,
        level: 0,
        author: String::new(),
        note,
        ..written
    }
}

/// A quote.
pub(super) fn write_quote(
    (quoted_at, basis): (Micros, CallbackQuoteBasis),
    waiting_count: i64,
    desk: &Desk,
) -> v1::CallbackQuote {
    v1::CallbackQuote {
        quoted_time: Some(timestamp(quoted_at)),
        basis: basis.into(),
        waiting_count,
        caller_number: desk.caller_number.clone().unwrap_or_default(),
    }
}

/// A slot with its room.
pub(super) fn write_slot((start, free): (Micros, i64)) -> v1::CallbackSlot {
    v1::CallbackSlot {
        start_time: Some(timestamp(start)),
        end_time: Some(timestamp(start + SLOT)),
        free_count: i32::try_from(free).unwrap_or(i32::MAX),
    }
}

/// Which callbacks are asked for.
pub(super) fn read_filter(message: &v1::ListCallbacksRequest) -> Filter {
    let text = |text: &String| optional(normal(text.clone()));
    Filter {
        states: message.states().collect(),
        customer_id: text(&message.customer_id),
        team_id: text(&message.team_id),
        staff_id: text(&message.staff_id),
    }
}

/// Reads a desk.
pub(super) fn read_desk(message: v1::CallbackDesk, forms: NormalForms) -> Result<Desk> {
    let number = optional(message.caller_number);
    let number = number.map(|number| phone("desk.caller_number", number, forms)).transpose()?;
    Ok(Desk {
        team_id: normal(message.team_id),
        caller_number: number.map(|number| number.written),
        slot_capacity: message.slot_capacity,
        revision: 0,
    })
}

/// A desk as callers see it.
pub(super) fn write_desk(desk: Desk) -> v1::CallbackDesk {
    v1::CallbackDesk {
        team_id: desk.team_id,
        caller_number: desk.caller_number.unwrap_or_default(),
        slot_capacity: desk.slot_capacity,
        etag: etag(desk.revision),
    }
}

/// What came of quotes, by team and hour.
pub(super) fn write_summaries(found: BTreeMap<(String, i8), Figures>) -> Vec<v1::CallbackSummary> {
    let summary = |((team_id, hour), figures): ((String, i8), Figures)| v1::CallbackSummary {
        team_id,
        hour: i32::from(hour),
        requested_count: figures.requested,
        open_count: figures.open,
        done_count: figures.done,
        failed_count: figures.failed,
        cancelled_count: figures.cancelled,
        inside_count: figures.inside,
        breached_count: figures.breached(),
        inside_share: figures.inside_share(),
        quoted_wait_median: figures.quoted_median().map(duration),
        actual_wait_median: figures.actual_median().map(duration),
        actual_wait_p90: figures.actual_p90().map(duration),
        breaches: figures
            .breaches
            .into_iter()
            .map(|(reason, count)| v1::CallbackBreachCount { reason: reason.into(), count })
            .collect(),
        failures: figures
            .failures
            .into_iter()
            .map(|(reason, count)| v1::CallbackFailureCount { reason: reason.into(), count })
            .collect(),
    };
    found.into_iter().map(summary).collect()
}
