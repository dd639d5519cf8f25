//! Between the contract's messages and trials.

use rapport_trial::{
    look::{Alarm, Conclusion, Difference, Finding, Look, Measure, Rules},
    ratio::Counts,
};

use super::{
    Outcome, Scoped, Terms, Trial,
    entity::unit,
    looking::{FEWEST, measure},
    values::Counted,
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, timestamp},
        v1::{self, TrialArm, TrialConclusion, TrialMetric, TrialState},
    },
    clock::Micros,
    directory::etag,
    error::{Error, Result},
};

/// The share, and the chance of a false alarm, where nobody says so.
const HALF: i32 = 50;
const ALARM_PER_MILLE: i32 = 50;

/// Reads what is laid down.
pub(super) fn read(message: v1::Trial) -> Result<Terms> {
    let outcome = |told: v1::TrialOutcome| Outcome { metric: told.metric, smallest_effect: told.smallest_effect };
    let or = |told: i32, usual| if told == 0 { usual } else { told };
    let channels = message.channels().collect();
    let outcomes = message.primary.into_iter().chain(message.guardrails).map(outcome).collect();
    Ok(Terms {
        display_name: message.display_name,
        hypothesis: message.hypothesis,
        plan_a: message.plan_a,
        plan_b: message.plan_b,
        unit: message.unit,
        share_of_b: u8::try_from(or(message.share_of_b, HALF)).map_err(Error::internal)?,
        scope: Scoped { team_ids: once(message.team_ids), topics: once(message.topics), channels },
        outcomes,
        alarm_per_mille: or(message.alarm_per_mille, ALARM_PER_MILLE),
        window: message.window.as_ref().map(duration_micros),
        ends_at: message.planned_end_time.as_ref().map(micros).unwrap_or_default(),
        sealed: message.sealed,
        stop_on_alarm: message.stop_on_alarm,
    })
}

fn once(mut texts: Vec<String>) -> Vec<String> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// A trial as callers see it: its seed once it is over.
pub(super) fn write(trial: &Trial) -> Result<v1::Trial> {
    let (row, terms) = (&trial.row, trial.terms.clone());
    let seed = trial.seed();
    let is_over = trial.state() == TrialState::Stopped;
    let mut outcomes = terms
        .outcomes
        .into_iter()
        .map(|outcome| v1::TrialOutcome { metric: outcome.metric, smallest_effect: outcome.smallest_effect });
    Ok(v1::Trial {
        trial_id: trial.name(),
        display_name: terms.display_name,
        hypothesis: terms.hypothesis,
        plan_a: terms.plan_a,
        plan_b: terms.plan_b,
        unit: terms.unit,
        share_of_b: terms.share_of_b.into(),
        team_ids: terms.scope.team_ids,
        topics: terms.scope.topics,
        channels: terms.scope.channels.iter().map(Into::into).collect(),
        primary: outcomes.next(),
        guardrails: outcomes.collect(),
        alarm_per_mille: terms.alarm_per_mille,
        window: terms.window.map(duration),
        planned_end_time: Some(timestamp(terms.ends_at)),
        sealed: terms.sealed,
        stop_on_alarm: terms.stop_on_alarm,
        state: row.state.0.into(),
        author: row.author.clone(),
        create_time: Some(timestamp(row.created_at)),
        start_time: row.started_at.map(timestamp),
        stop_time: row.stopped_at.map(timestamp),
        stop_cause: row.stop_cause.0.into(),
        stop_reason: row.stop_reason.clone().unwrap_or_default(),
        alarm_time: row.alarmed_at.map(timestamp),
        alarmed_metrics: trial.alarmed()?.into_iter().map(Into::into).collect(),
        seed_commitment: seed.as_ref().map(|seed| seed.commitment(&trial.name())).unwrap_or_default(),
        seed: seed.filter(|_| is_over).map(|seed| seed.write()).unwrap_or_default(),
        etag: etag(row.revision),
    })
}

/// The plan of a unit that is not of an erased customer.
pub(super) fn write_assignment(row: unit::Model, terms: &Terms) -> v1::TrialAssignment {
    let plan = match row.arm.0 {
        TrialArm::B => &terms.plan_b,
        TrialArm::A | TrialArm::Unspecified => &terms.plan_a,
    };
    v1::TrialAssignment {
        unit: row.name().unwrap_or_default(),
        arm: row.arm.0.into(),
        plan: plan.clone(),
        from_time: Some(timestamp(row.from_at)),
        until_time: Some(timestamp(row.until_at)),
    }
}

