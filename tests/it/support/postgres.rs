//! A throw-away PostgreSQL cluster, made from the installed binaries when the first test asks for it.
//!
//! It must not outlive the tests, not even if they are killed, and a killed process cleans up nothing. So it belongs to
//! a shell that waits for the end of its input, which this process holds open as long as it lives.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context as _, Result, anyhow, ensure};

/// Signals of the terminal are for the tests; the cluster ends when they do.
const WATCHDOG: &str = r#"
trap '' PIPE HUP INT
cd "$1" || exit 1
"$2/initdb" -D data -U postgres -A trust -E UTF8 --no-locale --no-sync >log 2>&1 &&
    "$2/pg_ctl" -D data -l server.log -w -t 60 -o "$3" start >>log 2>&1 && echo ready || echo failed
read -r _
"$2/pg_ctl" -D data -m immediate stop >>log 2>&1
rm -rf "$1"
"#;

pub(super) struct Cluster {
    directory: PathBuf,
    /// Held for its input only.
    _watchdog: Child,
}

/// The one cluster of this process.
pub(super) fn cluster() -> Result<&'static Cluster> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| Cluster::start().map_err(|error| format!("{error:#}")))
        .as_ref()
        .map_err(|error| anyhow!("no PostgreSQL cluster: {error}"))
}

/// Where initdb and pg_ctl are: on the path, or where distributions keep them, the newest version first.
pub(super) fn binaries() -> Option<&'static Path> {
    static BINARIES: OnceLock<Option<PathBuf>> = OnceLock::new();
    BINARIES.get_or_init(find_binaries).as_deref()
}

fn find_binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    std::env::split_paths(&path)
        .chain(versions.into_iter().rev().map(|(_, directory)| directory))
        .find(|directory| ["initdb", "pg_ctl", "postgres"].iter().all(|name| directory.join(name).is_file()))
}

impl Cluster {
    fn start() -> Result<Self> {
        let binaries = binaries().context("initdb and pg_ctl are neither on the path nor in /usr/lib/postgresql")?;
        let directory = tempfile::Builder::new().prefix("rapport-pg-").tempdir()?.keep();
        let mut shell = Command::new("sh");
        // PostgreSQL refuses to run as root.
        if fs::metadata(&directory)?.uid() == 0 {
            let (user, group) = (id_of_postgres("-u")?, id_of_postgres("-g")?);
            std::os::unix::fs::chown(&directory, Some(user), Some(group))?;
            shell.uid(user).gid(group);
        }
        // A socket in the directory, so that no port can be taken; no fsync, since nothing here is to survive.
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300 -c fsync=off \
             -c synchronous_commit=off -c full_page_writes=off",
            directory.display()
        );
        let mut watchdog = shell
            .args(["-c", WATCHDOG, "watchdog"])
            .args([directory.as_os_str(), binaries.as_os_str(), options.as_ref()])
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Readers of our output must not wait for the shell to close it.
            .stderr(Stdio::null())
            .spawn()?;
        let mut said = String::new();
        BufReader::new(watchdog.stdout.take().context("no output")?).read_line(&mut said)?;
        let log = || fs::read_to_string(directory.join("log")).unwrap_or_default();
        ensure!(said == "ready\n", "it did not start:\n{}", log());
        Ok(Self { directory, _watchdog: watchdog })
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@localhost/{database}?host={}", self.directory.display())
    }
}

fn id_of_postgres(which: &str) -> Result<u32> {
    let output = Command::new("id").args([which, "postgres"]).output()?;
    ensure!(output.status.success(), "running as root, and there is no user postgres to run PostgreSQL");
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
