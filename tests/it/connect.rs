//! The Connect protocol over HTTP/1.1, as a program without a gRPC client speaks it: what is asked of a server by the cases of the
//! protocol's public conformance suite, for unary calls and streams of answers. What its own client makes of it is tested
//! with the clients.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MethodDescriptor, ReflectMessage as _};
use rapport::{
    api::{
        DESCRIPTOR_SET,
        v1::{self, Recording, Role},
    },
    clock::Clock,
};
use serde_json::{Value, json};
use tonic_types::pb;

use crate::support::{
    Backend, Server, Test,
    asking::{Known, Method, methods},
    http::{self, Answer},
    on, on_both,
    sample::{self, call},
};

pub(crate) fn tests() -> Vec<Test> {
    // Messages are turned alike, whatever database they are from.
    let mut tests = on![&[Backend::Sqlite]; every_read_is_told_in_json_as_by_grpc];
    tests.extend(on_both![
        an_interaction_is_recorded_and_read_as_json,
        protobuf_is_spoken_without_a_frame_too,
        an_error_is_json_with_its_details,
        a_request_that_does_not_fit_is_named_field_by_field,
        what_the_protocol_does_not_expect_is_refused,
        messages_have_their_limit,
        who_calls_too_often_is_told_when_to_come_back,
        a_watch_comes_in_envelopes_and_tells_its_end,
        a_long_answer_is_whole,
        a_page_of_an_allowed_origin_calls,
    ]);
    tests
}

const RECORD: &str = "/rapport.v1.InteractionService/RecordInteraction";
const GET: &str = "/rapport.v1.InteractionService/GetInteraction";
const LIST: &str = "/rapport.v1.InteractionService/ListInteractions";
const WATCH: &str = "/rapport.v1.InteractionService/WatchInteractions";
const RECORD_MANY: &str = "/rapport.v1.InteractionService/RecordInteractions";
const ORGANIZATION: &str = "/rapport.v1.DirectoryService/GetOrganization";

