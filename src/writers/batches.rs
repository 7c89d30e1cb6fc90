//! What the writers of tables take: a schema, then record batches of bounded size, one after another.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use super::options::{Format, WriteOptions};
use super::out::Out;
use crate::error::Error;
use crate::location::Location;
use crate::report::ledger::Ledger;

/// A table that is being written.
pub(crate) trait Writer {
    /// Adds the next rows.
    ///
    /// # Errors
    /// What the format cannot carry, the output limit, I/O.
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error>;

    /// Writes what is left.
    ///
    /// # Errors
    /// As for [`Writer::push`].
    fn finish(self: Box<Self>) -> Result<Written, Error>;
}

/// What came of a table.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub bytes: u64,
    /// What the format made less exact than its columns are.
    pub ledger: Ledger,
    /// The `.proto` file that describes the output, where its messages are of the table's own.
    pub proto: Option<String>,
}

/// Begins a table of that schema in the format of the options.
///
/// # Errors
/// The format has no tables, or lacks a type; the output limit, I/O.
pub(crate) fn begin<'w>(
    schema: &SchemaRef,
    options: &'w WriteOptions,
    out: Out<'w>,
) -> Result<Box<dyn Writer + 'w>, Error> {
    match options.format {
        #[cfg(feature = "parquet")]
        Format::Parquet => Ok(Box::new(super::parquet::Parquet::begin(schema, options, out)?)),
        #[cfg(feature = "arrow")]
        Format::Arrow => Ok(Box::new(super::arrow_ipc::File::begin(schema, out)?)),
        #[cfg(feature = "arrow")]
        Format::ArrowStream => Ok(Box::new(super::arrow_ipc::Stream::begin(schema, out)?)),
        #[cfg(feature = "csv")]
        Format::Csv => Ok(Box::new(super::csv::Csv::begin(schema, options, out)?)),
        #[cfg(feature = "protobuf")]
        Format::Protobuf => {
            let name = options.proto_message.as_deref().unwrap_or("Row");
            Ok(Box::new(super::messages::Rows::begin(name, schema, out)?))
        }
        #[allow(unreachable_patterns, reason = "every format may be compiled out")]
        format => {
            let _ = (schema, out);
            Err(Error::misuse(format!("this build does not write tables as {}", format.name())))
        }
    }
}

/// An error of the library that writes the format.
pub(crate) fn failed(e: &ArrowError) -> Error {
    Error::unrepresentable(format!("expected a table that the format takes, found: {e}"), Location::default())
}
