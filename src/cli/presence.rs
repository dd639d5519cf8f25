//! `rapport presence`: who is on duty.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    choice::choice,
    client::{ClientArgs, explain, request_id},
    out::{self, say},
};
use crate::api::v1::{ListPresenceRequest, Presence, PresenceState, SetPresenceRequest};

/// What `rapport presence` can do.
#[derive(Debug, Subcommand)]
pub enum PresenceCommand {
    /// Says that somebody is on duty, on a break or off
    Set(SetArgs),
    /// Lists who is on duty, on a break or off
    List(ListArgs),
}

/// Arguments of `rapport presence set`.
#[derive(Debug, Args)]
pub struct SetArgs {
    /// What they are
    #[arg(value_parser = choice::<PresenceState>())]
    pub state: PresenceState,
    /// Who; left out: the person of the token
    #[arg(long, default_value = "")]
    pub staff: String,
    /// How many callbacks they take at once
    #[arg(long, default_value_t = 1)]
    pub capacity: i32,
    /// For how many minutes it holds
    #[arg(long, default_value_t = 10)]
    pub minutes: i64,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport presence list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this team
    #[arg(long, default_value = "")]
    pub team: String,
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
pub async fn run(command: PresenceCommand) -> anyhow::Result<()> {
    match command {
        PresenceCommand::Set(args) => set(args).await,
        PresenceCommand::List(args) => list(args).await,
    }
}

async fn set(args: SetArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let request = SetPresenceRequest {
        request_id: request_id(),
        staff_id: args.staff,
        state: args.state.into(),
        capacity: args.capacity,
        valid_for: Some(prost_types::Duration { seconds: args.minutes.saturating_mul(60), nanos: 0 }),
    };
    client.presence.set_presence(request).await.map_err(|status| explain(&status))?;
    Ok(())
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let zone = client.organization_zone().await?;
    let mut request = ListPresenceRequest { team_id: args.team, page_size: 500, ..ListPresenceRequest::default() };
    let mut found: Vec<Presence> = Vec::new();
    loop {
        let page = client.presence.list_presence(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        found.extend(page.presences);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let lapses = |one: &Presence| out::instant(one.lapse_time);
    if args.json {
        for one in &found {
            let line = json!({
                "staff": one.staff_id,
                "team": one.team_id,
                "state": one.state().plain_name(),
                "capacity": one.capacity,
                "lapses": lapses(one).map(|at| at.to_string()),
            });
            say!("{line}")?;
        }
        return Ok(());
    }
    let rows = found.iter().map(|one| {
        let until = lapses(one).map(|at| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M").to_string());
        let state = one.state().plain_name().replace('_', " ");
        [one.staff_id.clone(), one.team_id.clone(), state, one.capacity.to_string(), until.unwrap_or_default()]
    });
    Ok(say!("{}", out::table(["colleague", "team", "state", "capacity", "until"], rows, [3]))?)
}
