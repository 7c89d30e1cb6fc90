//! Parquet: row groups of bounded size, dictionaries, statistics, and the Arrow schema beside Parquet's own.
//!
//! The library encodes every column but those of categories, whose dictionary it would write in the order of the rows and without
//! what no row has.

mod categories;
mod column;
mod distinct;
mod fit;
mod pages;
mod workers;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;

use super::batches::{Writer, Written};
use super::options::{Compression, WriteOptions};
use super::out::Out;
use crate::error::Error;
use crate::location::Location;
use column::{Chunk, Column, Columns};
use pages::Queue;
use workers::{Done, Task, Workers};

/// Bytes that the library holds for a column, whatever its rows: buffers of its encoder and its compression, what it says in the
/// file's end (100 KiB were measured).
const COLUMN_BYTES: u64 = 128 << 10;
/// Bytes of one row group in memory, whatever its rows.
const GROUP_BYTES: usize = 64 << 20;
/// The level that other writers of Parquet have by default; higher ones take twice the time for a few per cent.
const ZSTD_LEVEL: i32 = 1;
/// Bytes of arrays that are encoded in one go.
const ROUND: usize = 8 << 20;

/// A file in the making.
///
/// Rows are gathered to rounds. While the threads encode the columns of a round, the next one is gathered, and what is
/// encoded is written.
pub(crate) struct Parquet<'w> {
    file: SerializedFileWriter<Queue>,
    /// What the library wrote, and is not passed on yet.
    queue: Queue,
    out: Out<'w>,
    schema: SchemaRef,
    /// Rows of a group, at most.
    rows: usize,
    groups: usize,
    columns: Columns,
    workers: Workers,
    round: Round,
}

/// Rows that wait to be encoded, and what is known of their group.
#[derive(Default)]
struct Round {
    /// The arrays of each column.
    arrays: Vec<Vec<ArrayRef>>,
    bytes: usize,
    /// Rows of the group, those of earlier rounds included.
    rows: usize,
    /// The categories that each column of categories has in the group.
    categories: Vec<Option<ArrayRef>>,
}

impl Round {
    /// How many rows of a batch the group takes, if it has at most so many.
    fn room(&self, batch: &RecordBatch, rows: usize) -> usize {
        let mut known = self.categories.iter().zip(batch.columns());
        let same = known.all(|(known, array)| known.as_ref().is_none_or(|known| categories::are(known, array)));
        if same { batch.num_rows().min(rows - self.rows) } else { 0 }
    }

    fn add(&mut self, batch: &RecordBatch) {
        self.arrays.resize_with(batch.num_columns(), Vec::new);
        if self.categories.is_empty() {
            self.categories = batch.columns().iter().map(categories::of).collect();
        }
        for (arrays, array) in self.arrays.iter_mut().zip(batch.columns()) {
            self.bytes += array.to_data().get_slice_memory_size().unwrap_or(0);
            arrays.push(array.clone());
        }
        self.rows += batch.num_rows();
    }
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
        let columns = schema.fields().iter().map(|field| column::leaves(field.data_type()) as u64).sum::<u64>();
        out.may_hold(columns.saturating_mul(COLUMN_BYTES)).map_err(|e| {
            e.with_hint(format!(
                "a file of {columns} columns holds {COLUMN_BYTES} bytes for each; `--to arrow` holds none"
            ))
        })?;
        let compression = match options.compression {
            Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).map_err(|e| failed(&e))?),
            Compression::Snappy => Codec::SNAPPY,
            Compression::Gzip => Codec::GZIP(GzipLevel::default()),
            Compression::Lz4 => Codec::LZ4_RAW,
            Compression::None => Codec::UNCOMPRESSED,
        };
        let properties = WriterProperties::builder()
            .set_created_by(concat!("depickle ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(compression)
            .set_dictionary_enabled(true)
            .set_statistics_enabled(EnabledStatistics::Page);
        let schema = fit::schema(schema).map_err(|what| {
            Error::unrepresentable(what, Location::default()).with_hint("`--to arrow` and `--to json` write it")
        })?;
        let queue = Queue::default();
        let file = ArrowWriter::try_new(queue.clone(), schema.clone(), Some(properties.clone().build()));
        let (file, _) = file.and_then(ArrowWriter::into_serialized_writer).map_err(|e| failed(&e))?;
        Ok(Parquet {
            file,
            columns: Columns::new(schema.clone(), properties, queue.clone()),
            queue,
            out,
            schema,
            rows: options.row_group_size.get(),
            groups: 0,
            workers: Workers::default(),
            round: Round::default(),
        })
    }

    /// Hands the rows that wait to the threads; with `last` they end the group. What the threads did before is written.
    fn encode(&mut self, last: bool) -> Result<(), Error> {
        let done = self.workers.wait().map_err(|e| failed(&e))?;
        let (mut open, mut closed) = (Vec::new(), Vec::new());
        for done in done {
            match done {
                Done::Open(column) => open.push(column),
                Done::Closed(chunk) => closed.push(chunk),
            }
        }
        let last = last || open.iter().map(Column::size).sum::<usize>() >= GROUP_BYTES;
        if open.is_empty() && self.round.rows > 0 {
            let first: Vec<ArrayRef> = self.round.arrays.iter().filter_map(|arrays| arrays.first().cloned()).collect();
            let described = self.file.schema_descr();
            open = self.columns.begin(self.groups, described, &first).map_err(|e| failed(&e))?;
            self.groups += 1;
        }
        let mut arrays = std::mem::take(&mut self.round.arrays).into_iter();
        let task = |column| Task { column, arrays: arrays.next().unwrap_or_default(), last };
        self.workers.start(open.into_iter().map(task).collect(), self.round.bytes >= ROUND);
        self.round.bytes = 0;
        if last {
            self.round.rows = 0;
            self.round.categories.clear();
        }
        self.write(closed)?;
        // As much as two rounds can become: a group is written before the next one is complete, and while that is encoded.
        self.queue.drain(2 * ROUND, &mut self.out)
    }

    /// Queues a row group.
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), Error> {
        if chunks.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group().map_err(|e| failed(&e))?;
        for chunk in chunks {
            chunk.append(&mut group).map_err(|e| failed(&e))?;
        }
        group.close().map_err(|e| failed(&e))?;
        Ok(())
    }
}

impl Writer for Parquet<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let mut rest = fit::batch(batch, &self.schema).map_err(|e| super::batches::failed(&e))?;
        while rest.num_rows() > 0 {
            let taken = self.round.room(&rest, self.rows);
            if taken > 0 {
                self.round.add(&rest.slice(0, taken));
                rest = rest.slice(taken, rest.num_rows() - taken);
            }
            let last = taken == 0 || self.round.rows >= self.rows;
            if last || self.round.bytes >= ROUND {
                self.encode(last)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        // The last rows, then the last row group.
        self.encode(true)?;
        self.encode(true)?;
        self.file.finish().map_err(|e| failed(&e))?;
        self.queue.drain(usize::MAX, &mut self.out)?;
        Ok(Written { bytes: self.out.written(), ..Written::default() })
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

fn failed(e: &ParquetError) -> Error {
    Error::unrepresentable(format!("expected a table that Parquet takes, found: {e}"), Location::default())
        .with_hint("`--to arrow` has types that Parquet lacks")
}
