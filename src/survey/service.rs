//! The RPCs of surveys.

use std::{pin::Pin, time::Duration};

use futures::Stream;
use jiff::tz::TimeZone;
use prost::Message as _;
use rapport_identity::NormalForms;
use tokio::sync::watch;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    invitation::{Invitation, Report},
    invitations::{self, Invitations},
    issue::{Verdict, issue},
    message,
    replies::{self, Arrived, Reply, Settling, Taking},
    watch::{ToSend, to_send},
};
use crate::{
    api::{
        convert::{micros, normal},
        rules::Violations,
        v1::{self, Attribution, DeliveryOutcome, ReplyOutcome, TemplateState, survey_service_server::SurveyService},
    },
    audit::{Reading, Trail},
    auth::Caller,
    call::{Call, mutation, page_size, respond},
    clock_trust::Trusted,
    context::Context,
    directory::store::kept_id,
    error::{Error, Reason, Result, Violation},
    interaction::store::{check_no_part, read_position as read_instant, write_position as write_instant},
    page::Query,
    rating::Reactions,
    reach::{Oneself, Sight},
    store::{Store, feed::Feed},
    template::{
        Template,
        store::{self as rows, Decision},
    },
    watch::Watches,
};

type Answer<T> = Result<Response<T>, Status>;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const PAGE: u64 = 100;
/// How often tokens of expired invitations are forgotten.
const SWEEP: Duration = Duration::from_secs(60);

/// Serves [`SurveyService`].
#[derive(Clone)]
pub struct SurveyApi {
    store: Store,
    time_zone: TimeZone,
    forms: NormalForms,
    issued: Feed<Invitations>,
    watches: Watches,
    reactions: Reactions,
    trail: Trail,
}

impl std::fmt::Debug for SurveyApi {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("SurveyApi").finish_non_exhaustive()
    }
}

impl SurveyApi {
    /// `reactions`: what ratings set off in other domains.
    pub(crate) fn new(context: &Context, reactions: Reactions) -> Self {
        let Context { store, zone, forms, watches, stopping, trusted, trail, .. } = context.clone();
        let issued = Feed::start(store.clone(), stopping.clone());
        tokio::spawn(sweep(store.clone(), (stopping, trusted)));
        Self { store, time_zone: zone.rules, forms, issued, watches, reactions, trail }
    }

    async fn invitation(&self, sight: &Sight, id: Uuid) -> Result<Invitation> {
        let found = invitations::find(self.store.reader(), sight, id).await?;
        found.ok_or(Error::NotFound("invitation"))
    }

    async fn reply(&self, id: Uuid) -> Result<v1::SurveyReply> {
        let found = replies::find(self.store.reader(), id).await?;
        Ok(message::write_reply(found.ok_or(Error::NotFound("reply"))?))
    }

    async fn template(&self, id: &str, version: i32) -> Result<v1::SurveyTemplate> {
        let found = rows::template(self.store.reader(), id, version).await?;
        Ok(message::write_template(found.ok_or(Error::NotFound("survey template"))?))
    }
}

