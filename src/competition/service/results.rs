//! Handlers of what comes after the vote: the close, the leaderboard, accepting a provisional result.

use std::{collections::BTreeMap, sync::Arc};

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

/// What has come of a competition: links of its chain, which are never changed, and titles, which voting freezes.
pub(super) struct Board {
    results: Vec<ResultRevision>,
    titles: BTreeMap<String, String>,
}

impl Board {
    /// What it takes in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let placings: usize = self.results.iter().map(|result| result.placings.len()).sum();
        let titles: usize = self.titles.values().map(String::len).sum();
        placings * size_of::<Placing>() * 2 + self.titles.len() * 64 + titles
    }

    /// The result as it stands, and its number.
    fn latest(&self) -> Result<(i32, &ResultRevision)> {
        let latest = self.results.last().ok_or_else(|| Error::internal("a closed competition without a result"))?;
        Ok((i32::try_from(self.results.len()).unwrap_or(i32::MAX), latest))
    }

    fn standings(&self, placings: &[Placing]) -> Vec<v1::Standing> {
        let title = |placing: &Placing| self.titles.get(&placing.entry).cloned().unwrap_or_default();
        placings.iter().map(|placing| message::write_placing(placing, title(placing))).collect()
    }
}

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
    async fn decided(&self, id: Uuid) -> Result<(Competition, Arc<Board>)> {
        let competition = self.current(id).await?;
        if !competition.has_result() {
            return Err(Error::ResultNotOut);
        }
        Ok((competition, self.board(id).await?))
    }

    async fn board(&self, id: Uuid) -> Result<Arc<Board>> {
        let reader = self.store.reader();
        let read = async {
            let (results, titles) = (results::results_of(reader, id).await?, results::titles_of(reader, id).await?);
            Ok(Arc::new(Board { results, titles }))
        };
        self.boards.answer(&self.store, id.to_string(), read).await
    }

    pub(super) async fn leaderboard(
        &self,
        call: Call<v1::GetLeaderboardRequest>,
    ) -> Result<v1::GetLeaderboardResponse> {
        let Call { caller, scope, message } = call;
        let id = message::id(&message.competition_id, "competition")?;
        let (competition, board) = self.decided(id).await?;
        let (result_revision, outcome) = board.latest()?;
        let (placings, result_status) = (&outcome.placings, status(&competition, outcome));
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
            standings: board.standings(&within[first..end]),
            competition: Some(message::write(competition)),
            result_revision,
            next_page_token,
            result_status: result_status.into(),
        })
    }

    pub(super) async fn explain(&self, call: Call<v1::ExplainStandingRequest>) -> Result<v1::ExplainStandingResponse> {
        let id = message::id(&call.message.entry_id, "entry")?;
        let plan = rows::find_plan(self.store.reader(), id).await?.ok_or(Error::NotFound("entry"))?;
        let (competition, board) = self.decided(plan.competition_id).await?;
        let (_, outcome) = board.latest()?;
        let entry = id.to_string();
        let at = outcome.placings.iter().position(|one| one.entry == entry).ok_or(Error::NotFound("entry"))?;
        let rounds = results::last_round_of(self.store.reader(), plan.competition_id).await?;
        let voices = rounds.iter().find(|round| round.entry == entry).and_then(LastRound::voices).unwrap_or_default();
        let status = status(&competition, outcome);
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
            let (competition, board) = self.decided(id).await?;
            let (_, ResultRevision { placings, .. }) = board.latest()?;
            let Some(own) = placings.iter().find(|one| one.team == team) else { continue };
            standings.push(v1::TeamStanding {
                competition: Some(message::write(competition)),
                standing: board.standings(std::slice::from_ref(own)).pop(),
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
        let Some(at) = at else { return Ok((Vec::new(), ResultStatus::Unspecified)) };
        let board = self.board(id).await?;
        let Some(outcome) = board.results.get(at) else { return Ok((Vec::new(), ResultStatus::Unspecified)) };
        let locked = rows::find(self.store.reader(), id).await?.ok_or(Error::NotFound("competition"))?;
        Ok((board.standings(&outcome.placings), status(&locked.competition, outcome)))
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
