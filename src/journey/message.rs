//! Between the contract's messages and journeys.

use std::{cmp::Reverse, collections::HashSet};

use rapport_journey::{
    flow::Exits,
    hurt::worst,
    pattern::{Bin, Count, Judgement, Lift, Pattern},
    stage::{Rule, Stage, Trials, Values, shadowed},
};
use rapport_statistics::interval::{Moments, mean_interval, wilson};

use super::{
    Journey,
    figures::{Evidence, Figures, StageFigures},
    learning::Mark,
    matters::Matter,
    record::{Event, Record},
    store::Model,
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, normal, timestamp},
        kinds::POINTS,
        v1::{self, anticipation_mark},
    },
    clock::{DAY, Micros},
    error::{Error, Reason, Result, Violation},
    interaction::{
        message::{write_readings, write_statistics},
        summary::statistics,
    },
};

/// Of a summary where nobody says so.
const PERIOD: Micros = 28 * DAY;
/// Of a summary at most.
const LONGEST: Micros = 366 * DAY;
/// Within so long a journey goes on where nobody says so.
const WINDOW: Micros = 30 * DAY;
/// Answers from which a mean is told.
const TELLING: i64 = 5;
/// Interactions of a sample that are named for a stage.
const SAMPLES: usize = 5;

/// Reads the stages, or all that is wrong with them.
pub(super) fn read_stages(messages: Vec<v1::JourneyStage>) -> Result<Vec<Stage>> {
    let stages: Vec<Stage> = messages.into_iter().map(read_stage).collect();
    let (mut found, mut ids) = (Vec::new(), HashSet::new());
    for (at, stage) in stages.iter().enumerate() {
        if !ids.insert(&stage.id) {
            let rule = "must not be that of another stage";
            found.push(Violation::new(format!("stages[{at}].stage_id"), Reason::Contradiction, rule));
        }
        if stage.names.is_empty() {
            let rule = "must have the stage's name in one language at least";
            found.push(Violation::new(format!("stages[{at}].names"), Reason::FieldRequired, rule));
        }
        for (number, _) in stage.rules.iter().enumerate().filter(|(_, rule)| rule.is_empty()) {
            let rule = "must set a condition: without one it fits every interaction";
            let field = format!("stages[{at}].rules[{number}]");
            found.push(Violation::new(field, Reason::JourneyStageUnconditional, rule));
        }
    }
    Error::unless_empty(found)?;
    if let Some((at, by)) = shadowed(&stages) {
        let rule = format!(
            "must fit something that earlier stages leave: {:?} and those before it take all of it",
            stages[by].id
        );
        return Err(Error::invalid(format!("stages[{at}].rules"), Reason::JourneyStageShadowed, rule));
    }
    Ok(stages)
}

fn read_stage(message: v1::JourneyStage) -> Stage {
    Stage {
        id: normal(message.stage_id),
        names: message.names.into_iter().map(|(language, name)| (language, normal(name))).collect(),
        rules: message.rules.into_iter().map(read_rule).collect(),
    }
}

fn read_rule(message: v1::StageRule) -> Rule {
    let values = |numbers: Vec<i32>| numbers.into_iter().collect::<Values>();
    Rule {
        channels: values(message.channels),
        kinds: values(message.kinds),
        directions: values(message.directions),
        outcomes: values(message.outcomes),
        roles: values(message.roles),
        phases: values(message.order_phases),
        topics: message.topics.into_iter().map(normal).collect(),
    }
}

fn write_rule(rule: Rule) -> v1::StageRule {
    let numbers = |values: Values| values.numbers().collect();
    v1::StageRule {
        channels: numbers(rule.channels),
        kinds: numbers(rule.kinds),
        topics: rule.topics,
        roles: numbers(rule.roles),
        directions: numbers(rule.directions),
        outcomes: numbers(rule.outcomes),
        order_phases: numbers(rule.phases),
    }
}

