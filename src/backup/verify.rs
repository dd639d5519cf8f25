//! Whether a backup is whole: its copy is put beside it, opened by this program, and counted and checked from scratch.

use std::path::Path;

use anyhow::Context as _;

use super::Manifest;
use crate::{
    clock::Clock,
    competition::checking::check_records,
    finding::{Finding, Verdict},
    master_keys, scorecard,
    store::{Database, Opening, Store, copy},
    vault::Vault,
};

/// Checks a backup. `scratch`: an empty database of PostgreSQL to put a copy of such a one into; `keys`: the file with the master
/// keys, where they are not part of the backup.
///
/// # Errors
/// The folder is no backup.
pub(crate) async fn verify(
    folder: &Path,
    scratch: Option<Database>,
    keys: Option<&Path>,
) -> anyhow::Result<(Manifest, Vec<Finding>)> {
    let manifest = Manifest::read(folder)?;
    let whole = manifest.check_copy(folder).map(|()| format!("{} bytes, as they were written", manifest.bytes));
    let mut findings = vec![Finding::of("the copy", whole)];
    if findings[0].verdict == Verdict::Bad {
        return Ok((manifest, findings));
    }
    // Beside the backup, where there is room for it, and as private.
    let beside = tempfile::Builder::new().prefix(".verify-").tempdir_in(folder);
    let beside = beside.with_context(|| format!("cannot write into {}", folder.display()))?;
    let database = match (manifest.database.as_str(), scratch) {
        ("sqlite", _) => Database::Sqlite(beside.path().join(&manifest.file)),
        (_, Some(scratch @ Database::Postgres(_))) => scratch,
        _ => {
            let why =
                "a backup of PostgreSQL is put into an empty database to be checked: give one with --database-url";
            findings.push(Finding::unchecked("what is in it", why));
            return Ok((manifest, findings));
        }
    };
    let placed = database.copy_from(&manifest.copy(folder)).await;
    if let (Ok(()), Database::Sqlite(path)) = (&placed, &database) {
        findings.push(Finding::of("the file", sound(path).await));
    }
    let opened = match placed {
        Ok(()) => Store::open(&database, Opening::at_once(2), Clock::system()).await.map_err(Into::into),
        Err(error) => Err(error),
    };
    match opened {
        Ok(store) => {
            findings.push(Finding::of("the schema", Ok("this program opens it".to_owned())));
            let keys = manifest.keys(folder).or_else(|| keys.map(Path::to_owned));
            look(&store, keys.as_deref(), &mut findings).await;
            store.close().await;
        }
        Err(error) => findings.push(Finding::of("the schema", Err(error))),
    }
    Ok((manifest, findings))
}

async fn sound(path: &Path) -> anyhow::Result<String> {
    let damage = copy::damage(path).await?;
    anyhow::ensure!(damage.is_empty(), "{}", damage.join("; "));
    Ok("no page, index or reference is damaged".to_owned())
}

/// Checks what is in an open database.
pub(crate) async fn look(store: &Store, keys: Option<&Path>, findings: &mut Vec<Finding>) {
    findings.push(Finding::of("the counters", counters(store).await));
    let vault = match keys.map(|path| Vault::present(Some(path), Path::new(""))) {
        Some(Ok(Some(vault))) => vault,
        Some(Err(error)) => return findings.push(Finding::of("the master keys", Err(error))),
        None | Some(Ok(None)) => {
            let why =
                "they are not here: give the file with --master-key-file. Without them ballots and tombstones are lost";
            return findings.push(Finding::unchecked("the master keys", why));
        }
    };
    findings.push(Finding::of("the master keys", needed(store, &vault).await));
    findings.push(Finding::of("the competitions' records", records(store, &vault).await));
}

async fn counters(store: &Store) -> anyhow::Result<String> {
    let counted = scorecard::recompute(store, false).await?;
    anyhow::ensure!(
        counted.differing == 0,
        "{} differ from what the record comes to: `rapport recompute` puts them right",
        counted.differing
    );
    Ok(format!("{} rating(s) and {} invitation(s), counted from scratch", counted.ratings, counted.invitations))
}

async fn needed(store: &Store, vault: &Vault) -> anyhow::Result<String> {
    let missing = master_keys::missing(store, Some(vault)).await?;
    anyhow::ensure!(missing.is_empty(), "the database needs keys that are not there: {}", missing.join(", "));
    Ok("all that the database needs".to_owned())
}

async fn records(store: &Store, vault: &Vault) -> anyhow::Result<String> {
    let (count, wrong) = check_records(store, vault).await?;
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("; "));
    Ok(format!("{count}, each agrees with itself"))
}
