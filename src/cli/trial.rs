//! `rapport trial`: two service plans side by side, and a report that those who lead a service can read.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use rapport_trial::assign::{Arm, Seed};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    choice::choice,
    client::{Client, Common, explain, request_id},
    out::{self, one_line, say},
};
use crate::api::{
    Named as _,
    v1::{
        AssignTrialRequest, Channel, CheckTrialRequest, CreateTrialRequest, GetTrialReportRequest,
        GetTrialReportResponse, GetTrialRequest, ListTrialAssignmentsRequest, ListTrialsRequest, StartTrialRequest,
        StopTrialRequest, Trial, TrialArm, TrialAssignment, TrialConclusion, TrialFinding, TrialMetric, TrialOutcome,
        TrialState, TrialSubject, TrialUnit,
    },
};

/// What `--help` teaches.
const HELP: &str = r#"Lay down what is tried, on whom, and by what it is judged:
  rapport trial create "Large classes" --until 2026-12-14T00:00:00Z \
    --hypothesis "As good for less" --plan-a "10 students, 1 teacher" --plan-b "100 students, 10 teachers" \
    --unit customer --primary rating=0.5 --guardrail complaint=0.02 --sealed --stop-on-alarm
Try the same plan against itself with what is on record, then start; nothing is changed afterwards:
  rapport trial check TRIAL
  rapport trial start TRIAL
Ask for a customer's plan at the moment at which it is about to matter:
  rapport trial assign TRIAL --customer carla
Look as often as you like; an alarm comes by itself. At the end check that chance gave every plan:
  rapport trial report TRIAL
  rapport trial stop TRIAL "the school year ends"
  rapport trial verify TRIAL"#;

/// Evidence from which on a report says that one plan's customers answer more often: by chance one trial in twenty
/// comes to it.
const UNEVEN: f64 = 20.0;

/// What `rapport trial` can do.
#[derive(Debug, Subcommand)]
#[command(after_long_help = HELP)]
pub enum TrialCommand {
    /// Lays a trial down
    Create(Box<CreateArgs>),
    /// Gives plans by chance to those on record, who all had the same one: how often does that alarm?
    Check(OneArgs),
    /// Starts a trial; from then on it does not change
    Start(OneArgs),
    /// Prints which plan a customer, a team, or a team in a week gets
    Assign(AssignArgs),
    /// Ends a trial for good
    Stop(StopArgs),
    /// Prints what a trial says by now
    Report(OneArgs),
    /// Lists trials, newest first
    List(ListArgs),
    /// Computes every assignment of a trial that is over again, from its seed
    Verify(OneArgs),
}

