//! Erasures that a restored database does not know of: those between its backup and the loss of what was there.

use std::collections::HashSet;

use sea_orm::{
    ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::{Table, entity::erasure, erasure::erase};
use crate::{
    api::v1::Role,
    directory::{
        entity::{customer, tombstone as stone},
        tombstone::{self, Name},
    },
    error::Result,
    store::{
        Abort, Store,
        bulk::{self, Present},
    },
    vault::Vault,
};

/// Customers that are looked at together.
const PORTION: u64 = 500;
const REASON: &str = "erased after the backup that was restored";

/// What another state of the same database knows of the erased, and this one does not.
pub(crate) struct Unknown {
    stones: Vec<stone::Model>,
    receipts: Vec<erasure::Model>,
}

impl Unknown {
    /// # Errors
    /// [`crate::error::Error::StoreUnavailable`].
    pub(crate) async fn find(store: &Store, elsewhere: &DatabaseConnection) -> Result<Self> {
        let known = stone::Entity::find().select_only().column(stone::Column::Mac).into_tuple();
        let known: HashSet<String> = known.all(store.reader()).await?.into_iter().collect();
        let mut stones = stone::Entity::find().all(elsewhere).await?;
        stones.retain(|stone| !known.contains(&stone.mac));
        Ok(Self { stones, receipts: erasure::Entity::find().all(elsewhere).await? })
    }

    /// Those of these names that were erased.
    ///
    /// # Errors
    /// [`crate::error::Error::MasterKeyMissing`].
    pub(crate) fn among(&self, vault: &Vault, names: impl IntoIterator<Item = Name>) -> Result<Vec<Name>> {
        let macs: HashSet<&str> = self.stones.iter().map(|stone| stone.mac.as_str()).collect();
        let mut erased = Vec::new();
        if macs.is_empty() {
            return Ok(erased);
        }
        for name in names {
            if name.macs(vault)?.iter().any(|mac| macs.contains(mac.as_str())) {
                erased.push(name);
            }
        }
        Ok(erased)
    }

    /// The customers who were erased.
    ///
    /// # Errors
    /// [`crate::error::Error::StoreUnavailable`], [`crate::error::Error::MasterKeyMissing`].
    pub(crate) async fn customers(&self, store: &Store, vault: &Vault) -> Result<Vec<String>> {
        let (mut after, mut erased) = (String::new(), Vec::new());
        loop {
            let portion = customer::Entity::find().select_only().column(customer::Column::CustomerId);
            let portion = portion.filter(customer::Column::CustomerId.gt(after.clone()));
            let portion = portion.order_by_asc(customer::Column::CustomerId).limit(PORTION);
            let portion: Vec<String> = portion.into_tuple().all(store.reader()).await?;
            let Some(last) = portion.last() else { return Ok(erased) };
            after.clone_from(last);
            let found = self.among(vault, portion.into_iter().map(Name::Customer))?;
            erased.extend(found.into_iter().filter_map(|name| match name {
                Name::Customer(id) => Some(id),
                Name::Alias(_) => None,
            }));
        }
    }

    /// From now on this database knows them too, with their receipts. Done again, nothing changes.
    ///
    /// # Errors
    /// [`crate::error::Error::StoreUnavailable`].
    pub(crate) async fn take_over(self, store: &Store) -> Result<()> {
        let Self { stones, receipts } = self;
        let taken = store.transact(move |tx| {
            let (stones, receipts) = (stones.clone(), receipts.clone());
            Box::pin(async move {
                bulk::insert::<stone::Entity>(tx, stones, tombstone::TOMBSTONE).await?;
                bulk::insert::<erasure::Entity>(tx, receipts, Present::PassOver(&[erasure::Column::Id])).await?;
                Ok::<_, Abort>(())
            })
        });
        taken.await
    }
}

/// Erases a customer who was erased before.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`].
pub(crate) async fn erase_again(store: &Store, vault: &Vault, tables: &[Table], id: String) -> Result<()> {
    let (runner, vault, tables) = (store.clone(), vault.clone(), tables.to_vec());
    let erased = store.transact(move |tx| {
        let (store, vault, tables, id) = (runner.clone(), vault.clone(), tables.clone(), id.clone());
        Box::pin(async move {
            let actor = ("rapport restore".to_owned(), Role::Admin);
            erase(tx, (&store, &vault, &tables), &actor, &id, REASON).await
        })
    });
    erased.await.map(|_| ())
}
