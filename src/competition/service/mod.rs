//! The RPCs of competitions, by what they are about.

mod announcing;
mod explaining;
mod flags;
mod record;
mod results;
mod voting;

use std::{pin::Pin, sync::Arc, time::Duration};

use futures::Stream;
use sea_orm::entity::prelude::Uuid;
use tokio::sync::{Notify, watch};
use tonic::{Request, Response, Status};

use self::results::Board;
use super::{
    message,
    store::{
        self as rows,
        ballots::BallotBox,
        closing::{self, Closing},
        reminders::{Reminders, keep_reminding},
    },
    terms::Competition,
    watch::{Changes, OfCompetition},
};
use crate::{
    api::v1::{self, AuditAction, CompetitionState, competition_service_server::CompetitionService},
    audit::{self, Trail},
    auth::Caller,
    buckets::GroupSizes,
    call::{Call, actor, respond},
    clock_trust::Trusted,
    context::Context,
    error::{Error, Result},
    store::{Store, feed::Feed, group::GroupCommit, memo::Memo, sequence},
    vault::Vault,
    watch::Watches,
};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves [`CompetitionService`].
#[derive(Clone)]
pub struct CompetitionApi {
    store: Store,
    vault: Vault,
    ballots: GroupCommit<BallotBox>,
    closing: Closing,
    changes: Feed<Changes>,
    reminders: Feed<Reminders>,
    watches: Watches,
    /// Told when a vote has opened here.
    opened: Arc<Notify>,
    boards: Memo<Arc<Board>>,
    trail: Trail,
}

impl std::fmt::Debug for CompetitionApi {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("CompetitionApi").finish_non_exhaustive()
    }
}

impl CompetitionApi {
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, vault, watches, stopping, trusted, recording, trail, .. } = context.clone();
        // How many cast together would tell how many vote: these groups are counted nowhere.
        let uncounted = GroupSizes::uncounted();
        let writer = BallotBox::new(store.clone(), vault.clone());
        let ballots = GroupCommit::start(store.clone(), writer, recording.group_max, recording.queue, uncounted);
        let changes = Feed::start(store.clone(), stopping.clone());
        let reminders = Feed::start(store.clone(), stopping.clone());
        let opened = Arc::new(Notify::new());
        let closing = Closing::new(store.clone(), vault.clone());
        tokio::spawn(keep_time(store.clone(), closing.clone(), (stopping.clone(), trusted.clone())));
        tokio::spawn(keep_reminding((store.clone(), vault.clone()), opened.clone(), (stopping, trusted)));
        let boards = Memo::new(&[sequence::COMPETITIONS], |board: &Arc<Board>| board.bytes());
        Self { store, vault, ballots, closing, changes, reminders, watches, opened, boards, trail }
    }

    /// The outcome of a change; one that was refused because voting has opened is recorded.
    async fn frozen<A>(&self, caller: &Caller, method: &'static str, id: Uuid, outcome: Result<A>) -> Result<A> {
        if matches!(outcome, Err(Error::VotingOpened)) {
            let (store, actor) = (self.store.clone(), actor(caller));
            self.store
                .transact(move |tx| {
                    let (store, actor) = (store.clone(), actor.clone());
                    Box::pin(async move {
                        let now = store.now(tx).await?;
                        let (actor, action) = ((actor.0.as_str(), actor.1), AuditAction::FrozenChangeRefused);
                        Ok(audit::add(tx, now, actor, action, &id.to_string(), method, None).await?)
                    })
                })
                .await?;
        }
        outcome
    }

    /// A competition as it is: whatever is due for it is done first.
    async fn current(&self, id: Uuid) -> Result<Competition> {
        let find = async || {
            let found = rows::find(self.store.reader(), id).await?;
            Ok(found.ok_or(Error::NotFound("competition"))?.competition)
        };
        let found: Competition = find().await?;
        let now = self.store.clock().now_micros();
        if found.has_ended_at(now) || found.is_undisputed_at(now) {
            self.closing.keep_time(id).await?;
            return find().await;
        }
        Ok(found)
    }

    async fn watch_leaderboard(
        &self,
        call: Call<v1::WatchLeaderboardRequest>,
    ) -> Result<Answers<v1::WatchLeaderboardResponse>> {
        let Call { caller, scope, message } = call;
        let id = message::id(&message.competition_id, "competition")?;
        self.current(id).await?;
        let subject = OfCompetition { id, api: self.clone() };
        let from = (&self.store, &self.changes);
        let watch = self.watches.open(from, (caller, scope), subject, &message.resume_cursor).await?;
        Ok(watch.begin())
    }

    /// As it is: whatever is due for it is done first.
    pub(super) async fn state(&self, id: Uuid) -> Result<CompetitionState> {
        Ok(self.current(id).await?.state)
    }

    async fn competition(&self, id: Uuid) -> Result<v1::Competition> {
        self.current(id).await.map(message::write)
    }
}

