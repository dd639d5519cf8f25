//! Departments in the database, and what they own. Setting one takes the lock of concerns.

use sea_orm::{
    ConnectionTrait, DbErr, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*, sea_query::OnConflict,
};

use super::{
    entity::{
        department::{Column, Entity, Model},
        owned,
    },
    figures::Owners,
};
use crate::{
    api::v1::{Attribution, AuditAction, Role},
    audit,
    clock::Micros,
    directory::store as directory,
    error::{Error, Reason, Result, Violation},
    store::{
        Abort, Stored, Tx,
        bulk::{self, Present},
    },
};

/// A department with what it owns: cause, none for any, and topic, empty for any.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Department {
    pub(super) row: Model,
    pub(super) owns: Vec<(Attribution, String)>,
}

/// Says what a department is and owns.
///
/// # Errors
/// A team that the directory does not know; what another department owns.
pub(super) async fn set(tx: &Tx, now: Micros, (actor, role): (&str, Role), told: &Department) -> Result<(), Abort> {
    let Department { row, owns } = told;
    let mut found = Vec::new();
    if let Some(team) = &row.team_id
        && directory::find_team(tx, team).await?.is_none()
    {
        let rule = "must be a team of the directory";
        found.push(Violation::new("department.team_id", Reason::UnknownTeam, rule));
    }
    for (at, (cause, topic)) in owns.iter().enumerate() {
        let owner = owned::Entity::find_by_id((Stored(*cause), topic.clone())).one(tx).await?;
        if let Some(owner) = owner.filter(|owner| owner.department_id != row.id) {
            let rule = format!("must not be owned by {:?}, which has it", owner.department_id);
            found.push(Violation::new(format!("department.owns[{at}]"), Reason::AlreadyOwned, &rule));
        }
    }
    Error::unless_empty(found)?;
    let columns = [Column::DisplayName, Column::TeamId, Column::AcknowledgeWithin];
    let replace = OnConflict::column(Column::Id).update_columns(columns).to_owned();
    Entity::insert(row.clone().into_active_model()).on_conflict(replace).exec_without_returning(tx).await?;
    owned::Entity::delete_many().filter(owned::Column::DepartmentId.eq(&row.id)).exec(tx).await?;
    let rows = owns.iter().map(|(cause, topic)| owned::Model {
        cause: Stored(*cause),
        topic: topic.clone(),
        department_id: row.id.clone(),
    });
    bulk::insert::<owned::Entity>(tx, rows.collect(), Present::Never).await?;
    audit::add(tx, now, (actor, role), AuditAction::DepartmentSet, &row.id, "", None).await?;
    Ok(())
}

/// One, without what it owns.
pub(super) async fn find(connection: &impl ConnectionTrait, id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

/// A page, in order of id.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Department>, DbErr> {
    let mut query = Entity::find();
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query.order_by_asc(Column::Id).limit(limit).all(connection).await?;
    with_owned(connection, rows).await
}

/// With what each owns.
pub(super) async fn with_owned(connection: &impl ConnectionTrait, rows: Vec<Model>) -> Result<Vec<Department>, DbErr> {
    let ids = rows.iter().map(|row| row.id.clone());
    let query = owned::Entity::find().filter(owned::Column::DepartmentId.is_in(ids));
    let owned = query.order_by_asc(owned::Column::Cause).order_by_asc(owned::Column::Topic).all(connection).await?;
    let mut departments: Vec<_> = rows.into_iter().map(|row| Department { row, owns: Vec::new() }).collect();
    for one in owned {
        let department = departments.iter_mut().find(|department| department.row.id == one.department_id);
        department.into_iter().for_each(|department| department.owns.push((one.cause.0, one.topic.clone())));
    }
    Ok(departments)
}

/// Who owns what.
pub(super) async fn owners(connection: &impl ConnectionTrait) -> Result<Owners, DbErr> {
    let rows = owned::Entity::find().all(connection).await?;
    Ok(Owners::new(rows.into_iter().map(|row| (row.cause.0, row.topic, row.department_id))))
}
