//! Merging two records of one person, and parting them again.

use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Statement, Value, entity::prelude::*,
};

use super::{
    entity::{merge, merge_row},
    statements,
};
use crate::{
    api::v1::{AuditAction, Role},
    audit,
    clock::Micros,
    directory::{
        joining::{self, Joined},
        store::{ids_of, kept_id},
    },
    error::{Error, Result},
    store::{Abort, Store, Stored, Tx, sequence},
};

/// For how long a merge can be undone.
pub(crate) const UNDOABLE: Micros = 30 * 24 * 60 * 60 * 1_000_000;

/// What of a merge's rows moved, by table; the numbers are on record.
pub(super) const INTERACTION: i16 = 1;
pub(super) const REPLY: i16 = 2;
pub(super) const DO_NOT_CONTACT: i16 = 3;
pub(super) const STATEMENT: i16 = 4;
pub(super) const COMMITMENT: i16 = 6;
pub(super) const NOTICE: i16 = 10;
pub(super) const CALLBACK: i16 = 9;
pub(super) const GRANT: i16 = 11;
/// Statements that gave way to a later one of the other record.
pub(super) const ENDED_STATEMENT: i16 = 5;

/// Tables whose rows name a customer and are listed as they move. What else names one follows its interaction.
const MOVED: [(i16, &str); 8] = [
    (INTERACTION, "interaction"),
    (REPLY, "survey_reply"),
    (DO_NOT_CONTACT, "do_not_contact"),
    (STATEMENT, "preference_statement"),
    (COMMITMENT, "commitment"),
    (NOTICE, "notice"),
    (CALLBACK, "callback"),
    (GRANT, "discretion_grant"),
];
const FOLLOWING: [&str; 2] = ["outbound_contact", "survey_invitation"];

/// Makes two records one; gives the merge.
///
/// # Errors
/// [`Error::NotFound`]; two ids of one record; more contact points or aliases than a customer may have.
pub(super) async fn merge(
    tx: &Tx,
    store: &Store,
    actor: &(String, Role),
    (kept, absorbed): (String, String),
    reason: &str,
) -> Result<Uuid, Abort> {
    let now = sequence::lock_record(tx, store.clock()).await?;
    let id = Uuid::new_v4();
    let (kept, absorbed) = (kept_id(tx, kept).await?, kept_id(tx, absorbed).await?);
    if kept != absorbed {
        statements::settle(tx, now, id, (&kept, &absorbed)).await?;
        for (kind, table) in MOVED {
            let listed = format!(
                "INSERT INTO customer_merge_row (merge_id, kind, row_id) SELECT $1, {kind}, id FROM {table}
                WHERE customer_id = $2"
            );
            run(tx, &listed, [id.into(), absorbed.as_str().into()]).await?;
            move_all(tx, table, (&absorbed, &kept)).await?;
        }
        for table in FOLLOWING {
            move_all(tx, table, (&absorbed, &kept)).await?;
        }
    }
    let joined = joining::join(tx, (&kept, &absorbed), id).await?;
    let row = merge::ActiveModel {
        id: Set(id),
        kept_id: Set(kept.clone()),
        absorbed_id: Set(absorbed.clone()),
        reason: Set(reason.to_owned()),
        author: Set(actor.0.clone()),
        merged_at: Set(now),
        undone_at: Set(None),
        undone_by: Set(None),
        state: Set(Some(serde_json::to_string(&joined).map_err(Error::internal)?)),
    };
    merge::Entity::insert(row).exec_without_returning(tx).await?;
    let detail = serde_json::json!({ "merge_id": id, "absorbed_customer_id": absorbed });
    let actor = (actor.0.as_str(), actor.1);
    audit::add(tx, now, actor, AuditAction::CustomersMerged, &kept, reason, Some(detail)).await?;
    Ok(id)
}

async fn move_all(tx: &Tx, table: &str, (from, to): (&str, &str)) -> Result<(), DbErr> {
    let sql = format!("UPDATE {table} SET customer_id = $1 WHERE customer_id = $2");
    run(tx, &sql, [to.into(), from.into()]).await
}

