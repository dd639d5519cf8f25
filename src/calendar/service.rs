//! The RPCs of calendars.

use jiff::ToSpan as _;
use rapport_calendar::{
    Calendar,
    ics::{self, IcsError},
};
use tonic::{Request, Response, Status};

use super::{
    Reactions, Version,
    explain::{explain, segments},
    message::{self, date},
    store as rows,
};
use crate::{
    api::{
        convert::{duration_micros, micros, normal, optional},
        v1::{self, calendar_service_server::CalendarService},
    },
    call::{Call, mutation, page_size, respond},
    context::Context,
    directory::store as directory,
    error::{Error, Reason, Result, Violation},
    page::Query,
    store::Store,
};

type Answer<T> = Result<Response<T>, Status>;

const PAGE: u64 = 100;
/// Stretches of an explanation that are told.
const STRETCHES: usize = 1_000;
/// Years of holidays that are read at once.
const YEARS: i64 = 5;

/// Serves [`CalendarService`].
#[derive(Clone, Debug)]
pub struct CalendarApi {
    store: Store,
    reactions: Reactions,
}

impl CalendarApi {
    /// `reactions`: what changes set off in other domains.
    pub(crate) fn new(context: &Context, reactions: Reactions) -> Self {
        Self { store: context.store.clone(), reactions }
    }

    /// A version by its id, or by whose it is. None: around the clock.
    async fn version(&self, calendar_id: &str, number: i32, team_id: &str) -> Result<Option<Version>> {
        let connection = self.store.reader();
        if calendar_id.is_empty() {
            self.check_team(team_id).await?;
            return Ok(rows::of_team(connection, team_id).await?);
        }
        let number = Some(number).filter(|number| *number > 0);
        let found = rows::find(connection, calendar_id, number).await?;
        found.map(Some).ok_or(Error::NotFound("calendar"))
    }

    async fn check_team(&self, team_id: &str) -> Result<()> {
        if !team_id.is_empty() && directory::find_team(self.store.reader(), team_id).await?.is_none() {
            let rule = "must be a team of the directory";
            return Err(Error::invalid("team_id", Reason::UnknownTeam, rule));
        }
        Ok(())
    }
}

