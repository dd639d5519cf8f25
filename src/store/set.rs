//! Writing and looking up many rows with one statement.
//!
//! PostgreSQL takes one array per column (UNNEST), so that every size is the same statement text and stays prepared.
//! SQLite takes row values, as many as the next power of two; rows of NULLs fill them up and are passed over.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value, sea_query::ArrayType};
use uuid::Uuid;

use super::Tx;

/// A table as the target of set-based inserts.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What becomes of a row that is there already.
    pub present: Present,
    /// Its columns in the order of a row's values.
    pub columns: &'static [(&'static str, Kind)],
}

/// What becomes of a row that is there already.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Present {
    /// There is none: the database would refuse all of them.
    Never,
    /// It is passed over if it shares the value of this column with another one.
    PassOver(&'static str),
    /// The first columns, as many as this, are its key; the others, all of them sums, are added to those that are there.
    Add(usize),
    /// The first columns, as many as this, are its key; the others take the place of those that are there.
    Replace(usize),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A UUID, never null.
    Id,
    /// An integer.
    Int,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

/// Rows per statement on SQLite at most.
const SQLITE_ROWS: usize = 512;
/// Parameters of a statement that SQLite takes.
const SQLITE_PARAMETERS: usize = 32_766;

impl Table {
    /// The statements that insert `rows` rows on SQLite: how many of them each takes, with how many rows of NULLs behind
    /// them, and its text.
    pub fn sqlite_inserts(&self, rows: usize) -> impl Iterator<Item = (usize, usize, String)> {
        let fitting = SQLITE_PARAMETERS / self.columns.len().max(1);
        // Filled up to a power of two, it must still fit.
        let most = SQLITE_ROWS.min(1 << fitting.max(1).ilog2());
        (0..rows).step_by(most).map(move |first| {
            let taken = most.min(rows - first);
            let padded = taken.next_power_of_two();
            let row = format!("({})", vec!["?"; self.columns.len()].join(","));
            let rows = vec![row.as_str(); padded].join(",");
            let into = self.insert_into();
            let text = format!("{into} SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL{}", self.if_present());
            (taken, padded - taken, text)
        })
    }

    /// The statement that inserts any number of rows on PostgreSQL.
    pub fn postgres_insert(&self) -> String {
        let (mut arrays, mut selected) = (Vec::new(), Vec::new());
        for (index, (name, kind)) in self.columns.iter().enumerate() {
            let number = index + 1;
            match kind {
                Kind::Id => (arrays.push(format!("${number}::uuid[]")), selected.push((*name).to_owned())),
                Kind::Int => (
                    arrays.push(format!("${number}::bigint[]")),
                    selected.push(format!("NULLIF({name}, ({}))", i64::MIN)),
                ),
                Kind::Text => (arrays.push(format!("${number}::text[]")), selected.push(format!("NULLIF({name}, '')"))),
                Kind::Bytes => {
                    (arrays.push(format!("${number}::bytea[]")), selected.push(format!("NULLIF({name}, ''::bytea)")))
                }
            };
        }
        format!(
            "{} SELECT {} FROM UNNEST({}) AS given ({}){}",
            self.insert_into(),
            selected.join(", "),
            arrays.join(", "),
            self.column_names(),
            self.if_present(),
        )
    }

    fn insert_into(&self) -> String {
        format!("INSERT INTO {} ({})", self.name, self.column_names())
    }

    fn if_present(&self) -> String {
        match self.present {
            Present::Never => String::new(),
            Present::PassOver(column) => format!(" ON CONFLICT ({column}) DO NOTHING"),
            Present::Add(keys) => self.update(keys, |name| format!("{}.{name} + excluded.{name}", self.name)),
            Present::Replace(keys) => self.update(keys, |name| format!("excluded.{name}")),
        }
    }

    fn update(&self, keys: usize, value: impl Fn(&str) -> String) -> String {
        let (keys, others) = self.columns.split_at(keys);
        let keys: Vec<_> = keys.iter().map(|(name, _)| *name).collect();
        let others: Vec<_> = others.iter().map(|(name, _)| format!("{name} = {}", value(name))).collect();
        format!(" ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), others.join(", "))
    }

    fn column_names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// One value of a row. No column tells an empty text or no bytes from none, nor uses the smallest integer: these stand for NULL in
/// PostgreSQL's arrays, which the driver cannot fill with nulls.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Id(Uuid),
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl From<Uuid> for Cell {
    fn from(id: Uuid) -> Self {
        Cell::Id(id)
    }
}

macro_rules! cell_from_integer {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Cell {
            fn from(value: $kind) -> Self {
                Cell::Int(Some(value.into()))
            }
        }
        impl From<Option<$kind>> for Cell {
            fn from(value: Option<$kind>) -> Self {
                Cell::Int(value.map(Into::into))
            }
        }
    )*};
}
cell_from_integer!(i16, i32, i64);

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Cell::Text(text.filter(|text| !text.is_empty()))
    }
}

impl From<Option<Vec<u8>>> for Cell {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Cell::Bytes(bytes)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell::Text(Some(text))
    }
}

/// Inserts rows, each with the table's columns in order; gives how many were inserted.
pub(crate) async fn insert(tx: &Tx, table: &Table, rows: Vec<Vec<Cell>>) -> Result<u64, DbErr> {
    if rows.is_empty() {
        return Ok(0);
    }
    if tx.get_database_backend() == DbBackend::Sqlite {
        insert_sqlite(tx, table, rows).await
    } else {
        insert_postgres(tx, table, rows).await
    }
}

async fn insert_sqlite(tx: &Tx, table: &Table, rows: Vec<Vec<Cell>>) -> Result<u64, DbErr> {
    let (mut inserted, count) = (0, rows.len());
    let mut rows = rows.into_iter();
    for (taken, padding, text) in table.sqlite_inserts(count) {
        let mut values: Vec<Value> = rows.by_ref().take(taken).flatten().map(sqlite_value).collect();
        values.resize((taken + padding) * table.columns.len(), Value::from(None::<i64>));
        let done = tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, text, values)).await?;
        inserted += done.rows_affected();
    }
    Ok(inserted)
}

fn sqlite_value(cell: Cell) -> Value {
    match cell {
        Cell::Id(id) => Value::from(id),
        Cell::Int(value) => Value::from(value),
        Cell::Text(text) => Value::from(text),
        Cell::Bytes(bytes) => Value::from(bytes),
    }
}

async fn insert_postgres(tx: &Tx, table: &Table, rows: Vec<Vec<Cell>>) -> Result<u64, DbErr> {
    let mut columns: Vec<Vec<Value>> = table.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(match cell {
                Cell::Id(id) => Value::from(id),
                Cell::Int(value) => Value::from(value.unwrap_or(i64::MIN)),
                Cell::Text(text) => Value::from(text.unwrap_or_default()),
                Cell::Bytes(bytes) => Value::from(bytes.unwrap_or_default()),
            });
        }
    }
    let arrays = table.columns.iter().zip(columns).map(|((_, kind), values)| {
        let kind = match kind {
            Kind::Id => ArrayType::Uuid,
            Kind::Int => ArrayType::BigInt,
            Kind::Text => ArrayType::String,
            Kind::Bytes => ArrayType::Bytes,
        };
        Value::Array(kind, Some(Box::new(values)))
    });
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, table.postgres_insert(), arrays);
    Ok(tx.execute_raw(statement).await?.rows_affected())
}

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
