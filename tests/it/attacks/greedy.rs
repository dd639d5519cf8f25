//! Somebody with a token of a person who asks for more than a person can use: by calls, by time, by memory, by size.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use prost::Message as _;
use rapport::{
    api::v1::{self, Role},
    clock::Clock,
    config::Config,
};
use rapport_vote::{
    Entry, Form,
    dealing::{OneWay, Refusal, Terms, Voter, deal},
    draw::Seed,
};
use tokio::{task::JoinSet, time::timeout};
use tonic::{Code, Status};

use crate::support::{
    Caller, Server, Test,
    client::request_id,
    competition::{Vote, dealt, enrol, member},
    http, on_both, on_postgres,
    refusal::{may_be_retried, outcome, verdict},
    refused,
    sample::call,
    wire::{Wire, read},
};

pub(super) fn tests() -> Vec<Test> {
    let mut tests = on_both![
        a_person_has_so_many_calls_in_flight,
        what_is_out_of_time_is_not_begun,
        a_caller_out_of_time_is_told_that_nobody_knows,
        a_page_runs_out_of_time_too,
        a_page_ends_by_bytes_and_goes_on,
        an_answer_that_nobody_takes_is_given_up,
        unread_answers_are_counted,
        a_vote_that_is_too_large_is_refused_by_name,
        a_large_vote_is_dealt_beside_the_writes_of_others,
        a_hostile_file_is_refused_soon,
    ];
    tests.extend(on_postgres![heavy_reads_of_a_person_keep_nobody_waiting]);
    tests
}

const RECORD: &str = "/rapport.v1.InteractionService/RecordInteraction";
const ORGANIZATION: &str = "/rapport.v1.DirectoryService/GetOrganization";
/// Longer than anything takes that should happen at once.
const SOON: Duration = Duration::from_secs(20);

async fn configured(server: &Server, change: impl FnOnce(&mut Config)) -> Server {
    Server::start_with(server.backend(), Clock::system(), change).await.unwrap()
}

fn bearer(server: &Server, role: Role, subject: &str) -> String {
    format!("Bearer {}", server.token(role, subject, &[]))
}

async fn organization(caller: &Caller) -> Result<(), Status> {
    caller.directory().get_organization(v1::GetOrganizationRequest {}).await.map(drop)
}

fn recording(request_id: &str) -> v1::RecordInteractionRequest {
    v1::RecordInteractionRequest { request_id: request_id.to_owned(), interaction: Some(call("nora", "carla")) }
}

async fn a_person_has_so_many_calls_in_flight(server: Server) {
    let server = configured(&server, |config| config.limits.max_calls_per_subject = 2).await.with_organization().await;
    let nora = bearer(&server, Role::Staff, "nora");
    let mut wire = Wire::connect(server.address()).await;
    let mut first = wire.begin(ORGANIZATION, &[("authorization", &nora)]).await;
    let _second = wire.begin(ORGANIZATION, &[("authorization", &nora)]).await;
    // Calls of one connection are taken up side by side.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let third = wire.send(ORGANIZATION, &[("authorization", &nora)], &v1::GetOrganizationRequest {}).await;
    let status = timeout(SOON, third.answered()).await.unwrap().status;
    assert_eq!(verdict(&status), (Code::ResourceExhausted, "RATE_LIMITED".to_owned()));
    assert!(may_be_retried(&status));
    organization(&server.staff("nils")).await.unwrap();
    // The same person on another connection.
    refused(organization(&server.staff("nora")).await);
    first.say(&v1::GetOrganizationRequest {});
    assert_eq!(first.answered().await.status.code(), Code::Ok);
    organization(&server.staff("nora")).await.unwrap();
}

