//! Working calendars: versions, teams, holidays from files, and why something is due when it is (L1, L3).

use rapport::api::v1::{
    self, AssignCalendarRequest, Calendar, DatedHours, DueSpanKind, ExplainDueRequest, ExplainDueResponse,
    GetCalendarRequest, ListCalendarsRequest, Pause, PreviewHolidaysRequest, PutCalendarRequest,
};
use tokio::task::JoinSet;
use tonic::{Code, Response, Status};

use crate::{
    cli::{last_line, rapport, write},
    support::{Caller, Server, Test, client::request_id, on_both, private_directory, refusal::verdict, refused},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_calendar_is_put_in_versions,
        everything_wrong_with_a_calendar_is_named,
        of_two_who_put_at_once_one_wins,
        a_team_works_by_its_own_calendar_or_the_default,
        why_something_is_due_is_told,
        holidays_come_from_files,
        the_program_shows_and_puts_calendars,
    ]
}

const WEEKDAYS: &str = "09:00-12:30, 13:30-18:00";

pub(crate) fn desk(calendar_id: &str) -> Calendar {
    let day = || WEEKDAYS.to_owned();
    Calendar {
        calendar_id: calendar_id.to_owned(),
        display_name: "客服中心".to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        monday: day(),
        tuesday: day(),
        wednesday: day(),
        thursday: day(),
        friday: day(),
        dated_hours: vec![dated("2025-12-25", "", "Christmas"), dated("2025-12-24", "09:00-12:00", "")],
        ..Calendar::default()
    }
}

fn dated(date: &str, hours: &str, name: &str) -> DatedHours {
    DatedHours { date: date.to_owned(), hours: hours.to_owned(), name: name.to_owned() }
}

async fn put(caller: &Caller, calendar: Calendar, etag: &str) -> Result<Calendar, Status> {
    let request = PutCalendarRequest { request_id: request_id(), calendar: Some(calendar), etag: etag.to_owned() };
    Ok(caller.calendars().put_calendar(request).await?.into_inner().calendar.unwrap())
}

async fn get(caller: &Caller, calendar_id: &str, version: i32) -> Result<Calendar, Status> {
    let request = GetCalendarRequest { calendar_id: calendar_id.to_owned(), version };
    Ok(caller.calendars().get_calendar(request).await?.into_inner().calendar.unwrap())
}

async fn assign(caller: &Caller, team_id: &str, calendar_id: &str) -> Result<Option<Calendar>, Status> {
    let (team_id, calendar_id) = (team_id.to_owned(), calendar_id.to_owned());
    let request = AssignCalendarRequest { request_id: request_id(), team_id, calendar_id };
    Ok(caller.calendars().assign_calendar(request).await?.into_inner().calendar)
}

fn at(text: &str) -> Option<prost_types::Timestamp> {
    let at: jiff::Timestamp = text.parse().unwrap();
    Some(prost_types::Timestamp { seconds: at.as_second(), nanos: 0 })
}

fn hours(hours: i64) -> Option<prost_types::Duration> {
    Some(prost_types::Duration { seconds: hours * 3_600, nanos: 0 })
}

async fn due(caller: &Caller, request: ExplainDueRequest) -> Result<ExplainDueResponse, Status> {
    caller.calendars().explain_due(request).await.map(Response::into_inner)
}

