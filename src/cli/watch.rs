//! `rapport watch`: what happens to a customer, a colleague or a team, a line for each change.

use std::{io::Write as _, time::Duration};

use clap::Args;
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream::BoxStream};
use rand::Rng as _;
use serde_json::{Value, json};
use tonic::{Code, Response, Status};

use super::{
    choice::choice,
    client::{Client, ClientArgs, explain},
    out::{self, note, one_line},
};
use crate::api::v1::{
    Interaction, InteractionEvent, ReadingPurpose, WatchCustomerTimelineRequest, WatchCustomerTimelineResponse,
    WatchInteractionsRequest, WatchInteractionsResponse,
};

/// Arguments of `rapport watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Whose interactions.
    #[command(flatten)]
    pub whose: Whose,
    /// Watch the customer's whole timeline, beyond your own team's part, for this purpose; the reading is recorded
    #[arg(long, value_parser = choice::<ReadingPurpose>(), conflicts_with_all = ["staff", "team"])]
    pub purpose: Option<ReadingPurpose>,
    /// More about the purpose, for example the number of the ticket
    #[arg(long, value_name = "TEXT", requires = "purpose")]
    pub note: Option<String>,
    /// Go on behind this cursor, from --json or from an earlier watch that ended; default: from now on
    #[arg(long, value_name = "CURSOR")]
    pub resume: Option<String>,
    /// Print a JSON object per line
    ///
    /// Each has the `resume_cursor` behind it; a line with nothing else says how far a watch is that has nothing to show.
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Whose interactions to watch.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Whose {
    /// Those with this customer
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// Those in which this colleague takes part
    #[arg(long, value_name = "ID")]
    pub staff: Option<String>,
    /// Those in which this team takes part
    #[arg(long, value_name = "ID")]
    pub team: Option<String>,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Runs the command, until it is interrupted or cannot go on.
pub async fn run(args: WatchArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let mut cursor = args.resume.clone().unwrap_or_default();
    let outcome = tokio::select! {
        outcome = watch(&args, &client, &mut cursor) => outcome,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    if !cursor.is_empty() {
        note!("go on with --resume {}", one_line(&cursor));
    }
    outcome
}

async fn watch(args: &WatchArgs, client: &Client, cursor: &mut String) -> anyhow::Result<()> {
    let mut pause = FIRST_PAUSE;
    loop {
        let status = match open(args, client, cursor.clone()).await {
            Err(status) => status,
            Ok(mut responses) => loop {
                match responses.try_next().await {
                    Ok(Some((event, resume_cursor))) => {
                        print(args, event, &resume_cursor)?;
                        *cursor = resume_cursor;
                        pause = FIRST_PAUSE;
                    }
                    Ok(None) => break Status::unavailable("the watch ended"),
                    Err(status) => break status,
                }
            },
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

/// Whether it may help to come back. What a broken connection looks like depends on where it broke.
pub(super) fn may_pass(code: Code) -> bool {
    [Code::Unavailable, Code::ResourceExhausted, Code::Unknown, Code::Internal, Code::Cancelled].contains(&code)
}

type Shown = (Option<InteractionEvent>, String);

async fn open(
    args: &WatchArgs,
    client: &Client,
    resume_cursor: String,
) -> Result<BoxStream<'static, Result<Shown, Status>>, Status> {
    let mut interactions = client.interactions.clone();
    let Whose { customer, staff, team } = &args.whose;
    let customer_id = customer.clone().unwrap_or_default();
    if let Some(purpose) = args.purpose {
        let request = WatchCustomerTimelineRequest {
            customer_id,
            purpose: purpose.into(),
            note: args.note.clone().unwrap_or_default(),
            resume_cursor,
        };
        let shown = |response: WatchCustomerTimelineResponse| (response.event, response.resume_cursor);
        return Ok(all(interactions.watch_customer_timeline(request).await?, shown));
    }
    let (staff_id, team_id) = (staff.clone().unwrap_or_default(), team.clone().unwrap_or_default());
    let request = WatchInteractionsRequest { customer_id, staff_id, team_id, resume_cursor };
    let shown = |response: WatchInteractionsResponse| (response.event, response.resume_cursor);
    Ok(all(interactions.watch_interactions(request).await?, shown))
}

fn all<M: Send + 'static>(
    responses: Response<impl Stream<Item = Result<M, Status>> + Send + 'static>,
    shown: impl Fn(M) -> Shown + Send + 'static,
) -> BoxStream<'static, Result<Shown, Status>> {
    responses.into_inner().map_ok(shown).boxed()
}

fn print(args: &WatchArgs, event: Option<InteractionEvent>, resume_cursor: &str) -> std::io::Result<()> {
    let mut out = out::stdout();
    if args.json {
        writeln!(out, "{}", to_json(event, resume_cursor))?;
    } else if let Some(event) = event {
        writeln!(out, "{}", to_line(&event))?;
    }
    // A reader of a pipe wants each line when it happens.
    out.flush()
}

fn instant(time: Option<prost_types::Timestamp>) -> String {
    out::instant(time).map(|time| time.to_string()).unwrap_or_default()
}

/// What a change was, and to what kind of contact, by their plain names.
fn names(event: &InteractionEvent, interaction: &Interaction) -> [String; 4] {
    [
        event.kind().plain_name().to_owned(),
        interaction.channel().plain_name().to_owned(),
        interaction.kind().plain_name().to_owned(),
        interaction.outcome().plain_name().to_owned(),
    ]
}

fn staff_ids(interaction: &Interaction) -> Vec<&str> {
    interaction.participants.iter().map(|one| one.staff_id.as_str()).collect()
}

fn to_json(event: Option<InteractionEvent>, resume_cursor: &str) -> Value {
    let Some(event) = event else { return json!({ "resume_cursor": resume_cursor }) };
    let interaction = event.interaction.clone().unwrap_or_default();
    let [change, channel, kind, outcome] = names(&event, &interaction);
    json!({
        "change": change,
        "change_time": instant(event.change_time),
        "interaction": {
            "interaction_id": interaction.interaction_id,
            "channel": channel,
            "kind": kind,
            "outcome": outcome,
            "topic": interaction.topic,
            "occurred_time": instant(interaction.occurred_time),
            "customer_id": interaction.customer_id,
            "customer_alias": interaction.customer_alias.as_ref().map(|alias| &alias.value),
            "staff_ids": staff_ids(&interaction),
            "case_id": interaction.case_id,
            "conclusion": interaction.conclusion,
            "etag": interaction.etag,
        },
        "resume_cursor": resume_cursor,
    })
}

fn to_line(event: &InteractionEvent) -> String {
    let interaction = event.interaction.clone().unwrap_or_default();
    let [change, channel, kind, outcome] = names(event, &interaction);
    let alias = interaction.customer_alias.as_ref().map_or("", |alias| &alias.value);
    let customer = [interaction.customer_id.as_str(), alias].into_iter().find(|name| !name.is_empty());
    let staff = staff_ids(&interaction).join(",");
    let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let line = format!(
        "{}  {change:<12}  {channel} {kind} {}  customer {}  staff {}  {}",
        instant(event.change_time),
        or_dash(&outcome),
        customer.unwrap_or("-"),
        or_dash(&staff),
        interaction.interaction_id,
    );
    one_line(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;
    use crate::api::v1::{Channel, InteractionChangeKind, InteractionKind, Outcome, Participant};

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        watch: WatchArgs,
    }

    #[test]
    fn one_of_three_is_watched_and_a_purpose_needs_a_customer() {
        Command::command().debug_assert();
        let accepted = |line: &str| Command::try_parse_from(line.split_whitespace()).is_ok();
        assert!(accepted("watch --customer c-1") && accepted("watch --staff nora") && accepted("watch --team north"));
        assert!(accepted("watch --customer c-1 --purpose serving --note T-7"));
        for refused in ["watch", "watch --customer c-1 --team north", "watch --team north --purpose serving"] {
            assert!(!accepted(refused), "{refused}");
        }
    }

    #[test]
    fn a_change_is_a_line() {
        let interaction = Interaction {
            interaction_id: "0195".to_owned(),
            channel: Channel::InboundCall.into(),
            kind: InteractionKind::Service.into(),
            outcome: Outcome::Answered.into(),
            customer_id: "carla".to_owned(),
            participants: vec![Participant { staff_id: "nora".to_owned(), ..Default::default() }],
            ..Default::default()
        };
        let event = InteractionEvent {
            kind: InteractionChangeKind::Recorded.into(),
            change_time: Some(prost_types::Timestamp { seconds: 1_740_992_400, nanos: 0 }),
            interaction: Some(interaction),
        };
        let line =
            "2025-03-03T09:00:00Z  recorded      inbound_call service answered  customer carla  staff nora  0195";
        assert_eq!(to_line(&event), line);
        let value = to_json(Some(event), "abc");
        assert_eq!((&value["change"], &value["resume_cursor"]), (&json!("recorded"), &json!("abc")));
        assert_eq!(value["interaction"]["staff_ids"], json!(["nora"]));
        assert_eq!(to_json(None, "abc"), json!({ "resume_cursor": "abc" }));
    }
}
