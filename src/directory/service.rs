//! The RPCs of the directory.

use std::sync::Arc;

use futures::future::BoxFuture;
use prost::Message as _;
use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};

use super::{
    Alias, ContactPoint, Customer, Party, Reactions, StaffMember, Suspension, Team, Upsert, Written, check_customer,
    etag,
    store::{self as rows, StaffQuery},
};
use crate::{
    api::{
        convert::{micros, normal, optional, timestamp},
        rules::{Check, Violations},
        status,
        v1::{self, directory_service_server::DirectoryService, upsert_item_result},
    },
    audit,
    auth::Caller,
    call::{Call, mutation, page_size, respond},
    context::Context,
    error::{Error, Reason, Result, Violation},
    page::Query,
    reach::Scope,
    store::{Abort, Store, Tx, request},
    vault::Vault,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;

/// Serves [`DirectoryService`].
#[derive(Clone, Debug)]
pub struct DirectoryApi {
    store: Store,
    time_zone: Arc<str>,
    vault: Vault,
    forms: NormalForms,
    reactions: Reactions,
}

/// A kind of record that can be upserted: how it is read from its message, and how it is written. What refuses does so
/// before it writes, so that a refused item of a batch leaves nothing behind.
trait Record: Clone + Send + Sync + Sized + 'static {
    type Message: prost::Message + Check + Default;

    /// `forms`: those of its contact points.
    fn read(message: Self::Message, forms: NormalForms) -> Self;

    /// What breaks rules that no annotation states.
    fn check(&self, _forms: NormalForms) -> Vec<Violation> {
        Vec::new()
    }

    /// Takes the locks that come before those of any record.
    fn prepare<'t>(_: &'t Tx, _: (&'t Store, Reactions), _: Vec<&'t Self>) -> BoxFuture<'t, Result<(), Abort>> {
        Box::pin(async { Ok(()) })
    }

    /// The vault recognises customers who were erased; then what is set off, and the database's time.
    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        by: (&'t Vault, Reactions, i64),
        upsert: &'t Upsert,
    ) -> BoxFuture<'t, Result<Written, Abort>>;
}

impl DirectoryApi {
    pub(crate) fn new(context: &Context, reactions: Reactions) -> Self {
        let Context { store, zone, vault, forms, .. } = context.clone();
        Self { store, time_zone: zone.name.into(), vault, forms, reactions }
    }

    /// Writes one record, once per request id.
    async fn upsert<R: Record>(&self, mutation: request::Request, record: R, upsert: Upsert) -> Result<Written> {
        let items = vec![(mutation, record)];
        self.upsert_all(items, upsert).await?.pop().unwrap_or(Err(Error::NotFound("record")))
    }

    /// Writes records in one transaction; what one refuses touches no other.
    async fn upsert_all<R: Record>(
        &self,
        items: Vec<(request::Request, R)>,
        upsert: Upsert,
    ) -> Result<Vec<Result<Written>>> {
        let (store, vault, reactions) = (self.store.clone(), self.vault.clone(), self.reactions);
        let items = Arc::new(items);
        self.store
            .transact(move |tx| {
                let (store, vault) = (store.clone(), vault.clone());
                let (items, upsert) = (items.clone(), upsert.clone());
                Box::pin(async move {
                    let now = store.now(tx).await?;
                    let records = items.iter().map(|(_, record)| record).collect();
                    R::prepare(tx, (&store, reactions), records).await?;
                    let mut results = Vec::with_capacity(items.len());
                    for (mutation, record) in items.iter() {
                        match request::once(tx, mutation, now, record.write(tx, (&vault, reactions, now), &upsert))
                            .await
                        {
                            Ok(written) => results.push(Ok(written)),
                            Err(Abort::Domain(error)) => results.push(Err(error)),
                            Err(abort) => return Err(abort),
                        }
                    }
                    Ok(results)
                })
            })
            .await
    }

