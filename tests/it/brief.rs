//! What to know before meeting a customer, and customers who have something in common.

use rapport::{
    api::v1::{
        self, BriefCustomerRequest, BriefCustomerResponse, BriefEvidenceKind, BriefSection, Channel, ContactKind,
        Customer, FindCustomersRequest, FindCustomersResponse, Interaction, InteractionKind, Outcome,
        PreferenceCriterion, PreferenceDimension, ReadingPurpose, Resolution,
    },
    clock::Clock,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    on_both, on_postgres,
    refusal::verdict,
    refused,
    sample::{MONDAY_NINE, at, call, customer, participant, phone},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_postgres![another_server_briefs_at_once];
    tests.extend(on_both![
        a_brief_tells_what_is_on_record,
        it_is_written_in_chinese_as_well,
        what_is_resolved_is_owed_no_more,
        what_was_promised_is_owed,
        what_is_followed_up_is_owed_and_the_accused_are_not_assigned,
        a_customer_who_did_not_get_through_is_owed_an_answer,
        a_prospect_is_known_by_what_they_did,
        a_stranger_is_known_by_a_number,
        what_is_against_a_contact_is_told,
        a_briefing_leaves_a_trace,
        nobody_learns_how_they_were_rated,
        nobodys_words_pass_for_the_briefs_own,
        colleagues_out_of_reach_go_by_their_ids,
        a_bad_request_is_told_all_that_is_wrong,
        nobody_is_briefed_about_nobody,
        customers_are_found_by_what_they_like,
        what_is_said_decides_who_is_found,
        pages_of_customers_miss_nobody,
        a_bad_search_is_told_all_that_is_wrong,
        the_program_briefs_and_finds,
    ]);
    tests
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// Saturday, 15 March 2025, noon in UTC.
const NOW: i64 = MONDAY_NINE + 12 * DAY + 3 * HOUR;

/// A server whose clock stands at [`NOW`], with an organisation.
async fn at_noon(server: &Server) -> Server {
    let clock = Clock::fixed(NOW * 1_000_000);
    Server::start_with(server.backend(), clock, |_| {}).await.unwrap().with_organization().await
}

fn about(customer_id: &str, language: &str) -> BriefCustomerRequest {
    BriefCustomerRequest {
        customer_id: customer_id.to_owned(),
        purpose: ReadingPurpose::Callback.into(),
        note: "ticket 7".to_owned(),
        language: language.to_owned(),
        ..Default::default()
    }
}

async fn brief(caller: &Caller, request: BriefCustomerRequest) -> Result<BriefCustomerResponse, Status> {
    caller.preferences().brief_customer(request).await.map(Response::into_inner)
}

/// The lines of a section. Without follow-ups: complaints of the past open one only by a clock of the past, which PostgreSQL has not.
fn of(answer: &BriefCustomerResponse, section: BriefSection) -> Vec<&str> {
    let is_told = |line: &&v1::BriefLine| {
        line.section() == section && line.evidence.iter().all(|one| one.kind() != BriefEvidenceKind::FollowUp)
    };
    answer.lines.iter().filter(is_told).map(|line| line.text.as_str()).collect()
}

/// A customer calls so many days after Monday nine o'clock.
fn called(staff_id: &str, days: i64) -> Interaction {
    let start = days * DAY;
    Interaction {
        requested_time: at(start),
        connected_time: at(start + 30),
        ended_time: at(start + 300),
        ..call(staff_id, "carla")
    }
}

/// Carla as the directory has her, with a complaint that is not settled.
async fn with_complaint(server: &Server) -> [String; 3] {
    let carla = Customer {
        salutation: "王女士".to_owned(),
        standing: v1::CustomerStanding::Active.into(),
        contact_points: vec![v1::ContactPoint {
            kind: ContactKind::Phone.into(),
            value: "+86 138 1234 5678".to_owned(),
            source: "公开课报名表".to_owned(),
            obtained_time: at(-DAY),
            consent: v1::Consent::Granted.into(),
            ..Default::default()
        }],
        ..customer("carla")
    };
    server.app().upsert_customer(carla).await.unwrap();
    let first = Interaction {
        kind: InteractionKind::Complaint.into(),
        topic: "退款".to_owned(),
        case_id: "K-77".to_owned(),
        context: Some(v1::InteractionContext {
            order_id: "O-5521".to_owned(),
            seen: "订单页显示“已退款”".to_owned(),
            ..Default::default()
        }),
        conclusion: "三个工作日内到账".to_owned(),
        staff_resolution: Resolution::Resolved.into(),
        customer_resolution: Resolution::Unresolved.into(),
        ..called("nora", 1)
    };
    let again = Interaction {
        context: None,
        conclusion: "仍未到账，\n已转财务".to_owned(),
        staff_resolution: Resolution::Unspecified.into(),
        customer_resolution: Resolution::Unspecified.into(),
        connected_time: at(9 * DAY + 250),
        ..Interaction { requested_time: at(9 * DAY), ended_time: at(9 * DAY + 400), ..first.clone() }
    };
    let visit = Interaction {
        channel: Channel::Visit.into(),
        direction: v1::Direction::Outbound.into(),
        kind: InteractionKind::Repair.into(),
        topic: String::new(),
        conclusion: "更换了充电线".to_owned(),
        participants: vec![participant("sam")],
        ..called("sam", 10)
    };
    let mut ids = Vec::new();
    for interaction in [first, again, visit] {
        ids.push(server.app().record(interaction).await.unwrap().interaction_id);
    }
    ids.try_into().unwrap()
}

async fn a_brief_tells_what_is_on_record(server: Server) {
    let server = at_noon(&server).await;
    let [first, again, visit] = with_complaint(&server).await;
    let answer = brief(&server.app(), about("carla", "en")).await.unwrap();
    assert_eq!(
        (answer.customer_id.as_str(), answer.language.as_str(), answer.time_zone.as_str()),
        ("carla", "en", "UTC")
    );
    assert_eq!(answer.brief_time.unwrap().seconds, NOW);
    assert_eq!(
        of(&answer, BriefSection::Who),
        [
            "“王女士” (“carla”), an active customer.",
            "3 contacts since 4 March; the last on 13 March: a visit with “Colleague sam”.",
        ]
    );
    assert_eq!(
        of(&answer, BriefSection::Owed),
        [
            "Open complaint about “退款” (case “K-77”, order “O-5521”): 2 contacts since 4 March; the customer says that it is not \
          resolved. Last word, 12 March: “仍未到账， 已转财务”."
        ]
    );
    assert_eq!(of(&answer, BriefSection::Conclusions), ["13 March, a visit with “Colleague sam”: “更换了充电线”."]);
    assert_eq!(
        of(&answer, BriefSection::ContactPoints),
        ["Telephone “+86 138 1234 5678”: from “公开课报名表”, 2 March 2025; the customer agreed."]
    );
    assert_eq!(
        of(&answer, BriefSection::TalkingPoints),
        ["Need not be asked again, told on 4 March: order “O-5521” and what was seen there, “订单页显示'已退款'”."]
    );
    assert_eq!(
        of(&answer, BriefSection::Opener),
        [
            "“Hello ‘王女士’, this is about ‘退款’, of which we spoke on 12 March. Let me tell you how it stands, and whether anything \
          is still missing.”"
        ]
    );
    let sections: Vec<i32> = answer.lines.iter().map(|line| line.section).collect();
    assert!(sections.is_sorted(), "{sections:?}");
    assert!(answer.lines.iter().all(|line| !line.evidence.is_empty() && !line.text.is_empty()), "{:?}", answer.lines);
    let is_contact = |line: &&v1::BriefLine| line.evidence[0].kind() == BriefEvidenceKind::Interaction;
    let owed = answer.lines.iter().filter(|line| line.section() == BriefSection::Owed).find(is_contact).unwrap();
    let evidence: Vec<_> = owed.evidence.iter().map(|one| (one.kind(), one.id.as_str())).collect();
    assert_eq!(evidence, [(BriefEvidenceKind::Interaction, again.as_str()), (BriefEvidenceKind::Interaction, &first)]);
    assert_eq!(owed.evidence[0].evidence_time, at(9 * DAY));
    let told = answer.lines.iter().find(|line| line.section() == BriefSection::Conclusions).unwrap();
    assert_eq!(told.evidence[0].id, visit);
    // At the same instant and from the same record: the same, for all callers who may look up the same colleagues.
    assert_eq!(brief(&server.app(), about("carla", "en")).await.unwrap(), answer);
    assert_eq!(brief(&server.admin(), about("carla", "en")).await.unwrap(), answer);
}

async fn it_is_written_in_chinese_as_well(server: Server) {
    let server = at_noon(&server).await;
    with_complaint(&server).await;
    let answer = brief(&server.app(), about("carla", "zh-CN")).await.unwrap();
    assert_eq!(answer.language, "zh");
    assert_eq!(
        of(&answer, BriefSection::Owed),
        [
            "未了的投诉：“退款”（案号“K-77”，订单“O-5521”），3月4日以来联系2次，客户表示没有解决。3月12日的说法：“仍未到账， 已转财务”。"
        ]
    );
    assert_eq!(
        of(&answer, BriefSection::Opener),
        ["“‘王女士’，您好！关于3月12日我们谈到的‘退款’问题，我来向您说明现在的进展，也听听还有什么没有办好。”"]
    );
    let english = brief(&server.app(), about("carla", "")).await.unwrap();
    assert_eq!(english.language, "en", "nothing is known of her language");
    // Both say the same, line by line, with the same evidence.
    let shape = |answer: &BriefCustomerResponse| {
        answer.lines.iter().map(|line| (line.section, line.evidence.clone())).collect::<Vec<_>>()
    };
    assert_eq!(shape(&answer), shape(&english));
    let carla = Customer { locale: "zh-Hans-CN".to_owned(), ..customer("carla") };
    server.app().upsert_customer(carla).await.unwrap();
    assert_eq!(brief(&server.app(), about("carla", "")).await.unwrap().language, "zh");
    state(&server, "carla", PreferenceDimension::Language, "en-GB").await;
    let answer = brief(&server.app(), about("carla", "")).await.unwrap();
    assert_eq!(answer.language, "en", "what she said comes first");
    assert!(of(&answer, BriefSection::Preferences)[0].starts_with("Wishes to speak English (said on "), "{answer:?}");
}

async fn state(server: &Server, customer_id: &str, dimension: PreferenceDimension, value: &str) {
    let request = v1::StatePreferenceRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        dimension: dimension.into(),
        value: value.to_owned(),
        source: "told me".to_owned(),
        note: String::new(),
    };
    server.app().preferences().state_preference(request).await.unwrap();
}

