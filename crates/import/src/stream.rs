//! The bytes of a file, unpacked where it is compressed, counted for a progress bar.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::read::MultiGzDecoder;

/// Bytes of the file that were read.
pub(crate) type Position = Arc<AtomicU64>;

/// Below this nothing is a bomb.
pub(crate) const HARMLESS: u64 = 32 << 20;

/// How many times as large as the file its content may be. Exports reach 10 to 50, rows that are all alike 150.
pub(crate) const MAX_RATIO: u64 = 250;

/// A file whose bytes are counted.
pub(crate) struct Counted {
    pub(crate) file: File,
    pub(crate) position: Position,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(out)?;
        self.position.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Opens a file; what gzip packed is unpacked.
pub(crate) fn open(path: &Path, position: &Position) -> io::Result<Box<dyn Read + Send>> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start)?;
    file.rewind()?;
    position.store(0, Ordering::Relaxed);
    let file = Counted { file, position: Arc::clone(position) };
    if start != b"\x1f\x8b" {
        return Ok(Box::new(file));
    }
    let unpacked = MultiGzDecoder::new(io::BufReader::with_capacity(64 << 10, file));
    Ok(Box::new(Unpacked { source: unpacked, position: Arc::clone(position), given: 0 }))
}

/// What gzip packed, as long as it stays in proportion.
struct Unpacked<R> {
    source: R,
    position: Position,
    given: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(out).map_err(|error| {
            let cut = error.kind() == io::ErrorKind::UnexpectedEof;
            let what = if cut { "is cut short: fetch it again".to_owned() } else { format!("is damaged: {error}") };
            io::Error::new(error.kind(), format!("the gzip file {what}"))
        })?;
        self.given += count as u64;
        if self.given > HARMLESS && self.given / MAX_RATIO > self.position.load(Ordering::Relaxed) {
            return Err(io::Error::other(format!(
                "the gzip file holds more than {MAX_RATIO} times its size, as a bomb does; unpack it if it is none"
            )));
        }
        Ok(count)
    }
}
