//! What a test of the server has at hand: the two databases, a running server, callers, samples, and the parts of an
//! error.

pub(crate) mod asking;
pub(crate) mod client;
pub(crate) mod competition;
mod database;
pub(crate) mod http;
mod postgres;
pub(crate) mod provider;
pub(crate) mod raw;
pub(crate) mod receiver;
pub(crate) mod refusal;
pub(crate) mod sample;
mod server;
pub(crate) mod wire;

use std::pin::Pin;

use libtest_mimic::{Failed, Trial};

pub(crate) use client::Caller;
pub(crate) use database::Backend;
pub(crate) use refusal::{reason, refused, violations};
pub(crate) use server::Server;

/// A new directory, as a server wants it for its data: nobody else may read it.
pub(crate) fn private_directory() -> tempfile::TempDir {
    let rights = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().prefix("rapport-it-").permissions(rights).tempdir().unwrap()
}

/// A file with a secret, which nobody else may read; its path.
pub(crate) fn secret_file(directory: &std::path::Path, secret: &str) -> String {
    let path = directory.join("secret");
    std::fs::write(&path, format!("{secret}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path.display().to_string()
}

type Body = fn(Server) -> Pin<Box<dyn Future<Output = ()>>>;

/// A test of the server, not yet bound to a database.
pub(crate) struct Test {
    name: String,
    backends: &'static [Backend],
    body: Body,
    by_hand: bool,
}

impl Test {
    pub(crate) fn new(module: &str, name: &str, backends: &'static [Backend], body: Body) -> Self {
        // The crate's own name says nothing: there is only this one.
        let file = module.rsplit("::").next().unwrap_or(module);
        Self { name: format!("{file}::{name}"), backends, body, by_hand: false }
    }

    /// A measurement, which takes minutes and prints figures: run by its name with `--ignored`.
    pub(crate) fn by_hand(self) -> Self {
        Self { by_hand: true, ..self }
    }
}

/// The tests named, each to run on both databases.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        $crate::support::on!(&[$crate::support::Backend::Sqlite, $crate::support::Backend::Postgres]; $($name),*)
    };
}

/// The tests named, each to run on PostgreSQL only: what they test, several servers before one database, cannot be on
/// SQLite.
macro_rules! on_postgres {
    ($($name:ident),* $(,)?) => { $crate::support::on!(&[$crate::support::Backend::Postgres]; $($name),*) };
}

macro_rules! on {
    ($backends:expr; $($name:ident),*) => {
        vec![$($crate::support::Test::new(
            module_path!(),
            stringify!($name),
            $backends,
            |server| Box::pin($name(server)),
        )),*]
    };
}

pub(crate) use {on, on_both, on_postgres};

/// One trial per test and database.
pub(crate) fn trials(tests: Vec<Test>) -> Vec<Trial> {
    let on_its_databases = |test: Test| {
        test.backends.iter().map(move |&backend| {
            Trial::test(format!("{}::{}", backend.name(), test.name), move || run(backend, test.body))
                .with_ignored_flag(test.by_hand || backend.is_left_out())
        })
    };
    tests.into_iter().flat_map(on_its_databases).collect()
}

fn run(backend: Backend, body: Body) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let server = Server::start(backend).await?;
        let database = server.database();
        body(server).await;
        // What a failed test leaves goes with the cluster.
        Ok(database.remove().await?)
    })
}

/// In how many places the counters are not what the record says, by the program's own check on the server's database.
pub(crate) async fn differing_counters(server: &Server) -> i64 {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"));
    command.args(["recompute", "--check", "--json", "--data-dir"]).arg(server.data_dir());
    if let Some(url) = server.database_url() {
        command.args(["--database-url", &url]);
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let differing = report["differing"].as_i64().unwrap();
    assert_eq!(output.status.success(), differing == 0, "{}", String::from_utf8_lossy(&output.stderr));
    differing
}