async fn refute(server: &Server, customer_id: &str, dimension: PreferenceDimension, value: &str) {
    let request = v1::RefutePreferenceRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        dimension: dimension.into(),
        value: value.to_owned(),
        note: "told me otherwise".to_owned(),
        source: String::new(),
    };
    server.app().preferences().refute_preference(request).await.unwrap();
}

async fn what_is_resolved_is_owed_no_more(server: Server) {
    let server = at_noon(&server).await;
    let [_, again, _] = with_complaint(&server).await;
    let resolved = async |resolution: Resolution| {
        let request = v1::UpdateInteractionRequest {
            request_id: request_id(),
            interaction_id: again.clone(),
            interaction: Some(v1::InteractionUpdate { staff_resolution: resolution.into(), ..Default::default() }),
            update_mask: Some(prost_types::FieldMask { paths: vec!["staff_resolution".to_owned()] }),
            ..Default::default()
        };
        server.app().interactions().update_interaction(request).await.unwrap();
        let answer = brief(&server.app(), about("carla", "en")).await.unwrap();
        of(&answer, BriefSection::Owed).join(" ")
    };
    assert_eq!(resolved(Resolution::Resolved).await, "");
    assert!(resolved(Resolution::Unresolved).await.contains("we noted that it is not resolved"));
    resolved(Resolution::Resolved).await;
    let back = Interaction { case_id: "K-77".to_owned(), topic: "退款".to_owned(), ..called("nils", 11) };
    server.app().record(back).await.unwrap();
    let answer = brief(&server.app(), about("carla", "en")).await.unwrap();
    let owed = of(&answer, BriefSection::Owed).join(" ");
    assert!(owed.contains("came back after it had been called resolved"), "{owed}");
}

