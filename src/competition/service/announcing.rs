//! Handlers of what comes before the vote: the announcement, entries, conflicts, invited judges, the opening.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rapport_vote::tally::FEWEST_BALLOTS;
use sea_orm::entity::prelude::Uuid;

use super::{
    super::{
        message::{self, View},
        store::{
            self as rows, announce,
            opening::{self, Opened},
            plans,
        },
        terms::{Announcement, Competition, Plan, PlanText},
    },
    CompetitionApi,
};
use crate::{
    api::{
        convert::normal,
        v1::{self, CompetitionState, OpeningWarningKind},
    },
    auth::Caller,
    call::{Call, actor, mutation, page_size},
    directory::store::{Named, cannot_begin, find_team, find_teams, known_among},
    error::{Error, Reason, Result, Violation},
    interaction,
    page::Query,
    reach::{Scope, Sight},
    survey::token_hash,
};

const PAGE: u64 = 50;

/// Entries from which on agreements of few teams gain little, and neutral judge teams that make up for fewer: docs/swapping.md.
const ENOUGH_ENTRIES: usize = 12;
const ENOUGH_NEUTRAL: usize = 4;

/// How often a vote is dealt again because something changed meanwhile.
const OPENING_TRIES: u32 = 5;

impl CompetitionApi {
    pub(super) async fn create(
        &self,
        call: Call<v1::CreateCompetitionRequest>,
    ) -> Result<v1::CreateCompetitionResponse> {
        let Call { caller, mut message, .. } = call;
        let id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "CreateCompetition", id, &message);
        let announced = self.announcement(message.competition.unwrap_or_default()).await?;
        let (api, actor) = (self.clone(), actor(&caller));
        let id = self
            .store
            .change(mutation, move |tx, now| {
                let (api, actor, announced) = (api.clone(), actor.clone(), announced.clone());
                Box::pin(async move { announce::create(tx, (&api.store, &api.vault), now, &actor, &announced).await })
            })
            .await?;
        Ok(v1::CreateCompetitionResponse { competition: Some(self.competition(id).await?) })
    }

    pub(super) async fn update(
        &self,
        call: Call<v1::UpdateCompetitionRequest>,
    ) -> Result<v1::UpdateCompetitionResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "UpdateCompetition", request_id, &message);
        let id = message::id(&message.competition_id, "competition")?;
        let announced = self.announcement(message.competition.unwrap_or_default()).await?;
        let (api, actor, etag) = (self.clone(), actor(&caller), message.etag);
        let changed = self
            .store
            .change(mutation, move |tx, _| {
                let (api, actor, announced, etag) = (api.clone(), actor.clone(), announced.clone(), etag.clone());
                Box::pin(async move { announce::update(tx, &api.store, &actor, id, &announced, &etag).await })
            })
            .await;
        let id = self.frozen(&caller, "UpdateCompetition", id, changed).await?;
        Ok(v1::UpdateCompetitionResponse { competition: Some(self.competition(id).await?) })
    }

    pub(super) async fn cancel(
        &self,
        call: Call<v1::CancelCompetitionRequest>,
    ) -> Result<v1::CancelCompetitionResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "CancelCompetition", request_id, &message);
        let id = message::id(&message.competition_id, "competition")?;
        let (api, actor, reason) = (self.clone(), actor(&caller), message.reason);
        let id = self
            .store
            .change(mutation, move |tx, _| {
                let (api, actor, reason) = (api.clone(), actor.clone(), reason.clone());
                Box::pin(async move { announce::cancel(tx, &api.store, &actor, id, &reason).await })
            })
            .await?;
        self.store.forget().await;
        Ok(v1::CancelCompetitionResponse { competition: Some(self.competition(id).await?) })
    }

    pub(super) async fn get(&self, call: Call<v1::GetCompetitionRequest>) -> Result<v1::GetCompetitionResponse> {
        let id = message::id(&call.message.competition_id, "competition")?;
        Ok(v1::GetCompetitionResponse { competition: Some(self.competition(id).await?) })
    }

    pub(super) async fn list(&self, call: Call<v1::ListCompetitionsRequest>) -> Result<v1::ListCompetitionsResponse> {
        let Call { caller, scope, message } = call;
        let query = Query::new("ListCompetitions", &scope.binding(&caller), &[]);
        let limit = page_size(message.page_size, PAGE);
        let before = query.id_position(&message.page_token)?;
        let read = |before, count| rows::list(self.store.reader(), before, count);
        let (found, next_page_token) = query.page(limit, before, read, |last| last.id, Into::into).await?;
        Ok(v1::ListCompetitionsResponse {
            competitions: found.into_iter().map(message::write).collect(),
            next_page_token,
        })
    }

    /// What is announced, checked against the directory too.
    async fn announcement(&self, told: v1::Competition) -> Result<Announcement> {
        let announced = message::read_announcement(told, self.store.clock().now_micros())?;
        let rules = &announced.rules;
        let staff = rules.additional_voters.iter().chain(&rules.excluded).cloned().collect();
        let known = known_among(self.store.reader(), Named { staff, ..Named::default() }).await?;
        let teams = find_teams(self.store.reader(), &rules.neutral_teams).await?;
        let mut found = Vec::new();
        for team in &rules.neutral_teams {
            if let Some((reason, rule)) = cannot_begin(teams.get(team)) {
                let rule = format!("{rule}: {team:?} is not");
                found.push(Violation::new("competition.rules.neutral_team_ids", reason, rule));
            }
        }
        for (field, names) in
            [("additional_voter_ids", &rules.additional_voters), ("excluded_staff_ids", &rules.excluded)]
        {
            for name in names.iter().filter(|name| !known.staff.contains_key(*name)) {
                let rule = format!("must be a colleague of the directory: {name:?} is not");
                found.push(Violation::new(format!("competition.rules.{field}"), Reason::UnknownStaff, rule));
            }
        }
        Error::unless_empty(found)?;
        Ok(announced)
    }

    pub(super) async fn submit_entry(&self, call: Call<v1::SubmitEntryRequest>) -> Result<v1::SubmitEntryResponse> {
        let Call { caller, scope, mut message } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "SubmitEntry", request_id, &message);
        let told = message.entry.unwrap_or_default();
        let competition = message::id(&told.competition_id, "competition")?;
        let team = normal(told.team_id.clone());
        self.check_team(&scope, &team).await?;
        let text = self.plan_text(&caller, &told, &team).await?;
        let api = self.clone();
        let submitted = self
            .store
            .change(mutation, move |tx, _| {
                let (api, team, text) = (api.clone(), team.clone(), text.clone());
                Box::pin(async move { plans::submit(tx, &api.store, competition, &team, &text).await })
            })
            .await;
        let id = self.frozen(&caller, "SubmitEntry", competition, submitted).await?;
        Ok(v1::SubmitEntryResponse { entry: self.own_plan(id).await? })
    }

    pub(super) async fn revise_entry(&self, call: Call<v1::ReviseEntryRequest>) -> Result<v1::ReviseEntryResponse> {
        let Call { caller, scope, mut message } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "ReviseEntry", request_id, &message);
        let plan = self.plan_within(&scope, &message.entry_id).await?;
        let text = self.plan_text(&caller, &message.entry.unwrap_or_default(), &plan.team_id).await?;
        let (api, competition, etag) = (self.clone(), plan.competition_id, message.etag);
        let revised = self
            .store
            .change(mutation, move |tx, _| {
                let (api, plan, text, etag) = (api.clone(), plan.clone(), text.clone(), etag.clone());
                Box::pin(async move { plans::revise(tx, &api.store, &plan, &text, &etag).await })
            })
            .await;
        let id = self.frozen(&caller, "ReviseEntry", competition, revised).await?;
        Ok(v1::ReviseEntryResponse { entry: self.own_plan(id).await? })
    }

    pub(super) async fn withdraw_entry(
        &self,
        call: Call<v1::WithdrawEntryRequest>,
    ) -> Result<v1::WithdrawEntryResponse> {
        let Call { caller, scope, mut message } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "WithdrawEntry", request_id, &message);
        let plan = self.plan_within(&scope, &message.entry_id).await?;
        let (api, actor, competition) = (self.clone(), actor(&caller), plan.competition_id);
        let withdrawn = self
            .store
            .change(mutation, move |tx, _| {
                let (api, actor, plan) = (api.clone(), actor.clone(), plan.clone());
                Box::pin(async move { plans::withdraw(tx, &api.store, &actor, &plan).await })
            })
            .await;
        self.frozen(&caller, "WithdrawEntry", competition, withdrawn).await?;
        Ok(v1::WithdrawEntryResponse {})
    }

    pub(super) async fn list_entries(&self, call: Call<v1::ListEntriesRequest>) -> Result<v1::ListEntriesResponse> {
        let Call { caller, scope, message } = call;
        let id = message::id(&message.competition_id, "competition")?;
        let competition = self.current(id).await?;
        let query = Query::new("ListEntries", &scope.binding(&caller), id.as_bytes());
        let after = query.id_position(&message.page_token)?;
        let shown = rows::plans_of(self.store.reader(), id)
            .await?
            .into_iter()
            .filter(|plan| after.is_none_or(|after| plan.id > after) && is_shown(&scope, &competition, plan));
        let limit = page_size(message.page_size, PAGE);
        let (found, next_page_token) = query.page_of(shown.collect(), limit, |last: &Plan| last.id.into());
        let write = |plan: Plan| {
            let view = view(&scope, &competition, &plan);
            message::write_plan(plan, view)
        };
        Ok(v1::ListEntriesResponse { entries: found.into_iter().map(write).collect(), next_page_token })
    }

    pub(super) async fn declare_conflict(
        &self,
        call: Call<v1::DeclareConflictRequest>,
    ) -> Result<v1::DeclareConflictResponse> {
        let Call { caller, scope, mut message } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "DeclareConflict", request_id, &message);
        let competition = message::id(&message.competition_id, "competition")?;
        let staff_id = match normal(message.staff_id) {
            empty if empty.is_empty() => caller.subject().to_owned(),
            staff_id => staff_id,
        };
        if scope != Scope::All && staff_id != caller.subject() {
            return Err(Error::FieldNotYours("staff_id"));
        }
        let team_id = normal(message.team_id);
        if find_team(self.store.reader(), &team_id).await?.is_none() {
            return Err(Error::invalid("team_id", Reason::UnknownTeam, "must be a team of the directory"));
        }
        let api = self.clone();
        let declared = self
            .store
            .change(mutation, move |tx, _| {
                let (api, staff_id, team_id) = (api.clone(), staff_id.clone(), team_id.clone());
                Box::pin(async move { plans::declare_conflict(tx, &api.store, competition, &staff_id, &team_id).await })
            })
            .await;
        self.frozen(&caller, "DeclareConflict", competition, declared).await?;
        Ok(v1::DeclareConflictResponse {})
    }

    pub(super) async fn invite_judges(&self, call: Call<v1::InviteJudgesRequest>) -> Result<v1::InviteJudgesResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "InviteJudges", request_id, &message);
        let competition = message::id(&message.competition_id, "competition")?;
        let team_id = normal(message.team_id);
        if find_team(self.store.reader(), &team_id).await?.is_some() {
            let rule = "must not be a team of the directory: those judge by their members";
            return Err(Error::invalid("team_id", Reason::Malformed, rule));
        }
        let judges: BTreeSet<String> = message.judge_ids.iter().cloned().map(normal).collect();
        if judges.len() < message.judge_ids.len() {
            return Err(Error::invalid("judge_ids", Reason::DuplicateEntry, "must name every judge once"));
        }
        // Tokens are not kept: a retry works the same ones out again.
        let locked = rows::find(self.store.reader(), competition).await?.ok_or(Error::NotFound("competition"))?;
        let token = |judge: &String| -> Result<String> {
            let about = [b"ballot token", competition.as_bytes().as_slice(), judge.as_bytes(), mutation.id.as_bytes()];
            Ok(URL_SAFE_NO_PAD.encode(&self.vault.mac(locked.key_id(), &about)?[..16]))
        };
        let named = message.judge_ids.into_iter().map(normal);
        let invited: Vec<(String, String)> =
            named.map(|judge| token(&judge).map(|token| (judge, token))).collect::<Result<_>>()?;
        let hashed: Vec<(String, String)> =
            invited.iter().map(|(judge, token)| (judge.clone(), token_hash(token))).collect();
        let api = self.clone();
        let done = self
            .store
            .change(mutation, move |tx, _| {
                let (api, team_id, hashed) = (api.clone(), team_id.clone(), hashed.clone());
                Box::pin(async move { plans::invite(tx, &api.store, competition, &team_id, &hashed).await })
            })
            .await;
        self.frozen(&caller, "InviteJudges", competition, done).await?;
        let told = |(judge_id, ballot_token)| v1::JudgeInvitation { judge_id, ballot_token };
        Ok(v1::InviteJudgesResponse { invitations: invited.into_iter().map(told).collect() })
    }

    pub(super) async fn open_voting(&self, call: Call<v1::OpenVotingRequest>) -> Result<v1::OpenVotingResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "OpenVoting", request_id, &message);
        let id = message::id(&message.competition_id, "competition")?;
        let draw = normal(message.public_draw);
        let mut tries = 0;
        let opened = loop {
            tries += 1;
            // A caller who asks again after the opening is answered by what was remembered, not by what stands there now.
            let prepared = opening::prepare((&self.store, &self.vault), id, &draw).await;
            let (api, actor, draw) = (self.clone(), actor(&caller), draw.clone());
            let opened = self.store.change(mutation.clone(), move |tx, _| {
                let (api, actor, draw, prepared) = (api.clone(), actor.clone(), draw.clone(), prepared.clone());
                Box::pin(async move {
                    let prepared = prepared?;
                    opening::open(tx, (&api.store, &api.vault), &actor, id, (&draw, &prepared)).await
                })
            });
            match opened.await {
                // Somebody changed something while it was dealt.
                Err(Error::EtagMismatch) if tries < OPENING_TRIES => {}
                other => break other,
            }
        };
        let opened = self.frozen(&caller, "OpenVoting", id, opened).await?;
        self.opened.notify_one();
        let no_ballot = |(voter_id, reason)| v1::NoBallot { voter_id, reason };
        Ok(v1::OpenVotingResponse {
            competition: Some(self.competition(id).await?),
            voters: i32::try_from(opened.voters).unwrap_or(i32::MAX),
            judge_teams: i32::try_from(opened.judge_teams).unwrap_or(i32::MAX),
            judge_teams_needed: opened.judge_teams_needed.map_or(0, message::small),
            ballots_needed: opened
                .judge_teams_needed
                .map_or(0, |teams| message::small(teams * FEWEST_BALLOTS as usize)),
            warnings: warnings(&opened),
            no_ballots: opened.no_ballots.into_iter().map(no_ballot).collect(),
        })
    }

    /// Whether a caller may act for a team.
    async fn check_team(&self, scope: &Scope, team: &str) -> Result<()> {
        let is_own = match scope {
            Scope::All => true,
            Scope::Teams { teams, .. } => teams.iter().any(|one| one == team),
            Scope::Staff(_) | Scope::Customer(_) => false,
        };
        if !is_own {
            return Err(Error::FieldNotYours("entry.team_id"));
        }
        match cannot_begin(find_team(self.store.reader(), team).await?.as_ref()) {
            Some((reason, rule)) => Err(Error::invalid("entry.team_id", reason, rule)),
            None => Ok(()),
        }
    }

    async fn plan_text(&self, caller: &Caller, told: &v1::Entry, team: &str) -> Result<PlanText> {
        let text = message::read_plan(told)?;
        let of_team = Scope::Teams { staff_id: String::new(), teams: vec![team.to_owned()] };
        let of_team = Sight::of(caller, of_team);
        let mut found = Vec::new();
        for (index, case) in text.cases.iter().enumerate() {
            if let Some(id) = case.interaction_id
                && interaction::store::find(self.store.reader(), &of_team, id).await?.is_none()
            {
                let field = format!("entry.cases[{index}].interaction_id");
                let rule = "must be an interaction in which somebody of the team took part";
                found.push(Violation::new(field, Reason::NotFound, rule));
            }
        }
        Error::unless_empty(found)?;
        Ok(text)
    }

    async fn plan_within(&self, scope: &Scope, id: &str) -> Result<Plan> {
        let id = message::id(id, "entry")?;
        let plan = rows::find_plan(self.store.reader(), id).await?;
        plan.filter(|plan| is_own(scope, plan)).ok_or(Error::NotFound("entry"))
    }

    async fn own_plan(&self, id: Uuid) -> Result<Option<v1::Entry>> {
        let plan = rows::find_plan(self.store.reader(), id).await?;
        Ok(plan.map(|plan| message::write_plan(plan, View { team: true, interactions: true })))
    }
}

