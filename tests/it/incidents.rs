//! Incidents: previewed, declared, linked, told and mended; what ratings inside them count for (I10).

use std::{collections::BTreeSet, time::Duration};

use rapport::api::v1::{
    self, Channel, DeclareIncidentRequest, Incident, IncidentNotice, IncidentRule, IncidentState as State, Interaction,
    NoticeKind, NoticeOutcome, PreviewIncidentRequest, PreviewIncidentResponse, ReviewIncidentResponse,
};
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Response, Status};

use crate::{
    cli::{last_line, rapport},
    privacy::{erase, export},
    support::{
        Caller, Server, Test,
        client::request_id,
        differing_counters, on_both,
        refusal::{verdict, violations},
        refused,
        sample::{customer, participant, phone},
    },
    surveys::{ago, ended, ended_by, published, record, template},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        an_incident_takes_what_it_hit_and_what_comes,
        ratings_leave_the_staff_ledger_and_come_back,
        each_customer_is_told_once_and_exactly_those_that_it_is_mended,
        notices_keep_to_the_pace_and_to_the_policy,
        everything_wrong_with_an_incident_is_named,
        what_is_recorded_while_it_is_linked_is_linked_once,
        notices_follow_merges_and_erasures,
        remedies_are_counted_with_their_incident,
        the_program_declares_and_reviews,
    ]
}

fn rule(topics: &[&str]) -> IncidentRule {
    let topics = topics.iter().map(|&topic| topic.to_owned()).collect();
    IncidentRule { from_time: ago(3_600), topics, ..IncidentRule::default() }
}

async fn preview(caller: &Caller, rule: &IncidentRule) -> Result<PreviewIncidentResponse, Status> {
    let request = PreviewIncidentRequest { rule: Some(rule.clone()) };
    caller.incidents().preview_incident(request).await.map(Response::into_inner)
}

pub(crate) async fn declaring(server: &Server, topics: &[&str]) -> DeclareIncidentRequest {
    let rule = rule(topics);
    let fingerprint = preview(&server.app(), &rule).await.unwrap().fingerprint;
    DeclareIncidentRequest {
        request_id: request_id(),
        title: "支付系统故障".to_owned(),
        department: "Payments".to_owned(),
        rule: Some(rule),
        fingerprint,
    }
}

pub(crate) async fn declare(server: &Server, topics: &[&str]) -> Incident {
    let request = declaring(server, topics).await;
    let declared = server.app().incidents().declare_incident(request).await.unwrap().into_inner().incident.unwrap();
    until(server, &declared.incident_id, |one| one.state() != State::Linking).await
}

async fn get(server: &Server, id: &str) -> Incident {
    let request = v1::GetIncidentRequest { incident_id: id.to_owned() };
    server.app().incidents().get_incident(request).await.unwrap().into_inner().incident.unwrap()
}

