//! The RPCs of interactions.

use std::pin::Pin;

use futures::{Stream, TryStreamExt as _};
use jiff::tz::TimeZone;
use prost::Message as _;
use rapport_identity::NormalForms;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::{
    Facts, Reattribution, Recorded, credit, message,
    reader::{RequestReader, check_about, check_frozen},
    reading::{self, Purpose},
    resolution::Matters,
    store::{self as rows, Changes, Changing, Deciding, InteractionFilter, RecordReceipt, Recorder},
    stream::{RecordStream, StreamLimits},
    summary::{Plan, Summary},
    watch::{OfInteractions, OfTimeline, Watched, Whose},
};
use crate::{
    api::{
        convert::{duration_micros, micros, normal, optional, timestamp},
        rules::Violations,
        status,
        v1::{self, interaction_service_server::InteractionService, record_item_result},
    },
    audit::Trail,
    auth::{
        Caller,
        policy::{Accuses, Resolves},
    },
    call::{Call, mutation, page_size, respond},
    clock::Micros,
    context::Context,
    directory::{
        Party, check_time_zone, etag,
        service::party,
        store::{find_customer, kept_id, resolve},
    },
    error::{Error, Reason, Result, Violation},
    interaction::Reactions,
    page::Query,
    reach::{Scope, Sight},
    store::{Store, feed::Feed, group::GroupCommit, request},
    watch::Watches,
};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const PAGE: u64 = 50;
const SUMMARY_PAGE: u64 = 1_000;
/// Service level where the caller names no threshold.
const DEFAULT_THRESHOLD: i64 = 20_000_000;

/// Serves [`InteractionService`].
#[derive(Clone)]
pub struct InteractionApi {
    store: Store,
    recorder: GroupCommit<Recorder>,
    time_zone: TimeZone,
    forms: NormalForms,
    limits: StreamLimits,
    changes: Feed<Changes>,
    watches: Watches,
    reactions: Reactions,
    trail: Trail,
}

impl std::fmt::Debug for InteractionApi {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("InteractionApi").finish_non_exhaustive()
    }
}

impl InteractionApi {
    /// `reactions`: what interactions set off in other domains. `limits`: of streams that record.
    pub(crate) fn new(context: &Context, reactions: Reactions, limits: StreamLimits) -> Self {
        let Context { store, vault, zone, forms, watches, stopping, recording, group_sizes, trail, .. } =
            context.clone();
        let writer = Recorder::new(store.clone(), zone.rules.clone(), vault, reactions);
        let recorder = GroupCommit::start(store.clone(), writer, recording.group_max, recording.queue, group_sizes);
        let changes = Feed::start(store.clone(), stopping);
        Self { store, recorder, time_zone: zone.rules, forms, limits, changes, watches, reactions, trail }
    }

    /// A filter with the customer who is meant.
    async fn settled(&self, filter: InteractionFilter) -> Result<InteractionFilter> {
        let Some(party) = filter.party else { return Ok(filter) };
        Ok(InteractionFilter { party: Some(resolve(self.store.reader(), party).await?), ..filter })
    }

    fn changing(
        &self,
        caller: &Caller,
        scope: Scope,
        request: request::Request,
        id: &str,
        etag: String,
    ) -> Result<Changing> {
        let id = Uuid::try_parse(id).map_err(|_| Error::NotFound("interaction"))?;
        let actor = (caller.principal.subject.clone(), caller.principal.role);
        Ok(Changing { request, sight: Sight::of(caller, scope), actor, id, etag })
    }

    async fn page(
        &self,
        sight: &Sight,
        filter: &InteractionFilter,
        query: &Query,
        size: i32,
        token: &str,
    ) -> Result<(Vec<v1::Interaction>, String)> {
        let limit = page_size(size, PAGE);
        let after = query.position(token)?.map(rows::read_position).transpose()?;
        let read = |after, count| rows::list(self.store.reader(), sight, filter, after, count);
        let (found, token) = query.page(limit, after, read, position, rows::write_position).await?;
        Ok((found.into_iter().map(message::write).collect(), token))
    }
}

