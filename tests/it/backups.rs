//! Backups by the program: taken while the server works, verified, altered, restored; and what a restoration must not bring back.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use rapport::{
    api::v1::{self, ListInteractionsRequest, Recording},
    config::Secret,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::{
    privacy::erase,
    support::{
        Backend, Caller, Server, Test, differing_counters, on, on_both, private_directory, reason, refused,
        sample::{at, call, customer, phone},
    },
};

pub(crate) fn tests() -> Vec<Test> {
    [
        on_both![
            what_was_acknowledged_is_in_the_backup_and_the_erased_stay_erased,
            a_backup_that_was_altered_is_not_restored,
            a_backup_is_not_put_over_what_is_there,
        ],
        on![&[Backend::Sqlite]; a_database_in_use_is_not_replaced, keys_are_asked_for_before_anything_is_in_place],
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Of somebody who calls before they are a customer.
const NUMBER: &str = "+86 138 1234 5678";

/// Runs the program on a server's database, or on the one that a URL names.
pub(crate) async fn program(server: &Server, url: Option<&str>, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(arguments).arg("--data-dir").arg(server.data_dir()).stdin(Stdio::null());
    if let Some(url) = url.map(str::to_owned).or_else(|| server.database_url()) {
        command.env("RAPPORT_DATABASE_URL", url);
    }
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub(crate) fn told(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder that nobody has made yet, in a directory that goes with the first of the two.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let directory = private_directory();
    let folder = directory.path().join("backup");
    (directory, folder)
}

/// Of PostgreSQL, a new database without tables.
pub(crate) async fn empty_database(server: &Server) -> Option<String> {
    let url = server.database_url()?;
    let name = format!("restored_{}", uuid::Uuid::new_v4().simple());
    server.execute(&format!("CREATE DATABASE {name}")).await;
    let (base, parameters) = url.split_once('?').map_or((url.as_str(), ""), |(base, rest)| (base, rest));
    let (server, _) = base.rsplit_once('/').unwrap();
    Some(format!("{server}/{name}?{parameters}"))
}

async fn record(caller: &Caller, second: i64) -> Option<String> {
    let interaction = v1::Interaction { requested_time: at(-second), ..call("nora", "carla") };
    let recorded = caller.record(interaction).await.ok().filter(|answer| answer.recording() == Recording::Recorded);
    recorded.map(|answer| answer.interaction_id)
}

async fn page(caller: &Caller, page_token: &str) -> Result<v1::ListInteractionsResponse, Status> {
    let request = ListInteractionsRequest { page_size: 2, page_token: page_token.to_owned(), ..Default::default() };
    Ok(caller.interactions().list_interactions(request).await?.into_inner())
}

async fn watch(caller: &Caller, cursor: &str) -> Result<String, Status> {
    let request = v1::WatchInteractionsRequest {
        staff_id: "nora".to_owned(),
        resume_cursor: cursor.to_owned(),
        ..Default::default()
    };
    let mut stream = caller.interactions().watch_interactions(request).await?.into_inner();
    Ok(stream.message().await?.unwrap().resume_cursor)
}

async fn what_was_acknowledged_is_in_the_backup_and_the_erased_stay_erased(server: Server) {
    let server = server.with_organization().await;
    let app = server.app();
    // A key is made by the first erasure that needs it: some are known to the backup, others are not.
    erase(&server.admin(), "dmitri").await.unwrap();
    let mut before = Vec::new();
    for second in 0..20 {
        before.push(record(&app, second).await.unwrap());
    }
    let stranger =
        v1::Interaction { customer_id: String::new(), customer_alias: Some(phone(NUMBER)), ..call("nora", "") };
    let stranger = app.record(stranger).await.unwrap().interaction_id;
    let (cursor, token) = (watch(&app, "").await.unwrap(), page(&app, "").await.unwrap().next_page_token);

    let ((_guard, to), stop) = (folder(), AtomicBool::new(false));
    let to = to.to_str().unwrap().to_owned();
    let backing_up = async {
        let arguments = ["backup", "--to", &to, "--with-keys", "--json"];
        let manifest = told(&program(&server, None, &arguments).await);
        stop.store(true, Ordering::SeqCst);
        manifest
    };
    let working = async {
        let mut recorded = 0;
        while !stop.load(Ordering::SeqCst) {
            recorded += i64::from(record(&app, 100 + recorded).await.is_some());
        }
        recorded
    };
    let (manifest, meanwhile) = tokio::join!(backing_up, working);
    assert!(meanwhile > 0 && manifest["has_keys"] == true, "{manifest}");
    erase(&server.admin(), "dora").await.unwrap();
    app.upsert_customer(customer("later")).await.unwrap();
    erase(&server.admin(), "later").await.unwrap();
    app.upsert_customer(v1::Customer { aliases: vec![phone(NUMBER)], ..customer("caller") }).await.unwrap();
    erase(&server.admin(), "caller").await.unwrap();
    let after = record(&app, 10_000).await.unwrap();

    let scratch = empty_database(&server).await;
    let verified = told(&program(&server, scratch.as_deref(), &["verify-backup", &to, "--json"]).await);
    let findings = verified["findings"].as_array().unwrap();
    assert!(findings.len() >= 4 && findings.iter().all(|one| one["verdict"] == "good"), "{verified}");

    let target = empty_database(&server).await;
    let restored = |output: Output| {
        let told = told(&output);
        assert_eq!(told["erased_again"], 2, "dora, and who was a number when the backup was taken: {told}");
        assert_eq!(told["aside"].is_string(), target.is_none());
    };
    let server = match &target {
        None => {
            let data_dir = server.data_dir().to_owned();
            server
                .restart_after(async {
                    let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
                    command.args(["restore", &to, "--json", "--data-dir"]).arg(&data_dir);
                    restored(command.output().unwrap());
                    let left: Vec<_> = fs::read_dir(&data_dir).unwrap().map(|one| one.unwrap().file_name()).collect();
                    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".restore")), "{left:?}");
                })
                .await
        }
        Some(url) => {
            let erasures = server.database_url().unwrap();
            let arguments = ["restore", &to, "--json", "--erasures-from", &erasures];
            restored(program(&server, Some(url), &arguments).await);
            let url = url.clone();
            server.restart_with(move |config| config.database_url = Some(Secret::new(url))).await
        }
    };
    let (app, admin) = (server.app(), server.admin());
    for id in &before {
        app.get(id).await.unwrap();
    }
    assert_eq!(refused(app.get(&after).await).code(), Code::NotFound);
    let left = app.get(&stranger).await.unwrap();
    assert_eq!(
        (left.topic.as_str(), left.customer_alias),
        ("Returns", None),
        "what happened stays, the number does not"
    );
    for gone in ["dmitri", "dora", "later", "caller"] {
        let again = refused(app.upsert_customer(customer(gone)).await);
        assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "CUSTOMER_ERASED"), "{gone}");
    }
    for (refusal, expected) in [
        (refused(watch(&app, &cursor).await), "CURSOR_INVALID"),
        (refused(page(&app, &token).await), "PAGE_TOKEN_INVALID"),
    ] {
        assert_eq!((refusal.code(), reason(&refusal).as_str()), (Code::InvalidArgument, expected));
        assert!(refusal.message().contains("restored from a backup"), "{}", refusal.message());
    }
    // It goes on as any other: new places are good.
    assert!(record(&app, 20_000).await.is_some());
    let (cursor, token) = (watch(&app, "").await.unwrap(), page(&app, "").await.unwrap().next_page_token);
    assert!(watch(&app, &cursor).await.is_ok() && page(&app, &token).await.is_ok());
    erase(&admin, "carla").await.unwrap();
    if target.is_none() {
        assert_eq!(differing_counters(&server).await, 0);
    }
}

