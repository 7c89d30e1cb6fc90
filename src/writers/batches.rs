//! What the writers of tables take: a schema, and record batches of bounded size, one after another.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::error::Error;
use crate::location::Location;

/// A table, batch by batch.
pub(crate) trait Batches {
    fn schema(&self) -> SchemaRef;

    /// The next rows; `None` after the last.
    ///
    /// # Errors
    /// What a column cannot carry.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error>;
}

/// An error of the library that writes the format.
pub(crate) fn failed(e: &ArrowError) -> Error {
    Error::unrepresentable(format!("expected a table that the format takes, found: {e}"), Location::default())
}
