//! Writing many rows with one statement: models of an entity, whose columns and types are those of the table.
//!
//! PostgreSQL takes one array per column (UNNEST), so that every size is the same statement text and stays prepared.
//! SQLite takes row values, as many as the next power of two; rows of NULLs fill them up and are passed over.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait as _, DbBackend, DbErr, EntityTrait, IdenStatic as _, IntoActiveModel,
    Iterable as _, Statement, Value, sea_query::ArrayType,
};
use uuid::Uuid;

use super::{
    Tx,
    shape::{Column, ColumnKind, Shape},
};

/// What becomes of a row that is there already.
#[derive(Debug)]
pub(crate) enum Present<E: EntityTrait> {
    /// There is none: the database would refuse all of them.
    Never,
    /// It is passed over if it shares the values of these columns with another one.
    PassOver(&'static [E::Column]),
    /// These columns are its key; the others, all of them sums, are added to those that are there.
    Add(&'static [E::Column]),
    /// These columns are its key; the others take the place of those that are there.
    Replace(&'static [E::Column]),
}

/// The statements that insert rows into a table. By hand: the query builder knows neither arrays nor row values as a source.
#[derive(Clone, Debug)]
pub struct Insert {
    shape: Shape,
    /// What stands behind the rows.
    if_present: String,
}

/// Rows per statement on PostgreSQL at most: a roll of thousands of voters, made ready at once, kept every other call waiting.
const POSTGRES_ROWS: usize = 1_000;
/// Rows per statement on SQLite at most.
const SQLITE_ROWS: usize = 512;
/// Parameters of a statement that SQLite takes.
const SQLITE_PARAMETERS: usize = 32_766;

impl Insert {
    pub(crate) fn into<E: EntityTrait>(present: &Present<E>) -> Self {
        let shape = Shape::of::<E>();
        let if_present = match present {
            Present::Never => String::new(),
            Present::PassOver(keys) => format!(" ON CONFLICT ({}) DO NOTHING", listed(names::<E>(keys))),
            Present::Add(keys) => {
                shape.update(&names::<E>(keys), |name| format!("{}.{name} + excluded.{name}", shape.table))
            }
            Present::Replace(keys) => shape.update(&names::<E>(keys), |name| format!("excluded.{name}")),
        };
        Self { shape, if_present }
    }

    /// The table.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The statements that insert `rows` rows on SQLite: how many of them each takes, with how many rows of NULLs behind
    /// them, and its text.
    pub fn sqlite(&self, rows: usize) -> impl Iterator<Item = (usize, usize, String)> {
        let columns = &self.shape.columns;
        let fitting = SQLITE_PARAMETERS / columns.len().max(1);
        // Filled up to a power of two, it must still fit.
        let most = SQLITE_ROWS.min(1 << fitting.max(1).ilog2());
        (0..rows).step_by(most).map(move |first| {
            let taken = most.min(rows - first);
            let padded = taken.next_power_of_two();
            let row = format!("({})", vec!["?"; columns.len()].join(","));
            let rows = vec![row.as_str(); padded].join(",");
            let into = self.target();
            let text = format!("{into} SELECT * FROM (VALUES {rows}) WHERE column1 IS NOT NULL{}", self.if_present);
            (taken, padded - taken, text)
        })
    }

    /// The statement that inserts any number of rows on PostgreSQL.
    pub fn postgres(&self) -> String {
        let (mut arrays, mut selected) = (Vec::new(), Vec::new());
        for (number, column) in (1..).zip(&self.shape.columns) {
            arrays.push(format!("${number}::{}[]", column.kind.in_postgres()));
            selected.push(match column.is_null {
                true => format!("NULLIF({}, {})", column.name, stand_in_sql(column.kind)),
                false => column.name.to_owned(),
            });
        }
        format!(
            "{} SELECT {} FROM UNNEST({}) AS given ({}){}",
            self.target(),
            selected.join(", "),
            arrays.join(", "),
            listed(self.shape.names()),
            self.if_present,
        )
    }

    fn target(&self) -> String {
        format!("INSERT INTO {} ({})", self.shape.table, listed(self.shape.names()))
    }
}

impl Shape {
    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|column| column.name)
    }

    fn update(&self, keys: &[&str], value: impl Fn(&str) -> String) -> String {
        let others = self.names().filter(|name| !keys.contains(name));
        let others: Vec<_> = others.map(|name| format!("{name} = {}", value(name))).collect();
        format!(" ON CONFLICT ({}) DO UPDATE SET {}", keys.join(", "), others.join(", "))
    }
}

fn names<E: EntityTrait>(columns: &[E::Column]) -> Vec<&'static str> {
    columns.iter().map(|column| column.as_str()).collect()
}

fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// What stands for NULL in PostgreSQL's arrays, which the driver cannot fill with nulls: no column that may be NULL tells an
/// empty text, no bytes or the nil UUID from none, nor uses the smallest integer.
fn stand_in(kind: ColumnKind) -> Value {
    match kind {
        ColumnKind::Id => Uuid::nil().into(),
        ColumnKind::Small => i16::MIN.into(),
        ColumnKind::Int => i32::MIN.into(),
        ColumnKind::Big => i64::MIN.into(),
        ColumnKind::Text => String::new().into(),
        ColumnKind::Bytes => Vec::<u8>::new().into(),
    }
}

