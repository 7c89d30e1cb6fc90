//! A column of pandas as an Arrow array, with what pandas has to know to make the same column of it.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, DictionaryArray, PrimitiveArray, StringArray as Texts, StructArray,
};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{
    ArrowDictionaryKeyType, ArrowPrimitiveType, DataType, Field, Int8Type, Int16Type, Int32Type, Int64Type,
};
use serde_json::{Value as Json, json};

use super::apart::Apart;
use super::build::{Builder, Site};
use super::content::{Cells, Content};
use super::eye::{Eye, Seen};
use super::plan::{Plan, extension};
use super::shape::Shape;
use super::{chunks, typed};
use crate::error::Error;
use crate::model::column::{Cell, Column, Fixed, Values, unit_of};
use crate::model::dtype::{DType, Type};
use crate::model::graph::Graph;
use crate::model::layout::{Layout, Offset, StringArray};
use crate::model::period::Frequency;
use crate::model::value::{Singleton, Value};
use crate::report::ledger::Step;
use crate::writers::options::Format;

/// An array with its field, the name that pandas has for its dtype, and what belongs to that.
pub(super) struct Typed<A = ArrayRef> {
    pub field: Field,
    pub array: A,
    pub numpy_type: String,
    pub metadata: Json,
}

impl<A> Typed<A> {
    fn new((field, array): (Field, A), numpy_type: impl Into<String>) -> Self {
        Typed { field, array, numpy_type: numpy_type.into(), metadata: Json::Null }
    }

    /// The same with another array.
    pub fn map<B>(self, f: impl FnOnce(A) -> B) -> Typed<B> {
        Typed { field: self.field, array: f(self.array), numpy_type: self.numpy_type, metadata: self.metadata }
    }
}

/// The name that pandas has for a numpy dtype.
fn numpy_name(dtype: &DType) -> String {
    match &dtype.ty {
        Type::Bool => "bool".to_owned(),
        Type::Int => format!("int{}", dtype.size * 8),
        Type::Uint => format!("uint{}", dtype.size * 8),
        Type::Float if dtype.size <= 8 => format!("float{}", dtype.size * 8),
        Type::DateTime(unit, 1) => format!("datetime64[{}]", unit.name()),
        Type::TimeDelta(unit, 1) => format!("timedelta64[{}]", unit.name()),
        _ => "object".to_owned(),
    }
}

/// What pandas calls the type of an Arrow column, as `pandas_type` in its metadata.
pub(super) fn pandas_type(datatype: &DataType) -> String {
    match datatype {
        DataType::Null => "empty",
        DataType::Boolean => "bool",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float16 => "float16",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time",
        DataType::Binary | DataType::FixedSizeBinary(_) => "bytes",
        DataType::Utf8 => "unicode",
        DataType::Dictionary(..) => "categorical",
        DataType::List(item) => return format!("list[{}]", pandas_type(item.data_type())),
        DataType::Timestamp(_, Some(_)) => "datetimetz",
        DataType::Timestamp(_, None) => "datetime",
        DataType::Decimal128(..) | DataType::Decimal256(..) => "decimal",
        _ => "object",
    }
    .to_owned()
}

/// The column of an array of pandas or numpy.
///
/// # Errors
/// What no column has a type for.
pub(super) fn of_value<'g>(site: &mut Site<'g, '_>, name: &str, value: Value) -> Result<Typed, Error> {
    let graph = site.eye.graph;
    let column = Column::of(graph, value).map_err(|what| site.trail.odd(&what))?;
    let mut typed = of_column(site, name, &column)?;
    match graph.layout(value) {
        Some((Layout::StringArray, id)) => {
            let StringArray { na_value, storage, .. } = StringArray::of(graph, id);
            let storage = if let Value::Str { len, at } = storage { graph.text(len, at) } else { "" };
            typed.numpy_type = match (na_value, storage) {
                (Value::Singleton(Singleton::NA), "python" | "pyarrow") => format!("string[{storage}]"),
                (Value::Singleton(Singleton::NA), _) => "string".to_owned(),
                _ => "str".to_owned(),
            };
        }
        Some((Layout::ArrowExtension, _)) => typed.numpy_type = arrow_name(typed.array.data_type()),
        _ => {}
    }
    Ok(typed)
}

