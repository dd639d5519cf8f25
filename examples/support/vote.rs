//! A vote among teams of the directory.

use anyhow::Context as _;
use prost_types::Timestamp;
use rapport::{
    api::v1::{
        BatchUpsertStaffMembersRequest, BatchUpsertTeamsRequest, CloseVotingRequest, Competition, CompetitionRules,
        CreateCompetitionRequest, Entry, OpenVotingRequest, StaffMember, StaffRole, SubmitEntryRequest, Team,
        UpdateCompetitionRequest,
    },
    cli::client::{Client, explain},
    clock::Clock,
};

const HOUR: i64 = 3_600;

/// Colleagues of one batch.
const BATCH: usize = 500;

/// Teams `{name}0`, `{name}1` and so on, each with so many voters (see [`member`]); gives the ids of the teams.
pub(crate) async fn enrol(admin: &Client, name: &str, teams: usize, voters: usize) -> anyhow::Result<Vec<String>> {
    let ids: Vec<String> = (0..teams).map(|team| format!("{name}{team}")).collect();
    let teams = ids.iter().map(|id| Team { team_id: id.clone(), ..Team::default() }).collect();
    let request = BatchUpsertTeamsRequest { request_id: name.to_owned(), teams, ..Default::default() };
    admin.directory.clone().batch_upsert_teams(request).await.map_err(|status| explain(&status))?;
    let person = |team: &String, number| StaffMember {
        staff_id: member(team, number),
        role: StaffRole::Agent.into(),
        team_id: team.clone(),
        ..StaffMember::default()
    };
    let people = ids.iter().flat_map(|team| (0..voters).map(move |number| person(team, number)));
    let people: Vec<StaffMember> = people.collect();
    for (number, some) in people.chunks(BATCH).enumerate() {
        let (request_id, staff_members) = (format!("{name}-{number}"), some.to_vec());
        let request = BatchUpsertStaffMembersRequest { request_id, staff_members, ..Default::default() };
        admin.directory.clone().batch_upsert_staff_members(request).await.map_err(|status| explain(&status))?;
    }
    Ok(ids)
}

/// The id of a team's voter, counted from 0.
pub(crate) fn member(team: &str, number: usize) -> String {
    format!("{team}-{number}")
}

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
