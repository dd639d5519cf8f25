//! Somebody who is rated, in whatever role, and wants to know who rated them how (R12).

use std::collections::{BTreeMap, BTreeSet};

use rapport::{
    api::v1::{self, Channel, DeliveryOutcome, Interaction, Rating, Role},
    clock::Clock,
};
use tonic::Code;

use crate::{
    results::{all_vote, close},
    support::{
        Backend, Caller, Server, Test,
        asking::{Known, Method, methods, with_token},
        client::request_id,
        competition::{Vote, dealt, enrol},
        differing_counters, on, on_both,
        refusal::verdict,
        refused,
        sample::{MONDAY_NINE, at, call, customer, participant},
    },
    surveys::{ended_by, issue, record, report},
};

const MATRIX: &str = include_str!("../oneself_matrix.txt");
const DAY: i64 = 86_400;
pub(super) const ROLES: [(&str, Role); 4] =
    [("staff", Role::Staff), ("supervisor", Role::Supervisor), ("reviewer", Role::Reviewer), ("admin", Role::Admin)];
/// Who rated nora, in the order of her scores 1 to 5.
const RATERS: [&str; 5] = ["carla", "dora", "dmitri", "erik", "fumiko"];

pub(super) fn tests() -> Vec<Test> {
    // Thousands of questions each, whose answers are made by the same code on both databases.
    let mut tests = on!(&[Backend::Sqlite];
        two_histories_that_differ_in_who_rated_what_read_the_same,
        a_complaint_and_what_comes_of_it_do_not_exist_to_the_accused,
        topics_join_no_list_with_the_view
    );
    tests.extend(on_both![
        figures_are_as_if_nobody_had_rated_the_reader,
        an_export_by_somebody_who_served_the_customer_is_refused,
        nobody_settles_a_reply_about_themselves,
    ]);
    tests
}

/// A server on which it is always the same time: what is told of preferences depends on how long ago things were.
pub(super) async fn at_one_time(server: Server) -> Server {
    let now = Clock::fixed(Clock::system().now_micros());
    Server::start_with(server.backend(), now, |_| {}).await.unwrap()
}

fn rating(interaction_id: &str, score: i32, seconds: i64) -> v1::SubmitRatingRequest {
    let rating = Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "csat".to_owned(),
        score,
        comment: format!("words that go with {score}"),
        answered_time: at(seconds + 600),
        ..Default::default()
    };
    v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) }
}

async fn submit(server: &Server, interaction_id: &str, score: i32, seconds: i64) -> String {
    let request = rating(interaction_id, score, seconds);
    server.app().ratings().submit_rating(request).await.unwrap().into_inner().rating_id
}

/// On the `day`th day; each has a topic and a channel of its own.
async fn served(server: &Server, staff_id: &str, customer_id: &str, day: i64) -> String {
    let channels = [Channel::InboundCall, Channel::Email, Channel::OnlineChat, Channel::Visit, Channel::Sms];
    let begin = day * DAY;
    let interaction = Interaction {
        channel: channels[usize::try_from(day).unwrap() % channels.len()].into(),
        direction: v1::Direction::Inbound.into(),
        topic: format!("topic of day {day}"),
        requested_time: at(begin),
        connected_time: at(begin + 30),
        ended_time: at(begin + 300),
        ..call(staff_id, customer_id)
    };
    record(server, interaction).await
}

/// Lets what is rated count as received a day ago.
async fn a_day_passes(server: &Server) {
    server.execute(&format!("UPDATE rating SET received_at = received_at - {}", DAY * 1_000_000)).await;
}

