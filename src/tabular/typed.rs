//! Arrays of one dtype as Arrow arrays: one copy into Arrow's own buffers, bytes swapped on the way where they are big-endian.

use std::sync::Arc;

use super::build::Site;
use super::plan::extension;
use crate::error::Error;
use crate::model::dtype::{self, DType, Element, Type, Unit};
use crate::model::extended::Extended;
use crate::model::moment;
use crate::model::tensor;
use crate::report::ledger::Step;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray, LargeBinaryArray, LargeStringArray,
    PrimitiveArray, StringArray, StringBuilder, StructArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Field, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};

/// Elements of `dtype` as an array of so many of them, and the field that describes it.
///
/// # Errors
/// Text that is no Unicode, more elements than Arrow counts.
pub(super) fn array(
    site: &mut Site<'_, '_>,
    name: &str,
    dtype: &DType,
    data: &[u8],
    len: usize,
) -> Result<(Field, ArrayRef), Error> {
    if let Some(make) = maker(dtype) {
        let mut bytes = MutableBuffer::new(data.len());
        bytes.extend_from_slice(data);
        let array = made(make, dtype, bytes);
        return Ok((Field::new(name, array.data_type().clone(), true), array));
    }
    let big = dtype.big;
    let array: ArrayRef = match (&dtype.ty, dtype.size) {
        (Type::Float, _) => extended(site, dtype, data, len)?,
        (Type::Complex, _) => {
            site.note(Step::Complex)?;
            let half = DType { ty: Type::Float, size: dtype.size / 2, big };
            let mut parts = Vec::new();
            for (at, name) in ["re", "im"].into_iter().enumerate() {
                let halves = data.chunks_exact(half.size.max(1)).skip(at).step_by(2);
                let bytes: Vec<u8> = halves.flatten().copied().collect();
                parts.push(array_of(site, name, &half, &bytes, len)?);
            }
            let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = parts.into_iter().unzip();
            struct_array(site, fields, arrays)?
        }
        (Type::Bytes, _) => bytes(dtype, data, len),
        (Type::Text, _) => text(site, dtype, data, len)?,
        (Type::Void, 0) => Arc::new(BinaryArray::from_iter_values((0..len).map(|_| &[]))),
        (Type::Void, size) => {
            let width = i32::try_from(size).map_err(|_| site.trail.too_large())?;
            let array = FixedSizeBinaryArray::try_new(width, Buffer::from_slice_ref(data), None);
            Arc::new(array.map_err(|e| site.trail.broken(&e))?)
        }
        (Type::DateTime(unit, count), _) => datetimes(site, dtype, *unit, *count, data, len)?,
        (Type::TimeDelta(unit, count), _) => timedeltas(site, dtype, *unit, *count, data, len)?,
        (Type::Struct(fields), size) => {
            let (mut types, mut arrays) = (Vec::new(), Vec::new());
            for field in fields {
                let name = site.eye.graph.text(field.name.len, field.name.at).to_owned();
                let bytes = gather(data, size, field.offset, field.dtype.size);
                let (field, array) = array_of(site, &name, &field.dtype, &bytes, len)?;
                types.push(field);
                arrays.push(array);
            }
            if types.is_empty() {
                return Err(site.trail.no_type("a structured dtype without fields"));
            }
            struct_array(site, types, arrays)?
        }
        (Type::Array(base, shape), _) => return tensors(site, name, base, shape, data, len),
        (Type::Object | Type::Str | Type::Bool | Type::Int | Type::Uint, _) => {
            return Err(site.trail.no_type("objects"));
        }
    };
    Ok((Field::new(name, array.data_type().clone(), true), array))
}

/// As [`array`], of bytes that the array may keep.
///
/// # Errors
/// As for [`array`].
pub(super) fn owned(
    site: &mut Site<'_, '_>,
    name: &str,
    dtype: &DType,
    bytes: MutableBuffer,
    len: usize,
) -> Result<(Field, ArrayRef), Error> {
    let Some(make) = maker(dtype) else { return array(site, name, dtype, &bytes, len) };
    let array = made(make, dtype, bytes);
    Ok((Field::new(name, array.data_type().clone(), true), array))
}

/// Whether the Arrow type of elements does not depend on what they are, and nothing is to say of them.
pub(super) fn is_steady(dtype: &DType) -> bool {
    match &dtype.ty {
        Type::Void => dtype.size > 0,
        // No sub-array is an array of sub-arrays.
        Type::Array(base, _) => maker(base).is_some(),
        _ => maker(dtype).is_some(),
    }
}

/// Whether elements are times that may have a zone.
pub(super) fn is_time(dtype: &DType) -> bool {
    matches!(dtype.ty, Type::DateTime(..))
}