/// A version as callers see it.
pub(super) fn write_journey(journey: Journey) -> v1::Journey {
    let stage = |stage: Stage| v1::JourneyStage {
        stage_id: stage.id,
        names: stage.names,
        rules: stage.rules.into_iter().map(write_rule).collect(),
    };
    v1::Journey {
        version: journey.version,
        stages: journey.stages.into_iter().map(stage).collect(),
        declare_time: Some(timestamp(journey.declared_at)),
        author: journey.author,
    }
}

/// What stages do with a sample of the record.
pub(super) struct Tried {
    pub(super) trials: Trials,
    samples: Vec<Vec<String>>,
}

/// Tries stages on a sample.
///
/// # Errors
/// [`Reason::JourneyStageTakesAll`].
pub(super) fn try_stages(stages: &[Stage], record: &Record) -> Result<Tried> {
    let (mut trials, mut samples) = (Trials::new(stages), vec![Vec::new(); stages.len()]);
    let mut events: Vec<&Event> = record.events.iter().collect();
    events.sort_unstable_by_key(|event| Reverse((event.at, event.id)));
    for event in events {
        if let Some(taker) = trials.add(stages, &record.facts(event))
            && samples[taker].len() < SAMPLES
        {
            samples[taker].push(event.id.to_string());
        }
    }
    if let Some(at) = trials.takes_all() {
        let (taken, total) = (trials.stages[at].taken, trials.total());
        let rule = format!("must leave something to other stages: it takes {taken} of the newest {total} interactions");
        return Err(Error::invalid(format!("stages[{at}].rules"), Reason::JourneyStageTakesAll, rule));
    }
    Ok(Tried { trials, samples })
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What stages do with a sample as callers see it.
pub(super) fn write_tried(stages: &[Stage], tried: Tried) -> Vec<v1::StageTrial> {
    let Tried { trials, samples } = tried;
    let all = stages.iter().zip(trials.stages).zip(samples);
    all.map(|((stage, trial), sample_interaction_ids)| v1::StageTrial {
        stage_id: stage.id.clone(),
        taken_count: count(trial.taken),
        overlaps: trial
            .lost_to
            .into_iter()
            .map(|(earlier, lost)| v1::StageOverlap {
                earlier_stage_id: stages[earlier].id.clone(),
                count: count(lost),
            })
            .collect(),
        sample_interaction_ids,
    })
    .collect()
}

/// What a summary is asked over.
pub(super) struct Asked {
    pub(super) period: (Micros, Micros),
    pub(super) window: Micros,
}

/// Reads a period, of the last 28 days where nobody says, and the window.
pub(super) fn read_period(message: &v1::SummarizeJourneyRequest, now: Micros) -> Result<Asked> {
    let wrong = |reason, rule| Error::invalid("to_time", reason, rule);
    let period = match (message.from_time.as_ref().map(micros), message.to_time.as_ref().map(micros)) {
        (None, None) => (now - PERIOD, now),
        (Some(from), Some(to)) if to <= from => {
            return Err(wrong(Reason::ImpossibleInstants, "must be after from_time"));
        }
        (Some(from), Some(to)) if to - from > LONGEST => {
            return Err(wrong(Reason::ValueOutOfRange, "must be 366 days after from_time at most"));
        }
        (Some(from), Some(to)) => (from, to),
        (Some(_), None) => return Err(wrong(Reason::FieldRequired, "must be set, with from_time")),
        (None, Some(_)) => {
            return Err(Error::invalid("from_time", Reason::FieldRequired, "must be set, with to_time"));
        }
    };
    Ok(Asked { period, window: message.window.as_ref().map_or(WINDOW, duration_micros) })
}

/// A share with its interval.
fn share(bad: i64, known: i64) -> v1::ShareEstimate {
    let interval = wilson(bad, known);
    v1::ShareEstimate {
        count: bad,
        known_count: known,
        share: (known > 0).then(|| bad as f64 / known as f64),
        low: interval.map(|one| one.low),
        high: interval.map(|one| one.high),
    }
}

fn satisfaction(moments: Moments) -> Option<v1::StageSatisfaction> {
    let interval = mean_interval(moments, 1, POINTS)?;
    let mean = moments.mean().filter(|_| moments.n >= TELLING)?;
    Some(v1::StageSatisfaction { count: moments.n, mean, low: interval.low, high: interval.high })
}

fn stage_id(stages: &[Stage], place: Option<usize>) -> String {
    place.and_then(|place| stages.get(place)).map(|stage| stage.id.clone()).unwrap_or_default()
}

fn write_transitions(stages: &[Stage], own: Option<usize>, exits: Exits) -> Vec<v1::StageTransition> {
    let all = exits.onward.into_iter().chain([(own, exits.again)]).filter(|(_, times)| !times.is_empty());
    let mut all: Vec<v1::StageTransition> = all
        .map(|(to, mut times)| {
            times.sort_unstable();
            let median = (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2;
            let median = Some(duration(median));
            v1::StageTransition { to_stage_id: stage_id(stages, to), count: count(times.len()), median }
        })
        .collect();
    all.sort_by_key(|one| Reverse(one.count));
    all
}

fn write_figures(stages: &[Stage], place: usize, mut one: StageFigures) -> v1::StageFigures {
    let own = (place < stages.len()).then_some(place);
    let (ended, judged) = one.exits.ends();
    v1::StageFigures {
        stage_id: stage_id(stages, own),
        count: one.count,
        customer_count: count(one.travellers.len()),
        unknown_count: one.unknown,
        wait: Some(write_statistics(statistics(&mut one.waits))),
        customer_truth: satisfaction(one.customer_truth),
        staff_ledger: satisfaction(one.staff_ledger),
        effort: satisfaction(one.effort),
        first_contact_resolution: Some(write_readings(one.readings)),
        ended_count: one.exits.ended,
        open_count: one.exits.open,
        drop_off: Some(share(ended, judged)),
        ended_badly_count: one.ended_badly,
        transitions: write_transitions(stages, own, one.exits),
    }
}

fn write_evidence(evidence: Evidence) -> v1::HurtEvidence {
    v1::HurtEvidence {
        sign: evidence.sign.into(),
        share: Some(share(evidence.seen.bad, evidence.seen.known)),
        sample_interaction_ids: evidence.samples.into_iter().map(|id| id.to_string()).collect(),
    }
}

/// The figures of a period as callers see them.
pub(super) fn write_summary(
    journey: &Journey,
    asked: &Asked,
    figures: Figures,
    horizon: Micros,
) -> v1::SummarizeJourneyResponse {
    let Figures { stages: all, segments, segment_count, long_wait } = figures;
    let stages = journey.stages.as_slice();
    let pains: Vec<(f64, i64)> = all[..stages.len()].iter().map(|one| (one.pain(), one.count)).collect();
    let hurting = worst(&pains).into_iter().map(|place| v1::HurtingStage {
        stage_id: stages[place].id.clone(),
        count: all[place].count,
        pain: pains[place].0,
        evidence: all[place].evidence().into_iter().map(write_evidence).collect(),
    });
    let hurting = hurting.collect();
    let write = |of: Vec<StageFigures>, is_shown: &dyn Fn(usize, &StageFigures) -> bool| {
        let shown = of.into_iter().enumerate().filter(|(place, one)| is_shown(*place, one));
        shown.map(|(place, one)| write_figures(stages, place, one)).collect::<Vec<_>>()
    };
    let segments = segments.into_iter().map(|(key, count, of)| v1::SegmentFigures {
        key,
        count,
        stages: write(of, &|_, one| one.count > 0),
    });
    v1::SummarizeJourneyResponse {
        journey_version: journey.version,
        from_time: Some(timestamp(asked.period.0)),
        to_time: Some(timestamp(asked.period.1)),
        window: Some(duration(asked.window)),
        segments: segments.collect(),
        stages: write(all, &|place, one| place < stages.len() || one.count > 0),
        segment_count: count(segment_count),
        hurting,
        known_until: Some(timestamp(horizon)),
        long_wait_seconds: long_wait,
    }
}

fn write_step(event: &Event, record: &Record) -> v1::JourneyStep {
    v1::JourneyStep {
        interaction_id: event.id.to_string(),
        occurred_time: Some(timestamp(event.at)),
        channel: event.channel.into(),
        kind: event.kind.into(),
        direction: event.direction.into(),
        outcome: event.outcome.into(),
        topic: record.texts.text(event.topic).to_owned(),
        wait: event.wait.map(duration),
    }
}

/// A customer's journey as callers see it.
pub(super) fn write_stays(stages: &[Stage], record: &Record) -> Vec<v1::JourneyStay> {
    let stays = record.events.chunk_by(|one, next| one.stage == next.stage);
    stays
        .map(|stay| v1::JourneyStay {
            stage_id: stage_id(stages, stay[0].stage),
            begin_time: Some(timestamp(stay[0].at)),
            end_time: stay.last().map(|last| timestamp(last.at)),
            steps: stay.iter().map(|event| write_step(event, record)).collect(),
        })
        .collect()
}

fn write_mark(mark: Mark) -> v1::AnticipationMark {
    let mark = match mark {
        Mark::Topic(topic) => anticipation_mark::Mark::Topic(topic),
        Mark::TopicAfterOrder(topic) => anticipation_mark::Mark::TopicAfterOrder(topic),
        Mark::Product(product) => anticipation_mark::Mark::ProductId(product),
        Mark::Stages(from, to) => anticipation_mark::Mark::Stages(v1::StageSequence {
            from_stage_id: from.unwrap_or_default(),
            to_stage_id: to,
        }),
    };
    v1::AnticipationMark { mark: Some(mark) }
}

/// What of a customer is likely to come back, as callers see it.
pub(super) fn write_matter(matter: Matter) -> v1::AnticipatedMatter {
    v1::AnticipatedMatter {
        what: matter.what.into(),
        until_time: Some(timestamp(matter.until)),
        chance: matter.chance,
        base: matter.base,
        mark: Some(write_mark(matter.mark)),
        interaction_id: matter.interaction_id.to_string(),
    }
}

fn write_count(one: Count) -> v1::ShareEstimate {
    share(one.came, one.n)
}

fn write_lift(lift: Lift) -> v1::LiftEstimate {
    v1::LiftEstimate { ratio: lift.ratio, low: lift.low, high: lift.high, p_value: lift.p_value }
}

fn write_pattern(pattern: Pattern<Mark>) -> v1::AnticipationPattern {
    v1::AnticipationPattern {
        mark: Some(write_mark(pattern.mark)),
        share: Some(write_count(pattern.count)),
        customer_count: pattern.travellers,
        lift: Some(write_lift(pattern.lift)),
        later_share: Some(write_count(pattern.later)),
        later_lift: pattern.later_lift.map(write_lift),
    }
}

fn write_judgement(judged: Judgement) -> v1::AnticipationJudgement {
    let bin = |bin: Bin| v1::ReliabilityBin { claimed: bin.claimed, came: Some(write_count(bin.count)) };
    v1::AnticipationJudgement {
        count: judged.count.n,
        came_count: judged.count.came,
        brier: judged.brier,
        base_brier: judged.base_brier,
        calibration_error: judged.calibration_error,
        bins: judged.bins.into_iter().map(bin).collect(),
    }
}

/// What was learnt as callers see it.
pub(super) fn write_model(model: Model) -> v1::Anticipation {
    v1::Anticipation {
        what: model.what.into(),
        within: Some(duration(model.within)),
        learn_time: Some(timestamp(model.learnt_at)),
        from_time: Some(timestamp(model.span.0)),
        to_time: Some(timestamp(model.span.1)),
        journey_version: model.version,
        base: Some(write_count(model.learnt.base)),
        asked_count: count(model.learnt.asked),
        patterns: model.learnt.patterns.into_iter().map(write_pattern).collect(),
        judgement: model.learnt.judgement.map(write_judgement),
    }
}
