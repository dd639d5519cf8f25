//! Handlers of what comes after the vote: the close, the leaderboard, why an entry stands where it stands.

use rapport_vote::result::Placing;
use sea_orm::entity::prelude::Uuid;

use super::{
    super::{
        message,
        store::{self as rows, results},
        terms::Competition,
    },
    CompetitionApi,
    announcing::actor,
};
use crate::{
    api::{convert::normal, v1},
    call::{Call, page_size},
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
    async fn decided(&self, id: Uuid) -> Result<(Competition, i32, Vec<Placing>)> {
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
        let (competition, result_revision, placings) = self.decided(id).await?;
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
        })
    }

    pub(super) async fn explain(&self, call: Call<v1::ExplainStandingRequest>) -> Result<v1::ExplainStandingResponse> {
        let id = message::id(&call.message.entry_id, "entry")?;
        let plan = rows::find_plan(self.store.reader(), id).await?.ok_or(Error::NotFound("entry"))?;
        let (_, _, placings) = self.decided(plan.competition_id).await?;
        let entry = id.to_string();
        let at = placings.iter().position(|one| one.entry == entry).ok_or(Error::NotFound("entry"))?;
        Ok(explanation(&placings, at, plan.text.title))
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
            let (competition, _, placings) = self.decided(id).await?;
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
    pub(in super::super) async fn standings_of(&self, id: Uuid, result_revision: i32) -> Result<Vec<v1::Standing>> {
        let Some(at) = usize::try_from(result_revision).ok().and_then(|number| number.checked_sub(1)) else {
            return Ok(Vec::new());
        };
        let results = results::results_of(self.store.reader(), id).await?;
        self.standings(id, results.get(at).map_or(&[][..], Vec::as_slice)).await
    }
}

/// Why an entry stands where it stands.
fn explanation(placings: &[Placing], at: usize, title: String) -> v1::ExplainStandingResponse {
    let own = &placings[at];
    let above = placings.iter().filter(|one| one.place > 0 && one.place < own.place).max_by_key(|one| one.place);
    let needed = above.and_then(|above| Some(above.result.as_ref()?.nanos - own.result.as_ref()?.nanos));
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    v1::ExplainStandingResponse {
        text: in_words(placings, own, above.map(|above| above.place).zip(needed)),
        standing: Some(message::write_placing(own, title)),
        ballots: i32::try_from(own.ballots).unwrap_or(i32::MAX),
        judge_teams: count(own.judges),
        trimmed: count(own.trimmed),
        untrimmed_score: own.untrimmed.map(|nanos| nanos as f64 / 1e9),
        next_place: above.map_or(0, |above| count(above.place)),
        needed: needed.map(|nanos| nanos as f64 / 1e9),
    }
}

fn in_words(placings: &[Placing], own: &Placing, next: Option<(usize, i64)>) -> String {
    let shown = |nanos: i64| format!("{:.4}", nanos as f64 / 1e9);
    let mut text = match own.place {
        0 => "Disqualified.".to_owned(),
        place => {
            let equals = placings.iter().filter(|one| one.place == place).count();
            let shared = if equals > 1 { format!(", shared by {equals}") } else { String::new() };
            format!("Place {place} of {}{shared}.", placings.iter().filter(|one| one.place > 0).count())
        }
    };
    let judged = format!(" It was on {} ballots of {} judge teams", own.ballots, own.judges);
    match &own.score {
        None => text.push_str(&format!("{judged}, too few for a score.")),
        Some(score) => {
            text.push_str(&judged);
            if own.trimmed > 0 {
                text.push_str(&format!("; the {0} lowest and the {0} highest teams were left out", own.trimmed));
            }
            text.push_str(&format!(", which leaves a score of {}", shown(score.nanos)));
            if let (Some(low), Some(high)) = (own.low, own.high) {
                text.push_str(&format!(" (with other judge teams between {} and {})", shown(low), shown(high)));
            }
            text.push('.');
            if let Some(untrimmed) = own.untrimmed {
                text.push_str(&format!(" With all teams it would be {}.", shown(untrimmed)));
            }
        }
    }
    if let Some(outcome) = &own.outcome {
        text.push_str(&format!(" Its customers put the team at {} between 0 and 1.", shown(outcome.nanos)));
    }
    if let Some((place, needed)) = next {
        text.push_str(&format!(" Place {place} would have needed {} more.", shown(needed)));
    }
    if let Some(prize) = own.prize.as_ref().filter(|prize| prize.by_lot) {
        text.push_str(&format!(" A lot drawn by the published seed gave it the prize, {}.", prize.name));
    }
    text
}
