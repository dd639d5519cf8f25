//! The customer's voice: what is raised by department and topic, concerns from the first word to "mended" (L6).

use std::time::Duration;

use rapport::api::v1::{
    self, Attribution, Channel, Concern, ConcernEventKind as Kind, ConcernState as State, Department, Interaction,
    InteractionKind, NoticeKind, NoticeOutcome, OwnedCause, Role, SummarizeVoiceResponse, VoiceLine,
};
use tokio::time::timeout;
use tonic::{Code, Response, Status};

use crate::{
    cli::{last_line, rapport},
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both,
        refusal::{verdict, violations},
        refused,
        sample::participant,
    },
    surveys::{ago, awake, ended, ended_by, published, record, template},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        what_customers_raise_is_told_by_department_and_topic,
        a_change_is_told_against_the_period_before,
        what_rates_the_reader_or_accuses_somebody_is_left_out,
        examples_have_words_and_no_names,
        a_concern_goes_from_the_word_to_its_customers,
        what_is_not_acknowledged_or_mended_in_time_is_overdue_and_escalated,
        a_new_calendar_moves_what_is_due,
        a_department_is_spoken_for_by_its_supervisors_only,
        everything_wrong_with_departments_and_concerns_is_named,
        the_program_tells_departments,
    ]
}

const DAY: i64 = 86_400;

fn owned(cause: Attribution, topic: &str) -> OwnedCause {
    OwnedCause { cause: cause.into(), topic: topic.to_owned() }
}

pub(crate) fn department(id: &str, team_id: &str, owns: Vec<OwnedCause>) -> Department {
    Department {
        department_id: id.to_owned(),
        display_name: format!("{id} 部"),
        team_id: team_id.to_owned(),
        owns,
        ..Department::default()
    }
}

pub(crate) async fn set(caller: &Caller, department: Department) -> Result<Department, Status> {
    let request = v1::SetDepartmentRequest { request_id: request_id(), department: Some(department) };
    Ok(caller.voice().set_department(request).await?.into_inner().department.unwrap())
}

pub(crate) fn concern(department_id: &str, topic: &str) -> Concern {
    Concern {
        department_id: department_id.to_owned(),
        title: "登录页面打不开".to_owned(),
        topics: vec![topic.to_owned()],
        ..Concern::default()
    }
}

pub(crate) async fn raise(caller: &Caller, concern: Concern) -> Result<Concern, Status> {
    let request = v1::RaiseConcernRequest { request_id: request_id(), concern: Some(concern) };
    Ok(caller.voice().raise_concern(request).await?.into_inner().concern.unwrap())
}

fn within(seconds: i64) -> Option<prost_types::Timestamp> {
    ago(-seconds)
}

pub(crate) async fn acknowledge(caller: &Caller, id: &str, seconds: i64) -> Result<Concern, Status> {
    let request = v1::AcknowledgeConcernRequest {
        request_id: request_id(),
        concern_id: id.to_owned(),
        fix_time: within(seconds),
    };
    Ok(caller.voice().acknowledge_concern(request).await?.into_inner().concern.unwrap())
}

pub(crate) async fn move_fix(caller: &Caller, id: &str, seconds: i64) -> Result<Concern, Status> {
    let request = v1::MoveFixTimeRequest {
        request_id: request_id(),
        concern_id: id.to_owned(),
        fix_time: within(seconds),
        reason: "供应商延期".to_owned(),
    };
    Ok(caller.voice().move_fix_time(request).await?.into_inner().concern.unwrap())
}

pub(crate) async fn mend(caller: &Caller, id: &str) -> Result<Concern, Status> {
    let request = v1::MendConcernRequest { request_id: request_id(), concern_id: id.to_owned() };
    Ok(caller.voice().mend_concern(request).await?.into_inner().concern.unwrap())
}

pub(crate) async fn decline(caller: &Caller, id: &str) -> Result<Concern, Status> {
    let (concern_id, reason) = (id.to_owned(), "the law forbids it".to_owned());
    let request = v1::DeclineConcernRequest { request_id: request_id(), concern_id, reason };
    Ok(caller.voice().decline_concern(request).await?.into_inner().concern.unwrap())
}

pub(crate) async fn tell(caller: &Caller, id: &str) -> Result<Concern, Status> {
    let request = v1::TellConcernRequest {
        request_id: request_id(),
        concern_id: id.to_owned(),
        words: "登录问题已修复".to_owned(),
        per_minute: 0,
    };
    Ok(caller.voice().tell_concern(request).await?.into_inner().concern.unwrap())
}

