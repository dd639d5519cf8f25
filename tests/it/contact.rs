//! Whether a customer may be contacted, and what a contact that was recorded nevertheless broke.

use futures::future::join_all;
use prost_types::{Duration, Timestamp};
use rapport::{
    api::v1::{
        self, AuditAction, Channel, CheckContactRequest, CheckContactResponse, Consent, ContactKind, ContactPoint,
        ContactPolicy, ContactPurpose, ContactRefusalReason as Refused, ContactVerdict, Customer, Direction,
        DoNotContact, DoNotContactState, FrequencyCap, Interaction, InteractionKind, InteractionUpdate,
        ListContactBreachesRequest, QuietHours, SetContactPolicyRequest, SetDoNotContactRequest, record_item_result,
    },
    clock::Clock,
};
use tonic::{Code, Status};

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
    let mut tests = on_postgres![two_servers_judge_one_after_another];
    tests.extend(on_both![
        the_shipped_policy_keeps_the_night,
        every_reason_is_given_with_its_time,
        a_suspended_customer_still_gets_an_answer,
        a_wish_is_noted_kept_and_lifted,
        a_wish_may_name_channels_and_purposes,
        a_policy_is_set_by_its_etag_and_leaves_a_trace,
        a_policy_must_make_sense,
        a_question_must_make_sense,
        a_breach_is_recorded_and_marked,
        what_counts_as_a_contact,
        a_batch_is_judged_in_its_order,
        contacts_at_once_are_judged_one_after_another,
        an_alias_has_a_history_of_its_own,
        nobody_breaks_a_rule_that_is_not_there,
        breaches_are_listed_within_reach_page_by_page,
    ]);
    tests
}

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// So many hours after midnight UTC of tomorrow.
fn tomorrow(hours: i64) -> Timestamp {
    let now = Clock::system().now_micros() / 1_000_000;
    Timestamp { seconds: now - now % DAY + DAY + hours * HOUR, nanos: 0 }
}

fn about(customer_id: &str, purpose: ContactPurpose) -> CheckContactRequest {
    CheckContactRequest {
        customer_id: customer_id.to_owned(),
        purpose: purpose.into(),
        channel: Channel::OutboundCall.into(),
        contact_time: Some(tomorrow(12)),
        ..Default::default()
    }
}

async fn ask(caller: &Caller, request: CheckContactRequest) -> Result<CheckContactResponse, Status> {
    caller.contacts().check_contact(request).await.map(|answer| answer.into_inner())
}

/// Why not, each with its time; checks that the verdict says the same.
async fn refusals(caller: &Caller, request: CheckContactRequest) -> Vec<(Refused, Option<Timestamp>)> {
    let answer = ask(caller, request.clone()).await.unwrap();
    let allowed = answer.refusals.is_empty();
    assert_eq!(answer.verdict(), if allowed { ContactVerdict::Allowed } else { ContactVerdict::Refused });
    if allowed && request.contact_time.is_some() {
        assert_eq!(answer.next_allowed_time, request.contact_time);
    }
    answer.refusals.iter().map(|one| (one.reason(), one.next_allowed_time)).collect()
}

async fn reasons(caller: &Caller, request: CheckContactRequest) -> Vec<Refused> {
    refusals(caller, request).await.into_iter().map(|(reason, _)| reason).collect()
}

/// A contact of ours at an instant after Monday nine o'clock, by nora.
fn outbound(customer_id: &str, seconds: i64, purpose: ContactPurpose) -> Interaction {
    Interaction {
        channel: Channel::OutboundCall.into(),
        requested_time: at(seconds),
        connected_time: None,
        ended_time: None,
        contact_purpose: purpose.into(),
        ..call("nora", customer_id)
    }
}

/// The same, so long ago.
fn ago(interaction: Interaction, seconds: i64) -> Interaction {
    let now = Clock::system().now_micros() / 1_000_000;
    Interaction { requested_time: Some(Timestamp { seconds: now - seconds, nanos: 0 }), ..interaction }
}

/// One campaign in an hour, nothing from 21:00 to 08:00; in force for as long as the samples go back.
fn strict() -> ContactPolicy {
    let campaign = || vec![ContactPurpose::Campaign.into()];
    ContactPolicy {
        effective_time: at(-30 * DAY),
        quiet_hours: Some(QuietHours { start_time: "21:00".to_owned(), end_time: "08:00".to_owned() }),
        quiet_hours_purposes: campaign(),
        do_not_contact_purposes: campaign(),
        frequency_caps: vec![cap(&[ContactPurpose::Campaign], 1, HOUR)],
        ..Default::default()
    }
}

fn cap(purposes: &[ContactPurpose], max_contacts: i32, seconds: i64) -> FrequencyCap {
    FrequencyCap {
        purposes: purposes.iter().map(|&purpose| purpose.into()).collect(),
        counted_purposes: vec![],
        max_contacts,
        window: Some(Duration { seconds, nanos: 0 }),
    }
}

