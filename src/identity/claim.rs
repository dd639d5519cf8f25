//! What was recorded under a name belongs to its owner from the moment the directory knows them by it, and stays theirs
//! when the name goes to somebody else.

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _, QueryResult, QuerySelect as _,
    Statement,
    sea_query::{Expr, ExprTrait as _},
};

use crate::{
    api::v1::ContactKind,
    directory::{Alias, entity::customer_alias},
    store::{Abort, Store, Stored, Tx, sequence},
};

/// Keeps everybody from recording under a name until the transaction ends: what is on its way would have no owner. Takes no
/// number: nothing is added to the record.
pub(crate) async fn lock(tx: &Tx, store: &Store) -> Result<(), Abort> {
    sequence::take(tx, store.clock(), sequence::INTERACTIONS, 0).await?;
    Ok(())
}

/// What has no owner yet under these names becomes the customer's. The caller holds the [`lock`].
pub(crate) async fn claim(tx: &Tx, customer_id: &str, names: &[Alias]) -> Result<(), Abort> {
    for name in names {
        for (table, prefix) in NAMED {
            // By hand: five tables in one form, each with an index of its own for it.
            let sql = format!(
                "UPDATE {table} SET customer_id = $1
                WHERE customer_id IS NULL AND {prefix}_kind = $2 AND {prefix}_value = $3"
            );
            let values = [customer_id.into(), Stored(name.kind).into(), name.value.as_str().into()];
            tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
        }
    }
    Ok(())
}

/// What is recorded under a name, and how its columns begin. The interactions come first: who invites or judges holds one.
const NAMED: [(&str, &str); 5] = [
    ("interaction", "alias"),
    ("outbound_contact", "alias"),
    ("survey_invitation", "contact"),
    ("survey_reply", "contact"),
    ("callback", "point"),
];

/// The names under which something is recorded that has no owner, each once.
pub(crate) async fn unowned(connection: &impl ConnectionTrait) -> Result<Vec<Alias>, DbErr> {
    let each = NAMED.map(|(table, prefix)| {
        format!(
            "SELECT {prefix}_kind AS kind, {prefix}_value AS value FROM {table}
            WHERE customer_id IS NULL AND {prefix}_value IS NOT NULL"
        )
    });
    let sql = Statement::from_string(connection.get_database_backend(), each.join(" UNION "));
    let rows = connection.query_all_raw(sql).await?;
    let alias = |row: QueryResult| {
        let kind: Stored<ContactKind> = row.try_get_by_index(0)?;
        Ok(Alias::stored(kind.0, row.try_get_by_index(1)?, None))
    };
    rows.into_iter().map(alias).collect()
}

/// Aliases looked at with one statement.
const PAGE: u64 = 1_000;

/// Does that for everything on record, a page of aliases at a time: a statement of millions of rows would be cut off.
pub(super) async fn claim_all(tx: &Tx) -> Result<(), DbErr> {
    use customer_alias::Column;
    let mut after: Option<(Stored<ContactKind>, String)> = None;
    loop {
        let mut page =
            customer_alias::Entity::find().order_by_asc(Column::Kind).order_by_asc(Column::Value).limit(PAGE);
        if let Some((kind, value)) = &after {
            let here = Expr::tuple([Expr::col(Column::Kind), Expr::col(Column::Value)]);
            page = page.filter(here.gt(Expr::tuple([Expr::value(*kind), Expr::value(value.as_str())])));
        }
        let Some(last) = page.all(tx).await?.pop().map(|row| (row.kind, row.value)) else { break };
        for (table, prefix) in NAMED {
            let sql = format!(
                "UPDATE {table} SET customer_id = a.customer_id FROM customer_alias a
                WHERE (a.kind, a.value) > ($1, $2) AND (a.kind, a.value) <= ($3, $4)
                    AND {table}.{prefix}_kind = a.kind AND {table}.{prefix}_value = a.value
                    AND {table}.{prefix}_value IS NOT NULL AND {table}.customer_id IS NULL"
            );
            let (kind, value) = after.clone().unwrap_or_default();
            let values = [kind.into(), value.into(), last.0.into(), last.1.as_str().into()];
            tx.execute_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await?;
        }
        after = Some(last);
    }
    // Replies came from points that are nobody's other name, too.
    let point = "p.kind = survey_reply.contact_kind AND p.value = survey_reply.contact_value";
    let sql = format!(
        "UPDATE survey_reply SET customer_id = (SELECT min(p.customer_id) FROM contact_point p WHERE {point})
        WHERE customer_id IS NULL AND contact_value IS NOT NULL
            AND 1 = (SELECT count(DISTINCT p.customer_id) FROM contact_point p WHERE {point})"
    );
    tx.execute_unprepared(&sql).await?;
    Ok(())
}