async fn a_calendar_is_put_in_versions(server: Server) {
    let admin = server.admin();
    let first = put(&admin, desk("berlin"), "").await.unwrap();
    assert_eq!((first.version, first.author.as_str()), (1, "ada"));
    // Dates come back in order, and the hours as they are written.
    let dates: Vec<_> = first.dated_hours.iter().map(|one| one.date.as_str()).collect();
    assert_eq!(dates, ["2025-12-24", "2025-12-25"]);
    let next = Calendar { saturday: "9:00–13:00".to_owned(), ..desk("berlin") };
    let second = put(&admin, next, &first.etag).await.unwrap();
    assert_eq!((second.version, second.saturday.as_str()), (2, "09:00-13:00"));
    // Of the first nothing has changed, but that it is not the newest.
    assert_eq!(get(&admin, "berlin", 1).await.unwrap(), Calendar { etag: String::new(), ..first.clone() });
    assert_eq!(get(&server.staff("nora"), "berlin", 0).await.unwrap(), second);
    let stale = refused(put(&admin, desk("berlin"), &first.etag).await);
    assert_eq!(verdict(&stale), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    let unknown = refused(get(&admin, "berlin", 3).await);
    assert_eq!(verdict(&unknown), (Code::NotFound, "NOT_FOUND".to_owned()));
    // A request that is repeated makes no version.
    let request = PutCalendarRequest { request_id: request_id(), calendar: Some(desk("wien")), etag: String::new() };
    for _ in 0..2 {
        let put = admin.calendars().put_calendar(request.clone()).await.unwrap().into_inner();
        assert_eq!(put.calendar.unwrap().version, 1);
    }
    put(&admin, desk("aachen"), "").await.unwrap();
    let mut listed = Vec::new();
    let mut request = ListCalendarsRequest { page_size: 2, page_token: String::new() };
    loop {
        let page = admin.calendars().list_calendars(request.clone()).await.unwrap().into_inner();
        listed.extend(page.calendars.into_iter().map(|one| (one.calendar_id, one.version)));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected = [("aachen", 1), ("berlin", 2), ("wien", 1)].map(|(id, version)| (id.to_owned(), version));
    assert_eq!(listed, expected);
    let trail = v1::ListAuditEventsRequest { object_id: "berlin".to_owned(), ..Default::default() };
    let trail = admin.audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    assert_eq!(trail.len(), 2);
}

async fn everything_wrong_with_a_calendar_is_named(server: Server) {
    let admin = server.admin();
    let wrong = Calendar {
        time_zone: "Europe/Atlantis".to_owned(),
        monday: "9-17".to_owned(),
        tuesday: "09:00-12:00, 11:00-13:00".to_owned(),
        sunday: "24:00-06:00".to_owned(),
        dated_hours: vec![dated("2025-02-30", "", ""), dated("2025-12-24", "noon", ""), dated("2025-12-24", "", "")],
        ..desk("wrong")
    };
    let status = refused(put(&admin, wrong, "").await);
    let fields: Vec<_> = crate::support::refusal::violations(&status).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "calendar.time_zone",
        "calendar.monday",
        "calendar.tuesday",
        "calendar.sunday",
        "calendar.dated_hours[0].date",
        "calendar.dated_hours[1].hours",
        "calendar.dated_hours[2].date",
    ];
    assert_eq!(fields, expected);
    let closed =
        Calendar { calendar_id: "closed".to_owned(), time_zone: "Asia/Shanghai".to_owned(), ..Calendar::default() };
    let status = refused(put(&admin, closed, "").await);
    assert_eq!(verdict(&status).0, Code::InvalidArgument);
    assert!(status.message().contains("working hours"), "{status:?}");
    assert_eq!(server.number("SELECT count(*) FROM calendar_version").await, 0);
}

async fn of_two_who_put_at_once_one_wins(server: Server) {
    let first = put(&server.admin(), desk("berlin"), "").await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (admin, etag) = (server.admin(), first.etag.clone());
        tasks.spawn(async move { put(&admin, desk("berlin"), &etag).await });
    }
    let outcomes = tasks.join_all().await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1);
    let lost = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(lost.map(Status::code).all(|code| code == Code::Aborted));
    assert_eq!(server.number("SELECT CAST(max(version) AS bigint) FROM calendar_version").await, 2);
}

