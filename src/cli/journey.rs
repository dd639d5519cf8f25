//! `rapport journey`: the stages of the customer's journey, what happens in each, and what comes back.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    choice::choice,
    client::{Common, explain, request_id},
    out::{self, note, say},
};
use crate::api::{
    Named,
    v1::{
        Anticipated, Anticipation, AnticipationMark, Channel, DeclareJourneyRequest, DeclareJourneyResponse, Direction,
        GetCustomerJourneyRequest, GetCustomerJourneyResponse, GetJourneyRequest, InteractionKind, Journey,
        JourneySegmenting, JourneyStage, LearnAnticipationsRequest, LiftEstimate, ListAnticipationsRequest, OrderPhase,
        Outcome, ReadingPurpose, ShareEstimate, StaffRole, StageFigures, StageRule, StageSatisfaction,
        SummarizeJourneyRequest, SummarizeJourneyResponse, anticipation_mark::Mark,
    },
};

/// A stage as a file declares it.
const STAGE: &str = r#"Example:
  [[stage]]
  id = "purchase"
  names = { zh = "购买", en = "purchase" }
  rules = [{ kinds = ["order", "ordered"], order_phases = ["first_order"] }, { topics = ["Order"] }]"#;

/// What `rapport journey` can do.
#[derive(Debug, Subcommand)]
pub enum JourneyCommand {
    /// Prints what stages from a file would do with the newest interactions, and declares them with --declare
    ///
    /// The file is TOML. The first stage of which a rule fits takes an interaction; of a rule all that is set must
    /// hold, and topics are what a topic begins with. Conditions are channels, kinds, topics, roles, directions,
    /// outcomes and order_phases (before_first_order, first_order, after_first_order, later_order).
    #[command(after_help = STAGE)]
    Declare(DeclareArgs),
    /// Prints the stages that are declared
    Show(ShowArgs),
    /// Prints what happens in each stage, and the three that hurt most
    Summary(Box<SummaryArgs>),
    /// Prints one customer's journey, and what of it is likely to come back; the reading leaves a trace
    Customer(CustomerArgs),
    /// Prints after what customers complain or come back more often than otherwise; with --learn it learns that anew
    /// first
    Anticipate(AnticipateArgs),
}

/// Arguments of `rapport journey declare`.
#[derive(Debug, Args)]
pub struct DeclareArgs {
    /// The stages
    pub file: PathBuf,
    /// Declares them; without it nothing changes
    #[arg(long)]
    pub declare: bool,
    /// Only if this version is still the newest
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    pub if_version: i64,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport journey show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A version; default: the newest
    #[arg(long, default_value_t = 0)]
    pub version: i64,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport journey summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// From this instant on, such as 2026-11-01T00:00:00Z; default: 28 days ago
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<Timestamp>,
    /// Until this instant; default: now
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<Timestamp>,
    /// Within so many hours a journey goes on; default: 720, which is 30 days
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(i64).range(1..=2208))]
    pub window: Option<i64>,
    /// Divide the figures
    #[arg(long, value_parser = choice::<JourneySegmenting>())]
    pub by: Option<JourneySegmenting>,
    /// Only this channel; may be given several times
    #[arg(long, value_parser = choice::<Channel>())]
    pub channel: Vec<Channel>,
    /// Only this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// By this version of the stages; default: the newest
    #[arg(long, default_value_t = 0)]
    pub version: i64,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport journey customer`.
#[derive(Debug, Args)]
pub struct CustomerArgs {
    /// The customer
    pub id: String,
    /// Why their record is opened
    #[arg(long, value_parser = choice::<ReadingPurpose>(), default_value = "serving")]
    pub purpose: ReadingPurpose,
    /// More about it, such as the number of the ticket
    #[arg(long, default_value = "")]
    pub note: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport journey anticipate`.
