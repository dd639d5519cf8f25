//! Between the contract's messages and follow-ups; what each caller sees of one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    FollowUp,
    entity::{point, statement},
    sight,
    store::{self, Clocks, Count, Filter},
};
use crate::{
    api::{
        convert::{duration_micros, normal, optional, timestamp},
        v1::{self, FollowUpState, Role},
    },
    auth::{Caller, policy::CallerKind},
    clock::Micros,
    deadline::{self, Clock},
    error::{Error, Reason, Result},
    interaction::{self, Facts},
    reach::{Scope, Sight},
};

/// How much of a follow-up a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// All but what was told to those whom it is about.
    Whole,
    /// That, too.
    Reviewing,
    /// As the customer.
    Customers,
    /// Enough to choose it.
    Outline,
}

fn view(caller: &Caller, one: &FollowUp, points: &[point::Model]) -> View {
    if caller.policy().kind == CallerKind::Customer {
        return View::Customers;
    }
    match caller.principal.role {
        Role::Reviewer | Role::Admin => View::Reviewing,
        // Who has answered a point goes on to read what came of it.
        Role::Staff => {
            let answered = points.iter().any(|point| point.answered_by.as_deref() == caller.person());
            let holds = one.holder_staff_id.as_deref() == caller.person();
            if holds || answered { View::Whole } else { View::Outline }
        }
        Role::Supervisor | Role::App | Role::Customer | Role::Unspecified => View::Whole,
    }
}

/// Follow-ups as a caller sees them, in their order.
pub(super) async fn shown(
    connection: &impl ConnectionTrait,
    caller: &Caller,
    follow_ups: Vec<FollowUp>,
) -> Result<Vec<v1::FollowUp>> {
    let ids: Vec<Uuid> = follow_ups.iter().map(|one| one.id).collect();
    let mut points = store::points(connection, &ids).await?;
    let mut statements = store::statements(connection, &ids).await?;
    let mut about = sight::about(connection, &follow_ups).await?;
    let interactions: Vec<Uuid> = follow_ups.iter().map(|one| one.interaction_id).collect();
    let recorded = interaction::store::all_of(connection, &Sight::all(), interactions).await?;
    let recorded: HashMap<Uuid, Facts> = recorded.into_iter().map(|one| (one.id, one.facts)).collect();
    let show = |one: FollowUp| {
        let parts = Parts {
            points: points.remove(&one.id).unwrap_or_default(),
            statements: statements.remove(&one.id).unwrap_or_default(),
            about: about.remove(&one.id).unwrap_or_default(),
            facts: recorded.get(&one.interaction_id),
        };
        let view = view(caller, &one, &parts.points);
        write(one, parts, view)
    };
    Ok(follow_ups.into_iter().map(show).collect())
}

/// What belongs to a follow-up.
struct Parts<'p> {
    points: Vec<point::Model>,
    statements: Vec<statement::Model>,
    about: BTreeSet<String>,
    facts: Option<&'p Facts>,
}

fn write(one: FollowUp, parts: Parts<'_>, view: View) -> v1::FollowUp {
    let Parts { points, statements, about, facts } = parts;
    let count = |points: usize| i32::try_from(points).unwrap_or(i32::MAX);
    let unanswered = points.iter().filter(|point| point.answer.is_none()).count();
    let due_time = one.is_due_ever().then(|| timestamp(one.due_at));
    let topic = facts.and_then(|facts| facts.topic.clone()).unwrap_or_default();
    let outline = v1::FollowUp {
        follow_up_id: one.id.to_string(),
        source: one.source.0.into(),
        topic,
        team_id: one.team_id.unwrap_or_default(),
        state: one.state.0.into(),
        level: one.level,
        holder_staff_id: one.holder_staff_id.unwrap_or_default(),
        claim_number: one.claim_number,
        lease_end_time: one.leased_until.map(timestamp),
        due_time,
        open_time: Some(timestamp(one.opened_at)),
        settle_time: one.settled_at.map(timestamp),
        close_reason: one.close_reason.0.into(),
        point_count: count(points.len()),
        open_point_count: count(unanswered),
        ..v1::FollowUp::default()
    };
    if view == View::Outline {
        return outline;
    }
    let is_reviewing = view == View::Reviewing;
    let whole = v1::FollowUp {
        interaction_id: one.interaction_id.to_string(),
        customer_id: facts.and_then(|facts| facts.customer_id.clone()).unwrap_or_default(),
        case_id: facts.and_then(|facts| facts.case_id.clone()).unwrap_or_default(),
        waits_for: one.waits_for.0.into(),
        next_action: one.next_action.unwrap_or_default(),
        wait_end_time: one.waits_until.map(timestamp),
        author: one.author,
        points: points.into_iter().map(write_point).collect(),
        about_staff_ids: about.into_iter().collect(),
        settled_by: one.settled_by.unwrap_or_default(),
        note: one.note.unwrap_or_default(),
        statements: statements.into_iter().filter(|_| is_reviewing).map(write_statement).collect(),
        ..outline
    };
    if view == View::Customers { for_customer(whole) } else { whole }
}

/// A customer reads what becomes of what they said, not who is at work on it.
fn for_customer(whole: v1::FollowUp) -> v1::FollowUp {
    let is_theirs = whole.state() == FollowUpState::Confirmed;
    let nameless = |point: v1::Point| v1::Point { answered_by: String::new(), ..point };
    v1::FollowUp {
        team_id: String::new(),
        level: 0,
        holder_staff_id: String::new(),
        claim_number: 0,
        lease_end_time: None,
        author: String::new(),
        about_staff_ids: Vec::new(),
        settled_by: String::new(),
        // Of one that was closed it is the supervisor's.
        note: if is_theirs { whole.note.clone() } else { String::new() },
        points: whole.points.iter().cloned().map(nameless).collect(),
        ..whole
    }
}

