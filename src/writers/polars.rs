//! What polars pickles: Arrow IPC streams, read into record batches, and their columns as [`Column`]s.
//!
//! Lengths are compared with what is there before Arrow's reader sees a message. Polars compresses nothing here; a compressed body
//! could grow without bound and is refused.

use std::io::Cursor;

use arrow::array::{Array, ArrayData, RecordBatch};
use arrow::datatypes::{DataType, IntervalUnit, SchemaRef, TimeUnit, UnionMode};
use arrow::ipc::reader::StreamReader;

use crate::model::arrow::{Column, MAX_NESTING, Type, Unit};

/// The columns of one stream.
pub(crate) struct Frame {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// The arrays of each column, in the order of the batches.
    data: Vec<Vec<ArrayData>>,
}

/// Reads a stream to its end.
///
/// # Errors
/// What is no Arrow IPC stream, or one of a kind that is not read, in words.
pub(crate) fn read(bytes: &[u8]) -> Result<Frame, String> {
    messages(bytes)?;
    let all = || -> Result<(SchemaRef, Vec<RecordBatch>), arrow::error::ArrowError> {
        let reader = StreamReader::try_new(Cursor::new(bytes), None)?;
        Ok((reader.schema(), reader.collect::<Result<_, _>>()?))
    };
    // The reader is written for streams that a writer of Arrow made: what it asserts beyond what was looked at is an error here.
    let (schema, batches) = match std::panic::catch_unwind(all) {
        Ok(read) => read.map_err(|e| format!("expected an Arrow IPC stream: {e}"))?,
        Err(_) => return Err("expected an Arrow IPC stream, found one that contradicts itself".to_owned()),
    };
    let data = (0..schema.fields().len())
        .map(|n| batches.iter().filter_map(|batch| batch.columns().get(n)).map(Array::to_data).collect())
        .collect();
    Ok(Frame { schema, batches, data })
}

/// Looks at every message's lengths and ranges, which Arrow's reader trusts, and that no body is compressed.
fn messages(bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes;
    let word = |rest: &mut &[u8]| -> Option<u32> {
        let (first, after) = rest.split_first_chunk::<4>()?;
        *rest = after;
        Some(u32::from_le_bytes(*first))
    };
    while !rest.is_empty() {
        let (Some(u32::MAX), Some(len)) = (word(&mut rest), word(&mut rest)) else {
            return Err("expected messages of an Arrow IPC stream".to_owned());
        };
        if len == 0 {
            return Ok(());
        }
        let (head, after) = rest.split_at_checked(len as usize).ok_or("expected a whole message of Arrow IPC")?;
        let message = arrow::ipc::root_as_message(head).map_err(|e| format!("expected a message of Arrow IPC: {e}"))?;
        let body = usize::try_from(message.bodyLength()).ok().filter(|len| *len <= after.len());
        let body = body.ok_or("expected the whole body of a message of Arrow IPC")?;
        rest = after.get(body..).unwrap_or_default();
        let batch = message.header_as_record_batch().or_else(|| message.header_as_dictionary_batch()?.data());
        let Some(batch) = batch else { continue };
        if batch.compression().is_some() {
            return Err("expected an Arrow IPC stream without compression".to_owned());
        }
        let within = |offset: i64, len: i64| {
            offset >= 0 && len >= 0 && offset.checked_add(len).is_some_and(|end| end as u64 <= body as u64)
        };
        if !batch.buffers().into_iter().flatten().all(|buffer| within(buffer.offset(), buffer.length())) {
            return Err("expected buffers within the body of their message of Arrow IPC".to_owned());
        }
        if batch.length() < 0
            || batch.nodes().into_iter().flatten().any(|node| node.length() < 0 || node.null_count() < 0)
        {
            return Err("expected lengths of 0 or more in a message of Arrow IPC".to_owned());
        }
    }
    Ok(())
}

impl Frame {
    /// Names and arrays of the columns.
    ///
    /// # Errors
    /// A type that is not read.
    pub fn columns(&self) -> Result<Vec<(&str, Vec<Column<'_>>)>, String> {
        let fields = self.schema.fields().iter();
        fields
            .zip(&self.data)
            .map(|(field, arrays)| {
                let chunks = arrays.iter().map(|data| column(data, 0)).collect::<Result<Vec<_>, String>>()?;
                Ok((field.name().as_str(), chunks))
            })
            .collect()
    }
}