async fn a_backup_that_was_altered_is_not_restored(server: Server) {
    let server = server.with_organization().await;
    let (_guard, to) = folder();
    let name = to.to_str().unwrap();
    told(&program(&server, None, &["backup", "--to", name, "--json"]).await);
    let path = to.join("backup.json");
    let manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let copy = to.join(manifest["file"].as_str().unwrap());
    let whole = fs::read(&copy).unwrap();
    let again = async |command: &str| complaint(&program(&server, None, &[command, name]).await);

    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    for (bytes, told) in [(&altered[..], "SHA-256 differs"), (&whole[..whole.len() - 1], "bytes, and had")] {
        fs::write(&copy, bytes).unwrap();
        assert!(again("verify-backup").await.contains(told));
        assert!(again("restore").await.contains(told));
    }
    fs::write(&copy, &whole).unwrap();
    let with = |name: &str, value: Value| {
        let mut manifest = manifest.clone();
        manifest[name] = value;
        fs::write(&path, manifest.to_string()).unwrap();
    };
    for (name, value, told) in [
        ("format", json!(2), "has format 2, and this program reads 1"),
        ("file", json!("../keys/master.keys"), "file must be a name in the folder"),
        ("file", json!("elsewhere"), "cannot open"),
        ("database", json!("oracle"), "the backup is of oracle"),
        ("taken_at", json!("yesterday"), "cannot read"),
    ] {
        with(name, value);
        assert!(again("restore").await.contains(told), "{told}");
    }
    let secret = ["restore", name, "--erasures-from", "postgres://me:hunter2@db/x"];
    let refused = complaint(&program(&server, None, &secret).await);
    assert!(refused.contains("must not hold a password") && !refused.contains("hunter2"), "{refused}");
    fs::remove_file(&path).unwrap();
    assert!(again("restore").await.contains("is no backup"));
    assert!(record(&server.app(), 0).await.is_some(), "the server goes on");
}

