//! Personal data of customers: consent, export, erasure.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use rapport::{
    api::v1::{
        self, AuditAction, Channel, Consent, ContactKind, ContactPoint, ContactPurpose, Customer, DeliveryOutcome,
        EraseCustomerRequest, ErasureReceipt, ExportCustomerRequest, GetScorecardRequest, Interaction,
        InteractionContext, ReadingPurpose, Role, ScorecardUnit, ScorecardView, SetConsentRequest, UpsertMode,
        UpsertOutcome, upsert_item_result,
    },
    config::Config,
    entities, vault,
};
use serde_json::Value;
use tonic::{Code, Response, Status};

use crate::{
    support::{
        Backend, Caller, Server, Test,
        client::request_id,
        differing_counters, on_both, on_postgres, reason,
        refusal::verdict,
        refused,
        sample::{call, customer, participant, phone},
        violations,
    },
    surveys::{ago, awake, ended, issue, issue_by, published, record, report, template},
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_postgres![a_tombstone_outlives_its_key];
    tests.extend(on_both![
        consent_is_set_and_both_states_stay,
        what_cannot_be_consented_to_is_refused,
        an_export_has_all_of_theirs_and_nothing_of_others,
        an_export_comes_in_pages,
        an_erased_customer_is_in_no_file,
        an_erased_customer_does_not_come_back,
        an_erasure_asks_for_a_customer,
        many_interactions_are_erased_at_once,
    ]);
    tests
}

/// In every text about the customer who is to be erased.
pub(crate) const MARK: &str = "quetzal";
pub(crate) const SUBJECT: &str = "quetzal-1";
pub(crate) const NUMBER: &str = "+86 quetzal 0001";

pub(crate) fn said(what: &str) -> String {
    format!("{MARK} {what}")
}

pub(crate) fn reachable(customer_id: &str) -> Customer {
    let point = |kind: ContactKind, value: &str| ContactPoint {
        kind: kind.into(),
        value: value.to_owned(),
        source: said("order form"),
        obtained_time: ago(86_400),
        consent: Consent::Granted.into(),
        ..Default::default()
    };
    Customer {
        salutation: said("Frau"),
        contact_points: vec![point(ContactKind::Phone, NUMBER), point(ContactKind::Email, "quetzal@example.org")],
        aliases: vec![phone(NUMBER)],
        ..customer(customer_id)
    }
}

pub(crate) fn consent(customer_id: &str, consent: Consent) -> SetConsentRequest {
    SetConsentRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        kind: ContactKind::Phone.into(),
        value: NUMBER.to_owned(),
        consent: consent.into(),
        source: said("by telephone"),
        consent_time: ago(60),
    }
}

pub(crate) async fn set(caller: &Caller, request: SetConsentRequest) -> Result<ContactPoint, Status> {
    Ok(caller.privacy().set_consent(request).await?.into_inner().contact_point.unwrap())
}

pub(crate) async fn export(caller: &Caller, customer_id: &str) -> Result<Vec<Value>, Status> {
    let (mut lines, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ExportCustomerRequest { customer_id: customer_id.to_owned(), page_size: 3, page_token };
        let page = caller.privacy().export_customer(request).await?.into_inner();
        assert!(page.json_lines.len() < 10, "few more than asked: {:#?}", page.json_lines);
        lines.extend(page.json_lines.iter().map(|line| serde_json::from_str(line).unwrap()));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(lines);
        }
    }
}

pub(crate) async fn erase(caller: &Caller, customer_id: &str) -> Result<ErasureReceipt, Status> {
    let customer_id = customer_id.to_owned();
    let request = EraseCustomerRequest { request_id: request_id(), customer_id, reason: "as he asked".to_owned() };
    Ok(caller.privacy().erase_customer(request).await?.into_inner().receipt.unwrap())
}

async fn audited(server: &Server, action: AuditAction) -> Vec<v1::AuditEvent> {
    let request = v1::ListAuditEventsRequest { action: action.into(), ..Default::default() };
    server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events
}

