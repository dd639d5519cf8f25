//! The program itself, run as an operator runs it.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};

use rapport::{
    api::v1::{Interaction, Rating, Role, SubmitRatingRequest},
    clock::Clock,
    config::Config,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    support::{Backend, Server, Test, client::request_id, on_both, private_directory, sample, secret_file},
    surveys,
};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_file_is_imported_once_and_its_bad_rows_come_back,
        a_check_sends_nothing_and_shows_what_would_stand,
        what_is_taken_with_a_remark_is_said,
        a_directory_is_imported,
        an_import_goes_on_after_a_lost_connection,
        a_key_with_other_content_names_the_earlier_line,
        one_more_column_completes_what_is_there,
        a_rating_completes_its_interaction,
        a_broken_mapping_is_told_all_its_mistakes,
        a_token_of_the_data_directory_is_accepted,
        secrets_are_not_taken_from_the_command_line,
        a_directory_that_others_can_read_is_refused,
        a_watch_comes_back_by_itself,
        the_demo_tells_its_story_twice,
        figures_beside_the_ratings_are_printed,
        a_day_is_the_same_in_every_command,
        any_method_is_called_with_json,
        a_stream_is_called_line_by_line,
        a_call_that_fails_says_why,
        a_shell_gets_its_completions,
        a_signal_stops_the_server,
        misspelt_variables_are_named_at_start,
        the_log_has_what_failed_and_everything_on_request,
        calls_become_spans_of_their_callers_traces,
        a_certificate_is_asked_for_and_trusted,
    ]
}

pub(crate) const MAPPING: &str = r#"
source = "cli test"
key = "id"

[unknown]
customers = "create"

[interaction]
channel = { column = "how", values = { call = "inbound_call", mail = "email" } }
direction = { constant = "inbound" }
outcome = { constant = "answered" }
requested_time = { from = { column = "asked", format = "%d/%m/%Y %H:%M" } }
connected_time = { from = { column = "answered", format = "%d/%m/%Y %H:%M" } }
customer_id = { column = "customer" }
"#;

const ROWS: &str = "id,how,asked,answered,customer
1,call,03/03/2025 09:00,03/03/2025 09:02,王女士
2,mail,03/03/2025 10:00,03/03/2025 10:30,王女士
3,fax,03/03/2025 11:00,03/03/2025 11:01,c3
4,call,03/03/2025 12:00,03/03/2025 11:59,c4
5,call,31/02/2025 12:00,,c5
";

pub(crate) async fn rapport(server: &Server, arguments: &[&str]) -> Output {
    rapport_as(server, Role::Admin, "ops", arguments).await
}

/// As somebody of this role.
pub(crate) async fn rapport_as(server: &Server, role: Role, subject: &str, arguments: &[&str]) -> Output {
    let token = server.token(role, subject, &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments).env("RAPPORT_TOKEN", token).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What became of the rows of an import, without the days.
pub(crate) fn counts(output: &Output) -> Value {
    let mut report = last_line(output);
    report.as_object_mut().unwrap().remove("days").unwrap();
    report
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn last_line(output: &Output) -> Value {
    serde_json::from_str(stdout(output).lines().last().unwrap()).unwrap()
}

pub(crate) fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

async fn a_file_is_imported_once_and_its_bad_rows_come_back(server: Server) {
    let directory = private_directory();
    let file = write(directory.path(), "rows.csv", ROWS);
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    let rejects = directory.path().join("rejects.csv").display().to_string();
    let endpoint = server.endpoint();
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let with_rejects = [&import[..], &["--rejects", &rejects]].concat();

    let first = counts(&rapport(&server, &with_rejects).await);
    assert_eq!(
        first,
        json!({"read": 5, "accepted": 2, "already_present": 0, "completed": 0, "skipped": 0, "rejected": 3})
    );
    let kept = std::fs::read_to_string(&rejects).unwrap();
    let lines: Vec<_> = kept.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].ends_with("id,how,asked,answered,customer"), "{kept}");
    assert!(lines[1].starts_with("4,") && lines[1].contains("fax"), "{kept}");
    assert!(lines[2].starts_with("5,") && lines[2].contains("connected_time must not be before"), "{kept}");
    assert!(lines[3].starts_with("6,") && lines[3].contains("31/02/2025"), "{kept}");

    let second = counts(&rapport(&server, &import).await);
    assert_eq!(
        second,
        json!({"read": 5, "accepted": 0, "already_present": 2, "completed": 0, "skipped": 0, "rejected": 3})
    );

    // Mended, the rejected rows go in, from the rejects file itself.
    let mended = kept.replace("fax", "call").replace("11:59", "12:01").replace("31/02", "03/03");
    let mended = write(directory.path(), "mended.csv", &mended);
    let import = ["import", "interactions", &mended, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let third = counts(&rapport(&server, &import).await);
    assert_eq!(
        third,
        json!({"read": 3, "accepted": 3, "already_present": 0, "completed": 0, "skipped": 0, "rejected": 0})
    );

    let summary = rapport(&server, &["summary", "--by", "channel", "--endpoint", &endpoint, "--json"]).await;
    let groups = last_line(&summary)["groups"].clone();
    let counts: Vec<_> =
        groups.as_array().unwrap().iter().map(|one| (one["key"].clone(), one["count"].clone())).collect();
    assert_eq!(counts, [(json!("email"), json!(1)), (json!("inbound_call"), json!(4))]);
    let wait = &groups[1]["wait_seconds"];
    assert_eq!((&wait["known"], &wait["median"]), (&json!(3), &json!(60.0)));
    let table = rapport(&server, &["summary", "--by", "hour", "--endpoint", &endpoint]).await;
    assert!(stdout(&table).contains("total"));
}

async fn a_check_sends_nothing_and_shows_what_would_stand(server: Server) {
    let directory = private_directory();
    let file = write(directory.path(), "rows.csv", ROWS);
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    let checked = last_line(
        &rapport(&server, &["import", "check", "interactions", &file, "--mapping", &mapping, "--json"]).await,
    );
    let counts = ["read", "sent", "skipped", "rejected"].map(|count| checked[count].as_u64().unwrap());
    assert_eq!(counts, [5, 2, 0, 3]);
    assert_eq!(checked["preview"].as_array().unwrap().len(), 2);
    assert_eq!(checked["preview"][0]["channel"], "inbound_call");
    let unread: u64 = checked["columns"].as_array().unwrap().iter().map(|one| one["unread"].as_u64().unwrap()).sum();
    assert!(unread >= 1, "{checked}");
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 0);
}

