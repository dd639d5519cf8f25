//! A row's text as cells, strictly: a quotation mark encloses a whole cell or is a fault (RFC 4180). A lenient reader would
//! let a stray mark take in the rows up to the next one, in silence.

use csv::ByteRecord;

use super::lines::content;

/// How far a row's text is a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// It is.
    Cells(ByteRecord),
    /// It ends within quotation marks.
    Open,
    /// It can be none.
    Faulty(&'static str),
}

const INSIDE: &str =
    "a quotation mark stands inside a cell that does not begin with one; enclose the cell and double the mark";
const BEHIND: &str = "text stands behind the closing quotation mark of a cell";

/// Splits a row's text, which may have several lines, at a delimiter.
pub(crate) fn split(text: &[u8], delimiter: u8) -> Split {
    let text = content(text);
    let mut record = ByteRecord::new();
    let mut cell = Vec::new();
    let mut at = 0;
    loop {
        cell.clear();
        if text.get(at) == Some(&b'"') {
            at += 1;
            loop {
                match (text.get(at), text.get(at + 1)) {
                    (Some(b'"'), Some(b'"')) => {
                        cell.push(b'"');
                        at += 2;
                    }
                    (Some(b'"'), _) => break,
                    (Some(&byte), _) => {
                        cell.push(byte);
                        at += 1;
                    }
                    (None, _) => return Split::Open,
                }
            }
            at += 1;
        } else {
            let rest = &text[at..];
            let end = rest.iter().position(|&byte| byte == delimiter).unwrap_or(rest.len());
            if rest[..end].contains(&b'"') {
                return Split::Faulty(INSIDE);
            }
            cell.extend_from_slice(&rest[..end]);
            at += end;
        }
        record.push_field(&cell);
        match text.get(at) {
            None => return Split::Cells(record),
            Some(&byte) if byte == delimiter => at += 1,
            Some(_) => return Split::Faulty(BEHIND),
        }
    }
}

/// A line's cells where quotation marks mean nothing.
pub(crate) fn plain(line: &[u8], delimiter: u8) -> ByteRecord {
    content(line).split(|&byte| byte == delimiter).collect::<Vec<_>>().into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<String> {
        match split(text.as_bytes(), b',') {
            Split::Cells(record) => record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect(),
            other @ (Split::Open | Split::Faulty(_)) => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn marks_enclose_whole_cells_or_are_faults() {
        assert_eq!(cells("a,,\"b,\"\"c\"\"\n\",\r\n"), ["a", "", "b,\"c\"\n", ""]);
        assert_eq!(cells("\"\""), [""]);
        assert_eq!(split(b"1,\"open,2\n", b','), Split::Open);
        assert_eq!(split(b"1,5\" pipe\n", b','), Split::Faulty(INSIDE));
        assert_eq!(split(b"1,\"five\" pipe\n", b','), Split::Faulty(BEHIND));
        assert_eq!(plain(b"1,\"x,2\n", b',').iter().collect::<Vec<_>>(), [&b"1"[..], b"\"x", b"2"]);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(written in prop::collection::vec("[a,\"\n\r é]{0,6}", 2..5)) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(&written).unwrap();
            prop_assert_eq!(cells(std::str::from_utf8(&writer.into_inner().unwrap()).unwrap()), written);
        }
    }
}
