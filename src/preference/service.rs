//! The RPCs of preferences.

use std::collections::HashSet;

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    INFERRED, Line, Values, message,
    store::{self as rows, Statement},
    view::{Contact, Said, infer, stated},
};
use crate::{
    api::{
        convert::{enum_of, normal, optional},
        v1::{
            self, AuditAction, PreferenceDimension, PreferenceOrigin, Reach, Role, TimeZoneSource,
            preference_service_server::PreferenceService,
        },
    },
    auth::{Caller, access::Access},
    call::{Call, mutation, respond},
    config::Zone,
    directory::{
        admission,
        scope::Scope,
        store::{find_customer, find_staff, lock_customer},
    },
    error::{Error, Reason, Result},
    interaction::{Micros, store::among},
    privacy::service::PrivacyApi,
    store::{Abort, Store, Tx, audit, request},
};

type Answer<T> = Result<Response<T>, Status>;

/// Interactions of one customer that are read.
const READ: u64 = 200;
/// Statements that are shown, those that hold no more included.
const STATEMENTS: u64 = 100;
/// By which evidence can be read elsewhere.
const GET_INTERACTION: &str = "/rapport.v1.InteractionService/GetInteraction";

/// Serves [`PreferenceService`].
#[derive(Clone, Debug)]
pub struct PreferenceApi {
    store: Store,
    zone: Zone,
    privacy: PrivacyApi,
}

impl PreferenceApi {
    /// `zone`: the organisation's, for customers whose own is not known. `privacy`: what the service has on personal data.
    pub fn new(store: Store, zone: Zone, privacy: PrivacyApi) -> Self {
        Self { store, zone, privacy }
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
        if said.dimension == PreferenceDimension::Colleague as i16
            && find_staff(self.store.reader(), &said.value).await?.is_none()
        {
            return Err(Error::invalid("value", Reason::UnknownStaff, "must be a colleague of the directory"));
        }
        let customer_id = said.customer_id.clone();
        let changed = self.change(caller, mutation, (customer_id, action), move |tx, now| {
            let said = Statement { id: Uuid::now_v7(), stated_at: now, ..said.clone() };
            Box::pin(async move { rows::add(tx, said).await })
        });
        changed.await
    }

    /// In which zone a customer's hours are, and why in that one.
    fn zone_of(&self, name: &str) -> (TimeZone, String, TimeZoneSource) {
        let organization = |source| (self.zone.rules.clone(), self.zone.name.clone(), source);
        match TimeZone::get(name) {
            Ok(zone) if !name.is_empty() => (zone, name.to_owned(), TimeZoneSource::Customer),
            _ if name.is_empty() => organization(TimeZoneSource::Organization),
            _ => organization(TimeZoneSource::CustomersUnknown),
        }
    }

    /// Which of these interactions the caller may read one by one.
    async fn readable(&self, caller: &Caller, ids: Vec<Uuid>) -> Result<HashSet<Uuid>> {
        let Some(reach) = Access::new().grant(GET_INTERACTION, caller.principal.role) else {
            return Ok(HashSet::new());
        };
        if reach == Reach::All || ids.is_empty() {
            return Ok(ids.into_iter().collect());
        }
        let scope = admission::admit(&self.store, &Caller { reach, ..caller.clone() }).await?;
        Ok(among(self.store.reader(), &scope, ids).await?)
    }
}

/// A customer has only himself; anybody else looks like nobody.
fn check_own(scope: &Scope, customer_id: &str) -> Result<()> {
    match scope {
        Scope::Customer(own) if own != customer_id => Err(Error::NotFound("customer")),
        Scope::Customer(_) | Scope::All | Scope::Teams { .. } | Scope::Staff(_) => Ok(()),
    }
}

/// Whether ratings may show in what this role reads: weights would tell those who are rated what the customer thought of
/// them (R12).
fn is_told_ratings(role: Role) -> bool {
    match role {
        Role::App | Role::Reviewer | Role::Admin | Role::Customer => true,
        Role::Staff | Role::Supervisor | Role::Unspecified => false,
    }
}