    /// Judges each message on its own and writes the good ones.
    async fn upsert_batch<R: Record>(
        &self,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        mode: v1::UpsertMode,
        messages: Vec<R::Message>,
    ) -> Result<Vec<v1::UpsertItemResult>> {
        let mut results: Vec<Option<Result<Written>>> = Vec::with_capacity(messages.len());
        let mut good = Vec::new();
        for (index, message) in messages.into_iter().enumerate() {
            let id = format!("{request_id}#{index}");
            // The mode is part of what each item asks.
            let body_hash = request::hash(&[&message.encode_to_vec(), &i32::from(mode).to_be_bytes()]);
            let mutation = request::Request { body_hash, ..mutation(caller, method, id, &message) };
            let (record, found) = judged::<R>(message, self.forms);
            match Error::unless_empty(found) {
                Ok(()) => {
                    good.push((mutation, record));
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        let upsert = Upsert { mode, etag: String::new() };
        let mut written = self.upsert_all(good, upsert).await?.into_iter();
        Ok(results.into_iter().filter_map(|result| result.or_else(|| written.next())).map(item_result).collect())
    }

    async fn change_suspension(
        &self,
        mutation: request::Request,
        caller: Caller,
        customer_id: String,
        reason: String,
        suspend: Option<Option<i64>>,
    ) -> Result<Customer> {
        let store = self.store.clone();
        let id = customer_id.clone();
        self.store
            .transact(move |tx| {
                let (store, mutation, caller) = (store.clone(), mutation.clone(), caller.clone());
                let (id, reason) = (id.clone(), reason.clone());
                Box::pin(async move {
                    let now = store.now(tx).await?;
                    let actor = &caller.principal;
                    let work = Box::pin(async {
                        // Only now: a retry is answered as the first attempt was, even if the end came between.
                        if suspend.flatten().is_some_and(|end| end <= now) {
                            let rule = "must be in the future";
                            return Err(Error::invalid("end_time", Reason::ImpossibleInstants, rule).into());
                        }
                        let suspension = suspend.map(|end| Suspension {
                            reason: reason.clone(),
                            author: actor.subject.clone(),
                            start: now,
                            end,
                        });
                        let action = match suspension {
                            Some(_) => v1::AuditAction::CustomerSuspended,
                            None => v1::AuditAction::SuspensionLifted,
                        };
                        let (before, _) = rows::set_suspension(tx, &id, suspension, now).await?;
                        let detail = before.suspension_at(now).map(|was| {
                            serde_json::json!({"suspended_by": was.author, "reason": was.reason, "since": was.start})
                        });
                        audit::add(tx, now, (&actor.subject, actor.role), action, &id, &reason, detail).await?;
                        Ok(())
                    });
                    request::once(tx, &mutation, now, work).await
                })
            })
            .await?;
        self.customer(&customer_id).await
    }

    async fn customer(&self, id: &str) -> Result<Customer> {
        rows::find_customer(self.store.reader(), id).await?.ok_or(Error::NotFound("customer"))
    }

    fn customer_message(&self, customer: Customer) -> v1::Customer {
        customer_message(customer, self.store.clock().now_micros())
    }
}

/// Reads a record, and tells everything that is wrong with it.
fn judged<R: Record>(message: R::Message, forms: NormalForms) -> (R, Vec<Violation>) {
    let mut found = Violations::of(&message);
    let record = R::read(message, forms);
    let broken: Vec<_> = record.check(forms).into_iter().filter_map(|one| one.besides(&found)).collect();
    found.extend(broken);
    (record, found)
}

impl Record for Team {
    type Message = v1::Team;

    fn read(message: v1::Team, _: NormalForms) -> Self {
        Self { state: message.state(), id: normal(message.team_id), display_name: message.display_name, revision: 0 }
    }

    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        _: (&'t Vault, Reactions, i64),
        upsert: &'t Upsert,
    ) -> BoxFuture<'t, Result<Written, Abort>> {
        Box::pin(rows::upsert_team(tx, self, upsert))
    }
}

impl Record for StaffMember {
    type Message = v1::StaffMember;

    fn read(message: v1::StaffMember, _: NormalForms) -> Self {
        Self {
            state: message.state(),
            role: message.role(),
            id: normal(message.staff_id),
            display_name: message.display_name,
            team_id: optional(message.team_id),
            revision: 0,
        }
    }

    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        _: (&'t Vault, Reactions, i64),
        upsert: &'t Upsert,
    ) -> BoxFuture<'t, Result<Written, Abort>> {
        Box::pin(rows::upsert_staff(tx, self, upsert))
    }
}

impl Record for Customer {
    type Message = v1::Customer;

