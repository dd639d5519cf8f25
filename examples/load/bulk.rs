//! The other yardstick: the rows that the stream has recorded, written once more into a new database by the same
//! statements, straight through the driver, 500 interactions to a transaction.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use rapport::{
    clock::Clock,
    interaction::recorded,
    store::{self, ColumnKind, Database, Opening, Shape, Store},
};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

use crate::{databases::Fresh, measure::Figures};

const BATCH: i64 = 500;

/// What a column holds in each of some rows.
enum Column {
    Id(Vec<Uuid>),
    Number(ColumnKind, Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

/// Copies what `from` holds to `to`.
pub(crate) async fn copy(from: &Fresh, to: &Fresh) -> anyhow::Result<Figures> {
    Store::open(&to.database()?, Opening::at_once(1), Clock::system()).await?.close().await;
    let (mut laps, mut first) = (Vec::new(), 1);
    match (from.database()?, to.database()?) {
        (Database::Postgres(from), Database::Postgres(to)) => {
            let mut source = PgConnection::connect(&from).await?;
            let mut target = PgConnection::connect(&to).await?;
            loop {
                let batch = read_postgres(&mut source, first..first + BATCH).await?;
                if batch[0].0 < BATCH as usize {
                    break;
                }
                laps.push(write_postgres(&mut target, batch).await?);
                first += BATCH;
            }
        }
        (Database::Sqlite(from), Database::Sqlite(to)) => {
            let mut source = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(from)).await?;
            // As the store sets its own.
            let options = SqliteConnectOptions::new()
                .filename(to)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .statement_cache_capacity(256)
                .pragma("wal_autocheckpoint", "8192")
                .pragma("cache_size", "-65536")
                .pragma("temp_store", "memory");
            let mut target = SqliteConnection::connect_with(&options).await?;
            loop {
                let batch = read_sqlite(&mut source, first..first + BATCH).await?;
                if batch[0].0 < BATCH as usize {
                    break;
                }
                laps.push(write_sqlite(&mut target, batch).await?);
                first += BATCH;
            }
        }
        _ => anyhow::bail!("rows are copied between two databases of one kind"),
    }
    // Warmed up after the first fifth, as the stream was.
    let laps = laps.split_off(laps.len() / 5);
    let time = laps.iter().sum::<Duration>();
    Figures::of(laps.len() as u64 * BATCH as u64, time, laps)
}

/// The rows of a table that belong to a part of the sequence of changes, and how many there are.
fn select(shape: &Shape, sequences: &Range<i64>, big: &str) -> String {
    let column = |store::Column { name, kind, .. }: &store::Column| match kind {
        ColumnKind::Small | ColumnKind::Int | ColumnKind::Big => format!("CAST(own.{name} AS {big})"),
        ColumnKind::Id | ColumnKind::Text | ColumnKind::Bytes => format!("own.{name}"),
    };
    let columns: Vec<String> = shape.columns.iter().map(column).collect();
    let key = if shape.table == "interaction" { "id" } else { "interaction_id" };
    format!(
        "SELECT {} FROM interaction_change c JOIN {} own ON own.{key} = c.interaction_id
            WHERE c.sequence >= {} AND c.sequence < {} ORDER BY c.sequence",
        columns.join(", "),
        shape.table,
        sequences.start,
        sequences.end,
    )
}

type Rows = (usize, Vec<Column>);

macro_rules! read {
    ($name:ident, $connection:ty, $big:literal) => {
        async fn $name(source: &mut $connection, sequences: Range<i64>) -> anyhow::Result<Vec<Rows>> {
            let mut tables = Vec::new();
            for insert in recorded() {
                let shape = insert.shape();
                let sql = select(shape, &sequences, $big);
                let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).fetch_all(&mut *source).await?;
                let mut columns = Vec::new();
                for (index, column) in shape.columns.iter().enumerate() {
                    columns.push(match column.kind {
                        ColumnKind::Id => {
                            Column::Id(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
                        }
                        ColumnKind::Small | ColumnKind::Int | ColumnKind::Big => {
                            let numbers = rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?;
                            Column::Number(column.kind, numbers)
                        }
                        ColumnKind::Text => {
                            Column::Text(rows.iter().map(|row| row.try_get(index)).collect::<Result<_, _>>()?)
                        }
                        ColumnKind::Bytes => anyhow::bail!("nothing that is recorded is bytes"),
                    });
                }
                tables.push((rows.len(), columns));
            }
            Ok(tables)
        }
    };
}
read!(read_sqlite, SqliteConnection, "INTEGER");
read!(read_postgres, PgConnection, "bigint");

async fn write_sqlite(target: &mut SqliteConnection, batch: Vec<Rows>) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut transaction = target.begin_with("BEGIN IMMEDIATE").await?;
    for (insert, (count, columns)) in recorded().into_iter().zip(&batch) {
        let mut first = 0;
        for (taken, padding, text) in insert.sqlite(*count) {
            let mut query = sqlx::query(AssertSqlSafe(text));
            for row in first..first + taken {
                for column in columns {
                    query = match column {
                        Column::Id(ids) => query.bind(ids[row]),
                        Column::Number(_, numbers) => query.bind(numbers[row]),
                        Column::Text(texts) => query.bind(texts[row].as_deref()),
                    };
                }
            }
            for _ in 0..padding * insert.shape().columns.len() {
                query = query.bind(None::<i64>);
            }
            query.execute(&mut *transaction).await?;
            first += taken;
        }
    }
    transaction.commit().await?;
    Ok(begun.elapsed())
}

async fn write_postgres(target: &mut PgConnection, batch: Vec<Rows>) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut transaction = target.begin().await?;
    for (insert, (_, columns)) in recorded().into_iter().zip(batch) {
        let mut query = sqlx::query(AssertSqlSafe(insert.postgres()));
        for column in columns {
            // These stand for NULL, as in the store.
            query = match column {
                Column::Id(ids) => query.bind(ids),
                Column::Number(ColumnKind::Small, numbers) => query.bind(narrow(numbers, i16::MIN)?),
                Column::Number(ColumnKind::Int, numbers) => query.bind(narrow(numbers, i32::MIN)?),
                Column::Number(_, numbers) => query.bind(narrow(numbers, i64::MIN)?),
                Column::Text(texts) => {
                    query.bind(texts.into_iter().map(Option::unwrap_or_default).collect::<Vec<String>>())
                }
            };
        }
        query.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(begun.elapsed())
}

/// Numbers of a column's own width; `none` stands for NULL, as in the store.
fn narrow<T>(numbers: Vec<Option<i64>>, none: T) -> anyhow::Result<Vec<T>>
where
    T: TryFrom<i64, Error: Into<anyhow::Error>> + Copy,
{
    numbers.into_iter().map(|number| number.map_or(Ok(none), |one| T::try_from(one).map_err(Into::into))).collect()
}
