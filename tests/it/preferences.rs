//! Preferences: what the record shows of them, and what is said.

use rapport::api::v1::{
    self, AuditAction, Channel, DimensionPreference, GetPreferencesRequest, GetPreferencesResponse, Interaction,
    Outcome, PreferenceDimension, PreferenceOrigin, PreferenceStatement, Rating, RefutePreferenceRequest,
    StatePreferenceRequest, TimeZoneSource, WithdrawPreferenceRequest,
};
use tonic::{Code, Response, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    on_both, on_postgres,
    refusal::verdict,
    refused,
    sample::{at, call, customer, phone},
    secret_file, violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_postgres![another_server_knows_at_once, one_of_several_servers_fits];
    tests.extend(on_both![
        what_is_recorded_shows_at_once,
        nothing_of_their_own_is_unknown,
        calls_under_an_alias_are_theirs,
        a_contact_in_vain_counts_less,
        how_it_was_rated_counts_and_is_kept_from_the_rated,
        only_the_newest_of_many_are_read,
        evidence_is_what_the_caller_may_read,
        what_is_stated_holds_until_it_is_withdrawn,
        the_latest_of_two_statements_wins,
        what_is_refuted_is_not_offered,
        a_retry_states_nothing_twice,
        bad_statements_are_told_what_is_wrong,
        nobody_speaks_of_others_or_of_nobody,
        a_suspended_customer_is_heard,
        hours_are_those_on_the_customers_wall,
        a_zone_that_is_none_is_said,
        the_program_prints_and_evaluates,
        what_is_evaluated_is_what_is_served,
    ]);
    tests
}

const DAY: i64 = 86_400;

/// So many seconds before now, as of the machine's clock.
fn ago(seconds: i64) -> Option<prost_types::Timestamp> {
    let now = rapport::clock::Clock::system().now_micros() / 1_000_000;
    Some(prost_types::Timestamp { seconds: now - seconds, nanos: 0 })
}

/// A customer asks by a channel, so many days ago.
fn contact(staff_id: &str, customer_id: &str, channel: Channel, days: i64) -> Interaction {
    Interaction {
        channel: channel.into(),
        direction: v1::Direction::Inbound.into(),
        requested_time: ago(days * DAY + 400),
        connected_time: ago(days * DAY + 390),
        ended_time: ago(days * DAY + 300),
        ..call(staff_id, customer_id)
    }
}

async fn record(server: &Server, staff_id: &str, customer_id: &str, channel: Channel, days: i64) -> String {
    server.app().record(contact(staff_id, customer_id, channel, days)).await.unwrap().interaction_id
}

async fn get(caller: &Caller, customer_id: &str) -> Result<GetPreferencesResponse, Status> {
    let request = GetPreferencesRequest { customer_id: customer_id.to_owned(), dimensions: vec![] };
    caller.preferences().get_preferences(request).await.map(Response::into_inner)
}

fn of(answer: &GetPreferencesResponse, dimension: PreferenceDimension) -> &DimensionPreference {
    answer.dimensions.iter().find(|one| one.dimension() == dimension).unwrap()
}

async fn preferred(caller: &Caller, dimension: PreferenceDimension) -> (String, PreferenceOrigin) {
    let answer = get(caller, "carla").await.unwrap();
    let found = of(&answer, dimension);
    (found.value.clone(), found.origin())
}

fn statement(dimension: PreferenceDimension, value: &str) -> StatePreferenceRequest {
    StatePreferenceRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        dimension: dimension.into(),
        value: value.to_owned(),
        source: "told me on the phone".to_owned(),
        note: String::new(),
    }
}

async fn state(caller: &Caller, request: StatePreferenceRequest) -> Result<PreferenceStatement, Status> {
    Ok(caller.preferences().state_preference(request).await?.into_inner().statement.unwrap())
}

