//! Between the contract's messages and the domain's types.

use std::collections::BTreeMap;

use jiff::{
    ToSpan as _,
    civil::{Date, Weekday, date},
};
use prost_types::Timestamp;
use rapport_statistics::{
    bias::{self, Bias},
    interval::{mean_interval, wilson},
};
use uuid::Uuid;

use super::{
    Answers, Input, Rating,
    figures::{Counts, Ledgers},
    outcomes::{Outcomes, Returns},
    store::{Links, RatingFilter},
};
use crate::{
    api::{
        convert::{micros, normal, optional, timestamp},
        v1::{self, RatingFlag, RatingStanding, ScorecardUnit, TrendStep},
    },
    clock::Micros,
    error::{Error, Reason, Result, Violation},
    interaction::message::write_readings,
    survey::response::Responses,
};

pub(super) fn read(message: v1::Rating) -> Result<Input> {
    let interaction_id = Uuid::try_parse(&message.interaction_id).map_err(Error::internal)?;
    let answers = message.answers.unwrap_or_default();
    let attribution = message.attribution();
    Ok(Input {
        interaction_id,
        template_id: normal(message.template_id),
        template_version: message.template_version,
        score: message.score,
        answers: read_answers(answers),
        attribution,
        comment: Some(message.comment).filter(|text| !text.is_empty()),
        answered_at: message.answered_time.as_ref().map(micros).unwrap_or_default(),
        delivered_at: message.delivered_time.as_ref().map(micros),
        rated_staff_id: optional(message.rated_staff_id),
    })
}

/// The answers besides the score.
pub(crate) fn read_answers(answers: v1::RatingAnswers) -> Answers {
    Answers {
        resolved: answers.resolved(),
        dimensions: [
            answers.affinity,
            answers.carefulness,
            answers.knowledge,
            answers.clarity,
            answers.effort,
            answers.expected,
            answers.perceived,
        ]
        .map(|answer| i16::try_from(answer).unwrap_or_default()),
    }
}

pub(super) fn write(rating: Rating, links: Links) -> v1::Rating {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let [affinity, carefulness, knowledge, clarity, effort, expected, perceived] = rating.answers.dimensions;
    let answered = rating.answers != Answers::default();
    let (staff, team, role) = match rating.rated {
        Some(rated) => (rated.staff_id, rated.team_id.unwrap_or_default(), rated.role),
        None => Default::default(),
    };
    v1::Rating {
        rating_id: rating.id.to_string(),
        interaction_id: rating.interaction_id.to_string(),
        template_id: rating.template_id,
        template_version: rating.template_version,
        score: rating.score.into(),
        answers: answered.then(|| v1::RatingAnswers {
            resolved: rating.answers.resolved.into(),
            affinity: affinity.into(),
            carefulness: carefulness.into(),
            knowledge: knowledge.into(),
            clarity: clarity.into(),
            effort: effort.into(),
            expected: expected.into(),
            perceived: perceived.into(),
        }),
        attribution: rating.attribution.into(),
        comment: rating.comment.unwrap_or_default(),
        answered_time: Some(timestamp(rating.answered_at)),
        delivered_time: rating.delivered_at.map(timestamp),
        rated_staff_id: staff,
        level: rating.level.into(),
        standing: rating.standing.into(),
        rated_team_id: team,
        rated_role: role.into(),
        channel: rating.channel.into(),
        kind: rating.kind.into(),
        topic: rating.topic.unwrap_or_default(),
        occurred_time: Some(timestamp(rating.occurred_at)),
        received_time: Some(timestamp(rating.received_at)),
        corrects_rating_id: id(links.corrects),
        corrected_by_rating_id: id(links.corrected_by),
        contact_interaction_id: id(links.contact),
    }
}