/// Five customers rate nora, on five days; nils and sam are rated too. Two more of nora's customers are invited, of whom one
/// answers by message; one of her ratings is contested, one assessed, one passed on as praise.
pub(super) async fn history(server: &Server) -> Known {
    for id in ["erik", "fumiko"] {
        server.app().upsert_customer(customer(id)).await.unwrap();
    }
    for pair in [["gerda", "gerda-2"], ["hugo", "hugo-2"]] {
        for id in pair {
            server.app().upsert_customer(customer(id)).await.unwrap();
        }
        let merge = v1::MergeCustomersRequest {
            request_id: request_id(),
            kept_customer_id: pair[0].to_owned(),
            absorbed_customer_id: pair[1].to_owned(),
            reason: "one person".to_owned(),
        };
        server.admin().identity().merge_customers(merge).await.unwrap();
    }
    for id in ["berlin", "wien"] {
        let calendar = Some(crate::calendars::desk(id));
        let put = v1::PutCalendarRequest { request_id: request_id(), calendar, etag: String::new() };
        server.admin().calendars().put_calendar(put).await.unwrap();
    }
    let mut commitments = Vec::new();
    for owner in ["nora", "nora", "nils", "sam"] {
        let made = crate::commitments::make(&server.app(), crate::commitments::promise(owner, "carla")).await.unwrap();
        commitments.push(made.commitment_id);
    }
    let mut grants = Vec::new();
    for (owner, team_id) in [("nora", "north"), ("nils", "north"), ("sam", "south")] {
        use crate::discretion as sample;
        sample::set(&server.admin(), sample::team_budget(team_id, "tea", 9, 3)).await.unwrap();
        let interaction = sample::served(server, owner, "dora").await;
        grants.push(sample::give(&server.app(), sample::gift(&interaction, owner, "tea", 1)).await.unwrap().grant_id);
    }
    let mut incidents = Vec::new();
    for topic in ["topic of day 2", "Outage"] {
        incidents.push(crate::incidents::declare(server, &[topic]).await.incident_id);
    }
    for id in ["it", "store"] {
        crate::voice::set(&server.admin(), crate::voice::department(id, "north", vec![])).await.unwrap();
    }
    let mut concerns = Vec::new();
    for topic in ["topic of day 2", "Delivery"] {
        let raised = crate::voice::raise(&server.app(), crate::voice::concern("it", topic)).await.unwrap();
        concerns.push(raised.concern_id);
    }
    for _ in 0..2 {
        let stages = vec![crate::journeys::by_topic("days", "topic of day"), crate::journeys::by_topic("rude", "Rude")];
        crate::journeys::declare(&server.admin(), stages).await.unwrap();
    }
    let mut follow_ups = Vec::new();
    for (accused, staff_id) in [("nils", "nora"), ("nils", "nora"), ("nora", "nils"), ("nora", "nils")] {
        let interaction_id = record(server, call(staff_id, "dora")).await;
        let about_staff_ids = vec![accused.to_owned()];
        let opening = v1::OpenFollowUpRequest { about_staff_ids, ..crate::follow_ups::opening(&interaction_id) };
        let follow_up_id = crate::follow_ups::open(&server.app(), opening).await.unwrap().follow_up_id;
        let release = v1::ReleaseStatementRequest {
            request_id: request_id(),
            follow_up_id: follow_up_id.clone(),
            staff_id: accused.to_owned(),
            words: "Somebody says that you hung up.".to_owned(),
        };
        server.admin().follow_ups().release_statement(release).await.unwrap();
        follow_ups.push(follow_up_id);
    }
    let mut callbacks = Vec::new();
    for (number, (team, customer_id)) in
        [("north", "carla"), ("north", "dora"), ("south", "carla"), ("south", "dmitri")].into_iter().enumerate()
    {
        let number = format!("+861381234567{number}");
        let told = v1::Callback { customer_id: customer_id.to_owned(), ..crate::callbacks::wanted(team, &number) };
        callbacks.push(crate::callbacks::request(&server.app(), told).await.unwrap().callback_id);
    }
    for (team, people) in [("north", ["nora", "nils"]), ("south", ["sam", "sam"])] {
        crate::callbacks::set_desk(&server.admin(), team, 3).await.unwrap();
        for id in people {
            crate::callbacks::on_duty(&server.app(), id, 1).await;
        }
    }
    let (mut interactions, mut ratings) = (Vec::new(), Vec::new());
    for (score, (day, rater)) in (1..).zip((0..).zip(RATERS)) {
        let id = served(server, "nora", rater, day).await;
        ratings.push(submit(server, &id, score, day * DAY).await);
        interactions.push(id);
    }
    for (staff_id, score) in [("nils", 4), ("sam", 2), ("petra", 5), ("nils", 3), ("sam", 5)] {
        let id = served(server, staff_id, "carla", i64::from(score)).await;
        ratings.push(submit(server, &id, score, i64::from(score) * DAY).await);
        interactions.push(id);
    }
    let rita = server.caller(Role::Reviewer, "rita", &[]);
    for interaction in [&interactions[0], &interactions[4], &interactions[5], &interactions[6]] {
        let assess = v1::AssessInteractionRequest {
            request_id: request_id(),
            interaction_id: interaction.clone(),
            overall: 3,
            note: "Did not ask for the order.".to_owned(),
            ..Default::default()
        };
        rita.quality().assess_interaction(assess).await.unwrap();
    }
    for rating in [&ratings[4], &ratings[7], &ratings[9]] {
        let text = "words that go with 5".to_owned();
        let share = v1::SharePraiseRequest { request_id: request_id(), rating_id: rating.clone(), text };
        rita.quality().share_praise(share).await.unwrap();
    }
    for (rating, supervisor, team) in [(&ratings[1], "petra", "north"), (&ratings[6], "lena", "south")] {
        let contest = v1::ContestRatingRequest {
            request_id: request_id(),
            rating_id: rating.clone(),
            grounds: v1::ContestGrounds::Other.into(),
            evidence: "The recording says more.".to_owned(),
            ..Default::default()
        };
        server.supervisor(supervisor, &[team]).contests().contest_rating(contest).await.unwrap();
        // Leaves its trace.
        let get = v1::GetRatingRequest { rating_id: rating.clone() };
        rita.ratings().get_rating(get).await.unwrap();
    }
    let mut invitations = Vec::new();
    for number in ["+8611", "+8612"] {
        let sent = issue(server, &record(server, ended_by(number, 60)).await).await.unwrap();
        let id = sent.invitation.unwrap().invitation_id;
        report(server, &id, DeliveryOutcome::Delivered, None).await.unwrap();
        invitations.push(id);
    }
    let reply = v1::ReceiveReplyRequest {
        request_id: request_id(),
        invitation_id: invitations[0].clone(),
        text: "well, perhaps".to_owned(),
        reply_time: crate::surveys::ago(5),
        ..Default::default()
    };
    server.app().surveys().receive_reply(reply).await.unwrap();
    let trials = tried(server).await;
    a_day_passes(server).await;
    let texts = BTreeMap::from([
        ("staff_id", vec!["nora".to_owned(), "nils".to_owned()]),
        ("team_id", vec!["north".to_owned(), "south".to_owned()]),
        ("customer_id", RATERS.map(str::to_owned).to_vec()),
        ("interaction_id", interactions.clone()),
        ("rating_id", ratings.clone()),
        ("object_id", [ratings.clone(), vec!["carla".to_owned()]].concat()),
        ("actor", vec!["rita".to_owned(), "petra".to_owned()]),
        ("invitation_id", invitations),
        ("template_id", vec!["csat".to_owned()]),
        ("key", ["nora", "north", "nils", "topic of day 2", "email"].map(str::to_owned).to_vec()),
        ("time_zone", vec!["UTC".to_owned()]),
        ("calendar_id", vec!["berlin".to_owned()]),
        ("commitment_id", commitments),
        ("grant_id", grants),
        ("follow_up_id", follow_ups),
        ("incident_id", incidents),
        ("concern_id", concerns),
        ("department_id", vec!["it".to_owned()]),
        ("callback_id", callbacks),
        ("trial_id", trials),
    ]);
    let begun = jiff::Timestamp::from_second(crate::surveys::ago(3_600).unwrap().seconds).unwrap().to_string();
    let months = serde_json::json!({ "fromMonth": "2025-01", "toMonth": "2025-12" });
    let requests = BTreeMap::from([
        ("DiscretionService/EstimateGrantEffect", months),
        (
            "IncidentService/PreviewIncident",
            serde_json::json!({ "rule": { "fromTime": begun, "topics": ["topic of day 2"] } }),
        ),
        (
            "JourneyService/SummarizeJourney",
            serde_json::json!({
                "fromTime": "2025-03-01T00:00:00Z",
                "toTime": "2025-04-01T00:00:00Z",
                "segmentBy": "JOURNEY_SEGMENTING_TOPIC",
            }),
        ),
        (
            "CalendarService/PreviewHolidays",
            serde_json::json!({ "ics": crate::calendars::ICS, "fromDate": "2026-01-01", "toDate": "2026-12-31" }),
        ),
        (
            "CalendarService/ExplainDue",
            serde_json::json!({ "calendarId": "berlin", "startTime": "2025-03-03T08:00:00Z", "working": "7200s" }),
        ),
    ]);
    let day = |at: i64| jiff::Timestamp::from_second(MONDAY_NINE + at * DAY).unwrap().strftime("%Y-%m-%d").to_string();
    let spans = [0, 3].map(|day| (MONDAY_NINE + day * DAY - 3_600, MONDAY_NINE + day * DAY + 3_600)).to_vec();
    Known { texts, days: [0, 3].map(day).to_vec(), spans, requests }
}

