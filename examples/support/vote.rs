//! A vote among teams of the directory.

use anyhow::Context as _;
use prost_types::Timestamp;
use rapport::{
    api::v1::{
        CloseVotingRequest, Competition, CompetitionRules, CreateCompetitionRequest, Entry, OpenVotingRequest,
        SubmitEntryRequest, UpdateCompetitionRequest,
    },
    cli::client::{Client, explain},
    clock::Clock,
};

const HOUR: i64 = 3_600;

/// Announces a competition, with an entry of each team and no more; gives its id. `name`: one of its own for each.
pub(crate) async fn announce(admin: &Client, name: &str, teams: &[String]) -> anyhow::Result<String> {
    let now = Clock::system().now_micros() / 1_000_000;
    let after = |seconds: i64| Some(Timestamp { seconds: now + seconds, nanos: 0 });
    let competition = Competition {
        title: name.to_owned(),
        rules: Some(CompetitionRules::default()),
        submission_deadline: after(HOUR),
        voting_deadline: after(24 * HOUR),
        ..Competition::default()
    };
    let request =
        CreateCompetitionRequest { request_id: format!("create-{name}"), competition: Some(competition.clone()) };
    let mut server = admin.competitions.clone();
    let created = server.create_competition(request).await.map_err(|status| explain(&status))?.into_inner();
    let created = created.competition.context("no competition")?;
    let competition_id = created.competition_id;
    for team_id in teams {
        let entry = Entry {
            competition_id: competition_id.clone(),
            team_id: team_id.clone(),
            title: format!("The plan of {team_id}"),
            what: "We call back".to_owned(),
            why: "Nobody likes to wait".to_owned(),
            ..Entry::default()
        };
        let request = SubmitEntryRequest { request_id: format!("entry-{name}-{team_id}"), entry: Some(entry) };
        server.submit_entry(request).await.map_err(|status| explain(&status))?;
    }
    let request = UpdateCompetitionRequest {
        request_id: format!("no-more-entries-{name}"),
        competition_id: competition_id.clone(),
        etag: created.etag,
        competition: Some(Competition { submission_deadline: after(0), ..competition }),
    };
    server.update_competition(request).await.map_err(|status| explain(&status))?;
    Ok(competition_id)
}

/// Opens an announced vote.
pub(crate) async fn open(admin: &Client, competition_id: &str) -> anyhow::Result<()> {
    let request = OpenVotingRequest {
        request_id: format!("open-{competition_id}"),
        competition_id: competition_id.to_owned(),
        ..OpenVotingRequest::default()
    };
    admin.competitions.clone().open_voting(request).await.map_err(|status| explain(&status))?;
    Ok(())
}

/// Closes an open vote.
pub(crate) async fn close(admin: &Client, competition_id: &str) -> anyhow::Result<()> {
    let request =
        CloseVotingRequest { request_id: format!("close-{competition_id}"), competition_id: competition_id.to_owned() };
    admin.competitions.clone().close_voting(request).await.map_err(|status| explain(&status))?;
    Ok(())
}
