//! The RPCs of surveys.

use futures::future::BoxFuture;
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::{
    Template, message,
    store::{self as rows, Decision},
};
use crate::{
    api::{
        convert::normal,
        page::Query,
        rules::Violations,
        v1::{self, TemplateState, survey_service_server::SurveyService},
    },
    auth::Caller,
    call::{Call, mutation, page_size, respond},
    error::{Error, Result, Violation},
    interaction::Micros,
    store::{Abort, Store, Tx, request},
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;

/// Serves [`SurveyService`].
#[derive(Clone, Debug)]
pub struct SurveyApi {
    store: Store,
}

impl SurveyApi {
    /// Over a store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Does a mutation once per request id.
    async fn change<A, W>(&self, mutation: request::Request, work: W) -> Result<A>
    where
        A: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
        W: for<'t> Fn(&'t Tx, Micros) -> BoxFuture<'t, Result<A, Abort>> + Clone + Send + Sync + 'static,
    {
        let store = self.store.clone();
        self.store
            .transact(move |tx| {
                let (store, mutation, work) = (store.clone(), mutation.clone(), work.clone());
                Box::pin(async move {
                    let now = store.now(tx).await?;
                    request::once(tx, &mutation, now, work(tx, now)).await
                })
            })
            .await
    }

    async fn template(&self, id: &str, version: i32) -> Result<v1::SurveyTemplate> {
        let found = rows::template(self.store.reader(), id, version).await?;
        Ok(message::write_template(found.ok_or(Error::NotFound("survey template"))?))
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
            let version = self.change(mutation, move |tx, _| Box::pin(rows::create(tx, draft.clone()))).await?;
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
            let changed = self.change(mutation, move |tx, _| {
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
            let changed = self.change(mutation, move |tx, now| {
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
            let changed = self.change(mutation, move |tx, now| {
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
            let mut found = rows::list(self.store.reader(), state, after, limit + 1).await?;
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            let more = found.len() > limit;
            found.truncate(limit);
            let last = found.last().filter(|_| more);
            let next_page_token = last.map(|last| query.token(&write_position(last))).unwrap_or_default();
            let templates = found.into_iter().map(message::write_template).collect();
            Ok(v1::ListTemplatesResponse { templates, next_page_token })
        })
        .await
    }
}

fn write_position(last: &Template) -> Vec<u8> {
    [&last.version.to_be_bytes()[..], last.id.as_bytes()].concat()
}

fn read_position(bytes: Vec<u8>) -> Result<(String, i32)> {
    let (version, id) = bytes.split_first_chunk::<4>().ok_or_else(Query::malformed)?;
    let id = String::from_utf8(id.to_vec()).map_err(|_| Query::malformed())?;
    Ok((id, i32::from_be_bytes(*version)))
}
