//! The file of rows that were not taken: mend it and import it again with the same mapping.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use csv::{ByteRecord, QuoteStyle, Writer, WriterBuilder};

use encoding_rs::UTF_8;

use super::{
    mapping::MappingFile,
    table::{Dialect, RawRow},
};

/// Columns before the original ones.
pub(crate) const OWN_COLUMNS: [&str; 2] = ["line", "reasons"];

/// Writes rejected rows, each with its line, every reason, and its cells as they were.
pub struct Rejects<W: io::Write> {
    writer: Writer<W>,
    dialect: Dialect,
    /// How many columns of the source are an earlier rejects file's own.
    stale: usize,
}

impl Rejects<File> {
    /// Creates the file, which must not be the one being read. It is UTF-8, and says so where the mapping says otherwise.
    pub fn create(path: &Path, mapping: &MappingFile, header: &[String], data: &Path) -> io::Result<Self> {
        let dialect = mapping.dialect(path);
        let is_marked = mapping.shape().encoding.is_some_and(|encoding| encoding != UTF_8);
        if let (Ok(rejects), Ok(data)) = (fs::canonicalize(path), fs::canonicalize(data))
            && rejects == data
        {
            return Err(io::Error::other("the rejects file would overwrite the file being imported"));
        }
        let mut file = File::create(path)?;
        if is_marked {
            io::Write::write_all(&mut file, "\u{feff}".as_bytes())?;
        }
        Self::new(file, dialect, header)
    }
}

impl<W: io::Write> Rejects<W> {
    /// Writes the header.
    pub fn new(sink: W, dialect: Dialect, header: &[String]) -> io::Result<Self> {
        let quotes = if dialect.quoting { QuoteStyle::Necessary } else { QuoteStyle::Never };
        let writer =
            WriterBuilder::new().delimiter(dialect.delimiter).quote_style(quotes).flexible(true).from_writer(sink);
        let stale = if header.starts_with(&OWN_COLUMNS.map(str::to_owned)) { OWN_COLUMNS.len() } else { 0 };
        let mut rejects = Self { writer, dialect, stale };
        let header = OWN_COLUMNS.into_iter().chain(header[stale..].iter().map(String::as_str));
        rejects.writer.write_record(header)?;
        Ok(rejects)
    }

    /// Adds a row.
    pub fn add(&mut self, row: &RawRow, reasons: &[String]) -> io::Result<()> {
        // Reasons quote cells, which may hold anything; the original cells are written as they were.
        let delimiter = char::from(self.dialect.delimiter);
        let breaks_row = |character: char| character.is_control() || (character == delimiter && !self.dialect.quoting);
        let reasons = reasons.join("; ").replace(breaks_row, " ");
        let mut record = ByteRecord::new();
        record.push_field(row.line.to_string().as_bytes());
        record.push_field(reasons.as_bytes());
        row.record.iter().skip(self.stale).for_each(|cell| record.push_field(cell));
        self.writer.write_byte_record(&record)?;
        Ok(())
    }

    /// Writes what is still in memory.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    const CSV: Dialect = Dialect { delimiter: b',', quoting: true };

    fn reject_all(text: &[u8]) -> Vec<u8> {
        let mut table = Table::new(text, CSV).unwrap();
        let mut sink = Vec::new();
        let mut rejects = Rejects::new(&mut sink, CSV, table.header()).unwrap();
        while let Some(row) = table.next_row().unwrap() {
            rejects.add(&row, &["one".to_owned(), "t\nwo".to_owned()]).unwrap();
        }
        rejects.finish().unwrap();
        sink
    }

    #[test]
    fn rows_survive_byte_by_byte_and_can_be_rejected_again() {
        let first = reject_all(b"a,b\n1,\"x,\"\"y\"\n2,\xff\n3\n");
        assert_eq!(first, b"line,reasons,a,b\n2,one; t wo,1,\"x,\"\"y\"\n3,one; t wo,2,\xff\n4,one; t wo,3\n");
        let second = reject_all(&first);
        assert_eq!(second, first);
    }

    #[test]
    fn the_source_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rows.csv");
        fs::write(&path, "a\n1\n").unwrap();
        assert!(Rejects::create(&path, &MappingFile::parse("").unwrap(), &[], &path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "a\n1\n");
    }
}