async fn until(server: &Server, id: &str, is_so: impl Fn(&Incident) -> bool) -> Incident {
    let waiting = async {
        loop {
            let one = get(server, id).await;
            if is_so(&one) {
                return one;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), waiting).await.unwrap()
}

async fn review(caller: &Caller, id: &str) -> ReviewIncidentResponse {
    let request = v1::ReviewIncidentRequest { incident_id: id.to_owned() };
    caller.incidents().review_incident(request).await.unwrap().into_inner()
}

/// A call about a topic that ended five minutes ago.
fn call_about(topic: &str, staff_id: &str, customer_id: &str) -> Interaction {
    let participants = vec![participant(staff_id)];
    Interaction { topic: topic.to_owned(), participants, ..ended(customer_id, 300) }
}

async fn notify(server: &Server, id: &str, per_minute: i32) -> Result<v1::NotifyIncidentResponse, Status> {
    let request = v1::NotifyIncidentRequest {
        request_id: request_id(),
        incident_id: id.to_owned(),
        words: "我们正在修复支付系统".to_owned(),
        per_minute,
    };
    server.app().incidents().notify_incident(request).await.map(Response::into_inner)
}

async fn resolve(server: &Server, id: &str, words: &str) -> Result<v1::ResolveIncidentResponse, Status> {
    let request = v1::ResolveIncidentRequest {
        request_id: request_id(),
        incident_id: id.to_owned(),
        mended_words: words.to_owned(),
    };
    server.app().incidents().resolve_incident(request).await.map(Response::into_inner)
}

async fn take(server: &Server, count: i32) -> Vec<IncidentNotice> {
    let request = v1::TakeNoticesRequest { request_id: request_id(), channel: Channel::Sms.into(), count };
    server.app().incidents().take_notices(request).await.unwrap().into_inner().notices
}

async fn report(server: &Server, notice_id: &str, outcome: NoticeOutcome) -> Result<String, Status> {
    let request =
        v1::ReportNoticeRequest { request_id: request_id(), notice_id: notice_id.to_owned(), outcome: outcome.into() };
    Ok(server.app().incidents().report_notice(request).await?.into_inner().interaction_id)
}

/// Waits for so many notices that wait.
async fn waiting(server: &Server, count: i64) {
    let done = async {
        while server.number("SELECT count(*) FROM notice WHERE state = 1").await != count {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), done).await.unwrap();
}

async fn an_incident_takes_what_it_hit_and_what_comes(server: Server) {
    let server = server.with_organization().await;
    let mut hit = Vec::new();
    for (staff_id, customer_id) in [("nora", "carla"), ("nils", "carla"), ("sam", "dora")] {
        hit.push(record(&server, call_about("Payment", staff_id, customer_id)).await);
    }
    record(&server, call_about("Returns", "nora", "dmitri")).await;
    // A complaint about a person is about that person.
    let complaint = Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        about_staff_ids: vec!["nils".to_owned()],
        ..call_about("Payment", "nora", "dmitri")
    };
    record(&server, complaint).await;
    record(&server, Interaction { requested_time: ago(7_300), ..call_about("Payment", "nora", "dmitri") }).await;
    let found = preview(&server.app(), &rule(&["Payment"])).await.unwrap();
    assert_eq!((found.interaction_count, found.customer_count), (3, 2));
    assert_eq!(BTreeSet::from_iter(&found.sample_interaction_ids), BTreeSet::from_iter(&hit));
    assert_eq!(server.number("SELECT count(*) FROM incident").await, 0);
    let declared = declare(&server, &["Payment"]).await;
    assert_eq!((declared.state(), declared.linked_count, declared.found_count), (State::Open, 3, 3));
    // What comes is linked as it comes; what is about something else, or what we say ourselves, is not.
    record(&server, call_about("Payment", "nora", "dmitri")).await;
    record(&server, call_about("Returns", "nora", "dmitri")).await;
    assert_eq!(get(&server, &declared.incident_id).await.linked_count, 4);
    // What is another's stays there.
    let second = declare(&server, &["Payment", "Returns"]).await;
    assert_eq!((second.found_count, second.linked_count), (6, 2));
    let posted = v1::PostIncidentUpdateRequest {
        request_id: request_id(),
        incident_id: declared.incident_id.clone(),
        words: "The provider is down".to_owned(),
    };
    let posted = server.app().incidents().post_incident_update(posted).await.unwrap().into_inner().incident.unwrap();
    assert_eq!(posted.updates[0].words, "The provider is down");
    resolve(&server, &declared.incident_id, "").await.unwrap();
    resolve(&server, &second.incident_id, "").await.unwrap();
    record(&server, call_about("Payment", "nora", "dmitri")).await;
    let resolved = get(&server, &declared.incident_id).await;
    assert_eq!((resolved.state(), resolved.linked_count), (State::Resolved, 4));
    let cost = review(&server.admin(), &declared.incident_id).await;
    assert_eq!((cost.interaction_count, cost.customer_count, cost.complaint_count), (4, 3, 0));
    let listed = v1::ListIncidentsRequest { page_size: 1, ..Default::default() };
    let first = server.staff("nora").incidents().list_incidents(listed.clone()).await.unwrap().into_inner();
    let rest = v1::ListIncidentsRequest { page_token: first.next_page_token, ..listed };
    let rest = server.staff("nora").incidents().list_incidents(rest).await.unwrap().into_inner();
    let ids: Vec<_> = first.incidents.iter().chain(&rest.incidents).map(|one| &one.incident_id).collect();
    assert_eq!(ids, [&second.incident_id, &declared.incident_id]);
}