/// A trial that runs, in which all who rate nora have one plan and five others the other, and one that is over: both as if they had
/// begun before anybody rated.
async fn tried(server: &Server) -> Vec<String> {
    use crate::trials as sample;
    let others = ["gerda", "hugo", "ines", "jan", "kira"];
    for id in &others[2..] {
        server.app().upsert_customer(customer(id)).await.unwrap();
    }
    let mut trials = Vec::new();
    for _ in 0..2 {
        let draft = sample::create(&server.admin(), sample::large_classes(&["north"])).await.unwrap();
        let started = sample::start(&server.admin(), &draft).await.unwrap();
        for id in RATERS.into_iter().chain(others) {
            sample::assign(&server.app(), &started.trial_id, sample::of_customer(id)).await.unwrap();
        }
        trials.push(started.trial_id);
    }
    sample::stop(&server.admin(), &trials[1]).await.unwrap();
    for sql in [
        "UPDATE trial_unit SET from_at = 0, arm = 1",
        "UPDATE trial_unit SET arm = 2 WHERE customer_id IN ('gerda', 'hugo', 'ines', 'jan', 'kira')",
    ] {
        server.execute(sql).await;
    }
    trials
}

/// So much more that every list has two of each: another block of nora's ratings, invitations, replies, wishes and breaches, what is
/// exempt and what is contradicted, and rated interactions that somebody would move to nora.
pub(super) async fn continued(server: &Server, known: &mut Known) {
    for (score, (day, rater)) in (1..).zip((0..).zip(RATERS)) {
        let id = served(server, "nora", rater, day).await;
        submit(server, &id, score, day * DAY + 1).await;
    }
    for number in ["+8613", "+8614"] {
        for staff_id in ["nils", "sam"] {
            let interaction = Interaction { participants: vec![participant(staff_id)], ..ended_by(number, 60) };
            record(server, interaction).await;
        }
        let sent = issue(server, &record(server, ended_by(&format!("{number}0"), 60)).await).await.unwrap();
        let reply = v1::ReceiveReplyRequest {
            request_id: request_id(),
            invitation_id: sent.invitation.unwrap().invitation_id,
            text: "well, perhaps".to_owned(),
            reply_time: crate::surveys::ago(1),
            ..Default::default()
        };
        server.app().surveys().receive_reply(reply).await.unwrap();
        let draft = crate::surveys::template(&format!("more-{}", &number[1..]));
        crate::surveys::published(server, draft).await;
        let wish = v1::SetDoNotContactRequest {
            request_id: request_id(),
            customer_id: "carla".to_owned(),
            purposes: vec![v1::ContactPurpose::Campaign.into()],
            reason: "she said so".to_owned(),
            ..Default::default()
        };
        server.app().contacts().set_do_not_contact(wish).await.unwrap();
        let against_it = Interaction {
            channel: Channel::OutboundCall.into(),
            contact_purpose: v1::ContactPurpose::Campaign.into(),
            requested_time: crate::surveys::ago(-30),
            connected_time: None,
            ended_time: None,
            ..call("nils", "carla")
        };
        record(server, against_it).await;
        // What nobody owns, of no topic.
        let complaint = Interaction {
            kind: v1::InteractionKind::Complaint.into(),
            topic: String::new(),
            conclusion: "The page stays white".to_owned(),
            ..call("nils", "dora")
        };
        record(server, complaint).await;
    }
    let texts = |name: &str| known.texts[name].clone();
    let (interactions, ratings) = (texts("interaction_id"), texts("rating_id"));
    for rating in [&ratings[5], &ratings[8], &ratings[9]] {
        let contest = v1::ContestRatingRequest {
            request_id: request_id(),
            rating_id: rating.clone(),
            grounds: v1::ContestGrounds::Other.into(),
            evidence: "The recording says more.".to_owned(),
            ..Default::default()
        };
        let lena = server.supervisor("lena", &["north", "south"]);
        let opened = lena.contests().contest_rating(contest).await.unwrap().into_inner().contest.unwrap();
        for judge in ["rolf", "ruth"] {
            let decide = v1::DecideContestRequest {
                request_id: request_id(),
                contest_id: opened.contest_id.clone(),
                verdict: v1::ContestVerdict::Granted.into(),
                reason: "so it is".to_owned(),
            };
            // Where one was enough, the second comes too late.
            drop(server.caller(Role::Reviewer, judge, &[]).contests().decide_contest(decide).await);
        }
    }
    let rita = server.caller(Role::Reviewer, "rita", &[]);
    for (interaction, overall) in [(&interactions[7], 1), (&interactions[9], 1), (&interactions[6], 5)] {
        let assess = v1::AssessInteractionRequest {
            request_id: request_id(),
            interaction_id: interaction.clone(),
            overall,
            note: "As the recording has it.".to_owned(),
            ..Default::default()
        };
        rita.quality().assess_interaction(assess).await.unwrap();
    }
    for interaction in [&interactions[5], &interactions[8]] {
        let request = v1::ReattributeInteractionRequest {
            request_id: request_id(),
            interaction_id: interaction.clone(),
            participants: vec![v1::Participant { involvement: v1::Involvement::Primary.into(), ..participant("nora") }],
            reason: "it was booked on the wrong colleague".to_owned(),
            ..Default::default()
        };
        server.admin().interactions().reattribute_interaction(request).await.unwrap();
    }
    a_day_passes(server).await;
    let criteria =
        [{ serde_json::json!({"dimension": "PREFERENCE_DIMENSION_CHANNEL", "values": CHANNELS, "minShare": 0.01}) }];
    known
        .requests
        .insert("PreferenceService/FindCustomers", serde_json::json!({ "criteria": criteria, "pageSize": 1 }));
}