async fn set_policy(server: &Server, policy: ContactPolicy, etag: &str) -> Result<ContactPolicy, Status> {
    let request = SetContactPolicyRequest {
        request_id: request_id(),
        policy: Some(policy),
        reason: "the works council asked".to_owned(),
        etag: etag.to_owned(),
    };
    let answer = server.admin().contacts().set_contact_policy(request).await?;
    Ok(answer.into_inner().policy.unwrap())
}

async fn policy(server: &Server, version: i64) -> Result<ContactPolicy, Status> {
    let request = v1::GetContactPolicyRequest { version };
    let answer = server.staff("nora").contacts().get_contact_policy(request).await?;
    Ok(answer.into_inner().policy.unwrap())
}

fn wish(customer_id: &str) -> SetDoNotContactRequest {
    SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        reason: "too many calls".to_owned(),
        source: "told on the phone".to_owned(),
        ..Default::default()
    }
}

async fn note(caller: &Caller, request: SetDoNotContactRequest) -> Result<DoNotContact, Status> {
    let answer = caller.contacts().set_do_not_contact(request).await?;
    Ok(answer.into_inner().do_not_contact.unwrap())
}

async fn lift(caller: &Caller, id: &str) -> Result<DoNotContact, Status> {
    let request = v1::LiftDoNotContactRequest {
        request_id: request_id(),
        do_not_contact_id: id.to_owned(),
        reason: "he asked for it".to_owned(),
    };
    let answer = caller.contacts().lift_do_not_contact(request).await?;
    Ok(answer.into_inner().do_not_contact.unwrap())
}

/// Records it and tells what it broke.
async fn broken(server: &Server, interaction: Interaction) -> Vec<Refused> {
    let recorded = server.app().record(interaction).await.unwrap();
    server.app().get(&recorded.interaction_id).await.unwrap().contact_breaches().collect()
}

async fn breaches(caller: &Caller, request: ListContactBreachesRequest) -> Vec<v1::ContactBreach> {
    caller.contacts().list_contact_breaches(request).await.unwrap().into_inner().breaches
}

async fn the_shipped_policy_keeps_the_night(server: Server) {
    let server = server.with_organization().await;
    let shipped = policy(&server, 0).await.unwrap();
    assert_eq!((shipped.version, shipped.author.as_str(), shipped.frequency_caps.len()), (1, "", 4));
    assert_eq!(shipped, policy(&server, 1).await.unwrap());
    assert_eq!(refused(policy(&server, 2).await).code(), Code::NotFound);

    let nora = server.staff("nora");
    let call_at = |hours: i64| CheckContactRequest {
        contact_time: Some(tomorrow(hours)),
        ..about("carla", ContactPurpose::Campaign)
    };
    assert_eq!(refusals(&nora, call_at(20)).await, []);
    assert_eq!(refusals(&nora, call_at(22)).await, [(Refused::QuietHours, Some(tomorrow(24 + 8)))]);
    for passes in [ContactPurpose::RequestedCallback, ContactPurpose::IncidentNotice] {
        assert_eq!(refusals(&nora, CheckContactRequest { purpose: passes.into(), ..call_at(22) }).await, []);
    }

    // Ten in the evening in Shanghai is two in the afternoon here.
    let away = Customer { time_zone: "Asia/Shanghai".to_owned(), ..customer("carla") };
    server.app().upsert_customer(away).await.unwrap();
    assert_eq!(refusals(&nora, call_at(14)).await, [(Refused::QuietHours, Some(tomorrow(24)))]);
    assert_eq!(refusals(&nora, call_at(2)).await, []);
    let answer = ask(&nora, call_at(14)).await.unwrap();
    assert_eq!(answer.refusals[0].rule, "quiet hours are 21:00 to 08:00 where the customer is");
    assert_eq!((answer.next_allowed_time, answer.policy_version), (Some(tomorrow(24)), 1));
}