async fn get(caller: &Caller, id: &str) -> Concern {
    let request = v1::GetConcernRequest { concern_id: id.to_owned() };
    caller.voice().get_concern(request).await.unwrap().into_inner().concern.unwrap()
}

async fn review(caller: &Caller, id: &str) -> v1::ReviewConcernResponse {
    let request = v1::ReviewConcernRequest { concern_id: id.to_owned() };
    caller.voice().review_concern(request).await.unwrap().into_inner()
}

async fn summary(caller: &Caller) -> SummarizeVoiceResponse {
    caller.voice().summarize_voice(v1::SummarizeVoiceRequest::default()).await.unwrap().into_inner()
}

/// A call about a topic, so many seconds ago.
fn call(staff_id: &str, customer_id: &str, topic: &str, seconds: i64) -> Interaction {
    let participants = vec![participant(staff_id)];
    Interaction { topic: topic.to_owned(), participants, ..ended(customer_id, seconds) }
}

/// A call that was rated for a cause.
async fn rated(server: &Server, one: Interaction, cause: Attribution, comment: &str) -> String {
    let id = record(server, one).await;
    let rating = v1::Rating {
        interaction_id: id.clone(),
        template_id: "voice-csat".to_owned(),
        score: 2,
        attribution: cause.into(),
        comment: comment.to_owned(),
        answered_time: ago(1),
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap();
    id
}

/// With departments: `it` owns the system, `app` what is about logging in, `legal` policies of it; nobody the rest.
async fn organised(server: Server) -> Server {
    let server = awake(server).await;
    published(&server, template("voice-csat")).await;
    let admin = server.admin();
    set(&admin, department("it", "north", vec![owned(Attribution::System, "")])).await.unwrap();
    set(&admin, department("app", "south", vec![owned(Attribution::Unspecified, "登录")])).await.unwrap();
    set(&admin, department("legal", "", vec![owned(Attribution::Policy, "登录")])).await.unwrap();
    server
}

fn line<'s>(found: &'s SummarizeVoiceResponse, department: &str, topic: &str) -> Option<&'s VoiceLine> {
    found.lines.iter().find(|line| line.department_id == department && line.topic == topic)
}

async fn what_customers_raise_is_told_by_department_and_topic(server: Server) {
    let server = organised(server).await;
    for (cause, topic, seconds) in [
        (Attribution::System, "登录", 600),
        (Attribution::Product, "登录", DAY),
        (Attribution::Product, "登录", 10 * DAY),
        (Attribution::Policy, "登录", 600),
        (Attribution::System, "Payment", 600),
        (Attribution::Logistics, "Payment", 600),
        // What is said of colleagues is none of theirs.
        (Attribution::Staff, "登录", 600),
        (Attribution::Unspecified, "Payment", 600),
    ] {
        rated(&server, call("nora", "carla", topic, seconds), cause, "").await;
    }
    let complaint =
        |topic: &str| Interaction { kind: InteractionKind::Complaint.into(), ..call("nora", "dora", topic, 600) };
    record(&server, complaint("登录")).await;
    record(&server, complaint("")).await;
    let raised = raise(&server.app(), concern("app", "登录")).await.unwrap();
    let found = summary(&server.admin()).await;
    let app = line(&found, "app", "登录").unwrap();
    assert_eq!((app.count, app.rating_count, app.complaint_count), (4, 3, 1));
    assert_eq!((app.rating_mean, &app.concern_ids), (None, &vec![raised.concern_id.clone()]));
    let causes: Vec<_> = app.causes.iter().map(|one| (one.cause(), one.count)).collect();
    assert_eq!(causes, [(Attribution::Product, 2), (Attribution::System, 1)]);
    // Parts of four days; ten days ago is the fifth of seven.
    assert_eq!((&app.trend, found.part.unwrap().seconds), (&vec![0, 0, 0, 0, 1, 0, 3], 4 * DAY));
    for (department, topic, count) in [("legal", "登录", 1), ("it", "Payment", 1), ("", "Payment", 1), ("", "", 1)] {
        let one = line(&found, department, topic).unwrap();
        assert_eq!((one.count, &one.concern_ids), (count, &vec![]), "{department} {topic}");
    }
    assert_eq!((found.line_count, found.lines[0].department_id.as_str()), (5, "app"));
    let of_it = v1::SummarizeVoiceRequest { department_id: "it".to_owned(), ..Default::default() };
    let of_it = server.app().voice().summarize_voice(of_it).await.unwrap().into_inner();
    assert_eq!(of_it.lines.iter().map(|line| line.topic.as_str()).collect::<Vec<_>>(), ["Payment"]);
}