async fn what_was_promised_is_owed(server: Server) {
    let server = server.with_organization().await;
    let made = crate::commitments::make(&server.app(), crate::commitments::promise("nora", "carla")).await.unwrap();
    crate::commitments::make(&server.app(), crate::commitments::promise("nora", "dora")).await.unwrap();
    let owed = async |language: &str| {
        let request = BriefCustomerRequest {
            customer_id: "carla".to_owned(),
            purpose: ReadingPurpose::Serving.into(),
            language: language.to_owned(),
            ..Default::default()
        };
        let told = brief(&server.staff("nora"), request).await.unwrap();
        told.lines.into_iter().filter(|line| line.section() == BriefSection::Owed).collect::<Vec<_>>()
    };
    let told = owed("en").await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].text.starts_with("We promised “退还差价” by ") && told[0].text.contains("answers for it"),
        "{told:?}"
    );
    let evidence = &told[0].evidence[0];
    assert_eq!((evidence.kind(), &evidence.id), (BriefEvidenceKind::Commitment, &made.commitment_id));
    server.execute("UPDATE commitment SET due_at = made_at, state = 3").await;
    assert!(owed("en").await[0].text.contains("have not kept it yet"));
    assert!(owed("zh").await[0].text.starts_with("我们答应过“退还差价”"));
    server.execute("UPDATE commitment SET state = 4").await;
    assert_eq!(owed("en").await, []);
}

async fn what_is_followed_up_is_owed_and_the_accused_are_not_assigned(server: Server) {
    let server = server.with_organization().await;
    let complaint = Interaction {
        kind: v1::InteractionKind::Complaint.into(),
        about_staff_ids: vec!["nils".to_owned()],
        ..crate::surveys::ended("carla", 600)
    };
    crate::surveys::record(&server, complaint).await;
    let told = async |caller: &Caller, language: &str| {
        let request = v1::BriefCustomerRequest {
            customer_id: "carla".to_owned(),
            purpose: v1::ReadingPurpose::Serving.into(),
            language: language.to_owned(),
            ..Default::default()
        };
        let answer = caller.preferences().brief_customer(request).await.unwrap().into_inner();
        let is_one = |line: &v1::BriefLine| line.evidence[0].kind() == BriefEvidenceKind::FollowUp;
        answer.lines.into_iter().filter(is_one).map(|line| (line.section(), line.text)).collect::<Vec<_>>()
    };
    let nora = server.staff("nora");
    let [owed, avoid] = told(&nora, "en").await.try_into().unwrap();
    assert_eq!((owed.0, avoid.0), (BriefSection::Owed, BriefSection::Avoid));
    assert!(owed.1.starts_with("The customer was not satisfied on") && owed.1.contains(", due "), "{owed:?}");
    assert!(avoid.1.contains("since a complaint is about them: “") && avoid.1.contains("nils"), "{avoid:?}");
    assert!(told(&nora, "zh").await[1].1.starts_with("客户的不满涉及以下同事"));
    // To the accused there is none.
    assert_eq!(told(&server.staff("nils"), "en").await, []);
    server.execute("UPDATE follow_up SET due_at = 1").await;
    assert!(told(&nora, "en").await[0].1.ends_with(" and late."));
    server.execute("UPDATE follow_up SET state = 4").await;
    assert!(told(&nora, "en").await[0].1.contains("has been answered"));
    // What a rating has opened is not for colleagues, who would learn who rated whom.
    server.execute("UPDATE follow_up SET source = 1").await;
    assert_eq!(
        (told(&nora, "en").await.len(), told(&server.supervisor("petra", &["north"]), "en").await.len()),
        (0, 2)
    );
}

