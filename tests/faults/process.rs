//! A server in a process of its own, which can be killed.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use rapport::{
    api::v1::{GetOrganizationRequest, Role},
    auth::Authenticator,
    cli::client::{Client, explain},
    clock::Clock,
};

use crate::databases::Fresh;

const PATIENCE: Duration = Duration::from_secs(20);

/// `rapport serve`, killed at the latest when this is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) client: Client,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(database: &Fresh) -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(program()?);
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(&database.directory);
        if let Some(url) = &database.url {
            command.args(["--database-url", url]);
        }
        // Rather as an operator runs it than silent: a log event per call is part of the load.
        let log = std::fs::File::options().create(true).append(true).open(database.directory.join("log"))?;
        let child = command.stderr(log).spawn().context("cannot start rapport")?;

        let authenticator = Authenticator::new(&database.config()?.auth, &database.directory, Clock::system())?;
        let token = authenticator.sign(Role::App, "durability", &[], Duration::from_secs(3_600))?;
        let client = Client::lazy(&format!("http://127.0.0.1:{port}"), &token)?;
        let mut server = Self { child, client };
        server.answers().await?;
        Ok(server)
    }

    async fn answers(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let answer = self.client.directory.get_organization(GetOrganizationRequest {}).await;
            let Err(status) = answer else { return Ok(()) };
            ensure!(self.child.try_wait()?.is_none(), "the server ended by itself; see its log");
            ensure!(begun.elapsed() < PATIENCE, "the server does not answer: {:#}", explain(&status));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL: the process has no say in it.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already, most of the time.
        _ = self.kill();
    }
}

/// The server's program: two directories up from an example.
fn program() -> anyhow::Result<PathBuf> {
    let example = std::env::current_exe()?;
    let path = example.ancestors().nth(2).context("this program is in no target directory")?.join("rapport");
    ensure!(path.exists(), "{} is not there: build it first with `cargo build --release`", path.display());
    Ok(path)
}
