//! A file as a header and rows, whatever its format. Knows nothing of mappings but how they say that a file is to be read.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
    sync::atomic::Ordering,
};

use csv::ByteRecord;
use encoding_rs::{Encoding, UTF_8};
use rapport_contract::rules::forbidden_character;

use crate::{
    archive,
    chat::{self, Order},
    conversations::{Grouped, Grouping, Messages},
    delimited::Delimited,
    detect::{self, Layout},
    encoding::{self, Decoded},
    json,
    kind::{self, Kind},
    section::Column,
    sheet,
    stream::{self, Position},
};

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

/// What a mapping says of how its file is to be read; what it leaves out is found in the file.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// The separator of a delimited text.
    pub delimiter: Option<u8>,
    /// Whether quotation marks enclose cells.
    pub quoting: Option<bool>,
    /// The encoding of a text.
    pub encoding: Option<&'static Encoding>,
    /// Where the names of the columns are.
    pub header: Header,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// Keys of the array that holds the records of a JSON file, with points between them.
    pub records: Option<String>,
    /// Which part of a date comes first in an exported chat.
    pub dates: Option<Order>,
}

/// Where the names of the columns are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Header {
    /// In the first row that looks like it.
    #[default]
    Found,
    /// In this line, or row of a sheet, from 1.
    Line(u64),
    /// Nowhere: columns are called A, B, ... as in a sheet.
    None,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The operating system says no, or the file is damaged.
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
    /// A file of another kind.
    #[error("it looks like {0}")]
    LooksLike(String),
    /// A chat whose dates can be read in several ways.
    #[error("nothing in the chat says how its dates are read, {example:?}: say in the mapping {}", ways(choices))]
    DayOrMonth {
        /// A date as it is written.
        example: String,
        /// Its readings.
        choices: Vec<Order>,
    },
    /// More than its reader takes.
    #[error("it has more than {0} rows")]
    TooManyRows(u64),
    /// Anything else, in words for people.
    #[error("{0}")]
    Refused(String),
}

/// What a mapping may say of dates.
fn ways(choices: &[Order]) -> String {
    choices.iter().map(|order| format!("dates = {:?}", order.name())).collect::<Vec<_>>().join(" or ")
}

/// A file may have so many columns: as many as a sheet.
pub(crate) const MAX_COLUMNS: usize = 16_384;

impl TableError {
    pub(crate) fn too_wide() -> Self {
        Self::Refused(format!("it has more than {MAX_COLUMNS} columns"))
    }
}

/// Rows, one after the other.
pub(crate) trait Rows: Send {
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError>;

    /// What became of messages so far, where rows are conversations.
    fn messages(&self) -> Option<Messages> {
        None
    }
}

/// A file being read, row by row.
pub struct Table<'a> {
    header: Vec<String>,
    rows: Box<dyn Rows + 'a>,
    position: Position,
    notes: Vec<String>,
    unit: &'static str,
}

/// So much of a file is looked at to see what it is.
const SAMPLE: u64 = 1 << 20;

