//! The RPCs of assessments, mismatches and praise.

use futures::future::BoxFuture;
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Assessment, assessment, message, mismatch, praise, rules};
use crate::{
    api::{
        convert::optional,
        v1::{self, PraiseState, quality_service_server::QualityService},
    },
    audit::{Reading, Trail},
    auth::Caller,
    call::{self, Call, mutation, page_size, respond},
    clock::Micros,
    context::Context,
    error::{Error, Result},
    interaction::store::{read_position, served, write_position},
    page::Query,
    rating::{self, Rating, store as ratings},
    reach::{Scope, Sight},
    store::{Abort, Store, Tx, request},
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 50;

/// Serves [`QualityService`].
#[derive(Clone, Debug)]
pub struct QualityApi {
    store: Store,
    trail: Trail,
}

impl QualityApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone(), trail: context.trail.clone() }
    }

    /// Does a change once per request id, under the lock of the ratings. Gives the id of what came of it.
    async fn change<W>(&self, mutation: request::Request, work: W) -> Result<Uuid>
    where
        W: for<'t> Fn(&'t Tx, Micros) -> BoxFuture<'t, Result<Uuid, Abort>> + Clone + Send + Sync + 'static,
    {
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

    async fn shown(&self, caller: &Caller, assessments: Vec<Assessment>) -> Result<Vec<v1::Assessment>> {
        let ids: Vec<Uuid> = assessments.iter().map(|one| one.interaction_id).collect();
        let served = served(self.store.reader(), &ids).await?;
        let write = |one: Assessment| {
            let served = served.get(&one.interaction_id);
            message::write(one, served, caller.subject())
        };
        Ok(assessments.into_iter().map(write).collect())
    }

    async fn note_reading(&self, caller: &Caller, what: &str) -> Result<()> {
        let reading = Reading { action: v1::AuditAction::RatingsRead, object: what, about: None, why: "" };
        self.trail.note(caller, reading).await
    }
}

