//! Which master keys the database needs, looked up before any is made: a key that is lost must not be replaced in silence.
//! Without it ballots cannot be counted, and an erased customer who comes back is not recognised.

pub(crate) mod entity;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{bail, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{
    ConnectionTrait, DbBackend, QuerySelect as _, SelectGetableTuple, Selector, entity::prelude::*,
    sea_query::ExprTrait as _,
};

use self::entity::{lost_master_key, master_key};
use crate::{
    competition::entity::{competition, revision},
    config::Config,
    directory::entity::tombstone,
    error::Result,
    privacy::entity::erasure,
    store::{
        Store,
        bulk::{self, Present},
    },
    vault::Vault,
};

/// Opens the vault of a database, and makes its first key if there is none and none is missed.
///
/// # Errors
/// A key that the database needs is not there, or is another one than it was; what [`Vault::open`] fails with.
pub(crate) async fn open(store: &Store, config: &Config) -> anyhow::Result<Vault> {
    let (file, data_dir) = (config.master_key_file.as_deref(), config.data_dir.as_path());
    let reader = store.reader();
    let needed = unmet(reader, Vault::present(file, data_dir)?.as_ref()).await?;
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

/// The ids of the keys that a database needs and a vault does not have, those apart that were accepted to be lost.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`].
pub(crate) async fn missing(store: &Store, vault: Option<&Vault>) -> Result<Vec<String>> {
    Ok(unmet(store.reader(), vault).await?.into_keys().collect())
}

async fn unmet(
    connection: &impl ConnectionTrait,
    vault: Option<&Vault>,
) -> Result<BTreeMap<String, Vec<String>>, DbErr> {
    let mut needed = needed(connection).await?;
    for accepted in accepted(connection).await? {
        needed.remove(&accepted);
    }
    vault.into_iter().flat_map(Vault::ids).for_each(|id| _ = needed.remove(id));
    Ok(needed)
}

/// The keys under which something is sealed or signed, and what that is.
async fn needed(connection: &impl ConnectionTrait) -> Result<BTreeMap<String, Vec<String>>, DbErr> {
    let mut needed = BTreeMap::<_, Vec<_>>::new();
    let mut add = |what: &str, found: Vec<(String, i64)>| {
        for (key_id, many) in found {
            needed.entry(key_id).or_default().push(format!("{many} {what}"));
        }
    };
    let competitions = counted(competition::Column::KeyId, Expr::col(competition::Column::Id).count());
    add("competition(s) whose ballots it seals", competitions.all(connection).await?);
    let records = counted(revision::Column::KeyId, Expr::col(revision::Column::CompetitionId).count_distinct());
    add("competition(s) whose record it signed", records.all(connection).await?);
    let receipts = counted(erasure::Column::KeyId, Expr::col(erasure::Column::Id).count());
    add("receipt(s) of erasures", receipts.all(connection).await?);
    let erased = counted(tombstone::Column::KeyId, Expr::col(tombstone::Column::ErasureId).count_distinct());
    add("erased customer(s)", erased.all(connection).await?);
    Ok(needed)
}

/// How many rows there are under each key.
fn counted<C>(key_id: C, many: Expr) -> Selector<SelectGetableTuple<(String, i64)>>
where
    C: ColumnTrait<EntityName: EntityTrait<Column = C>>,
{
    C::EntityName::find().select_only().column(key_id).expr(many).group_by(key_id).into_tuple()
}

async fn accepted(connection: &impl ConnectionTrait) -> Result<BTreeSet<String>, DbErr> {
    let rows = lost_master_key::Entity::find().all(connection).await?;
    Ok(rows.into_iter().map(|row| row.key_id).collect())
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
            let lost = ids.into_iter().map(|key_id| lost_master_key::Model { key_id, accepted_at: now });
            bulk::insert::<lost_master_key::Entity>(
                tx,
                lost.collect(),
                Present::PassOver(&[lost_master_key::Column::KeyId]),
            )
            .await?;
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
                let row = master_key::Model { key_id: id.clone(), check_value: mark.clone() };
                bulk::insert::<master_key::Entity>(tx, vec![row], Present::PassOver(&[master_key::Column::KeyId]))
                    .await?;
                let known = master_key::Entity::find_by_id(id.clone()).one(tx).await?;
                if known.is_none_or(|known| known.check_value != mark) {
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