/// The period of a filter, each end of which may be open.
pub(crate) fn read_period(
    start: Option<&Timestamp>,
    end: Option<&Timestamp>,
) -> Result<(Option<Micros>, Option<Micros>)> {
    let (from, to) = (start.map(micros), end.map(micros));
    if from.zip(to).is_some_and(|(from, to)| from >= to) {
        let rule = "must be after start_time";
        return Err(Error::invalid("filter.end_time", Reason::ImpossibleInstants, rule));
    }
    Ok((from, to))
}

pub(super) fn read_filter(message: v1::RatingFilter) -> Result<RatingFilter> {
    let (from, to) = read_period(message.start_time.as_ref(), message.end_time.as_ref())?;
    Ok(RatingFilter {
        contacted: match message.flag() {
            RatingFlag::ContactBeforeCorrection => true,
            RatingFlag::Unspecified => false,
        },
        standing: Some(message.standing()).filter(|standing| *standing != RatingStanding::Unspecified),
        team_id: optional(message.team_id),
        staff_id: optional(message.staff_id),
        from,
        to,
        ..RatingFilter::default()
    })
}

/// The prefix that keys of a unit have in the database and nobody else needs to see: they are names of enum values.
fn prefix(unit: ScorecardUnit) -> Option<&'static str> {
    let prefixes = [
        (ScorecardUnit::Role, "STAFF_ROLE_"),
        (ScorecardUnit::Channel, "CHANNEL_"),
        (ScorecardUnit::Kind, "INTERACTION_KIND_"),
    ];
    prefixes.into_iter().find(|(one, _)| *one == unit).map(|(_, prefix)| prefix)
}

/// A group's key as it is kept.
pub(super) fn kept_key(unit: ScorecardUnit, shown: &str) -> String {
    match prefix(unit) {
        Some(prefix) if shown.is_empty() => format!("{prefix}UNSPECIFIED"),
        Some(prefix) => format!("{prefix}{}", shown.to_uppercase()),
        None => normal(shown.to_owned()),
    }
}

/// A group's key as it is shown.
pub(super) fn shown_key(unit: ScorecardUnit, kept: &str) -> String {
    match prefix(unit) {
        Some(prefix) => {
            let name = kept.strip_prefix(prefix).unwrap_or(kept).to_lowercase();
            if name == "unspecified" { String::new() } else { name }
        }
        None => kept.to_owned(),
    }
}

/// A day as the contract writes it; empty: none.
fn read_day(field: &str, text: &str) -> Result<Option<i32>, Violation> {
    if text.is_empty() {
        return Ok(None);
    }
    let strict = |text: &str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day: Option<Date> = Some(text).filter(|text| strict(text)).and_then(|text| text.parse().ok());
    match day {
        Some(day) => Ok(Some((day - date(1970, 1, 1)).get_days())),
        None => Err(Violation::new(field, Reason::Malformed, "must be a day such as 2026-11-02")),
    }
}

/// The days from one to another; all there are where none is named. `path`: where the two fields stand in the request.
pub(crate) fn period(path: &str, first_day: &str, last_day: &str) -> Result<(i32, i32)> {
    let days = [("first_day", first_day), ("last_day", last_day)];
    let mut found = Vec::new();
    let [first, last] = days.map(|(field, text)| match read_day(&format!("{path}{field}"), text) {
        Ok(day) => day,
        Err(broken) => {
            found.push(broken);
            None
        }
    });
    if first.zip(last).is_some_and(|(first, last)| first > last) {
        let rule = "must not be before first_day";
        found.push(Violation::new(format!("{path}last_day"), Reason::ImpossibleInstants, rule));
    }
    Error::unless_empty(found)?;
    Ok((first.unwrap_or(i32::MIN), last.unwrap_or(i32::MAX)))
}

/// The days of which invitations are looked at: at most a year, by default the 30 up to today.
pub(super) fn recent_period(first_day: &str, last_day: &str, today: i32) -> Result<(i32, i32)> {
    let (first, last) = period("", first_day, last_day)?;
    let last = if last_day.is_empty() { today } else { last };
    let first = if first_day.is_empty() { last.saturating_sub(29) } else { first };
    if first > last {
        return Err(Error::invalid("first_day", Reason::ImpossibleInstants, "must not be after last_day, or today"));
    }
    if last - first >= 366 {
        return Err(Error::invalid("first_day", Reason::ValueOutOfRange, "must be at most 366 days up to last_day"));
    }
    Ok((first, last))
}

