//! `rapport voice`: what customers raise, and which departments own it; what these do about it is in `concerns`.

mod concerns;

use anyhow::bail;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    client::{Common, explain, request_id},
    out::{self, note, one_line, say},
};
use crate::api::{
    Named as _,
    v1::{
        Attribution, Department, ListDepartmentsRequest, ListVoiceExamplesRequest, OwnedCause, SetDepartmentRequest,
        SummarizeVoiceRequest, VoiceLine,
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
    Raise(concerns::RaiseArgs),
    /// Lists concerns, newest first
    Concerns(concerns::ConcernsArgs),
    /// Prints a concern with the dates that were given
    Show(concerns::OneArgs),
    /// Says by when a concern will be mended
    Acknowledge(concerns::AcknowledgeArgs),
    /// Gives another date, with a reason
    Move(concerns::MoveArgs),
    /// Says that a concern is mended
    Mend(concerns::OneArgs),
    /// Lets the customers who raised what is mended be told, each once
    Tell(concerns::TellArgs),
    /// Says that a concern will not be mended, and why
    Decline(concerns::WordsArgs),
    /// Prints how many raised a concern, before and since, and who was told
    Review(concerns::OneArgs),
    /// Prints by department what was acknowledged, mended in time, and promised and not mended
    Kept(concerns::KeptArgs),
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
        VoiceCommand::Raise(args) => concerns::raise(args).await,
        VoiceCommand::Concerns(args) => concerns::concerns(args).await,
        VoiceCommand::Show(args) => concerns::show(args).await,
        VoiceCommand::Acknowledge(args) => concerns::acknowledge(args).await,
        VoiceCommand::Move(args) => concerns::move_fix(args).await,
        VoiceCommand::Mend(args) => concerns::mend(args).await,
        VoiceCommand::Tell(args) => concerns::tell(args).await,
        VoiceCommand::Decline(args) => concerns::decline(args).await,
        VoiceCommand::Review(args) => concerns::review(args).await,
        VoiceCommand::Kept(args) => concerns::kept(args).await,
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