async fn a_change_is_told_against_the_period_before(server: Server) {
    let server = organised(server).await;
    // Twice as many, of as many contacts.
    for (count, seconds) in [(8, 5 * DAY), (4, 40 * DAY)] {
        for _ in 0..count {
            rated(&server, call("nora", "carla", "登录", seconds), Attribution::Product, "").await;
        }
        for _ in count..10 {
            record(&server, call("nora", "dora", "Returns", seconds)).await;
        }
    }
    rated(&server, call("nora", "carla", "Payment", 600), Attribution::System, "").await;
    let found = summary(&server.admin()).await;
    assert_eq!((found.contact_count, found.contact_count_before), (11, 10));
    let app = line(&found, "app", "登录").unwrap();
    assert_eq!((app.count, app.count_before), (8, 4));
    let (change, low, high) = (app.change.unwrap(), app.change_low.unwrap(), app.change_high.unwrap());
    assert!((change - 2.0 * 10.0 / 11.0).abs() < 1e-9, "{change}");
    assert!(low < 1.0 && high > 4.0, "{low} {high}: four more are within chance");
    let new = line(&found, "it", "Payment").unwrap();
    assert_eq!((new.change, new.change_high), (None, None));
    assert!(new.change_low.is_some());
}

async fn what_rates_the_reader_or_accuses_somebody_is_left_out(server: Server) {
    let server = organised(server).await;
    rated(&server, call("nora", "carla", "登录", 600), Attribution::Product, "words about the product").await;
    let about = Interaction {
        kind: InteractionKind::Complaint.into(),
        about_staff_ids: vec!["nils".to_owned()],
        ..call("nora", "dora", "登录", 600)
    };
    record(&server, about).await;
    let raised = raise(&server.app(), concern("app", "登录")).await.unwrap();
    let app = server.app();
    assert_eq!(line(&summary(&app).await, "app", "登录").unwrap().count, 1);
    assert_eq!((review(&app, &raised.concern_id).await.count, summary(&app).await.contact_count), (1, 1));
    // To the one who was rated.
    let nora = server.caller(Role::Reviewer, "nora", &[]);
    assert_eq!(line(&summary(&nora).await, "app", "登录"), None);
    assert_eq!(review(&nora, &raised.concern_id).await.count, 0);
    let examples = v1::ListVoiceExamplesRequest {
        department_id: "app".to_owned(),
        topic: "登录".to_owned(),
        ..Default::default()
    };
    let read = async |caller: &Caller| {
        caller.voice().list_voice_examples(examples.clone()).await.unwrap().into_inner().examples.len()
    };
    assert_eq!((read(&app).await, read(&nora).await), (1, 0));
}

async fn examples_have_words_and_no_names(server: Server) {
    let server = organised(server).await;
    for (number, cause) in (1_i64..).zip([Attribution::Product, Attribution::Product, Attribution::Policy]) {
        rated(&server, call("nora", "carla", "登录", number * 600), cause, &format!("打不开 {number}")).await;
    }
    rated(&server, call("nora", "carla", "登录", 300), Attribution::Product, "").await;
    let complaint = Interaction {
        kind: InteractionKind::Complaint.into(),
        conclusion: "The page stays white".to_owned(),
        ..call("nora", "dora", "登录", 900)
    };
    record(&server, complaint).await;
    let request = v1::ListVoiceExamplesRequest {
        department_id: "app".to_owned(),
        topic: "登录".to_owned(),
        page_size: 2,
        ..Default::default()
    };
    let admin = server.admin();
    let first = admin.voice().list_voice_examples(request.clone()).await.unwrap().into_inner();
    let next = v1::ListVoiceExamplesRequest { page_token: first.next_page_token.clone(), ..request };
    let rest = admin.voice().list_voice_examples(next).await.unwrap().into_inner();
    let words: Vec<_> = first.examples.iter().chain(&rest.examples).map(|one| one.words.as_str()).collect();
    assert_eq!(words, ["打不开 1", "The page stays white", "打不开 2"]);
    let kinds: Vec<_> = first.examples.iter().map(|one| (one.cause(), one.level)).collect();
    assert_eq!(kinds, [(Attribution::Product, 2), (Attribution::Unspecified, 0)]);
    assert_eq!(rest.next_page_token, "");
    assert!(!format!("{first:?}{rest:?}").contains("carla"));
    let trace = v1::ListAuditEventsRequest { action: v1::AuditAction::RatingsRead.into(), ..Default::default() };
    let trace = admin.audit().list_audit_events(trace).await.unwrap().into_inner().audit_events;
    assert!(trace.iter().any(|one| one.object_id.contains("登录")), "{trace:?}");
}