async fn a_team_works_by_its_own_calendar_or_the_default(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    put(&admin, desk("berlin"), "").await.unwrap();
    let night = Calendar { monday: "22:00-06:00".to_owned(), ..desk("night") };
    put(&admin, night, "").await.unwrap();
    let by = async |team: &str| {
        let request = ExplainDueRequest {
            team_id: team.to_owned(),
            start_time: at("2025-03-03T08:00:00Z"),
            working: hours(1),
            ..Default::default()
        };
        due(&admin, request).await.unwrap().calendar_id
    };
    assert_eq!((by("north").await, by("south").await), (String::new(), String::new()));
    assert_eq!(assign(&admin, "", "berlin").await.unwrap().unwrap().calendar_id, "berlin");
    assert_eq!(assign(&admin, "north", "night").await.unwrap().unwrap().calendar_id, "night");
    assert_eq!(
        (by("north").await, by("south").await, by("").await),
        ("night".to_owned(), "berlin".to_owned(), "berlin".to_owned())
    );
    // Back to the default, and that to none.
    assert_eq!(assign(&admin, "north", "").await.unwrap().unwrap().calendar_id, "berlin");
    assert_eq!(assign(&admin, "", "").await.unwrap(), None);
    assert_eq!(by("north").await, "");
    let nobody = refused(assign(&admin, "nowhere", "berlin").await);
    assert_eq!(verdict(&nobody), (Code::InvalidArgument, "UNKNOWN_TEAM".to_owned()));
    let nothing = refused(assign(&admin, "north", "atlantis").await);
    assert_eq!(verdict(&nothing), (Code::NotFound, "NOT_FOUND".to_owned()));
}

async fn why_something_is_due_is_told(server: Server) {
    let admin = server.admin();
    put(&admin, desk("berlin"), "").await.unwrap();
    let request = ExplainDueRequest {
        calendar_id: "berlin".to_owned(),
        start_time: at("2025-12-24T10:00:00Z"),
        working: hours(2),
        pauses: vec![Pause { start_time: at("2025-12-26T08:30:00Z"), end_time: at("2025-12-26T09:00:00Z") }],
        ..Default::default()
    };
    let told = due(&server.staff("nora"), request.clone()).await.unwrap();
    assert_eq!((told.due_time, told.calendar_version), (at("2025-12-26T09:30:00Z"), 1));
    let kinds: Vec<_> = told.spans.iter().map(|one| (one.kind(), one.name.as_str())).collect();
    let expected = [
        (DueSpanKind::Working, ""),
        // The rest of the half day, then the holiday by its name.
        (DueSpanKind::Dated, ""),
        (DueSpanKind::Dated, "Christmas"),
        (DueSpanKind::Closed, ""),
        (DueSpanKind::Working, ""),
        (DueSpanKind::Paused, ""),
        (DueSpanKind::Working, ""),
    ];
    assert_eq!(kinds, expected);
    assert!(told.spans.windows(2).all(|pair| pair[0].end_time == pair[1].start_time));
    // By the version that held then.
    let closed = dated("2025-12-26", "", "Boxing Day");
    let dated_hours = desk("berlin").dated_hours.into_iter().chain([closed]).collect();
    put(&admin, Calendar { dated_hours, ..desk("berlin") }, "").await.unwrap();
    let now = due(&admin, ExplainDueRequest { pauses: Vec::new(), ..request.clone() }).await.unwrap();
    assert_eq!((now.due_time, now.calendar_version), (at("2025-12-29T09:00:00Z"), 2));
    let then = due(&admin, ExplainDueRequest { version: 1, ..request.clone() }).await.unwrap();
    assert_eq!((then.due_time, then.calendar_version), (told.due_time, 1));
    // A pause that goes on, and pauses out of order.
    let open = vec![Pause { start_time: at("2025-12-24T10:30:00Z"), end_time: None }];
    let paused = due(&admin, ExplainDueRequest { pauses: open.clone(), ..request.clone() }).await.unwrap();
    assert_eq!((paused.due_time, paused.spans.last().unwrap().end_time), (None, None));
    for (pauses, field) in [
        ([open.clone(), open].concat(), "pauses[1].start_time"),
        (vec![Pause { start_time: at("2025-12-24T09:00:00Z"), end_time: None }], "pauses[0].start_time"),
        (
            vec![Pause { start_time: at("2025-12-24T11:00:00Z"), end_time: at("2025-12-24T10:59:00Z") }],
            "pauses[0].end_time",
        ),
    ] {
        let status = refused(due(&admin, ExplainDueRequest { pauses, ..request.clone() }).await);
        assert_eq!(crate::support::refusal::violations(&status)[0].0, field);
    }
    // As long as may be asked, in one minute a week: never within twenty years, and soon said.
    let rare = Calendar {
        monday: "09:00-09:01".to_owned(),
        tuesday: String::new(),
        wednesday: String::new(),
        thursday: String::new(),
        friday: String::new(),
        ..desk("rare")
    };
    put(&admin, rare, "").await.unwrap();
    let never = ExplainDueRequest {
        calendar_id: "rare".to_owned(),
        start_time: at("2025-01-01T00:00:00Z"),
        working: hours(8_784),
        ..Default::default()
    };
    assert_eq!(due(&admin, never).await.unwrap().due_time, None);
}

