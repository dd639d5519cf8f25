//! The physical lines of a file, with their numbers, some of which may be put back.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
};

/// A line as it stands in the file, with its end: `\n`, `\r\n` or `\r`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileLine {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A line may be so long at most.
pub(crate) const MAX_BYTES: usize = 4 << 20;

pub(crate) struct Lines<R> {
    source: BufReader<R>,
    next_number: u64,
    put_back: VecDeque<FileLine>,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source: BufReader::new(source), next_number: 1, put_back: VecDeque::new() }
    }

    /// The next line; none at the end. One that is too long is cut there, and what follows is a line of its own.
    pub(crate) fn next(&mut self) -> io::Result<Option<FileLine>> {
        match self.put_back.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    /// Gives lines out again, in their order, before any others.
    pub(crate) fn put_back(&mut self, lines: Vec<FileLine>) {
        for line in lines.into_iter().rev() {
            self.put_back.push_front(line);
        }
    }

    fn read(&mut self) -> io::Result<Option<FileLine>> {
        let mut bytes = Vec::new();
        while bytes.len() < MAX_BYTES {
            let ready = self.source.fill_buf()?;
            if ready.is_empty() {
                break;
            }
            let end = ready.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let taken = end.map_or(ready.len(), |end| end + 1);
            let last = ready[taken - 1];
            bytes.extend_from_slice(&ready[..taken]);
            self.source.consume(taken);
            if end.is_some() {
                if last == b'\r' && self.source.fill_buf()?.first() == Some(&b'\n') {
                    bytes.push(b'\n');
                    self.source.consume(1);
                }
                break;
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        self.next_number += 1;
        Ok(Some(FileLine { number: self.next_number - 1, bytes }))
    }
}

/// A line without its end.
pub(crate) fn content(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}
