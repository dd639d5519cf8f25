//! The RPCs of journeys.

use std::collections::HashMap;

use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};

use super::{
    Journey, background,
    figures::{Plan, sum_up},
    matters, message,
    record::Event,
    store::{self as rows, Period},
};
use crate::{
    api::{
        convert::{duration_micros, normal, optional},
        rules::Violations,
        v1::{
            self, Anticipated, AuditAction, CustomerStanding, JourneySegmenting, journey_service_server::JourneyService,
        },
    },
    audit::{self, Reading, Trail},
    call::{Call, actor, mutation, page_size, respond},
    context::Context,
    directory::{
        service::party,
        store::{resolve, standings},
    },
    error::{Error, Result},
    interaction::{
        reading::{self, Purpose},
        store::InteractionFilter,
    },
    offload,
    page::Query,
    reach::Sight,
    store::Store,
};

type Answer<T> = Result<Response<T>, Status>;

/// Versions of a page.
const PAGE: u64 = 20;
/// What the trail calls the stages.
const OBJECT: &str = "journey";

/// Serves [`JourneyService`].
#[derive(Clone, Debug)]
pub struct JourneyApi {
    store: Store,
    forms: NormalForms,
    trail: Trail,
}

impl JourneyApi {
    /// Begins to keep what is learnt up with the record, too.
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, forms, trail, stopping, trusted, .. } = context.clone();
        tokio::spawn(background::keep_learnt(store.clone(), (stopping, trusted)));
        Self { store, forms, trail }
    }

    /// A version of the stages; 0: the newest.
    async fn found(&self, version: i64) -> Result<Journey> {
        let version = Some(version).filter(|version| *version > 0);
        rows::find(self.store.reader(), version).await?.ok_or(Error::NotFound("journey"))
    }
}

