//! A sheet of an Excel or OpenDocument workbook as rows. A thread of its own reads it, a few hundred rows ahead: its reader
//! cannot be stopped half-way and taken up again, and what it cannot bear ends the thread, not the program.
//!
//! Cells as texts: numbers as they are stored, without a point where they are whole; dates and times as `2026-11-21`,
//! `2026-11-21T09:30:00` and `09:30:00`; durations as `h:mm:ss`; truth values as `true` and `false`. Of a formula it is the
//! value that was stored with it.

use std::{
    fs::File,
    io::BufReader,
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader as _, SheetType, Xlsx};
use csv::ByteRecord;

use crate::{
    archive::Workbook,
    stream::{Counted, Position},
    table::{MAX_COLUMNS, RawRow, Rows, TableError},
};

/// Rows handed over at a time, and how many such lots wait.
const LOT: usize = 128;
const WAITING: usize = 4;

/// A row of a sheet.
#[derive(Debug, Default)]
struct SheetRow {
    /// From 1.
    number: u64,
    cells: Vec<String>,
    unread: Vec<(usize, String)>,
}

enum Message {
    Note(String),
    Rows(Vec<SheetRow>),
    Failed(TableError),
    End,
}

/// The rows of a sheet.
pub(crate) struct SheetRows {
    receiver: Receiver<Message>,
    ready: std::vec::IntoIter<SheetRow>,
    ended: bool,
    width: usize,
}

/// Begins to read a sheet: the one of the name, or the first that has rows.
pub(crate) fn open(file: File, workbook: Workbook, name: Option<String>, position: &Position) -> SheetRows {
    let (sender, receiver) = sync_channel(WAITING);
    let file = Counted { file, position: Arc::clone(position) };
    thread::spawn(move || {
        let mut lots = Lots { sender, rows: Vec::new() };
        let result = match workbook {
            Workbook::Excel => excel(file, name, &mut lots),
            Workbook::OpenDocument => open_document(file, name, &mut lots),
        };
        let last = match result {
            Ok(()) => Message::End,
            Err(Stop::Error(error)) => Message::Failed(error),
            Err(Stop::NobodyListens) => return,
        };
        // Where nobody listens any more there is nobody to tell.
        let _ = lots.flush().and_then(|()| lots.send(last));
    });
    SheetRows { receiver, ready: Vec::new().into_iter(), ended: false, width: 0 }
}

impl SheetRows {
    /// Makes every row as long as the header.
    pub(crate) fn set_width(&mut self, width: usize) {
        self.width = width;
    }

    /// The next row, and what is to be said of the sheet before it.
    pub(crate) fn next(&mut self, notes: &mut Vec<String>) -> Result<Option<RawRow>, TableError> {
        loop {
            if let Some(row) = self.ready.next() {
                return Ok(Some(
                    self.fitted(RawRow { unread: row.unread, ..RawRow::new(row.number, ByteRecord::from(row.cells)) }),
                ));
            }
            if self.ended {
                return Ok(None);
            }
            match self.receiver.recv() {
                Ok(Message::Note(note)) => notes.push(note),
                Ok(Message::Rows(rows)) => self.ready = rows.into_iter(),
                Ok(Message::End) => self.ended = true,
                Ok(Message::Failed(error)) => return Err(error),
                Err(_) => return Err(TableError::Refused("the workbook is damaged, and cannot be read on".to_owned())),
            }
        }
    }

    /// A row as long as the header: a sheet says nothing of cells that are empty.
    pub(crate) fn fitted(&self, mut row: RawRow) -> RawRow {
        while row.record.len() < self.width {
            row.record.push_field(b"");
        }
        let used = row.record.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        if self.width > 0 && row.record.len() > self.width {
            row.record.truncate(used.max(self.width));
        }
        row
    }
}

impl Rows for SheetRows {
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        self.next(&mut Vec::new())
    }
}

/// Why reading ends early.
enum Stop {
    Error(TableError),
    NobodyListens,
}

impl From<TableError> for Stop {
    fn from(error: TableError) -> Self {
        Self::Error(error)
    }
}

struct Lots {
    sender: SyncSender<Message>,
    rows: Vec<SheetRow>,
}

