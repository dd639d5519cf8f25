//! `rapport calendars`: when people work, holidays from iCalendar files, and when something is due.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    client::{Client, ClientArgs, explain, request_id},
    out::{self, note, one_line, say},
};
use crate::{
    api::v1::{
        AssignCalendarRequest, Calendar, DatedHours, DueSpan, DueSpanKind, ExplainDueRequest, GetCalendarRequest,
        ListCalendarsRequest, PreviewHolidaysRequest, PutCalendarRequest,
    },
    clock::Clock,
};

/// What `rapport calendars` can do.
#[derive(Debug, Subcommand)]
pub enum CalendarsCommand {
    /// Lists the calendars
    List(ListArgs),
    /// Prints one: its week, and the dates that have other hours
    Show(ShowArgs),
    /// Creates a calendar, or its next version; dates with hours of their own are kept
    Put(PutArgs),
    /// Reads the holidays of an iCalendar file and shows which dates would be closed; --apply closes them
    Holidays(HolidaysArgs),
    /// Says by which calendar a team works
    Assign(AssignArgs),
    /// Says when something is due that takes so much working time, and why
    Due(DueArgs),
}

/// Arguments of `rapport calendars list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Print a JSON object per line
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport calendars show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The calendar
    pub calendar: String,
    /// Of this version; default: the newest
    #[arg(long, default_value_t = 0)]
    pub version: i32,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// What `rapport calendars put --help` teaches.
const PUT_HELP: &str = "\
A desk that closes for lunch, and on Saturdays at one:
  rapport calendars put berlin --zone Europe/Berlin --weekdays '09:00-12:30, 13:30-18:00' --saturday 09:00-13:00

Hours may end on the next day (22:00-06:00); 00:00-24:00 is all day.";