async fn withdraw(caller: &Caller, dimension: PreferenceDimension, value: &str) -> Result<PreferenceStatement, Status> {
    let request = WithdrawPreferenceRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        dimension: dimension.into(),
        value: value.to_owned(),
    };
    Ok(caller.preferences().withdraw_preference(request).await?.into_inner().statement.unwrap())
}

async fn refute(caller: &Caller, dimension: PreferenceDimension, value: &str) -> Result<PreferenceStatement, Status> {
    let request = RefutePreferenceRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        dimension: dimension.into(),
        value: value.to_owned(),
        note: "told me otherwise".to_owned(),
        source: String::new(),
    };
    Ok(caller.preferences().refute_preference(request).await?.into_inner().statement.unwrap())
}

async fn what_is_recorded_shows_at_once(server: Server) {
    let server = server.with_organization().await;
    let (app, by) = (server.app(), PreferenceDimension::Channel);
    for days in 4..7 {
        record(&server, "nora", "carla", Channel::InboundCall, days).await;
    }
    let before = get(&app, "carla").await.unwrap();
    let found = of(&before, by);
    assert_eq!((found.value.as_str(), found.sample, found.origin()), ("inbound_call", 3, PreferenceOrigin::Inferred));
    assert!(found.confidence > 0.2 && found.confidence < 1.0 && found.borrowed_share > 0.5, "{found:?}");
    assert_eq!(found.half_life.as_ref().map(|span| span.seconds), Some(30 * DAY));
    // The one that tips the scales.
    for days in [3, 2, 1] {
        record(&server, "nora", "carla", Channel::OnlineChat, days).await;
    }
    let newest = record(&server, "nora", "carla", Channel::OnlineChat, 0).await;
    let after = get(&app, "carla").await.unwrap();
    let found = of(&after, by);
    assert_eq!((found.value.as_str(), found.sample), ("online_chat", 7));
    assert_eq!(found.values[0].evidence_interaction_ids[0], newest);
    assert_eq!(found.values.iter().map(|one| one.sample).collect::<Vec<_>>(), [4, 3]);
    let seen = |index: usize| found.values[index].last_seen_time.unwrap().seconds;
    assert!(seen(0) > seen(1));
    assert_eq!(of(&after, PreferenceDimension::Topic).value, "Returns");
    assert_eq!(of(&after, PreferenceDimension::Colleague).value, "nora");
    assert_eq!(after.interaction_count, 7);
}

async fn another_server_knows_at_once(server: Server) {
    let server = server.with_organization().await;
    // No fit to the first contact comes in between, which would speak for what it was.
    server.execute(&format!("UPDATE preference_fit SET began_at = {}", i64::MAX)).await;
    let sibling = server.sibling().await;
    for (days, channel) in [(3, Channel::Email), (2, Channel::Counter), (1, Channel::Counter)] {
        record(&server, "nora", "carla", channel, days).await;
        let name = if channel == Channel::Email { "email" } else { "counter" };
        let answer = get(&sibling.app(), "carla").await.unwrap();
        assert_eq!(of(&answer, PreferenceDimension::Channel).values[0].value, name);
    }
    state(&sibling.app(), statement(PreferenceDimension::Channel, "email")).await.unwrap();
    assert_eq!(preferred(&server.app(), PreferenceDimension::Channel).await.0, "email");
    sibling.stop().await;
}

