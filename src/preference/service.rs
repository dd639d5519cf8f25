//! The RPCs of preferences.

use std::collections::HashSet;

use futures::future::BoxFuture;
use prost::Message as _;
use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    READ, Zones, all_dimensions, briefing, message,
    profile::{Profile, ShownRatings, evidence},
    segment,
    store::{self as rows, Statement},
    zone_of,
};
use crate::{
    api::{
        convert::optional,
        v1::{self, AuditAction, PreferenceDimension, PreferenceOrigin, preference_service_server::PreferenceService},
    },
    audit::{self, Trail},
    auth::Caller,
    call::{Call, mutation, page_size, respond},
    clock,
    clock::Micros,
    config::Zone,
    context::Context,
    directory::{
        Party, admission,
        service::customer_meant,
        store::{find_customer, find_staff, lock_customer, resolve},
    },
    error::{Error, Reason, Result},
    interaction::{
        reading::{self, Purpose},
        store::among,
    },
    page::Query,
    reach::{Scope, Sight},
    store::{Abort, Store, Stored, Tx, request},
};

type Answer<T> = Result<Response<T>, Status>;

/// Customers of a page.
const PAGE: u64 = 50;
/// Statements that are shown, those that hold no more included.
const STATEMENTS: u64 = 100;
/// By which evidence can be read elsewhere.
const GET_INTERACTION: &str = "/rapport.v1.InteractionService/GetInteraction";

/// Serves [`PreferenceService`].
#[derive(Clone, Debug)]
pub struct PreferenceApi {
    store: Store,
    zone: Zone,
    forms: NormalForms,
    trail: Trail,
}

impl PreferenceApi {
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, zone, forms, trail, .. } = context.clone();
        Self { store, zone, forms, trail }
    }

    /// Does a change once per request id, under the lock of the customer, and leaves a trace. Gives the statement that it
    /// made or ended.
    async fn change<W>(
        &self,
        caller: &Caller,
        mutation: request::Request,
        (customer_id, action): (String, AuditAction),
        work: W,
    ) -> Result<v1::PreferenceStatement>
    where
        W: for<'t> Fn(&'t Tx, Micros) -> BoxFuture<'t, Result<Uuid, Abort>> + Clone + Send + Sync + 'static,
    {
        let store = self.store.clone();
        let actor = (caller.subject().to_owned(), caller.principal.role);
        let changed = self.store.transact(move |tx| {
            let (store, mutation, work) = (store.clone(), mutation.clone(), work.clone());
            let (actor, customer_id) = (actor.clone(), customer_id.clone());
            Box::pin(async move {
                lock_customer(tx, &customer_id).await?;
                let now = store.now(tx).await?;
                let once = async {
                    let id = work(tx, now).await?;
                    // Not the words: the trail outlives the customer's wish to be forgotten.
                    let detail = serde_json::json!({ "statement_id": id });
                    audit::add(tx, now, (&actor.0, actor.1), action, &customer_id, "", Some(detail)).await?;
                    Ok(id)
                };
                request::once(tx, &mutation, now, once).await
            })
        });
        Ok(message::write_statement(rows::find(self.store.reader(), changed.await?).await?))
    }

    /// Adds what a caller says.
    async fn say(
        &self,
        caller: &Caller,
        mutation: request::Request,
        action: AuditAction,
        said: Statement,
    ) -> Result<v1::PreferenceStatement> {
        if said.dimension.0 == PreferenceDimension::Colleague
            && find_staff(self.store.reader(), &said.value).await?.is_none()
        {
            return Err(Error::invalid("value", Reason::UnknownStaff, "must be a colleague of the directory"));
        }
        let customer_id = said.customer_id.clone();
        let changed = self.change(caller, mutation, (customer_id, action), move |tx, now| {
            let said = Statement { id: clock::id_at(now), stated_at: now, ..said.clone() };
            Box::pin(async move { rows::add(tx, said).await })
        });
        changed.await
    }

    /// Which of these interactions the caller may read one by one.
    async fn readable(&self, caller: &Caller, ids: Vec<Uuid>) -> Result<HashSet<Uuid>> {
        match admission::reach_by(&self.store, caller, GET_INTERACTION).await? {
            Some(Scope::All) => Ok(ids.into_iter().collect()),
            Some(scope) => Ok(among(self.store.reader(), &Sight::of(caller, scope), ids).await?),
            None => Ok(HashSet::new()),
        }
    }
}

