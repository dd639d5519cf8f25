//! The RPCs of follow-ups.

use std::pin::Pin;

use futures::Stream;
use prost::Message;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    FollowUp, clock,
    message::{self, length, read_points},
    rules::LEASE,
    statement,
    steps::{self, Claim, Step, Told, Who},
    store::{self as rows, Events, Held},
    watch::Watched,
};
use crate::{
    api::{
        convert::{micros, normal, optional},
        v1::{self, follow_up_service_server::FollowUpService},
    },
    auth::Caller,
    call::{Call, id, mutation, page_size, respond},
    context::Context,
    deadline,
    directory::store::kept_id,
    error::{Error, Reason, Result},
    interaction::store::{read_position, write_position},
    page::Query,
    reach::{Scope, Sight},
    store::{Store, feed::Feed, request},
    template::FOLLOW_UP_WITHIN,
    timer,
    watch::Watches,
};

type Answer<T> = Result<Response<T>, Status>;
type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

const PAGE: u64 = 100;

/// Serves [`FollowUpService`].
pub struct FollowUpApi {
    store: Store,
    events: Feed<Events>,
    watches: Watches,
}

/// Who asks for a change, and as which request.
struct Asking {
    caller: Caller,
    who: Who,
    mutation: request::Request,
}

impl Asking {
    /// `body`: the message with its request id emptied.
    fn new(caller: Caller, scope: Scope, method: &'static str, request_id: String, body: &impl Message) -> Self {
        let who = Who {
            subject: caller.subject().to_owned(),
            role: caller.principal.role,
            person: caller.person().map(str::to_owned),
            sight: Sight::of(&caller, scope),
        };
        let mutation = mutation(&caller, method, request_id, body);
        Self { caller, who, mutation }
    }
}

/// Lets the caller of a change in: who asks, and for what.
macro_rules! asking {
    ($api:expr, $request:expr, $method:literal) => {{
        let Call { caller, scope, mut message } = Call::admit(&$api.store, $request).await?;
        let request_id = std::mem::take(&mut message.request_id);
        (Asking::new(caller, scope, $method, request_id, &message), message)
    }};
}

impl FollowUpApi {
    /// Starts the timers of follow-ups, too.
    pub(crate) fn new(context: &Context) -> Self {
        let Context { store, watches, stopping, trusted, .. } = context.clone();
        tokio::spawn(timer::keep_firing(store.clone(), clock::TIMERS, (stopping.clone(), trusted)));
        Self { events: Feed::start(store.clone(), stopping), store, watches }
    }

    async fn take(&self, asking: Asking, follow_up_id: &str, step: Step) -> Result<Option<v1::FollowUp>> {
        let id = id(follow_up_id)?;
        let (store, who) = (self.store.clone(), asking.who.clone());
        let taken = self.store.change(asking.mutation, move |tx, _| {
            let (store, who, step) = (store.clone(), who.clone(), step.clone());
            Box::pin(async move { steps::take(&mut Held::take(tx, &store, 1).await?, &who, id, step).await })
        });
        let id: Uuid = taken.await?;
        self.shown(&asking.caller, &asking.who.sight, id).await
    }

    /// One as the caller sees it; none where it is about them.
    async fn shown(&self, caller: &Caller, sight: &Sight, id: Uuid) -> Result<Option<v1::FollowUp>> {
        let found = rows::find(self.store.reader(), sight, id).await?;
        Ok(message::shown(self.store.reader(), caller, found.into_iter().collect()).await?.pop())
    }

    async fn found(&self, caller: &Caller, scope: Scope, follow_up_id: &str) -> Result<FollowUp> {
        let found = rows::find(self.store.reader(), &Sight::of(caller, scope), id(follow_up_id)?).await?;
        found.ok_or(Error::NotFound("follow_up"))
    }