pub(crate) fn receipt(receipt: RecordReceipt) -> v1::RecordInteractionResponse {
    let recording = match receipt.already_present {
        true => v1::Recording::AlreadyPresent,
        false => v1::Recording::Recorded,
    };
    v1::RecordInteractionResponse {
        interaction_id: receipt.id.to_string(),
        recording: recording.into(),
        recorded_time: Some(timestamp(receipt.recorded_at)),
        etag: etag(receipt.revision),
    }
}

fn position(last: &Recorded) -> (Micros, Uuid) {
    (last.facts.instants.occurred().unwrap_or(last.recorded_at), last.id)
}

fn deciding(caller: &Caller, scope: Scope, request: request::Request, id: &str) -> Result<Deciding> {
    let id = Uuid::try_parse(id).map_err(|_| Error::NotFound("reattribution"))?;
    Ok(Deciding {
        request,
        sight: Sight::of(caller, scope),
        actor: (caller.subject().to_owned(), caller.principal.role),
        id,
    })
}

/// The fields that a mask names, and what sets them.
///
/// # Errors
/// [`Reason::UpdateMaskInvalid`] for a path that cannot be updated.
fn change_of(
    update: v1::InteractionUpdate,
    paths: &[String],
) -> Result<(Vec<&'static str>, impl Fn(&mut Facts) + Send + Sync + 'static)> {
    let is_known = |path: &&String| SETTERS.iter().any(|(known, _)| known == path);
    let found: Vec<_> = paths
        .iter()
        .filter(|path| !is_known(path))
        .map(|path| {
            let shown: String = path.escape_debug().take(60).collect();
            let rule = format!("must not name \"{shown}\", which cannot be updated");
            Violation::new("update_mask", Reason::UpdateMaskInvalid, rule)
        })
        .collect();
    Error::unless_empty(found)?;
    let (named, setters): (Vec<_>, Vec<_>) =
        SETTERS.into_iter().filter(|(path, _)| paths.iter().any(|named| named == path)).unzip();
    let change = move |facts: &mut Facts| setters.iter().for_each(|set| set(facts, &update));
    Ok((named, change))
}

type Setter = fn(&mut Facts, &v1::InteractionUpdate);

/// The fields that can be updated, by the path that names each.
const SETTERS: [(&str, Setter); 13] = [
    ("outcome", |facts, update| facts.outcome = update.outcome()),
    ("topic", |facts, update| facts.topic = optional(update.topic.clone())),
    ("connected_time", |facts, update| facts.instants.connected = update.connected_time.as_ref().map(micros)),
    ("ended_time", |facts, update| facts.instants.ended = update.ended_time.as_ref().map(micros)),
    ("hold", |facts, update| facts.hold = update.hold.as_ref().map(duration_micros)),
    ("after_call_work", |facts, update| facts.after_call_work = update.after_call_work.as_ref().map(duration_micros)),
    ("case_id", |facts, update| facts.case_id = optional(update.case_id.clone())),
    ("transfers", |facts, update| {
        facts.transfers = update.transfers.iter().cloned().map(message::read_transfer).collect();
    }),
    ("message_counts", |facts, update| facts.messages = update.message_counts.map(message::read_counts)),
    ("conclusion", |facts, update| {
        facts.conclusion = Some(update.conclusion.clone()).filter(|text| !text.is_empty());
    }),
    ("staff_resolution", |facts, update| facts.staff_resolution = update.staff_resolution()),
    ("customer_resolution", |facts, update| facts.customer_resolution = update.customer_resolution()),
    ("about_staff_ids", |facts, update| {
        facts.about_staff_ids = update.about_staff_ids.iter().cloned().map(normal).collect();
    }),
];

/// A customer says whether the matter was resolved, staff say the rest, applications may say all.
fn check_update_rights(caller: &Caller, paths: &[String], about: &[String]) -> Result<()> {
    let names = |wanted: &str| paths.iter().any(|path| path == wanted);
    let policy = caller.policy();
    match policy.resolves {
        Resolves::Customer if paths.iter().any(|path| path != "customer_resolution") => {
            return Err(Error::FieldNotYours("update_mask"));
        }
        Resolves::Staff if names("customer_resolution") => return Err(Error::FieldNotYours("customer_resolution")),
        Resolves::Customer | Resolves::Staff | Resolves::Both => {}
    }
    if names("about_staff_ids") {
        if policy.accuses == Accuses::Nobody {
            // Not even to say that it is about nobody.
            return Err(Error::FieldNotYours("interaction.about_staff_ids"));
        }
        let about: Vec<String> = about.iter().cloned().map(normal).collect();
        check_about(caller, &about)?;
    }
    Ok(())
}

