//! Handlers of what a voter does, until voting closes.

use rapport_vote::{Form, ballot::fewest_ranked, hex::hex};
use sea_orm::entity::prelude::Uuid;
use tonic::Request;

use super::{
    super::{
        message::{self, View},
        reminding::ToRemind,
        secrets::sign_receipt,
        store::{
            self as rows,
            ballots::{self, Act, CastReceipt, Command, Done, Who},
            erasure,
            reminders::Whom,
        },
    },
    Answers, CompetitionApi,
};
use crate::{
    api::{
        convert::{normal, timestamp},
        v1::{self, CompetitionState, NoBallotReason},
    },
    auth::{Caller, policy::Votes},
    call::{Call, actor, mutation},
    error::{Error, Reason, Result, Violation},
    reach::Scope,
    survey::token_hash,
};

/// A voter's request. Whether the voter is active is checked with the ballots of their group.
fn uttered<M>(request: Request<M>) -> Result<(Caller, M)> {
    Ok((Caller::of(request.extensions())?.clone(), request.into_inner()))
}

impl CompetitionApi {
    pub(super) async fn get_my_ballot(&self, call: Call<v1::GetMyBallotRequest>) -> Result<v1::GetMyBallotResponse> {
        let Call { caller, message, .. } = call;
        let (id, who) = (message::id(&message.competition_id, "competition")?, who(&caller, &message.ballot_token)?);
        self.ballot_of(id, &who).await
    }

    pub(in crate::competition) async fn ballot_of(&self, id: Uuid, who: &Who) -> Result<v1::GetMyBallotResponse> {
        let reader = self.store.reader();
        let locked = rows::find(reader, id).await?.ok_or(Error::NotFound("competition"))?;
        let competition = &locked.competition;
        if competition.opened_at.is_none() || competition.state == CompetitionState::Cancelled {
            return Err(Error::VotingNotOpen);
        }
        let voter = ballots::find_voter(reader, id, who).await?;
        let now = self.store.clock().now_micros();
        let own = ballots::own(reader, &self.vault, (&locked, now), &voter.pseudonym).await?;
        let rules = &competition.announced.rules;
        // An application asks for somebody of no team, who may not see what the application may.
        let hidden = rules.hides_teams && competition.state == CompetitionState::Voting;
        let view = View { team: !hidden, interactions: false };
        let mut plans = rows::plans_of(reader, id).await?;
        let dealt = voter.panel.iter().filter_map(|entry| {
            let at = plans.iter().position(|plan| plan.id == *entry)?;
            Some(message::write_plan(plans.swap_remove(at), view))
        });
        let panel: Vec<v1::Entry> = dealt.collect();
        let (fewest, most) = match (rules.form, voter.no_ballot) {
            (_, NoBallotReason::NothingToJudge | NoBallotReason::NoPool) => (0, 0),
            (Form::RankedPanel, NoBallotReason::Unspecified) => (fewest_ranked(panel.len()), 0),
            (Form::OpenChoice, NoBallotReason::Unspecified) => (0, rules.choices),
        };
        let small = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let texts = |ids: Vec<Uuid>| ids.iter().map(Uuid::to_string).collect();
        Ok(v1::GetMyBallotResponse {
            panel,
            fewest_ranked: small(fewest),
            most_chosen: small(most),
            entry_ids: texts(own.named),
            draft_entry_ids: texts(own.draft),
            revision: own.revision,
            no_ballot_reason: voter.no_ballot.into(),
        })
    }

    pub(super) async fn save_draft(&self, request: Request<v1::SaveDraftRequest>) -> Result<v1::SaveDraftResponse> {
        let (caller, message) = uttered(request)?;
        let (id, who) = (message::id(&message.competition_id, "competition")?, who(&caller, &message.ballot_token)?);
        let deed = Command::Draft { named: entries(&message.entry_ids)? };
        self.act(id, who, deed).await?;
        Ok(v1::SaveDraftResponse {})
    }

    pub(super) async fn cast_ballot(&self, request: Request<v1::CastBallotRequest>) -> Result<v1::CastBallotResponse> {
        let (caller, message) = uttered(request)?;
        let (id, who) = (message::id(&message.competition_id, "competition")?, who(&caller, &message.ballot_token)?);
        let named = entries(&message.entry_ids)?;
        let deed = Command::Cast { request_id: message.request_id, named, revision: message.revision };
        Ok(v1::CastBallotResponse { receipt: Some(self.cast(id, who, deed).await?) })
    }