pub(crate) const ICS: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261001\r\nDTEND;VALUE=DATE:20261003\r\nSUMMARY:国庆节\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:19901225\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Christmas\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTART:20260704T090000Z\r\nSUMMARY:Parade\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

async fn holidays_come_from_files(server: Server) {
    let admin = server.admin();
    let preview = async |ics: &str, from: &str, to: &str| {
        let (ics, from_date, to_date) = (ics.to_owned(), from.to_owned(), to.to_owned());
        admin.calendars().preview_holidays(PreviewHolidaysRequest { ics, from_date, to_date }).await
    };
    let found = preview(ICS, "2026-01-01", "2026-12-31").await.unwrap().into_inner();
    let holidays: Vec<_> = found.holidays.iter().map(|one| (one.date.as_str(), one.name.as_str())).collect();
    assert_eq!(holidays, [("2026-10-01", "国庆节"), ("2026-10-02", "国庆节"), ("2026-12-25", "Christmas")]);
    assert_eq!((found.left_out[0].name.as_str(), found.left_out.len()), ("Parade", 1));
    let status = refused(preview("date,name\n", "2026-01-01", "2026-12-31").await);
    assert_eq!(crate::support::refusal::violations(&status)[0].0, "ics");
    for (from, to, field) in [
        ("2026-1-1", "2026-12-31", "from_date"),
        ("2026-12-31", "2026-01-01", "to_date"),
        ("2026-01-01", "2031-01-01", "to_date"),
    ] {
        let status = refused(preview(ICS, from, to).await);
        assert_eq!(crate::support::refusal::violations(&status)[0].0, field, "{from} {to}");
    }
}

async fn the_program_shows_and_puts_calendars(server: Server) {
    let server = server.with_organization().await;
    let directory = private_directory();
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[&["calendars"], arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: &std::process::Output| String::from_utf8(output.stdout.clone()).unwrap();
    let put = ["put", "berlin", "--zone", "Europe/Berlin", "--weekdays", WEEKDAYS, "--on", "2026-10-01=10:00-12:00"];
    assert!(text(&run(&put).await).contains("berlin, version 1, Europe/Berlin"));
    let ics = write(directory.path(), "holidays.ics", ICS);
    let holidays = ["holidays", "berlin", &ics, "--from", "2026-01-01", "--to", "2026-12-31"];
    let looked = run(&holidays).await;
    assert!(text(&looked).contains("keeps 10:00-12:00") && text(&looked).contains("国庆节"), "{looked:?}");
    let told = String::from_utf8_lossy(&looked.stderr).into_owned();
    assert!(told.contains("left out: Parade") && told.contains("--apply closes 2 date(s)"), "{told}");
    assert_eq!(server.number("SELECT CAST(max(version) AS bigint) FROM calendar_version").await, 1);
    run(&[&holidays[..], &["--apply"]].concat()).await;
    let shown = last_line(&run(&["show", "berlin", "--json"]).await);
    assert_eq!((&shown["version"], shown["dates"].as_array().unwrap().len()), (&2.into(), 3));
    assert_eq!(shown["week"]["monday"], WEEKDAYS);
    run(&["assign", "north", "berlin"]).await;
    let due = ["due", "1h", "--team", "north", "--from", "2026-10-01T09:30:00Z"];
    let told = text(&run(&due).await);
    assert!(told.starts_with("due Mon 2026-10-05 09:30 (Europe/Berlin), version 2 of berlin"), "{told}");
    let told = last_line(&run(&[&due[..], &["--json"]].concat()).await);
    assert_eq!(told["due"], "2026-10-05T07:30:00Z");
    assert!(text(&run(&["list"]).await).contains("berlin"));
}
