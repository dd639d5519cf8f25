//! Handlers of what comes after the vote: the close, the leaderboard, accepting a provisional result.

use rapport_vote::{
    consensus::published::LastRound,
    result::{Acceptance, Placing, is_provisional},
};
use sea_orm::entity::prelude::Uuid;

use super::{
    super::{
        message,
        store::{
            self as rows,
            results::{self, ResultRevision},
            revising,
        },
        terms::Competition,
    },
    CompetitionApi,
    explaining::Explained,
};
use crate::{
    api::{
        convert::normal,
        v1::{self, ResultStatus},
    },
    call::{Call, actor, mutation, page_size},
    error::{Error, Result},
    page::Query,
};

const PAGE: u64 = 50;
const HISTORY: u64 = 24;
const AROUND: usize = 2;

impl CompetitionApi {
    pub(super) async fn close_voting(&self, call: Call<v1::CloseVotingRequest>) -> Result<v1::CloseVotingResponse> {
        let Call { caller, message, .. } = call;
        let id = message::id(&message.competition_id, "competition")?;
        // Closing twice is closing once: no request needs to be remembered.
        self.closing.close(Some(actor(&caller)), id).await?;
        Ok(v1::CloseVotingResponse { competition: Some(self.competition(id).await?) })
    }

    /// A competition with its result as it stands, and the number of that.
    async fn decided(&self, id: Uuid) -> Result<(Competition, i32, ResultRevision)> {
        let competition = self.current(id).await?;
        if !competition.has_result() {
            return Err(Error::ResultNotOut);
        }
        let mut results = results::results_of(self.store.reader(), id).await?;
        let revision = i32::try_from(results.len()).unwrap_or(i32::MAX);
        let latest = results.pop().ok_or_else(|| Error::internal("a closed competition without a result"))?;
        Ok((competition, revision, latest))
    }

    async fn standings(&self, id: Uuid, placings: &[Placing]) -> Result<Vec<v1::Standing>> {
        let mut titles = results::titles_of(self.store.reader(), id).await?;
        let mut write = |placing: &Placing| {
            let title = titles.remove(&placing.entry).unwrap_or_default();
            message::write_placing(placing, title)
        };
        Ok(placings.iter().map(&mut write).collect())
    }

    pub(super) async fn leaderboard(
        &self,
        call: Call<v1::GetLeaderboardRequest>,
    ) -> Result<v1::GetLeaderboardResponse> {
        let Call { caller, scope, message } = call;
        let id = message::id(&message.competition_id, "competition")?;
        let (competition, result_revision, outcome) = self.decided(id).await?;
        let (placings, result_status) = (&outcome.placings, status(&competition, &outcome));
        let team = normal(message.around_team_id);
        // A page of one revision goes on with that one only.
        let bound = [id.as_bytes().as_slice(), team.as_bytes(), &result_revision.to_be_bytes()].concat();
        let query = Query::new("GetLeaderboard", &scope.binding(&caller), &bound);
        let around = match usize::try_from(message.around).unwrap_or_default() {
            0 => AROUND,
            around => around,
        };
        let within = if team.is_empty() {
            &placings[..]
        } else {
            let at = placings.iter().position(|one| one.team == team).ok_or(Error::NotFound("entry of the team"))?;
            &placings[at.saturating_sub(around)..(at + around + 1).min(placings.len())]
        };
        let first = query.position(&message.page_token)?.map(<[u8; 8]>::try_from);
        let first = first.transpose().map_err(|_| Query::malformed())?.map_or(0, u64::from_be_bytes);
        let first = usize::try_from(first).unwrap_or(usize::MAX).min(within.len());
        let limit = usize::try_from(page_size(message.page_size, PAGE)).unwrap_or(usize::MAX);
        let end = first.saturating_add(limit).min(within.len());
        let more = end < within.len();
        let next_page_token = if more { query.token(&(end as u64).to_be_bytes()) } else { String::new() };
        Ok(v1::GetLeaderboardResponse {
            standings: self.standings(id, &within[first..end]).await?,
            competition: Some(message::write(competition)),
            result_revision,
            next_page_token,
            result_status: result_status.into(),
        })
    }