fn rating(interaction_id: &str, score: i32) -> v1::SubmitRatingRequest {
    let rating = v1::Rating {
        interaction_id: interaction_id.to_owned(),
        template_id: "incident-csat".to_owned(),
        score,
        answered_time: ago(1),
        ..Default::default()
    };
    v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) }
}

async fn ratings_leave_the_staff_ledger_and_come_back(server: Server) {
    let server = server.with_organization().await;
    published(&server, template("incident-csat")).await;
    let app = server.app();
    let mut before = Vec::new();
    for (topic, customer) in [("Payment", "carla"), ("Payment", "dora"), ("Returns", "dmitri")] {
        let id = record(&server, call_about(topic, "nora", customer)).await;
        app.ratings().submit_rating(rating(&id, 1)).await.unwrap();
        before.push(id);
    }
    // One that is about something else than the colleague was never theirs.
    let other = record(&server, call_about("Payment", "nora", "carla")).await;
    let mut about_product = rating(&other, 1);
    about_product.rating.as_mut().unwrap().attribution = v1::Attribution::Product.into();
    app.ratings().submit_rating(about_product).await.unwrap();
    let card = async || {
        let request = v1::GetScorecardRequest {
            unit: v1::ScorecardUnit::Staff.into(),
            key: "nora".to_owned(),
            ..Default::default()
        };
        let found = server.admin().ratings().get_scorecard(request).await.unwrap().into_inner();
        let one = found.groups.into_iter().next().unwrap();
        (one.counted, one.incident, one.non_staff)
    };
    assert_eq!(card().await, (3, 0, 1));
    let declared = declare(&server, &["Payment"]).await;
    assert_eq!(card().await, (1, 2, 1));
    // What is rated later is the incident's as well.
    let later = record(&server, call_about("Payment", "nora", "dmitri")).await;
    let standing = app.ratings().submit_rating(rating(&later, 1)).await.unwrap().into_inner().standing();
    assert_eq!((standing, card().await), (v1::RatingStanding::Incident, (1, 3, 1)));
    assert_eq!(differing_counters(&server).await, 0);
    let cost = review(&server.admin(), &declared.incident_id).await;
    assert_eq!((cost.rating_count, cost.moved_rating_count, cost.rating_mean), (4, 3, None));
    // What rates the reader is not told to them.
    let nora = server.caller(v1::Role::Reviewer, "nora", &[]);
    assert_eq!(review(&nora, &declared.incident_id).await.rating_count, 0);
    let cancel = v1::CancelIncidentRequest {
        request_id: request_id(),
        incident_id: declared.incident_id.clone(),
        reason: "it was the printer".to_owned(),
    };
    server.admin().incidents().cancel_incident(cancel).await.unwrap();
    until(&server, &declared.incident_id, |one| one.linked_count == 0).await;
    assert_eq!(card().await, (4, 0, 1));
    assert_eq!(differing_counters(&server).await, 0);
    assert_eq!(server.number("SELECT count(*) FROM interaction_incident").await, 0);
    assert_eq!(verdict(&refused(notify(&server, &declared.incident_id, 0).await)).1, "INCIDENT_SETTLED");
}