async fn every_reason_is_given_with_its_time(server: Server) {
    let server = server.with_organization().await;
    let point = |value: &str, consent: Consent| ContactPoint {
        kind: ContactKind::Phone.into(),
        value: value.to_owned(),
        source: "order form".to_owned(),
        consent: consent.into(),
        ..Default::default()
    };
    let points = vec![point("111", Consent::Granted), point("222", Consent::Denied), point("333", Consent::Withdrawn)];
    server.app().upsert_customer(Customer { contact_points: points, ..customer("carla") }).await.unwrap();
    let campaign = about("carla", ContactPurpose::Campaign);
    let there = |point: &str| CheckContactRequest { contact_point: point.to_owned(), ..campaign.clone() };
    let app = server.app();
    assert_eq!(reasons(&app, there("111")).await, []);
    assert_eq!(refusals(&app, there("222")).await, [(Refused::ConsentDenied, None)]);
    assert_eq!(refusals(&app, there("333")).await, [(Refused::ConsentDenied, None)]);

    // Counted from the contact's own time; a survey counts for a campaign, a callback does not.
    for (purpose, hours) in [(ContactPurpose::Survey, 30), (ContactPurpose::RequestedCallback, 2)] {
        app.record(ago(outbound("carla", 0, purpose), hours * HOUR)).await.unwrap();
    }
    let now = CheckContactRequest { contact_time: None, purpose: ContactPurpose::Survey.into(), ..campaign.clone() };
    assert!(reasons(&app, now).await.contains(&Refused::FrequencyCap));
    let capped = refusals(&app, campaign.clone()).await;
    let [(Refused::FrequencyCap, Some(free))] = capped[..] else { panic!("{capped:?}") };
    let expected = Clock::system().now_micros() / 1_000_000 - 30 * HOUR + 7 * DAY;
    assert!((free.seconds - expected).abs() < 60);
    assert_eq!(reasons(&app, about("dora", ContactPurpose::Campaign)).await, [], "what carla got is not dora's");

    // All at once: the last to give way says when.
    let night = CheckContactRequest { contact_time: Some(tomorrow(3)), ..there("222") };
    let ends = tomorrow(9 * 24 + 23);
    note(&app, SetDoNotContactRequest { end_time: Some(ends), ..wish("carla") }).await.unwrap();
    let all = [Refused::DoNotContact, Refused::ConsentDenied, Refused::QuietHours, Refused::FrequencyCap];
    assert_eq!(reasons(&app, night.clone()).await, all);
    assert_eq!(ask(&app, night.clone()).await.unwrap().next_allowed_time, None, "no consent comes by itself");
    let elsewhere = CheckContactRequest { contact_point: String::new(), ..night };
    let answer = ask(&app, elsewhere).await.unwrap();
    assert_eq!(answer.next_allowed_time, Some(tomorrow(10 * 24 + 8)), "the wish ends at night");
}

async fn a_suspended_customer_still_gets_an_answer(server: Server) {
    let server = server.with_organization().await;
    let until = tomorrow(5 * 24 + 12);
    let request = v1::SuspendCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "threatened the driver".to_owned(),
        end_time: Some(until),
    };
    server.admin().directory().suspend_customer(request).await.unwrap();
    let suspended = [(Refused::CustomerSuspended, Some(until))];
    for (purpose, expected) in [
        (ContactPurpose::Campaign, &suspended[..]),
        (ContactPurpose::RequestedCallback, &suspended[..]),
        (ContactPurpose::ComplaintAnswer, &[]),
        (ContactPurpose::IncidentNotice, &[]),
    ] {
        assert_eq!(refusals(&server.staff("nora"), about("carla", purpose)).await, expected, "{purpose:?}");
    }
}

