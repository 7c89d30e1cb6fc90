//! Building the arrays of a batch: each value goes into the builder of the type that was decided, and every step that is not exact
//! into the ledger.

use std::sync::Arc;

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Decimal256Builder,
    FixedSizeBinaryBuilder, Float64Builder, GenericListArray, Int64Builder, LargeBinaryBuilder, LargeStringBuilder,
    MapArray, NullArray, NullBufferBuilder, PrimitiveArray, StringBuilder, StructArray, Time64MicrosecondBuilder,
    UInt64Builder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType,
    DurationSecondType, Field, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, i256,
};
use arrow::error::ArrowError;
use num_bigint::BigInt;

use super::eye::{Eye, Items, Seen};
use super::named::Named;
use super::plan::{Plan, complex_fields, entries};
use super::trail::Trail;
use super::units::ticks_per_second;
use crate::error::Error;
use crate::model::graph::Graph;
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step;
use crate::writers::text;

/// What a builder needs beside the value.
pub(super) struct Site<'g, 'l> {
    pub eye: Eye<'g>,
    pub trail: Trail<'g, 'l>,
    /// JSON text is natural, not tagged: for formats that have no nested values at all.
    pub flat: bool,
}

/// The numbers of an `array.array`.
pub(super) fn numbers<'g>(graph: &'g Graph, id: NodeId) -> Box<dyn Iterator<Item = Seen<'g>> + 'g> {
    match text::array(graph, id).1 {
        text::ArrayContent::Numbers(numbers) => Box::new(numbers.map(|number| match number {
            text::Element::Int(n) => Seen::Int(n),
            text::Element::Uint(n) => i64::try_from(n).map_or_else(|_| Seen::Big(n.into()), Seen::Int),
            text::Element::Float(f) => Seen::Float(f),
        })),
        text::ArrayContent::Text(_) | text::ArrayContent::Bytes(_) => Box::new(std::iter::empty()),
    }
}

/// A column, or a place inside its values, in the making.
pub(super) enum Builder {
    Null(usize),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Uint(UInt64Builder),
    Float(Float64Builder),
    Decimal128(Decimal128Builder, i8),
    Decimal256(Decimal256Builder, i8),
    Text(StringBuilder),
    LargeText(LargeStringBuilder),
    Binary(BinaryBuilder),
    LargeBinary(LargeBinaryBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(Int64Builder, TimeUnit, Option<Arc<str>>),
    Duration(Int64Builder, TimeUnit),
    Uuid(FixedSizeBinaryBuilder),
    Complex { re: Float64Builder, im: Float64Builder, valid: NullBufferBuilder },
    List { offsets: Vec<i64>, valid: NullBufferBuilder, item: Box<Builder>, field: Field, large: bool },
    Struct { fields: Named, valid: NullBufferBuilder, plan: Plan },
    Map { offsets: Vec<i64>, valid: NullBufferBuilder, parts: Box<(Builder, Builder)>, field: Field },
    Json(StringBuilder),
}

impl Builder {
    pub fn new(plan: &Plan) -> Builder {
        match plan {
            Plan::Null => Builder::Null(0),
            Plan::Bool => Builder::Bool(BooleanBuilder::new()),
            Plan::Int64 => Builder::Int(Int64Builder::new()),
            Plan::UInt64 => Builder::Uint(UInt64Builder::new()),
            Plan::Float64 => Builder::Float(Float64Builder::new()),
            Plan::Decimal128(_, scale) => {
                Builder::Decimal128(Decimal128Builder::new().with_data_type(plan.datatype()), *scale)
            }
            Plan::Decimal256(_, scale) => {
                Builder::Decimal256(Decimal256Builder::new().with_data_type(plan.datatype()), *scale)
            }
            Plan::Text { large: false } => Builder::Text(StringBuilder::new()),
            Plan::Text { large: true } => Builder::LargeText(LargeStringBuilder::new()),
            Plan::Binary { large: false } => Builder::Binary(BinaryBuilder::new()),
            Plan::Binary { large: true } => Builder::LargeBinary(LargeBinaryBuilder::new()),
            Plan::Date => Builder::Date(Date32Builder::new()),
            Plan::Time => Builder::Time(Time64MicrosecondBuilder::new()),
            Plan::Timestamp(unit, zone) => Builder::Timestamp(Int64Builder::new(), *unit, zone.clone()),
            Plan::Duration(unit) => Builder::Duration(Int64Builder::new(), *unit),
            Plan::Uuid => Builder::Uuid(FixedSizeBinaryBuilder::new(16)),
            Plan::Complex => Builder::Complex {
                re: Float64Builder::new(),
                im: Float64Builder::new(),
                valid: NullBufferBuilder::new(0),
            },
            Plan::List(item, large) => Builder::List {
                offsets: vec![0],
                valid: NullBufferBuilder::new(0),
                item: Box::new(Builder::new(item)),
                field: item.field("item"),
                large: *large,
            },
            Plan::Struct(fields) => Builder::Struct {
                fields: Named::new(fields.iter().map(|(name, plan)| (name, plan))),
                valid: NullBufferBuilder::new(0),
                plan: plan.clone(),
            },
            Plan::Map(key, value) => Builder::Map {
                offsets: vec![0],
                valid: NullBufferBuilder::new(0),
                parts: Box::new((Builder::new(key), Builder::new(value))),
                field: entries(key, value),
            },
            Plan::Json => Builder::Json(StringBuilder::new()),
        }
    }

