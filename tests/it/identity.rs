//! Who is whom: rules of contact points, names that change hands, and two records of one person.

use prost::Message as _;
use rapport::{
    api::v1::{
        self, Channel, Consent, ContactKind, ContactPoint, ContactPurpose, ContactRefusalReason as Refused, Customer,
        CustomerAlias, CustomerMerge, DuplicateEvidenceKind as Kind, Interaction, PreferenceDimension,
    },
    config::Config,
};
use rapport_identity::Country;
use tonic::{Code, Response, Status};
use uuid::Uuid;

use crate::{
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both, reason,
        refusal::verdict,
        refused,
        sample::{customer, phone},
        violations,
    },
    surveys::{awake, ended, ended_by, record},
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        addresses_and_accounts_have_their_own_rules,
        what_no_country_has_is_refused,
        a_name_that_moves_leaves_its_history,
        an_erased_number_can_be_given_to_somebody_else,
        two_records_become_one_and_two_again,
        both_ids_go_on_working,
        what_came_since_goes_with_its_name,
        merges_are_undone_in_their_order_and_time,
        erasing_one_of_two_erases_both,
        duplicates_are_suggested_and_never_merged,
        what_is_on_record_is_brought_into_normal_form,
    ]
}

fn chinese(config: &mut Config) {
    config.default_country = Country::of("CN");
}

/// The sample organisation, in China, whose customers may be asked at any hour.
async fn in_china(server: Server) -> Server {
    sees_wishes(awake(server.restart_with(chinese).await).await).await
}

/// Campaigns respect what customers wish, and are else free.
pub(crate) async fn sees_wishes(server: Server) -> Server {
    let policy =
        v1::ContactPolicy { do_not_contact_purposes: vec![ContactPurpose::Campaign.into()], ..Default::default() };
    let request = v1::SetContactPolicyRequest {
        request_id: request_id(),
        policy: Some(policy),
        reason: "a test of identity".to_owned(),
        etag: String::new(),
    };
    server.admin().contacts().set_contact_policy(request).await.unwrap();
    server
}

pub(crate) fn point(kind: ContactKind, value: &str, consent: Consent) -> ContactPoint {
    ContactPoint {
        kind: kind.into(),
        value: value.to_owned(),
        source: "order form".to_owned(),
        consent: consent.into(),
        ..Default::default()
    }
}

pub(crate) fn check(customer_id: &str, alias: Option<CustomerAlias>, contact_point: &str) -> v1::CheckContactRequest {
    v1::CheckContactRequest {
        customer_id: customer_id.to_owned(),
        customer_alias: alias,
        contact_point: contact_point.to_owned(),
        purpose: ContactPurpose::Campaign.into(),
        channel: Channel::OutboundCall.into(),
        ..Default::default()
    }
}

pub(crate) async fn refusals(caller: &Caller, request: v1::CheckContactRequest) -> Vec<Refused> {
    let answer = caller.contacts().check_contact(request).await.unwrap().into_inner();
    answer.refusals.iter().map(v1::ContactRefusal::reason).collect()
}

pub(crate) async fn by_alias(server: &Server, alias: CustomerAlias) -> Result<Customer, Status> {
    let request = v1::GetCustomerRequest { alias: Some(alias), ..Default::default() };
    Ok(server.app().directory().get_customer(request).await?.into_inner().customer.unwrap())
}

pub(crate) async fn get(server: &Server, customer_id: &str) -> Result<Customer, Status> {
    let request = v1::GetCustomerRequest { customer_id: customer_id.to_owned(), alias: None };
    Ok(server.app().directory().get_customer(request).await?.into_inner().customer.unwrap())
}

pub(crate) async fn timeline(caller: &Caller, customer_id: &str, alias: Option<CustomerAlias>) -> Vec<Interaction> {
    let request = v1::ReadCustomerTimelineRequest {
        customer_id: customer_id.to_owned(),
        customer_alias: alias,
        purpose: v1::ReadingPurpose::Serving.into(),
        ..Default::default()
    };
    caller.interactions().read_customer_timeline(request).await.unwrap().into_inner().interactions
}

fn ids(interactions: &[Interaction]) -> Vec<&str> {
    interactions.iter().map(|one| one.interaction_id.as_str()).collect()
}

pub(crate) async fn erase(server: &Server, customer_id: &str) {
    let request = v1::EraseCustomerRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        reason: "as they asked".to_owned(),
    };
    server.admin().privacy().erase_customer(request).await.unwrap();
}