    fn read(message: v1::Customer, forms: NormalForms) -> Self {
        let standing = Some(message.standing()).filter(|standing| *standing != v1::CustomerStanding::Unspecified);
        Self {
            id: normal(message.customer_id),
            salutation: message.salutation,
            standing,
            locale: message.locale,
            time_zone: message.time_zone,
            contact_points: message.contact_points.into_iter().map(|point| contact_point(point, forms)).collect(),
            aliases: message.aliases.into_iter().map(|name| Alias::read(name, forms)).collect(),
            suspension: None,
            revision: 0,
        }
    }

    fn check(&self, forms: NormalForms) -> Vec<Violation> {
        check_customer(self, forms)
    }

    fn prepare<'t>(
        tx: &'t Tx,
        (store, reactions): (&'t Store, Reactions),
        customers: Vec<&'t Self>,
    ) -> BoxFuture<'t, Result<(), Abort>> {
        Box::pin(async move {
            if rows::any_name_is_new(tx, customers).await? {
                (reactions.naming)(tx, store).await?;
            }
            Ok(())
        })
    }

    fn write<'t>(
        &'t self,
        tx: &'t Tx,
        by: (&'t Vault, Reactions, i64),
        upsert: &'t Upsert,
    ) -> BoxFuture<'t, Result<Written, Abort>> {
        Box::pin(rows::upsert_customer(tx, by, self, upsert))
    }
}

fn contact_point(message: v1::ContactPoint, forms: NormalForms) -> ContactPoint {
    ContactPoint {
        consent: message.consent(),
        obtained_at: message.obtained_time.as_ref().map(micros),
        consent_at: message.consent_time.as_ref().map(micros),
        at: Alias::given(message.kind(), message.value, forms),
        source: message.source,
    }
}

/// Whom a message names by exactly one of two fields, or what is wrong with them.
pub(crate) fn party(
    customer_id: String,
    customer_alias: Option<v1::CustomerAlias>,
    forms: NormalForms,
) -> Result<Party, Vec<Violation>> {
    let mut found = Vec::new();
    let customer_alias = customer_alias.map(|message| {
        found.extend(alias_violations(&message, forms).into_iter().map(|one| one.inside("customer_alias")));
        Alias::read(message, forms)
    });
    match (customer_id.is_empty(), customer_alias) {
        (true, Some(alias)) if found.is_empty() => return Ok(Party::Alias(alias)),
        (true, Some(_)) => {}
        (false, None) => return Ok(Party::Customer(normal(customer_id))),
        (true, None) | (false, Some(_)) => {
            let rule = "must be given, or customer_alias, but not both";
            found.push(Violation::new("customer_id", Reason::Contradiction, rule));
        }
    }
    Err(found)
}

/// The id that counts for one that a caller gave.
pub(crate) async fn customer_meant(store: &Store, given: String) -> Result<String> {
    Ok(rows::kept_id(store.reader(), normal(given)).await?)
}

/// What is wrong with an alias.
pub(crate) fn alias_violations(message: &v1::CustomerAlias, forms: NormalForms) -> Vec<Violation> {
    let mut found = Violations::of(message);
    let fault = Alias::read(message.clone(), forms).fault(forms);
    found.extend(fault.and_then(|fault| fault.besides(&found)));
    found
}

/// An alias as callers see it.
pub(crate) fn alias_message(alias: Alias) -> v1::CustomerAlias {
    v1::CustomerAlias { kind: alias.kind.into(), value: alias.written }
}

/// A contact point as callers see it.
pub(crate) fn contact_point_message(point: ContactPoint) -> v1::ContactPoint {
    v1::ContactPoint {
        kind: point.at.kind.into(),
        value: point.at.written,
        source: point.source,
        obtained_time: point.obtained_at.map(timestamp),
        consent: point.consent.into(),
        consent_time: point.consent_at.map(timestamp),
    }
}

fn team_message(team: Team) -> v1::Team {
    v1::Team { team_id: team.id, display_name: team.display_name, state: team.state.into(), etag: etag(team.revision) }
}

