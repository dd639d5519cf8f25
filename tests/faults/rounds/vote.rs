//! Servers are killed while a competition is announced, opened, voted on and closed.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use prost_types::Timestamp;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rapport::{
    api::v1::{
        CastBallotRequest, CloseVotingRequest, Competition, CompetitionRules, CreateCompetitionRequest, Entry,
        GetMyBallotRequest, OpenVotingRequest, Role, SubmitEntryRequest, UpdateCompetitionRequest,
    },
    auth::Authenticator,
    cli::client::Client,
    clock::Clock,
    config::{Config, ServeArgs},
};
use tonic::{Code, Status};

use super::Task;
use crate::{
    organisation,
    places::Place,
    process::{self, Server},
};

const VOTERS: u64 = 60;
/// From the announcement to the end of the vote in seconds: longer than all of it takes.
const VOTING: i64 = 3_600;
/// In how many milliseconds a close is met by its kill.
const CLOSING: u64 = 300;

/// The whole competition again and again under the same request ids, until a run of it meets no kill. The last third of the
/// kills come while the vote is closed.
pub(super) async fn killed_during_a_vote(task: Task) -> anyhow::Result<String> {
    let place = Place::new(task.backend)?;
    let mut random = StdRng::seed_from_u64(task.seed);
    let mut server = Server::start(&place).await?;
    organisation::enrol(&server.client).await?;
    let begun = Clock::system().now_micros() / 1_000_000;
    let mut answers = BTreeMap::new();
    for kill in 0..task.size {
        let mut vote = Vote { place: &place, endpoint: server.endpoint.clone(), begun, answers: &mut answers };
        if kill < task.size - task.size.div_ceil(3) {
            let patience = Duration::from_millis(random.random_range(20..2_500));
            Box::pin(kill_during(vote.run(), &mut server, patience)).await?;
        } else {
            vote.run().await.context("before the close")?;
            let patience = Duration::from_millis(random.random_range(0..CLOSING));
            kill_during(vote.close(), &mut server, patience).await?;
        }
        server = Server::start(&place).await?;
    }
    let mut vote = Vote { place: &place, endpoint: server.endpoint.clone(), begun, answers: &mut answers };
    vote.run().await.context("undisturbed")?;
    vote.close().await.context("the close, undisturbed")?;
    let competition_id = answers.get("create").context("no competition")?.clone();
    let record = place.file("record");
    let export = std::process::Command::new(process::program())
        .args(["competition", "--endpoint", &server.endpoint, "export", &competition_id, "--output"])
        .arg(&record)
        .env("RAPPORT_TOKEN", &server.token)
        .output()?;
    ensure!(export.status.success(), "no record: {}", String::from_utf8_lossy(&export.stderr));
    let verify = std::process::Command::new(process::program()).arg("verify").arg(&record).output()?;
    ensure!(verify.status.success(), "the record does not verify: {}", String::from_utf8_lossy(&verify.stdout));
    server.terminate().await?;
    Ok(format!("{} steps, each answered the same every time; the record verifies", answers.len()))
}

/// Kills the server in the middle of what it is asked to do, or right after it.
async fn kill_during(
    work: impl Future<Output = anyhow::Result<()>>,
    server: &mut Server,
    patience: Duration,
) -> anyhow::Result<()> {
    let mut work = std::pin::pin!(work);
    // An error is what a kill looks like from outside; who waits for the answer still does when it comes.
    _ = tokio::time::timeout(patience, &mut work).await;
    server.kill()
}

struct Vote<'a> {
    place: &'a Place,
    endpoint: String,
    begun: i64,
    /// By step, what it was answered.
    answers: &'a mut BTreeMap<String, String>,
}

