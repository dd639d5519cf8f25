//! `rapport incidents`: what hit many customers at once, and what they were told.

use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    choice::choice,
    client::{Client, Common, explain, request_id},
    out::{self, note, one_line, say},
};
use crate::api::v1::{
    CancelIncidentRequest, Channel, DeclareIncidentRequest, GetIncidentRequest, Incident, IncidentRule, IncidentState,
    ListIncidentsRequest, NotifyIncidentRequest, PostIncidentUpdateRequest, PreviewIncidentRequest,
    ResolveIncidentRequest, ReviewIncidentRequest,
};

/// What `rapport incidents` can do.
#[derive(Debug, Subcommand)]
pub enum IncidentsCommand {
    /// Lists incidents, newest first
    List(ListArgs),
    /// Prints one, with what became known
    Show(OneArgs),
    /// Counts what a rule would find, and declares it with --declare
    Declare(Box<DeclareArgs>),
    /// Adds what is known by now
    Update(WordsArgs),
    /// Lets the customers who are hit be told, each once
    Notify(NotifyArgs),
    /// Says that it is mended; those who were told it are told this
    Resolve(ResolveArgs),
    /// Takes a declaration back that was wrong
    Cancel(WordsArgs),
    /// Prints what it cost: contacts, customers, ratings and notices
    Review(OneArgs),
}

/// Arguments of `rapport incidents list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only in this state; may be given several times
    #[arg(long, value_parser = choice::<IncidentState>())]
    pub state: Vec<IncidentState>,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport incidents show` and `review`.
#[derive(Debug, Args)]
pub struct OneArgs {
    /// The incident
    pub id: Uuid,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport incidents declare`.
