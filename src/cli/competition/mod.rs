//! `rapport competition`: what an administrator does with a competition, from the announcement to the record.

mod announce;
mod show;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::json;
pub(super) use show::{standing_json, standings_table};
use uuid::Uuid;

use super::{
    client::{Client, ClientArgs, explain},
    out::{self, one_line, say},
};
use crate::api::v1::{
    AcceptResultRequest, CancelCompetitionRequest, CloseVotingRequest, Competition, ExplainStandingRequest,
    ExportRecordRequest, GetCompetitionRequest, InviteJudgesRequest, ListCompetitionsRequest, ListEntriesRequest,
    ListTeamStandingsRequest, OpenVotingRequest, RecordAudience,
};

/// Arguments of `rapport competition`.
#[derive(Debug, Args)]
pub struct CompetitionArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: Action,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What to do with competitions.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Announces a competition: takes entries from now on
    Create(Box<announce::CreateArgs>),
    /// Lists competitions, newest first
    List,
    /// Shows one: its phase, deadlines, rules and hashes
    Show {
        /// Id of the competition
        competition: Uuid,
    },
    /// Lists the entries of one
    Entries {
        /// Id of the competition
        competition: Uuid,
    },
    /// Invites customers or learners as a neutral judge team; prints a ballot token for each, which is kept nowhere
    Invite {
        /// Id of the competition
        competition: Uuid,
        /// What the team is to be called
        team: String,
        /// Ids of the judges
        #[arg(required = true)]
        judges: Vec<String>,
    },
    /// Freezes roll, entries, rules and deadlines, deals the panels and takes ballots
    Open {
        /// Id of the competition
        competition: Uuid,
        /// The public number that the rules announced
        #[arg(long, value_name = "NUMBER", default_value = "")]
        public_draw: String,
    },
    /// Closes voting before its deadline; at the deadline it closes by itself
    Close {
        /// Id of the competition
        competition: Uuid,
    },
    /// Takes a provisional result for good: its prizes are won, and the record says who accepted it and why
    Accept {
        /// Id of the competition
        competition: Uuid,
        /// Why; it stands in the public record
        #[arg(long)]
        reason: String,
    },
    /// Ends a competition without a result
    Cancel {
        /// Id of the competition
        competition: Uuid,
        /// Why; it is kept
        #[arg(long)]
        reason: String,
    },
    /// Tells why an entry stands where it stands
    Explain {
        /// Id of the entry
        entry: Uuid,
    },
    /// Lists the places of a team over the months
    History {
        /// Id of the team
        team: String,
    },
    /// Writes the record, for `rapport verify`
    Export {
        /// Id of the competition
        competition: Uuid,
        /// The auditor's record: with the roll under pseudonyms, the sums by judge team and, under pairwise consensus until the
        /// result is final, the ballots without voters. The reading is recorded
        #[arg(long)]
        auditor: bool,
        /// Write to this file instead of standard output, where a terminal would be shown no control characters
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(args: CompetitionArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let mut server = client.competitions.clone();
    let request_id = || Uuid::new_v4().to_string();
    let json = args.json;
    match args.action {
        Action::Create(create) => {
            let request = create.request(&client, request_id()).await?;
            let created = server.create_competition(request).await.map_err(|status| explain(&status))?;
            show::competition(&created.into_inner().competition.unwrap_or_default(), json)
        }
        Action::List => show::competitions(&all(&client).await?, json),
        Action::Show { competition } => {
            let request = GetCompetitionRequest { competition_id: competition.to_string() };
            let found = server.get_competition(request).await.map_err(|status| explain(&status))?;
            show::competition(&found.into_inner().competition.unwrap_or_default(), json)
        }
        Action::Entries { competition } => {
            let mut entries = Vec::new();
            let mut page_token = String::new();
            loop {
                let competition_id = competition.to_string();
                let request = ListEntriesRequest { competition_id, page_size: 0, page_token };
                let page = server.list_entries(request).await.map_err(|status| explain(&status))?.into_inner();
                entries.extend(page.entries);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    return show::entries(&entries, json);
                }
            }
        }
        Action::Invite { competition, team, judges } => {
            let request = InviteJudgesRequest {
                request_id: request_id(),
                competition_id: competition.to_string(),
                team_id: team,
                judge_ids: judges,
            };
            let invited = server.invite_judges(request).await.map_err(|status| explain(&status))?.into_inner();
            show::invitations(&invited.invitations, json)
        }
        Action::Open { competition, public_draw } => {
            let request =
                OpenVotingRequest { request_id: request_id(), competition_id: competition.to_string(), public_draw };
            let opened = server.open_voting(request).await.map_err(|status| explain(&status))?.into_inner();
            show::opened(&opened, json)
        }
        Action::Close { competition } => {
            let request = CloseVotingRequest { request_id: request_id(), competition_id: competition.to_string() };
            let closed = server.close_voting(request).await.map_err(|status| explain(&status))?.into_inner();
            show::competition(&closed.competition.unwrap_or_default(), json)
        }
        Action::Accept { competition, reason } => {
            let request =
                AcceptResultRequest { request_id: request_id(), competition_id: competition.to_string(), reason };
            let accepted = server.accept_result(request).await.map_err(|status| explain(&status))?.into_inner();
            if json {
                say!("{}", json!({ "result_revision": accepted.result_revision }))?;
            } else {
                say!("accepted as revision {}; `rapport leaderboard` shows it", accepted.result_revision)?;
            }
            Ok(())
        }
        Action::Cancel { competition, reason } => {
            let request =
                CancelCompetitionRequest { request_id: request_id(), competition_id: competition.to_string(), reason };
            let cancelled = server.cancel_competition(request).await.map_err(|status| explain(&status))?.into_inner();
            show::competition(&cancelled.competition.unwrap_or_default(), json)
        }
        Action::Explain { entry } => {
            let request = ExplainStandingRequest { entry_id: entry.to_string() };
            let explained = server.explain_standing(request).await.map_err(|status| explain(&status))?.into_inner();
            show::explanation(&explained, json)
        }
        Action::History { team } => {
            let mut standings = Vec::new();
            let mut page_token = String::new();
            loop {
                let request = ListTeamStandingsRequest { team_id: team.clone(), page_size: 0, page_token };
                let page = server.list_team_standings(request).await.map_err(|status| explain(&status))?.into_inner();
                standings.extend(page.standings);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    return show::history(&standings, json);
                }
            }
        }
        Action::Export { competition, auditor, output } => {
            let audience = if auditor { RecordAudience::Auditor } else { RecordAudience::Public };
            let request = ExportRecordRequest { competition_id: competition.to_string(), audience: audience.into() };
            let record = server.export_record(request).await.map_err(|status| explain(&status))?.into_inner().record;
            match output {
                Some(file) => {
                    std::fs::write(&file, &record).with_context(|| format!("cannot write {}", file.display()))?;
                    if json {
                        say!("{}", json!({"file": file, "bytes": record.len()}))?;
                    } else {
                        let file = file.display().to_string();
                        say!("{} bytes in {}; check them with `rapport verify`", record.len(), one_line(&file))?;
                    }
                }
                None => out::file(&record)?,
            }
            Ok(())
        }
    }
}

async fn all(client: &Client) -> anyhow::Result<Vec<Competition>> {
    let (mut competitions, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListCompetitionsRequest { page_size: 0, page_token };
        let page = client.competitions.clone().list_competitions(request).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        competitions.extend(page.competitions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(competitions);
        }
    }
}
