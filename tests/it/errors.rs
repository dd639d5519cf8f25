//! Bad input, and what a caller is told about it: the code, the reason, every field at fault.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use prost_types::{FieldMask, Timestamp};
use rapport::{
    api::v1::{
        self, Channel, CustomerStanding, Direction, ErrorReason, Interaction, InteractionContext, InteractionFilter,
        InteractionUpdate, Outcome, Recording, Resolution, Role, StaffRole, StaffState, UpsertOutcome,
        record_item_result, upsert_item_result,
    },
    auth::Authenticator,
    clock::Clock,
    config::{Config, ServeArgs},
};
use tonic::{Code, Response, Status, metadata::MetadataValue};
use tonic_types::StatusExt as _;

use crate::support::{
    Caller, Server, Test,
    client::{Bearer, request_id},
    on_both, on_postgres, raw, reason,
    refusal::{self, may_be_retried, preconditions, verdict},
    refused,
    sample::{at, call, customer, participant, phone, staff, team},
    violations,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_postgres![what_one_server_said_another_knows, a_database_that_is_gone];
    tests.extend(on_both![
        bad_tokens_all_look_alike,
        a_role_or_a_person_that_may_not_call,
        a_message_over_the_limit,
        a_message_that_is_no_protobuf,
        every_broken_field_rule_is_named_at_once,
        every_broken_rule_of_an_interaction_is_named_at_once,
        times_more_than_five_minutes_ahead,
        characters_that_no_text_may_hold,
        ids_limits_and_enums_of_queries,
        page_tokens_of_others_and_of_nobody,
        a_request_id_with_another_body,
        a_request_id_belongs_to_its_caller,
        what_was_refused_may_be_mended_under_its_id,
        ids_that_the_directory_does_not_know,
        a_batch_keeps_its_good_items,
        a_batch_has_a_size,
        a_stream_names_its_bad_items,
        fields_that_are_not_the_callers,
        an_etag_of_yesterday,
        an_update_mask_names_what_may_change,
        a_suspension_is_lifted_once,
        a_suspension_that_ended_was_still_a_suspension,
        an_alias_belongs_to_one_customer,
        a_fault_of_the_server_is_not_explained,
    ]);
    tests
}

fn named(found: &[(&str, &str)]) -> Vec<(String, String)> {
    found.iter().map(|&(field, reason)| (field.to_owned(), reason.to_owned())).collect()
}

fn is(status: &Status, code: Code, reason: &str) {
    assert_eq!(verdict(status), (code, reason.to_owned()), "{status}");
}

/// INVALID_ARGUMENT for these fields and reasons, and no others.
fn is_invalid(status: &Status, expected: &[(&str, &str)]) {
    assert_eq!(violations(status), named(expected), "{status}");
    is(status, Code::InvalidArgument, expected[0].1);
}