impl Vote<'_> {
    fn client(&self, role: Role, subject: &str) -> anyhow::Result<Client> {
        let args = ServeArgs { data_dir: Some(self.place.directory.display().to_string()), ..ServeArgs::default() };
        let auth = Config::resolve(&args, |_| None)?.auth;
        let authenticator = Authenticator::new(&auth, &self.place.directory, Clock::system())?;
        Client::lazy(&self.endpoint, &authenticator.sign(role, subject, &[], Duration::from_secs(3_000))?)
    }

    fn note(&mut self, step: &str, answer: String) -> anyhow::Result<()> {
        let before = self.answers.entry(step.to_owned()).or_insert_with(|| answer.clone());
        ensure!(*before == answer, "{step} was answered {before:?} and is {answer:?}");
        Ok(())
    }

    /// Every step up to the last ballot.
    async fn run(&mut self) -> anyhow::Result<()> {
        let admin = self.client(Role::Admin, "ada")?;
        let mut competitions = admin.competitions.clone();
        let begun = self.begun;
        let after = |seconds: i64| Some(Timestamp { seconds: begun + seconds, nanos: 0 });
        let competition = Competition {
            title: "Kills".to_owned(),
            rules: Some(CompetitionRules::default()),
            submission_deadline: after(VOTING - 10),
            voting_deadline: after(VOTING),
            ..Competition::default()
        };
        let request =
            CreateCompetitionRequest { request_id: "create".to_owned(), competition: Some(competition.clone()) };
        let created = competitions.create_competition(request).await?.into_inner().competition;
        let created = created.context("no competition")?;
        let competition_id = created.competition_id.clone();
        self.note("create", competition_id.clone())?;
        // A repeated request is the same to the byte, also after the change it asks for has moved the etag on.
        let etag = self.answers.entry("etag".to_owned()).or_insert(created.etag).clone();
        for n in 0..organisation::TEAMS {
            let entry = Entry {
                competition_id: competition_id.clone(),
                team_id: format!("team-{n}"),
                title: format!("Plan {n}"),
                what: "We call back".to_owned(),
                why: "Nobody likes to wait".to_owned(),
                ..Entry::default()
            };
            let request = SubmitEntryRequest { request_id: format!("entry-{n}"), entry: Some(entry) };
            let entry = competitions.submit_entry(request).await?.into_inner().entry.context("no entry")?;
            self.note(&format!("entry {n}"), entry.entry_id)?;
        }
        let request = UpdateCompetitionRequest {
            request_id: "no more entries".to_owned(),
            competition_id: competition_id.clone(),
            etag,
            competition: Some(Competition { submission_deadline: after(0), ..competition }),
        };
        competitions.update_competition(request).await?;
        let (request_id, public_draw) = ("open".to_owned(), String::new());
        let request = OpenVotingRequest { request_id, competition_id: competition_id.clone(), public_draw };
        let opened = competitions.open_voting(request).await?.into_inner().competition.context("no competition")?;
        self.note("open", opened.competition_id)?;
        for n in 0..VOTERS {
            self.vote(&competition_id, n).await?;
        }
        Ok(())
    }

    async fn close(&mut self) -> anyhow::Result<()> {
        let competition_id = self.answers.get("create").context("no competition")?.clone();
        let request = CloseVotingRequest { request_id: "close".to_owned(), competition_id };
        let mut competitions = self.client(Role::Admin, "ada")?.competitions.clone();
        let closed = competitions.close_voting(request).await?.into_inner().competition.context("no competition")?;
        self.note("close", closed.state().as_str_name().to_owned())
    }

    async fn vote(&mut self, competition_id: &str, n: u64) -> anyhow::Result<()> {
        let mut voter = self.client(Role::Staff, &format!("agent-{n}"))?.competitions.clone();
        let asked = GetMyBallotRequest { competition_id: competition_id.to_owned(), ballot_token: String::new() };
        let ballot = match voter.get_my_ballot(asked).await {
            Ok(ballot) => ballot.into_inner(),
            Err(status) if is_closed(&status) => return Ok(()),
            Err(status) => return Err(status.into()),
        };
        let mut panel: Vec<String> = ballot.panel.into_iter().map(|entry| entry.entry_id).collect();
        panel.sort();
        let request = CastBallotRequest {
            request_id: "ballot".to_owned(),
            competition_id: competition_id.to_owned(),
            ballot_token: String::new(),
            entry_ids: panel,
            revision: 0,
        };
        match voter.cast_ballot(request).await {
            Ok(cast) => {
                let receipt = cast.into_inner().receipt.context("no receipt")?;
                self.note(&format!("ballot {n}"), format!("{} {:?}", receipt.revision, receipt))
            }
            Err(status) if is_closed(&status) => Ok(()),
            Err(status) => Err(status.into()),
        }
    }
}

fn is_closed(status: &Status) -> bool {
    status.code() == Code::FailedPrecondition
}