/// What a trial says; `look`: none where it is sealed.
pub(super) fn write_report(
    trial: &Trial,
    rules: &Rules,
    until: Micros,
    (assigned, look): (Counts, Option<Look>),
) -> Result<v1::GetTrialReportResponse> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let mismatch_evidence = look.as_ref().map(|look| look.mismatch);
    // Of fewer nobody is to be found out.
    let shown = look.filter(|_| assigned.a >= FEWEST && assigned.b >= FEWEST);
    let conclusion = shown.as_ref().map(|look| write_conclusion(look.conclusion).into());
    let written = |look: Look| {
        let findings = look.findings.iter().zip(&trial.terms.outcomes).enumerate();
        findings
            .map(|(at, (finding, outcome))| {
                write_finding(finding, outcome.metric(), assigned, look.alarms.contains(&Alarm::Worse(at)))
            })
            .collect()
    };
    Ok(v1::GetTrialReportResponse {
        trial: Some(write(trial)?),
        count_time: Some(timestamp(until)),
        unit_count_a: count(assigned.a),
        unit_count_b: count(assigned.b),
        mismatch_evidence,
        mismatch_limit: rules.mismatching(),
        conclusion,
        findings: shown.map(written).unwrap_or_default(),
        alarm_limit: rules.alarming(),
    })
}

fn write_conclusion(conclusion: Conclusion) -> TrialConclusion {
    match conclusion {
        Conclusion::Open => TrialConclusion::Open,
        Conclusion::Worse => TrialConclusion::Worse,
        Conclusion::Better => TrialConclusion::Better,
        Conclusion::Alike => TrialConclusion::Alike,
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn write_finding(finding: &Finding, metric: TrialMetric, assigned: Counts, alarmed: bool) -> v1::TrialFinding {
    let Counts { a, b } = finding.counts;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let written = v1::TrialFinding {
        metric: metric.into(),
        value_count_a: count(a),
        value_count_b: count(b),
        worse_evidence: finding.worse,
        better_evidence: finding.better,
        alarmed,
        uneven_evidence: finding.uneven,
        ..v1::TrialFinding::default()
    };
    // On the scale of the outcome: levels begin at 1 and are four apart.
    let is_rating = metric == TrialMetric::Rating;
    let (begin, span) = if is_rating { (1.0, 4.0) } else { (0.0, 1.0) };
    match finding.difference {
        Difference::Means { found, within: (low, high) } => {
            let value =
                |mean: Option<f64>, count: u64| mean.filter(|_| count >= FEWEST).map(|mean| begin + span * mean);
            let is_shown = a >= FEWEST && b >= FEWEST;
            v1::TrialFinding {
                value_a: value(finding.means[0], a),
                value_b: value(finding.means[1], b),
                difference: found.filter(|_| is_shown).map(|found| span * found),
                difference_low: is_shown.then_some(span * low),
                difference_high: is_shown.then_some(span * high),
                ..written
            }
        }
        Difference::Times { found, within: (low, high) } => {
            let share = |count: u64, of: u64| (of > 0).then(|| count as f64 / of as f64);
            v1::TrialFinding {
                value_a: share(a, assigned.a),
                value_b: share(b, assigned.b),
                times: found,
                times_low: Some(low),
                times_high: Some(high).filter(|high| high.is_finite()),
                ..written
            }
        }
    }
}

/// What the outcomes of a trial are today; nothing of fewer than twice the units that an arm has to have.
#[allow(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(super) fn write_checked(terms: &Terms, unit_count: i64, values: &[Vec<Counted>]) -> Vec<v1::TrialCheckOutcome> {
    let write = |(outcome, values): (&Outcome, &Vec<Counted>)| {
        let (metric, sum) = (outcome.metric(), values.iter().map(|one| one.value).sum::<f64>());
        let mean = match measure(terms.unit(), metric) {
            Measure::BadEvent => sum / unit_count.max(1) as f64,
            Measure::HighIsGood | Measure::LowIsGood => sum / values.len().max(1) as f64,
        };
        let is_shown = match measure(terms.unit(), metric) {
            Measure::BadEvent => unit_count >= 2 * FEWEST as i64,
            Measure::HighIsGood | Measure::LowIsGood => values.len() as u64 >= 2 * FEWEST,
        };
        let mean = if metric == TrialMetric::Rating { 1.0 + 4.0 * mean } else { mean };
        let value_count = i64::try_from(values.len()).unwrap_or(i64::MAX);
        v1::TrialCheckOutcome { metric: metric.into(), value_count, mean: is_shown.then_some(mean) }
    };
    terms.outcomes.iter().zip(values).map(write).collect()
}
