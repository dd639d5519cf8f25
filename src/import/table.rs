//! A delimited file as rows with exact line numbers. Knows nothing of mappings.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    path::Path,
};

use csv::ByteRecord;

use super::section::Column;
use crate::api::rules::forbidden_character;

/// How a file separates its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The separator.
    pub delimiter: u8,
    /// Whether quotation marks enclose cells.
    pub quoting: bool,
}

impl Dialect {
    /// The dialect that a file's extension suggests.
    pub fn of(path: &Path) -> Self {
        let tabs = path.extension().is_some_and(|extension| extension == "tsv" || extension == "tab");
        Self { delimiter: if tabs { b'\t' } else { b',' }, quoting: true }
    }
}

/// A row may be so long at most. A quotation mark that is never closed would otherwise take in the rest of the file.
const MAX_ROW_BYTES: u64 = 4 << 20;

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The operating system says no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Nothing in it.
    #[error("the file is empty: it needs a line with the names of its columns")]
    NoHeader,
    /// Column names in another encoding.
    #[error("the line with the names of the columns is not UTF-8")]
    HeaderNotUtf8,
    /// A row without an end.
    #[error("the row at line {0} is longer than {MAX_ROW_BYTES} bytes; is a quotation mark not closed?")]
    RowTooLong(u64),
}

/// A file being read, row by row.
pub struct Table<R> {
    reader: csv::Reader<Watched<R>>,
    header: Vec<String>,
    line: u64,
}

impl Table<File> {
    /// Opens a file and reads its header.
    pub fn open(path: &Path, dialect: Dialect) -> Result<Self, TableError> {
        Self::new(File::open(path)?, dialect)
    }
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub fn new(source: R, dialect: Dialect) -> Result<Self, TableError> {
        let watched = Watched { source, offset: 0, newlines: VecDeque::new(), row_start: 0 };
        let reader = csv::ReaderBuilder::new()
            .delimiter(dialect.delimiter)
            .quoting(dialect.quoting)
            .has_headers(false)
            .flexible(true)
            .from_reader(watched);
        let mut table = Self { reader, header: Vec::new(), line: 1 };
        let names = table.next_row()?.ok_or(TableError::NoHeader)?;
        let names: Result<_, _> = names.record.iter().map(|name| String::from_utf8(name.to_vec())).collect();
        table.header = names.map_err(|_| TableError::HeaderNotUtf8)?;
        Ok(table)
    }

    /// The names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.reader.position().byte()
    }

    /// The next row, or none at the end.
    pub fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        let start = self.position();
        self.reader.get_mut().row_start = start;
        let mut record = ByteRecord::new();
        let read = self.reader.read_byte_record(&mut record).map_err(|error| match io_error(error) {
            error if error.kind() == io::ErrorKind::FileTooLarge => TableError::RowTooLong(self.line),
            error => TableError::Io(error),
        })?;
        if !read {
            return Ok(None);
        }
        let end = self.position();
        let (passed, ends_with_newline) = self.reader.get_mut().pass_newlines(end);
        self.line += passed;
        // The reader's own line numbers count from where it stopped, which is before the \n of \r\n and before blank
        // lines. Counting back from the row's last line is exact.
        let last_line = if ends_with_newline { self.line - 1 } else { self.line };
        let inner = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        Ok(Some(RawRow { line: last_line.saturating_sub(inner), record }))
    }
}

/// The cause with its kind, which csv's own conversion loses.
fn io_error(error: csv::Error) -> io::Error {
    let shown = error.to_string();
    if let csv::ErrorKind::Io(cause) = error.into_kind() { cause } else { io::Error::other(shown) }
}

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    /// The line on which it starts, from 1.
    pub line: u64,
    /// Its cells.
    pub record: ByteRecord,
}

