//! Rows of record batches in the messages of their schema.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Fields, Float32Type, Float64Type, Int64Type, SchemaRef, TimeUnit, UInt64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use prost::encoding::{WireType, encode_key, encode_varint};

use super::{Kind, Message, Slot};
use crate::error::Error;
use crate::location::Location;
use crate::report::ledger::{Ledger, Step};
use crate::writers::batches::{Writer, Written, failed};
use crate::writers::out::{DRAIN, Out};
use crate::writers::path;

/// The fields of `google.protobuf.Timestamp` and `Duration`.
const SECONDS: u32 = 1;
const NANOS: u32 = 2;

const OPTIONS: FormatOptions<'static> = FormatOptions::new();

/// Rows, each a message after its length.
pub(crate) struct Rows<'w> {
    message: Message,
    ledger: Ledger,
    buffer: Vec<u8>,
    row: Vec<u8>,
    out: Out<'w>,
}

impl<'w> Rows<'w> {
    /// Begins rows that are messages of that name.
    ///
    /// # Errors
    /// As for [`Message::new`].
    pub fn begin(name: &str, schema: &SchemaRef, out: Out<'w>) -> Result<Self, Error> {
        let message = Message::new(name, schema)?;
        let mut ledger = Ledger::default();
        retyped(schema.fields(), &mut ledger);
        Ok(Rows { message, ledger, buffer: Vec::new(), row: Vec::new(), out })
    }
}

impl Writer for Rows<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let slots = &self.message.fields;
        let columns: Vec<Column<'_>> = batch
            .columns()
            .iter()
            .zip(slots)
            .map(|(array, slot)| Column::new(array, &slot.kind))
            .collect::<Result<_, _>>()?;
        for (slot, column) in slots.iter().zip(&columns) {
            for _ in 0..column.null_lists() {
                self.ledger.count(Step::NullList, || place(&slot.column));
            }
        }
        for n in 0..batch.num_rows() {
            self.row.clear();
            fields(&columns, slots, n, &mut self.row)?;
            encode_varint(self.row.len() as u64, &mut self.buffer);
            self.buffer.extend_from_slice(&self.row);
            if self.buffer.len() >= DRAIN {
                self.out.drain(&mut self.buffer)?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written, Error> {
        self.out.drain(&mut self.buffer)?;
        Ok(Written { bytes: self.out.written(), ledger: self.ledger, proto: Some(self.message.proto()) })
    }
}

/// How nanoseconds count.
#[derive(Clone, Copy, PartialEq)]
enum Sign {
    /// Forward, as in a timestamp.
    Forward,
    /// With the seconds, as in a duration.
    OfSeconds,
}

/// An array as one of the types that messages have.
enum Column<'k> {
    Null,
    Bool(ArrayRef),
    Int(ArrayRef),
    Uint(ArrayRef),
    Float(ArrayRef),
    Double(ArrayRef),
    Text(ArrayRef),
    Bytes(ArrayRef),
    /// Ticks, and how many are a second.
    Ticks(ArrayRef, i64, Sign),
    Message {
        array: ArrayRef,
        columns: Vec<Column<'k>>,
        fields: &'k [Slot],
    },
    Repeated {
        array: ArrayRef,
        items: Box<Column<'k>>,
    },
    Map {
        array: ArrayRef,
        keys: Box<Column<'k>>,
        values: Box<Column<'k>>,
    },
}

fn wrong() -> Error {
    Error::unrepresentable("expected a column of its message's type, found another", Location::default())
}