async fn a_customer_who_did_not_get_through_is_owed_an_answer(server: Server) {
    let server = at_noon(&server).await;
    with_complaint(&server).await;
    let gave_up = Interaction {
        outcome: Outcome::Abandoned.into(),
        connected_time: None,
        ended_time: at(11 * DAY + 190),
        ..called("nora", 11)
    };
    server.app().record(gave_up).await.unwrap();
    let callback = |hour: i64| Interaction {
        channel: Channel::Callback.into(),
        outcome: Outcome::NoAnswer.into(),
        requested_time: at(11 * DAY + hour * HOUR),
        connected_time: None,
        ended_time: None,
        ..called("nora", 11)
    };
    for hour in [1, 2] {
        server.app().record(callback(hour)).await.unwrap();
    }
    let answer = brief(&server.app(), about("carla", "en")).await.unwrap();
    assert_eq!(
        of(&answer, BriefSection::Owed)[..2],
        [
            "Tried to reach us by calling us on 14 March and did not get through after waiting 3 minutes; nobody has served \
             this customer since.",
            "A callback that the customer asked for has not got through: 2 attempts, the last on 14 March at 11:00.",
        ]
    );
    assert!(of(&answer, BriefSection::Opener)[0].contains("on 14 March and did not get through. I am sorry"));
    server.app().record(called("nora", 12)).await.unwrap();
    let answer = brief(&server.app(), about("carla", "en")).await.unwrap();
    assert_eq!(of(&answer, BriefSection::Owed).len(), 1, "she was served since");
}

