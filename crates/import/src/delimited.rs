//! Lines of cells between separators as rows with exact line numbers.

use std::io::Read;

use crate::{
    cells::{self, Split},
    lines::{FileLine, Lines, MAX_BYTES, content},
    table::{Dialect, RawRow, Rows, TableError},
};

/// A delimited text being read, row by row.
pub(crate) struct Delimited<R> {
    lines: Lines<R>,
    dialect: Dialect,
    /// How many columns the header has; 0: not known yet.
    columns: usize,
}

impl<R: Read> Delimited<R> {
    pub(crate) fn new(source: R, dialect: Dialect) -> Self {
        Self { lines: Lines::new(source), dialect, columns: 0 }
    }

    /// How many columns a row has that is none of several lines.
    pub(crate) fn set_columns(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Passes the lines before one, which are none of the table's.
    pub(crate) fn skip_to(&mut self, line: u64) -> Result<(), TableError> {
        while let Some(next) = self.lines.next()? {
            if next.number >= line {
                self.lines.put_back(vec![next]);
                break;
            }
        }
        Ok(())
    }

    fn read_row(&mut self) -> Result<Option<RawRow>, TableError> {
        loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(line) if content(&line.bytes).is_empty() => {}
                Some(line) if self.dialect.quoting => return Ok(Some(self.quoted_row(line)?)),
                Some(FileLine { number, bytes }) => {
                    let record = cells::plain(&bytes, self.dialect.delimiter);
                    return Ok(Some(RawRow::new(number, record)));
                }
            }
        }
    }

    fn quoted_row(&mut self, first: FileLine) -> Result<RawRow, TableError> {
        let delimiter = self.dialect.delimiter;
        let mut text = first.bytes.clone();
        let mut more = Vec::new();
        let fault = loop {
            match cells::split(&text, delimiter) {
                Split::Cells(_) if self.swallows_rows(&first, &more) => {
                    let last = more.last().map_or(first.number, |line: &FileLine| line.number);
                    break format!(
                        "a quotation mark opened here closes in line {last}, and each of these lines reads as a row of its own; \
                         if they are one cell, replace its line breaks"
                    );
                }
                Split::Cells(record) => return Ok(RawRow::new(first.number, record)),
                Split::Faulty(fault) => break fault.to_owned(),
                Split::Open => {}
            }
            // Up to the next line with a mark: none other can close it.
            let closing = loop {
                let next = if text.len() < MAX_BYTES { self.lines.next()? } else { None };
                let Some(next) = next else { break false };
                let marked = next.bytes.contains(&b'"');
                text.extend_from_slice(&next.bytes);
                more.push(next);
                if marked {
                    break true;
                }
            };
            if !closing {
                break "a quotation mark is not closed".to_owned();
            }
        };
        self.lines.put_back(more);
        let record = cells::plain(&first.bytes, delimiter);
        Ok(RawRow { fault: Some(fault), ..RawRow::new(first.number, record) })
    }

    /// Whether a row of several lines is rather several rows between two stray marks: each line has all columns by itself.
    fn swallows_rows(&self, first: &FileLine, more: &[FileLine]) -> bool {
        let columns = self.columns;
        let all = std::iter::once(first).chain(more);
        columns > 1 && !more.is_empty() && { all }
            .all(|line| cells::plain(&line.bytes, self.dialect.delimiter).len() == columns)
    }
}

impl<R: Read + Send> Rows for Delimited<R> {
    /// The next row, or none at the end. A line whose quotation marks cannot be meant so is a faulty row of its own, and the
    /// rows behind it are read as if it were not there.
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        self.read_row()
    }
}
