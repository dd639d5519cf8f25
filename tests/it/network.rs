//! The network: silent and too many connections, rates, streams, deadlines, certificates, the drain, and the figures of
//! all that.

use std::{
    net::SocketAddr,
    num::NonZeroU32,
    path::Path,
    time::{Duration, Instant},
};

use rapport::{
    api::v1::{self, Role},
    clock::Clock,
    config::{Config, Tls},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Status, Streaming,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

use crate::support::{
    Caller, Server, Test,
    client::Bearer,
    http, on_both, on_postgres,
    refusal::{may_be_retried, verdict},
    refused,
    sample::call,
    wire::Wire,
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_connection_that_says_nothing_is_closed,
        a_connection_that_stops_in_the_middle_is_closed,
        connections_of_one_address_are_counted,
        a_person_has_a_rate,
        a_subject_has_so_many_streams,
        streams_leave_calls_their_place,
        a_call_that_takes_too_long_is_ended,
        the_drain_ends_stalled_streams_and_idle_connections,
        a_watch_of_health_does_not_hold_up_the_drain,
        a_renewed_certificate_is_taken_up,
        figures_are_kept,
    ];
    tests.extend(on_postgres![a_server_without_its_database_is_alive_but_not_ready]);
    tests
}

/// Longer than any test waits for what should happen at once.
const SOON: Duration = Duration::from_secs(20);

async fn configured(server: &Server, change: impl FnOnce(&mut Config)) -> Server {
    Server::start_with(server.backend(), Clock::system(), change).await.unwrap()
}

/// Sends what it has to say and waits until the server hangs up; what the server said.
async fn until_closed(server: &Server, says: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(says).await.unwrap();
    let mut heard = Vec::new();
    // A reset is an end too.
    _ = timeout(SOON, stream.read_to_end(&mut heard)).await.expect("the server closes the connection");
    heard
}

async fn a_connection_that_says_nothing_is_closed(server: Server) {
    let server = configured(&server, |config| config.limits.first_call_deadline = Duration::from_millis(200)).await;
    assert_eq!(until_closed(&server, b"").await, b"");
    // A caller who has called may be silent.
    server.app().get("0195b1c0-0000-7000-8000-000000000000").await.unwrap_err();
    tokio::time::sleep(Duration::from_millis(400)).await;
    server.app().get("0195b1c0-0000-7000-8000-000000000000").await.unwrap_err();
}

