//! What departments do about what customers raise: concerns, from the first word to "mended".

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    api::v1::{
        AcknowledgeConcernRequest, Attribution, Concern, ConcernState, DeclineConcernRequest, GetConcernRequest,
        ListConcernsRequest, MendConcernRequest, MoveFixTimeRequest, RaiseConcernRequest, ReviewConcernRequest,
        SummarizeConcernsRequest, TellConcernRequest,
    },
    cli::{
        choice::choice,
        client::{Client, Common, explain, request_id},
        out::{self, note, one_line, say},
    },
};

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

pub(super) async fn raise(args: RaiseArgs) -> anyhow::Result<()> {
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

pub(super) async fn concerns(args: ConcernsArgs) -> anyhow::Result<()> {
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

pub(super) async fn show(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = GetConcernRequest { concern_id: args.id.to_string() };
    let found = client.voice.clone().get_concern(request).await.map_err(|status| explain(&status))?.into_inner();
    print(&args.common, &client, found.concern.unwrap_or_default()).await
}

pub(super) async fn acknowledge(args: AcknowledgeArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = AcknowledgeConcernRequest {
        request_id: request_id(),
        concern_id: args.id.to_string(),
        fix_time: Some(out::timestamp(args.by)),
    };
    let answer = client.voice.clone().acknowledge_concern(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

pub(super) async fn move_fix(args: MoveArgs) -> anyhow::Result<()> {
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

pub(super) async fn mend(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = MendConcernRequest { request_id: request_id(), concern_id: args.id.to_string() };
    let answer = client.voice.clone().mend_concern(request).await.map_err(|status| explain(&status))?;
    note!("customers who raised it are not told yet: rapport voice tell {} WORDS", args.id);
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

pub(super) async fn tell(args: TellArgs) -> anyhow::Result<()> {
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

pub(super) async fn decline(args: WordsArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request =
        DeclineConcernRequest { request_id: request_id(), concern_id: args.id.to_string(), reason: args.words };
    let answer = client.voice.clone().decline_concern(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, answer.into_inner().concern.unwrap_or_default()).await
}

pub(super) async fn review(args: OneArgs) -> anyhow::Result<()> {
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

pub(super) async fn kept(args: KeptArgs) -> anyhow::Result<()> {
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
        "causes": one.causes().map(|cause| cause.plain_name()).collect::<Vec<_>>(),
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