    /// Appends a null.
    pub fn null(&mut self) {
        match self {
            Builder::Null(len) => *len += 1,
            Builder::Bool(b) => b.append_null(),
            Builder::Int(b) | Builder::Timestamp(b, ..) | Builder::Duration(b, _) => b.append_null(),
            Builder::Uint(b) => b.append_null(),
            Builder::Float(b) => b.append_null(),
            Builder::Decimal128(b, _) => b.append_null(),
            Builder::Decimal256(b, _) => b.append_null(),
            Builder::Text(b) | Builder::Json(b) => b.append_null(),
            Builder::LargeText(b) => b.append_null(),
            Builder::Binary(b) => b.append_null(),
            Builder::LargeBinary(b) => b.append_null(),
            Builder::Date(b) => b.append_null(),
            Builder::Time(b) => b.append_null(),
            Builder::Uuid(b) => b.append_null(),
            Builder::Complex { re, im, valid } => {
                re.append_value(0.0);
                im.append_value(0.0);
                valid.append_null();
            }
            Builder::List { offsets, valid, .. } | Builder::Map { offsets, valid, .. } => {
                offsets.push(offsets.last().copied().unwrap_or(0));
                valid.append_null();
            }
            Builder::Struct { fields, valid, .. } => {
                fields.null();
                valid.append_null();
            }
        }
    }

    /// Appends a value that is of the column's own type and takes no step; `false` where more has to be looked at. The trail need
    /// not stand at the value.
    #[inline]
    pub fn plain(&mut self, site: &mut Site<'_, '_>, value: Value) -> bool {
        match (self, value) {
            (Builder::Int(b), Value::Int(n)) => b.append_value(n),
            (Builder::Float(b), Value::Float { value, .. }) => b.append_value(value),
            (Builder::Bool(b), Value::Bool(v)) => b.append_value(v),
            (Builder::Text(b), Value::Str { len, at }) => {
                let text = site.eye.graph.text(len, at);
                let fits = b.values_slice().len().saturating_add(text.len()) <= i32::MAX as usize;
                if !fits || !site.trail.pays(text.len() as u64) {
                    return false;
                }
                b.append_value(text);
            }
            (builder, Value::None) => builder.null(),
            _ => return false,
        }
        true
    }

