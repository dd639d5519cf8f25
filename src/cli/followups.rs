//! `rapport followups`: what customers get back for a bad rating or a complaint.

use clap::{Args, Subcommand};
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    choice::choice,
    client::{Common, explain, request_id},
    out::{self, note, one_line, say},
    watch::may_pass,
};
use crate::api::v1::{
    AnswerPointRequest, ClaimFollowUpRequest, CloseFollowUpRequest, DueSpan, DueSpanKind, ExplainFollowUpRequest,
    FollowUp, FollowUpClock, FollowUpCloseReason, FollowUpState, FollowUpWait, GetFollowUpRequest, HoldFollowUpRequest,
    ListFollowUpsRequest, OpenFollowUpRequest, Point, ReturnFollowUpRequest, SummarizeFollowUpsRequest,
    WatchFollowUpsRequest,
};

/// What `rapport followups` can do.
#[derive(Debug, Subcommand)]
pub enum FollowupsCommand {
    /// Lists follow-ups, the earliest due first
    List(ListArgs),
    /// Prints one: its points with their answers, and its clocks
    Show(ShowArgs),
    /// Opens one of an interaction by hand
    Open(OpenArgs),
    /// Takes one, or the one that is due first; prints the number of the claim, by which the others are done
    Claim(ClaimArgs),
    /// Answers a point, in words that the customer reads
    Answer(AnswerArgs),
    /// Lets one wait for somebody, with what comes next; only a wait for the customer stops its clock
    Hold(HoldArgs),
    /// Gives one back to the team
    Return(ReturnArgs),
    /// Closes one whose points were all answered, without the customer's word
    Close(CloseArgs),
    /// Prints why one is due when it is
    Explain(ShowArgs),
    /// Prints by team how many were answered in time, confirmed, reopened and closed
    Summary(SummaryArgs),
    /// Prints what becomes of follow-ups, as it happens
    Watch(WatchArgs),
}

/// Arguments of `rapport followups list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only in this state; may be given several times
    #[arg(long, value_parser = choice::<FollowUpState>())]
    pub state: Vec<FollowUpState>,
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// Only those that this colleague holds
    #[arg(long, default_value = "")]
    pub holder: String,
    /// Only of this customer
    #[arg(long, default_value = "")]
    pub customer: String,
    /// Only those that are overdue
    #[arg(long)]
    pub overdue: bool,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups show` and `explain`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The follow-up
    pub id: Uuid,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The interaction
    pub interaction: Uuid,
    /// What the customer raised, in their words; may be given several times
    #[arg(long, required = true)]
    pub point: Vec<String>,
    /// Whom it is about, who will not see it; may be given several times
    #[arg(long)]
    pub about: Vec<String>,
    /// Who answers for it; default: the team of the interaction
    #[arg(long, default_value = "")]
    pub team: String,
    /// Working time in which the answers are due, such as 8h
    #[arg(long, value_name = "TIME")]
    pub within: Option<SignedDuration>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups claim`.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The follow-up; default: the one that is due first
    pub id: Option<Uuid>,
    /// For applications: who takes it
    #[arg(long, default_value = "")]
    pub staff: String,
    /// For how long, such as 2h
    #[arg(long, value_name = "TIME")]
    pub lease: Option<SignedDuration>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups answer`.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// The follow-up
    pub id: Uuid,
    /// The number of the claim
    #[arg(long)]
    pub claim: i64,
    /// The number of the point
    #[arg(long)]
    pub point: i32,
    /// The answer
    pub answer: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups hold`.
#[derive(Debug, Args)]
pub struct HoldArgs {
    /// The follow-up
    pub id: Uuid,
    /// The number of the claim
    #[arg(long)]
    pub claim: i64,
    /// For whom it waits
    #[arg(long = "for", value_parser = choice::<FollowUpWait>())]
    pub waits_for: FollowUpWait,
    /// What happens next, and by whom
    #[arg(long)]
    pub next: String,
    /// For how long at most, such as 48h
    #[arg(long, value_name = "TIME")]
    pub wait: SignedDuration,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups return`.
#[derive(Debug, Args)]
pub struct ReturnArgs {
    /// The follow-up
    pub id: Uuid,
    /// The number of the claim
    #[arg(long)]
    pub claim: i64,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups close`.
#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The follow-up
    pub id: Uuid,
    /// Why
    #[arg(long, value_parser = choice::<FollowUpCloseReason>())]
    pub reason: FollowUpCloseReason,
    /// More about it
    #[arg(long)]
    pub note: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// Of those opened from this instant on, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Of those opened before this instant
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport followups watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// Go on behind this cursor; default: from now on
    #[arg(long, value_name = "CURSOR", default_value = "")]
    pub resume: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: FollowupsCommand) -> anyhow::Result<()> {
    match command {
        FollowupsCommand::List(args) => list(args).await,
        FollowupsCommand::Show(args) => show(args).await,
        FollowupsCommand::Open(args) => open(args).await,
        FollowupsCommand::Claim(args) => claim(args).await,
        FollowupsCommand::Answer(args) => answer(args).await,
        FollowupsCommand::Hold(args) => hold(args).await,
        FollowupsCommand::Return(args) => give_back(args).await,
        FollowupsCommand::Close(args) => close(args).await,
        FollowupsCommand::Explain(args) => explain_due(args).await,
        FollowupsCommand::Summary(args) => summary(args).await,
        FollowupsCommand::Watch(args) => watch(args).await,
    }
}