#[tonic::async_trait]
impl JourneyService for JourneyApi {
    async fn declare_journey(&self, request: Request<v1::DeclareJourneyRequest>) -> Answer<v1::DeclareJourneyResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DeclareJourney", request_id, &message);
            let (if_version, validate_only) = (Some(message.if_version).filter(|one| *one > 0), message.validate_only);
            let stages = message::read_stages(message.stages)?;
            let record = rows::sample(&self.store, &stages, &Sight::of(&caller, scope)).await?;
            let tried = message::try_stages(&stages, &record)?;
            let (total, unmapped) = (tried.trials.total(), tried.trials.unmapped);
            let trials = message::write_tried(&stages, tried);
            let journey = if validate_only {
                None
            } else {
                let (author, stages) = (actor(&caller), stages);
                let declared = self.store.change(mutation, move |tx, now| {
                    let (author, stages) = (author.clone(), stages.clone());
                    Box::pin(async move {
                        let version = rows::declare(tx, &stages, (now, &author.0), if_version).await?;
                        let detail = Some(serde_json::json!({ "version": version }));
                        let (who, action) = ((author.0.as_str(), author.1), AuditAction::JourneyDeclared);
                        audit::add(tx, now, who, action, OBJECT, "", detail).await?;
                        Ok(version)
                    })
                });
                let version: i64 = declared.await?;
                Some(message::write_journey(self.found(version).await?))
            };
            Ok(v1::DeclareJourneyResponse {
                journey,
                trials,
                sample_count: i64::try_from(total).unwrap_or(i64::MAX),
                unmapped_count: i64::try_from(unmapped).unwrap_or(i64::MAX),
            })
        })
        .await
    }

    async fn get_journey(&self, request: Request<v1::GetJourneyRequest>) -> Answer<v1::GetJourneyResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let journey = self.found(message.version).await?;
            Ok(v1::GetJourneyResponse { journey: Some(message::write_journey(journey)) })
        })
        .await
    }

    async fn list_journeys(&self, request: Request<v1::ListJourneysRequest>) -> Answer<v1::ListJourneysResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListJourneys", &scope.binding(&caller), &[]);
            let before = query.position(&message.page_token)?;
            let before = before.map(|bytes| bytes.try_into().map(i64::from_be_bytes)).transpose();
            let before = before.map_err(|_| Query::malformed())?;
            let read = |before, count| rows::list(self.store.reader(), before, count);
            let limit = page_size(message.page_size, PAGE);
            let write = |version: i64| version.to_be_bytes().to_vec();
            let (found, next_page_token) = query.page(limit, before, read, |last| last.version, write).await?;
            let journeys = found.into_iter().map(message::write_journey).collect();
            Ok(v1::ListJourneysResponse { journeys, next_page_token })
        })
        .await
    }

    async fn summarize_journey(
        &self,
        request: Request<v1::SummarizeJourneyRequest>,
    ) -> Answer<v1::SummarizeJourneyResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let now = self.store.clock().now_micros();
            let asked = message::read_period(&message, now)?;
            let journey = self.found(message.version).await?;
            let sight = Sight::of(&caller, scope);
            let read = rows::period(&self.store, &journey.stages, &sight, asked.period, asked.window);
            let Period { record, felt, seen, horizon } = Box::pin(read).await?;
            if !felt.is_empty() {
                // Which interactions were rated low is told by name.
                let what = format!("what hurts in the journey, {} to {}", asked.period.0, asked.period.1);
                let reading = Reading { action: AuditAction::RatingsRead, object: &what, about: None, why: "" };
                self.trail.note(&caller, reading).await?;
            }
            let segment_by = message.segment_by();
            let standings = match segment_by {
                JourneySegmenting::Standing => standings(self.store.reader(), now).await?,
                JourneySegmenting::Unspecified
                | JourneySegmenting::Team
                | JourneySegmenting::Channel
                | JourneySegmenting::Kind
                | JourneySegmenting::Topic => HashMap::new(),
            };
            let (channels, team) = (message.channels().collect::<Vec<_>>(), optional(normal(message.team_id)));
            let plan = Plan { window: asked.window, horizon };
            let (period, stages) = (asked.period, journey.stages.len());
            let figures = offload::run(move || {
                let counts = |event: &Event| {
                    (period.0..period.1).contains(&event.at)
                        && seen.as_ref().is_none_or(|seen| seen.contains(&event.id))
                        && (channels.is_empty() || channels.contains(&event.channel))
                        && team.as_ref().is_none_or(|team| record.texts.text(event.team) == team)
                };
                let standing = |event: &Event| {
                    let customer = event.traveller.and_then(|number| record.customers.get(&number));
                    customer.and_then(|id| standings.get(id)).copied().unwrap_or(CustomerStanding::Unspecified)
                };
                let segment = |event: &Event, topic: u32| match segment_by {
                    JourneySegmenting::Unspecified => None,
                    JourneySegmenting::Team => Some(record.texts.text(event.team).to_owned()),
                    JourneySegmenting::Channel => Some(event.channel.plain_name().to_owned()),
                    JourneySegmenting::Kind => Some(event.kind.plain_name().to_owned()),
                    JourneySegmenting::Topic => Some(record.texts.text(topic).to_owned()),
                    JourneySegmenting::Standing => Some(standing(event).plain_name().to_owned()),
                };
                sum_up(&record, &felt, stages, plan, counts, segment)
            });
            Ok(message::write_summary(&journey, &asked, figures.await?, horizon))
        })
        .await
    }

    async fn get_customer_journey(
        &self,
        request: Request<v1::GetCustomerJourneyRequest>,
    ) -> Answer<v1::GetCustomerJourneyResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let mut found = Violations::of(&message);
            let party = party(message.customer_id.clone(), message.customer_alias.clone(), self.forms);
            found.extend(party.as_ref().err().cloned().unwrap_or_default());
            Error::unless_empty(found)?;
            let party = resolve(self.store.reader(), party.map_err(Error::Invalid)?).await?;
            let journey = self.found(0).await?;
            let why = Purpose { purpose: message.purpose(), note: &message.note };
            reading::open((&self.store, &self.trail), &caller, &party, why).await?;
            let whose = InteractionFilter { party: Some(party), ..InteractionFilter::default() };
            let sight = Sight::of(&caller, scope);
            let (record, has_earlier) = rows::of_customer(&self.store, &journey.stages, &sight, &whose).await?;
            let models = rows::models(self.store.reader()).await?;
            let now = self.store.clock().now_micros();
            let anticipated = matters::anticipated(&record, &journey.stages, &models, now);
            Ok(v1::GetCustomerJourneyResponse {
                journey_version: journey.version,
                stays: message::write_stays(&journey.stages, &record),
                has_earlier,
                anticipated: anticipated.into_iter().map(message::write_matter).collect(),
            })
        })
        .await
    }

    async fn learn_anticipations(
        &self,
        request: Request<v1::LearnAnticipationsRequest>,
    ) -> Answer<v1::LearnAnticipationsResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "LearnAnticipations", request_id, &message);
            let told = |what| {
                let told = match what {
                    Anticipated::Complaint => message.complaint_within.as_ref(),
                    Anticipated::Return => message.return_within.as_ref(),
                    Anticipated::Unspecified => None,
                };
                told.map(duration_micros)
            };
            let terms = rows::terms(self.store.reader(), told).await?;
            let learnt = Box::pin(rows::learn_from(&self.store, terms)).await?;
            let kept = self.store.change(mutation, move |tx, _| {
                let learnt = learnt.clone();
                Box::pin(async move { rows::keep(tx, &learnt).await })
            });
            let (): () = kept.await?;
            let models = rows::models(self.store.reader()).await?;
            let anticipations = models.into_iter().map(message::write_model).collect();
            Ok(v1::LearnAnticipationsResponse { anticipations })
        })
        .await
    }

    async fn list_anticipations(
        &self,
        request: Request<v1::ListAnticipationsRequest>,
    ) -> Answer<v1::ListAnticipationsResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let what = message.what();
            let is_asked = |one: &Anticipated| what == Anticipated::Unspecified || *one == what;
            let models = rows::models(self.store.reader()).await?.into_iter().filter(|model| is_asked(&model.what));
            Ok(v1::ListAnticipationsResponse { anticipations: models.map(message::write_model).collect() })
        })
        .await
    }
}