async fn bad_tokens_all_look_alike(server: Server) {
    let clock = Clock::fixed(Clock::system().now_micros());
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let config = Config::resolve(&ServeArgs::default(), |_| None).unwrap().auth;
    let sign = |issuer: &Authenticator| issuer.sign(Role::App, "crm", &[], Duration::from_secs(60)).unwrap();
    let signed_with = |change: fn(&mut rapport::config::Auth), clock: &Clock| {
        let mut config = config.clone();
        change(&mut config);
        sign(&Authenticator::new(&config, server.data_dir(), clock.clone()).unwrap())
    };

    let expired = server.token(Role::App, "crm", &[]);
    // The longest that the helper's tokens live, and the leeway.
    clock.advance(Duration::from_secs(3_000 + 5));
    let good = server.token(Role::App, "crm", &[]);
    let [header, claims, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!("{good}") };
    let admin = String::from_utf8(URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap().replace("app", "admin");
    let tokens = BTreeMap::from([
        ("expired", expired),
        ("empty", String::new()),
        ("garbage", "garbage".to_owned()),
        ("three empty parts", "..".to_owned()),
        ("no signature", format!("{header}.{claims}.")),
        ("no algorithm", format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#))),
        ("claims changed", format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(admin))),
        ("signature cut", good[..good.len() - 2].to_owned()),
        ("spaces around", format!(" {good} ")),
        ("too long", "x".repeat(9_000)),
        ("another server's", sign(&Authenticator::new(&config, elsewhere.path(), clock.clone()).unwrap())),
        ("another issuer's", signed_with(|config| config.issuer = "another".to_owned(), &clock)),
        ("for another audience", signed_with(|config| config.audience = "another".to_owned(), &clock)),
        ("not valid yet", signed_with(|_| {}, &Clock::fixed(clock.now_micros() + 60_000_000))),
    ]);
    let bearer = |token: &str| format!("Bearer {token}").parse::<MetadataValue<_>>().unwrap();
    let mut bearers: Vec<(&str, Bearer)> = tokens.iter().map(|(why, token)| (*why, Bearer::of(token))).collect();
    bearers.push(("another scheme", Bearer::headers([format!("Basic {good}").parse().unwrap()])));
    bearers.push(("two headers", Bearer::headers([bearer(&good), bearer(&good)])));
    bearers.push(("not ASCII", Bearer::headers([MetadataValue::try_from(&b"Bearer \xff\xfe"[..]).unwrap()])));

    let ask = async |bearer: Bearer| {
        let caller = Caller::new(server.channel(), bearer);
        caller.directory().get_organization(v1::GetOrganizationRequest {}).await
    };
    ask(Bearer::of(&good)).await.unwrap();
    let without = refused(ask(Bearer::none()).await);
    is(&without, Code::Unauthenticated, "TOKEN_REJECTED");
    for (why, bearer) in bearers {
        let status = refused(ask(bearer).await);
        assert_eq!(everything(&status), everything(&without), "{why}");
    }
    // Nor can one find out without a token which methods there are.
    let nobody = Caller::new(server.channel(), Bearer::none());
    for path in [
        "/rapport.v1.DirectoryService/Nothing",
        "/rapport.v1.Nothing/Nothing",
        "/rapport.v1.AuditService/ListAuditEvents",
    ] {
        let status = refused(raw::unary(&nobody, path, vec![0xff]).await);
        assert_eq!(everything(&status), everything(&without), "{path}");
    }
}

/// Everything of a refusal that a caller sees, apart from the time of day.
fn everything(status: &Status) -> (Code, String, Vec<u8>, Vec<String>) {
    let metadata = status.metadata().clone().into_headers();
    let mut names: Vec<_> = metadata.keys().map(ToString::to_string).filter(|name| name != "date").collect();
    names.sort();
    (status.code(), status.message().to_owned(), status.details().to_vec(), names)
}

async fn a_role_or_a_person_that_may_not_call(server: Server) {
    let server = server.with_organization().await;
    let list = v1::ListTeamsRequest::default;
    let status = refused(server.customer("carla").directory().list_teams(list()).await);
    is(&status, Code::PermissionDenied, "ROLE_NOT_ALLOWED");

    let state = StaffState::Inactive.into();
    server.app().upsert_staff(v1::StaffMember { state, ..staff("nora", "north") }).await.unwrap();
    for caller in [server.staff("nora"), server.supervisor("nora", &["north"]), server.caller(Role::Admin, "nora", &[])]
    {
        is(&refused(caller.directory().list_teams(list()).await), Code::PermissionDenied, "CALLER_INACTIVE");
        is(&refused(caller.record(call("nora", "carla")).await), Code::PermissionDenied, "CALLER_INACTIVE");
    }
    // An application or a customer of that name is somebody else.
    server.caller(Role::App, "nora", &[]).directory().list_teams(list()).await.unwrap();

    // Told again without a state, the colleague stays as they are.
    server.app().upsert_staff(staff("nora", "north")).await.unwrap();
    is(&refused(server.staff("nora").directory().list_teams(list()).await), Code::PermissionDenied, "CALLER_INACTIVE");
    let state = StaffState::Active.into();
    server.app().upsert_staff(v1::StaffMember { state, ..staff("nora", "north") }).await.unwrap();
    server.staff("nora").directory().list_teams(list()).await.unwrap();
}

async fn a_message_over_the_limit(server: Server) {
    let small = |config: &mut Config| config.limits.max_batch_message_bytes = 16 * 1024;
    let server = Server::start_with(server.backend(), Clock::system(), small).await.unwrap();
    let long = v1::Team { display_name: "x".repeat(20 * 1024), ..team("north") };
    let status = refused(server.app().upsert_team(long).await);
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    // The connection is none the worse for it.
    server.app().upsert_team(team("north")).await.unwrap();
}

async fn a_message_that_is_no_protobuf(server: Server) {
    let path = "/rapport.v1.DirectoryService/UpsertTeam";
    // No tag at all, a length beyond the end, a text that is no UTF-8.
    for message in [vec![0xff; 3], vec![0x0a, 0x7f, b'x'], vec![0x0a, 0x01, 0xff]] {
        let status = refused(raw::unary(&server.app(), path, message.clone()).await);
        assert_eq!(verdict(&status), (Code::InvalidArgument, "MALFORMED".to_owned()), "{message:?}: {status}");
    }
    // A field of a newer client is skipped: the message then lacks only what it lacks.
    let status = refused(raw::unary(&server.app(), path, vec![0xfa, 0x3f, 0x01, b'x']).await);
    is_invalid(&status, &[("request_id", "FIELD_REQUIRED"), ("team", "FIELD_REQUIRED")]);
}

async fn every_broken_field_rule_is_named_at_once(server: Server) {
    let context = InteractionContext {
        page: "x".repeat(2_049),
        attributes: [("k".repeat(65), "v".to_owned())].into(),
        ..Default::default()
    };
    let bad = Interaction {
        channel: 999,
        topic: "x".repeat(129),
        requested_time: Some(Timestamp { seconds: i64::MAX, nanos: 0 }),
        hold: Some(prost_types::Duration { seconds: -3, nanos: 0 }),
        participants: vec![participant("nora"), participant("")],
        context: Some(context),
        message_counts: Some(v1::MessageCounts { customer: -1, staff: 1_000_001, bot: 0 }),
        conclusion: "a\0b".to_owned(),
        ..Default::default()
    };
    let status = refused(server.app().record_as("", bad).await);
    let attribute = format!("interaction.context.attributes[\"{}\"]", "k".repeat(40));
    is_invalid(
        &status,
        &[
            ("request_id", "FIELD_REQUIRED"),
            ("interaction.channel", "UNKNOWN_ENUM_VALUE"),
            ("interaction.topic", "LENGTH_OUT_OF_RANGE"),
            ("interaction.requested_time", "VALUE_OUT_OF_RANGE"),
            ("interaction.hold", "VALUE_OUT_OF_RANGE"),
            ("interaction.participants[1].staff_id", "FIELD_REQUIRED"),
            ("interaction.context.page", "LENGTH_OUT_OF_RANGE"),
            (&attribute, "LENGTH_OUT_OF_RANGE"),
            ("interaction.message_counts.customer", "VALUE_OUT_OF_RANGE"),
            ("interaction.message_counts.staff", "VALUE_OUT_OF_RANGE"),
            ("interaction.conclusion", "FORBIDDEN_CHARACTER"),
            // Then the rules between fields, and the ids that nobody knows.
            ("interaction.participants", "CONTRADICTION"),
            ("interaction.participants[0].staff_id", "UNKNOWN_STAFF"),
        ],
    );
    // What was refused leaves nothing behind.
    let found = server.app().interactions().list_interactions(v1::ListInteractionsRequest::default()).await.unwrap();
    assert!(found.into_inner().interactions.is_empty());
}

async fn every_broken_rule_of_an_interaction_is_named_at_once(server: Server) {
    let server = server.with_organization().await;
    let attributes = (0..32).map(|number| (format!("k{number}"), "x".repeat(600))).collect();
    let bad = Interaction {
        outcome: Outcome::Abandoned.into(),
        direction: Direction::Outbound.into(),
        requested_time: at(20),
        connected_time: at(10),
        ended_time: at(5),
        participants: vec![participant("nora"), participant("nora")],
        context: Some(InteractionContext { attributes, ..Default::default() }),
        ..call("nora", "carla")
    };
    is_invalid(
        &refused(server.app().record(bad).await),
        &[
            ("interaction.connected_time", "IMPOSSIBLE_INSTANTS"),
            ("interaction.ended_time", "IMPOSSIBLE_INSTANTS"),
            ("interaction.participants[1].staff_id", "CONTRADICTION"),
            ("interaction.participants", "CONTRADICTION"),
            ("interaction.direction", "CONTRADICTION"),
            ("interaction.connected_time", "CONTRADICTION"),
            ("interaction.context", "CONTEXT_TOO_LARGE"),
        ],
    );
    // Who began an e-mail must be said, and when anything happened.
    let bare = Interaction { channel: Channel::Email.into(), ..Default::default() };
    is_invalid(
        &refused(server.app().record(bare).await),
        &[("interaction.requested_time", "IMPOSSIBLE_INSTANTS"), ("interaction.direction", "FIELD_REQUIRED")],
    );
    // The same rules hold for what an update makes of it.
    let recorded = server.app().record(call("nora", "carla")).await.unwrap();
    let change = InteractionUpdate { ended_time: at(10), ..Default::default() };
    let status = refused(update(&server.app(), &recorded.interaction_id, change, &["ended_time"]).await);
    is_invalid(&status, &[("interaction.ended_time", "IMPOSSIBLE_INSTANTS")]);
}

async fn times_more_than_five_minutes_ahead(server: Server) {
    let server = server.with_organization().await;
    // The clocks of server and test are the same; a minute on either side is for slow machines.
    let ahead =
        |minutes: i64| Some(Timestamp { seconds: Clock::system().now_micros() / 1_000_000 + 60 * minutes, nanos: 0 });
    let all = |time: Option<Timestamp>| Interaction {
        arrived_time: time,
        requested_time: time,
        connected_time: time,
        ended_time: time,
        transfers: vec![v1::Transfer { transfer_time: time, ..Default::default() }],
        ..call("nora", "carla")
    };
    server.app().record(all(ahead(4))).await.unwrap();
    let fields = ["arrived_time", "requested_time", "connected_time", "ended_time", "transfers[0].transfer_time"];
    let fields = fields.map(|field| format!("interaction.{field}"));
    let expected: Vec<_> = fields.iter().map(|field| (field.as_str(), "TIME_IN_FUTURE")).collect();
    is_invalid(&refused(server.app().record(all(ahead(6))).await), &expected);
}

async fn characters_that_no_text_may_hold(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    for bad in ["\0", "\u{7}", "\u{1b}", "\u{7f}", "\u{85}", "\u{202a}", "\u{202e}", "\u{2066}", "\u{2069}", "\u{200f}"]
    {
        let text = format!("a{bad}b");
        let bad = Interaction {
            topic: text.clone(),
            case_id: text.clone(),
            context: Some(InteractionContext {
                attributes: [("key".to_owned(), text.clone())].into(),
                ..Default::default()
            }),
            conclusion: text.clone(),
            ..call("nora", "carla")
        };
        is_invalid(
            &refused(app.record_as(&text, bad).await),
            &[
                ("request_id", "FORBIDDEN_CHARACTER"),
                ("interaction.topic", "FORBIDDEN_CHARACTER"),
                ("interaction.case_id", "FORBIDDEN_CHARACTER"),
                ("interaction.context.attributes[\"key\"]", "FORBIDDEN_CHARACTER"),
                ("interaction.conclusion", "FORBIDDEN_CHARACTER"),
            ],
        );
        let status = refused(app.directory().get_team(v1::GetTeamRequest { team_id: text }).await);
        is_invalid(&status, &[("team_id", "FORBIDDEN_CHARACTER")]);
    }
    let fine = "Zeile\r\n\tمرحبا 王女士 👩‍🔧";
    let recorded = app.record(Interaction { conclusion: fine.to_owned(), ..call("nora", "carla") }).await.unwrap();
    assert_eq!(app.get(&recorded.interaction_id).await.unwrap().conclusion, fine);
}

async fn ids_limits_and_enums_of_queries(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    is_invalid(&refused(app.get("42").await), &[("interaction_id", "MALFORMED")]);
    is_invalid(&refused(app.get("").await), &[("interaction_id", "FIELD_REQUIRED")]);
    is(&refused(app.get("0190a0b0-0000-7000-8000-000000000000").await), Code::NotFound, "NOT_FOUND");
    let nowhere = v1::GetTeamRequest { team_id: "nowhere".to_owned() };
    is(&refused(app.directory().get_team(nowhere).await), Code::NotFound, "NOT_FOUND");

    for (page_size, page) in [(-1, "x"), (501, "x")] {
        let filter = InteractionFilter { channels: vec![1, 999], kinds: vec![-1], ..Default::default() };
        let request = v1::ListInteractionsRequest { filter: Some(filter), page_size, page_token: page.repeat(1_025) };
        is_invalid(
            &refused(app.interactions().list_interactions(request).await),
            &[
                ("filter.channels[1]", "UNKNOWN_ENUM_VALUE"),
                ("filter.kinds[0]", "UNKNOWN_ENUM_VALUE"),
                ("page_size", "VALUE_OUT_OF_RANGE"),
                ("page_token", "LENGTH_OUT_OF_RANGE"),
            ],
        );
    }
    let backwards = InteractionFilter { from_time: at(10), to_time: at(5), ..Default::default() };
    let status = refused(list(&app, backwards, 0, "").await);
    is_invalid(&status, &[("filter.to_time", "IMPOSSIBLE_INSTANTS")]);

    let request = v1::SummarizeInteractionsRequest::default();
    let status = refused(app.interactions().summarize_interactions(request).await);
    is_invalid(&status, &[("group_by", "FIELD_REQUIRED")]);
    let mars =
        v1::SummarizeInteractionsRequest { group_by: 1, time_zone: "Mars/Olympus".to_owned(), ..Default::default() };
    is_invalid(&refused(app.interactions().summarize_interactions(mars).await), &[("time_zone", "MALFORMED")]);

    let purposeless = v1::ReadCustomerTimelineRequest { customer_id: "carla".to_owned(), ..Default::default() };
    let status = refused(app.interactions().read_customer_timeline(purposeless).await);
    is_invalid(&status, &[("purpose", "FIELD_REQUIRED")]);
}

async fn list(
    caller: &Caller,
    filter: InteractionFilter,
    page_size: i32,
    page_token: &str,
) -> Result<v1::ListInteractionsResponse, Status> {
    let request = v1::ListInteractionsRequest { filter: Some(filter), page_size, page_token: page_token.to_owned() };
    caller.interactions().list_interactions(request).await.map(Response::into_inner)
}

async fn page_tokens_of_others_and_of_nobody(server: Server) {
    let server = server.with_organization().await;
    for _ in 0..3 {
        server.app().record(call("nora", "carla")).await.unwrap();
    }
    let (nora, all) = (server.staff("nora"), InteractionFilter::default);
    let token = list(&nora, all(), 1, "").await.unwrap().next_page_token;
    assert!(!token.is_empty());
    // Its own query, even with pages of another size.
    let rest = list(&nora, all(), 5, &token).await.unwrap();
    assert_eq!((rest.interactions.len(), rest.next_page_token.as_str()), (2, ""));

    let of_a_team = InteractionFilter { team_id: "north".to_owned(), ..all() };
    let other_query = refused(list(&nora, of_a_team, 1, &token).await);
    let other_caller = refused(list(&server.staff("nils"), all(), 1, &token).await);
    let wider = refused(list(&server.app(), all(), 1, &token).await);
    let teams = v1::ListTeamsRequest { page_token: token.clone(), ..Default::default() };
    let other_method = refused(nora.directory().list_teams(teams).await);
    let of_app = list(&server.app(), all(), 1, "").await.unwrap().next_page_token;
    let as_wide = refused(list(&server.admin(), all(), 1, &of_app).await);
    for status in [other_query, other_caller, wider, other_method, as_wide] {
        is_invalid(&status, &[("page_token", "PAGE_TOKEN_MISMATCH")]);
    }

    let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let another_version = [&[bytes[0] + 1], &bytes[1..]].concat();
    let cut = &bytes[..bytes.len() - 1];
    let nothing = &bytes[..9];
    for bad in [another_version.as_slice(), cut, nothing, &bytes[..3], &[bytes.as_slice(), &[0]].concat()] {
        let status = refused(list(&nora, all(), 1, &URL_SAFE_NO_PAD.encode(bad)).await);
        is_invalid(&status, &[("page_token", "PAGE_TOKEN_INVALID")]);
    }
    for bad in ["2", "next", "====", "ü"] {
        is_invalid(&refused(list(&nora, all(), 1, bad).await), &[("page_token", "PAGE_TOKEN_INVALID")]);
    }

    // A position that no text can be: neither database may see it.
    let page = v1::ListTeamsRequest { page_size: 1, ..Default::default() };
    let token = nora.directory().list_teams(page.clone()).await.unwrap().into_inner().next_page_token;
    let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
    for position in [&b"\0"[..], b"a\0b", b"\xff\xfe"] {
        let page_token = URL_SAFE_NO_PAD.encode([&bytes[..9], position].concat());
        let status = refused(nora.directory().list_teams(v1::ListTeamsRequest { page_token, ..page.clone() }).await);
        is_invalid(&status, &[("page_token", "PAGE_TOKEN_INVALID")]);
    }
}

async fn update(
    caller: &Caller,
    interaction_id: &str,
    interaction: InteractionUpdate,
    paths: &[&str],
) -> Result<Interaction, Status> {
    update_as(caller, &request_id(), interaction_id, "", interaction, paths).await
}

async fn update_as(
    caller: &Caller,
    request_id: &str,
    interaction_id: &str,
    etag: &str,
    interaction: InteractionUpdate,
    paths: &[&str],
) -> Result<Interaction, Status> {
    let request = v1::UpdateInteractionRequest {
        request_id: request_id.to_owned(),
        interaction_id: interaction_id.to_owned(),
        interaction: Some(interaction),
        update_mask: Some(FieldMask { paths: paths.iter().map(|&path| path.to_owned()).collect() }),
        etag: etag.to_owned(),
    };
    Ok(caller.interactions().update_interaction(request).await?.into_inner().interaction.unwrap())
}

async fn suspend(caller: &Caller, request_id: &str, customer_id: &str, reason: &str) -> Result<v1::Customer, Status> {
    let request = v1::SuspendCustomerRequest {
        request_id: request_id.to_owned(),
        customer_id: customer_id.to_owned(),
        reason: reason.to_owned(),
        end_time: None,
    };
    Ok(caller.directory().suspend_customer(request).await?.into_inner().customer.unwrap())
}

async fn lift(caller: &Caller, request_id: &str, customer_id: &str) -> Result<v1::Customer, Status> {
    let request = v1::LiftSuspensionRequest {
        request_id: request_id.to_owned(),
        customer_id: customer_id.to_owned(),
        reason: "he apologised".to_owned(),
    };
    Ok(caller.directory().lift_suspension(request).await?.into_inner().customer.unwrap())
}

async fn a_request_id_with_another_body(server: Server) {
    let server = server.with_organization().await;
    let (app, admin) = (server.app(), server.admin());
    let reused = |status: Status| is(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");

    let first = app.record_as("r", call("nora", "carla")).await.unwrap();
    assert_eq!(first.recording(), Recording::Recorded);
    let again = app.record_as("r", call("nora", "carla")).await.unwrap();
    assert_eq!(again, v1::RecordInteractionResponse { recording: Recording::AlreadyPresent.into(), ..first.clone() });
    let other = Interaction { outcome: Outcome::Voicemail.into(), ..call("nora", "carla") };
    let status = refused(app.record_as("r", other).await);
    let interaction_id = status.get_error_details().error_info().unwrap().metadata["interaction_id"].clone();
    assert_eq!(interaction_id, first.interaction_id);
    reused(status);

    // The id of a recording is no change's id: the two are kept apart.
    let upsert = async |id: &str, name: &str| {
        let team = Some(v1::Team { display_name: name.to_owned(), ..team("east") });
        let request = v1::UpsertTeamRequest { request_id: id.to_owned(), team, ..Default::default() };
        app.directory().upsert_team(request).await.map(Response::into_inner)
    };
    let first_team = upsert("u", "East").await.unwrap();
    assert_eq!(first_team.outcome(), UpsertOutcome::Created);
    assert_eq!(upsert("u", "East").await.unwrap(), first_team);
    reused(refused(upsert("u", "Orient").await));

    // In a batch each item is held against what it asked, the mode included.
    let batch = async |mode: v1::UpsertMode| {
        let request =
            v1::BatchUpsertTeamsRequest { request_id: "b".to_owned(), teams: vec![team("west")], mode: mode.into() };
        app.directory().batch_upsert_teams(request).await.unwrap().into_inner().results.remove(0).result.unwrap()
    };
    let created = batch(v1::UpsertMode::CreateOnly).await;
    assert_eq!(batch(v1::UpsertMode::CreateOnly).await, created);
    let upsert_item_result::Result::Error(error) = batch(v1::UpsertMode::Replace).await else { panic!("another mode") };
    assert_eq!(error.reason(), ErrorReason::RequestIdReused);

    let id = &first.interaction_id;
    let conclude = async |text: &str| {
        let change = InteractionUpdate { conclusion: text.to_owned(), ..Default::default() };
        update_as(&app, "c", id, "", change, &["conclusion"]).await
    };
    let concluded = conclude("sent a new one").await.unwrap();
    assert_eq!(conclude("sent a new one").await.unwrap(), concluded);
    reused(refused(conclude("sent two").await));

    let suspended = suspend(&admin, "s", "carla", "threatened the driver").await.unwrap();
    assert_eq!(suspend(&admin, "s", "carla", "threatened the driver").await.unwrap(), suspended);
    reused(refused(suspend(&admin, "s", "carla", "another reason").await));
    // Nor may one id be used for two methods.
    reused(refused(lift(&admin, "s", "carla").await));
    reused(refused(upsert("s", "East").await));
}

async fn what_one_server_said_another_knows(server: Server) {
    let server = server.with_organization().await;
    let (here, there) = (server.app(), server.sibling().await);
    // With the token of the first server: they share their keys.
    let there_too = Caller::new(there.channel(), Bearer::of(&server.token(Role::App, "crm", &[])));

    let first = here.record_as("r", call("nora", "carla")).await.unwrap();
    let again = there_too.record_as("r", call("nora", "carla")).await.unwrap();
    assert_eq!((again.recording(), again.interaction_id), (Recording::AlreadyPresent, first.interaction_id.clone()));
    let status = refused(there_too.record_as("r", call("sam", "carla")).await);
    is(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");

    suspend(&server.admin(), "s", "carla", "threatened the driver").await.unwrap();
    let status = refused(suspend(&there.admin(), "s", "carla", "another reason").await);
    is(&status, Code::AlreadyExists, "REQUEST_ID_REUSED");

    here.record(call("sam", "dmitri")).await.unwrap();
    let token = list(&here, InteractionFilter::default(), 1, "").await.unwrap().next_page_token;
    let rest = list(&there_too, InteractionFilter::default(), 1, &token).await.unwrap();
    assert_eq!((rest.interactions.len(), rest.next_page_token.as_str()), (1, ""));
}

async fn a_request_id_belongs_to_its_caller(server: Server) {
    let server = server.with_organization().await;
    let first = server.app().record_as("r", call("nora", "carla")).await.unwrap();
    // Applications and administrators act for the organisation.
    let same = server.admin().record_as("r", call("nora", "carla")).await.unwrap();
    assert_eq!((same.recording(), &same.interaction_id), (Recording::AlreadyPresent, &first.interaction_id));
    // A colleague is somebody else; what others sent under that id is none of their business.
    let own = server.staff("nora").record_as("r", call("nora", "carla")).await.unwrap();
    assert_eq!(own.recording(), Recording::Recorded);
    let others = server.staff("nils").record_as("r", call("nils", "dora")).await.unwrap();
    assert_eq!(others.recording(), Recording::Recorded);
}

async fn what_was_refused_may_be_mended_under_its_id(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    refused(app.record_as("r", call("nobody", "carla")).await);
    assert_eq!(app.record_as("r", call("nora", "carla")).await.unwrap().recording(), Recording::Recorded);

    let upsert = async |team: &str| {
        let staff_member = Some(staff("eve", team));
        let request = v1::UpsertStaffMemberRequest { request_id: "u".to_owned(), staff_member, ..Default::default() };
        app.directory().upsert_staff_member(request).await
    };
    refused(upsert("nowhere").await);
    upsert("north").await.unwrap();
}

async fn ids_that_the_directory_does_not_know(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let lost = v1::Participant { team_id: "nowhere".to_owned(), involvement: 1, ..participant("nora") };
    let bad = Interaction { participants: vec![participant("nobody"), lost], ..call("", "no-one") };
    is_invalid(
        &refused(app.record(bad).await),
        &[
            ("interaction.participants[0].staff_id", "UNKNOWN_STAFF"),
            ("interaction.participants[1].team_id", "UNKNOWN_TEAM"),
            ("interaction.customer_id", "UNKNOWN_CUSTOMER"),
        ],
    );
    is_invalid(&refused(app.upsert_staff(staff("eve", "nowhere")).await), &[("staff_member.team_id", "UNKNOWN_TEAM")]);

    let recorded = app.record(call("nora", "carla")).await.unwrap();
    let request = v1::ReattributeInteractionRequest {
        request_id: request_id(),
        interaction_id: recorded.interaction_id,
        participants: vec![participant("nobody")],
        reason: "wrong login".to_owned(),
        etag: String::new(),
    };
    let status = refused(server.admin().interactions().reattribute_interaction(request).await);
    is_invalid(&status, &[("participants[0].staff_id", "UNKNOWN_STAFF")]);

    // Asked about by name, they are not there.
    is(&refused(suspend(&server.admin(), &request_id(), "no-one", "no reason").await), Code::NotFound, "NOT_FOUND");
    let timeline =
        v1::ReadCustomerTimelineRequest { customer_id: "no-one".to_owned(), purpose: 1, ..Default::default() };
    is(&refused(app.interactions().read_customer_timeline(timeline).await), Code::NotFound, "NOT_FOUND");
}

fn recording(request_id: &str, interaction: Interaction) -> v1::RecordInteractionRequest {
    v1::RecordInteractionRequest { request_id: request_id.to_owned(), interaction: Some(interaction) }
}

async fn a_batch_keeps_its_good_items(server: Server) {
    use record_item_result::Result as Recorded;
    use upsert_item_result::Result as Upserted;
    let server = server.with_organization().await;
    let app = server.app();

    let timeless = Interaction { channel: Channel::Counter.into(), ..Default::default() };
    let requests = vec![
        recording("0", call("nora", "carla")),
        recording("1", timeless),
        recording("2", Interaction { channel: 999, conclusion: "a\0".to_owned(), ..call("nora", "carla") }),
        recording("3", call("nobody", "carla")),
        recording("0", call("sam", "dmitri")),
        recording("0", call("nora", "carla")),
        v1::RecordInteractionRequest::default(),
        recording("7", call("sam", "dmitri")),
    ];
    let request = v1::BatchRecordInteractionsRequest { requests };
    let results = app.interactions().batch_record_interactions(request).await.unwrap().into_inner().results;
    let results: Vec<_> = results.into_iter().map(|result| result.result.unwrap()).collect();
    let outcomes: Vec<_> = results.iter().map(recorded_or_reason).collect();
    let reused = "ALREADY_EXISTS REQUEST_ID_REUSED";
    assert_eq!(
        outcomes,
        [
            "RECORDING_RECORDED",
            "INVALID_ARGUMENT interaction.requested_time IMPOSSIBLE_INSTANTS",
            "INVALID_ARGUMENT interaction.channel UNKNOWN_ENUM_VALUE, interaction.conclusion FORBIDDEN_CHARACTER",
            "INVALID_ARGUMENT interaction.participants[0].staff_id UNKNOWN_STAFF",
            reused,
            "RECORDING_ALREADY_PRESENT",
            "INVALID_ARGUMENT request_id FIELD_REQUIRED, interaction FIELD_REQUIRED",
            "RECORDING_RECORDED",
        ]
    );
    for result in [&results[0], &results[7]] {
        let Recorded::Recorded(recorded) = result else { panic!("{result:?}") };
        app.get(&recorded.interaction_id).await.unwrap();
    }

    let aliased = |id: &str, number: &str| v1::Customer { aliases: vec![phone(number)], ..customer(id) };
    let customers = vec![
        aliased("first", "+491"),
        aliased("second", "+491"),
        v1::Customer { locale: "zh_CN".to_owned(), ..customer("third") },
        v1::Customer { salutation: String::new(), ..customer("") },
        aliased("fourth", "+492"),
    ];
    let request = v1::BatchUpsertCustomersRequest { request_id: "b".to_owned(), customers, mode: 0 };
    let answer = app.directory().batch_upsert_customers(request.clone()).await.unwrap().into_inner();
    let outcomes: Vec<_> = answer
        .results
        .iter()
        .map(|result| match result.result.as_ref().unwrap() {
            Upserted::Upserted(done) => done.outcome().as_str_name().to_owned(),
            Upserted::Error(error) => item(error),
        })
        .collect();
    assert_eq!(
        outcomes,
        [
            "UPSERT_OUTCOME_CREATED",
            "ALREADY_EXISTS ALIAS_TAKEN",
            "INVALID_ARGUMENT locale MALFORMED",
            "INVALID_ARGUMENT customer_id FIELD_REQUIRED",
            "UPSERT_OUTCOME_CREATED",
        ]
    );
    // Said again, it is answered the same.
    assert_eq!(app.directory().batch_upsert_customers(request).await.unwrap().into_inner(), answer);
    for (id, there) in [("first", true), ("second", false), ("third", false), ("fourth", true)] {
        let request = v1::GetCustomerRequest { customer_id: id.to_owned(), alias: None };
        assert_eq!(app.directory().get_customer(request).await.is_ok(), there, "{id}");
    }
}

fn recorded_or_reason(result: &record_item_result::Result) -> String {
    match result {
        record_item_result::Result::Recorded(recorded) => recorded.recording().as_str_name().to_owned(),
        record_item_result::Result::Error(error) => item(error),
    }
}

/// Code, and fields with reasons or the reason alone.
fn item(error: &v1::ItemError) -> String {
    let (code, reason, violations) = refusal::item(error);
    let name = |reason: ErrorReason| reason.as_str_name().trim_start_matches("ERROR_REASON_").to_owned();
    let violations: Vec<_> = violations.iter().map(|(field, reason)| format!("{field} {}", name(*reason))).collect();
    let said = if violations.is_empty() { name(reason) } else { violations.join(", ") };
    let code = if code == Code::InvalidArgument {
        "INVALID_ARGUMENT"
    } else if code == Code::AlreadyExists {
        "ALREADY_EXISTS"
    } else if code == Code::PermissionDenied {
        "PERMISSION_DENIED"
    } else {
        code.description()
    };
    format!("{code} {said}")
}

async fn a_batch_has_a_size(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let batch = |size: usize| {
        let requests = (0..size).map(|number| recording(&format!("batch {number}"), call("nora", "carla"))).collect();
        v1::BatchRecordInteractionsRequest { requests }
    };
    for size in [0, 501] {
        let status = refused(app.interactions().batch_record_interactions(batch(size)).await);
        is_invalid(&status, &[("requests", "COUNT_OUT_OF_RANGE")]);
    }
    let answer = app.interactions().batch_record_interactions(batch(500)).await.unwrap().into_inner();
    assert_eq!(answer.results.len(), 500);

    let teams = (0..501).map(|number| team(&format!("t{number}"))).collect();
    let request = v1::BatchUpsertTeamsRequest { request_id: request_id(), teams, mode: 0 };
    is_invalid(&refused(app.directory().batch_upsert_teams(request).await), &[("teams", "COUNT_OUT_OF_RANGE")]);
}

async fn a_stream_names_its_bad_items(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let items = [
        Some(recording("0", call("nora", "carla"))),
        Some(recording("1", Interaction { channel: Channel::Counter.into(), ..Default::default() })),
        Some(recording("2", call("sam", "dmitri"))),
        Some(recording("3", call("nobody", "carla"))),
        Some(recording("0", call("sam", "dmitri"))),
        None,
        Some(recording("0", call("nora", "carla"))),
        Some(recording("7", Interaction { conclusion: "\u{202e}".to_owned(), ..call("nora", "carla") })),
        Some(recording("8", call("nils", "dora"))),
    ];
    let requests: Vec<_> = items.into_iter().map(|request| v1::RecordInteractionsRequest { request }).collect();
    let mut answers = app.interactions().record_interactions(tokio_stream::iter(requests)).await.unwrap().into_inner();
    let (mut failures, mut last) = (Vec::new(), v1::RecordInteractionsResponse::default());
    while let Some(answer) = answers.message().await.unwrap() {
        assert!(answer.settled_count > last.settled_count, "every answer settles something");
        failures.extend(answer.failures.iter().map(|one| (one.index, item(one.error.as_ref().unwrap()))));
        last = answer;
    }
    assert_eq!((last.settled_count, last.recorded_count, last.already_present_count, last.failed_count), (9, 3, 1, 5));
    let expected = [
        (1, "INVALID_ARGUMENT interaction.requested_time IMPOSSIBLE_INSTANTS"),
        (3, "INVALID_ARGUMENT interaction.participants[0].staff_id UNKNOWN_STAFF"),
        (4, "ALREADY_EXISTS REQUEST_ID_REUSED"),
        (5, "INVALID_ARGUMENT request_id FIELD_REQUIRED, interaction FIELD_REQUIRED"),
        (7, "INVALID_ARGUMENT interaction.conclusion FORBIDDEN_CHARACTER"),
    ];
    assert_eq!(failures, expected.map(|(index, said)| (index, said.to_owned())));
    let found = list(&app, InteractionFilter::default(), 0, "").await.unwrap().interactions;
    assert_eq!(found.len(), 3);
}

async fn fields_that_are_not_the_callers(server: Server) {
    let server = server.with_organization().await;
    let nora = server.staff("nora");
    let not_theirs = |status: Status| is(&status, Code::PermissionDenied, "FIELD_NOT_YOURS");
    let resolved = Resolution::Resolved.into();

    let credit = refused(nora.record(call("nils", "carla")).await);
    assert_eq!((credit.code(), reason(&credit).as_str()), (Code::PermissionDenied, "CREDIT_NOT_YOURS"));
    not_theirs(refused(nora.record(Interaction { participants: vec![], ..call("", "carla") }).await));
    not_theirs(refused(nora.record(Interaction { customer_resolution: resolved, ..call("nora", "carla") }).await));
    // Role and team of people's own records come from the directory.
    let promoted = v1::Participant { role: StaffRole::Manager.into(), ..participant("nora") };
    not_theirs(refused(nora.record(Interaction { participants: vec![promoted], ..call("", "carla") }).await));
    let moved = v1::Participant { team_id: "south".to_owned(), ..participant("nora") };
    not_theirs(refused(nora.record(Interaction { participants: vec![moved], ..call("", "carla") }).await));

    let id = nora.record(call("nora", "carla")).await.unwrap().interaction_id;
    let change = InteractionUpdate { customer_resolution: resolved, ..Default::default() };
    not_theirs(refused(update(&nora, &id, change.clone(), &["customer_resolution"]).await));
    let carla = server.customer("carla");
    not_theirs(refused(update(&carla, &id, change.clone(), &["customer_resolution", "conclusion"]).await));
    let updated = update(&carla, &id, change, &["customer_resolution"]).await.unwrap();
    assert_eq!(updated.customer_resolution(), Resolution::Resolved);

    // In a batch, it is the item's fault.
    let requests = vec![recording("0", call("nora", "carla")), recording("1", call("sam", "carla"))];
    let request = v1::BatchRecordInteractionsRequest { requests };
    let results = nora.interactions().batch_record_interactions(request).await.unwrap().into_inner().results;
    let outcomes: Vec<_> = results.iter().map(|result| recorded_or_reason(result.result.as_ref().unwrap())).collect();
    assert_eq!(
        outcomes,
        ["RECORDING_RECORDED", "PERMISSION_DENIED interaction.participants[0].involvement CREDIT_NOT_YOURS"]
    );
}

async fn an_etag_of_yesterday(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let stale = |status: Status| is(&status, Code::Aborted, "ETAG_MISMATCH");

    let recorded = app.record(call("nora", "carla")).await.unwrap();
    let conclude = async |etag: &str| {
        let change = InteractionUpdate { conclusion: "done".to_owned(), ..Default::default() };
        update_as(&app, &request_id(), &recorded.interaction_id, etag, change, &["conclusion"]).await
    };
    let first = conclude(&recorded.etag).await.unwrap();
    assert_ne!(first.etag, recorded.etag);
    stale(refused(conclude(&recorded.etag).await));
    conclude(&first.etag).await.unwrap();

    let upsert = async |etag: &str| {
        let (etag, mode) = (etag.to_owned(), v1::UpsertMode::Replace.into());
        let request = v1::UpsertTeamRequest { request_id: request_id(), team: Some(team("north")), mode, etag };
        app.directory().upsert_team(request).await.map(|answer| answer.into_inner().team.unwrap().etag)
    };
    let etag = upsert("").await.unwrap();
    upsert(&etag).await.unwrap();
    stale(refused(upsert(&etag).await));
}

async fn an_update_mask_names_what_may_change(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let id = app.record(call("nora", "carla")).await.unwrap().interaction_id;
    let with = async |paths: &[&str]| update(&app, &id, InteractionUpdate::default(), paths).await;
    let wrong = ("update_mask", "UPDATE_MASK_INVALID");
    is_invalid(&refused(with(&[]).await), &[wrong]);
    is_invalid(&refused(with(&["participants"]).await), &[wrong]);
    is_invalid(&refused(with(&["outcome", "channel", "a\0b"]).await), &[wrong, wrong]);
    let status = refused(with(&["a\u{202e}b"]).await);
    assert!(!status.message().contains('\u{202e}'), "{:?}", status.message());

    let request = v1::UpdateInteractionRequest {
        request_id: request_id(),
        interaction_id: id.clone(),
        interaction: Some(InteractionUpdate::default()),
        ..Default::default()
    };
    let status = refused(app.interactions().update_interaction(request).await);
    is_invalid(&status, &[("update_mask", "FIELD_REQUIRED")]);
    // A field named but not set is cleared, and no other is touched.
    let updated = with(&["topic"]).await.unwrap();
    assert_eq!((updated.topic.as_str(), updated.outcome()), ("", Outcome::Answered));
}

async fn a_suspension_is_lifted_once(server: Server) {
    let server = server.with_organization().await;
    let admin = server.admin();
    let active = v1::Customer { standing: CustomerStanding::Active.into(), ..customer("carla") };
    server.app().upsert_customer(active.clone()).await.unwrap();
    let suspended = suspend(&admin, "1", "carla", "threatened the driver").await.unwrap();
    assert_eq!(suspended.standing(), CustomerStanding::Suspended);
    assert_eq!(suspended.suspension.unwrap().author, "ada");
    // What else is known of the customer may change meanwhile, and what happens is still recorded.
    let changed = server.app().upsert_customer(active.clone()).await.unwrap().customer.unwrap();
    assert_eq!(changed.standing(), CustomerStanding::Suspended);
    server.app().record(call("nora", "carla")).await.unwrap();

    let lifted = lift(&admin, "2", "carla").await.unwrap();
    assert_eq!((lifted.standing(), &lifted.suspension), (CustomerStanding::Active, &None));
    let status = refused(lift(&admin, "3", "carla").await);
    is(&status, Code::FailedPrecondition, "NOT_SUSPENDED");
    assert_eq!(preconditions(&status), ["NOT_SUSPENDED"]);
    // The same request, not another one: it was lifted.
    assert_eq!(lift(&admin, "2", "carla").await.unwrap(), lifted);

    let by_upsert = v1::Customer { standing: CustomerStanding::Suspended.into(), ..active };
    let status = refused(server.app().upsert_customer(by_upsert).await);
    is_invalid(&status, &[("customer.standing", "CONTRADICTION")]);
    let over = v1::SuspendCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "no".to_owned(),
        end_time: at(0),
    };
    let status = refused(admin.directory().suspend_customer(over.clone()).await);
    is_invalid(&status, &[("reason", "LENGTH_OUT_OF_RANGE")]);
    let over = v1::SuspendCustomerRequest { reason: "until yesterday".to_owned(), ..over };
    let status = refused(admin.directory().suspend_customer(over).await);
    is_invalid(&status, &[("end_time", "IMPOSSIBLE_INSTANTS")]);
}

async fn a_suspension_that_ended_was_still_a_suspension(server: Server) {
    let clock = Clock::fixed(Clock::system().now_micros());
    let server = Server::start_with(server.backend(), clock.clone(), |_| {}).await.unwrap().with_organization().await;
    let in_an_hour = Timestamp { seconds: clock.now_micros() / 1_000_000 + 3_600, nanos: 0 };
    let request = v1::SuspendCustomerRequest {
        request_id: request_id(),
        customer_id: "carla".to_owned(),
        reason: "threatened the driver".to_owned(),
        end_time: Some(in_an_hour),
    };
    let suspend = async || server.admin().directory().suspend_customer(request.clone()).await;
    let standing = |answer: Response<v1::SuspendCustomerResponse>| answer.into_inner().customer.unwrap().standing();
    assert_eq!(standing(suspend().await.unwrap()), CustomerStanding::Suspended);
    // Said again after its end, it is the same request still; what it tells is the present.
    clock.advance(Duration::from_secs(3_601));
    assert_eq!(standing(suspend().await.unwrap()), CustomerStanding::Prospect);
}

async fn an_alias_belongs_to_one_customer(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let with = |id: &str, aliases: &[&str]| v1::Customer {
        aliases: aliases.iter().map(|number| phone(number)).collect(),
        ..customer(id)
    };
    app.upsert_customer(with("carla", &["+491", "+492"])).await.unwrap();
    let status = refused(app.upsert_customer(with("dora", &["+493", "+492"])).await);
    is(&status, Code::AlreadyExists, "ALIAS_TAKEN");
    let find = async |customer_id: &str, number: Option<&str>| {
        let request = v1::GetCustomerRequest { customer_id: customer_id.to_owned(), alias: number.map(phone) };
        app.directory().get_customer(request).await.map(|answer| answer.into_inner().customer.unwrap().customer_id)
    };
    is(&refused(find("", Some("+493")).await), Code::NotFound, "NOT_FOUND");
    assert_eq!(find("", Some("+492")).await.unwrap(), "carla");
    // Not told again it is not given up, but replaced it is, and may be another's.
    app.upsert_customer(with("carla", &["+491"])).await.unwrap();
    is(&refused(app.upsert_customer(with("dora", &["+492"])).await), Code::AlreadyExists, "ALIAS_TAKEN");
    let replacing = v1::UpsertCustomerRequest {
        request_id: request_id(),
        customer: Some(with("carla", &["+491"])),
        mode: v1::UpsertMode::Replace.into(),
        ..Default::default()
    };
    app.directory().upsert_customer(replacing).await.unwrap();
    app.upsert_customer(with("dora", &["+492"])).await.unwrap();
    assert_eq!(find("", Some("+492")).await.unwrap(), "dora");

    is_invalid(&refused(find("", None).await), &[("customer_id", "CONTRADICTION")]);
    is_invalid(&refused(find("carla", Some("+491")).await), &[("customer_id", "CONTRADICTION")]);
    let twice = with("carla", &["+491", "+491"]);
    is_invalid(&refused(app.upsert_customer(twice).await), &[("customer.aliases[1]", "CONTRADICTION")]);
}

async fn a_fault_of_the_server_is_not_explained(server: Server) {
    server.execute("DROP TABLE audit_event").await;
    let status = refused(server.admin().audit().list_audit_events(v1::ListAuditEventsRequest::default()).await);
    is(&status, Code::Internal, "INTERNAL");
    assert_eq!(status.message(), "internal error");
    let details = String::from_utf8_lossy(status.details()).to_lowercase();
    for word in ["audit", "table", "sql", "relation"] {
        assert!(!details.contains(word), "{details}");
    }
    assert!(reason(&status) == "INTERNAL" && violations(&status).is_empty());
}

async fn a_database_that_is_gone(server: Server) {
    let server = server.with_organization().await;
    let (app, nora) = (server.app(), server.staff("nora"));
    server.lose_database().await;
    let reading = refused(list(&nora, InteractionFilter::default(), 0, "").await);
    let recording = refused(app.record(call("nora", "carla")).await);
    let upserting = refused(app.upsert_team(team("east")).await);
    for status in [reading, recording, upserting] {
        is(&status, Code::Unavailable, "STORE_UNAVAILABLE");
        assert!(may_be_retried(&status));
        assert_eq!(status.message(), "the store does not answer");
    }
}
