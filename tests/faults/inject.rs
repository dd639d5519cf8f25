//! Faults of the operating system, injected into a server process by a small library (`inject.c`).

use std::{
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use anyhow::{Context as _, ensure};
use rapport::clock::Clock;
use tempfile::NamedTempFile;

/// Which calls on the files of an embedded database fail, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// `sync`, `write`, `read`, `truncate` or `any`.
    pub(crate) operation: &'static str,
    pub(crate) errno: i32,
    /// So many calls fail.
    pub(crate) count: u64,
    /// Of every so many calls one.
    pub(crate) every: u64,
}

pub(crate) const EIO: i32 = 5;
pub(crate) const ENOSPC: i32 = 28;

/// The library, compiled once by each run.
pub(crate) fn library() -> anyhow::Result<&'static Path> {
    static LIBRARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let compiled = LIBRARY.get_or_init(|| compile().map_err(|error| format!("{error:#}")));
    compiled.as_deref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn compile() -> anyhow::Result<PathBuf> {
    let library = std::env::temp_dir().join(format!("rapport-faults-{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/inject.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).args(["-ldl", "-lpthread"]);
    let status = compiler.status().context("cannot run cc")?;
    ensure!(status.success(), "cc does not compile {}", source.display());
    Ok(library)
}

/// Tells a server which calls are to fail from now on.
pub(crate) fn arm(control: &Path, fault: Fault) -> anyhow::Result<()> {
    let Fault { operation, errno, count, every } = fault;
    // In one step: the server must not read half of it.
    let draft = control.with_extension("draft");
    std::fs::write(&draft, format!("{operation} {errno} {count} {every}\n"))?;
    Ok(std::fs::rename(draft, control)?)
}

/// Nothing fails any more.
pub(crate) fn disarm(control: &Path) -> anyhow::Result<()> {
    arm(control, Fault { operation: "none", errno: 0, count: 0, every: 1 })
}

/// How many calls have failed so far.
pub(crate) fn injected(control: &Path) -> u64 {
    let mut counted = control.as_os_str().to_owned();
    counted.push(".injected");
    std::fs::read_to_string(counted).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The wall clock of the processes that are started with it, which can be stepped while they run.
#[derive(Clone, Debug)]
pub(crate) struct WallClock(Arc<(NamedTempFile, AtomicI64)>);

impl WallClock {
    /// Right at first.
    pub(crate) fn new() -> anyhow::Result<Self> {
        // PostgreSQL, which runs as another user, reads it too.
        let everybody = std::fs::Permissions::from_mode(0o644);
        let file = tempfile::Builder::new().prefix("rapport-faults-clock-").permissions(everybody).tempfile()?;
        let clock = Self(Arc::new((file, AtomicI64::new(0))));
        clock.step_to(0)?;
        Ok(clock)
    }

    /// Sets it so many seconds ahead of the machine's, or behind.
    pub(crate) fn step_to(&self, ahead: i64) -> anyhow::Result<()> {
        let (file, kept) = &*self.0;
        kept.store(ahead, Ordering::SeqCst);
        Ok(file.as_file().write_all_at(&ahead.to_ne_bytes(), 0)?)
    }

    /// Seconds ahead of the machine's.
    pub(crate) fn ahead(&self) -> i64 {
        self.0.1.load(Ordering::SeqCst)
    }

    /// Microseconds since 1970 by it.
    pub(crate) fn now_micros(&self) -> i64 {
        Clock::system().now_micros() + self.ahead() * 1_000_000
    }

    /// Has a process that is about to start go by it.
    pub(crate) fn put_into(&self, command: &mut Command) -> anyhow::Result<()> {
        command.env("LD_PRELOAD", library()?).env("FAULT_CLOCK", self.0.0.path());
        Ok(())
    }
}
