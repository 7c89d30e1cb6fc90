//! Arrow's IPC format, as a file or as a stream.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::{FileWriter, StreamWriter};

use super::batches::{Writer, Written, failed};
use super::out::{DRAIN, Out};
use crate::error::Error;

/// A file, which readers can seek in.
pub(crate) struct File<'w> {
    writer: FileWriter<Vec<u8>>,
    out: Out<'w>,
}

impl<'w> File<'w> {
    /// # Errors
    /// What the format cannot carry.
    pub fn begin(schema: &SchemaRef, out: Out<'w>) -> Result<Self, Error> {
        Ok(File { writer: FileWriter::try_new(Vec::new(), schema).map_err(|e| failed(&e))?, out })
    }
}

impl Writer for File<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(|e| failed(&e))?;
        if self.writer.get_ref().len() >= DRAIN {
            self.out.drain(self.writer.get_mut())?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        self.writer.finish().map_err(|e| failed(&e))?;
        self.out.drain(self.writer.get_mut())?;
        Ok(Written { bytes: self.out.written(), ..Written::default() })
    }
}

/// A stream.
pub(crate) struct Stream<'w> {
    writer: StreamWriter<Vec<u8>>,
    out: Out<'w>,
}

impl<'w> Stream<'w> {
    /// # Errors
    /// What the format cannot carry.
    pub fn begin(schema: &SchemaRef, out: Out<'w>) -> Result<Self, Error> {
        Ok(Stream { writer: StreamWriter::try_new(Vec::new(), schema).map_err(|e| failed(&e))?, out })
    }
}

impl Writer for Stream<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.writer.write(batch).map_err(|e| failed(&e))?;
        if self.writer.get_ref().len() >= DRAIN {
            self.out.drain(self.writer.get_mut())?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        self.writer.finish().map_err(|e| failed(&e))?;
        self.out.drain(self.writer.get_mut())?;
        Ok(Written { bytes: self.out.written(), ..Written::default() })
    }
}
