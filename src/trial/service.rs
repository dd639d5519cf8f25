//! The RPCs of trials.

use jiff::tz::TimeZone;
use prost::Message as _;
use rapport_statistics::random::SplitMix;
use rapport_trial::look::Measure;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Trial, clock,
    entity::unit,
    looking, message, rules, store as rows,
    units::{self, Subject},
    values::{self, Units, View},
};
use crate::{
    api::{
        convert::{micros, optional, timestamp},
        v1::{self, AuditAction, TrialState, trial_service_server::TrialService},
    },
    audit::{Reading, Trail},
    auth::Caller,
    call::{Call, actor, id, mutation, page_size, respond},
    clock::{DAY, Micros},
    context::Context,
    directory::{Party, store as directory},
    error::{Error, Result},
    interaction::store::{self as interactions, InteractionFilter},
    offload,
    page::Query,
    reach::{Oneself, Scope, Sight},
    store::{Abort, Store, request},
    timer,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 50;
const ASSIGNMENTS: u64 = 500;
/// What an A/A check looks back on.
const CHECKED: Micros = 28 * DAY;

/// Serves [`TrialService`].
#[derive(Clone, Debug)]
pub struct TrialApi {
    store: Store,
    trail: Trail,
    time_zone: TimeZone,
}

impl TrialApi {
    /// Starts the timers of trials, too.
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, stopping, trusted, trail, zone, .. } = context.clone();
        tokio::spawn(timer::keep_firing(store.clone(), clock::TIMERS, (stopping, trusted)));
        Self { store, trail, time_zone: zone.rules }
    }

    fn now(&self) -> Micros {
        self.store.clock().now_micros()
    }

    async fn found(&self, scope: &Scope, trial: &str) -> Result<Trial> {
        rows::find(self.store.reader(), scope, id(trial)?).await?.ok_or(Error::NotFound("trial"))
    }

    async fn shown(&self, scope: &Scope, id: Uuid) -> Result<Option<v1::Trial>> {
        let found = rows::find(self.store.reader(), scope, id).await?;
        found.as_ref().map(message::write).transpose()
    }

    /// Who is meant by a message.
    async fn subject(&self, trial: &Trial, told: v1::TrialSubject) -> Result<Subject> {
        let at = told.time.as_ref().map_or_else(|| self.now(), micros);
        let who = (optional(told.customer_id), optional(told.team_id));
        units::subject(self.store.reader(), trial, who, rules::week_of(at, &self.time_zone)).await
    }

    /// Whether somebody may hear which plan a customer or a team has: colleagues of whom they have served, and of their
    /// own team.
    async fn is_theirs(&self, (caller, scope): (&Caller, &Scope), subject: &Subject) -> Result<bool> {
        if *scope == Scope::All {
            return Ok(true);
        }
        match subject {
            Subject::Customer(ids) => {
                let customer = ids.first().cloned().map(Party::Customer);
                let filter = InteractionFilter { party: customer, ..InteractionFilter::default() };
                let sight = Sight::of(caller, scope.clone());
                Ok(!interactions::list(self.store.reader(), &sight, &filter, None, 1).await?.is_empty())
            }
            Subject::Team(team) | Subject::Week(team, _) => {
                let person = match caller.person() {
                    Some(person) => directory::find_staff(self.store.reader(), person).await?,
                    None => None,
                };
                Ok(scope.has_team(team) || person.is_some_and(|person| person.team_id.as_ref() == Some(team)))
            }
        }
    }

    async fn note(&self, caller: &Caller, action: AuditAction, trial: &Trial) -> Result<()> {
        let reading = Reading { action, object: &trial.name(), about: None, why: "" };
        self.trail.note(caller, reading).await
    }

    /// Does what changes a trial; gives it as it is then.
    async fn change(
        &self,
        scope: &Scope,
        mutation: request::Request,
        work: impl for<'t> Fn(&'t crate::store::Tx, Store) -> futures::future::BoxFuture<'t, Result<Uuid, Abort>>
        + Clone
        + Send
        + Sync
        + 'static,
    ) -> Result<Option<v1::Trial>> {
        let store = self.store.clone();
        let id: Uuid = self.store.change(mutation, move |tx, _| work(tx, store.clone())).await?;
        self.shown(scope, id).await
    }
}