    pub(in crate::competition) async fn cast(&self, id: Uuid, who: Who, deed: Command) -> Result<v1::BallotReceipt> {
        let CastReceipt { revision, ballot_hash, recorded_at } = self.record(id, who, deed).await?;
        let signature = sign_receipt(&self.vault, id, revision, &ballot_hash, recorded_at)?;
        Ok(v1::BallotReceipt {
            revision,
            ballot_hash: hex(&ballot_hash),
            recorded_time: Some(timestamp(recorded_at)),
            signature: signature.bytes,
            key_id: signature.key_id,
        })
    }

    pub(super) async fn withdraw_ballot(
        &self,
        request: Request<v1::WithdrawBallotRequest>,
    ) -> Result<v1::WithdrawBallotResponse> {
        let (caller, message) = uttered(request)?;
        let (id, who) = (message::id(&message.competition_id, "competition")?, who(&caller, &message.ballot_token)?);
        let deed = Command::Withdraw { request_id: message.request_id, revision: message.revision };
        let receipt = self.record(id, who, deed).await?;
        Ok(v1::WithdrawBallotResponse { revision: receipt.revision })
    }

    async fn record(&self, id: Uuid, who: Who, deed: Command) -> Result<CastReceipt> {
        match self.act(id, who, deed).await? {
            Done::Recorded(receipt) => Ok(receipt),
            Done::Drafted | Done::MustBeAlone => Err(Error::internal("a ballot without a receipt")),
        }
    }

    async fn act(&self, id: Uuid, who: Who, deed: Command) -> Result<Done> {
        let act = Act { competition: id, who, deed };
        let mut done = self.ballots.submit(vec![act.clone()]).await?;
        let done = done.pop().ok_or_else(|| Error::internal("no answer to a ballot"))??;
        if !matches!(done, Done::MustBeAlone) {
            return Ok(done);
        }
        let api = self.clone();
        let alone = self.store.transact(move |tx| {
            let (api, act) = (api.clone(), act.clone());
            Box::pin(async move { ballots::act_alone(tx, (&api.store, &api.vault), &act).await })
        });
        alone.await
    }

    pub(super) async fn watch_reminders(
        &self,
        call: Call<v1::WatchRemindersRequest>,
    ) -> Result<Answers<v1::WatchRemindersResponse>> {
        let Call { caller, scope, message } = call;
        let own = || Ok::<_, Error>((caller.subject().to_owned(), Whom::new(&self.vault, caller.subject())?));
        let voter = if scope == Scope::All { None } else { Some(own()?) };
        let about = ToRemind { vault: self.vault.clone(), voter };
        let (from, by) = ((&self.store, &self.reminders), (caller, scope));
        let watch = self.watches.open(from, by, about, &message.resume_cursor).await?;
        Ok(watch.begin())
    }

    pub(super) async fn erase_voter(&self, call: Call<v1::EraseVoterRequest>) -> Result<v1::EraseVoterResponse> {
        let Call { caller, mut message, .. } = call;
        let request_id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "EraseVoter", request_id, &message);
        let (api, actor, voter_id) = (self.clone(), actor(&caller), normal(message.voter_id));
        let rolls = self
            .store
            .change(mutation, move |tx, now| {
                let (api, actor, voter_id) = (api.clone(), actor.clone(), voter_id.clone());
                Box::pin(async move { erasure::erase(tx, &api.vault, now, &actor, &voter_id).await })
            })
            .await?;
        self.store.forget().await;
        Ok(v1::EraseVoterResponse { rolls: i32::try_from(rolls).unwrap_or(i32::MAX) })
    }
}

/// A colleague votes for themselves; an application votes for nobody but the judge whose token it has.
fn who(caller: &Caller, token: &str) -> Result<Who> {
    match caller.policy().votes {
        Votes::ByToken if token.is_empty() => Err(Error::BallotTokenInvalid),
        Votes::ByToken => Ok(Who::Invited(token_hash(token))),
        Votes::InPerson if token.is_empty() => Ok(Who::Staff(caller.subject().to_owned())),
        Votes::InPerson => Err(Error::FieldNotYours("ballot_token")),
        Votes::Never => Err(Error::NotOnRoll),
    }
}

fn entries(texts: &[String]) -> Result<Vec<Uuid>> {
    let mut found = Vec::new();
    let mut ids = Vec::with_capacity(texts.len());
    for (place, text) in texts.iter().enumerate() {
        match Uuid::try_parse(text) {
            Ok(id) => ids.push(id),
            Err(_) => found.push(Violation::new(format!("entry_ids[{place}]"), Reason::Malformed, "must be a UUID")),
        }
    }
    Error::unless_empty(found)?;
    Ok(ids)
}