const CHANNELS: [&str; 5] = ["inbound_call", "email", "online_chat", "visit", "sms"];

/// Two competitions with a result, in which teams t0 to t5 judged one another; with what asks for them.
pub(super) async fn compete(server: &Server, known: &mut Known) {
    enrol(server, &[3; 6]).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        // By a clock that stands still, as well.
        let vote = Vote::announce_at(server, Clock::system().now_micros() - 600_000_000, 6, dealt()).await;
        vote.open(server).await.unwrap();
        all_vote(server, &vote, 6, 3).await;
        close(server, &vote).await.unwrap();
        known.texts.entry("entry_id").or_default().extend(vote.entries.into_values());
        ids.push(vote.id);
    }
    known.texts.insert("competition_id", ids);
    known.texts.entry("team_id").or_default().push("t1".to_owned());
}

/// As if the customers had rated nora the other way round: who gave 1 gave 5, and so on. The one who answered the invitation did
/// not, and the other one did.
async fn exchange(server: &Server) {
    for sql in [
        "UPDATE rating SET level = 6 - level, score = 6 - score, comment = 'other words', answered_at = answered_at - 1000000
            WHERE rated_staff_id = 'nora'",
        "UPDATE survey_reply SET text = 'other words', replied_at = replied_at - 1000000
            WHERE invitation_id IN (SELECT id FROM survey_invitation WHERE staff_id = 'nora')",
        "UPDATE survey_invitation SET state = CASE state WHEN 2 THEN 3 ELSE 2 END WHERE staff_id = 'nora'",
        // Exempted at another time.
        "UPDATE contest SET contested_at = contested_at - 1000000, evidence = 'other words'
            WHERE rating_id IN (SELECT id FROM rating WHERE rated_staff_id = 'nora')",
    ] {
        server.execute(sql).await;
    }
    let url = server.database_url();
    let mut arguments = vec!["recompute", "--data-dir", server.data_dir().to_str().unwrap()];
    if let Some(url) = &url {
        arguments.extend(["--database-url", url]);
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(differing_counters(server).await, 0);
}

type Told = BTreeMap<(String, String), Result<Vec<u8>, String>>;

/// What a caller is told by a method, whatever they ask.
async fn everything(caller: &Caller, method: &Method, known: &Known) -> Told {
    let mut told = Told::new();
    for request in method.requests(known) {
        let mut next = Some(request.clone());
        let mut page = 0;
        while let Some(request) = next.take() {
            let answer = method.ask(caller, &request).await;
            if page < 2
                && method.token_field().is_some_and(|field| field.name() == "page_token")
                && let Some(token) = answer.as_ref().ok().and_then(|bytes| method.token_in(bytes))
            {
                next = Some(with_token(&request, method, &token));
            }
            let asked = format!("{} page {page}", serde_json::to_string(&request).unwrap());
            let answer = answer.map_err(|status| format!("{:?} {}", status.code(), status.message()));
            told.insert((method.name(), asked), answer);
            page += 1;
        }
    }
    told
}

pub(super) fn caller(server: &Server, role: Role, subject: &str) -> Caller {
    server.caller(role, subject, if role == Role::Supervisor { &["north"] } else { &[] })
}

/// What is counted of the whole server, which every call changes, those of this test too: nothing in it is of a method or of somebody
/// (`operations::it_says_nothing_of_methods`).
fn is_of_the_server(method: &Method) -> bool {
    method.name() == "OperationsService/GetServerStatus"
}

/// Everything that nora is told, by role and method. What her asking leaves in the audit trail is taken away again.
async fn all_told(server: &Server, known: &Known) -> BTreeMap<(&'static str, String), Told> {
    server.execute("CREATE TABLE IF NOT EXISTS kept_events AS SELECT id FROM audit_event").await;
    let mut found = BTreeMap::new();
    for (name, role) in ROLES {
        for method in methods().into_iter().filter(|method| !method.writes() && method.is_granted(role)) {
            if is_of_the_server(&method) {
                continue;
            }
            let told = everything(&caller(server, role, "nora"), &method, known).await;
            server.execute("DELETE FROM audit_event WHERE id NOT IN (SELECT id FROM kept_events)").await;
            found.insert((name, method.name()), told);
        }
    }
    found
}

/// A complaint about nora, a follow-up of it that somebody works on, one by hand that names her, and a commitment and a callback to the customer. Gives
/// the ids by which one could ask for them.
pub(super) async fn accused(server: &Server, known: &mut Known) {
    use crate::follow_ups as sample;
    let told = Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        about_staff_ids: vec!["nora".to_owned()],
        case_id: "K-77".to_owned(),
        topic: "Rude".to_owned(),
        ..ended_by_customer("nils", "carla")
    };
    let complaint = record(server, told).await;
    let app = server.app();
    let other = record(server, ended_by_customer("nils", "dora")).await;
    let about_staff_ids = vec!["nora".to_owned()];
    let by_hand = v1::OpenFollowUpRequest { about_staff_ids, ..sample::opening(&other) };
    let by_hand = sample::open(&app, by_hand).await.unwrap().follow_up_id;
    let of_complaint = v1::ListFollowUpsRequest { interaction_id: complaint.clone(), ..Default::default() };
    let found = app.follow_ups().list_follow_ups(of_complaint).await.unwrap().into_inner().follow_ups;
    let [follow_up] = found.try_into().unwrap();
    let nils = server.staff("nils");
    let held = sample::claim(&nils, &follow_up.follow_up_id).await.unwrap().unwrap();
    sample::answer(&nils, &held, 1).await.unwrap();
    sample::reopen(&app, &follow_up.follow_up_id).await.unwrap();
    let promise = v1::Commitment { interaction_id: complaint.clone(), ..crate::commitments::promise("nils", "carla") };
    let commitment = crate::commitments::make(&app, promise).await.unwrap().commitment_id;
    let wanted = v1::Callback {
        interaction_id: complaint.clone(),
        customer_id: "carla".to_owned(),
        ..crate::callbacks::wanted("north", "+8613812349999")
    };
    let callback = crate::callbacks::request(&app, wanted).await.unwrap().callback_id;
    let gift = crate::discretion::gift(&complaint, "nils", "tea", 2);
    let grant = crate::discretion::give(&app, gift).await.unwrap().grant_id;
    let incident = crate::incidents::declare(server, &["Rude"]).await.incident_id;
    let seconds = crate::surveys::ago(3_600).unwrap().seconds;
    let from = jiff::Timestamp::from_second(seconds).unwrap().to_string();
    let rule = serde_json::json!({ "rule": { "fromTime": from, "topics": ["Rude"] } });
    known.requests.insert("IncidentService/PreviewIncident", rule);
    let mut more = |name: &str, id: String| known.texts.entry(name.to_owned().leak()).or_default().push(id);
    more("interaction_id", complaint);
    more("follow_up_id", follow_up.follow_up_id);
    more("follow_up_id", by_hand);
    more("commitment_id", commitment);
    more("callback_id", callback);
    more("grant_id", grant);
    more("incident_id", incident);
    more("case_id", "K-77".to_owned());
    more("topic", "Rude".to_owned());
}

