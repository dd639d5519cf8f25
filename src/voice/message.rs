//! Between the contract's messages and concerns.

use std::collections::BTreeMap;

use rapport_statistics::rates::{Change, Rate, change};
use uuid::Uuid;

use super::{
    Concern, What,
    departments::Department,
    entity::department,
    figures::{Key, Line, Owners},
    rules::ACKNOWLEDGE_WITHIN,
    store::Raising,
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, optional, timestamp},
        v1::{self, Attribution, ConcernState},
    },
    clock::{DAY, Micros},
    error::{Error, Reason, Result, Violation},
    interaction::store::voice::Span,
};

/// Of a summary where nobody says so.
const PERIOD: Micros = 28 * DAY;
/// Of a summary at most, and how long ago a concern may have begun.
const LONGEST: Micros = 366 * DAY;
/// Who raised a concern where nobody says since when: those of the last quarter.
const SINCE: Micros = 92 * DAY;
/// Ratings from which a mean is told.
const TELLING: i64 = 5;

/// Reads a department, or all that is wrong with it.
pub(super) fn read_department(message: v1::Department) -> Result<Department> {
    let mut owns: Vec<(Attribution, String)> = Vec::new();
    let mut found = Vec::new();
    for (at, one) in message.owns.into_iter().enumerate() {
        let owned = (one.cause(), normal(one.topic));
        if owned.0 == Attribution::Staff {
            let rule = "must be something else than the colleague";
            found.push(Violation::new(format!("department.owns[{at}].cause"), Reason::Contradiction, rule));
        } else if owns.contains(&owned) {
            let rule = "must not be there twice";
            found.push(Violation::new(format!("department.owns[{at}]"), Reason::Contradiction, rule));
        } else {
            owns.push(owned);
        }
    }
    Error::unless_empty(found)?;
    let within = message.acknowledge_within.as_ref().map(duration_micros).filter(|within| *within > 0);
    let row = department::Model {
        id: normal(message.department_id),
        display_name: optional(message.display_name),
        team_id: optional(normal(message.team_id)),
        acknowledge_within: within.unwrap_or(ACKNOWLEDGE_WITHIN),
    };
    Ok(Department { row, owns })
}

/// A department as callers see it.
pub(super) fn write_department(one: Department) -> v1::Department {
    let owned = |(cause, topic): (Attribution, String)| v1::OwnedCause { cause: cause.into(), topic };
    v1::Department {
        department_id: one.row.id,
        display_name: one.row.display_name.unwrap_or_default(),
        team_id: one.row.team_id.unwrap_or_default(),
        owns: one.owns.into_iter().map(owned).collect(),
        acknowledge_within: Some(duration(one.row.acknowledge_within)),
    }
}

/// Reads a period: the last 28 days where nobody says.
pub(super) fn read_period(
    (from, to): (Option<prost_types::Timestamp>, Option<prost_types::Timestamp>),
    now: Micros,
) -> Result<Span> {
    let wrong = |rule| Error::invalid("to_time", Reason::ImpossibleInstants, rule);
    match (from.as_ref().map(micros), to.as_ref().map(micros)) {
        (None, None) => Ok((now - PERIOD, now)),
        (Some(from), Some(to)) if to <= from => Err(wrong("must be after from_time")),
        (Some(from), Some(to)) if to - from > LONGEST => Err(wrong("must be 366 days after from_time at most")),
        (Some(from), Some(to)) => Ok((from, to)),
        (Some(_), None) => Err(Error::invalid("to_time", Reason::FieldRequired, "must be set, with from_time")),
        (None, Some(_)) => Err(Error::invalid("from_time", Reason::FieldRequired, "must be set, with to_time")),
    }
}

/// Reads a concern as it is raised at `now`, or all that is wrong with it. Its department may follow from what it names.
pub(super) fn read_concern(message: v1::Concern, owners: &Owners, now: Micros) -> Result<Raising> {
    let mut topics: Vec<String> = message.topics.iter().cloned().map(normal).collect();
    topics.sort_unstable();
    topics.dedup();
    let what = What { causes: message.causes().collect(), topics };
    let since = message.since_time.as_ref().map_or(now - SINCE, micros);
    let mut found = Vec::new();
    if what.causes.is_empty() && what.topics.is_empty() {
        let rule = "must be set, or causes: a concern of everything is nobody's";
        found.push(Violation::new("concern.topics", Reason::FieldRequired, rule));
    }
    for (at, _) in what_names_staff(&message) {
        let rule = "must be something else than the colleague";
        found.push(Violation::new(format!("concern.causes[{at}]"), Reason::Contradiction, rule));
    }
    if since > now || since < now - LONGEST {
        let rule = "must not be in the future, nor more than 366 days ago";
        found.push(Violation::new("concern.since_time", Reason::ImpossibleInstants, rule));
    }
    let department = optional(normal(message.department_id)).or_else(|| owner_of_all(&what, owners));
    if department.is_none() {
        let rule = "must be set, since no department owns all that it names";
        found.push(Violation::new("concern.department_id", Reason::FieldRequired, rule));
    }
    Error::unless_empty(found)?;
    Ok(Raising { department_id: department.unwrap_or_default(), title: message.title, what, since })
}