async fn each_customer_is_told_once_and_exactly_those_that_it_is_mended(server: Server) {
    let server = server.with_organization().await;
    for customer_id in ["carla", "carla", "dora"] {
        record(&server, call_about("Payment", "nora", customer_id)).await;
    }
    record(&server, Interaction { topic: "Payment".to_owned(), ..ended_by("+8613800001111", 300) }).await;
    let declared = declare(&server, &["Payment"]).await;
    let id = declared.incident_id.as_str();
    notify(&server, id, 0).await.unwrap();
    assert_eq!(verdict(&refused(notify(&server, id, 0).await)).1, "INCIDENT_SETTLED");
    waiting(&server, 3).await;
    // Two gateways take them at once: nobody gets two.
    let mut taking = JoinSet::new();
    for _ in 0..4 {
        let app = server.app();
        taking.spawn(async move {
            let request = v1::TakeNoticesRequest { request_id: request_id(), channel: Channel::Sms.into(), count: 2 };
            app.incidents().take_notices(request).await.unwrap().into_inner().notices
        });
    }
    let taken: Vec<IncidentNotice> = taking.join_all().await.concat();
    let parties: BTreeSet<_> = taken.iter().map(|one| (&one.customer_id, &one.contact_points)).collect();
    assert_eq!((taken.len(), parties.len()), (3, 3), "{taken:?}");
    assert!(taken.iter().all(|one| one.kind() == NoticeKind::Told && one.words == "我们正在修复支付系统"));
    assert!(taken.iter().any(|one| one.contact_points == ["+8613800001111"]), "{taken:?}");
    let of = |customer: &str| taken.iter().find(|one| one.customer_id == customer).unwrap().notice_id.clone();
    let sent = report(&server, &of("carla"), NoticeOutcome::Sent).await.unwrap();
    let found = v1::GetInteractionRequest { interaction_id: sent };
    let found = server.app().interactions().get_interaction(found).await.unwrap().into_inner().interaction.unwrap();
    assert_eq!((found.direction(), found.channel()), (v1::Direction::Outbound, Channel::Sms));
    assert_eq!((found.contact_purpose(), found.customer_id.as_str()), (v1::ContactPurpose::IncidentNotice, "carla"));
    assert_eq!(verdict(&refused(report(&server, &of("carla"), NoticeOutcome::Sent).await)).1, "NOTICE_SETTLED");
    assert_eq!(report(&server, &of("dora"), NoticeOutcome::Failed).await.unwrap(), "");
    // Somebody who comes later is told as well; somebody who was told is not told again.
    record(&server, call_about("Payment", "nils", "dmitri")).await;
    record(&server, call_about("Payment", "nils", "carla")).await;
    waiting(&server, 1).await;
    assert_eq!(verdict(&refused(resolve(&server, id, "").await)).0, Code::InvalidArgument);
    let resolved = resolve(&server, id, "已经修好了").await.unwrap();
    assert_eq!(resolved.notice_count, 1);
    waiting(&server, 1).await;
    // The one under way arrives after all, and its customer is told, too; the one that waited is dropped.
    let under_way = taken.iter().find(|one| one.customer_id.is_empty()).unwrap();
    report(&server, &under_way.notice_id, NoticeOutcome::Sent).await.unwrap();
    waiting(&server, 2).await;
    let mended = take(&server, 0).await;
    assert!(mended.iter().all(|one| one.kind() == NoticeKind::Mended && one.words == "已经修好了"), "{mended:?}");
    let parties: BTreeSet<_> = mended.iter().map(|one| one.customer_id.as_str()).collect();
    assert_eq!((mended.len(), parties), (2, BTreeSet::from(["", "carla"])));
    for one in &mended {
        report(&server, &one.notice_id, NoticeOutcome::Sent).await.unwrap();
    }
    assert_eq!(take(&server, 0).await, []);
    let cost = review(&server.admin(), id).await;
    let told = (cost.notices_sent_count, cost.notices_failed_count, cost.notices_waiting_count, cost.mended_sent_count);
    assert_eq!(told, (2, 1, 0, 2));
}

