//! Webhooks: what their receivers get, how often, in which order, and what becomes of what they do not take.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, Instant},
};

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use rapport::{
    api::v1::{
        self, AuditAction, DeadLetter, ListDeadLettersRequest, ListWebhooksRequest, ReplayEventsRequest, ReplayScope,
        Role, Webhook, WebhookState,
    },
    clock::Clock,
    metrics::Attempt,
};
use tonic::{Code, Status};

use crate::{
    cli::last_line,
    commitments::{make, promise},
    events::{by_customer, serve_everybody},
    support::{
        Caller, Server, Test,
        client::request_id,
        on_both, on_postgres,
        receiver::{Got, Receiver},
        refusal::{verdict, violations},
        refused,
        sample::call,
    },
};

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        events_are_delivered_signed_and_in_order,
        two_secrets_sign_while_one_takes_over,
        a_failed_event_holds_up_its_customer_alone,
        a_receiver_that_asks_to_wait_is_left_alone,
        what_is_not_taken_is_a_dead_letter_and_can_be_replayed,
        everything_is_replayed_behind_a_cursor,
        redirects_are_not_followed,
        a_receiver_that_says_nothing_is_given_up,
        a_name_that_leads_to_this_machine_is_not_called,
        targets_that_must_not_be_keep_the_server_from_starting,
        a_receiver_is_called_by_tls_and_its_certificate_looked_at,
        a_webhook_goes_on_where_it_was_when_the_server_starts_again,
        customers_keep_their_order_before_a_receiver_that_fails_at_random,
        bad_replays_are_refused,
        the_program_shows_webhooks,
    ];
    tests.extend(on_postgres![one_of_two_servers_delivers_and_the_other_takes_over]);
    tests
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const PATIENCE: Duration = Duration::from_secs(30);
/// For receivers on this machine that are tried again soon.
const HERE: &str =
    "allow_private = true\nallow_http = true\ncontent = 'customer'\nfirst_retry = '50ms'\nlongest_retry = '200ms'\n";

/// Writes a file of targets, each a name, a URL and more settings; gives its path.
fn targets(server: &Server, secret: &str, targets: &[(&str, &str, &str)]) -> PathBuf {
    let directory = server.data_dir();
    crate::support::secret_file(directory, secret);
    let target = |(name, url, more): &(&str, &str, &str)| {
        format!("[[webhook]]\nname = '{name}'\nurl = '{url}'\nsecret_file = 'secret'\n{more}\n")
    };
    let path = directory.join("webhooks.toml");
    std::fs::write(&path, targets.iter().map(target).collect::<String>()).unwrap();
    path
}

/// Starts the server again with targets, and waits until each is there.
async fn with(server: Server, of: &[(&str, &str, &str)]) -> Server {
    let path = targets(&server, SECRET, of);
    let server = server.restart_with(|config| config.events.webhooks_file = Some(path)).await;
    until(&server.admin(), of.len(), |one| !one.resume_cursor.is_empty()).await;
    server
}

async fn list(caller: &Caller) -> Vec<Webhook> {
    caller.events().list_webhooks(ListWebhooksRequest::default()).await.unwrap().into_inner().webhooks
}