fn column(data: &ArrayData, level: usize) -> Result<Column<'_>, String> {
    if level >= MAX_NESTING {
        return Err(format!("expected at most {MAX_NESTING} levels of nested arrays"));
    }
    let datatype = datatype(data.data_type())?;
    let validity = match data.nulls() {
        Some(nulls) if nulls.offset() == data.offset() => Some(nulls.validity()),
        Some(_) => return Err("expected validity and data that begin together".to_owned()),
        None => None,
    };
    let mut below = data.child_data().iter().map(|child| column(child, level + 1)).collect::<Result<Vec<_>, _>>()?;
    let dictionary = match datatype {
        Type::Dictionary { .. } => below.pop().map(Box::new),
        _ => None,
    };
    Ok(Column {
        datatype,
        len: data.len(),
        offset: data.offset(),
        null_count: -1,
        validity,
        buffers: data.buffers().iter().map(|buffer| buffer.as_slice()).collect(),
        children: below,
        dictionary,
    })
}

fn unit(unit: TimeUnit) -> Unit {
    match unit {
        TimeUnit::Second => Unit::Second,
        TimeUnit::Millisecond => Unit::Milli,
        TimeUnit::Microsecond => Unit::Micro,
        TimeUnit::Nanosecond => Unit::Nano,
    }
}

fn datatype(found: &DataType) -> Result<Type<'_>, String> {
    let decimal = |width, precision: u8, scale: i8| Type::Decimal { width, precision, scale: scale.into() };
    Ok(match found {
        DataType::Null => Type::Null,
        DataType::Boolean => Type::Bool,
        DataType::Int8 => Type::Int { width: 1, signed: true },
        DataType::Int16 => Type::Int { width: 2, signed: true },
        DataType::Int32 => Type::Int { width: 4, signed: true },
        DataType::Int64 => Type::Int { width: 8, signed: true },
        DataType::UInt8 => Type::Int { width: 1, signed: false },
        DataType::UInt16 => Type::Int { width: 2, signed: false },
        DataType::UInt32 => Type::Int { width: 4, signed: false },
        DataType::UInt64 => Type::Int { width: 8, signed: false },
        DataType::Float16 => Type::Float(2),
        DataType::Float32 => Type::Float(4),
        DataType::Float64 => Type::Float(8),
        DataType::Date32 => Type::Date32,
        DataType::Date64 => Type::Date64,
        DataType::Time32(found) => Type::Time32(unit(*found)),
        DataType::Time64(found) => Type::Time64(unit(*found)),
        DataType::Timestamp(found, zone) => Type::Timestamp(unit(*found), zone.as_deref()),
        DataType::Duration(found) => Type::Duration(unit(*found)),
        DataType::Interval(IntervalUnit::MonthDayNano) => Type::MonthDayNano,
        DataType::Decimal32(precision, scale) => decimal(4, *precision, *scale),
        DataType::Decimal64(precision, scale) => decimal(8, *precision, *scale),
        DataType::Decimal128(precision, scale) => decimal(16, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimal(32, *precision, *scale),
        DataType::FixedSizeBinary(size) => Type::FixedBinary(usize::try_from(*size).unwrap_or(0)),
        DataType::Binary => Type::Variable { large: false, text: false },
        DataType::LargeBinary => Type::Variable { large: true, text: false },
        DataType::Utf8 => Type::Variable { large: false, text: true },
        DataType::LargeUtf8 => Type::Variable { large: true, text: true },
        DataType::BinaryView => Type::View { text: false },
        DataType::Utf8View => Type::View { text: true },
        DataType::List(_) => Type::List { large: false },
        DataType::LargeList(_) => Type::List { large: true },
        DataType::ListView(_) => Type::ListView { large: false },
        DataType::LargeListView(_) => Type::ListView { large: true },
        DataType::FixedSizeList(_, size) => Type::FixedList(usize::try_from(*size).unwrap_or(0)),
        DataType::Struct(fields) => Type::Struct(fields.iter().map(|field| field.name().as_str()).collect()),
        DataType::Map(..) => Type::Map,
        DataType::Union(fields, mode) => {
            Type::Union { sparse: *mode == UnionMode::Sparse, codes: fields.iter().map(|(code, _)| code).collect() }
        }
        DataType::Dictionary(keys, _) => match datatype(keys)? {
            Type::Int { width, signed } => Type::Dictionary { width, signed },
            _ => return Err("expected ints as indices of a dictionary".to_owned()),
        },
        DataType::RunEndEncoded(ends, _) => match datatype(ends.data_type())? {
            Type::Int { width, signed: true } => Type::RunEnd { width },
            _ => return Err("expected ints as ends of runs".to_owned()),
        },
        DataType::Interval(_) => return Err(format!("a type of Arrow that is not read: {found}")),
    })
}