async fn notices_keep_to_the_pace_and_to_the_policy(server: Server) {
    let server = server.with_organization().await;
    for customer_id in ["carla", "dora", "dmitri"] {
        record(&server, call_about("Payment", "nora", customer_id)).await;
    }
    // Her no is a no.
    let wish = v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: "dora".to_owned(),
        reason: "she said so".to_owned(),
        ..Default::default()
    };
    server.app().contacts().set_do_not_contact(wish).await.unwrap();
    let policy = v1::ContactPolicy {
        do_not_contact_purposes: vec![v1::ContactPurpose::IncidentNotice.into()],
        ..Default::default()
    };
    let set = v1::SetContactPolicyRequest {
        request_id: request_id(),
        policy: Some(policy),
        reason: "a test of notices".to_owned(),
        etag: String::new(),
    };
    server.admin().contacts().set_contact_policy(set).await.unwrap();
    let declared = declare(&server, &["Payment"]).await;
    notify(&server, &declared.incident_id, 1).await.unwrap();
    waiting(&server, 3).await;
    let first = take(&server, 0).await;
    assert_eq!(first.len(), 1);
    assert_eq!(take(&server, 0).await, []);
    report(&server, &first[0].notice_id, NoticeOutcome::Sent).await.unwrap();
    // A minute later the next one; what is not reported comes again.
    server.execute("UPDATE notice SET taken_at = taken_at - 61000000 WHERE taken_at IS NOT NULL").await;
    let second = take(&server, 0).await;
    assert_eq!(second.len(), 1);
    server.execute("UPDATE notice SET taken_at = taken_at - 301000000 WHERE taken_at IS NOT NULL").await;
    assert_eq!(take(&server, 0).await, second);
    report(&server, &second[0].notice_id, NoticeOutcome::Sent).await.unwrap();
    let told: BTreeSet<_> = [&first[0], &second[0]].into_iter().map(|one| one.customer_id.as_str()).collect();
    assert_eq!(told, BTreeSet::from(["carla", "dmitri"]));
    let cost = review(&server.admin(), &declared.incident_id).await;
    assert_eq!((cost.notices_sent_count, cost.notices_suppressed_count), (2, 1));
}

async fn everything_wrong_with_an_incident_is_named(server: Server) {
    let server = server.with_organization().await;
    record(&server, call_about("Payment", "nora", "carla")).await;
    let app = server.app();
    for (wrong, field) in [
        (rule(&[]), "rule.topics"),
        (IncidentRule { from_time: ago(-60), ..rule(&["Payment"]) }, "rule.from_time"),
        (IncidentRule { from_time: ago(367 * 86_400), ..rule(&["Payment"]) }, "rule.from_time"),
        (IncidentRule { to_time: ago(7_200), ..rule(&["Payment"]) }, "rule.to_time"),
        (IncidentRule { to_time: ago(-93 * 86_400), ..rule(&["Payment"]) }, "rule.to_time"),
        (IncidentRule { from_time: None, ..rule(&["Payment"]) }, "rule.from_time"),
    ] {
        let status = refused(preview(&app, &wrong).await);
        assert_eq!((status.code(), violations(&status)[0].0.as_str()), (Code::InvalidArgument, field));
    }
    // What is some seconds old is what a fingerprint is of.
    server.execute("UPDATE interaction SET recorded_at = recorded_at - 20000000").await;
    let good = declaring(&server, &["Payment"]).await;
    let declare = async |request: DeclareIncidentRequest| {
        app.incidents().declare_incident(DeclareIncidentRequest { request_id: request_id(), ..request }).await
    };
    let changed = (Code::FailedPrecondition, "INCIDENT_CHANGED".to_owned());
    // Another rule than was previewed; made up; what it finds is another; too long ago.
    let other = DeclareIncidentRequest { rule: Some(rule(&["Returns"])), ..good.clone() };
    assert_eq!(verdict(&refused(declare(other).await)), changed);
    let made_up = DeclareIncidentRequest { fingerprint: "1.2".to_owned(), ..good.clone() };
    assert_eq!(verdict(&refused(declare(made_up).await)), changed);
    server.execute("UPDATE interaction SET topic = 'Returns'").await;
    assert_eq!(verdict(&refused(declare(good.clone()).await)), changed);
    server.execute("UPDATE interaction SET topic = 'Payment'").await;
    let (at, hash) = good.fingerprint.split_once('.').unwrap();
    let old = format!("{}.{hash}", at.parse::<i64>().unwrap() - 16 * 60 * 1_000_000);
    assert_eq!(verdict(&refused(declare(DeclareIncidentRequest { fingerprint: old, ..good.clone() }).await)), changed);
    assert_eq!(server.number("SELECT count(*) FROM incident").await, 0);
    // The same request twice is one incident.
    let first = app.incidents().declare_incident(good.clone()).await.unwrap().into_inner().incident.unwrap();
    let again = app.incidents().declare_incident(good).await.unwrap().into_inner().incident.unwrap();
    assert_eq!(first.incident_id, again.incident_id);
    let take = v1::TakeNoticesRequest { request_id: request_id(), channel: Channel::InboundCall.into(), count: 0 };
    assert_eq!(violations(&refused(app.incidents().take_notices(take).await))[0].0, "channel");
    let nobody = uuid::Uuid::new_v4().to_string();
    assert_eq!(refused(report(&server, &nobody, NoticeOutcome::Sent).await).code(), Code::NotFound);
    assert_eq!(refused(resolve(&server, &nobody, "x y z").await).code(), Code::NotFound);
}

