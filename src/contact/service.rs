//! The RPCs of contacts.

use futures::future::BoxFuture;
use jiff::tz::TimeZone;
use prost::Message as _;
use rapport_identity::NormalForms;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Attempt, Cap, EnumSet, Policy, QuietHours, Version, can_reach_by,
    rules::Refusal,
    store::{self as rows, DoNotContact},
};
use crate::{
    api::{
        convert::{duration, duration_micros, micros, optional, timestamp},
        rules::Violations,
        v1::{
            self, AuditAction, Channel, ContactPurpose, ContactRefusalReason, ContactVerdict, DoNotContactState,
            contact_service_server::ContactService,
        },
    },
    audit,
    auth::Caller,
    call::{Call, mutation, page_size, respond},
    clock,
    clock::Micros,
    context::Context,
    directory::{
        Party, etag,
        point::of_any_kind,
        service::{alias_message, customer_meant, party},
        store::{Named, known_among, resolve},
    },
    error::{Error, Reason, Result, Violation},
    interaction::{
        self, Recorded,
        store::{self as interactions, BreachFilter},
    },
    page::Query,
    reach::Sight,
    store::{Abort, Store, Tx, request},
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;
const BREACH_PAGE: u64 = 50;
const MINUTE: Micros = 60 * 1_000_000;
/// Clocks of calling systems lag by at most this much.
const MAX_BEHIND: Micros = 5 * MINUTE;
/// Nobody plans contacts further ahead; nor does any cap look further back.
const MAX_AHEAD: Micros = 366 * 24 * 60 * MINUTE;
/// What the audit trail calls the policy.
const POLICY_OBJECT: &str = "contact policy";

/// Serves [`ContactService`].
#[derive(Clone, Debug)]
pub struct ContactApi {
    store: Store,
    time_zone: TimeZone,
    forms: NormalForms,
}

impl ContactApi {
    pub(crate) fn new(context: &Context) -> Self {
        Self { store: context.store.clone(), time_zone: context.zone.rules.clone(), forms: context.forms }
    }

    /// What is planned, and with whom as the caller names them.
    fn planned(&self, message: v1::CheckContactRequest) -> Result<(Party, Attempt)> {
        let mut found = Violations::of(&message);
        let party = party(message.customer_id.clone(), message.customer_alias.clone(), self.forms);
        found.extend(party.as_ref().err().cloned().unwrap_or_default());
        if !can_reach_by(message.channel()) {
            let rule = "must be one by which the organisation reaches customers";
            found.push(Violation::new("channel", Reason::Contradiction, rule));
        }
        let now = self.store.clock().now_micros();
        let at = message.contact_time.as_ref().map(micros);
        if at.is_some_and(|at| !(now - MAX_BEHIND..=now + MAX_AHEAD).contains(&at)) {
            let news = Violation::new("contact_time", Reason::ValueOutOfRange, "must be from now up to 366 days ahead");
            found.extend(news.besides(&found));
        }
        Error::unless_empty(found)?;
        let (purpose, channel) = (message.purpose(), message.channel());
        let party = party.map_err(Error::Invalid)?;
        let points = match (optional(message.contact_point), &party) {
            (Some(written), _) => of_any_kind(&written, self.forms),
            (None, Party::Alias(alias)) => vec![alias.clone()],
            (None, Party::Customer(_)) => Vec::new(),
        };
        Ok((party, Attempt { purpose, channel, points, at: at.unwrap_or(now) }))
    }

    /// Does a mutation and leaves its trace, once per request id.
    async fn change<A, W>(&self, caller: &Caller, mutation: request::Request, work: W) -> Result<A>
    where
        A: serde::Serialize + serde::de::DeserializeOwned + Send + 'static,
        W: for<'t> Fn(&'t Tx, Micros) -> BoxFuture<'t, Result<(A, Trace), Abort>> + Clone + Send + Sync + 'static,
    {
        let (store, actor) = (self.store.clone(), caller.principal.clone());
        self.store
            .transact(move |tx| {
                let (store, actor, mutation, work) = (store.clone(), actor.clone(), mutation.clone(), work.clone());
                Box::pin(async move {
                    let now = store.now(tx).await?;
                    let work = Box::pin(async {
                        let (answer, Trace { action, object, reason, detail }) = work(tx, now).await?;
                        let actor = (actor.subject.as_str(), actor.role);
                        audit::add(tx, now, actor, action, &object, &reason, Some(detail)).await?;
                        Ok(answer)
                    });
                    request::once(tx, &mutation, now, work).await
                })
            })
            .await
    }

    async fn do_not_contact(&self, id: Uuid) -> Result<v1::DoNotContact> {
        let entry = rows::find_do_not_contact(self.store.reader(), id).await?;
        Ok(write_do_not_contact(entry, self.store.clock().now_micros()))
    }
}

