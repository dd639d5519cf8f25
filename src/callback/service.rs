//! The RPCs of callbacks.

use std::pin::Pin;

use futures::Stream;
use jiff::tz::TimeZone;
use prost::Message as _;
use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    At, By, Callback,
    claim::{self, Claim},
    clock, desk, figures, message, quote, request as requests,
    steps::{self, Step},
    store::{self as rows, Events},
    watch::Watched,
};
use crate::{
    api::{
        convert::{duration_micros, micros, normal, optional},
        v1::{self, CallbackFailureReason, callback_service_server::CallbackService},
    },
    auth::Caller,
    calendar::store::hours_of,
    call::{Call, actor, id, mutation, page_size, respond},
    clock::{DAY, Micros},
    context::Context,
    directory::store::{find_team, kept_id},
    error::{Error, Reason, Result},
    interaction::store::{read_position, write_position},
    page::Query,
    reach::{Scope, Sight},
    store::{Store, feed::Feed, request},
    timer,
    watch::Watches,
};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const PAGE: u64 = 100;
const MINUTE: Micros = 60_000_000;
/// How long a claim holds where nobody says.
const LEASE: Micros = 2 * MINUTE;
/// Which period is summed up where nobody says, and the longest.
const PERIOD: Micros = 28 * DAY;
const LONGEST_PERIOD: Micros = 92 * DAY;

/// Serves [`CallbackService`].
pub struct CallbackApi {
    store: Store,
    at: At,
    forms: NormalForms,
    zone: TimeZone,
    events: Feed<Events>,
    watches: Watches,
}

/// A step as a caller asks for it.
struct Asking {
    caller: Caller,
    scope: Scope,
    mutation: request::Request,
    callback_id: String,
    fence: Option<i64>,
    step: Step,
}

impl CallbackApi {
    /// Starts the timers of callbacks, too.
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, vault, zone, forms, watches, stopping, trusted, .. } = context.clone();
        tokio::spawn(timer::keep_firing(store.clone(), clock::TIMERS, (stopping.clone(), trusted)));
        let at = At { store: store.clone(), vault, zone: zone.rules.clone() };
        Self { events: Feed::start(store.clone(), stopping), at, forms, zone: zone.rules, store, watches }
    }

    async fn step(&self, asking: Asking) -> Result<Option<v1::Callback>> {
        let Asking { caller, scope, mutation, callback_id, fence, step } = asking;
        let which = (id(&callback_id)?, fence);
        let (at, by) = (self.at.clone(), by(&caller, scope));
        let sight = by.sight.clone();
        let done = self.store.change(mutation, move |tx, _| {
            let (at, by, step) = (at.clone(), by.clone(), step.clone());
            Box::pin(async move { steps::step(tx, &at, &by, which, &step).await })
        });
        let id: Uuid = done.await?;
        self.shown(&caller, &sight, id).await
    }

    async fn shown(&self, caller: &Caller, sight: &Sight, id: Uuid) -> Result<Option<v1::Callback>> {
        let found = rows::find(self.store.reader(), sight, id).await?;
        Ok(found.map(|one| message::write(one, caller)))
    }
}

fn by(caller: &Caller, scope: Scope) -> By {
    let (subject, role) = actor(caller);
    By { subject, role, sight: Sight::of(caller, scope) }
}

fn lease(asked: Option<prost_types::Duration>) -> Micros {
    asked.as_ref().map_or(LEASE, duration_micros)
}

/// The period that is summed up.
fn period(message: &v1::SummarizeCallbacksRequest, now: Micros) -> Result<(Micros, Micros)> {
    let to = message.to_time.as_ref().map_or(now, micros);
    let from = message.from_time.as_ref().map_or(to.saturating_sub(PERIOD), micros);
    if to < from {
        return Err(Error::invalid("to_time", Reason::ImpossibleInstants, "must not be before from_time"));
    }
    if to.saturating_sub(from) > LONGEST_PERIOD {
        return Err(Error::invalid("to_time", Reason::ValueOutOfRange, "must be within 92 days after from_time"));
    }
    Ok((from, to))
}