async fn a_wish_is_noted_kept_and_lifted(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let campaign = || about("carla", ContactPurpose::Campaign);
    let request = wish("carla");
    let noted = note(&nora, request.clone()).await.unwrap();
    assert_eq!(note(&nora, request.clone()).await.unwrap(), noted, "a retry notes nothing twice");
    let other = SetDoNotContactRequest { reason: "another".to_owned(), ..request };
    assert_eq!(verdict(&refused(note(&nora, other).await)), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    assert_eq!((noted.author.as_str(), noted.state()), ("nora", DoNotContactState::InForce));
    assert_eq!(refusals(&nora, campaign()).await, [(Refused::DoNotContact, None)]);
    assert_eq!(refusals(&nora, about("carla", ContactPurpose::ComplaintAnswer)).await, []);

    // The customer's own word, too; of others they learn nothing.
    let carla = server.customer("carla");
    let own = note(&carla, wish("carla")).await.unwrap();
    assert_eq!(refused(note(&carla, wish("dora")).await).code(), Code::NotFound);
    assert_eq!(refused(note(&nora, wish("nobody")).await).code(), Code::NotFound);
    let dora = server.customer("dora");
    assert_eq!(refused(lift(&dora, &own.do_not_contact_id).await).code(), Code::NotFound);

    let list =
        |page_size, page_token| v1::ListDoNotContactRequest { customer_id: "carla".to_owned(), page_size, page_token };
    let first = carla.contacts().list_do_not_contact(list(1, String::new())).await.unwrap().into_inner();
    assert_eq!(first.entries, vec![own.clone()], "the newest first");
    let second = carla.contacts().list_do_not_contact(list(1, first.next_page_token.clone())).await.unwrap();
    let second = second.into_inner();
    assert_eq!((&second.entries, second.next_page_token.as_str()), (&vec![noted.clone()], ""));
    assert_eq!(refused(dora.contacts().list_do_not_contact(list(0, String::new())).await).code(), Code::NotFound);

    assert_eq!(lift(&carla, &own.do_not_contact_id).await.unwrap().state(), DoNotContactState::Lifted);
    assert_eq!(refused(lift(&carla, &own.do_not_contact_id).await).code(), Code::NotFound);
    assert_eq!(reasons(&nora, campaign()).await, [Refused::DoNotContact], "the other one still stands");
    lift(&server.supervisor("petra", &["north"]), &noted.do_not_contact_id).await.unwrap();
    assert_eq!(reasons(&nora, campaign()).await, []);

    let trail = v1::ListAuditEventsRequest { object_id: "carla".to_owned(), ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    let events: Vec<_> = events.iter().map(|one| (one.action(), one.actor.as_str(), one.reason.as_str())).collect();
    assert_eq!(
        events,
        [
            (AuditAction::DoNotContactLifted, "petra", "he asked for it"),
            (AuditAction::DoNotContactLifted, "carla", "he asked for it"),
            (AuditAction::DoNotContactSet, "carla", "too many calls"),
            (AuditAction::DoNotContactSet, "nora", "too many calls"),
        ]
    );
}

async fn a_wish_may_name_channels_and_purposes(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let by_sms = SetDoNotContactRequest { channels: vec![Channel::Sms.into()], ..wish("carla") };
    note(&app, by_sms).await.unwrap();
    let incident = vec![ContactPurpose::IncidentNotice.into()];
    note(&app, SetDoNotContactRequest { purposes: incident, ..wish("carla") }).await.unwrap();
    let by = |channel: Channel, purpose| CheckContactRequest { channel: channel.into(), ..about("carla", purpose) };
    assert_eq!(reasons(&app, by(Channel::Sms, ContactPurpose::Campaign)).await, [Refused::DoNotContact]);
    assert_eq!(reasons(&app, by(Channel::Email, ContactPurpose::Campaign)).await, []);
    assert_eq!(reasons(&app, by(Channel::Email, ContactPurpose::IncidentNotice)).await, [Refused::DoNotContact]);

    let inbound = SetDoNotContactRequest { channels: vec![Channel::InboundCall.into()], ..wish("carla") };
    let status = refused(note(&app, inbound).await);
    assert_eq!(violations(&status), [("channels[0]".to_owned(), "CONTRADICTION".to_owned())]);
    let over = SetDoNotContactRequest { end_time: at(0), ..wish("carla") };
    assert_eq!(
        violations(&refused(note(&app, over).await)),
        [("end_time".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]
    );
}

async fn a_policy_is_set_by_its_etag_and_leaves_a_trace(server: Server) {
    let server = server.with_organization().await;
    let shipped = policy(&server, 0).await.unwrap();
    let set = set_policy(&server, strict(), &shipped.etag).await.unwrap();
    assert_eq!((set.version, set.author.as_str(), set.effective_time), (2, "ada", at(-30 * DAY)));
    let expected = ContactPolicy {
        version: 2,
        author: "ada".to_owned(),
        etag: set.etag.clone(),
        frequency_caps: vec![FrequencyCap {
            counted_purposes: vec![ContactPurpose::Campaign.into()],
            ..cap(&[ContactPurpose::Campaign], 1, HOUR)
        }],
        ..strict()
    };
    assert_eq!(set, expected);
    let late = refused(set_policy(&server, strict(), &shipped.etag).await);
    assert_eq!(verdict(&late), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
    assert_eq!(policy(&server, 0).await.unwrap(), set);
    assert_eq!(policy(&server, 1).await.unwrap(), shipped);
    // What was answered may be set again, after a change.
    let looser =
        set_policy(&server, ContactPolicy { quiet_hours: None, effective_time: None, ..set }, "").await.unwrap();
    assert_eq!((looser.version, looser.quiet_hours.clone()), (3, None));
    assert!(looser.effective_time.unwrap().seconds > MONDAY_NINE);
    let answer = ask(&server.app(), about("carla", ContactPurpose::Campaign)).await.unwrap();
    assert_eq!(answer.policy_version, 3);

    let trail = v1::ListAuditEventsRequest { action: AuditAction::ContactPolicySet.into(), ..Default::default() };
    let events = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    let details: Vec<_> = events.iter().map(|one| one.detail_json.as_str()).collect();
    assert_eq!(details, [r#"{"version":3}"#, r#"{"version":2}"#]);

    // Two administrators at once: each policy has its version.
    let both = join_all((0..2).map(|_| set_policy(&server, strict(), ""))).await;
    let mut versions: Vec<_> = both.into_iter().map(|one| one.unwrap().version).collect();
    versions.sort_unstable();
    assert_eq!(versions, [4, 5]);
}

async fn a_policy_must_make_sense(server: Server) {
    let hours = |start: &str, end: &str| Some(QuietHours { start_time: start.to_owned(), end_time: end.to_owned() });
    let quiet = |start, end| ContactPolicy { quiet_hours: hours(start, end), ..strict() };
    let capped = |cap: FrequencyCap| ContactPolicy { frequency_caps: vec![cap], ..strict() };
    let campaign = [ContactPurpose::Campaign];
    let cases = [
        (
            quiet("9pm", "24:00"),
            vec![("policy.quiet_hours.start_time", "MALFORMED"), ("policy.quiet_hours.end_time", "MALFORMED")],
        ),
        (quiet("21:00", ""), vec![("policy.quiet_hours.end_time", "FIELD_REQUIRED")]),
        (quiet("08:00", "21:00"), vec![("policy.quiet_hours", "CONTRADICTION")]),
        (quiet("10:00", "09:00"), vec![("policy.quiet_hours.end_time", "VALUE_OUT_OF_RANGE")]),
        (capped(cap(&campaign, 0, HOUR)), vec![("policy.frequency_caps[0].max_contacts", "VALUE_OUT_OF_RANGE")]),
        (capped(cap(&campaign, 1, 0)), vec![("policy.frequency_caps[0].window", "VALUE_OUT_OF_RANGE")]),
        (capped(cap(&campaign, 1, 366 * DAY + 1)), vec![("policy.frequency_caps[0].window", "VALUE_OUT_OF_RANGE")]),
        (
            capped(FrequencyCap { window: None, ..cap(&[], 1, HOUR) }),
            vec![
                ("policy.frequency_caps[0].purposes", "COUNT_OUT_OF_RANGE"),
                ("policy.frequency_caps[0].window", "FIELD_REQUIRED"),
            ],
        ),
        (
            ContactPolicy { do_not_contact_purposes: vec![0, 99], ..strict() },
            vec![
                ("policy.do_not_contact_purposes[0]", "FIELD_REQUIRED"),
                ("policy.do_not_contact_purposes[1]", "UNKNOWN_ENUM_VALUE"),
            ],
        ),
        (
            ContactPolicy { effective_time: Some(tomorrow(0)), ..strict() },
            vec![("policy.effective_time", "TIME_IN_FUTURE")],
        ),
    ];
    for (policy, expected) in cases {
        let status = refused(set_policy(&server, policy.clone(), "").await);
        let found = violations(&status);
        let found: Vec<_> = found.iter().map(|(field, reason)| (field.as_str(), reason.as_str())).collect();
        assert_eq!(found, expected, "{policy:?}");
    }
    let none = SetContactPolicyRequest { request_id: request_id(), reason: "ab".to_owned(), ..Default::default() };
    let status = refused(server.admin().contacts().set_contact_policy(none).await);
    let fields: Vec<_> = violations(&status).into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["policy", "reason"]);
    assert_eq!(set_policy(&server, quiet("09:00", "09:00"), "").await.unwrap().quiet_hours, None, "none at all");
}

async fn a_question_must_make_sense(server: Server) {
    let server = server.with_organization().await;
    let good = || about("carla", ContactPurpose::Campaign);
    let long_ago = CheckContactRequest { contact_time: at(0), ..good() };
    let cases = [
        (CheckContactRequest { purpose: 0, ..good() }, vec![("purpose", "FIELD_REQUIRED")]),
        (CheckContactRequest { purpose: 7, ..good() }, vec![("purpose", "UNKNOWN_ENUM_VALUE")]),
        (CheckContactRequest { channel: Channel::InboundCall.into(), ..good() }, vec![("channel", "CONTRADICTION")]),
        (CheckContactRequest { customer_id: String::new(), ..good() }, vec![("customer_id", "CONTRADICTION")]),
        (CheckContactRequest { customer_alias: Some(phone("1")), ..good() }, vec![("customer_id", "CONTRADICTION")]),
        (long_ago.clone(), vec![("contact_time", "VALUE_OUT_OF_RANGE")]),
        (
            CheckContactRequest { contact_time: Some(tomorrow(366 * 24)), ..good() },
            vec![("contact_time", "VALUE_OUT_OF_RANGE")],
        ),
        // All at once.
        (
            CheckContactRequest { channel: 0, customer_alias: Some(phone("")), ..long_ago },
            vec![
                ("channel", "FIELD_REQUIRED"),
                ("customer_alias.value", "FIELD_REQUIRED"),
                ("customer_id", "CONTRADICTION"),
                ("contact_time", "VALUE_OUT_OF_RANGE"),
            ],
        ),
    ];
    for (request, expected) in cases {
        let status = refused(ask(&server.app(), request.clone()).await);
        let found = violations(&status);
        let found: Vec<_> = found.iter().map(|(field, reason)| (field.as_str(), reason.as_str())).collect();
        assert_eq!(found, expected, "{request:?}");
    }
    let status = refused(ask(&server.app(), about("nobody", ContactPurpose::Campaign)).await);
    assert_eq!(verdict(&status), (Code::NotFound, "NOT_FOUND".to_owned()));
}

async fn a_breach_is_recorded_and_marked(server: Server) {
    let server = server.with_organization().await;
    let set = set_policy(&server, strict(), "").await.unwrap();
    let campaign = |seconds| outbound("carla", seconds, ContactPurpose::Campaign);
    assert_eq!(broken(&server, campaign(0)).await, []);
    // An attempt that nobody answered counts.
    let recorded = server.app().record(campaign(HOUR - 1)).await.unwrap();
    let marked = server.app().get(&recorded.interaction_id).await.unwrap();
    assert_eq!(marked.contact_breaches().collect::<Vec<_>>(), [Refused::FrequencyCap]);
    assert_eq!((marked.contact_purpose(), marked.contact_policy_version), (ContactPurpose::Campaign, set.version));
    assert_eq!(
        server.customer("carla").get(&recorded.interaction_id).await.unwrap(),
        marked,
        "the customer may know it"
    );
    let listed = v1::ListInteractionsRequest::default();
    let listed = server.app().interactions().list_interactions(listed).await.unwrap().into_inner().interactions;
    assert_eq!(listed[0], marked);

    assert_eq!(broken(&server, campaign(2 * HOUR)).await, []);
    assert_eq!(broken(&server, campaign(12 * HOUR)).await, [Refused::QuietHours]);
    assert_eq!(broken(&server, campaign(12 * HOUR + 60)).await, [Refused::QuietHours, Refused::FrequencyCap]);
    assert_eq!(broken(&server, outbound("carla", 12 * HOUR, ContactPurpose::Survey)).await, [], "another purpose");

    // Judged once: neither a later change of the interaction nor a later wish, policy or zone touches it.
    let update = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: recorded.interaction_id.clone(),
        interaction: Some(InteractionUpdate { ended_time: at(HOUR + 60), ..Default::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["ended_time".to_owned()] }),
        etag: String::new(),
    };
    server.app().interactions().update_interaction(update).await.unwrap();
    set_policy(&server, ContactPolicy { frequency_caps: vec![], ..strict() }, "").await.unwrap();
    let later = server.app().get(&recorded.interaction_id).await.unwrap();
    assert_eq!((later.contact_breaches, later.contact_policy_version), (marked.contact_breaches, set.version));

    // The wish came later than the contact, and the suspension too.
    note(&server.app(), wish("dora")).await.unwrap();
    assert_eq!(broken(&server, outbound("dora", 0, ContactPurpose::Campaign)).await, []);
    // A second ahead: an instant of whole seconds could otherwise lie before the wish.
    let after = ago(outbound("dora", 0, ContactPurpose::Campaign), -1);
    assert!(broken(&server, after).await.contains(&Refused::DoNotContact));
    // A number for which the customer withdrew consent.
    let withdrawn = ContactPoint {
        kind: ContactKind::Phone.into(),
        value: "333".to_owned(),
        source: "order form".to_owned(),
        consent: Consent::Withdrawn.into(),
        ..Default::default()
    };
    let dmitri = Customer { contact_points: vec![withdrawn], ..customer("dmitri") };
    server.app().upsert_customer(dmitri).await.unwrap();
    let dialled = Interaction { customer_alias: Some(phone("333")), ..outbound("dmitri", 0, ContactPurpose::Campaign) };
    assert_eq!(broken(&server, dialled).await, [Refused::ConsentDenied]);
}

async fn what_counts_as_a_contact(server: Server) {
    let server = server.with_organization().await;
    let told = |channel: Channel, kind: InteractionKind, purpose: ContactPurpose| Interaction {
        channel: channel.into(),
        kind: kind.into(),
        direction: Direction::Outbound.into(),
        ..outbound("carla", 0, purpose)
    };
    let unsaid = ContactPurpose::Unspecified;
    let cases = [
        (Channel::OutboundCall, InteractionKind::Service, unsaid, ContactPurpose::FollowUp),
        (Channel::Email, InteractionKind::Complaint, unsaid, ContactPurpose::ComplaintAnswer),
        (Channel::Callback, InteractionKind::Service, unsaid, ContactPurpose::RequestedCallback),
        (Channel::Visit, InteractionKind::Sales, unsaid, ContactPurpose::FollowUp),
        (Channel::Visit, InteractionKind::Repair, unsaid, unsaid),
        (Channel::Delivery, InteractionKind::Fulfilment, unsaid, unsaid),
        (Channel::Delivery, InteractionKind::Sales, ContactPurpose::Campaign, ContactPurpose::Campaign),
        (Channel::Email, InteractionKind::Downloaded, unsaid, unsaid),
    ];
    for (channel, kind, said, expected) in cases {
        let recorded = server.app().record(told(channel, kind, said)).await.unwrap();
        let found = server.app().get(&recorded.interaction_id).await.unwrap();
        assert_eq!(found.contact_purpose(), expected, "{channel:?} {kind:?}");
    }
    let rows = server.number("SELECT count(*) FROM outbound_contact").await;
    assert_eq!(rows, 5, "nothing is written for the others");
    let inbound = Interaction { contact_purpose: ContactPurpose::Survey.into(), ..call("nora", "carla") };
    let status = refused(server.app().record(inbound).await);
    assert_eq!(violations(&status), [("interaction.contact_purpose".to_owned(), "CONTRADICTION".to_owned())]);
    let unknown = Interaction { contact_purpose: 7, ..outbound("carla", 0, unsaid) };
    let status = refused(server.app().record(unknown).await);
    assert_eq!(violations(&status), [("interaction.contact_purpose".to_owned(), "UNKNOWN_ENUM_VALUE".to_owned())]);
}

async fn a_batch_is_judged_in_its_order(server: Server) {
    let server = server.with_organization().await;
    set_policy(&server, strict(), "").await.unwrap();
    let campaign = |customer_id: &str, seconds| outbound(customer_id, seconds, ContactPurpose::Campaign);
    let request =
        |interaction| v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(interaction) };
    let mut requests: Vec<_> = [
        campaign("carla", 0),
        campaign("carla", 10),
        call("nora", "carla"),
        campaign("dora", 20),
        campaign("nobody", 30),
        campaign("carla", HOUR),
    ]
    .into_iter()
    .map(request)
    .collect();
    requests.push(requests[1].clone());
    let batch = v1::BatchRecordInteractionsRequest { requests };
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let answer = server.app().interactions().batch_record_interactions(batch.clone()).await.unwrap().into_inner();
        let mut broken = Vec::new();
        for one in answer.results {
            match one.result.unwrap() {
                record_item_result::Result::Recorded(recorded) => {
                    let found = server.app().get(&recorded.interaction_id).await.unwrap();
                    broken.push(found.contact_breaches.len());
                }
                record_item_result::Result::Error(_) => broken.push(99),
            }
        }
        outcomes.push(broken);
    }
    // Neither a refused item nor one that was there already counts; nor does the same batch sent again.
    assert_eq!(outcomes, [vec![0, 1, 0, 0, 99, 1, 1], vec![0, 1, 0, 0, 99, 1, 1]]);
    assert_eq!(server.number("SELECT count(*) FROM outbound_contact").await, 4);
}

async fn contacts_at_once_are_judged_one_after_another(server: Server) {
    let server = server.with_organization().await;
    set_policy(&server, strict(), "").await.unwrap();
    let apps: Vec<_> = (0..8).map(|_| server.app()).collect();
    let campaign = || outbound("carla", 0, ContactPurpose::Campaign);
    let recorded = join_all(apps.iter().map(|app| app.record(campaign()))).await;
    assert!(recorded.iter().all(Result::is_ok));
    let all = breaches(&server.admin(), ListContactBreachesRequest::default()).await;
    assert_eq!(all.len(), 7, "one of them was the first");
}

async fn two_servers_judge_one_after_another(server: Server) {
    let server = server.with_organization().await;
    set_policy(&server, strict(), "").await.unwrap();
    let other = server.sibling().await;
    let apps: Vec<_> = (0..8).map(|index| if index % 2 == 0 { server.app() } else { other.app() }).collect();
    let campaign = || outbound("carla", 0, ContactPurpose::Campaign);
    let recorded = join_all(apps.iter().map(|app| app.record(campaign()))).await;
    assert!(recorded.iter().all(Result::is_ok));
    assert_eq!(breaches(&other.admin(), ListContactBreachesRequest::default()).await.len(), 7);
}

async fn an_alias_has_a_history_of_its_own(server: Server) {
    let server = server.with_organization().await;
    set_policy(&server, strict(), "").await.unwrap();
    let stranger = |number: &str, seconds| Interaction {
        customer_id: String::new(),
        customer_alias: Some(phone(number)),
        ..outbound("", seconds, ContactPurpose::Campaign)
    };
    assert_eq!(broken(&server, stranger("111", 0)).await, []);
    assert_eq!(broken(&server, stranger("222", 10)).await, []);
    assert_eq!(broken(&server, stranger("111", 20)).await, [Refused::FrequencyCap]);
    let nobody = Interaction { customer_alias: None, ..stranger("", 30) };
    assert_eq!(broken(&server, nobody).await, [], "nobody knows who it was");

    let ask_for = |number: &str| CheckContactRequest {
        customer_id: String::new(),
        customer_alias: Some(phone(number)),
        contact_time: None,
        channel: Channel::Sms.into(),
        ..about("", ContactPurpose::Campaign)
    };
    server.app().record(ago(stranger("111", 0), 60)).await.unwrap();
    assert!(reasons(&server.app(), ask_for("111")).await.contains(&Refused::FrequencyCap));
    assert!(!reasons(&server.app(), ask_for("333")).await.contains(&Refused::FrequencyCap));

    // Known by now: what they got under their number counts for them, and their wish for the number.
    let carla = Customer { aliases: vec![phone("111")], ..customer("carla") };
    server.app().upsert_customer(carla).await.unwrap();
    let now = CheckContactRequest { contact_time: None, ..about("carla", ContactPurpose::Campaign) };
    assert!(reasons(&server.app(), now).await.contains(&Refused::FrequencyCap));
    note(&server.app(), wish("carla")).await.unwrap();
    assert!(reasons(&server.app(), ask_for("111")).await.contains(&Refused::DoNotContact));
    assert_eq!(broken(&server, outbound("carla", 30, ContactPurpose::Campaign)).await, [Refused::FrequencyCap]);
}

async fn nobody_breaks_a_rule_that_is_not_there(server: Server) {
    let server = server.with_organization().await;
    // Years before the server had any policy; the night of every time zone.
    let old = |seconds| outbound("carla", seconds, ContactPurpose::Campaign);
    for seconds in [0, 1, 12 * HOUR] {
        assert_eq!(broken(&server, old(seconds)).await, []);
    }
    // Imported history counts all the same for what comes after.
    let policy = ContactPolicy { effective_time: at(13 * HOUR), ..strict() };
    let day_long = cap(&[ContactPurpose::Campaign], 3, DAY);
    let policy = ContactPolicy { frequency_caps: vec![day_long], quiet_hours: None, ..policy };
    set_policy(&server, policy, "").await.unwrap();
    assert_eq!(broken(&server, old(13 * HOUR - 1)).await, []);
    assert_eq!(broken(&server, old(13 * HOUR)).await, [Refused::FrequencyCap]);
}

async fn breaches_are_listed_within_reach_page_by_page(server: Server) {
    let server = server.with_organization().await;
    set_policy(&server, strict(), "").await.unwrap();
    let night = 12 * HOUR;
    for (index, staff_id) in ["nora", "nils", "sam"].into_iter().enumerate() {
        let told = outbound("carla", night + i64::try_from(index).unwrap(), ContactPurpose::Campaign);
        let told = Interaction { participants: vec![participant(staff_id)], ..told };
        server.app().record(told).await.unwrap();
    }
    server.app().record(outbound("carla", night, ContactPurpose::FollowUp)).await.unwrap();
    let all = ListContactBreachesRequest::default;
    let who = |found: Vec<v1::ContactBreach>| -> Vec<String> {
        found.into_iter().map(|one| one.participants[0].staff_id.clone()).collect()
    };
    let found = breaches(&server.admin(), all()).await;
    assert_eq!((found[0].contact_time, found[0].customer_id.as_str()), (at(night + 2), "carla"));
    assert_eq!((found[0].purpose(), found[0].channel()), (ContactPurpose::Campaign, Channel::OutboundCall));
    assert_eq!(found[0].reasons().collect::<Vec<_>>(), [Refused::QuietHours, Refused::FrequencyCap]);
    assert_eq!((found[0].participants[0].team_id.as_str(), found[0].policy_version), ("south", 2));
    assert_eq!(who(found), ["sam", "nils", "nora"]);
    assert_eq!(who(breaches(&server.supervisor("petra", &["north"]), all()).await), ["nils", "nora"]);
    assert_eq!(who(breaches(&server.staff("nora"), all()).await), ["nora"]);

    let admin = server.admin();
    let cases = [
        (ListContactBreachesRequest { staff_id: "nils".to_owned(), ..all() }, vec!["nils"]),
        (ListContactBreachesRequest { team_id: "north".to_owned(), ..all() }, vec!["nils", "nora"]),
        (ListContactBreachesRequest { reason: Refused::FrequencyCap.into(), ..all() }, vec!["sam", "nils"]),
        (ListContactBreachesRequest { reason: Refused::DoNotContact.into(), ..all() }, vec![]),
        (ListContactBreachesRequest { purpose: ContactPurpose::FollowUp.into(), ..all() }, vec![]),
        (ListContactBreachesRequest { from_time: at(night + 1), to_time: at(night + 2), ..all() }, vec!["nils"]),
    ];
    for (request, expected) in cases {
        assert_eq!(who(breaches(&admin, request.clone()).await), expected, "{request:?}");
    }
    let turned = ListContactBreachesRequest { from_time: at(1), to_time: at(0), ..all() };
    let status = refused(admin.contacts().list_contact_breaches(turned).await);
    assert_eq!(violations(&status), [("to_time".to_owned(), "IMPOSSIBLE_INSTANTS".to_owned())]);

    let (mut pages, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListContactBreachesRequest { page_size: 1, page_token, ..all() };
        let page = admin.contacts().list_contact_breaches(request).await.unwrap().into_inner();
        pages.push(who(page.breaches).join(" "));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(pages, ["sam", "nils", "nora"]);
    let request = ListContactBreachesRequest { page_token: "2".to_owned(), ..all() };
    assert_eq!(refused(admin.contacts().list_contact_breaches(request).await).code(), Code::InvalidArgument);
}