/// By hand: tables in one form.
async fn run(tx: &Tx, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<(), DbErr> {
    tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
    Ok(())
}

/// Parts two records again.
///
/// # Errors
/// [`Error::NotFound`], [`Error::MergeNotUndoable`].
pub(super) async fn undo(tx: &Tx, store: &Store, actor: &(String, Role), id: Uuid, reason: &str) -> Result<(), Abort> {
    let now = sequence::lock_record(tx, store.clock()).await?;
    let merge = merge::Entity::find_by_id(id).lock_exclusive().one(tx).await?.ok_or(Error::NotFound("merge"))?;
    let is_over = merge.undone_at.is_some() || now > merge.merged_at + UNDOABLE;
    let state = merge.state.clone().filter(|_| !is_over).ok_or(Error::MergeNotUndoable)?;
    // Merged into another one since: that merge comes first.
    if kept_id(tx, merge.kept_id.clone()).await? != merge.kept_id {
        return Err(Error::MergeNotUndoable.into());
    }
    let joined: Joined = serde_json::from_str(&state).map_err(Error::internal)?;
    let (kept, absorbed) = (merge.kept_id.as_str(), merge.absorbed_id.as_str());
    let names = merged_into(tx, absorbed).await?;
    let aliases = joining::part(tx, &joined, names.clone()).await?;

    for (kind, table) in MOVED {
        let sql = format!(
            "UPDATE {table} SET customer_id = $1 WHERE customer_id = $2
                AND id IN (SELECT row_id FROM customer_merge_row WHERE merge_id = $3 AND kind = {kind})"
        );
        run(tx, &sql, [absorbed.into(), kept.into(), id.into()]).await?;
    }
    // What came since, by the name under which it came.
    for name in names.iter().map(String::as_str).chain([absorbed]) {
        let sql = "UPDATE interaction SET customer_id = $1
            WHERE customer_id = $2 AND recorded_at >= $3 AND given_customer_id = $4";
        run(tx, sql, [absorbed.into(), kept.into(), merge.merged_at.into(), name.into()]).await?;
    }
    for alias in &aliases {
        for (table, prefix, time) in
            [("interaction", "alias", "recorded_at"), ("survey_reply", "contact", "received_at")]
        {
            let sql = format!(
                "UPDATE {table} SET customer_id = $1 WHERE customer_id = $2 AND {time} >= $3
                    AND {prefix}_kind = $4 AND {prefix}_value = $5"
            );
            let name = [Stored(alias.kind).into(), alias.value.as_str().into()];
            let values = [absorbed.into(), kept.into(), merge.merged_at.into()].into_iter().chain(name);
            run(tx, &sql, values).await?;
        }
    }
    for table in FOLLOWING {
        let sql = format!(
            "UPDATE {table} SET customer_id = $1 WHERE customer_id = $2
                AND interaction_id IN (SELECT id FROM interaction WHERE customer_id = $1)"
        );
        run(tx, &sql, [absorbed.into(), kept.into()]).await?;
    }
    statements::reopen(tx, merge.merged_at, id).await?;

    merge_row::Entity::delete_many().filter(merge_row::Column::MergeId.eq(id)).exec(tx).await?;
    let change = merge::ActiveModel {
        id: Set(id),
        undone_at: Set(Some(now)),
        undone_by: Set(Some(actor.0.clone())),
        state: Set(None),
        ..Default::default()
    };
    merge::Entity::update(change).exec(tx).await?;
    let detail = serde_json::json!({ "merge_id": id, "absorbed_customer_id": absorbed });
    let actor = (actor.0.as_str(), actor.1);
    audit::add(tx, now, actor, AuditAction::MergeUndone, kept, reason, Some(detail)).await?;
    Ok(())
}

/// The ids that were merged into a record, and into those, before it was merged itself.
async fn merged_into(connection: &impl ConnectionTrait, id: &str) -> Result<Vec<String>, DbErr> {
    use merge::Column;
    let mut found: Vec<String> = Vec::new();
    let mut looked_at = vec![id.to_owned()];
    while let Some(kept) = looked_at.pop() {
        let query = merge::Entity::find().select_only().column(Column::AbsorbedId).filter(Column::UndoneAt.is_null());
        let absorbed: Vec<String> = query.filter(Column::KeptId.eq(kept)).into_tuple().all(connection).await?;
        looked_at.extend(absorbed.iter().cloned());
        found.extend(absorbed);
    }
    Ok(found)
}

/// One merge.
pub(super) async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<merge::Model> {
    merge::Entity::find_by_id(id).one(connection).await?.ok_or(Error::NotFound("merge"))
}

/// A page of merges, newest first; of a customer: of any of their ids.
pub(super) async fn list(
    connection: &impl ConnectionTrait,
    customer_id: Option<&str>,
    after: Option<(Micros, Uuid)>,
    limit: u64,
) -> Result<Vec<merge::Model>, DbErr> {
    use merge::Column;
    let mut query = merge::Entity::find().order_by_desc(Column::MergedAt).order_by_desc(Column::Id).limit(limit);
    if let Some(id) = customer_id {
        let ids = ids_of(connection, id).await?;
        let either = Condition::any().add(Column::KeptId.is_in(ids.clone())).add(Column::AbsorbedId.is_in(ids));
        query = query.filter(either);
    }
    if let Some((merged_at, id)) = after {
        use sea_orm::sea_query::ExprTrait as _;
        let here = Expr::tuple([Expr::col(Column::MergedAt), Expr::col(Column::Id)]);
        query = query.filter(here.lt(Expr::tuple([Expr::value(merged_at), Expr::value(id)])));
    }
    query.all(connection).await
}

/// Forgets what it takes to undo merges that cannot be undone any more; gives how many.
pub(crate) async fn sweep(store: &Store) -> Result<u64> {
    let runner = store.clone();
    store
        .transact(move |tx| {
            let store = runner.clone();
            Box::pin(async move {
                use merge::Column;
                let old = store.now(tx).await? - UNDOABLE;
                let over = || Condition::all().add(Column::MergedAt.lt(old)).add(Column::State.is_not_null());
                let ids = merge::Entity::find().select_only().column(Column::Id).filter(over());
                let ids: Vec<Uuid> = ids.into_tuple().all(tx).await?;
                if ids.is_empty() {
                    return Ok::<_, Abort>(0);
                }
                merge_row::Entity::delete_many().filter(merge_row::Column::MergeId.is_in(ids)).exec(tx).await?;
                let forgotten = merge::Entity::update_many().col_expr(Column::State, Expr::value(None::<String>));
                Ok(forgotten.filter(over()).exec(tx).await?.rows_affected)
            })
        })
        .await
}
