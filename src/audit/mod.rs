//! The audit trail, which every domain writes, and the one way to add to it. Its RPC is in `service`.

pub(crate) mod entity;
pub mod service;
mod trail;

use sea_orm::{
    ActiveValue::Set, ConnectionTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, entity::prelude::*,
};

pub(crate) use self::trail::{Reading, Trail};

use self::entity::{ActiveModel, Column, Entity, Model};
use crate::{
    api::v1::{AuditAction, Role},
    clock,
    reach::Oneself,
    store::{Stored, Tx, set},
};

/// Adds a line.
pub(crate) async fn add(
    tx: &Tx,
    now: i64,
    actor: (&str, Role),
    action: AuditAction,
    object_id: &str,
    reason: &str,
    detail: Option<serde_json::Value>,
) -> Result<(), DbErr> {
    add_about(tx, now, actor, action, (object_id, None), reason, detail).await
}

/// Adds a line about the rating of a colleague, who does not read it in any role.
pub(crate) async fn add_about(
    tx: &Tx,
    now: i64,
    actor: (&str, Role),
    action: AuditAction,
    (object_id, staff_id): (&str, Option<&str>),
    reason: &str,
    detail: Option<serde_json::Value>,
) -> Result<(), DbErr> {
    let line = ActiveModel {
        id: Set(clock::id_at(now)),
        event_at: Set(now),
        actor: Set(actor.0.to_owned()),
        actor_role: Set(Stored(actor.1)),
        action: Set(Stored(action)),
        object_id: Set(object_id.to_owned()),
        reason: Set(reason.to_owned()),
        detail: Set(detail.map(|value| value.to_string())),
        about_staff_id: Set(staff_id.map(str::to_owned)),
    };
    Entity::insert(line).exec_without_returning(tx).await?;
    Ok(())
}

/// Which lines to list.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) object_id: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) action: Option<AuditAction>,
    /// Whose ratings the lines are not about.
    pub(crate) besides: Oneself,
    /// Objects that do not exist to those who ask.
    pub(crate) hidden: Vec<String>,
}

/// A page of lines before `before`, newest first.
pub(crate) async fn list(
    connection: &impl ConnectionTrait,
    wanted: Wanted,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut query = Entity::find().order_by_desc(Column::Id).limit(limit);
    query = query.filter(wanted.besides.besides(Column::AboutStaffId));
    if let Some(object_id) = wanted.object_id {
        query = query.filter(Column::ObjectId.eq(object_id));
    }
    if let Some(actor) = wanted.actor {
        query = query.filter(Column::Actor.eq(actor));
    }
    if let Some(action) = wanted.action {
        query = query.filter(Column::Action.eq(Stored(action)));
    }
    // Also where there is nothing to hide: who is answered sooner would know.
    let hidden = set::one_of(connection.get_database_backend(), wanted.hidden);
    query = query.filter(Column::ObjectId.not_in_subquery(hidden));
    if let Some(before) = before {
        query = query.filter(Column::Id.lt(before));
    }
    query.all(connection).await
}
