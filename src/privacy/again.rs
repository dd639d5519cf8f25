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
        tombstone,
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

/// Erases those customers again whom `elsewhere` tells to have been erased, and takes over its receipts and by what the
/// erased are recognised. Gives how many customers were erased. Done again, it finds nothing left to do.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`], [`crate::error::Error::MasterKeyMissing`].
pub(crate) async fn erase_again(
    store: &Store,
    vault: &Vault,
    tables: &[Table],
    elsewhere: &DatabaseConnection,
) -> Result<u64> {
    let known: HashSet<String> = stone::Entity::find()
        .select_only()
        .column(stone::Column::Mac)
        .into_tuple()
        .all(store.reader())
        .await?
        .into_iter()
        .collect();
    let mut stones = stone::Entity::find().all(elsewhere).await?;
    stones.retain(|stone| !known.contains(&stone.mac));
    let macs: HashSet<&str> = stones.iter().map(|stone| stone.mac.as_str()).collect();
    let (mut after, mut erased) = (String::new(), 0);
    while !macs.is_empty() {
        let portion = customer::Entity::find().select_only().column(customer::Column::CustomerId);
        let portion =
            portion.filter(customer::Column::CustomerId.gt(after.clone())).order_by_asc(customer::Column::CustomerId);
        let portion: Vec<String> = portion.limit(PORTION).into_tuple().all(store.reader()).await?;
        let Some(last) = portion.last() else { break };
        after.clone_from(last);
        for id in portion {
            if tombstone::is_any_of(&id, vault, &macs)? {
                again(store, vault, tables, id).await?;
                erased += 1;
            }
        }
    }
    let receipts = erasure::Entity::find().all(elsewhere).await?;
    let taken = store.transact(move |tx| {
        let (stones, receipts) = (stones.clone(), receipts.clone());
        Box::pin(async move {
            bulk::insert::<stone::Entity>(tx, stones, tombstone::TOMBSTONE).await?;
            bulk::insert::<erasure::Entity>(tx, receipts, Present::PassOver(&[erasure::Column::Id])).await?;
            Ok::<_, Abort>(())
        })
    });
    taken.await?;
    Ok(erased)
}

async fn again(store: &Store, vault: &Vault, tables: &[Table], id: String) -> Result<()> {
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