async fn waiting(server: &Server, count: i64) {
    let done = async {
        while server.number("SELECT count(*) FROM notice WHERE state = 1").await != count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), done).await.unwrap();
}

async fn a_concern_goes_from_the_word_to_its_customers(server: Server) {
    let server = organised(server).await;
    rated(&server, call("nora", "carla", "登录", 4_000), Attribution::Product, "").await;
    rated(&server, call("nils", "carla", "登录", 4_200), Attribution::System, "").await;
    // Known by a number only; of another topic; of the colleague; longer ago than said.
    let by_number = Interaction { topic: "登录".to_owned(), ..ended_by("+8613800001111", 3_900) };
    rated(&server, by_number, Attribution::Product, "").await;
    rated(&server, call("nora", "dmitri", "Payment", 600), Attribution::Product, "").await;
    rated(&server, call("nora", "dmitri", "登录", 600), Attribution::Staff, "").await;
    rated(&server, call("nora", "dmitri", "登录", 40 * DAY), Attribution::Product, "").await;
    let complaint = Interaction { kind: InteractionKind::Complaint.into(), ..call("nora", "dora", "登录", 4_000) };
    record(&server, complaint).await;
    let (app, lead) = (server.app(), server.supervisor("lena", &["south"]));
    let raised = raise(&lead, Concern { since_time: ago(30 * DAY), ..concern("app", "登录") }).await.unwrap();
    let id = raised.concern_id.as_str();
    assert_eq!((raised.state(), raised.author.as_str(), raised.level), (State::Raised, "lena", 0));
    assert!(raised.acknowledge_due_time.is_some());
    assert_eq!(review(&app, id).await.count, 4);
    assert_eq!(refused(tell(&app, id).await).code(), Code::FailedPrecondition);
    let seen = acknowledge(&lead, id, 3 * DAY).await.unwrap();
    assert_eq!((seen.state(), seen.fix_times.len()), (State::Acknowledged, 1));
    let moved = move_fix(&lead, id, 5 * DAY).await.unwrap();
    let reasons: Vec<_> = moved.fix_times.iter().map(|fix| fix.reason.as_str()).collect();
    assert_eq!((reasons, moved.fix_times[1].author.as_str()), (vec!["", "供应商延期"], "lena"));
    assert_eq!(refused(tell(&app, id).await).code(), Code::FailedPrecondition);
    let mended = mend(&lead, id).await.unwrap();
    assert_eq!((mended.state(), mended.mended_notice.as_str()), (State::Mended, ""));
    assert_eq!(tell(&app, id).await.unwrap().mended_notice, "登录问题已修复");
    assert_eq!(verdict(&refused(tell(&app, id).await)).1, "CONCERN_SETTLED");
    waiting(&server, 3).await;
    let take = v1::TakeNoticesRequest { request_id: request_id(), channel: Channel::Sms.into(), count: 0 };
    let taken = app.incidents().take_notices(take).await.unwrap().into_inner().notices;
    let mut whom: Vec<_> = taken.iter().map(|one| one.customer_id.as_str()).collect();
    whom.sort_unstable();
    assert_eq!(whom, ["", "carla", "dora"]);
    for one in &taken {
        assert_eq!(
            (one.kind(), one.concern_id.as_str(), one.incident_id.as_str()),
            (NoticeKind::ConcernMended, id, "")
        );
        assert_eq!(one.words, "登录问题已修复");
        let report = v1::ReportNoticeRequest {
            request_id: request_id(),
            notice_id: one.notice_id.clone(),
            outcome: NoticeOutcome::Sent.into(),
        };
        let sent = app.incidents().report_notice(report).await.unwrap().into_inner().interaction_id;
        assert_eq!(app.get(&sent).await.unwrap().contact_purpose(), v1::ContactPurpose::ComplaintAnswer);
    }
    // Whether it helped: as if it had been mended before the last call.
    server.execute("UPDATE concern SET settled_at = settled_at - 2000000000").await;
    rated(&server, call("nora", "carla", "登录", 0), Attribution::Product, "").await;
    let came = review(&server.admin(), id).await;
    assert_eq!((came.count, came.count_since_mended, came.notices_sent_count), (4, 1, 3));
    assert_eq!(kinds(&server).await, [Kind::Raised, Kind::Acknowledged, Kind::FixTimeMoved, Kind::Mended, Kind::Told]);
}