#[tonic::async_trait]
impl PreferenceService for PreferenceApi {
    async fn get_preferences(&self, request: Request<v1::GetPreferencesRequest>) -> Answer<v1::GetPreferencesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let customer_id = normal(message.customer_id.clone());
            check_own(&scope, &customer_id)?;
            let connection = self.store.reader();
            let customer = find_customer(connection, &customer_id).await?.ok_or(Error::NotFound("customer"))?;
            let (zone, time_zone, source) = self.zone_of(&customer.time_zone);
            let lines = rows::newest(connection, &customer_id, READ).await?;
            let (holding, statements) = rows::statements(connection, &customer_id, STATEMENTS).await?;
            let fitted = rows::fitted(connection).await?;
            let now = self.store.clock().now_micros();

            let with_ratings = is_told_ratings(caller.principal.role);
            let weight = |line: &Line, dimension| {
                line.weight(dimension) * if with_ratings { line.rated_factor(dimension) } else { 1.0 }
            };
            let values: Vec<Values> = lines.iter().map(|line| line.values(&zone)).collect();
            let mut found = Vec::new();
            for dimension in (1..).map_while(|number| PreferenceDimension::try_from(number).ok()) {
                if !message.dimensions.is_empty() && !message.dimensions.contains(&dimension.into()) {
                    continue;
                }
                let said = holding.iter().filter(|said| said.dimension == dimension as i16);
                let said =
                    said.map(|one| Said { value: one.value.clone(), origin: enum_of(one.origin), at: one.stated_at });
                let said: Vec<Said> = said.collect();
                let Some(index) = INFERRED.iter().position(|inferred| *inferred == dimension) else {
                    found.extend(stated(dimension, &said));
                    continue;
                };
                let contacts = lines.iter().zip(&values);
                let contacts = contacts.filter_map(|(line, values)| {
                    Some(Contact { line, value: values[index].as_deref()?, weight: weight(line, dimension) })
                });
                found.push(infer(dimension, &contacts.collect::<Vec<_>>(), &said, fitted.get(&dimension), now));
            }
            let evidence = found.iter().flat_map(|one| &one.values).flat_map(|value| value.evidence.iter().copied());
            let evidence: HashSet<Uuid> = evidence.collect();
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
                ..said(&caller, &scope, message.customer_id, dimension, PreferenceOrigin::Stated)?
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
            let customer_id = normal(message.customer_id);
            check_own(&scope, &customer_id)?;
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
                ..said(&caller, &scope, message.customer_id, dimension, PreferenceOrigin::Refuted)?
            };
            let statement = self.say(&caller, mutation, AuditAction::PreferenceRefuted, said).await?;
            Ok(v1::RefutePreferenceResponse { statement: Some(statement) })
        })
        .await
    }

    async fn set_consent(&self, request: Request<v1::SetConsentRequest>) -> Answer<v1::SetConsentResponse> {
        respond(self.privacy.set_consent(request)).await
    }

    async fn export_customer(&self, request: Request<v1::ExportCustomerRequest>) -> Answer<v1::ExportCustomerResponse> {
        respond(self.privacy.export_customer(request)).await
    }

    async fn erase_customer(&self, request: Request<v1::EraseCustomerRequest>) -> Answer<v1::EraseCustomerResponse> {
        respond(self.privacy.erase_customer(request)).await
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
    let customer_id = normal(customer_id);
    check_own(scope, &customer_id)?;
    Ok(Statement {
        id: Uuid::nil(),
        customer_id,
        dimension: dimension as i16,
        value: String::new(),
        origin: origin as i16,
        author: caller.subject().to_owned(),
        author_role: caller.principal.role as i16,
        source: String::new(),
        note: String::new(),
        stated_at: 0,
        ended_at: None,
        withdrawn_by: None,
    })
}
