//! Reading everything held about a customer, table by table.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult as _, JsonValue, QueryResult, Statement, Value};
use serde_json::json;
use uuid::Uuid;

use super::{seen, table::Table};
use crate::{
    classification::{Class, Rows},
    error::{Error, Result},
    reach::Oneself,
    store::Store,
};

/// A page ends after this many bytes: well below what clients take in one message.
const PAGE_BYTES: usize = 1 << 20;

/// Behind which row a page begins: the table's place, and the row's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    table: usize,
    after: Uuid,
}

impl Position {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (table, after) = bytes.split_first()?;
        Some(Self { table: usize::from(*table), after: Uuid::from_slice(after).ok()? })
    }

    pub(super) fn write(self) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(self.table).unwrap_or(u8::MAX)];
        bytes.extend(self.after.as_bytes());
        bytes
    }
}

/// A page of lines, and where the next one begins.
pub(super) async fn page(
    (store, tables): (&Store, &[Table]),
    (customer_id, reader): (&str, Option<&str>),
    from: Position,
    limit: usize,
) -> Result<(Vec<String>, Option<Position>)> {
    let (mut lines, mut bytes) = (Vec::new(), 0);
    let mut here = from;
    while let Some(table) = tables.get(here.table) {
        if let Some(rows) = table.rows {
            for (line, key) in read(store, table, rows, (customer_id, reader), here.after, limit - lines.len()).await? {
                bytes += line.len();
                lines.push(line);
                let Some(key) = key else { continue };
                here.after = key;
                if lines.len() >= limit || bytes > PAGE_BYTES {
                    return Ok((lines, Some(here)));
                }
            }
        }
        here = Position { table: here.table + 1, after: Uuid::nil() };
        if lines.len() >= limit || bytes > PAGE_BYTES {
            return Ok((lines, Some(here).filter(|next| next.table < tables.len())));
        }
    }
    Ok((lines, None))
}

/// Whether somebody took part in an interaction of a customer. Every page asks: it may have come in between.
pub(super) async fn served(
    connection: &impl ConnectionTrait,
    customer_id: &str,
    oneself: &Oneself,
) -> Result<bool, DbErr> {
    let Some(staff_id) = oneself.id() else { return Ok(false) };
    let sql = "SELECT 1 FROM interaction_participant WHERE staff_id = $2 AND interaction_id IN {theirs} LIMIT 1";
    let backend = connection.get_database_backend();
    let values = [Value::from(customer_id), Value::from(staff_id)];
    let statement = Statement::from_sql_and_values(backend, seen(sql, backend), values);
    Ok(connection.query_one_raw(statement).await?.is_some())
}

/// Rows of a table with their keys; all of them where there are few.
async fn read(
    store: &Store,
    table: &Table,
    rows: Rows,
    (customer_id, reader): (&str, Option<&str>),
    after: Uuid,
    limit: usize,
) -> Result<Vec<(String, Option<Uuid>)>> {
    let exported = table.classified().filter_map(|(class, column)| match class {
        Class::Identity(_) | Class::Pseudonym | Class::Fact => Some(format!("\"{column}\"")),
        Class::Partly(shown, _) => Some(format!("{shown} AS \"{column}\"")),
        Class::Note(_) | Class::Staff | Class::Organization | Class::Technical => None,
    });
    let mut columns: Vec<String> = exported.collect();
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let connection = store.reader();
    let backend = connection.get_database_backend();
    let mut values: Vec<Value> = vec![customer_id.into(), reader.unwrap_or_default().into()];
    // A database refuses a parameter that no condition names.
    let mut rest = String::from(" AND $2 IS NOT NULL");
    if let Some(key) = rows.key {
        columns.push(format!("\"{key}\" AS page_key"));
        rest.push_str(&format!(" AND {key} > $3 ORDER BY {key} LIMIT $4"));
        values.extend([after.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()]);
    }
    let sql = format!("SELECT {} FROM {} WHERE ({}){rest}", columns.join(", "), table.name(), rows.which);
    let statement = Statement::from_sql_and_values(backend, seen(&sql, backend), values);
    let found = connection.query_all_raw(statement).await?;
    let line = |row: &QueryResult| {
        let key = rows.key.map(|_| row.try_get::<Uuid>("", "page_key")).transpose()?;
        let mut row = JsonValue::from_query_result(row, "")?;
        if let Some(row) = row.as_object_mut() {
            row.remove("page_key");
            row.values_mut().for_each(readable);
        }
        Ok((json!({ "table": table.name(), "row": row }).to_string(), key))
    };
    found.iter().map(line).collect::<Result<_, DbErr>>().map_err(Error::from)
}

/// An id that a database keeps as bytes.
fn readable(value: &mut JsonValue) {
    let bytes = value.as_array().and_then(|bytes| {
        bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect::<Option<Vec<_>>>()
    });
    if let Some(id) = bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()) {
        *value = JsonValue::from(id.to_string());
    }
}
