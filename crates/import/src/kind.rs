//! What a file is by its first bytes, whatever it is called.

/// What a file looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Lines of cells, as far as the first bytes tell.
    Text,
    /// An archive of files, which a workbook is too.
    Zip,
    /// Compressed by gzip.
    Gzip,
    /// Something that has no rows, in words.
    Other(&'static str),
}

const SIGNATURES: &[(&[u8], Kind)] = &[
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"\x1f\x8b", Kind::Gzip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::Other("an old .xls, or a workbook with a password: save it as .xlsx")),
    (b"\xff\xfe\0\0", Kind::Other("text in UTF-32: save it as UTF-8")),
    (b"\0\0\xfe\xff", Kind::Other("text in UTF-32: save it as UTF-8")),
    (b"%PDF", Kind::Other("a PDF")),
    (b"{\\rtf", Kind::Other("a rich text document")),
    (b"7z\xbc\xaf\x27\x1c", Kind::Other("a 7z archive: unpack it")),
    (b"Rar!\x1a\x07", Kind::Other("a RAR archive: unpack it")),
    (b"BZh", Kind::Other("a bzip2 archive: unpack it")),
    (b"\xfd7zXZ\0", Kind::Other("an xz archive: unpack it")),
    (b"\x28\xb5\x2f\xfd", Kind::Other("a Zstandard archive: unpack it")),
    (b"SQLite format 3\0", Kind::Other("an SQLite database")),
    (b"PAR1", Kind::Other("a Parquet file")),
    (b"\x89PNG", Kind::Other("a picture")),
    (b"\xff\xd8\xff", Kind::Other("a picture")),
    (b"GIF8", Kind::Other("a picture")),
];

/// What the first bytes of a file say.
pub(crate) fn of_bytes(start: &[u8]) -> Kind {
    let found = SIGNATURES.iter().find(|(signature, _)| start.starts_with(signature));
    found.map_or(Kind::Text, |(_, kind)| *kind)
}

/// What a text is that has no lines of cells, in words.
pub(crate) fn of_markup(text: &str) -> Option<&'static str> {
    let start: String = text.trim_start().chars().take(512).collect::<String>().to_ascii_lowercase();
    let html = ["<!doctype html", "<html", "<table", "<head", "<meta"].iter().any(|tag| start.starts_with(tag));
    match () {
        () if html || (start.starts_with('<') && start.contains("<html")) => Some("HTML: export it as CSV or .xlsx"),
        () if start.starts_with("<?xml") => Some("XML: export it as CSV, .xlsx or JSON"),
        () => None,
    }
}

/// Whether a text is JSON: an array or an object, not a cell in brackets.
pub(crate) fn is_json(text: &str) -> bool {
    let mut characters = text.chars().filter(|one| !one.is_whitespace());
    match (characters.next(), characters.next()) {
        (Some('['), Some(next)) => matches!(next, '{' | '[' | ']'),
        (Some('{'), Some(next)) => matches!(next, '"' | '}'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_first_bytes() {
        assert_eq!(of_bytes(b"id,name\n"), Kind::Text);
        assert_eq!(of_bytes(b"PK\x03\x04..."), Kind::Zip);
        assert!(matches!(of_bytes(b"%PDF-1.7"), Kind::Other("a PDF")));
        assert!(of_markup("\n<!DOCTYPE html><html>").unwrap().starts_with("HTML"));
        assert!(of_markup("<?xml version='1.0'?><a/>").unwrap().starts_with("XML"));
        assert_eq!(of_markup("<1 h,x\n"), None);
        assert!(is_json(" [\n{\"a\":1}]") && is_json("{\"a\":1}") && is_json("[]"));
        assert!(!is_json("[id],name") && !is_json("{id},name") && !is_json("id"));
    }
}
