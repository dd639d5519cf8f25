//! What is left of an erased customer where nobody thinks of them: in the log and the metrics, in closed competitions, in
//! files that are imported again; and that a long history is no hindrance.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use futures::future::join_all;
use rapport::{
    api::v1::{
        self, Callback, Commitment, CompetitionRules, Customer, EraseVoterRequest, ExportCustomerRequest,
        GetPreferencesRequest, Interaction, PreferenceDimension, RecordAudience,
    },
    entities,
};
use serde_json::{Value, json};
use tonic::{Code, Request, Response, Status};

use crate::{
    callbacks::{request, wanted},
    cli::{last_line, rapport, serve, write},
    commitments::{make, promise},
    privacy::{MARK, NUMBER, SUBJECT, consent, erase, export, figures, known_well, reachable, said, set},
    record::{self, check, reviewer},
    results::{all_vote, close, leaderboard},
    support::{
        Backend, Caller, Server, Test,
        client::{Bearer, request_id},
        competition::{Vote, cast, dealt, enrol, member},
        http, on_both, raw, reason, refused,
        sample::{call, customer, participant, phone},
    },
    surveys::{ago, awake, ended, record},
    voting::invite,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        nothing_of_theirs_is_in_log_or_metrics,
        a_closed_competition_keeps_its_figures,
        an_import_run_again_brings_nobody_back,
        what_a_stranger_was_promised_goes_with_them,
        a_long_history_is_read_exported_and_erased,
    ]
}

async fn stated(caller: &Caller, customer_id: &str, dimension: PreferenceDimension) -> Result<(), Status> {
    let statement = v1::StatePreferenceRequest {
        request_id: request_id(),
        customer_id: customer_id.to_owned(),
        dimension: dimension.into(),
        value: said("value"),
        source: said("source"),
        note: said("note"),
    };
    caller.preferences().state_preference(statement).await.map(drop)
}

async fn preferences(caller: &Caller, customer_id: &str) -> Result<v1::GetPreferencesResponse, Status> {
    let request = GetPreferencesRequest { customer_id: customer_id.to_owned(), dimensions: vec![] };
    caller.preferences().get_preferences(request).await.map(Response::into_inner)
}

/// Calls that are refused, with the customer's words where they go wrong.
async fn mistaken(server: &Server) {
    let app = server.app();
    for wrong in [
        Customer { time_zone: said("zone"), ..reachable(SUBJECT) },
        Customer { salutation: said(&"long ".repeat(1_000)), ..reachable(SUBJECT) },
        Customer { salutation: said("\0"), ..reachable(SUBJECT) },
        Customer { aliases: vec![phone(NUMBER)], ..customer("quetzal-2") },
    ] {
        refused(app.upsert_customer(wrong).await);
    }
    for wrong in [
        ended("quetzal-2", 60),
        Interaction { conclusion: said("\u{7}"), ..ended(SUBJECT, 60) },
        Interaction { case_id: said(&"long ".repeat(100)), ..ended(SUBJECT, 60) },
    ] {
        refused(app.record(wrong).await);
    }
    refused(app.get(&said("id")).await);
    refused(stated(&app, SUBJECT, PreferenceDimension::Language).await);
    refused(preferences(&server.customer("carla"), SUBJECT).await);
    refused(preferences(&app, "quetzal-2").await);
    refused(set(&app, v1::SetConsentRequest { value: said("number"), ..consent(SUBJECT, v1::Consent::Granted) }).await);
    let forged = v1::ListCustomersRequest { page_token: said("token"), ..Default::default() };
    refused(app.directory().list_customers(forged).await);
    let page = v1::SubmitSurveyRequest {
        request_id: said("request"),
        survey_token: said("token"),
        score: 1,
        comment: said("comment"),
        ..Default::default()
    };
    refused(app.surveys().submit_survey(page).await);
    // Two who write the same at once get in each other's way.
    let at_once = (0..8).map(|_| async { app.upsert_customer(reachable(SUBJECT)).await });
    join_all(at_once).await;

    for bearer in [Bearer::of(SUBJECT), Bearer::headers([format!("Basic {SUBJECT}").parse().unwrap()])] {
        let stranger = Caller::new(server.channel(), bearer);
        assert_eq!(refused(preferences(&stranger, SUBJECT).await).code(), Code::Unauthenticated);
    }
    let mut named = Request::new(GetPreferencesRequest { customer_id: SUBJECT.to_owned(), ..Default::default() });
    named.metadata_mut().insert("x-request-id", said("call").parse().unwrap());
    named.metadata_mut().insert("x-customer", said("header").parse().unwrap());
    app.preferences().get_preferences(named).await.unwrap();
    refused(raw::unary(&app, "/rapport.v1.DirectoryService/quetzal", MARK.into()).await);
    // A customer whose id is no text.
    let mut broken = vec![0x12, 0x0b, 0x0a, 0x09, 0xff];
    broken.extend(SUBJECT.as_bytes());
    refused(raw::unary(&app, "/rapport.v1.DirectoryService/UpsertCustomer", broken).await);
}