/// Waits until so many webhooks are so; gives the first.
async fn until(caller: &Caller, count: usize, so: impl Fn(&Webhook) -> bool) -> Webhook {
    let begun = Instant::now();
    loop {
        let found = list(caller).await;
        if found.iter().filter(|one| so(one)).count() >= count {
            return found.into_iter().find(|one| so(one)).unwrap();
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

async fn dead_letters(server: &Server, webhook: &str) -> Vec<DeadLetter> {
    let request = ListDeadLettersRequest { webhook: webhook.to_owned(), ..Default::default() };
    server.app().events().list_dead_letters(request).await.unwrap().into_inner().dead_letters
}

fn failure() -> Response {
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn success() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn events_are_delivered_signed_and_in_order(server: Server) {
    let receiver = Receiver::start().await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), "allow_private = true\nallow_http = true")]).await;
    let app = server.app();
    let interaction_id = app.record(call("nora", "carla")).await.unwrap().interaction_id;
    let told = v1::Commitment { interaction_id: interaction_id.clone(), ..promise("nora", "carla") };
    make(&app, told).await.unwrap();
    let taken = receiver.takes(2).await;
    assert_eq!(
        taken.iter().map(Got::kind).collect::<Vec<_>>(),
        ["rapport.interaction.recorded", "rapport.commitment.made"]
    );
    for got in &taken {
        assert_eq!(got.headers["content-type"], "application/cloudevents+json; charset=utf-8");
        assert_eq!(got.headers["webhook-id"], got.id());
        assert!(got.is_signed_by(SECRET) && !got.is_signed_by(NEW_SECRET));
        let at: i64 = got.headers["webhook-timestamp"].parse().unwrap();
        assert!((Clock::system().now_micros() / 1_000_000 - at).abs() < 60);
        assert_eq!((&got.event["specversion"], &got.event["source"]), (&"1.0".into(), &"/rapport".into()));
        assert_eq!(got.event["data"]["interaction_id"], interaction_id);
        let told = String::from_utf8(got.body.clone()).unwrap();
        assert!(!told.contains("carla") && !told.contains("nora"), "{told}");
    }
    let webhook = until(&server.admin(), 1, |one| one.lag.is_none()).await;
    assert_eq!(
        (webhook.name.as_str(), webhook.host.as_str(), webhook.state()),
        ("desk", "127.0.0.1", WebhookState::Working)
    );
    assert_eq!((webhook.waiting_count, webhook.dead_letter_count, webhook.last_error.as_str()), (0, 0, ""));
    assert!(webhook.last_success_time.is_some() && webhook.last_failure_time.is_none());
}

async fn two_secrets_sign_while_one_takes_over(server: Server) {
    let receiver = Receiver::start().await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), HERE)]).await;
    let path = targets(&server, &format!("{NEW_SECRET}\n{SECRET}"), &[("desk", &receiver.url(), HERE)]);
    let server = server.restart_with(|config| config.events.webhooks_file = Some(path)).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    let taken = receiver.takes(1).await;
    assert!(taken[0].is_signed_by(SECRET) && taken[0].is_signed_by(NEW_SECRET));
}

async fn a_failed_event_holds_up_its_customer_alone(server: Server) {
    let receiver = Receiver::answering(|got| if got.customer() == "carla" { failure() } else { success() }).await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), HERE)]).await;
    let app = server.app();
    let mut recorded: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for customer in ["carla", "dora", "carla", "dora", "carla"] {
        let id = app.record(call("nora", customer)).await.unwrap().interaction_id;
        recorded.entry(customer).or_default().push(format!("interactions/{id}"));
    }
    let subjects =
        |got: Vec<Got>| got.iter().map(|one| one.event["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(subjects(receiver.takes(2).await), recorded["dora"]);
    let webhook = until(&server.admin(), 1, |one| one.waiting_count == 3).await;
    assert_eq!((webhook.state(), webhook.dead_letter_count), (WebhookState::Failing, 0));
    assert_eq!(webhook.last_error, "it answers 500");
    assert!(webhook.lag.is_some() && webhook.last_success_time.is_some());
    // Only the first of carla's was ever sent, again and again under its id.
    let tried: BTreeSet<_> =
        receiver.got().iter().filter(|one| one.customer() == "carla").map(|one| one.id().to_owned()).collect();
    assert_eq!(tried.len(), 1);
    receiver.answer(|_| success());
    let carla: Vec<_> = receiver.takes(5).await.into_iter().filter(|one| one.customer() == "carla").collect();
    assert_eq!(subjects(carla), recorded["carla"]);
    until(&server.admin(), 1, |one| one.waiting_count == 0 && one.state() == WebhookState::Working).await;
}

async fn a_receiver_that_asks_to_wait_is_left_alone(server: Server) {
    let busy = || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "2")]).into_response();
    let mut asked = false;
    let receiver =
        Receiver::answering(move |_| if std::mem::replace(&mut asked, true) { success() } else { busy() }).await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), HERE)]).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    until(&server.admin(), 1, |one| one.state() == WebhookState::Held).await;
    // Another customer waits as well: it is the receiver who is busy.
    server.app().record(call("nora", "dora")).await.unwrap();
    let taken = receiver.takes(2).await;
    let first = receiver.got()[0].clone();
    assert_eq!(first.answered, 429);
    assert!(taken.iter().all(|one| one.at - first.at >= Duration::from_secs(2)), "{taken:?}");
    assert_eq!(taken.iter().map(|one| one.id().to_owned()).collect::<BTreeSet<_>>().len(), 2);
}