impl Table<'static> {
    /// Opens a file, finds out what it is, and reads its header.
    pub fn open(path: &Path, shape: &Shape) -> Result<Self, TableError> {
        let position = Position::default();
        let mut source = stream::open(path, &position)?;
        let mut sample = Vec::new();
        source.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
        match kind::of_bytes(&sample) {
            Kind::Other(what) => return Err(TableError::LooksLike(what.to_owned())),
            Kind::Gzip => return Err(TableError::LooksLike("a gzip file in a gzip file: unpack it once".to_owned())),
            Kind::Zip => {
                let file = whole_file(path, Cursor::new(sample).chain(source))?;
                return Self::of_workbook(file, shape, position);
            }
            Kind::Text => {}
        }
        let found = encoding::find(&sample, shape.encoding)?;
        let mut notes: Vec<String> = found.note.into_iter().collect();
        let mut start = Vec::new();
        decoded(Cursor::new(&sample[found.mark..]), found.encoding).read_to_end(&mut start)?;
        let whole = (sample.len() as u64) < SAMPLE;
        let text = String::from_utf8_lossy(&start);
        if let Some(what) = kind::of_markup(&text) {
            return Err(TableError::LooksLike(what.to_owned()));
        }
        let reopen = || {
            let mut source = stream::open(path, &position)?;
            io::copy(&mut source.by_ref().take(found.mark as u64), &mut io::sink())?;
            Ok::<Box<dyn Read + Send>, TableError>(Box::new(decoded(source, found.encoding)))
        };
        if kind::is_json(&text) {
            let (header, rows) = json::open(reopen, shape.records.as_deref(), &mut notes)?;
            return Ok(Self { header, rows: Box::new(rows), position, notes, unit: "line" });
        }
        // A mapping that says where cells end or names stand does not speak of a chat.
        let is_delimited = shape.delimiter.is_some() || shape.header != Header::Found;
        if let Some(form) = chat::form(&text).filter(|_| !is_delimited) {
            let rows = chat::open(reopen, form, shape.dates, &mut notes)?;
            let header = chat::COLUMNS.map(str::to_owned).to_vec();
            return Ok(Self { header, rows: Box::new(rows), position, notes, unit: "line" });
        }
        let layout = detect::layout(&start, whole, shape, Dialect::of(path), &mut notes);
        sample.drain(..found.mark);
        let source = decoded(Cursor::new(sample).chain(source), found.encoding);
        let mut table = Self::delimited(source, layout, notes)?;
        table.position = position;
        Ok(table)
    }

    fn of_workbook(file: File, shape: &Shape, position: Position) -> Result<Self, TableError> {
        let workbook = archive::examine(&file)?;
        let mut rows = sheet::open(file, workbook, shape.sheet.clone(), &position);
        let mut notes = Vec::new();
        let mut first = Vec::new();
        while first.len() < detect::ROWS {
            let Some(row) = rows.next(&mut notes)? else { break };
            first.push(row);
        }
        let at = match shape.header {
            Header::None => None,
            Header::Line(line) => Some(
                first
                    .iter()
                    .position(|row| row.line == line)
                    .ok_or_else(|| TableError::Refused(format!("the sheet has nothing in row {line}, header_line")))?,
            ),
            Header::Found => detect::header(&first, "row", &mut notes),
        };
        let width = first.iter().map(|row| row.record.len()).max().unwrap_or_default();
        let header = match at {
            Some(at) => {
                let mut header = first.get(at).ok_or(TableError::NoHeader)?.names()?;
                first.drain(..=at);
                // Of merged cells only the first says something: the others are columns too.
                header.resize(
                    first.iter().map(|row| row.record.len()).max().unwrap_or_default().max(header.len()),
                    String::new(),
                );
                header
            }
            None if first.is_empty() => return Err(TableError::NoHeader),
            None => vec![String::new(); width],
        };
        let unnamed = header.iter().filter(|name| name.trim().is_empty()).count();
        if unnamed > 0 && at.is_some() {
            notes.push(format!(
                "{unnamed} column(s) have no name, empty or merged with the cell before: they are called by their letter"
            ));
        }
        let header = detect::names(header);
        rows.set_width(header.len());
        let first = first.into_iter().map(|row| rows.fitted(row)).collect();
        Ok(Self { header, rows: Box::new(Ahead { first, rows }), position, notes, unit: "row" })
    }
}

/// A file that can be read from anywhere: the file itself, or what gzip packed in it.
fn whole_file(path: &Path, mut unpacked: impl Read) -> Result<File, TableError> {
    let mut file = File::open(path)?;
    let mut start = [0; 2];
    file.read_exact(&mut start)?;
    if start != *b"\x1f\x8b" {
        return Ok(file);
    }
    let mut file = tempfile::tempfile()?;
    io::copy(&mut unpacked, &mut file)?;
    Ok(file)
}

