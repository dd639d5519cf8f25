//! What was recorded under a name belongs to its owner from the moment the directory knows them by it, and stays theirs
//! when the name goes to somebody else.

use sea_orm::{ConnectionTrait as _, DbErr, Statement};

use crate::{
    directory::Alias,
    store::{Abort, Store, Stored, Tx, sequence},
};

/// Keeps everybody from recording under a name until the transaction ends: what is on its way would have no owner.
pub(crate) async fn lock(tx: &Tx, store: &Store) -> Result<(), Abort> {
    sequence::take(tx, store.clock(), sequence::INTERACTIONS, 1).await?;
    Ok(())
}

/// What has no owner yet under these names becomes the customer's. The caller holds the [`lock`].
pub(crate) async fn claim(tx: &Tx, customer_id: &str, names: &[Alias]) -> Result<(), Abort> {
    for name in names {
        for (table, prefix) in NAMED {
            // By hand: four tables in one form, each with an index of its own for it.
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
const NAMED: [(&str, &str); 4] = [
    ("interaction", "alias"),
    ("outbound_contact", "alias"),
    ("survey_invitation", "contact"),
    ("survey_reply", "contact"),
];

/// Does that for everything on record at once.
pub(super) async fn claim_all(tx: &Tx) -> Result<(), DbErr> {
    for (table, prefix) in NAMED {
        let owner = format!("a.kind = {table}.{prefix}_kind AND a.value = {table}.{prefix}_value");
        let sql = format!(
            "UPDATE {table} SET customer_id = (SELECT a.customer_id FROM customer_alias a WHERE {owner})
            WHERE customer_id IS NULL AND {prefix}_value IS NOT NULL
                AND EXISTS (SELECT 1 FROM customer_alias a WHERE {owner})"
        );
        tx.execute_unprepared(&sql).await?;
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
