//! How a delimited text is laid out where nobody says it: its separator, the lines before its header, the names of columns.

use std::{borrow::Cow, collections::HashMap};

use crate::{
    delimited::Delimited,
    rejects,
    table::{Dialect, Header, RawRow, Rows as _, Shape},
};

/// So many rows are looked at.
pub(crate) const ROWS: usize = 100;

/// So many bytes hold them.
const BYTES: usize = 64 << 10;

/// How a delimited text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) dialect: Dialect,
    /// Line of the header; none: there is none.
    pub(crate) header: Option<u64>,
    /// The first line that counts.
    pub(crate) first: u64,
}

/// Finds the layout of a text that begins with `start`, which is all of it or not.
pub(crate) fn layout(start: &[u8], whole: bool, shape: &Shape, usual: Dialect, notes: &mut Vec<String>) -> Layout {
    let (mut start, mut whole) = (start, whole);
    if start.len() > BYTES {
        (start, whole) = (&start[..BYTES], false);
    }
    let quoting = shape.quoting.unwrap_or(usual.quoting);
    let said = separator_line(start);
    let first = if said.is_some() { 2 } else { 1 };
    let sample = |delimiter| rows(start, whole, first, Dialect { delimiter, quoting });
    let delimiter = shape.delimiter.or(said).unwrap_or_else(|| {
        let found = CANDIDATES.into_iter().map(|delimiter| (agreement(&sample(delimiter)), delimiter));
        let found = found.filter(|((share, _), _)| *share > 0).max_by_key(|(found, delimiter)| {
            // Where two agree as well, the usual one.
            (*found, *delimiter == usual.delimiter)
        });
        let delimiter = found.map_or(usual.delimiter, |(_, delimiter)| delimiter);
        if let Some(((share, columns), _)) = found.filter(|_| delimiter != usual.delimiter) {
            notes.push(format!(
                "the separator is {:?}: it makes {columns} columns of {share}% of the first rows; the mapping can say delimiter",
                char::from(delimiter)
            ));
        }
        delimiter
    });
    let dialect = Dialect { delimiter, quoting };
    let rows = sample(delimiter);
    // A rejects file begins with its header, whatever the file before it did.
    let is_rejects = rows.first().is_some_and(|row| {
        let names: Vec<_> = row.record.iter().take(2).map(String::from_utf8_lossy).collect();
        names == rejects::OWN_COLUMNS
    });
    let header = match shape.header {
        Header::None if !is_rejects => None,
        Header::Line(line) if !is_rejects => Some(line),
        Header::Found if !is_rejects && !rows.is_empty() => header(&rows, "line", notes).map(|place| rows[place].line),
        Header::Found | Header::Line(_) | Header::None => Some(first),
    };
    Layout { dialect, header, first }
}

/// Separators in use.
const CANDIDATES: [u8; 7] = *b",;\t|^~\x1f";

/// What a line `sep=;` at the beginning says, which Excel reads and writes.
fn separator_line(start: &[u8]) -> Option<u8> {
    let line = start.split(|byte| b"\r\n".contains(byte)).next()?;
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line.strip_prefix(b"sep=").or_else(|| line.strip_prefix(b"SEP="))? {
        [delimiter] if delimiter.is_ascii() && !b"\"\r\n".contains(delimiter) => Some(*delimiter),
        _ => None,
    }
}

/// The first rows that can be read.
fn rows(start: &[u8], whole: bool, first: u64, dialect: Dialect) -> Vec<RawRow> {
    let mut source = Delimited::new(start, dialect);
    let mut rows = Vec::new();
    if source.skip_to(first).is_ok() {
        while let Ok(Some(row)) = source.next_row() {
            rows.push(row);
            if rows.len() > ROWS {
                break;
            }
        }
    }
    if rows.len() > ROWS || (!whole && rows.len() > 1) {
        // It may be cut.
        rows.pop();
    }
    rows.retain(|row| row.fault.is_none());
    rows
}

