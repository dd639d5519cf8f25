//! Sessions in the database.

use sea_orm::{
    ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::entity::{Column, Entity, Model};
use crate::{
    api::v1::{AuditAction, Role},
    audit,
    clock::{DAY, Micros},
    error::{Error, Result},
    store::{Abort, Store, Tx},
};

/// Most that are shown.
const SHOWN: u64 = 100;
/// A link lives for an hour at most, so that none of a session that has been over for a day can come again.
const REMEMBERED: Micros = DAY;

/// Starts a session by its link.
///
/// # Errors
/// [`Error::LinkUsed`].
pub(super) async fn start(tx: &Tx, session: Model) -> Result<(), Abort> {
    let (id, subject, role, now) = (session.id, session.subject.clone(), session.role.0, session.started_at);
    let once = OnConflict::column(Column::LinkId).do_nothing().to_owned();
    let insert = Entity::insert(session.into_active_model()).on_conflict(once);
    if insert.exec_without_returning(tx).await? == 0 {
        return Err(Error::LinkUsed.into());
    }
    audit::add(tx, now, (&subject, role), AuditAction::SessionStarted, &id.to_string(), "", None).await?;
    Ok(())
}

/// Notes that a session was renewed, and gives it.
///
/// # Errors
/// [`Error::SessionOver`].
pub(super) async fn renew(tx: &Tx, id: Uuid, now: Micros) -> Result<Model, Abort> {
    let session = Entity::find_by_id(id).filter(Column::EndsAt.gt(now)).one(tx).await?.ok_or(Error::SessionOver)?;
    let renewed = Entity::update_many().col_expr(Column::RenewedAt, Expr::value(now)).filter(Column::Id.eq(id));
    renewed.exec(tx).await?;
    Ok(Model { renewed_at: now, ..session })
}

/// Lets the token of a session pass.
///
/// # Errors
/// [`Error::SessionOver`].
pub(crate) async fn admit(connection: &impl ConnectionTrait, id: Uuid, now: Micros) -> Result<()> {
    let open = Entity::find_by_id(id).filter(Column::EndsAt.gt(now)).one(connection).await?;
    open.map(|_| ()).ok_or(Error::SessionOver)
}

/// Somebody's sessions that are not over, newest first.
pub(super) async fn list(connection: &impl ConnectionTrait, subject: &str, now: Micros) -> Result<Vec<Model>, DbErr> {
    let open = Entity::find().filter(Column::Subject.eq(subject)).filter(Column::EndsAt.gt(now));
    open.order_by_desc(Column::StartedAt).order_by_desc(Column::Id).limit(SHOWN).all(connection).await
}

/// Ends one or all of somebody's sessions; gives how many.
pub(super) async fn end(tx: &Tx, actor: (&str, Role), id: Option<Uuid>, now: Micros) -> Result<i32, Abort> {
    let mut open = Entity::update_many()
        .col_expr(Column::EndsAt, Expr::value(now))
        .filter(Column::Subject.eq(actor.0))
        .filter(Column::EndsAt.gt(now));
    if let Some(id) = id {
        open = open.filter(Column::Id.eq(id));
    }
    let ended = open.exec(tx).await?.rows_affected;
    if ended > 0 {
        let object = id.map(|id| id.to_string()).unwrap_or_default();
        audit::add(tx, now, actor, AuditAction::SessionsEnded, &object, "", None).await?;
    }
    Ok(i32::try_from(ended).unwrap_or(i32::MAX))
}

/// Forgets sessions that have been over for a day.
///
/// # Errors
/// Those of the database.
pub(crate) async fn sweep(store: &Store) -> Result<u64> {
    let runner = store.clone();
    let swept = store.transact(move |tx| {
        let store = runner.clone();
        Box::pin(async move {
            let long_ago = store.now(tx).await? - REMEMBERED;
            let over = Entity::delete_many().filter(Column::EndsAt.lt(long_ago)).exec(tx).await?;
            Ok(over.rows_affected)
        })
    });
    swept.await
}