async fn what_is_taken_with_a_remark_is_said(server: Server) {
    let directory = private_directory();
    // The clocks went back at three; the second row has the key of the first.
    let rows = "id,how,asked,answered,customer\n1,call,26/10/2025 02:30,,a\n1,call,26/10/2025 09:30,,a\n\
                2,call,26/10/2025 02:40,,b\n";
    let file = write(directory.path(), "rows.csv", rows);
    let mapping = write(directory.path(), "mapping.toml", &format!("time_zone = \"Europe/Berlin\"\n{MAPPING}"));
    let check = rapport(&server, &["import", "check", "interactions", &file, "--mapping", &mapping]).await;
    let told = stdout(&check);
    assert!(told.starts_with("read 3, to be sent 2, skipped 0, rejected 1"), "{told}");
    assert!(told.contains("1 rows, first in line 3: has the key of line 2"), "{told}");
    assert!(told.contains("note: 2 rows, first in line 2: a local time that the clocks showed twice"), "{told}");
    let endpoint = server.endpoint();
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint];
    let output = rapport(&server, &import).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("note: 2 rows, first in line 2: a local time that the clocks showed twice"), "{told}");
    // What was found in the file and nobody had said is told by all that read it.
    let latin = directory.path().join("latin.csv");
    std::fs::write(&latin, b"id;how;asked;answered;customer\n1;call;03/03/2025 09:00;;M\xfcller\n").unwrap();
    let latin = latin.display().to_string();
    let check = ["import", "check", "interactions", &latin, "--mapping", &mapping];
    for command in [&check[..], &["import", "suggest", &latin]] {
        let told = String::from_utf8_lossy(&rapport(&server, command).await.stderr).into_owned();
        assert!(told.contains("latin.csv: ") && told.contains("windows-125"), "{told}");
    }
}

/// Passes bytes on to the server, and cuts the first connections when they have sent so many.
async fn cutting_proxy(server: &Server, cuts: usize, after: u64) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = server.endpoint().replace("http://", "");
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = tokio::net::TcpStream::connect(&server).await.unwrap();
            tokio::spawn(async move {
                if connection >= cuts {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    return;
                }
                let ((from_client, mut to_client), (mut from_server, mut to_server)) = (client.split(), server.split());
                let mut some = tokio::io::AsyncReadExt::take(from_client, after);
                tokio::select! {
                    _ = tokio::io::copy(&mut some, &mut to_server) => {}
                    _ = tokio::io::copy(&mut from_server, &mut to_client) => {}
                }
            });
        }
    });
    endpoint
}

async fn an_import_goes_on_after_a_lost_connection(server: Server) {
    const COUNT: u64 = 3000;
    let directory = private_directory();
    let row = |number| format!("{number},call,03/03/2025 09:00,03/03/2025 09:02,c{}\n", number % 50);
    let rows: String = (0..COUNT).map(row).collect();
    let file = write(directory.path(), "rows.csv", &format!("id,how,asked,answered,customer\n{rows}"));
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    let endpoint = cutting_proxy(&server, 2, 100_000).await;
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let output = rapport(&server, &import).await;
    let report = last_line(&output);
    assert!(String::from_utf8_lossy(&output.stderr).contains("the connection is lost"), "{report}");
    let went_in = report["accepted"].as_u64().unwrap() + report["already_present"].as_u64().unwrap();
    assert_eq!((&report["read"], went_in, &report["rejected"]), (&json!(COUNT), COUNT, &json!(0)), "{report}");
    let day = json!([{"day": "2025-03-03", "channel": "inbound_call", "rows": COUNT}]);
    assert_eq!(report["days"], day);
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, i64::try_from(COUNT).unwrap());

    // Nobody there at all: it says so when patience ends.
    let endpoint = cutting_proxy(&server, usize::MAX, 3000).await;
    let impatient =
        ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--patience", "1"];
    let told = stderr(&rapport(&server, &impatient).await);
    assert!(told.contains("has not answered for 1 seconds") && told.contains("run it again"), "{told}");
}