/// As [`of_value`], where batch after batch is enough.
///
/// # Errors
/// As for [`of_value`].
pub(super) fn of_rows<'g>(site: &mut Site<'g, '_>, name: &str, value: Value) -> Result<Typed<Content<'g>>, Error> {
    let graph = site.eye.graph;
    if let Some((mut apart, zone)) = Apart::of_column(graph, value) {
        site.trail.pay((apart.len() as u64).saturating_add(apart.size()))?;
        let mut numpy_type = numpy_name(&apart.dtype);
        let mut metadata = Json::Null;
        if !matches!(zone, Value::None) {
            let zone = zone_name(site, zone)?;
            (numpy_type, metadata) = zoned_type(&apart.dtype, &zone);
            apart.set_zone(zone);
        }
        let field = apart.field(site, name)?;
        return Ok(Typed { field, array: Content::Apart(Box::new(apart)), numpy_type, metadata });
    }
    let column = Column::of(graph, value).map_err(|what| site.trail.odd(&what))?;
    if matches!(column.values, Values::Objects(_)) {
        site.trail.pay(column.len as u64)?;
        let plan = plan(site, &column)?;
        let content = Content::Cells(Box::new(Cells { column, builder: Builder::new(&plan) }));
        return Ok(Typed::new((plan.field(name), content), "object"));
    }
    Ok(of_value(site, name, value)?.map(Content::Ready))
}

/// The dtype name of an ArrowExtensionArray; pandas reads back only names without parameters of their own.
fn arrow_name(datatype: &DataType) -> String {
    match datatype {
        DataType::Utf8 => "string[pyarrow]".to_owned(),
        DataType::LargeUtf8 => "large_string[pyarrow]".to_owned(),
        DataType::Binary => "binary[pyarrow]".to_owned(),
        DataType::Boolean => "bool[pyarrow]".to_owned(),
        DataType::Float32 => "float[pyarrow]".to_owned(),
        DataType::Float64 => "double[pyarrow]".to_owned(),
        DataType::Float16 => "halffloat[pyarrow]".to_owned(),
        DataType::Date32 => "date32[day][pyarrow]".to_owned(),
        DataType::Null => "null[pyarrow]".to_owned(),
        plain if plain.is_integer() => format!("{}[pyarrow]", pandas_type(plain)),
        DataType::Timestamp(unit, None) => format!("timestamp[{}][pyarrow]", unit_name(*unit)),
        DataType::Timestamp(unit, Some(zone)) => format!("timestamp[{}, tz={zone}][pyarrow]", unit_name(*unit)),
        DataType::Duration(unit) => format!("duration[{}][pyarrow]", unit_name(*unit)),
        _ => "object".to_owned(),
    }
}

fn unit_name(unit: arrow::datatypes::TimeUnit) -> &'static str {
    match unit {
        arrow::datatypes::TimeUnit::Second => "s",
        arrow::datatypes::TimeUnit::Millisecond => "ms",
        arrow::datatypes::TimeUnit::Microsecond => "us",
        arrow::datatypes::TimeUnit::Nanosecond => "ns",
    }
}

/// The values at places, which are paid for: a long value may stand in many rows.
///
/// # Errors
/// The output limit; where Arrow's own checks fail.
pub(super) fn taken(site: &mut Site<'_, '_>, values: &ArrayRef, places: &dyn Array) -> Result<ArrayRef, Error> {
    let places = arrow::compute::cast(places, &DataType::Int64).map_err(|e| site.trail.broken(&e))?;
    let sizes: Vec<u64> = match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().iter().map(|v| v.map_or(0, |v| v.len() as u64)).collect(),
        DataType::LargeUtf8 => values.as_string::<i64>().iter().map(|v| v.map_or(0, |v| v.len() as u64)).collect(),
        _ => {
            let each = values.get_array_memory_size() / values.len().max(1);
            vec![each as u64; values.len()]
        }
    };
    for place in places.as_primitive::<Int64Type>().iter().flatten() {
        let size = usize::try_from(place).ok().and_then(|place| sizes.get(place)).copied().unwrap_or(0);
        site.trail.pay(size)?;
    }
    arrow::compute::take(values, &places, None).map_err(|e| site.trail.broken(&e))
}

