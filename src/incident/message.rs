//! Between the contract's messages and incidents.

use std::collections::BTreeMap;

use super::{
    entity::incident::Model,
    store::{self, Cost},
};
use crate::{
    api::{
        convert::{micros, normal, timestamp},
        v1::{self, Channel, CommitmentState, NoticeKind},
    },
    clock::{DAY, Micros},
    contact::EnumSet,
    error::{Error, Reason, Result, Violation},
    interaction::rule::Rule,
    notice::{State, entity::text, store::Ready},
};

/// How long ago an incident may have begun.
const LONGEST_AGO: Micros = 366 * DAY;
/// How long one may last.
const LONGEST: Micros = 92 * DAY;

/// Reads a rule at `now`, or all that is wrong with it.
pub(super) fn read_rule(message: v1::IncidentRule, now: Micros) -> Result<Rule> {
    let texts = |texts: Vec<String>| {
        let mut texts: Vec<String> = texts.into_iter().map(normal).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    };
    let channels: EnumSet<Channel> = message.channels().collect();
    let rule = Rule {
        from: message.from_time.as_ref().map(micros).unwrap_or_default(),
        to: message.to_time.as_ref().map(micros),
        topics: texts(message.topics),
        products: texts(message.product_ids),
        teams: texts(message.team_ids),
        channels: channels.bits(),
    };
    let mut found = Vec::new();
    let mut refuse =
        |field: &str, reason, rule: &str| found.push(Violation::new(format!("rule.{field}"), reason, rule));
    if !rule.is_about_something() {
        let text = "must be set, or product_ids, team_ids or channels: a time alone would hit everybody";
        refuse("topics", Reason::FieldRequired, text);
    }
    if rule.from > now || rule.from < now - LONGEST_AGO {
        refuse("from_time", Reason::ImpossibleInstants, "must not be in the future, nor more than 366 days ago");
    }
    if rule.to.is_some_and(|to| to <= rule.from || to > rule.from + LONGEST) {
        refuse("to_time", Reason::ImpossibleInstants, "must be after from_time, by 92 days at most");
    }
    Error::unless_empty(found)?;
    Ok(rule)
}

fn write_rule(rule: Rule) -> v1::IncidentRule {
    v1::IncidentRule {
        from_time: Some(timestamp(rule.from)),
        to_time: rule.to.map(timestamp),
        channels: rule.channels().iter().map(Into::into).collect(),
        topics: rule.topics,
        product_ids: rule.products,
        team_ids: rule.teams,
    }
}

/// What customers are told, by kind.
pub(super) type Texts = BTreeMap<NoticeKind, text::Model>;

/// An incident as callers see it.
pub(super) fn write(one: Model, mut texts: Texts) -> Result<v1::Incident> {
    let mut words = |kind| texts.remove(&kind).map(|text| text.words).unwrap_or_default();
    let update = |one: super::Update| v1::IncidentUpdate {
        update_time: Some(timestamp(one.at)),
        words: one.words,
        author: one.author,
    };
    Ok(v1::Incident {
        incident_id: one.id.to_string(),
        rule: Some(write_rule(serde_json::from_str(&one.rule).map_err(Error::internal)?)),
        updates: store::updates(&one).into_iter().map(update).collect(),
        title: one.title,
        department: one.department,
        state: one.state.0.into(),
        declare_time: Some(timestamp(one.declared_at)),
        author: one.author,
        linked_count: one.linked_count,
        found_count: one.found_count,
        resolve_time: one.resolved_at.map(timestamp),
        notice: words(NoticeKind::Told),
        mended_notice: words(NoticeKind::Mended),
        cancel_reason: one.cancel_reason.unwrap_or_default(),
    })
}

/// Ratings from which a mean is told.
const TELLING: i64 = 5;

/// What an incident cost, as callers see it.
pub(super) fn write_cost(one: v1::Incident, cost: &Cost) -> v1::ReviewIncidentResponse {
    // Counts far below 2^53.
    #[allow(clippy::cast_precision_loss, reason = "counts of ratings")]
    let mean = cost.level_sum as f64 / cost.ratings as f64;
    let remedies = |states: &[CommitmentState]| {
        cost.remedies.iter().filter(|one| states.contains(&one.state.0)).map(|one| one.count).sum()
    };
    let mut worths: BTreeMap<String, i64> = BTreeMap::new();
    for one in cost.remedies.iter().filter(|one| one.state.0 != CommitmentState::Released) {
        if let (Some(currency), Some(worth)) = (&one.currency, one.worth) {
            *worths.entry(currency.clone()).or_default() += worth;
        }
    }
    let told = |states: &[State]| cost.notices.of(NoticeKind::Told, states);
    v1::ReviewIncidentResponse {
        incident: Some(one),
        interaction_count: cost.interactions,
        customer_count: cost.customers,
        complaint_count: cost.complaints,
        rating_count: cost.ratings,
        moved_rating_count: cost.moved,
        rating_mean: (cost.ratings >= TELLING).then_some(mean),
        notices_waiting_count: told(&[State::Waiting, State::Taken]),
        notices_sent_count: told(&[State::Sent]),
        notices_failed_count: told(&[State::Failed]),
        notices_suppressed_count: told(&[State::Suppressed]),
        mended_sent_count: cost.notices.of(NoticeKind::Mended, &[State::Sent]),
        remedy_count: cost.remedies.iter().map(|one| one.count).sum(),
        remedies_kept_count: remedies(&[CommitmentState::Kept, CommitmentState::KeptLate]),
        remedies_broken_count: remedies(&[CommitmentState::Broken]),
        remedy_worths: worths.into_iter().map(|(currency, amount)| v1::RemedyWorth { currency, amount }).collect(),
    }
}

/// A notice for the gateway that sends it.
pub(super) fn write_notice(ready: Ready) -> v1::IncidentNotice {
    let Ready { notice, words, points, locale } = ready;
    let of = |is_so: bool| if is_so { notice.subject_id.to_string() } else { String::new() };
    v1::IncidentNotice {
        notice_id: notice.id.to_string(),
        incident_id: of(notice.kind.0 != NoticeKind::ConcernMended),
        concern_id: of(notice.kind.0 == NoticeKind::ConcernMended),
        kind: notice.kind.0.into(),
        customer_id: notice.customer_id.unwrap_or_default(),
        contact_points: points.into_iter().map(|point| point.written).collect(),
        locale,
        words,
    }
}