async fn a_key_with_other_content_names_the_earlier_line(server: Server) {
    let directory = private_directory();
    let rows = "id,how,asked,answered,customer\n1,call,03/03/2025 09:00,,a\n2,call,03/03/2025 09:00,,a\n\
                1,call,03/03/2025 10:00,,a\n2,call,03/03/2025 09:00,,a\n";
    let file = write(directory.path(), "rows.csv", rows);
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    let endpoint = server.endpoint();
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let output = rapport(&server, &import).await;
    let expected = json!({"read": 4, "accepted": 2, "already_present": 1, "completed": 0, "skipped": 0, "rejected": 1});
    assert_eq!(counts(&output), expected);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("line 4: has the key of line 2"), "{told}");
}

/// The columns of [`MAPPING`] and two more.
const FULL_ROWS: &str = "id,how,asked,answered,customer,matter,said,score
1,call,03/03/2025 09:00,03/03/2025 09:02,王女士,退货,新的已寄出,5
2,mail,03/03/2025 10:00,03/03/2025 10:30,王女士,Refunds,,4
3,call,03/03/2025 11:00,03/03/2025 11:01,c3,,,3
";

async fn one_more_column_completes_what_is_there(server: Server) {
    let directory = private_directory();
    let endpoint = server.endpoint();
    let import = async |rows: &str, mapping: &str| {
        let file = write(directory.path(), "rows.csv", rows);
        let mapping = write(directory.path(), "mapping.toml", mapping);
        rapport(&server, &["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"])
            .await
    };
    let went = |output: &Output| {
        let told = last_line(output);
        ["accepted", "already_present", "completed", "rejected"].map(|count| told[count].as_u64().unwrap())
    };
    let full = format!("{MAPPING}topic = {{ column = \"matter\" }}\nconclusion = {{ column = \"said\" }}\n");
    assert_eq!(went(&import(FULL_ROWS, MAPPING).await), [3, 0, 0, 0]);
    // Somebody has said of the second what it was about.
    server.execute("UPDATE interaction SET topic = 'Returns' WHERE channel = 4").await;
    let more = format!("{FULL_ROWS}4,call,03/03/2025 12:00,,c4,,,\n");
    let second = import(&more, &full).await;
    assert_eq!(went(&second), [1, 1, 1, 1]);
    let day = json!([{"day": "2025-03-03", "channel": "inbound_call", "rows": 3}]);
    assert_eq!(last_line(&second)["days"], day);
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(told.contains("line 3: interaction 0") && told.contains("is on record: topic differs"), "{told}");
    let topics = server.texts("SELECT topic FROM interaction WHERE topic IS NOT NULL ORDER BY topic").await;
    assert_eq!(topics, ["Returns", "退货"]);
    assert_eq!(server.texts("SELECT conclusion FROM interaction WHERE conclusion IS NOT NULL").await, ["新的已寄出"]);
    assert_eq!(went(&import(&more, &full).await), [0, 3, 0, 1]);
    // With fewer columns nothing is taken away.
    assert_eq!(went(&import(&more, MAPPING).await), [0, 4, 0, 0]);
    // What only a recording tells cannot be added, and then nothing else of the row is.
    let late = format!(
        "{full}case_id = {{ column = \"said\" }}\narrived_time = {{ from = {{ column = \"asked\", format = \"%d/%m/%Y %H:%M\" }} }}\n"
    );
    let refused = import(&more, &late).await;
    assert_eq!(went(&refused), [0, 0, 0, 4]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(told.contains("arrived_time cannot be added any more"), "{told}");
    assert_eq!(server.number("SELECT count(*) FROM interaction WHERE case_id IS NOT NULL").await, 0);
}

async fn a_rating_completes_its_interaction(server: Server) {
    let server = server.with_organization().await;
    let directory = private_directory();
    let endpoint = server.endpoint();
    let rating = "[template]\ntemplate_id = \"csat\"\n\n[rating]\nscore = { column = \"score\" }\n\
                  answered_time = { column = \"asked\", format = \"%d/%m/%Y %H:%M\" }\n";
    let file = write(directory.path(), "rows.csv", FULL_ROWS);
    let import = async |more: &str| {
        let mapping = write(directory.path(), "mapping.toml", &format!("{MAPPING}{more}\n{rating}"));
        let output =
            rapport(&server, &["import", "ratings", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"])
                .await;
        let told = last_line(&output);
        ["accepted", "already_present", "completed", "rejected"].map(|count| told[count].as_u64().unwrap())
    };
    assert_eq!(import("").await, [3, 0, 0, 0]);
    assert_eq!(import("topic = { column = \"matter\" }").await, [0, 1, 2, 0]);
    assert_eq!(import("topic = { column = \"matter\" }").await, [0, 3, 0, 0]);
    assert_eq!(server.number("SELECT count(*) FROM rating").await, 3);
}

async fn a_directory_is_imported(server: Server) {
    let endpoint = server.endpoint();
    let import = [
        "import",
        "directory",
        "examples/data/staff_directory.csv",
        "--mapping",
        "examples/mappings/staff_directory.toml",
        "--endpoint",
        &endpoint,
        "--json",
    ];
    let report = last_line(&rapport(&server, &import).await);
    assert_eq!((&report["rejected"], &report["skipped"]), (&json!(0), &json!(0)));
    let kept = server.number("SELECT (SELECT count(*) FROM staff_member) + (SELECT count(*) FROM customer)").await;
    assert!(kept > 3);
    rapport(&server, &import).await;
    let again = server.number("SELECT (SELECT count(*) FROM staff_member) + (SELECT count(*) FROM customer)").await;
    assert_eq!(again, kept);
}

async fn a_broken_mapping_is_told_all_its_mistakes(server: Server) {
    let directory = private_directory();
    let file = write(directory.path(), "rows.csv", ROWS);
    let broken = MAPPING.replace("column = \"customer\"", "column = \"client\"").replace("source", "sauce");
    let mapping = write(directory.path(), "mapping.toml", &broken);
    let import = ["import", "check", "interactions", &file, "--mapping", &mapping];
    let output = rapport(&server, &import).await;
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for mistake in ["sauce", "source", "client"] {
        assert!(errors.contains(mistake), "{errors}");
    }
}

async fn a_token_of_the_data_directory_is_accepted(server: Server) {
    let data_dir = server.data_dir().display().to_string();
    let arguments = ["token", "--role", "supervisor", "--subject", "petra", "--team", "north", "--data-dir", &data_dir];
    let token = stdout(&rapport(&server, &arguments).await);
    let endpoint = server.endpoint();
    let directory = private_directory();
    let file = secret_file(directory.path(), token.trim());
    let arguments = ["summary", "--by", "team", "--json", "--endpoint", &endpoint, "--token-file", &file];
    assert_eq!(last_line(&rapport(&server, &arguments).await)["groups"], json!([]));
    secret_file(directory.path(), "nonsense");
    assert!(stderr(&rapport(&server, &arguments).await).contains("a valid token is needed"));
}

async fn secrets_are_not_taken_from_the_command_line(server: Server) {
    let token = server.token(Role::Admin, "ops", &[]);
    let endpoint = server.endpoint();
    let summary = ["summary", "--by", "team", "--endpoint", &endpoint];
    for given in [&["--token", &token][..], &["--token"]] {
        let said = stderr(&rapport(&server, &[&summary[..], given].concat()).await);
        assert!(said.contains("--token-file") && said.contains("RAPPORT_TOKEN") && !said.contains(&token), "{said}");
    }
    let directory = private_directory();
    let file = secret_file(directory.path(), &token);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = stderr(&rapport(&server, &[&summary[..], &["--token-file", &file]].concat()).await);
    assert!(said.contains(&format!("chmod 600 {file}")), "{said}");

    let data_dir = directory.path().display().to_string();
    for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["recompute"], &["demo", "--once"]] {
        let url = ["--data-dir", &data_dir, "--database-url", "postgres://me:hunter2@127.0.0.1:1/x"];
        let said = stderr(&rapport(&server, &[command, &url].concat()).await);
        assert!(
            said.contains("--database-url-file") && said.contains(".pgpass") && !said.contains("hunter2"),
            "{said}"
        );
    }
    // In a file it is taken.
    let url = server.database_url().unwrap_or_else(|| format!("sqlite:{}/rapport.db", server.data_dir().display()));
    let file = secret_file(directory.path(), &url);
    let recompute = ["recompute", "--check", "--data-dir", &data_dir, "--database-url-file", &file];
    assert!(stdout(&rapport(&server, &recompute).await).starts_with("0 rating(s)"));
}

async fn a_directory_that_others_can_read_is_refused(server: Server) {
    let directory = private_directory();
    let data_dir = directory.path().join("data");
    let (server, data_dir) = tokio::task::spawn_blocking(move || {
        assert!(serve(&server, &data_dir, &[]).stop().0.success());
        (server, data_dir)
    })
    .await
    .unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data_dir), 0o700);
    let open_up = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open_up(&data_dir, 0o755);
    let path = data_dir.display().to_string();
    let mut start = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", &path];
    let url = server.database_url();
    if let Some(url) = &url {
        start.extend(["--database-url", url]);
    }
    let said = stderr(&rapport(&server, &start).await);
    let mend = format!("chmod -R go= {path}");
    assert!(said.contains(&mend), "{said}");
    if server.backend() == Backend::Sqlite {
        let database = data_dir.join("rapport.db");
        assert_eq!(mode(&database), 0o600);
        open_up(&data_dir, 0o700);
        open_up(&database, 0o644);
        for command in [&start[..], &["recompute", "--data-dir", &path]] {
            let said = stderr(&rapport(&server, command).await);
            assert!(said.contains(&format!("chmod go= {}", database.display())), "{said}");
        }
    }
    // What the error says helps.
    assert!(Command::new("sh").args(["-c", &mend]).status().unwrap().success());
    let served = tokio::task::spawn_blocking(move || serve(&server, &data_dir, &[]).stop().0.success());
    assert!(served.await.unwrap());
}