fn ended_by_customer(staff_id: &str, customer_id: &str) -> Interaction {
    Interaction { participants: vec![participant(staff_id)], ..crate::surveys::ended(customer_id, 600) }
}

/// As if nobody had complained: what `accused` has written is gone.
pub(super) async fn unsay(server: &Server, known: &Known) {
    let quoted = |name: &str, count: usize| {
        let ids = known.texts[name].iter().rev().take(count);
        ids.map(|id| format!("unhex('{}')", id.replace('-', ""))).collect::<Vec<_>>().join(", ")
    };
    let (complaint, follow_ups, commitment, callback) =
        (quoted("interaction_id", 1), quoted("follow_up_id", 2), quoted("commitment_id", 1), quoted("callback_id", 1));
    for sql in [
        format!("DELETE FROM follow_up_event WHERE follow_up_id IN ({follow_ups})"),
        format!("DELETE FROM follow_up_point WHERE follow_up_id IN ({follow_ups})"),
        format!("DELETE FROM follow_up_about WHERE follow_up_id IN ({follow_ups})"),
        format!("DELETE FROM clock WHERE subject_id IN ({follow_ups})"),
        format!("DELETE FROM clock_stretch WHERE subject_id IN ({follow_ups})"),
        format!("DELETE FROM timer WHERE subject_id IN ({follow_ups}, {commitment})"),
        format!("DELETE FROM follow_up WHERE id IN ({follow_ups})"),
        format!("DELETE FROM timer WHERE subject_id IN ({callback})"),
        format!("DELETE FROM callback_event WHERE callback_id IN ({callback})"),
        format!("DELETE FROM callback WHERE id IN ({callback})"),
        format!("DELETE FROM discretion_grant WHERE interaction_id IN ({complaint})"),
        format!("DELETE FROM commitment_event WHERE commitment_id IN ({commitment})"),
        format!("DELETE FROM commitment WHERE id IN ({commitment})"),
        format!("DELETE FROM interaction_about WHERE interaction_id IN ({complaint})"),
        format!("DELETE FROM interaction_participant WHERE interaction_id IN ({complaint})"),
        format!("DELETE FROM interaction_change WHERE interaction_id IN ({complaint})"),
        format!("DELETE FROM interaction WHERE id IN ({complaint})"),
    ] {
        server.execute(&sql).await;
    }
}

