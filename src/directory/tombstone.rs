//! By what an erased customer is recognised: MACs of their id and aliases, which tell nobody without the master keys
//! who they were.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use crate::{
    directory::{Alias, entity::tombstone},
    error::{Error, Result},
    store::{
        Abort, Tx,
        bulk::{self, Present},
        set,
    },
    vault::Vault,
};

/// A name by which somebody may be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Customer(String),
    Alias(Alias),
}

impl Name {
    fn told<T>(&self, mac: impl FnOnce(&[&[u8]]) -> Result<T>) -> Result<T> {
        match self {
            Self::Customer(id) => mac(&[b"erased customer", id.as_bytes()]),
            Self::Alias(alias) => told_alias(alias, &alias.value, mac),
        }
    }

    /// By which an erasure may have known it: under each key, and as names were told before contact points had a normal form.
    pub(crate) fn macs(&self, vault: &Vault) -> Result<Vec<String>> {
        let mut macs = self.told(|parts| vault.macs(parts))?;
        macs.extend(self.told_as_written(|parts| vault.macs(parts))?.into_iter().flatten());
        Ok(macs.into_iter().map(|mac| URL_SAFE_NO_PAD.encode(mac)).collect())
    }

    /// As it was told before contact points had a normal form.
    fn told_as_written<T>(&self, mac: impl FnOnce(&[&[u8]]) -> Result<T>) -> Result<Option<T>> {
        match self {
            Self::Alias(alias) if alias.written != alias.value => told_alias(alias, &alias.written, mac).map(Some),
            Self::Customer(_) | Self::Alias(_) => Ok(None),
        }
    }
}

fn told_alias<T>(alias: &Alias, text: &str, mac: impl FnOnce(&[&[u8]]) -> Result<T>) -> Result<T> {
    let kind = (alias.kind as i32).to_be_bytes();
    mac(&[b"erased alias", &kind, text.as_bytes()])
}

/// A tombstone that is there stays as it is.
pub(crate) const TOMBSTONE: Present<tombstone::Entity> = Present::PassOver(&[tombstone::Column::Mac]);

/// Puts tombstones of names, under the newest key.
pub(crate) async fn put(tx: &Tx, vault: &Vault, names: &[Name], erasure_id: Uuid) -> Result<(), Abort> {
    let key_id = vault.key_id()?;
    let mut rows = Vec::with_capacity(names.len());
    for name in names {
        let mac = URL_SAFE_NO_PAD.encode(name.told(|parts| vault.mac(key_id, parts))?);
        rows.push(tombstone::Model { mac, key_id: key_id.to_owned(), erasure_id });
    }
    bulk::insert(tx, rows, TOMBSTONE).await?;
    Ok(())
}

/// Takes the tombstone of a name away, under whatever key it stands; gives how many there were.
pub(crate) async fn take_away(tx: &Tx, vault: &Vault, name: &Name) -> Result<u64, Abort> {
    let macs = tombstone::Column::Mac.is_in(name.macs(vault)?);
    Ok(tombstone::Entity::delete_many().filter(macs).exec(tx).await?.rows_affected)
}

/// The erasures of those among these names that were erased, whichever key was the newest then.
pub(crate) async fn among(
    connection: &impl ConnectionTrait,
    vault: &Vault,
    names: Vec<Name>,
) -> Result<HashMap<Name, Uuid>, Abort> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let mut macs = HashMap::new();
    for name in names {
        for mac in name.macs(vault)? {
            macs.insert(mac, name.clone());
        }
    }
    let backend = connection.get_database_backend();
    let listed = set::one_of(backend, macs.keys().cloned().collect());
    let mut erased = HashMap::new();
    for row in tombstone::Entity::find().filter(tombstone::Column::Mac.in_subquery(listed)).all(connection).await? {
        if let Some(name) = macs.remove(&row.mac) {
            erased.insert(name, row.erasure_id);
        }
    }
    Ok(erased)
}

/// The erasure of a customer.
pub(crate) async fn of_customer(
    connection: &impl ConnectionTrait,
    vault: &Vault,
    customer_id: &str,
) -> Result<Option<Uuid>, Abort> {
    let name = Name::Customer(customer_id.to_owned());
    Ok(among(connection, vault, vec![name.clone()]).await?.remove(&name))
}

/// Why there is no such customer.
pub(crate) async fn why_absent(connection: &impl ConnectionTrait, vault: &Vault, customer_id: &str) -> Abort {
    match of_customer(connection, vault, customer_id).await {
        Ok(Some(_)) => Error::CustomerErased.into(),
        Ok(None) => Error::NotFound("customer").into(),
        Err(abort) => abort,
    }
}