    /// Appends a value; its place is where the trail stands.
    ///
    /// # Errors
    /// Text that the options refuse, a lossy step under `--strict`.
    #[inline]
    pub fn push<'g>(&mut self, site: &mut Site<'g, '_>, value: Value) -> Result<(), Error> {
        match (&mut *self, value) {
            (Builder::Text(_) | Builder::LargeText(_), Value::Str { len, at }) => {
                let text = site.eye.graph.text(len, at);
                return self.text(site, text);
            }
            (Builder::Int(b), Value::Int(n)) => {
                b.append_value(n);
                return Ok(());
            }
            (Builder::Float(b), Value::Float { value, .. }) if !value.is_nan() => {
                b.append_value(value);
                return Ok(());
            }
            _ => {}
        }
        let seen = site.eye.see(value).map_err(|refusal| site.trail.refused(refusal))?;
        self.take(site, Some(value), seen)
    }

    /// Appends what a value is; one without an object of its own cannot be written as JSON.
    pub fn take<'g>(&mut self, site: &mut Site<'g, '_>, value: Option<Value>, seen: Seen<'g>) -> Result<(), Error> {
        if !matches!(self, Builder::Json(_)) || matches!(seen, Seen::Null) {
            // What is written as JSON has steps of its own.
            for n in 0..site.eye.steps.len() {
                if let Some(step) = site.eye.steps.get(n) {
                    site.trail.note(site.eye.graph, *step)?;
                }
            }
            site.eye.steps.clear();
        }
        match (&mut *self, seen) {
            (_, Seen::Null) => self.null(),
            (Builder::Json(_), Seen::Float(f)) if f.is_nan() && site.eye.nan_is_missing => {
                site.note(Step::Missing)?;
                self.null();
            }
            (Builder::Json(b), _) => {
                let text = site.json(value)?;
                room(b.values_slice().len(), text.len(), site)?;
                b.append_value(text);
            }
            (Builder::Bool(b), Seen::Bool(v)) => b.append_value(v),
            (Builder::Int(b), Seen::Int(n)) => b.append_value(n),
            (Builder::Uint(b), Seen::Int(n)) => b.append_value(n.cast_unsigned()),
            (Builder::Uint(b), Seen::Big(n)) => b.append_option(u64::try_from(&n).ok()),
            (Builder::Float(b), Seen::Float(f)) => b.append_value(f),
            (Builder::Float(b), Seen::Int(n)) => {
                site.note(Step::IntAsFloat)?;
                b.append_value(n as f64);
            }
            (Builder::Float(b), Seen::Big(n)) => {
                site.note(Step::IntAsFloat)?;
                b.append_option(num_traits::ToPrimitive::to_f64(&n));
            }
            (Builder::Decimal128(..) | Builder::Decimal256(..), Seen::Int(n)) => {
                self.decimal(site, &BigInt::from(n), None)?;
            }
            (Builder::Decimal128(..) | Builder::Decimal256(..), Seen::Big(n)) => self.decimal(site, &n, None)?,
            (Builder::Decimal128(..) | Builder::Decimal256(..), Seen::Decimal { digits, exponent }) => {
                self.decimal(site, &digits, Some(exponent))?;
            }
            (Builder::Text(_) | Builder::LargeText(_), Seen::Text(text)) => self.text(site, &text)?,
            (Builder::Text(_) | Builder::LargeText(_), Seen::Int(n)) => self.text(site, &n.to_string())?,
            (Builder::Text(_) | Builder::LargeText(_), Seen::Big(n)) => {
                site.note(Step::BigInt)?;
                self.text(site, &n.to_string())?;
            }
            (Builder::Text(_) | Builder::LargeText(_), Seen::Decimal { .. } | Seen::OddDecimal) => {
                site.note(Step::Number)?;
                let Some(Value::Decimal { len, at }) = value else { return Err(site.trail.unfit()) };
                let text = site.eye.graph.text(len, at);
                self.text(site, text)?;
            }
            (Builder::Binary(b), Seen::Bytes(bytes)) => {
                room(b.values_slice().len(), bytes.len(), site)?;
                b.append_value(bytes);
            }
            (Builder::LargeBinary(b), Seen::Bytes(bytes)) => {
                site.trail.pay(bytes.len() as u64)?;
                b.append_value(bytes);
            }
            (Builder::Date(b), Seen::Date(days)) => b.append_value(days),
            (Builder::Time(b), Seen::Time(micros)) => b.append_value(micros),
            (Builder::Timestamp(b, unit, zone), Seen::Stamp { at, unit: from, zone: named }) => {
                b.append_option(rescale(at.into(), from, *unit));
                if let Some(named) = named
                    && zone.as_deref() != Some(site.eye.zone_name(named))
                {
                    site.note(Step::ZonesMixed)?;
                }
            }
            (Builder::Duration(b, unit), Seen::Span { length, unit: from }) => {
                b.append_option(rescale(length, from, *unit));
            }
            (Builder::Uuid(b), Seen::Uuid(bytes)) => b.append_value(bytes).map_err(|e| site.trail.broken(&e))?,
            (Builder::Complex { re, im, valid }, Seen::Complex(a, b)) => {
                re.append_value(a);
                im.append_value(b);
                valid.append_non_null();
            }
            (Builder::List { offsets, valid, item, .. }, Seen::List(items)) => {
                let count = list(site, items, item)?;
                offsets.push(offsets.last().copied().unwrap_or(0).saturating_add(count));
                valid.append_non_null();
            }
            (Builder::Struct { fields, valid, .. }, Seen::Dict(id)) => {
                fields.dict(site, id)?;
                valid.append_non_null();
            }
            (Builder::Struct { fields, valid, .. }, Seen::Fields(given)) => {
                fields.fields(site, given)?;
                valid.append_non_null();
            }
            (Builder::Map { offsets, valid, parts, .. }, Seen::Dict(id)) => {
                let count = map(site, id, parts)?;
                offsets.push(offsets.last().copied().unwrap_or(0).saturating_add(count));
                valid.append_non_null();
            }
            (Builder::Map { offsets, valid, parts, .. }, Seen::Fields(fields)) => {
                offsets.push(offsets.last().copied().unwrap_or(0).saturating_add(fields.len() as i64));
                valid.append_non_null();
                for (name, value) in fields {
                    parts.0.take(site, None, Seen::Text(name.clone()))?;
                    site.trail.inside(name);
                    parts.1.push(site, value)?;
                    site.trail.leave();
                }
            }
            (_, Seen::Float(f)) if f.is_nan() && site.eye.nan_is_missing => {
                site.note(Step::Missing)?;
                self.null();
            }
            // The type was decided over these very values.
            _ => return Err(site.trail.unfit()),
        }
        Ok(())
    }

    fn text(&mut self, site: &mut Site<'_, '_>, text: &str) -> Result<(), Error> {
        match self {
            Builder::Text(b) => {
                room(b.values_slice().len(), text.len(), site)?;
                b.append_value(text);
            }
            Builder::LargeText(b) => {
                site.trail.pay(text.len() as u64)?;
                b.append_value(text);
            }
            _ => return Err(site.trail.unfit()),
        }
        Ok(())
    }

    fn decimal(&mut self, site: &mut Site<'_, '_>, digits: &BigInt, exponent: Option<i64>) -> Result<(), Error> {
        let (Builder::Decimal128(_, scale) | Builder::Decimal256(_, scale)) = self else {
            return Err(site.trail.unfit());
        };
        let scale = i64::from(*scale);
        match exponent {
            Some(exponent) if exponent.saturating_neg() != scale => site.note(Step::Scale)?,
            None if scale != 0 => site.note(Step::Scale)?,
            _ => {}
        }
        let shift = exponent.unwrap_or(0).saturating_add(scale);
        // The shape has bounded it; a zero may have any exponent.
        let shift = if *digits == BigInt::ZERO { 0 } else { u32::try_from(shift).unwrap_or(0) };
        let unscaled = digits * BigInt::from(10u8).pow(shift);
        let unit = (i128::try_from(&unscaled).ok(), i256::from_string(&unscaled.to_string()));
        match (self, unit) {
            (Builder::Decimal128(b, _), (Some(n), _)) => b.append_value(n),
            (Builder::Decimal256(b, _), (_, Some(n))) => b.append_value(n),
            _ => return Err(site.trail.unfit()),
        }
        Ok(())
    }

    /// The array of what was appended; the builder is empty again.
    ///
    /// # Errors
    /// Where Arrow's own checks fail, or a list has more items than its type can count.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Builder::Null(len) => Arc::new(NullArray::new(std::mem::take(len))),
            Builder::Bool(b) => Arc::new(b.finish()),
            // The next batch is as large, mostly: room that is not used costs nothing.
            Builder::Int(b) => Arc::new(std::mem::replace(b, Int64Builder::with_capacity(b.len())).finish()),
            Builder::Uint(b) => Arc::new(b.finish()),
            Builder::Float(b) => Arc::new(std::mem::replace(b, Float64Builder::with_capacity(b.len())).finish()),
            Builder::Decimal128(b, _) => Arc::new(b.finish()),
            Builder::Decimal256(b, _) => Arc::new(b.finish()),
            Builder::Text(b) => {
                let next = StringBuilder::with_capacity(b.len(), b.values_slice().len());
                Arc::new(std::mem::replace(b, next).finish())
            }
            Builder::Json(b) => Arc::new(b.finish()),
            Builder::LargeText(b) => Arc::new(b.finish()),
            Builder::Binary(b) => Arc::new(b.finish()),
            Builder::LargeBinary(b) => Arc::new(b.finish()),
            Builder::Date(b) => Arc::new(b.finish()),
            Builder::Time(b) => Arc::new(b.finish()),
            Builder::Timestamp(b, unit, zone) => timestamps(b.finish(), *unit, zone.clone()),
            Builder::Duration(b, unit) => durations(b.finish(), *unit),
            Builder::Uuid(b) => Arc::new(b.finish()),
            Builder::Complex { re, im, valid } => Arc::new(StructArray::try_new(
                complex_fields().into(),
                vec![Arc::new(re.finish()), Arc::new(im.finish())],
                valid.finish(),
            )?),
            Builder::List { offsets, valid, item, field, large } => {
                let (items, field) = (item.finish()?, Arc::new(field.clone()));
                let offsets = std::mem::replace(offsets, vec![0]);
                if *large {
                    let offsets = OffsetBuffer::new(offsets.into());
                    Arc::new(GenericListArray::<i64>::try_new(field, offsets, items, valid.finish())?)
                } else {
                    let offsets = OffsetBuffer::new(short(&offsets)?.into());
                    Arc::new(GenericListArray::<i32>::try_new(field, offsets, items, valid.finish())?)
                }
            }
            Builder::Struct { fields, valid, plan, .. } => {
                let DataType::Struct(types) = plan.datatype() else {
                    return Err(ArrowError::SchemaError("expected a struct".to_owned()));
                };
                Arc::new(StructArray::try_new(types, fields.finish()?, valid.finish())?)
            }
            Builder::Map { offsets, valid, parts, field } => {
                let DataType::Struct(types) = field.data_type().clone() else {
                    return Err(ArrowError::SchemaError("expected a struct".to_owned()));
                };
                let parts = StructArray::try_new(types, vec![parts.0.finish()?, parts.1.finish()?], None)?;
                let offsets = OffsetBuffer::new(short(&std::mem::replace(offsets, vec![0]))?.into());
                Arc::new(MapArray::try_new(Arc::new(field.clone()), offsets, parts, valid.finish(), false)?)
            }
        })
    }
}