async fn sweep(store: Store, (mut stopping, mut trusted): (watch::Receiver<bool>, Trusted)) {
    loop {
        tokio::select! {
            () = trusted.wait() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        match invitations::sweep(&store).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "expired invitations"),
            Err(error) => tracing::warn!(%error, "forgetting the tokens of expired invitations"),
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// The draft in a request, or all that is wrong with the request; `found`: what is wrong around the draft.
fn told(template: Option<v1::SurveyTemplate>, mut found: Vec<Violation>) -> Result<Template> {
    let (draft, broken) = message::read_template(template.unwrap_or_default());
    let broken: Vec<_> = broken.into_iter().filter_map(|one| one.inside("template").besides(&found)).collect();
    found.extend(broken);
    Error::unless_empty(found)?;
    Ok(draft)
}

fn decision(caller: &Caller, id: &str, version: i32, if_etag: &str) -> Decision {
    Decision {
        actor: (caller.principal.subject.clone(), caller.principal.role),
        id: normal(id.to_owned()),
        version,
        if_etag: if_etag.to_owned(),
    }
}

#[tonic::async_trait]
impl SurveyService for SurveyApi {
    async fn create_template(&self, request: Request<v1::CreateTemplateRequest>) -> Answer<v1::CreateTemplateResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let draft = told(message.template.clone(), Violations::of(&message))?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "CreateTemplate", id, &message);
            let template_id = draft.id.clone();
            let version = self.store.change(mutation, move |tx, _| Box::pin(rows::create(tx, draft.clone()))).await?;
            Ok(v1::CreateTemplateResponse { template: Some(self.template(&template_id, version).await?) })
        })
        .await
    }

    async fn update_template(&self, request: Request<v1::UpdateTemplateRequest>) -> Answer<v1::UpdateTemplateResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let draft = told(message.template.clone(), Violations::of(&message))?;
            let draft = Template { version: message.version, ..draft };
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UpdateTemplate", id, &message);
            let (template_id, version, if_etag) = (draft.id.clone(), draft.version, message.etag);
            let changed = self.store.change(mutation, move |tx, _| {
                let (draft, if_etag) = (draft.clone(), if_etag.clone());
                Box::pin(async move { rows::update(tx, draft, &if_etag).await })
            });
            changed.await?;
            Ok(v1::UpdateTemplateResponse { template: Some(self.template(&template_id, version).await?) })
        })
        .await
    }

    async fn publish_template(
        &self,
        request: Request<v1::PublishTemplateRequest>,
    ) -> Answer<v1::PublishTemplateResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "PublishTemplate", id, &message);
            let decision = decision(&caller, &message.template_id, message.version, &message.etag);
            let (template_id, version) = (decision.id.clone(), decision.version);
            let why = message.direction_override_reason.trim().to_owned();
            let changed = self.store.change(mutation, move |tx, now| {
                let (decision, why) = (decision.clone(), why.clone());
                Box::pin(async move { rows::publish(tx, now, &decision, &why).await })
            });
            changed.await?;
            Ok(v1::PublishTemplateResponse { template: Some(self.template(&template_id, version).await?) })
        })
        .await
    }

    async fn retire_template(&self, request: Request<v1::RetireTemplateRequest>) -> Answer<v1::RetireTemplateResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RetireTemplate", id, &message);
            let decision = decision(&caller, &message.template_id, message.version, "");
            let (template_id, version) = (decision.id.clone(), decision.version);
            let changed = self.store.change(mutation, move |tx, now| {
                let decision = decision.clone();
                Box::pin(async move { rows::retire(tx, now, &decision).await })
            });
            changed.await?;
            Ok(v1::RetireTemplateResponse { template: Some(self.template(&template_id, version).await?) })
        })
        .await
    }

    async fn get_template(&self, request: Request<v1::GetTemplateRequest>) -> Answer<v1::GetTemplateResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let template = self.template(&normal(message.template_id), message.version).await?;
            Ok(v1::GetTemplateResponse { template: Some(template) })
        })
        .await
    }

    async fn list_templates(&self, request: Request<v1::ListTemplatesRequest>) -> Answer<v1::ListTemplatesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListTemplatesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListTemplates", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let state = Some(message.state()).filter(|state| *state != TemplateState::Unspecified);
            let limit = page_size(message.page_size, PAGE);
            let read = |after, count| rows::list(self.store.reader(), state, after, count);
            let place = |last: &Template| (last.id.clone(), last.version);
            let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
            let templates = found.into_iter().map(message::write_template).collect();
            Ok(v1::ListTemplatesResponse { templates, next_page_token })
        })
        .await
    }

    async fn issue_survey(&self, request: Request<v1::IssueSurveyRequest>) -> Answer<v1::IssueSurveyResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "IssueSurvey", id, &message);
            let interaction_id =
                Uuid::try_parse(&message.interaction_id).map_err(|_| Error::NotFound("interaction"))?;
            let (template_id, version) = (normal(message.template_id), message.template_version);
            let (store, zone) = (self.store.clone(), self.time_zone.clone());
            // A suppressed one is kept and so committed: it is refused here, not there.
            let person = caller.person().map(str::to_owned);
            let verdict = self.store.change(mutation, move |tx, _| {
                let (store, zone, template_id) = (store.clone(), zone.clone(), template_id.clone());
                let person = person.clone();
                Box::pin(async move {
                    check_no_part(tx, interaction_id, person.as_deref()).await?;
                    issue(tx, (&store, &zone), interaction_id, (&template_id, version)).await
                })
            });
            let id = match verdict.await? {
                Verdict::Invited(id) => id,
                Verdict::Suppressed(why) => return Err(why.into()),
                Verdict::AlreadyInvited => return Err(Error::AlreadyInvited),
            };
            let invitation = self.invitation(&Sight::of(&caller, scope), id).await?;
            Ok(v1::IssueSurveyResponse { to_send: to_send(&self.store, vec![invitation]).await?.pop() })
        })
        .await
    }

    async fn report_delivery(&self, request: Request<v1::ReportDeliveryRequest>) -> Answer<v1::ReportDeliveryResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReportDelivery", request_id, &message);
            let id = Uuid::try_parse(&message.invitation_id).map_err(|_| Error::NotFound("invitation"))?;
            let (outcome, at) = (message.outcome(), message.delivery_time.as_ref().map(micros));
            let (store, person) = (self.store.clone(), caller.person().map(str::to_owned));
            let changed = self.store.change(mutation, move |tx, now| {
                let (store, person) = (store.clone(), person.clone());
                let report = match outcome {
                    DeliveryOutcome::Delivered | DeliveryOutcome::Unspecified => Report::Delivered(at.unwrap_or(now)),
                    DeliveryOutcome::Failed => Report::Failed,
                };
                Box::pin(async move {
                    if let Some(about) = invitations::find(tx, &Sight::all(), id).await? {
                        check_no_part(tx, about.interaction_id, person.as_deref()).await?;
                    }
                    invitations::settle(tx, &store, id, report).await
                })
            });
            changed.await?;
            let invitation = self.invitation(&Sight::of(&caller, scope), id).await?;
            let now = self.store.clock().now_micros();
            Ok(v1::ReportDeliveryResponse { invitation: Some(message::write_invitation(invitation, now)) })
        })
        .await
    }

    async fn get_invitation(&self, request: Request<v1::GetInvitationRequest>) -> Answer<v1::GetInvitationResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let id = Uuid::try_parse(&message.invitation_id).map_err(|_| Error::NotFound("invitation"))?;
            let invitation = self.invitation(&Sight::of(&caller, scope), id).await?;
            let now = self.store.clock().now_micros();
            Ok(v1::GetInvitationResponse { invitation: Some(message::write_invitation(invitation, now)) })
        })
        .await
    }

    async fn list_invitations(
        &self,
        request: Request<v1::ListInvitationsRequest>,
    ) -> Answer<v1::ListInvitationsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let filter = message.filter.unwrap_or_default();
            let query = Query::new("ListInvitations", &scope.binding(&caller), &filter.encode_to_vec());
            let mut filter = message::read_filter(filter)?;
            if let Some(id) = filter.customer_id.take() {
                filter.customer_id = Some(kept_id(self.store.reader(), id).await?);
            }
            let after = query.position(&message.page_token)?.map(read_instant).transpose()?;
            let limit = page_size(message.page_size, PAGE);
            let now = self.store.clock().now_micros();
            let sight = Sight::of(&caller, scope);
            let read = |after, count| invitations::list(self.store.reader(), &sight, &filter, now, after, count);
            let place = |last: &Invitation| (last.issued_at, last.id);
            let (found, next_page_token) = query.page(limit, after, read, place, write_instant).await?;
            let invitations = found.into_iter().map(|one| message::write_invitation(one, now)).collect();
            Ok(v1::ListInvitationsResponse { invitations, next_page_token })
        })
        .await
    }

    async fn receive_reply(&self, request: Request<v1::ReceiveReplyRequest>) -> Answer<v1::ReceiveReplyResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReceiveReply", id, &message);
            let arrived = Arrived {
                by: caller.person().map(str::to_owned),
                actor: (caller.subject().to_owned(), caller.principal.role),
                ..message::read_reply(message, self.forms)?
            };
            let (store, zone, reactions) = (self.store.clone(), self.time_zone.clone(), self.reactions);
            let by = mutation.clone();
            let received = self.store.change(mutation, move |tx, _| {
                let (store, zone, by, arrived) = (store.clone(), zone.clone(), by.clone(), arrived.clone());
                Box::pin(async move {
                    replies::receive(tx, Taking { store: &store, zone: &zone, reactions }, &by, arrived).await
                })
            });
            let received = received.await?;
            let reply = self.reply(received.id).await?;
            Ok(v1::ReceiveReplyResponse { reply: Some(reply), answer_text: received.answer })
        })
        .await
    }

    async fn list_replies(&self, request: Request<v1::ListRepliesRequest>) -> Answer<v1::ListRepliesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListRepliesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListReplies", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(read_instant).transpose()?;
            let outcome = Some(message.outcome()).filter(|outcome| *outcome != ReplyOutcome::Unspecified);
            let limit = page_size(message.page_size, PAGE);
            let oneself = Oneself::of(&caller);
            let read = |after, count| replies::list(self.store.reader(), (outcome, &oneself), after, count);
            let place = |last: &Reply| (last.received_at, last.id);
            let (found, next_page_token) = query.page(limit, after, read, place, write_instant).await?;
            let which = outcome.map_or("any", |one| one.plain_name());
            let reading = Reading { action: v1::AuditAction::RepliesRead, object: which, about: None, why: "" };
            self.trail.note(&caller, reading).await?;
            let replies = found.into_iter().map(message::write_reply).collect();
            Ok(v1::ListRepliesResponse { replies, next_page_token })
        })
        .await
    }

    async fn settle_reply(&self, request: Request<v1::SettleReplyRequest>) -> Answer<v1::SettleReplyResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SettleReply", id, &message);
            let score = Some(message.score).filter(|score| *score != 0);
            if score.is_none() && message.attribution() != Attribution::Unspecified {
                let rule = "must be left out where there is no score";
                return Err(Error::invalid("attribution", Reason::Contradiction, rule));
            }
            let reply_id = Uuid::try_parse(&message.reply_id).map_err(|_| Error::NotFound("reply"))?;
            let settling = Settling {
                actor: (caller.principal.subject.clone(), caller.principal.role),
                reply_id,
                score,
                attribution: message.attribution(),
                reason: message.reason,
                invitation_id: Uuid::try_parse(&message.invitation_id).ok(),
            };
            let (store, zone, reactions) = (self.store.clone(), self.time_zone.clone(), self.reactions);
            let by = mutation.clone();
            let settled = self.store.change(mutation, move |tx, _| {
                let (store, zone, by, settling) = (store.clone(), zone.clone(), by.clone(), settling.clone());
                Box::pin(async move {
                    replies::settle(tx, Taking { store: &store, zone: &zone, reactions }, &by, &settling).await
                })
            });
            settled.await?;
            Ok(v1::SettleReplyResponse { reply: Some(self.reply(reply_id).await?) })
        })
        .await
    }

    async fn submit_survey(&self, request: Request<v1::SubmitSurveyRequest>) -> Answer<v1::SubmitSurveyResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SubmitSurvey", id, &message);
            let given = message::read_given(message);
            let (store, zone, reactions) = (self.store.clone(), self.time_zone.clone(), self.reactions);
            let by = mutation.clone();
            let taken = self.store.change(mutation, move |tx, _| {
                let (store, zone, by, given) = (store.clone(), zone.clone(), by.clone(), given.clone());
                Box::pin(async move {
                    replies::take(tx, Taking { store: &store, zone: &zone, reactions }, &by, given).await
                })
            });
            let taken = taken.await?;
            Ok(v1::SubmitSurveyResponse {
                rating_id: taken.rating_id.to_string(),
                standing: taken.standing,
                answer_text: taken.answer,
            })
        })
        .await
    }

    type WatchInvitationsStream = Answers<v1::WatchInvitationsResponse>;

    async fn watch_invitations(
        &self,
        request: Request<v1::WatchInvitationsRequest>,
    ) -> Answer<Self::WatchInvitationsStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let (from, by) = ((&self.store, &self.issued), (caller, scope));
            let watch = self.watches.open(from, by, ToSend, &message.resume_cursor).await?;
            Ok(watch.begin())
        })
        .await
    }
}

fn write_position((id, version): (String, i32)) -> Vec<u8> {
    [&version.to_be_bytes()[..], id.as_bytes()].concat()
}

fn read_position(bytes: Vec<u8>) -> Result<(String, i32)> {
    let (version, id) = bytes.split_first_chunk::<4>().ok_or_else(Query::malformed)?;
    let id = String::from_utf8(id.to_vec()).map_err(|_| Query::malformed())?;
    Ok((id, i32::from_be_bytes(*version)))
}
