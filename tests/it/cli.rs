//! The program itself, run as an operator runs it.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use rapport::{api::v1::Role, clock::Clock, config::Config};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Server, Test, on_both, sample::call};

pub(crate) fn tests() -> Vec<Test> {
    on_both![
        a_file_is_imported_once_and_its_bad_rows_come_back,
        a_rehearsal_sends_nothing,
        a_directory_is_imported,
        a_broken_mapping_is_told_all_its_mistakes,
        a_token_of_the_data_directory_is_accepted,
        a_watch_comes_back_by_itself,
        the_demo_tells_its_story_twice,
        a_signal_stops_the_server,
    ]
}

const MAPPING: &str = r#"
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

async fn rapport(server: &Server, arguments: &[&str]) -> Output {
    let token = server.token(Role::Admin, "ops", &[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments).env("RAPPORT_TOKEN", token).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn last_line(output: &Output) -> Value {
    serde_json::from_str(stdout(output).lines().last().unwrap()).unwrap()
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

async fn a_file_is_imported_once_and_its_bad_rows_come_back(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "rows.csv", ROWS);
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    let rejects = directory.path().join("rejects.csv").display().to_string();
    let endpoint = server.endpoint();
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let with_rejects = [&import[..], &["--rejects", &rejects]].concat();

    let first = last_line(&rapport(&server, &with_rejects).await);
    assert_eq!(first, json!({"read": 5, "accepted": 2, "already_present": 0, "skipped": 0, "rejected": 3}));
    let kept = std::fs::read_to_string(&rejects).unwrap();
    let lines: Vec<_> = kept.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].ends_with("id,how,asked,answered,customer"), "{kept}");
    assert!(lines[1].starts_with("4,") && lines[1].contains("fax"), "{kept}");
    assert!(lines[2].starts_with("5,") && lines[2].contains("connected_time must not be before"), "{kept}");
    assert!(lines[3].starts_with("6,") && lines[3].contains("31/02/2025"), "{kept}");

    let second = last_line(&rapport(&server, &import).await);
    assert_eq!(second, json!({"read": 5, "accepted": 0, "already_present": 2, "skipped": 0, "rejected": 3}));

    // Mended, the rejected rows go in, from the rejects file itself.
    let mended = kept.replace("fax", "call").replace("11:59", "12:01").replace("31/02", "03/03");
    let mended = write(directory.path(), "mended.csv", &mended);
    let import = ["import", "interactions", &mended, "--mapping", &mapping, "--endpoint", &endpoint, "--json"];
    let third = last_line(&rapport(&server, &import).await);
    assert_eq!(third, json!({"read": 3, "accepted": 3, "already_present": 0, "skipped": 0, "rejected": 0}));

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

async fn a_rehearsal_sends_nothing(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "rows.csv", ROWS);
    let mapping = write(directory.path(), "mapping.toml", MAPPING);
    // Nobody listens there.
    let import = [
        "import",
        "interactions",
        &file,
        "--mapping",
        &mapping,
        "--dry-run",
        "--json",
        "--endpoint",
        "http://127.0.0.1:1",
    ];
    let rehearsed = last_line(&rapport(&server, &import).await);
    assert_eq!(rehearsed, json!({"read": 5, "accepted": 2, "already_present": 0, "skipped": 0, "rejected": 3}));
    assert_eq!(server.number("SELECT count(*) FROM interaction").await, 0);
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
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "rows.csv", ROWS);
    let broken = MAPPING.replace("column = \"customer\"", "column = \"client\"").replace("source", "sauce");
    let mapping = write(directory.path(), "mapping.toml", &broken);
    let import = ["import", "interactions", &file, "--mapping", &mapping, "--dry-run"];
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
    let arguments = ["summary", "--by", "team", "--json", "--endpoint", &endpoint, "--token", token.trim()];
    assert_eq!(last_line(&rapport(&server, &arguments).await)["groups"], json!([]));
    let arguments = ["summary", "--by", "team", "--endpoint", &endpoint, "--token", "nonsense"];
    let refused = rapport(&server, &arguments).await;
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a valid token is needed"));
    assert_eq!(refused.status.code(), Some(1));
}

/// The lines that a command prints, one by one, until this is dropped.
struct Lines {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Lines {
    fn of(server: &Server, arguments: &[&str]) -> Self {
        let token = server.token(Role::Admin, "ops", &[]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
        command.args(arguments).args(["--endpoint", &server.endpoint()]).env("RAPPORT_TOKEN", token);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel(64);
        std::thread::spawn(move || out.lines().try_for_each(|line| sender.blocking_send(line.unwrap())));
        Self { child, lines }
    }

    async fn next(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(30), self.lines.recv()).await;
        line.expect("a line in time").expect("the command goes on")
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
        recorded.push(app.record(call("nora", "carla")).await.unwrap().interaction_id);
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
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().display().to_string();
    let mut arguments = vec!["demo", "--once", "--listen", "127.0.0.1:0", "--data-dir", &data_dir];
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
    ] {
        assert!(story.contains(part), "{part:?} is not in:\n{story}");
    }
    assert_eq!(stdout(&rapport(&server, &arguments).await), story);
}

async fn a_signal_stops_the_server(server: Server) {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(directory.path()).stderr(Stdio::piped());
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let stopped = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut log = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("serving address") {
            line.clear();
            assert_ne!(std::io::BufRead::read_line(&mut log, &mut line).unwrap(), 0, "it ended before it served");
        }
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut log, &mut rest).unwrap();
        (child.wait().unwrap(), rest)
    });
    let (status, log) = stopped.await.unwrap();
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("stopped"), "{log}");
}