async fn one_of_several_servers_fits(server: Server) {
    let server = server.with_organization().await;
    record(&server, "nora", "carla", Channel::Email, 1).await;
    for days in 1..=12 {
        record(&server, "nora", "dora", Channel::Email, days).await;
    }
    let weight = async || {
        let answer = get(&server.app(), "carla").await.unwrap();
        of(&answer, PreferenceDimension::Channel).values[0].weight
    };
    let before = weight().await;
    // A server looks when it starts: this one found nothing to fit to, two others do.
    let (one, other) = (server.sibling().await, server.sibling().await);
    let fitted = async || server.number("SELECT count(*) FROM preference_model").await;
    for _ in 0..200 {
        if fitted().await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(fitted().await, 8);
    assert_eq!(server.number("SELECT count(DISTINCT fitted_at) FROM preference_model").await, 1);
    assert_eq!(server.number("SELECT sequence FROM preference_fit").await, 13);
    assert!(weight().await > before, "what others do speaks for it");
    one.stop().await;
    other.stop().await;
}

async fn nothing_of_their_own_is_unknown(server: Server) {
    let server = server.with_organization().await;
    record(&server, "nora", "dora", Channel::Email, 1).await;
    let answer = get(&server.app(), "carla").await.unwrap();
    assert_eq!((answer.dimensions.len(), answer.interaction_count), (8, 0));
    for one in &answer.dimensions {
        let is_unknown = one.value.is_empty() && one.origin() == PreferenceOrigin::Unspecified && one.sample == 0;
        assert!(is_unknown && one.borrowed_share == 1.0 && one.values.is_empty(), "{one:?}");
    }
}

async fn calls_under_an_alias_are_theirs(server: Server) {
    let server = server.with_organization().await;
    for number in ["+86 1", "+86 2", "+86 3"] {
        let unknown = Interaction {
            customer_id: String::new(),
            customer_alias: Some(phone(number)),
            ..contact("nora", "", Channel::InboundCall, 2)
        };
        server.app().record(unknown).await.unwrap();
    }
    assert_eq!(get(&server.app(), "carla").await.unwrap().interaction_count, 0);
    let known = v1::Customer { aliases: vec![phone("+86 1"), phone("+86 2")], ..customer("carla") };
    server.app().upsert_customer(known).await.unwrap();
    record(&server, "nora", "carla", Channel::InboundCall, 1).await;
    let answer = get(&server.app(), "carla").await.unwrap();
    assert_eq!((answer.interaction_count, of(&answer, PreferenceDimension::Channel).sample), (3, 3));
}

async fn a_contact_in_vain_counts_less(server: Server) {
    let server = server.with_organization().await;
    for days in [3, 2, 1] {
        let in_vain = Interaction {
            outcome: Outcome::Abandoned.into(),
            connected_time: None,
            ..contact("nora", "carla", Channel::InboundCall, days)
        };
        server.app().record(in_vain).await.unwrap();
    }
    record(&server, "nora", "carla", Channel::Email, 4).await;
    let answer = get(&server.app(), "carla").await.unwrap();
    assert_eq!(of(&answer, PreferenceDimension::Channel).values[0].value, "email");
}

async fn how_it_was_rated_counts_and_is_kept_from_the_rated(server: Server) {
    let server = server.with_organization().await;
    let good = record(&server, "nora", "carla", Channel::Email, 2).await;
    let bad = record(&server, "nils", "carla", Channel::InboundCall, 1).await;
    let both = [server.app(), server.staff("nils"), server.supervisor("petra", &["north"])];
    let weights = async |caller: &Caller| {
        let answer = get(caller, "carla").await.unwrap();
        let values = &of(&answer, PreferenceDimension::Channel).values;
        let weight = |name| values.iter().find(|one| one.value == name).unwrap().weight;
        (weight("email"), weight("inbound_call"))
    };
    let before = [weights(&both[0]).await, weights(&both[1]).await, weights(&both[2]).await];
    assert!(before.iter().all(|(email, call)| call > email), "the newer one counts more: {before:?}");
    for (interaction_id, score) in [(good, 5), (bad, 1)] {
        let rating = Rating {
            interaction_id,
            template_id: "csat".to_owned(),
            score,
            answered_time: ago(60),
            ..Default::default()
        };
        let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
        server.app().ratings().submit_rating(request).await.unwrap();
    }
    let (email, call) = weights(&both[0]).await;
    assert!(email > call, "a good answer counts more than a bad one");
    for (caller, before) in both[1..].iter().zip(&before[1..]) {
        let after = weights(caller).await;
        assert!((after.0 - before.0).abs() < 1e-4, "nils would learn who complained: {before:?} {after:?}");
    }
}

async fn only_the_newest_of_many_are_read(server: Server) {
    let server = server.with_organization().await;
    let batch = |channel: Channel, from: i64, count: i64| {
        let one = |number: i64| {
            let seconds = (from + number) * 60 + 400;
            let interaction = Interaction {
                channel: channel.into(),
                direction: v1::Direction::Inbound.into(),
                requested_time: ago(seconds),
                connected_time: None,
                ended_time: None,
                ..call("nora", "carla")
            };
            v1::RecordInteractionRequest { request_id: request_id(), interaction: Some(interaction) }
        };
        v1::BatchRecordInteractionsRequest { requests: (0..count).map(one).collect() }
    };
    for request in [batch(Channel::Email, 1_000, 300), batch(Channel::Counter, 0, 199)] {
        server.app().interactions().batch_record_interactions(request).await.unwrap();
    }
    let answer = get(&server.app(), "carla").await.unwrap();
    let found = of(&answer, PreferenceDimension::Channel);
    assert_eq!(answer.interaction_count, 200);
    assert_eq!(found.values.iter().map(|one| one.sample).collect::<Vec<_>>(), [199, 1]);
}

async fn evidence_is_what_the_caller_may_read(server: Server) {
    let server = server.with_organization().await;
    let north = record(&server, "nora", "carla", Channel::Email, 2).await;
    let south = record(&server, "sam", "carla", Channel::Email, 1).await;
    let reviewer = server.caller(v1::Role::Reviewer, "rita", &[]);
    let cases = [
        (server.staff("nora"), vec![&north]),
        (server.supervisor("petra", &["north"]), vec![&north]),
        (server.staff("sam"), vec![&south]),
        (server.app(), vec![&south, &north]),
        (reviewer, vec![&south, &north]),
        (server.customer("carla"), vec![&south, &north]),
    ];
    for (caller, expected) in cases {
        let answer = get(&caller, "carla").await.unwrap();
        let found = of(&answer, PreferenceDimension::Channel);
        assert_eq!(found.values[0].evidence_interaction_ids.iter().collect::<Vec<_>>(), expected);
        assert_eq!(found.values[0].sample, 2);
    }
}

async fn what_is_stated_holds_until_it_is_withdrawn(server: Server) {
    let server = server.with_organization().await;
    let (nora, by) = (server.staff("nora"), PreferenceDimension::Channel);
    for days in [3, 2, 1] {
        record(&server, "nora", "carla", Channel::InboundCall, days).await;
    }
    let said = state(&nora, statement(by, "email")).await.unwrap();
    assert_eq!(
        (said.author.as_str(), said.author_role(), said.source.as_str()),
        ("nora", v1::Role::Staff, "told me on the phone")
    );
    let answer = get(&nora, "carla").await.unwrap();
    let found = of(&answer, by);
    assert_eq!((found.value.as_str(), found.origin(), found.confidence), ("email", PreferenceOrigin::Stated, 1.0));
    let origins: Vec<_> = found.values.iter().map(|one| (one.value.as_str(), one.origin())).collect();
    assert_eq!(origins, [("email", PreferenceOrigin::Stated), ("inbound_call", PreferenceOrigin::Inferred)]);
    assert_eq!(answer.statements, [said]);

    let withdrawn = withdraw(&server.customer("carla"), by, "").await.unwrap();
    assert_eq!(withdrawn.withdrawn_by, "carla");
    assert_eq!(preferred(&nora, by).await, ("inbound_call".to_owned(), PreferenceOrigin::Inferred));
    let status = refused(withdraw(&nora, by, "").await);
    assert_eq!(verdict(&status), (Code::FailedPrecondition, "NOTHING_STATED".to_owned()));

    // What nobody could infer.
    for (dimension, value) in
        [(PreferenceDimension::Salutation, "Frau Dr. Berg"), (PreferenceDimension::Hours, "18:00-21:00")]
    {
        state(&server.customer("carla"), statement(dimension, value)).await.unwrap();
        assert_eq!(preferred(&nora, dimension).await, (value.to_owned(), PreferenceOrigin::Stated));
    }
    let request = v1::ListAuditEventsRequest { object_id: "carla".to_owned(), ..Default::default() };
    let trail = server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events;
    let actions: Vec<_> = trail.iter().rev().map(v1::AuditEvent::action).collect();
    let stated = AuditAction::PreferenceStated;
    assert_eq!(actions, [stated, AuditAction::PreferenceWithdrawn, stated, stated]);
    assert!(trail.iter().all(|event| !event.detail_json.contains("Berg")), "words are not for the trail");
}

async fn the_latest_of_two_statements_wins(server: Server) {
    let server = server.with_organization().await;
    let (app, by) = (server.app(), PreferenceDimension::Weekday);
    state(&app, statement(by, "1")).await.unwrap();
    state(&app, statement(by, "5")).await.unwrap();
    assert_eq!(preferred(&app, by).await, ("5".to_owned(), PreferenceOrigin::Stated));
    let kept = get(&app, "carla").await.unwrap().statements;
    assert_eq!(
        kept.iter().map(|one| (one.value.as_str(), one.end_time.is_some())).collect::<Vec<_>>(),
        [("5", false), ("1", true)]
    );
    // Refuted, and stated after all.
    refute(&app, by, "5").await.unwrap();
    assert_eq!(preferred(&app, by).await, (String::new(), PreferenceOrigin::Unspecified));
    state(&app, statement(by, "5")).await.unwrap();
    assert_eq!(preferred(&app, by).await, ("5".to_owned(), PreferenceOrigin::Stated));
}

async fn what_is_refuted_is_not_offered(server: Server) {
    let server = server.with_organization().await;
    let (nora, by) = (server.staff("nora"), PreferenceDimension::Channel);
    for (days, channel) in [(5, Channel::Email), (4, Channel::InboundCall), (3, Channel::InboundCall)] {
        record(&server, "nora", "carla", channel, days).await;
    }
    assert_eq!(preferred(&nora, by).await.0, "inbound_call");
    let said = refute(&nora, by, "inbound_call").await.unwrap();
    assert_eq!((said.origin(), said.note.as_str()), (PreferenceOrigin::Refuted, "told me otherwise"));
    let answer = get(&nora, "carla").await.unwrap();
    let found = of(&answer, by);
    assert_eq!(found.value, "email");
    let last = found.values.last().unwrap();
    assert_eq!((last.value.as_str(), last.origin(), last.weight), ("inbound_call", PreferenceOrigin::Refuted, 0.0));
    // What is withdrawn speaks again.
    withdraw(&nora, by, "inbound_call").await.unwrap();
    assert_eq!(preferred(&nora, by).await.0, "inbound_call");
    refute(&nora, by, "inbound_call").await.unwrap();
    // As do three contacts that came later; the clock of interactions may be 5 minutes ahead.
    for seconds in [20, 40, 60] {
        assert_eq!(preferred(&nora, by).await.0, "email");
        let later = Interaction {
            requested_time: ago(-seconds),
            connected_time: None,
            ended_time: None,
            ..call("nora", "carla")
        };
        server.app().record(later).await.unwrap();
    }
    assert_eq!(preferred(&nora, by).await.0, "inbound_call");
}

async fn a_retry_states_nothing_twice(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let request = statement(PreferenceDimension::Topic, "exams");
    let first = state(&app, request.clone()).await.unwrap();
    assert_eq!(state(&app, request.clone()).await.unwrap(), first);
    assert_eq!(get(&app, "carla").await.unwrap().statements.len(), 1);
    let other = StatePreferenceRequest { value: "returns".to_owned(), ..request };
    assert_eq!(refused(state(&app, other).await).code(), Code::AlreadyExists);
}

async fn bad_statements_are_told_what_is_wrong(server: Server) {
    use PreferenceDimension::{Channel, Colleague, Hour, Hours, Language, Salutation, Weekday};
    let server = server.with_organization().await;
    let app = server.app();
    let cases = [
        (Channel, "pigeon", "UNKNOWN_VALUE"),
        (Hour, "24", "UNKNOWN_VALUE"),
        (Weekday, "0", "UNKNOWN_VALUE"),
        (Language, "zh_CN", "MALFORMED"),
        (Hours, "25:00-26:00", "MALFORMED"),
        (Colleague, "nobody", "UNKNOWN_STAFF"),
    ];
    for (dimension, value, reason) in cases {
        let status = refused(state(&app, statement(dimension, value)).await);
        assert_eq!(violations(&status), [("value".to_owned(), reason.to_owned())], "{value}");
    }
    let nothing = StatePreferenceRequest { value: String::new(), source: String::new(), ..statement(Channel, "") };
    let fields: Vec<_> = violations(&refused(state(&app, nothing).await)).into_iter().map(|one| one.0).collect();
    assert_eq!(fields, ["value", "source"]);
    for dimension in [0, 99] {
        let unknown = StatePreferenceRequest { dimension, ..statement(Channel, "email") };
        assert_eq!(violations(&refused(state(&app, unknown).await))[0].0, "dimension");
    }
    let status = refused(refute(&app, Salutation, "Madam").await);
    assert_eq!(violations(&status), [("dimension".to_owned(), "NOT_INFERRED".to_owned())]);
}

async fn nobody_speaks_of_others_or_of_nobody(server: Server) {
    let server = server.with_organization().await;
    let by = PreferenceDimension::Channel;
    for (caller, customer_id) in [(server.customer("dora"), "carla"), (server.app(), "nobody")] {
        assert_eq!(refused(get(&caller, customer_id).await).code(), Code::NotFound);
        let stated = StatePreferenceRequest { customer_id: customer_id.to_owned(), ..statement(by, "email") };
        assert_eq!(refused(state(&caller, stated).await).code(), Code::NotFound);
    }
    assert_eq!(refused(withdraw(&server.customer("dora"), by, "").await).code(), Code::NotFound);
    assert_eq!(refused(refute(&server.customer("carla"), by, "email").await).code(), Code::PermissionDenied);
}

async fn a_suspended_customer_is_heard(server: Server) {
    let server = server.with_organization().await;
    let request = v1::SuspendCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "threats".to_owned(),
        ..Default::default()
    };
    server.admin().directory().suspend_customer(request).await.unwrap();
    state(&server.app(), statement(PreferenceDimension::Channel, "email")).await.unwrap();
    assert_eq!(preferred(&server.app(), PreferenceDimension::Channel).await.0, "email");
}