fn staff_message(person: StaffMember) -> v1::StaffMember {
    v1::StaffMember {
        staff_id: person.id,
        display_name: person.display_name,
        role: person.role.into(),
        team_id: person.team_id.unwrap_or_default(),
        state: person.state.into(),
        etag: etag(person.revision),
    }
}

/// A customer as callers see them at `now`.
pub(crate) fn customer_message(customer: Customer, now: i64) -> v1::Customer {
    v1::Customer {
        standing: customer.standing_at(now).into(),
        suspension: customer.suspension_at(now).map(|suspension| v1::Suspension {
            reason: suspension.reason.clone(),
            author: suspension.author.clone(),
            start_time: Some(timestamp(suspension.start)),
            end_time: suspension.end.map(timestamp),
        }),
        etag: etag(customer.revision),
        contact_points: customer.contact_points.into_iter().map(contact_point_message).collect(),
        aliases: customer.aliases.into_iter().map(alias_message).collect(),
        customer_id: customer.id,
        salutation: customer.salutation,
        locale: customer.locale,
        time_zone: customer.time_zone,
    }
}

fn item_result(result: Result<Written>) -> v1::UpsertItemResult {
    use upsert_item_result::Result as Item;
    let item = match result {
        Ok(written) => {
            Item::Upserted(v1::UpsertResult { outcome: written.outcome().into(), etag: etag(written.revision) })
        }
        Err(error) => Item::Error(status::of_item(error)),
    };
    v1::UpsertItemResult { result: Some(item) }
}

/// What a page token of a list is bound to: the request without its page.
fn bound<M: prost::Message>(method: &str, caller: &Caller, scope: &Scope, filter: &M) -> Query {
    Query::new(method, &scope.binding(caller), &filter.encode_to_vec())
}

#[tonic::async_trait]
impl DirectoryService for DirectoryApi {
    async fn get_organization(
        &self,
        request: Request<v1::GetOrganizationRequest>,
    ) -> Answer<v1::GetOrganizationResponse> {
        respond(async {
            Call::admit(&self.store, request).await?;
            Ok(v1::GetOrganizationResponse {
                time_zone: self.time_zone.to_string(),
                server_version: env!("CARGO_PKG_VERSION").to_owned(),
            })
        })
        .await
    }

