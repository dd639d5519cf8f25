//! Between the contract's messages and commitments.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    Commitment, Terms, Worth, rules,
    store::{Count, Filter},
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, optional, timestamp},
        v1::{self, CommitmentState},
    },
    auth::Caller,
    error::{Error, Reason, Result},
};

/// Reads a commitment; a person who names no owner promises for themselves.
pub(super) fn read(message: v1::Commitment, caller: &Caller) -> Result<Terms> {
    let interaction_id = read_id("commitment.interaction_id", message.interaction_id)?;
    let incident_id = read_id("commitment.incident_id", message.incident_id)?;
    let owner = optional(message.owner_staff_id).or_else(|| caller.person().map(str::to_owned));
    let owner =
        owner.ok_or_else(|| Error::invalid("commitment.owner_staff_id", Reason::FieldRequired, "must be set"))?;
    let worth = (message.worth > 0 || !message.currency.is_empty())
        .then_some(Worth { amount: message.worth, currency: message.currency });
    Ok(Terms {
        what: message.what,
        customer_id: optional(message.customer_id),
        interaction_id,
        case_id: optional(message.case_id),
        owner,
        due_at: message.due_time.as_ref().map(micros).unwrap_or_default(),
        remind_before: message.remind_before.as_ref().map_or(rules::REMIND_BEFORE, duration_micros),
        worth,
        incident_id,
    })
}

fn read_id(field: &'static str, text: String) -> Result<Option<Uuid>> {
    let parse = |text: String| text.parse().map_err(|_| Error::invalid(field, Reason::Malformed, "must be a UUID"));
    optional(text).map(parse).transpose()
}

/// A commitment as callers see it. A customer reads what was promised, not who fell short.
pub(super) fn write(commitment: Commitment, caller: &Caller) -> v1::Commitment {
    let Commitment { id, terms, team_id, state, level, author, made_at, settled } = commitment;
    let (worth, currency) = terms.worth.map(|worth| (worth.amount, worth.currency)).unwrap_or_default();
    let settle_time = settled.as_ref().map(|settled| timestamp(settled.at));
    let (settled_by, note) = settled.map(|settled| (settled.by, settled.note.unwrap_or_default())).unwrap_or_default();
    let written = v1::Commitment {
        commitment_id: id.to_string(),
        what: terms.what,
        customer_id: terms.customer_id.unwrap_or_default(),
        interaction_id: terms.interaction_id.map(|id| id.to_string()).unwrap_or_default(),
        case_id: terms.case_id.unwrap_or_default(),
        owner_staff_id: terms.owner,
        team_id: team_id.unwrap_or_default(),
        due_time: Some(timestamp(terms.due_at)),
        remind_before: Some(duration(terms.remind_before)),
        worth,
        currency,
        state: state.into(),
        level,
        author,
        make_time: Some(timestamp(made_at)),
        settle_time,
        settled_by,
        note,
        incident_id: terms.incident_id.map(|id| id.to_string()).unwrap_or_default(),
    };
    if caller.policy().kind != crate::auth::policy::CallerKind::Customer {
        return written;
    }
    v1::Commitment {
        owner_staff_id: String::new(),
        team_id: String::new(),
        author: String::new(),
        settled_by: String::new(),
        remind_before: None,
        level: 0,
        // How it was kept is written for colleagues; why it was released are the customer's own words.
        note: if state == CommitmentState::Released { written.note.clone() } else { String::new() },
        ..written
    }
}

/// Which commitments are asked for.
pub(super) fn read_filter(message: &v1::ListCommitmentsRequest) -> Result<Filter> {
    let text = |text: &String| optional(normal(text.clone()));
    Ok(Filter {
        states: message.states().collect(),
        customer_id: text(&message.customer_id),
        owner: text(&message.owner_staff_id),
        team_id: text(&message.team_id),
        case_id: text(&message.case_id),
        incident_id: read_id("incident_id", message.incident_id.clone())?,
    })
}

/// What became of the commitments of each team.
pub(super) fn write_summaries(counts: Vec<Count>) -> Vec<v1::CommitmentSummary> {
    let mut teams: BTreeMap<String, v1::CommitmentSummary> = BTreeMap::new();
    for count in counts {
        let team_id = count.team_id.unwrap_or_default();
        let summary = teams.entry(team_id.clone()).or_default();
        summary.team_id = team_id;
        match count.state.0 {
            CommitmentState::Open => summary.open_count += count.count,
            CommitmentState::Kept => summary.kept_count += count.count,
            CommitmentState::KeptLate => summary.kept_late_count += count.count,
            CommitmentState::Broken => summary.broken_count += count.count,
            CommitmentState::Released => summary.released_count += count.count,
            CommitmentState::Unspecified => {}
        }
    }
    let mut summaries: Vec<_> = teams.into_values().collect();
    for summary in &mut summaries {
        let judged = summary.kept_count + summary.kept_late_count + summary.broken_count;
        // Counts far below 2^53.
        #[allow(clippy::cast_precision_loss, reason = "counts of promises")]
        let rate = summary.kept_count as f64 / judged as f64;
        summary.kept_rate = (judged > 0).then_some(rate);
    }
    summaries
}
