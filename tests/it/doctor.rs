//! `rapport health` and `rapport doctor`: what they find of a server that is well, and of one that is not.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use crate::support::{Backend, Server, Test, on, on_both, on_postgres, sample::call};

pub(crate) fn tests() -> Vec<Test> {
    [
        on_both![
            a_server_says_whether_it_serves,
            all_is_well_with_a_server_at_work,
            what_is_not_as_it_should_be_is_named_with_what_to_do,
            a_database_of_a_newer_version_is_named,
        ],
        on![&[Backend::Sqlite]; a_file_that_went_back_is_named, nothing_is_made_where_nothing_is],
        on_postgres![settings_that_lose_commits_are_named, a_database_that_does_not_answer_is_named],
    ]
    .into_iter()
    .flatten()
    .collect()
}

async fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

async fn health(arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.arg("health").args(arguments).env_remove("RAPPORT_TOKEN");
    let output = run(command).await;
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// What is found of a server's machine and database, and whether all of it is well: but for the durability of the tests' own cluster,
/// which keeps nothing.
async fn doctor(server: &Server, arguments: &[&str]) -> (bool, Vec<Value>) {
    doctor_of(server.data_dir(), server.database_url().as_deref(), arguments).await
}

pub(crate) async fn doctor_of(data_dir: &Path, url: Option<&str>, arguments: &[&str]) -> (bool, Vec<Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["doctor", "--json", "--data-dir"]).arg(data_dir).args(arguments);
    if let Some(url) = url {
        command.env("RAPPORT_DATABASE_URL", url);
    }
    let output = run(command).await;
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = told["findings"].as_array().unwrap().clone();
    let bad: Vec<_> = findings.iter().filter(|one| one["verdict"] == "bad").collect();
    assert_eq!(output.status.success(), bad.is_empty());
    (bad.iter().all(|one| one["subject"] == "durability"), findings)
}

/// Verdict, words and remedy of the worst that was found of a subject.
fn of<'f>(findings: &'f [Value], subject: &str) -> (&'f str, &'f str, &'f str) {
    let rank = |one: &&Value| ["good", "unchecked", "doubtful", "bad"].iter().position(|word| one["verdict"] == *word);
    let worst = findings.iter().filter(|one| one["subject"] == subject).max_by_key(rank);
    let worst = worst.unwrap_or_else(|| panic!("nothing was said of {subject}: {findings:#?}"));
    let text = |name: &str| worst[name].as_str().unwrap();
    (text("verdict"), text("found"), text("remedy"))
}