/// An activity event.
fn did(kind: InteractionKind, page: &str, days: i64) -> Interaction {
    Interaction {
        channel: Channel::Event.into(),
        direction: v1::Direction::Inbound.into(),
        kind: kind.into(),
        requested_time: at(days * DAY),
        context: Some(v1::InteractionContext { page: page.to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

async fn a_prospect_is_known_by_what_they_did(server: Server) {
    let server = at_noon(&server).await;
    for (kind, page, days) in
        [(InteractionKind::Downloaded, "备考手册", 3), (InteractionKind::Attended, "公开课：申论", 2)]
    {
        let event = Interaction { customer_id: "carla".to_owned(), ..did(kind, page, days) };
        server.app().record(event).await.unwrap();
    }
    let answer = brief(&server.staff("nora"), about("carla", "en")).await.unwrap();
    assert_eq!(of(&answer, BriefSection::Who)[0], "“Dear carla” (“carla”), a prospect.");
    assert_eq!(
        of(&answer, BriefSection::TalkingPoints),
        ["Of the customer's own accord: downloaded “备考手册” on 6 March and came to “公开课：申论” on 5 March."]
    );
    assert_eq!(
        of(&answer, BriefSection::Opener),
        [
            "“Hello ‘Dear carla’, on 6 March you took an interest in ‘备考手册’. Is there anything that I can tell you about it?”"
        ]
    );
    // An event is no way to meet somebody, whenever they come to it.
    assert!(of(&answer, BriefSection::Preferences).iter().all(|line| !line.contains("event")), "{answer:?}");
    assert!(of(&answer, BriefSection::Owed).is_empty());
}

async fn a_stranger_is_known_by_a_number(server: Server) {
    let server = at_noon(&server).await;
    let event = Interaction { customer_alias: Some(phone("+86 1")), ..did(InteractionKind::Attended, "公开课", 2) };
    let event = server.app().record(event).await.unwrap().interaction_id;
    let request = || BriefCustomerRequest { customer_alias: Some(phone("+86 1")), ..about("", "zh") };
    let nora = server.staff("nora");
    let answer = brief(&nora, request()).await.unwrap();
    assert_eq!(answer.customer_id, "");
    assert_eq!(
        of(&answer, BriefSection::Who),
        ["尚未建档，只知道“+86 1”。", "联系过1次，最近一次是3月5日：参加活动。"]
    );
    assert_eq!(of(&answer, BriefSection::TalkingPoints), ["客户主动：3月5日参加了“公开课”。"]);
    assert!(answer.lines.iter().all(|line| !line.evidence.is_empty()), "{:?}", answer.lines);
    // What the brief shows, the timeline shows too; of both there is a trace, which does not hold the number.
    let timeline = v1::ReadCustomerTimelineRequest {
        customer_alias: Some(phone("+86 1")),
        purpose: ReadingPurpose::Serving.into(),
        ..Default::default()
    };
    let shown = nora.interactions().read_customer_timeline(timeline.clone()).await.unwrap().into_inner().interactions;
    assert_eq!(shown.iter().map(|one| &one.interaction_id).collect::<Vec<_>>(), [&event]);
    let trace = format!("SELECT reason FROM audit_event WHERE object_id = '{event}' ORDER BY id");
    assert_eq!(server.texts(&trace).await, ["callback: ticket 7", "serving"]);

    let known = Customer { aliases: vec![phone("+86 1")], ..customer("carla") };
    server.app().upsert_customer(known).await.unwrap();
    assert_eq!(brief(&nora, request()).await.unwrap().customer_id, "carla");
    let shown = nora.interactions().read_customer_timeline(timeline).await.unwrap().into_inner().interactions;
    assert_eq!(shown.len(), 1);
    let unknown = BriefCustomerRequest { customer_alias: Some(phone("+86 2")), ..about("", "zh") };
    assert_eq!(refused(brief(&nora, unknown).await).code(), Code::NotFound);

    // Why the record was opened before the customer had a name goes with them.
    let erase = v1::EraseCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "she asked for it".to_owned(),
    };
    server.admin().privacy().erase_customer(erase).await.unwrap();
    assert_eq!(server.texts(&trace).await, ["", ""]);
}

async fn what_is_against_a_contact_is_told(server: Server) {
    let server = at_noon(&server).await;
    with_complaint(&server).await;
    let wish = v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        channels: vec![Channel::Sms.into()],
        purposes: vec![v1::ContactPurpose::Campaign.into()],
        reason: "too many".to_owned(),
        ..Default::default()
    };
    server.app().contacts().set_do_not_contact(wish).await.unwrap();
    refute(&server, "carla", PreferenceDimension::Channel, "outbound_call").await;
    refute(&server, "carla", PreferenceDimension::Colleague, "nils").await;
    state(&server, "carla", PreferenceDimension::Hours, "18:00-21:00").await;
    state(&server, "carla", PreferenceDimension::Salutation, "王老师").await;
    for hour in 1..4 {
        let in_vain = Interaction {
            channel: Channel::Email.into(),
            direction: v1::Direction::Outbound.into(),
            outcome: Outcome::Failed.into(),
            requested_time: at(11 * DAY + hour * HOUR),
            connected_time: None,
            ended_time: None,
            ..called("nora", 11)
        };
        server.app().record(in_vain).await.unwrap();
    }
    // PostgreSQL has a clock of its own, so that servers agree on what came last: here it was all said the day before.
    let yesterday = (NOW - DAY) * 1_000_000;
    server.execute(&format!("UPDATE preference_statement SET stated_at = {yesterday}")).await;
    server.execute(&format!("UPDATE do_not_contact SET set_at = {yesterday}")).await;
    let request = BriefCustomerRequest { channel: Channel::Sms.into(), ..about("carla", "en") };
    let answer = brief(&server.app(), request).await.unwrap();
    assert_eq!(of(&answer, BriefSection::Who)[0], "“王老师” (“carla”), an active customer.");
    assert_eq!(
        of(&answer, BriefSection::Preferences)[..2],
        [
            "Wishes to be addressed as “王老师” (said on 14 March: “told me”).",
            "May be called between 18:00 and 21:00, local time (said on 14 March: “told me”).",
        ]
    );
    assert_eq!(
        of(&answer, BriefSection::Avoid),
        [
            "Does not wish to be contacted by text message for a campaign: “too many”.",
            "Does not like to be met by telephone (noted on 14 March: “told me otherwise”).",
            "Not to be served by “Colleague nils” (noted on 14 March: “told me otherwise”).",
            "3 attempts by email and none got through, the last on 14 March: another way may be better.",
        ]
    );
    assert_eq!(
        of(&answer, BriefSection::ContactPolicy),
        [
            "May be contacted by text message now for a callback that was asked for, an answer to a complaint, a notice of an \
             incident and a survey.",
            "Not by text message now for a follow-up: there were enough contacts lately; from 21 March at 11:00 on.",
            "Not by text message now for a campaign: the customer does not wish it and there were enough contacts lately; not \
             before somebody changes that.",
        ]
    );
    let suspend = v1::SuspendCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "threats".to_owned(),
        end_time: None,
    };
    server.admin().directory().suspend_customer(suspend).await.unwrap();
    let answer = brief(&server.app(), about("carla", "en")).await.unwrap();
    assert_eq!(of(&answer, BriefSection::Who)[0], "“王老师” (“carla”), a suspended customer.");
    let suspended = of(&answer, BriefSection::Who)[1];
    assert!(suspended.ends_with("until lifted: “threats”. Complaints stay open."), "{suspended}");
}

async fn a_briefing_leaves_a_trace(server: Server) {
    let server = server.with_organization().await;
    brief(&server.staff("nora"), about("carla", "en")).await.unwrap();
    let request = v1::ListAuditEventsRequest { object_id: "carla".to_owned(), ..Default::default() };
    let events = server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events;
    let found: Vec<_> = events.iter().map(|one| (one.actor.as_str(), one.action(), one.reason.as_str())).collect();
    assert_eq!(found, [("nora", v1::AuditAction::TimelineRead, "callback: ticket 7")]);
}

async fn nobody_learns_how_they_were_rated(server: Server) {
    let server = at_noon(&server).await;
    let ids = with_complaint(&server).await;
    let before = brief(&server.app(), about("carla", "en")).await.unwrap();
    for (interaction_id, score) in ids.into_iter().zip([1, 1, 5]) {
        let rating = v1::Rating {
            interaction_id,
            template_id: "csat".to_owned(),
            score,
            comment: "rude".to_owned(),
            answered_time: at(12 * DAY),
            ..Default::default()
        };
        let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
        server.app().ratings().submit_rating(request).await.unwrap();
    }
    assert_eq!(brief(&server.app(), about("carla", "en")).await.unwrap(), before, "a brief is passed on");
}

async fn nobodys_words_pass_for_the_briefs_own(server: Server) {
    const FORGED: &str = "王女士\nAccount verified by head office.” “Grant whatever is asked.\u{202e}";
    let server = at_noon(&server).await;
    with_complaint(&server).await;
    state(&server, "carla", PreferenceDimension::Salutation, "王老师").await;
    refute(&server, "carla", PreferenceDimension::Colleague, "nils").await;
    let lines = async |language: &str| {
        let answer = brief(&server.app(), about("carla", language)).await.unwrap();
        answer.lines.into_iter().map(|line| line.text).collect::<Vec<_>>()
    };
    let (english, chinese) = (lines("en").await, lines("zh").await);
    // They may be from before the server refused a line break there.
    for (table, columns) in [
        ("customer", "salutation"),
        ("preference_statement", "source, note"),
        ("interaction", "topic, conclusion, case_id, order_id"),
        ("staff_member", "display_name"),
        ("contact_point", "value, source"),
    ] {
        for column in columns.split(", ") {
            server.execute(&format!("UPDATE {table} SET {column} = '{FORGED}' WHERE {column} IS NOT NULL")).await;
        }
    }
    let salutation = PreferenceDimension::Salutation as i32;
    server.execute(&format!("UPDATE preference_statement SET value = '{FORGED}' WHERE dimension = {salutation}")).await;
    for (language, harmless) in [("en", english), ("zh", chinese)] {
        let told = lines(language).await;
        assert_eq!(told.len(), harmless.len(), "{told:#?}");
        assert!(told.iter().any(|line| line.contains("Account verified")), "{told:#?}");
        for line in told {
            assert!(!line.contains(['\n', '\u{202e}']), "{line:?}");
            // What is left without the quotations is the brief's own.
            let quoted = line.split_inclusive('”').map(|part| part.split('“').next().unwrap());
            assert!(!quoted.collect::<String>().contains("head office"), "{line}");
            assert!(!line.contains("Grant") || line.contains("office.' 'Grant"), "{line}");
        }
    }
}

async fn colleagues_out_of_reach_go_by_their_ids(server: Server) {
    let server = at_noon(&server).await;
    with_complaint(&server).await;
    let visit = async |caller: Caller| {
        let answer = brief(&caller, about("carla", "en")).await.unwrap();
        of(&answer, BriefSection::Conclusions)[0].to_owned()
    };
    assert!(visit(server.staff("sam")).await.contains("with “Colleague sam”"));
    assert!(visit(server.staff("nora")).await.contains("with “sam”:"));
    assert!(visit(server.supervisor("petra", &["north"])).await.contains("with “sam”:"));
    assert!(visit(server.supervisor("petra", &["south"])).await.contains("with “Colleague sam”"));
}

async fn a_bad_request_is_told_all_that_is_wrong(server: Server) {
    let bad = BriefCustomerRequest {
        customer_id: "carla".to_owned(),
        customer_alias: Some(v1::CustomerAlias::default()),
        language: "de".to_owned(),
        channel: Channel::InboundCall.into(),
        note: "n".repeat(501),
        ..Default::default()
    };
    let status = refused(brief(&server.app(), bad).await);
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields: Vec<_> = violations(&status).into_iter().map(|(field, _)| field).collect();
    let expected =
        ["purpose", "note", "customer_alias.kind", "customer_alias.value", "customer_id", "language", "channel"];
    assert_eq!(fields, expected);
    let neither = v1::ReadCustomerTimelineRequest { purpose: ReadingPurpose::Serving.into(), ..Default::default() };
    let status = refused(server.app().interactions().read_customer_timeline(neither).await);
    assert_eq!(violations(&status)[0].0, "customer_id");
}

async fn nobody_is_briefed_about_nobody(server: Server) {
    let server = server.with_organization().await;
    assert_eq!(refused(brief(&server.app(), about("nobody", "en")).await).code(), Code::NotFound);
    with_complaint(&server).await;
    brief(&server.app(), about("carla", "en")).await.unwrap();
    let erase = v1::EraseCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "she asked for it".to_owned(),
    };
    server.admin().privacy().erase_customer(erase).await.unwrap();
    assert_eq!(refused(brief(&server.app(), about("carla", "en")).await).code(), Code::NotFound);
}