async fn a_connection_that_stops_in_the_middle_is_closed(server: Server) {
    let server = configured(&server, |config| config.limits.first_call_deadline = Duration::from_millis(200)).await;
    until_closed(&server, b"PRI * HTTP/2.0\r\n").await;
    // A preface and settings, and then no call.
    until_closed(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    until_closed(&server, b"POST /rapport.v1.DirectoryService/GetOrganization HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
}

async fn connections_of_one_address_are_counted(server: Server) {
    let server = configured(&server, |config| config.limits.max_connections_per_address = 2).await;
    let first = TcpStream::connect(server.address()).await.unwrap();
    server.app().get("0195b1c0-0000-7000-8000-000000000000").await.unwrap_err();
    assert_eq!(until_closed(&server, b"").await, b"");
    drop(first);
    // The server learns of it in its own time.
    let again = async {
        loop {
            let answer = http::request(server.address(), "GET", "/", &[], b"");
            if let Ok(answer) = timeout(Duration::from_secs(1), tokio::spawn(answer)).await
                && answer.is_ok_and(|answer| answer.status == 405)
            {
                return;
            }
        }
    };
    timeout(SOON, again).await.unwrap();
}

async fn a_person_has_a_rate(server: Server) {
    let server = configured(&server, |config| config.limits.person_calls_per_second = NonZeroU32::MIN).await;
    let server = server.with_organization().await;
    let ask = async |caller: Caller| caller.directory().get_organization(v1::GetOrganizationRequest {}).await;
    let nora = server.staff("nora");
    ask(nora.clone()).await.unwrap();
    let answers = [ask(nora.clone()).await, ask(nora.clone()).await];
    let status = answers.into_iter().find_map(Result::err).expect("one of two calls at once is too many");
    assert_eq!(verdict(&status), (Code::ResourceExhausted, "RATE_LIMITED".to_owned()));
    assert!(may_be_retried(&status));
    // Everybody has one of their own, and applications another.
    ask(server.staff("nils")).await.unwrap();
    for _ in 0..5 {
        ask(server.app()).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    ask(nora).await.unwrap();
}

type Sender = tokio::sync::mpsc::Sender<v1::RecordInteractionsRequest>;

/// A stream of recordings that is open and says nothing.
async fn open_stream(caller: &Caller) -> Result<(Sender, Streaming<v1::RecordInteractionsResponse>), Status> {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let answers = caller.interactions().record_interactions(ReceiverStream::new(receiver)).await?;
    Ok((sender, answers.into_inner()))
}

async fn a_subject_has_so_many_streams(server: Server) {
    let server = configured(&server, |config| config.limits.max_streams_per_subject = 2).await;
    let app = server.app();
    let (first, second) = (open_stream(&app).await.unwrap(), open_stream(&app).await.unwrap());
    let status = refused(open_stream(&app).await);
    assert_eq!(verdict(&status), (Code::ResourceExhausted, "TOO_MANY_STREAMS".to_owned()));
    open_stream(&server.admin()).await.unwrap();
    // One that ended, and one whose client went away.
    let (sender, mut answers) = first;
    drop(sender);
    assert!(answers.message().await.unwrap().is_none());
    drop(second);
    let again = async {
        while open_stream(&app).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, again).await.unwrap();
}

async fn streams_leave_calls_their_place(server: Server) {
    let server = configured(&server, |config| {
        config.limits.max_streams = 1;
        config.limits.max_calls = 1;
    })
    .await;
    let _open = open_stream(&server.app()).await.unwrap();
    assert_eq!(verdict(&refused(open_stream(&server.admin()).await)).1, "OVERLOADED");
    server.app().directory().get_organization(v1::GetOrganizationRequest {}).await.unwrap();
}

async fn a_call_that_takes_too_long_is_ended(server: Server) {
    let server = configured(&server, |config| config.limits.call_timeout = Duration::from_millis(300)).await;
    let server = server.with_organization().await;
    let blocked = server.block_writes().await;
    let status = refused(server.app().record_as("slow", call("nora", "carla")).await);
    assert_eq!(verdict(&status), (Code::DeadlineExceeded, "TIMED_OUT".to_owned()));
    blocked.close().await.unwrap();
    // It may have been written all the same: with the same request id it is there once.
    let again = async {
        while server.app().record_as("slow", call("nora", "carla")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, again).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 1);
}

async fn the_drain_ends_stalled_streams_and_idle_connections(server: Server) {
    const DRAIN: Duration = Duration::from_secs(1);
    let server = configured(&server, |config| {
        config.drain_deadline = DRAIN;
        config.limits.max_streams_per_subject = 100;
    })
    .await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(server.address()).await.unwrap());
    }
    // Their clients neither send nor read, and tell the server so by no window at all.
    let mut stalled = Vec::new();
    for _ in 0..100 {
        let bearer = format!("Bearer {}", server.token(Role::App, "crm", &[]));
        let mut wire = Wire::with_window(server.address(), 0).await;
        let sent = wire.begin("/rapport.v1.InteractionService/RecordInteractions", &[("authorization", &bearer)]).await;
        assert!(sent.head().await.0.is_none());
        stalled.push(wire);
    }
    let begun = Instant::now();
    server.stop().await;
    let took = begun.elapsed();
    assert!(took < DRAIN + Duration::from_secs(1), "{took:?}");
    for mut stream in idle {
        let mut heard = Vec::new();
        _ = timeout(SOON, stream.read_to_end(&mut heard)).await.expect("every connection is closed");
    }
}

/// A connection with an open stream whose client takes no data.
pub(crate) async fn stalled_stream(address: SocketAddr) -> h2::client::ResponseFuture {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) =
        h2::client::Builder::new().initial_window_size(0).handshake::<_, bytes::Bytes>(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = ::http::Request::post(format!("http://{address}/grpc.health.v1.Health/Watch"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .unwrap();
    let (answer, mut body) = client.send_request(request, false).unwrap();
    body.send_data(bytes::Bytes::from_static(&[0; 5]), true).unwrap();
    answer
}

async fn a_watch_of_health_does_not_hold_up_the_drain(server: Server) {
    let server = configured(&server, |config| config.drain_deadline = SOON * 2).await;
    let mut client = HealthClient::new(server.channel());
    let mut health = client.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(health.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let ended = tokio::spawn(async move {
        loop {
            match health.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(status) => return Some(verdict(&status)),
            }
        }
    });
    timeout(SOON, server.stop()).await.unwrap();
    let end = timeout(SOON, ended).await.unwrap().unwrap();
    assert_eq!(end, Some((Code::Unavailable, "SERVER_STOPPING".to_owned())));
}

/// A certificate for 127.0.0.1 that vouches for itself.
fn write_certificate(directory: &Path) -> Certificate {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    // One after the other, as renewal programs do: the server must not mind that they do not fit for a moment.
    std::fs::write(directory.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    Certificate::from_pem(made.cert.pem())
}

async fn a_renewed_certificate_is_taken_up(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let old = write_certificate(directory.path());
    let tls = Tls {
        certificate_file: directory.path().join("certificate.pem"),
        key_file: directory.path().join("key.pem"),
        reload_interval: Duration::from_millis(50),
    };
    let server = configured(&server, |config| config.tls = Some(tls)).await;
    let token = server.token(Role::App, "crm", &[]);
    let ask = async |certificate: Certificate| {
        let endpoint = Endpoint::try_from(format!("https://{}", server.address())).unwrap();
        let trust = ClientTlsConfig::new().ca_certificate(certificate);
        let channel = endpoint.tls_config(trust).unwrap().connect().await.ok()?;
        let caller = Caller::new(channel, Bearer::of(&token));
        caller.directory().get_organization(v1::GetOrganizationRequest {}).await.ok()
    };
    assert!(ask(old.clone()).await.is_some());
    let new = write_certificate(directory.path());
    let taken_up = async {
        while ask(new.clone()).await.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(SOON, taken_up).await.unwrap();
    assert!(ask(old).await.is_none());
    // Nonsense in its place changes nothing.
    std::fs::write(directory.path().join("key.pem"), "nonsense").unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(ask(new).await.is_some());
    // Without TLS there is no way in.
    assert_eq!(until_closed(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.first().copied().unwrap_or(21), 21);
}

async fn get(server: &Server, path: &str) -> (u16, String) {
    let answer = http::request(server.operations_address(), "GET", path, &[], b"").await;
    (answer.status, String::from_utf8(answer.body).unwrap())
}

async fn figures_are_kept(server: Server) {
    let server = configured(&server, |config| config.operations_listen = Some(([127, 0, 0, 1], 0).into())).await;
    let server = server.with_organization().await;
    server.app().record(call("nora", "carla")).await.unwrap();
    server.app().get("42").await.unwrap_err();
    let _open = open_stream(&server.app()).await.unwrap();
    let (status, figures) = get(&server, "/metrics").await;
    assert_eq!(status, 200);
    let service = "/rapport.v1.InteractionService";
    for line in [
        format!("rapport_calls_total{{method=\"{service}/RecordInteraction\",code=\"OK\"}} 1"),
        format!("rapport_calls_total{{method=\"{service}/GetInteraction\",code=\"INVALID_ARGUMENT\"}} 1"),
        format!("rapport_call_seconds_count{{method=\"{service}/RecordInteraction\"}} 1"),
        format!("rapport_calls_in_flight{{method=\"{service}/RecordInteractions\"}} 1"),
        "rapport_refusals_total{reason=\"MALFORMED\"} 1".to_owned(),
        "rapport_streams_open 1".to_owned(),
        "rapport_connections_open 1".to_owned(),
        "rapport_write_group_size_sum 1.0".to_owned(),
    ] {
        assert!(figures.lines().any(|one| one == line), "{line} is not in:\n{figures}");
    }
    assert!(figures.contains("rapport_database_connections{pool="), "{figures}");
    // Nobody in particular.
    assert!(!figures.contains("carla") && !figures.contains("nora"), "{figures}");
    assert_eq!((get(&server, "/livez").await.0, get(&server, "/readyz").await.0), (200, 200));
}

async fn a_server_without_its_database_is_alive_but_not_ready(server: Server) {
    let server = configured(&server, |config| config.operations_listen = Some(([127, 0, 0, 1], 0).into())).await;
    server.lose_database().await;
    let noticed = async {
        while get(&server, "/readyz").await.0 != 503 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(SOON, noticed).await.unwrap();
    assert_eq!(get(&server, "/livez").await.0, 200);
    let health = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        HealthClient::new(server.channel()).check(request).await.unwrap().into_inner().status()
    };
    assert_eq!(health("rapport.v1.InteractionService").await, ServingStatus::NotServing);
    assert_eq!(health("").await, ServingStatus::NotServing);
    assert_eq!(health("liveness").await, ServingStatus::Serving);
}