/// What an application asks with JSON.
async fn ask(server: &Server, path: &str, request: &Value) -> (u16, Value) {
    let answer = post(server, path, &[("content-type", "application/json")], request.to_string().as_bytes()).await;
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

async fn post(server: &Server, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let authorization = format!("Bearer {}", server.token(Role::App, "desk", &[]));
    let headers = [headers, &[("authorization", authorization.as_str())]].concat();
    http::request(server.address(), "POST", path, &headers, body).await
}

fn recording(request_id: &str) -> Value {
    json!({
        "requestId": request_id,
        "interaction": {
            "channel": "CHANNEL_INBOUND_CALL",
            "requested_time": "2025-03-03T09:00:00Z",
            "connectedTime": "2025-03-03T17:00:30+08:00",
            "topic": "退货与换货",
            "customerAlias": { "kind": "CONTACT_KIND_PHONE", "value": "+86 138 1234 5678" },
        },
    })
}

async fn an_interaction_is_recorded_and_read_as_json(server: Server) {
    let (status, answer) = ask(&server, RECORD, &recording("from-curl")).await;
    assert_eq!((status, &answer["recording"]), (200, &json!("RECORDING_RECORDED")), "{answer}");
    let id = answer["interactionId"].as_str().unwrap().to_owned();
    let (_, again) = ask(&server, RECORD, &recording("from-curl")).await;
    assert_eq!(again["recording"], "RECORDING_ALREADY_PRESENT");
    assert_eq!(again["interactionId"], id);

    let (status, read) = ask(&server, GET, &json!({ "interactionId": id })).await;
    assert_eq!((status, &read["interaction"]["topic"]), (200, &json!("退货与换货")), "{read}");
    assert_eq!(read["interaction"]["connectedTime"], "2025-03-03T09:00:30Z");
    let by_grpc = server.app().get(&id).await.unwrap();
    assert_eq!((by_grpc.topic.as_str(), by_grpc.connected_time), ("退货与换货", sample::at(30)));
}

async fn protobuf_is_spoken_without_a_frame_too(server: Server) {
    let server = server.with_organization().await;
    let recorded = server.app().record(call("nora", "carla")).await.unwrap();
    let request = v1::GetInteractionRequest { interaction_id: recorded.interaction_id };
    let headers = [("content-type", "application/proto"), ("connect-protocol-version", "1")];
    let answer = post(&server, GET, &headers, &request.encode_to_vec()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/proto")));
    assert!(answer.header("x-request-id").is_some() && answer.header("grpc-status").is_none());
    let answer = v1::GetInteractionResponse::decode(answer.body.as_slice()).unwrap();
    assert_eq!(answer.interaction.unwrap(), server.app().get(&request.interaction_id).await.unwrap());
    // A message without fields is no bytes at all, which is a message.
    let answer = post(&server, ORGANIZATION, &headers, b"").await;
    assert_eq!(v1::GetOrganizationResponse::decode(answer.body.as_slice()).unwrap().time_zone, "UTC");
}

fn descriptor(name: &str) -> MethodDescriptor {
    let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
    let (service, method) = name.split_once('/').unwrap();
    let service = pool.get_service_by_name(&format!("rapport.v1.{service}")).unwrap();
    service.methods().find(|one| one.name() == method).unwrap()
}

/// What differs from one call to the next: sealed tokens, and when it was asked.
fn lasting(mut message: DynamicMessage) -> DynamicMessage {
    for field in message.descriptor().fields().collect::<Vec<_>>() {
        let sealed = ["_token", "_cursor"].iter().any(|end| field.name().ends_with(end));
        if sealed || matches!(field.kind(), Kind::Message(kind) if kind.full_name() == "google.protobuf.Timestamp") {
            message.clear_field(&field);
        }
    }
    message
}

async fn every_read_is_told_in_json_as_by_grpc(server: Server) {
    let server = server.with_organization().await;
    for second in 0..5 {
        server
            .app()
            .record(v1::Interaction { requested_time: sample::at(second), ..call("nora", "carla") })
            .await
            .unwrap();
    }
    let (admin, mut told) = (server.admin(), 0);
    let authorization = format!("Bearer {}", server.token(Role::Admin, "ada", &[]));
    let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
    // It counts the calls themselves.
    let is_steady = |method: &Method| method.name() != "OperationsService/GetServerStatus";
    let reads = methods().into_iter().filter(|method| method.is_granted(Role::Admin) && !method.writes());
    for method in reads.filter(is_steady) {
        let descriptor = descriptor(&method.name());
        if descriptor.is_server_streaming() || descriptor.is_client_streaming() {
            continue;
        }
        for request in method.requests(&Known::default()) {
            let by_grpc = method.ask(&admin, &request).await;
            let text = serde_json::to_vec(&request).unwrap();
            let path = format!("/rapport.v1.{}", method.name());
            let answer = http::request(server.address(), "POST", &path, &headers, &text).await;
            let json: Value = serde_json::from_slice(&answer.body).unwrap();
            match by_grpc {
                Ok(bytes) => {
                    let by_grpc = DynamicMessage::decode(descriptor.output(), bytes.as_slice()).unwrap();
                    let by_json = DynamicMessage::deserialize(descriptor.output(), json).unwrap();
                    let (by_json, by_grpc) = (lasting(by_json), lasting(by_grpc));
                    assert!(by_json == by_grpc, "{} {request}: {by_json} is not {by_grpc}", method.name());
                    told += 1;
                }
                Err(status) => {
                    let code = format!("{:?}", status.code()).to_lowercase();
                    let by_json = json["code"].as_str().unwrap().replace('_', "");
                    assert_eq!(
                        (by_json, json["message"].as_str()),
                        (code, Some(status.message())),
                        "{}",
                        method.name()
                    );
                }
            }
        }
    }
    assert!(told > 50, "{told} answers were compared");
}

async fn an_error_is_json_with_its_details(server: Server) {
    let (status, error) = ask(&server, GET, &json!({ "interactionId": "42" })).await;
    assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{error}");
    let detail = |name: &str| {
        let details = error["details"].as_array().unwrap();
        details.iter().find(|detail| detail["type"] == name).unwrap().clone()
    };
    assert_eq!(detail("google.rpc.ErrorInfo")["debug"]["reason"], "MALFORMED");
    let bad = detail("google.rpc.BadRequest");
    assert_eq!(bad["debug"]["fieldViolations"][0]["field"], "interaction_id");
    let value = STANDARD_NO_PAD.decode(bad["value"].as_str().unwrap()).unwrap();
    assert_eq!(pb::BadRequest::decode(value.as_slice()).unwrap().field_violations[0].field, "interaction_id");

    let nobody = uuid::Uuid::now_v7().to_string();
    let (status, error) = ask(&server, GET, &json!({ "interactionId": nobody })).await;
    assert_eq!((status, &error["code"]), (404, &json!("not_found")));
    ask(&server, RECORD, &recording("twice")).await;
    let mut other = recording("twice");
    other["interaction"]["topic"] = "Returns".into();
    let (status, error) = ask(&server, RECORD, &other).await;
    assert_eq!((status, &error["code"]), (409, &json!("already_exists")));
    // Who may not call is told so before anything is read.
    let customer = format!("Bearer {}", server.token(Role::Customer, "carla", &[]));
    for (authorization, expected) in [("Bearer x", (401, "unauthenticated")), (&customer, (403, "permission_denied"))] {
        let headers = [("content-type", "application/json"), ("authorization", authorization)];
        let answer = http::request(server.address(), "POST", RECORD, &headers, b"no JSON").await;
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, error["code"].as_str().unwrap()), expected);
    }
}