async fn consent_is_set_and_both_states_stay(server: Server) {
    let server = server.with_organization().await;
    server.app().upsert_customer(reachable(SUBJECT)).await.unwrap();
    let request = consent(SUBJECT, Consent::Withdrawn);
    for _ in 0..2 {
        let point = set(&server.staff("nora"), request.clone()).await.unwrap();
        assert_eq!((point.consent(), point.source), (Consent::Withdrawn, said("order form")));
    }
    set(&server.customer(SUBJECT), consent(SUBJECT, Consent::Granted)).await.unwrap();
    set(&server.app(), consent(SUBJECT, Consent::Unspecified)).await.unwrap();
    let events = audited(&server, AuditAction::ConsentSet).await;
    let states: Vec<_> = events
        .iter()
        .rev()
        .map(|event| {
            let detail: Value = serde_json::from_str(&event.detail_json).unwrap();
            assert_eq!((event.object_id.as_str(), &detail["source"]), (SUBJECT, &Value::from(said("by telephone"))));
            assert!(detail["consent_at"].is_i64());
            (event.actor.clone(), detail["consent"]["before"].clone(), detail["consent"]["after"].clone())
        })
        .collect();
    let (granted, withdrawn) = (Value::from("CONSENT_GRANTED"), Value::from("CONSENT_WITHDRAWN"));
    let expected = [
        ("nora".to_owned(), granted.clone(), withdrawn.clone()),
        (SUBJECT.to_owned(), withdrawn, granted.clone()),
        ("crm".to_owned(), granted, Value::from("CONSENT_UNSPECIFIED")),
    ];
    assert_eq!(states, expected);
    let found = v1::GetCustomerRequest { customer_id: SUBJECT.to_owned(), ..Default::default() };
    let found = server.app().directory().get_customer(found).await.unwrap().into_inner().customer.unwrap();
    let consents: Vec<_> = found.contact_points.iter().map(ContactPoint::consent).collect();
    assert_eq!(consents, [Consent::Unspecified, Consent::Granted], "nothing else has changed");
}

async fn what_cannot_be_consented_to_is_refused(server: Server) {
    let server = server.with_organization().await;
    server.app().upsert_customer(reachable(SUBJECT)).await.unwrap();
    let app = server.app();
    let another = SetConsentRequest { value: "+1".to_owned(), ..consent(SUBJECT, Consent::Granted) };
    let wrong = refused(set(&app, another).await);
    assert_eq!(violations(&wrong), [("value".to_owned(), "UNKNOWN_CONTACT_POINT".to_owned())]);
    let ahead = SetConsentRequest { consent_time: ago(-3_600), ..consent(SUBJECT, Consent::Granted) };
    let wrong = refused(set(&app, ahead).await);
    assert_eq!(violations(&wrong), [("consent_time".to_owned(), "TIME_IN_FUTURE".to_owned())]);
    assert_eq!(refused(set(&app, consent("nobody", Consent::Granted)).await).code(), Code::NotFound);
    assert_eq!(
        refused(set(&server.customer("carla"), consent(SUBJECT, Consent::Granted)).await).code(),
        Code::NotFound
    );
    assert!(audited(&server, AuditAction::ConsentSet).await.is_empty());
}

