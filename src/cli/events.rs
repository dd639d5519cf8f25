//! `rapport events`: what happens, and what becomes of webhooks.

use std::{io::Write as _, time::Duration};

use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use rand::Rng as _;
use serde_json::{Value, json};
use tonic::Status;

use super::{
    choice::choice,
    client::{Client, ClientArgs, explain, request_id},
    out::{self, note, one_line, say},
    watch::may_pass,
};
use crate::{
    api::v1::{
        DeadLetter, Event, EventContent, EventStart, ListDeadLettersRequest, ListWebhooksRequest, ReplayEventsRequest,
        ReplayScope, WatchEventsRequest, Webhook,
    },
    event::form,
};

/// What `rapport events` can do.
#[derive(Debug, Subcommand)]
pub enum EventsCommand {
    /// Prints what happens, as it happens, a line for each event
    ///
    /// Whatever interrupts the watch, it comes back by itself and goes on where it was. The token must be an application's.
    Watch(WatchArgs),
    /// Lists the webhooks of the server's configuration, and how each is doing
    Webhooks(WebhooksArgs),
    /// Lists the events that a webhook's receiver has not taken after the last attempt
    DeadLetters(DeadLettersArgs),
    /// Delivers events again, under the same ids
    Replay(ReplayArgs),
}

/// Arguments of `rapport events watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Only of this type, or of those that begin with it and a dot, such as rapport.commitment; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    pub types: Vec<String>,
    /// How much to tell
    #[arg(long, value_parser = choice::<EventContent>(), default_value = "ids")]
    pub content: EventContent,
    /// Begin with the oldest event
    #[arg(long, conflicts_with = "resume")]
    pub beginning: bool,
    /// Go on behind this cursor, from --json or from an earlier watch that ended; default: from now on
    #[arg(long, value_name = "CURSOR")]
    pub resume: Option<String>,
    /// Print each event as a CloudEvent in JSON, with the resume_cursor behind it
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport events webhooks`.
#[derive(Debug, Args)]
pub struct WebhooksArgs {
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport events dead-letters`.
#[derive(Debug, Args)]
pub struct DeadLettersArgs {
    /// Name of the webhook
    pub webhook: String,
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport events replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Name of the webhook
    pub webhook: String,
    /// What to deliver again.
    #[command(flatten)]
    pub what: What,
    /// Print a JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What to deliver again.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct What {
    /// One dead letter, by the id of its event
    #[arg(long, value_name = "ID")]
    pub event: Option<String>,
    /// Every dead letter
    #[arg(long)]
    pub dead_letters: bool,
    /// Everything behind a cursor that `webhooks --json` or `dead-letters --json` printed
    #[arg(long, value_name = "CURSOR")]
    pub from: Option<String>,
    /// Everything there is
    #[arg(long)]
    pub beginning: bool,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: EventsCommand) -> anyhow::Result<()> {
    match command {
        EventsCommand::Watch(args) => watch(args).await,
        EventsCommand::Webhooks(args) => webhooks(args).await,
        EventsCommand::DeadLetters(args) => dead_letters(args).await,
        EventsCommand::Replay(args) => replay(args).await,
    }
}

