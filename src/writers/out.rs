//! Where the bytes go: one buffer, drained in large pieces, counted against the output limit.

use std::io::Write;

use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::graph::payloads::Payload;
use crate::writers::event::Sink;
use crate::writers::tag::Tag;

/// The buffer is drained when it holds this much.
pub(crate) const DRAIN: usize = 256 << 10;
/// Bytes of a payload at a time: a multiple of three, as base64 wants it.
const PIECE: usize = 3 << 16;

pub(crate) struct Out<'w> {
    sink: &'w mut (dyn Write + 'w),
    written: u64,
    limit: u64,
    /// Where the pieces of payloads are read to.
    piece: Vec<u8>,
    #[cfg(feature = "parquet")]
    memory: u64,
}

impl<'w> Out<'w> {
    pub fn new(sink: &'w mut (dyn Write + 'w), limit: u64) -> Self {
        Out {
            sink,
            written: 0,
            limit,
            piece: Vec::new(),
            #[cfg(feature = "parquet")]
            memory: u64::MAX,
        }
    }

    /// Says how many bytes a writer may hold, however large the input is.
    #[cfg(feature = "tables")]
    #[must_use]
    pub fn holding(self, memory: u64) -> Self {
        #[cfg(feature = "parquet")]
        return Out { memory, ..self };
        #[cfg(not(feature = "parquet"))]
        {
            let _ = memory;
            self
        }
    }

    /// Checks that a writer may hold so many bytes.
    ///
    /// # Errors
    /// `Limit` beyond what it may hold.
    #[cfg(feature = "parquet")]
    pub fn may_hold(&self, bytes: u64) -> Result<(), Error> {
        if bytes > self.memory {
            return Err(Limit::Memory.exceeded(bytes, self.memory, Location::default()));
        }
        Ok(())
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

    /// Writes bytes from where they lie, through the buffer of `sink`.
    ///
    /// # Errors
    /// As [`Out::drain`]; what goes wrong with reading the graph keeps.
    pub fn payload<S: Sink>(&mut self, sink: &mut S, tag: Option<Tag>, mut payload: Payload<'_>) -> Result<(), Error> {
        sink.begin_bytes(tag, payload.len());
        let most = usize::try_from(payload.len()).unwrap_or(PIECE).min(PIECE);
        if self.piece.len() < most {
            self.piece = vec![0; most];
        }
        while sink.too_long().is_none() {
            let n = payload.fill(&mut self.piece);
            if n == 0 {
                break;
            }
            sink.piece(self.piece.get(..n).unwrap_or_default());
            self.drain(sink.buffer())?;
        }
        sink.end_bytes(tag);
        Ok(())
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