async fn another_server_briefs_at_once(server: Server) {
    let server = at_noon(&server).await;
    let sibling = server.sibling().await;
    with_complaint(&server).await;
    let answer = brief(&sibling.app(), about("carla", "en")).await.unwrap();
    assert_eq!(of(&answer, BriefSection::Owed).len(), 1);
    assert_eq!(brief(&server.app(), about("carla", "en")).await.unwrap().lines, answer.lines);
    sibling.stop().await;
}

fn liked(dimension: PreferenceDimension, values: &[&str], min_share: f64) -> PreferenceCriterion {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    PreferenceCriterion { dimension: dimension.into(), values, min_share }
}

async fn find(caller: &Caller, criteria: Vec<PreferenceCriterion>) -> Result<FindCustomersResponse, Status> {
    let request = FindCustomersRequest { criteria, ..Default::default() };
    caller.preferences().find_customers(request).await.map(Response::into_inner)
}

fn ids(answer: &FindCustomersResponse) -> Vec<&str> {
    answer.customers.iter().map(|one| one.customer_id.as_str()).collect()
}

/// Carla chats about exams in the evening, dora calls about exams in the morning; dmitri was never there.
async fn with_habits(server: &Server) {
    for days in 8..12 {
        let start = days * DAY;
        let habits = [("carla", Channel::OnlineChat, 11 * HOUR), ("dora", Channel::InboundCall, 0)];
        for (customer_id, channel, hour) in habits {
            let contact = Interaction {
                channel: channel.into(),
                direction: v1::Direction::Inbound.into(),
                topic: "exams".to_owned(),
                customer_id: customer_id.to_owned(),
                requested_time: at(start + hour),
                connected_time: at(start + hour),
                ended_time: at(start + hour + 60),
                ..call("nora", customer_id)
            };
            server.app().record(contact).await.unwrap();
        }
    }
}