/// What became of the concern that was raised first, as the log has it.
async fn kinds(server: &Server) -> Vec<Kind> {
    let mut found = Vec::new();
    for kind in 1..=9 {
        let of = format!(
            "SELECT coalesce(min(sequence), 0) FROM concern_event WHERE kind = {kind}
            AND concern_id = (SELECT concern_id FROM concern_event ORDER BY sequence LIMIT 1)"
        );
        let first = server.number(&of).await;
        if first > 0 {
            found.push((first, Kind::try_from(kind).unwrap()));
        }
    }
    found.sort_by_key(|(first, _)| *first);
    found.into_iter().map(|(_, kind)| kind).collect()
}

/// Lets so much time pass for concerns.
async fn let_pass(server: &Server, seconds: i64) {
    let micros = seconds * 1_000_000;
    for sql in [
        format!("UPDATE concern SET acknowledge_due_at = acknowledge_due_at - {micros}, fix_at = fix_at - {micros}"),
        format!("UPDATE timer SET due_at = due_at - {micros} WHERE kind = 6"),
    ] {
        server.execute(&sql).await;
    }
}

async fn until_level(server: &Server, id: &str, level: i32) -> Concern {
    let waiting = async {
        loop {
            let one = get(&server.app(), id).await;
            if one.level >= level {
                return one;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.unwrap()
}

async fn what_is_not_acknowledged_or_mended_in_time_is_overdue_and_escalated(server: Server) {
    let server = organised(server).await;
    let app = server.app();
    let id = raise(&app, concern("app", "登录")).await.unwrap().concern_id;
    let quiet = raise(&app, concern("legal", "登录")).await.unwrap().concern_id;
    acknowledge(&app, &quiet, 90 * DAY).await.unwrap();
    let overdue = async || {
        let request = v1::ListConcernsRequest { overdue_only: true, ..Default::default() };
        let found = server.staff("nora").voice().list_concerns(request).await.unwrap().into_inner().concerns;
        found.into_iter().map(|one| one.concern_id).collect::<Vec<_>>()
    };
    let standing = async || {
        let request = v1::SummarizeConcernsRequest::default();
        let found = server.staff("nora").voice().summarize_concerns(request).await.unwrap().into_inner().summaries;
        found.into_iter().find(|one| one.department_id == "app").unwrap()
    };
    assert_eq!(overdue().await, Vec::<String>::new());
    let_pass(&server, 17 * 3_600).await;
    until_level(&server, &id, 1).await;
    assert_eq!(overdue().await, vec![id.clone()]);
    assert_eq!((standing().await.silent_count, standing().await.acknowledged_count), (1, 0));
    let_pass(&server, 9 * 3_600).await;
    until_level(&server, &id, 2).await;
    // A late acknowledgement stays late; what is due next is the date.
    let seen = acknowledge(&app, &id, DAY).await.unwrap();
    assert_eq!(seen.level, 0);
    let now = standing().await;
    assert_eq!((now.silent_count, now.acknowledged_count, now.acknowledged_in_time_count), (0, 1, 0));
    assert_eq!(overdue().await, Vec::<String>::new());
    let_pass(&server, 2 * DAY).await;
    until_level(&server, &id, 1).await;
    assert_eq!((overdue().await, standing().await.fix_overdue_count), (vec![id.clone()], 1));
    // Another date is no excuse: the first one counts.
    assert_eq!(move_fix(&app, &id, DAY).await.unwrap().level, 0);
    let mended = mend(&app, &id).await.unwrap();
    assert_eq!(mended.state(), State::Mended);
    let sql = "SELECT count(*) FROM timer WHERE kind = 6";
    assert_eq!(server.number(sql).await, 1, "only the other one waits");
    let now = standing().await;
    assert_eq!((now.mended_count, now.moved_date_count, now.fix_overdue_count), (1, 1, 0));
    assert_eq!(
        kinds(&server).await,
        [Kind::Raised, Kind::Overdue, Kind::Escalated, Kind::Acknowledged, Kind::FixTimeMoved, Kind::Mended]
    );
}

async fn a_new_calendar_moves_what_is_due(server: Server) {
    let server = organised(server).await;
    let admin = server.admin();
    let one = raise(&server.app(), concern("app", "登录")).await.unwrap();
    let calendar = Some(crate::calendars::desk("office"));
    let put = v1::PutCalendarRequest { request_id: request_id(), calendar, etag: String::new() };
    admin.calendars().put_calendar(put).await.unwrap();
    let assign = v1::AssignCalendarRequest {
        request_id: request_id(),
        team_id: "south".to_owned(),
        calendar_id: "office".to_owned(),
    };
    admin.calendars().assign_calendar(assign).await.unwrap();
    let later = get(&server.app(), &one.concern_id).await;
    let seconds = |one: &Concern| one.acknowledge_due_time.unwrap().seconds;
    // Sixteen hours around the clock are at least two working days.
    assert!(seconds(&later) > seconds(&one) + 8 * 3_600, "{later:?}");
    assert_eq!(kinds(&server).await, [Kind::Raised, Kind::DueChanged]);
    let explain = v1::ExplainConcernRequest { concern_id: one.concern_id.clone() };
    let clock = admin.voice().explain_concern(explain).await.unwrap().into_inner().clock.unwrap();
    assert_eq!(clock.clock.unwrap().due_time, later.acknowledge_due_time);
    assert!(clock.spans.len() > 1);
}

async fn a_department_is_spoken_for_by_its_supervisors_only(server: Server) {
    let server = organised(server).await;
    let (app, north) = (server.app(), server.supervisor("petra", &["north"]));
    let id = raise(&app, concern("app", "登录")).await.unwrap().concern_id;
    let denied = (Code::PermissionDenied, "FIELD_NOT_YOURS".to_owned());
    assert_eq!(verdict(&refused(acknowledge(&north, &id, DAY).await)), denied);
    assert_eq!(verdict(&refused(mend(&north, &id).await)), denied);
    assert_eq!(verdict(&refused(decline(&north, &id).await)), denied);
    acknowledge(&app, &id, DAY).await.unwrap();
    assert_eq!(verdict(&refused(move_fix(&north, &id, DAY).await)), denied);
    // Nobody's supervisors speak for a department without a team.
    let other = raise(&app, concern("legal", "登录")).await.unwrap().concern_id;
    assert_eq!(verdict(&refused(mend(&server.supervisor("lena", &["south"]), &other).await)), denied);
    assert_eq!(decline(&server.admin(), &other).await.unwrap().decline_reason, "the law forbids it");
    // Those who mended it do not write to everybody who complained.
    mend(&server.supervisor("lena", &["south"]), &id).await.unwrap();
    assert_eq!(refused(tell(&server.supervisor("lena", &["south"]), &id).await).code(), Code::PermissionDenied);
}

async fn everything_wrong_with_departments_and_concerns_is_named(server: Server) {
    let server = organised(server).await;
    let (admin, app) = (server.admin(), server.app());
    let everything = || vec![owned(Attribution::Other, "")];
    for (wrong, field, reason) in [
        (department("x", "nowhere", everything()), "department.team_id", "UNKNOWN_TEAM"),
        (department("x", "", vec![owned(Attribution::Staff, "")]), "department.owns[0].cause", "CONTRADICTION"),
        (department("x", "", [everything(), everything()].concat()), "department.owns[1]", "CONTRADICTION"),
        (department("x", "", vec![owned(Attribution::System, "")]), "department.owns[0]", "ALREADY_OWNED"),
        (department("", "", vec![]), "department.department_id", "FIELD_REQUIRED"),
    ] {
        let found = violations(&refused(set(&admin, wrong).await));
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), (field, reason));
    }
    let listed = admin.voice().list_departments(v1::ListDepartmentsRequest::default()).await.unwrap().into_inner();
    let ids: Vec<_> = listed.departments.iter().map(|one| one.department_id.as_str()).collect();
    assert_eq!(ids, ["app", "it", "legal"]);
    for (wrong, field, reason) in [
        (Concern { topics: vec![], ..concern("app", "x") }, "concern.topics", "FIELD_REQUIRED"),
        (concern("nobody", "x"), "concern.department_id", "UNKNOWN_DEPARTMENT"),
        (concern("", "x"), "concern.department_id", "FIELD_REQUIRED"),
        // Two of them own a part.
        (concern("", "登录"), "concern.department_id", "FIELD_REQUIRED"),
        (Concern { since_time: ago(-60), ..concern("app", "x") }, "concern.since_time", "IMPOSSIBLE_INSTANTS"),
        (Concern { since_time: ago(367 * DAY), ..concern("app", "x") }, "concern.since_time", "IMPOSSIBLE_INSTANTS"),
        (
            Concern { causes: vec![Attribution::Staff.into()], ..concern("app", "x") },
            "concern.causes[0]",
            "CONTRADICTION",
        ),
    ] {
        let found = violations(&refused(raise(&app, wrong).await));
        assert_eq!((found[0].0.as_str(), found[0].1.as_str()), (field, reason));
    }
    assert_eq!(server.number("SELECT count(*) FROM concern").await, 0);
    let by_owner = Concern { causes: vec![Attribution::System.into()], topics: vec![], ..concern("", "x") };
    let one = raise(&app, by_owner).await.unwrap();
    assert_eq!(one.department_id, "it");
    let id = one.concern_id.as_str();
    assert_eq!(violations(&refused(acknowledge(&app, id, -60).await))[0].0, "fix_time");
    let settled = (Code::FailedPrecondition, "CONCERN_SETTLED".to_owned());
    assert_eq!(verdict(&refused(move_fix(&app, id, DAY).await)), settled);
    acknowledge(&app, id, DAY).await.unwrap();
    assert_eq!(verdict(&refused(acknowledge(&app, id, DAY).await)), settled);
    mend(&app, id).await.unwrap();
    assert_eq!(verdict(&refused(decline(&app, id).await)), settled);
    assert_eq!(verdict(&refused(mend(&app, id).await)), settled);
    let nobody = uuid::Uuid::new_v4().to_string();
    assert_eq!(refused(mend(&app, &nobody).await).code(), Code::NotFound);
    for (from, to, field) in [
        (ago(DAY), None, "to_time"),
        (None, ago(0), "from_time"),
        (ago(0), ago(DAY), "to_time"),
        (ago(400 * DAY), ago(0), "to_time"),
    ] {
        let request = v1::SummarizeVoiceRequest { from_time: from, to_time: to, ..Default::default() };
        let status = refused(admin.voice().summarize_voice(request).await.map(Response::into_inner));
        assert_eq!(violations(&status)[0].0, field);
    }
}

async fn the_program_tells_departments(server: Server) {
    let server = organised(server).await;
    rated(&server, call("nora", "carla", "登录", 600), Attribution::Product, "页面打不开").await;
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[&["voice"], arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let set = ["department", "store", "--name", "仓库", "--owns", "logistics", "--owns", "any:Delivery"];
    run(&set).await;
    assert!(text(run(&["departments"]).await).contains("any:Delivery"));
    assert!(text(run(&["summary"]).await).contains("登录"));
    assert_eq!(last_line(&run(&["summary", "--json"]).await)["department"], "app");
    assert!(text(run(&["examples", "登录", "--department", "app"]).await).contains("product: 页面打不开"));
    let raised =
        last_line(&run(&["raise", "登录页面打不开", "--topic", "登录", "--department", "app", "--json"]).await);
    let id = raised["id"].as_str().unwrap();
    run(&["acknowledge", id, "--by", "2099-01-01T00:00:00Z"]).await;
    run(&["move", id, "供应商延期", "--by", "2099-02-01T00:00:00Z"]).await;
    assert!(text(run(&["concerns"]).await).contains("acknowledged"));
    run(&["mend", id]).await;
    run(&["tell", id, "已修复", "--per-minute", "60"]).await;
    let shown = text(run(&["show", id]).await);
    assert!(shown.contains("供应商延期") && shown.contains("customers read: 已修复"), "{shown}");
    assert_eq!(last_line(&run(&["review", id, "--json"]).await)["count"], 1);
    assert!(text(run(&["review", id]).await).contains("since it was mended"));
    assert!(text(run(&["kept"]).await).contains("1 (1 in time)"));
    assert_eq!(last_line(&run(&["kept", "--json"]).await)["mended"], 1);
}