async fn a_request_that_does_not_fit_is_named_field_by_field(server: Server) {
    let mut request = recording("misspelt");
    request["interaction"]["topik"] = "Returns".into();
    request["interaction"]["channel"] = "phone".into();
    request["interaction"]["participants"] = json!([{}, { "staffId": 7 }]);
    let (status, error) = ask(&server, RECORD, &request).await;
    assert_eq!((status, &error["code"]), (400, &json!("invalid_argument")), "{error}");
    let message = error["message"].as_str().unwrap();
    for part in [
        "interaction.topik is no field of Interaction; did you mean topic?",
        "interaction.channel must be a value of Channel",
        "interaction.participants[1].staffId does not fit",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 0);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for text in ["", "null", "[]", "{\"interaction\": ", "{} {}", "\u{feff}{}", "{\"requestId\": \"\\ud800\"}", &deep] {
        let answer = post(&server, RECORD, &[("content-type", "application/json")], text.as_bytes()).await;
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(
            (answer.status, &error["code"]),
            (400, &json!("invalid_argument")),
            "{}",
            &text[..text.len().min(40)]
        );
    }
    let latin = post(&server, RECORD, &[("content-type", "application/json")], b"{\"requestId\": \"\xe9\"}").await;
    assert_eq!(latin.status, 400);
}