#[tonic::async_trait]
impl PreferenceService for PreferenceApi {
    async fn get_preferences(&self, request: Request<v1::GetPreferencesRequest>) -> Answer<v1::GetPreferencesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let customer_id = customer_meant(&self.store, message.customer_id.clone()).await?;
            scope.check_customer(&customer_id)?;
            let connection = self.store.reader();
            let customer = find_customer(connection, &customer_id).await?.ok_or(Error::NotFound("customer"))?;
            let (zone, time_zone, source) = zone_of(&self.zone, &customer.time_zone);
            let lines = rows::newest(connection, &Party::Customer(customer_id.clone()), caller.person(), READ).await?;
            let (holding, statements) = rows::statements(connection, &customer_id, STATEMENTS).await?;
            let fits = rows::fitted(connection).await?;
            let as_of = (&fits, self.store.clock().now_micros());
            let shown = ShownRatings::to(&caller);
            let profile = Profile::new(&lines, &holding, &zone, as_of, &shown);
            let is_asked = |dimension: &PreferenceDimension| {
                message.dimensions.is_empty() || message.dimensions.contains(&(*dimension).into())
            };
            let found: Vec<_> = all_dimensions().filter(is_asked).filter_map(|one| profile.preference(one)).collect();
            let evidence: HashSet<Uuid> = evidence(&found).collect();
            let readable = self.readable(&caller, evidence.into_iter().collect()).await?;
            Ok(v1::GetPreferencesResponse {
                dimensions: found.into_iter().map(|one| message::write(one, |id| readable.contains(id))).collect(),
                time_zone,
                time_zone_source: source.into(),
                interaction_count: message::count(lines.len()),
                statements: statements.into_iter().map(message::write_statement).collect(),
            })
        })
        .await
    }

    async fn state_preference(
        &self,
        request: Request<v1::StatePreferenceRequest>,
    ) -> Answer<v1::StatePreferenceResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "StatePreference", id, &message);
            let dimension = message.dimension();
            let said = Statement {
                value: message::value(dimension, message.value)?,
                source: message.source,
                note: message.note,
                ..said(
                    &caller,
                    &scope,
                    customer_meant(&self.store, message.customer_id).await?,
                    dimension,
                    PreferenceOrigin::Stated,
                )?
            };
            let statement = self.say(&caller, mutation, AuditAction::PreferenceStated, said).await?;
            Ok(v1::StatePreferenceResponse { statement: Some(statement) })
        })
        .await
    }

    async fn withdraw_preference(
        &self,
        request: Request<v1::WithdrawPreferenceRequest>,
    ) -> Answer<v1::WithdrawPreferenceResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "WithdrawPreference", id, &message);
            let dimension = message.dimension();
            let customer_id = customer_meant(&self.store, message.customer_id).await?;
            scope.check_customer(&customer_id)?;
            let (value, author) = (optional(message.value), caller.subject().to_owned());
            let about = (customer_id.clone(), AuditAction::PreferenceWithdrawn);
            let withdrawn = self.change(&caller, mutation, about, move |tx, now| {
                let (customer_id, value, author) = (customer_id.clone(), value.clone(), author.clone());
                Box::pin(
                    async move { rows::withdraw(tx, now, (&customer_id, dimension, value.as_deref()), &author).await },
                )
            });
            Ok(v1::WithdrawPreferenceResponse { statement: Some(withdrawn.await?) })
        })
        .await
    }

    async fn refute_preference(
        &self,
        request: Request<v1::RefutePreferenceRequest>,
    ) -> Answer<v1::RefutePreferenceResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RefutePreference", id, &message);
            let dimension = message.dimension();
            Error::unless_empty(message::inferred(dimension).into_iter().collect())?;
            let said = Statement {
                value: message::value(dimension, message.value)?,
                source: message.source,
                note: message.note,
                ..said(
                    &caller,
                    &scope,
                    customer_meant(&self.store, message.customer_id).await?,
                    dimension,
                    PreferenceOrigin::Refuted,
                )?
            };
            let statement = self.say(&caller, mutation, AuditAction::PreferenceRefuted, said).await?;
            Ok(v1::RefutePreferenceResponse { statement: Some(statement) })
        })
        .await
    }

    async fn brief_customer(&self, request: Request<v1::BriefCustomerRequest>) -> Answer<v1::BriefCustomerResponse> {
        respond(async {
            let Call { caller, message, .. } = Call::admit(&self.store, request).await?;
            let (party, wanted) = message::brief(&message, self.forms)?;
            let party = resolve(self.store.reader(), party).await?;
            let why = Purpose { purpose: message.purpose(), note: &message.note };
            reading::open((&self.store, &self.trail), &caller, &party, why).await?;
            briefing::write((&self.store, &self.zone), &caller, &party, wanted).await
        })
        .await
    }

    async fn find_customers(&self, request: Request<v1::FindCustomersRequest>) -> Answer<v1::FindCustomersResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let segment = message::segment(&message, ShownRatings::to(&caller))?;
            let bound = v1::FindCustomersRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("FindCustomers", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.name_position(&message.page_token)?;
            let limit = usize::try_from(page_size(message.page_size, PAGE)).unwrap_or(usize::MAX);
            let mut zones = Zones::new(self.zone.rules.clone());
            let now = self.store.clock().now_micros();
            let page = segment::find((self.store.reader(), caller.person()), &mut zones, &segment, now, (after, limit))
                .await?;
            let customers = page.customers.into_iter();
            Ok(v1::FindCustomersResponse {
                customers: customers.map(|(customer_id, shares)| v1::FoundCustomer { customer_id, shares }).collect(),
                next_page_token: page.next.map(|last| query.token(last.as_bytes())).unwrap_or_default(),
                examined_count: message::count(page.examined),
            })
        })
        .await
    }
}

/// What a caller says of a customer, without the words.
fn said(
    caller: &Caller,
    scope: &Scope,
    customer_id: String,
    dimension: PreferenceDimension,
    origin: PreferenceOrigin,
) -> Result<Statement> {
    scope.check_customer(&customer_id)?;
    Ok(Statement {
        id: Uuid::nil(),
        customer_id,
        dimension: Stored(dimension),
        value: String::new(),
        origin: Stored(origin),
        author: caller.subject().to_owned(),
        author_role: Stored(caller.principal.role),
        source: String::new(),
        note: String::new(),
        stated_at: 0,
        ended_at: None,
        withdrawn_by: None,
    })
}