fn length(told: SignedDuration) -> prost_types::Duration {
    prost_types::Duration { seconds: told.as_secs(), nanos: told.subsec_nanos() }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = ListFollowUpsRequest {
        states: args.state.into_iter().map(Into::into).collect(),
        team_id: args.team,
        holder_staff_id: args.holder,
        customer_id: args.customer,
        min_level: i32::from(args.overdue),
        page_size: 500,
        ..ListFollowUpsRequest::default()
    };
    let mut found: Vec<FollowUp> = Vec::new();
    loop {
        let page = client.follow_ups.list_follow_ups(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.follow_ups);
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
        let points = format!("{} of {}", one.point_count - one.open_point_count, one.point_count);
        let state = one.state().plain_name().to_owned();
        let [due, level] = [out::minute(&zone, one.due_time), level(one)];
        [
            one.follow_up_id.clone(),
            due,
            state,
            level,
            points,
            one.team_id.clone(),
            one.holder_staff_id.clone(),
            one.topic.clone(),
        ]
    });
    let header = ["follow-up", "due", "state", "level", "answered", "team", "held by", "topic"];
    Ok(say!("{}", out::table(header, rows, [3]))?)
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let request = GetFollowUpRequest { follow_up_id: args.id.to_string() };
    let found = client.follow_ups.get_follow_up(request).await.map_err(|status| explain(&status))?.into_inner();
    let one = found.follow_up.unwrap_or_default();
    if args.common.json {
        let mut told = to_json(&one);
        told["clocks"] = found.clocks.iter().map(clock_json).collect();
        return Ok(say!("{told}")?);
    }
    print(&one, &zone)?;
    let rows = found.clocks.iter().map(|clock| {
        let number = clock.number.to_string();
        let verdict = if clock.overdue { "overdue" } else { "in time" }.to_owned();
        let [from, stop] = [clock.start_time, clock.stop_time].map(|at| out::minute(&zone, at));
        [number, from, out::minute(&zone, clock.due_time), stop, hours(clock.elapsed), hours(clock.target), verdict]
    });
    let header = ["clock", "from", "due", "stopped", "counted", "of", ""];
    Ok(say!("{}", out::table(header, rows, [0, 4, 5]))?)
}

async fn open(args: OpenArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = OpenFollowUpRequest {
        request_id: request_id(),
        interaction_id: args.interaction.to_string(),
        points: args.point.into_iter().map(|words| Point { words, ..Point::default() }).collect(),
        about_staff_ids: args.about,
        team_id: args.team,
        within: args.within.map(length),
    };
    let answer = client.follow_ups.open_follow_up(request).await.map_err(|status| explain(&status))?;
    told(&args.common, "opened", answer.into_inner().follow_up).await
}

async fn claim(args: ClaimArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = ClaimFollowUpRequest {
        request_id: request_id(),
        follow_up_id: args.id.map(|id| id.to_string()).unwrap_or_default(),
        staff_id: args.staff,
        lease: args.lease.map(length),
    };
    let answer = client.follow_ups.claim_follow_up(request).await.map_err(|status| explain(&status))?;
    let found = answer.into_inner().follow_up;
    if found.is_none() {
        note!("there is none to take");
        return Ok(());
    }
    told(&args.common, "claimed", found).await
}

async fn answer(args: AnswerArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = AnswerPointRequest {
        request_id: request_id(),
        follow_up_id: args.id.to_string(),
        claim_number: args.claim,
        point_number: args.point,
        answer: args.answer,
    };
    let answer = client.follow_ups.answer_point(request).await.map_err(|status| explain(&status))?;
    told(&args.common, "answered", answer.into_inner().follow_up).await
}