    async fn clocks(&self, id: Uuid) -> Result<Vec<deadline::Clock>> {
        Ok(deadline::store::of(self.store.reader(), &[id]).await?.remove(&id).unwrap_or_default())
    }
}

/// Who is to hold it: for applications whom they name, else who calls.
fn holder(caller: &Caller, staff_id: String) -> Result<String> {
    match (caller.person(), optional(staff_id)) {
        (Some(person), None) => Ok(person.to_owned()),
        (Some(person), Some(named)) if person == named => Ok(named),
        (Some(_), Some(_)) => Err(Error::FieldNotYours("staff_id")),
        (None, Some(named)) => Ok(named),
        (None, None) => Err(Error::invalid("staff_id", Reason::FieldRequired, "must be set by applications")),
    }
}

/// The person who calls, where only people are let in.
fn person(caller: &Caller) -> Result<&str> {
    caller.person().ok_or(Error::NotFound("statement"))
}

#[tonic::async_trait]
impl FollowUpService for FollowUpApi {
    async fn open_follow_up(&self, request: Request<v1::OpenFollowUpRequest>) -> Answer<v1::OpenFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "OpenFollowUp");
            let told = Told {
                interaction_id: id(&message.interaction_id)?,
                words: read_points(message.points),
                about: message.about_staff_ids.into_iter().map(normal).collect(),
                team_id: optional(normal(message.team_id)),
                within: length(message.within.as_ref(), FOLLOW_UP_WITHIN),
            };
            let (store, who) = (self.store.clone(), asking.who.clone());
            let opened = self.store.change(asking.mutation, move |tx, _| {
                let (store, who, told) = (store.clone(), who.clone(), told.clone());
                Box::pin(async move { steps::open(&mut Held::take(tx, &store, 1).await?, &who, told).await })
            });
            let id: Uuid = opened.await?;
            // Who opened it reads it once, though they will not hold it.
            let sight = Sight { scope: Scope::All, ..asking.who.sight };
            Ok(v1::OpenFollowUpResponse { follow_up: self.shown(&asking.caller, &sight, id).await? })
        })
        .await
    }

    async fn raise_point(&self, request: Request<v1::RaisePointRequest>) -> Answer<v1::RaisePointResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "RaisePoint");
            let step = Step::Raise(message.words);
            Ok(v1::RaisePointResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn claim_follow_up(&self, request: Request<v1::ClaimFollowUpRequest>) -> Answer<v1::ClaimFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "ClaimFollowUp");
            let claim = Claim {
                id: message::read_id(message.follow_up_id, "follow_up_id")?,
                staff_id: holder(&asking.caller, normal(message.staff_id))?,
                lease: length(message.lease.as_ref(), LEASE),
            };
            let (store, who) = (self.store.clone(), asking.who.clone());
            let claimed = self.store.change(asking.mutation, move |tx, _| {
                let (store, who, claim) = (store.clone(), who.clone(), claim.clone());
                Box::pin(async move { steps::claim(&mut Held::take(tx, &store, 1).await?, &who, &claim).await })
            });
            let claimed: Option<Uuid> = claimed.await?;
            let Some(id) = claimed else { return Ok(v1::ClaimFollowUpResponse::default()) };
            Ok(v1::ClaimFollowUpResponse { follow_up: self.shown(&asking.caller, &asking.who.sight, id).await? })
        })
        .await
    }

    async fn return_follow_up(
        &self,
        request: Request<v1::ReturnFollowUpRequest>,
    ) -> Answer<v1::ReturnFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "ReturnFollowUp");
            let step = Step::Return(message.claim_number);
            Ok(v1::ReturnFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn hold_follow_up(&self, request: Request<v1::HoldFollowUpRequest>) -> Answer<v1::HoldFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "HoldFollowUp");
            let step = Step::Hold {
                claim: message.claim_number,
                waits_for: message.waits_for(),
                wait: length(message.wait.as_ref(), LEASE),
                next_action: message.next_action,
            };
            Ok(v1::HoldFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn resume_follow_up(
        &self,
        request: Request<v1::ResumeFollowUpRequest>,
    ) -> Answer<v1::ResumeFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "ResumeFollowUp");
            let step = Step::Resume(message.claim_number);
            Ok(v1::ResumeFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn answer_point(&self, request: Request<v1::AnswerPointRequest>) -> Answer<v1::AnswerPointResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "AnswerPoint");
            let step =
                Step::Answer { claim: message.claim_number, number: message.point_number, answer: message.answer };
            Ok(v1::AnswerPointResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn confirm_follow_up(
        &self,
        request: Request<v1::ConfirmFollowUpRequest>,
    ) -> Answer<v1::ConfirmFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "ConfirmFollowUp");
            let step = Step::Confirm(message.note);
            Ok(v1::ConfirmFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn reopen_follow_up(
        &self,
        request: Request<v1::ReopenFollowUpRequest>,
    ) -> Answer<v1::ReopenFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "ReopenFollowUp");
            let step = Step::Reopen(read_points(message.points));
            Ok(v1::ReopenFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn assign_follow_up(
        &self,
        request: Request<v1::AssignFollowUpRequest>,
    ) -> Answer<v1::AssignFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "AssignFollowUp");
            let step = Step::Assign {
                team_id: optional(normal(message.team_id)),
                staff_id: optional(normal(message.staff_id)),
                lease: length(message.lease.as_ref(), LEASE),
            };
            Ok(v1::AssignFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn close_follow_up(&self, request: Request<v1::CloseFollowUpRequest>) -> Answer<v1::CloseFollowUpResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "CloseFollowUp");
            let step = Step::Close(message.reason(), message.note);
            Ok(v1::CloseFollowUpResponse { follow_up: self.take(asking, &message.follow_up_id, step).await? })
        })
        .await
    }

    async fn get_follow_up(&self, request: Request<v1::GetFollowUpRequest>) -> Answer<v1::GetFollowUpResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let found = self.found(&caller, scope, &message.follow_up_id).await?;
            let clocks = message::write_clocks(&self.clocks(found.id).await?, &caller, self.store.clock().now_micros());
            let follow_up = message::shown(self.store.reader(), &caller, vec![found]).await?.pop();
            Ok(v1::GetFollowUpResponse { follow_up, clocks })
        })
        .await
    }

    async fn list_follow_ups(&self, request: Request<v1::ListFollowUpsRequest>) -> Answer<v1::ListFollowUpsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let bound = v1::ListFollowUpsRequest { page_size: 0, page_token: String::new(), ..message.clone() };
            let query = Query::new("ListFollowUps", &scope.binding(&caller), &bound.encode_to_vec());
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let mut filter = message::read_filter(&message, &caller, &scope)?;
            if let Some(customer) = filter.customer_id.take() {
                filter.customer_id = Some(kept_id(self.store.reader(), customer).await?);
            }
            let sight = Sight::of(&caller, scope);
            let read = |after, count| rows::list(self.store.reader(), &sight, &filter, after, count);
            let place = |last: &FollowUp| (last.due_at, last.id);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
            let follow_ups = message::shown(self.store.reader(), &caller, found).await?;
            Ok(v1::ListFollowUpsResponse { follow_ups, next_page_token })
        })
        .await
    }

    async fn summarize_follow_ups(
        &self,
        request: Request<v1::SummarizeFollowUpsRequest>,
    ) -> Answer<v1::SummarizeFollowUpsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let period = (message.from_time.as_ref().map(micros), message.to_time.as_ref().map(micros));
            if let (Some(from), Some(to)) = period
                && to < from
            {
                return Err(Error::invalid("to_time", Reason::ImpossibleInstants, "must not be before from_time"));
            }
            let now = self.store.clock().now_micros();
            let counts = rows::counts(self.store.reader(), &Sight::of(&caller, scope), period, now).await?;
            Ok(v1::SummarizeFollowUpsResponse { summaries: message::write_summaries(counts) })
        })
        .await
    }

    async fn explain_follow_up(
        &self,
        request: Request<v1::ExplainFollowUpRequest>,
    ) -> Answer<v1::ExplainFollowUpResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let found = self.found(&caller, scope, &message.follow_up_id).await?;
            let (clocks, now) = (self.clocks(found.id).await?, self.store.clock().now_micros());
            let explained = clocks.iter().map(|clock| deadline::message::explained(clock, now));
            Ok(v1::ExplainFollowUpResponse { clocks: explained.collect() })
        })
        .await
    }

    type WatchFollowUpsStream = Answers<v1::WatchFollowUpsResponse>;

    async fn watch_follow_ups(
        &self,
        request: Request<v1::WatchFollowUpsRequest>,
    ) -> Answer<Self::WatchFollowUpsStream> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let subject = Watched { team_id: optional(message.team_id), caller: caller.clone() };
            let (from, by) = ((&self.store, &self.events), (caller, scope));
            Ok(self.watches.open(from, by, subject, &message.resume_cursor).await?.begin())
        })
        .await
    }

    async fn release_statement(
        &self,
        request: Request<v1::ReleaseStatementRequest>,
    ) -> Answer<v1::ReleaseStatementResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "ReleaseStatement");
            let (follow_up, staff_id, words) = (id(&message.follow_up_id)?, normal(message.staff_id), message.words);
            let (store, who) = (self.store.clone(), asking.who);
            let released = self.store.change(asking.mutation, move |tx, _| {
                let (store, who, staff_id, words) = (store.clone(), who.clone(), staff_id.clone(), words.clone());
                Box::pin(async move {
                    let mut held = Held::take(tx, &store, 1).await?;
                    statement::release(&mut held, &who, (follow_up, &staff_id, &words)).await
                })
            });
            let released: Uuid = released.await?;
            let found = statement::find(self.store.reader(), released).await?;
            Ok(v1::ReleaseStatementResponse { statement: found.map(message::write_statement) })
        })
        .await
    }

    async fn list_statements(&self, request: Request<v1::ListStatementsRequest>) -> Answer<v1::ListStatementsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListStatements", &scope.binding(&caller), &[]);
            let after = query.position(&message.page_token)?.map(read_position).transpose()?;
            let staff_id = person(&caller)?;
            let read = |after, count| statement::list(self.store.reader(), staff_id, after, count);
            let place = |last: &super::entity::statement::Model| (last.released_at, last.id);
            let limit = page_size(message.page_size, PAGE);
            let (found, next_page_token) = query.page(limit, after, read, place, write_position).await?;
            let statements = found.into_iter().map(message::write_statement).collect();
            Ok(v1::ListStatementsResponse { statements, next_page_token })
        })
        .await
    }

    async fn answer_statement(
        &self,
        request: Request<v1::AnswerStatementRequest>,
    ) -> Answer<v1::AnswerStatementResponse> {
        respond(async {
            let (asking, message) = asking!(self, request, "AnswerStatement");
            let (statement_id, answer) = (id(&message.statement_id)?, message.answer);
            let (store, staff_id) = (self.store.clone(), person(&asking.caller)?.to_owned());
            let answered = self.store.change(asking.mutation, move |tx, _| {
                let (store, staff_id, answer) = (store.clone(), staff_id.clone(), answer.clone());
                Box::pin(async move {
                    let held = Held::take(tx, &store, 1).await?;
                    statement::answer(&held, &staff_id, statement_id, &answer).await
                })
            });
            let answered: Uuid = answered.await?;
            let found = statement::find(self.store.reader(), answered).await?;
            Ok(v1::AnswerStatementResponse { statement: found.map(message::write_statement) })
        })
        .await
    }
}