    async fn upsert_team(&self, request: Request<v1::UpsertTeamRequest>) -> Answer<v1::UpsertTeamResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UpsertTeam", id, &message);
            let upsert = Upsert { mode: message.mode(), etag: message.etag };
            let team = Team::read(message.team.unwrap_or_default(), self.forms);
            let written = self.upsert(mutation, team.clone(), upsert).await.map_err(|error| error.inside("team"))?;
            let team = rows::find_team(self.store.reader(), &team.id).await?.ok_or(Error::NotFound("team"))?;
            Ok(v1::UpsertTeamResponse { outcome: written.outcome().into(), team: Some(team_message(team)) })
        })
        .await
    }

    async fn batch_upsert_teams(
        &self,
        request: Request<v1::BatchUpsertTeamsRequest>,
    ) -> Answer<v1::BatchUpsertTeamsResponse> {
        respond(async {
            let Call { caller, message, .. } = Call::admit(&self.store, request).await?;
            let (id, mode) = (message.request_id.clone(), message.mode());
            let results = self.upsert_batch::<Team>(&caller, "BatchUpsertTeams", &id, mode, message.teams).await?;
            Ok(v1::BatchUpsertTeamsResponse { results })
        })
        .await
    }

    async fn get_team(&self, request: Request<v1::GetTeamRequest>) -> Answer<v1::GetTeamResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let team = rows::find_team(self.store.reader(), &normal(message.team_id)).await?;
            Ok(v1::GetTeamResponse { team: Some(team_message(team.ok_or(Error::NotFound("team"))?)) })
        })
        .await
    }

    async fn list_teams(&self, request: Request<v1::ListTeamsRequest>) -> Answer<v1::ListTeamsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let state = Some(message.state()).filter(|state| *state != v1::TeamState::Unspecified);
            let limit = page_size(message.page_size, PAGE);
            let filter = v1::ListTeamsRequest { page_size: 0, page_token: String::new(), ..message };
            let query = bound("ListTeams", &caller, &scope, &filter);
            let after = query.name_position(&message.page_token)?;
            let read = |after, count| rows::list_teams(self.store.reader(), state, after, count);
            let page = query.page(limit, after, read, |team| team.id.clone(), String::into_bytes);
            let (teams, next_page_token) = page.await?;
            Ok(v1::ListTeamsResponse { teams: teams.into_iter().map(team_message).collect(), next_page_token })
        })
        .await
    }

    async fn upsert_staff_member(
        &self,
        request: Request<v1::UpsertStaffMemberRequest>,
    ) -> Answer<v1::UpsertStaffMemberResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UpsertStaffMember", id, &message);
            let upsert = Upsert { mode: message.mode(), etag: message.etag };
            let person = StaffMember::read(message.staff_member.unwrap_or_default(), self.forms);
            let written =
                self.upsert(mutation, person.clone(), upsert).await.map_err(|error| error.inside("staff_member"))?;
            let person = rows::find_staff(self.store.reader(), &person.id).await?;
            let person = staff_message(person.ok_or(Error::NotFound("staff member"))?);
            Ok(v1::UpsertStaffMemberResponse { outcome: written.outcome().into(), staff_member: Some(person) })
        })
        .await
    }

    async fn batch_upsert_staff_members(
        &self,
        request: Request<v1::BatchUpsertStaffMembersRequest>,
    ) -> Answer<v1::BatchUpsertStaffMembersResponse> {
        respond(async {
            let Call { caller, message, .. } = Call::admit(&self.store, request).await?;
            let (id, mode, people) = (message.request_id.clone(), message.mode(), message.staff_members);
            let method = "BatchUpsertStaffMembers";
            let results = self.upsert_batch::<StaffMember>(&caller, method, &id, mode, people).await?;
            Ok(v1::BatchUpsertStaffMembersResponse { results })
        })
        .await
    }

    async fn get_staff_member(
        &self,
        request: Request<v1::GetStaffMemberRequest>,
    ) -> Answer<v1::GetStaffMemberResponse> {
        respond(async {
            let Call { scope, message, .. } = Call::admit(&self.store, request).await?;
            let person = rows::find_staff_within(self.store.reader(), &scope, &normal(message.staff_id)).await?;
            let person = staff_message(person.ok_or(Error::NotFound("staff member"))?);
            Ok(v1::GetStaffMemberResponse { staff_member: Some(person) })
        })
        .await
    }

    async fn list_staff_members(
        &self,
        request: Request<v1::ListStaffMembersRequest>,
    ) -> Answer<v1::ListStaffMembersResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let wanted = StaffQuery {
                role: Some(message.role()).filter(|role| *role != v1::StaffRole::Unspecified),
                state: Some(message.state()).filter(|state| *state != v1::StaffState::Unspecified),
                team_id: optional(message.team_id.clone()),
            };
            let limit = page_size(message.page_size, PAGE);
            let token = message.page_token.clone();
            let filter = v1::ListStaffMembersRequest { page_size: 0, page_token: String::new(), ..message };
            let query = bound("ListStaffMembers", &caller, &scope, &filter);
            let after = query.name_position(&token)?;
            let read = |after, count| rows::list_staff(self.store.reader(), &scope, wanted.clone(), after, count);
            let page = query.page(limit, after, read, |person| person.id.clone(), String::into_bytes);
            let (people, next_page_token) = page.await?;
            let staff_members = people.into_iter().map(staff_message).collect();
            Ok(v1::ListStaffMembersResponse { staff_members, next_page_token })
        })
        .await
    }

    async fn upsert_customer(&self, request: Request<v1::UpsertCustomerRequest>) -> Answer<v1::UpsertCustomerResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let mut found = Violations::of(&message);
            let (customer, broken) = judged::<Customer>(message.customer.clone().unwrap_or_default(), self.forms);
            found.extend(
                broken.into_iter().filter_map(|one| one.inside("customer").besides(&found)).collect::<Vec<_>>(),
            );
            Error::unless_empty(found)?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UpsertCustomer", id, &message);
            let upsert = Upsert { mode: message.mode(), etag: message.etag };
            let written =
                self.upsert(mutation, customer.clone(), upsert).await.map_err(|error| error.inside("customer"))?;
            // A batch may leave an erased customer as they are, for the sake of imports; here there is nobody to show.
            let customer =
                rows::find_customer(self.store.reader(), &customer.id).await?.ok_or(Error::CustomerErased)?;
            let customer = self.customer_message(customer);
            Ok(v1::UpsertCustomerResponse { outcome: written.outcome().into(), customer: Some(customer) })
        })
        .await
    }

    async fn batch_upsert_customers(
        &self,
        request: Request<v1::BatchUpsertCustomersRequest>,
    ) -> Answer<v1::BatchUpsertCustomersResponse> {
        respond(async {
            let Call { caller, message, .. } = Call::admit(&self.store, request).await?;
            let (id, mode, customers) = (message.request_id.clone(), message.mode(), message.customers);
            let method = "BatchUpsertCustomers";
            let results = self.upsert_batch::<Customer>(&caller, method, &id, mode, customers).await?;
            Ok(v1::BatchUpsertCustomersResponse { results })
        })
        .await
    }

    async fn get_customer(&self, request: Request<v1::GetCustomerRequest>) -> Answer<v1::GetCustomerResponse> {
        respond(async {
            let Call { scope, message, .. } = Call::admit(&self.store, request).await?;
            let found = match (message.customer_id.is_empty(), message.alias) {
                (false, None) => rows::find_customer(self.store.reader(), &normal(message.customer_id)).await?,
                (true, Some(name)) => {
                    let broken = alias_violations(&name, self.forms).into_iter().map(|one| one.inside("alias"));
                    Error::unless_empty(broken.collect())?;
                    rows::find_by_alias(self.store.reader(), &Alias::read(name, self.forms)).await?
                }
                (true, None) | (false, Some(_)) => {
                    let rule = "must be given, or alias, but not both";
                    return Err(Error::invalid("customer_id", Reason::Contradiction, rule));
                }
            };
            let visible = |customer: &Customer| match &scope {
                Scope::All => true,
                Scope::Customer(id) => customer.id == *id,
                Scope::Teams { .. } | Scope::Staff(_) => false,
            };
            let customer = found.filter(visible).ok_or(Error::NotFound("customer"))?;
            Ok(v1::GetCustomerResponse { customer: Some(self.customer_message(customer)) })
        })
        .await
    }

    async fn list_customers(&self, request: Request<v1::ListCustomersRequest>) -> Answer<v1::ListCustomersResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let standing = Some(message.standing()).filter(|one| *one != v1::CustomerStanding::Unspecified);
            let limit = page_size(message.page_size, PAGE);
            let filter = v1::ListCustomersRequest { page_size: 0, page_token: String::new(), ..message };
            let query = bound("ListCustomers", &caller, &scope, &filter);
            let after = query.name_position(&message.page_token)?;
            let now = self.store.clock().now_micros();
            let read = |after, count| rows::list_customers(self.store.reader(), standing, now, after, count);
            let page = query.page(limit, after, read, |customer| customer.id.clone(), String::into_bytes);
            let (customers, next_page_token) = page.await?;
            let customers = customers.into_iter().map(|customer| customer_message(customer, now)).collect();
            Ok(v1::ListCustomersResponse { customers, next_page_token })
        })
        .await
    }

    async fn suspend_customer(
        &self,
        request: Request<v1::SuspendCustomerRequest>,
    ) -> Answer<v1::SuspendCustomerResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SuspendCustomer", id, &message);
            let end = message.end_time.as_ref().map(micros);
            let customer_id = customer_meant(&self.store, message.customer_id).await?;
            let customer = self.change_suspension(mutation, caller, customer_id, message.reason, Some(end)).await?;
            Ok(v1::SuspendCustomerResponse { customer: Some(self.customer_message(customer)) })
        })
        .await
    }

    async fn lift_suspension(&self, request: Request<v1::LiftSuspensionRequest>) -> Answer<v1::LiftSuspensionResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "LiftSuspension", id, &message);
            let customer_id = customer_meant(&self.store, message.customer_id).await?;
            let customer = self.change_suspension(mutation, caller, customer_id, message.reason, None).await?;
            Ok(v1::LiftSuspensionResponse { customer: Some(self.customer_message(customer)) })
        })
        .await
    }
}