async fn what_the_protocol_does_not_expect_is_refused(server: Server) {
    let json = ("content-type", "application/json");
    let code = |answer: &Answer| {
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        error["code"].as_str().unwrap().to_owned()
    };
    for (path, header, body, status, expected) in [
        ("/rapport.v1.Nothing/Get", ("x-a", "b"), "{}", 404, "unimplemented"),
        ("/rapport.v1.InteractionService/Get", ("x-a", "b"), "{}", 404, "unimplemented"),
        (ORGANIZATION, ("connect-protocol-version", "2"), "{}", 400, "invalid_argument"),
        (ORGANIZATION, ("content-encoding", "zstd"), "{}", 501, "unimplemented"),
        (ORGANIZATION, ("connect-timeout-ms", "soon"), "{}", 400, "invalid_argument"),
        (ORGANIZATION, ("connect-timeout-ms", "12345678901"), "{}", 400, "invalid_argument"),
        (ORGANIZATION, ("connect-timeout-ms", "-1"), "{}", 400, "invalid_argument"),
        (ORGANIZATION, ("connect-timeout-ms", "0"), "{}", 504, "deadline_exceeded"),
        (WATCH, ("x-a", "b"), "{}", 415, "unimplemented"),
        (RECORD_MANY, ("x-a", "b"), "{}", 415, "unimplemented"),
    ] {
        let answer = post(&server, path, &[json, header], body.as_bytes()).await;
        assert_eq!((answer.status, code(&answer).as_str()), (status, expected), "{path} {header:?}");
    }
    for header in
        [("connect-protocol-version", "1"), ("content-encoding", "identity"), ("connect-timeout-ms", "9999999999")]
    {
        assert_eq!(post(&server, ORGANIZATION, &[json, header], b"{}").await.status, 200, "{header:?}");
    }
    for (kind, status) in [
        ("application/json; charset=utf-8", 200),
        ("Application/JSON;charset=UTF-8", 200),
        ("application/json; charset=gbk", 415),
        ("application/connect+json", 415),
        ("application/foo", 415),
        ("image/jpeg", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/grpc+json", 415),
    ] {
        assert_eq!(post(&server, ORGANIZATION, &[("content-type", kind)], b"{}").await.status, status, "{kind}");
    }
    for method in ["GET", "DELETE", "PUT"] {
        let answer = http::request(server.address(), method, ORGANIZATION, &[json], b"").await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
    // Streams tell it in their last envelope.
    let one = enveloped(0, b"");
    let many = [one.clone(), one.clone()].concat();
    let cut = &enveloped(0, b"1234567")[..8];
    for (body, encoding, expected) in [
        (b"".as_slice(), "identity", "unimplemented"),
        (&many, "identity", "unimplemented"),
        (cut, "identity", "unimplemented"),
        (&enveloped(1, b"x"), "identity", "internal"),
        (&enveloped(0, b"\xff\xff"), "identity", "invalid_argument"),
        (&one, "gzip", "unimplemented"),
        (&one, "identity", "invalid_argument"),
    ] {
        let headers = [("content-type", "application/connect+proto"), ("connect-content-encoding", encoding)];
        let answer = post(&server, WATCH, &headers, body).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/connect+proto")));
        let envelopes = envelopes(&answer.body);
        let [(2, end)] = envelopes.as_slice() else { panic!("{envelopes:?}") };
        let end: Value = serde_json::from_slice(end).unwrap();
        assert_eq!(end["error"]["code"], expected, "{end}");
    }
}

fn enveloped(flags: u8, message: &[u8]) -> Vec<u8> {
    [&[flags], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], message].concat()
}

/// The envelopes of an answer, each with its flags.
fn envelopes(mut body: &[u8]) -> Vec<(u8, &[u8])> {
    let mut envelopes = Vec::new();
    while let Some(([flags, length @ ..], rest)) = body.split_first_chunk::<5>() {
        let (envelope, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        envelopes.push((*flags, envelope));
        body = rest;
    }
    envelopes
}

async fn messages_have_their_limit(server: Server) {
    let server = Server::start_with(server.backend(), Clock::system(), |config| {
        (config.limits.max_message_bytes, config.limits.max_batch_message_bytes) = (1_000, 4_000);
    })
    .await
    .unwrap();
    let padded = |length: usize| {
        let text = json!({ "interactionId": uuid::Uuid::nil() }).to_string();
        format!("{text}{}", " ".repeat(length - text.len()))
    };
    let json = [("content-type", "application/json")];
    assert_eq!(post(&server, GET, &json, padded(4_000).as_bytes()).await.status, 404);
    for length in [4_001, 40_000] {
        let answer = post(&server, GET, &json, padded(length).as_bytes()).await;
        let error: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, &error["code"]), (429, &json!("resource_exhausted")), "{length}");
        assert!(error["message"].as_str().unwrap().contains("at most 4000 bytes"));
    }
    let answer =
        post(&server, WATCH, &[("content-type", "application/connect+proto")], &enveloped(0, &[0; 4_001])).await;
    let end: Value = serde_json::from_slice(envelopes(&answer.body)[0].1).unwrap();
    assert_eq!(end["error"]["code"], "resource_exhausted");
}