fn write_point(point: point::Model) -> v1::Point {
    v1::Point {
        number: point.number,
        words: point.words,
        raise_time: Some(timestamp(point.raised_at)),
        answer: point.answer.unwrap_or_default(),
        answer_time: point.answered_at.map(timestamp),
        answered_by: point.answered_by.unwrap_or_default(),
    }
}

/// A statement as reviewers see it.
pub(super) fn write_statement(one: statement::Model) -> v1::Statement {
    v1::Statement {
        statement_id: one.id.to_string(),
        words: one.words,
        release_time: Some(timestamp(one.released_at)),
        answer: one.answer.unwrap_or_default(),
        answer_time: one.answered_at.map(timestamp),
        staff_id: one.staff_id,
    }
}

/// Points in a request, as words.
pub(super) fn read_points(points: Vec<v1::Point>) -> Vec<String> {
    points.into_iter().map(|point| point.words).collect()
}

/// A length of time in a request, or a default.
pub(super) fn length(told: Option<&prost_types::Duration>, default: Micros) -> Micros {
    told.map_or(default, duration_micros)
}

/// An id that may be left out.
pub(super) fn read_id(text: String, field: &str) -> Result<Option<Uuid>> {
    let read = |text: String| text.parse().map_err(|_| Error::invalid(field, Reason::Malformed, "must be a UUID"));
    optional(text).map(read).transpose()
}

/// Which follow-ups are asked for. Colleagues find by customer, interaction and case what they hold, and nothing of what they only
/// see the outline of.
pub(super) fn read_filter(message: &v1::ListFollowUpsRequest, caller: &Caller, scope: &Scope) -> Result<Filter> {
    let text = |text: &String| optional(normal(text.clone()));
    let mut filter = Filter {
        states: message.states().collect(),
        team_id: text(&message.team_id),
        holder: text(&message.holder_staff_id),
        customer_id: text(&message.customer_id),
        interaction_id: read_id(message.interaction_id.clone(), "interaction_id")?,
        case_id: text(&message.case_id),
        min_level: message.min_level,
    };
    let tells_whose = filter.customer_id.is_some() || filter.interaction_id.is_some() || filter.case_id.is_some();
    if caller.principal.role == Role::Staff && tells_whose {
        let own = caller.person().map(str::to_owned);
        if filter.holder.is_some() && filter.holder != own {
            return Err(Error::FieldNotYours("holder_staff_id"));
        }
        filter.holder = own;
    }
    // How far it has gone among us is not told to customers, in a filter either.
    if scope.own_customer().is_some() {
        for (field, is_set) in [
            ("team_id", filter.team_id.is_some()),
            ("holder_staff_id", filter.holder.is_some()),
            ("min_level", filter.min_level > 0),
        ] {
            if is_set {
                return Err(Error::FieldNotYours(field));
            }
        }
    }
    Ok(filter)
}

/// The clocks of one as a caller sees them.
pub(super) fn write_clocks(found: &[Clock], caller: &Caller, now: Micros) -> Vec<v1::FollowUpClock> {
    let is_customer = caller.policy().kind == CallerKind::Customer;
    let mut written: Vec<v1::FollowUpClock> = found.iter().map(|clock| deadline::message::write(clock, now)).collect();
    if is_customer {
        for segment in written.iter_mut().flat_map(|clock| &mut clock.segments) {
            segment.author = String::new();
        }
    }
    written
}

/// What became of the follow-ups of each team.
pub(super) fn write_summaries((counts, clocks): (Vec<Count>, Vec<Clocks>)) -> Vec<v1::FollowUpSummary> {
    let mut teams: BTreeMap<String, v1::FollowUpSummary> = BTreeMap::new();
    for count in counts {
        let summary = summary_of(&mut teams, count.team_id);
        summary.opened_count += count.count;
        match count.state.0 {
            FollowUpState::Answered => summary.answered_count += count.count,
            FollowUpState::Confirmed => summary.confirmed_count += count.count,
            FollowUpState::Closed => summary.closed_count += count.count,
            FollowUpState::Open
            | FollowUpState::Claimed
            | FollowUpState::Pending
            | FollowUpState::Reopened
            | FollowUpState::Unspecified => summary.open_count += count.count,
        }
    }
    for one in clocks {
        let summary = summary_of(&mut teams, one.team_id);
        summary.in_time_count = one.in_time;
        summary.overdue_count = one.overdue;
        summary.reopened_count = one.second;
    }
    let mut summaries: Vec<_> = teams.into_values().collect();
    for summary in &mut summaries {
        let judged = summary.in_time_count + summary.overdue_count;
        // Counts far below 2^53.
        #[allow(clippy::cast_precision_loss, reason = "counts of clocks")]
        let rate = summary.in_time_count as f64 / judged as f64;
        summary.in_time_rate = (judged > 0).then_some(rate);
    }
    summaries
}

fn summary_of(teams: &mut BTreeMap<String, v1::FollowUpSummary>, team_id: Option<String>) -> &mut v1::FollowUpSummary {
    let team_id = team_id.unwrap_or_default();
    let summary = teams.entry(team_id.clone()).or_default();
    summary.team_id = team_id;
    summary
}