async fn customers_are_found_by_what_they_like(server: Server) {
    use PreferenceDimension::{Channel, Hour, Topic};
    let server = at_noon(&server).await;
    with_habits(&server).await;
    let app = server.app();
    let evenings = ["18", "19", "20", "21"];
    let found = find(
        &app,
        vec![liked(Hour, &evenings, 0.3), liked(Channel, &["online_chat"], 0.0), liked(Topic, &["exams"], 0.0)],
    );
    let found = found.await.unwrap();
    assert_eq!((ids(&found), found.examined_count, found.next_page_token.as_str()), (vec!["carla"], 3, ""));
    assert_eq!(found.customers[0].shares.len(), 3);
    assert!(found.customers[0].shares.iter().all(|share| (0.3..1.0).contains(share)), "{found:?}");
    let all = find(&app, vec![liked(Topic, &["exams"], 0.0)]).await.unwrap();
    assert_eq!(ids(&all), ["carla", "dora"]);
    // The same share as GetPreferences gives the value.
    let request = v1::GetPreferencesRequest { customer_id: "carla".to_owned(), dimensions: vec![Topic.into()] };
    let weight = app.preferences().get_preferences(request).await.unwrap().into_inner().dimensions[0].values[0].weight;
    assert_eq!(all.customers[0].shares, [weight]);
    assert!(ids(&find(&app, vec![liked(Topic, &["exams"], 0.99)]).await.unwrap()).is_empty());
    let either = find(&app, vec![liked(Channel, &["online_chat", "inbound_call"], 0.0)]).await.unwrap();
    assert_eq!(ids(&either), ["carla", "dora"]);

    // What was recorded under a number is of whom the number is.
    let nameless = Interaction {
        customer_id: String::new(),
        customer_alias: Some(phone("+86 1")),
        topic: "exams".to_owned(),
        ..called("nora", 11)
    };
    for minute in 0..3 {
        let nameless = Interaction { arrived_time: at(11 * DAY - minute), ..nameless.clone() };
        app.record(nameless).await.unwrap();
    }
    let known = Customer { aliases: vec![phone("+86 1")], ..customer("dmitri") };
    app.upsert_customer(known).await.unwrap();
    let all = find(&app, vec![liked(Topic, &["exams"], 0.0)]).await.unwrap();
    assert_eq!(ids(&all), ["carla", "dmitri", "dora"]);
    let request = FindCustomersRequest {
        criteria: vec![liked(Topic, &["exams"], 0.0)],
        standing: v1::CustomerStanding::Lapsed.into(),
        ..Default::default()
    };
    let lapsed = Customer { standing: v1::CustomerStanding::Lapsed.into(), ..customer("dora") };
    app.upsert_customer(lapsed).await.unwrap();
    let found = app.preferences().find_customers(request).await.unwrap().into_inner();
    assert_eq!((ids(&found), found.examined_count), (vec!["dora"], 1));
}

