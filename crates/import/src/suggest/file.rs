//! A mapping for a file on disk.

use std::path::Path;

use jiff::Timestamp;

use super::{Circumstances, Kind, Rules, Scanned, SuggestError, Suggestion, suggest};
use crate::{
    section::QUESTION,
    table::{Shape, Table, TableError},
};

/// A file that nobody described.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its name without its folder.
    pub name: &'a str,
    /// Rows that are read at most.
    pub most_rows: u64,
}

/// Suggests a mapping for it; with what was found in it that nobody had said.
///
/// # Errors
/// A file that cannot be read, says nothing, or has more rows.
pub fn of_file(
    file: &File<'_>,
    kind: Option<Kind>,
    now: Timestamp,
    rules: &Rules<'_>,
) -> Result<(Suggestion, Vec<String>), SuggestError<TableError>> {
    let mut shape = Shape::default();
    let mut reading = Vec::new();
    let table = match Table::open(file.path, &shape) {
        // Who writes in a chat can be told without knowing when.
        Err(TableError::DayOrMonth { choices, .. }) => {
            reading.push(("dates".to_owned(), format!("{QUESTION:?}")));
            shape.dates = choices.first().copied();
            Table::open(file.path, &shape)
        }
        table => table,
    }?;
    let (header, notes) = (table.header().to_vec(), table.notes().to_vec());
    drop(table);
    let about = Circumstances { file_name: file.name, header: &header, kind, reading: &reading, now, rules };
    let mut scan = |each: &mut dyn FnMut(Scanned<'_>)| -> Result<(), TableError> {
        let mut table = Table::open(file.path, &shape)?;
        let mut rows = 0;
        while let Some(raw) = table.next_row()? {
            rows += 1;
            if rows > file.most_rows {
                return Err(TableError::TooManyRows(file.most_rows));
            }
            each((raw.line, raw.texts(&header)));
        }
        Ok(())
    };
    Ok((suggest(&mut scan, &about)?, notes))
}