/// What the audit trail keeps of a change.
struct Trace {
    action: AuditAction,
    object: String,
    reason: String,
    detail: serde_json::Value,
}

fn read_policy(message: v1::ContactPolicy) -> (Policy, Vec<Violation>) {
    let mut found = Violations::of(&message);
    let mut time = |field: &'static str, text: &str| {
        let minutes = QuietHours::minutes(text);
        if minutes.is_none() {
            let field = format!("quiet_hours.{field}");
            let news = Violation::new(field, Reason::Malformed, "must be a time of day as HH:MM, such as 21:00");
            found.extend(news.besides(&found));
        }
        minutes
    };
    let quiet_hours = message.quiet_hours.as_ref().and_then(|hours| {
        let (start, end) = (time("start_time", &hours.start_time), time("end_time", &hours.end_time));
        Some(QuietHours { start: start?, end: end? })
    });
    let cap = |cap: &v1::FrequencyCap| {
        let (purposes, counted): (EnumSet<_>, EnumSet<_>) =
            (cap.purposes().collect(), cap.counted_purposes().collect());
        Cap {
            purposes,
            counted: if counted.is_empty() { purposes } else { counted },
            max: usize::try_from(cap.max_contacts).unwrap_or_default(),
            window: cap.window.as_ref().map(duration_micros).unwrap_or_default(),
        }
    };
    let policy = Policy {
        quiet_hours: quiet_hours.filter(|hours| hours.start != hours.end),
        quiet_hours_purposes: message.quiet_hours_purposes().collect(),
        do_not_contact_purposes: message.do_not_contact_purposes().collect(),
        caps: message.frequency_caps.iter().map(cap).collect(),
    };
    found.extend(policy.check());
    (policy, found)
}

fn write_policy(version: Version) -> v1::ContactPolicy {
    let Version { number, effective_at, policy, author } = version;
    let purposes = |purposes: EnumSet<ContactPurpose>| purposes.iter().map(Into::into).collect();
    v1::ContactPolicy {
        version: number,
        effective_time: Some(timestamp(effective_at)),
        quiet_hours: policy.quiet_hours.map(|hours| v1::QuietHours {
            start_time: QuietHours::spelled(hours.start),
            end_time: QuietHours::spelled(hours.end),
        }),
        quiet_hours_purposes: purposes(policy.quiet_hours_purposes),
        do_not_contact_purposes: purposes(policy.do_not_contact_purposes),
        frequency_caps: policy
            .caps
            .into_iter()
            .map(|cap| v1::FrequencyCap {
                purposes: purposes(cap.purposes),
                counted_purposes: purposes(cap.counted),
                max_contacts: i32::try_from(cap.max).unwrap_or(i32::MAX),
                window: Some(duration(cap.window)),
            })
            .collect(),
        author,
        etag: etag(number),
    }
}

fn write_refusal(refusal: Refusal) -> v1::ContactRefusal {
    v1::ContactRefusal {
        reason: refusal.reason.into(),
        rule: refusal.rule,
        next_allowed_time: refusal.until.map(timestamp),
    }
}

fn write_do_not_contact(entry: DoNotContact, now: Micros) -> v1::DoNotContact {
    let state = if entry.lifted_at.is_some() {
        DoNotContactState::Lifted
    } else if entry.end_at.is_some_and(|end| end <= now) {
        DoNotContactState::Ended
    } else {
        DoNotContactState::InForce
    };
    v1::DoNotContact {
        do_not_contact_id: entry.id.to_string(),
        customer_id: entry.customer_id,
        channels: EnumSet::<Channel>::from_bits(entry.channels).iter().map(Into::into).collect(),
        purposes: EnumSet::<ContactPurpose>::from_bits(entry.purposes).iter().map(Into::into).collect(),
        reason: entry.reason,
        source: entry.source,
        author: entry.author,
        set_time: Some(timestamp(entry.set_at)),
        end_time: entry.end_at.map(timestamp),
        state: state.into(),
        lifted_time: entry.lifted_at.map(timestamp),
    }
}