async fn watch(args: WatchArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let mut cursor = args.resume.clone().unwrap_or_default();
    let outcome = tokio::select! {
        outcome = go_on(&args, &client, &mut cursor) => outcome,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    if !cursor.is_empty() {
        note!("go on with --resume {}", one_line(&cursor));
    }
    outcome
}

async fn go_on(args: &WatchArgs, client: &Client, cursor: &mut String) -> anyhow::Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        let begins = args.beginning && cursor.is_empty();
        let request = WatchEventsRequest {
            types: args.types.clone(),
            content: args.content.into(),
            start: if begins { EventStart::Beginning } else { EventStart::Unspecified }.into(),
            resume_cursor: cursor.clone(),
        };
        let status = match client.events.clone().watch_events(request).await {
            Err(status) => status,
            Ok(answer) => {
                let mut responses = answer.into_inner();
                loop {
                    match responses.message().await {
                        Ok(Some(response)) => {
                            if let Some(event) = &response.event {
                                print(event, args.json.then_some(response.resume_cursor.as_str()))?;
                            }
                            *cursor = response.resume_cursor;
                            pause = FIRST_PAUSE;
                        }
                        Ok(None) => break Status::unavailable("the watch ended"),
                        Err(status) => break status,
                    }
                }
            }
        };
        if !may_pass(status.code()) {
            return Err(explain(&status));
        }
        // Many that were cut at once should not all be back at once.
        let waited = pause.mul_f64(rand::rng().random_range(0.5..1.5));
        note!("{}; coming back in {:.1} s", explain(&status), waited.as_secs_f64());
        tokio::time::sleep(waited).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Prints an event; with the cursor behind it as JSON.
fn print(event: &Event, cursor: Option<&str>) -> std::io::Result<()> {
    let mut out = out::stdout();
    if let Some(cursor) = cursor {
        let mut line = form::to_json(event);
        line["resume_cursor"] = cursor.into();
        writeln!(out, "{line}")?;
    } else {
        let time = out::instant(event.time).map(|time| time.to_string()).unwrap_or_default();
        let more = |(name, value): (&String, &String)| format!("{name} {value}");
        let data: Vec<_> = event.data.iter().map(more).collect();
        let line = format!("{time}  {:<34}  {:<22}  {}", event.r#type, event.id, data.join("  "));
        writeln!(out, "{}", one_line(&line))?;
    }
    // A reader of a pipe wants each line when it happens.
    out.flush()
}

async fn webhooks(args: WebhooksArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = ListWebhooksRequest { page_size: 500, ..ListWebhooksRequest::default() };
    let mut found = Vec::new();
    loop {
        let page = client.events.list_webhooks(request.clone()).await.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.webhooks);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if args.json {
        for one in &found {
            say!("{}", webhook_json(one))?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| webhook_row(one, &zone));
    let header = ["webhook", "host", "state", "waiting", "dead", "lag", "last success", "last error"];
    Ok(say!("{}", out::table(header, rows, 3..6))?)
}

fn local(time: Option<prost_types::Timestamp>, zone: &TimeZone) -> String {
    let text = |at: Timestamp| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    out::instant(time).map(text).unwrap_or_default()
}

fn webhook_row(one: &Webhook, zone: &TimeZone) -> [String; 8] {
    let lag = one.lag.as_ref().map(|lag| format!("{} s", lag.seconds)).unwrap_or_default();
    [
        one.name.clone(),
        one.host.clone(),
        one.state().plain_name().to_owned(),
        one.waiting_count.to_string(),
        one.dead_letter_count.to_string(),
        lag,
        local(one.last_success_time, zone),
        one.last_error.clone(),
    ]
}

fn instant(time: Option<prost_types::Timestamp>) -> Option<String> {
    out::instant(time).map(|time| time.to_string())
}

fn webhook_json(one: &Webhook) -> Value {
    let seconds = |lag: &prost_types::Duration| lag.seconds as f64 + f64::from(lag.nanos) / 1e9;
    json!({
        "webhook": one.name,
        "host": one.host,
        "types": one.types,
        "content": one.content().plain_name(),
        "state": one.state().plain_name(),
        "waiting": one.waiting_count,
        "dead_letters": one.dead_letter_count,
        "lag_seconds": one.lag.as_ref().map(seconds),
        "last_success_time": instant(one.last_success_time),
        "last_failure_time": instant(one.last_failure_time),
        "last_error": one.last_error,
        "resume_cursor": one.resume_cursor,
    })
}

async fn dead_letters(args: DeadLettersArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request =
        ListDeadLettersRequest { webhook: args.webhook, page_size: 500, ..ListDeadLettersRequest::default() };
    let mut found: Vec<DeadLetter> = Vec::new();
    loop {
        let page = client.events.list_dead_letters(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.dead_letters);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if args.json {
        for one in &found {
            let line = json!({
                "webhook": one.webhook,
                "event": one.event.as_ref().map(form::to_json),
                "attempts": one.attempts,
                "failure_time": instant(one.failure_time),
                "error": one.error,
                "resume_cursor": one.resume_cursor,
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let event = one.event.clone().unwrap_or_default();
        let (failed, attempts) = (local(one.failure_time, &zone), one.attempts.to_string());
        [event.id, event.r#type, local(event.time, &zone), attempts, failed, one.error.clone()]
    });
    let header = ["event", "type", "happened", "attempts", "last attempt", "error"];
    Ok(say!("{}", out::table(header, rows, [3]))?)
}

async fn replay(args: ReplayArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let What { event, dead_letters, from, beginning } = args.what;
    let scope = match (dead_letters, beginning) {
        (true, _) => ReplayScope::DeadLetters,
        (_, true) => ReplayScope::Beginning,
        _ => ReplayScope::Unspecified,
    };
    let request = ReplayEventsRequest {
        request_id: request_id(),
        webhook: args.webhook,
        event_id: event.unwrap_or_default(),
        resume_cursor: from.unwrap_or_default(),
        scope: scope.into(),
    };
    let answer = client.events.replay_events(request).await.map_err(|status| explain(&status))?.into_inner();
    let webhook = answer.webhook.unwrap_or_default();
    if args.json {
        let mut line = webhook_json(&webhook);
        line["dead_letters_taken_up"] = answer.dead_letter_count.into();
        return Ok(say!("{line}")?);
    }
    let count = answer.dead_letter_count;
    Ok(say!("{}: delivered again from there on; {count} dead letter(s) wait again", one_line(&webhook.name))?)
}
