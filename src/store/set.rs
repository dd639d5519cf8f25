//! Looking up many rows with one statement, and what else SQLite and PostgreSQL say differently.

use sea_orm::{
    DbBackend, Value,
    sea_query::{ArrayType, Expr, ExprTrait as _, Func, FunctionCall, Query, SelectStatement},
};
use uuid::Uuid;

/// The texts of a list as a subquery, for use after IN.
///
/// Not `= ANY($1)`: once PostgreSQL plans that for any parameter, it compares every row with every item. Not a parameter for
/// each: every length would be a statement of its own.
pub(crate) fn one_of(backend: DbBackend, texts: Vec<String>) -> SelectStatement {
    listed(backend, "text[]", text_list(backend, texts), Expr::cust("value"))
}

/// The same of ids.
pub(crate) fn one_of_ids(backend: DbBackend, ids: impl IntoIterator<Item = Uuid>) -> SelectStatement {
    listed(backend, "uuid[]", id_list(backend, ids), Expr::cust("unhex(value)"))
}

/// `item`: what SQLite makes of an item, which it calls `value`.
fn listed(backend: DbBackend, array: &'static str, list: Value, item: Expr) -> SelectStatement {
    if backend == DbBackend::Sqlite {
        let items: FunctionCall = Func::cust("json_each").arg(list);
        return Query::select().expr(item).from_function(items, "listed").to_owned();
    }
    Query::select().expr(Func::cust("unnest").arg(Expr::val(list).cast_as(array))).to_owned()
}

/// [`one_of`] in a statement that is written by hand, by the number of its parameter.
pub(crate) fn texts_listed(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Sqlite {
        format!("(SELECT value FROM json_each(${parameter}))")
    } else {
        format!("(SELECT unnest(${parameter}::text[]))")
    }
}

/// Numbers in a statement that is written by hand, by the number of its parameter.
pub(crate) fn numbers_listed(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Sqlite {
        format!("(SELECT value FROM json_each(${parameter}))")
    } else {
        format!("(SELECT unnest(${parameter}::bigint[]))")
    }
}

/// The parameter for [`numbers_listed`].
pub(crate) fn number_list(backend: DbBackend, numbers: Vec<i64>) -> Value {
    if backend == DbBackend::Sqlite {
        Value::from(serde_json::Value::from(numbers).to_string())
    } else {
        Value::Array(ArrayType::BigInt, Some(Box::new(numbers.into_iter().map(Value::from).collect())))
    }
}

/// The parameter for [`texts_listed`].
pub(crate) fn text_list(backend: DbBackend, texts: Vec<String>) -> Value {
    if backend == DbBackend::Sqlite {
        Value::from(serde_json::Value::from(texts).to_string())
    } else {
        Value::Array(ArrayType::String, Some(Box::new(texts.into_iter().map(Value::from).collect())))
    }
}

/// The parameter for [`ids_listed`].
pub(crate) fn id_list(backend: DbBackend, ids: impl IntoIterator<Item = Uuid>) -> Value {
    let ids = ids.into_iter();
    if backend == DbBackend::Sqlite {
        let list: Vec<String> = ids.map(|id| id.simple().to_string()).collect();
        Value::from(serde_json::Value::from(list).to_string())
    } else {
        Value::Array(ArrayType::Uuid, Some(Box::new(ids.map(Value::from).collect())))
    }
}

/// A list of ids in a statement that is written by hand, by the number of its parameter.
pub(crate) fn ids_listed(backend: DbBackend, parameter: usize) -> String {
    if backend == DbBackend::Sqlite {
        format!("(SELECT unhex(value) FROM json_each(${parameter}))")
    } else {
        format!("(SELECT unnest(${parameter}::uuid[]))")
    }
}

/// Pairs of texts as a table `asked (one, other)`: two parameters from this one on, both made by [`text_list`] and of one length.
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