async fn hold(args: HoldArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = HoldFollowUpRequest {
        request_id: request_id(),
        follow_up_id: args.id.to_string(),
        claim_number: args.claim,
        waits_for: args.waits_for.into(),
        next_action: args.next,
        wait: Some(length(args.wait)),
    };
    let answer = client.follow_ups.hold_follow_up(request).await.map_err(|status| explain(&status))?;
    told(&args.common, "waits", answer.into_inner().follow_up).await
}

async fn give_back(args: ReturnArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request =
        ReturnFollowUpRequest { request_id: request_id(), follow_up_id: args.id.to_string(), claim_number: args.claim };
    let answer = client.follow_ups.return_follow_up(request).await.map_err(|status| explain(&status))?;
    told(&args.common, "returned", answer.into_inner().follow_up).await
}

async fn close(args: CloseArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = CloseFollowUpRequest {
        request_id: request_id(),
        follow_up_id: args.id.to_string(),
        reason: args.reason.into(),
        note: args.note,
    };
    let answer = client.follow_ups.close_follow_up(request).await.map_err(|status| explain(&status))?;
    told(&args.common, "closed", answer.into_inner().follow_up).await
}

async fn explain_due(args: ShowArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let request = ExplainFollowUpRequest { follow_up_id: args.id.to_string() };
    let answer = client.follow_ups.explain_follow_up(request).await.map_err(|status| explain(&status))?;
    for one in answer.into_inner().clocks {
        let clock = one.clock.unwrap_or_default();
        if args.common.json {
            let mut told = clock_json(&clock);
            told["spans"] = one.spans.iter().map(span_json).collect();
            told["omitted"] = one.omitted_span_count.into();
            say!("{told}")?;
            continue;
        }
        let due = if clock.due_time.is_some() { out::minute(&zone, clock.due_time) } else { "never".to_owned() };
        say!("clock {}: {} of working time, due {due}", clock.number, hours(clock.target))?;
        let segments = clock.segments.iter().map(|segment| {
            let runs = if segment.running { "runs" } else { "stands" }.to_owned();
            let by = match segment.calendar_id.as_str() {
                "" if segment.running => "around the clock".to_owned(),
                "" => String::new(),
                id => format!("{id}, version {}", segment.calendar_version),
            };
            let [from, to] = [segment.start_time, segment.end_time].map(|at| out::minute(&zone, at));
            [from, to, runs, segment.reason.clone(), by]
        });
        say!("{}", out::table(["from", "to", "", "since", "calendar"], segments, []))?;
        let spans = one.spans.iter().map(|span| {
            let kind = match span.kind() {
                DueSpanKind::Working => "works".to_owned(),
                DueSpanKind::Dated => span.name.clone(),
                kind @ (DueSpanKind::Closed | DueSpanKind::Paused | DueSpanKind::Unspecified) => {
                    kind.plain_name().to_owned()
                }
            };
            [out::minute(&zone, span.start_time), out::minute(&zone, span.end_time), kind]
        });
        say!("{}", out::table(["from", "to", ""], spans, []))?;
    }
    Ok(())
}