async fn a_complaint_and_what_comes_of_it_do_not_exist_to_the_accused(server: Server) {
    let server = crate::surveys::awake(at_one_time(server).await).await;
    let mut known = history(&server).await;
    for ids in known.texts.values_mut().filter(|ids| ids.len() > 3) {
        ids.truncate(3);
    }
    accused(&server, &mut known).await;
    // Others are told of it, so that there is something to hide.
    let get = v1::GetFollowUpRequest { follow_up_id: known.texts["follow_up_id"].last().unwrap().clone() };
    let others = server.admin();
    others.follow_ups().get_follow_up(get.clone()).await.unwrap();
    let with = all_told(&server, &known).await;
    unsay(&server, &known).await;
    assert_eq!(refused(others.follow_ups().get_follow_up(get).await).code(), Code::NotFound);
    let without = all_told(&server, &known).await;
    let mut differing = Vec::new();
    let mut count = 0;
    for ((role, method), told) in &with {
        for (asked, answer) in told {
            count += 1;
            if without[&(*role, method.clone())].get(asked) != Some(answer) {
                differing.push(format!("{role}: {asked:?}"));
            }
        }
    }
    assert!(count > 1_000, "{count}");
    assert!(differing.is_empty(), "{} of {count} answers differ:\n{}", differing.len(), differing.join("\n"));
}

async fn two_histories_that_differ_in_who_rated_what_read_the_same(server: Server) {
    let server = crate::surveys::awake(at_one_time(server).await).await;
    let mut known = history(&server).await;
    continued(&server, &mut known).await;
    compete(&server, &mut known).await;
    // Some of each kind: nora's own and others'.
    for ids in known.texts.values_mut().filter(|ids| ids.len() > 4) {
        *ids = ids.iter().step_by(ids.len().div_ceil(4)).cloned().collect();
    }
    // Blocks are released when they are asked for.
    server.staff("nora").contests().get_coaching_view(v1::GetCoachingViewRequest::default()).await.unwrap();
    let before = all_told(&server, &known).await;
    // The trail, too, would tell another story only about what was exchanged.
    exchange(&server).await;
    let after = all_told(&server, &known).await;
    let mut differing = Vec::new();
    for ((role, method), told) in &before {
        for (asked, answer) in told {
            if after[&(*role, method.clone())].get(asked) != Some(answer) {
                differing.push(format!("{role}: {asked:?}"));
            }
        }
    }
    assert!(differing.is_empty(), "{} answers differ:\n{}", differing.len(), differing.join("\n"));

    // Others are told the difference, so the two histories do differ.
    let app = server.app();
    let list = v1::ListRatingsRequest::default();
    let listed = app.ratings().list_ratings(list).await.unwrap().into_inner().ratings;
    let of_carla = listed.iter().find(|one| one.rated_staff_id == "nora" && one.topic == "topic of day 0").unwrap();
    assert_eq!(of_carla.level, 5);

    assert_eq!(matrix(&server, &known, &before).await, MATRIX, "who reads what about themselves has changed");
}