async fn addresses_and_accounts_have_their_own_rules(server: Server) {
    let server = in_china(server).await;
    let alias = |kind: ContactKind, value: &str| CustomerAlias { kind: kind.into(), value: value.to_owned() };
    let anna = Customer {
        aliases: vec![alias(ContactKind::Email, "Anna@Example.com"), alias(ContactKind::Chat, "oX1yZ")],
        ..customer("anna")
    };
    server.app().upsert_customer(anna).await.unwrap();
    for written in ["anna@example.com", "ANNA@EXAMPLE.COM", "Anna Berg <anna@example.com>", "mailto:anna@example.com"] {
        assert_eq!(by_alias(&server, alias(ContactKind::Email, written)).await.unwrap().customer_id, "anna");
    }
    assert!(by_alias(&server, alias(ContactKind::Chat, "oX1yZ")).await.is_ok());
    for (kind, other) in [(ContactKind::Chat, "ox1yz"), (ContactKind::Email, "ann.a@example.com")] {
        let status = refused(by_alias(&server, alias(kind, other)).await);
        assert_eq!(status.code(), Code::NotFound, "{other}");
    }
    // The same in two notations counts once.
    let twice = [alias(ContactKind::Email, "b@example.com"), alias(ContactKind::Email, "B@example.com")];
    let twice = Customer { aliases: twice.to_vec(), ..customer("berta") };
    server.app().upsert_customer(twice).await.unwrap();
    assert_eq!(get(&server, "berta").await.unwrap().aliases.len(), 1);
}

async fn what_no_country_has_is_refused(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    let nowhere = || phone("+999 1234 5678");
    let of = |field: &str| [(field.to_owned(), "MALFORMED".to_owned())];
    let known = Customer { aliases: vec![nowhere()], ..customer("carla") };
    assert_eq!(violations(&refused(app.upsert_customer(known).await)), of("customer.aliases[0].value"));
    let known = Customer {
        contact_points: vec![point(ContactKind::Email, "nobody", Consent::Unspecified)],
        ..customer("carla")
    };
    assert_eq!(violations(&refused(app.upsert_customer(known).await)), of("customer.contact_points[0].value"));
    let event = ended_by("+999 1234 5678", 60);
    assert_eq!(violations(&refused(app.record(event).await)), of("interaction.customer_alias.value"));
    let asked = app.contacts().check_contact(check("", Some(nowhere()), "")).await;
    assert_eq!(violations(&refused(asked)), of("customer_alias.value"));
    assert_eq!(violations(&refused(by_alias(&server, nowhere()).await)), of("alias.value"));
    let reply = v1::ReceiveReplyRequest {
        request_id: request_id(),
        contact_point: Some(nowhere()),
        text: "5".to_owned(),
        ..Default::default()
    };
    assert_eq!(violations(&refused(app.surveys().receive_reply(reply).await)), of("contact_point.value"));
    // What a switchboard knows by itself is kept as it is.
    for own in ["10086", "8001", "SIP:desk-7"] {
        let kept = app.get(&record(&server, ended_by(own, 60)).await).await.unwrap();
        assert_eq!(kept.customer_alias, Some(phone(own)));
    }
}

async fn a_name_that_moves_leaves_its_history(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    let number = "138 1234 5678";
    let before = record(&server, ended_by("+86 138 1234 5678", 600)).await;
    let first = Customer { aliases: vec![phone(number)], ..customer("carla") };
    app.upsert_customer(first).await.unwrap();
    assert_eq!(app.get(&before).await.unwrap().customer_id, "carla", "hers from when she is known by it");
    let during = record(&server, ended_by(number, 500)).await;
    let reply = |text: &str| v1::ReceiveReplyRequest {
        request_id: request_id(),
        contact_point: Some(phone(number)),
        text: text.to_owned(),
        ..Default::default()
    };
    app.surveys().receive_reply(reply("carla's words")).await.unwrap();

    // Taken out by a record that does not have it.
    let without = v1::UpsertCustomerRequest {
        request_id: request_id(),
        customer: Some(customer("carla")),
        mode: v1::UpsertMode::Replace.into(),
        ..Default::default()
    };
    app.directory().upsert_customer(without).await.unwrap();
    let between = record(&server, ended_by(number, 400)).await;
    let second = Customer { aliases: vec![phone("+8613812345678")], ..customer("dora") };
    app.upsert_customer(second).await.unwrap();
    let after = record(&server, ended_by(number, 300)).await;

    assert_eq!(ids(&timeline(&app, "carla", None).await), [during.as_str(), &before]);
    assert_eq!(ids(&timeline(&app, "dora", None).await), [after.as_str(), &between]);
    assert_eq!(ids(&timeline(&app, "", Some(phone(number))).await), [after.as_str(), &between]);
    let words = |lines: Vec<String>| lines.iter().any(|line| line.contains("carla's words"));
    assert!(words(export(&server, "carla").await) && !words(export(&server, "dora").await));

    erase(&server, "carla").await;
    assert_eq!(server.number("SELECT count(*) FROM survey_reply WHERE text LIKE '%carla%'").await, 0);
    let left = "SELECT count(*) FROM interaction WHERE customer_id = 'carla' OR alias_value IS NOT NULL";
    assert_eq!(server.number(left).await, 2, "dora's");
}

