//! Parquet: row groups of bounded size, dictionaries, statistics, and the Arrow schema beside Parquet's own.
//!
//! The library encodes every column but those of categories, whose dictionary it would write in the order of the rows and without
//! what no row has.

mod categories;
mod fit;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

use super::batches::{Writer, Written};
use super::options::{Compression, WriteOptions};
use super::out::{DRAIN, Out};
use crate::error::Error;
use crate::location::Location;
use categories::Categories;

/// Bytes of one row group in memory, whatever its rows.
const GROUP_BYTES: usize = 128 << 20;

/// A file in the making.
pub(crate) struct Parquet<'w> {
    file: File,
    /// The row group that is being filled.
    group: Option<Group>,
    out: Out<'w>,
}

impl<'w> Parquet<'w> {
    /// Begins a file.
    ///
    /// # Errors
    /// A column whose type Parquet lacks.
    pub fn begin(schema: &SchemaRef, options: &WriteOptions, out: Out<'w>) -> Result<Self, Error> {
        if let Some(field) = schema.fields().iter().find(|field| !fits(field.data_type())) {
            let mut at = "$".to_owned();
            super::path::push_name(field.name(), &mut at);
            let what = format!("expected a type that Parquet has, found {}", field.data_type());
            return Err(Error::unrepresentable(what, Location::path(at)).with_hint("`--to arrow` has it"));
        }
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
            .build();
        let schema = fit::schema(schema).map_err(|what| {
            Error::unrepresentable(what, Location::default()).with_hint("`--to arrow` and `--to json` write it")
        })?;
        let writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(|e| failed(&e))?;
        let (writer, factory) = writer.into_serialized_writer().map_err(|e| failed(&e))?;
        let file = File { writer, factory, schema, rows: options.row_group_size.get(), groups: 0 };
        Ok(Parquet { file, group: None, out })
    }
}

impl Writer for Parquet<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let file = &mut self.file;
        let mut rest = fit::batch(batch, &file.schema).map_err(|e| super::batches::failed(&e))?;
        while rest.num_rows() > 0 {
            let current = match &mut self.group {
                Some(current) => current,
                none => none.insert(file.group().map_err(|e| failed(&e))?),
            };
            let taken = current.room(&rest, file.rows);
            if taken > 0 {
                current.add(&file.schema, &rest.slice(0, taken)).map_err(|e| failed(&e))?;
                rest = rest.slice(taken, rest.num_rows() - taken);
            }
            if (taken == 0 || current.rows >= file.rows || current.size() >= GROUP_BYTES)
                && let Some(full) = self.group.take()
            {
                file.close(full).map_err(|e| failed(&e))?;
                if file.writer.inner().len() >= DRAIN {
                    self.out.drain(file.writer.inner_mut())?;
                }
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        if let Some(last) = self.group.take() {
            self.file.close(last).map_err(|e| failed(&e))?;
        }
        self.file.writer.finish().map_err(|e| failed(&e))?;
        self.out.drain(self.file.writer.inner_mut())?;
        Ok(Written { bytes: self.out.written(), ..Written::default() })
    }
}

struct File {
    writer: SerializedFileWriter<Vec<u8>>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    /// Rows of a group, at most.
    rows: usize,
    groups: usize,
}

/// A row group in the making.
struct Group {
    columns: Vec<Column>,
    rows: usize,
}

/// One column of the table.
enum Column {
    /// One writer for each of its leaves.
    Plain(Vec<ArrowColumnWriter>),
    Categories(Categories),
}

impl File {
    fn group(&mut self) -> Result<Group, ParquetError> {
        let mut writers = self.factory.create_column_writers(self.groups)?.into_iter();
        self.groups += 1;
        let (mut columns, mut leaf) = (Vec::new(), 0);
        for field in self.schema.fields() {
            let leaves = leaves(field.data_type());
            let plain: Vec<ArrowColumnWriter> = writers.by_ref().take(leaves).collect();
            columns.push(if Categories::fit(field.data_type()) {
                Column::Categories(Categories::new(self.writer.schema_descr().column(leaf)))
            } else {
                Column::Plain(plain)
            });
            leaf += leaves;
        }
        Ok(Group { columns, rows: 0 })
    }

    fn close(&mut self, group: Group) -> Result<(), ParquetError> {
        let mut writer = self.writer.next_row_group()?;
        for column in group.columns {
            match column {
                Column::Plain(writers) => {
                    for leaf in writers {
                        leaf.close()?.append_to_row_group(&mut writer)?;
                    }
                }
                Column::Categories(categories) => categories.append(&mut writer)?,
            }
        }
        writer.close().map(drop)
    }
}

impl Group {
    /// How many rows of a batch it takes.
    fn room(&self, batch: &RecordBatch, rows: usize) -> usize {
        let same = self.columns.iter().zip(batch.columns()).all(|(column, array)| match column {
            Column::Plain(_) => true,
            Column::Categories(categories) => categories.takes(array),
        });
        if same { batch.num_rows().min(rows - self.rows) } else { 0 }
    }

    fn add(&mut self, schema: &SchemaRef, batch: &RecordBatch) -> Result<(), ParquetError> {
        for ((column, field), array) in self.columns.iter_mut().zip(schema.fields()).zip(batch.columns()) {
            let array: &ArrayRef = array;
            match column {
                Column::Plain(writers) => {
                    for (writer, leaf) in writers.iter_mut().zip(compute_leaves(field, array)?) {
                        writer.write(&leaf)?;
                    }
                }
                Column::Categories(categories) => categories.add(array),
            }
        }
        self.rows += batch.num_rows();
        Ok(())
    }

    fn size(&self) -> usize {
        let sizes = self.columns.iter().map(|column| match column {
            Column::Plain(writers) => writers.iter().map(ArrowColumnWriter::memory_size).sum(),
            Column::Categories(categories) => categories.size(),
        });
        sizes.sum()
    }
}

/// Whether Parquet has a type, and the library writes it; as deep as types nest.
fn fits(datatype: &DataType) -> bool {
    match datatype {
        DataType::Union(..) | DataType::Interval(_) => false,
        DataType::Time32(unit) => matches!(unit, TimeUnit::Second | TimeUnit::Millisecond),
        DataType::Time64(unit) => matches!(unit, TimeUnit::Microsecond | TimeUnit::Nanosecond),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => fits(item.data_type()),
        DataType::Struct(fields) => !fields.is_empty() && fields.iter().all(|field| fits(field.data_type())),
        DataType::Dictionary(_, values) => !values.is_nested() && fits(values),
        DataType::RunEndEncoded(_, values) => !values.data_type().is_nested() && fits(values.data_type()),
        _ => true,
    }
}

/// Columns of Parquet that a type becomes; as deep as types nest.
fn leaves(datatype: &DataType) -> usize {
    match datatype {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => leaves(item.data_type()),
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::Dictionary(_, values) => leaves(values),
        DataType::RunEndEncoded(_, values) => leaves(values.data_type()),
        _ => 1,
    }
}

fn failed(e: &ParquetError) -> Error {
    Error::unrepresentable(format!("expected a table that Parquet takes, found: {e}"), Location::default())
        .with_hint("`--to arrow` has types that Parquet lacks")
}
