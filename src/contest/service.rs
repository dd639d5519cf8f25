//! The RPCs of contests.

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Contest, message,
    message::Viewer,
    rules::Reviewer,
    store::{self as rows, Wanted},
    view,
};
use crate::{
    api::v1::{self, ContestState, contest_service_server::ContestService},
    audit::{Reading, Trail},
    auth::Caller,
    call::{self, Call, mutation, page_size, respond},
    clock::Micros,
    context::Context,
    error::{Error, Result},
    interaction::store::{read_position, write_position},
    page::Query,
    rating::store as ratings,
    reach::Sight,
    store::{Abort, Store, Tx, request},
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 50;
const BLOCKS: u64 = 20;

/// Serves [`ContestService`].
#[derive(Clone, Debug)]
pub struct ContestApi {
    store: Store,
    time_zone: TimeZone,
    trail: Trail,
}

impl ContestApi {
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, zone, trail, .. } = context.clone();
        Self { store, time_zone: zone.rules, trail }
    }

    /// Does a change once per request id, under the lock of the ratings. Gives the id of the contest it is about.
    async fn change<W>(&self, mutation: request::Request, work: W) -> Result<Uuid>
    where
        W: for<'t> Fn(&'t Tx, Micros) -> BoxFuture<'t, Result<Uuid, Abort>> + Clone + Send + Sync + 'static,
    {
        // A caller who acts on a contest acts on what it is now.
        rows::grant_overdue(&self.store).await?;
        let store = self.store.clone();
        self.store
            .transact(move |tx| {
                let (store, mutation, work) = (store.clone(), mutation.clone(), work.clone());
                Box::pin(async move {
                    let now = ratings::lock(tx, &store).await?;
                    request::once(tx, &mutation, now, work(tx, now)).await
                })
            })
            .await
    }

    async fn shown(&self, caller: &Caller, contests: Vec<Contest>) -> Result<Vec<v1::Contest>> {
        let connection = self.store.reader();
        if contests.iter().any(Contest::is_servers) {
            let what = "evidence of contests";
            let reading = Reading { action: v1::AuditAction::RatingsRead, object: what, about: None, why: "" };
            self.trail.note(caller, reading).await?;
        }
        let ids: Vec<Uuid> = contests.iter().map(|contest| contest.id).collect();
        let about: Vec<Uuid> = contests.iter().map(|contest| contest.rating_id).collect();
        let mut reviews = rows::reviews(connection, &ids).await?;
        let ratings = ratings::among(connection, &about).await?;
        let reader = Viewer { subject: caller.subject(), judges: caller.policy().judges_contests };
        let write = |contest: Contest| {
            let reviews = reviews.remove(&contest.id).unwrap_or_default();
            let rating = ratings.get(&contest.rating_id);
            message::write(contest, rating, reviews, reader)
        };
        Ok(contests.into_iter().map(write).collect())
    }

    async fn shown_one(&self, caller: &Caller, sight: &Sight, id: Uuid) -> Result<Option<v1::Contest>> {
        let found = rows::find(self.store.reader(), sight, id).await?;
        let contest = found.ok_or(Error::NotFound("contest"))?;
        Ok(self.shown(caller, vec![contest]).await?.pop())
    }

    async fn page(
        &self,
        (caller, sight): (&Caller, &Sight),
        query: &Query,
        token: &str,
        wanted: Wanted,
        limit: u64,
    ) -> Result<(Vec<v1::Contest>, String)> {
        rows::grant_overdue(&self.store).await?;
        let after = query.position(token)?.map(read_position).transpose()?;
        let read = |after, count| rows::list(self.store.reader(), sight, wanted, after, count);
        let place = |last: &Contest| (last.contested_at, last.id);
        let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
        Ok((self.shown(caller, found).await?, next_page_token))
    }
}

fn reviewer(caller: &Caller) -> Reviewer {
    Reviewer { subject: caller.subject().to_owned(), teams: caller.principal.teams.clone() }
}