async fn hours_are_those_on_the_customers_wall(server: Server) {
    let server = server.with_organization().await;
    let berlin = v1::Customer { time_zone: "Europe/Berlin".to_owned(), ..customer("carla") };
    server.app().upsert_customer(berlin).await.unwrap();
    // The two hours from 2 to 3 of 2025-10-26, and the moment before and after the gap of 2025-03-30.
    for seconds in [1_761_438_600, 1_761_442_200, 1_743_296_399, 1_743_296_400] {
        let then = Some(prost_types::Timestamp { seconds, nanos: 0 });
        let one = Interaction { requested_time: then, connected_time: None, ended_time: None, ..call("nora", "carla") };
        server.app().record(one).await.unwrap();
    }
    let answer = get(&server.app(), "carla").await.unwrap();
    assert_eq!((answer.time_zone.as_str(), answer.time_zone_source()), ("Europe/Berlin", TimeZoneSource::Customer));
    let mut hours: Vec<_> =
        of(&answer, PreferenceDimension::Hour).values.iter().map(|one| (one.value.as_str(), one.sample)).collect();
    hours.sort_unstable();
    assert_eq!(hours, [("01", 1), ("02", 2), ("03", 1)]);
    assert_eq!(of(&answer, PreferenceDimension::Weekday).values[0].value, "7");
}