/// A text as UTF-8. What is said to be it is left as it is, with its faults.
fn decoded<'a>(source: impl Read + Send + 'a, encoding: &'static Encoding) -> Box<dyn Read + Send + 'a> {
    if encoding == UTF_8 { Box::new(source) } else { Box::new(Decoded::new(source, encoding)) }
}

/// Rows that were read to find the header, and the others.
struct Ahead<T> {
    first: std::collections::VecDeque<RawRow>,
    rows: T,
}

impl<T: Rows> Rows for Ahead<T> {
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        match self.first.pop_front() {
            Some(row) => Ok(Some(row)),
            None => self.rows.next_row(),
        }
    }
}

impl<'a> Table<'a> {
    /// Reads a delimited text whose header is its first row.
    pub fn new(source: impl Read + Send + 'a, dialect: Dialect) -> Result<Self, TableError> {
        let mut source = source;
        let mut start = Vec::new();
        source.by_ref().take(BYTE_ORDER_MARK.len() as u64).read_to_end(&mut start)?;
        if start == BYTE_ORDER_MARK {
            start.clear();
        }
        Self::delimited(Cursor::new(start).chain(source), Layout { dialect, header: Some(1), first: 1 }, Vec::new())
    }

    fn delimited(source: impl Read + Send + 'a, layout: Layout, notes: Vec<String>) -> Result<Self, TableError> {
        let mut rows = Delimited::new(source, layout.dialect);
        rows.skip_to(layout.header.unwrap_or(layout.first))?;
        let first = rows.next_row()?.ok_or(TableError::NoHeader)?;
        let (header, ahead) = match layout.header {
            Some(_) => (first.names()?, None),
            None => (vec![String::new(); first.record.len()], Some(first)),
        };
        if header.len() > MAX_COLUMNS {
            return Err(TableError::too_wide());
        }
        rows.set_columns(header.len());
        let rows = Ahead { first: ahead.into_iter().collect(), rows };
        let position = Position::default();
        Ok(Self { header: detect::names(header), rows: Box::new(rows), position, notes, unit: "line" })
    }

    /// The conversations of which these rows are the messages.
    pub(crate) fn grouped(self, grouping: Grouping) -> Self {
        let header = detect::names(grouping.header().to_vec());
        let rows = Grouped { messages: self.rows, grouping, is_over: false };
        Self { header, rows: Box::new(rows), ..self }
    }

    /// What became of messages so far, where rows are conversations.
    pub fn messages(&self) -> Option<Messages> {
        self.rows.messages()
    }

    /// The names of the columns, each once.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Bytes of the file read so far.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }

    /// What was concluded of the file, for people: sentences with their evidence.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What the numbers of rows count: `line` or `row`.
    pub fn unit(&self) -> &'static str {
        self.unit
    }

    /// The next row, or none at the end.
    pub fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        self.rows.next_row()
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A row as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawRow {
    /// The line on which it starts, or the row of a sheet; from 1.
    pub line: u64,
    /// Its cells; of a faulty one as if quotation marks meant nothing.
    pub record: ByteRecord,
    /// Why it cannot be read as a row.
    pub fault: Option<String>,
    /// Cells that cannot be read, by place from 0, and why.
    pub unread: Vec<(usize, String)>,
}

impl RawRow {
    /// A sound row.
    pub fn new(line: u64, record: ByteRecord) -> Self {
        Self { line, record, fault: None, unread: Vec::new() }
    }

    /// The cells as names of columns.
    fn names(&self) -> Result<Vec<String>, TableError> {
        if let Some(fault) = &self.fault {
            return Err(TableError::HeaderFaulty(fault.clone()));
        }
        let names: Result<_, _> = self.record.iter().map(|name| String::from_utf8(name.to_vec())).collect();
        names.map_err(|_| TableError::HeaderNotUtf8)
    }