fn replay(webhook: &str) -> ReplayEventsRequest {
    ReplayEventsRequest { request_id: request_id(), webhook: webhook.to_owned(), ..Default::default() }
}

async fn what_is_not_taken_is_a_dead_letter_and_can_be_replayed(server: Server) {
    let receiver = Receiver::answering(|_| failure()).await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), &format!("{HERE}attempts = 2"))]).await;
    let app = server.app();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(app.record(call("nora", "carla")).await.unwrap().interaction_id);
    }
    until(&server.admin(), 1, |one| one.dead_letter_count == 3 && one.waiting_count == 0).await;
    let dead = dead_letters(&server, "desk").await;
    // Behind a dead letter the next one goes on, in their order.
    let told: Vec<_> = dead.iter().map(|one| one.event.clone().unwrap().data["interaction_id"].clone()).collect();
    assert_eq!(told, ids);
    let counted =
        [Attempt::Delivered, Attempt::Failed, Attempt::DeadLetter].map(|one| server.metrics().webhook_attempts(one));
    assert_eq!(counted, [0, 3, 3]);
    assert!(dead.iter().all(|one| one.attempts == 2 && one.error == "it answers 500" && one.failure_time.is_some()));
    assert!(!format!("{dead:?}").contains("carla"));
    let mut pages = Vec::new();
    let mut request = ListDeadLettersRequest { webhook: "desk".to_owned(), page_size: 2, ..Default::default() };
    loop {
        let page = app.events().list_dead_letters(request.clone()).await.unwrap().into_inner();
        pages.push(page.dead_letters.len());
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages, [2, 1]);

    receiver.answer(|_| success());
    let second = dead[1].event.clone().unwrap().id;
    let request = ReplayEventsRequest { event_id: second.clone(), ..replay("desk") };
    let answer = server.admin().events().replay_events(request.clone()).await.unwrap().into_inner();
    assert_eq!(answer.dead_letter_count, 1);
    assert_eq!(receiver.takes(1).await[0].id(), second);
    until(&server.admin(), 1, |one| one.dead_letter_count == 2 && one.waiting_count == 0).await;
    // The same request is answered alike and sends nothing again; another one finds no such dead letter.
    let again = server.admin().events().replay_events(request).await.unwrap().into_inner();
    assert_eq!(again.dead_letter_count, 1);
    let request = ReplayEventsRequest { event_id: second, ..replay("desk") };
    let gone = refused(server.admin().events().replay_events(request).await);
    assert_eq!(verdict(&gone), (Code::NotFound, "NOT_FOUND".to_owned()));

    let request = ReplayEventsRequest { scope: ReplayScope::DeadLetters.into(), ..replay("desk") };
    let answer = app.events().replay_events(request).await.unwrap().into_inner();
    assert_eq!(answer.dead_letter_count, 2);
    receiver.takes(3).await;
    until(&server.admin(), 1, |one| one.dead_letter_count == 0 && one.waiting_count == 0).await;
    assert_eq!(receiver.taken().len(), 3, "each once");
    let request = v1::ListAuditEventsRequest { action: AuditAction::EventsReplayed.into(), ..Default::default() };
    let trail = server.admin().audit().list_audit_events(request).await.unwrap().into_inner().audit_events;
    assert_eq!(
        trail.iter().map(|one| (one.actor.as_str(), one.object_id.as_str())).collect::<Vec<_>>(),
        [("crm", "desk"), ("ada", "desk")]
    );
}