/// A column without views, which fewer readers know than text and bytes.
///
/// # Errors
/// Where Arrow's own checks fail.
pub(super) fn without_views(field: &Field, array: ArrayRef) -> Result<(Field, ArrayRef), arrow::error::ArrowError> {
    let plain = match array.data_type() {
        DataType::Utf8View => DataType::LargeUtf8,
        DataType::BinaryView => DataType::LargeBinary,
        _ => return Ok((field.clone(), array)),
    };
    let array = arrow::compute::cast(&array, &plain)?;
    Ok((field.clone().with_data_type(plain), array))
}

/// The texts of a dict of texts.
pub(super) fn texts(graph: &Graph, dict: Value) -> std::collections::HashMap<String, String> {
    let mut out = std::collections::HashMap::new();
    let Value::Object(id) = dict else { return out };
    let text = |value| match value {
        Value::Str { len, at } => Some(graph.text(len, at).to_owned()),
        Value::Bytes { len, at } => String::from_utf8(graph.bytes(len, at).to_vec()).ok(),
        _ => None,
    };
    let mut items = graph.items(id);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if let (Some(key), Some(value)) = (text(key), text(value)) {
            out.insert(key, value);
        }
    }
    out
}

/// An Arrow array for a column.
///
/// # Errors
/// As for [`of_value`].
pub(super) fn of_column<'g>(site: &mut Site<'g, '_>, name: &str, column: &Column<'g>) -> Result<Typed, Error> {
    let graph = site.eye.graph;
    site.trail.pay(column.len as u64)?;
    match &column.values {
        Values::Fixed(fixed) => {
            site.trail.pay(fixed.data.len() as u64)?;
            let array = typed::array(site, name, &fixed.dtype, fixed.data, column.len)?;
            Ok(Typed::new(array, numpy_name(&fixed.dtype)))
        }
        Values::Objects(_) => Ok(Typed::new(cells(site, name, column)?, "object")),
        Values::Range { start, step } => {
            let mut next = Some(*start);
            let values = (0..column.len).map(|_| {
                let value = next.unwrap_or(0);
                next = value.checked_add(*step);
                value
            });
            let array: ArrayRef = Arc::new(PrimitiveArray::<Int64Type>::from_iter_values(values));
            Ok(Typed::new((Field::new(name, DataType::Int64, true), array), "int64"))
        }
        Values::Zoned { data, zone } => zoned(site, name, data, *zone, column.len),
        Values::Period { data, freq } => {
            let spelled = Frequency::of(graph, *freq);
            let Some(freq) = frequency(graph, *freq) else {
                return Err(site.trail.no_type("periods of that frequency"));
            };
            if site.flat {
                let Some(spelled) = spelled else {
                    return Err(site.trail.no_type("periods of that frequency"));
                };
                site.note(Step::Period)?;
                let texts: Texts = (0..column.len)
                    .map(|n| {
                        data.int(n).filter(|ordinal| *ordinal != i64::MIN).map(|ordinal| {
                            let mut text = String::new();
                            spelled.write(ordinal, &mut text);
                            text
                        })
                    })
                    .collect();
                return Ok(Typed::new((Field::new(name, DataType::Utf8, true), Arc::new(texts)), "str"));
            }
            let ordinals = missing_smallest(data, column.len);
            let field = Field::new(name, DataType::Int64, true);
            let field = extension(field, "pandas.period", &json!({ "freq": freq }).to_string());
            Ok(Typed::new((field, Arc::new(ordinals)), format!("period[{freq}]")))
        }
        Values::Interval { left, right, closed } => interval(site, name, left, right, *closed, column),
        Values::Categorical { codes, categories, ordered } => {
            categorical(site, name, codes, categories, *ordered, column.len)
        }
        Values::Masked { data, mask } => {
            let mut typed = of_column(site, name, data)?;
            let missing = BooleanBuffer::collect_bool(mask.len(), |n| mask.get(n).is_some_and(|byte| *byte != 0));
            let missing = BooleanArray::new(missing, None);
            typed.array = arrow::compute::nullif(&typed.array, &missing).map_err(|e| site.trail.broken(&e))?;
            typed.numpy_type = nullable_name(&typed.numpy_type);
            Ok(typed)
        }
        Values::Strings(data) => {
            if let Values::Arrow(parts) = &data.values {
                return Ok(Typed::new(chunks::array(site, name, parts, column.len)?, "str"));
            }
            let mut builder = arrow::array::LargeStringBuilder::new();
            for n in 0..column.len {
                match column.cell(n) {
                    Cell::Value(value) => match site.eye.see(value).map_err(|refusal| site.trail.refused(refusal))? {
                        Seen::Text(text) => {
                            for step in std::mem::take(&mut site.eye.steps) {
                                site.note(step)?;
                            }
                            builder.append_value(text);
                        }
                        _ => builder.append_null(),
                    },
                    _ => builder.append_null(),
                }
            }
            let array: ArrayRef = Arc::new(builder.finish());
            Ok(Typed::new((Field::new(name, DataType::LargeUtf8, true), array), "str"))
        }
        Values::Arrow(parts) => Ok(Typed::new(chunks::array(site, name, parts, column.len)?, "object")),
        Values::Sparse { .. } => {
            site.note(Step::Dense)?;
            let (field, array) = cells(site, name, column)?;
            let numpy_type = pandas_type(array.data_type());
            Ok(Typed::new((field, array), numpy_type))
        }
        Values::Geometry { data, .. } => {
            site.note(Step::Geometry)?;
            let mut builder = arrow::array::BinaryBuilder::new();
            for n in 0..data.len {
                match data.cell(n) {
                    Cell::Value(Value::Bytes { len, at }) => builder.append_value(graph.bytes(len, at)),
                    Cell::Value(value) => match graph.layout(value) {
                        Some((Layout::Geometry, id)) => match crate::model::layout::Geometry::of(graph, id).wkb {
                            Value::Bytes { len, at } => builder.append_value(graph.bytes(len, at)),
                            _ => builder.append_null(),
                        },
                        _ => builder.append_null(),
                    },
                    _ => builder.append_null(),
                }
            }
            let array: ArrayRef = Arc::new(builder.finish());
            let field = extension(Field::new(name, DataType::Binary, true), "geoarrow.wkb", "{}");
            Ok(Typed::new((field, array), "object"))
        }
    }
}