impl Lots {
    fn send(&self, message: Message) -> Result<(), Stop> {
        self.sender.send(message).map_err(|_| Stop::NobodyListens)
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let rows = std::mem::take(&mut self.rows);
        self.send(Message::Rows(rows))
    }

    /// Hands on a row, unless it is blank.
    fn add(&mut self, row: SheetRow) -> Result<(), Stop> {
        if row.cells.iter().all(String::is_empty) && row.unread.is_empty() {
            return Ok(());
        }
        self.rows.push(row);
        if self.rows.len() == LOT { self.flush() } else { Ok(()) }
    }

    /// Which sheet to read. `has_rows` says whether one has any.
    fn choose(
        &self,
        sheets: &[String],
        wanted: Option<String>,
        mut has_rows: impl FnMut(&str) -> bool,
    ) -> Result<String, Stop> {
        let names = sheets.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        if let Some(wanted) = wanted {
            let found = sheets.contains(&wanted);
            let refused = || TableError::Refused(format!("the workbook has no sheet {wanted:?}; it has {names}"));
            return if found { Ok(wanted) } else { Err(refused().into()) };
        }
        let first = sheets.iter().find(|name| has_rows(name)).ok_or(TableError::NoHeader)?;
        if sheets.len() > 1 {
            self.send(Message::Note(format!(
                "read sheet {first:?}, the first that has rows, of {names}; the mapping can say sheet = \"...\""
            )))?;
        }
        Ok(first.clone())
    }
}

fn damaged(error: impl std::fmt::Display) -> Stop {
    Stop::Error(TableError::Refused(format!("the workbook is damaged: {error}")))
}

fn worksheets<R>(workbook: &R, metadata: impl Fn(&R) -> Vec<calamine::Sheet>) -> Vec<String> {
    metadata(workbook).into_iter().filter(|one| one.typ == SheetType::WorkSheet).map(|one| one.name).collect()
}

fn excel(file: Counted, wanted: Option<String>, lots: &mut Lots) -> Result<(), Stop> {
    let position = Arc::clone(&file.position);
    let mut workbook = Xlsx::new(BufReader::new(file)).map_err(damaged)?;
    let sheets = worksheets(&workbook, |workbook| workbook.sheets_metadata().to_vec());
    let name = lots.choose(&sheets, wanted, |name| {
        let cells = workbook.worksheet_cells_reader(name);
        cells.is_ok_and(|mut cells| {
            std::iter::from_fn(|| cells.next_cell().ok().flatten()).any(|cell| *cell.get_value() != DataRef::Empty)
        })
    })?;
    position.store(0, Ordering::Relaxed);
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;
    let mut row = SheetRow::default();
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        let (number, column) = (u64::from(cell.pos.0) + 1, cell.pos.1 as usize);
        if column >= MAX_COLUMNS {
            return Err(TableError::too_wide().into());
        }
        if number != row.number {
            lots.add(std::mem::replace(&mut row, SheetRow { number, ..SheetRow::default() }))?;
        }
        let empty = matches!(cell.value, DataRef::Empty);
        if empty && cell.formula.is_some() {
            row.unread.push((column, NO_VALUE.to_owned()));
        } else if empty {
            continue;
        }
        if row.cells.len() <= column {
            row.cells.resize(column + 1, String::new());
        }
        match text(cell.value) {
            Ok(text) => row.cells[column] = text,
            Err(fault) => row.unread.push((column, fault)),
        }
    }
    lots.add(row)
}

fn open_document(file: Counted, wanted: Option<String>, lots: &mut Lots) -> Result<(), Stop> {
    let mut workbook = Ods::new(BufReader::new(file)).map_err(damaged)?;
    let sheets = worksheets(&workbook, |workbook| workbook.sheets_metadata().to_vec());
    let name =
        lots.choose(&sheets, wanted, |name| workbook.worksheet_range(name).is_ok_and(|range| !range.is_empty()))?;
    let formulas = workbook.worksheet_formula(&name).map_err(damaged)?;
    let range = workbook.worksheet_range(&name).map_err(damaged)?;
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (place, cells) in range.rows().enumerate() {
        let number = u64::from(first_row) + place as u64;
        let mut row =
            SheetRow { number: number + 1, cells: vec![String::new(); first_column as usize], unread: Vec::new() };
        for (column, cell) in cells.iter().enumerate() {
            let column = first_column as usize + column;
            let at = (u32::try_from(number).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX));
            let formula = formulas.get_value(at).is_some_and(|formula| !formula.is_empty());
            if *cell == Data::Empty && formula {
                row.unread.push((column, NO_VALUE.to_owned()));
            }
            row.cells.push(text(cell.clone().into_ref()).unwrap_or_else(|fault| {
                row.unread.push((column, fault));
                String::new()
            }));
        }
        lots.add(row)?;
    }
    Ok(())
}