fn write_breach(recorded: Recorded) -> Option<v1::ContactBreach> {
    let Recorded { id, facts, contact, .. } = recorded;
    let mark = contact?;
    Some(v1::ContactBreach {
        interaction_id: id.to_string(),
        contact_time: Some(timestamp(mark.at)),
        purpose: mark.purpose.into(),
        channel: facts.channel.into(),
        customer_alias: facts.customer_alias.filter(|_| facts.customer_id.is_none()).map(alias_message),
        customer_id: facts.customer_id.unwrap_or_default(),
        participants: facts.participants.into_iter().map(interaction::message::write_participant).collect(),
        reasons: mark.breaches.iter().map(Into::into).collect(),
        policy_version: mark.policy_version.unwrap_or_default(),
    })
}

#[tonic::async_trait]
impl ContactService for ContactApi {
    async fn check_contact(&self, request: Request<v1::CheckContactRequest>) -> Answer<v1::CheckContactResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let (party, attempt) = self.planned(message)?;
            let reader = self.store.reader();
            let party = resolve(reader, party).await?;
            let (version, situation) = rows::situation(reader, &self.time_zone, &party, attempt.at).await?;
            let refusals = version.policy.refusals(&situation, &attempt);
            let verdict = if refusals.is_empty() { ContactVerdict::Allowed } else { ContactVerdict::Refused };
            Ok(v1::CheckContactResponse {
                verdict: verdict.into(),
                refusals: refusals.into_iter().map(write_refusal).collect(),
                next_allowed_time: version.policy.next_allowed(&situation, &attempt).map(timestamp),
                policy_version: version.number,
            })
        })
        .await
    }

    async fn get_contact_policy(
        &self,
        request: Request<v1::GetContactPolicyRequest>,
    ) -> Answer<v1::GetContactPolicyResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let version = Some(message.version).filter(|version| *version > 0);
            let found = rows::find_policy(self.store.reader(), version).await?;
            Ok(v1::GetContactPolicyResponse { policy: Some(write_policy(found)) })
        })
        .await
    }

    async fn set_contact_policy(
        &self,
        request: Request<v1::SetContactPolicyRequest>,
    ) -> Answer<v1::SetContactPolicyResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let mut found = Violations::of(&message);
            let told = message.policy.clone().unwrap_or_default();
            let effective_at = told.effective_time.as_ref().map(micros);
            let (policy, broken) = read_policy(told);
            found.extend(broken.into_iter().filter_map(|one| one.inside("policy").besides(&found)).collect::<Vec<_>>());
            Error::unless_empty(found)?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SetContactPolicy", id, &message);
            let (author, reason, if_etag) = (caller.principal.subject.clone(), message.reason, message.etag);
            let changed = self.change(&caller, mutation, move |tx, now| {
                let (policy, author) = (policy.clone(), author.clone());
                let (reason, if_etag) = (reason.clone(), if_etag.clone());
                Box::pin(async move {
                    if effective_at.is_some_and(|at| at > now) {
                        let rule = "must not be in the future";
                        return Err(Error::invalid("policy.effective_time", Reason::TimeInFuture, rule).into());
                    }
                    let number = rows::set_policy(tx, &policy, effective_at.unwrap_or(now), &author, &if_etag).await?;
                    let detail = serde_json::json!({ "version": number });
                    let object = POLICY_OBJECT.to_owned();
                    Ok((number, Trace { action: AuditAction::ContactPolicySet, object, reason, detail }))
                })
            });
            let number: i64 = changed.await?;
            let version = rows::find_policy(self.store.reader(), Some(number)).await?;
            Ok(v1::SetContactPolicyResponse { policy: Some(write_policy(version)) })
        })
        .await
    }

    async fn set_do_not_contact(
        &self,
        request: Request<v1::SetDoNotContactRequest>,
    ) -> Answer<v1::SetDoNotContactResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let inbound = message.channels().enumerate().filter(|(_, channel)| !can_reach_by(*channel));
            let rule = "must be one by which the organisation reaches customers";
            let found =
                inbound.map(|(index, _)| Violation::new(format!("channels[{index}]"), Reason::Contradiction, rule));
            Error::unless_empty(found.collect())?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SetDoNotContact", id, &message);
            let customer_id = customer_meant(&self.store, message.customer_id.clone()).await?;
            scope.check_customer(&customer_id)?;
            let told = DoNotContact {
                id: Uuid::nil(),
                customer_id,
                channels: message.channels().collect::<EnumSet<_>>().bits(),
                purposes: message.purposes().collect::<EnumSet<_>>().bits(),
                reason: message.reason,
                source: message.source,
                author: caller.principal.subject.clone(),
                set_at: 0,
                end_at: message.end_time.as_ref().map(micros),
                lifted_at: None,
            };
            let changed = self.change(&caller, mutation, move |tx, now| {
                let entry = DoNotContact { id: clock::id_at(now), set_at: now, ..told.clone() };
                Box::pin(async move {
                    if entry.end_at.is_some_and(|end| end <= now) {
                        return Err(
                            Error::invalid("end_time", Reason::ImpossibleInstants, "must be in the future").into()
                        );
                    }
                    let trace = Trace {
                        action: AuditAction::DoNotContactSet,
                        object: entry.customer_id.clone(),
                        reason: entry.reason.clone(),
                        detail: serde_json::json!({ "do_not_contact_id": entry.id }),
                    };
                    let id = entry.id;
                    rows::add_do_not_contact(tx, entry).await?;
                    Ok((id, trace))
                })
            });
            let id = changed.await?;
            Ok(v1::SetDoNotContactResponse { do_not_contact: Some(self.do_not_contact(id).await?) })
        })
        .await
    }

    async fn lift_do_not_contact(
        &self,
        request: Request<v1::LiftDoNotContactRequest>,
    ) -> Answer<v1::LiftDoNotContactResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "LiftDoNotContact", id, &message);
            let absent = || Error::NotFound("do-not-contact in force");
            let id = Uuid::try_parse(&message.do_not_contact_id).map_err(|_| absent())?;
            let reason = message.reason;
            let changed = self.change(&caller, mutation, move |tx, now| {
                let (scope, reason) = (scope.clone(), reason.clone());
                Box::pin(async move {
                    let customer = rows::lift_do_not_contact(tx, id, scope.own_customer(), now).await?;
                    let detail = serde_json::json!({ "do_not_contact_id": id });
                    Ok(((), Trace { action: AuditAction::DoNotContactLifted, object: customer, reason, detail }))
                })
            });
            changed.await?;
            Ok(v1::LiftDoNotContactResponse { do_not_contact: Some(self.do_not_contact(id).await?) })
        })
        .await
    }

    async fn list_do_not_contact(
        &self,
        request: Request<v1::ListDoNotContactRequest>,
    ) -> Answer<v1::ListDoNotContactResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let customer_id = customer_meant(&self.store, message.customer_id).await?;
            scope.check_customer(&customer_id)?;
            let reader = self.store.reader();
            let customers = vec![customer_id.clone()];
            if known_among(reader, Named { customers, ..Named::default() }).await?.customers.is_empty() {
                return Err(Error::NotFound("customer"));
            }
            let query = Query::new("ListDoNotContact", &scope.binding(&caller), customer_id.as_bytes());
            let before = query.id_position(&message.page_token)?;
            let limit = page_size(message.page_size, PAGE);
            let read = |before, count| rows::list_do_not_contact(reader, &customer_id, before, count);
            let (entries, next_page_token) = query.page(limit, before, read, |last| last.id, Into::into).await?;
            let now = self.store.clock().now_micros();
            let entries = entries.into_iter().map(|entry| write_do_not_contact(entry, now)).collect();
            Ok(v1::ListDoNotContactResponse { entries, next_page_token })
        })
        .await
    }

    async fn list_contact_breaches(
        &self,
        request: Request<v1::ListContactBreachesRequest>,
    ) -> Answer<v1::ListContactBreachesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListContactBreachesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListContactBreaches", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(interactions::read_position).transpose()?;
            let (from, to) = (message.from_time.as_ref().map(micros), message.to_time.as_ref().map(micros));
            if from.zip(to).is_some_and(|(from, to)| to < from) {
                let rule = "must not be before from_time";
                return Err(Error::invalid("to_time", Reason::ImpossibleInstants, rule));
            }
            let filter = BreachFilter {
                purpose: Some(message.purpose()).filter(|one| *one != ContactPurpose::Unspecified),
                reason: Some(message.reason()).filter(|one| *one != ContactRefusalReason::Unspecified),
                staff_id: optional(message.staff_id),
                team_id: optional(message.team_id),
                from,
                to,
            };
            let limit = page_size(message.page_size, BREACH_PAGE);
            let sight = Sight::of(&caller, scope);
            let read = |after, count| interactions::breaches(self.store.reader(), &sight, &filter, after, count);
            let contacted = |last: &Recorded| last.contact.map_or(Micros::MIN, |mark| mark.at);
            let place = |last: &Recorded| (contacted(last), last.id);
            let page = query.page(limit, after, read, place, interactions::write_position);
            let (found, next_page_token) = page.await?;
            let breaches = found.into_iter().filter_map(write_breach).collect();
            Ok(v1::ListContactBreachesResponse { breaches, next_page_token })
        })
        .await
    }
}
