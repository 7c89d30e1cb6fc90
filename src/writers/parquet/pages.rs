//! What is encoded on its way to the output: pages are passed on as they are, a part at a time.
//!
//! The library splices a row group into its output at once. Here that only queues its pages, so that they can be written while
//! the next rows are encoded, and none is copied.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use parquet::arrow::arrow_writer::{PageKey, PageStore, PageStoreArgs, PageStoreFactory};
use parquet::errors::{ParquetError, Result};

use crate::error::Error;
use crate::writers::out::{DRAIN, Out};

/// Bytes from which on a page is written by itself.
const LARGE: usize = 64 << 10;

/// What the library has written: it wants an output that threads may share.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue(Arc<Mutex<Pieces>>);

#[derive(Debug, Default)]
struct Pieces {
    whole: VecDeque<Bytes>,
    /// What came in small pieces, behind the others.
    last: Vec<u8>,
    /// The page that was taken last: it is what is written next.
    taken: Bytes,
}

impl Pieces {
    /// Ends the small pieces.
    fn seal(&mut self) {
        if !self.last.is_empty() {
            self.whole.push_back(std::mem::take(&mut self.last).into());
        }
    }
}

impl Queue {
    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Passes on `most` bytes of what is there, and what is left of their last piece.
    pub fn drain(&self, most: usize, out: &mut Out<'_>) -> Result<(), Error> {
        let mut pieces = self.pieces();
        pieces.seal();
        let (mut buffer, mut passed) = (Vec::new(), 0usize);
        while passed < most {
            let Some(piece) = pieces.whole.pop_front() else { break };
            passed = passed.saturating_add(piece.len());
            if piece.len() >= LARGE {
                out.drain(&mut buffer)?;
                out.write(&piece)?;
                continue;
            }
            buffer.extend_from_slice(&piece);
            if buffer.len() >= DRAIN {
                out.drain(&mut buffer)?;
            }
        }
        out.drain(&mut buffer)
    }
}

impl Write for Queue {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pieces = self.pieces();
        // Headers come between two pages, in other memory.
        if pieces.taken.len() == bytes.len() && std::ptr::eq(pieces.taken.as_ptr(), bytes.as_ptr()) {
            pieces.seal();
            let page = std::mem::take(&mut pieces.taken);
            pieces.whole.push_back(page);
        } else {
            pieces.last.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PageStoreFactory for Queue {
    fn create(&self, _args: &PageStoreArgs<'_>) -> Result<Box<dyn PageStore>> {
        Ok(Box::new(Pages { queue: self.clone(), pages: Vec::new(), held: 0 }))
    }
}

/// The pages of a column chunk, until it is spliced into the output.
struct Pages {
    queue: Queue,
    pages: Vec<Bytes>,
    held: usize,
}

impl PageStore for Pages {
    fn put(&mut self, value: Bytes) -> Result<PageKey> {
        let key = PageKey::new(self.pages.len() as u64);
        self.held += value.len();
        self.pages.push(value);
        Ok(key)
    }

    fn take(&mut self, key: PageKey) -> Result<Bytes> {
        let page = usize::try_from(key.get()).ok().and_then(|n| self.pages.get_mut(n)).map(std::mem::take);
        let page = page.ok_or_else(|| ParquetError::General(format!("expected a page, found none: {}", key.get())))?;
        self.held = self.held.saturating_sub(page.len());
        self.queue.pieces().taken = page.clone();
        Ok(page)
    }

    fn memory_size(&self) -> usize {
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_queued_as_they_are_and_passed_on_in_order() {
        let mut queue = Queue::default();
        let mut pages = Pages { queue: queue.clone(), pages: Vec::new(), held: 0 };
        let page = Bytes::from(vec![7; 2 * LARGE]);
        let key = pages.put(page.clone()).expect("room");
        assert_eq!(pages.memory_size(), 2 * LARGE);
        let taken = pages.take(key).expect("a page");
        // What was buffered comes between.
        queue.write_all(b"head").expect("memory");
        queue.write_all(&taken).expect("memory");
        queue.write_all(b"tail").expect("memory");
        assert_eq!(pages.memory_size(), 0);
        assert!(std::ptr::eq(queue.pieces().whole[1].as_ptr(), page.as_ptr()));
        let mut written = Vec::new();
        {
            let mut out = Out::new(&mut written, u64::MAX);
            queue.drain(1, &mut out).expect("memory");
            assert_eq!(out.written(), 4);
            queue.drain(usize::MAX, &mut out).expect("memory");
        }
        assert_eq!(written, [b"head", &page[..], b"tail"].concat());
        assert!(pages.take(PageKey::new(1)).is_err());
    }
}