async fn a_zone_that_is_none_is_said(server: Server) {
    let server = server.with_organization().await;
    assert_eq!(get(&server.app(), "carla").await.unwrap().time_zone_source(), TimeZoneSource::Organization);
    // The directory takes no such name; one may cease to be.
    server.execute("UPDATE customer SET time_zone = 'Mars/Olympus' WHERE customer_id = 'carla'").await;
    server.app().record(call("nora", "carla")).await.unwrap();
    let answer = get(&server.app(), "carla").await.unwrap();
    assert_eq!((answer.time_zone.as_str(), answer.time_zone_source()), ("UTC", TimeZoneSource::CustomersUnknown));
    assert_eq!(of(&answer, PreferenceDimension::Hour).values[0].value, "09");
}

async fn the_program_prints_and_evaluates(server: Server) {
    let server = server.with_organization().await;
    for round in 0..6 {
        for (customer, channel) in [("carla", Channel::Email), ("dora", Channel::InboundCall)] {
            let one = Interaction {
                channel: channel.into(),
                direction: v1::Direction::Inbound.into(),
                requested_time: at(round * DAY),
                connected_time: None,
                ended_time: None,
                ..call("nora", customer)
            };
            server.app().record(one).await.unwrap();
        }
    }
    let mut arguments = vec!["evaluate", "preferences", "--json", "--data-dir"];
    let directory = server.data_dir().to_string_lossy().into_owned();
    arguments.push(&directory);
    let url = server.database_url();
    if let Some(url) = &url {
        arguments.extend(["--database-url", url]);
    }
    let told = run(arguments.into_iter().map(str::to_owned).collect()).await;
    let dimensions = told["dimensions"].as_array().unwrap();
    let named = |name: &str| dimensions.iter().find(|one| one["dimension"] == name);
    let channel = named("channel").unwrap();
    // Two customers with six contacts each: the fifth and the sixth.
    assert_eq!((&channel["predictions"], &channel["customers"]), (&4.into(), &2.into()));
    assert_eq!(
        (&channel["top1"], &channel["own_mode"], &channel["last_top1"]),
        (&1.0.into(), &1.0.into(), &1.0.into())
    );
    assert!(named("hour").is_none() && named("topic").is_none(), "there was no choice: {dimensions:?}");

    let endpoint = server.endpoint();
    let token = secret_file(server.data_dir(), &server.token(v1::Role::App, "crm", &[]));
    let arguments = ["preferences", "carla", "--json", "--endpoint", &endpoint, "--token-file", &token];
    let told = run(arguments.into_iter().map(str::to_owned).collect()).await;
    assert_eq!(told["dimensions"][0]["values"][0]["value"], "email");
}

