//! `rapport callbacks`: calls that we owe customers.

use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use tonic::{Response, Status};

use super::{
    choice::choice,
    client::{Client, Common, explain, request_id},
    out::{self, say},
};
use crate::api::{
    convert::duration_micros,
    v1::{
        Callback, CallbackDesk, CallbackFailureReason, CallbackState, CallbackSummary, CancelCallbackRequest,
        ClaimCallbackRequest, CompleteCallbackRequest, ConnectCallbackRequest, DialCallbackRequest,
        FailCallbackRequest, InteractionContext, ListCallbackDesksRequest, ListCallbacksRequest, QuoteCallbackRequest,
        RenewCallbackClaimRequest, RequestCallbackRequest, SetCallbackDeskRequest, SummarizeCallbacksRequest,
    },
};

/// What `rapport callbacks` can do.
#[derive(Debug, Subcommand)]
pub enum CallbacksCommand {
    /// Prints when somebody who asks now would be rung, and which slots are free
    Quote(QuoteArgs),
    /// Asks for a callback
    Request(RequestArgs),
    /// Claims the next in line, or one by its id, and prints its fencing number
    Claim(ClaimArgs),
    /// Extends a claim
    Renew(StepArgs),
    /// Says that the number is about to be rung
    Dial(StepArgs),
    /// Says that the customer has answered
    Connect(StepArgs),
    /// Says that the call is over
    Complete(CompleteArgs),
    /// Says that it came to nothing
    Fail(FailArgs),
    /// Closes one that is not wanted any more
    Cancel(CancelArgs),
    /// Lists callbacks in order of place
    List(ListArgs),
    /// Prints by team and hour what was quoted and what came
    Summary(SummaryArgs),
    /// Sets from which number a team rings, and how many callbacks it promises in a slot
    Desk(DeskArgs),
    /// Lists what is set by team
    Desks(DesksArgs),
}

