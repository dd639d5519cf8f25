//! `rapport voice`: what customers raise, and what departments do about it.

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    choice::choice,
    client::{Client, Common, explain, request_id},
    out::{self, note, one_line, say},
};
use crate::api::{
    Named,
    v1::{
        AcknowledgeConcernRequest, Attribution, Concern, ConcernState, DeclineConcernRequest, Department,
        GetConcernRequest, ListConcernsRequest, ListDepartmentsRequest, ListVoiceExamplesRequest, MendConcernRequest,
        MoveFixTimeRequest, OwnedCause, RaiseConcernRequest, ReviewConcernRequest, SetDepartmentRequest,
        SummarizeConcernsRequest, SummarizeVoiceRequest, TellConcernRequest, VoiceLine,
    },
};

/// What `rapport voice` can do.
#[derive(Debug, Subcommand)]
pub enum VoiceCommand {
    /// Prints what customers raised by department and topic, with its trend and its change
    Summary(SummaryArgs),
    /// Prints what customers wrote of a topic; the reading leaves a trace
    Examples(ExamplesArgs),
    /// Lists departments and what they own
    Departments(Common),
    /// Says what a department is and owns
    Department(DepartmentArgs),
    /// Tells a department what it has to mend
    Raise(RaiseArgs),
    /// Lists concerns, newest first
    Concerns(ConcernsArgs),
    /// Prints a concern with the dates that were given
    Show(OneArgs),
    /// Says by when a concern will be mended
    Acknowledge(AcknowledgeArgs),
    /// Gives another date, with a reason
    Move(MoveArgs),
    /// Says that a concern is mended
    Mend(OneArgs),
    /// Lets the customers who raised what is mended be told, each once
    Tell(TellArgs),
    /// Says that a concern will not be mended, and why
    Decline(WordsArgs),
    /// Prints how many raised a concern, before and since, and who was told
    Review(OneArgs),
    /// Prints by department what was acknowledged, mended in time, and promised and not mended
    Kept(KeptArgs),
}

/// Arguments of `rapport voice summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// From this instant on, such as 2026-11-01T00:00:00Z; default: 28 days ago
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<Timestamp>,
    /// Until this instant; default: now
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<Timestamp>,
    /// Only of this department
    #[arg(long, default_value = "")]
    pub department: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice examples`.
#[derive(Debug, Args)]
pub struct ExamplesArgs {
    /// The topic; empty for what has none
    pub topic: String,
    /// The department that owns it; empty for what nobody owns
    #[arg(long, default_value = "")]
    pub department: String,
    /// From this instant on; default: 28 days ago
    #[arg(long, value_name = "TIME", requires = "to")]
    pub from: Option<Timestamp>,
    /// Until this instant; default: now
    #[arg(long, value_name = "TIME", requires = "from")]
    pub to: Option<Timestamp>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i32).range(1..=100))]
    pub count: i32,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice department`.