/// The dtype with room for missing values: `Int64` for `int64`.
fn nullable_name(name: &str) -> String {
    match name {
        "bool" => "boolean".to_owned(),
        _ => match name.strip_prefix("uint") {
            Some(bits) => format!("UInt{bits}"),
            None => {
                let mut chars = name.chars();
                chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
            }
        },
    }
}

/// Values of any kind, their type inferred.
fn cells<'g>(site: &mut Site<'g, '_>, name: &str, column: &Column<'g>) -> Result<(Field, ArrayRef), Error> {
    let plan = plan(site, column)?;
    site.trail.items();
    let array = build(site, column, &mut Builder::new(&plan), 0..column.len)?;
    site.trail.leave();
    Ok((plan.field(name), array))
}

/// The type of values of any kind.
fn plan<'g>(site: &mut Site<'g, '_>, column: &Column<'g>) -> Result<Plan, Error> {
    let mut shape = Shape::default();
    site.eye.nan_is_missing = true;
    site.trail.items();
    let taken = match &column.values {
        Values::Objects(values) => values.iter().try_for_each(|value| {
            site.trail.next_item();
            shape.observe(&mut site.eye, *value, 1)
        }),
        _ => (0..column.len).try_for_each(|n| {
            site.trail.next_item();
            let (_, seen) = see(&mut site.eye, column, n)?;
            shape.take(&mut site.eye, seen, 1)
        }),
    };
    site.eye.nan_is_missing = false;
    taken.map_err(|refusal| site.trail.refused(refusal))?;
    site.trail.leave();
    Ok(shape.decide(&site.eye, site.flat))
}