/// The per cent of rows that have the most frequent number of cells, at least two, and that number.
fn agreement(rows: &[RawRow]) -> (usize, usize) {
    let columns = usual_columns(rows);
    if columns < 2 {
        return (0, columns);
    }
    (100 * rows.iter().filter(|row| row.record.len() == columns).count() / rows.len(), columns)
}

/// The most frequent number of cells; of several the largest. One cell is no table, if there are others.
fn usual_columns(rows: &[RawRow]) -> usize {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for row in rows.iter().filter(|row| row.record.len() > 1) {
        *counts.entry(row.record.len()).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(columns, count)| (*count, *columns)).map_or(1, |(columns, _)| columns)
}

/// Place of the row with the names of the columns: the first that has a text in more than half of them. Titles before it have
/// few cells or mostly empty ones. None if that row holds values like those below it: the columns have no names.
pub(crate) fn header(rows: &[RawRow], unit: &str, notes: &mut Vec<String>) -> Option<usize> {
    let columns = rows.iter().map(filled).max().unwrap_or_default().min(usual_columns(rows));
    let found = rows.iter().position(|row| columns < 2 || (filled(row) >= 2 && filled(row) * 2 > columns)).unwrap_or(0);
    let (row, below) = rows.get(found..)?.split_first()?;
    if let Some(value) = value_as_below(row, below) {
        notes.push(format!(
            "the columns have no names: {unit} {} has {value:?}, as the {unit}s below it have; they are called by their letters; the mapping can say header_line",
            row.line
        ));
        return None;
    }
    if found > 0 {
        notes.push(format!(
            "the names of the columns are in {unit} {}: the {found} before it have fewer cells; the mapping can say header_line",
            row.line
        ));
    }
    Some(found)
}

/// A cell that no column is called by, where most of the cells below it are of its form.
fn value_as_below<'a>(row: &'a RawRow, below: &[RawRow]) -> Option<Cow<'a, str>> {
    let cell = |row: &'a RawRow, place| row.record.get(place).map(String::from_utf8_lossy);
    (0..row.record.len()).find_map(|place| {
        let text = cell(row, place)?;
        let form = form_of_value(&text)?;
        let others = below.iter().filter_map(|row| row.record.get(place)).map(String::from_utf8_lossy);
        let (same, filled) = others.filter(|other| !other.trim().is_empty()).fold((0, 0), |(same, filled), other| {
            (same + usize::from(form_of_value(&other) == Some(form)), filled + 1)
        });
        (same * 2 > filled).then_some(text)
    })
}

/// The form of a value by which nobody calls a column.
fn form_of_value(text: &str) -> Option<&'static str> {
    const LONG: usize = 9;
    let text = text.trim();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let consists_of = |others: &str| text.chars().all(|one| one.is_ascii_digit() || others.contains(one));
    if digits >= 8 && text.contains(':') && consists_of("/.-: ,TZ+APMapm") {
        return Some("instant");
    }
    if digits >= LONG && consists_of("+.") {
        return Some("long number");
    }
    if text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.')) {
        return (!text.contains(' ')).then_some("address");
    }
    uuid::Uuid::try_parse(text).is_ok().then_some("uuid")
}

fn filled(row: &RawRow) -> usize {
    row.record.iter().filter(|cell| !cell.trim_ascii().is_empty()).count()
}

/// Names of columns, each once: without blanks around them; one that has none is called by its letter, as in a sheet; where
/// several have one, they are numbered: `Name (1)`, `Name (2)`.
pub(crate) fn names(header: Vec<String>) -> Vec<String> {
    let named: Vec<String> = { header.iter().enumerate() }
        .map(|(index, name)| if name.trim().is_empty() { letters(index) } else { name.trim().to_owned() })
        .collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    named.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let mut used: HashMap<&str, usize> = HashMap::new();
    let numbered = named.iter().map(|name| {
        if counts[name.as_str()] == 1 {
            return name.clone();
        }
        let used = used.entry(name).or_default();
        loop {
            *used += 1;
            let numbered = format!("{name} ({used})");
            if !counts.contains_key(numbered.as_str()) {
                return numbered;
            }
        }
    });
    numbered.collect()
}