pub(super) fn date_of(day: i32) -> Date {
    date(1970, 1, 1).saturating_add(day.days())
}

/// The first day of the step to which a day belongs.
fn step_of(day: i32, step: TrendStep) -> Date {
    let day = date_of(day);
    match step {
        TrendStep::Unspecified | TrendStep::Day => day,
        TrendStep::Week => day.saturating_sub(i64::from(day.weekday().since(Weekday::Monday)).days()),
        TrendStep::Month => day.first_of_month(),
    }
}

/// A group's figures; `days`: by day where a trend is asked for, else all under one day.
pub(super) fn write_scorecard(
    key: String,
    days: BTreeMap<i32, Ledgers>,
    responses: Responses,
    outcomes: Option<Outcomes>,
    step: TrendStep,
) -> v1::Scorecard {
    let (mut all, mut steps) = (Ledgers::default(), BTreeMap::<Date, Ledgers>::new());
    for (day, ledgers) in days {
        all.merge(&ledgers);
        if step != TrendStep::Unspecified {
            steps.entry(step_of(day, step)).or_default().merge(&ledgers);
        }
    }
    let n = |standing| all.of(standing).n();
    let customer = all.customer();
    let known = |count| (responses.invited > 0).then_some(count);
    let trend = steps.into_iter().filter(|(_, ledgers)| ledgers.customer().n() > 0).map(|(day, ledgers)| {
        let (staff, customer) = (ledgers.staff(), ledgers.customer());
        v1::TrendPoint {
            day: day.to_string(),
            answered: customer.n(),
            counted: staff.n(),
            staff_mean: mean(staff.level_sum(), staff.n()),
            customer_mean: mean(customer.level_sum(), customer.n()),
        }
    });
    v1::Scorecard {
        key,
        answered: customer.n(),
        counted: n(RatingStanding::Counted),
        late: n(RatingStanding::Late),
        exempt: n(RatingStanding::Exempt),
        incident: n(RatingStanding::Incident),
        non_staff: n(RatingStanding::NonStaff),
        staff: Some(write_ledger(&all.staff())),
        customer: Some(write_ledger(&customer)),
        causes: customer.causes().to_vec(),
        trend: trend.collect(),
        invited: known(responses.invited),
        delivered: known(responses.delivered),
        responded: known(responses.responded),
        response_rate: responses.rate(),
        first_contact_resolution: outcomes.map(|one| write_readings(one.readings)),
        return_after_failure: outcomes.map(|one| write_returns(one.returns)),
    }
}

fn write_returns(returns: Returns) -> v1::ReturnAfterFailure {
    let known = returns.came_back + returns.stayed_away;
    let interval = wilson(returns.came_back, known);
    v1::ReturnAfterFailure {
        came_back_count: returns.came_back,
        stayed_away_count: returns.stayed_away,
        pending_count: returns.pending,
        unknown_count: returns.unknown,
        rate: mean(returns.came_back, known),
        rate_low: interval.map(|one| one.low),
        rate_high: interval.map(|one| one.high),
    }
}

/// By what invitations are compared.
pub(super) fn bias_unit(unit: v1::InvitationBiasUnit) -> bias::Unit {
    use v1::InvitationBiasUnit::{Channel, Outcome, Staff, Unspecified};
    match unit {
        Unspecified | Staff => bias::Unit::Staff,
        Channel => bias::Unit::Channel,
        Outcome => bias::Unit::Outcome,
    }
}

/// What staff recorded, as invitations are compared by it.
pub(super) fn recorded_outcome(resolution: v1::Resolution) -> bias::Outcome {
    use v1::Resolution::{Resolved, Unresolved, Unspecified};
    match resolution {
        Unspecified => bias::Outcome::Untold,
        Resolved => bias::Outcome::Resolved,
        Unresolved => bias::Outcome::Unresolved,
    }
}