async fn summary(args: SummaryArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request =
        SummarizeFollowUpsRequest { from_time: args.from.map(out::timestamp), to_time: args.to.map(out::timestamp) };
    let answer = client.follow_ups.summarize_follow_ups(request).await.map_err(|status| explain(&status))?;
    let summaries = answer.into_inner().summaries;
    if args.common.json {
        for one in &summaries {
            let line = json!({
                "team": one.team_id,
                "opened": one.opened_count,
                "open": one.open_count,
                "answered": one.answered_count,
                "confirmed": one.confirmed_count,
                "closed": one.closed_count,
                "reopened": one.reopened_count,
                "in_time": one.in_time_count,
                "overdue": one.overdue_count,
                "in_time_rate": one.in_time_rate,
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = summaries.iter().map(|one| {
        let counts = [one.opened_count, one.open_count, one.answered_count, one.confirmed_count, one.closed_count];
        let [opened, open, answered, confirmed, closed] = counts.map(|count| count.to_string());
        let [reopened, late] = [one.reopened_count, one.overdue_count].map(|count| count.to_string());
        let rate = one.in_time_rate.map(|rate| format!("{:.0} %", rate * 1e2)).unwrap_or_default();
        [one.team_id.clone(), opened, open, answered, confirmed, closed, reopened, late, rate]
    });
    let header = ["team", "opened", "open", "answered", "confirmed", "closed", "reopened", "overdue", "in time"];
    Ok(say!("{}", out::table(header, rows, 1..9))?)
}

async fn watch(args: WatchArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = WatchFollowUpsRequest { team_id: args.team, resume_cursor: args.resume };
    loop {
        let ended = match client.follow_ups.watch_follow_ups(request.clone()).await {
            Err(status) => status,
            Ok(answer) => {
                let mut events = answer.into_inner();
                loop {
                    match events.try_next().await {
                        Ok(Some(response)) => {
                            if let Some(event) = response.event {
                                let one = event.follow_up.clone().unwrap_or_default();
                                let (at, kind) = (event.event_time, event.kind().plain_name());
                                if args.common.json {
                                    let mut told = to_json(&one);
                                    told["event"] = kind.into();
                                    told["at"] = out::rfc3339(at);
                                    told["resume_cursor"] = response.resume_cursor.clone().into();
                                    say!("{told}")?;
                                } else {
                                    say!(
                                        "{} {kind} {} {}",
                                        out::minute(&zone, at),
                                        one.follow_up_id,
                                        one_line(&one.topic)
                                    )?;
                                }
                            }
                            request.resume_cursor = response.resume_cursor;
                        }
                        Ok(None) => break tonic::Status::unavailable("the watch ended"),
                        Err(status) => break status,
                    }
                }
            }
        };
        if !may_pass(ended.code()) {
            return Err(explain(&ended));
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}

/// What became of one, in a line or as JSON.
async fn told(common: &Common, what: &str, found: Option<FollowUp>) -> anyhow::Result<()> {
    // It may be about those who did it, to whom it does not exist then.
    let Some(one) = found else {
        note!("{what}");
        return Ok(());
    };
    if common.json {
        return Ok(say!("{}", to_json(&one))?);
    }
    let client = common.client.connect().await?;
    let zone = client.organization_zone().await?;
    note!("{what}");
    print(&one, &zone)
}

fn print(one: &FollowUp, zone: &TimeZone) -> anyhow::Result<()> {
    let state = one.state().plain_name();
    say!("{}: {state}, due {}, team {}", one.follow_up_id, out::minute(zone, one.due_time), one_line(&one.team_id))?;
    if one.level > 0 {
        say!("overdue, level {}", one.level)?;
    }
    if !one.holder_staff_id.is_empty() {
        let (holder, until) = (one_line(&one.holder_staff_id), out::minute(zone, one.lease_end_time));
        say!("held by {holder} as claim {} until {until}", one.claim_number)?;
    }
    if !one.next_action.is_empty() {
        let (whom, until) = (one.waits_for().plain_name(), out::minute(zone, one.wait_end_time));
        say!("waits for {whom} until {until}: {}", one_line(&one.next_action))?;
    }
    if !one.about_staff_ids.is_empty() {
        say!("about {}, who must not be assigned", one_line(&one.about_staff_ids.join(", ")))?;
    }
    let points = one.points.iter().map(|point| {
        let answered = out::minute(zone, point.answer_time);
        [point.number.to_string(), point.words.clone(), answered, point.answer.clone()]
    });
    Ok(say!("{}", out::table(["point", "raised", "answered", "answer"], points, [0]))?)
}

fn level(one: &FollowUp) -> String {
    if one.level > 0 { one.level.to_string() } else { String::new() }
}

fn hours(length: Option<prost_types::Duration>) -> String {
    let minutes = length.map_or(0, |length| length.seconds / 60);
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn to_json(one: &FollowUp) -> Value {
    let point = |point: &Point| {
        json!({
            "number": point.number,
            "words": point.words,
            "answer": point.answer,
            "answered": out::rfc3339(point.answer_time),
            "by": point.answered_by,
        })
    };
    json!({
        "id": one.follow_up_id,
        "source": one.source().plain_name(),
        "state": one.state().plain_name(),
        "level": one.level,
        "due": out::rfc3339(one.due_time),
        "opened": out::rfc3339(one.open_time),
        "team": one.team_id,
        "holder": one.holder_staff_id,
        "claim": one.claim_number,
        "interaction": one.interaction_id,
        "customer": one.customer_id,
        "case": one.case_id,
        "topic": one.topic,
        "about": one.about_staff_ids,
        "next_action": one.next_action,
        "points": one.points.iter().map(point).collect::<Vec<_>>(),
    })
}

fn clock_json(clock: &FollowUpClock) -> Value {
    json!({
        "number": clock.number,
        "from": out::rfc3339(clock.start_time),
        "due": out::rfc3339(clock.due_time),
        "stopped": out::rfc3339(clock.stop_time),
        "counted_seconds": clock.elapsed.map_or(0, |length| length.seconds),
        "target_seconds": clock.target.map_or(0, |length| length.seconds),
        "overdue": clock.overdue,
    })
}

fn span_json(span: &DueSpan) -> Value {
    json!({
        "from": out::rfc3339(span.start_time),
        "to": out::rfc3339(span.end_time),
        "kind": span.kind().plain_name(),
        "name": span.name,
    })
}
