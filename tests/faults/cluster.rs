//! A throw-away PostgreSQL cluster that waits for its disk as one in production does, and its standby.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};

use crate::inject::WallClock;

/// It must not outlive the suite, not even if that is killed: it belongs to a shell that waits for the end of its input.
const WATCHDOG: &str = r#"
trap '' PIPE HUP INT
cd "$1" || exit 1
echo ready
read -r _
for data in "$1"/*/postmaster.pid; do "$2/pg_ctl" -D "$(dirname "$data")" -m immediate stop >>log 2>&1; done
rm -rf "$1"
"#;

pub(crate) struct Cluster {
    binaries: PathBuf,
    directory: PathBuf,
    owner: Option<(u32, u32)>,
    port: u16,
    data: PathBuf,
    /// None: the machine's.
    clock: Option<WallClock>,
    /// Held for its input only.
    _watchdog: Child,
}

/// Where initdb and pg_ctl are: on the path, or where distributions keep them, the newest version first.
pub(crate) fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    std::env::split_paths(&path).chain(versions.into_iter().rev().map(|(_, directory)| directory)).find(|directory| {
        ["initdb", "pg_ctl", "postgres", "pg_basebackup"].iter().all(|name| directory.join(name).is_file())
    })
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn id_of_postgres(which: &str) -> anyhow::Result<u32> {
    let output = Command::new("id").args([which, "postgres"]).output()?;
    ensure!(output.status.success(), "running as root, and there is no user postgres to run PostgreSQL");
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

impl Cluster {
    /// By the machine's clock, unless told another.
    pub(crate) fn start(clock: Option<WallClock>) -> anyhow::Result<Self> {
        let binaries = binaries().context("PostgreSQL is neither on the path nor in /usr/lib/postgresql")?;
        let directory = tempfile::Builder::new().prefix("rapport-faults-pg-").tempdir()?.keep();
        // PostgreSQL refuses to run as root.
        let owner = match fs::metadata(&directory)?.uid() {
            0 => Some((id_of_postgres("-u")?, id_of_postgres("-g")?)),
            _ => None,
        };
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(&directory, Some(user), Some(group))?;
        }
        let mut shell = Command::new("sh");
        shell.args(["-c", WATCHDOG, "watchdog"]).args([&directory, &binaries]).current_dir("/").process_group(0);
        if let Some((user, group)) = owner {
            shell.uid(user).gid(group);
        }
        let mut watchdog = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        BufReader::new(watchdog.stdout.take().context("no output")?).read_line(&mut String::new())?;
        let data = directory.join("primary");
        let mut cluster = Self { binaries, directory, owner, port: free_port()?, data, clock, _watchdog: watchdog };
        cluster.run("initdb", &["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"])?;
        cluster.up()?;
        Ok(cluster)
    }

    /// A program of PostgreSQL on this cluster's data.
    fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(self.binaries.join(program));
        command.arg("-D").arg(&self.data).args(arguments).current_dir("/").stdin(Stdio::null());
        let log = fs::File::options().create(true).append(true).open(self.directory.join("log"))?;
        command.stdout(log.try_clone()?).stderr(log);
        if let Some(clock) = &self.clock {
            clock.put_into(&mut command)?;
        }
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        ensure!(command.status()?.success(), "{program} fails: {}", self.log());
        Ok(())
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        text.chars().rev().take(1_000).collect::<Vec<_>>().into_iter().rev().collect()
    }

    fn up(&mut self) -> anyhow::Result<()> {
        let options = format!(
            "-c listen_addresses=127.0.0.1 -p {} -c unix_socket_directories='' -c fsync=on -c max_connections=60 \
             -c wal_level=replica -c max_wal_senders=4 -c hot_standby=on",
            self.port
        );
        let log = self.directory.join("server.log");
        self.run("pg_ctl", &["-l", &log.to_string_lossy(), "-w", "-t", "60", "-o", &options, "start"])
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// Stops it as a crash would.
    pub(crate) fn crash(&self) -> anyhow::Result<()> {
        self.run("pg_ctl", &["-m", "immediate", "-w", "stop"])
    }

    /// Starts it again after a crash.
    pub(crate) fn recover(&mut self) -> anyhow::Result<()> {
        self.up()
    }

    /// Sends a signal to all of its processes.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        let postmaster = fs::read_to_string(self.data.join("postmaster.pid"))?;
        let postmaster = postmaster.lines().next().context("no postmaster")?.trim().to_owned();
        let children = Command::new("ps").args(["-o", "pid=", "--ppid", &postmaster]).output()?;
        let children = String::from_utf8(children.stdout)?;
        for process in std::iter::once(postmaster.as_str()).chain(children.split_whitespace()) {
            // One that has just ended is no fault.
            Command::new("kill").arg(format!("-{name}")).arg(process).stderr(Stdio::null()).status()?;
        }
        Ok(())
    }

    /// A standby that must have every commit before it is acknowledged.
    pub(crate) async fn synchronous_standby(&self) -> anyhow::Result<Self> {
        let data = self.directory.join("standby");
        let mut backup = Command::new(self.binaries.join("pg_basebackup"));
        backup.args(["-R", "-X", "stream", "-c", "fast", "-U", "postgres", "-D"]).arg(&data);
        backup.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).current_dir("/");
        if let Some((user, group)) = self.owner {
            backup.uid(user).gid(group);
        }
        ensure!(backup.status()?.success(), "pg_basebackup fails");
        let watchdog = Command::new("true").spawn()?;
        let mut standby = Self {
            binaries: self.binaries.clone(),
            directory: self.directory.clone(),
            owner: self.owner,
            port: free_port()?,
            data,
            clock: self.clock.clone(),
            // The primary's looks after both.
            _watchdog: watchdog,
        };
        standby.up()?;
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'").await?;
        self.execute("SELECT pg_reload_conf()").await?;
        Ok(standby)
    }

    pub(crate) fn promote(&self) -> anyhow::Result<()> {
        self.run("pg_ctl", &["-w", "-t", "30", "promote"])
    }

    /// The same where new sessions only read.
    pub(crate) async fn execute_writing(&self, sql: &str) -> anyhow::Result<()> {
        use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
        let mut connection = PgConnection::connect(&self.url()).await?;
        connection.execute("SET default_transaction_read_only = off").await?;
        connection.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }

    pub(crate) async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
        PgConnection::connect(&self.url()).await?.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}
