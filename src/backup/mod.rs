//! Backups: a folder with a copy of the database and a manifest that says what it is. Taken while servers are at work, verified
//! by itself, restored where no server is (issue 20).

mod erasing;
mod restore;
mod verify;

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub(crate) use self::{
    restore::{epochs, restore},
    verify::{look, verify},
};
use crate::{
    clock::{Clock, Micros},
    private_file,
    store::Database,
};

const MANIFEST: &str = "backup.json";
/// Master keys, where they are part of the backup.
const KEYS: &str = "master.keys";
/// Of the manifest; another one means another meaning.
const FORMAT: u32 = 1;

/// What a backup is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    /// The program that took it.
    pub(crate) version: String,
    /// `sqlite` or `postgresql`.
    pub(crate) database: String,
    /// Before the copy began, UTC: everything acknowledged until then is in it.
    pub(crate) taken_at: jiff::Timestamp,
    /// Of the copy.
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// Whether the master keys are part of it.
    pub(crate) has_keys: bool,
}

impl Manifest {
    fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path)
            .with_context(|| format!("{} is no backup: there is no {MANIFEST}", folder.display()))?;
        let manifest: Self =
            serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(
            manifest.format == FORMAT,
            "the backup has format {}, and this program reads {FORMAT}",
            manifest.format
        );
        // A name of the manifest's own choice could be any file of the machine.
        ensure!(
            Path::new(&manifest.file).file_name().is_some_and(|name| name == manifest.file.as_str()),
            "{}: file must be a name in the folder",
            path.display()
        );
        Ok(manifest)
    }

    fn copy(&self, folder: &Path) -> PathBuf {
        folder.join(&self.file)
    }

    fn keys(&self, folder: &Path) -> Option<PathBuf> {
        self.has_keys.then(|| folder.join(KEYS))
    }

    fn taken_micros(&self) -> Micros {
        self.taken_at.as_microsecond()
    }

    /// Whether the copy is the one that was made.
    fn check_copy(&self, folder: &Path) -> anyhow::Result<()> {
        let (bytes, sha256) = digest(&self.copy(folder))?;
        ensure!(bytes == self.bytes, "{} has {bytes} bytes, and had {}", self.file, self.bytes);
        ensure!(sha256 == self.sha256, "{} is not what it was: its SHA-256 differs", self.file);
        Ok(())
    }
}

/// Copies a database into a new folder. `keys`: the file with the master keys, where they are to be part of the backup.
///
/// # Errors
/// The folder is there and holds something; what [`Database::copy_to`] fails with.
pub(crate) async fn take(database: &Database, folder: &Path, keys: Option<&Path>) -> anyhow::Result<Manifest> {
    if folder.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} holds something already: a backup gets a folder of its own", folder.display());
    }
    private_file::own_directory(folder).with_context(|| format!("cannot use {}", folder.display()))?;
    let taken_at = jiff::Timestamp::from_microsecond(Clock::system().now_micros())?;
    let file = database.copy_name();
    let copy = folder.join(file);
    database.copy_to(&copy).await?;
    if let Some(keys) = keys {
        private_file::refuse_if_others_can_read(keys)?;
        let text = std::fs::read(keys).with_context(|| format!("cannot read the master keys in {}", keys.display()))?;
        private_file::create(folder, KEYS, &text)?;
    }
    let (bytes, sha256) = digest(&copy)?;
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: match database {
            Database::Sqlite(_) => "sqlite".to_owned(),
            Database::Postgres(_) => "postgresql".to_owned(),
        },
        taken_at,
        file: file.to_owned(),
        bytes,
        sha256,
        has_keys: keys.is_some(),
    };
    // Last: a folder without it is no backup, whatever ended the program before.
    private_file::create(folder, MANIFEST, &serde_json::to_vec_pretty(&manifest)?)?;
    File::open(folder)?.sync_all()?;
    Ok(manifest)
}

fn digest(path: &Path) -> anyhow::Result<(u64, String)> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if read == 0 {
            break;
        }
        hash.update(&buffer[..read]);
        bytes += read as u64;
    }
    let mut text = Vec::with_capacity(64);
    hash.finalize().iter().try_for_each(|byte| write!(text, "{byte:02x}"))?;
    Ok((bytes, String::from_utf8(text)?))
}
