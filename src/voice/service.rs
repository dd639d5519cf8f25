//! The RPCs of what customers raise and of what departments do about it.

use prost::Message as _;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Concern, What, clock, departments,
    examples::{self, Example},
    figures, message,
    steps::{self, Step},
    store::{self as rows, Filter, Held},
    telling,
};
use crate::{
    api::{
        convert::{duration, micros, normal, optional, timestamp},
        v1::{self, ConcernState, NoticeKind, voice_service_server::VoiceService},
    },
    audit::{Reading, Trail},
    auth::Caller,
    call::{Call, actor, id, mutation, page_size, respond},
    clock::Micros,
    context::Context,
    deadline,
    error::{Error, Reason, Result},
    interaction::store::{
        read_position,
        voice::{self as complaints, Topics},
        write_position,
    },
    notice::{State, store as notices},
    page::Query,
    rating::store::voice as ratings,
    reach::{Scope, Sight},
    store::{Store, request},
    timer,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 50;
const DEPARTMENTS: u64 = 100;
const EXAMPLES: u64 = 20;
/// Lines of a summary at most.
const LINES: usize = 500;

/// Serves [`VoiceService`].
#[derive(Clone, Debug)]
pub struct VoiceApi {
    store: Store,
    trail: Trail,
}

impl VoiceApi {
    /// Starts the timers of concerns, too.
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, stopping, trusted, trail, .. } = context.clone();
        tokio::spawn(timer::keep_firing(store.clone(), clock::TIMERS, (stopping, trusted)));
        Self { store, trail }
    }

    fn now(&self) -> Micros {
        self.store.clock().now_micros()
    }

    async fn found(&self, text: &str) -> Result<Concern> {
        rows::find(self.store.reader(), id(text)?).await?.ok_or(Error::NotFound("concern"))
    }

    async fn shown(&self, id: Uuid) -> Result<Option<v1::Concern>> {
        let found = rows::find(self.store.reader(), id).await?;
        Ok(self.written(found.into_iter().collect()).await?.pop())
    }

    async fn written(&self, found: Vec<Concern>) -> Result<Vec<v1::Concern>> {
        let ids: Vec<Uuid> = found.iter().map(|one| one.id).collect();
        let mut said = notices::said(self.store.reader(), &ids).await?;
        let write = |one: Concern| {
            let notice = said.remove(&one.id).and_then(|mut texts| texts.remove(&NoticeKind::ConcernMended));
            message::write(one, notice.map(|notice| notice.words))
        };
        found.into_iter().map(write).collect()
    }

    async fn take(
        &self,
        (caller, scope): (&Caller, Scope),
        mutation: request::Request,
        concern: &str,
        step: Step,
    ) -> Result<Option<v1::Concern>> {
        let (id, store, actor) = (id(concern)?, self.store.clone(), actor(caller));
        let taken = self.store.change(mutation, move |tx, _| {
            let (store, actor, scope, step) = (store.clone(), actor.0.clone(), scope.clone(), step.clone());
            Box::pin(async move { steps::take(tx, &store, (&actor, &scope), id, step).await })
        });
        let id: Uuid = taken.await?;
        self.shown(id).await
    }
}

