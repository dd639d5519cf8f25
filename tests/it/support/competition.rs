//! A competition up to the vote: teams `t0`, `t1` and so on, in them `t0-s0`, `t0-s1` and so on, an entry each.

use std::collections::BTreeMap;

use prost_types::Timestamp;
use rapport::api::v1::{
    self, BallotForm, BallotReceipt, CastBallotRequest, CompetitionRules, GetMyBallotResponse, SwapRule,
};
use tonic::{Response, Status};

use super::{
    Caller, Server,
    client::request_id,
    sample::{staff, team},
};

const DAY: i64 = 86_400;

pub(crate) struct Vote {
    pub(crate) id: String,
    /// By team.
    pub(crate) entries: BTreeMap<String, String>,
}

/// Panels of 8.
pub(crate) fn dealt() -> CompetitionRules {
    CompetitionRules { form: BallotForm::RankedPanel.into(), ..Default::default() }
}

/// An open choice.
pub(crate) fn chosen(choices: i32, swap_rule: SwapRule) -> CompetitionRules {
    CompetitionRules { form: BallotForm::OpenChoice.into(), choices, swap_rule: swap_rule.into(), ..Default::default() }
}

pub(crate) fn member(team: usize, number: usize) -> String {
    format!("t{team}-s{number}")
}

fn instant(micros: i64) -> Option<Timestamp> {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap();
    Some(Timestamp { seconds: micros.div_euclid(1_000_000), nanos })
}

/// Teams of so many members each.
pub(crate) async fn enrol(server: &Server, sizes: &[usize]) {
    let teams = (0..sizes.len()).map(|n| team(&format!("t{n}"))).collect();
    let request = v1::BatchUpsertTeamsRequest { request_id: request_id(), teams, ..Default::default() };
    server.app().directory().batch_upsert_teams(request).await.unwrap();
    let of =
        |(n, size): (usize, &usize)| (0..*size).map(|m| staff(&member(n, m), &format!("t{n}"))).collect::<Vec<_>>();
    let staff_members = sizes.iter().enumerate().flat_map(of).collect();
    let request = v1::BatchUpsertStaffMembersRequest { request_id: request_id(), staff_members, ..Default::default() };
    server.app().directory().batch_upsert_staff_members(request).await.unwrap();
}

/// Announced at `now` (microseconds): an hour for entries, ten days to vote.
pub(crate) fn announcement(now: i64, rules: CompetitionRules) -> v1::Competition {
    v1::Competition {
        title: "November".to_owned(),
        rules: Some(rules),
        submission_deadline: instant(now + 3_600_000_000),
        voting_deadline: instant(now + 10 * DAY * 1_000_000),
        ..Default::default()
    }
}

/// Announces again that entries are taken until an hour sooner, which is when [`announcement`] was made.
pub(crate) async fn end_submission(admin: &Caller, competition_id: &str) {
    let mut admin = admin.competitions();
    let request = v1::GetCompetitionRequest { competition_id: competition_id.to_owned() };
    let mut competition = admin.get_competition(request).await.unwrap().into_inner().competition.unwrap();
    if competition.state() != v1::CompetitionState::Submitting {
        return;
    }
    if let Some(deadline) = &mut competition.submission_deadline {
        deadline.seconds -= 3_600;
    }
    let request = v1::UpdateCompetitionRequest {
        request_id: request_id(),
        competition_id: competition_id.to_owned(),
        etag: competition.etag.clone(),
        competition: Some(competition),
    };
    admin.update_competition(request).await.unwrap();
}

pub(crate) fn plan(competition_id: &str, team_id: &str) -> v1::Entry {
    v1::Entry {
        competition_id: competition_id.to_owned(),
        team_id: team_id.to_owned(),
        title: format!("Plan of {team_id}"),
        what: "We call back".to_owned(),
        why: "Nobody likes to wait".to_owned(),
        ..Default::default()
    }
}

impl Vote {
    /// Announces it now, with an entry of each of the first `teams`.
    pub(crate) async fn announce(server: &Server, teams: usize, rules: CompetitionRules) -> Self {
        let now = rapport::clock::Clock::system().now_micros();
        Self::announce_at(server, now, teams, rules).await
    }