/// The lines that a command prints, one by one, until this is dropped.
pub(crate) struct Lines {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Lines {
    pub(crate) fn of(server: &Server, arguments: &[&str]) -> Self {
        let token = server.token(Role::Admin, "ops", &[]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
        command.args(arguments).args(["--endpoint", &server.endpoint()]).env("RAPPORT_TOKEN", token);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel(64);
        std::thread::spawn(move || out.lines().try_for_each(|line| sender.blocking_send(line.unwrap())));
        Self { child, lines }
    }

    pub(crate) async fn next(&mut self) -> String {
        self.next_within(Duration::from_secs(30)).await.expect("a line in time")
    }

    pub(crate) async fn next_within(&mut self, time: Duration) -> Option<String> {
        let line = tokio::time::timeout(time, self.lines.recv()).await;
        line.ok().map(|line| line.expect("the command goes on"))
    }

    /// The next JSON object that has a change.
    async fn change(&mut self) -> Value {
        loop {
            let value: Value = serde_json::from_str(&self.next().await).unwrap();
            if !value["change"].is_null() {
                return value;
            }
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

async fn a_watch_comes_back_by_itself(server: Server) {
    let short = |config: &mut Config| config.limits.stream_max_life = Duration::from_millis(500);
    let server = Server::start_with(server.backend(), Clock::system(), short).await.unwrap().with_organization().await;
    let app = server.app();
    let mut watch = Lines::of(&server, &["watch", "--customer", "carla", "--json"]);
    let first: Value = serde_json::from_str(&watch.next().await).unwrap();
    let beginning = first["resume_cursor"].as_str().unwrap().to_owned();
    let mut recorded = Vec::new();
    for _ in 0..3 {
        recorded.push(app.record(sample::call("nora", "carla")).await.unwrap().interaction_id);
        let change = watch.change().await;
        assert_eq!((&change["change"], &change["interaction"]["customer_id"]), (&json!("recorded"), &json!("carla")));
        assert_eq!(change["interaction"]["interaction_id"], json!(recorded.last().unwrap()));
        // It is cut in the meantime.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    drop(watch);
    let mut again = Lines::of(&server, &["watch", "--customer", "carla", "--resume", &beginning]);
    for id in &recorded {
        let line = again.next().await;
        assert!(line.contains("recorded") && line.ends_with(id), "{line}");
    }
    let purpose = ["watch", "--customer", "nobody", "--purpose", "serving", "--endpoint", &server.endpoint()];
    let refused = rapport(&server, &purpose).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no such customer"), "it does not come back for that");
}

async fn the_demo_tells_its_story_twice(server: Server) {
    let directory = private_directory();
    let data_dir = directory.path().display().to_string();
    // In a debug build a thousand months take a minute.
    let mut arguments =
        vec!["demo", "--once", "--story", "--listen", "127.0.0.1:0", "--data-dir", &data_dir, "--redeals", "20"];
    let url = server.database_url();
    if let Some(url) = &url {
        arguments.extend(["--database-url", url]);
    }
    let story = stdout(&rapport(&server, &arguments).await);
    for part in [
        "王女士",
        "the server says it was there already",
        "NotFound",
        "Her call stays with the team she was in then: hotline",
        "the other end of the scale",
        "what counts for staff  3 ratings, mean 3.33",
        "A mismatch: assessed 5, rated 1",
        "the caller has a stake in it",
        "what counts for staff  2 ratings, mean 4.50",
        "the customer's truth   5 ratings, mean 2.60",
        "to 刘洋 it does not exist",
        "it is overdue, level 1",
        "so the quote is 60 s, and it rings in time",
        "broken by the clock, and still owed",
        "陈先生 confirms it: “收到了，谢谢”",
        "3 calls of 3 customers are one incident",
        "exactly those 3 are told so",
        "72 voters in 12 judge teams",
        "there is no result before voting has closed",
        "do not change once voting has opened",
        "a ballot of that team supports the voter's own",
        "dealt panels, pairwise consensus",
        "陈杰 reads at once: “陈老师把学习计划讲得很清楚，谢谢！”",
    ] {
        assert!(story.contains(part), "{part:?} is not in:\n{story}");
    }
    // Votes are cast once; all the rest is told alike.
    let again = stdout(&rapport(&server, &arguments).await);
    let parts = |story: &str| {
        let (before, after) = story.split_once("The service competition").unwrap();
        let (_, after) = after.split_once("The leaderboard:").unwrap();
        let (leaderboard, _) = after.split_once("The same teams once more").unwrap();
        (before.to_owned(), leaderboard.to_owned())
    };
    assert_eq!(parts(&again), parts(&story));
}

async fn a_day_is_the_same_in_every_command(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    // The first and the last moment of 3 March, and the first of the next day.
    for seconds in [-9 * 3_600, 15 * 3_600 - 1, 15 * 3_600] {
        let start = sample::MONDAY_NINE + seconds;
        let at = |seconds: i64| Some(prost_types::Timestamp { seconds: start + seconds, nanos: 999_999_000 });
        let first = Some(prost_types::Timestamp { seconds: start, nanos: 0 });
        let requested_time = if seconds == 15 * 3_600 - 1 { at(0) } else { first };
        let call = Interaction {
            requested_time,
            connected_time: at(30),
            ended_time: at(300),
            ..sample::call("nora", "carla")
        };
        let interaction_id = app.record(call).await.unwrap().interaction_id;
        let rating = Rating {
            interaction_id,
            template_id: "csat".to_owned(),
            template_version: 1,
            score: 4,
            answered_time: at(400),
            ..Default::default()
        };
        let request = SubmitRatingRequest { request_id: request_id(), rating: Some(rating) };
        app.ratings().submit_rating(request).await.unwrap();
    }
    let endpoint = server.endpoint();
    let counts = async |command: &[&str], from: &str, to: &str, count: &str| {
        let mut counts = 0;
        let days = ["--from", from, "--to", to, "--json", "--endpoint", &endpoint];
        let told = last_line(&rapport(&server, &[command, &days].concat()).await);
        for group in ["groups", "ranks"].iter().filter_map(|name| told[name].as_array()).flatten() {
            counts += group[count].as_i64().unwrap();
        }
        counts
    };
    for (from, to, expected) in
        [("2025-03-03", "2025-03-03", 2), ("2025-03-03", "2025-03-04", 3), ("2025-03-04", "2025-03-05", 1)]
    {
        assert_eq!(counts(&["summary", "--by", "team"], from, to, "count").await, expected, "{from} {to}");
        assert_eq!(counts(&["scorecard", "--by", "team"], from, to, "answered").await, expected, "{from} {to}");
        assert_eq!(counts(&["rank", "staff"], from, to, "n").await, expected, "{from} {to}");
        let bias = ["bias", "--from", from, "--to", to, "--json", "--endpoint", &endpoint];
        let told = last_line(&rapport(&server, &bias).await);
        assert_eq!((&told["first_day"], &told["last_day"]), (&json!(from), &json!(to)));
    }
    // An instant is not, as the contract has it; and days are those of the zone.
    let instants = ("2025-03-03T00:00:00Z", "2025-03-04T00:00:00Z");
    assert_eq!(counts(&["summary", "--by", "team"], instants.0, instants.1, "count").await, 2);
    let kolkata = ["summary", "--by", "team", "--time-zone", "Asia/Kolkata"];
    assert_eq!(counts(&kolkata, "2025-03-04", "2025-03-04", "count").await, 2);
}

/// Calls a method as an administrator, with something on standard input.
async fn call(server: &Server, arguments: &[&str], input: &str) -> Output {
    let token = server.token(Role::Admin, "ops", &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.arg("call").args(arguments).args(["--endpoint", &server.endpoint()]).env("RAPPORT_TOKEN", token);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let run = move || {
        let mut child = command.spawn().unwrap();
        // A program that reads nothing closes its input.
        _ = std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes());
        child.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn stderr(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr.clone()).unwrap()
}

const TEAM: &str = r#"{"requestId": "t1", "team": {"team_id": "north", "displayName": "Nord 北"}}"#;

async fn figures_beside_the_ratings_are_printed(server: Server) {
    let server = surveys::awake(server).await;
    let endpoint = server.endpoint();
    let print = async |arguments: &[&str]| {
        let arguments = [arguments, &["--endpoint", &endpoint]].concat();
        rapport(&server, &arguments).await
    };
    let id = surveys::record(&server, surveys::ended("carla", 60)).await;
    surveys::issue(&server, &id).await.unwrap();
    let card = last_line(&print(&["scorecard", "--json"]).await)["groups"][0].clone();
    assert_eq!((&card["invited"], &card["delivered"], &card["responded"]), (&json!(1), &json!(0), &json!(0)));
    assert_eq!((&card["response_rate"], &card["return_after_failure"]), (&json!(0.0), &Value::Null));
    let full = last_line(&print(&["scorecard", "--full", "--json"]).await)["groups"][0].clone();
    assert_eq!(full["first_contact_resolution"]["derived"]["unknown"], 1);
    assert_eq!(full["return_after_failure"]["rate"], Value::Null);
    let table = stdout(&print(&["scorecard", "--full"]).await);
    assert!(table.contains("invited") && table.contains("came back"), "{table}");
    let bias = last_line(&print(&["bias", "--json"]).await);
    assert_eq!((&bias["alarms"], &bias["groups"][0]["invited"]), (&json!(0), &json!(1)));
    assert_eq!((&bias["groups"][0]["key"], &bias["groups"][0]["finding"]), (&json!("nora"), &Value::Null));
    let table = stdout(&print(&["bias", "--by", "outcome"]).await);
    assert!(table.contains("(none)") && table.contains("0 alarm(s)"), "{table}");
}

async fn any_method_is_called_with_json(server: Server) {
    let directory = private_directory();
    let file = format!("@{}", write(directory.path(), "team.json", TEAM));
    let upserted: Value = serde_json::from_str(&stdout(&call(&server, &["UpsertTeam", TEAM], "").await)).unwrap();
    assert_eq!(upserted["outcome"], "UPSERT_OUTCOME_CREATED");
    assert_eq!(upserted["team"]["displayName"], "Nord 北");
    // The same from a file and from standard input: a retry, which is answered alike.
    for (argument, input) in [(file.as_str(), ""), ("-", TEAM)] {
        let again = stdout(&call(&server, &["DirectoryService/UpsertTeam", argument], input).await);
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), upserted);
    }
    let listed = stdout(&call(&server, &["rapport.v1.DirectoryService/ListTeams"], "").await);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap()["teams"][0]["teamId"], "north");

    let methods = stdout(&call(&server, &["--list"], "").await);
    let line = methods.lines().find(|line| line.starts_with("InteractionService/GetInteraction ")).unwrap();
    assert!(line.ends_with("app staff(team) supervisor(team) reviewer admin customer(own)"), "{line}");
    let example = stdout(&call(&server, &["--describe", "RecordInteraction"], "").await);
    let example: Value = serde_json::from_str(&example).unwrap();
    assert_eq!(example["interaction"]["channel"], "CHANNEL_INBOUND_CALL");
    assert_eq!(example["interaction"].get("recordedTime"), None, "what the server fills in is not asked for");
}

async fn a_stream_is_called_line_by_line(server: Server) {
    let line = |id: u32| {
        let interaction = r#"{"channel": "CHANNEL_INBOUND_CALL", "requestedTime": "2025-03-03T09:00:00Z"}"#;
        format!("{{\"request\": {{\"requestId\": \"{id}\", \"interaction\": {interaction}}}}}\n")
    };
    let lines = [line(1), "\n".to_owned(), line(2), line(2)].concat();
    let settled = last_line(&call(&server, &["RecordInteractions"], &lines).await);
    assert_eq!((&settled["settledCount"], &settled["recordedCount"]), (&json!("3"), &json!("2")));

    let broken = [line(3), "{\"requests\": 4}\n".to_owned(), line(5)].concat();
    let output = call(&server, &["RecordInteractions", "-"], &broken).await;
    let errors = stderr(&output);
    assert!(errors.contains("line 2") && errors.contains("did you mean request?"), "{errors}");
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 3, "what came before is recorded");
}

async fn a_call_that_fails_says_why(server: Server) {
    let errors = stderr(&call(&server, &["GetTeem", "{}"], "").await);
    assert_eq!(errors, "error: there is no method GetTeem; did you mean GetTeam or GetTemplate?\n");
    let errors = stderr(&call(&server, &["GetTeam", r#"{"team": "north"}"#], "").await);
    assert_eq!(errors, "error: team is no field of GetTeamRequest; did you mean teamId?\n");
    let errors = stderr(&call(&server, &["GetTeam", r#"{"teamId": "nowhere"}"#], "").await);
    assert_eq!(errors, "error: the server answers NotFound NOT_FOUND: no such team\n");
    let errors = stderr(&call(&server, &["UpsertTeam"], "").await);
    for part in ["InvalidArgument FIELD_REQUIRED", "request_id must not be empty", "team must be set"] {
        assert!(errors.contains(part), "{errors}");
    }
}

async fn a_shell_gets_its_completions(server: Server) {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&rapport(&server, &["completions", shell]).await);
        assert!(script.contains("completions") && script.contains("endpoint"), "{shell}");
    }
}

/// `rapport serve`, running.
pub(crate) struct Served {
    child: Child,
    log: BufReader<ChildStderr>,
    /// What was read of it.
    read: String,
    pub(crate) address: String,
}

/// Starts a server beside the one under test, before the same PostgreSQL or whatever embedded database is in the directory.
pub(crate) fn serve(server: &Server, data_dir: &Path, arguments: &[&str]) -> Served {
    serve_in(&[], server, data_dir, arguments)
}

/// The same with variables in its environment.
fn serve_in(environment: &[(&str, &str)], server: &Server, data_dir: &Path, arguments: &[&str]) -> Served {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.envs(environment.iter().copied());
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir).args(arguments);
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let mut served = Served { child, log, read: String::new(), address: String::new() };
    served.address = served.told("serving address=");
    served
}

impl Served {
    /// Reads its log up to a text; the word behind it.
    pub(crate) fn told(&mut self, text: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "it ended and did not say {text:?}");
            self.read.push_str(&line);
            if let Some((_, rest)) = line.split_once(text) {
                return rest.split_whitespace().next().unwrap().to_owned();
            }
        }
    }

    /// Tells it to stop; how it ended, and the rest of its log.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

async fn a_signal_stops_the_server(server: Server) {
    let directory = private_directory();
    let (status, log) =
        tokio::task::spawn_blocking(move || serve(&server, directory.path(), &[]).stop()).await.unwrap();
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("stopped"), "{log}");
}

async fn the_log_has_what_failed_and_everything_on_request(server: Server) {
    let directory = private_directory();
    tokio::task::spawn_blocking(move || {
        let data_dir = directory.path();
        let path = data_dir.display().to_string();
        for (calls, is_logged) in [("notable", false), ("all", true)] {
            let served = serve_in(&[("RAPPORT_LOG_CALLS", calls)], &server, data_dir, &[]);
            let made = Command::new(env!("CARGO_BIN_EXE_rapport"))
                .args(["token", "--role", "admin", "--subject", "ada", "--data-dir", &path])
                .output()
                .unwrap();
            let token = secret_file(data_dir, String::from_utf8(made.stdout).unwrap().trim());
            let endpoint = format!("http://{}", served.address);
            for (method, body, goes_well) in
                [("GetOrganization", "{}", true), ("GetCustomer", r#"{"customerId": "nobody"}"#, false)]
            {
                let call = ["call", method, body, "--endpoint", &endpoint, "--token-file", &token];
                let output = Command::new(env!("CARGO_BIN_EXE_rapport")).args(call).output().unwrap();
                assert_eq!(output.status.success(), goes_well, "{method}");
            }
            let (_, log) = served.stop();
            assert!(log.contains("GetCustomer") && log.contains("NOT_FOUND"), "{calls}: {log}");
            assert_eq!(log.contains("GetOrganization"), is_logged, "{calls}: {log}");
        }
    })
    .await
    .unwrap();
}

async fn misspelt_variables_are_named_at_start(server: Server) {
    let directory = private_directory();
    let log = tokio::task::spawn_blocking(move || {
        let environment = [("RAPPORT_LIMITS_CALL_TIMOUT", "swordfish"), ("RAPPORT_SERVICE_HOST", "10.0.0.1")];
        let served = serve_in(&environment, &server, directory.path(), &[]);
        let begin = served.read.clone();
        assert!(served.stop().0.success());
        begin
    });
    let log = log.await.unwrap();
    let line = log.lines().find(|line| line.contains("RAPPORT_LIMITS_CALL_TIMOUT")).unwrap();
    assert!(line.contains("WARN") && line.contains("RAPPORT_LIMITS_CALL_TIMEOUT"), "{line}");
    assert!(!log.contains("swordfish") && !log.contains("SERVICE_HOST"), "{log}");
}

/// Where traces are sent in a test.
struct Collector(tokio::sync::mpsc::UnboundedSender<ExportTraceServiceRequest>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        _ = self.0.send(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn calls_become_spans_of_their_callers_traces(server: Server) {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    let (sender, mut exported) = tokio::sync::mpsc::unbounded_channel();
    let router = tonic::transport::Server::builder().add_service(TraceServiceServer::new(Collector(sender)));
    tokio::spawn(router.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));

    let directory = private_directory();
    let config = write(directory.path(), "rapport.toml", &format!("telemetry.otlp_endpoint = '{collector}'"));
    let data_dir = directory.path().to_owned();
    let (server, served) = tokio::task::spawn_blocking(move || {
        let served = serve(&server, &data_dir, &["--config", &config]);
        (server, served)
    })
    .await
    .unwrap();
    let channel = tonic::transport::Endpoint::try_from(format!("http://{}", served.address)).unwrap().connect_lazy();
    let mut request = tonic::Request::new(tonic_health::pb::HealthCheckRequest::default());
    request.metadata_mut().insert("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01").parse().unwrap());
    tonic_health::pb::health_client::HealthClient::new(channel).check(request).await.unwrap();
    let (status, log) = tokio::task::spawn_blocking(move || served.stop()).await.unwrap();
    assert!(status.success(), "{log}");
    drop(server);

    let sent = exported.recv().await.unwrap();
    let resource = &sent.resource_spans[0];
    let service = &resource.resource.as_ref().unwrap().attributes;
    assert!(service.iter().any(|one| one.key == "service.name" && format!("{:?}", one.value).contains("rapport")));
    let span = &resource.scope_spans[0].spans[0];
    assert_eq!(span.name, "grpc.health.v1.Health/Check");
    let hex: String = span.trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, TRACE);
    assert_eq!(span.kind, 2);
}

async fn a_certificate_is_asked_for_and_trusted(server: Server) {
    let directory = private_directory();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = write(directory.path(), "certificate.pem", &made.cert.pem());
    let key = write(directory.path(), "key.pem", &made.signing_key.serialize_pem());
    let config = format!("[tls]\ncertificate_file = '{certificate}'\nkey_file = '{key}'");
    let config = write(directory.path(), "rapport.toml", &config);
    let data_dir = directory.path().join("data");
    let (server, served, data_dir) = tokio::task::spawn_blocking(move || {
        let served = serve(&server, &data_dir, &["--config", &config]);
        (server, served, data_dir.display().to_string())
    })
    .await
    .unwrap();
    let arguments = ["token", "--role", "admin", "--subject", "ada", "--data-dir", &data_dir];
    let token = secret_file(directory.path(), stdout(&rapport(&server, &arguments).await).trim());
    let endpoint = format!("https://{}", served.address);
    let ask = ["summary", "--by", "team", "--json", "--endpoint", &endpoint, "--token-file", &token];
    let trusting = [&ask[..], &["--ca", &certificate]].concat();
    assert_eq!(last_line(&rapport(&server, &trusting).await)["groups"], json!([]));
    assert!(!rapport(&server, &ask).await.status.success());
    let (status, log) = tokio::task::spawn_blocking(move || served.stop()).await.unwrap();
    assert!(status.success(), "{log}");
}