#[derive(Debug, Args)]
pub struct AnticipateArgs {
    /// Only this
    #[arg(value_parser = choice::<Anticipated>())]
    pub what: Option<Anticipated>,
    /// Learns from the record now; a server does so by itself once a day
    #[arg(long)]
    pub learn: bool,
    /// Complaints within so many hours; default: as before, at first 720
    #[arg(long, value_name = "HOURS", requires = "learn", value_parser = clap::value_parser!(i64).range(1..=2208))]
    pub complaint_within: Option<i64>,
    /// Returns within so many hours; default: as before, at first 168
    #[arg(long, value_name = "HOURS", requires = "learn", value_parser = clap::value_parser!(i64).range(1..=2208))]
    pub return_within: Option<i64>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses; a file of stages that cannot be read.
pub async fn run(command: JourneyCommand) -> anyhow::Result<()> {
    match command {
        JourneyCommand::Declare(args) => declare(args).await,
        JourneyCommand::Show(args) => show(args).await,
        JourneyCommand::Summary(args) => summary(*args).await,
        JourneyCommand::Customer(args) => customer(args).await,
        JourneyCommand::Anticipate(args) => anticipate(args).await,
    }
}

/// A file of stages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stages {
    stage: Vec<StageTold>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageTold {
    id: String,
    names: BTreeMap<String, String>,
    rules: Vec<RuleTold>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RuleTold {
    channels: Vec<String>,
    kinds: Vec<String>,
    topics: Vec<String>,
    roles: Vec<String>,
    directions: Vec<String>,
    outcomes: Vec<String>,
    order_phases: Vec<String>,
}

/// Numbers of an enum's values by their plain names.
fn numbers<E: Named + Into<i32>>(names: Vec<String>) -> anyhow::Result<Vec<i32>> {
    let number = |name: String| match E::named(&name.replace('-', "_")) {
        Some(value) => Ok(value.into()),
        None => {
            let known: Vec<_> = E::VALUES.iter().map(|value| value.plain_name()).collect();
            bail!("{name:?} is none of {}", known.join(", "))
        }
    };
    names.into_iter().map(number).collect()
}

fn names<E: Named + TryFrom<i32>>(numbers: &[i32]) -> Vec<&'static str> {
    numbers.iter().filter_map(|number| E::try_from(*number).ok()).map(|value| value.plain_name()).collect()
}

fn read_stages(text: &str) -> anyhow::Result<Vec<JourneyStage>> {
    let stages: Stages = toml::from_str(text)?;
    let rule = |told: RuleTold| {
        Ok(StageRule {
            channels: numbers::<Channel>(told.channels).context("channels")?,
            kinds: numbers::<InteractionKind>(told.kinds).context("kinds")?,
            topics: told.topics,
            roles: numbers::<StaffRole>(told.roles).context("roles")?,
            directions: numbers::<Direction>(told.directions).context("directions")?,
            outcomes: numbers::<Outcome>(told.outcomes).context("outcomes")?,
            order_phases: numbers::<OrderPhase>(told.order_phases).context("order_phases")?,
        })
    };
    let stage = |told: StageTold| {
        let rules: anyhow::Result<_> = told.rules.into_iter().map(rule).collect();
        let rules = rules.with_context(|| format!("stage {:?}", told.id))?;
        Ok(JourneyStage { stage_id: told.id, names: told.names, rules })
    };
    stages.stage.into_iter().map(stage).collect()
}

async fn declare(args: DeclareArgs) -> anyhow::Result<()> {
    let name = args.file.display().to_string();
    let text = fs::read_to_string(&args.file).with_context(|| name.clone())?;
    let stages = read_stages(&text).with_context(|| name)?;
    let client = args.common.client.connect().await?;
    let request = DeclareJourneyRequest {
        request_id: request_id(),
        stages,
        if_version: args.if_version,
        validate_only: !args.declare,
    };
    let told = client.journeys.clone().declare_journey(request).await.map_err(|status| explain(&status))?.into_inner();
    print_trials(&args.common, &told)?;
    match &told.journey {
        Some(journey) => note!("declared as version {}", journey.version),
        None => note!("nothing was declared: --declare does"),
    }
    Ok(())
}

fn print_trials(common: &Common, told: &DeclareJourneyResponse) -> anyhow::Result<()> {
    if common.json {
        let trial = |one: &crate::api::v1::StageTrial| {
            let overlaps = one.overlaps.iter().map(|lost| (lost.earlier_stage_id.clone(), json!(lost.count)));
            json!({
                "stage": one.stage_id,
                "taken": one.taken_count,
                "overlaps": overlaps.collect::<serde_json::Map<_, _>>(),
                "examples": one.sample_interaction_ids,
            })
        };
        let stages: Vec<_> = told.trials.iter().map(trial).collect();
        let version = told.journey.as_ref().map(|journey| journey.version);
        let (sample, unmapped) = (told.sample_count, told.unmapped_count);
        return Ok(say!(
            "{}",
            json!({ "stages": stages, "sample": sample, "unmapped": unmapped, "version": version })
        )?);
    }
    let rows = told.trials.iter().map(|one| {
        let lost = one.overlaps.iter().map(|lost| format!("{} to {}", lost.count, lost.earlier_stage_id));
        let taken = if one.taken_count == 0 { "nobody".to_owned() } else { one.taken_count.to_string() };
        [one.stage_id.clone(), taken, lost.collect::<Vec<_>>().join(", ")]
    });
    let unmapped = ["(unmapped)".to_owned(), told.unmapped_count.to_string(), String::new()];
    say!("{}", out::table(["stage", "takes", "fits too, and lost"], rows.chain([unmapped]), [1]))?;
    note!("of the newest {} interactions", told.sample_count);
    Ok(())
}

fn rule_to_json(rule: &StageRule) -> Value {
    let told = [
        ("channels", names::<Channel>(&rule.channels)),
        ("kinds", names::<InteractionKind>(&rule.kinds)),
        ("topics", rule.topics.iter().map(String::as_str).collect()),
        ("roles", names::<StaffRole>(&rule.roles)),
        ("directions", names::<Direction>(&rule.directions)),
        ("outcomes", names::<Outcome>(&rule.outcomes)),
        ("order_phases", names::<OrderPhase>(&rule.order_phases)),
    ];
    let told = told.into_iter().filter(|(_, values)| !values.is_empty());
    told.map(|(key, values)| (key.to_owned(), json!(values))).collect::<serde_json::Map<_, _>>().into()
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = GetJourneyRequest { version: args.version };
    let found = client.journeys.clone().get_journey(request).await.map_err(|status| explain(&status))?.into_inner();
    let journey: Journey = found.journey.unwrap_or_default();
    if args.common.json {
        let stage = |one: &JourneyStage| {
            let rules: Vec<_> = one.rules.iter().map(rule_to_json).collect();
            json!({ "id": one.stage_id, "names": one.names, "rules": rules })
        };
        let stages: Vec<_> = journey.stages.iter().map(stage).collect();
        let at = out::rfc3339(journey.declare_time);
        let told = json!({ "version": journey.version, "declared": at, "author": journey.author, "stages": stages });
        return Ok(say!("{told}")?);
    }
    let rows = journey.stages.iter().flat_map(|one| {
        let names: Vec<_> = one.names.values().cloned().collect();
        one.rules.iter().enumerate().map(move |(at, rule)| {
            let first = |text: String| if at == 0 { text } else { String::new() };
            [first(one.stage_id.clone()), first(names.join(", ")), conditions(rule)]
        })
    });
    say!("{}", out::table(["stage", "name", "takes"], rows, []))?;
    let zone = client.organization_zone().await?;
    note!("version {}, declared {} by {}", journey.version, out::minute(&zone, journey.declare_time), journey.author);
    Ok(())
}

/// A rule in words, such as `kinds order|ordered, topics Returns`.
fn conditions(rule: &StageRule) -> String {
    let told = rule_to_json(rule);
    let words = told.as_object().into_iter().flatten().map(|(key, values)| {
        let values = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        format!("{} {}", key.replace('_', " "), values.join("|"))
    });
    words.collect::<Vec<_>>().join(", ")
}

const fn hours(hours: i64) -> prost_types::Duration {
    prost_types::Duration { seconds: hours * 3_600, nanos: 0 }
}

async fn summary(args: SummaryArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = SummarizeJourneyRequest {
        from_time: args.from.map(out::timestamp),
        to_time: args.to.map(out::timestamp),
        window: args.window.map(hours),
        segment_by: args.by.unwrap_or_default().into(),
        channels: args.channel.iter().map(|channel| (*channel).into()).collect(),
        team_id: args.team,
        version: args.version,
    };
    let found = client.journeys.clone().summarize_journey(request).await;
    let found = found.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        return Ok(say!("{}", summary_to_json(&found))?);
    }
    print_stages("", &found.stages)?;
    for segment in &found.segments {
        say!("\n{} ({})", out::one_line(named(&segment.key)), segment.count)?;
        print_stages("", &segment.stages)?;
    }
    print_transitions(&found.stages)?;
    print_hurting(&found)?;
    let zone = client.organization_zone().await?;
    note!("{} to {}", out::minute(&zone, found.from_time), out::minute(&zone, found.to_time));
    note!(
        "a journey ends where nothing follows within {}; the record goes to {}",
        span(found.window),
        out::minute(&zone, found.known_until)
    );
    Ok(())
}

