//! The RPCs of personal data.

use std::sync::Arc;

use prost::Message as _;
use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    erasure,
    export::{self, Position},
    table::Table,
};
use crate::{
    api::{
        convert::{micros, timestamp},
        v1::{self, AuditAction, privacy_service_server::PrivacyService},
    },
    audit,
    call::{Call, mutation, page_size, respond},
    contact::store::allow_point,
    context::Context,
    directory::{
        Alias,
        service::{contact_point_message, customer_meant},
        store::{find_customer, set_consent},
        tombstone,
    },
    error::{Error, Reason, Result},
    page::Query,
    reach::Oneself,
    store::{Abort, Store, request},
    vault::Vault,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 200;
/// Clocks of callers may be ahead by this much.
const SKEW: i64 = 60_000_000;

/// Serves [`PrivacyService`].
#[derive(Clone, Debug)]
pub struct PrivacyApi {
    store: Store,
    vault: Vault,
    forms: NormalForms,
    tables: Arc<[Table]>,
}

impl PrivacyApi {
    /// `tables`: all of them, in the order in which a customer is exported and erased.
    pub(crate) fn new(context: &Context, tables: Vec<Table>) -> Self {
        let (store, vault) = (context.store.clone(), context.vault.clone());
        Self { store, vault, forms: context.forms, tables: tables.into() }
    }

    async fn set_consent(&self, request: Request<v1::SetConsentRequest>) -> Result<v1::SetConsentResponse> {
        let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
        let id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "SetConsent", id, &message);
        let customer_id = customer_meant(&self.store, std::mem::take(&mut message.customer_id)).await?;
        scope.check_customer(&customer_id)?;
        let point = Alias::given(message.kind(), std::mem::take(&mut message.value), self.forms);
        let (api, actor, of, about) = (self.clone(), caller.principal.clone(), customer_id.clone(), point.clone());
        self.store
            .transact(move |tx| {
                let (api, actor, mutation) = (api.clone(), actor.clone(), mutation.clone());
                let (of, about, message) = (of.clone(), about.clone(), message.clone());
                Box::pin(async move {
                    let now = api.store.now(tx).await?;
                    let work = Box::pin(async {
                        let said_at = message.consent_time.as_ref().map_or(now, micros);
                        if said_at > now + SKEW {
                            let rule = "must not be in the future";
                            return Err(Error::invalid("consent_time", Reason::TimeInFuture, rule).into());
                        }
                        let Some(before) = set_consent(tx, &of, &about, (message.consent(), said_at)).await? else {
                            return Err(tombstone::why_absent(tx, &api.vault, &of).await);
                        };
                        if message.consent() == v1::Consent::Granted {
                            allow_point(tx, &about).await?;
                        }
                        let detail = serde_json::json!({
                            "contact_point": { "kind": about.kind.as_str_name(), "value": about.written },
                            "consent": { "before": before.as_str_name(), "after": message.consent().as_str_name() },
                            "source": message.source,
                            "consent_at": said_at,
                        });
                        let actor = (actor.subject.as_str(), actor.role);
                        audit::add(tx, now, actor, AuditAction::ConsentSet, &of, "", Some(detail)).await?;
                        Ok(())
                    });
                    request::once(tx, &mutation, now, work).await
                })
            })
            .await?;
        let customer = find_customer(self.store.reader(), &customer_id).await?.ok_or(Error::NotFound("customer"))?;
        let found = customer.contact_points.into_iter().find(|one| one.at == point);
        Ok(v1::SetConsentResponse { contact_point: found.map(contact_point_message) })
    }

    async fn export_customer(&self, request: Request<v1::ExportCustomerRequest>) -> Result<v1::ExportCustomerResponse> {
        let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
        let bound = v1::ExportCustomerRequest { customer_id: message.customer_id.clone(), ..Default::default() };
        let query = Query::new("ExportCustomer", &scope.binding(&caller), &bound.encode_to_vec());
        let customer_id = customer_meant(&self.store, message.customer_id).await?;
        scope.check_customer(&customer_id)?;
        let position = query.position(&message.page_token)?;
        let is_first = position.is_none();
        let position = position.map(|bytes| Position::read(&bytes).ok_or_else(Query::malformed)).transpose()?;
        let (api, actor, of) = (self.clone(), caller.principal.clone(), customer_id.clone());
        let oneself = Oneself::of(&caller);
        self.store
            .transact(move |tx| {
                let (api, actor, of, oneself) = (api.clone(), actor.clone(), of.clone(), oneself.clone());
                Box::pin(async move {
                    if find_customer(tx, &of).await?.is_none() {
                        return Err(tombstone::why_absent(tx, &api.vault, &of).await);
                    }
                    if export::served(tx, &of, &oneself).await? {
                        return Err(Error::PartyTo("an interaction of the customer").into());
                    }
                    if is_first {
                        let now = api.store.now(tx).await?;
                        let actor = (actor.subject.as_str(), actor.role);
                        audit::add(tx, now, actor, AuditAction::CustomerExported, &of, "", None).await?;
                    }
                    Ok::<_, Abort>(())
                })
            })
            .await?;
        let limit = usize::try_from(page_size(message.page_size, PAGE)).unwrap_or(usize::MAX);
        let (json_lines, next) = export::page(
            (&self.store, &self.tables),
            (&customer_id, caller.person()),
            position.unwrap_or_default(),
            limit,
        )
        .await?;
        let next_page_token = next.map(|next| query.token(&next.write())).unwrap_or_default();
        Ok(v1::ExportCustomerResponse { json_lines, next_page_token })
    }

    async fn erase_customer(&self, request: Request<v1::EraseCustomerRequest>) -> Result<v1::EraseCustomerResponse> {
        let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
        let id = std::mem::take(&mut message.request_id);
        let mutation = mutation(&caller, "EraseCustomer", id, &message);
        let (customer_id, reason) = (customer_meant(&self.store, message.customer_id).await?, message.reason);
        let (api, actor) = (self.clone(), (caller.subject().to_owned(), caller.principal.role));
        let erased: Uuid = self
            .store
            .transact(move |tx| {
                let (api, actor, mutation) = (api.clone(), actor.clone(), mutation.clone());
                let (customer_id, reason) = (customer_id.clone(), reason.clone());
                Box::pin(async move {
                    let now = api.store.now(tx).await?;
                    let means = (&api.store, &api.vault, &*api.tables);
                    let work = erasure::erase(tx, means, &actor, &customer_id, &reason);
                    request::once(tx, &mutation, now, work).await
                })
            })
            .await?;
        self.store.forget().await;
        let receipt = erasure::receipt(&self.store, erased).await?;
        let keys = self.vault.public_keys();
        let public_key = keys.into_iter().find(|(id, _)| *id == receipt.key_id).map(|(_, key)| key);
        let receipt = v1::ErasureReceipt {
            erasure_id: receipt.id.to_string(),
            erasure_time: Some(timestamp(receipt.erased_at)),
            text: receipt.text,
            key_id: receipt.key_id,
            signature: receipt.signature,
            public_key: public_key.unwrap_or_default(),
        };
        Ok(v1::EraseCustomerResponse { receipt: Some(receipt) })
    }
}

#[tonic::async_trait]
impl PrivacyService for PrivacyApi {
    async fn set_consent(&self, request: Request<v1::SetConsentRequest>) -> Answer<v1::SetConsentResponse> {
        respond(self.set_consent(request)).await
    }

    async fn export_customer(&self, request: Request<v1::ExportCustomerRequest>) -> Answer<v1::ExportCustomerResponse> {
        respond(self.export_customer(request)).await
    }

    async fn erase_customer(&self, request: Request<v1::EraseCustomerRequest>) -> Answer<v1::EraseCustomerResponse> {
        respond(self.erase_customer(request)).await
    }
}