    pub(crate) async fn announce_at(server: &Server, now: i64, teams: usize, rules: CompetitionRules) -> Self {
        let mut admin = server.admin().competitions();
        let competition = Some(announcement(now, rules));
        let request = v1::CreateCompetitionRequest { request_id: request_id(), competition };
        let created = admin.create_competition(request).await.unwrap().into_inner().competition.unwrap();
        let mut entries = BTreeMap::new();
        for n in 0..teams {
            let team_id = format!("t{n}");
            let entry = Some(plan(&created.competition_id, &team_id));
            let request = v1::SubmitEntryRequest { request_id: request_id(), entry };
            let entry = admin.submit_entry(request).await.unwrap().into_inner().entry.unwrap();
            entries.insert(team_id, entry.entry_id);
        }
        Self { id: created.competition_id, entries }
    }

    /// Announces it and opens the vote.
    pub(crate) async fn opened(server: &Server, teams: usize, rules: CompetitionRules) -> Self {
        let vote = Self::announce(server, teams, rules).await;
        vote.open(server).await.unwrap();
        vote
    }

    /// Announces that no more entries are taken, and opens the vote.
    pub(crate) async fn open(&self, server: &Server) -> Result<v1::OpenVotingResponse, Status> {
        end_submission(&server.admin(), &self.id).await;
        let competition_id = self.id.clone();
        let request = v1::OpenVotingRequest { request_id: request_id(), competition_id, public_draw: String::new() };
        server.admin().competitions().open_voting(request).await.map(Response::into_inner)
    }

    pub(crate) fn entry(&self, team: usize) -> String {
        self.entries[&format!("t{team}")].clone()
    }

    pub(crate) async fn ballot(&self, caller: &Caller) -> Result<GetMyBallotResponse, Status> {
        self.ballot_of(caller, "").await
    }

    pub(crate) async fn ballot_of(&self, caller: &Caller, token: &str) -> Result<GetMyBallotResponse, Status> {
        let request = v1::GetMyBallotRequest { competition_id: self.id.clone(), ballot_token: token.to_owned() };
        caller.competitions().get_my_ballot(request).await.map(Response::into_inner)
    }

    /// Entries dealt to a caller, in the order of dealing.
    pub(crate) async fn panel(&self, caller: &Caller) -> Vec<String> {
        self.ballot(caller).await.unwrap().panel.into_iter().map(|entry| entry.entry_id).collect()
    }

    pub(crate) fn casting(&self, entry_ids: &[String], revision: i64) -> CastBallotRequest {
        CastBallotRequest {
            request_id: request_id(),
            competition_id: self.id.clone(),
            entry_ids: entry_ids.to_vec(),
            revision,
            ..Default::default()
        }
    }

    pub(crate) async fn cast(
        &self,
        caller: &Caller,
        entries: &[String],
        revision: i64,
    ) -> Result<BallotReceipt, Status> {
        cast(caller, self.casting(entries, revision)).await
    }

    /// Gives the revision for the next ballot.
    pub(crate) async fn withdraw(&self, caller: &Caller, revision: i64) -> Result<i64, Status> {
        let (request_id, competition_id) = (request_id(), self.id.clone());
        let request = v1::WithdrawBallotRequest { request_id, competition_id, revision, ..Default::default() };
        Ok(caller.competitions().withdraw_ballot(request).await?.into_inner().revision)
    }

    pub(crate) async fn draft(&self, caller: &Caller, entries: &[String]) -> Result<(), Status> {
        let request =
            v1::SaveDraftRequest { competition_id: self.id.clone(), entry_ids: entries.to_vec(), ..Default::default() };
        caller.competitions().save_draft(request).await.map(drop)
    }
}

pub(crate) async fn cast(caller: &Caller, request: CastBallotRequest) -> Result<BallotReceipt, Status> {
    Ok(caller.competitions().cast_ballot(request).await?.into_inner().receipt.unwrap())
}