fn named(id: &str) -> &str {
    if id.is_empty() { "(none)" } else { id }
}

fn stage(id: &str) -> String {
    if id.is_empty() { "(unmapped)".to_owned() } else { id.to_owned() }
}

fn percent(share: Option<f64>) -> String {
    share.map(|share| format!("{} %", out::figure(share * 100.0, 1))).unwrap_or_default()
}

fn estimate(one: Option<&ShareEstimate>) -> String {
    let Some((one, share)) = one.and_then(|one| Some((one, one.share?))) else { return String::new() };
    let [low, high] = [one.low, one.high].map(|end| out::figure(end.unwrap_or_default() * 100.0, 1));
    format!("{} [{low}, {high}]", percent(Some(share)))
}

fn mean(one: Option<&StageSatisfaction>) -> String {
    one.map(|one| format!("{} ({})", out::figure(one.mean, 2), one.count)).unwrap_or_default()
}

/// A duration to the second, such as `1d 2h`, `5m 3s`.
fn span(told: Option<prost_types::Duration>) -> String {
    let seconds = told.map_or(0, |told| told.seconds);
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (length, unit) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{}{unit}", rest / length));
        }
        rest %= length;
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

fn seconds(told: Option<f64>) -> String {
    let micros = told.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
    micros.map(|one| span(Some(prost_types::Duration { seconds: one.as_secs(), nanos: 0 }))).unwrap_or_default()
}