async fn what_is_recorded_while_it_is_linked_is_linked_once(server: Server) {
    let server = server.with_organization().await;
    published(&server, template("incident-csat")).await;
    for _ in 0..40 {
        record(&server, call_about("Payment", "nora", "carla")).await;
    }
    let mut recording = JoinSet::new();
    for number in 0..40 {
        let (app, rates) = (server.app(), number % 2 == 0);
        recording.spawn(async move {
            let id = app.record(call_about("Payment", "nora", "dora")).await.unwrap().interaction_id;
            if rates {
                app.ratings().submit_rating(rating(&id, 2)).await.unwrap();
            }
        });
    }
    let declared = declare(&server, &["Payment"]).await;
    recording.join_all().await;
    let linked = "SELECT count(*) FROM interaction_incident";
    assert_eq!((server.number(linked).await, get(&server, &declared.incident_id).await.linked_count), (80, 80));
    // Whenever they came: every rating is the incident's.
    let counted = "SELECT count(*) FROM rating WHERE standing = 1";
    assert_eq!((server.number(counted).await, differing_counters(&server).await), (0, 0));
}

async fn notices_follow_merges_and_erasures(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    for customer_id in ["carla", "dora", "dmitri"] {
        record(&server, call_about("Payment", "nora", customer_id)).await;
    }
    let number = "+86 138 0000 0009";
    record(&server, Interaction { topic: "Payment".to_owned(), ..ended_by(number, 300) }).await;
    let declared = declare(&server, &["Payment"]).await;
    notify(&server, &declared.incident_id, 0).await.unwrap();
    waiting(&server, 4).await;
    let known = v1::Customer { aliases: vec![phone(number)], ..customer("eve") };
    server.app().upsert_customer(known).await.unwrap();
    let merge = v1::MergeCustomersRequest {
        request_id: request_id(),
        kept_customer_id: "carla".to_owned(),
        absorbed_customer_id: "dora".to_owned(),
        reason: "one person".to_owned(),
    };
    admin.identity().merge_customers(merge).await.unwrap();
    for erased in ["dmitri", "eve"] {
        let lines = export(&admin, erased).await.unwrap();
        assert_eq!(lines.iter().filter(|line| line["table"] == "notice").count(), 1, "{erased}: {lines:#?}");
        erase(&admin, erased).await.unwrap();
    }
    assert_eq!(server.texts("SELECT alias_value FROM notice WHERE alias_value IS NOT NULL").await, [""; 0]);
    // One person is told once, and nobody is told of who is gone.
    let taken = take(&server, 0).await;
    assert_eq!(taken.iter().map(|one| one.customer_id.as_str()).collect::<Vec<_>>(), ["carla"]);
    assert_eq!(take(&server, 0).await, []);
}

