//! One column of a row group, from its first values to its encoded chunk; nothing here knows of the others.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterPropertiesBuilder;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::SchemaDescriptor;

use super::categories::Categories;
use super::distinct;
use super::pages::Queue;

/// A column in the making.
pub(super) struct Column {
    field: FieldRef,
    content: Content,
}

enum Content {
    /// One writer for each leaf.
    Plain(Vec<ArrowColumnWriter>),
    Categories(Categories),
}

/// A column that is encoded.
pub(super) enum Chunk {
    Plain(Vec<ArrowColumnChunk>),
    Categories(Bytes, Box<ColumnCloseResult>),
}

impl Column {
    pub fn add(&mut self, array: &ArrayRef) -> Result<(), ParquetError> {
        match &mut self.content {
            Content::Plain(writers) => {
                for (writer, leaf) in writers.iter_mut().zip(compute_leaves(&self.field, array)?) {
                    writer.write(&leaf)?;
                }
            }
            Content::Categories(categories) => categories.add(array),
        }
        Ok(())
    }

    /// Bytes that it holds.
    pub fn size(&self) -> usize {
        match &self.content {
            Content::Plain(writers) => writers.iter().map(ArrowColumnWriter::memory_size).sum(),
            Content::Categories(categories) => categories.size(),
        }
    }

    pub fn close(self) -> Result<Chunk, ParquetError> {
        match self.content {
            Content::Plain(writers) => {
                let chunks = writers.into_iter().map(ArrowColumnWriter::close).collect::<Result<_, _>>()?;
                Ok(Chunk::Plain(chunks))
            }
            Content::Categories(categories) => {
                let (bytes, close) = categories.close()?;
                Ok(Chunk::Categories(bytes, Box::new(close)))
            }
        }
    }
}

impl Chunk {
    /// Splices the chunk into a row group.
    pub fn append(self, group: &mut SerializedRowGroupWriter<'_, Queue>) -> Result<(), ParquetError> {
        match self {
            Chunk::Plain(chunks) => chunks.into_iter().try_for_each(|chunk| chunk.append_to_row_group(group)),
            Chunk::Categories(bytes, close) => group.append_column(&bytes, *close),
        }
    }
}

/// Makes the columns of each row group.
pub(super) struct Columns {
    schema: SchemaRef,
    properties: WriterPropertiesBuilder,
    /// Where pages go.
    queue: Queue,
    /// The factory of the group before, and which leaves had a dictionary there.
    factory: Option<(Vec<bool>, ArrowRowGroupWriterFactory)>,
}

impl Columns {
    pub fn new(schema: SchemaRef, properties: WriterPropertiesBuilder, queue: Queue) -> Self {
        Columns { schema, properties, queue, factory: None }
    }

    /// The columns of a group, of which the first rows are `arrays`.
    pub fn begin(
        &mut self,
        group: usize,
        described: &SchemaDescriptor,
        arrays: &[ArrayRef],
    ) -> Result<Vec<Column>, ParquetError> {
        let mut dictionaries = Vec::with_capacity(described.num_columns());
        for array in arrays {
            distinct::dictionaries(array, &mut dictionaries);
        }
        let factory = match self.factory.take() {
            Some((known, factory)) if known == dictionaries => factory,
            _ => {
                let mut properties = self.properties.clone();
                for (leaf, worth) in described.columns().iter().zip(&dictionaries) {
                    properties = properties.set_column_dictionary_enabled(leaf.path().clone(), *worth);
                }
                // A factory has the properties of a file; this one is never written.
                let options = ArrowWriterOptions::new()
                    .with_properties(properties.build())
                    .with_page_store_factory(Arc::new(self.queue.clone()));
                let file = ArrowWriter::try_new_with_options(Vec::new(), self.schema.clone(), options)?;
                file.into_serialized_writer()?.1
            }
        };
        let mut writers = factory.create_column_writers(group)?.into_iter();
        self.factory = Some((dictionaries, factory));
        let (mut columns, mut leaf) = (Vec::new(), 0);
        for field in self.schema.fields() {
            let leaves = leaves(field.data_type());
            let plain: Vec<ArrowColumnWriter> = writers.by_ref().take(leaves).collect();
            let content = if Categories::fit(field.data_type()) {
                Content::Categories(Categories::new(described.column(leaf)))
            } else {
                Content::Plain(plain)
            };
            columns.push(Column { field: Arc::clone(field), content });
            leaf += leaves;
        }
        Ok(columns)
    }
}

/// Columns of Parquet that a type becomes; as deep as types nest.
pub(super) fn leaves(datatype: &DataType) -> usize {
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