/// Makes an array of the bytes of little-endian elements.
type Maker = fn(MutableBuffer) -> ArrayRef;

/// For dtypes whose elements are those of an Arrow array, in its layout or nearly.
fn maker(dtype: &DType) -> Option<Maker> {
    Some(match (&dtype.ty, dtype.size) {
        (Type::Bool, 1) => bools,
        (Type::Int, 1) => numbers::<Int8Type>,
        (Type::Int, 2) => numbers::<Int16Type>,
        (Type::Int, 4) => numbers::<Int32Type>,
        (Type::Int, 8) => numbers::<Int64Type>,
        (Type::Uint, 1) => numbers::<UInt8Type>,
        (Type::Uint, 2) => numbers::<UInt16Type>,
        (Type::Uint, 4) => numbers::<UInt32Type>,
        (Type::Uint, 8) => numbers::<UInt64Type>,
        (Type::Float, 2) => numbers::<Float16Type>,
        (Type::Float, 4) => numbers::<Float32Type>,
        (Type::Float, 8) => numbers::<Float64Type>,
        (Type::DateTime(Unit::Nano, 1), 8) => instants::<TimestampNanosecondType>,
        (Type::DateTime(Unit::Micro, 1), 8) => instants::<TimestampMicrosecondType>,
        (Type::DateTime(Unit::Milli, 1), 8) => instants::<TimestampMillisecondType>,
        (Type::TimeDelta(Unit::Nano, 1), 8) => instants::<DurationNanosecondType>,
        (Type::TimeDelta(Unit::Micro, 1), 8) => instants::<DurationMicrosecondType>,
        (Type::TimeDelta(Unit::Milli, 1), 8) => instants::<DurationMillisecondType>,
        (Type::TimeDelta(Unit::Second, 1), 8) => instants::<DurationSecondType>,
        _ => return None,
    })
}

fn made(make: Maker, dtype: &DType, mut bytes: MutableBuffer) -> ArrayRef {
    if dtype.big {
        tensor::reverse_words(&mut bytes, dtype.size);
    }
    make(bytes)
}

fn bools(bytes: MutableBuffer) -> ArrayRef {
    let values = BooleanBuffer::collect_bool(bytes.len(), |n| bytes.get(n).is_some_and(|byte| *byte != 0));
    Arc::new(BooleanArray::new(values, None))
}

fn numbers<T: ArrowPrimitiveType>(bytes: MutableBuffer) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(bytes), None))
}

/// Ints of which the smallest is missing.
fn instants<T: ArrowPrimitiveType<Native = i64>>(mut bytes: MutableBuffer) -> ArrayRef {
    let values = bytes.typed_data_mut::<i64>();
    let valid = values
        .contains(&i64::MIN)
        .then(|| NullBuffer::from(BooleanBuffer::collect_bool(values.len(), |n| values.get(n) != Some(&i64::MIN))));
    if valid.is_some() {
        // What is missing is a zero below, as builders have it.
        values.iter_mut().filter(|n| **n == i64::MIN).for_each(|n| *n = 0);
    }
    Arc::new(PrimitiveArray::<T>::new(ScalarBuffer::from(bytes), valid))
}

/// As [`array`]; a dtype nests as deep as [`DType::of`] allows.
fn array_of(
    site: &mut Site<'_, '_>,
    name: &str,
    dtype: &DType,
    data: &[u8],
    len: usize,
) -> Result<(Field, ArrayRef), Error> {
    array(site, name, dtype, data, len)
}

/// Tensors of one shape, one for each row.
///
/// # Errors
/// As for [`array`].
pub(super) fn tensors(
    site: &mut Site<'_, '_>,
    name: &str,
    base: &DType,
    shape: &[usize],
    data: &[u8],
    len: usize,
) -> Result<(Field, ArrayRef), Error> {
    let size = shape.iter().try_fold(1usize, |product, n| product.checked_mul(*n));
    let total = size.and_then(|size| size.checked_mul(len)).ok_or_else(|| site.trail.too_large())?;
    let width = size.and_then(|size| i32::try_from(size).ok()).ok_or_else(|| site.trail.too_large())?;
    let (item, values) = array(site, "item", base, data, total)?;
    let array = FixedSizeListArray::try_new_with_length(Arc::new(item), width, values, None, len);
    let array: ArrayRef = Arc::new(array.map_err(|e| site.trail.broken(&e))?);
    let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
    let field = Field::new(name, array.data_type().clone(), true);
    let field = extension(field, "arrow.fixed_shape_tensor", &format!("{{\"shape\":[{}]}}", shape.join(",")));
    Ok((field, array))
}