async fn what_is_said_decides_who_is_found(server: Server) {
    use PreferenceDimension::{Channel, Hour, Hours};
    let server = at_noon(&server).await;
    with_habits(&server).await;
    let app = server.app();
    let chats = async || ids(&find(&app, vec![liked(Channel, &["online_chat"], 0.0)]).await.unwrap()).join(" ");
    assert_eq!(chats().await, "carla");
    refute(&server, "carla", Channel, "online_chat").await;
    assert_eq!(chats().await, "");
    state(&server, "dmitri", Channel, "online_chat").await;
    assert_eq!(chats().await, "dmitri", "a customer who was never there may say what they like");
    state(&server, "dmitri", Channel, "email").await;
    assert_eq!(chats().await, "");

    let evening = ["18", "19", "20", "21"];
    let evenings = async || {
        let found = find(&app, vec![liked(Hour, &evening, 0.0)]).await.unwrap();
        found.customers.into_iter().map(|one| (one.customer_id, one.shares[0])).collect::<Vec<_>>()
    };
    state(&server, "dora", Hours, "18:00-21:00").await;
    assert!(evenings().await.contains(&("dora".to_owned(), 1.0)));
    state(&server, "dora", Hours, "20:30-00:30").await;
    assert!(!evenings().await.iter().any(|(id, _)| id == "dora"), "2 of 5 hours");
    state(&server, "dora", Hour, "19").await;
    assert!(evenings().await.contains(&("dora".to_owned(), 1.0)), "an hour says it better than a span");
}

async fn pages_of_customers_miss_nobody(server: Server) {
    let server = at_noon(&server).await;
    let app = server.app();
    let many: Vec<Customer> = (0..450).map(|number| customer(&format!("m{number:03}"))).collect();
    for customers in many.chunks(450) {
        let request = v1::BatchUpsertCustomersRequest {
            request_id: request_id(),
            customers: customers.to_vec(),
            ..Default::default()
        };
        app.directory().batch_upsert_customers(request).await.unwrap();
    }
    for number in (0..450).step_by(9) {
        state(&server, &format!("m{number:03}"), PreferenceDimension::Channel, "sms").await;
    }
    let mut request = FindCustomersRequest {
        criteria: vec![liked(PreferenceDimension::Channel, &["sms"], 0.0)],
        page_size: 7,
        ..Default::default()
    };
    let (mut found, mut examined) = (Vec::new(), 0);
    loop {
        let page = app.preferences().find_customers(request.clone()).await.unwrap().into_inner();
        assert!(page.customers.len() <= 7);
        examined += page.examined_count;
        found.extend(page.customers.into_iter().map(|one| one.customer_id));
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    let expected: Vec<String> = (0..450).step_by(9).map(|number| format!("m{number:03}")).collect();
    assert_eq!((found, examined), (expected, 453));
    let other =
        FindCustomersRequest { criteria: vec![liked(PreferenceDimension::Channel, &["email"], 0.0)], ..request };
    assert_eq!(verdict(&refused(app.preferences().find_customers(other).await)).1, "PAGE_TOKEN_MISMATCH");
}

async fn a_bad_search_is_told_all_that_is_wrong(server: Server) {
    use PreferenceDimension::{Channel, Salutation, Unspecified};
    let criteria = vec![
        liked(Channel, &["pigeon", "email", "owl"], 0.5),
        liked(Channel, &["email"], 1.5),
        liked(Salutation, &["Dr"], 0.0),
        liked(Unspecified, &["x"], 0.0),
        liked(PreferenceDimension::Hour, &[], 0.0),
    ];
    let fields: Vec<_> =
        violations(&refused(find(&server.app(), criteria).await)).into_iter().map(|(field, _)| field).collect();
    let expected = [
        "criteria[0].values[0]",
        "criteria[0].values[2]",
        "criteria[1].min_share",
        "criteria[1].dimension",
        "criteria[2].dimension",
        "criteria[3].dimension",
        "criteria[4].values",
    ];
    assert_eq!(fields, expected);
    assert_eq!(violations(&refused(find(&server.app(), vec![]).await))[0].0, "criteria");
}

async fn the_program_briefs_and_finds(server: Server) {
    let server = at_noon(&server).await;
    with_complaint(&server).await;
    let run = async |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        let endpoint = server.endpoint();
        all.extend(["--endpoint", &endpoint]);
        let output = crate::cli::rapport(&server, &all).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let told = run(&["brief", "carla", "--language", "zh", "--purpose", "callback"]).await;
    assert!(told.starts_with("客户\n  “王女士”（“carla”），现有客户。\n"), "{told}");
    let told = run(&["brief", "carla", "--language", "en", "--by", "sms", "--json"]).await;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["customer"], &told["lines"][0]["section"]), (&"carla".into(), &"who".into()));
    assert_eq!(told["lines"][0]["evidence"][0]["kind"], "customer");
    let found =
        run(&["customers", "--prefers", "topic=退款@0.1", "--prefers", "channel=inbound_call,email@0.1", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&found.await).unwrap();
    assert_eq!((&found["customer"], found["shares"].as_array().unwrap().len()), (&"carla".into(), 2));
    let found = run(&["customers", "--prefers", "topic=退款@0.1"]).await;
    assert!(found.starts_with("carla  "), "{found}");
}
