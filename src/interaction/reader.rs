//! From a request to record something to an entry for the record, or everything that is wrong with it.

use std::{sync::Arc, time::Duration};

use prost::Message as _;
use rapport_identity::NormalForms;

use super::{
    Facts, Participant, check, credit, message,
    store::{self as rows, NewInteraction},
};
use crate::{
    api::{
        rules::Violations,
        v1::{self, Resolution},
    },
    auth::{Caller, policy::Accuses},
    call,
    error::{Error, Result, Violation},
    reach::Scope,
    store::{Store, request},
};

/// Reads and judges requests of one caller to record something.
#[derive(Clone)]
pub(crate) struct RequestReader {
    store: Store,
    caller: Caller,
    scope: Arc<Scope>,
    request_scope: Arc<str>,
    forms: NormalForms,
}

impl RequestReader {
    pub(crate) fn new(store: Store, forms: NormalForms, caller: Caller, scope: Scope) -> Self {
        let request_scope = call::request_scope(&caller).into();
        Self { store, caller, scope: Arc::new(scope), request_scope, forms }
    }

    /// A request as an entry for the record, or everything that is wrong with it.
    pub(crate) async fn entry(&self, request: v1::RecordInteractionRequest) -> Result<NewInteraction> {
        let fields = Violations::of(&request);
        let message = request.interaction.unwrap_or_default();
        let body_hash = request::hash(&[&message.encode_to_vec()]);
        let space: [&[u8]; 2] = [b"RecordInteraction", self.request_scope.as_bytes()];
        let request_key = self.store.keys().key(space, &request.request_id);
        let (mut facts, mut found) = judged(message, fields, (self.forms, self.store.clock().now_micros()));
        if !found.is_empty() {
            // Only what is refused anyway is looked up here; what is good is looked up with its group.
            let unknown = rows::unknown_ids(self.store.reader(), &facts).await?;
            let news = unknown.into_iter().filter(|one| found.iter().all(|other| other.field != one.field));
            found.extend(news.collect::<Vec<_>>());
            return Err(Error::Invalid(found));
        }
        self.check_rights(&facts)?;
        if !self.caller.policy().speaks_for_all {
            credit::tell(&mut facts.participants, self.caller.subject());
        }
        Ok(NewInteraction {
            request_key,
            body_hash,
            facts,
            recorded_by: self.caller.principal.subject.clone(),
            scope: self.scope.clone(),
        })
    }

    /// How long the caller's token is good for.
    pub(crate) fn life_left(&self) -> Duration {
        let left = self.caller.principal.expires_micros - self.store.clock().now_micros();
        Duration::from_micros(u64::try_from(left).unwrap_or(0))
    }

    fn check_rights(&self, facts: &Facts) -> Result<()> {
        if self.caller.policy().speaks_for_all {
            return Ok(());
        }
        check_about(&self.caller, &facts.about_staff_ids)?;
        if facts.customer_resolution != Resolution::Unspecified {
            return Err(Error::FieldNotYours("interaction.customer_resolution"));
        }
        check_frozen(&facts.participants, "interaction.participants")
    }
}

/// Reads an interaction and applies every rule that needs no database; `found`: what is wrong with the request around it.
fn judged(
    message: v1::Interaction,
    mut found: Vec<Violation>,
    (forms, now): (NormalForms, i64),
) -> (Facts, Vec<Violation>) {
    let mut add = |broken: Vec<Violation>| {
        let news: Vec<_> = broken.into_iter().filter_map(|one| one.inside("interaction").besides(&found)).collect();
        found.extend(news);
    };
    add(Violations::of(&message));
    let facts = message::read(message, forms);
    add(check(&facts, now));
    let alias = facts.customer_alias.as_ref().and_then(|alias| alias.fault(forms));
    add(alias.into_iter().map(|fault| fault.inside("customer_alias")).collect());
    (facts, found)
}

/// What the server would say of a request to record an interaction at `now`, as far as it needs no database: every
/// broken rule. The server knows a country, and this does not: it may refuse more telephone numbers.
pub fn violations(request: &v1::RecordInteractionRequest, now: i64) -> Vec<Violation> {
    let forms = NormalForms::default();
    judged(request.interaction.clone().unwrap_or_default(), Violations::of(request), (forms, now)).1
}

/// Whom a complaint is about is not for colleagues to say, nor for supervisors of themselves: it would be a way to hide
/// what they did from those who look for it.
pub(crate) fn check_about(caller: &Caller, about: &[String]) -> Result<()> {
    let may = match caller.policy().accuses {
        Accuses::Anybody => true,
        Accuses::OthersThanThemselves => !about.iter().any(|id| id == caller.subject()),
        Accuses::Nobody => about.is_empty(),
    };
    if may { Ok(()) } else { Err(Error::FieldNotYours("interaction.about_staff_ids")) }
}

/// Role and team come from the directory where a person records.
pub(crate) fn check_frozen(participants: &[Participant], field: &'static str) -> Result<()> {
    let given = participants.iter().any(|one| one.role.is_some() || one.team_id.is_some());
    if given { Err(Error::FieldNotYours(field)) } else { Ok(()) }
}