/// Summaries that take as long as they can: of one person one is at it, and ordinary reads have readers of their own.
async fn heavy_reads_of_a_person_keep_nobody_waiting(server: Server) {
    let server = server.with_organization().await;
    let summarize = |staff_id: &str| {
        let mut interactions = server.staff(staff_id).interactions();
        let request =
            v1::SummarizeInteractionsRequest { group_by: v1::SummaryGrouping::Topic.into(), ..Default::default() };
        async move { interactions.summarize_interactions(request).await }
    };
    let blocked = server.block_interactions().await;
    let mut of_nora: JoinSet<_> = (0..12).map(|_| summarize("nora")).collect();
    let of_nils = tokio::spawn(summarize("nils"));
    for _ in 0..11 {
        let refusal = refused(of_nora.join_next().await.unwrap().unwrap());
        assert_eq!(verdict(&refusal), (Code::ResourceExhausted, "RATE_LIMITED".to_owned()));
        organization(&server.staff("nils")).await.unwrap();
    }
    drop(blocked);
    of_nora.join_next().await.unwrap().unwrap().unwrap();
    of_nils.await.unwrap().unwrap();
}

async fn what_is_out_of_time_is_not_begun(server: Server) {
    let server = server.with_organization().await;
    let crm = bearer(&server, Role::App, "crm");
    let mut wire = Wire::connect(server.address()).await;
    let over = (Code::DeadlineExceeded, "TIMED_OUT".to_owned());
    for none in ["0n", "0S", "1n"] {
        let sent = wire.send(RECORD, &[("authorization", &crm), ("grpc-timeout", none)], &recording("late")).await;
        let status = timeout(SOON, sent.answered()).await.unwrap().status;
        assert_eq!((verdict(&status), outcome(&status)), (over.clone(), String::new()), "{none}");
    }
    // Its message comes when the time is over.
    let mut sent = wire.begin(RECORD, &[("authorization", &crm), ("grpc-timeout", "200m")]).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    sent.say(&recording("late"));
    let status = timeout(SOON, sent.answered()).await.unwrap().status;
    assert_eq!((verdict(&status), outcome(&status)), (over, String::new()));
    // No call of anybody has written anything.
    organization(&server.app()).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 0);
    let sent = wire.send(RECORD, &[("authorization", &crm), ("grpc-timeout", "20S")], &recording("late")).await;
    assert_eq!(sent.answered().await.status.code(), Code::Ok);
}

async fn a_caller_out_of_time_is_told_that_nobody_knows(server: Server) {
    let server = server.with_organization().await;
    let crm = bearer(&server, Role::App, "crm");
    let mut wire = Wire::connect(server.address()).await;
    let blocked = server.block_writes().await;
    let sent = wire.send(RECORD, &[("authorization", &crm), ("grpc-timeout", "300m")], &recording("slow")).await;
    let status = timeout(SOON, sent.answered()).await.unwrap().status;
    assert_eq!(verdict(&status), (Code::DeadlineExceeded, "TIMED_OUT".to_owned()));
    assert_eq!(outcome(&status), "unknown");
    blocked.close().await.unwrap();
    let again = async {
        while server.app().record_as("slow", call("nora", "carla")).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(SOON, again).await.unwrap();
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 1);
}

async fn a_page_runs_out_of_time_too(server: Server) {
    let server = server.with_organization().await;
    let crm = bearer(&server, Role::App, "crm");
    let blocked = server.block_writes().await;
    for (time, unknown) in [("0n", false), ("300m", true)] {
        let headers = [
            ("content-type", "application/grpc-web+proto"),
            ("x-grpc-web", "1"),
            ("authorization", crm.as_str()),
            ("grpc-timeout", time),
        ];
        let message = recording("web").encode_to_vec();
        let body = [&[0], &u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat();
        let answer = timeout(SOON, http::request(server.address(), "POST", RECORD, &headers, &body)).await.unwrap();
        assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("4")));
        let details = STANDARD_NO_PAD.decode(answer.header("grpc-status-details-bin").unwrap()).unwrap();
        let status = Status::with_details(Code::DeadlineExceeded, "", details.into());
        assert_eq!(verdict(&status).1, "TIMED_OUT");
        assert_eq!(outcome(&status) == "unknown", unknown, "{time}");
    }
    blocked.close().await.unwrap();
}

