//! Which master keys the database needs, looked up before any is made: a key that is lost must not be replaced in silence.
//! Without it ballots cannot be counted, and an erased customer who comes back is not recognised.

pub(crate) mod entity;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use crate::{
    config::Config,
    error::Result,
    store::{Store, Tx},
    vault::Vault,
};

/// What is told by each kind of seal, and a query for key ids and counts.
const SEALS: [(&str, &str); 4] = [
    ("competition(s) whose ballots it seals", "SELECT key_id, count(*) AS many FROM competition GROUP BY key_id"),
    (
        "competition(s) whose record it signed",
        "SELECT key_id, count(DISTINCT competition_id) AS many FROM competition_revision GROUP BY key_id",
    ),
    ("receipt(s) of erasures", "SELECT key_id, count(*) AS many FROM erasure GROUP BY key_id"),
    ("erased customer(s)", "SELECT key_id, count(DISTINCT erasure_id) AS many FROM erasure_tombstone GROUP BY key_id"),
];

/// Opens the vault of a database, and makes its first key if there is none and none is missed.
///
/// # Errors
/// A key that the database needs is not there, or is another one than it was; what [`Vault::open`] fails with.
pub(crate) async fn open(store: &Store, config: &Config) -> anyhow::Result<Vault> {
    let (file, data_dir) = (config.master_key_file.as_deref(), config.data_dir.as_path());
    let present = Vault::present(file, data_dir)?;
    let reader = store.reader();
    let mut needed = needed(reader).await?;
    for accepted in accepted(reader).await? {
        needed.remove(&accepted);
    }
    if let Some(vault) = &present {
        vault.ids().for_each(|id| _ = needed.remove(id));
    }
    if !needed.is_empty() {
        if !config.accept_new_master_key {
            bail!("{}", refusal(&needed, &Vault::path(file, data_dir)));
        }
        let ids: Vec<String> = needed.keys().cloned().collect();
        accept(store, ids.clone()).await?;
        tracing::warn!(key_ids = ids.join(", "), "it is accepted for good that these master keys are lost");
    }
    let vault = Vault::open(file, data_dir)?;
    recognise(store, &vault, &Vault::path(file, data_dir)).await?;
    if reader.get_database_backend() != DbBackend::Sqlite && file.is_none() {
        tracing::warn!(
            "master_key_file is not set: this server has master keys of its own in {}; all servers before one database \
             must share them",
            Vault::path(file, data_dir).display()
        );
    }
    Ok(vault)
}

/// The keys under which something is sealed or signed, and what that is.
async fn needed(connection: &impl ConnectionTrait) -> Result<BTreeMap<String, Vec<String>>, DbErr> {
    let mut needed = BTreeMap::<_, Vec<_>>::new();
    for (what, sql) in SEALS {
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        for row in connection.query_all_raw(statement).await? {
            let many: i64 = row.try_get("", "many")?;
            needed.entry(row.try_get("", "key_id")?).or_default().push(format!("{many} {what}"));
        }
    }
    Ok(needed)
}

async fn accepted(connection: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    let sql = "SELECT key_id FROM lost_master_key";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await?;
    rows.iter().map(|row| row.try_get("", "key_id")).collect()
}

fn refusal(needed: &BTreeMap<String, Vec<String>>, path: &Path) -> String {
    let keys: Vec<_> = needed.iter().map(|(id, what)| format!("  key {id}: {}", what.join(", "))).collect();
    format!(
        "the database needs master keys that are not there:\n{}\nThey are expected in {}. Restore that file from a backup \
         and start again.\nIf they are lost for good, start once with --accept-new-master-key: ballots under them cannot \
         be counted then, what they signed cannot be checked against them here, and erased customers are no longer \
         recognised when they come back.",
        keys.join("\n"),
        path.display()
    )
}

/// Remembers that keys are lost, so that it is asked about once.
async fn accept(store: &Store, ids: Vec<String>) -> Result<()> {
    let runner = store.clone();
    let accepted = store.transact(move |tx| {
        let (store, ids) = (runner.clone(), ids.clone());
        Box::pin(async move {
            let now = store.now(tx).await?;
            let sql =
                "INSERT INTO lost_master_key (key_id, accepted_at) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING";
            for id in ids {
                execute(tx, sql, [id.into(), now.into()]).await?;
            }
            Ok(())
        })
    });
    accepted.await
}

/// Remembers by what each key is recognised.
///
/// # Errors
/// A key has the id of another one: what that one sealed would not open, each at its own time.
async fn recognise(store: &Store, vault: &Vault, path: &Path) -> anyhow::Result<()> {
    let mut marks = Vec::new();
    for id in vault.ids() {
        marks.push((id.to_owned(), URL_SAFE_NO_PAD.encode(vault.mac(id, &[b"rapport check 1"])?)));
    }
    let compared = store.transact(move |tx| {
        let marks = marks.clone();
        Box::pin(async move {
            let mut others = Vec::new();
            for (id, mark) in marks {
                let sql =
                    "INSERT INTO master_key (key_id, check_value) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING";
                execute(tx, sql, [id.clone().into(), mark.clone().into()]).await?;
                let sql = "SELECT check_value FROM master_key WHERE key_id = $1";
                let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, [id.clone().into()]);
                let row = tx.query_one_raw(statement).await?;
                let known: Option<String> = row.map(|row| row.try_get("", "check_value")).transpose()?;
                if known != Some(mark) {
                    others.push(id);
                }
            }
            Ok(others)
        })
    });
    let others = compared.await?;
    ensure!(
        others.is_empty(),
        "the master key(s) {} in {} are not those by which this database was written, though their ids are: restore the \
         file from a backup, or give a new key a new id",
        others.join(", "),
        path.display()
    );
    Ok(())
}

async fn execute<const N: usize>(tx: &Tx, sql: &str, values: [Value; N]) -> Result<(), DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}