async fn nothing_of_theirs_is_in_log_or_metrics(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("rapport.toml");
    fs::write(&config, "operations.listen = '127.0.0.1:0'\n[log]\nfilter = 'debug'\ncalls = 'all'\n").unwrap();
    let mut served = serve(&server, server.data_dir(), &["--config", config.to_str().unwrap()]);
    let operations = served.told("readiness address=").parse().unwrap();
    let server = awake(server.calling(&served.address)).await;

    known_well(&server).await;
    enrol(&server, &[3; 6]).await;
    let vote = Vote::announce(&server, 6, dealt()).await;
    let token = invite(&server, &vote, &[SUBJECT]).await.remove(0);
    vote.open(&server).await.unwrap();
    vote.ballot_of(&server.app(), &token).await.unwrap();
    mistaken(&server).await;
    export(&server.admin(), SUBJECT).await.unwrap();

    erase(&server.admin(), SUBJECT).await.unwrap();
    for caller in [server.app(), server.customer(SUBJECT)] {
        refused(preferences(&caller, SUBJECT).await);
    }
    assert_eq!(reason(&refused(server.app().upsert_customer(reachable(SUBJECT)).await)), "CUSTOMER_ERASED");
    server.app().record(ended(SUBJECT, 60)).await.unwrap();
    let whom = EraseVoterRequest { request_id: request_id(), voter_id: SUBJECT.to_owned() };
    server.admin().competitions().erase_voter(whom).await.unwrap();
    // Faults of the server's own are logged with their cause.
    server.execute("DROP TABLE preference_statement").await;
    server.app().upsert_customer(customer("quetzal-3")).await.unwrap();
    let fault = refused(stated(&server.app(), "quetzal-3", PreferenceDimension::Salutation).await);
    assert_eq!(fault.code(), Code::Internal);

    http::request(
        served.address.parse().unwrap(),
        "POST",
        "/quetzal?quetzal",
        &[("user-agent", SUBJECT)],
        SUBJECT.as_bytes(),
    )
    .await;
    http::request(operations, "GET", "/quetzal?quetzal", &[("user-agent", SUBJECT)], b"").await;
    let figures = http::request(operations, "GET", "/metrics", &[], b"").await.body;
    let figures = String::from_utf8(figures).unwrap();
    let (status, log) = served.stop();
    assert!(status.success(), "{log}");
    for (what, text) in [("metrics", &figures), ("log", &log)] {
        let theirs: Vec<_> = text.lines().filter(|line| line.to_lowercase().contains(MARK)).collect();
        assert_eq!(theirs, [""; 0], "in the {what}");
    }
    assert!(figures.contains("PrivacyService/EraseCustomer\",code=\"OK\"} 1"), "{figures}");
    for told in ["PrivacyService/EraseCustomer", "internal error", "token refused", "DEBUG"] {
        assert!(log.contains(told), "{told}");
    }
    assert!(!log.contains(&token) && !log.contains("were lost"));
}

/// The customer is served by a colleague and rates them.
async fn rates(server: &Server, staff_id: &str, score: i32) {
    let told = Interaction { participants: vec![participant(staff_id)], ..ended(SUBJECT, 60) };
    let rating = v1::Rating {
        interaction_id: record(server, told).await,
        template_id: "csat".to_owned(),
        score,
        comment: said("comment"),
        answered_time: ago(30),
        ..Default::default()
    };
    let request = v1::SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
    server.app().ratings().submit_rating(request).await.unwrap();
}