/// Arguments of `rapport callbacks quote`.
#[derive(Debug, Args)]
pub struct QuoteArgs {
    /// Which team would ring
    pub team: String,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// Which team rings
    pub team: String,
    /// The phone number to ring
    pub number: String,
    /// Who asks for it
    #[arg(long, default_value = "")]
    pub customer: String,
    /// The matter's class
    #[arg(long, default_value = "")]
    pub topic: String,
    /// The order that it is about
    #[arg(long, default_value = "")]
    pub order: String,
    /// The page on which the customer was
    #[arg(long, default_value = "")]
    pub page: String,
    /// What the customer saw there
    #[arg(long, default_value = "")]
    pub seen: String,
    /// The interaction in which it was asked for
    #[arg(long, default_value = "")]
    pub interaction: String,
    /// The start of a slot of `quote`, such as 2026-11-02T09:30:00Z
    #[arg(long, value_name = "TIME")]
    pub slot: Option<Timestamp>,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks claim`.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// Which; left out: the next in line
    #[arg(default_value = "")]
    pub id: String,
    /// Who will ring; left out: the person of the token
    #[arg(long, default_value = "")]
    pub staff: String,
    /// For how many seconds
    #[arg(long, default_value_t = 120)]
    pub lease: i64,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of steps of a call.
#[derive(Debug, Args)]
pub struct StepArgs {
    /// Which callback
    pub id: String,
    /// The fencing number of the claim
    pub fence: i64,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks complete`.
#[derive(Debug, Args)]
pub struct CompleteArgs {
    /// The callback and its claim.
    #[command(flatten)]
    pub step: StepArgs,
    /// The interaction that the call became
    #[arg(long, default_value = "")]
    pub interaction: String,
    /// What was said
    #[arg(long, default_value = "")]
    pub note: String,
}

/// Arguments of `rapport callbacks fail`.
#[derive(Debug, Args)]
pub struct FailArgs {
    /// The callback and its claim.
    #[command(flatten)]
    pub step: StepArgs,
    /// Why
    #[arg(value_parser = choice::<CallbackFailureReason>())]
    pub reason: CallbackFailureReason,
    /// More about it
    #[arg(long, default_value = "")]
    pub note: String,
}

/// Arguments of `rapport callbacks cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// Which callback
    pub id: String,
    /// Why
    #[arg(long, default_value = "")]
    pub note: String,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only callbacks in this state; may be given several times
    #[arg(long, value_parser = choice::<CallbackState>())]
    pub state: Vec<CallbackState>,
    /// Only of this customer
    #[arg(long, default_value = "")]
    pub customer: String,
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// Only claimed by this colleague
    #[arg(long, default_value = "")]
    pub staff: String,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// Of those asked for from this instant on, such as 2026-11-01T00:00:00Z; left out: the last 28 days
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Of those asked for before this instant
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks desk`.
#[derive(Debug, Args)]
pub struct DeskArgs {
    /// Which team
    pub team: String,
    /// The phone number that customers will see
    #[arg(long, default_value = "")]
    pub number: String,
    /// How many callbacks it promises in half an hour
    #[arg(long, default_value_t = 2)]
    pub slot_capacity: i32,
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Arguments of `rapport callbacks desks`.
#[derive(Debug, Args)]
pub struct DesksArgs {
    /// Shared.
    #[command(flatten)]
    pub common: Common,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: CallbacksCommand) -> anyhow::Result<()> {
    match command {
        CallbacksCommand::Quote(args) => quote(args).await,
        CallbacksCommand::Request(args) => request(args).await,
        CallbacksCommand::Claim(args) => claim(args).await,
        CallbacksCommand::Renew(args) => renew(args).await,
        CallbacksCommand::Dial(args) => dial(args).await,
        CallbacksCommand::Connect(args) => connect(args).await,
        CallbacksCommand::Complete(args) => complete(args).await,
        CallbacksCommand::Fail(args) => fail(args).await,
        CallbacksCommand::Cancel(args) => cancel(args).await,
        CallbacksCommand::List(args) => list(args).await,
        CallbacksCommand::Summary(args) => summary(args).await,
        CallbacksCommand::Desk(args) => desk(args).await,
        CallbacksCommand::Desks(args) => desks(args).await,
    }
}

fn asked<T>(answer: Result<Response<T>, Status>) -> anyhow::Result<T> {
    answer.map(Response::into_inner).map_err(|status| explain(&status))
}

fn text(at: Option<prost_types::Timestamp>) -> Option<String> {
    out::instant(at).map(|at| at.to_string())
}

/// Seconds of a duration.
fn seconds(time: Option<prost_types::Duration>) -> Option<i64> {
    time.as_ref().map(|time| duration_micros(time) / 1_000_000)
}

fn of_json(one: &Callback) -> Value {
    let context = one.context.clone().unwrap_or_default();
    json!({
        "id": one.callback_id,
        "state": one.state().plain_name(),
        "number": one.contact_point,
        "customer": one.customer_id,
        "team": one.team_id,
        "topic": one.topic,
        "order": context.order_id,
        "page": context.page,
        "seen": context.seen,
        "interaction": one.interaction_id,
        "quoted": text(one.quoted_time),
        "basis": one.quote_basis().plain_name(),
        "caller_number": one.caller_number,
        "requested": text(one.request_time),
        "claimed_by": one.claimed_by_staff_id,
        "lease_until": text(one.lease_end_time),
        "attempts": one.attempts,
        "first_dialled": text(one.first_dial_time),
        "ended": text(one.end_time),
        "breach": one.breach_reason().plain_name(),
        "failure": one.failure_reason().plain_name(),
        "level": one.level,
    })
}

/// The callbacks of an answer, as objects or as a table.
fn show(found: &[Callback], zone: &TimeZone, json: bool) -> anyhow::Result<()> {
    if json {
        for one in found {
            say!("{}", of_json(one))?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let state = one.state().plain_name().replace('_', " ");
        let breach = one.breach_reason().plain_name().replace('_', " ");
        let quoted = out::minute(zone, one.quoted_time);
        let (who, whom) = (one.claimed_by_staff_id.clone(), one.customer_id.clone());
        let id = one.callback_id.clone();
        [quoted, state, breach, one.contact_point.clone(), whom, one.topic.clone(), one.team_id.clone(), who, id]
    });
    let header = ["quoted", "state", "breach", "number", "customer", "topic", "team", "colleague", "id"];
    Ok(say!("{}", out::table(header, rows, []))?)
}

async fn quote(args: QuoteArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let told = asked(client.callbacks.quote_callback(QuoteCallbackRequest { team_id: args.team }).await)?;
    let quote = told.quote.clone().unwrap_or_default();
    if args.common.json {
        let slot =
            |one: &crate::api::v1::CallbackSlot| json!({ "start": text(one.start_time), "free": one.free_count });
        let line = json!({
            "quoted": text(quote.quoted_time),
            "basis": quote.basis().plain_name(),
            "waiting": quote.waiting_count,
            "caller_number": quote.caller_number,
            "slots": told.slots.iter().map(slot).collect::<Vec<_>>(),
        });
        return Ok(say!("{line}")?);
    }
    let basis = quote.basis().plain_name();
    let (when, number) = (out::minute(&zone, quote.quoted_time), &quote.caller_number);
    let header = ["by", "because of", "in line", "from"];
    say!("{}", out::table(header, [[when.as_str(), basis, &quote.waiting_count.to_string(), number]], [2]))?;
    let rows = told
        .slots
        .iter()
        .map(|one| [out::minute(&zone, one.start_time), out::minute(&zone, one.end_time), one.free_count.to_string()]);
    Ok(say!("{}", out::table(["slot", "until", "free"], rows, [2]))?)
}

async fn request(args: RequestArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let context =
        InteractionContext { order_id: args.order, page: args.page, seen: args.seen, ..InteractionContext::default() };
    let callback = Callback {
        contact_point: args.number,
        customer_id: args.customer,
        team_id: args.team,
        topic: args.topic,
        context: Some(context),
        interaction_id: args.interaction,
        slot_start_time: args.slot.map(out::timestamp),
        ..Callback::default()
    };
    let request = RequestCallbackRequest { request_id: request_id(), callback: Some(callback) };
    let made = asked(client.callbacks.request_callback(request).await)?;
    show(made.callback.as_slice(), &zone, args.common.json)
}

async fn claim(args: ClaimArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = ClaimCallbackRequest {
        request_id: request_id(),
        callback_id: args.id,
        staff_id: args.staff,
        lease: Some(prost_types::Duration { seconds: args.lease, nanos: 0 }),
    };
    let claimed = asked(client.callbacks.claim_callback(request).await)?;
    let Some(one) = claimed.callback else {
        return Ok(if args.common.json { say!("null") } else { say!("nobody is in line") }?);
    };
    let mut told = of_json(&one);
    told["fence"] = claimed.fencing_number.into();
    if args.common.json {
        return Ok(say!("{told}")?);
    }
    let shown = ["id", "fence", "number", "customer", "topic", "order", "page", "seen"];
    let value = |name: &str| told[name].as_str().map_or_else(|| told[name].to_string(), str::to_owned);
    let rows = shown.iter().map(|name| [(*name).to_owned(), value(name)]);
    Ok(say!("{}", out::table(["", "claimed"], rows, []))?)
}

/// What a step of a call needs, and what it shows.
async fn step<F>(args: StepArgs, work: impl FnOnce(Client, String, i64) -> F) -> anyhow::Result<()>
where
    F: Future<Output = Result<Option<Callback>, Status>>,
{
    let client = args.common.client.connect().await?;
    let zone = client.clone().organization_zone().await?;
    let done = work(client, args.id, args.fence).await.map_err(|status| explain(&status))?;
    show(done.as_slice(), &zone, args.common.json)
}

async fn renew(args: StepArgs) -> anyhow::Result<()> {
    step(args, async |mut client: Client, callback_id, fencing_number| {
        let request = RenewCallbackClaimRequest { request_id: request_id(), callback_id, fencing_number, lease: None };
        Ok(client.callbacks.renew_callback_claim(request).await?.into_inner().callback)
    })
    .await
}

async fn dial(args: StepArgs) -> anyhow::Result<()> {
    step(args, async |mut client: Client, callback_id, fencing_number| {
        let request = DialCallbackRequest { request_id: request_id(), callback_id, fencing_number };
        Ok(client.callbacks.dial_callback(request).await?.into_inner().callback)
    })
    .await
}

async fn connect(args: StepArgs) -> anyhow::Result<()> {
    step(args, async |mut client: Client, callback_id, fencing_number| {
        let request = ConnectCallbackRequest { request_id: request_id(), callback_id, fencing_number };
        Ok(client.callbacks.connect_callback(request).await?.into_inner().callback)
    })
    .await
}

async fn complete(args: CompleteArgs) -> anyhow::Result<()> {
    let (call_interaction_id, note) = (args.interaction, args.note);
    step(args.step, async move |mut client: Client, callback_id, fencing_number| {
        let request_id = request_id();
        let request = CompleteCallbackRequest { request_id, callback_id, fencing_number, call_interaction_id, note };
        Ok(client.callbacks.complete_callback(request).await?.into_inner().callback)
    })
    .await
}

async fn fail(args: FailArgs) -> anyhow::Result<()> {
    let (reason, note) = (args.reason.into(), args.note);
    step(args.step, async move |mut client: Client, callback_id, fencing_number| {
        let request = FailCallbackRequest { request_id: request_id(), callback_id, fencing_number, reason, note };
        Ok(client.callbacks.fail_callback(request).await?.into_inner().callback)
    })
    .await
}

async fn cancel(args: CancelArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let request = CancelCallbackRequest { request_id: request_id(), callback_id: args.id, note: args.note };
    let done = asked(client.callbacks.cancel_callback(request).await)?;
    show(done.callback.as_slice(), &zone, args.common.json)
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = ListCallbacksRequest {
        states: args.state.into_iter().map(Into::into).collect(),
        customer_id: args.customer,
        team_id: args.team,
        staff_id: args.staff,
        page_size: 500,
        ..ListCallbacksRequest::default()
    };
    let mut found: Vec<Callback> = Vec::new();
    loop {
        let page = asked(client.callbacks.list_callbacks(request.clone()).await)?;
        found.extend(page.callbacks);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    show(&found, &zone, args.common.json)
}

async fn summary(args: SummaryArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let request = SummarizeCallbacksRequest {
        team_id: args.team,
        from_time: args.from.map(out::timestamp),
        to_time: args.to.map(out::timestamp),
    };
    let summaries = asked(client.callbacks.summarize_callbacks(request).await)?.summaries;
    if args.common.json {
        for one in &summaries {
            let breaches = one.breaches.iter().map(|one| (one.reason().plain_name().to_owned(), one.count.into()));
            let failures = one.failures.iter().map(|one| (one.reason().plain_name().to_owned(), one.count.into()));
            let line = json!({
                "team": one.team_id,
                "hour": one.hour,
                "requested": one.requested_count,
                "open": one.open_count,
                "done": one.done_count,
                "failed": one.failed_count,
                "cancelled": one.cancelled_count,
                "inside": one.inside_count,
                "breached": one.breached_count,
                "inside_share": one.inside_share,
                "quoted_median_seconds": seconds(one.quoted_wait_median),
                "actual_median_seconds": seconds(one.actual_wait_median),
                "actual_p90_seconds": seconds(one.actual_wait_p90),
                "breaches": serde_json::Map::from_iter(breaches),
                "failures": serde_json::Map::from_iter(failures),
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let minutes = |time: Option<prost_types::Duration>| {
        seconds(time).map(|time| format!("{}:{:02}", time / 60, time % 60)).unwrap_or_default()
    };
    let row = |one: &CallbackSummary| {
        let counts = [one.requested_count, one.done_count, one.failed_count, one.cancelled_count, one.open_count];
        let [requested, done, failed, cancelled, open] = counts.map(|count| count.to_string());
        let share = one.inside_share.map(|share| format!("{:.0} %", share * 1e2)).unwrap_or_default();
        let waits = [one.quoted_wait_median, one.actual_wait_median, one.actual_wait_p90].map(minutes);
        let [quoted, actual, p90] = waits;
        let hour = format!("{:02}", one.hour);
        [one.team_id.clone(), hour, requested, done, failed, cancelled, open, share, quoted, actual, p90]
    };
    let header =
        ["team", "hour", "requested", "done", "failed", "cancelled", "open", "in time", "quoted", "actual", "p90"];
    Ok(say!("{}", out::table(header, summaries.iter().map(row), 1..11))?)
}

async fn desk(args: DeskArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let desk = CallbackDesk {
        team_id: args.team,
        caller_number: args.number,
        slot_capacity: args.slot_capacity,
        etag: String::new(),
    };
    let request = SetCallbackDeskRequest { request_id: request_id(), desk: Some(desk), etag: String::new() };
    let set = asked(client.callbacks.set_callback_desk(request).await)?;
    show_desks(set.desk.as_slice(), args.common.json)
}

async fn desks(args: DesksArgs) -> anyhow::Result<()> {
    let mut client = args.common.client.connect().await?;
    let mut request = ListCallbackDesksRequest { page_size: 500, page_token: String::new() };
    let mut found: Vec<CallbackDesk> = Vec::new();
    loop {
        let page = asked(client.callbacks.list_callback_desks(request.clone()).await)?;
        found.extend(page.desks);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    show_desks(&found, args.common.json)
}

fn show_desks(found: &[CallbackDesk], json: bool) -> anyhow::Result<()> {
    if json {
        for one in found {
            let (team, number) = (&one.team_id, &one.caller_number);
            say!("{}", json!({ "team": team, "number": number, "slot_capacity": one.slot_capacity }))?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| [one.team_id.clone(), one.caller_number.clone(), one.slot_capacity.to_string()]);
    Ok(say!("{}", out::table(["team", "from", "a slot"], rows, [2]))?)
}