impl<'k> Column<'k> {
    /// As deep as messages nest.
    fn new(array: &ArrayRef, kind: &'k Kind) -> Result<Self, Error> {
        let to = |datatype: &DataType| cast(array, datatype).map_err(|e| failed(&e));
        // Items of a list that are lists are messages of one field.
        if let (Kind::Message(message), false) = (kind, matches!(array.data_type(), DataType::Struct(_)))
            && let [slot] = message.fields.as_slice()
        {
            let columns = vec![Column::new(array, &slot.kind)?];
            return Ok(Column::Message { array: array.clone(), columns, fields: &message.fields });
        }
        Ok(match kind {
            Kind::Null => Column::Null,
            Kind::Bool => Column::Bool(array.clone()),
            Kind::Int => Column::Int(to(&DataType::Int64)?),
            Kind::Uint => Column::Uint(to(&DataType::UInt64)?),
            Kind::Float => Column::Float(to(&DataType::Float32)?),
            Kind::Double => Column::Double(to(&DataType::Float64)?),
            Kind::Text => Column::Text(text(array)?),
            Kind::Bytes => Column::Bytes(to(&DataType::LargeBinary)?),
            Kind::Instant | Kind::Duration => {
                let per_second = match array.data_type() {
                    DataType::Timestamp(unit, _) | DataType::Duration(unit) => match unit {
                        TimeUnit::Second => 1,
                        TimeUnit::Millisecond => 1_000,
                        TimeUnit::Microsecond => 1_000_000,
                        TimeUnit::Nanosecond => 1_000_000_000,
                    },
                    _ => return Err(wrong()),
                };
                let sign = if matches!(kind, Kind::Duration) { Sign::OfSeconds } else { Sign::Forward };
                Column::Ticks(to(&DataType::Int64)?, per_second, sign)
            }
            Kind::Message(message) => {
                let parts = array.as_struct_opt().ok_or_else(wrong)?;
                let columns = parts.columns().iter().zip(&message.fields);
                let columns = columns.map(|(array, slot)| Column::new(array, &slot.kind)).collect::<Result<_, _>>()?;
                Column::Message { array: array.clone(), columns, fields: &message.fields }
            }
            Kind::Repeated(item) => {
                let array = match array.data_type() {
                    DataType::FixedSizeList(field, _) | DataType::List(field) => {
                        to(&DataType::LargeList(field.clone()))?
                    }
                    _ => array.clone(),
                };
                let items = Column::new(array.as_list_opt::<i64>().ok_or_else(wrong)?.values(), item)?;
                Column::Repeated { array, items: Box::new(items) }
            }
            Kind::Map(key, value) => {
                let entries = array.as_map_opt().ok_or_else(wrong)?;
                let keys = Box::new(Column::new(entries.keys(), key)?);
                let values = Box::new(Column::new(entries.values(), value)?);
                Column::Map { array: array.clone(), keys, values }
            }
        })
    }

    /// Lists and maps that are null, which come back without items.
    fn null_lists(&self) -> usize {
        match self {
            Column::Message { columns, .. } => columns.iter().map(Column::null_lists).sum(),
            Column::Repeated { array, items } => array.null_count() + items.null_lists(),
            Column::Map { array, values, .. } => array.null_count() + values.null_lists(),
            _ => 0,
        }
    }

