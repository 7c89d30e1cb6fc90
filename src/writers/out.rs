//! Where the bytes go: one buffer, drained in large pieces, counted against the output limit.

use std::io::Write;

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;

/// The buffer is drained when it holds this much.
pub(crate) const DRAIN: usize = 256 << 10;

pub(crate) struct Out<'w> {
    sink: &'w mut (dyn Write + 'w),
    written: u64,
    limit: u64,
}

impl<'w> Out<'w> {
    pub fn new(sink: &'w mut (dyn Write + 'w), limit: u64) -> Self {
        Out { sink, written: 0, limit }
    }

    pub fn written(&self) -> u64 {
        self.written
    }

    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Passes bytes on as they are.
    ///
    /// # Errors
    /// `Limit` beyond the output limit, `Io` when they cannot be written.
    #[cfg(feature = "tensors")]
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            return Err(Limit::Output.exceeded(self.written, self.limit, Location::default()));
        }
        self.sink.write_all(bytes).map_err(|e| Error::io(e, Location::default()))
    }

    /// Passes the buffer on and empties it.
    ///
    /// # Errors
    /// `Limit` beyond the output limit, `Io` when it cannot be written.
    pub fn drain(&mut self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        self.written += buffer.len() as u64;
        if self.written > self.limit {
            return Err(Limit::Output.exceeded(self.written, self.limit, Location::default()));
        }
        self.sink.write_all(buffer).map_err(|e| Error::io(e, Location::default()))?;
        buffer.clear();
        Ok(())
    }
}