/// The customer with something in every column of theirs that callers can fill. Gives their interactions, the first of
/// which was recorded before they had a name, and the request that recorded the second.
pub(crate) async fn known_well(server: &Server) -> (Vec<String>, v1::RecordInteractionRequest) {
    let (app, admin) = (server.app(), server.admin());
    let spoken = |told: Interaction| Interaction {
        case_id: said("case"),
        conclusion: said("conclusion"),
        context: Some(InteractionContext {
            order_id: said("order"),
            page: said("page"),
            seen: said("seen"),
            attributes: [("size".to_owned(), said("attribute")), ("language".to_owned(), said("tongue"))].into(),
            ..Default::default()
        }),
        ..told
    };
    let before = Interaction { customer_alias: Some(phone(NUMBER)), ..ended("", 7_200) };
    let first = record(server, spoken(before)).await;
    app.upsert_customer(reachable(SUBJECT)).await.unwrap();
    let batch = v1::BatchUpsertCustomersRequest {
        request_id: request_id(),
        customers: vec![reachable(SUBJECT), customer("dora")],
        ..Default::default()
    };
    app.directory().batch_upsert_customers(batch).await.unwrap();
    let told = Interaction { customer_alias: Some(phone(NUMBER)), ..ended(SUBJECT, 600) };
    let request = v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(spoken(told)) };
    let recorded = app.interactions().record_interaction(request.clone()).await.unwrap().into_inner();
    let second = recorded.interaction_id;
    let ours = Interaction {
        channel: Channel::OutboundCall.into(),
        contact_purpose: ContactPurpose::FollowUp.into(),
        ..spoken(ended(SUBJECT, 5_000))
    };
    let third = record(server, ours).await;

    set(&server.customer(SUBJECT), consent(SUBJECT, Consent::Granted)).await.unwrap();
    let wish = v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: SUBJECT.to_owned(),
        reason: said("wish"),
        purposes: vec![ContactPurpose::Campaign.into()],
        ..Default::default()
    };
    for source in ["letter", "call"] {
        let wish = v1::SetDoNotContactRequest { request_id: request_id(), source: said(source), ..wish.clone() };
        let set = server.customer(SUBJECT).contacts().set_do_not_contact(wish).await.unwrap().into_inner();
        let lift = v1::LiftDoNotContactRequest {
            request_id: request_id(),
            do_not_contact_id: set.do_not_contact.unwrap().do_not_contact_id,
            reason: said("after all"),
        };
        if source == "letter" {
            admin.contacts().lift_do_not_contact(lift).await.unwrap();
        }
    }
    prefers(server).await;
    let (customer_id, why) = (SUBJECT.to_owned(), said("suspension"));
    let suspend = v1::SuspendCustomerRequest { request_id: request_id(), customer_id, reason: why, end_time: None };
    let leads = server.supervisor("petra", &["north"]);
    leads.directory().suspend_customer(suspend).await.unwrap();
    let (customer_id, why) = (SUBJECT.to_owned(), said("lifted"));
    let lift = v1::LiftSuspensionRequest { request_id: request_id(), customer_id, reason: why };
    admin.directory().lift_suspension(lift).await.unwrap();
    let reading = v1::ReadCustomerTimelineRequest {
        customer_id: SUBJECT.to_owned(),
        purpose: ReadingPurpose::Complaint.into(),
        note: said("purpose"),
        ..Default::default()
    };
    admin.interactions().read_customer_timeline(reading).await.unwrap();

    // The customer writes when nobody has asked them, and a person closes it.
    let reply = v1::ReceiveReplyRequest {
        request_id: request_id(),
        contact_point: Some(phone(NUMBER)),
        text: said("unasked"),
        ..Default::default()
    };
    let unasked = app.surveys().receive_reply(reply.clone()).await.unwrap().into_inner().reply.unwrap();
    assert_eq!(unasked.invitation_id, "");
    let settle = v1::SettleReplyRequest {
        request_id: request_id(),
        reply_id: unasked.reply_id,
        reason: said("closed"),
        ..Default::default()
    };
    admin.surveys().settle_reply(settle.clone()).await.unwrap();

    // Asked, and answered by a reply that becomes a rating.
    let sent = issue(server, &second).await.unwrap();
    let invitation_id = sent.invitation.unwrap().invitation_id;
    report(server, &invitation_id, DeliveryOutcome::Delivered, None).await.unwrap();
    let reply = v1::ReceiveReplyRequest { request_id: request_id(), text: said("reply"), ..reply };
    let reply = app.surveys().receive_reply(reply).await.unwrap().into_inner().reply.unwrap();
    let (reply_id, reason) = (reply.reply_id, said("settled"));
    let settle = v1::SettleReplyRequest { request_id: request_id(), reply_id, score: 5, reason, ..settle };
    let reply = admin.surveys().settle_reply(settle).await.unwrap().into_inner().reply.unwrap();
    let share = v1::SharePraiseRequest { request_id: request_id(), rating_id: reply.rating_id, ..Default::default() };
    leads.quality().share_praise(share).await.unwrap();

    answers_on_a_page(server, &third).await;

    let rating = v1::Rating {
        interaction_id: first.clone(),
        template_id: "csat".to_owned(),
        score: 2,
        comment: said("comment"),
        answered_time: ago(7_100),
        ..Default::default()
    };
    let request_of_rating = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    let rating_id = app.ratings().submit_rating(request_of_rating).await.unwrap().into_inner().rating_id;
    let contest = v1::ContestRatingRequest {
        request_id: request_id(),
        rating_id,
        grounds: v1::ContestGrounds::Other.into(),
        evidence: said("evidence"),
        ..Default::default()
    };
    let contest = leads.contests().contest_rating(contest).await.unwrap().into_inner().contest.unwrap();
    let decision = v1::DecideContestRequest {
        request_id: request_id(),
        contest_id: contest.contest_id,
        verdict: v1::ContestVerdict::Refused.into(),
        reason: said("verdict"),
    };
    server.caller(Role::Reviewer, "rita", &[]).contests().decide_contest(decision).await.unwrap();
    let assessed = v1::AssessInteractionRequest {
        request_id: request_id(),
        interaction_id: second.clone(),
        overall: 4,
        note: said("note"),
        ..Default::default()
    };
    leads.quality().assess_interaction(assessed).await.unwrap();
    (vec![first, second, third], request)
}