async fn who_calls_too_often_is_told_when_to_come_back(server: Server) {
    let server = Server::start_with(server.backend(), Clock::system(), |config| {
        config.limits.person_calls_per_second = std::num::NonZeroU32::MIN;
    })
    .await
    .unwrap();
    let authorization = format!("Bearer {}", server.token(Role::Staff, "nora", &[]));
    let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
    let mut last = None;
    for _ in 0..10 {
        let answer = http::request(server.address(), "POST", ORGANIZATION, &headers, b"{}").await;
        if answer.status == 429 {
            last = Some(answer);
            break;
        }
    }
    let refused = last.expect("a call too many");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let error: Value = serde_json::from_slice(&refused.body).unwrap();
    let details = error["details"].as_array().unwrap();
    assert!(details.iter().any(|detail| detail["type"] == "google.rpc.RetryInfo"), "{error}");
}

async fn a_watch_comes_in_envelopes_and_tells_its_end(server: Server) {
    let server = server.with_organization().await;
    let request = enveloped(0, json!({ "staffId": "nora" }).to_string().as_bytes());
    let headers = [("content-type", "application/connect+json"), ("connect-timeout-ms", "1500")];
    let (answer, ()) = tokio::join!(post(&server, WATCH, &headers, &request), async {
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        server.app().record(v1::Interaction { topic: "发票".to_owned(), ..call("nora", "carla") }).await.unwrap();
    });
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/connect+json")));
    let envelopes = envelopes(&answer.body);
    let told: Vec<Value> = envelopes.iter().map(|(_, text)| serde_json::from_slice(text).unwrap()).collect();
    let (end, events) = told.split_last().unwrap();
    assert!(envelopes.iter().rev().skip(1).all(|(flags, _)| *flags == 0) && envelopes.last().unwrap().0 == 2);
    assert!(events.iter().all(|event| event["resumeCursor"].is_string()), "{events:?}");
    assert!(events.iter().any(|event| event["event"]["interaction"]["topic"] == "发票"), "{events:?}");
    assert_eq!(end["error"]["code"], "deadline_exceeded", "{end}");
}

async fn a_long_answer_is_whole(server: Server) {
    let server = server.with_organization().await;
    let attributes = [("note".to_owned(), "很长的说明".repeat(60))].into();
    let context = Some(v1::InteractionContext { attributes, ..Default::default() });
    for second in 0..150 {
        let interaction =
            v1::Interaction { requested_time: sample::at(-second), context: context.clone(), ..call("nora", "carla") };
        let recorded = server.app().record(interaction).await.unwrap();
        assert_eq!(recorded.recording(), Recording::Recorded);
    }
    let (status, page) = ask(&server, LIST, &json!({ "filter": { "staffId": "nora" }, "pageSize": 100 })).await;
    assert_eq!((status, page["interactions"].as_array().unwrap().len()), (200, 100));
    assert!(page.to_string().len() > 64 * 1024, "it is handed out in pieces");
    let token = &page["nextPageToken"];
    let (_, rest) =
        ask(&server, LIST, &json!({ "filter": { "staffId": "nora" }, "pageSize": 100, "pageToken": token })).await;
    assert_eq!(rest["interactions"].as_array().unwrap().len(), 50);
}

async fn a_page_of_an_allowed_origin_calls(server: Server) {
    let origin = "https://desk.example";
    let server =
        Server::start_with(server.backend(), Clock::system(), |config| config.web_origins = vec![origin.to_owned()])
            .await
            .unwrap();
    let wanted = "authorization,content-type,connect-protocol-version,connect-timeout-ms";
    let headers =
        [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", wanted)];
    let preflight = http::request(server.address(), "OPTIONS", ORGANIZATION, &headers, b"").await;
    let allowed = preflight.header("access-control-allow-headers").unwrap();
    assert!(wanted.split(',').all(|header| allowed.split(',').any(|one| one == header)), "{allowed}");
    let json = ("content-type", "application/json");
    let answer = post(&server, ORGANIZATION, &[json, ("origin", origin)], b"{}").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some(origin)));
    let answer = post(&server, ORGANIZATION, &[json, ("origin", "https://elsewhere.example")], b"{}").await;
    let error: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &error["code"]), (403, &json!("permission_denied")));
    assert!(!error["message"].as_str().unwrap().is_empty());
}