fn what_names_staff(message: &v1::Concern) -> impl Iterator<Item = (usize, Attribution)> + '_ {
    message.causes().enumerate().filter(|(_, cause)| *cause == Attribution::Staff)
}

/// The one department that owns all causes and topics of a concern.
fn owner_of_all(what: &What, owners: &Owners) -> Option<String> {
    let causes = what.causes().into_iter().map(Some).chain(what.takes_complaints().then_some(None));
    let topics = if what.topics.is_empty() { vec![String::new()] } else { what.topics.clone() };
    let all: Vec<_> = causes.flat_map(|cause| topics.iter().map(move |topic| owners.of(cause, topic))).collect();
    let first = all.first().copied().flatten()?;
    all.iter().all(|owner| *owner == Some(first)).then(|| first.to_owned())
}

/// A concern as callers see it. `notice`: what customers are told.
pub(super) fn write(one: Concern, notice: Option<String>) -> Result<v1::Concern> {
    let what = one.what()?;
    let fix = |fix: super::Fix| v1::FixTime {
        fix_time: Some(timestamp(fix.at)),
        say_time: Some(timestamp(fix.said_at)),
        author: fix.author,
        reason: fix.reason,
    };
    Ok(v1::Concern {
        concern_id: one.id.to_string(),
        fix_times: one.fixes().into_iter().map(fix).collect(),
        department_id: one.department_id,
        title: one.title,
        causes: what.causes.iter().map(Into::into).collect(),
        topics: what.topics,
        since_time: Some(timestamp(one.since)),
        state: one.state.0.into(),
        raise_time: Some(timestamp(one.raised_at)),
        author: one.author,
        acknowledge_due_time: (one.acknowledge_due_at != Micros::MAX).then(|| timestamp(one.acknowledge_due_at)),
        acknowledge_time: one.acknowledged_at.map(timestamp),
        level: one.level,
        settle_time: one.settled_at.map(timestamp),
        decline_reason: one.decline_reason.unwrap_or_default(),
        mended_notice: notice.unwrap_or_default(),
    })
}

/// Contacts of a period, and of the one before.
pub(super) type Contacts = (i64, i64);

/// A line of a summary as callers see it. `open`: concerns that wait to be mended.
pub(super) fn write_line(
    ((department, topic), line): (Key, Line),
    (contacts, before): Contacts,
    open: &[(Uuid, String, What)],
) -> v1::VoiceLine {
    let later = Rate { events: line.count(), exposure: contacts };
    let earlier = Rate { events: line.before, exposure: before };
    let change = change(later, earlier);
    let is_its = |(_, owner, what): &&(Uuid, String, What)| {
        department.as_ref() == Some(owner) && what.is_about(&topic, line.causes.keys().copied(), line.complaints > 0)
    };
    // Counts far below 2^53.
    #[allow(clippy::cast_precision_loss, reason = "counts of ratings")]
    let mean = line.level_sum as f64 / line.ratings as f64;
    v1::VoiceLine {
        concern_ids: open.iter().filter(is_its).map(|(id, ..)| id.to_string()).collect(),
        department_id: department.clone().unwrap_or_default(),
        count: line.count(),
        rating_count: line.ratings,
        complaint_count: line.complaints,
        rating_mean: (line.ratings >= TELLING).then_some(mean),
        causes: line
            .causes
            .iter()
            .map(|(cause, count)| v1::CauseCount { cause: (*cause).into(), count: *count })
            .collect(),
        trend: line.trend,
        count_before: line.before,
        change: change.and_then(|Change { ratio, .. }| ratio),
        change_low: change.map(|Change { low, .. }| low),
        change_high: change.and_then(|Change { high, .. }| high),
        topic,
    }
}

/// What became of each department's concerns by `now`.
pub(super) fn write_summaries(concerns: &[Concern], now: Micros) -> Vec<v1::ConcernSummary> {
    let mut departments: BTreeMap<&str, v1::ConcernSummary> = BTreeMap::new();
    for one in concerns {
        let summary = departments.entry(&one.department_id).or_default();
        summary.department_id.clone_from(&one.department_id);
        summary.raised_count += 1;
        summary.acknowledged_count += i64::from(one.acknowledged_at.is_some());
        summary.acknowledged_in_time_count += i64::from(one.was_acknowledged_in_time());
        summary.moved_date_count += i64::try_from(one.fixes().len().saturating_sub(1)).unwrap_or(i64::MAX);
        match one.state.0 {
            ConcernState::Raised => summary.silent_count += i64::from(one.is_overdue(now)),
            ConcernState::Acknowledged => summary.fix_overdue_count += i64::from(one.is_overdue(now)),
            ConcernState::Mended => {
                summary.mended_count += 1;
                summary.mended_in_time_count += i64::from(one.was_mended_in_time());
            }
            ConcernState::Declined => summary.declined_count += 1,
            ConcernState::Unspecified => {}
        }
    }
    departments.into_values().collect()
}