#[tonic::async_trait]
impl ContestService for ContestApi {
    async fn get_coaching_view(
        &self,
        request: Request<v1::GetCoachingViewRequest>,
    ) -> Answer<v1::GetCoachingViewResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("GetCoachingView", &scope.binding(&caller), &[]);
            let before = query.position(&message.page_token)?;
            let before = before.map(|at| at.try_into().map(i32::from_be_bytes).map_err(|_| Query::malformed()));
            let (before, limit) = (before.transpose()?, page_size(message.page_size, BLOCKS));
            view::release(&self.store, &self.time_zone, caller.subject()).await?;
            let mut found = view::blocks(self.store.reader(), caller.subject(), before, limit + 1).await?;
            let mut next_page_token = String::new();
            if found.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
                found.pop_first();
                let last = found.keys().next().map(|block| query.token(&block.to_be_bytes()));
                next_page_token = last.unwrap_or_default();
            }
            let blocks = found.into_iter().rev().map(|(block, ratings)| message::write_block(block, ratings));
            Ok(v1::GetCoachingViewResponse { blocks: blocks.collect(), next_page_token })
        })
        .await
    }

    async fn contest_rating(&self, request: Request<v1::ContestRatingRequest>) -> Answer<v1::ContestRatingResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let told = message::read(&message)?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ContestRating", id, &message);
            let actor = (caller.subject().to_owned(), caller.principal.role);
            let sight = Sight::of(&caller, scope);
            let within = sight.clone();
            let opened = self.change(mutation, move |tx, now| {
                let (actor, sight, told) = (actor.clone(), within.clone(), told.clone());
                Box::pin(async move { rows::open(tx, now, &actor, &sight, &told).await })
            });
            let id = opened.await?;
            Ok(v1::ContestRatingResponse { contest: self.shown_one(&caller, &sight, id).await? })
        })
        .await
    }

    async fn decide_contest(&self, request: Request<v1::DecideContestRequest>) -> Answer<v1::DecideContestResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DecideContest", id, &message);
            let (contest_id, verdict) = (call::id(&message.contest_id)?, message.verdict());
            let (reviewer, role, reason) = (reviewer(&caller), caller.principal.role, message.reason);
            let decided = self.change(mutation, move |tx, now| {
                let (reviewer, reason) = (reviewer.clone(), reason.clone());
                Box::pin(async move { rows::decide(tx, now, (&reviewer, role), contest_id, verdict, &reason).await })
            });
            let id = decided.await?;
            Ok(v1::DecideContestResponse { contest: self.shown_one(&caller, &Sight::of(&caller, scope), id).await? })
        })
        .await
    }

    async fn appeal_contest(&self, request: Request<v1::AppealContestRequest>) -> Answer<v1::AppealContestResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "AppealContest", id, &message);
            let contest_id = call::id(&message.contest_id)?;
            let (actor, reason) = ((caller.subject().to_owned(), caller.principal.role), message.reason);
            let sight = Sight::of(&caller, scope);
            let within = sight.clone();
            let appealed = self.change(mutation, move |tx, now| {
                let (actor, sight, reason) = (actor.clone(), within.clone(), reason.clone());
                Box::pin(async move { rows::appeal(tx, now, (&actor, &sight), contest_id, &reason).await })
            });
            let id = appealed.await?;
            Ok(v1::AppealContestResponse { contest: self.shown_one(&caller, &sight, id).await? })
        })
        .await
    }

    async fn restore_rating(&self, request: Request<v1::RestoreRatingRequest>) -> Answer<v1::RestoreRatingResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RestoreRating", id, &message);
            let rating_id = call::id(&message.rating_id)?;
            let (reviewer, role, reason) = (reviewer(&caller), caller.principal.role, message.reason);
            let restored = self.change(mutation, move |tx, now| {
                let (reviewer, reason) = (reviewer.clone(), reason.clone());
                Box::pin(async move { rows::restore(tx, now, (&reviewer, role), rating_id, &reason).await })
            });
            let id = restored.await?;
            let rating = ratings::find(self.store.reader(), &Sight::all(), rating_id).await?;
            let standing = rating.ok_or(Error::NotFound("rating"))?.standing;
            let contest = self.shown_one(&caller, &Sight::of(&caller, scope), id).await?;
            Ok(v1::RestoreRatingResponse { standing: standing.into(), contest })
        })
        .await
    }

    async fn list_contests(&self, request: Request<v1::ListContestsRequest>) -> Answer<v1::ListContestsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListContestsRequest { state: message.state, ..Default::default() };
            let query = Query::new("ListContests", &scope.binding(&caller), &bound.encode_to_vec());
            let state = Some(message.state()).filter(|state| *state != ContestState::Unspecified);
            let wanted = state.map_or(Wanted::All, Wanted::In);
            let limit = page_size(message.page_size, PAGE);
            let sight = Sight::of(&caller, scope);
            let page = self.page((&caller, &sight), &query, &message.page_token, wanted, limit);
            let (contests, next_page_token) = page.await?;
            Ok(v1::ListContestsResponse { contests, next_page_token })
        })
        .await
    }

    async fn list_exemptions(&self, request: Request<v1::ListExemptionsRequest>) -> Answer<v1::ListExemptionsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListExemptions", &scope.binding(&caller), &[]);
            let limit = page_size(message.page_size, PAGE);
            let sight = Sight::of(&caller, scope);
            let page = self.page((&caller, &sight), &query, &message.page_token, Wanted::Exempting, limit);
            let (contests, next_page_token) = page.await?;
            Ok(v1::ListExemptionsResponse { contests, next_page_token })
        })
        .await
    }
}