/// Offsets of 32 bits.
fn short(offsets: &[i64]) -> Result<Vec<i32>, ArrowError> {
    let narrow = |n: &i64| i32::try_from(*n).map_err(|_| ArrowError::OffsetOverflowError(offsets.len()));
    offsets.iter().map(narrow).collect()
}

/// Checks that one array of text or bytes does not grow beyond what its offsets can say.
fn room(held: usize, more: usize, site: &mut Site<'_, '_>) -> Result<(), Error> {
    site.trail.pay(more as u64)?;
    if held.saturating_add(more) > i32::MAX as usize { Err(site.trail.too_large()) } else { Ok(()) }
}

fn list<'g>(site: &mut Site<'g, '_>, items: Items<'g>, item: &mut Builder) -> Result<i64, Error> {
    let mut count = 0i64;
    site.trail.items();
    match items {
        Items::Graph(id) => {
            for value in site.eye.values(id) {
                site.trail.next_item();
                if !item.plain(site, value) {
                    item.push(site, value)?;
                }
                count += 1;
            }
        }
        Items::Numbers(id) => {
            for seen in numbers(site.eye.graph, id) {
                site.trail.next_item();
                item.take(site, None, seen)?;
                count += 1;
            }
        }
        Items::Array(view) => {
            for n in 0..view.len() {
                site.trail.next_item();
                site.eye.steps.clear();
                let seen = site.eye.item(&view, n);
                item.take(site, None, seen)?;
                count += 1;
            }
        }
    }
    site.trail.leave();
    Ok(count)
}