/// What `rapport evaluate` says a server would have answered is what it answers, to the last digits: the clock stands at the
/// instant of the next contact, which is recorded after the answer.
async fn what_is_evaluated_is_what_is_served(server: Server) {
    let server = server.with_organization().await;
    // No fit before the record is there.
    server.execute(&format!("UPDATE preference_fit SET began_at = {}", i64::MAX)).await;
    let customers: Vec<String> = (0..30).map(|number| format!("c{number}")).collect();
    for customer_id in &customers {
        server.app().upsert_customer(customer(customer_id)).await.unwrap();
    }
    // Habits of different strength, at gaps of hours to weeks: what fades by the newest contact and what fades by now differ.
    let mut state = 7_u64;
    let mut below = move |limit: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % limit
    };
    let channels = [Channel::InboundCall, Channel::Email, Channel::OnlineChat];
    let mut contact = |number: usize, seconds: i64| {
        let pick = |of: usize, below: &mut dyn FnMut(u64) -> u64| {
            let stray = below(10) < number as u64 % 9;
            if stray { usize::try_from(below(of as u64)).unwrap() } else { number % of }
        };
        Interaction {
            channel: channels[pick(3, &mut below)].into(),
            direction: v1::Direction::Inbound.into(),
            requested_time: Some(prost_types::Timestamp { seconds, nanos: 0 }),
            connected_time: None,
            ended_time: None,
            topic: ["Returns", "Exams", "Invoices", "Repairs"][pick(4, &mut below)].to_owned(),
            ..call("nora", &customers[number])
        }
    };
    let mut requests = Vec::new();
    for number in 0..customers.len() {
        let place = i64::try_from(number).unwrap();
        let mut seconds = place * 7_200;
        for round in 0..20 {
            seconds += 3_600 + (round * 7 + place * 3) % 11 * (14 * DAY / 11);
            requests.push((number, seconds));
        }
    }
    // A fit is a day old at least when they are asked about, so that the replay makes it again.
    let now = rapport::clock::Clock::system().now_micros() / 1_000_000;
    let shift = now - 2 * DAY - requests.iter().map(|(_, seconds)| *seconds).max().unwrap();
    for (number, seconds) in requests {
        server.app().record(contact(number, shift + seconds)).await.unwrap();
    }
    server.execute("UPDATE preference_fit SET began_at = 0, sequence = 0").await;
    let server = server.restart_at(rapport::clock::Clock::system()).await;
    for _ in 0..600 {
        if server.number("SELECT count(*) FROM preference_model").await == 8 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(server.number("SELECT count(*) FROM preference_model").await, 8, "it fits when it starts");
    let then = now + 120;
    let server = server.restart_at(rapport::clock::Clock::fixed(then * 1_000_000)).await;
    let mut served = Vec::new();
    for customer_id in &customers {
        served.push(get(&server.app(), customer_id).await.unwrap());
    }
    for number in 0..customers.len() {
        server.app().record(contact(number, then)).await.unwrap();
    }

    let answers = server.data_dir().join("answers.jsonl");
    let directory = server.data_dir().to_string_lossy().into_owned();
    let path = answers.to_string_lossy().into_owned();
    let mut arguments = vec!["evaluate", "preferences", "--json", "--answers", &path, "--data-dir", &directory];
    let url = server.database_url();
    if let Some(url) = &url {
        arguments.extend(["--database-url", url]);
    }
    run(arguments.into_iter().map(str::to_owned).collect()).await;
    let replayed = std::fs::read_to_string(answers).unwrap();
    let replayed: Vec<serde_json::Value> = replayed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut compared = 0;
    for one in replayed.iter().filter(|one| one["at"] == then * 1_000_000) {
        let number = customers.iter().position(|id| one["customer_id"] == id.as_str()).unwrap();
        let name = one["dimension"].as_str().unwrap().to_uppercase();
        let dimension = PreferenceDimension::from_str_name(&format!("PREFERENCE_DIMENSION_{name}")).unwrap();
        let answer = of(&served[number], dimension);
        let close = |field: &str, served: f64| (one[field].as_f64().unwrap() - served).abs() < 1e-9;
        assert!(close("confidence", answer.confidence) && close("borrowed", answer.borrowed_share), "{one} {answer:?}");
        assert_eq!(one["is_offered"], !answer.value.is_empty(), "{one} {answer:?}");
        assert!(answer.value.is_empty() || one["first"] == answer.value.as_str(), "{one} {answer:?}");
        compared += 1;
    }
    // Channel, hour, weekday, topic, kind and colleague.
    assert_eq!(compared, customers.len() * 6);
    assert!(served.iter().any(|one| !of(one, PreferenceDimension::Channel).value.is_empty()), "nothing was at stake");
}

/// Runs the program, and reads what it prints.
async fn run(arguments: Vec<String>) -> serde_json::Value {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