#[tonic::async_trait]
impl TrialService for TrialApi {
    async fn create_trial(&self, request: Request<v1::CreateTrialRequest>) -> Answer<v1::CreateTrialResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "CreateTrial", request_id, &message);
            let terms = message::read(message.trial.unwrap_or_default())?;
            let (author, within) = (caller.subject().to_owned(), scope.clone());
            let created = self.change(&scope, mutation, move |tx, store| {
                let (author, scope, terms) = (author.clone(), within.clone(), terms.clone());
                Box::pin(async move { rows::create(tx, &store, (&author, &scope), &terms).await })
            });
            Ok(v1::CreateTrialResponse { trial: created.await? })
        })
        .await
    }

    async fn update_trial(&self, request: Request<v1::UpdateTrialRequest>) -> Answer<v1::UpdateTrialResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "UpdateTrial", request_id, &message);
            let terms = message::read(message.trial.unwrap_or_default())?;
            let (id, etag, within) = (id(&message.trial_id)?, message.etag, scope.clone());
            let updated = self.change(&scope, mutation, move |tx, store| {
                let (etag, scope, terms) = (etag.clone(), within.clone(), terms.clone());
                Box::pin(async move { rows::update(tx, &store, (&scope, id, &etag), &terms).await })
            });
            Ok(v1::UpdateTrialResponse { trial: updated.await? })
        })
        .await
    }

    async fn check_trial(&self, request: Request<v1::CheckTrialRequest>) -> Answer<v1::CheckTrialResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let trial = self.found(&scope, &message.trial_id).await?;
            self.note(&caller, AuditAction::TrialReportRead, &trial).await?;
            let Trial { terms, row } = trial;
            let (oneself, reader, now) = (Oneself::of(&caller), self.store.reader(), self.now());
            let (from, view) = (now - CHECKED, View { until: now, besides: oneself.id() });
            let unit_count = values::count_units(reader, &terms, from, view).await?;
            let rules = looking::rules(&terms);
            let mut all = Vec::with_capacity(terms.outcomes.len());
            for (outcome, ruled) in terms.outcomes.iter().zip(&rules.outcomes) {
                let mut found = values::read(reader, &terms, *outcome, Units::Since(from), view).await?;
                // As in a report.
                if ruled.measure != Measure::BadEvent {
                    looking::keep_fives(&mut found);
                }
                all.push(found);
            }
            let outcomes = message::write_checked(&terms, unit_count, &all);
            // The same again, so that nobody asks until they like the answer.
            let random = SplitMix(row.id.as_u64_pair().1);
            let alarm_count = offload::run(move || looking::check(&rules, &all, random)).await?;
            Ok(v1::CheckTrialResponse {
                run_count: looking::RUNS,
                alarm_count,
                unit_count,
                outcomes,
                from_time: Some(timestamp(from)),
                to_time: Some(timestamp(now)),
            })
        })
        .await
    }

    async fn start_trial(&self, request: Request<v1::StartTrialRequest>) -> Answer<v1::StartTrialResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "StartTrial", request_id, &message);
            let (id, etag, actor, within) = (id(&message.trial_id)?, message.etag, actor(&caller), scope.clone());
            let seed: [u8; 32] = rand::random();
            let started = self.change(&scope, mutation, move |tx, store| {
                let (etag, actor, scope) = (etag.clone(), actor.clone(), within.clone());
                Box::pin(async move { rows::start(tx, &store, (&actor, &scope), (id, &etag), seed).await })
            });
            Ok(v1::StartTrialResponse { trial: started.await? })
        })
        .await
    }

    async fn assign_trial(&self, request: Request<v1::AssignTrialRequest>) -> Answer<v1::AssignTrialResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "AssignTrial", request_id, &message);
            let trial = self.found(&scope, &message.trial_id).await?;
            let subject = self.subject(&trial, message.subject.unwrap_or_default()).await?;
            let (id, asked) = (trial.row.id, subject.clone());
            let assigned = self.store.change(mutation, move |tx, now| {
                let (scope, subject) = (scope.clone(), asked.clone());
                Box::pin(async move {
                    let trial = rows::find(tx, &scope, id).await?.ok_or(Error::NotFound("trial"))?;
                    Ok(units::assign(tx, &trial, &subject, now).await?.id)
                })
            });
            let _: Uuid = assigned.await?;
            let found = units::find(self.store.reader(), id, &subject).await?;
            let assignment = found.map(|row| message::write_assignment(row, &trial.terms));
            Ok(v1::AssignTrialResponse { assignment })
        })
        .await
    }

    async fn get_trial_assignment(
        &self,
        request: Request<v1::GetTrialAssignmentRequest>,
    ) -> Answer<v1::GetTrialAssignmentResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            // Who serves may hear of a plan whatever teams the trial is of, and of nothing else of the trial.
            let trial = self.found(&Scope::All, &message.trial_id).await?;
            let subject = self.subject(&trial, message.subject.unwrap_or_default()).await?;
            let unknown = || Error::NotFound("assignment");
            if !self.is_theirs((&caller, &scope), &subject).await? {
                return Err(unknown());
            }
            let found = units::find(self.store.reader(), trial.row.id, &subject).await?.ok_or_else(unknown)?;
            Ok(v1::GetTrialAssignmentResponse { assignment: Some(message::write_assignment(found, &trial.terms)) })
        })
        .await
    }

    async fn stop_trial(&self, request: Request<v1::StopTrialRequest>) -> Answer<v1::StopTrialResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "StopTrial", request_id, &message);
            let (id, reason, actor, within) = (id(&message.trial_id)?, message.reason, actor(&caller), scope.clone());
            let stopped = self.change(&scope, mutation, move |tx, store| {
                let (reason, actor, scope) = (reason.clone(), actor.clone(), within.clone());
                Box::pin(async move { rows::stop(tx, &store, (&actor, &scope), (id, &reason)).await })
            });
            Ok(v1::StopTrialResponse { trial: stopped.await? })
        })
        .await
    }

    async fn get_trial(&self, request: Request<v1::GetTrialRequest>) -> Answer<v1::GetTrialResponse> {
        respond(async {
            let Call { scope, message, .. } = Call::admit(&self.store, request).await?;
            let found = self.found(&scope, &message.trial_id).await?;
            Ok(v1::GetTrialResponse { trial: Some(message::write(&found)?) })
        })
        .await
    }

    async fn list_trials(&self, request: Request<v1::ListTrialsRequest>) -> Answer<v1::ListTrialsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListTrialsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListTrials", &scope.binding(&caller), &bound.encode_to_vec());
            let before = query.id_position(&message.page_token)?;
            let states: Vec<TrialState> = message.states().collect();
            let read = |before, count| rows::list(self.store.reader(), &scope, &states, before, count);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) =
                query.page(limit, before, read, |last: &Trial| last.row.id, Into::into).await?;
            let trials = found.iter().map(message::write).collect::<Result<_>>()?;
            Ok(v1::ListTrialsResponse { trials, next_page_token })
        })
        .await
    }

    async fn get_trial_report(
        &self,
        request: Request<v1::GetTrialReportRequest>,
    ) -> Answer<v1::GetTrialReportResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let trial = self.found(&scope, &message.trial_id).await?;
            self.note(&caller, AuditAction::TrialReportRead, &trial).await?;
            let is_over = trial.state() == TrialState::Stopped;
            let until = trial.row.stopped_at.unwrap_or_else(|| self.now()).min(trial.terms.ends_at);
            let oneself = Oneself::of(&caller);
            let reader = self.store.reader();
            let is_sealed = trial.terms.sealed && !is_over && trial.row.alarmed_at.is_none();
            let seen = if is_sealed || trial.state() == TrialState::Draft {
                (units::counts(reader, trial.row.id, until).await?, None)
            } else {
                let view = View { until, besides: oneself.id() };
                let (assigned, look) = looking::look(reader, &trial, view, !is_over).await?;
                (assigned, Some(look))
            };
            message::write_report(&trial, &looking::rules(&trial.terms), until, seen)
        })
        .await
    }

    async fn list_trial_assignments(
        &self,
        request: Request<v1::ListTrialAssignmentsRequest>,
    ) -> Answer<v1::ListTrialAssignmentsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let trial = self.found(&scope, &message.trial_id).await?;
            if trial.state() != TrialState::Stopped {
                return Err(Error::TrialNotOver);
            }
            let query = Query::new("ListTrialAssignments", &scope.binding(&caller), trial.row.id.as_bytes());
            let after = query.id_position(&message.page_token)?;
            self.note(&caller, AuditAction::TrialAssignmentsRead, &trial).await?;
            let read = |after, count| units::list(self.store.reader(), trial.row.id, after, count);
            let limit = page_size(message.page_size, ASSIGNMENTS);
            let (found, next_page_token) =
                query.page(limit, after, read, |last: &unit::Model| last.id, Into::into).await?;
            let assignments = found.into_iter().map(|row| message::write_assignment(row, &trial.terms)).collect();
            Ok(v1::ListTrialAssignmentsResponse { assignments, next_page_token })
        })
        .await
    }
}
