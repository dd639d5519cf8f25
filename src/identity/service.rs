//! The RPCs of identity.

use prost::Message as _;
use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    claim,
    duplicates::{self, Evidence, Pair},
    entity::merge,
    merging, release,
};
use crate::{
    api::{
        convert::{normal, optional, timestamp},
        v1::{self, DuplicateEvidenceKind, identity_service_server::IdentityService},
    },
    call::{Call, actor, mutation, page_size, respond},
    context::Context,
    directory::{
        Alias,
        service::{alias_message, alias_violations, customer_message},
        store::{find_customer, kept_id},
    },
    error::{Error, Result},
    interaction::store::{read_position, write_position},
    page::Query,
    store::Store,
    vault::Vault,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;
/// Customers looked at for duplicates.
const LOOKED_AT: u64 = 500;

/// Serves [`IdentityService`].
#[derive(Clone, Debug)]
pub struct IdentityApi {
    store: Store,
    vault: Vault,
    forms: NormalForms,
}

impl IdentityApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone(), vault: context.vault.clone(), forms: context.forms }
    }

    async fn merge_message(&self, id: Uuid) -> Result<v1::CustomerMerge> {
        Ok(message(merging::find(self.store.reader(), id).await?))
    }
}

/// A merge as callers see it.
fn message(merge: merge::Model) -> v1::CustomerMerge {
    v1::CustomerMerge {
        merge_id: merge.id.to_string(),
        kept_customer_id: merge.kept_id,
        absorbed_customer_id: merge.absorbed_id,
        reason: merge.reason,
        author: merge.author,
        merge_time: Some(timestamp(merge.merged_at)),
        undo_end_time: Some(timestamp(merge.merged_at + merging::UNDOABLE)),
        undo_time: merge.undone_at.map(timestamp),
        undo_author: merge.undone_by.unwrap_or_default(),
    }
}

/// A suggestion as callers see it.
fn suggestion((pair, evidence): (Pair, Evidence)) -> v1::DuplicateSuggestion {
    let of = |kind: DuplicateEvidenceKind| v1::DuplicateEvidence { kind: kind.into(), ..Default::default() };
    let points = evidence.points.into_iter().map(|(one, other)| v1::DuplicateEvidence {
        notations: vec![alias_message(one), alias_message(other)],
        ..of(DuplicateEvidenceKind::ContactPoint)
    });
    let orders = evidence
        .orders
        .into_iter()
        .map(|order_id| v1::DuplicateEvidence { order_id, ..of(DuplicateEvidenceKind::Order) });
    let names = evidence.names.into_iter().map(|(one, other, similarity)| v1::DuplicateEvidence {
        salutations: vec![one, other],
        similarity,
        ..of(DuplicateEvidenceKind::Name)
    });
    v1::DuplicateSuggestion {
        customer_ids: vec![pair.0, pair.1],
        evidence: points.chain(orders).chain(names).collect(),
    }
}

