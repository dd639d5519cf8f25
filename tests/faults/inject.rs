//! Faults of the operating system, injected into a server process by a small library (`inject.c`).

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use anyhow::{Context as _, ensure};

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
