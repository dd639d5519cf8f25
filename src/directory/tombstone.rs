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
            Self::Alias(alias) => {
                let kind = (alias.kind as i32).to_be_bytes();
                mac(&[b"erased alias", &kind, alias.value.as_bytes()])
            }
        }
    }
}

const TOMBSTONE: Present<tombstone::Entity> = Present::PassOver(&[tombstone::Column::Mac]);

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
        for mac in name.told(|parts| vault.macs(parts))? {
            macs.insert(URL_SAFE_NO_PAD.encode(mac), name.clone());
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