/// Both readers have the same cells by different names.
trait IntoRef {
    fn into_ref(self) -> DataRef<'static>;
}

impl IntoRef for Data {
    fn into_ref(self) -> DataRef<'static> {
        match self {
            Self::Int(value) => DataRef::Int(value),
            Self::Float(value) => DataRef::Float(value),
            Self::String(value) => DataRef::String(value),
            Self::Bool(value) => DataRef::Bool(value),
            Self::DateTime(value) => DataRef::DateTime(value),
            Self::DateTimeIso(value) => DataRef::DateTimeIso(value),
            Self::DurationIso(value) => DataRef::DurationIso(value),
            Self::Error(value) => DataRef::Error(value),
            Self::Empty => DataRef::Empty,
        }
    }
}

const NO_VALUE: &str = "is a formula without a stored value: open the workbook, let it calculate, and save it";

/// A cell as a text, or why there is none.
fn text(cell: DataRef<'_>) -> Result<String, String> {
    match cell {
        DataRef::Empty => Ok(String::new()),
        DataRef::Int(number) => Ok(number.to_string()),
        DataRef::Float(number) => Ok(number.to_string()),
        DataRef::String(text) => Ok(text),
        DataRef::SharedString(text) => Ok(text.to_owned()),
        DataRef::Bool(flag) => Ok(flag.to_string()),
        DataRef::DateTime(serial) => serial_text(serial),
        DataRef::DateTimeIso(text) => Ok(text),
        DataRef::DurationIso(text) => Ok(clock_text(&text).unwrap_or(text)),
        // The text says itself that it is an error, in every kind of file.
        DataRef::Error(error) => Ok(error.to_string()),
    }
}

const DAY_MILLIS: f64 = 86_400_000.0;

/// A date, a time of day, both, or a duration, as its format says.
fn serial_text(serial: ExcelDateTime) -> Result<String, String> {
    let value = serial.as_f64();
    let millis = (value * DAY_MILLIS).round();
    if !(0.0..=2_958_466.0 * DAY_MILLIS).contains(&millis) {
        return Err(format!("is the serial number {value}, which is no date"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range above")]
    let whole = millis as u64;
    let (seconds, rest) = (whole / 1000, whole % 1000);
    let fraction = if rest == 0 { String::new() } else { format!(".{rest:03}") };
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if serial.is_duration() {
        return Ok(format!("{hours}:{minutes:02}:{seconds:02}{fraction}"));
    }
    let time = format!("{:02}:{minutes:02}:{seconds:02}{fraction}", hours % 24);
    if whole < 86_400_000 {
        return Ok(time);
    }
    let (year, month, date, ..) = serial.to_ymd_hms_milli();
    if (year, month, date) == (1900, 2, 29) {
        return Err("is 29 February 1900, which never was".to_owned());
    }
    let date = format!("{year:04}-{month:02}-{date:02}");
    Ok(if whole.is_multiple_of(86_400_000) { date } else { format!("{date}T{time}") })
}

/// `PT9H30M0.5S` as `09:30:00.5`.
fn clock_text(text: &str) -> Option<String> {
    let (hours, rest) = text.strip_prefix("PT")?.split_once('H')?;
    let (minutes, rest) = rest.split_once('M')?;
    let (whole, fraction) = rest.strip_suffix('S')?.split_once(['.', ',']).unwrap_or((rest.strip_suffix('S')?, ""));
    let number = |text: &str| text.parse::<u32>().ok();
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{:02}:{:02}:{:02}{point}{fraction}", number(hours)?, number(minutes)?, number(whole)?))
}