    /// Appends a field where it is set; `packed` items have no key of their own.
    fn field(&self, number: u32, n: usize, out: &mut Vec<u8>) -> Result<bool, Error> {
        let valid = |array: &ArrayRef| array.is_valid(n);
        match self {
            Column::Null => return Ok(false),
            Column::Bool(array) if valid(array) => {
                encode_key(number, WireType::Varint, out);
                encode_varint(array.as_boolean().value(n).into(), out);
            }
            Column::Int(array) if valid(array) => {
                encode_key(number, WireType::Varint, out);
                encode_varint(array.as_primitive::<Int64Type>().value(n).cast_unsigned(), out);
            }
            Column::Uint(array) if valid(array) => {
                encode_key(number, WireType::Varint, out);
                encode_varint(array.as_primitive::<UInt64Type>().value(n), out);
            }
            Column::Float(array) if valid(array) => {
                encode_key(number, WireType::ThirtyTwoBit, out);
                out.extend(array.as_primitive::<Float32Type>().value(n).to_le_bytes());
            }
            Column::Double(array) if valid(array) => {
                encode_key(number, WireType::SixtyFourBit, out);
                out.extend(array.as_primitive::<Float64Type>().value(n).to_le_bytes());
            }
            Column::Text(array) if valid(array) => delimited(number, array.as_string::<i64>().value(n).as_bytes(), out),
            Column::Bytes(array) if valid(array) => delimited(number, array.as_binary::<i64>().value(n), out),
            Column::Ticks(array, per_second, sign) if valid(array) => {
                let ticks = array.as_primitive::<Int64Type>().value(n);
                ticks_message(number, ticks, *per_second, *sign, out);
            }
            Column::Message { array, columns, fields: slots } if valid(array) => {
                let mut inner = Vec::new();
                fields(columns, slots, n, &mut inner)?;
                delimited(number, &inner, out);
            }
            Column::Repeated { array, items } if valid(array) => {
                let offsets = array.as_list_opt::<i64>().ok_or_else(wrong)?.value_offsets();
                let (Some(start), Some(end)) = (offsets.get(n), offsets.get(n + 1)) else { return Err(wrong()) };
                for item in *start..*end {
                    if !items.field(number, usize::try_from(item).map_err(|_| wrong())?, out)? {
                        return Err(null_item());
                    }
                }
            }
            Column::Map { array, keys, values } if valid(array) => {
                let offsets = array.as_map_opt().ok_or_else(wrong)?.value_offsets();
                let (Some(start), Some(end)) = (offsets.get(n), offsets.get(n + 1)) else { return Err(wrong()) };
                for entry in *start..*end {
                    let entry = usize::try_from(entry).map_err(|_| wrong())?;
                    let mut inner = Vec::new();
                    keys.field(1, entry, &mut inner)?;
                    if !values.field(2, entry, &mut inner)? {
                        return Err(null_item());
                    }
                    delimited(number, &inner, out);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn place(column: &str) -> String {
    let mut out = "$".to_owned();
    path::push_name(column, &mut out);
    out
}

/// Counts the columns that become text, or ints and floats of another width.
fn retyped(fields: &Fields, ledger: &mut Ledger) {
    for field in fields {
        let step = match field.data_type() {
            DataType::Date32 | DataType::Date64 | DataType::Time32(_) | DataType::Time64(_) => Step::Temporal,
            DataType::Timestamp(_, None) => Step::Temporal,
            DataType::Timestamp(_, Some(zone)) if &**zone != "UTC" => Step::ZonesMixed,
            DataType::Decimal128(..) | DataType::Decimal256(..) => Step::Number,
            DataType::FixedSizeBinary(_) if field.extension_type_name().is_some() => Step::Text,
            DataType::Dictionary(..) => Step::Categories,
            _ => continue,
        };
        ledger.count(step, || place(field.name()));
    }
}

fn null_item() -> Error {
    Error::unrepresentable("expected items of lists and values of maps that are set, found a null", Location::default())
        .with_hint("`--to protobuf` without `--proto-message` keeps it")
}

fn fields(columns: &[Column<'_>], slots: &[Slot], n: usize, out: &mut Vec<u8>) -> Result<(), Error> {
    debug_assert_eq!(columns.len(), slots.len());
    for (number, column) in (1u32..).zip(columns) {
        column.field(number, n, out)?;
    }
    Ok(())
}

fn delimited(number: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Seconds and nanoseconds: of a timestamp the nanoseconds count forward; of a duration both have one sign.
fn ticks_message(number: u32, ticks: i64, per_second: i64, sign: Sign, out: &mut Vec<u8>) {
    let nanos_per_tick = 1_000_000_000 / per_second;
    let (seconds, rest) = match sign {
        Sign::Forward => (ticks.div_euclid(per_second), ticks.rem_euclid(per_second)),
        Sign::OfSeconds => (ticks / per_second, ticks % per_second),
    };
    let rest = rest * nanos_per_tick;
    let mut inner = Vec::new();
    for (field, value) in [(SECONDS, seconds), (NANOS, rest)] {
        if value != 0 {
            encode_key(field, WireType::Varint, &mut inner);
            encode_varint(value.cast_unsigned(), &mut inner);
        }
    }
    delimited(number, &inner, out);
}

/// Values as text.
fn text(array: &ArrayRef) -> Result<ArrayRef, Error> {
    match array.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            cast(array, &DataType::LargeUtf8).map_err(|e| failed(&e))
        }
        _ => {
            let formatter = ArrayFormatter::try_new(array, &OPTIONS).map_err(|e| failed(&e))?;
            let mut builder = arrow::array::LargeStringBuilder::new();
            for n in 0..array.len() {
                if array.is_valid(n) {
                    builder.append_value(formatter.value(n).to_string())
                } else {
                    builder.append_null()
                }
            }
            Ok(std::sync::Arc::new(builder.finish()))
        }
    }
}