fn print_stages(indent: &str, stages: &[StageFigures]) -> anyhow::Result<()> {
    let rows = stages.iter().map(|one| {
        let wait = one.wait.unwrap_or_default();
        let resolved = one.first_contact_resolution.as_ref().and_then(|all| all.derived.as_ref()?.rate);
        [
            format!("{indent}{}", stage(&one.stage_id)),
            one.count.to_string(),
            one.customer_count.to_string(),
            seconds(wait.median_seconds),
            seconds(wait.p90_seconds),
            mean(one.customer_truth.as_ref()),
            mean(one.staff_ledger.as_ref()),
            mean(one.effort.as_ref()),
            percent(resolved),
            estimate(one.drop_off.as_ref()),
            one.ended_badly_count.to_string(),
        ]
    });
    let head = [
        "stage",
        "interactions",
        "customers",
        "wait",
        "p90",
        "customer's truth",
        "staff ledger",
        "effort",
        "resolved",
        "journeys ended",
        "badly",
    ];
    Ok(say!("{}", out::table(head, rows, [1, 2, 3, 4, 10]))?)
}

fn print_transitions(stages: &[StageFigures]) -> anyhow::Result<()> {
    let rows = stages.iter().flat_map(|one| {
        one.transitions.iter().map(|next| {
            let (from, to) = (stage(&one.stage_id), stage(&next.to_stage_id));
            [from, to, next.count.to_string(), span(next.median)]
        })
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        say!("\n{}", out::table(["from", "to", "interactions", "median"], rows, [2, 3]))?;
    }
    Ok(())
}

fn print_hurting(found: &SummarizeJourneyResponse) -> anyhow::Result<()> {
    for (place, one) in (1..).zip(&found.hurting) {
        say!("\n{place}. {} hurts ({})", stage(&one.stage_id), out::figure(one.pain, 2))?;
        for sign in one.evidence.iter().filter(|sign| sign.share.is_some_and(|share| share.count > 0)) {
            let share = sign.share.unwrap_or_default();
            let name = sign.sign().plain_name().replace('_', " ");
            let (bad, known) = (share.count, share.known_count);
            say!("   {name}: {bad} of {known}, {}", estimate(Some(&share)))?;
            say!("      {}", sign.sample_interaction_ids.join(" "))?;
        }
    }
    Ok(())
}

fn share_to_json(one: Option<&ShareEstimate>) -> Value {
    one.map_or(Value::Null, |one| {
        json!({ "count": one.count, "known": one.known_count, "share": one.share, "low": one.low, "high": one.high })
    })
}

fn seconds_of(told: Option<prost_types::Duration>) -> Option<f64> {
    told.map(|told| told.seconds as f64 + f64::from(told.nanos) / 1e9)
}

fn figures_to_json(one: &StageFigures) -> Value {
    let felt = |felt: Option<&StageSatisfaction>| {
        felt.map(|felt| json!({ "count": felt.count, "mean": felt.mean, "low": felt.low, "high": felt.high }))
    };
    let wait = one.wait.unwrap_or_default();
    let transitions = one
        .transitions
        .iter()
        .map(|next| json!({ "to": next.to_stage_id, "count": next.count, "median_seconds": seconds_of(next.median) }));
    let readings = one.first_contact_resolution.unwrap_or_default();
    let reading = |one: Option<crate::api::v1::ResolutionReading>| {
        let one = one.unwrap_or_default();
        json!({
            "resolved": one.resolved_count,
            "unresolved": one.unresolved_count,
            "pending": one.pending_count,
            "unknown": one.unknown_count,
            "rate": one.rate,
        })
    };
    json!({
        "stage": one.stage_id,
        "interactions": one.count,
        "customers": one.customer_count,
        "unknown": one.unknown_count,
        "wait": { "known": wait.known_count, "median": wait.median_seconds, "p90": wait.p90_seconds, "mean": wait.mean_seconds },
        "customer_truth": felt(one.customer_truth.as_ref()),
        "staff_ledger": felt(one.staff_ledger.as_ref()),
        "effort": felt(one.effort.as_ref()),
        "resolution": {
            "by_staff": reading(readings.recorded_by_staff),
            "by_customer": reading(readings.declared_by_customer),
            "derived": reading(readings.derived),
        },
        "transitions": transitions.collect::<Vec<_>>(),
        "ended": one.ended_count,
        "open": one.open_count,
        "drop_off": share_to_json(one.drop_off.as_ref()),
        "ended_badly": one.ended_badly_count,
    })
}

fn summary_to_json(found: &SummarizeJourneyResponse) -> Value {
    let stages = |all: &[StageFigures]| all.iter().map(figures_to_json).collect::<Vec<_>>();
    let segments = found
        .segments
        .iter()
        .map(|one| json!({ "key": one.key, "interactions": one.count, "stages": stages(&one.stages) }));
    let hurting = found.hurting.iter().map(|one| {
        let evidence = one.evidence.iter().map(|sign| {
            json!({
                "sign": sign.sign().plain_name(),
                "share": share_to_json(sign.share.as_ref()),
                "examples": sign.sample_interaction_ids,
            })
        });
        json!({ "stage": one.stage_id, "interactions": one.count, "pain": one.pain, "evidence": evidence.collect::<Vec<_>>() })
    });
    json!({
        "version": found.journey_version,
        "from": out::rfc3339(found.from_time),
        "to": out::rfc3339(found.to_time),
        "window_seconds": seconds_of(found.window),
        "known_until": out::rfc3339(found.known_until),
        "long_wait_seconds": found.long_wait_seconds,
        "stages": stages(&found.stages),
        "segments": segments.collect::<Vec<_>>(),
        "segment_count": found.segment_count,
        "hurting": hurting.collect::<Vec<_>>(),
    })
}

async fn customer(args: CustomerArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = GetCustomerJourneyRequest {
        customer_id: args.id,
        customer_alias: None,
        purpose: args.purpose.into(),
        note: args.note,
    };
    let found = client.journeys.clone().get_customer_journey(request).await;
    let found = found.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        return Ok(say!("{}", customer_to_json(&found))?);
    }
    let zone = client.organization_zone().await?;
    if found.has_earlier {
        note!("the newest 500 interactions");
    }
    let rows = found.stays.iter().flat_map(|stay| {
        stay.steps.iter().enumerate().map(|(at, step)| {
            [
                if at == 0 { stage(&stay.stage_id) } else { String::new() },
                out::minute(&zone, step.occurred_time),
                step.channel().plain_name().replace('_', " "),
                step.kind().plain_name().replace('_', " "),
                step.topic.clone(),
                step.outcome().plain_name().replace('_', " "),
                step.wait.map(|wait| span(Some(wait))).unwrap_or_default(),
                step.interaction_id.clone(),
            ]
        })
    });
    let head = ["stage", "at", "channel", "kind", "topic", "outcome", "wait", "interaction"];
    say!("{}", out::table(head, rows, [6]))?;
    for one in &found.anticipated {
        let what = one.what().plain_name();
        let (chance, base) = (percent(Some(one.chance)), percent(Some(one.base)));
        let until = out::minute(&zone, one.until_time);
        say!("{what} by {until}: {chance}, of any {base}; {} ({})", mark(one.mark.as_ref()), one.interaction_id)?;
    }
    Ok(())
}

