//! Erasing a customer: one transaction, a statement or two for each table, however many interactions they have.

use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, ExecResult, QueryFilter as _,
    QuerySelect as _, Statement,
};
use uuid::Uuid;

use super::{entity::erasure, expanded, table::Table};
use crate::{
    api::v1::{AuditAction, Role},
    audit,
    classification::{Class, Disposition, Rows},
    clock::Micros,
    competition,
    directory::{
        Alias,
        entity::{customer, customer_alias, staff_member},
        store::ids_of,
        tombstone::{self, Name},
    },
    error::{Error, Result},
    preference,
    store::{Abort, Store, Tx, sequence, set},
    vault::Vault,
};

/// Evidence of an erasure.
#[derive(Clone, Debug)]
pub(super) struct ErasureReceipt {
    pub(super) id: Uuid,
    pub(super) erased_at: Micros,
    pub(super) text: String,
    pub(super) key_id: String,
    pub(super) signature: Vec<u8>,
}

/// Erases a customer, unless they were erased before; gives the erasure.
pub(super) async fn erase(
    tx: &Tx,
    (store, vault, tables): (&Store, &Vault, &[Table]),
    actor: &(String, Role),
    customer_id: &str,
    reason: &str,
) -> Result<Uuid, Abort> {
    // Nothing of the customer's may come in between.
    let now = sequence::lock_record(tx, store.clock()).await?;
    let locked = customer::Entity::find_by_id(customer_id.to_owned()).lock_exclusive().one(tx).await?;
    if locked.is_none() {
        let earlier = tombstone::of_customer(tx, vault, customer_id).await?;
        return earlier.ok_or(Error::NotFound("customer").into());
    }

    let id = Uuid::new_v4();
    let names = names(tx, customer_id).await?;
    tombstone::put(tx, vault, &names, id).await?;
    let at = jiff::Timestamp::from_microsecond(now).map_err(Error::internal)?;
    let mut text = format!("rapport-erasure 1\nerasure {id}\ntime {at}\nkey {}\n", vault.key_id()?);
    let mut rolls = None;
    for id in ids_of(tx, customer_id).await? {
        if !is_colleague(tx, &id).await? {
            *rolls.get_or_insert(0) += competition::erase_voter(tx, vault, now, actor, &id).await?;
        }
    }
    if let Some(rolls) = rolls {
        text.push_str(&format!("competition_voter {rolls}\n"));
    }
    if names_a_language(tx, customer_id).await? {
        preference::store::forget_languages(tx).await?;
    }
    for table in tables {
        let Some(rows) = table.rows else { continue };
        let count = match rows.fate {
            Disposition::Deleted => {
                let sql = format!("DELETE FROM {} WHERE {}", table.name(), rows.which);
                run(tx, &sql, customer_id).await?.rows_affected()
            }
            Disposition::Blanked => blank(tx, table, &rows, customer_id).await?,
            Disposition::Elsewhere => continue,
        };
        text.push_str(&format!("{} {count}\n", table.name()));
    }

    let signature = vault.sign(text.as_bytes())?;
    let row = erasure::ActiveModel {
        id: Set(id),
        erased_at: Set(now),
        receipt: Set(text),
        key_id: Set(signature.key_id),
        signature: Set(signature.bytes),
    };
    erasure::Entity::insert(row).exec_without_returning(tx).await?;
    let by = (actor.0.as_str(), actor.1);
    audit::add(tx, now, by, AuditAction::CustomerErased, &id.to_string(), reason, None).await?;
    Ok(id)
}

/// All that the customer may be called.
async fn names(tx: &Tx, customer_id: &str) -> Result<Vec<Name>, Abort> {
    let aliases =
        customer_alias::Entity::find().filter(customer_alias::Column::CustomerId.eq(customer_id)).all(tx).await?;
    let aliases = aliases.into_iter().map(|row| Name::Alias(Alias::stored(row.kind.0, row.value, row.written)));
    let ids = ids_of(tx, customer_id).await?.into_iter().map(Name::Customer);
    Ok(ids.chain(aliases).collect())
}

/// Whether a language that the customer spoke may have been counted with everybody's.
async fn names_a_language(tx: &Tx, customer_id: &str) -> Result<bool, Abort> {
    let backend = tx.get_database_backend();
    let sql = format!(
        "SELECT 1 FROM interaction WHERE id IN {{theirs}} AND context LIKE '%\"{}\"%' LIMIT 1",
        preference::LANGUAGE_ATTRIBUTE
    );
    let sql = Statement::from_sql_and_values(backend, expanded(&sql, backend), [customer_id.into()]);
    Ok(tx.query_one_raw(sql).await?.is_some())
}

/// Ids of customers and of colleagues may be the same text, and a roll does not tell which it has.
async fn is_colleague(tx: &Tx, id: &str) -> Result<bool, Abort> {
    Ok(staff_member::Entity::find_by_id(id.to_owned()).one(tx).await?.is_some())
}

/// Every row is found and written once, whatever changes in it: with its indexes that is most of the work.
async fn blank(tx: &Tx, table: &Table, rows: &Rows, customer_id: &str) -> Result<u64, Abort> {
    let (name, which) = (table.name(), rows.which);
    let random = set::random_text(tx.get_database_backend());
    let (mut changes, mut called) = (Vec::new(), Vec::new());
    let (mut names, mut renamed, mut joins) = (Vec::new(), Vec::new(), Vec::new());
    for (class, column) in table.classified() {
        let quoted = format!("\"{column}\"");
        match class {
            Class::Identity(becomes) | Class::Note(becomes) | Class::Partly(_, becomes) => {
                changes.push(format!("{quoted} = {becomes}"))
            }
            Class::Pseudonym => {
                changes.push(format!("{quoted} = called.{quoted}"));
                // Materialised: a plan that runs it once a row would give one matter many names.
                names.push(format!(
                    "new_{column} AS MATERIALIZED (SELECT {quoted} AS was, {random} AS now FROM found
                        WHERE {quoted} IS NOT NULL GROUP BY {quoted})"
                ));
                joins.push(format!("LEFT JOIN new_{column} ON new_{column}.was = found.{quoted}"));
                renamed.push(format!("new_{column}.now AS {quoted}"));
                called.push(quoted);
            }
            Class::Fact | Class::Staff | Class::Organization | Class::Technical => {}
        }
    }
    let changes = changes.join(", ");
    let sql = match rows.key.filter(|_| !called.is_empty()) {
        None => format!("UPDATE {name} SET {changes} WHERE {which}"),
        Some(key) => {
            format!(
                "WITH found AS MATERIALIZED (SELECT {key}, {} FROM {name} WHERE {which}), {}
                UPDATE {name} SET {changes} FROM (SELECT found.{key}, {} FROM found {}) AS called
                WHERE {name}.{key} = called.{key}",
                called.join(", "),
                names.join(", "),
                renamed.join(", "),
                joins.join(" ")
            )
        }
    };
    Ok(run(tx, &sql, customer_id).await?.rows_affected())
}

async fn run(tx: &Tx, sql: &str, customer_id: &str) -> Result<ExecResult, Abort> {
    let backend = tx.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, expanded(sql, backend), [customer_id.into()]);
    Ok(tx.execute_raw(statement).await?)
}

/// The receipt of an erasure.
pub(super) async fn receipt(store: &Store, id: Uuid) -> Result<ErasureReceipt> {
    let row = erasure::Entity::find_by_id(id).one(store.reader()).await?.ok_or(Error::NotFound("erasure"))?;
    Ok(ErasureReceipt { id, erased_at: row.erased_at, text: row.receipt, key_id: row.key_id, signature: row.signature })
}