/// Arguments of `rapport trial create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What it is called
    pub name: String,
    /// What is expected of plan B, and why
    #[arg(long)]
    pub hypothesis: String,
    /// What is done today
    #[arg(long)]
    pub plan_a: String,
    /// What is tried
    #[arg(long)]
    pub plan_b: String,
    /// To what chance gives a plan
    #[arg(long, value_parser = choice::<TrialUnit>(), default_value = "customer")]
    pub unit: TrialUnit,
    /// Of units that get plan B, in percent
    #[arg(long, default_value_t = 50, value_name = "PERCENT")]
    pub share: i32,
    /// Only what this team serves; may be given several times
    #[arg(long)]
    pub team: Vec<String>,
    /// Only contacts with this topic; may be given several times
    #[arg(long)]
    pub topic: Vec<String>,
    /// Only contacts by this channel; may be given several times
    #[arg(long, value_parser = choice::<Channel>())]
    pub channel: Vec<Channel>,
    /// By what plan B is judged, and the smallest difference that matters, such as rating=0.5
    #[arg(long, value_name = "OUTCOME[=EFFECT]", value_parser = outcome)]
    pub primary: TrialOutcome,
    /// What must not become worse, such as complaint=0.02; may be given several times
    #[arg(long, value_name = "OUTCOME[=EFFECT]", value_parser = outcome)]
    pub guardrail: Vec<TrialOutcome>,
    /// False alarms of a thousand trials at most
    #[arg(long, default_value_t = 50, value_name = "PER_MILLE")]
    pub false_alarms: i32,
    /// How long a plan counts for a unit, in hours
    #[arg(long, value_name = "HOURS")]
    pub window: Option<i64>,
    /// When it stops by itself
    #[arg(long, value_name = "TIME")]
    pub until: Timestamp,
    /// Nobody reads figures before the end, or an alarm
    #[arg(long)]
    pub sealed: bool,
    /// An alarm ends it at once
    #[arg(long)]
    pub stop_on_alarm: bool,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments about one trial.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// The trial
    pub id: Uuid,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport trial assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// The trial
    pub id: Uuid,
    /// The customer, of a trial by customer
    #[arg(long, default_value = "", conflicts_with_all = ["team", "week"])]
    pub customer: String,
    /// The team, of a trial by team or by week
    #[arg(long, default_value = "")]
    pub team: String,
    /// An instant of the week, of a trial by week; default: this week
    #[arg(long, value_name = "TIME")]
    pub week: Option<Timestamp>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport trial stop`.
#[derive(Debug, Args)]
pub struct StopArgs {
    /// The trial
    pub id: Uuid,
    /// Why
    pub reason: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport trial list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only in this state; may be given several times
    #[arg(long, value_parser = choice::<TrialState>())]
    pub state: Vec<TrialState>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

fn outcome(text: &str) -> Result<TrialOutcome, String> {
    let (name, effect) = text.split_once('=').unwrap_or((text, "0"));
    let named =
        |metric: &&TrialMetric| **metric != TrialMetric::Unspecified && metric.plain_name() == name.replace('-', "_");
    let Some(metric) = TrialMetric::VALUES.iter().find(named) else {
        let names: Vec<_> =
            TrialMetric::VALUES.iter().skip(1).map(|metric| metric.plain_name().replace('_', "-")).collect();
        return Err(format!("must be one of {}", names.join(", ")));
    };
    let smallest_effect = effect.parse().map_err(|_| format!("{effect} is no number"))?;
    Ok(TrialOutcome { metric: (*metric).into(), smallest_effect })
}

/// Runs the command.
///
/// # Errors
/// What the server refuses; assignments that are not those of the seed.
pub async fn run(command: TrialCommand) -> anyhow::Result<()> {
    match command {
        TrialCommand::Create(args) => create(*args).await,
        TrialCommand::Check(args) => check(args).await,
        TrialCommand::Start(args) => start(args).await,
        TrialCommand::Assign(args) => assign(args).await,
        TrialCommand::Stop(args) => stop(args).await,
        TrialCommand::Report(args) => report(args).await,
        TrialCommand::List(args) => list(args).await,
        TrialCommand::Verify(args) => verify(args).await,
    }
}

async fn create(args: CreateArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let seconds = |hours: i64| prost_types::Duration { seconds: hours.saturating_mul(3_600), nanos: 0 };
    let trial = Trial {
        display_name: args.name,
        hypothesis: args.hypothesis,
        plan_a: args.plan_a,
        plan_b: args.plan_b,
        unit: args.unit.into(),
        share_of_b: args.share,
        team_ids: args.team,
        topics: args.topic,
        channels: args.channel.into_iter().map(Into::into).collect(),
        primary: Some(args.primary),
        guardrails: args.guardrail,
        alarm_per_mille: args.false_alarms,
        window: args.window.map(seconds),
        planned_end_time: Some(out::timestamp(args.until)),
        sealed: args.sealed,
        stop_on_alarm: args.stop_on_alarm,
        ..Trial::default()
    };
    let request = CreateTrialRequest { request_id: request_id(), trial: Some(trial) };
    let created = client.trials.create_trial(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, &created.into_inner().trial.unwrap_or_default()).await
}

async fn check(args: OneArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = CheckTrialRequest { trial_id: args.id.to_string() };
    let found = client.trials.check_trial(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        let outcomes: BTreeMap<_, _> = found
            .outcomes
            .iter()
            .map(|one| (one.metric().plain_name(), json!({ "values": one.value_count, "mean": one.mean })))
            .collect();
        let told = json!({
            "runs": found.run_count,
            "alarms": found.alarm_count,
            "units": found.unit_count,
            "outcomes": outcomes,
            "from": out::rfc3339(found.from_time),
            "to": out::rfc3339(found.to_time),
        });
        return Ok(say!("{told}")?);
    }
    say!("{} of {} trials of a plan against itself alarm", found.alarm_count, found.run_count)?;
    say!("{} units are on record of the last 28 days", found.unit_count)?;
    let rows = found.outcomes.iter().map(|one| {
        let mean = one.mean.map_or_else(|| "too few".to_owned(), |mean| shown_value(one.metric(), mean));
        [name(one.metric()).to_owned(), one.value_count.to_string(), mean]
    });
    Ok(say!("{}", out::table(["outcome", "values", "today"], rows, [1, 2]))?)
}

async fn start(args: OneArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let draft = get(&mut client, args.id).await?;
    let request = StartTrialRequest { request_id: request_id(), trial_id: args.id.to_string(), etag: draft.etag };
    let started = client.trials.start_trial(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, &started.into_inner().trial.unwrap_or_default()).await
}

async fn assign(args: AssignArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let subject = TrialSubject { customer_id: args.customer, team_id: args.team, time: args.week.map(out::timestamp) };
    let request =
        AssignTrialRequest { request_id: request_id(), trial_id: args.id.to_string(), subject: Some(subject) };
    let given = client.trials.assign_trial(request).await.map_err(|status| explain(&status))?;
    let given = given.into_inner().assignment.unwrap_or_default();
    if args.common.json {
        let told = json!({
            "unit": given.unit,
            "arm": given.arm().plain_name(),
            "plan": given.plan,
            "from": out::rfc3339(given.from_time),
            "until": out::rfc3339(given.until_time),
        });
        return Ok(say!("{told}")?);
    }
    Ok(say!("{}: plan {}, {}", one_line(&given.unit), letter(given.arm()), one_line(&given.plan))?)
}

async fn stop(args: StopArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = StopTrialRequest { request_id: request_id(), trial_id: args.id.to_string(), reason: args.reason };
    let stopped = client.trials.stop_trial(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, &stopped.into_inner().trial.unwrap_or_default()).await
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let states = args.state.into_iter().map(Into::into).collect();
    let mut request = ListTrialsRequest { states, page_size: 200, ..ListTrialsRequest::default() };
    let mut found: Vec<Trial> = Vec::new();
    loop {
        let page = client.trials.list_trials(request.clone()).await.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.trials);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if args.common.json {
        for one in &found {
            say!("{}", to_json(one))?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let (from, until) = (out::minute(&zone, one.start_time), out::minute(&zone, one.planned_end_time));
        let alarm = if one.alarm_time.is_some() { "alarm" } else { "" };
        let state = one.state().plain_name().to_owned();
        [one.trial_id.clone(), state, from, until, alarm.to_owned(), one.display_name.clone()]
    });
    Ok(say!("{}", out::table(["trial", "state", "started", "planned end", "", "what"], rows, [0; 0]))?)
}

async fn get(client: &mut Client, id: Uuid) -> anyhow::Result<Trial> {
    let request = GetTrialRequest { trial_id: id.to_string() };
    let found = client.trials.get_trial(request).await.map_err(|status| explain(&status))?;
    Ok(found.into_inner().trial.unwrap_or_default())
}

async fn verify(args: OneArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let trial = get(&mut client, args.id).await?;
    let given = all_given(&mut client, &trial).await?;
    let seed = Seed::read(&trial.seed).context("the trial has told no seed")?;
    let commitment = seed.commitment(&trial.trial_id);
    let share = u8::try_from(trial.share_of_b).context("the share is none")?;
    let others: Vec<&TrialAssignment> = given
        .iter()
        .filter(|one| {
            let arm = match seed.arm(&trial.trial_id, &one.unit, share) {
                Arm::A => TrialArm::A,
                Arm::B => TrialArm::B,
            };
            one.arm() != arm
        })
        .collect();
    let is_committed = commitment == trial.seed_commitment;
    if args.common.json {
        let told = json!({
            "seed_is_that_committed_to": is_committed,
            "assignments": given.len(),
            "not_of_the_seed": others.iter().map(|one| one.unit.clone()).collect::<Vec<_>>(),
        });
        say!("{told}")?;
    } else {
        say!("seed {}", if is_committed { "as it was committed to" } else { "other than the one committed to" })?;
        say!("{} assignments, {} of them other than by the seed", given.len(), others.len())?;
        for one in &others {
            say!("  {}: plan {}", one_line(&one.unit), letter(one.arm()))?;
        }
    }
    if is_committed && others.is_empty() { Ok(()) } else { bail!("the trial does not agree with its seed") }
}

async fn all_given(client: &mut Client, trial: &Trial) -> anyhow::Result<Vec<TrialAssignment>> {
    let trial_id = trial.trial_id.clone();
    let mut request = ListTrialAssignmentsRequest { trial_id, page_size: 2_000, page_token: String::new() };
    let mut found = Vec::new();
    loop {
        let page = client.trials.list_trial_assignments(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.assignments);
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        request.page_token = page.next_page_token;
    }
}

async fn report(args: OneArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = GetTrialReportRequest { trial_id: args.id.to_string() };
    let told = client.trials.get_trial_report(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        return Ok(say!("{}", report_json(&told))?);
    }
    let trial = told.trial.clone().unwrap_or_default();
    print(&args.common, &client, &trial).await?;
    say!("{} units with plan A, {} with plan B", told.unit_count_a, told.unit_count_b)?;
    say!("{}", conclusion(&told, &trial))?;
    if told.mismatch_evidence.is_some_and(|evidence| evidence >= told.mismatch_limit) {
        say!(
            "The numbers of units do not fit the share of {} %: units are lost in one plan. Find out why before you conclude.",
            trial.share_of_b
        )?;
    }
    let is_said = |one: &&TrialFinding| matches!(one.metric(), TrialMetric::Rating | TrialMetric::Resolved);
    for one in told.findings.iter().filter(is_said).filter(|one| one.uneven_evidence >= UNEVEN) {
        let name = name(one.metric());
        say!("Customers of one plan answer more often: values of {name} may be of different people.")?;
    }
    if told.findings.is_empty() {
        return Ok(());
    }
    let rows = told.findings.iter().map(|one| {
        let value =
            |value: Option<f64>| value.map_or_else(|| "too few".to_owned(), |value| shown_value(one.metric(), value));
        let limit = told.alarm_limit;
        let alarm = if one.alarmed {
            "alarm".to_owned()
        } else {
            format!("{:.0} %", 1e2 * progress(one.worse_evidence, limit))
        };
        let counts = format!("{} + {}", one.value_count_a, one.value_count_b);
        [name(one.metric()).to_owned(), counts, value(one.value_a), value(one.value_b), difference(one), alarm]
    });
    let header = ["outcome", "known of A + B", "A", "B", "B against A", "way to an alarm"];
    Ok(say!("{}", out::table(header, rows, [2, 3]))?)
}

/// How far evidence is on its way to a limit, in equal steps for equal evidence.
fn progress(evidence: f64, limit: f64) -> f64 {
    (evidence.max(1.0).ln() / limit.max(1.0).ln()).clamp(0.0, 1.0)
}

fn conclusion(told: &GetTrialReportResponse, trial: &Trial) -> String {
    let metric = trial.primary.as_ref().map_or(TrialMetric::Unspecified, TrialOutcome::metric);
    let name = name(metric);
    let Some(conclusion) = told.conclusion.map(|number| TrialConclusion::try_from(number).unwrap_or_default()) else {
        return if told.mismatch_evidence.is_none() {
            "The trial is sealed: figures come at its end, or with an alarm.".to_owned()
        } else {
            "Fewer than five units in a plan: nothing is shown yet.".to_owned()
        };
    };
    match conclusion {
        TrialConclusion::Worse => {
            let alarmed = told.findings.iter().filter(|one| one.alarmed).map(|one| self::name(one.metric()));
            format!("Plan B does harm: {}. Go back to plan A.", alarmed.collect::<Vec<_>>().join(", "))
        }
        TrialConclusion::Better => format!("Plan B is better in {name}, and no guardrail alarms."),
        TrialConclusion::Alike => format!("The plans do not differ in {name} by as much as matters."),
        TrialConclusion::Open | TrialConclusion::Unspecified => {
            format!("Nothing can be said of {name} yet; no outcome alarms.")
        }
    }
}

fn name(metric: TrialMetric) -> &'static str {
    match metric {
        TrialMetric::Unspecified => "nothing",
        TrialMetric::Rating => "rating",
        TrialMetric::Resolved => "resolved",
        TrialMetric::Complaint => "complaints",
        TrialMetric::FollowUp => "follow-ups",
        TrialMetric::RepeatContact => "repeat contacts",
    }
}

fn shown_value(metric: TrialMetric, value: f64) -> String {
    if metric == TrialMetric::Rating { out::figure(value, 2) } else { format!("{:.1} %", 1e2 * value) }
}

fn difference(one: &TrialFinding) -> String {
    let is_rating = one.metric() == TrialMetric::Rating;
    let (factor, unit) = if is_rating { (1.0, "") } else { (1e2, " points") };
    if let (Some(found), Some(low), Some(high)) = (one.difference, one.difference_low, one.difference_high) {
        return format!("{:+.2}{unit} ({:+.2} to {:+.2})", factor * found, factor * low, factor * high);
    }
    let Some(low) = one.times_low else { return String::new() };
    let high = one.times_high.map_or_else(|| "or more".to_owned(), |high| format!("to {high:.1}"));
    let found = one.times.map_or_else(|| "never with A".to_owned(), |times| format!("{times:.1} times as often"));
    format!("{found} ({low:.1} {high})")
}

fn letter(arm: TrialArm) -> &'static str {
    match arm {
        TrialArm::A => "A",
        TrialArm::B => "B",
        TrialArm::Unspecified => "?",
    }
}

async fn print(common: &Common, client: &Client, one: &Trial) -> anyhow::Result<()> {
    if common.json {
        return Ok(say!("{}", to_json(one))?);
    }
    let zone = client.clone().organization_zone().await?;
    let shown = |at| out::minute(&zone, at);
    say!("{}: {}", one.trial_id, one_line(&one.display_name))?;
    say!("plan A: {}", one_line(&one.plan_a))?;
    say!("plan B: {}, for {} % of {}s", one_line(&one.plan_b), one.share_of_b, one.unit().plain_name())?;
    match one.state() {
        TrialState::Draft | TrialState::Unspecified => say!("draft, planned until {}", shown(one.planned_end_time))?,
        TrialState::Running => {
            say!("running since {}, planned until {}", shown(one.start_time), shown(one.planned_end_time))?;
        }
        TrialState::Stopped => {
            let why = one.stop_cause().plain_name().replace('_', " ");
            say!(
                "from {} to {}, ended: {why} {}",
                shown(one.start_time),
                shown(one.stop_time),
                one_line(&one.stop_reason)
            )?;
        }
    }
    if !one.seed_commitment.is_empty() {
        say!("the seed's hash is {}", one.seed_commitment)?;
    }
    if one.alarm_time.is_some() {
        let metrics: Vec<_> = one.alarmed_metrics().map(name).collect();
        let what = if metrics.is_empty() { "numbers that do not fit".to_owned() } else { metrics.join(", ") };
        say!("ALARM {}: {what}", shown(one.alarm_time))?;
    }
    Ok(())
}

fn to_json(one: &Trial) -> Value {
    let outcome =
        |one: &TrialOutcome| json!({ "metric": one.metric().plain_name(), "smallest_effect": one.smallest_effect });
    json!({
        "id": one.trial_id,
        "name": one.display_name,
        "hypothesis": one.hypothesis,
        "plan_a": one.plan_a,
        "plan_b": one.plan_b,
        "unit": one.unit().plain_name(),
        "share_of_b": one.share_of_b,
        "teams": one.team_ids,
        "topics": one.topics,
        "channels": one.channels().map(|channel| channel.plain_name()).collect::<Vec<_>>(),
        "primary": one.primary.as_ref().map(outcome),
        "guardrails": one.guardrails.iter().map(outcome).collect::<Vec<_>>(),
        "alarm_per_mille": one.alarm_per_mille,
        "window_seconds": one.window.as_ref().map(|window| window.seconds),
        "planned_end": out::rfc3339(one.planned_end_time),
        "sealed": one.sealed,
        "stop_on_alarm": one.stop_on_alarm,
        "state": one.state().plain_name(),
        "started": out::rfc3339(one.start_time),
        "stopped": out::rfc3339(one.stop_time),
        "stop_cause": one.stop_cause().plain_name(),
        "stop_reason": one.stop_reason,
        "alarm": out::rfc3339(one.alarm_time),
        "alarmed": one.alarmed_metrics().map(|metric| metric.plain_name()).collect::<Vec<_>>(),
        "seed_commitment": one.seed_commitment,
        "seed": one.seed,
        "etag": one.etag,
    })
}

fn report_json(told: &GetTrialReportResponse) -> Value {
    let finding = |one: &TrialFinding| {
        json!({
            "metric": one.metric().plain_name(),
            "values": [one.value_count_a, one.value_count_b],
            "value_a": one.value_a,
            "value_b": one.value_b,
            "difference": [one.difference_low, one.difference, one.difference_high],
            "times": [one.times_low, one.times, one.times_high],
            "worse_evidence": one.worse_evidence,
            "better_evidence": one.better_evidence,
            "uneven_evidence": one.uneven_evidence,
            "alarmed": one.alarmed,
        })
    };
    let conclusion = told.conclusion.map(|number| TrialConclusion::try_from(number).unwrap_or_default().plain_name());
    json!({
        "trial": told.trial.as_ref().map(to_json),
        "counted": out::rfc3339(told.count_time),
        "units": [told.unit_count_a, told.unit_count_b],
        "mismatch_evidence": told.mismatch_evidence,
        "mismatch_limit": told.mismatch_limit,
        "conclusion": conclusion,
        "findings": told.findings.iter().map(finding).collect::<Vec<_>>(),
        "alarm_limit": told.alarm_limit,
    })
}