/// By method and role: `-` no grant; `same`: what others of the role are told; `without`: something else, which the test
/// above has shown not to depend on who rated them what; `refused`: nothing.
async fn matrix(server: &Server, known: &Known, told: &BTreeMap<(&'static str, String), Told>) -> String {
    let mut out = String::from(
        "# Who is told what about themselves: every method of the contract, asked by a rated person in every role, with every filter.\n\
         # Written by tests/it/attacks/oneself.rs, which compares two histories that differ in who rated what: a line that\n\
         # changes, or a method that is added, fails there until this file is what the test says.\n#\n\
         # -        not granted to the role\n\
         # write    changes something, and tells what it changed\n\
         # server   counts of the whole server, which every call changes\n\
         # refused  answers nothing to anybody of the role here\n\
         # same     what anybody else of the role is told\n\
         # without  otherwise than others of the role: their own ratings are left out, or only their own is shown\n",
    );
    out += &format!("\n{:<45} {:<10} {:<10} {:<10} admin\n", "# method", "staff", "supervisor", "reviewer");
    for method in methods() {
        let mut cells = Vec::new();
        for (name, role) in ROLES {
            if !method.is_granted(role) {
                cells.push("-");
            } else if method.writes() {
                cells.push("write");
            } else if is_of_the_server(&method) {
                cells.push("server");
            } else {
                let own = &told[&(name, method.name())];
                server.execute("DELETE FROM audit_event WHERE id NOT IN (SELECT id FROM kept_events)").await;
                let other = everything(&caller(server, role, "olga"), &method, known).await;
                let answers = |told: &Told| told.values().filter(|one| one.is_ok()).count();
                cells.push(if answers(own) == 0 && answers(&other) == 0 {
                    "refused"
                } else if shapes(own) == shapes(&other) {
                    "same"
                } else {
                    "without"
                });
            }
        }
        out +=
            format!("{:<45} {:<10} {:<10} {:<10} {}", method.name(), cells[0], cells[1], cells[2], cells[3]).trim_end();
        out.push('\n');
    }
    out
}

/// Answers without the tokens in them, which are their caller's.
fn shapes(told: &Told) -> BTreeSet<(String, usize)> {
    let of = |((_, asked), answer): (&(String, String), &Result<Vec<u8>, String>)| {
        (asked.clone(), answer.as_ref().map_or(usize::MAX, Vec::len))
    };
    told.iter().filter(|((_, asked), _)| !asked.contains("oken\"")).map(of).collect()
}

async fn figures_are_as_if_nobody_had_rated_the_reader(server: Server) {
    let server = crate::surveys::awake(server).await;
    history(&server).await;
    let card = |caller: Caller, unit: v1::ScorecardUnit| async move {
        let request = v1::GetScorecardRequest { unit: unit.into(), ..Default::default() };
        caller.ratings().get_scorecard(request).await.unwrap().into_inner()
    };
    let answered = |answer: &v1::GetScorecardResponse| -> Vec<(String, i64)> {
        answer.groups.iter().map(|group| (group.key.clone(), group.answered)).collect()
    };
    let pair = |key: &str, answered| (key.to_owned(), answered);
    use v1::ScorecardUnit as Unit;
    let all = card(server.app(), Unit::Team).await;
    assert_eq!(answered(&all), [pair("north", 8), pair("south", 2)]);
    assert_eq!(all.without_staff_id, "");
    let led = card(server.supervisor("nora", &["north"]), Unit::Team).await;
    assert_eq!((answered(&led), led.without_staff_id.as_str()), (vec![pair("north", 3)], "nora"));
    let rows = card(server.supervisor("nora", &["north"]), Unit::Staff).await;
    assert_eq!(answered(&rows), [pair("nils", 2), pair("petra", 1)], "they add up to what the team has");
    for role in [Role::Reviewer, Role::Admin] {
        let nora = server.caller(role, "nora", &[]);
        assert_eq!(answered(&card(nora.clone(), Unit::Organization).await), [pair("", 5)]);
        let topics = answered(&card(nora, Unit::Topic).await);
        let expected = [2, 3, 4, 5].map(|day| format!("topic of day {day}"));
        assert_eq!(topics.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), expected, "not those of hers alone");
    }
    let ranked = |caller: Caller| async move {
        let request = v1::RankTeamsRequest { terms: None, ..Default::default() };
        caller.ratings().rank_teams(request).await.unwrap().into_inner()
    };
    let ranks = ranked(server.supervisor("nora", &["north"])).await;
    assert_eq!((ranks.ranks[0].n, ranks.without_staff_id.as_str()), (3, "nora"));
    assert_eq!(ranked(server.supervisor("lena", &["north"])).await.ranks[0].n, 8);
}

