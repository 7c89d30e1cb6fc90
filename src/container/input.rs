//! The compressed bytes of one layer, through one buffer.
//!
//! The buffer is always filled to its end: how much was fetched must not depend on how a pipe cuts its bytes, because the
//! ratio limit is measured by it. Deliberately absent: what the bytes mean.

use std::io::{self, Read};

use super::HEAD;

/// Bytes fetched at a time.
const BUFFER: usize = 256 << 10;

pub(super) struct Input<'a> {
    source: Box<dyn Read + Send + 'a>,
    /// `buffer[start..end]` is fetched and not taken; `start <= end <= buffer.len()`.
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Bytes taken before `buffer[0]`.
    before: u64,
    /// The source has said that it ends.
    ended: bool,
    /// What the source failed with; it comes after the bytes before it.
    failure: Option<io::Error>,
}

impl<'a> Input<'a> {
    pub(super) fn new(source: Box<dyn Read + Send + 'a>) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Input { source, buffer, start: 0, end: 0, before: 0, ended: false, failure: None }
    }

    /// How many bytes were taken.
    pub(super) fn taken(&self) -> u64 {
        self.before + self.start as u64
    }

    /// All bytes of the input from the first on, taken or not, where one buffer holds them.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        if self.before == 0 && self.ended { self.buffer.get(..self.end) } else { None }
    }

    /// The fetched bytes that are not taken; empty only at the end.
    pub(super) fn fill(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.fetch()?;
        }
        Ok(self.fetched())
    }

    /// The same, but at least [`HEAD`] bytes where the input has them.
    pub(super) fn peek(&mut self) -> io::Result<&[u8]> {
        if self.end - self.start < HEAD {
            self.fetch()?;
        }
        Ok(self.fetched())
    }

    /// Takes `n` bytes of those fetched.
    pub(super) fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    /// Takes all zero bytes that come next.
    pub(super) fn skip_zeros(&mut self) -> io::Result<()> {
        loop {
            let fetched = self.fill()?;
            let zeros = fetched.iter().take_while(|b| **b == 0).count();
            let all = zeros == fetched.len() && zeros > 0;
            self.consume(zeros);
            if !all {
                return Ok(());
            }
        }
    }

    fn fetched(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Moves what is left to the front and fills the rest.
    fn fetch(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.before += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while !self.ended && self.failure.is_none() {
            let Some(free) = self.buffer.get_mut(self.end..).filter(|free| !free.is_empty()) else { break };
            match self.source.read(free) {
                Ok(0) => self.ended = true,
                Ok(n) => self.end = self.end.saturating_add(n).min(self.buffer.len()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => self.failure = Some(e),
            }
        }
        match self.failure.take() {
            Some(e) if self.end == 0 => Err(e),
            failure => {
                self.failure = failure;
                Ok(())
            }
        }
    }
}

/// For the decoder that wants a reader.
impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}