async fn export(server: &Server, customer_id: &str) -> Vec<String> {
    let request =
        v1::ExportCustomerRequest { customer_id: customer_id.to_owned(), page_size: 1_000, ..Default::default() };
    server.admin().privacy().export_customer(request).await.unwrap().into_inner().json_lines
}

async fn release(server: &Server, alias: CustomerAlias) -> Result<String, Status> {
    let reason = "the provider gave the number to somebody else".to_owned();
    let request = v1::ReleaseAliasRequest { request_id: request_id(), alias: Some(alias), reason };
    Ok(server.admin().identity().release_alias(request).await?.into_inner().customer_id)
}

async fn an_erased_number_can_be_given_to_somebody_else(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    let known = |id: &str| Customer { aliases: vec![phone("138 1234 5678")], ..customer(id) };
    app.upsert_customer(known("carla")).await.unwrap();
    let theirs = record(&server, ended_by("138 1234 5678", 600)).await;
    erase(&server, "carla").await;
    assert_eq!(reason(&refused(app.upsert_customer(known("dora")).await)), "CUSTOMER_ERASED");
    assert_eq!(release(&server, phone("+86 138 1234 5678")).await.unwrap(), "");
    app.upsert_customer(known("dora")).await.unwrap();
    let hers = record(&server, ended_by("13812345678", 60)).await;
    assert_eq!(ids(&timeline(&app, "dora", None).await), [hers.as_str()]);
    assert_eq!(app.get(&theirs).await.unwrap().customer_alias, None);
    assert_eq!(reason(&refused(app.upsert_customer(customer("carla")).await)), "CUSTOMER_ERASED", "her id stays hers");

    // From a customer who is there, too; what was recorded stays with them.
    assert_eq!(release(&server, phone("138 1234 5678")).await.unwrap(), "dora");
    assert_eq!(get(&server, "dora").await.unwrap().aliases, []);
    assert_eq!(ids(&timeline(&app, "dora", None).await), [hers.as_str()]);
    assert_eq!(refused(release(&server, phone("138 1234 5678")).await).code(), Code::NotFound);
}

pub(crate) async fn merge(server: &Server, kept: &str, absorbed: &str) -> Result<CustomerMerge, Status> {
    let request = v1::MergeCustomersRequest {
        request_id: request_id(),
        kept_customer_id: kept.to_owned(),
        absorbed_customer_id: absorbed.to_owned(),
        reason: "one person, as they say".to_owned(),
    };
    Ok(server.admin().identity().merge_customers(request).await?.into_inner().merge.unwrap())
}

async fn undo(server: &Server, merge: &CustomerMerge) -> Result<CustomerMerge, Status> {
    let reason = "two sisters".to_owned();
    let request = v1::UndoMergeRequest { request_id: request_id(), merge_id: merge.merge_id.clone(), reason };
    Ok(server.admin().identity().undo_merge(request).await?.into_inner().merge.unwrap())
}

async fn state_language(server: &Server, customer_id: &str, value: &str) {
    let request = v1::StatePreferenceRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        dimension: PreferenceDimension::Language.into(),
        value: value.to_owned(),
        source: "by telephone".to_owned(),
        ..Default::default()
    };
    server.app().preferences().state_preference(request).await.unwrap();
}