/// How often competitions are looked at whose time has come.
const TICK: Duration = Duration::from_secs(5);

/// Closes votes at their deadlines, and lets results stand, until the server stops.
async fn keep_time(store: Store, closing: Closing, (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted)) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match closing::due(&store).await {
            Ok(due) => {
                for id in due {
                    match closing.keep_time(id).await {
                        Ok(()) => tracing::info!(competition = %id, "its time has come"),
                        Err(error) => tracing::warn!(competition = %id, %error, "closing at the deadline"),
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "looking for competitions whose time has come"),
        }
        tokio::select! {
            () = tokio::time::sleep(TICK) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

#[tonic::async_trait]
impl CompetitionService for CompetitionApi {
    async fn create_competition(
        &self,
        request: Request<v1::CreateCompetitionRequest>,
    ) -> Answer<v1::CreateCompetitionResponse> {
        respond(async { self.create(Call::admit(&self.store, request).await?).await }).await
    }

    async fn update_competition(
        &self,
        request: Request<v1::UpdateCompetitionRequest>,
    ) -> Answer<v1::UpdateCompetitionResponse> {
        respond(async { self.update(Call::admit(&self.store, request).await?).await }).await
    }

    async fn cancel_competition(
        &self,
        request: Request<v1::CancelCompetitionRequest>,
    ) -> Answer<v1::CancelCompetitionResponse> {
        respond(async { self.cancel(Call::admit(&self.store, request).await?).await }).await
    }

    async fn get_competition(&self, request: Request<v1::GetCompetitionRequest>) -> Answer<v1::GetCompetitionResponse> {
        respond(async { self.get(Call::admit(&self.store, request).await?).await }).await
    }

    async fn list_competitions(
        &self,
        request: Request<v1::ListCompetitionsRequest>,
    ) -> Answer<v1::ListCompetitionsResponse> {
        respond(async { self.list(Call::admit(&self.store, request).await?).await }).await
    }

    async fn submit_entry(&self, request: Request<v1::SubmitEntryRequest>) -> Answer<v1::SubmitEntryResponse> {
        respond(async { self.submit_entry(Call::admit(&self.store, request).await?).await }).await
    }

    async fn revise_entry(&self, request: Request<v1::ReviseEntryRequest>) -> Answer<v1::ReviseEntryResponse> {
        respond(async { self.revise_entry(Call::admit(&self.store, request).await?).await }).await
    }

    async fn withdraw_entry(&self, request: Request<v1::WithdrawEntryRequest>) -> Answer<v1::WithdrawEntryResponse> {
        respond(async { self.withdraw_entry(Call::admit(&self.store, request).await?).await }).await
    }

    async fn list_entries(&self, request: Request<v1::ListEntriesRequest>) -> Answer<v1::ListEntriesResponse> {
        respond(async { self.list_entries(Call::admit(&self.store, request).await?).await }).await
    }

    async fn declare_conflict(
        &self,
        request: Request<v1::DeclareConflictRequest>,
    ) -> Answer<v1::DeclareConflictResponse> {
        respond(async { self.declare_conflict(Call::admit(&self.store, request).await?).await }).await
    }

    async fn invite_judges(&self, request: Request<v1::InviteJudgesRequest>) -> Answer<v1::InviteJudgesResponse> {
        respond(async { self.invite_judges(Call::admit(&self.store, request).await?).await }).await
    }

    async fn open_voting(&self, request: Request<v1::OpenVotingRequest>) -> Answer<v1::OpenVotingResponse> {
        respond(async { self.open_voting(Call::admit(&self.store, request).await?).await }).await
    }

    async fn get_my_ballot(&self, request: Request<v1::GetMyBallotRequest>) -> Answer<v1::GetMyBallotResponse> {
        respond(async { self.get_my_ballot(Call::admit(&self.store, request).await?).await }).await
    }

    async fn save_draft(&self, request: Request<v1::SaveDraftRequest>) -> Answer<v1::SaveDraftResponse> {
        respond(async { self.save_draft(request).await }).await
    }

    async fn cast_ballot(&self, request: Request<v1::CastBallotRequest>) -> Answer<v1::CastBallotResponse> {
        respond(async { self.cast_ballot(request).await }).await
    }

    async fn withdraw_ballot(&self, request: Request<v1::WithdrawBallotRequest>) -> Answer<v1::WithdrawBallotResponse> {
        respond(async { self.withdraw_ballot(request).await }).await
    }

    async fn close_voting(&self, request: Request<v1::CloseVotingRequest>) -> Answer<v1::CloseVotingResponse> {
        respond(async { self.close_voting(Call::admit(&self.store, request).await?).await }).await
    }

    async fn accept_result(&self, request: Request<v1::AcceptResultRequest>) -> Answer<v1::AcceptResultResponse> {
        respond(async { self.accept_result(Call::admit(&self.store, request).await?).await }).await
    }

    async fn get_leaderboard(&self, request: Request<v1::GetLeaderboardRequest>) -> Answer<v1::GetLeaderboardResponse> {
        respond(async { self.leaderboard(Call::admit(&self.store, request).await?).await }).await
    }

    type WatchLeaderboardStream = Answers<v1::WatchLeaderboardResponse>;

    async fn watch_leaderboard(
        &self,
        request: Request<v1::WatchLeaderboardRequest>,
    ) -> Answer<Self::WatchLeaderboardStream> {
        respond(async { self.watch_leaderboard(Call::admit(&self.store, request).await?).await }).await
    }

    type WatchRemindersStream = Answers<v1::WatchRemindersResponse>;

    async fn watch_reminders(&self, request: Request<v1::WatchRemindersRequest>) -> Answer<Self::WatchRemindersStream> {
        respond(async { self.watch_reminders(Call::admit(&self.store, request).await?).await }).await
    }

    async fn explain_standing(
        &self,
        request: Request<v1::ExplainStandingRequest>,
    ) -> Answer<v1::ExplainStandingResponse> {
        respond(async { self.explain(Call::admit(&self.store, request).await?).await }).await
    }

    async fn list_team_standings(
        &self,
        request: Request<v1::ListTeamStandingsRequest>,
    ) -> Answer<v1::ListTeamStandingsResponse> {
        respond(async { self.team_standings(Call::admit(&self.store, request).await?).await }).await
    }

    async fn list_flags(&self, request: Request<v1::ListFlagsRequest>) -> Answer<v1::ListFlagsResponse> {
        respond(async { self.list_flags(Call::admit(&self.store, request).await?).await }).await
    }

    async fn decide_flag(&self, request: Request<v1::DecideFlagRequest>) -> Answer<v1::DecideFlagResponse> {
        respond(async { self.decide_flag(Call::admit(&self.store, request).await?).await }).await
    }

    async fn export_record(&self, request: Request<v1::ExportRecordRequest>) -> Answer<v1::ExportRecordResponse> {
        respond(async { self.export_record(Call::admit(&self.store, request).await?).await }).await
    }

    async fn erase_voter(&self, request: Request<v1::EraseVoterRequest>) -> Answer<v1::EraseVoterResponse> {
        respond(async { self.erase_voter(Call::admit(&self.store, request).await?).await }).await
    }
}
