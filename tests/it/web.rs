//! Browsers: gRPC-Web over HTTP/1.1, and the rules of origins. What a real browser makes of it is tested with the
//! clients.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use prost::Message as _;
use rapport::{
    api::v1::{self, Role},
    clock::Clock,
};
use tonic::{Code, Request, Status};

use crate::support::{
    Server, Test,
    http::{self, Answer},
    on_both, reason, refused, violations,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_preflight_of_an_allowed_origin_is_answered,
        a_preflight_from_elsewhere_or_with_other_headers_allows_nothing,
        a_page_of_an_allowed_origin_calls,
        a_page_sees_the_details_of_an_error,
        a_page_of_another_origin_is_refused,
        what_is_no_grpc_is_refused,
    ]
}

const ORIGIN: &str = "https://desk.example";
const ORGANIZATION: &str = "/rapport.v1.DirectoryService/GetOrganization";
const INTERACTION: &str = "/rapport.v1.InteractionService/GetInteraction";

async fn with_origin(server: &Server) -> Server {
    let origins = vec![ORIGIN.to_owned(), "http://127.0.0.1:8000".to_owned()];
    Server::start_with(server.backend(), Clock::system(), |config| config.web_origins = origins).await.unwrap()
}

async fn preflight(server: &Server, origin: &str, headers: &str) -> Answer {
    let headers =
        [("origin", origin), ("access-control-request-method", "POST"), ("access-control-request-headers", headers)];
    http::request(server.address(), "OPTIONS", ORGANIZATION, &headers, b"").await
}

/// A call as a browser sends it.
async fn call(server: &Server, origin: Option<&str>, path: &str, message: &impl prost::Message) -> Answer {
    call_from(server, &server.token(Role::App, "desk", &[]), origin, path, message).await
}

/// The same by somebody else.
pub(crate) async fn call_from(
    server: &Server,
    token: &str,
    origin: Option<&str>,
    path: &str,
    message: &impl prost::Message,
) -> Answer {
    let authorization = format!("Bearer {token}");
    let mut headers = vec![
        ("content-type", "application/grpc-web+proto"),
        ("x-grpc-web", "1"),
        ("authorization", authorization.as_str()),
    ];
    headers.extend(origin.map(|origin| ("origin", origin)));
    http::request(server.address(), "POST", path, &headers, &frame(message)).await
}

fn frame(message: &impl prost::Message) -> Vec<u8> {
    let message = message.encode_to_vec();
    [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
}

/// The frames of an answer, each with its flag.
fn frames(mut body: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let Some((head, rest)) = body.split_first_chunk::<5>() {
        let (frame, rest) = rest.split_at(u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize);
        frames.push((head[0], frame));
        body = rest;
    }
    frames
}

async fn a_preflight_of_an_allowed_origin_is_answered(server: Server) {
    let server = with_origin(&server).await;
    let wanted = "authorization,content-type,grpc-timeout,x-grpc-web,x-user-agent";
    let answer = preflight(&server, ORIGIN, wanted).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(wanted.split(',').all(|header| allowed.split(',').any(|one| one == header)), "{allowed}");
    assert!(answer.header("vary").unwrap().contains("origin"));
}

async fn a_preflight_from_elsewhere_or_with_other_headers_allows_nothing(server: Server) {
    let server = with_origin(&server).await;
    for origin in ["https://elsewhere.example", "https://desk.example.evil", "http://desk.example", "null"] {
        let answer = preflight(&server, origin, "content-type").await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
    }
    // The browser compares what it wanted with what is allowed, and sends no call.
    let answer = preflight(&server, ORIGIN, "cookie,x-secret").await;
    let allowed = answer.header("access-control-allow-headers").unwrap();
    assert!(!allowed.contains("cookie") && !allowed.contains("x-secret"), "{allowed}");
}

async fn a_page_of_an_allowed_origin_calls(server: Server) {
    let server = with_origin(&server).await;
    let answer = call(&server, Some(ORIGIN), ORGANIZATION, &v1::GetOrganizationRequest {}).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/grpc-web+proto"));
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    let frames = frames(&answer.body);
    assert_eq!(frames.iter().map(|(flag, _)| *flag).collect::<Vec<_>>(), [0, 0x80]);
    assert_eq!(v1::GetOrganizationResponse::decode(frames[0].1).unwrap().time_zone, "UTC");
    assert!(std::str::from_utf8(frames[1].1).unwrap().contains("grpc-status:0"));
    // A client that is no browser names no origin.
    assert_eq!(call(&server, None, ORGANIZATION, &v1::GetOrganizationRequest {}).await.status, 200);
}

async fn a_page_sees_the_details_of_an_error(server: Server) {
    let server = with_origin(&server).await;
    let request = v1::GetInteractionRequest { interaction_id: "42".to_owned() };
    let answer = call(&server, Some(ORIGIN), INTERACTION, &request).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("3")));
    let exposed = answer.header("access-control-expose-headers").unwrap();
    for header in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.split(',').any(|one| one == header), "{exposed}");
    }
    let details = STANDARD_NO_PAD.decode(answer.header("grpc-status-details-bin").unwrap()).unwrap();
    let status = Status::with_details(Code::InvalidArgument, "", details.into());
    assert_eq!(violations(&status), [("interaction_id".to_owned(), "MALFORMED".to_owned())]);
}

async fn a_page_of_another_origin_is_refused(server: Server) {
    let server = with_origin(&server).await;
    let answer = call(&server, Some("https://elsewhere.example"), ORGANIZATION, &v1::GetOrganizationRequest {}).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (403, Some("7")));
    assert_eq!(answer.header("access-control-allow-origin"), None);
    // Whatever it speaks.
    let mut request = Request::new(v1::GetOrganizationRequest {});
    request.metadata_mut().insert("origin", "https://elsewhere.example".parse().unwrap());
    let status = refused(server.app().directory().get_organization(request).await);
    assert_eq!((status.code(), reason(&status).as_str()), (Code::PermissionDenied, "ORIGIN_NOT_ALLOWED"));
}

async fn what_is_no_grpc_is_refused(server: Server) {
    let server = with_origin(&server).await;
    let authorization = format!("Bearer {}", server.token(Role::App, "desk", &[]));
    // What a form of any page may send without asking first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/grpc+json"] {
        let headers = [("content-type", kind), ("authorization", authorization.as_str())];
        let answer = http::request(server.address(), "POST", ORGANIZATION, &headers, b"\0\0\0\0\0").await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    let answer = http::request(server.address(), "GET", "/", &[], b"").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}