fn customer_to_json(found: &GetCustomerJourneyResponse) -> Value {
    let stays = found.stays.iter().map(|stay| {
        let steps = stay.steps.iter().map(|step| {
            json!({
                "interaction": step.interaction_id,
                "at": out::rfc3339(step.occurred_time),
                "channel": step.channel().plain_name(),
                "kind": step.kind().plain_name(),
                "direction": step.direction().plain_name(),
                "outcome": step.outcome().plain_name(),
                "topic": step.topic,
                "wait_seconds": seconds_of(step.wait),
            })
        });
        json!({
            "stage": stay.stage_id,
            "begin": out::rfc3339(stay.begin_time),
            "end": out::rfc3339(stay.end_time),
            "steps": steps.collect::<Vec<_>>(),
        })
    });
    let anticipated = found.anticipated.iter().map(|one| {
        json!({
            "what": one.what().plain_name(),
            "until": out::rfc3339(one.until_time),
            "chance": one.chance,
            "base": one.base,
            "mark": mark(one.mark.as_ref()),
            "interaction": one.interaction_id,
        })
    });
    json!({
        "version": found.journey_version,
        "stays": stays.collect::<Vec<_>>(),
        "has_earlier": found.has_earlier,
        "anticipated": anticipated.collect::<Vec<_>>(),
    })
}