#[tonic::async_trait]
impl IdentityService for IdentityApi {
    async fn merge_customers(&self, request: Request<v1::MergeCustomersRequest>) -> Answer<v1::MergeCustomersResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "MergeCustomers", id, &message);
            let both = (normal(message.kept_customer_id), normal(message.absorbed_customer_id));
            let (store, actor, reason) = (self.store.clone(), actor(&caller), message.reason);
            let merged: Uuid = self
                .store
                .change(mutation, move |tx, _| {
                    let (store, actor, both) = (store.clone(), actor.clone(), both.clone());
                    let reason = reason.clone();
                    Box::pin(async move { merging::merge(tx, &store, &actor, both, &reason).await })
                })
                .await?;
            let merge = self.merge_message(merged).await?;
            let customer = find_customer(self.store.reader(), &merge.kept_customer_id).await?;
            let now = self.store.clock().now_micros();
            let customer = customer.map(|customer| customer_message(customer, now));
            Ok(v1::MergeCustomersResponse { merge: Some(merge), customer })
        })
        .await
    }

    async fn undo_merge(&self, request: Request<v1::UndoMergeRequest>) -> Answer<v1::UndoMergeResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UndoMerge", id, &message);
            let merge = Uuid::try_parse(&message.merge_id).map_err(|_| Error::NotFound("merge"))?;
            let (store, actor, reason) = (self.store.clone(), actor(&caller), message.reason);
            self.store
                .change(mutation, move |tx, _| {
                    let (store, actor, reason) = (store.clone(), actor.clone(), reason.clone());
                    Box::pin(async move { merging::undo(tx, &store, &actor, merge, &reason).await })
                })
                .await?;
            Ok(v1::UndoMergeResponse { merge: Some(self.merge_message(merge).await?) })
        })
        .await
    }

    async fn list_merges(&self, request: Request<v1::ListMergesRequest>) -> Answer<v1::ListMergesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let reader = self.store.reader();
            let customer = match optional(message.customer_id) {
                Some(id) => Some(kept_id(reader, id).await?),
                None => None,
            };
            let bound = customer.clone().unwrap_or_default();
            let query = Query::new("ListMerges", &scope.binding(&caller), bound.as_bytes());
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let limit = page_size(message.page_size, PAGE);
            let read = |after, count| merging::list(reader, customer.as_deref(), after, count);
            let page = query.page(limit, after, read, |last| (last.merged_at, last.id), write_position);
            let (merges, next_page_token) = page.await?;
            Ok(v1::ListMergesResponse { merges: merges.into_iter().map(self::message).collect(), next_page_token })
        })
        .await
    }

    async fn suggest_duplicates(
        &self,
        request: Request<v1::SuggestDuplicatesRequest>,
    ) -> Answer<v1::SuggestDuplicatesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let reader = self.store.reader();
            let bound = v1::SuggestDuplicatesRequest { customer_id: message.customer_id.clone(), ..Default::default() };
            let query = Query::new("SuggestDuplicates", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.name_position(&message.page_token)?;
            if let Some(id) = optional(message.customer_id) {
                let customer = find_customer(reader, &id).await?.ok_or(Error::NotFound("customer"))?;
                let found = duplicates::find(reader, vec![customer.id], true).await?;
                let suggestions = found.into_iter().map(suggestion).collect();
                return Ok(v1::SuggestDuplicatesResponse { suggestions, ..Default::default() });
            }
            let limit = page_size(message.page_size, LOOKED_AT);
            let customers = duplicates::page(reader, after, limit).await?;
            let last = customers.last().filter(|_| customers.len() as u64 == limit).cloned();
            let found = duplicates::find(reader, customers, false).await?;
            Ok(v1::SuggestDuplicatesResponse {
                suggestions: found.into_iter().map(suggestion).collect(),
                next_page_token: last.map(|last| query.token(last.as_bytes())).unwrap_or_default(),
            })
        })
        .await
    }

    async fn release_alias(&self, request: Request<v1::ReleaseAliasRequest>) -> Answer<v1::ReleaseAliasResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReleaseAlias", id, &message);
            let told = message.alias.unwrap_or_default();
            let broken = alias_violations(&told, self.forms).into_iter().map(|one| one.inside("alias"));
            Error::unless_empty(broken.collect())?;
            let alias = Alias::read(told, self.forms);
            let (api, actor, reason) = (self.clone(), actor(&caller), message.reason);
            let owner: Option<String> = self
                .store
                .change(mutation, move |tx, now| {
                    let (api, actor, alias) = (api.clone(), actor.clone(), alias.clone());
                    let reason = reason.clone();
                    Box::pin(async move {
                        claim::lock(tx, &api.store).await?;
                        release::release(tx, (&api.vault, now), &actor, &alias, &reason).await
                    })
                })
                .await?;
            Ok(v1::ReleaseAliasResponse { customer_id: owner.unwrap_or_default() })
        })
        .await
    }
}