/// The letters of a column, from 0: A to Z, AA, AB, ...
pub(crate) fn letters(index: usize) -> String {
    let mut left = index + 1;
    let mut text = Vec::new();
    while left > 0 {
        left -= 1;
        text.push(char::from(b'A' + u8::try_from(left % 26).unwrap_or_default()));
        left /= 26;
    }
    text.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Dialect = Dialect { delimiter: b',', quoting: true };

    fn found(text: &str) -> (char, Option<u64>, usize) {
        let mut notes = Vec::new();
        let layout = layout(text.as_bytes(), true, &Shape::default(), USUAL, &mut notes);
        (char::from(layout.dialect.delimiter), layout.header, notes.len())
    }

    #[test]
    fn layouts_are_found() {
        for (text, expected) in [
            ("id,name\n1,a\n2,b\n", (',', Some(1), 0)),
            ("id;price;text\n1;5,20;a, b\n2;7,30;c, d\n", (';', Some(1), 1)),
            ("id\tname\n1\ta\n", ('\t', Some(1), 1)),
            ("a|b|c\n1|2|3\n4|5|6\n", ('|', Some(1), 1)),
            ("sep=;\nid;name\n1;a\n", (';', Some(2), 0)),
            ("\"sep=|\"\r\nid|name\r\n1|a,b\r\n", ('|', Some(2), 0)),
            ("Report of March\n\nid,name,when\n1,a,b\n2,c,d\n", (',', Some(3), 1)),
            ("Report of March,,,\nby,ops,,\nid,name,when,who\n1,a,b,c\n2,c,d,e\n", (',', Some(3), 1)),
            ("Report;\nid;name;c\n1;\"a;\nb\";2\n3;4;5\n", (';', Some(2), 2)),
            ("id\n1\n2\n", (',', Some(1), 0)),
            // What may be a header is one, even where the rows have other lengths.
            ("h,i\n1,2,3\n4,5,6\n", (',', Some(1), 0)),
            // Values where names would stand; but days may be names.
            ("7,2026-11-21 09:30:00,a\n8,2026-11-21 09:40:00,b\n", (',', None, 1)),
            ("ann@example.com,1\nben@example.com,2\n", (',', None, 1)),
            ("1504279981,a\n1504279999,b\n", (',', None, 1)),
            ("who,2026-11-21 00:00,2026-11-22 00:00\na,1,2\nb,3,4\n", (',', Some(1), 0)),
            ("a,2026-11-21 09:30:00\n", (',', Some(1), 0)),
            ("", (',', Some(1), 0)),
        ] {
            assert_eq!(found(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_rejects_file_is_read_as_it_was_written() {
        let shape = Shape { header: Header::Line(4), ..Shape::default() };
        let text = b"line,reasons,a,b\n9,bad,1,2\n";
        assert_eq!(layout(text, true, &shape, USUAL, &mut Vec::new()).header, Some(1));
        let shape = Shape { header: Header::None, ..Shape::default() };
        assert_eq!(layout(text, true, &shape, USUAL, &mut Vec::new()).header, Some(1));
        assert_eq!(layout(b"1,2\n", true, &shape, USUAL, &mut Vec::new()).header, None);
    }

    #[test]
    fn every_column_has_a_name_of_its_own() {
        let of = |header: &[&str]| names(header.iter().map(|&name| name.to_owned()).collect());
        assert_eq!(of(&["id ", "Name", " Name", ""]), ["id", "Name (1)", "Name (2)", "D"]);
        assert_eq!(of(&["a", "a", "a (1)"]), ["a (2)", "a (3)", "a (1)"]);
        assert_eq!(of(&["", "A"]), ["A (1)", "A (2)"]);
        assert_eq!(
            [letters(0), letters(25), letters(26), letters(701), letters(16_383)],
            ["A", "Z", "AA", "ZZ", "XFD"]
        );
    }
}