    pub(super) async fn explain(&self, call: Call<v1::ExplainStandingRequest>) -> Result<v1::ExplainStandingResponse> {
        let id = message::id(&call.message.entry_id, "entry")?;
        let plan = rows::find_plan(self.store.reader(), id).await?.ok_or(Error::NotFound("entry"))?;
        let (competition, _, outcome) = self.decided(plan.competition_id).await?;
        let entry = id.to_string();
        let at = outcome.placings.iter().position(|one| one.entry == entry).ok_or(Error::NotFound("entry"))?;
        let rounds = results::last_round_of(self.store.reader(), plan.competition_id).await?;
        let voices = rounds.iter().find(|round| round.entry == entry).and_then(LastRound::voices).unwrap_or_default();
        let status = status(&competition, &outcome);
        let tally = competition.announced.rules.tally;
        let explained = Explained { placings: &outcome.placings, at, tally, voices: &voices, status };
        Ok(explained.write(plan.text.title))
    }

    pub(super) async fn team_standings(
        &self,
        call: Call<v1::ListTeamStandingsRequest>,
    ) -> Result<v1::ListTeamStandingsResponse> {
        let Call { caller, scope, message } = call;
        let team = normal(message.team_id);
        let query = Query::new("ListTeamStandings", &scope.binding(&caller), team.as_bytes());
        let before = query.id_position(&message.page_token)?;
        let limit = page_size(message.page_size, HISTORY);
        let ids = results::history_of(self.store.reader(), &team, before, limit + 1).await?;
        let (ids, next_page_token) = query.page_of(ids, limit, |last| (*last).into());
        let mut standings = Vec::with_capacity(ids.len());
        for id in ids {
            let (competition, _, ResultRevision { placings, .. }) = self.decided(id).await?;
            let Some(own) = placings.iter().find(|one| one.team == team) else { continue };
            standings.push(v1::TeamStanding {
                competition: Some(message::write(competition)),
                standing: self.standings(id, std::slice::from_ref(own)).await?.pop(),
                entries: i32::try_from(placings.len()).unwrap_or(i32::MAX),
            });
        }
        Ok(v1::ListTeamStandingsResponse { standings, next_page_token })
    }

    /// The standings of one result, for those who watch; none before the close.
    pub(in super::super) async fn standings_of(
        &self,
        id: Uuid,
        result_revision: i32,
    ) -> Result<(Vec<v1::Standing>, ResultStatus)> {
        let at = usize::try_from(result_revision).ok().and_then(|number| number.checked_sub(1));
        let results = if at.is_some() { results::results_of(self.store.reader(), id).await? } else { Vec::new() };
        let Some(outcome) = at.and_then(|at| results.get(at)) else {
            return Ok((Vec::new(), ResultStatus::Unspecified));
        };
        let locked = rows::find(self.store.reader(), id).await?.ok_or(Error::NotFound("competition"))?;
        Ok((self.standings(id, &outcome.placings).await?, status(&locked.competition, outcome)))
    }

    pub(super) async fn accept_result(&self, call: Call<v1::AcceptResultRequest>) -> Result<v1::AcceptResultResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "AcceptResult", request_id, &message);
        let id = message::id(&message.competition_id, "competition")?;
        let reason = normal(message.reason);
        let (api, who, teams) = (self.clone(), actor(&caller), caller.principal.teams.clone());
        let result_revision = self
            .store
            .change(mutation, move |tx, _| {
                let (api, who, teams, reason) = (api.clone(), who.clone(), teams.clone(), reason.clone());
                Box::pin(
                    async move { revising::accept(tx, (&api.store, &api.vault), (&who, &teams), id, &reason).await },
                )
            })
            .await?;
        Ok(v1::AcceptResultResponse { result_revision })
    }
}

/// What a result may be taken for.
fn status(competition: &Competition, outcome: &ResultRevision) -> ResultStatus {
    match outcome.acceptance {
        Acceptance::Accepted => ResultStatus::Accepted,
        Acceptance::None if is_provisional(&competition.announced.rules, &outcome.placings) => {
            ResultStatus::Provisional
        }
        Acceptance::None => ResultStatus::Judged,
    }
}
