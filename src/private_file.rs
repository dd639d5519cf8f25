//! Files that hold secrets: nobody else may read them, and they are there whole or not at all.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write as _},
    path::Path,
};

use anyhow::Result;

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

/// Refuses a private file that others than its owner can read.
///
/// # Errors
/// That they can.
#[cfg(unix)]
pub(crate) fn refuse_if_others_can_read(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    anyhow::ensure!(mode & 0o077 == 0, "other users can read this private key; `chmod 600` it");
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_if_others_can_read(_: &Path) -> Result<()> {
    Ok(())
}
