//! Standard error for a log with an event per call: events are put into memory and written together, a few times a second.
//!
//! A ready-made writer on a thread of its own wakes that thread for every event, which costs more than all else that is
//! done for a call besides serving it.

use std::{
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// How long an event may wait for others.
const GATHER: Duration = Duration::from_millis(20);
/// Bytes that may wait while a slow terminal is written to; what comes after them is counted and lost.
const MOST: usize = 4 * 1024 * 1024;
/// How long the end of the process waits for what is left to be written. A reader who reads a pipe at all has read it by
/// then; a reader that does not must not keep the process alive.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Takes events. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct LogWriter(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
    closed: bool,
    /// Nothing is left, and nothing more will be written.
    ended: bool,
}

/// Dropping it writes what is left, if somebody reads it.
#[derive(Debug)]
pub(crate) struct Flusher {
    shared: Arc<Shared>,
    last_words: Duration,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A writer, and what writes from it to `out`.
///
/// # Errors
/// No thread can be started.
pub(crate) fn to(out: impl Write + Send + 'static) -> io::Result<(LogWriter, Flusher)> {
    let shared = Arc::new(Shared::default());
    let flushed = shared.clone();
    // Never joined: it may be stuck in a write forever, and ends with the process.
    std::thread::Builder::new().name("log".to_owned()).spawn(move || flush(&flushed, out))?;
    Ok((LogWriter(shared.clone()), Flusher { shared, last_words: LAST_WORDS }))
}

fn flush(shared: &Shared, mut out: impl Write) {
    loop {
        let mut waiting = shared.lock();
        while waiting.bytes.is_empty() && !waiting.closed {
            waiting = shared.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        let closed = waiting.closed;
        drop(waiting);
        if !closed {
            std::thread::sleep(GATHER);
        }
        let mut waiting = shared.lock();
        let (bytes, lost) = (std::mem::take(&mut waiting.bytes), std::mem::take(&mut waiting.lost));
        drop(waiting);
        // There is nowhere to say that standard error cannot be written to.
        _ = out.write_all(&bytes);
        if lost > 0 {
            _ = writeln!(out, "{lost} event(s) were lost: the log is read too slowly");
        }
        _ = out.flush();
        if closed {
            shared.lock().ended = true;
            shared.ended.notify_all();
            return;
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        let mut waiting = self.shared.lock();
        waiting.closed = true;
        self.shared.changed.notify_one();
        _ = self.shared.ended.wait_timeout_while(waiting, self.last_words, |waiting| !waiting.ended);
    }
}

impl Write for &LogWriter {
    /// An event, whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.bytes.len() + event.len() > MOST {
            waiting.lost += 1;
            return Ok(event.len());
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(event);
        drop(waiting);
        if first {
            self.0.changed.notify_one();
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a LogWriter;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<u8>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_event_is_written_in_order_and_the_last_ones_at_the_end() {
        let out = Out::default();
        let (writer, flusher) = to(out.clone()).unwrap();
        for number in 0..1_000 {
            writeln!(&writer, "event {number}").unwrap();
        }
        drop(flusher);
        let written = String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
        let expected: String = (0..1_000).map(|number| format!("event {number}\n")).collect();
        assert_eq!(written, expected);
    }

    #[test]
    fn what_is_lost_is_counted() {
        let out = Out::default();
        let (writer, flusher) = to(out.clone()).unwrap();
        let event = vec![b'x'; MOST / 2 + 1];
        let stalled = out.0.lock().unwrap();
        // Whether the first is under way already or not, of three at least one finds no room.
        for _ in 0..3 {
            (&writer).write_all(&event).unwrap();
        }
        drop(stalled);
        drop(flusher);
        let written = out.0.lock().unwrap();
        assert!(written.ends_with(b"event(s) were lost: the log is read too slowly\n"), "{}", written.len());
    }

    #[test]
    fn an_end_is_not_held_up_by_a_reader_that_does_not_read() {
        let out = Out::default();
        let (writer, mut flusher) = to(out.clone()).unwrap();
        let stalled = out.0.lock().unwrap();
        writeln!(&writer, "event").unwrap();
        flusher.last_words = Duration::from_millis(10);
        drop(flusher);
        assert_eq!(*stalled, b"");
    }
}
