//! Arrays of Arrow that a pickle holds, as arrays of the library: their buffers are copied and checked.

use std::sync::Arc;

use arrow::array::{Array, ArrayData, ArrayRef, make_array, new_null_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, TimeUnit, UnionFields, UnionMode};

use super::build::Site;
use crate::error::Error;
use crate::model::arrow::{Column, Type, Unit};

/// One array for all chunks of a column.
///
/// # Errors
/// Buffers that do not agree with their type.
pub(super) fn array(
    site: &mut Site<'_, '_>,
    name: &str,
    parts: &[(usize, Column<'_>)],
    len: usize,
) -> Result<(Field, ArrayRef), Error> {
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(parts.len());
    for (_, column) in parts {
        site.trail.pay(size(column))?;
        let data = data(column).map_err(|e| site.trail.broken(&e))?;
        arrays.push(make_array(data));
    }
    let array = match arrays.as_slice() {
        [] => new_null_array(&DataType::Null, len),
        [one] => one.clone(),
        many => {
            let many: Vec<&dyn Array> = many.iter().map(AsRef::as_ref).collect();
            arrow::compute::concat(&many).map_err(|e| site.trail.broken(&e))?
        }
    };
    Ok((Field::new(name, array.data_type().clone(), true), array))
}

fn unit(unit: Unit) -> TimeUnit {
    match unit {
        Unit::Second => TimeUnit::Second,
        Unit::Milli => TimeUnit::Millisecond,
        Unit::Micro => TimeUnit::Microsecond,
        Unit::Nano => TimeUnit::Nanosecond,
    }
}

fn scale(scale: i32) -> i8 {
    i8::try_from(scale).unwrap_or(i8::MAX)
}

/// The type of a column; as deep as the model lets arrays nest.
fn datatype(column: &Column<'_>) -> DataType {
    let item = || {
        let item = column.children.first().map_or(DataType::Null, datatype);
        Arc::new(Field::new("item", item, true))
    };
    match &column.datatype {
        Type::Null => DataType::Null,
        Type::Bool => DataType::Boolean,
        Type::Int { width: 1, signed: true } => DataType::Int8,
        Type::Int { width: 2, signed: true } => DataType::Int16,
        Type::Int { width: 4, signed: true } => DataType::Int32,
        Type::Int { signed: true, .. } => DataType::Int64,
        Type::Int { width: 1, .. } => DataType::UInt8,
        Type::Int { width: 2, .. } => DataType::UInt16,
        Type::Int { width: 4, .. } => DataType::UInt32,
        Type::Int { .. } => DataType::UInt64,
        Type::Float(2) => DataType::Float16,
        Type::Float(4) => DataType::Float32,
        Type::Float(_) => DataType::Float64,
        Type::Date32 => DataType::Date32,
        Type::Date64 => DataType::Date64,
        Type::Time32(of) => DataType::Time32(unit(*of)),
        Type::Time64(of) => DataType::Time64(unit(*of)),
        Type::Timestamp(of, zone) => DataType::Timestamp(unit(*of), zone.map(Into::into)),
        Type::Duration(of) => DataType::Duration(unit(*of)),
        Type::MonthDayNano => DataType::Interval(IntervalUnit::MonthDayNano),
        Type::Decimal { width: 4, precision, scale: s } => DataType::Decimal32(*precision, scale(*s)),
        Type::Decimal { width: 8, precision, scale: s } => DataType::Decimal64(*precision, scale(*s)),
        Type::Decimal { width: 16, precision, scale: s } => DataType::Decimal128(*precision, scale(*s)),
        Type::Decimal { precision, scale: s, .. } => DataType::Decimal256(*precision, scale(*s)),
        Type::FixedBinary(width) => DataType::FixedSizeBinary(i32::try_from(*width).unwrap_or(i32::MAX)),
        Type::Variable { large: false, text: false } => DataType::Binary,
        Type::Variable { large: true, text: false } => DataType::LargeBinary,
        Type::Variable { large: false, text: true } => DataType::Utf8,
        Type::Variable { large: true, text: true } => DataType::LargeUtf8,
        Type::View { text: false } => DataType::BinaryView,
        Type::View { text: true } => DataType::Utf8View,
        Type::List { large: false } => DataType::List(item()),
        Type::List { large: true } => DataType::LargeList(item()),
        Type::ListView { large: false } => DataType::ListView(item()),
        Type::ListView { large: true } => DataType::LargeListView(item()),
        Type::FixedList(size) => DataType::FixedSizeList(item(), i32::try_from(*size).unwrap_or(i32::MAX)),
        Type::Struct(names) => DataType::Struct(fields(names, &column.children)),
        Type::Map => {
            let (keys, values) = match column.children.first().map(|entries| entries.children.as_slice()) {
                Some([keys, values]) => (datatype(keys), datatype(values)),
                _ => (DataType::Null, DataType::Null),
            };
            let entries = Fields::from(vec![Field::new("key", keys, false), Field::new("value", values, true)]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
        Type::Union { sparse, codes } => {
            let named = codes.iter().zip(&column.children).enumerate();
            let named: UnionFields = named
                .map(|(n, (code, child))| (*code, Arc::new(Field::new(n.to_string(), datatype(child), true))))
                .collect();
            DataType::Union(named, if *sparse { UnionMode::Sparse } else { UnionMode::Dense })
        }
        Type::Dictionary { width, signed } => {
            let keys = match (width, signed) {
                (1, true) => DataType::Int8,
                (2, true) => DataType::Int16,
                (4, true) => DataType::Int32,
                (_, true) => DataType::Int64,
                (1, false) => DataType::UInt8,
                (2, false) => DataType::UInt16,
                (4, false) => DataType::UInt32,
                (_, false) => DataType::UInt64,
            };
            let values = column.dictionary.as_deref().map_or(DataType::Null, datatype);
            DataType::Dictionary(Box::new(keys), Box::new(values))
        }
        Type::RunEnd { .. } => {
            let mut children = column.children.iter().map(datatype);
            let (ends, values) = (children.next(), children.next());
            let ends = Field::new("run_ends", ends.unwrap_or(DataType::Int32), false);
            let values = Field::new("values", values.unwrap_or(DataType::Null), true);
            DataType::RunEndEncoded(Arc::new(ends), Arc::new(values))
        }
    }
}

fn fields(names: &[&str], children: &[Column<'_>]) -> Fields {
    names.iter().zip(children).map(|(name, child)| Field::new(*name, datatype(child), true)).collect()
}

fn data(column: &Column<'_>) -> Result<ArrayData, arrow::error::ArrowError> {
    let mut builder = ArrayData::builder(datatype(column)).len(column.len).offset(column.offset).align_buffers(true);
    if !matches!(column.datatype, Type::Null | Type::Union { .. } | Type::RunEnd { .. }) {
        builder = builder.null_bit_buffer(column.validity.map(Buffer::from_slice_ref));
    }
    for buffer in &column.buffers {
        builder = builder.add_buffer(Buffer::from_slice_ref(buffer));
    }
    for child in column.children.iter().chain(column.dictionary.as_deref()) {
        let mut child = data(child)?;
        if let DataType::Map(entries, _) = datatype(column) {
            // The names of a map's entries are ours, and its keys are never null.
            child = child.into_builder().data_type(entries.data_type().clone()).build()?;
        }
        builder = builder.add_child_data(child);
    }
    builder.build()
}

/// Bytes of all buffers; as deep as arrays nest.
fn size(column: &Column<'_>) -> u64 {
    let own: u64 = column.buffers.iter().map(|buffer| buffer.len() as u64).sum();
    column.children.iter().chain(column.dictionary.as_deref()).map(size).fold(own, u64::saturating_add)
}