/// How a group was invited, beside what is usual.
pub(super) fn write_bias(bias: Bias) -> v1::InvitationBias {
    use v1::{InvitationBiasFinding as Finding, InvitationBiasGround as Ground};
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let p_value = bias.p_value();
    let finding = match p_value {
        None => Finding::Unspecified,
        Some(_) if bias.flagged() => Finding::Fewer,
        Some(_) => Finding::ByChance,
    };
    let grounds = [(bias.fewer, Ground::Share), (bias.fewer_unresolved, Ground::Outcome)];
    let Bias { key, tally, unresolved, .. } = bias;
    v1::InvitationBias {
        key,
        eligible_count: count(tally.eligible.count()),
        invited_count: count(tally.eligible.invited),
        invited_share: tally.eligible.share(),
        others_share: bias.others_share,
        p_value,
        finding: finding.into(),
        responded_count: count(tally.responded),
        response_rate: tally.response_rate(),
        withheld_count: count(tally.withheld),
        recorded_late_count: count(tally.recorded_late),
        expected_share: bias.expected_share,
        share_p_value: bias.share,
        outcome_p_value: bias.outcome,
        unresolved_eligible_count: count(unresolved.count()),
        unresolved_invited_count: count(unresolved.invited),
        grounds: grounds.into_iter().filter(|(raised, _)| *raised).map(|(_, ground)| ground.into()).collect(),
    }
}

fn write_ledger(counts: &Counts) -> v1::LedgerFigures {
    let (levels, n) = (counts.levels(), counts.n());
    let top = levels[3] + levels[4];
    let interval = wilson(top, n);
    let reach = mean_interval(counts.moments(), 1, 5);
    let (resolved, unresolved) = counts.resolved();
    let (both, expected, perceived) = counts.both();
    let dimensions = Counts::DIMENSIONS.into_iter().zip(counts.dimensions());
    let dimensions = dimensions.filter_map(|(question, (n, sum))| {
        Some(v1::DimensionFigures { question: question.into(), n, mean: mean(sum, n)? })
    });
    v1::LedgerFigures {
        n,
        distribution: levels.to_vec(),
        mean: mean(counts.level_sum(), n),
        mean_low: reach.map(|one| one.low),
        mean_high: reach.map(|one| one.high),
        top_box: mean(top, n),
        top_box_low: interval.map(|one| one.low),
        top_box_high: interval.map(|one| one.high),
        dimensions: dimensions.collect(),
        resolved,
        unresolved,
        gap_n: both,
        expectation_gap: mean(perceived - expected, both),
        perceived_only: mean(perceived, both),
    }
}

fn mean(sum: i64, n: i64) -> Option<f64> {
    (n > 0).then(|| sum as f64 / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_months_begin_where_they_should() {
        let day = read_day("first_day", "2026-11-22").unwrap().unwrap();
        let begin = |step| step_of(day, step).to_string();
        assert_eq!(begin(TrendStep::Day), "2026-11-22");
        assert_eq!(begin(TrendStep::Week), "2026-11-16", "a Sunday belongs to the Monday before it");
        assert_eq!(begin(TrendStep::Month), "2026-11-01");
        for wrong in ["2026-02-30", "22.11.2026", "2026-11-2", "yesterday", "2026-11-22T1"] {
            assert!(read_day("first_day", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keys_of_enums_are_shown_plainly() {
        for (unit, kept, shown) in [
            (ScorecardUnit::Channel, "CHANNEL_INBOUND_CALL", "inbound_call"),
            (ScorecardUnit::Role, "STAFF_ROLE_UNSPECIFIED", ""),
            (ScorecardUnit::Team, "north", "north"),
        ] {
            assert_eq!(shown_key(unit, kept), shown);
            assert_eq!(kept_key(unit, shown), kept);
        }
    }
}