async fn wish(server: &Server, customer_id: &str) {
    let request = v1::SetDoNotContactRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        channels: vec![Channel::Sms.into()],
        reason: "no messages".to_owned(),
        source: "by telephone".to_owned(),
        ..Default::default()
    };
    server.app().contacts().set_do_not_contact(request).await.unwrap();
}

/// Two records with a history each: calls by id and by number, a wish, statements that contradict each other, a no.
async fn two_records(server: &Server) {
    let app = server.app();
    let carla = Customer {
        salutation: "王女士".to_owned(),
        contact_points: vec![
            point(ContactKind::Phone, "138 1234 5678", Consent::Granted),
            point(ContactKind::Email, "Carla@example.com", Consent::Granted),
        ],
        aliases: vec![phone("138 1234 5678")],
        ..customer("carla")
    };
    let second = Customer {
        salutation: "Ms Wang".to_owned(),
        locale: "en".to_owned(),
        contact_points: vec![
            point(ContactKind::Phone, "+86-138-1234-5678", Consent::Denied),
            point(ContactKind::Phone, "139 0000 0002", Consent::Granted),
        ],
        aliases: vec![phone("139 0000 0002")],
        ..customer("wang-2")
    };
    app.upsert_customer(carla).await.unwrap();
    app.upsert_customer(second).await.unwrap();
    for (customer_id, number) in [("carla", "138 1234 5678"), ("wang-2", "139 0000 0002")] {
        for seconds in [900, 700] {
            record(server, ended(customer_id, seconds)).await;
        }
        record(server, ended_by(number, 500)).await;
    }
    state_language(server, "carla", "zh").await;
    state_language(server, "wang-2", "en").await;
    wish(server, "wang-2").await;
}

/// Evidence decays from call to call, in the last digits.
fn rounded(preference: &mut v1::DimensionPreference) {
    let round = |share: &mut f64| *share = (*share * 1_000.0).round();
    round(&mut preference.confidence);
    round(&mut preference.borrowed_share);
    for value in &mut preference.values {
        round(&mut value.weight);
        round(&mut value.confidence);
    }
}

/// All that is told of a customer, byte by byte; the etag apart, which moves on.
async fn told(server: &Server, customer_id: &str) -> Vec<String> {
    let app = server.app();
    let of = || customer_id.to_owned();
    let record = Customer { etag: String::new(), ..get(server, customer_id).await.unwrap() };
    let read = v1::ReadCustomerTimelineRequest {
        customer_id: of(),
        purpose: v1::ReadingPurpose::Serving.into(),
        ..Default::default()
    };
    let timeline = app.interactions().read_customer_timeline(read).await.unwrap().into_inner();
    let preferences = v1::GetPreferencesRequest { customer_id: of(), ..Default::default() };
    let mut preferences = app.preferences().get_preferences(preferences).await.unwrap().into_inner();
    preferences.dimensions.iter_mut().for_each(rounded);
    let wishes = v1::ListDoNotContactRequest { customer_id: of(), ..Default::default() };
    let wishes = app.contacts().list_do_not_contact(wishes).await.unwrap().into_inner();
    let filter = v1::InteractionFilter { customer_id: of(), ..Default::default() };
    let figures = v1::SummarizeInteractionsRequest {
        group_by: v1::SummaryGrouping::Channel.into(),
        filter: Some(filter),
        ..Default::default()
    };
    let figures = app.interactions().summarize_interactions(figures).await.unwrap().into_inner();
    let mut all = vec![
        record.encode_to_vec(),
        timeline.encode_to_vec(),
        preferences.encode_to_vec(),
        wishes.encode_to_vec(),
        figures.encode_to_vec(),
    ];
    for number in ["13812345678", "13900000002", "carla@example.com"] {
        let refusals = refusals(&app, check(customer_id, None, number)).await;
        all.push(format!("{refusals:?}").into_bytes());
    }
    // Short where a test fails.
    all.iter().map(|bytes| Uuid::new_v5(&Uuid::NAMESPACE_OID, bytes).to_string()).collect()
}