#[tonic::async_trait]
impl CallbackService for CallbackApi {
    async fn quote_callback(&self, request: Request<v1::QuoteCallbackRequest>) -> Answer<v1::QuoteCallbackResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let team_id = message::team(message.team_id, &scope)
                .ok_or_else(|| Error::invalid("team_id", Reason::FieldRequired, "must be set"))?;
            let reader = self.store.reader();
            let is_within = scope.own_customer().is_some() || scope.has_team(&team_id);
            if !is_within || find_team(reader, &team_id).await?.is_none() {
                return Err(Error::NotFound("team"));
            }
            let (sight, now) = (Sight::of(&caller, scope), self.store.clock().now_micros());
            let calendar = hours_of(reader, Some(&team_id)).await?;
            let desk = desk::of_team(reader, &team_id).await?;
            let load = rows::load(reader, &sight, &team_id, now).await?;
            let record = rows::record(reader, &sight, &team_id, now).await?;
            let quoted = match quote::quote(&calendar, now, load, record) {
                Ok(quoted) => Some(message::write_quote(quoted, load.waiting, &desk)),
                Err(Error::CallbackNoOpening) => None,
                Err(error) => return Err(error),
            };
            let taken = rows::taken_slots(reader, &sight, &team_id, now).await?;
            let slots = quote::free_slots(&calendar, now, desk.slot_capacity.into(), &taken);
            let slots = slots.into_iter().map(message::write_slot).collect();
            Ok(v1::QuoteCallbackResponse { quote: quoted, slots })
        })
        .await
    }

    async fn request_callback(
        &self,
        request: Request<v1::RequestCallbackRequest>,
    ) -> Answer<v1::RequestCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RequestCallback", id, &message);
            let mut told = message.callback.unwrap_or_default();
            told.customer_id = kept_id(self.store.reader(), normal(told.customer_id)).await?;
            let asked = message::read(told, &scope, self.forms)?;
            let (at, by) = (self.at.clone(), by(&caller, scope));
            let sight = by.sight.clone();
            let made = self.store.change(mutation, move |tx, _| {
                let (at, by, asked) = (at.clone(), by.clone(), asked.clone());
                Box::pin(async move { requests::request(tx, &at, &by, &asked).await })
            });
            let id: Uuid = made.await?;
            Ok(v1::RequestCallbackResponse { callback: self.shown(&caller, &sight, id).await? })
        })
        .await
    }

    async fn claim_callback(&self, request: Request<v1::ClaimCallbackRequest>) -> Answer<v1::ClaimCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ClaimCallback", id, &message);
            let staff_id = optional(message.staff_id).or_else(|| caller.person().map(str::to_owned));
            let staff_id = staff_id.ok_or_else(|| Error::invalid("staff_id", Reason::FieldRequired, "must be set"))?;
            let callback_id = message::read_id("callback_id", message.callback_id)?;
            let told = Claim { callback_id, staff_id, lease: lease(message.lease) };
            let (at, by) = (self.at.clone(), by(&caller, scope));
            let sight = by.sight.clone();
            let claimed = self.store.change(mutation, move |tx, _| {
                let (at, by, told) = (at.clone(), by.clone(), told.clone());
                Box::pin(async move { claim::claim(tx, &at, &by, &told).await })
            });
            let claimed: Option<(Uuid, i64)> = claimed.await?;
            let Some((id, fencing_number)) = claimed else { return Ok(v1::ClaimCallbackResponse::default()) };
            Ok(v1::ClaimCallbackResponse { callback: self.shown(&caller, &sight, id).await?, fencing_number })
        })
        .await
    }

    async fn renew_callback_claim(
        &self,
        request: Request<v1::RenewCallbackClaimRequest>,
    ) -> Answer<v1::RenewCallbackClaimResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RenewCallbackClaim", id, &message);
            let step = Step::Renew { lease: lease(message.lease) };
            let (callback_id, fence) = (message.callback_id, Some(message.fencing_number));
            let callback = self.step(Asking { caller, scope, mutation, callback_id, fence, step }).await?;
            Ok(v1::RenewCallbackClaimResponse { callback })
        })
        .await
    }

    async fn dial_callback(&self, request: Request<v1::DialCallbackRequest>) -> Answer<v1::DialCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DialCallback", id, &message);
            let (callback_id, fence) = (message.callback_id, Some(message.fencing_number));
            let asking = Asking { caller, scope, mutation, callback_id, fence, step: Step::Dial };
            Ok(v1::DialCallbackResponse { callback: self.step(asking).await? })
        })
        .await
    }

    async fn connect_callback(
        &self,
        request: Request<v1::ConnectCallbackRequest>,
    ) -> Answer<v1::ConnectCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ConnectCallback", id, &message);
            let (callback_id, fence) = (message.callback_id, Some(message.fencing_number));
            let asking = Asking { caller, scope, mutation, callback_id, fence, step: Step::Connect };
            Ok(v1::ConnectCallbackResponse { callback: self.step(asking).await? })
        })
        .await
    }

    async fn complete_callback(
        &self,
        request: Request<v1::CompleteCallbackRequest>,
    ) -> Answer<v1::CompleteCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "CompleteCallback", id, &message);
            let call_interaction_id = message::read_id("call_interaction_id", message.call_interaction_id)?;
            let step = Step::Complete { call_interaction_id, note: optional(message.note) };
            let (callback_id, fence) = (message.callback_id, Some(message.fencing_number));
            let callback = self.step(Asking { caller, scope, mutation, callback_id, fence, step }).await?;
            Ok(v1::CompleteCallbackResponse { callback })
        })
        .await
    }

    async fn fail_callback(&self, request: Request<v1::FailCallbackRequest>) -> Answer<v1::FailCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "FailCallback", id, &message);
            let reason = message.reason();
            if reason == CallbackFailureReason::Unknown {
                let rule = "must be what came of the attempt: UNKNOWN is said by the server where nobody tells";
                return Err(Error::invalid("reason", Reason::Contradiction, rule));
            }
            let step = Step::Fail { reason, note: optional(message.note) };
            let (callback_id, fence) = (message.callback_id, Some(message.fencing_number));
            let callback = self.step(Asking { caller, scope, mutation, callback_id, fence, step }).await?;
            Ok(v1::FailCallbackResponse { callback })
        })
        .await
    }

    async fn cancel_callback(&self, request: Request<v1::CancelCallbackRequest>) -> Answer<v1::CancelCallbackResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "CancelCallback", id, &message);
            let (step, callback_id) = (Step::Cancel { note: optional(message.note) }, message.callback_id);
            let asking = Asking { caller, scope, mutation, callback_id, fence: None, step };
            Ok(v1::CancelCallbackResponse { callback: self.step(asking).await? })
        })
        .await
    }

    async fn get_callback(&self, request: Request<v1::GetCallbackRequest>) -> Answer<v1::GetCallbackResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let sight = Sight::of(&caller, scope);
            let found = self.shown(&caller, &sight, id(&message.callback_id)?).await?;
            Ok(v1::GetCallbackResponse { callback: Some(found.ok_or(Error::NotFound("callback"))?) })
        })
        .await
    }

    async fn list_callbacks(&self, request: Request<v1::ListCallbacksRequest>) -> Answer<v1::ListCallbacksResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListCallbacksRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListCallbacks", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let mut filter = message::read_filter(&message);
            if let Some(customer) = filter.customer_id.take() {
                filter.customer_id = Some(kept_id(self.store.reader(), customer).await?);
            }
            // Who rang is not the customer's to ask.
            if scope.own_customer().is_some() && filter.staff_id.is_some() {
                return Err(Error::FieldNotYours("staff_id"));
            }
            let sight = Sight::of(&caller, scope);
            let read = |after, count| rows::list(self.store.reader(), &sight, &filter, after, count);
            let place = |last: &Callback| (last.place.0, last.id);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
            let callbacks = found.into_iter().map(|one| message::write(one, &caller)).collect();
            Ok(v1::ListCallbacksResponse { callbacks, next_page_token })
        })
        .await
    }

    type WatchCallbacksStream = Answers<v1::WatchCallbacksResponse>;

    async fn watch_callbacks(&self, request: Request<v1::WatchCallbacksRequest>) -> Answer<Self::WatchCallbacksStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let subject = Watched { team_id: optional(message.team_id), caller: caller.clone() };
            let (from, by) = ((&self.store, &self.events), (caller, scope));
            Ok(self.watches.open(from, by, subject, &message.resume_cursor).await?.begin())
        })
        .await
    }

    async fn summarize_callbacks(
        &self,
        request: Request<v1::SummarizeCallbacksRequest>,
    ) -> Answer<v1::SummarizeCallbacksResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let period = period(&message, self.store.clock().now_micros())?;
            let (sight, team_id) = (Sight::of(&caller, scope), optional(message.team_id));
            let lines = rows::lines(self.store.reader(), &sight, team_id.as_deref(), period).await?;
            let summaries = message::write_summaries(figures::figures(&lines, &self.zone));
            Ok(v1::SummarizeCallbacksResponse { summaries })
        })
        .await
    }

    async fn set_callback_desk(
        &self,
        request: Request<v1::SetCallbackDeskRequest>,
    ) -> Answer<v1::SetCallbackDeskResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SetCallbackDesk", id, &message);
            let told = message::read_desk(message.desk.unwrap_or_default(), self.forms)?;
            let (store, by, team_id, expected) =
                (self.store.clone(), by(&caller, scope), told.team_id.clone(), message.etag);
            let set = self.store.change(mutation, move |tx, _| {
                let (store, by, told, expected) = (store.clone(), by.clone(), told.clone(), expected.clone());
                Box::pin(async move { desk::set(tx, &store, &by, &told, &expected).await })
            });
            set.await?;
            let desk = desk::of_team(self.store.reader(), &team_id).await?;
            Ok(v1::SetCallbackDeskResponse { desk: Some(message::write_desk(desk)) })
        })
        .await
    }

    async fn list_callback_desks(
        &self,
        request: Request<v1::ListCallbackDesksRequest>,
    ) -> Answer<v1::ListCallbackDesksResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListCallbackDesks", &scope.binding(&caller), &[]);
            let after = query.name_position(&message.page_token)?;
            let read = |after, count| desk::list(self.store.reader(), &scope, after, count);
            let place = |last: &desk::Desk| last.team_id.clone();
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read, place, String::into_bytes).await?;
            let desks = found.into_iter().map(message::write_desk).collect();
            Ok(v1::ListCallbackDesksResponse { desks, next_page_token })
        })
        .await
    }
}