/// A mark in words.
fn mark(one: Option<&AnticipationMark>) -> String {
    match one.and_then(|one| one.mark.as_ref()) {
        None => String::new(),
        Some(Mark::Topic(topic)) => format!("topic {topic}"),
        Some(Mark::TopicAfterOrder(topic)) => format!("topic {topic} after an order"),
        Some(Mark::ProductId(product)) => format!("product {product}"),
        Some(Mark::Stages(one)) if one.from_stage_id.is_empty() => format!("first in {}", one.to_stage_id),
        Some(Mark::Stages(one)) => format!("{} after {}", one.to_stage_id, one.from_stage_id),
    }
}

fn lift(one: Option<&LiftEstimate>) -> String {
    let figure = |value| out::figure(value, 2);
    one.map(|one| format!("x{} [{}, {}]", figure(one.ratio), figure(one.low), figure(one.high))).unwrap_or_default()
}

async fn anticipate(args: AnticipateArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    if args.learn {
        let request = LearnAnticipationsRequest {
            request_id: request_id(),
            complaint_within: args.complaint_within.map(hours),
            return_within: args.return_within.map(hours),
        };
        client.journeys.clone().learn_anticipations(request).await.map_err(|status| explain(&status))?;
    }
    let request = ListAnticipationsRequest { what: args.what.unwrap_or_default().into() };
    let found = client.journeys.clone().list_anticipations(request).await;
    let found = found.map_err(|status| explain(&status))?.into_inner().anticipations;
    if found.is_empty() {
        note!("nothing was learnt yet: --learn does");
    }
    for one in &found {
        match args.common.json {
            true => say!("{}", anticipation_to_json(one))?,
            false => print_anticipation(one)?,
        }
    }
    Ok(())
}