async fn a_server_says_whether_it_serves(server: Server) {
    let endpoint = server.endpoint();
    let at = |arguments: &[&str]| {
        [&["--endpoint", &endpoint], arguments].concat().iter().map(|one| (*one).to_owned()).collect::<Vec<_>>()
    };
    let ask = async |arguments: &[&str]| {
        let arguments = at(arguments);
        health(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    assert_eq!(ask(&[]).await, (true, "serving\n".to_owned(), String::new()));
    assert_eq!(ask(&["liveness"]).await.1, "serving\n");
    let told = ask(&["rapport.v1.RatingService", "--json"]).await.1;
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["status"], "SERVING");
    let (good, _, error) = ask(&["rapport.v1.Nothing"]).await;
    assert!(!good && error.contains("the server has no service rapport.v1.Nothing"), "{error}");
    server.stop().await;
    let (good, _, error) = ask(&["--wait", "1s"]).await;
    assert!(!good && error.contains("no server answers at"), "{error}");
    let (good, _, error) = health(&["--endpoint", "nowhere"]).await;
    assert!(!good && error.contains("is not a URL such as"), "{error}");
}

async fn all_is_well_with_a_server_at_work(server: Server) {
    let server = server.with_organization().await;
    server.app().record(call("nora", "carla")).await.unwrap();
    let (good, findings) = doctor(&server, &["--thorough"]).await;
    assert!(good, "{findings:#?}");
    for subject in ["configuration", "data directory", "free space", "keys", "database", "schema", "the counters"] {
        assert!(matches!(of(&findings, subject).0, "good" | "doubtful"), "{findings:#?}");
    }
    assert_eq!(of(&findings, "the competitions' records").0, "good");
    let more =
        if server.backend() == Backend::Sqlite { ["last commit", "file system"] } else { ["connection", "clocks"] };
    assert!(more.iter().all(|subject| of(&findings, subject).0 == "good"), "{findings:#?}");
    let (_, findings) = doctor(&server, &[]).await;
    assert_eq!(of(&findings, "record").0, "unchecked");
}

async fn what_is_not_as_it_should_be_is_named_with_what_to_do(server: Server) {
    let server = server.with_organization().await;
    let directory = server.data_dir().to_owned();
    fs::set_permissions(&directory, PermissionsExt::from_mode(0o755)).unwrap();
    let (good, findings) = doctor(&server, &[]).await;
    let (verdict, words, remedy) = of(&findings, "data directory");
    assert!(!good && verdict == "bad" && words.contains("chmod 700") && !remedy.is_empty(), "{findings:#?}");
    fs::set_permissions(&directory, PermissionsExt::from_mode(0o700)).unwrap();
    // As people read it.
    let keys = directory.join("keys/master.keys");
    fs::set_permissions(&keys, PermissionsExt::from_mode(0o644)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["doctor", "--data-dir"]).arg(&directory);
    if let Some(url) = server.database_url() {
        command.env("RAPPORT_DATABASE_URL", url);
    }
    let output = run(command).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(!output.status.success() && told.contains("BAD") && told.contains("other users can read"), "{told}");
    fs::set_permissions(&keys, PermissionsExt::from_mode(0o600)).unwrap();
}

async fn a_database_of_a_newer_version_is_named(server: Server) {
    let sql = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    server.execute(sql).await;
    let (good, findings) = doctor(&server, &[]).await;
    let (verdict, words, _) = of(&findings, "schema");
    assert!(!good && verdict == "bad" && words.contains("newer version of Rapport (m9999_later)"), "{findings:#?}");
}

async fn a_file_that_went_back_is_named(server: Server) {
    let mark = server.data_dir().join("rapport.mark");
    let directory = server.data_dir().to_owned();
    let server = server
        .restart_after(async {
            let acknowledged: i64 = fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
            fs::write(&mark, format!("{}\n", acknowledged + 7)).unwrap();
            let (good, findings) = doctor_of(&directory, None, &[]).await;
            let (verdict, words, remedy) = of(&findings, "last commit");
            assert!(!good && verdict == "bad" && words.contains("was acknowledged"), "{findings:#?}");
            assert!(remedy.contains("rapport.db-wal"), "{remedy}");
            fs::write(&mark, format!("{acknowledged}\n")).unwrap();
        })
        .await;
    assert!(doctor(&server, &[]).await.0);
}

async fn nothing_is_made_where_nothing_is(server: Server) {
    let nowhere = server.data_dir().join("nowhere");
    let (good, findings) = doctor_of(&nowhere, None, &["--thorough"]).await;
    assert_eq!(of(&findings, "record").0, "unchecked");
    assert!(good && of(&findings, "database").0 == "unchecked", "{findings:#?}");
    assert!(!nowhere.exists());
}

async fn settings_that_lose_commits_are_named(server: Server) {
    let url = server.database_url().unwrap();
    let name = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    server.execute(&format!("ALTER DATABASE {name} SET default_transaction_isolation = serializable")).await;
    let (_, findings) = doctor(&server, &[]).await;
    let (verdict, words, remedy) = of(&findings, "durability");
    // Those of the tests' own cluster.
    assert!(verdict == "bad" && words.contains("fsync, full_page_writes, synchronous_commit is off"), "{findings:#?}");
    assert_eq!((remedy, of(&findings, "isolation").0), ("set it to on", "doubtful"));
}

async fn a_database_that_does_not_answer_is_named(server: Server) {
    let (good, findings) = doctor_of(server.data_dir(), Some("postgres://nobody@127.0.0.1:1/rapport"), &[]).await;
    let (verdict, words, remedy) = of(&findings, "database");
    assert!(!good && verdict == "bad" && words.contains("127.0.0.1:1") && remedy.contains("database_url"), "{words}");
}