#[tonic::async_trait]
impl VoiceService for VoiceApi {
    async fn set_department(&self, request: Request<v1::SetDepartmentRequest>) -> Answer<v1::SetDepartmentResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "SetDepartment", request_id, &message);
            let told = message::read_department(message.department.unwrap_or_default())?;
            let (store, actor, department_id) = (self.store.clone(), actor(&caller), told.row.id.clone());
            let set = self.store.change(mutation, move |tx, _| {
                let (store, actor, told) = (store.clone(), actor.clone(), told.clone());
                Box::pin(async move {
                    let now = rows::lock(tx, &store).await?;
                    departments::set(tx, now, (&actor.0, actor.1), &told).await
                })
            });
            set.await?;
            let found = departments::find(self.store.reader(), &department_id).await?;
            let found = departments::with_owned(self.store.reader(), found.into_iter().collect()).await?.pop();
            Ok(v1::SetDepartmentResponse { department: found.map(message::write_department) })
        })
        .await
    }

    async fn list_departments(
        &self,
        request: Request<v1::ListDepartmentsRequest>,
    ) -> Answer<v1::ListDepartmentsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListDepartments", &scope.binding(&caller), &[]);
            let after = query.name_position(&message.page_token)?;
            let read = |after, count| departments::list(self.store.reader(), after, count);
            let place = |last: &departments::Department| last.row.id.clone();
            let limit = page_size(message.page_size, DEPARTMENTS);
            let (found, next_page_token) = query.page(limit, after, read, place, String::into_bytes).await?;
            let departments = found.into_iter().map(message::write_department).collect();
            Ok(v1::ListDepartmentsResponse { departments, next_page_token })
        })
        .await
    }

    async fn summarize_voice(&self, request: Request<v1::SummarizeVoiceRequest>) -> Answer<v1::SummarizeVoiceResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let (from, to) = message::read_period((message.from_time, message.to_time), self.now())?;
            let (before, parts) = ((from - (to - from), from), figures::parts_of(to - from));
            let part = (to - from + parts - 1) / parts;
            let (sight, reader) = (Sight::of(&caller, scope), self.store.reader());
            let (both, cut) = ((before.0, to), (from, part));
            let named = ratings::named(reader, &sight, both, cut).await?;
            let complained = complaints::complaints(reader, &sight, both, cut).await?;
            let contacts = complaints::contact_count(reader, (from, to)).await?;
            let contacts_before = complaints::contact_count(reader, before).await?;
            let owners = departments::owners(reader).await?;
            let parts = usize::try_from(parts).map_err(Error::internal)?;
            let mut lines = figures::lines(&owners, (named, complained), parts);
            if let Some(department) = optional(normal(message.department_id)) {
                lines.retain(|((owner, _), _)| owner.as_ref() == Some(&department));
            }
            let line_count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
            lines.truncate(LINES);
            let open: Vec<(Uuid, String, What)> = rows::open(reader)
                .await?
                .into_iter()
                .map(|one| Ok((one.id, one.department_id.clone(), one.what()?)))
                .collect::<Result<_>>()?;
            let write = |line| message::write_line(line, (contacts, contacts_before), &open);
            Ok(v1::SummarizeVoiceResponse {
                lines: lines.into_iter().map(write).collect(),
                line_count,
                from_time: Some(timestamp(from)),
                to_time: Some(timestamp(to)),
                part: Some(duration(part)),
                contact_count: contacts,
                contact_count_before: contacts_before,
            })
        })
        .await
    }

    async fn list_voice_examples(
        &self,
        request: Request<v1::ListVoiceExamplesRequest>,
    ) -> Answer<v1::ListVoiceExamplesResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListVoiceExamplesRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListVoiceExamples", &scope.binding(&caller), &bound.encode_to_vec());
            let before = query.position(&message.page_token)?.map(read_position).transpose()?;
            let span = message::read_period((message.from_time, message.to_time), self.now())?;
            let (department, topic) = (optional(normal(message.department_id)), normal(message.topic));
            let what =
                format!("what customers raised of {topic:?} with {:?}", department.as_deref().unwrap_or_default());
            let reading = Reading { action: v1::AuditAction::RatingsRead, object: &what, about: None, why: "" };
            self.trail.note(&caller, reading).await?;
            let (causes, has_complaints) =
                departments::owners(self.store.reader()).await?.owned(department.as_deref(), &topic);
            let topics = if topic.is_empty() { Topics::Without } else { Topics::OneOf(vec![topic]) };
            let naming = ratings::Naming { causes, topics, span };
            let sight = Sight::of(&caller, scope);
            let wanted = (&naming, has_complaints);
            let read = |before, count| examples::read(self.store.reader(), &sight, wanted, before, count);
            let limit = page_size(message.page_size, EXAMPLES);
            let place = |last: &Example| last.0;
            let (found, next_page_token) = query.page(limit, before, read, place, write_position).await?;
            let examples = found.into_iter().map(|(_, example)| example).collect();
            Ok(v1::ListVoiceExamplesResponse { examples, next_page_token })
        })
        .await
    }

    async fn raise_concern(&self, request: Request<v1::RaiseConcernRequest>) -> Answer<v1::RaiseConcernResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "RaiseConcern", request_id, &message);
            let owners = departments::owners(self.store.reader()).await?;
            let told = message::read_concern(message.concern.unwrap_or_default(), &owners, self.now())?;
            let (store, author) = (self.store.clone(), caller.subject().to_owned());
            let raised = self.store.change(mutation, move |tx, _| {
                let (store, author, told) = (store.clone(), author.clone(), told.clone());
                Box::pin(async move { Held::take(tx, &store, 1).await?.raise(&told, &author).await })
            });
            let id: Uuid = raised.await?;
            Ok(v1::RaiseConcernResponse { concern: self.shown(id).await? })
        })
        .await
    }

    async fn acknowledge_concern(
        &self,
        request: Request<v1::AcknowledgeConcernRequest>,
    ) -> Answer<v1::AcknowledgeConcernResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "AcknowledgeConcern", request_id, &message);
            let step = Step::Acknowledge(message.fix_time.as_ref().map(micros).unwrap_or_default());
            let concern = self.take((&caller, scope), mutation, &message.concern_id, step).await?;
            Ok(v1::AcknowledgeConcernResponse { concern })
        })
        .await
    }

    async fn move_fix_time(&self, request: Request<v1::MoveFixTimeRequest>) -> Answer<v1::MoveFixTimeResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "MoveFixTime", request_id, &message);
            let step = Step::Move(message.fix_time.as_ref().map(micros).unwrap_or_default(), message.reason);
            let concern = self.take((&caller, scope), mutation, &message.concern_id, step).await?;
            Ok(v1::MoveFixTimeResponse { concern })
        })
        .await
    }

    async fn mend_concern(&self, request: Request<v1::MendConcernRequest>) -> Answer<v1::MendConcernResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "MendConcern", request_id, &message);
            let concern = self.take((&caller, scope), mutation, &message.concern_id, Step::Mend).await?;
            Ok(v1::MendConcernResponse { concern })
        })
        .await
    }

    async fn tell_concern(&self, request: Request<v1::TellConcernRequest>) -> Answer<v1::TellConcernResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "TellConcern", request_id, &message);
            let (store, actor) = (self.store.clone(), actor(&caller));
            let what = (id(&message.concern_id)?, message.words, message.per_minute);
            let told = self.store.change(mutation, move |tx, _| {
                let (store, actor, what) = (store.clone(), actor.clone(), what.clone());
                Box::pin(async move { steps::tell(tx, &store, (&actor.0, actor.1), what).await })
            });
            let id: Uuid = told.await?;
            tokio::spawn(telling::run(self.store.clone(), id));
            Ok(v1::TellConcernResponse { concern: self.shown(id).await? })
        })
        .await
    }

    async fn decline_concern(&self, request: Request<v1::DeclineConcernRequest>) -> Answer<v1::DeclineConcernResponse> {
        respond(async {
            let Call { caller, scope, mut message } = Call::admit(&self.store, request).await?;
            let request_id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "DeclineConcern", request_id, &message);
            let step = Step::Decline(message.reason);
            let concern = self.take((&caller, scope), mutation, &message.concern_id, step).await?;
            Ok(v1::DeclineConcernResponse { concern })
        })
        .await
    }

    async fn get_concern(&self, request: Request<v1::GetConcernRequest>) -> Answer<v1::GetConcernResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let found = self.found(&message.concern_id).await?;
            Ok(v1::GetConcernResponse { concern: self.written(vec![found]).await?.pop() })
        })
        .await
    }

    async fn list_concerns(&self, request: Request<v1::ListConcernsRequest>) -> Answer<v1::ListConcernsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListConcernsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListConcerns", &scope.binding(&caller), &bound.encode_to_vec());
            let before = query.id_position(&message.page_token)?;
            let filter = Filter {
                states: message.states().collect(),
                department_id: optional(normal(message.department_id.clone())),
                overdue_at: message.overdue_only.then(|| self.now()),
            };
            let read = |before, count| rows::list(self.store.reader(), &filter, before, count);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) =
                query.page(limit, before, read, |last: &Concern| last.id, Into::into).await?;
            Ok(v1::ListConcernsResponse { concerns: self.written(found).await?, next_page_token })
        })
        .await
    }

    async fn summarize_concerns(
        &self,
        request: Request<v1::SummarizeConcernsRequest>,
    ) -> Answer<v1::SummarizeConcernsResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let period = (message.from_time.as_ref().map(micros), message.to_time.as_ref().map(micros));
            if let (Some(from), Some(to)) = period
                && to < from
            {
                return Err(Error::invalid("to_time", Reason::ImpossibleInstants, "must not be before from_time"));
            }
            let found = rows::raised_in(self.store.reader(), period).await?;
            Ok(v1::SummarizeConcernsResponse { summaries: message::write_summaries(&found, self.now()) })
        })
        .await
    }

    async fn review_concern(&self, request: Request<v1::ReviewConcernRequest>) -> Answer<v1::ReviewConcernResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let one = self.found(&message.concern_id).await?;
            let (sight, reader, now) = (Sight::of(&caller, scope), self.store.reader(), self.now());
            let mended_at = one.settled_at.filter(|_| one.state.0 == ConcernState::Mended);
            let what = one.what()?;
            let until = mended_at.unwrap_or(now);
            let counts = notices::counts(reader, one.id).await?;
            let of = |states: &[State]| counts.of(NoticeKind::ConcernMended, states);
            Ok(v1::ReviewConcernResponse {
                count: what.count(reader, &sight, (one.since, until)).await?,
                count_since_mended: what.count(reader, &sight, (until, now)).await?,
                notices_waiting_count: of(&[State::Waiting, State::Taken]),
                notices_sent_count: of(&[State::Sent]),
                notices_failed_count: of(&[State::Failed]),
                notices_suppressed_count: of(&[State::Suppressed]),
                concern: self.written(vec![one]).await?.pop(),
            })
        })
        .await
    }

    async fn explain_concern(&self, request: Request<v1::ExplainConcernRequest>) -> Answer<v1::ExplainConcernResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let one = self.found(&message.concern_id).await?;
            let clock = deadline::store::last(self.store.reader(), one.id).await?;
            let now = self.now();
            Ok(v1::ExplainConcernResponse { clock: clock.map(|clock| deadline::message::explained(&clock, now)) })
        })
        .await
    }
}
