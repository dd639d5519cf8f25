//! Files and directories that are nobody else's business: keys, and the embedded database with its personal data.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::Result;

/// Makes a directory that only its owner can read, unless it is there; then the log says where others can read it, and how
/// to mend that.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn own_directory(path: &Path) -> Result<()> {
    create_directory(path)?;
    warn_if_others_can_read(path);
    Ok(())
}

/// Makes an empty file that only its owner can read, unless it is there; then likewise.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn own_file(path: &Path) -> Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    warn_if_others_can_read(path);
    Ok(())
}

fn warn_if_others_can_read(path: &Path) {
    if let Err(error) = refuse_if_others_can_read(path) {
        tracing::warn!("{error:#}");
    }
}

/// Creates a file, and its directory, unless the name is taken. When two processes do so at once, one wins and both find its
/// file: it gets its name only when it is complete, and only if the name is free.
///
/// # Errors
/// What the file system refuses.
pub(crate) fn create(directory: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    create_directory(directory)?;
    let draft = directory.join(format!(".{name}.{}", uuid::Uuid::new_v4()));
    let written = write(&draft, bytes).and_then(|()| fs::hard_link(&draft, directory.join(name)));
    let removed = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => other?,
    }
    removed?;
    // What was signed or sealed by a key that a power failure takes back would be lost.
    File::open(directory)?.sync_all()?;
    Ok(())
}

#[cfg(unix)]
fn create_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    // The data directory too, if it is made here: the embedded database holds personal data.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn create_directory(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Refuses a private file or directory that others than its owner can read.
///
/// # Errors
/// That they can.
#[cfg(unix)]
pub(crate) fn refuse_if_others_can_read(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = fs::metadata(path)?;
    let right = if found.is_dir() { "700" } else { "600" };
    let is_private = found.permissions().mode() & 0o077 == 0;
    anyhow::ensure!(is_private, "other users can read {0}; mend it with `chmod {right} {0}`", path.display());
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_if_others_can_read(_: &Path) -> Result<()> {
    Ok(())
}