#[tonic::async_trait]
impl QualityService for QualityApi {
    async fn assess_interaction(
        &self,
        request: Request<v1::AssessInteractionRequest>,
    ) -> Answer<v1::AssessInteractionResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "AssessInteraction", id, &message);
            let (interaction_id, marks) = message::read(message)?;
            let actor = (caller.subject().to_owned(), caller.principal.role);
            let sight = Sight::of(&caller, scope);
            let assessed = self.change(mutation, move |tx, now| {
                let (actor, sight, marks) = (actor.clone(), sight.clone(), marks.clone());
                Box::pin(async move { assessment::assess(tx, now, (&actor, &sight), interaction_id, &marks).await })
            });
            let found = assessment::find(self.store.reader(), assessed.await?).await?;
            Ok(v1::AssessInteractionResponse { assessment: self.shown(&caller, vec![found]).await?.pop() })
        })
        .await
    }

    async fn list_assessments(
        &self,
        request: Request<v1::ListAssessmentsRequest>,
    ) -> Answer<v1::ListAssessmentsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let filter = message.filter.unwrap_or_default();
            let query = Query::new("ListAssessments", &scope.binding(&caller), &filter.encode_to_vec());
            let filter = message::read_filter(filter)?;
            let limit = page_size(message.page_size, PAGE);
            // Its time is not in the token, which the assessed read too.
            let after = match query.id_position(&message.page_token)? {
                Some(id) => Some((assessment::find(self.store.reader(), id).await?.at, id)),
                None => None,
            };
            let reader = (caller.subject(), &scope);
            let read = |after, count| assessment::list(self.store.reader(), reader, &filter, after, count);
            let place = |one: &Assessment| (one.at, one.id);
            let (found, next_page_token) = query.page(limit, after, read, place, |(_, id)| id.into()).await?;
            Ok(v1::ListAssessmentsResponse { assessments: self.shown(&caller, found).await?, next_page_token })
        })
        .await
    }

    async fn list_mismatches(&self, request: Request<v1::ListMismatchesRequest>) -> Answer<v1::ListMismatchesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let filter = message.filter.unwrap_or_default();
            let query = Query::new("ListMismatches", &scope.binding(&caller), &filter.encode_to_vec());
            let direction = filter.direction();
            let (from, to) = rating::read_period(filter.start_time.as_ref(), filter.end_time.as_ref())?;
            let filter = ratings::RatingFilter {
                team_id: optional(filter.team_id),
                staff_id: optional(filter.staff_id),
                from,
                to,
                ..Default::default()
            };
            let described = format!("mismatches of {}", filter.described());
            let limit = page_size(message.page_size, PAGE);
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let sight = Sight::of(&caller, scope);
            let read = |after, count| mismatch::list(self.store.reader(), &sight, (&filter, direction), after, count);
            let (found, next_page_token) = query.page(limit, after, read, rated_at, write_position).await?;
            self.note_reading(&caller, &described).await?;

            let about: Vec<Uuid> = found.iter().map(|one| one.interaction_id).collect();
            let assessments = assessment::of_interactions(self.store.reader(), &about).await?;
            let assessments = self.shown(&caller, assessments).await?;
            let directions: Vec<_> = found.iter().map(|one| rules::direction(one.level)).collect();
            let shown = rating::service::shown(self.store.reader(), found).await?;
            let write = |(rating, direction): (v1::Rating, v1::MismatchDirection)| {
                let about = assessments.iter().filter(|one| one.interaction_id == rating.interaction_id);
                v1::Mismatch {
                    assessments: about.cloned().collect(),
                    rating: Some(rating),
                    direction: direction.into(),
                }
            };
            let mismatches = shown.into_iter().zip(directions).map(write).collect();
            Ok(v1::ListMismatchesResponse { mismatches, next_page_token })
        })
        .await
    }

    async fn share_praise(&self, request: Request<v1::SharePraiseRequest>) -> Answer<v1::SharePraiseResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SharePraise", id, &message);
            let rating_id = call::id(&message.rating_id)?;
            let text = Some(message.text.trim().to_owned()).filter(|text| !text.is_empty());
            let actor = caller.clone();
            let sight = Sight::of(&caller, scope);
            let shared = self.change(mutation, move |tx, now| {
                let (actor, sight, text) = (actor.clone(), sight.clone(), text.clone());
                Box::pin(async move { praise::share(tx, now, (&actor, &sight), rating_id, text.as_deref()).await })
            });
            let found = praise::find(self.store.reader(), shared.await?).await?;
            Ok(v1::SharePraiseResponse { praise: Some(message::write_shared(found, caller.subject())) })
        })
        .await
    }

    async fn list_praise(&self, request: Request<v1::ListPraiseRequest>) -> Answer<v1::ListPraiseResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListPraiseRequest { state: message.state, ..Default::default() };
            let query = Query::new("ListPraise", &scope.binding(&caller), &bound.encode_to_vec());
            let limit = page_size(message.page_size, PAGE);
            let (connection, subject) = (self.store.reader(), caller.subject());
            let (praise, next_page_token) = match (message.state(), &scope) {
                (PraiseState::Waiting, Scope::Staff(_) | Scope::Customer(_)) => {
                    return Err(Error::FieldNotYours("state"));
                }
                (PraiseState::Waiting, Scope::All | Scope::Teams { .. }) => {
                    let after = query.position(&message.page_token)?.map(read_position).transpose()?;
                    let sight = Sight::of(&caller, scope.clone());
                    let read = |after, count| praise::waiting(connection, &sight, after, count);
                    let (found, next) = query.page(limit, after, read, rated_at, write_position).await?;
                    (found.into_iter().map(message::write_waiting).collect(), next)
                }
                (PraiseState::Unspecified | PraiseState::Shared, _) => {
                    let after = match query.id_position(&message.page_token)? {
                        Some(id) => Some((praise::find(connection, id).await?.shared_at, id)),
                        None => None,
                    };
                    let read = |after, count| praise::shared(connection, (subject, &scope), after, count);
                    let place = |one: &praise::Shared| (one.shared_at, one.id);
                    let (found, next) = query.page(limit, after, read, place, |(_, id)| id.into()).await?;
                    (found.into_iter().map(|one| message::write_shared(one, subject)).collect::<Vec<_>>(), next)
                }
            };
            // What is one's own is for oneself to read.
            if praise.iter().any(|one: &v1::Praise| one.staff_id != subject) {
                self.note_reading(&caller, "praise").await?;
            }
            Ok(v1::ListPraiseResponse { praise, next_page_token })
        })
        .await
    }
}

/// Where a rating stands in a list by the time of its interaction.
fn rated_at(rating: &Rating) -> (Micros, Uuid) {
    (rating.occurred_at, rating.id)
}