fn print_anticipation(one: &Anticipation) -> anyhow::Result<()> {
    let (what, within, base) = (one.what().plain_name(), span(one.within), estimate(one.base.as_ref()));
    say!("{what} within {within}: {base} of {} interactions", one.base.map_or(0, |base| base.known_count))?;
    let rows = one.patterns.iter().map(|pattern| {
        [
            mark(pattern.mark.as_ref()),
            pattern.share.map_or(0, |share| share.known_count).to_string(),
            pattern.customer_count.to_string(),
            estimate(pattern.share.as_ref()),
            lift(pattern.lift.as_ref()),
            estimate(pattern.later_share.as_ref()),
            lift(pattern.later_lift.as_ref()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    match rows.is_empty() {
        true => note!("no pattern; {} were asked about", one.asked_count),
        false => {
            let head = ["after", "interactions", "customers", "came", "against the others", "came later", "later lift"];
            say!("{}", out::table(head, rows, [1, 2]))?;
            note!("of {} that were asked about", one.asked_count);
        }
    }
    if let Some(judged) = &one.judgement {
        let figure = |value| out::figure(value, 4);
        say!(
            "judged on {} later ones: Brier {} where the base has {}; calibration error {}\n",
            judged.count,
            figure(judged.brier),
            figure(judged.base_brier),
            figure(judged.calibration_error)
        )?;
    }
    Ok(())
}

fn anticipation_to_json(one: &Anticipation) -> Value {
    let lift = |one: Option<&LiftEstimate>| {
        one.map(|one| json!({ "ratio": one.ratio, "low": one.low, "high": one.high, "p_value": one.p_value }))
    };
    let patterns = one.patterns.iter().map(|pattern| {
        json!({
            "mark": mark(pattern.mark.as_ref()),
            "share": share_to_json(pattern.share.as_ref()),
            "customers": pattern.customer_count,
            "lift": lift(pattern.lift.as_ref()),
            "later_share": share_to_json(pattern.later_share.as_ref()),
            "later_lift": lift(pattern.later_lift.as_ref()),
        })
    });
    let judged = one.judgement.as_ref().map(|judged| {
        let bins =
            judged.bins.iter().map(|bin| json!({ "claimed": bin.claimed, "came": share_to_json(bin.came.as_ref()) }));
        json!({
            "count": judged.count,
            "came": judged.came_count,
            "brier": judged.brier,
            "base_brier": judged.base_brier,
            "calibration_error": judged.calibration_error,
            "bins": bins.collect::<Vec<_>>(),
        })
    });
    json!({
        "what": one.what().plain_name(),
        "within_seconds": seconds_of(one.within),
        "learnt": out::rfc3339(one.learn_time),
        "from": out::rfc3339(one.from_time),
        "to": out::rfc3339(one.to_time),
        "version": one.journey_version,
        "base": share_to_json(one.base.as_ref()),
        "asked": one.asked_count,
        "patterns": patterns.collect::<Vec<_>>(),
        "judgement": judged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_read_from_a_file_and_what_is_wrong_is_named() {
        let text = r#"
            [[stage]]
            id = "purchase"
            names = { zh = "购买", en = "purchase" }
            rules = [{ kinds = ["order", "ordered"], order_phases = ["first-order"] }, { topics = ["Order"] }]
        "#;
        let stages = read_stages(text).unwrap();
        assert_eq!((stages.len(), stages[0].names["zh"].as_str()), (1, "购买"));
        let rule = &stages[0].rules[0];
        assert_eq!(conditions(rule), "kinds order|ordered, order phases first_order");
        let wrong = read_stages(&text.replace("\"order\"", "\"odrer\"")).unwrap_err();
        let told = format!("{wrong:#}");
        assert!(told.contains("stage \"purchase\": kinds: \"odrer\" is none of service"), "{told}");
        assert!(read_stages(&text.replace("topics", "topic")).is_err());
    }

    #[test]
    fn times_are_told_by_their_two_largest_units() {
        let told = |seconds| span(Some(prost_types::Duration { seconds, nanos: 0 }));
        assert_eq!([0, 59, 61, 3_600, 90_061].map(told), ["0s", "59s", "1m 1s", "1h", "1d 1h"]);
    }
}