#[derive(Debug, Args)]
pub struct DepartmentArgs {
    /// The department
    pub id: String,
    /// Its name
    #[arg(long, default_value = "")]
    pub name: String,
    /// The team whose supervisors answer for it, and by whose calendar its time is counted
    #[arg(long, default_value = "")]
    pub team: String,
    /// What it owns: CAUSE, CAUSE:TOPIC, or any:TOPIC; may be given several times
    #[arg(long, value_name = "CAUSE[:TOPIC]")]
    pub owns: Vec<String>,
    /// Working hours until a concern is acknowledged
    #[arg(long, value_name = "HOURS", default_value_t = 16, value_parser = clap::value_parser!(i64).range(1..=8760))]
    pub acknowledge_within: i64,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice raise`.
#[derive(Debug, Args)]
pub struct RaiseArgs {
    /// What is to be mended, without a customer's name
    pub title: String,
    /// What names this topic; may be given several times
    #[arg(long)]
    pub topic: Vec<String>,
    /// Ratings that name this cause; may be given several times. Without it: any but staff, and complaints
    #[arg(long, value_parser = choice::<Attribution>())]
    pub cause: Vec<Attribution>,
    /// Who has to mend it; default: the department that owns all that is named
    #[arg(long, default_value = "")]
    pub department: String,
    /// From when on customers are told that it is mended; default: 92 days ago
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice concerns`.
#[derive(Debug, Args)]
pub struct ConcernsArgs {
    /// Only in this state; may be given several times
    #[arg(long, value_parser = choice::<ConcernState>())]
    pub state: Vec<ConcernState>,
    /// Only of this department
    #[arg(long, default_value = "")]
    pub department: String,
    /// Only what was to be acknowledged or mended by now
    #[arg(long)]
    pub overdue: bool,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of commands that take a concern.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// The concern
    pub id: Uuid,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice acknowledge`.
#[derive(Debug, Args)]
pub struct AcknowledgeArgs {
    /// The concern
    pub id: Uuid,
    /// By when it will be mended
    #[arg(long, value_name = "TIME")]
    pub by: Timestamp,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice move`.
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// The concern
    pub id: Uuid,
    /// Why it is another date
    pub reason: String,
    /// By when it will be mended
    #[arg(long, value_name = "TIME")]
    pub by: Timestamp,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice tell`.
#[derive(Debug, Args)]
pub struct TellArgs {
    /// The concern
    pub id: Uuid,
    /// What customers read
    pub words: String,
    /// Notices a minute at most
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(i32).range(1..=60_000))]
    pub per_minute: i32,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice decline`.
#[derive(Debug, Args)]
pub struct WordsArgs {
    /// The concern
    pub id: Uuid,
    /// Why it will not be mended
    pub words: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport voice kept`.
#[derive(Debug, Args)]
pub struct KeptArgs {
    /// Of those raised from this instant on
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Of those raised before this instant
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses; something that is owned and cannot be read.
pub async fn run(command: VoiceCommand) -> anyhow::Result<()> {
    match command {
        VoiceCommand::Summary(args) => summary(args).await,
        VoiceCommand::Examples(args) => examples(args).await,
        VoiceCommand::Departments(common) => departments(common).await,
        VoiceCommand::Department(args) => department(args).await,
        VoiceCommand::Raise(args) => raise(args).await,
        VoiceCommand::Concerns(args) => concerns(args).await,
        VoiceCommand::Show(args) => show(args).await,
        VoiceCommand::Acknowledge(args) => acknowledge(args).await,
        VoiceCommand::Move(args) => move_fix(args).await,
        VoiceCommand::Mend(args) => mend(args).await,
        VoiceCommand::Tell(args) => tell(args).await,
        VoiceCommand::Decline(args) => decline(args).await,
        VoiceCommand::Review(args) => review(args).await,
        VoiceCommand::Kept(args) => kept(args).await,
    }
}

async fn summary(args: SummaryArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = SummarizeVoiceRequest {
        from_time: args.from.map(out::timestamp),
        to_time: args.to.map(out::timestamp),
        department_id: args.department,
    };
    let found = client.voice.clone().summarize_voice(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        for line in &found.lines {
            say!("{}", line_to_json(line))?;
        }
        return Ok(());
    }
    let rows = found.lines.iter().map(|line| {
        let mean = line.rating_mean.map(|mean| out::figure(mean, 2)).unwrap_or_default();
        [
            named(&line.department_id, "nobody").to_owned(),
            named(&line.topic, "no topic").to_owned(),
            line.count.to_string(),
            line.complaint_count.to_string(),
            mean,
            sparkline(&line.trend),
            line.count_before.to_string(),
            change(line),
            line.concern_ids.len().to_string(),
        ]
    });
    let head = ["department", "topic", "raised", "complaints", "mean", "trend", "before", "by contact", "concerns"];
    say!("{}", out::table(head, rows, [2, 3, 4, 6, 8]))?;
    if found.line_count > i64::try_from(found.lines.len()).unwrap_or(i64::MAX) {
        note!("{} of {} lines", found.lines.len(), found.line_count);
    }
    Ok(())
}

fn named<'t>(text: &'t str, otherwise: &'static str) -> &'t str {
    if text.is_empty() { otherwise } else { text }
}

/// The change against the period before, such as `x1.8 [1.2, 2.7]`.
fn change(line: &VoiceLine) -> String {
    let figure = |value: f64| out::figure(value, 1);
    match (line.change, line.change_low, line.change_high) {
        (Some(ratio), Some(low), Some(high)) => format!("x{} [{}, {}]", figure(ratio), figure(low), figure(high)),
        (None, Some(low), None) => format!("new, x{} or more", figure(low)),
        _ => String::new(),
    }
}

/// Counts as bars of eight heights.
fn sparkline(counts: &[i64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    counts
        .iter()
        .map(|count| usize::try_from(count * 7 / most).ok().and_then(|at| BARS.get(at)).unwrap_or(&' '))
        .collect()
}

fn line_to_json(line: &VoiceLine) -> Value {
    let causes = line.causes.iter().map(|one| (one.cause().plain_name().to_owned(), json!(one.count)));
    json!({
        "department": line.department_id,
        "topic": line.topic,
        "count": line.count,
        "ratings": line.rating_count,
        "complaints": line.complaint_count,
        "rating_mean": line.rating_mean,
        "causes": causes.collect::<serde_json::Map<_, _>>(),
        "trend": line.trend,
        "before": line.count_before,
        "change": line.change,
        "change_low": line.change_low,
        "change_high": line.change_high,
        "concerns": line.concern_ids,
    })
}

async fn examples(args: ExamplesArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = ListVoiceExamplesRequest {
        from_time: args.from.map(out::timestamp),
        to_time: args.to.map(out::timestamp),
        department_id: args.department,
        topic: args.topic,
        page_size: args.count,
        page_token: String::new(),
    };
    let found = client.voice.clone().list_voice_examples(request).await.map_err(|status| explain(&status))?;
    let zone = client.clone().organization_zone().await?;
    for one in found.into_inner().examples {
        if args.common.json {
            let cause = one.cause().plain_name();
            let (at, level, id) = (out::rfc3339(one.event_time), one.level, one.interaction_id);
            say!("{}", json!({ "at": at, "cause": cause, "level": level, "words": one.words, "interaction": id }))?;
        } else {
            let source = if one.level == 0 { "complaint".to_owned() } else { format!("{} of 5", one.level) };
            let cause = named(one.cause().plain_name(), "-");
            say!("{}  {source}, {cause}: {}", out::minute(&zone, one.event_time), one_line(&one.words))?;
        }
    }
    Ok(())
}

async fn departments(common: Common) -> anyhow::Result<()> {
    let mut client = common.client.connect().await?;
    let mut request = ListDepartmentsRequest { page_size: 500, page_token: String::new() };
    let mut found = Vec::new();
    loop {
        let page = client.voice.list_departments(request.clone()).await.map_err(|status| explain(&status))?;
        let page = page.into_inner();
        found.extend(page.departments);
        if page.next_page_token.is_empty() {
            return print_departments(&common, &found);
        }
        request.page_token = page.next_page_token;
    }
}

fn print_departments(common: &Common, found: &[Department]) -> anyhow::Result<()> {
    if common.json {
        for one in found {
            let owns: Vec<_> = one.owns.iter().map(owned).collect();
            let within = one.acknowledge_within.map(|within| within.seconds / 3_600);
            say!(
                "{}",
                json!({
                    "id": one.department_id,
                    "name": one.display_name,
                    "team": one.team_id,
                    "owns": owns,
                    "acknowledge_within_hours": within,
                })
            )?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let hours = one.acknowledge_within.map(|within| within.seconds / 3_600).unwrap_or(0);
        let owns: Vec<_> = one.owns.iter().map(owned).collect();
        [
            one.department_id.clone(),
            one.display_name.clone(),
            one.team_id.clone(),
            format!("{hours} h"),
            owns.join(", "),
        ]
    });
    Ok(say!("{}", out::table(["department", "name", "team", "acknowledges in", "owns"], rows, [3]))?)
}

fn owned(one: &OwnedCause) -> String {
    let cause = named(one.cause().plain_name(), "any");
    if one.topic.is_empty() { cause.to_owned() } else { format!("{cause}:{}", one.topic) }
}

fn read_owned(text: &str) -> anyhow::Result<OwnedCause> {
    let (cause, topic) = text.split_once(':').unwrap_or((text, ""));
    let cause = match cause {
        "any" => Attribution::Unspecified,
        name => match Attribution::named(&name.replace('-', "_")) {
            Some(cause) => cause,
            None => {
                let names: Vec<_> = Attribution::VALUES.iter().map(|cause| cause.plain_name()).collect();
                bail!("--owns {text:?}: a cause is any or one of {}", names.join(", "))
            }
        },
    };
    Ok(OwnedCause { cause: cause.into(), topic: topic.to_owned() })
}

async fn department(args: DepartmentArgs) -> anyhow::Result<()> {
    let owns = args.owns.iter().map(|text| read_owned(text)).collect::<anyhow::Result<_>>()?;
    let client = args.common.client.connect().await?;
    let department = Department {
        department_id: args.id,
        display_name: args.name,
        team_id: args.team,
        owns,
        acknowledge_within: Some(prost_types::Duration { seconds: args.acknowledge_within * 3_600, nanos: 0 }),
    };
    let request = SetDepartmentRequest { request_id: request_id(), department: Some(department) };
    let set = client.voice.clone().set_department(request).await.map_err(|status| explain(&status))?.into_inner();
    print_departments(&args.common, set.department.as_slice())
}

async fn raise(args: RaiseArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let concern = Concern {
        department_id: args.department,
        title: args.title,
        causes: args.cause.into_iter().map(Into::into).collect(),
        topics: args.topic,
        since_time: args.since.map(out::timestamp),
        ..Concern::default()
    };
    let request = RaiseConcernRequest { request_id: request_id(), concern: Some(concern) };
    let raised = client.voice.clone().raise_concern(request).await.map_err(|status| explain(&status))?.into_inner();
    print(&args.common, &client, raised.concern.unwrap_or_default()).await
}

async fn concerns(args: ConcernsArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let mut request = ListConcernsRequest {
        states: args.state.into_iter().map(Into::into).collect(),
        department_id: args.department,
        overdue_only: args.overdue,
        page_size: 200,
        page_token: String::new(),
    };
    let mut found: Vec<Concern> = Vec::new();
    loop {
        let page = client.voice.list_concerns(request.clone()).await.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.concerns);
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
    let zone = client.organization_zone().await?;
    let rows = found.iter().map(|one| {
        let due = if one.state() == ConcernState::Raised { one.acknowledge_due_time } else { fix_time(one) };
        [
            one.concern_id.clone(),
            one.state().plain_name().to_owned(),
            out::minute(&zone, due),
            one.level.to_string(),
            one.department_id.clone(),
            one.title.clone(),
        ]
    });
    Ok(say!("{}", out::table(["concern", "state", "due", "level", "department", "what"], rows, [3]))?)
}

/// The date that was given last.
fn fix_time(one: &Concern) -> Option<prost_types::Timestamp> {
    one.fix_times.last().and_then(|fix| fix.fix_time)
}

async fn show(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = GetConcernRequest { concern_id: args.id.to_string() };
    let found = client.voice.clone().get_concern(request).await.map_err(|status| explain(&status))?.into_inner();
    print(&args.common, &client, found.concern.unwrap_or_default()).await
}

async fn acknowledge(args: AcknowledgeArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = AcknowledgeConcernRequest {
        request_id: request_id(),
        concern_id: args.id.to_string(),
        fix_time: Some(out::timestamp(args.by)),
    };
    let answer = client.voice.clone().acknowledge_concern(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

async fn move_fix(args: MoveArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = MoveFixTimeRequest {
        request_id: request_id(),
        concern_id: args.id.to_string(),
        fix_time: Some(out::timestamp(args.by)),
        reason: args.reason,
    };
    let answer = client.voice.clone().move_fix_time(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

async fn mend(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = MendConcernRequest { request_id: request_id(), concern_id: args.id.to_string() };
    let answer = client.voice.clone().mend_concern(request).await.map_err(|status| explain(&status))?;
    note!("customers who raised it are not told yet: rapport voice tell {} WORDS", args.id);
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

async fn tell(args: TellArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = TellConcernRequest {
        request_id: request_id(),
        concern_id: args.id.to_string(),
        words: args.words,
        per_minute: args.per_minute,
    };
    let answer = client.voice.clone().tell_concern(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

async fn decline(args: WordsArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request =
        DeclineConcernRequest { request_id: request_id(), concern_id: args.id.to_string(), reason: args.words };
    let answer = client.voice.clone().decline_concern(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

async fn review(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = ReviewConcernRequest { concern_id: args.id.to_string() };
    let found = client.voice.clone().review_concern(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        let told = json!({
            "concern": found.concern.as_ref().map(to_json),
            "count": found.count,
            "count_since_mended": found.count_since_mended,
            "notices_waiting": found.notices_waiting_count,
            "notices_sent": found.notices_sent_count,
            "notices_failed": found.notices_failed_count,
            "notices_suppressed": found.notices_suppressed_count,
        });
        return Ok(say!("{told}")?);
    }
    let is_mended = found.concern.as_ref().is_some_and(|one| one.state() == ConcernState::Mended);
    print(&args.common, &client, found.concern.unwrap_or_default()).await?;
    let since = if is_mended { found.count_since_mended.to_string() } else { "not mended yet".to_owned() };
    let rows = [
        ["ratings and complaints that raised it", &found.count.to_string()],
        ["since it was mended", &since],
        ["notices that wait", &found.notices_waiting_count.to_string()],
        ["notices sent", &found.notices_sent_count.to_string()],
        ["notices that failed", &found.notices_failed_count.to_string()],
        ["notices the policy stands against", &found.notices_suppressed_count.to_string()],
    ]
    .map(|row| row.map(str::to_owned));
    Ok(say!("{}", out::table(["", ""], rows, [1]))?)
}

async fn kept(args: KeptArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request =
        SummarizeConcernsRequest { from_time: args.from.map(out::timestamp), to_time: args.to.map(out::timestamp) };
    let found = client.voice.clone().summarize_concerns(request).await.map_err(|status| explain(&status))?;
    let summaries = found.into_inner().summaries;
    if args.common.json {
        for one in &summaries {
            let told = json!({
                "department": one.department_id,
                "raised": one.raised_count,
                "acknowledged": one.acknowledged_count,
                "acknowledged_in_time": one.acknowledged_in_time_count,
                "silent": one.silent_count,
                "mended": one.mended_count,
                "mended_in_time": one.mended_in_time_count,
                "declined": one.declined_count,
                "promised_and_not_mended": one.fix_overdue_count,
                "dates_moved": one.moved_date_count,
            });
            say!("{told}")?;
        }
        return Ok(());
    }
    let rows = summaries.iter().map(|one| {
        [
            one.department_id.clone(),
            one.raised_count.to_string(),
            format!("{} ({} in time)", one.acknowledged_count, one.acknowledged_in_time_count),
            one.silent_count.to_string(),
            format!("{} ({} in time)", one.mended_count, one.mended_in_time_count),
            one.fix_overdue_count.to_string(),
            one.moved_date_count.to_string(),
            one.declined_count.to_string(),
        ]
    });
    let head =
        ["department", "raised", "acknowledged", "silent", "mended", "promised, not mended", "dates moved", "declined"];
    Ok(say!("{}", out::table(head, rows, [1, 2, 3, 4, 5, 6, 7]))?)
}

async fn print(common: &Common, client: &Client, one: Concern) -> anyhow::Result<()> {
    if common.json {
        return Ok(say!("{}", to_json(&one))?);
    }
    let zone = client.clone().organization_zone().await?;
    let shown = |at| out::minute(&zone, at);
    say!("{}: {}", one.concern_id, one_line(&one.title))?;
    let (state, department) = (one.state().plain_name(), &one.department_id);
    say!("{state} with {department}, raised {} by {}", shown(one.raise_time), one.author)?;
    match one.acknowledge_time {
        Some(at) => say!("acknowledged {}, due {}", shown(Some(at)), shown(one.acknowledge_due_time))?,
        None => say!("to be acknowledged by {}", shown(one.acknowledge_due_time))?,
    }
    for fix in &one.fix_times {
        let why = if fix.reason.is_empty() { String::new() } else { format!(": {}", one_line(&fix.reason)) };
        say!("to be mended by {}, said {}{why}", shown(fix.fix_time), shown(fix.say_time))?;
    }
    if one.settle_time.is_some() {
        say!("{state} {}", shown(one.settle_time))?;
    }
    if !one.decline_reason.is_empty() {
        say!("why not: {}", one_line(&one.decline_reason))?;
    }
    if !one.mended_notice.is_empty() {
        say!("customers read: {}", one_line(&one.mended_notice))?;
    }
    Ok(())
}

fn to_json(one: &Concern) -> Value {
    let fixes = one.fix_times.iter().map(|fix| {
        json!({
            "fix": out::rfc3339(fix.fix_time),
            "said": out::rfc3339(fix.say_time),
            "author": fix.author,
            "reason": fix.reason,
        })
    });
    json!({
        "id": one.concern_id,
        "department": one.department_id,
        "title": one.title,
        "causes": one.causes().map(Named::plain_name).collect::<Vec<_>>(),
        "topics": one.topics,
        "since": out::rfc3339(one.since_time),
        "state": one.state().plain_name(),
        "raised": out::rfc3339(one.raise_time),
        "author": one.author,
        "acknowledge_due": out::rfc3339(one.acknowledge_due_time),
        "acknowledged": out::rfc3339(one.acknowledge_time),
        "fixes": fixes.collect::<Vec<_>>(),
        "level": one.level,
        "settled": out::rfc3339(one.settle_time),
        "decline_reason": one.decline_reason,
        "mended_notice": one.mended_notice,
    })
}