#[derive(Debug, Args)]
pub struct DeclareArgs {
    /// What happened, in words that customers may read
    pub title: String,
    /// From this instant on, such as 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME")]
    pub from: Timestamp,
    /// Until this instant; default: until it is resolved
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Contacts with this topic; may be given several times
    #[arg(long)]
    pub topic: Vec<String>,
    /// Contacts about this product; may be given several times
    #[arg(long)]
    pub product: Vec<String>,
    /// Contacts that this team served; may be given several times
    #[arg(long)]
    pub team: Vec<String>,
    /// Contacts by this channel; may be given several times
    #[arg(long, value_parser = choice::<Channel>())]
    pub channel: Vec<Channel>,
    /// Who has to mend it
    #[arg(long, default_value = "")]
    pub department: String,
    /// Declare what was found; without it nothing is changed
    #[arg(long)]
    pub declare: bool,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport incidents update` and `cancel`.
#[derive(Debug, Args)]
pub struct WordsArgs {
    /// The incident
    pub id: Uuid,
    /// What is known, or why it is taken back
    pub words: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport incidents notify`.
#[derive(Debug, Args)]
pub struct NotifyArgs {
    /// The incident
    pub id: Uuid,
    /// What customers read
    pub words: String,
    /// Notices a minute at most
    #[arg(long, default_value_t = 600)]
    pub per_minute: i32,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport incidents resolve`.
#[derive(Debug, Args)]
pub struct ResolveArgs {
    /// The incident
    pub id: Uuid,
    /// What those read who were told of it; needed where somebody was
    #[arg(long, default_value = "")]
    pub mended: String,
    /// Common arguments.
    #[command(flatten)]
    pub common: Common,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: IncidentsCommand) -> anyhow::Result<()> {
    match command {
        IncidentsCommand::List(args) => list(args).await,
        IncidentsCommand::Show(args) => show(args).await,
        IncidentsCommand::Declare(args) => declare(*args).await,
        IncidentsCommand::Update(args) => update(args).await,
        IncidentsCommand::Notify(args) => notify(args).await,
        IncidentsCommand::Resolve(args) => resolve(args).await,
        IncidentsCommand::Cancel(args) => cancel(args).await,
        IncidentsCommand::Review(args) => review(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let states = args.state.into_iter().map(Into::into).collect();
    let mut request = ListIncidentsRequest { states, page_size: 200, ..ListIncidentsRequest::default() };
    let mut found: Vec<Incident> = Vec::new();
    loop {
        let page = client.incidents.list_incidents(request.clone()).await.map_err(|status| explain(&status))?;
        let page = page.into_inner();
        found.extend(page.incidents);
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
        let at = out::minute(&zone, one.declare_time);
        let state = one.state().plain_name().to_owned();
        [one.incident_id.clone(), at, state, one.linked_count.to_string(), one.department.clone(), one.title.clone()]
    });
    Ok(say!("{}", out::table(["incident", "declared", "state", "contacts", "department", "what"], rows, [3]))?)
}

async fn show(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let one = get(&client, args.id).await?;
    print(&args.common, &client, &one).await
}

async fn get(client: &Client, id: Uuid) -> anyhow::Result<Incident> {
    let request = GetIncidentRequest { incident_id: id.to_string() };
    let found = client.incidents.clone().get_incident(request).await.map_err(|status| explain(&status))?;
    Ok(found.into_inner().incident.unwrap_or_default())
}

async fn declare(args: DeclareArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let rule = IncidentRule {
        from_time: Some(out::timestamp(args.from)),
        to_time: args.to.map(out::timestamp),
        topics: args.topic,
        product_ids: args.product,
        team_ids: args.team,
        channels: args.channel.into_iter().map(Into::into).collect(),
    };
    let preview = PreviewIncidentRequest { rule: Some(rule.clone()) };
    let found = client.incidents.preview_incident(preview).await.map_err(|status| explain(&status))?.into_inner();
    if !args.declare {
        if args.common.json {
            let sample = &found.sample_interaction_ids;
            let (contacts, customers) = (found.interaction_count, found.customer_count);
            return Ok(say!("{}", json!({ "contacts": contacts, "customers": customers, "sample": sample }))?);
        }
        say!("{} contacts of {} customers", found.interaction_count, found.customer_count)?;
        for id in &found.sample_interaction_ids {
            say!("  {id}")?;
        }
        note!("nothing was changed; --declare declares it");
        return Ok(());
    }
    let request = DeclareIncidentRequest {
        request_id: request_id(),
        title: args.title,
        department: args.department,
        rule: Some(rule),
        fingerprint: found.fingerprint,
    };
    let declared = client.incidents.declare_incident(request).await.map_err(|status| explain(&status))?;
    let mut one = declared.into_inner().incident.unwrap_or_default();
    let total = u64::try_from(one.found_count).unwrap_or(0);
    let bar = if out::is_watched() { ProgressBar::new(total) } else { ProgressBar::hidden() };
    while one.state() == IncidentState::Linking {
        bar.set_position(u64::try_from(one.linked_count).unwrap_or(0));
        tokio::time::sleep(Duration::from_millis(200)).await;
        one = get(&client, one.incident_id.parse()?).await?;
    }
    bar.finish_and_clear();
    print(&args.common, &client, &one).await
}

async fn update(args: WordsArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request =
        PostIncidentUpdateRequest { request_id: request_id(), incident_id: args.id.to_string(), words: args.words };
    let answer = client.incidents.clone().post_incident_update(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, &answer.into_inner().incident.unwrap_or_default()).await
}

async fn notify(args: NotifyArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = NotifyIncidentRequest {
        request_id: request_id(),
        incident_id: args.id.to_string(),
        words: args.words,
        per_minute: args.per_minute,
    };
    let answer = client.incidents.clone().notify_incident(request).await.map_err(|status| explain(&status))?;
    let answer = answer.into_inner();
    note!("{} customers are told, {} a minute at most", answer.notice_count, args.per_minute);
    print(&args.common, &client, &answer.incident.unwrap_or_default()).await
}

async fn resolve(args: ResolveArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = ResolveIncidentRequest {
        request_id: request_id(),
        incident_id: args.id.to_string(),
        mended_words: args.mended,
    };
    let answer = client.incidents.clone().resolve_incident(request).await.map_err(|status| explain(&status))?;
    let answer = answer.into_inner();
    note!("{} customers were told and are told this", answer.notice_count);
    print(&args.common, &client, &answer.incident.unwrap_or_default()).await
}

async fn cancel(args: WordsArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request =
        CancelIncidentRequest { request_id: request_id(), incident_id: args.id.to_string(), reason: args.words };
    let answer = client.incidents.clone().cancel_incident(request).await.map_err(|status| explain(&status))?;
    print(&args.common, &client, &answer.into_inner().incident.unwrap_or_default()).await
}

async fn review(args: OneArgs) -> anyhow::Result<()> {
    let client = args.common.client.connect().await?;
    let request = ReviewIncidentRequest { incident_id: args.id.to_string() };
    let cost = client.incidents.clone().review_incident(request).await.map_err(|status| explain(&status))?.into_inner();
    if args.common.json {
        let told = json!({
            "incident": cost.incident.as_ref().map(to_json),
            "contacts": cost.interaction_count,
            "customers": cost.customer_count,
            "complaints": cost.complaint_count,
            "ratings": cost.rating_count,
            "ratings_moved": cost.moved_rating_count,
            "rating_mean": cost.rating_mean,
            "notices_waiting": cost.notices_waiting_count,
            "notices_sent": cost.notices_sent_count,
            "notices_failed": cost.notices_failed_count,
            "notices_suppressed": cost.notices_suppressed_count,
            "mended_sent": cost.mended_sent_count,
            "remedies": cost.remedy_count,
            "remedies_kept": cost.remedies_kept_count,
            "remedies_broken": cost.remedies_broken_count,
            "remedies_worth": cost.remedy_worths.iter().map(|one| (one.currency.clone(), json!(one.amount))).collect::<serde_json::Map<_, _>>(),
        });
        return Ok(say!("{told}")?);
    }
    print(&args.common, &client, &cost.incident.clone().unwrap_or_default()).await?;
    let mean = cost.rating_mean.map(|mean| out::figure(mean, 2)).unwrap_or_else(|| "fewer than 5".to_owned());
    let worth: Vec<_> = cost.remedy_worths.iter().map(|one| format!("{} {}", one.currency, one.amount)).collect();
    let worth = worth.join(", ");
    let rows = [
        ["contacts", &cost.interaction_count.to_string()],
        ["customers", &cost.customer_count.to_string()],
        ["complaints", &cost.complaint_count.to_string()],
        ["ratings", &cost.rating_count.to_string()],
        ["ratings that left the staff ledger", &cost.moved_rating_count.to_string()],
        ["mean rating", &mean],
        ["notices that wait", &cost.notices_waiting_count.to_string()],
        ["notices sent", &cost.notices_sent_count.to_string()],
        ["notices that failed", &cost.notices_failed_count.to_string()],
        ["notices the policy stands against", &cost.notices_suppressed_count.to_string()],
        ["told that it is mended", &cost.mended_sent_count.to_string()],
        ["remedies", &cost.remedy_count.to_string()],
        ["remedies kept", &cost.remedies_kept_count.to_string()],
        ["remedies broken", &cost.remedies_broken_count.to_string()],
        ["what remedies are worth, in smallest units", &worth],
    ]
    .map(|row| row.map(str::to_owned));
    Ok(say!("{}", out::table(["", ""], rows, [1]))?)
}

async fn print(common: &Common, client: &Client, one: &Incident) -> anyhow::Result<()> {
    if common.json {
        return Ok(say!("{}", to_json(one))?);
    }
    let zone = client.clone().organization_zone().await?;
    let shown = |at| out::minute(&zone, at);
    let (state, title) = (one.state().plain_name(), one_line(&one.title));
    say!("{}: {title}", one.incident_id)?;
    say!("{state}, declared {}, {} of {} contacts linked", shown(one.declare_time), one.linked_count, one.found_count)?;
    for update in &one.updates {
        say!("{}  {}", shown(update.update_time), one_line(&update.words))?;
    }
    Ok(())
}

fn to_json(one: &Incident) -> Value {
    let updates =
        one.updates.iter().map(|update| json!({ "at": out::rfc3339(update.update_time), "words": update.words }));
    json!({
        "id": one.incident_id,
        "title": one.title,
        "department": one.department,
        "state": one.state().plain_name(),
        "declared": out::rfc3339(one.declare_time),
        "resolved": out::rfc3339(one.resolve_time),
        "found": one.found_count,
        "linked": one.linked_count,
        "updates": updates.collect::<Vec<_>>(),
    })
}