/// The bytes of one field of every element.
pub(super) fn gather(data: &[u8], size: usize, offset: usize, width: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len().checked_div(size).unwrap_or(0).saturating_mul(width));
    for element in data.chunks_exact(size.max(1)) {
        out.extend_from_slice(element.get(offset..offset + width).unwrap_or(&[]));
    }
    out
}

fn struct_array(site: &Site<'_, '_>, fields: Vec<Field>, arrays: Vec<ArrayRef>) -> Result<ArrayRef, Error> {
    let array = StructArray::try_new(fields.into(), arrays, None).map_err(|e| site.trail.broken(&e))?;
    Ok(Arc::new(array))
}

fn extended(site: &mut Site<'_, '_>, dtype: &DType, data: &[u8], len: usize) -> Result<ArrayRef, Error> {
    if len > 0 {
        site.note(Step::Extended)?;
    }
    let mut out = StringBuilder::new();
    let mut text = String::new();
    for element in data.chunks_exact(dtype.size.max(1)) {
        text.clear();
        let Some(number) = Extended::read(element, dtype.big) else {
            return Err(site.trail.no_type("a float of 80 bits that is none"));
        };
        number.write(&mut text);
        out.append_value(&text);
    }
    Ok(Arc::new(out.finish()))
}

fn bytes(dtype: &DType, data: &[u8], len: usize) -> ArrayRef {
    let element = |n: usize| match data.get(n * dtype.size..).and_then(|rest| dtype.element(rest)) {
        Some(Element::Bytes(bytes)) => bytes,
        _ => &[],
    };
    if data.len() > i32::MAX as usize {
        Arc::new(LargeBinaryArray::from_iter_values((0..len).map(element)))
    } else {
        Arc::new(BinaryArray::from_iter_values((0..len).map(element)))
    }
}

fn text(site: &mut Site<'_, '_>, dtype: &DType, data: &[u8], len: usize) -> Result<ArrayRef, Error> {
    let mut texts = Vec::new();
    let mut ends = Vec::with_capacity(len);
    for element in 0..len {
        let at = element * dtype.size;
        let element = data.get(at..at + dtype.size).unwrap_or(&[]);
        match dtype::text(element, dtype.big, &mut texts) {
            Some(true) => ends.push(texts.len()),
            Some(false) | None => return Err(site.trail.no_type("text that UTF-8 cannot hold")),
        }
    }
    let Ok(all) = String::from_utf8(texts) else { return Err(site.trail.no_type("text that UTF-8 cannot hold")) };
    let mut start = 0;
    let pieces = ends.into_iter().map(|end| {
        let piece = all.get(start..end).unwrap_or_default();
        start = end;
        piece
    });
    if all.len() > i32::MAX as usize {
        Ok(Arc::new(LargeStringArray::from_iter_values(pieces)))
    } else {
        Ok(Arc::new(StringArray::from_iter_values(pieces)))
    }
}

/// Ints of which the smallest is missing, each times `factor`; `None` where one has no room.
fn ticks<T: ArrowPrimitiveType<Native = i64>>(dtype: &DType, data: &[u8], factor: i64) -> Option<PrimitiveArray<T>> {
    let mut fit = true;
    let array = data
        .as_chunks::<8>()
        .0
        .iter()
        .map(|b| if dtype.big { i64::from_be_bytes(*b) } else { i64::from_le_bytes(*b) })
        .map(|n| {
            let scaled = (n != i64::MIN).then(|| n.checked_mul(factor));
            fit &= scaled != Some(None);
            scaled.flatten()
        })
        .collect();
    fit.then_some(array)
}

fn datetimes(
    site: &mut Site<'_, '_>,
    dtype: &DType,
    unit: Unit,
    count: u32,
    data: &[u8],
    len: usize,
) -> Result<ArrayRef, Error> {
    let count = i64::from(count);
    let scaled = |factor: i64| count.checked_mul(factor);
    let array: Option<ArrayRef> = match unit {
        Unit::Nano => ticks::<TimestampNanosecondType>(dtype, data, count).map(|a| Arc::new(a) as ArrayRef),
        Unit::Micro => ticks::<TimestampMicrosecondType>(dtype, data, count).map(|a| Arc::new(a) as ArrayRef),
        Unit::Milli => milliseconds(dtype, data, Some(count)),
        // Parquet has no seconds.
        Unit::Second => milliseconds(dtype, data, scaled(1_000)),
        Unit::Minute => milliseconds(dtype, data, scaled(60_000)),
        Unit::Hour => milliseconds(dtype, data, scaled(3_600_000)),
        Unit::Day => days(dtype, data, Some(count)),
        Unit::Week => days(dtype, data, scaled(7)),
        Unit::Year | Unit::Month | Unit::Pico | Unit::Femto | Unit::Atto | Unit::Generic => None,
    };
    match array {
        Some(array) => {
            if !matches!(unit, Unit::Nano | Unit::Micro | Unit::Milli) || count != 1 {
                site.note(Step::Unit)?;
            }
            Ok(array)
        }
        None => moments(site, dtype, data, len, |n, out| moment::write_datetime(n, unit, count as u32, out)),
    }
}

