//! Looking up many rows with one statement.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value, sea_query::ArrayType};
use uuid::Uuid;

/// The subquery that lists the texts of a parameter, for use after IN.
///
/// Not `= ANY($1)`: once PostgreSQL plans that for any parameter, it compares every row with every item.
pub(crate) fn texts_listed(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Sqlite {
        format!("(SELECT value FROM json_each(${parameter}))")
    } else {
        format!("(SELECT unnest(${parameter}::text[]))")
    }
}

/// The parameter for [`texts_listed`].
pub(crate) fn texts(backend: DbBackend, texts: Vec<String>) -> Result<Value, DbErr> {
    Ok(if backend == DbBackend::Sqlite {
        Value::from(serde_json::to_string(&texts).map_err(|error| DbErr::Json(error.to_string()))?)
    } else {
        Value::Array(ArrayType::String, Some(Box::new(texts.into_iter().map(Value::from).collect())))
    })
}

/// Pairs of texts as a table `asked (one, other)`: two parameters from this one on, both made by [`texts`] and of one length.
pub(crate) fn pairs_asked(backend: DbBackend, parameter: usize) -> String {
    let next = parameter + 1;
    if backend == DbBackend::Sqlite {
        format!(
            "(SELECT one.value AS one, other.value AS other
                FROM json_each(${parameter}) AS one JOIN json_each(${next}) AS other ON one.key = other.key) AS asked"
        )
    } else {
        format!("unnest(${parameter}::text[], ${next}::text[]) AS asked (one, other)")
    }
}

/// A UUID as it is written, from a column.
pub(crate) fn uuid_text(backend: DbBackend, column: &str) -> String {
    if backend != DbBackend::Sqlite {
        return format!("CAST({column} AS text)");
    }
    let part = |from: u8, length: u8| format!("substr(hex({column}), {from}, {length})");
    format!("lower({})", [part(1, 8), part(9, 4), part(13, 4), part(17, 4), part(21, 12)].join(" || '-' || "))
}

/// A random text for each row that asks.
pub(crate) fn random_text(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "lower(hex(randomblob(16)))" } else { "CAST(gen_random_uuid() AS text)" }
}

/// What a query ends with that locks its rows, in the order in which it gives them. SQLite has one writer anyway.
pub(crate) fn for_update(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { "" } else { " FOR UPDATE" }
}

/// Rows whose `column` is one of `ids`.
pub(crate) async fn among_ids(
    connection: &impl ConnectionTrait,
    select: &str,
    column: &str,
    ids: &[Uuid],
) -> Result<Vec<QueryResult>, DbErr> {
    let backend = connection.get_database_backend();
    let (condition, value) = if backend == DbBackend::Sqlite {
        let list: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
        let list = serde_json::to_string(&list).map_err(|error| DbErr::Json(error.to_string()))?;
        (format!("{column} IN (SELECT unhex(value) FROM json_each($1))"), Value::from(list))
    } else {
        let list = ids.iter().map(|id| Value::from(*id)).collect();
        (format!("{column} IN (SELECT unnest($1::uuid[]))"), Value::Array(ArrayType::Uuid, Some(Box::new(list))))
    };
    let sql = format!("{select} WHERE {condition}");
    connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [value])).await
}