/// The array of some cells, before the first of which the trail stands.
///
/// # Errors
/// What a column cannot carry.
pub(super) fn build<'g>(
    site: &mut Site<'g, '_>,
    column: &Column<'g>,
    builder: &mut Builder,
    rows: std::ops::Range<usize>,
) -> Result<ArrayRef, Error> {
    site.eye.nan_is_missing = true;
    let mut rows = rows;
    let built = match &column.values {
        Values::Objects(values) => values.get(rows).unwrap_or_default().iter().try_for_each(|value| {
            site.trail.next_item();
            if builder.plain(site, *value) { Ok(()) } else { builder.push(site, *value) }
        }),
        _ => rows.try_for_each(|n| {
            site.trail.next_item();
            let (value, seen) = see(&mut site.eye, column, n).map_err(|refusal| site.trail.refused(refusal))?;
            builder.take(site, value, seen)
        }),
    };
    site.eye.nan_is_missing = false;
    built?;
    builder.finish().map_err(|e| site.trail.broken(&e))
}

/// What a cell of a column of values, of numbers, or of both in a sparse one is.
fn see<'g>(eye: &mut Eye<'g>, column: &Column<'g>, n: usize) -> Result<(Option<Value>, Seen<'g>), super::eye::Refusal> {
    eye.steps.clear();
    Ok(match &column.values {
        Values::Objects(values) => match values.get(n) {
            Some(value) => (Some(*value), eye.see(*value)?),
            None => (None, Seen::Null),
        },
        Values::Fixed(fixed) => match fixed.element(n) {
            Some(element) => (None, eye.element(element)),
            None => (None, Seen::Other),
        },
        Values::Sparse { data, places, fill } => match places.find(n) {
            // The values of a sparse array are no sparse array.
            Some(at) if !matches!(data.values, Values::Sparse { .. }) => see(eye, data, at)?,
            Some(_) => (None, Seen::Other),
            None => (Some(*fill), eye.see(*fill)?),
        },
        _ => (None, Seen::Other),
    })
}

fn zoned<'g>(site: &mut Site<'g, '_>, name: &str, data: &Fixed<'g>, zone: Value, len: usize) -> Result<Typed, Error> {
    let (_, array) = typed::array(site, name, &data.dtype, data.data, len)?;
    let zone = zone_name(site, zone)?;
    let array = typed::with_zone(&array, zone.clone()).ok_or_else(|| site.trail.no_type("times of that unit"))?;
    let (numpy_type, metadata) = zoned_type(&data.dtype, &zone);
    Ok(Typed { field: Field::new(name, array.data_type().clone(), true), array, numpy_type, metadata })
}

/// The name of a time zone.
fn zone_name(site: &mut Site<'_, '_>, zone: Value) -> Result<Arc<str>, Error> {
    let named = match zone {
        Value::Object(id) => site.eye.zone(id),
        _ => None,
    };
    for step in std::mem::take(&mut site.eye.steps) {
        site.note(step)?;
    }
    let Some(named) = named else { return Err(site.trail.no_type("a time zone whose name is not known")) };
    Ok(site.eye.zone_name(named).into())
}

/// What pandas calls times of a dtype in a zone, and what belongs to that.
fn zoned_type(dtype: &DType, zone: &str) -> (String, Json) {
    let unit = unit_of(dtype).map_or("ns", |(unit, _)| unit.name());
    (format!("datetime64[{unit}]"), json!({ "timezone": zone }))
}

/// Ints, of which the smallest of 64 bits is missing.
fn missing_smallest(data: &Fixed<'_>, len: usize) -> PrimitiveArray<Int64Type> {
    (0..len).map(|n| data.int(n).filter(|ordinal| *ordinal != i64::MIN)).collect()
}

/// The text of a frequency: `M`, `Q-DEC`, `15D`.
pub(super) fn frequency(graph: &Graph, freq: Value) -> Option<String> {
    match freq {
        Value::Str { len, at } => Some(super::offset::renewed(graph.text(len, at))),
        Value::Object(_) => {
            let (Layout::Offset, id) = graph.layout(freq)? else { return None };
            super::offset::alias(graph, &Offset::of(graph, id))
        }
        _ => None,
    }
}

