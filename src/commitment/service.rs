//! The RPCs of commitments.

use std::pin::Pin;

use futures::Stream;
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Commitment, Questions, clock, message, rules,
    store::{self as rows, Events, Settling},
    watch::Watched,
};
use crate::{
    api::{
        convert::{micros, optional},
        v1::{self, CommitmentEventKind, CommitmentState, commitment_service_server::CommitmentService},
    },
    auth::Caller,
    call::{Call, actor, id, mutation, page_size, respond},
    context::Context,
    directory::store::kept_id,
    error::{Error, Reason, Result},
    interaction::store::{read_position, write_position},
    page::Query,
    reach::Sight,
    store::{Store, feed::Feed, request},
    timer,
    watch::Watches,
};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const PAGE: u64 = 100;

/// Serves [`CommitmentService`].
pub struct CommitmentApi {
    store: Store,
    events: Feed<Events>,
    watches: Watches,
    questions: Questions,
}

impl CommitmentApi {
    /// Starts the timers of commitments, too.
    pub(crate) fn new(context: &Context, questions: Questions) -> Self {
        let Context { store, watches, stopping, trusted, .. } = context.clone();
        tokio::spawn(timer::keep_firing(store.clone(), clock::TIMERS, (stopping.clone(), trusted)));
        Self { events: Feed::start(store.clone(), stopping), store, watches, questions }
    }

    async fn settle(
        &self,
        (caller, sight): (&Caller, Sight),
        mutation: request::Request,
        commitment_id: &str,
        how: Settling,
        note: String,
    ) -> Result<Option<v1::Commitment>> {
        let id = id(commitment_id)?;
        let (store, actor, within) = (self.store.clone(), actor(caller), sight.clone());
        let settled = self.store.change(mutation, move |tx, _| {
            let (store, actor, sight, note) = (store.clone(), actor.clone(), within.clone(), note.clone());
            Box::pin(async move { rows::settle(tx, &store, (&actor, &sight), id, (how, &note)).await })
        });
        let id: Uuid = settled.await?;
        self.shown(caller, &sight, id).await
    }

    async fn shown(&self, caller: &Caller, sight: &Sight, id: Uuid) -> Result<Option<v1::Commitment>> {
        let found = rows::find(self.store.reader(), sight, id).await?;
        Ok(found.map(|one| message::write(one, caller)))
    }
}

fn release(state: CommitmentState) -> Option<CommitmentState> {
    rules::kept(state).map(|_| CommitmentState::Released)
}

#[tonic::async_trait]
impl CommitmentService for CommitmentApi {
    async fn make_commitment(&self, request: Request<v1::MakeCommitmentRequest>) -> Answer<v1::MakeCommitmentResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "MakeCommitment", id, &message);
            let mut told = message::read(message.commitment.unwrap_or_default(), &caller)?;
            if let Some(customer) = told.customer_id.take() {
                told.customer_id = Some(kept_id(self.store.reader(), customer).await?);
            }
            let (store, actor, sight) = (self.store.clone(), actor(&caller), Sight::of(&caller, scope));
            let (within, questions) = (sight.clone(), self.questions);
            let made = self.store.change(mutation, move |tx, _| {
                let (store, actor, sight, told) = (store.clone(), actor.clone(), within.clone(), told.clone());
                Box::pin(async move { rows::make(tx, &store, (&actor, &sight), (&told, questions)).await })
            });
            let id: Uuid = made.await?;
            Ok(v1::MakeCommitmentResponse { commitment: self.shown(&caller, &sight, id).await? })
        })
        .await
    }

    async fn keep_commitment(&self, request: Request<v1::KeepCommitmentRequest>) -> Answer<v1::KeepCommitmentResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "KeepCommitment", id, &message);
            let (sight, how) = (Sight::of(&caller, scope), (rules::kept as fn(_) -> _, CommitmentEventKind::Kept));
            let kept = self.settle((&caller, sight), mutation, &message.commitment_id, how, message.note);
            Ok(v1::KeepCommitmentResponse { commitment: kept.await? })
        })
        .await
    }

    async fn release_commitment(
        &self,
        request: Request<v1::ReleaseCommitmentRequest>,
    ) -> Answer<v1::ReleaseCommitmentResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReleaseCommitment", id, &message);
            let (sight, how) = (Sight::of(&caller, scope), (release as fn(_) -> _, CommitmentEventKind::Released));
            let released = self.settle((&caller, sight), mutation, &message.commitment_id, how, message.reason);
            Ok(v1::ReleaseCommitmentResponse { commitment: released.await? })
        })
        .await
    }

    async fn get_commitment(&self, request: Request<v1::GetCommitmentRequest>) -> Answer<v1::GetCommitmentResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let sight = Sight::of(&caller, scope);
            let found = self.shown(&caller, &sight, id(&message.commitment_id)?).await?;
            Ok(v1::GetCommitmentResponse { commitment: Some(found.ok_or(Error::NotFound("commitment"))?) })
        })
        .await
    }

    async fn list_commitments(
        &self,
        request: Request<v1::ListCommitmentsRequest>,
    ) -> Answer<v1::ListCommitmentsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListCommitmentsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListCommitments", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let mut filter = message::read_filter(&message)?;
            if let Some(customer) = filter.customer_id.take() {
                filter.customer_id = Some(kept_id(self.store.reader(), customer).await?);
            }
            let sight = Sight::of(&caller, scope);
            let read = |after, count| rows::list(self.store.reader(), &sight, &filter, after, count);
            let place = |last: &Commitment| (last.terms.due_at, last.id);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
            let commitments = found.into_iter().map(|one| message::write(one, &caller)).collect();
            Ok(v1::ListCommitmentsResponse { commitments, next_page_token })
        })
        .await
    }

    async fn summarize_commitments(
        &self,
        request: Request<v1::SummarizeCommitmentsRequest>,
    ) -> Answer<v1::SummarizeCommitmentsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let period = (message.from_time.as_ref().map(micros), message.to_time.as_ref().map(micros));
            if let (Some(from), Some(to)) = period
                && to < from
            {
                return Err(Error::invalid("to_time", Reason::ImpossibleInstants, "must not be before from_time"));
            }
            let counts = rows::counts(self.store.reader(), &Sight::of(&caller, scope), period).await?;
            Ok(v1::SummarizeCommitmentsResponse { summaries: message::write_summaries(counts) })
        })
        .await
    }

    type WatchCommitmentsStream = Answers<v1::WatchCommitmentsResponse>;

    async fn watch_commitments(
        &self,
        request: Request<v1::WatchCommitmentsRequest>,
    ) -> Answer<Self::WatchCommitmentsStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let subject = Watched { team_id: optional(message.team_id), caller: caller.clone() };
            let (from, by) = ((&self.store, &self.events), (caller, scope));
            Ok(self.watches.open(from, by, subject, &message.resume_cursor).await?.begin())
        })
        .await
    }
}
