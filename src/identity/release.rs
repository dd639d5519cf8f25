//! Freeing a name for somebody else (P5): a number that was given to another person.

use sea_orm::{ActiveValue::Set, EntityTrait as _, QuerySelect as _};

use crate::{
    api::v1::{AuditAction, Role},
    audit,
    clock::Micros,
    directory::{
        Alias,
        entity::{customer, customer_alias},
        tombstone::{self, Name},
    },
    error::Error,
    store::{Abort, Stored, Tx},
    vault::Vault,
};

/// Frees an alias; gives whose it was, none: an erased customer's.
///
/// # Errors
/// [`Error::NotFound`]: it is nobody's.
pub(super) async fn release(
    tx: &Tx,
    (vault, now): (&Vault, Micros),
    actor: &(String, Role),
    alias: &Alias,
    reason: &str,
) -> Result<Option<String>, Abort> {
    let key = (Stored(alias.kind), alias.value.clone());
    let owner = customer_alias::Entity::find_by_id(key.clone()).one(tx).await?.map(|row| row.customer_id);
    match &owner {
        Some(owner) => {
            let found = customer::Entity::find_by_id(owner).lock_exclusive().one(tx).await?;
            let row = found.ok_or(Error::NotFound("alias"))?;
            customer_alias::Entity::delete_by_id(key).exec(tx).await?;
            let change = customer::ActiveModel {
                customer_id: Set(row.customer_id),
                revision: Set(row.revision + 1),
                ..Default::default()
            };
            customer::Entity::update(change).exec(tx).await?;
        }
        None => {
            let freed = tombstone::take_away(tx, vault, &Name::Alias(alias.clone())).await?;
            if freed == 0 {
                return Err(Error::NotFound("alias").into());
            }
        }
    }
    let actor = (actor.0.as_str(), actor.1);
    let object = owner.as_deref().unwrap_or_default();
    audit::add(tx, now, actor, AuditAction::AliasReleased, object, reason, None).await?;
    Ok(owner)
}
