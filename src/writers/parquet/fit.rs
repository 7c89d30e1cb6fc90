//! What Parquet has no type for: columns that are written as another type, and those that cannot be written.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;

/// The schema as Parquet has it: seconds are milliseconds, a `date64` is a `date32`.
///
/// # Errors
/// The name of a column that cannot be written, and its type.
pub(super) fn schema(schema: &SchemaRef) -> Result<SchemaRef, String> {
    let fields: Fields = schema.fields().iter().map(|field| fit(field, 0)).collect::<Result<_, _>>()?;
    Ok(if fields == *schema.fields() {
        schema.clone()
    } else {
        Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
    })
}

/// Types inside each other; deeper ones were refused when they were read.
const MAX_DEPTH: u32 = 128;

fn fit(field: &Field, depth: u32) -> Result<Arc<Field>, String> {
    if depth > MAX_DEPTH {
        return Err(format!("column `{}` is nested deeper than {MAX_DEPTH} levels", field.name()));
    }
    let below = |field: &Field| fit(field, depth + 1);
    let to = match field.data_type() {
        DataType::Timestamp(TimeUnit::Second, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        DataType::Time32(TimeUnit::Second) => DataType::Time32(TimeUnit::Millisecond),
        DataType::Date64 => DataType::Date32,
        DataType::Union(..) | DataType::RunEndEncoded(..) | DataType::FixedSizeBinary(0) => {
            return Err(format!(
                "expected a type that Parquet has, found `{}` in column `{}`",
                field.data_type(),
                field.name()
            ));
        }
        DataType::List(item) => DataType::List(below(item)?),
        DataType::LargeList(item) => DataType::LargeList(below(item)?),
        DataType::FixedSizeList(item, len) => DataType::FixedSizeList(below(item)?, *len),
        DataType::Struct(fields) => {
            DataType::Struct(fields.iter().map(|field| below(field)).collect::<Result<_, _>>()?)
        }
        DataType::Map(entries, sorted) => DataType::Map(below(entries)?, *sorted),
        other => other.clone(),
    };
    Ok(Arc::new(field.clone().with_data_type(to)))
}

/// A batch with the columns of that schema.
///
/// # Errors
/// A value that the other type cannot hold.
pub(super) fn batch(batch: &RecordBatch, to: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    if batch.schema_ref().fields() == to.fields() {
        return Ok(batch.clone());
    }
    let columns =
        batch
            .columns()
            .iter()
            .zip(to.fields())
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    Ok(column.clone())
                } else {
                    cast(column, field.data_type())
                }
            })
            .collect::<Result<_, _>>()?;
    RecordBatch::try_new(to.clone(), columns)
}