async fn two_records_become_one_and_two_again(server: Server) {
    let server = in_china(server).await;
    two_records(&server).await;
    let (carla, wang) = (told(&server, "carla").await, told(&server, "wang-2").await);
    let everything = server.texts("SELECT customer_id FROM interaction ORDER BY id").await;

    let merged = merge(&server, "carla", "wang-2").await.unwrap();
    let one = get(&server, "carla").await.unwrap();
    assert_eq!(
        (one.salutation.as_str(), one.locale.as_str()),
        ("王女士", "en"),
        "hers first, the other's where she has none"
    );
    assert_eq!(one.contact_points.len(), 3);
    assert_eq!(one.contact_points[0].consent(), Consent::Denied, "a no stays a no");
    assert_eq!(one.aliases.len(), 2);
    assert_eq!(timeline(&server.app(), "carla", None).await.len(), 6);
    let preferences = v1::GetPreferencesRequest { customer_id: "carla".to_owned(), ..Default::default() };
    let preferences = server.app().preferences().get_preferences(preferences).await.unwrap().into_inner();
    let language = preferences.dimensions.iter().find(|one| one.dimension() == PreferenceDimension::Language).unwrap();
    assert_eq!(language.value, "en", "said later");
    assert!(
        refusals(&server.app(), v1::CheckContactRequest { channel: Channel::Sms.into(), ..check("carla", None, "") })
            .await
            .contains(&Refused::DoNotContact)
    );
    assert_eq!(told(&server, "wang-2").await, told(&server, "carla").await, "one person by either id");

    let undone = undo(&server, &merged).await.unwrap();
    assert!(undone.undo_time.is_some());
    assert_eq!(told(&server, "carla").await, carla);
    assert_eq!(told(&server, "wang-2").await, wang);
    assert_eq!(server.texts("SELECT customer_id FROM interaction ORDER BY id").await, everything);
    let trail = v1::ListAuditEventsRequest { object_id: "carla".to_owned(), ..Default::default() };
    let trail = server.admin().audit().list_audit_events(trail).await.unwrap().into_inner().audit_events;
    let actions: Vec<_> = trail.iter().map(v1::AuditEvent::action).collect();
    for action in [v1::AuditAction::CustomersMerged, v1::AuditAction::MergeUndone] {
        assert_eq!(actions.iter().filter(|one| **one == action).count(), 1);
    }
}

async fn both_ids_go_on_working(server: Server) {
    let server = in_china(server).await;
    two_records(&server).await;
    let merged = merge(&server, "carla", "wang-2").await.unwrap();
    let app = server.app();
    let recorded = record(&server, ended("wang-2", 60)).await;
    assert_eq!(app.get(&recorded).await.unwrap().customer_id, "carla");
    let more = Customer { time_zone: "Asia/Shanghai".to_owned(), ..customer("wang-2") };
    app.upsert_customer(more).await.unwrap();
    assert_eq!(get(&server, "carla").await.unwrap().time_zone, "Asia/Shanghai");
    wish(&server, "wang-2").await;
    state_language(&server, "wang-2", "de").await;
    let filter = v1::InteractionFilter { customer_id: "wang-2".to_owned(), ..Default::default() };
    let listed = v1::ListInteractionsRequest { filter: Some(filter), ..Default::default() };
    assert_eq!(app.interactions().list_interactions(listed).await.unwrap().into_inner().interactions.len(), 7);
    // A customer signs in with either.
    for id in ["carla", "wang-2"] {
        let own = server.customer(id).interactions().list_interactions(v1::ListInteractionsRequest::default()).await;
        assert_eq!(own.unwrap().into_inner().interactions.len(), 7, "{id}");
        let no = v1::GetPreferencesRequest { customer_id: "wang-2".to_owned(), ..Default::default() };
        assert!(server.customer(id).preferences().get_preferences(no).await.is_ok());
    }
    for id in ["carla", "wang-2"] {
        let request = v1::ListMergesRequest { customer_id: id.to_owned(), ..Default::default() };
        let merges = server.admin().identity().list_merges(request).await.unwrap().into_inner().merges;
        assert_eq!(merges, std::slice::from_ref(&merged));
    }
    assert_eq!(
        violations(&refused(merge(&server, "wang-2", "carla").await)),
        [("absorbed_customer_id".to_owned(), "CONTRADICTION".to_owned())]
    );
    assert_eq!(refused(merge(&server, "carla", "nobody").await).code(), Code::NotFound);
}

