//! Arrow's IPC format, as a file or as a stream.
//!
//! The buffers of a batch are written from where they are, without a copy of the message.

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::writer::{FileWriter, StreamWriter};

use super::batches::{self, Writer, Written};
use super::out::{DRAIN, Out};
use crate::error::Error;
use crate::location::Location;

/// Bytes from which on a buffer goes straight to the output.
const LARGE: usize = 32 << 10;

/// A file, which readers can seek in.
pub(crate) struct File<'w> {
    writer: FileWriter<Gathered<'w>>,
}

impl<'w> File<'w> {
    /// # Errors
    /// What the format cannot carry.
    pub fn begin(schema: &SchemaRef, out: Out<'w>) -> Result<Self, Error> {
        Ok(File { writer: FileWriter::try_new(Gathered::new(out), schema).map_err(failed)? })
    }
}

impl Writer for File<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(failed)
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        self.writer.finish().map_err(failed)?;
        self.writer.get_mut().finish()
    }
}

/// A stream.
pub(crate) struct Stream<'w> {
    writer: StreamWriter<Gathered<'w>>,
}

impl<'w> Stream<'w> {
    /// # Errors
    /// What the format cannot carry.
    pub fn begin(schema: &SchemaRef, out: Out<'w>) -> Result<Self, Error> {
        Ok(Stream { writer: StreamWriter::try_new(Gathered::new(out), schema).map_err(failed)? })
    }
}

impl Writer for Stream<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(failed)
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        self.writer.finish().map_err(failed)?;
        self.writer.get_mut().finish()
    }
}

/// An output that gathers small pieces and passes on large ones as they are; an error of ours goes through it packed.
struct Gathered<'w> {
    out: Out<'w>,
    small: Vec<u8>,
}

impl<'w> Gathered<'w> {
    fn new(out: Out<'w>) -> Self {
        Gathered { out, small: Vec::new() }
    }

    fn finish(&mut self) -> Result<Written, Error> {
        self.out.drain(&mut self.small)?;
        Ok(Written { bytes: self.out.written(), ..Written::default() })
    }
}

impl Write for Gathered<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() < LARGE {
            self.small.extend_from_slice(bytes);
        }
        if bytes.len() >= LARGE || self.small.len() >= DRAIN {
            self.out.drain(&mut self.small).map_err(Error::into_read)?;
        }
        if bytes.len() >= LARGE {
            self.out.write(bytes).map_err(Error::into_read)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failed(e: ArrowError) -> Error {
    match e {
        ArrowError::IoError(_, e) => Error::from_read(e, Location::default()),
        e => batches::failed(&e),
    }
}