    /// The row as texts, or everything wrong with it.
    pub fn texts(&self, header: &[String]) -> Result<Row<'_>, Vec<String>> {
        if let Some(fault) = &self.fault {
            return Err(vec![fault.clone()]);
        }
        let mut reasons = Vec::new();
        if self.record.len() != header.len() {
            reasons.push(format!("has {} columns instead of {}", self.record.len(), header.len()));
        }
        let name = |index: usize| {
            header.get(index).map_or_else(|| format!("column {}", index + 1), |name| format!("{name:?}"))
        };
        let mut cells = Vec::with_capacity(header.len());
        for (index, cell) in self.record.iter().enumerate() {
            match std::str::from_utf8(cell) {
                Err(_) => reasons.push(format!("{} is not UTF-8", name(index))),
                Ok(text) => {
                    let text = text.trim_matches(is_around);
                    if let Some(bad) = forbidden_character(text) {
                        reasons.push(format!("{} must not hold U+{:04X}", name(index), u32::from(bad)));
                    }
                    cells.push(text);
                }
            }
        }
        if reasons.is_empty() { Ok(Row { cells, unread: &self.unread }) } else { Err(reasons) }
    }
}

/// What is no part of a text at whose end it stands: blanks, and the marks of direction and order that are copied with names
/// and numbers from an address book.
fn is_around(letter: char) -> bool {
    letter.is_whitespace() || is_mark(letter) || matches!(letter, '\u{200b}' | '\u{2060}')
}

/// Marks of the direction of writing, and of the order of bytes.
pub(crate) fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{feff}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A sound row: as many cells as the header, each a text without blanks around it.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    cells: Vec<&'a str>,
    unread: &'a [(usize, String)],
}

/// What a spreadsheet writes for a value it could not calculate.
const ERRORS: &[&str] =
    &["#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#DATA!", "#SPILL!", "#CALC!"];

impl<'a> Row<'a> {
    /// A row from its cells.
    pub fn new(cells: Vec<&'a str>) -> Self {
        Self { cells, unread: &[] }
    }

    /// Its texts.
    pub fn cells(&self) -> impl Iterator<Item = &'a str> {
        self.cells.iter().copied()
    }

    /// The text in a column.
    pub fn cell(&self, column: &Column) -> &'a str {
        self.cells.get(column.index).copied().unwrap_or_default()
    }

    /// Why the value of a cell is not known although it is not empty: what a formula could not calculate, in whatever format,
    /// and what the file's format cannot hold.
    pub fn unread(&self, index: usize) -> Option<String> {
        if let Some((_, fault)) = self.unread.iter().find(|(place, _)| *place == index) {
            return Some(fault.clone());
        }
        let text = self.cells.get(index).filter(|text| text.starts_with('#') && ERRORS.contains(text))?;
        Some(format!("is {text}, which a spreadsheet writes for a value it could not calculate"))
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
        let mut table = Table::new(&b"h,i\nx\0,y\xff,\x01\n"[..], CSV).unwrap();
        let row = table.next_row().unwrap().unwrap();
        let reasons = row.texts(table.header()).unwrap_err();
        assert_eq!(
            reasons,
            [
                "has 3 columns instead of 2",
                "\"h\" must not hold U+0000",
                "\"i\" is not UTF-8",
                "column 3 must not hold U+0001",
            ]
        );
    }

    #[test]
    fn what_is_copied_around_a_text_is_no_part_of_it() {
        let text = "a,b\n\u{202a}+86 138 1234 5678\u{202c},\u{200e} \u{feff}\nx\u{202a}y,z\n";
        let mut table = Table::new(text.as_bytes(), CSV).unwrap();
        let header = table.header().to_vec();
        let row = table.next_row().unwrap().unwrap();
        assert_eq!(row.texts(&header).unwrap().cells().collect::<Vec<_>>(), ["+86 138 1234 5678", ""]);
        let within = table.next_row().unwrap().unwrap();
        assert_eq!(within.texts(&header).unwrap_err(), ["\"a\" must not hold U+202A"]);
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