async fn everything_is_replayed_behind_a_cursor(server: Server) {
    let receiver = Receiver::start().await;
    let server = server.with_organization().await;
    let app = server.app();
    // Before there was a webhook.
    app.record(call("nora", "carla")).await.unwrap();
    let server = with(
        server,
        &[
            ("desk", &receiver.url(), HERE),
            ("other", &receiver.url(), &format!("{HERE}types = ['rapport.competition']")),
        ],
    )
    .await;
    let app = server.app();
    let beginning = list(&app).await[0].resume_cursor.clone();
    for _ in 0..2 {
        app.record(call("nora", "carla")).await.unwrap();
    }
    let first: Vec<_> = receiver.takes(2).await.iter().map(|one| one.id().to_owned()).collect();
    let request = ReplayEventsRequest { resume_cursor: beginning.clone(), ..replay("desk") };
    app.events().replay_events(request).await.unwrap();
    let again: Vec<_> = receiver.takes(4).await[2..].iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(again, first, "under the same ids");
    let request = ReplayEventsRequest { scope: ReplayScope::Beginning.into(), ..replay("desk") };
    app.events().replay_events(request).await.unwrap();
    let all: Vec<_> = receiver.takes(7).await[4..].iter().map(|one| one.id().to_owned()).collect();
    assert_eq!(all[1..], first);
    // A cursor is its webhook's and its caller's.
    for (caller, webhook) in [(&app, "other"), (&server.admin(), "desk")] {
        let request = ReplayEventsRequest { resume_cursor: beginning.clone(), ..replay(webhook) };
        let status = refused(caller.events().replay_events(request).await);
        assert_eq!(violations(&status), [("resume_cursor".to_owned(), "CURSOR_MISMATCH".to_owned())]);
    }
    // A dead letter has the place ahead of it.
    receiver.answer(|_| failure());
    let server = with(server, &[("desk", &receiver.url(), &format!("{HERE}attempts = 1"))]).await;
    let app = server.app();
    for _ in 0..2 {
        app.record(call("nora", "carla")).await.unwrap();
    }
    until(&app, 1, |one| one.dead_letter_count == 2).await;
    let dead = dead_letters(&server, "desk").await;
    receiver.answer(|_| success());
    let request = ReplayEventsRequest { resume_cursor: dead[0].resume_cursor.clone(), ..replay("desk") };
    assert_eq!(app.events().replay_events(request).await.unwrap().into_inner().dead_letter_count, 2);
    let again: Vec<_> = receiver.takes(9).await[7..].iter().map(|one| one.id().to_owned()).collect();
    let expected: Vec<_> = dead.iter().map(|one| one.event.clone().unwrap().id).collect();
    assert_eq!(again, expected);
    until(&app, 1, |one| one.dead_letter_count == 0).await;
}

async fn redirects_are_not_followed(server: Server) {
    let inner = Receiver::start().await;
    let location = inner.url();
    let receiver = Receiver::answering(move |_| {
        (StatusCode::TEMPORARY_REDIRECT, [("location", location.clone())]).into_response()
    })
    .await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), &format!("{HERE}attempts = 1"))]).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    until(&server.admin(), 1, |one| one.dead_letter_count == 1).await;
    assert_eq!(dead_letters(&server, "desk").await[0].error, "it answers 307, and redirects are not followed");
    assert!(inner.got().is_empty());
}

async fn a_receiver_that_says_nothing_is_given_up(server: Server) {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let server = server.with_organization().await;
    let once = format!("{HERE}timeout = '200ms'\nattempts = 1");
    let server = with(server, &[("gone", "http://127.0.0.1:9/", &once), ("silent", &url, &once)]).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    until(&server.admin(), 2, |one| one.dead_letter_count == 1).await;
    let errors: Vec<_> = list(&server.admin()).await.into_iter().map(|one| one.last_error).collect();
    assert_eq!(errors, ["no connection: connection refused", "no answer within 200 ms"]);
}

async fn a_name_that_leads_to_this_machine_is_not_called(server: Server) {
    let receiver = Receiver::start().await;
    let server = server.with_organization().await;
    // No address as such, but every resolver of names makes 127.0.0.1 of them.
    let urls = ["127.1", "2130706433", "0x7f000001"].map(|host| format!("http://{host}:{}/", receiver.address.port()));
    let more = "allow_http = true\nattempts = 1";
    let server = with(server, &[("a", &urls[0], more), ("b", &urls[1], more), ("c", &urls[2], more)]).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    until(&server.admin(), 3, |one| one.dead_letter_count == 1).await;
    for webhook in list(&server.admin()).await {
        assert_eq!(webhook.last_error, "its name leads to this machine or a private network, which is not allowed");
    }
    assert!(receiver.got().is_empty());
}

