//! Files and directories that are nobody else's business: keys, tokens, and the embedded database with its personal data.

use std::{
    fs::{self, File, Metadata},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Result;

/// No token is longer, nor are many of them together.
const SECRET_BYTES: u64 = 64 * 1024;

/// Makes a directory that only its owner can read, unless it is there.
///
/// # Errors
/// What the file system refuses; that others can read what is there, and how to mend that.
pub(crate) fn own_directory(path: &Path) -> Result<()> {
    create_directory(path)?;
    // What was made in it meanwhile may be readable too.
    refuse(path, &fs::metadata(path)?, "chmod -R go=")
}

/// Makes an empty file that only its owner can read, unless it is there; what SQLite makes beside it gets the same rights.
///
/// # Errors
/// What the file system refuses; that others can read what is there, and how to mend that.
pub(crate) fn own_file(path: &Path) -> Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    let beside = ["-wal", "-shm"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    });
    let all = [&[path.to_owned()][..], &beside].concat();
    all.iter().filter(|one| one.exists()).try_for_each(|one| refuse(one, &fs::metadata(one)?, "chmod go="))
}

/// The one secret in a file that only its owner can read, without the blanks around it.
///
/// # Errors
/// What the file system refuses; that others can read it, and how to mend that; a file that is too long for a secret.
pub(crate) fn read_secret(path: &Path) -> Result<String> {
    let file = File::open(path)?;
    // Of what was opened: by its name another file could be looked at.
    refuse(path, &file.metadata()?, "chmod 600")?;
    let mut text = String::new();
    file.take(SECRET_BYTES + 1).read_to_string(&mut text)?;
    anyhow::ensure!(text.len() as u64 <= SECRET_BYTES, "it is longer than any secret");
    Ok(text.trim().to_owned())
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
pub(crate) fn refuse_if_others_can_read(path: &Path) -> Result<()> {
    let found = fs::metadata(path)?;
    refuse(path, &found, if found.is_dir() { "chmod 700" } else { "chmod 600" })
}

#[cfg(unix)]
fn refuse(path: &Path, found: &Metadata, how: &str) -> Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let is_roots = found.is_file() && found.uid() == 0;
    let is_private = is_private(found.permissions().mode(), is_roots && !runs_as_root());
    anyhow::ensure!(is_private, "other users can read {}; mend it with `{how} {}`", path.display(), quoted(path));
    Ok(())
}

/// Whether nobody else can read what has this mode. `handed`: a file of root's to a process that is not root's. The group
/// may read that one: systemd's credentials and the secrets of Kubernetes come so, since the group is all by which one
/// service and no other can be given a file that it does not own.
#[cfg(unix)]
fn is_private(mode: u32, handed: bool) -> bool {
    mode & if handed { 0o037 } else { 0o077 } == 0
}

#[cfg(target_os = "linux")]
fn runs_as_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// There the group is never trusted.
#[cfg(all(unix, not(target_os = "linux")))]
fn runs_as_root() -> bool {
    true
}

#[cfg(not(unix))]
fn refuse(_: &Path, _: &Metadata, _: &str) -> Result<()> {
    Ok(())
}

/// A path as a shell takes it.
#[cfg(unix)]
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |one: char| one.is_alphanumeric() || "/._-+@".contains(one);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn open_up(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is there");
    }

    #[test]
    fn what_others_can_read_is_refused_with_the_command_that_mends_it() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("it's data");
        own_directory(&directory).unwrap();
        assert_eq!(fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);
        let file = directory.join("rapport.db");
        own_file(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        for (mode, is_private) in [(0o600, true), (0o640, false), (0o604, false), (0o610, false)] {
            open_up(&file, mode);
            assert_eq!(own_file(&file).is_ok(), is_private, "{mode:o}");
        }
        open_up(&directory, 0o755);
        let refused = own_directory(&directory).unwrap_err().to_string();
        let (_, command) = refused.split_once("mend it with `").unwrap();
        // The command does what it says.
        let mended = std::process::Command::new("sh").args(["-c", command.trim_end_matches('`')]).status().unwrap();
        assert!(mended.success() && command.starts_with("chmod -R go= "), "{command}");
        own_directory(&directory).unwrap();
        own_file(&file).unwrap();
        fs::write(directory.join("rapport.db-wal"), "").unwrap();
        open_up(&directory.join("rapport.db-wal"), 0o644);
        assert!(own_file(&file).unwrap_err().to_string().contains("rapport.db-wal"));
    }

    #[test]
    fn the_group_may_read_what_root_hands_to_a_service_and_nothing_else() {
        for (mode, is_ours, is_handed) in [
            (0o100_600, true, true),
            (0o100_400, true, true),
            (0o100_440, false, true),
            (0o100_640, false, true),
            (0o100_660, false, false),
            (0o100_444, false, false),
            (0o100_604, false, false),
        ] {
            assert_eq!((is_private(mode, false), is_private(mode, true)), (is_ours, is_handed), "{mode:o}");
        }
    }

    #[test]
    fn a_secret_is_trimmed_and_nobody_elses() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        fs::write(&file, " secret\n").unwrap();
        open_up(&file, 0o644);
        assert!(read_secret(&file).unwrap_err().to_string().contains("chmod 600"));
        open_up(&file, 0o400);
        assert_eq!(read_secret(&file).unwrap(), "secret");
        open_up(&file, 0o600);
        fs::write(&file, "x".repeat(70_000)).unwrap();
        assert!(read_secret(&file).is_err());
    }
}