async fn what_came_since_goes_with_its_name(server: Server) {
    let server = in_china(server).await;
    two_records(&server).await;
    let merged = merge(&server, "carla", "wang-2").await.unwrap();
    let by_id = record(&server, ended("wang-2", 60)).await;
    let by_number = record(&server, ended_by("+86 139 0000 0002", 50)).await;
    let hers = record(&server, ended("carla", 40)).await;
    let no = v1::SetConsentRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        kind: ContactKind::Phone.into(),
        value: "13900000002".to_owned(),
        consent: Consent::Withdrawn.into(),
        source: "by telephone".to_owned(),
        consent_time: None,
    };
    server.app().privacy().set_consent(no).await.unwrap();
    undo(&server, &merged).await.unwrap();
    let owner = async |id: &str| server.app().get(id).await.unwrap().customer_id;
    assert_eq!(owner(&by_id).await, "wang-2");
    assert_eq!(owner(&by_number).await, "wang-2");
    assert_eq!(owner(&hers).await, "carla");
    let other = get(&server, "wang-2").await.unwrap();
    let said = other.contact_points.iter().find(|point| point.value == "139 0000 0002").unwrap();
    assert_eq!(said.consent(), Consent::Withdrawn, "a no said since holds");
    assert_eq!(by_alias(&server, phone("13900000002")).await.unwrap().customer_id, "wang-2");
}

async fn merges_are_undone_in_their_order_and_time(server: Server) {
    let server = in_china(server).await;
    two_records(&server).await;
    server.app().upsert_customer(customer("third")).await.unwrap();
    let (carla, wang) = (told(&server, "carla").await, told(&server, "wang-2").await);
    let first = merge(&server, "carla", "wang-2").await.unwrap();
    let second = merge(&server, "third", "carla").await.unwrap();
    let recorded = record(&server, ended("wang-2", 60)).await;
    assert_eq!(server.app().get(&recorded).await.unwrap().customer_id, "third");
    let not_yet = (Code::FailedPrecondition, "MERGE_NOT_UNDOABLE".to_owned());
    assert_eq!(verdict(&refused(undo(&server, &first).await)), not_yet);
    undo(&server, &second).await.unwrap();
    assert_eq!(server.app().get(&recorded).await.unwrap().customer_id, "carla");
    assert_eq!(get(&server, "wang-2").await.unwrap().customer_id, "carla");
    undo(&server, &first).await.unwrap();
    assert_eq!(server.app().get(&recorded).await.unwrap().customer_id, "wang-2");
    assert_eq!(told(&server, "carla").await, carla);
    assert_ne!(told(&server, "wang-2").await, wang, "with what came since");
    assert_eq!(verdict(&refused(undo(&server, &first).await)), not_yet);

    let old = merge(&server, "carla", "wang-2").await.unwrap();
    server.execute("UPDATE customer_merge SET merged_at = merged_at - 2592000000000 WHERE undone_at IS NULL").await;
    assert_eq!(verdict(&refused(undo(&server, &old).await)), not_yet);
    assert_eq!(get(&server, "wang-2").await.unwrap().customer_id, "carla", "for good");
}

async fn erasing_one_of_two_erases_both(server: Server) {
    let server = in_china(server).await;
    two_records(&server).await;
    merge(&server, "carla", "wang-2").await.unwrap();
    record(&server, ended("wang-2", 60)).await;
    erase(&server, "wang-2").await;
    for id in ["carla", "wang-2"] {
        assert_eq!(refused(get(&server, id).await).code(), Code::NotFound);
        assert_eq!(reason(&refused(server.app().upsert_customer(customer(id)).await)), "CUSTOMER_ERASED");
    }
    for table in ["customer_merge", "customer_merge_row", "merged_customer", "contact_point", "customer_alias"] {
        let left = format!(
            "SELECT count(*) FROM {table} WHERE {}",
            match table {
                "contact_point" | "customer_alias" => "customer_id IN ('carla', 'wang-2')",
                _ => "1 = 1",
            }
        );
        assert_eq!(server.number(&left).await, 0, "{table}");
    }
    let named =
        "SELECT count(*) FROM interaction WHERE customer_id IN ('carla', 'wang-2') OR given_customer_id IS NOT NULL";
    assert_eq!(server.number(named).await, 0);
    let audited = "SELECT count(*) FROM audit_event WHERE object_id IN ('carla', 'wang-2')";
    assert_eq!(server.number(audited).await, 0);
}

pub(crate) async fn suggestions(server: &Server, customer_id: &str) -> Vec<v1::DuplicateSuggestion> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = v1::SuggestDuplicatesRequest { customer_id: customer_id.to_owned(), page_size: 3, page_token };
        let page = server.admin().identity().suggest_duplicates(request).await.map(Response::into_inner).unwrap();
        all.extend(page.suggestions);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

