//! Putting a backup in place: of no database, or of one that nobody has open. What was there stays beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use sea_orm::{ActiveValue::Set, QueryOrder as _, QuerySelect as _, entity::prelude::*};

use super::{Manifest, erasing::erase_all_again};
use crate::{
    clock::{Clock, Micros},
    error::Result,
    master_keys, private_file,
    store::{Abort, Database, Opening, Store, copy, entity::restoration},
    vault::Vault,
};

/// What came of it.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) manifest: Manifest,
    /// Where the database is that was there before, if there was one.
    pub(crate) aside: Option<PathBuf>,
    /// Customers that were erased since the backup, and are erased in it now; none where nothing told of them.
    pub(crate) erased_again: Option<u64>,
}

/// When the database was restored, in order.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`].
pub(crate) async fn epochs(store: &Store) -> Result<Vec<Micros>> {
    let times = restoration::Entity::find().select_only().column(restoration::Column::RestoredAt);
    let times = times.order_by_asc(restoration::Column::RestoredAt);
    Ok(times.into_tuple().all(store.reader()).await?)
}

/// Puts a backup in the place of `database`. `keys`: where its servers have their master keys; `erasures`: a later state of the same database,
/// which tells who was erased since. Where there is none, what was in place before tells it.
///
/// # Errors
/// The folder is no backup, or is damaged; somebody has the database open; a database of PostgreSQL that is not empty; master keys
/// that are missing. A file that was there is as it was then; a database of PostgreSQL has the backup in it and is to be dropped.
pub(crate) async fn restore(
    folder: &Path,
    database: &Database,
    keys: &Path,
    erasures: Option<Database>,
) -> anyhow::Result<Restored> {
    let manifest = Manifest::read(folder)?;
    let fits = match database {
        Database::Sqlite(_) => manifest.database == "sqlite",
        Database::Postgres(_) => manifest.database == "postgresql",
    };
    ensure!(fits, "the backup is of {}: it is restored into the same kind of database", manifest.database);
    manifest.check_copy(folder)?;
    match database {
        Database::Sqlite(path) => restore_file(folder, manifest, path, keys, erasures).await,
        Database::Postgres(_) => {
            database.copy_from(&manifest.copy(folder)).await?;
            let prepared = prepare(folder, &manifest, database, keys, erasures).await;
            let erased_again = prepared.context(
                "the backup is in the database and must not be served so: drop the database, mend this, and restore again",
            )?;
            Ok(Restored { manifest, aside: None, erased_again })
        }
    }
}

/// Everything is done to the copy before it takes the place of what is there: whatever ends the program, one of both is in place, whole.
async fn restore_file(
    folder: &Path,
    manifest: Manifest,
    path: &Path,
    keys: &Path,
    erasures: Option<Database>,
) -> anyhow::Result<Restored> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    private_file::own_directory(directory)?;
    let lock = copy::take_alone(path).await?;
    let making = tempfile::Builder::new().prefix(".restore-").tempdir_in(directory)?;
    let copy = Database::Sqlite(making.path().join("rapport.db"));
    copy.copy_from(&manifest.copy(folder)).await?;
    let there = path.exists();
    let erasures = erasures.or_else(|| there.then(|| Database::Sqlite(path.to_owned())));
    let erased_again = prepare(folder, &manifest, &copy, keys, erasures).await?;
    let aside = there.then(|| {
        let at = Clock::system().now_micros() / 1_000_000;
        path.with_extension(format!("before-restore-{at}.db"))
    });
    if let Some(aside) = &aside {
        copy::move_aside(path, aside).with_context(|| format!("cannot move {} aside", path.display()))?;
    }
    let Database::Sqlite(made) = &copy else { return Err(anyhow::anyhow!("a file was expected")) };
    std::fs::rename(made, path)?;
    std::fs::File::open(directory)?.sync_all()?;
    drop(lock);
    Ok(Restored { manifest, aside, erased_again })
}

/// What a copy needs before it is served: its keys, the erasures that it does not know, and that it was restored.
async fn prepare(
    folder: &Path,
    manifest: &Manifest,
    copy: &Database,
    keys: &Path,
    erasures: Option<Database>,
) -> anyhow::Result<Option<u64>> {
    if let Some(backed_up) = manifest.keys(folder).filter(|_| !keys.exists()) {
        let directory = keys.parent().context("the file with the master keys must be in a folder")?;
        let name =
            keys.file_name().and_then(|name| name.to_str()).context("the name of the master keys must be UTF-8")?;
        private_file::create(directory, name, &std::fs::read(backed_up)?)?;
    }
    let store = Store::open(copy, Opening::at_once(2), Clock::system()).await?;
    let prepared = prepare_open(&store, manifest, keys, erasures).await;
    store.close().await;
    prepared
}

async fn prepare_open(
    store: &Store,
    manifest: &Manifest,
    keys: &Path,
    erasures: Option<Database>,
) -> anyhow::Result<Option<u64>> {
    let vault = Vault::present(Some(keys), Path::new(""))?;
    let needed = master_keys::missing(store, vault.as_ref()).await?;
    ensure!(
        needed.is_empty(),
        "the backup needs master keys that are not in {}: {}. Put that file there first",
        keys.display(),
        needed.join(", ")
    );
    let erased = match (erasures, &vault) {
        (Some(erasures), Some(vault)) => {
            let elsewhere = erasures.look().await?;
            let erased = erase_all_again(store, vault, &elsewhere).await;
            elsewhere.close().await?;
            Some(erased?)
        }
        // Without keys nobody was ever erased.
        (Some(_), None) => Some(0),
        (None, _) => None,
    };
    let taken_at = manifest.taken_micros();
    let noted = store.transact(move |tx| {
        Box::pin(async move {
            let row =
                restoration::ActiveModel { restored_at: Set(Clock::system().now_micros()), taken_at: Set(taken_at) };
            restoration::Entity::insert(row).exec_without_returning(tx).await?;
            Ok::<_, Abort>(())
        })
    });
    noted.await?;
    Ok(erased)
}