#[tonic::async_trait]
impl InteractionService for InteractionApi {
    async fn record_interaction(
        &self,
        request: Request<v1::RecordInteractionRequest>,
    ) -> Answer<v1::RecordInteractionResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let entry = RequestReader::new(self.store.clone(), self.forms, caller, scope).entry(message).await?;
            let answer = self.recorder.submit(vec![entry]).await?.pop();
            Ok(receipt(answer.ok_or(Error::Overloaded)??))
        })
        .await
    }

    async fn batch_record_interactions(
        &self,
        request: Request<v1::BatchRecordInteractionsRequest>,
    ) -> Answer<v1::BatchRecordInteractionsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let reader = RequestReader::new(self.store.clone(), self.forms, caller, scope);
            let mut good = Vec::with_capacity(message.requests.len());
            let mut results = Vec::with_capacity(message.requests.len());
            for one in message.requests {
                results.push(reader.entry(one).await.map(|entry| good.push(entry)));
            }
            let mut answers = match good.is_empty() {
                true => Vec::new().into_iter(),
                false => self.recorder.submit(good).await?.into_iter(),
            };
            let results = results.into_iter().map(|result| {
                use record_item_result::Result as Item;
                let item = match result.and_then(|()| answers.next().unwrap_or(Err(Error::Overloaded))) {
                    Ok(answer) => Item::Recorded(receipt(answer)),
                    Err(error) => Item::Error(status::of_item(error)),
                };
                v1::RecordItemResult { result: Some(item) }
            });
            Ok(v1::BatchRecordInteractionsResponse { results: results.collect() })
        })
        .await
    }

    type RecordInteractionsStream = Answers<v1::RecordInteractionsResponse>;

    async fn record_interactions(
        &self,
        request: Request<Streaming<v1::RecordInteractionsRequest>>,
    ) -> Answer<Self::RecordInteractionsStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let reader = RequestReader::new(self.store.clone(), self.forms, caller, scope);
            let (answers, receiver) = tokio::sync::mpsc::channel(4);
            let stream = RecordStream::new(reader, self.recorder.clone(), self.limits.clone());
            tokio::spawn(stream.run(message, answers));
            Ok(Box::pin(ReceiverStream::new(receiver)) as Self::RecordInteractionsStream)
        })
        .await
    }

    async fn get_interaction(&self, request: Request<v1::GetInteractionRequest>) -> Answer<v1::GetInteractionResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let id = Uuid::try_parse(&message.interaction_id).map_err(|_| Error::NotFound("interaction"))?;
            let found = rows::find(self.store.reader(), &Sight::of(&caller, scope), id)
                .await?
                .ok_or(Error::NotFound("interaction"))?;
            Ok(v1::GetInteractionResponse { interaction: Some(message::write(found)) })
        })
        .await
    }

    async fn update_interaction(
        &self,
        request: Request<v1::UpdateInteractionRequest>,
    ) -> Answer<v1::UpdateInteractionResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UpdateInteraction", id, &message);
            let paths = message.update_mask.map(|mask| mask.paths).unwrap_or_default();
            let update = message.interaction.unwrap_or_default();
            check_update_rights(&caller, &paths, &update.about_staff_ids)?;
            let (named, change) = change_of(update, &paths)?;
            let changing = self.changing(&caller, scope, mutation, &message.interaction_id, message.etag)?;
            let interaction =
                rows::update((&self.store, &self.time_zone, self.reactions), changing, named, change).await?;
            Ok(v1::UpdateInteractionResponse { interaction: Some(message::write(interaction)) })
        })
        .await
    }

    async fn reattribute_interaction(
        &self,
        request: Request<v1::ReattributeInteractionRequest>,
    ) -> Answer<v1::ReattributeInteractionResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ReattributeInteraction", id, &message);
            let mut participants = message::read_participants(message.participants);
            let mut found = Vec::new();
            super::rules::check_participants(&participants, &mut found);
            Error::unless_empty(found)?;
            if !caller.policy().speaks_for_all {
                check_frozen(&participants, "participants")?;
                credit::tell(&mut participants, caller.subject());
            }
            let changing = self.changing(&caller, scope, mutation, &message.interaction_id, message.etag)?;
            let (interaction, waiting) =
                rows::reattribute((&self.store, self.reactions), changing, participants, message.reason).await?;
            Ok(v1::ReattributeInteractionResponse {
                interaction: Some(message::write(interaction)),
                reattribution: waiting.map(message::write_reattribution),
            })
        })
        .await
    }

    async fn approve_reattribution(
        &self,
        request: Request<v1::ApproveReattributionRequest>,
    ) -> Answer<v1::ApproveReattributionResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "ApproveReattribution", id, &message);
            let deciding = deciding(&caller, scope, mutation, &message.reattribution_id)?;
            let (interaction, asked) = rows::approve((&self.store, self.reactions), deciding).await?;
            Ok(v1::ApproveReattributionResponse {
                interaction: Some(message::write(interaction)),
                reattribution: Some(message::write_reattribution(asked)),
            })
        })
        .await
    }

    async fn reject_reattribution(
        &self,
        request: Request<v1::RejectReattributionRequest>,
    ) -> Answer<v1::RejectReattributionResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RejectReattribution", id, &message);
            let deciding = deciding(&caller, scope, mutation, &message.reattribution_id)?;
            let asked = rows::reject(&self.store, deciding, message.reason).await?;
            Ok(v1::RejectReattributionResponse { reattribution: Some(message::write_reattribution(asked)) })
        })
        .await
    }

    async fn list_reattributions(
        &self,
        request: Request<v1::ListReattributionsRequest>,
    ) -> Answer<v1::ListReattributionsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListReattributions", &scope.binding(&caller), &[]);
            let limit = page_size(message.page_size, PAGE);
            let after = query.position(&message.page_token)?.map(rows::read_position).transpose()?;
            let sight = Sight::of(&caller, scope);
            let read = |after, count| rows::waiting(self.store.reader(), &sight, caller.subject(), after, count);
            let place = |last: &Reattribution| (last.requested_at, last.id);
            let (found, next_page_token) = query.page(limit, after, read, place, rows::write_position).await?;
            let reattributions = found.into_iter().map(message::write_reattribution).collect();
            Ok(v1::ListReattributionsResponse { reattributions, next_page_token })
        })
        .await
    }

    async fn decline_participation(
        &self,
        request: Request<v1::DeclineParticipationRequest>,
    ) -> Answer<v1::DeclineParticipationResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DeclineParticipation", id, &message);
            let changing = self.changing(&caller, scope, mutation, &message.interaction_id, String::new())?;
            let interaction = rows::decline(&self.store, changing, message.reason).await?;
            Ok(v1::DeclineParticipationResponse { interaction: Some(message::write(interaction)) })
        })
        .await
    }

    async fn list_interactions(
        &self,
        request: Request<v1::ListInteractionsRequest>,
    ) -> Answer<v1::ListInteractionsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let filter = message.filter.unwrap_or_default();
            let query = Query::new("ListInteractions", &scope.binding(&caller), &filter.encode_to_vec());
            let filter = self.settled(message::read_filter(filter)?).await?;
            let sight = Sight::of(&caller, scope);
            let page = self.page(&sight, &filter, &query, message.page_size, &message.page_token);
            let (interactions, next_page_token) = page.await?;
            Ok(v1::ListInteractionsResponse { interactions, next_page_token })
        })
        .await
    }

    async fn read_customer_timeline(
        &self,
        request: Request<v1::ReadCustomerTimelineRequest>,
    ) -> Answer<v1::ReadCustomerTimelineResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let mut found = Violations::of(&message);
            let party = party(message.customer_id.clone(), message.customer_alias.clone(), self.forms);
            found.extend(party.as_ref().err().cloned().unwrap_or_default());
            Error::unless_empty(found)?;
            let party = resolve(self.store.reader(), party.map_err(Error::Invalid)?).await?;
            let query = Query::new("ReadCustomerTimeline", &scope.binding(&caller), format!("{party:?}").as_bytes());
            let why = Purpose { purpose: message.purpose(), note: &message.note };
            reading::open((&self.store, &self.trail), &caller, &party, why).await?;
            let filter = InteractionFilter { party: Some(party), ..InteractionFilter::default() };
            let sight = Sight::of(&caller, scope);
            let page = self.page(&sight, &filter, &query, message.page_size, &message.page_token);
            let (interactions, next_page_token) = page.await?;
            Ok(v1::ReadCustomerTimelineResponse { interactions, next_page_token })
        })
        .await
    }

    type WatchInteractionsStream = Answers<v1::WatchInteractionsResponse>;

    async fn watch_interactions(
        &self,
        request: Request<v1::WatchInteractionsRequest>,
    ) -> Answer<Self::WatchInteractionsStream> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let cursor = std::mem::take(&mut message.resume_cursor);
            let whose = match Whose::read(message, &caller)? {
                Whose::Customer(id) => Whose::Customer(kept_id(self.store.reader(), id).await?),
                other @ (Whose::Staff(_) | Whose::Team(_)) => other,
            };
            let subject = Watched::<OfInteractions>::new(whose, &caller);
            let watch = self.watches.open((&self.store, &self.changes), (caller, scope), subject, &cursor).await?;
            Ok(watch.begin())
        })
        .await
    }

    type WatchCustomerTimelineStream = Answers<v1::WatchCustomerTimelineResponse>;

    async fn watch_customer_timeline(
        &self,
        request: Request<v1::WatchCustomerTimelineRequest>,
    ) -> Answer<Self::WatchCustomerTimelineStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let given = normal(message.customer_id.clone());
            let found = find_customer(self.store.reader(), &given).await?;
            let customer_id = found.ok_or(Error::NotFound("customer"))?.id;
            let subject = Watched::<OfTimeline>::new(Whose::Customer(customer_id.clone()), &caller);
            let (from, by, cursor) = ((&self.store, &self.changes), (caller.clone(), scope), &message.resume_cursor);
            let watch = self.watches.open(from, by, subject, cursor).await?;
            let why = Purpose { purpose: message.purpose(), note: &message.note };
            reading::open((&self.store, &self.trail), &caller, &Party::Customer(customer_id), why).await?;
            Ok(watch.begin())
        })
        .await
    }

    async fn summarize_interactions(
        &self,
        request: Request<v1::SummarizeInteractionsRequest>,
    ) -> Answer<v1::SummarizeInteractionsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let grouping = message.group_by();
            let bound = v1::SummarizeInteractionsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("SummarizeInteractions", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.name_position(&message.page_token)?;
            let time_zone = match message.time_zone.as_str() {
                "" => self.time_zone.clone(),
                name => TimeZone::get(name).map_err(|_| Error::Invalid(check_time_zone(name).into_iter().collect()))?,
            };
            let filter = self.settled(message::read_filter(message.filter.unwrap_or_default())?).await?;
            let sight = Sight::of(&caller, scope);
            let contacts = rows::contacts_on_matters(self.store.reader(), &sight, &filter).await?;
            let plan = Plan {
                grouping,
                time_zone,
                threshold: message.service_level_threshold.as_ref().map_or(DEFAULT_THRESHOLD, duration_micros),
                now: self.store.clock().now_micros(),
            };
            let mut summary = Summary::new(plan, Matters::new(&contacts));
            let mut lines = std::pin::pin!(rows::lines(self.store.reader(), &sight, &filter).await?);
            while let Some(line) = lines.try_next().await? {
                summary.add(&line);
            }
            let (groups, total) = summary.finish();

            let rest = groups.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
            let limit = page_size(message.page_size, SUMMARY_PAGE);
            let (groups, next_page_token) = query.page_of(rest.collect(), limit, |(key, _)| key.clone().into_bytes());
            let groups = groups.into_iter().map(|(key, group)| message::write_group(key, group)).collect();
            let total = Some(message::write_group(String::new(), total));
            Ok(v1::SummarizeInteractionsResponse { groups, next_page_token, total })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pool;

    #[test]
    fn every_field_of_an_update_has_its_setter() {
        let update = pool().get_message_by_name("rapport.v1.InteractionUpdate").unwrap();
        let fields: Vec<_> = update.fields().collect();
        assert_eq!(fields.iter().map(|field| field.name()).collect::<Vec<_>>(), SETTERS.map(|(path, _)| path));
    }
}