const LIST: &str = "/rapport.v1.InteractionService/ListInteractions";

/// Interactions whose conclusions make an answer large.
async fn with_long_conclusions(server: &Server, count: usize) {
    let long = "x".repeat(4_000);
    let one = |_| v1::RecordInteractionRequest {
        request_id: request_id(),
        interaction: Some(v1::Interaction { conclusion: long.clone(), ..call("nora", "carla") }),
    };
    let requests = (0..count).map(one).collect();
    let request = v1::BatchRecordInteractionsRequest { requests };
    let results = server.app().interactions().batch_record_interactions(request).await.unwrap().into_inner().results;
    assert!(results.iter().all(|one| matches!(one.result, Some(v1::record_item_result::Result::Recorded(_)))));
}

fn listing(page_token: String) -> v1::ListInteractionsRequest {
    v1::ListInteractionsRequest { page_size: 500, page_token, ..Default::default() }
}

async fn a_page_ends_by_bytes_and_goes_on(server: Server) {
    let server = server.with_organization().await;
    with_long_conclusions(&server, 400).await;
    let (mut found, mut pages, mut token) = (0, 0, String::new());
    loop {
        let page = server.app().interactions().list_interactions(listing(token)).await.unwrap().into_inner();
        assert!(page.encoded_len() < 1_300_000, "{}", page.encoded_len());
        (found, pages, token) = (found + page.interactions.len(), pages + 1, page.next_page_token);
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, 400);
    assert!(pages >= 2, "{pages}");
}

async fn an_answer_that_nobody_takes_is_given_up(server: Server) {
    let limit = Duration::from_millis(500);
    let server = configured(&server, |config| config.limits.slow_reader = limit).await.with_organization().await;
    with_long_conclusions(&server, 200).await;
    let nora = bearer(&server, Role::Staff, "nora");
    let mut slow = Wire::with_window(server.address(), 1_000).await;
    let sent = slow.send(LIST, &[("authorization", &nora)], &listing(String::new())).await;
    let (status, body) = timeout(SOON, sent.head()).await.unwrap();
    assert!(status.is_none());
    tokio::time::sleep(limit * 4).await;
    let late = timeout(SOON, read(body)).await.unwrap();
    assert_eq!(verdict(&late.status), (Code::ResourceExhausted, "SLOW_READER".to_owned()));
    assert!(late.bytes < 100_000, "{}", late.bytes);
    // A caller who reads gets all of it.
    let mut wire = Wire::connect(server.address()).await;
    let sent = wire.send(LIST, &[("authorization", &nora)], &listing(String::new())).await;
    let whole = timeout(SOON, sent.answered()).await.unwrap();
    assert_eq!(whole.status.code(), Code::Ok);
    assert!(whole.bytes > 800_000, "{}", whole.bytes);
}

async fn unread_answers_are_counted(server: Server) {
    let server = configured(&server, |config| config.limits.unread_bytes_per_subject = 1_500_000).await;
    let server = server.with_organization().await;
    with_long_conclusions(&server, 250).await;
    let nora = bearer(&server, Role::Staff, "nora");
    let mut slow = Wire::with_window(server.address(), 1_000).await;
    let mut unread = Vec::new();
    let mut refusals = 0;
    for _ in 0..6 {
        let sent = slow.send(LIST, &[("authorization", &nora)], &listing(String::new())).await;
        match timeout(SOON, sent.head()).await.unwrap() {
            (None, body) => unread.push(body),
            (Some(status), _) => {
                assert_eq!(verdict(&status), (Code::ResourceExhausted, "RATE_LIMITED".to_owned()));
                assert!(may_be_retried(&status));
                refusals += 1;
            }
        }
    }
    assert_eq!((unread.len(), refusals), (1, 5));
    // Nobody else pays for it, and it is over when it is read.
    organization(&server.staff("nils")).await.unwrap();
    read(unread.pop().unwrap()).await;
    let sent = slow.send(LIST, &[("authorization", &nora)], &listing(String::new())).await;
    assert_eq!(timeout(SOON, sent.answered()).await.unwrap().status.code(), Code::Ok);
}

