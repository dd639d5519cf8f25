//! The RPCs of incidents.

use std::sync::Arc;

use jiff::tz::TimeZone;
use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    entity::incident::Model,
    linking, message,
    store::{self as rows, Declared, Step},
};
use crate::{
    api::{
        kinds::implied_direction,
        v1::{self, Direction, NoticeOutcome, incident_service_server::IncidentService},
    },
    auth::Caller,
    call::{Call, actor, id, mutation, page_size, respond},
    context::Context,
    error::{Error, Reason, Result},
    interaction::{
        Reactions,
        store::{NewInteraction, Recorder},
    },
    notice::{State, store as notices},
    page::Query,
    reach::{Scope, Sight},
    store::{Abort, Store, group::WriteGroup as _, request},
    timer,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 50;
/// Notices that are handed out at once where nobody says so.
const NOTICES: u64 = 100;

/// Serves [`IncidentService`].
pub struct IncidentApi {
    store: Store,
    time_zone: TimeZone,
    recorder: Arc<Recorder>,
}

impl IncidentApi {
    /// Starts the timers of incidents, too. `reactions`: what the contacts set off by which customers are told.
    pub(crate) fn new(context: &Context, reactions: Reactions) -> Self {
        let Context { store, zone, vault, stopping, trusted, .. } = context.clone();
        tokio::spawn(timer::keep_firing(store.clone(), linking::TIMERS, (stopping, trusted)));
        let recorder = Recorder::new(store.clone(), zone.rules.clone(), vault, reactions);
        Self { store, time_zone: zone.rules, recorder: Arc::new(recorder) }
    }

    async fn found(&self, id: Uuid) -> Result<Model> {
        rows::find(self.store.reader(), id).await?.ok_or(Error::NotFound("incident"))
    }

    async fn shown(&self, id: Uuid) -> Result<Option<v1::Incident>> {
        Ok(self.written(vec![self.found(id).await?]).await?.pop())
    }

    async fn written(&self, found: Vec<Model>) -> Result<Vec<v1::Incident>> {
        let ids: Vec<Uuid> = found.iter().map(|one| one.id).collect();
        let mut texts = notices::said(self.store.reader(), &ids).await?;
        let mut write = |one: Model| {
            let said = texts.remove(&one.id).unwrap_or_default();
            message::write(one, said)
        };
        found.into_iter().map(&mut write).collect()
    }

    /// Does a step, and what follows of it in the background.
    async fn take(&self, caller: &Caller, mutation: request::Request, incident: &str, step: Step) -> Result<Uuid> {
        let (id, store, actor) = (id(incident)?, self.store.clone(), actor(caller));
        let taken = self.store.change(mutation, move |tx, _| {
            let (store, actor, step) = (store.clone(), actor.clone(), step.clone());
            Box::pin(async move { rows::take(tx, &store, (&actor.0, actor.1), id, step).await })
        });
        let id = taken.await?;
        tokio::spawn(linking::run(self.store.clone(), id));
        Ok(id)
    }
}

#[tonic::async_trait]
impl IncidentService for IncidentApi {
    async fn preview_incident(
        &self,
        request: Request<v1::PreviewIncidentRequest>,
    ) -> Answer<v1::PreviewIncidentResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let now = self.store.clock().now_micros();
            let rule = message::read_rule(message.rule.unwrap_or_default(), now)?;
            let preview = rows::preview(self.store.reader(), &rule, now).await?;
            Ok(v1::PreviewIncidentResponse {
                interaction_count: preview.found.interactions,
                customer_count: preview.found.customers,
                sample_interaction_ids: preview.sample.iter().map(Uuid::to_string).collect(),
                fingerprint: preview.fingerprint,
            })
        })
        .await
    }

    async fn declare_incident(
        &self,
        request: Request<v1::DeclareIncidentRequest>,
    ) -> Answer<v1::DeclareIncidentResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DeclareIncident", request_id, &message);
            let told = Declared {
                rule: message::read_rule(message.rule.unwrap_or_default(), self.store.clock().now_micros())?,
                title: message.title,
                department: message.department,
                fingerprint: message.fingerprint,
            };
            let (store, actor) = (self.store.clone(), actor(&caller));
            let declared = self.store.change(mutation, move |tx, _| {
                let (store, actor, told) = (store.clone(), actor.clone(), told.clone());
                Box::pin(async move { rows::declare(tx, &store, (&actor.0, actor.1), &told).await })
            });
            let id: Uuid = declared.await?;
            tokio::spawn(linking::run(self.store.clone(), id));
            Ok(v1::DeclareIncidentResponse { incident: self.shown(id).await? })
        })
        .await
    }

    async fn post_incident_update(
        &self,
        request: Request<v1::PostIncidentUpdateRequest>,
    ) -> Answer<v1::PostIncidentUpdateResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "PostIncidentUpdate", request_id, &message);
            let id = self.take(&caller, mutation, &message.incident_id, Step::Update(message.words)).await?;
            Ok(v1::PostIncidentUpdateResponse { incident: self.shown(id).await? })
        })
        .await
    }

    async fn notify_incident(&self, request: Request<v1::NotifyIncidentRequest>) -> Answer<v1::NotifyIncidentResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "NotifyIncident", request_id, &message);
            let step = Step::Notify { words: message.words, per_minute: message.per_minute };
            let id = self.take(&caller, mutation, &message.incident_id, step).await?;
            let cost = rows::cost(self.store.reader(), &Sight::all(), id).await?;
            Ok(v1::NotifyIncidentResponse { incident: self.shown(id).await?, notice_count: cost.customers })
        })
        .await
    }

    async fn resolve_incident(
        &self,
        request: Request<v1::ResolveIncidentRequest>,
    ) -> Answer<v1::ResolveIncidentResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ResolveIncident", request_id, &message);
            let id = self.take(&caller, mutation, &message.incident_id, Step::Resolve(message.mended_words)).await?;
            let cost = rows::cost(self.store.reader(), &Sight::all(), id).await?;
            let notice_count = cost.notices.of(v1::NoticeKind::Told, &[State::Sent]);
            Ok(v1::ResolveIncidentResponse { incident: self.shown(id).await?, notice_count })
        })
        .await
    }

    async fn cancel_incident(&self, request: Request<v1::CancelIncidentRequest>) -> Answer<v1::CancelIncidentResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "CancelIncident", request_id, &message);
            let id = self.take(&caller, mutation, &message.incident_id, Step::Cancel(message.reason)).await?;
            Ok(v1::CancelIncidentResponse { incident: self.shown(id).await? })
        })
        .await
    }

    async fn get_incident(&self, request: Request<v1::GetIncidentRequest>) -> Answer<v1::GetIncidentResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            Ok(v1::GetIncidentResponse { incident: self.shown(id(&message.incident_id)?).await? })
        })
        .await
    }

    async fn list_incidents(&self, request: Request<v1::ListIncidentsRequest>) -> Answer<v1::ListIncidentsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListIncidentsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListIncidents", &scope.binding(&caller), &bound.encode_to_vec());
            let before = query.id_position(&message.page_token)?;
            let states: Vec<_> = message.states().collect();
            let read = |before, count| rows::list(self.store.reader(), &states, before, count);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, before, read, |last: &Model| last.id, Into::into).await?;
            let incidents = self.written(found).await?;
            Ok(v1::ListIncidentsResponse { incidents, next_page_token })
        })
        .await
    }

    async fn review_incident(&self, request: Request<v1::ReviewIncidentRequest>) -> Answer<v1::ReviewIncidentResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let id = id(&message.incident_id)?;
            let found = self.shown(id).await?.unwrap_or_default();
            let cost = rows::cost(self.store.reader(), &Sight::of(&caller, scope), id).await?;
            Ok(message::write_cost(found, &cost))
        })
        .await
    }

    async fn take_notices(&self, request: Request<v1::TakeNoticesRequest>) -> Answer<v1::TakeNoticesResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "TakeNotices", request_id, &message);
            let channel = message.channel();
            if implied_direction(channel) == Some(Direction::Inbound) {
                let rule = "must be a channel by which we reach customers";
                return Err(Error::invalid("channel", Reason::Contradiction, rule));
            }
            let (store, zone) = (self.store.clone(), self.time_zone.clone());
            let wanted = (channel, page_size(message.count, NOTICES));
            let taken = self.store.change(mutation, move |tx, _| {
                let (store, zone) = (store.clone(), zone.clone());
                Box::pin(async move { notices::take(tx, (&store, &zone), wanted).await })
            });
            let taken: Vec<Uuid> = taken.await?;
            let ready = notices::ready(self.store.reader(), taken).await?;
            Ok(v1::TakeNoticesResponse { notices: ready.into_iter().map(message::write_notice).collect() })
        })
        .await
    }

    async fn report_notice(&self, request: Request<v1::ReportNoticeRequest>) -> Answer<v1::ReportNoticeResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReportNotice", request_id, &message);
            let (notice_id, outcome, subject) =
                (id(&message.notice_id)?, message.outcome(), caller.subject().to_owned());
            let (store, recorder) = (self.store.clone(), self.recorder.clone());
            let reported = self.store.change(mutation, move |tx, now| {
                let (store, recorder, subject) = (store.clone(), recorder.clone(), subject.clone());
                Box::pin(async move {
                    let one = notices::find(tx, notice_id).await?.ok_or(Error::NotFound("notice"))?;
                    let mut recorded = None;
                    if outcome == NoticeOutcome::Sent {
                        let contact = NewInteraction {
                            // One contact for one notice, whatever the requests.
                            request_key: request::hash(&[b"notice", notice_id.as_bytes()]),
                            body_hash: notice_id,
                            facts: notices::contact(&one, now),
                            recorded_by: subject,
                            scope: Arc::new(Scope::All),
                        };
                        let receipt = recorder.write(tx, &[contact]).await?.pop();
                        recorded = Some(receipt.ok_or(Error::Overloaded)??.id);
                    }
                    notices::report(tx, &store, (notice_id, outcome, recorded)).await?;
                    Ok::<_, Abort>(recorded)
                })
            });
            let recorded: Option<Uuid> = reported.await?;
            Ok(v1::ReportNoticeResponse { interaction_id: recorded.map(|id| id.to_string()).unwrap_or_default() })
        })
        .await
    }
}