async fn duplicates_are_suggested_and_never_merged(server: Server) {
    let server = in_china(server).await;
    let app = server.app();
    let reached = |id: &str, name: &str, number: &str| Customer {
        salutation: name.to_owned(),
        contact_points: vec![point(ContactKind::Phone, number, Consent::Unspecified)],
        ..customer(id)
    };
    for told in [
        reached("a1", "王女士", "138 1234 5678"),
        reached("a2", "Ms Wang", "+86-138-1234-5678"),
        reached("b1", "Anna Berg", "139 0000 0001"),
        reached("b2", "BERG, Anna", "139 0000 0002"),
        reached("c1", "Otto", "139 0000 0003"),
    ] {
        app.upsert_customer(told).await.unwrap();
    }
    // A household: more than five share a number.
    for member in 0..6 {
        app.upsert_customer(reached(&format!("home-{member}"), "", "010 6555 0000")).await.unwrap();
    }
    let order = |id: &str, order: &str| {
        let context = v1::InteractionContext { order_id: order.to_owned(), ..Default::default() };
        Interaction { context: Some(context), ..ended(id, 60) }
    };
    for (id, about) in [("b1", "o-1"), ("b2", "o-1"), ("c1", "o-1")] {
        record(&server, order(id, about)).await;
    }
    let found = suggestions(&server, "").await;
    let pairs: Vec<_> = found.iter().map(|one| one.customer_ids.join(" ")).collect();
    assert_eq!(pairs, ["a1 a2", "b1 b2"]);
    let kinds = |at: usize| found[at].evidence.iter().map(v1::DuplicateEvidence::kind).collect::<Vec<_>>();
    assert_eq!(kinds(0), [Kind::ContactPoint]);
    assert_eq!(found[0].evidence[0].notations, [phone("138 1234 5678"), phone("+86-138-1234-5678")]);
    assert_eq!(kinds(1), [Kind::Order, Kind::Name]);
    assert_eq!(suggestions(&server, "a2").await, [found[0].clone()]);
    assert_eq!(suggestions(&server, "c1").await, []);
    assert_eq!(get(&server, "a2").await.unwrap().customer_id, "a2", "nothing is merged by itself");

    let merged = merge(&server, "a1", "a2").await.unwrap();
    assert_eq!(suggestions(&server, "").await.len(), 1);
    undo(&server, &merged).await.unwrap();
    assert_eq!(suggestions(&server, "").await.len(), 1, "somebody said that they are two");
}

async fn what_is_on_record_is_brought_into_normal_form(server: Server) {
    // Without a country a number in national notation is only its digits.
    let server = sees_wishes(awake(server).await).await;
    let app = server.app();
    let known = |id: &str, number: &str, consent| Customer {
        aliases: vec![phone(number)],
        contact_points: vec![point(ContactKind::Phone, number, consent)],
        ..customer(id)
    };
    app.upsert_customer(known("carla", "138 1234 5678", Consent::Denied)).await.unwrap();
    app.upsert_customer(known("dora", "+86 138 1234 5678", Consent::Granted)).await.unwrap();
    app.upsert_customer(known("emil", "139 0000 0001", Consent::Granted)).await.unwrap();
    let stranger = record(&server, ended_by("+86 139 0000 0001", 60)).await;
    assert_eq!(app.get(&stranger).await.unwrap().customer_id, "");
    assert!(!refusals(&app, check("carla", None, "+8613812345678")).await.contains(&Refused::ConsentDenied));
    assert_eq!(suggestions(&server, "").await, []);

    let server = server.restart_with(chinese).await;
    let app = server.app();
    assert_eq!(app.get(&stranger).await.unwrap().customer_id, "emil");
    assert!(refusals(&app, check("carla", None, "+8613812345678")).await.contains(&Refused::ConsentDenied));
    assert_eq!(get(&server, "carla").await.unwrap().contact_points[0].value, "138 1234 5678", "shown as it was given");
    let found = suggestions(&server, "").await;
    assert_eq!(found.iter().map(|one| one.customer_ids.join(" ")).collect::<Vec<_>>(), ["carla dora"]);
    // A second start changes nothing.
    let made = server.number("SELECT made_at FROM normal_form").await;
    let server = server.restart_with(chinese).await;
    assert_eq!(server.number("SELECT made_at FROM normal_form").await, made);
}