async fn a_vote_that_is_too_large_is_refused_by_name(_: Server) {
    let entries = |count| (0..count).map(|n| Entry { id: format!("e{n:03}"), team: format!("t{n:03}") });
    let voters = |count| (0..count).map(|n| Voter { id: format!("v{n}"), team: None, conflicts: BTreeSet::new() });
    let terms = |form| Terms { form, panel_size: 8, one_way: OneWay::Auto, earlier: BTreeSet::new() };
    let refused = |form, most: usize, many: usize| {
        let (entries, voters): (Vec<_>, Vec<_>) = (entries(most).collect(), voters(many).collect());
        deal(&terms(form), &entries, &voters, &Seed::from_bytes(vec![1])).unwrap_err()
    };
    let ranked = Form::RankedPanel;
    assert_eq!(refused(ranked, 501, 20_001), [Refusal::TooManyEntries(501), Refusal::TooManyVoters(20_001)]);
    let places = Refusal::TooManyPlaces { entries: 500, voters: 2_001 };
    assert!(places.to_string().contains("at most 1000000"), "{places}");
    assert_eq!(refused(Form::OpenChoice, 500, 2_001), [places]);
}

async fn a_large_vote_is_dealt_beside_the_writes_of_others(server: Server) {
    let server = server.with_organization().await;
    // As many as there can be in one batch of people.
    enrol(&server, &[3; 160]).await;
    let vote = Vote::announce(&server, 160, dealt()).await;
    let opening = async {
        let begun = Instant::now();
        vote.open(&server).await.unwrap();
        begun.elapsed()
    };
    let writing = async {
        let mut longest = Duration::ZERO;
        for _ in 0..40 {
            let begun = Instant::now();
            server.app().record(call("nora", "carla")).await.unwrap();
            longest = longest.max(begun.elapsed());
        }
        longest
    };
    let (opened, waited) = tokio::join!(opening, writing);
    assert!(opened < Duration::from_secs(10), "{opened:?}");
    assert!(waited < Duration::from_secs(4), "{waited:?} while opening took {opened:?}");
    let voter = server.staff(&member(0, 0));
    assert_eq!(vote.panel(&voter).await.len(), 8);
}

async fn a_hostile_file_is_refused_soon(_: Server) {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let said = async |arguments: Vec<String>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let output = timeout(SOON, output).await.unwrap().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
    };
    let all = |count: usize| {
        let entry = |n| format!(r#"{{"entry": "e{n}", "team": "t{n}"}}"#);
        format!(r#"{{"entries": [{}]}}"#, (0..count).map(entry).collect::<Vec<_>>().join(","))
    };
    let tally = |rules: String, ballots: String| vec!["tally".to_owned(), "--rules".to_owned(), rules, ballots];
    let few = write("few.json", &all(6));
    let ballots = write("ballots.jsonl", &"{}\n".repeat(100_001));
    let text = said(tally(write("many.json", &all(20_000)), ballots.clone())).await;
    assert!(text.contains("20000 entries are too many: at most 2000"), "{text}");
    let text = said(tally(few.clone(), ballots)).await;
    assert!(text.contains("100001 ballots are too many: at most 100000"), "{text}");
    let large = directory.path().join("large.json");
    std::fs::File::create(&large).unwrap().set_len(65 * 1024 * 1024).unwrap();
    let large = large.display().to_string();
    for arguments in [tally(few, large.clone()), vec!["verify".to_owned(), large]] {
        let text = said(arguments).await;
        assert!(text.contains("larger than 64 MiB"), "{text}");
    }
}
