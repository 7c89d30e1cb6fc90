//! Arrow's IPC format, as a file or as a stream.

use arrow::ipc::writer::{FileWriter, StreamWriter};

use super::batches::{Batches, failed};
use super::out::{DRAIN, Out};
use crate::error::Error;

/// Writes a table as a file, which readers can seek in; returns the bytes written.
///
/// # Errors
/// What the table cannot carry, the output limit, I/O.
pub(crate) fn write_file(table: &mut dyn Batches, mut out: Out<'_>) -> Result<u64, Error> {
    let mut writer = FileWriter::try_new(Vec::new(), &table.schema()).map_err(|e| failed(&e))?;
    while let Some(batch) = table.next_batch()? {
        writer.write(&batch).map_err(|e| failed(&e))?;
        if writer.get_ref().len() >= DRAIN {
            out.drain(writer.get_mut())?;
        }
    }
    writer.finish().map_err(|e| failed(&e))?;
    out.drain(writer.get_mut())?;
    Ok(out.written())
}

/// Writes a table as a stream; returns the bytes written.
///
/// # Errors
/// As for [`write_file`].
pub(crate) fn write_stream(table: &mut dyn Batches, mut out: Out<'_>) -> Result<u64, Error> {
    let mut writer = StreamWriter::try_new(Vec::new(), &table.schema()).map_err(|e| failed(&e))?;
    while let Some(batch) = table.next_batch()? {
        writer.write(&batch).map_err(|e| failed(&e))?;
        if writer.get_ref().len() >= DRAIN {
            out.drain(writer.get_mut())?;
        }
    }
    writer.finish().map_err(|e| failed(&e))?;
    out.drain(writer.get_mut())?;
    Ok(out.written())
}
