//! What an archive holds, before anybody reads it: whether it is a workbook, and whether it is too large to be one.
//!
//! Sizes that an archive declares may be lies: everything that will be read is unpacked once and counted.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use zip::ZipArchive;

use crate::{
    stream::{HARMLESS, MAX_RATIO},
    table::TableError,
};

/// A kind of workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workbook {
    Excel,
    OpenDocument,
}

/// Shared strings and styles are held in memory, as are all cells of an OpenDocument sheet.
const MAX_HELD: u64 = 256 << 20;
/// A sheet is read as it comes, but somebody has to wait for it.
const MAX_SHEET: u64 = 8 << 30;
/// A piece of a document without markup: a cell holds 32,767 characters at most.
const MAX_PIECE: usize = 4 << 20;
/// Cells of an OpenDocument sheet, empty ones between others included.
const MAX_CELLS: u64 = 5_000_000;

/// What the archive is, or why it cannot be read as a workbook. The file stands at its beginning afterwards.
pub(crate) fn examine(file: &File) -> Result<Workbook, TableError> {
    let mut file = BufReader::new(file.try_clone()?);
    file.seek(SeekFrom::Start(0))?;
    let packed = file.get_ref().metadata()?.len();
    let mut archive = ZipArchive::new(&mut file).map_err(damaged)?;
    let names: Vec<String> =
        { archive.file_names() }.filter_map(|name| name.ok().map(|name| name.into_owned())).collect();
    let has = |name: &str| names.iter().any(|one| one == name);
    let looks_like = |what: &str| Err(TableError::LooksLike(what.to_owned()));
    let workbook = match () {
        () if has("xl/workbook.xml") => Workbook::Excel,
        () if has("content.xml") && has("mimetype") => {
            let mut kind = String::new();
            let mimetype = archive.by_name("mimetype").map_err(damaged)?;
            mimetype.take(128).read_to_string(&mut kind)?;
            if kind.trim() != "application/vnd.oasis.opendocument.spreadsheet" {
                return looks_like("an OpenDocument file that is no spreadsheet");
            }
            Workbook::OpenDocument
        }
        () if has("xl/workbook.bin") => return looks_like("a binary Excel workbook (.xlsb): save it as .xlsx"),
        () if has("word/document.xml") => return looks_like("a Word document"),
        () if has("ppt/presentation.xml") => return looks_like("a presentation"),
        () => return looks_like("a zip archive: unpack it and import a file that was in it"),
    };
    let mut unpacked = 0;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(damaged)?;
        let name = entry.name().map_err(damaged)?.into_owned();
        if !name.ends_with(".xml") && !name.ends_with(".rels") {
            continue;
        }
        let sheet = workbook == Workbook::Excel && name.starts_with("xl/worksheets/");
        let counted = Count::of(entry, if sheet { MAX_SHEET } else { MAX_HELD }, &name)?;
        unpacked += counted.bytes;
        if unpacked > HARMLESS && unpacked / MAX_RATIO > packed {
            return Err(bomb(format!("it holds more than {MAX_RATIO} times its size")));
        }
        // The reader trusts the number and takes room for so many strings at once.
        if counted.announced.saturating_mul(4) > counted.bytes.saturating_add(1 << 20) {
            return Err(bomb(format!("{name} announces {} texts, and cannot hold so many", counted.announced)));
        }
        if counted.cells.max(counted.rows.saturating_mul(counted.widest)) > MAX_CELLS {
            return Err(TableError::Refused(format!(
                "the sheet has more than {MAX_CELLS} cells, and OpenDocument is read whole: save it as .xlsx or CSV"
            )));
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(workbook)
}

fn damaged(error: impl std::fmt::Display) -> TableError {
    TableError::Refused(format!("the archive is damaged: {error}"))
}

fn bomb(what: String) -> TableError {
    TableError::Refused(format!("the workbook is refused as a bomb: {what}"))
}

/// What a document comes to.
#[derive(Debug, Default)]
struct Count {
    bytes: u64,
    /// Of shared strings: how many the document says it has.
    announced: u64,
    /// Of OpenDocument, repeated ones included: cells up to the last one of each row that holds something, rows that hold
    /// something, and the longest of them.
    cells: u64,
    rows: u64,
    widest: u64,
    row: Row,
}

#[derive(Debug, Default)]
struct Row {
    repeated: u64,
    empty: u64,
    full: u64,
}

impl Count {
    fn of(mut entry: impl Read, limit: u64, name: &str) -> Result<Self, TableError> {
        let mut count = Self::default();
        let mut piece = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(damaged(format!("{name}: {error}"))),
            };
            count.bytes += read as u64;
            if count.bytes > limit {
                return Err(bomb(format!("{name} is larger than {} MiB", limit >> 20)));
            }
            let mut pieces = buffer[..read].split(|byte| *byte == b'<');
            piece.extend_from_slice(pieces.next().unwrap_or_default());
            for next in pieces {
                count.see(&piece);
                piece.clear();
                piece.extend_from_slice(next);
            }
            if piece.len() > MAX_PIECE {
                return Err(bomb(format!("{name} has a text of more than {} MiB", MAX_PIECE >> 20)));
            }
        }
        count.see(&piece);
        Ok(count)
    }

    /// Looks at a tag and the text behind it.
    fn see(&mut self, piece: &[u8]) {
        let tag = piece.split(|byte| *byte == b'>').next().unwrap_or_default();
        let number = |key: &str| attribute(tag, key);
        if tag.starts_with(b"sst") {
            self.announced = number("uniqueCount").unwrap_or_default();
        } else if tag.starts_with(b"table:table-row") {
            self.row = Row { repeated: number("table:number-rows-repeated").unwrap_or(1), ..Row::default() };
        } else if tag.starts_with(b"table:table-cell") || tag.starts_with(b"table:covered-table-cell") {
            let repeated = number("table:number-columns-repeated").unwrap_or(1);
            let full = [&b"value-type="[..], b"formula="].iter().any(|key| tag.windows(key.len()).any(|at| at == *key));
            if full {
                self.row.full = self.row.full.saturating_add(self.row.empty).saturating_add(repeated);
                self.row.empty = 0;
            } else {
                self.row.empty = self.row.empty.saturating_add(repeated);
            }
        } else if tag.starts_with(b"/table:table-row") && self.row.full > 0 {
            let repeated = self.row.repeated.min(1 << 20);
            self.rows = self.rows.saturating_add(repeated);
            self.cells = self.cells.saturating_add(self.row.full.saturating_mul(repeated));
            self.widest = self.widest.max(self.row.full);
        }
    }
}

/// A number among the attributes of a tag.
fn attribute(tag: &[u8], key: &str) -> Option<u64> {
    let tag = std::str::from_utf8(tag).ok()?;
    let (_, rest) = tag.split_once(&format!("{key}=\""))?;
    rest.split('"').next()?.parse().ok()
}