async fn a_closed_competition_keeps_its_figures(server: Server) {
    let (teams, size) = (6, 3);
    enrol(&server, &[size; 6]).await;
    server.app().upsert_customer(reachable(SUBJECT)).await.unwrap();
    for team in 0..teams {
        for number in 0..size {
            rates(&server, &member(team, number), 5 - i32::try_from((team + number) % 5).unwrap()).await;
        }
    }
    let day = |seconds| jiff::Timestamp::from_second(ago(seconds).unwrap().seconds).unwrap().strftime("%F").to_string();
    let rules = CompetitionRules {
        // Of which a final record holds all that its result follows from.
        tally: v1::TallyMethod::TrimmedTeamMean.into(),
        blend_bp: 2_500,
        blend_first_day: day(86_400),
        blend_last_day: day(0),
        dispute_window: Some(prost_types::Duration::default()),
        ..dealt()
    };
    let vote = Vote::announce(&server, teams, rules).await;
    let tokens = invite(&server, &vote, &[SUBJECT, "carla", "dora"]).await;
    vote.open(&server).await.unwrap();
    all_vote(&server, &vote, teams, size).await;
    for ballot_token in tokens.clone() {
        let mine = vote.ballot_of(&server.app(), &ballot_token).await.unwrap();
        let entries: Vec<String> = mine.panel.into_iter().map(|entry| entry.entry_id).collect();
        cast(&server.app(), v1::CastBallotRequest { ballot_token, ..vote.casting(&entries, 0) }).await.unwrap();
    }
    close(&server, &vote).await.unwrap();

    let published = async || {
        let auditor = reviewer(&server, "rita");
        let record = record::export(&auditor, &vote.id, RecordAudience::Auditor).await.unwrap();
        let key = &record["keys"][0];
        let key = format!("{}={}", key["id"].as_str().unwrap(), key["public_key"].as_str().unwrap());
        let (code, report) = check(&server, &record, &["--key", &key]).await;
        assert_eq!((code, &report["ok"], &report["not_checked"]), (Some(0), &json!(true), &json!([])), "{report}");
        (leaderboard(&server, &vote).await.unwrap(), record, figures(&server).await)
    };
    let rolls = || server.number("SELECT count(*) FROM competition_voter WHERE voter_id = 'quetzal-1'");
    let before = published().await;
    assert!(before.0.standings.iter().all(|one| one.outcome.is_some()), "the customer's ratings weigh: {:?}", before.0);
    assert!(before.2.iter().any(|card| card.answered == 18) && rolls().await == 1);

    let receipt = erase(&server.admin(), SUBJECT).await.unwrap();
    assert!(receipt.text.contains("\ncompetition_voter 1\n"), "{}", receipt.text);
    assert_eq!(rolls().await, 0);
    let after = published().await;
    assert_eq!(after.0, before.0, "the leaderboard");
    assert_eq!(after.1, before.1, "the record");
    assert_eq!(after.2, before.2, "the scorecards");
    assert!(!after.1.to_string().contains(MARK));
    assert_eq!(reason(&refused(vote.ballot_of(&server.app(), &tokens[0]).await)), "BALLOT_TOKEN_INVALID");
    vote.ballot_of(&server.app(), &tokens[1]).await.unwrap();
}

const DIRECTORY: &str = r#"
source = "erasure"

[customer]
customer_id = { column = "customer" }
salutation = { column = "said" }

[[customer.aliases]]
kind = { constant = "phone" }
value = { column = "number" }
"#;

const INTERACTIONS: &str = r#"
source = "erasure"
key = "id"

[unknown]
customers = "create"

[interaction]
channel = { constant = "inbound_call" }
outcome = { constant = "answered" }
requested_time = { from = { column = "asked", format = "%Y-%m-%d %H:%M" } }
customer_id = { column = "customer" }
case_id = { column = "said" }
conclusion = { column = "said" }

[interaction.customer_alias]
kind = { constant = "phone" }
value = { column = "number" }

[[interaction.participants]]
staff_id = { constant = "nora" }
"#;

const RATINGS: &str = r#"
[template]
template_id = "csat"

[rating]
score = { column = "score" }
comment = { column = "said" }
answered_time = { column = "asked", format = "%Y-%m-%d %H:%M" }
"#;

const CUSTOMERS: &str = "customer,said,number
quetzal-1,quetzal Frau,+86 quetzal 0001
somebody,Sir,+86 2
";

/// The second is by the number only.
const ROWS: &str = "id,asked,customer,said,number,score
1,2025-03-03 09:00,quetzal-1,quetzal one,,5
2,2025-03-03 10:00,,quetzal two,+86 quetzal 0001,4
3,2025-03-03 11:00,somebody,three,,3
";