/// What the customer said of how they like to be met, took back and had refuted.
async fn prefers(server: &Server) {
    let mut preferences = server.customer(SUBJECT).preferences();
    let by = v1::PreferenceDimension::Salutation;
    for what in ["Professor", "Sir"] {
        let statement = v1::StatePreferenceRequest {
            request_id: request_id(),
            customer_id: SUBJECT.to_owned(),
            dimension: by.into(),
            value: said(what),
            source: said("letterhead"),
            note: said("remark"),
        };
        preferences.state_preference(statement).await.unwrap();
    }
    let withdrawal = v1::WithdrawPreferenceRequest {
        request_id: request_id(),
        customer_id: SUBJECT.to_owned(),
        dimension: by.into(),
        value: String::new(),
    };
    preferences.withdraw_preference(withdrawal).await.unwrap();
    let refutation = v1::RefutePreferenceRequest {
        request_id: request_id(),
        customer_id: SUBJECT.to_owned(),
        dimension: v1::PreferenceDimension::Topic.into(),
        value: said("topic"),
        note: said("not that"),
        source: said("colleague"),
    };
    server.staff("nora").preferences().refute_preference(refutation).await.unwrap();
}

/// Asks the customer about an interaction, which they answer on the page and put right; then it is somebody else's.
async fn answers_on_a_page(server: &Server, interaction_id: &str) {
    let often = v1::SurveyTemplate { invite_interval: Some(prost_types::Duration::default()), ..template("page") };
    published(server, often).await;
    let sent = issue_by(server, interaction_id, "page", 0).await.unwrap();
    report(server, &sent.invitation.unwrap().invitation_id, DeliveryOutcome::Delivered, None).await.unwrap();
    let page = v1::SubmitSurveyRequest {
        request_id: request_id(),
        survey_token: sent.token,
        score: 1,
        comment: said("page's comment"),
        ..Default::default()
    };
    let rating_id = server.app().surveys().submit_survey(page).await.unwrap().into_inner().rating_id;
    let correction = v1::CorrectRatingRequest {
        request_id: request_id(),
        rating_id,
        score: 4,
        comment: said("correction"),
        answered_time: ago(-1),
        ..Default::default()
    };
    server.app().ratings().correct_rating(correction).await.unwrap();
    let participants = vec![participant("nils")];
    let (reason, interaction_id) = (said("re-attribution"), interaction_id.to_owned());
    let moved = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id,
        participants,
        reason,
        ..Default::default()
    };
    server.reattribute(moved).await;
}

/// All that staff and customers are measured by.
pub(crate) async fn figures(server: &Server) -> Vec<v1::Scorecard> {
    let mut cards = Vec::new();
    for unit in [ScorecardUnit::Organization, ScorecardUnit::Team, ScorecardUnit::Staff, ScorecardUnit::Topic] {
        for view in [ScorecardView::Unspecified, ScorecardView::Full] {
            let request = GetScorecardRequest { unit: unit.into(), view: view.into(), ..Default::default() };
            cards.extend(server.admin().ratings().get_scorecard(request).await.unwrap().into_inner().groups);
        }
    }
    cards
}

