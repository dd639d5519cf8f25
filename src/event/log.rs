//! Reading all logs in one statement, which sees one moment of the database: whatever caused a line is in the same reading or in
//! an earlier one, without a transaction and without a table that every write would have to pay for.

use std::sync::LazyLock;

use sea_orm::{DbBackend, DbErr, FromQueryResult, Statement, entity::prelude::*};

use super::{
    Key, Line, Position,
    merge::{Part, merge},
    source::{SOURCES, Source},
};
use crate::store::{Store, set};

/// What to read.
pub(crate) struct Read<'a> {
    /// Behind which place.
    pub(crate) position: &'a Position,
    /// Lines of each log at most.
    pub(crate) limit: u64,
    /// And these lines besides, wherever they are.
    pub(crate) asked: &'a [Key],
}

/// What was read.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// In order, each with the place behind it.
    pub(crate) lines: Vec<(Line, Position)>,
    /// The place up to which they are all.
    pub(crate) reached: Position,
    /// Those of the asked lines that are there, in no order.
    pub(crate) asked: Vec<Line>,
}

/// What a row is: the end of a log, a line behind the place, or an asked line.
const HEAD: i32 = 0;
const AHEAD: i32 = 1;
const ASKED: i32 = 2;

#[derive(FromQueryResult)]
struct Row {
    part: i32,
    number: i32,
    sequence: i64,
    happened_at: i64,
    kind: i32,
    subject_id: Option<Uuid>,
    late_by: Option<i64>,
    customer_id: Option<String>,
    interaction_id: Option<Uuid>,
}

/// Reads lines.
pub(crate) async fn read(store: &Store, read: Read<'_>) -> Result<Page, DbErr> {
    static TEXTS: LazyLock<[String; 2]> = LazyLock::new(|| [DbBackend::Sqlite, DbBackend::Postgres].map(text));
    let connection = store.reader();
    let backend = connection.get_database_backend();
    let text = &TEXTS[usize::from(backend != DbBackend::Sqlite)];
    let limit = i64::try_from(read.limit).unwrap_or(i64::MAX);
    let mut values = vec![limit.into()];
    for (index, source) in SOURCES.iter().enumerate() {
        let number = i16::from(source.number);
        let asked = read.asked.iter().filter(|(of, _)| *of == number).map(|(_, sequence)| *sequence).collect();
        values.extend([read.position.of(index).into(), set::number_list(backend, asked)]);
    }
    let statement = Statement::from_sql_and_values(backend, text, values);
    let rows = Row::find_by_statement(statement).all(connection).await?;

    let (mut heads, mut parts, mut asked) = (Position::beginning(), vec![Part::default(); SOURCES.len()], Vec::new());
    for row in rows {
        let Some(source) = SOURCES.iter().position(|one| i32::from(one.number) == row.number) else { continue };
        match (row.part, row.subject_id) {
            (HEAD, _) => heads.set(source, row.sequence),
            (AHEAD, Some(subject)) => parts[source].lines.push_back(row.line(source, subject)),
            (ASKED, Some(subject)) => asked.push(row.line(source, subject)),
            _ => {}
        }
    }
    for part in &mut parts {
        part.is_cut = part.lines.len() as u64 >= read.limit;
        part.lines.make_contiguous().sort_unstable_by_key(|line| line.sequence);
    }
    let (lines, is_all) = merge(parts, read.position);
    // Behind the last line numbers may have gone unused.
    let last = lines.last().map_or_else(|| read.position.clone(), |(_, behind)| behind.clone());
    let reached = if is_all { heads } else { last };
    Ok(Page { lines, reached, asked })
}

/// The end of all logs, at one moment.
pub(crate) async fn heads(store: &Store) -> Result<Position, DbErr> {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let heads: Vec<_> = SOURCES.iter().map(head).collect();
        heads.join(" UNION ALL ")
    });
    let connection = store.reader();
    let statement = Statement::from_string(connection.get_database_backend(), TEXT.as_str());
    let mut heads = Position::beginning();
    for row in Row::find_by_statement(statement).all(connection).await? {
        if let Some(source) = SOURCES.iter().position(|one| i32::from(one.number) == row.number) {
            heads.set(source, row.sequence);
        }
    }
    Ok(heads)
}

/// By hand: one statement over all logs. $1 is the limit; of each source follow the number behind which, and asked numbers.
fn text(backend: DbBackend) -> String {
    let mut selects: Vec<_> = SOURCES.iter().map(head).collect();
    for (index, source) in SOURCES.iter().enumerate() {
        let (after, asked) = (2 + 2 * index, 3 + 2 * index);
        selects.push(lines(source, AHEAD, &format!("sequence > ${after} ORDER BY sequence LIMIT $1")));
        selects.push(lines(source, ASKED, &format!("sequence IN {}", set::numbers_listed(backend, asked))));
    }
    selects.join(" UNION ALL ")
}

fn head(source: &Source) -> String {
    format!(
        "SELECT {HEAD} AS part, {} AS number, last_sequence AS sequence, CAST(0 AS bigint) AS happened_at, 0 AS kind,
            CAST(NULL AS uuid) AS subject_id, CAST(NULL AS bigint) AS late_by, CAST(NULL AS text) AS customer_id,
            CAST(NULL AS uuid) AS interaction_id
        FROM stream WHERE name = '{}'",
        source.number, source.stream
    )
}

/// Lines are counted off in a table of their own before anything is looked up for them.
fn lines(source: &Source, part: i32, which: &str) -> String {
    let Source { number, table, columns: [at, kind, subject, late], concerns: [customer, interaction], .. } = source;
    format!(
        "SELECT {part}, {number}, l.sequence, l.happened_at, CAST(l.kind AS integer), l.subject_id, l.late_by, {customer}, {interaction}
        FROM (SELECT sequence, {at} AS happened_at, {kind} AS kind, {subject} AS subject_id, {late} AS late_by
            FROM {table} WHERE {which}) l"
    )
}

impl Row {
    fn line(self, source: usize, subject: Uuid) -> Line {
        Line {
            source,
            sequence: self.sequence,
            at: self.happened_at,
            kind: self.kind,
            subject,
            late_by: self.late_by,
            customer: self.customer_id,
            interaction: self.interaction_id,
        }
    }
}
