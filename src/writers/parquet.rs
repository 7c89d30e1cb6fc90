//! Parquet: row groups of bounded size, dictionaries, statistics, and the Arrow schema beside Parquet's own.

use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::batches::Batches;
use super::options::{Compression, WriteOptions};
use super::out::{DRAIN, Out};
use crate::error::Error;
use crate::location::Location;

/// Bytes of one row group in memory, whatever its rows.
const GROUP_BYTES: usize = 128 << 20;

/// Writes a table; returns the bytes written.
///
/// # Errors
/// What the table or Parquet cannot carry, the output limit, I/O.
pub(crate) fn write(table: &mut dyn Batches, options: &WriteOptions, mut out: Out<'_>) -> Result<u64, Error> {
    let compression = match options.compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(3).map_err(|e| failed(&e))?),
        Compression::Snappy => Codec::SNAPPY,
        Compression::Gzip => Codec::GZIP(GzipLevel::default()),
        Compression::Lz4 => Codec::LZ4_RAW,
        Compression::None => Codec::UNCOMPRESSED,
    };
    let properties = WriterProperties::builder()
        .set_created_by(concat!("depickle ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(compression)
        .set_dictionary_enabled(true)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_max_row_group_row_count(Some(options.row_group_size.get()))
        .set_max_row_group_bytes(Some(GROUP_BYTES))
        .build();
    let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties)).map_err(|e| failed(&e))?;
    while let Some(batch) = table.next_batch()? {
        writer.write(&batch).map_err(|e| failed(&e))?;
        if writer.inner().len() >= DRAIN {
            out.drain(writer.inner_mut())?;
        }
    }
    writer.finish().map_err(|e| failed(&e))?;
    out.drain(writer.inner_mut())?;
    Ok(out.written())
}

fn failed(e: &ParquetError) -> Error {
    Error::unrepresentable(format!("expected a table that Parquet takes, found: {e}"), Location::default())
}