/// Before voting opens a team sees only its own entry.
fn is_shown(scope: &Scope, competition: &Competition, plan: &Plan) -> bool {
    competition.state != CompetitionState::Submitting || is_own(scope, plan)
}

fn is_own(scope: &Scope, plan: &Plan) -> bool {
    match scope {
        Scope::All => true,
        Scope::Teams { teams, .. } => teams.contains(&plan.team_id),
        Scope::Staff(_) | Scope::Customer(_) => false,
    }
}

/// How much of an entry a reader sees.
pub(super) fn view(scope: &Scope, competition: &Competition, plan: &Plan) -> View {
    let hidden = competition.announced.rules.hides_teams && competition.state == CompetitionState::Voting;
    let own = is_own(scope, plan);
    View { team: own || !hidden, interactions: own }
}

/// What the organiser should know before the first ballot.
fn warnings(opened: &Opened) -> Vec<v1::OpeningWarning> {
    let mut warnings = Vec::new();
    // An answer that an earlier version remembered tells nothing of it.
    if opened.entries > 0 && opened.judge_teams_needed.is_none() {
        warnings.push(v1::OpeningWarning {
            kind: OpeningWarningKind::FewJudges.into(),
            neutral_teams_proposed: 0,
            text: "An entry is dealt to fewer than 3 judge teams: the result will be provisional.".to_owned(),
        });
    }
    let proposed = ENOUGH_NEUTRAL.min(opened.entries).saturating_sub(opened.neutral_teams);
    if opened.entries > 0 && opened.entries < ENOUGH_ENTRIES && proposed > 0 {
        warnings.push(v1::OpeningWarning {
            kind: OpeningWarningKind::FewEntries.into(),
            neutral_teams_proposed: message::small(proposed),
            text: format!(
                "With {} entries and {} neutral judge teams three teams who push one another, or four, may still win much \
                 by it. {proposed} more neutral judge teams would mend most of that: invite them to the next competition, or \
                 cancel this one and announce it anew.",
                opened.entries, opened.neutral_teams
            ),
        });
    }
    warnings
}