async fn targets_that_must_not_be_keep_the_server_from_starting(server: Server) {
    let start = async |of: &[(&str, &str, &str)], secret: &str| {
        let path = targets(&server, secret, of);
        let started =
            Server::start_with(server.backend(), Clock::system(), |config| config.events.webhooks_file = Some(path))
                .await;
        format!("{:#}", started.err().expect("the server should not have started"))
    };
    let said = start(&[("desk", "https://127.0.0.1/", ""), ("crm", "http://crm.example/", "")], SECRET).await;
    assert!(said.contains("webhook desk: url: must not lead to this machine or a private network"), "{said}");
    assert!(said.contains("webhook crm: url: must begin with https://, unless allow_http is set"), "{said}");
    let said = start(&[("desk", "https://desk.example/", "")], "hunter2").await;
    assert!(said.contains("webhook desk: secret_file: ") && !said.contains("hunter2"), "{said}");
}

async fn a_receiver_is_called_by_tls_and_its_certificate_looked_at(server: Server) {
    use rustls::pki_types::{PrivateKeyDer, pem::PemObject as _};
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.signing_key.serialize_pem().as_bytes()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let receiver = Receiver::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let inner = receiver.address;
    let proxy = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(stream).await else { return };
                let mut inner = tokio::net::TcpStream::connect(inner).await.unwrap();
                _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    let server = server.with_organization().await;
    std::fs::write(server.data_dir().join("desk.pem"), made.cert.pem()).unwrap();
    let trusting = "allow_private = true\nca_file = 'desk.pem'";
    let server = with(server, &[("desk", &url, trusting), ("other", &url, "allow_private = true\nattempts = 1")]).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    receiver.takes(1).await;
    let failed = until(&server.admin(), 1, |one| one.dead_letter_count == 1).await;
    assert_eq!(failed.name, "other");
    assert!(failed.last_error.starts_with("TLS failed: invalid peer certificate"), "{}", failed.last_error);
    proxy.abort();
}

async fn a_webhook_goes_on_where_it_was_when_the_server_starts_again(server: Server) {
    let receiver = Receiver::start().await;
    let server = server.with_organization().await;
    let url = receiver.url();
    let server = with(server, &[("desk", &url, HERE)]).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    receiver.takes(1).await;
    until(&server.admin(), 1, |one| one.lag.is_none()).await;
    // While nobody delivers.
    let server = server.restart_with(|_| {}).await;
    server.app().record(call("nora", "carla")).await.unwrap();
    server.app().record(call("nora", "dora")).await.unwrap();
    let server = with(server, &[("desk", &url, HERE)]).await;
    receiver.takes(3).await;
    until(&server.admin(), 1, |one| one.lag.is_none()).await;
    assert_eq!(receiver.got().len(), 3, "each once");
}

async fn customers_keep_their_order_before_a_receiver_that_fails_at_random(server: Server) {
    let receiver = Receiver::answering(|_| if rand::random_bool(0.3) { failure() } else { success() }).await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), HERE)]).await;
    let served = serve_everybody(&[server.app()]).await;
    let count = served.values().map(Vec::len).sum();
    let taken = receiver.takes(count).await;
    until(&server.admin(), 1, |one| one.lag.is_none()).await;
    assert_eq!(receiver.taken().len(), count, "each once");
    let events: Vec<_> = taken.iter().map(as_event).collect();
    assert_eq!(by_customer(&events), served);
}

fn as_event(got: &Got) -> v1::Event {
    v1::Event {
        id: got.id().to_owned(),
        subject: got.event["subject"].as_str().unwrap().to_owned(),
        data: BTreeMap::from([("customer_id".to_owned(), got.customer().to_owned())]),
        ..Default::default()
    }
}

