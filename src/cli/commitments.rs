//! `rapport commitments`: what we promised customers, and how much of it was kept.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::{
    choice::choice,
    client::{ClientArgs, explain},
    out::{self, say},
};
use crate::api::v1::{Commitment, CommitmentState, ListCommitmentsRequest, SummarizeCommitmentsRequest};

/// What `rapport commitments` can do.
#[derive(Debug, Subcommand)]
pub enum CommitmentsCommand {
    /// Lists commitments, the earliest due first
    List(ListArgs),
    /// Prints by team how many were kept, kept late, broken and released
    Summary(SummaryArgs),
}

/// Arguments of `rapport commitments list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only commitments in this state; may be given several times
    #[arg(long, value_parser = choice::<CommitmentState>())]
    pub state: Vec<CommitmentState>,
    /// Only to this customer
    #[arg(long, default_value = "")]
    pub customer: String,
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
    /// Only remedies of this incident
    #[arg(long, default_value = "")]
    pub incident: String,
    /// Only of this colleague
    #[arg(long, default_value = "")]
    pub owner: String,
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport commitments summary`.
#[derive(Debug, Args)]
pub struct SummaryArgs {
    /// Of those due from this instant on, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Of those due before this instant
    #[arg(long, value_name = "TIME")]
    pub to: Option<Timestamp>,
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: CommitmentsCommand) -> anyhow::Result<()> {
    match command {
        CommitmentsCommand::List(args) => list(args).await,
        CommitmentsCommand::Summary(args) => summary(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = ListCommitmentsRequest {
        states: args.state.into_iter().map(Into::into).collect(),
        customer_id: args.customer,
        owner_staff_id: args.owner,
        team_id: args.team,
        incident_id: args.incident,
        page_size: 500,
        ..ListCommitmentsRequest::default()
    };
    let mut found: Vec<Commitment> = Vec::new();
    loop {
        let page = client.commitments.list_commitments(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.commitments);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if args.json {
        for one in &found {
            let line = json!({
                "id": one.commitment_id,
                "what": one.what,
                "state": one.state().plain_name(),
                "due": out::rfc3339(one.due_time),
                "customer": one.customer_id,
                "owner": one.owner_staff_id,
                "team": one.team_id,
                "case": one.case_id,
                "incident": one.incident_id,
                "level": one.level,
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let due = out::minute(&zone, one.due_time);
        let level = if one.level > 0 { one.level.to_string() } else { String::new() };
        let state = one.state().plain_name().to_owned();
        [due, state, level, one.owner_staff_id.clone(), one.customer_id.clone(), one.what.clone()]
    });
    Ok(say!("{}", out::table(["due", "state", "level", "owner", "customer", "what"], rows, [2]))?)
}

async fn summary(args: SummaryArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let request =
        SummarizeCommitmentsRequest { from_time: args.from.map(out::timestamp), to_time: args.to.map(out::timestamp) };
    let answer = client.commitments.summarize_commitments(request).await.map_err(|status| explain(&status))?;
    let summaries = answer.into_inner().summaries;
    if args.json {
        for one in &summaries {
            let line = json!({
                "team": one.team_id,
                "open": one.open_count,
                "kept": one.kept_count,
                "kept_late": one.kept_late_count,
                "broken": one.broken_count,
                "released": one.released_count,
                "kept_rate": one.kept_rate,
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = summaries.iter().map(|one| {
        let counts = [one.open_count, one.kept_count, one.kept_late_count, one.broken_count, one.released_count];
        let [open, kept, late, broken, released] = counts.map(|count| count.to_string());
        let rate = one.kept_rate.map(|rate| format!("{:.0} %", rate * 1e2)).unwrap_or_default();
        [one.team_id.clone(), open, kept, late, broken, released, rate]
    });
    let header = ["team", "open", "kept", "kept late", "broken", "released", "kept rate"];
    Ok(say!("{}", out::table(header, rows, 1..7))?)
}