#[tonic::async_trait]
impl CalendarService for CalendarApi {
    async fn put_calendar(&self, request: Request<v1::PutCalendarRequest>) -> Answer<v1::PutCalendarResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "PutCalendar", id, &message);
            let told = message::read(message.calendar.unwrap_or_default(), caller.subject())?;
            let (role, etag, calendar_id) = (caller.principal.role, message.etag, told.id.clone());
            let (store, reactions) = (self.store.clone(), self.reactions);
            let number = self
                .store
                .change(mutation, move |tx, now| {
                    let (store, told, etag) = (store.clone(), told.clone(), etag.clone());
                    Box::pin(async move {
                        let number = rows::put(tx, now, role, &told, &etag).await?;
                        (reactions.changed)(tx, &store, &told.author).await?;
                        Ok(number)
                    })
                })
                .await?;
            let written = rows::find(self.store.reader(), &calendar_id, Some(number)).await?;
            Ok(v1::PutCalendarResponse { calendar: written.map(|version| message::write(version, true)) })
        })
        .await
    }

    async fn get_calendar(&self, request: Request<v1::GetCalendarRequest>) -> Answer<v1::GetCalendarResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let id = normal(message.calendar_id);
            let found = self.version(&id, message.version, "").await?.ok_or(Error::NotFound("calendar"))?;
            let newest = rows::find(self.store.reader(), &id, None).await?;
            let is_newest = newest.is_some_and(|newest| newest.number == found.number);
            Ok(v1::GetCalendarResponse { calendar: Some(message::write(found, is_newest)) })
        })
        .await
    }

    async fn list_calendars(&self, request: Request<v1::ListCalendarsRequest>) -> Answer<v1::ListCalendarsResponse> {
        respond(async {
            let Call { caller, scope, message } = Call::admit(&self.store, request).await?;
            let query = Query::new("ListCalendars", &scope.binding(&caller), &[]);
            let after = query.name_position(&message.page_token)?;
            let read = |after, count| rows::list(self.store.reader(), after, count);
            let limit = page_size(message.page_size, PAGE);
            let place = |last: &Version| last.id.clone();
            let (found, next_page_token) = query.page(limit, after, read, place, String::into_bytes).await?;
            let calendars = found.into_iter().map(|version| message::write(version, true)).collect();
            Ok(v1::ListCalendarsResponse { calendars, next_page_token })
        })
        .await
    }

    async fn assign_calendar(&self, request: Request<v1::AssignCalendarRequest>) -> Answer<v1::AssignCalendarResponse> {
        respond(async {
            let Call { caller, mut message, .. } = Call::admit(&self.store, request).await?;
            let id = std::mem::take(&mut message.request_id);
            let mutation = mutation(&caller, "AssignCalendar", id, &message);
            let (team_id, calendar_id) = (normal(message.team_id), optional(message.calendar_id));
            self.check_team(&team_id).await?;
            let (actor, role, team) = (caller.subject().to_owned(), caller.principal.role, team_id.clone());
            let (store, reactions) = (self.store.clone(), self.reactions);
            self.store
                .change(mutation, move |tx, now| {
                    let (store, actor, team_id) = (store.clone(), actor.clone(), team.clone());
                    let calendar_id = calendar_id.clone();
                    Box::pin(async move {
                        rows::assign(tx, now, (&actor, role), &team_id, calendar_id.as_deref()).await?;
                        (reactions.changed)(tx, &store, &actor).await
                    })
                })
                .await?;
            let assigned = rows::of_team(self.store.reader(), &team_id).await?;
            Ok(v1::AssignCalendarResponse { calendar: assigned.map(|version| message::write(version, true)) })
        })
        .await
    }

    async fn preview_holidays(
        &self,
        request: Request<v1::PreviewHolidaysRequest>,
    ) -> Answer<v1::PreviewHolidaysResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let mut found = Vec::new();
            let from = date(&message.from_date, "from_date", &mut found);
            let to = date(&message.to_date, "to_date", &mut found);
            if let (Some(from), Some(to)) = (from, to)
                && (to < from || to >= from.saturating_add(YEARS.years()))
            {
                let rule = format!("must not be before from_date, nor {YEARS} years after it");
                found.push(Violation::new("to_date", Reason::ImpossibleInstants, rule));
            }
            Error::unless_empty(found)?;
            let (Some(from), Some(to)) = (from, to) else { return Ok(v1::PreviewHolidaysResponse::default()) };
            let read = ics::read(&message.ics, from, to).map_err(|error| refused(&error))?;
            let holiday = |(date, name): (jiff::civil::Date, String)| v1::DatedHours {
                date: date.to_string(),
                hours: String::new(),
                name,
            };
            let left_out = |(name, reason)| v1::EventLeftOut { name, reason };
            Ok(v1::PreviewHolidaysResponse {
                holidays: read.holidays.into_iter().map(holiday).collect(),
                left_out: read.left_out.into_iter().map(left_out).collect(),
            })
        })
        .await
    }

    async fn explain_due(&self, request: Request<v1::ExplainDueRequest>) -> Answer<v1::ExplainDueResponse> {
        respond(async {
            let Call { message, .. } = Call::admit(&self.store, request).await?;
            let start = message.start_time.as_ref().map(micros).unwrap_or_default();
            let working = message.working.as_ref().map(duration_micros).unwrap_or_default();
            let pauses = message::read_pauses(start, &message.pauses)?;
            let (calendar_id, team_id) = (normal(message.calendar_id), normal(message.team_id));
            let version = self.version(&calendar_id, message.version, &team_id).await?;
            let always = Calendar::around_the_clock();
            let calendar = version.as_ref().map_or(&always, |version| &version.calendar);
            let explained = explain(&segments(calendar, start, &pauses), working, STRETCHES);
            Ok(message::write_explained(explained, version))
        })
        .await
    }
}

fn refused(error: &IcsError) -> Error {
    let reason = match error {
        IcsError::TooLong => Reason::LengthOutOfRange,
        IcsError::TooMany => Reason::CountOutOfRange,
        IcsError::Form(_) => Reason::Malformed,
    };
    Error::invalid("ics", reason, error.to_string())
}
