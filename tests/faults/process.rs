//! A server in a process of its own, which can be killed, starved and lied to.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rapport::{
    api::v1::{GetOrganizationRequest, Role},
    auth::Authenticator,
    cli::client::Client,
    clock::Clock,
    config::{Config, ServeArgs},
};

use crate::{
    inject::{self, WallClock},
    places::Place,
};

/// How soon a server must answer after it was started, and after a fault has passed.
pub(crate) const RECOVERY: Duration = Duration::from_secs(5);
/// A debug build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const DRAIN: Duration = Duration::from_secs(3);

/// What a server is started with besides its place.
#[derive(Clone, Debug, Default)]
pub(crate) struct With {
    pub(crate) arguments: Vec<&'static str>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// Loads the library of faults.
    pub(crate) inject: bool,
    /// None: the machine's.
    pub(crate) clock: Option<WallClock>,
    /// Files that it may have open.
    pub(crate) files: Option<u32>,
}

/// `rapport serve`, killed at the latest when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// As an administrator.
    pub(crate) client: Client,
    /// As an application.
    pub(crate) app: Client,
    pub(crate) endpoint: String,
    operations: u16,
    log: PathBuf,
    pub(crate) control: PathBuf,
    pub(crate) token: String,
    directory: PathBuf,
    clock: Option<WallClock>,
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// The program under test.
pub(crate) fn program() -> PathBuf {
    std::env::var_os("RAPPORT_FAULTS_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_rapport").into(), PathBuf::from)
}

/// A run of the program to its end; gives how it ended and what it said.
pub(crate) fn run(place: &Place, arguments: &[&str]) -> anyhow::Result<(ExitStatus, String)> {
    let mut command = Command::new(program());
    command.args(arguments).arg("--data-dir").arg(&place.directory).env_remove("RAPPORT_DATABASE_URL");
    if let Some(url) = &place.url {
        command.env("RAPPORT_DATABASE_URL", url);
    }
    let said = tempfile::NamedTempFile::new()?;
    command.stdin(Stdio::null()).stdout(said.as_file().try_clone()?).stderr(said.as_file().try_clone()?);
    let mut child = command.spawn()?;
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        // A start that should be refused and is not would go on for ever.
        if begun.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            bail!("it goes on: {}", log_of(said.path()));
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Ok((status, std::fs::read_to_string(said.path())?))
}

/// A start that is expected to be refused; gives what it said.
pub(crate) fn refused_start(place: &Place, arguments: &[&str]) -> anyhow::Result<String> {
    let listen = ["serve", "--listen", "127.0.0.1:0"];
    let (status, said) = run(place, &[&listen[..], arguments].concat())?;
    ensure!(!status.success(), "it started, or ended well: {said}");
    Ok(said)
}

/// An administrator's token, and clients as an administrator and as an application; good by the clock of the server.
fn callers(directory: &Path, endpoint: &str, clock: Option<&WallClock>) -> anyhow::Result<(String, [Client; 2])> {
    let args = ServeArgs { data_dir: Some(directory.display().to_string()), ..ServeArgs::default() };
    let clock = clock.map_or_else(Clock::system, |clock| Clock::fixed(clock.now_micros()));
    let authenticator = Authenticator::new(&Config::resolve(&args, |_| None)?.auth, directory, clock)?;
    let sign = |role| authenticator.sign(role, "faults", &[], Duration::from_secs(3_600));
    let token = sign(Role::Admin)?;
    let clients = [Client::lazy(endpoint, &token)?, Client::lazy(endpoint, &sign(Role::App)?)?];
    Ok((token, clients))
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) async fn start(place: &Place) -> anyhow::Result<Self> {
        Self::start_with(place, With::default()).await
    }

    pub(crate) async fn start_with(place: &Place, with: With) -> anyhow::Result<Self> {
        let mut server = Self::launch(place, with)?;
        server.answers().await?;
        Ok(server)
    }

    /// Starts it and does not wait.
    pub(crate) fn launch(place: &Place, with: With) -> anyhow::Result<Self> {
        let (port, operations) = (free_port()?, free_port()?);
        let control = place.directory.join("faults");
        let log = place.directory.join("log");
        let mut command = match with.files {
            None => Command::new(program()),
            Some(files) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {files}; exec \"$0\" \"$@\"")]).arg(program());
                shell
            }
        };
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(&place.directory);
        command.args(&with.arguments).envs(with.environment.iter().map(|(name, value)| (*name, value)));
        command.env("RAPPORT_OPERATIONS_LISTEN", format!("127.0.0.1:{operations}"));
        command.env("RAPPORT_DRAIN_DEADLINE", format!("{}s", DRAIN.as_secs()));
        match &place.url {
            Some(url) => command.env("RAPPORT_DATABASE_URL", url),
            None => command.env_remove("RAPPORT_DATABASE_URL"),
        };
        if with.inject {
            inject::disarm(&control)?;
            command.env("LD_PRELOAD", inject::library()?).env("FAULT_CONTROL", &control);
        }
        if let Some(clock) = &with.clock {
            clock.put_into(&mut command)?;
        }
        let written = std::fs::File::options().create(true).append(true).open(&log)?;
        let child = command.stdin(Stdio::null()).stderr(written).spawn().context("cannot start rapport")?;

        let (directory, endpoint) = (place.directory.clone(), format!("http://127.0.0.1:{port}"));
        let (token, [client, app]) = callers(&directory, &endpoint, with.clock.as_ref())?;
        Ok(Self { child, client, app, endpoint, operations, log, control, token, directory, clock: with.clock })
    }

    /// Has its callers sign their tokens again, after its clock was stepped.
    pub(crate) fn sign_again(&mut self) -> anyhow::Result<()> {
        (self.token, [self.client, self.app]) = callers(&self.directory, &self.endpoint, self.clock.as_ref())?;
        Ok(())
    }

    /// Waits until it answers.
    pub(crate) async fn answers(&mut self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let answer = self.client.directory.get_organization(GetOrganizationRequest {}).await;
            let Err(status) = answer else { return Ok(()) };
            if let Some(ended) = self.child.try_wait()? {
                bail!("the server ended by itself, {ended}; its log ends: {}", self.said());
            }
            ensure!(begun.elapsed() < PATIENCE, "the server does not answer: {}", status.message());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGKILL: the process has no say in it.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM; gives how long it took to end, which must not be longer than its deadline with some grace.
    pub(crate) async fn terminate(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        self.signal("TERM")?;
        while self.child.try_wait()?.is_none() {
            ensure!(begun.elapsed() < DRAIN + Duration::from_secs(4), "it did not end by its deadline");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(begun.elapsed())
    }

    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status()?;
        ensure!(sent.success(), "kill -{name}");
        Ok(())
    }

    /// Whether /readyz says so.
    pub(crate) fn is_ready(&self) -> bool {
        let asked = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.operations))?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        asked().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// Waits until /readyz says so; gives how long it took.
    pub(crate) async fn becomes(&self, ready: bool, limit: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        while self.is_ready() != ready {
            ensure!(begun.elapsed() < limit, "/readyz does not become {ready} within {limit:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(begun.elapsed())
    }

    /// The end of its log without the calls.
    pub(crate) fn said(&self) -> String {
        log_of(&self.log)
    }
}

pub(crate) fn log_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let is_noise = |line: &str| line.contains(" call ") || line.starts_with("   ");
    let lines: Vec<_> = text.lines().filter(|line| !is_noise(line)).collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already, most of the time.
        _ = self.kill();
    }
}
