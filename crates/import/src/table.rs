//! A delimited file as rows with exact line numbers. Knows nothing of mappings.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use csv::ByteRecord;

use super::{
    cells::{self, Split},
    lines::{FileLine, Lines, MAX_BYTES, content},
    section::Column,
};
use rapport_contract::rules::forbidden_character;

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
    /// Column names between stray quotation marks.
    #[error("the line with the names of the columns: {0}")]
    HeaderFaulty(String),
}

/// A file being read, row by row.
pub struct Table<R> {
    lines: Lines<R>,
    dialect: Dialect,
    header: Vec<String>,
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
        let mut table = Self { lines: Lines::new(source), dialect, header: Vec::new() };
        if let Some(mut first) = table.lines.next()? {
            if first.bytes.starts_with(BYTE_ORDER_MARK) {
                first.bytes.drain(..BYTE_ORDER_MARK.len());
            }
            table.lines.put_back(vec![first]);
        }
        let names = table.next_row()?.ok_or(TableError::NoHeader)?;
        if let Some(fault) = names.fault {
            return Err(TableError::HeaderFaulty(fault));
        }
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
        self.lines.position()
    }

    /// The next row, or none at the end. A line whose quotation marks cannot be meant so is a faulty row of its own, and the
    /// rows behind it are read as if it were not there.
    pub fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(line) if content(&line.bytes).is_empty() => {}
                Some(line) if self.dialect.quoting => return Ok(Some(self.quoted_row(line)?)),
                Some(FileLine { number, bytes }) => {
                    let record = cells::plain(&bytes, self.dialect.delimiter);
                    return Ok(Some(RawRow { line: number, record, fault: None }));
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
                Split::Cells(record) => return Ok(RawRow { line: first.number, record, fault: None }),
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
        Ok(RawRow { line: first.number, record, fault: Some(fault) })
    }

    /// Whether a row of several lines is rather several rows between two stray marks: each line has all columns by itself.
    fn swallows_rows(&self, first: &FileLine, more: &[FileLine]) -> bool {
        let columns = self.header.len();
        let all = std::iter::once(first).chain(more);
        columns > 1 && !more.is_empty() && { all }
            .all(|line| cells::plain(&line.bytes, self.dialect.delimiter).len() == columns)
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    /// The line on which it starts, from 1.
    pub line: u64,
    /// Its cells; of a faulty one as if quotation marks meant nothing.
    pub record: ByteRecord,
    /// Why its quotation marks cannot be meant as they stand.
    pub fault: Option<String>,
}

impl RawRow {
    /// The row as texts, or everything wrong with it.
    pub fn texts(&self, header: &[String]) -> Result<Row<'_>, Vec<String>> {
        if let Some(fault) = &self.fault {
            return Err(vec![fault.clone()]);
        }
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

    /// Its texts.
    pub fn cells(&self) -> impl Iterator<Item = &'a str> {
        self.cells.iter().copied()
    }

    /// The text in a column.
    pub fn cell(&self, column: &Column) -> &'a str {
        self.cells.get(column.index).copied().unwrap_or_default()
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

    /// The lines of the rows that can be read, and of those that cannot.
    fn sorted(text: &str) -> (Vec<u64>, Vec<u64>) {
        let mut table = Table::new(text.as_bytes(), CSV).unwrap();
        let (mut good, mut faulty) = (Vec::new(), Vec::new());
        while let Some(row) = table.next_row().unwrap() {
            match row.texts(&["h".to_owned(), "i".to_owned()]) {
                Ok(_) => good.push(row.line),
                Err(_) => faulty.push(row.line),
            }
        }
        (good, faulty)
    }

    #[test]
    fn stray_quotation_marks_cost_their_own_line_and_no_other() {
        let rows = |marked: &[(u64, &str)]| {
            let row = |line: u64| {
                let found = marked.iter().find(|(at, _)| *at == line);
                found.map_or_else(|| format!("{line},x\n"), |(_, row)| format!("{row}\n"))
            };
            format!("h,i\n{}", (2..102).map(row).collect::<String>())
        };
        for marked in [
            &[(10, "10,\"x"), (60, "60,\"x")][..],
            &[(10, "10,\"x"), (60, "60,x\"")],
            &[(10, "\"10,x"), (60, "60\",x")],
            &[(10, "10,5\" pipe"), (60, "60,6\" pipe")],
            &[(10, "10,\"x\"y"), (60, "60,\"x\" ")],
            &[(101, "101,\"x")],
            &[(10, "10,\"x"), (11, "11,\"x"), (12, "12,\"x")],
        ] {
            let (good, faulty) = sorted(&rows(marked));
            let expected: Vec<u64> = marked.iter().map(|(line, _)| *line).collect();
            assert_eq!((good.len(), &faulty), (100 - expected.len(), &expected), "{marked:?}");
        }
    }

    #[test]
    fn an_unclosed_quotation_mark_does_not_take_in_the_file() {
        let text = format!("h,i\na,b\n\"c,d\n{}", "e,f\n".repeat(2 << 20));
        let (good, faulty) = sorted(&text);
        assert_eq!((good.len(), faulty), (1 + (2 << 20), vec![3]));
    }

    #[test]
    fn an_empty_file_has_no_header() {
        assert!(matches!(Table::new(&b""[..], CSV), Err(TableError::NoHeader)));
    }
}
