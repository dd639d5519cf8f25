//! Who was erased after a backup was taken is erased in it again.

use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait as _};

use crate::{
    api::v1::CustomerStanding,
    directory::{Alias, entity::customer, tombstone::Name},
    entities,
    error::Result,
    identity::claim,
    privacy::again::{Unknown, erase_again},
    store::{Abort, Store, Stored},
    vault::Vault,
};

/// Erases those whom `elsewhere` knows to be erased; gives how many. Done again, it finds nothing left to do.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`], [`crate::error::Error::MasterKeyMissing`].
pub(super) async fn erase_all_again(store: &Store, vault: &Vault, elsewhere: &DatabaseConnection) -> Result<u64> {
    let tables = entities::all();
    let unknown = Unknown::find(store, elsewhere).await?;
    let mut erased = unknown.customers(store, vault).await?;
    // A person who became a customer only after the backup is in it as a number that called.
    let strangers = claim::unowned(store.reader()).await?.into_iter().map(Name::Alias);
    for name in unknown.among(vault, strangers)? {
        if let Name::Alias(alias) = name {
            erased.push(enter(store, alias).await?);
        }
    }
    for id in &erased {
        erase_again(store, vault, &tables, id.clone()).await?;
    }
    unknown.take_over(store).await?;
    Ok(erased.len() as u64)
}

/// Enters a customer to whom all belongs that was recorded under a name, so that it goes with them; gives their id.
async fn enter(store: &Store, alias: Alias) -> Result<String> {
    let id = uuid::Uuid::new_v4().to_string();
    let (runner, entered) = (store.clone(), id.clone());
    let claimed = store.transact(move |tx| {
        let (store, id, alias) = (runner.clone(), entered.clone(), alias.clone());
        Box::pin(async move {
            claim::lock(tx, &store).await?;
            let row = customer::ActiveModel {
                customer_id: Set(id.clone()),
                salutation: Set(String::new()),
                standing: Set(Stored(CustomerStanding::Unspecified)),
                locale: Set(String::new()),
                time_zone: Set(String::new()),
                revision: Set(1),
                ..Default::default()
            };
            customer::Entity::insert(row).exec_without_returning(tx).await?;
            claim::claim(tx, &id, &[alias]).await?;
            Ok::<_, Abort>(())
        })
    });
    claimed.await.map(|()| id)
}