fn interval<'g>(
    site: &mut Site<'g, '_>,
    name: &str,
    left: &Column<'g>,
    right: &Column<'g>,
    closed: Value,
    column: &Column<'g>,
) -> Result<Typed, Error> {
    if site.flat {
        return Err(site.trail.no_type("intervals"));
    }
    let graph = site.eye.graph;
    let closed = match closed {
        Value::Str { len, at } => graph.text(len, at),
        _ => "right",
    };
    let left = of_column(site, "left", left)?;
    let right = of_column(site, "right", right)?;
    let valid: Vec<bool> = (0..column.len).map(|n| !matches!(column.cell(n), Cell::Missing)).collect();
    let nulls = valid.contains(&false).then(|| arrow::buffer::NullBuffer::from(valid));
    let subtype = left.numpy_type.clone();
    let subtype = match left.metadata.get("timezone").and_then(Json::as_str) {
        Some(zone) => format!("{}, {zone}]", subtype.trim_end_matches(']')),
        None => subtype,
    };
    let fields = vec![left.field, right.field];
    let array = StructArray::try_new(fields.into(), vec![left.array, right.array], nulls);
    let array: ArrayRef = Arc::new(array.map_err(|e| site.trail.broken(&e))?);
    let field = Field::new(name, array.data_type().clone(), true);
    let parameters = json!({ "subtype": subtype, "closed": closed }).to_string();
    let field = extension(field, "pandas.interval", &parameters);
    Ok(Typed::new((field, array), format!("interval[{subtype}, {closed}]")))
}

fn categorical<'g>(
    site: &mut Site<'g, '_>,
    name: &str,
    codes: &Fixed<'g>,
    categories: &Column<'g>,
    ordered: bool,
    len: usize,
) -> Result<Typed, Error> {
    let values = of_column(site, name, categories)?;
    let count = categories.len;
    let text = matches!(values.array.data_type(), DataType::Utf8 | DataType::LargeUtf8);
    let parquet = site.eye.options.format == Format::Parquet;
    if !text && (parquet || values.array.data_type().is_nested()) {
        // Parquet keeps dictionaries of text alone.
        site.note(if ordered { Step::CategoriesLost } else { Step::Categories })?;
        let places: PrimitiveArray<Int64Type> = (0..len)
            .map(|n| codes.int(n).filter(|code| usize::try_from(*code).is_ok_and(|code| code < count)))
            .collect();
        let array = taken(site, &values.array, &places)?;
        return Ok(Typed { array, ..values });
    }
    let array = match codes.dtype.size {
        1 => dictionary::<Int8Type, 1>(codes, len, &values.array, i8::from_le_bytes, |n| n as i8),
        2 => dictionary::<Int16Type, 2>(codes, len, &values.array, i16::from_le_bytes, |n| n as i16),
        4 => dictionary::<Int32Type, 4>(codes, len, &values.array, i32::from_le_bytes, |n| n as i32),
        _ => dictionary::<Int64Type, 8>(codes, len, &values.array, i64::from_le_bytes, |n| n),
    };
    let array = array.map_err(|e| site.trail.broken(&e))?;
    let mut field = Field::new(name, array.data_type().clone(), true).with_dict_is_ordered(ordered);
    if let (Some(extension_name), Some(parameters)) =
        (values.field.extension_type_name(), values.field.extension_type_metadata())
    {
        field = extension(field, extension_name, parameters);
    }
    let mut typed = Typed::new((field, array), format!("int{}", codes.dtype.size * 8));
    typed.metadata = json!({ "num_categories": count, "ordered": ordered });
    Ok(typed)
}

fn dictionary<K: ArrowDictionaryKeyType + ArrowPrimitiveType, const N: usize>(
    codes: &Fixed<'_>,
    len: usize,
    values: &ArrayRef,
    little_endian: fn([u8; N]) -> K::Native,
    narrow: impl Fn(i64) -> K::Native,
) -> Result<ArrayRef, arrow::error::ArrowError>
where
    K::Native: Into<i64>,
{
    let bound = values.len();
    // A code is checked against the categories when the array is made.
    let fits = |code: i64| usize::try_from(code).is_ok_and(|code| code < bound);
    let keys: PrimitiveArray<K> = if matches!(codes.dtype.ty, Type::Int) && !codes.dtype.big {
        let codes = codes.data.as_chunks::<N>().0.iter().map(|code| little_endian(*code));
        codes.map(|code| fits(code.into()).then_some(code)).collect()
    } else {
        (0..len).map(|n| codes.int(n).filter(|code| fits(*code)).map(&narrow)).collect()
    };
    Ok(Arc::new(DictionaryArray::try_new(keys, values.clone())?))
}
