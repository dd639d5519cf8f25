//! Whether the records of all competitions agree with themselves, as `rapport verify` checks one that was exported.

use std::collections::BTreeMap;

use rapport_vote::verify::verify;
use sea_orm::{QueryFilter as _, QuerySelect as _, entity::prelude::*};

use super::{entity::competition, store as rows};
use crate::{error::Result, store::Store, vault::Vault};

/// How many competitions have records, and what is wrong with those that do not agree with themselves, by competition.
///
/// # Errors
/// [`crate::error::Error::StoreUnavailable`].
pub(crate) async fn check_records(store: &Store, vault: &Vault) -> Result<(usize, Vec<String>)> {
    let reader = store.reader();
    let opened = competition::Entity::find().select_only().column(competition::Column::Id);
    let opened = opened.filter(competition::Column::OpenedAt.is_not_null()).into_tuple().all(reader).await?;
    let mut wrong = Vec::new();
    for id in &opened {
        let mut record = rows::record(reader, vault, *id).await?;
        let locked = rows::find(reader, *id).await?;
        record.manifest = locked.and_then(|locked| locked.manifest().map(str::to_owned));
        if let Some(first) = verify(&record, &BTreeMap::new()).failures.first() {
            wrong.push(format!("competition {id}: {}: {}", first.place, first.what));
        }
    }
    Ok((opened.len(), wrong))
}
