//! `rapport leaderboard`: the places of a competition, once or as they change.

use std::{io::Write as _, time::Duration};

use clap::Args;
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tonic::Status;
use uuid::Uuid;

use super::{
    client::{Client, ClientArgs, explain},
    competition::{standing_json, standings_table},
    out,
    watch::may_pass,
};
use crate::api::v1::{
    CompetitionState, GetCompetitionRequest, GetLeaderboardRequest, ResultStatus, Standing, WatchLeaderboardRequest,
};

/// Between two attempts to come back to a watch.
const PAUSE: Duration = Duration::from_secs(2);

/// Arguments of `rapport leaderboard`.
#[derive(Debug, Args)]
pub struct LeaderboardArgs {
    /// Id of the competition
    pub competition: Uuid,
    /// Only this team and its neighbours
    #[arg(long, value_name = "TEAM", default_value = "")]
    pub around: String,
    /// Wait for the result, and for revisions of it, and print each
    #[arg(long)]
    pub watch: bool,
    /// Print one JSON object, with --watch one per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Runs the command.
///
/// # Errors
/// What the server refuses; with --watch only what waiting does not mend.
pub async fn run(args: LeaderboardArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    if args.watch {
        return tokio::select! {
            ended = watch(&args, &client) => ended,
            interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
        };
    }
    let result = standings(&args, &client).await.map_err(|status| explain(&status))?;
    print(&args, "closed", &result)
}

/// A result, or none yet.
#[derive(Default)]
struct Found {
    revision: i32,
    status: ResultStatus,
    standings: Vec<Standing>,
}

async fn standings(args: &LeaderboardArgs, client: &Client) -> Result<Found, Status> {
    let (mut standings, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = GetLeaderboardRequest {
            competition_id: args.competition.to_string(),
            around_team_id: args.around.clone(),
            page_token,
            ..Default::default()
        };
        let page = client.competitions.clone().get_leaderboard(request).await?.into_inner();
        let status = page.result_status();
        standings.extend(page.standings);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(Found { revision: page.result_revision, status, standings });
        }
    }
}

/// First what there is, then every change; comes back where it was when the connection is lost.
async fn watch(args: &LeaderboardArgs, client: &Client) -> anyhow::Result<()> {
    let (mut cursor, mut shown) = (String::new(), false);
    loop {
        let status = match follow(args, client, &mut cursor, &mut shown).await {
            Ok(()) => Status::unavailable("the watch ended"),
            Err(Stop::Refused(status)) => status,
            Err(Stop::Print(error)) => return Err(error),
        };
        if !may_pass(status.code()) {
            return Err(explain(&status));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

enum Stop {
    Refused(Status),
    Print(anyhow::Error),
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

async fn follow(args: &LeaderboardArgs, client: &Client, cursor: &mut String, shown: &mut bool) -> Result<(), Stop> {
    let competition_id = args.competition.to_string();
    let request = WatchLeaderboardRequest { competition_id: competition_id.clone(), resume_cursor: cursor.clone() };
    let mut changes = client.competitions.clone().watch_leaderboard(request).await?.into_inner();
    if !*shown {
        // Opened first, so that nothing falls between what there is and what changes.
        let found = client.competitions.clone().get_competition(GetCompetitionRequest { competition_id }).await?;
        let competition = found.into_inner().competition.unwrap_or_default();
        let result = match competition.state() {
            CompetitionState::Closed | CompetitionState::Final => standings(args, client).await?,
            CompetitionState::Unspecified
            | CompetitionState::Submitting
            | CompetitionState::Voting
            | CompetitionState::Cancelled => Found::default(),
        };
        print(args, &phase(competition.state()), &result).map_err(Stop::Print)?;
        *shown = true;
    }
    while let Some(response) = changes.try_next().await? {
        if let Some(change) = response.change {
            let (state, status) = (change.state(), change.result_status());
            let result = Found { revision: change.result_revision, status, standings: change.standings };
            print(args, &phase(state), &result).map_err(Stop::Print)?;
        }
        *cursor = response.resume_cursor;
    }
    Ok(())
}

fn phase(state: CompetitionState) -> String {
    state.plain_name().to_owned()
}

fn print(args: &LeaderboardArgs, phase: &str, result: &Found) -> anyhow::Result<()> {
    let Found { revision, status, standings } = result;
    let mut out = out::stdout();
    if args.json {
        let standings: Vec<Value> = standings.iter().map(standing_json).collect();
        let status = Some(status.plain_name()).filter(|_| *status != ResultStatus::Unspecified);
        let told =
            json!({"state": phase, "result_revision": revision, "result_status": status, "standings": standings});
        writeln!(out, "{told}")?;
    } else if standings.is_empty() {
        writeln!(out, "{phase}: no result yet")?;
    } else {
        let revised = if *revision > 1 { format!(", revision {revision}") } else { String::new() };
        writeln!(out, "{phase}{revised}\n{}", standings_table(standings))?;
        match status {
            ResultStatus::Unspecified | ResultStatus::Judged => {}
            ResultStatus::Accepted => writeln!(
                out,
                "Some entries were judged by fewer than 3 judge teams; the organiser accepted the result."
            )?,
            ResultStatus::Provisional => writeln!(
                out,
                "Provisional: some entries were judged by fewer than 3 judge teams. Prizes are won once an administrator without a \
                 stake accepts it: rapport competition accept {} --reason TEXT",
                args.competition
            )?,
        }
    }
    out.flush()?;
    Ok(())
}