/// The same in SQL.
fn stand_in_sql(kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Id => format!("'{}'::uuid", Uuid::nil()),
        ColumnKind::Small => format!("({})", i16::MIN),
        ColumnKind::Int => format!("({})", i32::MIN),
        ColumnKind::Big => format!("({})", i64::MIN),
        ColumnKind::Text => "''".to_owned(),
        ColumnKind::Bytes => "''::bytea".to_owned(),
    }
}

/// Inserts models; gives how many were inserted.
pub(crate) async fn insert<E>(tx: &Tx, models: Vec<E::Model>, present: Present<E>) -> Result<u64, DbErr>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    if models.is_empty() {
        return Ok(0);
    }
    let insert = Insert::into(&present);
    // Out of an active model a value is taken, where out of a model it is copied.
    let rows = models.into_iter().map(IntoActiveModel::into_active_model);
    if tx.get_database_backend() == DbBackend::Sqlite {
        insert_sqlite::<E>(tx, &insert, rows).await
    } else {
        insert_postgres::<E>(tx, &insert, rows).await
    }
}

async fn insert_postgres<E: EntityTrait>(
    tx: &Tx,
    insert: &Insert,
    mut rows: impl ExactSizeIterator<Item = E::ActiveModel>,
) -> Result<u64, DbErr> {
    let (mut inserted, text) = (0, insert.postgres());
    while rows.len() > 0 {
        let columns = arrays::<E>(insert, rows.by_ref().take(POSTGRES_ROWS));
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, text.clone(), columns);
        inserted += tx.execute_raw(statement).await?.rows_affected();
    }
    Ok(inserted)
}

async fn insert_sqlite<E: EntityTrait>(
    tx: &Tx,
    insert: &Insert,
    mut rows: impl ExactSizeIterator<Item = E::ActiveModel>,
) -> Result<u64, DbErr> {
    let (mut inserted, columns) = (0, &insert.shape.columns);
    let width = columns.len();
    for (taken, padding, text) in insert.sqlite(rows.len()) {
        let mut values = Vec::with_capacity((taken + padding) * width);
        for mut row in rows.by_ref().take(taken) {
            let cells = E::Column::iter().zip(columns);
            values.extend(cells.map(|(column, kind)| or_null(value_of(&mut row, column), kind.is_null)));
        }
        values.resize((taken + padding) * width, Value::BigInt(None));
        let done = tx.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, text, values)).await?;
        inserted += done.rows_affected();
    }
    Ok(inserted)
}

/// As it comes out of PostgreSQL's arrays.
fn or_null(value: Value, may_be_null: bool) -> Value {
    if may_be_null && matches!(&value, Value::String(Some(text)) if text.is_empty()) {
        Value::String(None)
    } else {
        value
    }
}

/// One array per column.
fn arrays<E: EntityTrait>(insert: &Insert, rows: impl ExactSizeIterator<Item = E::ActiveModel>) -> Vec<Value> {
    let shape = &insert.shape.columns;
    let mut columns: Vec<Vec<Value>> = shape.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for mut row in rows {
        for ((column, shape), values) in E::Column::iter().zip(shape).zip(&mut columns) {
            let value = value_of(&mut row, column);
            let is_none = shape.is_null && value == value.as_null();
            values.push(if is_none { stand_in(shape.kind) } else { value });
        }
    }
    let array = |(column, values): (&Column, Vec<Value>)| {
        let kind = match column.kind {
            ColumnKind::Id => ArrayType::Uuid,
            ColumnKind::Small => ArrayType::SmallInt,
            ColumnKind::Int => ArrayType::Int,
            ColumnKind::Big => ArrayType::BigInt,
            ColumnKind::Text => ArrayType::String,
            ColumnKind::Bytes => ArrayType::Bytes,
        };
        Value::Array(kind, Some(Box::new(values)))
    };
    shape.iter().zip(columns).map(array).collect()
}

/// A value, which a model always has.
fn value_of<A: ActiveModelTrait>(row: &mut A, column: <A::Entity as EntityTrait>::Column) -> Value {
    row.take(column).into_value().unwrap_or(Value::BigInt(None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entity::stream;

    const ADD: Present<stream::Entity> = Present::Add(&[stream::Column::Name]);

    #[test]
    fn any_number_of_rows_is_one_text_on_postgresql() {
        assert_eq!(
            Insert::into(&ADD).postgres(),
            "INSERT INTO stream (name, last_sequence) SELECT name, last_sequence FROM UNNEST($1::text[], $2::bigint[]) \
             AS given (name, last_sequence) ON CONFLICT (name) DO UPDATE SET last_sequence = stream.last_sequence + \
             excluded.last_sequence"
        );
    }

    #[test]
    fn rows_are_padded_to_a_power_of_two_on_sqlite() {
        let insert = Insert::into(&Present::<stream::Entity>::Never);
        let sizes: Vec<(usize, usize)> = insert.sqlite(515).map(|(taken, padding, _)| (taken, padding)).collect();
        assert_eq!(sizes, [(512, 0), (3, 1)]);
        let text = insert.sqlite(2).next().map(|(_, _, text)| text);
        let rows = "SELECT * FROM (VALUES (?,?),(?,?)) WHERE column1 IS NOT NULL";
        assert_eq!(text, Some(format!("INSERT INTO stream (name, last_sequence) {rows}")));
    }
}