async fn an_export_by_somebody_who_served_the_customer_is_refused(server: Server) {
    let server = server.with_organization().await;
    served(&server, "nora", "carla", 0).await;
    let ask = |subject: &'static str, customer_id: &'static str| {
        let admin = server.caller(Role::Admin, subject, &[]);
        async move {
            let request = v1::ExportCustomerRequest { customer_id: customer_id.to_owned(), ..Default::default() };
            admin.privacy().export_customer(request).await
        }
    };
    let party = (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned());
    assert_eq!(verdict(&refused(ask("nora", "carla").await)), party);
    ask("nora", "dora").await.unwrap();
    ask("ada", "carla").await.unwrap();
}

async fn nobody_settles_a_reply_about_themselves(server: Server) {
    let server = crate::surveys::awake(server).await;
    let sent = issue(&server, &record(&server, ended_by("+8611", 60)).await).await.unwrap();
    let invitation_id = sent.invitation.unwrap().invitation_id;
    report(&server, &invitation_id, DeliveryOutcome::Delivered, None).await.unwrap();
    let reply = v1::ReceiveReplyRequest {
        request_id: request_id(),
        invitation_id: invitation_id.clone(),
        text: "well, perhaps, who knows".to_owned(),
        reply_time: crate::surveys::ago(5),
        ..Default::default()
    };
    let reply = server.app().surveys().receive_reply(reply).await.unwrap().into_inner().reply.unwrap();
    assert_eq!(reply.outcome(), v1::ReplyOutcome::ForAPerson);
    let settle = |subject: &'static str| {
        let mut admin = server.caller(Role::Admin, subject, &[]).surveys();
        let request = v1::SettleReplyRequest {
            request_id: request_id(),
            reply_id: reply.reply_id.clone(),
            score: 5,
            reason: "meant well".to_owned(),
            ..Default::default()
        };
        async move { admin.settle_reply(request).await }
    };
    assert_eq!(verdict(&refused(settle("nora").await)), (Code::FailedPrecondition, "INTERESTED_PARTY".to_owned()));
    settle("ada").await.unwrap();
}

/// The attack: topics that nobody else has, one for each customer, by which the view's ratings and the list of interactions
/// are joined. With everything that a colleague may call, the adversary names who gave the worst mark of each block.
async fn topics_join_no_list_with_the_view(server: Server) {
    let server = server.with_organization().await;
    let (mut named, mut blocks) = (0, 0);
    let nora = server.staff("nora");
    // A block for each month; the server's own clock is not needed, since a block says nothing of when.
    for month in -200..0_i64 {
        let told = |(number, customer_id): (i64, &str)| v1::RecordInteractionRequest {
            request_id: request_id(),
            interaction: Some(Interaction {
                requested_time: at((month * 30 + number) * DAY),
                connected_time: at((month * 30 + number) * DAY + 30),
                ended_time: at((month * 30 + number) * DAY + 300),
                topic: format!("Returns {month}-{number}"),
                ..call("nora", customer_id)
            }),
        };
        let requests = (0_i64..).zip(["carla", "dora", "dmitri", "carla", "dora"]).map(told).collect();
        let request = v1::BatchRecordInteractionsRequest { requests };
        let recorded = server.app().interactions().batch_record_interactions(request).await.unwrap().into_inner();
        let raters: Vec<String> = recorded
            .results
            .into_iter()
            .map(|one| match one.result.unwrap() {
                v1::record_item_result::Result::Recorded(recorded) => recorded.interaction_id,
                v1::record_item_result::Result::Error(error) => panic!("{error:?}"),
            })
            .collect();
        // Which of them is cross follows from nothing that a colleague knows.
        let cross = usize::try_from((month * 7 + month / 5 * 3 + 2).rem_euclid(5)).unwrap();
        let rated = |(number, interaction): (usize, &String)| {
            let day = month * 30 + i64::try_from(number).unwrap();
            rating(interaction, if number == cross { 1 } else { 5 }, day * DAY)
        };
        let request = v1::BatchSubmitRatingsRequest { requests: raters.iter().enumerate().map(rated).collect() };
        server.app().ratings().batch_submit_ratings(request).await.unwrap();
        a_day_passes(&server).await;
        let request = v1::GetCoachingViewRequest { page_size: 1, ..Default::default() };
        let view = nora.contests().get_coaching_view(request).await.unwrap().into_inner();
        let block = &view.blocks[0];
        assert_eq!(block.ratings.len(), 5);
        let worst = block.ratings.iter().find(|one| one.level == 1).unwrap();
        // By its topic; else, the place that it has in the view.
        let list = v1::ListInteractionsRequest { page_size: 5, ..Default::default() };
        let listed = nora.interactions().list_interactions(list).await.unwrap().into_inner().interactions;
        let by_topic = listed.iter().find(|one| !worst.topic.is_empty() && one.topic == worst.topic);
        let place = block.ratings.iter().position(|one| one.level == 1).unwrap();
        let guess = by_topic.map_or_else(|| raters[place].clone(), |one| one.interaction_id.clone());
        named += i32::from(guess == raters[cross]);
        blocks += 1;
    }
    // One in five by chance: 40 of 200, and with a probability of 99.99 % fewer than 64.
    assert!(named < 64, "{named} of {blocks} named");
}