async fn bad_replays_are_refused(server: Server) {
    let server = with(server, &[("desk", "http://127.0.0.1:9/", HERE)]).await;
    let app = server.app();
    let ask = async |request: ReplayEventsRequest| -> Result<(), Status> {
        app.events().replay_events(request).await.map(drop)
    };
    let nothing = refused(ask(replay("desk")).await);
    assert_eq!(violations(&nothing), [("event_id".to_owned(), "FIELD_REQUIRED".to_owned())]);
    let both = ReplayEventsRequest {
        event_id: "interactions-1".to_owned(),
        scope: ReplayScope::Beginning.into(),
        ..replay("desk")
    };
    assert_eq!(violations(&refused(ask(both).await)), [("scope".to_owned(), "CONTRADICTION".to_owned())]);
    let forged = ReplayEventsRequest { resume_cursor: "A".repeat(120), ..replay("desk") };
    assert_eq!(violations(&refused(ask(forged).await)), [("resume_cursor".to_owned(), "CURSOR_INVALID".to_owned())]);
    for request in [
        ReplayEventsRequest { scope: ReplayScope::Beginning.into(), ..replay("crm") },
        ReplayEventsRequest { event_id: "interactions-1".to_owned(), ..replay("desk") },
        ReplayEventsRequest { event_id: "wishes-1".to_owned(), ..replay("desk") },
    ] {
        assert_eq!(verdict(&refused(ask(request).await)), (Code::NotFound, "NOT_FOUND".to_owned()));
    }
    let request = ListDeadLettersRequest { webhook: "crm".to_owned(), ..Default::default() };
    assert_eq!(refused(app.events().list_dead_letters(request).await).code(), Code::NotFound);
    for caller in [server.admin(), server.staff("nora"), server.customer("carla")] {
        let request = ListDeadLettersRequest { webhook: "desk".to_owned(), ..Default::default() };
        assert_eq!(refused(caller.events().list_dead_letters(request).await).code(), Code::PermissionDenied);
    }
}

async fn the_program_shows_webhooks(server: Server) {
    let receiver = Receiver::answering(|_| failure()).await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), &format!("{HERE}attempts = 1"))]).await;
    let interaction_id = server.app().record(call("nora", "carla")).await.unwrap().interaction_id;
    until(&server.admin(), 1, |one| one.dead_letter_count == 1).await;
    let (endpoint, token) = (server.endpoint(), server.token(Role::App, "crm", &[]));
    let run = async |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
        command.arg("events").args(arguments).args(["--endpoint", &endpoint]).env("RAPPORT_TOKEN", &token);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        output
    };
    let text = |output: std::process::Output| String::from_utf8(output.stdout).unwrap();
    let shown = text(run(&["webhooks"]).await);
    assert!(["desk", "127.0.0.1", "failing", "it answers 500"].iter().all(|word| shown.contains(word)), "{shown}");
    assert_eq!(last_line(&run(&["webhooks", "--json"]).await)["dead_letters"], 1);
    let shown = text(run(&["dead-letters", "desk"]).await);
    assert!(shown.contains("rapport.interaction.recorded") && shown.contains("it answers 500"), "{shown}");
    let letter = last_line(&run(&["dead-letters", "desk", "--json"]).await);
    assert_eq!(letter["event"]["data"]["interaction_id"], interaction_id);
    receiver.answer(|_| success());
    let id = letter["event"]["id"].as_str().unwrap();
    assert_eq!(last_line(&run(&["replay", "desk", "--event", id, "--json"]).await)["dead_letters_taken_up"], 1);
    receiver.takes(1).await;
    assert!(text(run(&["replay", "desk", "--beginning"]).await).contains("desk: delivered again"));
    receiver.takes(2).await;

    // A watch prints each event, and the cursor to go on with.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["events", "watch", "--beginning", "--json", "--endpoint", &endpoint]).env("RAPPORT_TOKEN", &token);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let line = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        line
    });
    let event: serde_json::Value = serde_json::from_str(&line.await.unwrap()).unwrap();
    assert_eq!(
        (&event["type"], &event["data"]["interaction_id"]),
        (&"rapport.interaction.recorded".into(), &interaction_id.into())
    );
    assert!(!event["resume_cursor"].as_str().unwrap().is_empty());
}

async fn one_of_two_servers_delivers_and_the_other_takes_over(server: Server) {
    let receiver = Receiver::start().await;
    let server = server.with_organization().await;
    let server = with(server, &[("desk", &receiver.url(), &format!("{HERE}timeout = '500ms'"))]).await;
    let path = server.data_dir().join("webhooks.toml");
    let sibling = server.sibling_with(|config| config.events.webhooks_file = Some(path)).await;
    let served = serve_everybody(&[server.app(), sibling.app()]).await;
    let count = served.values().map(Vec::len).sum();
    receiver.takes(count).await;
    until(&sibling.admin(), 1, |one| one.lag.is_none()).await;
    let events: Vec<_> = receiver.taken().iter().map(as_event).collect();
    assert_eq!(events.len(), count, "each once, although two servers could deliver it");
    assert_eq!(by_customer(&events), served);
    server.stop().await;
    sibling.app().record(call("nora", "carla")).await.unwrap();
    receiver.takes(count + 1).await;
}