/// Arguments of `rapport calendars put`.
#[derive(Debug, Args)]
#[command(after_help = PUT_HELP)]
pub struct PutArgs {
    /// The calendar's id, which you choose
    pub calendar: String,
    /// IANA name of its zone; default: that of the newest version, else the organisation's
    #[arg(long)]
    pub zone: Option<String>,
    /// Its name for people
    #[arg(long)]
    pub name: Option<String>,
    /// Hours of Monday to Friday
    #[arg(long, value_name = "HOURS")]
    pub weekdays: Option<String>,
    /// Hours of Saturday; empty: closed
    #[arg(long, value_name = "HOURS")]
    pub saturday: Option<String>,
    /// Hours of Sunday; empty: closed
    #[arg(long, value_name = "HOURS")]
    pub sunday: Option<String>,
    /// Hours of a date, as in 2026-12-24=09:00-12:00; may be given several times, and closes the date without hours
    #[arg(long, value_name = "DATE=HOURS", value_parser = dated)]
    pub on: Vec<(String, String)>,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport calendars holidays`.
#[derive(Debug, Args)]
pub struct HolidaysArgs {
    /// The calendar
    pub calendar: String,
    /// The iCalendar file (.ics)
    pub file: PathBuf,
    /// The first date; default: the first day of this year
    #[arg(long, value_name = "DATE")]
    pub from: Option<Date>,
    /// The last date; default: the last day of next year
    #[arg(long, value_name = "DATE")]
    pub to: Option<Date>,
    /// Make the calendar's next version with these dates closed; those that have hours of their own keep them
    #[arg(long)]
    pub apply: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport calendars assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// The team; empty: all that have no calendar of their own
    pub team: String,
    /// The calendar; left out: the default again
    pub calendar: Option<String>,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Arguments of `rapport calendars due`.
#[derive(Debug, Args)]
pub struct DueArgs {
    /// How much working time it takes, such as 4h or 1h30m
    #[arg(value_name = "DURATION")]
    pub working: SignedDuration,
    /// The team whose calendar counts; default: those that have none of their own
    #[arg(long, default_value = "")]
    pub team: String,
    /// The calendar that counts, in the place of a team's
    #[arg(long, default_value = "")]
    pub calendar: String,
    /// When it begins, such as 2026-11-21T09:30:00Z; default: now
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// The server.
    #[command(flatten)]
    pub client: ClientArgs,
}

fn dated(text: &str) -> Result<(String, String), String> {
    let (date, hours) = text.split_once('=').ok_or("must be DATE=HOURS, such as 2026-12-24=09:00-12:00")?;
    Ok((date.trim().to_owned(), hours.trim().to_owned()))
}

/// Runs the command.
///
/// # Errors
/// What the server refuses.
pub async fn run(command: CalendarsCommand) -> anyhow::Result<()> {
    match command {
        CalendarsCommand::List(args) => list(args).await,
        CalendarsCommand::Show(args) => show(args).await,
        CalendarsCommand::Put(args) => put(args).await,
        CalendarsCommand::Holidays(args) => holidays(args).await,
        CalendarsCommand::Assign(args) => assign(args).await,
        CalendarsCommand::Due(args) => due(args).await,
    }
}

async fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let mut request = ListCalendarsRequest { page_size: 500, page_token: String::new() };
    let mut calendars = Vec::new();
    loop {
        let page = client.calendars.list_calendars(request.clone()).await;
        let page = page.map_err(|status| explain(&status))?.into_inner();
        calendars.extend(page.calendars);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    if args.json {
        return calendars.iter().try_for_each(|calendar| Ok(say!("{}", to_json(calendar))?));
    }
    let rows = calendars.iter().map(|one| {
        let dates = one.dated_hours.len();
        [
            one.calendar_id.clone(),
            one.version.to_string(),
            one.display_name.clone(),
            one.time_zone.clone(),
            dates.to_string(),
        ]
    });
    Ok(say!("{}", out::table(["calendar", "version", "name", "zone", "dates"], rows, [1, 4]))?)
}

async fn show(args: ShowArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let found = find(&client, &args.calendar, args.version).await?;
    let calendar = found.with_context(|| format!("there is no calendar {:?} of that version", args.calendar))?;
    if args.json { Ok(say!("{}", to_json(&calendar))?) } else { print(&calendar) }
}

async fn put(args: PutArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let newest = find(&client, &args.calendar, 0).await?;
    let mut calendar = newest.unwrap_or_else(|| Calendar { calendar_id: args.calendar.clone(), ..Calendar::default() });
    if let Some(zone) = args.zone {
        calendar.time_zone = zone;
    } else if calendar.time_zone.is_empty() {
        let zone = client.organization_zone().await?;
        calendar.time_zone = zone.iana_name().context("give the calendar's --zone")?.to_owned();
    }
    if let Some(hours) = &args.weekdays {
        let Calendar { monday, tuesday, wednesday, thursday, friday, .. } = &mut calendar;
        [monday, tuesday, wednesday, thursday, friday].into_iter().for_each(|day| day.clone_from(hours));
    }
    if let Some(hours) = args.saturday {
        calendar.saturday = hours;
    }
    if let Some(hours) = args.sunday {
        calendar.sunday = hours;
    }
    if let Some(name) = args.name {
        calendar.display_name = name;
    }
    for (date, hours) in args.on {
        match calendar.dated_hours.iter_mut().find(|one| one.date == date) {
            Some(one) => one.hours = hours,
            None => calendar.dated_hours.push(DatedHours { date, hours, name: String::new() }),
        }
    }
    print(&write(&client, calendar).await?)
}

async fn holidays(args: HolidaysArgs) -> anyhow::Result<()> {
    let client = args.client.connect().await?;
    let newest = find(&client, &args.calendar, 0).await?;
    let mut calendar = newest.with_context(|| format!("there is no calendar {:?}", args.calendar))?;
    let ics = fs::read_to_string(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    let now = Timestamp::from_microsecond(Clock::system().now_micros())?;
    let year = TimeZone::get(&calendar.time_zone)?.to_datetime(now).date().first_of_year();
    let request = PreviewHolidaysRequest {
        ics,
        from_date: args.from.unwrap_or(year).to_string(),
        to_date: args.to.unwrap_or(year.checked_add(1.year())?.last_of_year()).to_string(),
    };
    let preview = client.calendars.clone().preview_holidays(request).await;
    let preview = preview.map_err(|status| explain(&status))?.into_inner();
    let known: BTreeMap<_, _> = calendar.dated_hours.iter().map(|one| (one.date.clone(), one.hours.clone())).collect();
    let news: Vec<_> = preview.holidays.iter().filter(|one| !known.contains_key(&one.date)).cloned().collect();
    if args.json {
        let left_out: Vec<Value> =
            preview.left_out.iter().map(|one| json!({ "name": one.name, "reason": one.reason })).collect();
        say!("{}", json!({ "holidays": dates(&preview.holidays), "new": dates(&news), "left_out": left_out }))?;
    } else {
        let rows = preview.holidays.iter().map(|one| {
            let becomes = match known.get(&one.date) {
                None => "closed".to_owned(),
                Some(hours) if hours.is_empty() => "closed already".to_owned(),
                Some(hours) => format!("keeps {hours}"),
            };
            [one.date.clone(), becomes, one.name.clone()]
        });
        say!("{}", out::table(["date", "becomes", "name"], rows, []))?;
        for one in &preview.left_out {
            note!("left out: {}: {}", one_line(&one.name), one_line(&one.reason));
        }
    }
    if !args.apply {
        note!("nothing was changed; --apply closes {} date(s)", news.len());
        return Ok(());
    }
    if news.is_empty() {
        note!("there is nothing to change");
        return Ok(());
    }
    let count = news.len();
    calendar.dated_hours.extend(news);
    let written = write(&client, calendar).await?;
    note!("{count} date(s) are closed in version {} of {}", written.version, one_line(&written.calendar_id));
    Ok(())
}

async fn assign(args: AssignArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let request = AssignCalendarRequest {
        request_id: request_id(),
        team_id: args.team,
        calendar_id: args.calendar.unwrap_or_default(),
    };
    let assigned = client.calendars.assign_calendar(request).await.map_err(|status| explain(&status))?.into_inner();
    let name = assigned.calendar.map_or_else(|| "around the clock".to_owned(), |calendar| calendar.calendar_id);
    Ok(say!("works by: {}", one_line(&name))?)
}

async fn due(args: DueArgs) -> anyhow::Result<()> {
    let mut client = args.client.connect().await?;
    let start = args.from.map_or_else(|| Clock::system().now_micros(), Timestamp::as_microsecond);
    let request = ExplainDueRequest {
        calendar_id: args.calendar,
        team_id: args.team,
        start_time: Some(crate::api::convert::timestamp(start)),
        working: Some(prost_types::Duration { seconds: args.working.as_secs(), nanos: args.working.subsec_nanos() }),
        ..ExplainDueRequest::default()
    };
    let told = client.calendars.explain_due(request).await.map_err(|status| explain(&status))?.into_inner();
    let calendar = match told.calendar_id.is_empty() {
        true => None,
        false => find(&client, &told.calendar_id, told.calendar_version).await?,
    };
    let zone = match &calendar {
        Some(calendar) => TimeZone::get(&calendar.time_zone)?,
        None => client.organization_zone().await?,
    };
    let shown = |at: &Option<prost_types::Timestamp>| {
        out::instant(*at).map_or_else(String::new, |at| zone.to_datetime(at).strftime("%a %Y-%m-%d %H:%M").to_string())
    };
    if args.json {
        let rfc = |at: &Option<prost_types::Timestamp>| out::instant(*at).map(|at| at.to_string());
        let span = |one: &DueSpan| {
            let kind = one.kind().plain_name();
            json!({ "from": rfc(&one.start_time), "to": rfc(&one.end_time), "kind": kind, "name": one.name })
        };
        let spans: Vec<Value> = told.spans.iter().map(span).collect();
        let calendar = json!({ "id": told.calendar_id, "version": told.calendar_version });
        let omitted = told.omitted_span_count;
        return Ok(say!(
            "{}",
            json!({ "due": rfc(&told.due_time), "calendar": calendar, "spans": spans, "omitted": omitted })
        )?);
    }
    let by = match &calendar {
        Some(one) => format!("version {} of {}", one.version, one_line(&one.calendar_id)),
        None => "around the clock".to_owned(),
    };
    match told.due_time {
        Some(_) => say!("due {} ({}), {by}", shown(&told.due_time), zone.iana_name().unwrap_or("UTC"))?,
        None => say!("never due, {by}")?,
    }
    let rows = told.spans.iter().map(|one| {
        let kind = match one.kind() {
            DueSpanKind::Working => "works".to_owned(),
            DueSpanKind::Dated => one.name.clone(),
            DueSpanKind::Closed | DueSpanKind::Paused | DueSpanKind::Unspecified => one.kind().plain_name().to_owned(),
        };
        [shown(&one.start_time), shown(&one.end_time), kind]
    });
    say!("{}", out::table(["from", "to", ""], rows, []))?;
    if told.omitted_span_count > 0 {
        note!("{} more stretches are not shown", told.omitted_span_count);
    }
    Ok(())
}

/// The newest version, or one by its number; none if there is no such calendar.
async fn find(client: &Client, calendar_id: &str, version: i32) -> anyhow::Result<Option<Calendar>> {
    let request = GetCalendarRequest { calendar_id: calendar_id.to_owned(), version };
    match client.calendars.clone().get_calendar(request).await {
        Ok(found) => Ok(found.into_inner().calendar),
        Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
        Err(status) => Err(explain(&status)),
    }
}

async fn write(client: &Client, calendar: Calendar) -> anyhow::Result<Calendar> {
    // Nobody else's version is lost: what was read is what it is based on.
    let etag = calendar.etag.clone();
    let request = PutCalendarRequest { request_id: request_id(), calendar: Some(calendar), etag };
    let written = client.calendars.clone().put_calendar(request).await.map_err(|status| explain(&status))?;
    written.into_inner().calendar.context("the server answered without a calendar")
}

fn week(calendar: &Calendar) -> [(&'static str, &String); 7] {
    [
        ("Monday", &calendar.monday),
        ("Tuesday", &calendar.tuesday),
        ("Wednesday", &calendar.wednesday),
        ("Thursday", &calendar.thursday),
        ("Friday", &calendar.friday),
        ("Saturday", &calendar.saturday),
        ("Sunday", &calendar.sunday),
    ]
}

fn print(calendar: &Calendar) -> anyhow::Result<()> {
    let Calendar { calendar_id, version, display_name, time_zone, .. } = calendar;
    let name = if display_name.is_empty() { String::new() } else { format!(" ({})", one_line(display_name)) };
    say!("{}{name}, version {version}, {}", one_line(calendar_id), one_line(time_zone))?;
    let hours = |text: &String| if text.is_empty() { "closed".to_owned() } else { text.clone() };
    let days = week(calendar).map(|(day, text)| [day.to_owned(), hours(text), String::new()]);
    let dates = calendar.dated_hours.iter().map(|one| [one.date.clone(), hours(&one.hours), one.name.clone()]);
    Ok(say!("{}", out::table(["day", "hours", "name"], days.into_iter().chain(dates), []))?)
}

fn dates(dated: &[DatedHours]) -> Vec<Value> {
    dated.iter().map(|one| json!({ "date": one.date, "hours": one.hours, "name": one.name })).collect()
}

fn to_json(calendar: &Calendar) -> Value {
    let week: serde_json::Map<_, _> =
        week(calendar).into_iter().map(|(day, hours)| (day.to_lowercase(), json!(hours))).collect();
    json!({
        "calendar": calendar.calendar_id,
        "version": calendar.version,
        "name": calendar.display_name,
        "zone": calendar.time_zone,
        "week": week,
        "dates": dates(&calendar.dated_hours),
    })
}