async fn remedies_are_counted_with_their_incident(server: Server) {
    let server = server.with_organization().await;
    record(&server, call_about("Payment", "nora", "carla")).await;
    let declared = declare(&server, &["Payment"]).await;
    let app = server.app();
    let remedy = |worth: i64, currency: &str| v1::Commitment {
        incident_id: declared.incident_id.clone(),
        worth,
        currency: currency.to_owned(),
        ..crate::commitments::promise("nora", "carla")
    };
    let mut made = Vec::new();
    for (worth, currency) in [(500, "EUR"), (250, "EUR"), (4_000, "CNY"), (0, "")] {
        made.push(crate::commitments::make(&app, remedy(worth, currency)).await.unwrap().commitment_id);
    }
    crate::commitments::make(&app, crate::commitments::promise("nora", "carla")).await.unwrap();
    crate::commitments::keep(&app, &made[0]).await.unwrap();
    crate::commitments::release(&app, &made[2]).await.unwrap();
    let cost = review(&server.admin(), &declared.incident_id).await;
    assert_eq!((cost.remedy_count, cost.remedies_kept_count, cost.remedies_broken_count), (4, 1, 0));
    let worths: Vec<_> = cost.remedy_worths.iter().map(|one| (one.currency.as_str(), one.amount)).collect();
    assert_eq!(worths, [("EUR", 750)]);
    let list = v1::ListCommitmentsRequest { incident_id: declared.incident_id.clone(), ..Default::default() };
    assert_eq!(app.commitments().list_commitments(list).await.unwrap().into_inner().commitments.len(), 4);
    // Of one that was taken back, or never was, there are none.
    let cancel = v1::CancelIncidentRequest {
        request_id: request_id(),
        incident_id: declared.incident_id.clone(),
        reason: "it was the printer".to_owned(),
    };
    server.admin().incidents().cancel_incident(cancel).await.unwrap();
    let nobody = v1::Commitment { incident_id: uuid::Uuid::new_v4().to_string(), ..remedy(0, "") };
    let wrong = v1::Commitment { incident_id: "x".to_owned(), ..remedy(0, "") };
    for (one, code) in [(remedy(0, ""), Code::NotFound), (nobody, Code::NotFound), (wrong, Code::InvalidArgument)] {
        assert_eq!(refused(crate::commitments::make(&app, one).await).code(), code);
    }
}

async fn the_program_declares_and_reviews(server: Server) {
    let server = server.with_organization().await;
    record(&server, call_about("Payment", "nora", "carla")).await;
    let endpoint = server.endpoint();
    let run = async |arguments: &[&str]| {
        let output = rapport(&server, &[&["incidents"], arguments, &["--endpoint", &endpoint]].concat()).await;
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let from = jiff::Timestamp::from_second(ago(3_600).unwrap().seconds).unwrap().to_string();
    let about = ["declare", "支付系统故障", "--from", &from, "--topic", "Payment"];
    assert!(text(run(&about).await).starts_with("1 contacts of 1 customers"));
    assert_eq!(server.number("SELECT count(*) FROM incident").await, 0);
    let declared = last_line(&run(&[&about[..], &["--department", "Payments", "--declare", "--json"]].concat()).await);
    assert_eq!((&declared["state"], &declared["linked"]), (&"open".into(), &1.into()));
    let id = declared["id"].as_str().unwrap();
    run(&["update", id, "The provider is down"]).await;
    run(&["notify", id, "我们正在修复", "--per-minute", "60"]).await;
    run(&["resolve", id, "--mended", "已经修好了"]).await;
    let shown = text(run(&["show", id]).await);
    assert!(shown.contains("支付系统故障") && shown.contains("The provider is down"), "{shown}");
    assert!(text(run(&["list"]).await).contains("resolved"));
    let cost = last_line(&run(&["review", id, "--json"]).await);
    assert_eq!((&cost["contacts"], &cost["customers"]), (&1.into(), &1.into()));
    assert!(text(run(&["review", id]).await).contains("ratings that left the staff ledger"));
}
