//! Ids that look like others, which nobody who reads them could tell apart (UTS 39).

use rapport_migrations::lookalike::skeleton;
use sea_orm::{ActiveValue::Set, EntityTrait as _, sea_query::OnConflict};

use super::entity::id_skeleton::{ActiveModel, Column, Entity};
use crate::{
    error::{Error, Reason},
    store::{Abort, Tx},
};

pub(crate) use rapport_migrations::lookalike::Kind;

/// Takes a new id of a kind; `field` is where the request has it.
///
/// # Errors
/// [`Reason::IdLooksAlike`] where another one that is there looks like it.
pub(crate) async fn take(tx: &Tx, kind: Kind, id: &str, field: &str) -> Result<(), Abort> {
    let looks = skeleton(id);
    let row = ActiveModel { kind: Set(kind as i16), skeleton: Set(looks.clone()), id: Set(id.to_owned()) };
    let mut once = OnConflict::columns([Column::Kind, Column::Skeleton]);
    let entered = Entity::insert(row).on_conflict(once.do_nothing().to_owned()).exec_without_returning(tx).await?;
    if entered > 0 {
        return Ok(());
    }
    let there = Entity::find_by_id((kind as i16, looks)).one(tx).await?;
    match there {
        Some(there) if there.id != id => {
            let rule = format!("must not look like {:?}, which is there", there.id);
            Err(Error::invalid(field, Reason::IdLooksAlike, rule).into())
        }
        Some(_) | None => Ok(()),
    }
}