async fn an_export_has_all_of_theirs_and_nothing_of_others(server: Server) {
    let server = awake(server).await;
    let (interactions, _) = known_well(&server).await;
    record(&server, Interaction { conclusion: "about another".to_owned(), ..ended("carla", 60) }).await;
    let lines = export(&server.customer(SUBJECT), SUBJECT).await.unwrap();
    let of = |table: &str| lines.iter().filter(|line| line["table"] == table).collect::<Vec<_>>();
    let ids: BTreeSet<_> =
        of("interaction").iter().map(|line| line["row"]["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, interactions.into_iter().collect(), "also the one from before the customer had a name");
    for (table, count) in [
        ("customer", 1),
        ("customer_alias", 1),
        ("contact_point", 2),
        ("do_not_contact", 2),
        ("outbound_contact", 1),
        ("preference_statement", 3),
        ("survey_invitation", 2),
        ("survey_reply", 2),
        ("rating", 4),
        ("praise", 1),
    ] {
        assert_eq!(of(table).len(), count, "{table}");
    }
    let text = lines.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    let theirs =
        ["Frau", "order form", "conclusion", "case", "order", "page", "seen", "attribute", "wish", "suspension"];
    let more = ["purpose", "reply", "unasked", "comment", "page's comment", "correction", "by telephone", "remark"];
    for what in theirs.into_iter().chain(more) {
        assert!(text.contains(&said(what)), "{what} is missing");
    }
    for others in ["nora", "petra", "rita", "evidence", "verdict", &said("note"), "about another"] {
        assert!(!text.contains(others), "{others} is not theirs");
    }
    assert_eq!(refused(export(&server.customer("carla"), SUBJECT).await).code(), Code::NotFound);
    assert_eq!(refused(export(&server.admin(), "nobody").await).code(), Code::NotFound);
    let trail = audited(&server, AuditAction::CustomerExported).await;
    assert_eq!(
        trail.iter().map(|event| event.object_id.as_str()).collect::<Vec<_>>(),
        [SUBJECT],
        "once, not once a page"
    );
}

async fn an_export_comes_in_pages(server: Server) {
    let server = server.with_organization().await;
    for _ in 0..7 {
        record(&server, call("nora", "carla")).await;
    }
    let lines = export(&server.admin(), "carla").await.unwrap();
    let ids: BTreeSet<_> = lines.iter().filter_map(|line| line["row"]["id"].as_str()).collect();
    assert_eq!(ids.len(), 7 + 1, "interactions, and the reading itself");
    let forged = ExportCustomerRequest { customer_id: "dora".to_owned(), page_token: "AA".to_owned(), page_size: 1 };
    assert_eq!(refused(server.admin().privacy().export_customer(forged).await).code(), Code::InvalidArgument);
}

/// Every row of every table, as text.
async fn dumped(server: &Server) -> Vec<String> {
    let tables = "SELECT CAST(table_name AS text) FROM information_schema.tables WHERE table_schema = 'public'";
    let mut all = Vec::new();
    for table in server.texts(tables).await {
        all.extend(server.texts(&format!("SELECT '{table} ' || CAST(t AS text) FROM {table} t")).await);
    }
    all
}

fn files(directory: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            all.extend(fs::read(path).unwrap());
        }
    }
    all
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn an_erased_customer_is_in_no_file(server: Server) {
    let server = awake(server).await;
    let (interactions, _) = known_well(&server).await;
    let open = issue(&server, &record(&server, ended("dora", 60)).await).await.unwrap();
    let before = figures(&server).await;
    assert!(!before.is_empty());
    // As a fit leaves it: a language that only this customer spoke is counted with everybody's.
    let fitted =
        format!("INSERT INTO preference_model (dimension, fitted, fitted_at) VALUES (7, '{}', 0)", said("tongue"));
    server.execute(&fitted).await;

    let receipt = erase(&server.admin(), SUBJECT).await.unwrap();
    assert_eq!(server.number("SELECT began_at + sequence FROM preference_fit").await, 0, "a fit without them is due");
    assert!(vault::verifies(&receipt.public_key, receipt.text.as_bytes(), &receipt.signature));
    assert!(receipt.text.contains("\ninteraction 3\n") && receipt.text.contains("\ncustomer 1\n"), "{}", receipt.text);
    assert!(!receipt.text.contains(MARK));
    assert_eq!(erase(&server.admin(), SUBJECT).await.unwrap(), receipt, "a second call changes nothing");
    let events = audited(&server, AuditAction::CustomerErased).await;
    assert_eq!(events.iter().map(|event| &event.object_id).collect::<Vec<_>>(), [&receipt.erasure_id]);

    assert_eq!(figures(&server).await, before);
    assert_eq!(differing_counters(&server).await, 0);
    let kept = server.app().get(&interactions[1]).await.unwrap();
    assert_eq!((kept.topic.as_str(), kept.participants[0].staff_id.as_str()), ("Returns", "nora"));
    assert_eq!((kept.customer_id.as_str(), kept.customer_alias, kept.conclusion.as_str()), ("", None, ""));
    let matters = server.texts("SELECT DISTINCT case_id FROM interaction WHERE case_id IS NOT NULL").await;
    assert_eq!(matters.len(), 1, "still one matter: {matters:?}");
    // Others' are as they were.
    assert!(server.texts("SELECT token FROM survey_invitation WHERE token IS NOT NULL").await.contains(&open.token));

    match server.backend() {
        Backend::Postgres => {
            let left: Vec<_> = dumped(&server).await.into_iter().filter(|row| row.contains(MARK)).collect();
            assert_eq!(left, [""; 0]);
        }
        Backend::Sqlite => {
            let directory = server.data_dir().to_owned();
            // The directory goes with the server's last handle.
            server.stop().await;
            let output =
                Command::new(env!("CARGO_BIN_EXE_rapport")).args(["compact", "--data-dir"]).arg(&directory).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let bytes = files(&directory);
            assert!(holds(&bytes, "Returns") && !holds(&bytes, MARK));
        }
    }
}

fn outcome(result: &v1::UpsertItemResult) -> Result<UpsertOutcome, String> {
    match result.result.as_ref().unwrap() {
        upsert_item_result::Result::Upserted(upserted) => Ok(upserted.outcome()),
        upsert_item_result::Result::Error(error) => Err(error.reason().as_str_name().to_owned()),
    }
}

async fn an_erased_customer_does_not_come_back(server: Server) {
    let server = awake(server).await;
    let (interactions, request) = known_well(&server).await;
    erase(&server.admin(), SUBJECT).await.unwrap();
    let app = server.app();

    let erased = (Code::FailedPrecondition, "CUSTOMER_ERASED".to_owned());
    assert_eq!(verdict(&refused(app.upsert_customer(reachable(SUBJECT)).await)), erased);
    let only = |mode: UpsertMode| v1::UpsertCustomerRequest {
        request_id: request_id(),
        customer: Some(customer(SUBJECT)),
        mode: mode.into(),
        ..Default::default()
    };
    assert_eq!(verdict(&refused(app.directory().upsert_customer(only(UpsertMode::CreateOnly)).await)), erased);
    let another = Customer { aliases: vec![phone(NUMBER)], ..customer("another") };
    assert_eq!(reason(&refused(app.upsert_customer(another).await)), "CUSTOMER_ERASED");
    for (mode, expected) in [
        (UpsertMode::CreateOnly, Ok(UpsertOutcome::Left)),
        (UpsertMode::Replace, Err("ERROR_REASON_CUSTOMER_ERASED".to_owned())),
    ] {
        let batch = v1::BatchUpsertCustomersRequest {
            request_id: request_id(),
            customers: vec![reachable(SUBJECT), customer("somebody else")],
            mode: mode.into(),
        };
        let results = app.directory().batch_upsert_customers(batch).await.unwrap().into_inner().results;
        assert_eq!(outcome(&results[0]), expected);
        assert!(outcome(&results[1]).is_ok());
    }

    let again = app.interactions().record_interaction(request).await.map(Response::into_inner).unwrap();
    assert_eq!(
        (again.recording(), again.interaction_id.as_str()),
        (v1::Recording::AlreadyPresent, interactions[1].as_str())
    );
    let by_number = Interaction { customer_alias: Some(phone(NUMBER)), ..ended("", 60) };
    for told in [ended(SUBJECT, 60), by_number] {
        let context = InteractionContext { order_id: said("order"), page: said("page"), ..Default::default() };
        let (conclusion, case_id) = (said("conclusion"), said("case"));
        let told = Interaction { conclusion, case_id, context: Some(context), ..told };
        let kept = app.get(&record(&server, told).await).await.unwrap();
        assert_eq!((kept.customer_id.as_str(), kept.customer_alias, kept.topic.as_str()), ("", None, "Returns"));
        assert_eq!((kept.conclusion.as_str(), kept.case_id.as_str()), ("", ""));
    }
    let interaction = entities::all().into_iter().find(|table| table.name() == "interaction").unwrap();
    for column in interaction.shape.columns {
        let text = format!("CAST({} AS text)", column.name);
        let sql = format!("SELECT {text} FROM interaction WHERE {text} LIKE '%{MARK}%'");
        assert_eq!(server.texts(&sql).await, [""; 0], "{}", column.name);
    }
    let left = "SELECT count(*) FROM customer WHERE customer_id = 'quetzal-1'";
    assert_eq!(server.number(left).await, 0);
    assert_eq!(reason(&refused(export(&server.admin(), SUBJECT).await)), "CUSTOMER_ERASED");
    assert_eq!(
        reason(&refused(set(&server.staff("nora"), consent(SUBJECT, Consent::Granted)).await)),
        "CUSTOMER_ERASED"
    );
}

async fn an_erasure_asks_for_a_customer(server: Server) {
    let server = server.with_organization().await;
    assert_eq!(refused(erase(&server.admin(), "nobody").await).code(), Code::NotFound);
    // A colleague of the same name is somebody else.
    server.app().upsert_customer(customer("nora")).await.unwrap();
    erase(&server.admin(), "nora").await.unwrap();
    record(&server, call("nora", "carla")).await;
    let left = server.texts("SELECT staff_id FROM staff_member WHERE staff_id = 'nora'").await;
    assert_eq!(left, ["nora"]);
}

async fn many_interactions_are_erased_at_once(server: Server) {
    let server = server.with_organization().await;
    let interactions = |from: usize| {
        let told = (from..from + 500).map(|n| v1::RecordInteractionRequest {
            request_id: format!("many {n}"),
            interaction: Some(Interaction { case_id: format!("case {}", n % 400), ..call("nora", "carla") }),
        });
        v1::BatchRecordInteractionsRequest { requests: told.collect() }
    };
    for from in [0, 500, 1_000, 1_500] {
        server.app().interactions().batch_record_interactions(interactions(from)).await.unwrap();
    }
    let receipt = erase(&server.admin(), "carla").await.unwrap();
    assert!(receipt.text.contains("\ninteraction 2000\n"), "{}", receipt.text);
    assert_eq!(server.number("SELECT count(*) FROM interaction WHERE customer_id IS NOT NULL").await, 0);
    assert_eq!(server.number("SELECT count(DISTINCT case_id) FROM interaction").await, 400);
    assert_eq!(server.number("SELECT count(*) FROM interaction WHERE case_id LIKE 'case%'").await, 0);
}

async fn a_tombstone_outlives_its_key(server: Server) {
    let server = server.with_organization().await;
    server.app().upsert_customer(reachable(SUBJECT)).await.unwrap();
    let receipt = erase(&server.admin(), SUBJECT).await.unwrap();
    let old = fs::read_to_string(server.data_dir().join("keys/master.keys")).unwrap();
    let file = server.data_dir().join("rotated.keys");
    fs::write(&file, format!("{old}newer {}\n", "A".repeat(43))).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let rotated = server.sibling_with(|config: &mut Config| config.master_key_file = Some(file)).await;
    assert_eq!(erase(&rotated.admin(), SUBJECT).await.unwrap(), receipt);
    assert_eq!(reason(&refused(rotated.app().upsert_customer(reachable(SUBJECT)).await)), "CUSTOMER_ERASED");
}
