//! How much of a file is read that somebody else wrote: a record to verify, rules and ballots to count. Far beyond what a server
//! makes, and little enough that reading it ends soon; what exceeds a bound is refused by its name.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// Bytes of a file.
pub const FILE_BYTES: u64 = 64 * 1024 * 1024;
/// Entries of a competition.
pub const ENTRIES: usize = 2_000;
/// Ballots of a file; voters of a roll.
pub const BALLOTS: usize = 100_000;
/// Entries on all ballots of a file together.
pub const PLACES: usize = 4_000_000;
/// Entries that a ranking names.
pub const RANKED: usize = 64;
/// Revisions of a record, and keys.
pub const REVISIONS: usize = 4_000;
/// Sums of a record: judge teams by entries.
pub const SUMS: usize = 400_000;
/// Digits of a number, above or below the line of a fraction.
pub const DIGITS: usize = 400;

/// Reads a file of at most [`FILE_BYTES`].
///
/// # Errors
/// What cannot be read, and what is larger.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // The length is counted, not asked: a pipe has none.
    File::open(path)?.take(FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES {
        let rule = format!("it is larger than {} MiB, which is the most that is read", FILE_BYTES / 1024 / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, rule));
    }
    Ok(bytes)
}

/// What is wrong with how many there are of something, if there are too many.
pub fn too_many(what: &str, found: usize, most: usize) -> Option<String> {
    (found > most).then(|| format!("{found} {what} are too many: at most {most} are read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_bound() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(FILE_BYTES).unwrap();
        assert_eq!(read(file.path()).unwrap().len() as u64, FILE_BYTES);
        file.as_file().set_len(FILE_BYTES + 1).unwrap();
        assert!(read(file.path()).unwrap_err().to_string().contains("64 MiB"));
    }
}
