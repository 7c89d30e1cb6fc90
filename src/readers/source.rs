//! The bytes a reader is given: each of its reads has a ceiling, so that one token cannot become larger than the memory limit.

use std::io::{self, Read};

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;

/// Bytes that a token reader asks for beyond the token it reads.
const AHEAD: u64 = 1 << 16;

/// An input under a ceiling. Its errors are ours, packed by [`Error::into_read`].
pub(super) struct Source<R> {
    input: R,
    read: u64,
    ceiling: u64,
    limit: Limit,
    allowed: u64,
}

impl<R: Read> Source<R> {
    pub fn new(input: R) -> Self {
        Source { input, read: 0, ceiling: AHEAD, limit: Limit::Memory, allowed: 0 }
    }

    /// The token that begins at `at` may have `allowed` bytes, by this limit.
    #[inline]
    pub fn allow(&mut self, at: u64, limit: Limit, allowed: u64) {
        self.ceiling = at.saturating_add(allowed).saturating_add(AHEAD);
        (self.limit, self.allowed) = (limit, allowed);
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.read > self.ceiling {
            let needed = self.allowed.saturating_add(1);
            return Err(self.limit.exceeded(needed, self.allowed, Location::default()).into_read());
        }
        loop {
            match self.input.read(buf) {
                Ok(n) => {
                    self.read += n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::from_read(e, Location::default()).into_read()),
            }
        }
    }
}