fn timedeltas(
    site: &mut Site<'_, '_>,
    dtype: &DType,
    unit: Unit,
    count: u32,
    data: &[u8],
    len: usize,
) -> Result<ArrayRef, Error> {
    let wide = i64::from(count);
    let seconds = |factor: i64| {
        let factor = wide.checked_mul(factor)?;
        ticks::<DurationSecondType>(dtype, data, factor).map(|a| Arc::new(a) as ArrayRef)
    };
    let array: Option<ArrayRef> = match unit {
        Unit::Nano => ticks::<DurationNanosecondType>(dtype, data, wide).map(|a| Arc::new(a) as ArrayRef),
        Unit::Micro => ticks::<DurationMicrosecondType>(dtype, data, wide).map(|a| Arc::new(a) as ArrayRef),
        Unit::Milli => ticks::<DurationMillisecondType>(dtype, data, wide).map(|a| Arc::new(a) as ArrayRef),
        Unit::Second => seconds(1),
        Unit::Minute => seconds(60),
        Unit::Hour => seconds(3_600),
        Unit::Day => seconds(86_400),
        Unit::Week => seconds(604_800),
        Unit::Year | Unit::Month | Unit::Pico | Unit::Femto | Unit::Atto | Unit::Generic => None,
    };
    match array {
        Some(array) => {
            if !matches!(unit, Unit::Nano | Unit::Micro | Unit::Milli | Unit::Second) || count != 1 {
                site.note(Step::Unit)?;
            }
            Ok(array)
        }
        None => moments(site, dtype, data, len, |n, out| moment::write_duration(n, unit, count, out)),
    }
}

fn milliseconds(dtype: &DType, data: &[u8], factor: Option<i64>) -> Option<ArrayRef> {
    ticks::<TimestampMillisecondType>(dtype, data, factor?).map(|a| Arc::new(a) as ArrayRef)
}

fn days(dtype: &DType, data: &[u8], factor: Option<i64>) -> Option<ArrayRef> {
    let wide = ticks::<Int64Type>(dtype, data, factor?)?;
    let mut fit = true;
    let narrow = wide.iter().map(|day| {
        let narrow = day.map(i32::try_from);
        fit &= !matches!(narrow, Some(Err(_)));
        narrow.and_then(Result::ok)
    });
    let array: PrimitiveArray<Date32Type> = narrow.collect();
    fit.then(|| Arc::new(array) as ArrayRef)
}

/// Times whose unit Arrow does not have, as ISO 8601 text.
fn moments(
    site: &mut Site<'_, '_>,
    dtype: &DType,
    data: &[u8],
    len: usize,
    write: impl Fn(i64, &mut String),
) -> Result<ArrayRef, Error> {
    if len > 0 {
        site.note(Step::Temporal)?;
    }
    let mut out = StringBuilder::new();
    let mut text = String::new();
    for bytes in data.as_chunks::<8>().0 {
        let n = if dtype.big { i64::from_be_bytes(*bytes) } else { i64::from_le_bytes(*bytes) };
        if n == i64::MIN {
            out.append_null();
        } else {
            text.clear();
            write(n, &mut text);
            out.append_value(&text);
        }
    }
    Ok(Arc::new(out.finish()))
}

/// Whether an Arrow type has a zone, or may get one.
pub(super) fn with_zone(array: &ArrayRef, zone: Arc<str>) -> Option<ArrayRef> {
    use arrow::array::AsArray;
    let DataType::Timestamp(unit, _) = array.data_type() else { return None };
    Some(match unit {
        arrow::datatypes::TimeUnit::Nanosecond => {
            Arc::new(array.as_primitive::<TimestampNanosecondType>().clone().with_timezone(zone))
        }
        arrow::datatypes::TimeUnit::Microsecond => {
            Arc::new(array.as_primitive::<TimestampMicrosecondType>().clone().with_timezone(zone))
        }
        arrow::datatypes::TimeUnit::Millisecond => {
            Arc::new(array.as_primitive::<TimestampMillisecondType>().clone().with_timezone(zone))
        }
        arrow::datatypes::TimeUnit::Second => return None,
    })
}