async fn an_import_run_again_brings_nobody_back(server: Server) {
    let server = server.with_organization().await;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| write(directory.path(), name, text);
    let (customers, rows) = (file("customers.csv", CUSTOMERS), file("rows.csv", ROWS));
    let mapping = |mode: &str| file(&format!("{mode}.toml"), &format!("mode = \"{mode}\"\n{DIRECTORY}"));
    let (merge, replace, create_only) = (file("merge.toml", DIRECTORY), mapping("replace"), mapping("create_only"));
    let interactions = file("interactions.toml", INTERACTIONS);
    let ratings = file("ratings.toml", &format!("{INTERACTIONS}{RATINGS}"));
    let endpoint = server.endpoint();
    let import = async |what: &str, file: &str, mapping: &str| {
        let arguments = ["import", what, file, "--mapping", mapping, "--endpoint", &endpoint, "--json"];
        let told = last_line(&rapport(&server, &arguments).await);
        ["accepted", "already_present", "rejected"].map(|count| told[count].as_i64().unwrap())
    };
    assert_eq!(import("directory", &customers, &replace).await, [2, 0, 0]);
    assert_eq!(import("interactions", &rows, &interactions).await, [3, 0, 0]);
    assert_eq!(import("ratings", &rows, &ratings).await, [3, 0, 0]);
    let before = figures(&server).await;
    erase(&server.admin(), SUBJECT).await.unwrap();

    assert_eq!(import("directory", &customers, &replace).await, [1, 1, 0], "somebody is written again");
    assert_eq!(import("directory", &customers, &create_only).await, [0, 2, 0]);
    assert_eq!(import("directory", &customers, &merge).await, [0, 2, 0]);
    assert_eq!(import("interactions", &rows, &interactions).await, [0, 3, 0]);
    assert_eq!(import("ratings", &rows, &ratings).await, [0, 3, 0]);
    assert_eq!(figures(&server).await, before);
    // Nor does a mapping that says more.
    let more = file(
        "more.toml",
        &INTERACTIONS
            .replace("\n[[interaction.p", "\n[interaction.context]\npage = { column = \"said\" }\n\n[[interaction.p"),
    );
    assert_eq!(import("interactions", &rows, &more).await, [0, 0, 3]);
    let more = file("more.toml", &INTERACTIONS.replace("\nconclusion", "\ntopic = { column = \"said\" }\nconclusion"));
    assert_eq!(import("interactions", &rows, &more).await, [0, 0, 2], "the third is completed");
    // Work with the customer that the file did not have before is recorded as work with nobody in particular.
    let rows = file("more.csv", &format!("{ROWS}4,2025-03-03 12:00,quetzal-1,quetzal four,+86 quetzal 0001,\n"));
    assert_eq!(import("interactions", &rows, &interactions).await, [1, 3, 0]);
    let all = [
        "SELECT customer_id FROM customer ORDER BY customer_id",
        "SELECT coalesce(written, value) FROM customer_alias",
        "SELECT DISTINCT customer_id FROM interaction WHERE customer_id IS NOT NULL",
        "SELECT conclusion FROM interaction WHERE conclusion IS NOT NULL",
        "SELECT topic FROM interaction WHERE topic IS NOT NULL",
        "SELECT comment FROM rating WHERE comment IS NOT NULL",
    ];
    let kept: Vec<Vec<String>> = join_all(all.map(|sql| server.texts(sql))).await;
    let expected: [&[&str]; 6] =
        [&["carla", "dmitri", "dora", "somebody"], &["+86 2"], &["somebody"], &["three"], &["three"], &["three"]];
    assert_eq!(kept, expected);
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 4);
}

/// For an interaction that was nobody's when they were made, and became the customer's with a number of theirs.
async fn what_a_stranger_was_promised_goes_with_them(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    let called = Interaction { customer_alias: Some(phone(NUMBER)), ..call("nora", "") };
    let interaction_id = app.record(called).await.unwrap().interaction_id;
    let promised = Commitment { interaction_id: interaction_id.clone(), what: said("refund"), ..promise("nora", "") };
    make(&app, promised).await.unwrap();
    let elsewhere = Callback { interaction_id, topic: String::new(), ..wanted("north", "13800000001") };
    request(&app, elsewhere).await.unwrap();
    app.upsert_customer(reachable(SUBJECT)).await.unwrap();
    assert_eq!(server.texts("SELECT customer_id FROM interaction").await, [SUBJECT]);

    erase(&server.admin(), SUBJECT).await.unwrap();
    assert_eq!(server.texts("SELECT what FROM commitment WHERE what <> ''").await, [""; 0]);
    let kept = "SELECT point_value FROM callback WHERE point_value IS NOT NULL OR context IS NOT NULL";
    assert_eq!(server.texts(kept).await, [""; 0]);
}