fn map(site: &mut Site<'_, '_>, id: NodeId, parts: &mut (Builder, Builder)) -> Result<i64, Error> {
    let mut items = site.eye.values(id);
    let mut count = 0;
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        site.trail.key(key);
        parts.0.push(site, key)?;
        parts.1.push(site, value)?;
        site.trail.leave();
        count += 1;
    }
    Ok(count)
}

/// A time in another unit, which is finer or the same.
fn rescale(n: i128, from: TimeUnit, to: TimeUnit) -> Option<i64> {
    i64::try_from(n.checked_mul(ticks_per_second(to) / ticks_per_second(from))?).ok()
}

fn retyped<T: ArrowPrimitiveType<Native = i64>>(
    array: PrimitiveArray<arrow::datatypes::Int64Type>,
) -> PrimitiveArray<T> {
    let (_, values, nulls) = array.into_parts();
    PrimitiveArray::new(values, nulls)
}

fn timestamps(array: PrimitiveArray<arrow::datatypes::Int64Type>, unit: TimeUnit, zone: Option<Arc<str>>) -> ArrayRef {
    match unit {
        TimeUnit::Second => Arc::new(retyped::<TimestampSecondType>(array).with_timezone_opt(zone)),
        TimeUnit::Millisecond => Arc::new(retyped::<TimestampMillisecondType>(array).with_timezone_opt(zone)),
        TimeUnit::Microsecond => Arc::new(retyped::<TimestampMicrosecondType>(array).with_timezone_opt(zone)),
        TimeUnit::Nanosecond => Arc::new(retyped::<TimestampNanosecondType>(array).with_timezone_opt(zone)),
    }
}

fn durations(array: PrimitiveArray<arrow::datatypes::Int64Type>, unit: TimeUnit) -> ArrayRef {
    match unit {
        TimeUnit::Second => Arc::new(retyped::<DurationSecondType>(array)),
        TimeUnit::Millisecond => Arc::new(retyped::<DurationMillisecondType>(array)),
        TimeUnit::Microsecond => Arc::new(retyped::<DurationMicrosecondType>(array)),
        TimeUnit::Nanosecond => Arc::new(retyped::<DurationNanosecondType>(array)),
    }
}

impl Site<'_, '_> {
    pub fn note(&mut self, step: Step) -> Result<(), Error> {
        self.trail.note(self.eye.graph, step)
    }

    /// A value as JSON text.
    fn json(&mut self, value: Option<Value>) -> Result<String, Error> {
        let Some(value) = value else { return Err(self.trail.unfit()) };
        self.trail.json(&self.eye, value, self.flat)
    }
}
