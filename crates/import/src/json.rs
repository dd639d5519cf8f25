//! JSON as rows: an array of objects, an object around one, or an object a line. Columns are paths: `requester.name`.
//!
//! A file is read twice, once for its columns, and one record at a time: it may be larger than memory. A value stands as it
//! is written: `5.0` is not `5`. An array of plain values is one cell, joined by ", "; the objects of an array are told apart
//! by place, from 0: `comments.0.author`.

use std::{
    collections::HashMap,
    fmt,
    io::{BufRead, BufReader, Read},
};

use csv::ByteRecord;
use serde::{
    Deserializer as _,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    lines::MAX_BYTES,
    table::{MAX_COLUMNS, RawRow, Rows, TableError},
};

/// The text of a file, from its beginning.
type Source = Box<dyn Read + Send>;

/// Where the records of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// One a line.
    Lines,
    /// In the array under these keys; none: the file is the array.
    Array(Vec<String>),
    /// One after the other.
    Sequence,
}

/// Records, each with the line on which it begins.
pub(crate) struct JsonRows {
    records: Records,
    columns: HashMap<String, usize>,
}

/// Opens a file twice: once for its columns. `records`: the path of the array, said by the mapping.
pub(crate) fn open(
    mut source: impl FnMut() -> Result<Source, TableError>,
    records: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<(Vec<String>, JsonRows), TableError> {
    let place = place(&mut source, records, notes)?;
    let mut first = Records::new(source()?, &place)?;
    let mut header = Vec::new();
    let mut columns = HashMap::new();
    while let Some(record) = first.next()? {
        let Ok(cells) = record.text.and_then(|text| flatten(&text)) else { continue };
        for (path, _) in cells {
            if !columns.contains_key(&path) {
                columns.insert(path.clone(), header.len());
                header.push(path);
            }
            if header.len() > MAX_COLUMNS {
                return Err(TableError::too_wide());
            }
        }
    }
    if header.is_empty() {
        return Err(TableError::NoHeader);
    }
    let records = Records::new(source()?, &place)?;
    Ok((header, JsonRows { records, columns }))
}

impl Rows for JsonRows {
    fn next_row(&mut self) -> Result<Option<RawRow>, TableError> {
        let Some(record) = self.records.next()? else { return Ok(None) };
        let mut cells = vec![String::new(); self.columns.len()];
        let mut unread = Vec::new();
        let fault = match record.text.and_then(|text| flatten(&text)) {
            Err(fault) => Some(fault),
            Ok(found) => {
                for (path, cell) in found {
                    let Some(&index) = self.columns.get(&path) else { continue };
                    match cell {
                        Ok(text) if cells[index].is_empty() => cells[index] = text,
                        Ok(_) => unread.push((index, "stands twice in the record".to_owned())),
                        Err(fault) => unread.push((index, fault)),
                    }
                }
                None
            }
        };
        Ok(Some(RawRow { line: record.line, record: ByteRecord::from(cells), fault, unread }))
    }
}

/// Where the records are, by what the mapping says or the file has.
fn place(
    source: &mut impl FnMut() -> Result<Source, TableError>,
    records: Option<&str>,
    notes: &mut Vec<String>,
) -> Result<Place, TableError> {
    let mut scan = Scan::new(source()?);
    if scan.peek()? == Some(b'[') {
        return Ok(Place::Array(Vec::new()));
    }
    if let Some(path) = records {
        return Ok(Place::Array(path.split('.').map(str::to_owned).collect()));
    }
    let mut first_line = Vec::new();
    BufReader::new(source()?).take(MAX_BYTES as u64).read_until(b'\n', &mut first_line)?;
    let alone = serde_json::from_slice::<&RawValue>(&first_line).is_ok();
    let mut arrays = Vec::new();
    scan.arrays(&mut Vec::new(), &mut arrays)?;
    match (scan.peek()?, &arrays[..]) {
        (Some(_), _) if alone => Ok(Place::Lines),
        (Some(_), _) => Ok(Place::Sequence),
        (None, []) => Ok(Place::Sequence),
        (None, [one]) => {
            notes.push(format!("the records are in {:?}, the only array of objects", one.join(".")));
            Ok(Place::Array(one.clone()))
        }
        (None, several) => {
            let names: Vec<String> = several.iter().map(|path| format!("{:?}", path.join("."))).collect();
            Err(TableError::Refused(format!(
                "the JSON has several arrays of objects: say which in the mapping, records = {}",
                names.join(" or ")
            )))
        }
    }
}

/// A record as it stands.
struct Record {
    line: u64,
    /// Or what is wrong with it.
    text: Result<Vec<u8>, String>,
}

struct Records {
    scan: Scan,
    lines: bool,
    /// Whether the next thing is an element of an array, and whether it is the first.
    array: Option<bool>,
}

impl Records {
    fn new(source: Source, place: &Place) -> Result<Self, TableError> {
        let mut scan = Scan::new(source);
        let array = match place {
            Place::Lines | Place::Sequence => None,
            Place::Array(path) => {
                for key in path {
                    scan.descend(key)?;
                }
                scan.expect(b'[', "an array")?;
                Some(true)
            }
        };
        Ok(Self { scan, lines: *place == Place::Lines, array })
    }

    fn next(&mut self) -> Result<Option<Record>, TableError> {
        if self.lines {
            return self.next_line();
        }
        if let Some(first) = self.array {
            match self.scan.peek()? {
                Some(b']') => return Ok(None),
                Some(b',') if !first => self.scan.skip_byte()?,
                Some(_) if first => {}
                _ => return Err(self.scan.broken("a comma or the end of the array")),
            }
            self.array = Some(false);
        }
        if self.scan.peek()?.is_none() && self.array.is_none() {
            return Ok(None);
        }
        let line = self.scan.line;
        let mut text = Some(Vec::new());
        self.scan.value(&mut text)?;
        Ok(Some(Record { line, text: text.ok_or_else(|| TOO_LONG.to_owned()) }))
    }

    fn next_line(&mut self) -> Result<Option<Record>, TableError> {
        if self.scan.peek()?.is_none() {
            return Ok(None);
        }
        let line = self.scan.line;
        let mut text = Vec::new();
        (&mut self.scan.source).take(MAX_BYTES as u64).read_until(b'\n', &mut text)?;
        if text.ends_with(b"\n") {
            self.scan.line += 1;
            return Ok(Some(Record { line, text: Ok(text) }));
        }
        let whole = self.scan.source.fill_buf()?.is_empty();
        self.scan.skip_line()?;
        Ok(Some(Record { line, text: if whole { Ok(text) } else { Err(TOO_LONG.to_owned()) } }))
    }
}

const TOO_LONG: &str = "is longer than 4 MiB";

/// Reads JSON only so far that it knows where a value ends.
struct Scan {
    source: BufReader<Source>,
    line: u64,
}

impl Scan {
    fn new(source: Source) -> Self {
        Self { source: BufReader::with_capacity(64 << 10, source), line: 1 }
    }

    fn byte(&mut self) -> Result<Option<u8>, TableError> {
        Ok(self.source.fill_buf()?.first().copied())
    }

    fn skip_byte(&mut self) -> Result<(), TableError> {
        self.line += u64::from(self.byte()? == Some(b'\n'));
        self.source.consume(1);
        Ok(())
    }

    fn skip_line(&mut self) -> Result<(), TableError> {
        loop {
            match self.byte()? {
                None => return Ok(()),
                Some(byte) => {
                    self.skip_byte()?;
                    if byte == b'\n' {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The next byte that is no blank.
    fn peek(&mut self) -> Result<Option<u8>, TableError> {
        loop {
            match self.byte()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.skip_byte()?,
                other => return Ok(other),
            }
        }
    }

    fn broken(&self, expected: &str) -> TableError {
        TableError::Refused(format!("the JSON is broken or cut short in line {}: it needs {expected} there", self.line))
    }

    fn expect(&mut self, byte: u8, name: &str) -> Result<(), TableError> {
        if self.peek()? != Some(byte) {
            return Err(self.broken(name));
        }
        self.skip_byte()
    }

    /// Passes a value; keeps its text where there is room for it, and gives it up where it is too long.
    fn value(&mut self, text: &mut Option<Vec<u8>>) -> Result<(), TableError> {
        let start = self.peek()?.ok_or_else(|| self.broken("a value"))?;
        let (mut depth, mut quoted, mut escaped, mut passed) = (0_u32, false, false, false);
        loop {
            let ready = self.source.fill_buf()?;
            if ready.is_empty() {
                let scalar = depth == 0 && !quoted && !b"{[\"".contains(&start);
                return if scalar { Ok(()) } else { Err(self.broken("the end of a value that was begun")) };
            }
            let mut used = 0;
            let mut done = false;
            for &byte in ready {
                if !quoted && depth == 0 && (passed || used > 0) {
                    let ends = b",]} \t\r\n".contains(&byte);
                    if ends && !b"{[\"".contains(&start) {
                        done = true;
                        break;
                    }
                }
                used += 1;
                self.line += u64::from(byte == b'\n');
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    b'{' | b'[' if !quoted => depth += 1,
                    b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if depth == 0 && !quoted && b"}]\"".contains(&byte) && b"{[\"".contains(&start) {
                    done = true;
                    break;
                }
            }
            if let Some(kept) = text {
                kept.extend_from_slice(&ready[..used]);
                if kept.len() > MAX_BYTES {
                    *text = None;
                }
            }
            self.source.consume(used);
            passed = true;
            if done {
                return Ok(());
            }
        }
    }

    /// The next key of an object, whose brace was passed; none at its end.
    fn key(&mut self, first: bool) -> Result<Option<String>, TableError> {
        match self.peek()? {
            Some(b'}') => {
                self.skip_byte()?;
                return Ok(None);
            }
            Some(b',') if !first => self.skip_byte()?,
            _ => {}
        }
        if self.peek()? != Some(b'"') {
            return Err(self.broken("a key in quotation marks"));
        }
        let mut text = Some(Vec::new());
        self.value(&mut text)?;
        let key = text.and_then(|text| serde_json::from_slice(&text).ok());
        let key = key.ok_or_else(|| self.broken("a key"))?;
        self.expect(b':', "a colon")?;
        Ok(Some(key))
    }

    /// Goes to the value of a key of the object that comes next.
    fn descend(&mut self, wanted: &str) -> Result<(), TableError> {
        self.expect(b'{', "an object")?;
        let mut found = Vec::new();
        while let Some(key) = self.key(found.is_empty())? {
            if key == wanted {
                return Ok(());
            }
            found.push(key);
            self.value(&mut None)?;
        }
        Err(TableError::Refused(format!("the JSON has no {wanted:?}; it has {}", found.join(", "))))
    }

    /// Passes a value and notes the arrays of objects in it, two keys deep.
    fn arrays(&mut self, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> Result<(), TableError> {
        if path.len() > 2 || self.peek()? != Some(b'{') {
            let array = self.peek()? == Some(b'[');
            let mut start = Some(Vec::new());
            // An array is one of objects if its first element is one.
            if array {
                self.skip_byte()?;
                let objects = self.peek()? == Some(b'{');
                if objects && !path.is_empty() {
                    found.push(path.clone());
                }
                let mut first = true;
                loop {
                    match self.peek()? {
                        Some(b']') => return self.skip_byte(),
                        Some(b',') if !first => self.skip_byte()?,
                        Some(_) if first => {}
                        _ => return Err(self.broken("a comma or the end of the array")),
                    }
                    first = false;
                    self.value(&mut None)?;
                }
            }
            return self.value(&mut start);
        }
        self.skip_byte()?;
        let mut first = true;
        while let Some(key) = self.key(first)? {
            first = false;
            path.push(key);
            self.arrays(path, found)?;
            path.pop();
        }
        Ok(())
    }
}

/// A cell, or why it cannot be read.
type Cell = Result<String, String>;

/// An object as cells by path, in its order.
fn flatten(text: &[u8]) -> Result<Vec<(String, Cell)>, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is not valid UTF-8".to_owned())?;
    let value: &RawValue = serde_json::from_str(text.trim()).map_err(|error| format!("is not JSON: {error}"))?;
    if !value.get().starts_with('{') {
        return Err("is no JSON object".to_owned());
    }
    let mut cells = Vec::new();
    add(&mut cells, String::new(), value)?;
    Ok(cells)
}

fn add(cells: &mut Vec<(String, Cell)>, path: String, value: &RawValue) -> Result<(), String> {
    let text = value.get();
    let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match text.as_bytes().first() {
        Some(b'{') => {
            for (key, value) in entries(text)? {
                add(cells, inner(&key), value)?;
            }
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| error.to_string())?;
            if items.iter().any(|item| item.get().starts_with(['{', '['])) {
                for (index, item) in items.into_iter().enumerate() {
                    add(cells, inner(&index.to_string()), item)?;
                }
            } else {
                let texts: Cell = items.into_iter().map(plain).collect::<Result<Vec<_>, _>>().map(|all| all.join(", "));
                cells.push((path, texts));
            }
        }
        _ => cells.push((path, plain(value))),
    }
    Ok(())
}

fn plain(value: &RawValue) -> Cell {
    match value.get() {
        "null" => Ok(String::new()),
        text if text.starts_with('"') => serde_json::from_str(text).map_err(|error| {
            let half = error.to_string().contains("surrogate");
            if half { "has half a surrogate pair".to_owned() } else { format!("is no text: {error}") }
        }),
        text => Ok(text.to_owned()),
    }
}

/// The keys and values of an object, in their order.
type Entries<'a> = Vec<(String, &'a RawValue)>;

fn entries(text: &str) -> Result<Entries<'_>, String> {
    struct Collect;
    impl<'de> Visitor<'de> for Collect {
        type Value = Entries<'de>;
        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(entry) = map.next_entry()? {
                all.push(entry);
            }
            Ok(all)
        }
    }
    serde_json::Deserializer::from_str(text).deserialize_map(Collect).map_err(|error| format!("is not JSON: {error}"))
}