async fn a_backup_is_not_put_over_what_is_there(server: Server) {
    let (_guard, to) = folder();
    fs::create_dir(&to).unwrap();
    fs::write(to.join("notes.txt"), "mine").unwrap();
    let refused = complaint(&program(&server, None, &["backup", "--to", to.to_str().unwrap()]).await);
    assert!(refused.contains("holds something already"), "{refused}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
    if server.backend() == Backend::Postgres {
        let (_guard, to) = folder();
        let to = to.to_str().unwrap();
        told(&program(&server, None, &["backup", "--to", to, "--json"]).await);
        let refused = complaint(&program(&server, None, &["restore", to]).await);
        assert!(refused.contains("already exists"), "{refused}");
        assert!(record(&server.with_organization().await.app(), 0).await.is_some());
    }
}

async fn a_database_in_use_is_not_replaced(server: Server) {
    let server = server.with_organization().await;
    let (_guard, to) = folder();
    let to = to.to_str().unwrap();
    told(&program(&server, None, &["backup", "--to", to, "--json"]).await);
    let id = record(&server.app(), 0).await.unwrap();
    let refused = complaint(&program(&server, None, &["restore", to]).await);
    assert!(refused.contains("is in use: stop the server"), "{refused}");
    server.app().get(&id).await.unwrap();
    assert!(record(&server.app(), 1).await.is_some());
}

async fn keys_are_asked_for_before_anything_is_in_place(server: Server) {
    let server = server.with_organization().await;
    erase(&server.admin(), "dora").await.unwrap();
    let (_guard, to) = folder();
    told(&program(&server, None, &["backup", "--to", to.to_str().unwrap(), "--json"]).await);
    let elsewhere = private_directory();
    let restore = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rapport"));
        command.arg("restore").arg(&to).arg("--data-dir").arg(elsewhere.path()).args(arguments);
        command.output().unwrap()
    };
    let database = elsewhere.path().join("rapport.db");
    let refused = complaint(&restore(&[]));
    assert!(refused.contains("needs master keys that are not in"), "{refused}");
    assert!(!database.exists());
    copy_keys(server.data_dir(), elsewhere.path());
    let restored = String::from_utf8(restore(&[]).stdout).unwrap();
    assert!(restored.contains("Nothing told who was erased since"), "{restored}");
    assert!(database.exists());
}

fn copy_keys(from: &Path, to: &Path) {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().mode(0o700).create(to.join("keys")).unwrap();
    fs::copy(from.join("keys/master.keys"), to.join("keys/master.keys")).unwrap();
}