impl RawRow {
    /// The row as texts, or everything wrong with it.
    pub fn texts(&self, header: &[String]) -> Result<Row<'_>, Vec<String>> {
        let mut reasons = Vec::new();
        if self.record.len() != header.len() {
            reasons.push(format!("has {} columns instead of {}", self.record.len(), header.len()));
        }
        let mut cells = Vec::with_capacity(header.len());
        for (index, cell) in self.record.iter().enumerate() {
            let name = || header.get(index).map_or_else(|| format!("column {}", index + 1), |name| format!("{name:?}"));
            match std::str::from_utf8(cell) {
                Err(_) => reasons.push(format!("{} is not UTF-8", name())),
                Ok(text) => {
                    if let Some(bad) = forbidden_character(text) {
                        reasons.push(format!("{} must not hold U+{:04X}", name(), u32::from(bad)));
                    }
                    cells.push(text.trim());
                }
            }
        }
        if reasons.is_empty() { Ok(Row { cells }) } else { Err(reasons) }
    }
}

/// A sound row: as many cells as the header, each a text without blanks around it.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    cells: Vec<&'a str>,
}

impl<'a> Row<'a> {
    /// A row from its cells.
    pub fn new(cells: Vec<&'a str>) -> Self {
        Self { cells }
    }

    /// The text in a column.
    pub fn cell(&self, column: &Column) -> &'a str {
        self.cells.get(column.index).copied().unwrap_or_default()
    }
}

/// Remembers where the lines end that were read ahead, and stops at a row without an end.
struct Watched<R> {
    source: R,
    offset: u64,
    newlines: VecDeque<u64>,
    row_start: u64,
}

impl<R> Watched<R> {
    /// How many lines end before `end`, and whether one ends exactly there.
    fn pass_newlines(&mut self, end: u64) -> (u64, bool) {
        let passed = self.newlines.partition_point(|newline| *newline < end);
        let last = self.newlines.drain(..passed).next_back();
        (passed as u64, last.is_some_and(|newline| newline + 1 == end))
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.offset - self.row_start > MAX_ROW_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let count = self.source.read(buffer)?;
        let ends = buffer[..count].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        self.newlines.extend(ends.map(|(index, _)| self.offset + index as u64));
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect { delimiter: b',', quoting: true };

    fn lines(text: &str) -> Vec<(u64, String)> {
        let mut table = Table::new(text.as_bytes(), CSV).unwrap();
        assert_eq!(table.header(), ["h", "i"]);
        let rows = std::iter::from_fn(|| table.next_row().unwrap());
        rows.map(|row| (row.line, String::from_utf8_lossy(&row.record[0]).into_owned())).collect()
    }

    #[test]
    fn line_numbers_are_exact_for_every_kind_of_line_end() {
        for end in ["\n", "\r\n"] {
            let text = "\u{feff}h,i\na,b\nc,d\n\n\n\"e\nx\",f\ng,h\nlast,row".replace('\n', end);
            let quoted = format!("e{end}x");
            let expected = [(2, "a"), (3, "c"), (6, quoted.as_str()), (8, "g"), (9, "last")];
            assert_eq!(lines(&text), expected.map(|(line, cell)| (line, cell.to_owned())));
        }
    }

    #[test]
    fn unsound_rows_name_every_fault() {
        let mut table = Table::new(&b"h,i\nx\0,y\xff,\xe2\x80\xae\n"[..], CSV).unwrap();
        let row = table.next_row().unwrap().unwrap();
        let reasons = row.texts(table.header()).unwrap_err();
        assert_eq!(
            reasons,
            [
                "has 3 columns instead of 2",
                "\"h\" must not hold U+0000",
                "\"i\" is not UTF-8",
                "column 3 must not hold U+202E",
            ]
        );
    }

    #[test]
    fn an_unclosed_quotation_mark_does_not_take_in_the_file() {
        let text = format!("h,i\na,b\n\"c,d\n{}", "e,f\n".repeat(2 << 20));
        let mut table = Table::new(text.as_bytes(), CSV).unwrap();
        assert_eq!(table.next_row().unwrap().unwrap().line, 2);
        assert!(matches!(table.next_row(), Err(TableError::RowTooLong(3))));
    }

    #[test]
    fn an_empty_file_has_no_header() {
        assert!(matches!(Table::new(&b""[..], CSV), Err(TableError::NoHeader)));
    }
}