/// Rows like those that a table has, many of them: other values for some columns, `n` being the number of a row.
async fn multiply(server: &Server, table: &str, from: &str, other: &[(&str, &str)]) {
    let columns = entities::all().into_iter().find(|one| one.name() == table).unwrap().shape.columns;
    let (columns, values): (Vec<_>, Vec<_>) = columns
        .iter()
        .map(|column| {
            let column = column.name;
            let value = other.iter().find(|(name, _)| *name == column);
            (format!("\"{column}\""), value.map_or(format!("{table}.\"{column}\""), |(_, value)| (*value).to_owned()))
        })
        .unzip();
    let sql = format!("INSERT INTO {table} ({}) SELECT {} FROM {from}", columns.join(", "), values.join(", "));
    server.execute(&sql).await;
}

async fn a_long_history_is_read_exported_and_erased(server: Server) {
    // In a debug build 100,000 take most of a minute, so those are for examples/preferences.
    const MANY: usize = 20_000;
    let server = server.with_organization().await;
    server.app().upsert_customer(reachable(SUBJECT)).await.unwrap();
    rates(&server, "nora", 4).await;
    let numbers = format!(
        "(WITH RECURSIVE numbers AS (SELECT CAST(2 AS bigint) AS n UNION ALL SELECT n + 1 FROM numbers WHERE n < {MANY})
        SELECT n FROM numbers) AS numbers"
    );
    let random = match server.backend() {
        Backend::Sqlite => "randomblob(16)",
        Backend::Postgres => "gen_random_uuid()",
    };
    let (number, kind) = (format!("CASE n % 4 WHEN 0 THEN '{NUMBER}' END"), v1::ContactKind::Phone as i32);
    let kind = format!("CASE n % 4 WHEN 0 THEN {kind} END");
    let others = [
        ("id", random),
        ("request_key", random),
        // Every fourth came under a number.
        ("alias_kind", &kind),
        ("alias_value", &number),
        ("case_id", "'quetzal ' || (n % 8000)"),
        ("occurred_at", "occurred_at - 1000000 * n"),
        ("conclusion", "'quetzal ' || n"),
    ];
    multiply(&server, "interaction", &format!("interaction, {numbers}"), &others).await;
    let rated = "rating, interaction WHERE interaction.occurred_at / 1000000 % 10 = 0";
    let others = [("id", random), ("request_key", random), ("interaction_id", "interaction.id")];
    multiply(&server, "rating", rated, &others).await;
    let ratings = server.number("SELECT count(*) FROM rating").await;
    assert!(ratings > 1_000, "{ratings}");

    assert_eq!(preferences(&server.customer(SUBJECT), SUBJECT).await.unwrap().interaction_count, 200);
    let (mut ids, mut page_token) = (BTreeMap::<String, BTreeSet<String>>::new(), String::new());
    loop {
        let request = ExportCustomerRequest { customer_id: SUBJECT.to_owned(), page_size: 1_000, page_token };
        let page = server.admin().privacy().export_customer(request).await.unwrap().into_inner();
        for line in page.json_lines {
            let line: Value = serde_json::from_str(&line).unwrap();
            let Some(id) = line["row"]["id"].as_str() else { continue };
            let table = line["table"].as_str().unwrap().to_owned();
            assert!(ids.entry(table).or_default().insert(id.to_owned()), "{line} is there twice");
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let exported = ["interaction", "rating"].map(|table| i64::try_from(ids[table].len()).unwrap());
    assert_eq!(exported, [i64::try_from(MANY).unwrap(), ratings]);

    let receipt = erase(&server.admin(), SUBJECT).await.unwrap();
    for line in [format!("\ninteraction {MANY}\n"), format!("\nrating {ratings}\n")] {
        assert!(receipt.text.contains(&line), "{}", receipt.text);
    }
    let left = [
        ("interaction WHERE customer_id IS NOT NULL OR alias_value IS NOT NULL", 0),
        ("interaction WHERE case_id LIKE 'quetzal%' OR conclusion IS NOT NULL", 0),
        ("rating WHERE comment IS NOT NULL", 0),
        ("(SELECT DISTINCT case_id FROM interaction WHERE case_id IS NOT NULL) AS matters", 8_000),
        ("rating WHERE score = 4", ratings),
    ];
    for (rows, count) in left {
        assert_eq!(server.number(&format!("SELECT count(*) FROM {rows}")).await, count, "{rows}");
    }
    assert_eq!(reason(&refused(export(&server.admin(), SUBJECT).await)), "CUSTOMER_ERASED");
}
