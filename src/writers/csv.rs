//! CSV: a header, one line per row, nothing typed. Nested and mixed values arrive as JSON text.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, FixedSizeBinaryArray, GenericBinaryArray, OffsetSizeTrait, PrimitiveArray,
    RecordBatch,
};
use arrow::datatypes::{
    DataType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Field,
    Float64Type, SchemaRef, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::base64;
use super::batches::{Writer, Written, failed};
use super::options::WriteOptions;
use super::out::Out;
use crate::error::Error;
use crate::location::Location;
use crate::model::dtype::Unit;
use crate::report::ledger::{Ledger, Step};
use crate::{model, repr};

/// A file in the making.
pub(crate) struct Csv<'w> {
    schema: SchemaRef,
    lines: Lines<'w>,
}

impl<'w> Csv<'w> {
    /// Writes the header.
    ///
    /// # Errors
    /// The output limit, I/O.
    pub fn begin(schema: &SchemaRef, options: &WriteOptions, out: Out<'w>) -> Result<Self, Error> {
        let mut lines = Lines { out, buffer: Vec::new(), delimiter: options.delimiter, ledger: Ledger::default() };
        lines.rows(1, schema.fields().len(), |_, column, cell| {
            cell.push_str(schema.field(column).name());
            true
        })?;
        Ok(Csv { schema: schema.clone(), lines })
    }
}

impl Writer for Csv<'_> {
    fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let columns = self.schema.fields().iter().zip(batch.columns());
        let columns = columns.map(|(field, array)| Cells::new(field, array)).collect::<Result<Vec<_>, _>>()?;
        for (field, cells) in self.schema.fields().iter().zip(&columns) {
            cells.count(field, &mut self.lines.ledger);
        }
        self.lines.rows(batch.num_rows(), columns.len(), |row, column, cell| match columns.get(column) {
            Some(cells) => cells.write(row, cell),
            None => false,
        })
    }

    fn finish(self: Box<Self>) -> Result<Written, Error> {
        Ok(Written { bytes: self.lines.out.written(), ledger: self.lines.ledger, proto: None })
    }
}

struct Lines<'w> {
    out: Out<'w>,
    buffer: Vec<u8>,
    delimiter: u8,
    ledger: Ledger,
}

impl Lines<'_> {
    /// Writes rows, cell by cell.
    fn rows(
        &mut self,
        rows: usize,
        columns: usize,
        mut write: impl FnMut(usize, usize, &mut String) -> bool,
    ) -> Result<(), Error> {
        let io = |e: csv::Error| Error::io(e.into(), Location::default());
        let mut writer = csv::WriterBuilder::new().delimiter(self.delimiter).from_writer(&mut self.buffer);
        let mut cell = String::new();
        for row in 0..rows {
            for column in 0..columns {
                cell.clear();
                write(row, column, &mut cell);
                writer.write_field(&cell).map_err(io)?;
            }
            writer.write_record(None::<&[u8]>).map_err(io)?;
        }
        writer.flush().map_err(|e| Error::io(e, Location::default()))?;
        drop(writer);
        self.out.drain(&mut self.buffer)
    }
}

/// One column of a batch.
enum Cells<'a> {
    Bool(&'a BooleanArray),
    Float(&'a PrimitiveArray<Float64Type>),
    Bytes(&'a GenericBinaryArray<i32>),
    LargeBytes(&'a GenericBinaryArray<i64>),
    Fixed(&'a FixedSizeBinaryArray),
    Uuid(&'a FixedSizeBinaryArray),
    /// Ticks, how many are a second, and the zone.
    Stamp(Box<dyn Fn(usize) -> Option<i64> + 'a>, i64, Option<TimeZone>),
    Span(Box<dyn Fn(usize) -> Option<i64> + 'a>, Unit),
    Dictionary {
        keys: Vec<Option<usize>>,
        values: Box<Cells<'a>>,
    },
    Other(ArrayFormatter<'a>, &'a ArrayRef),
}

fn ticks<T: arrow::datatypes::ArrowPrimitiveType<Native = i64>>(
    array: &ArrayRef,
) -> Box<dyn Fn(usize) -> Option<i64> + '_> {
    let array = array.as_primitive::<T>();
    Box::new(move |row| array.is_valid(row).then(|| array.value(row)))
}

fn per_second(unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    }
}

impl<'a> Cells<'a> {
    fn new(field: &Field, array: &'a ArrayRef) -> Result<Self, Error> {
        Ok(match array.data_type() {
            DataType::Boolean => Cells::Bool(array.as_boolean()),
            DataType::Float64 => Cells::Float(array.as_primitive()),
            DataType::Binary => Cells::Bytes(array.as_binary()),
            DataType::LargeBinary => Cells::LargeBytes(array.as_binary()),
            DataType::FixedSizeBinary(16) if field.extension_type_name() == Some("arrow.uuid") => {
                Cells::Uuid(array.as_fixed_size_binary())
            }
            DataType::FixedSizeBinary(_) => Cells::Fixed(array.as_fixed_size_binary()),
            DataType::Timestamp(unit, zone) => {
                let zone = zone.as_deref().map(time_zone).transpose()?;
                let ticks = match unit {
                    TimeUnit::Second => ticks::<TimestampSecondType>(array),
                    TimeUnit::Millisecond => ticks::<TimestampMillisecondType>(array),
                    TimeUnit::Microsecond => ticks::<TimestampMicrosecondType>(array),
                    TimeUnit::Nanosecond => ticks::<TimestampNanosecondType>(array),
                };
                Cells::Stamp(ticks, per_second(*unit), zone)
            }
            DataType::Duration(unit) => {
                let ticks = match unit {
                    TimeUnit::Second => ticks::<DurationSecondType>(array),
                    TimeUnit::Millisecond => ticks::<DurationMillisecondType>(array),
                    TimeUnit::Microsecond => ticks::<DurationMicrosecondType>(array),
                    TimeUnit::Nanosecond => ticks::<DurationNanosecondType>(array),
                };
                let unit = match unit {
                    TimeUnit::Second => Unit::Second,
                    TimeUnit::Millisecond => Unit::Milli,
                    TimeUnit::Microsecond => Unit::Micro,
                    TimeUnit::Nanosecond => Unit::Nano,
                };
                Cells::Span(ticks, unit)
            }
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let keys = dictionary.normalized_keys();
                let keys = keys.into_iter().enumerate().map(|(n, key)| array.is_valid(n).then_some(key)).collect();
                Cells::Dictionary { keys, values: Box::new(Cells::new(field, dictionary.values())?) }
            }
            _ => Cells::Other(ArrayFormatter::try_new(array, &OPTIONS).map_err(|e| failed(&e))?, array),
        })
    }

    /// Appends one cell; a null is nothing, and returns `false`.
    fn write(&self, row: usize, out: &mut String) -> bool {
        match self {
            Cells::Bool(array) => {
                return array.is_valid(row) && {
                    out.push_str(if array.value(row) { "true" } else { "false" });
                    true
                };
            }
            Cells::Float(array) if array.is_valid(row) => repr::float(array.value(row), out),
            Cells::Bytes(array) => return bytes(array, row, out),
            Cells::LargeBytes(array) => return bytes(array, row, out),
            Cells::Fixed(array) if array.is_valid(row) => out.push_str(&base64::encode(array.value(row))),
            Cells::Uuid(array) if array.is_valid(row) => super::text::uuid_bytes(array.value(row), out),
            Cells::Stamp(ticks, per_second, zone) => match ticks(row) {
                Some(at) => stamp(at, *per_second, zone.as_ref(), out),
                None => return false,
            },
            Cells::Span(ticks, unit) => match ticks(row) {
                Some(length) => model::moment::write_duration(length, *unit, 1, out),
                None => return false,
            },
            Cells::Dictionary { keys, values } => {
                return keys.get(row).copied().flatten().is_some_and(|key| values.write(key, out));
            }
            Cells::Other(formatter, array) if array.is_valid(row) => {
                use std::fmt::Write as _;
                let _ = write!(out, "{}", formatter.value(row));
            }
            Cells::Float(_) | Cells::Fixed(_) | Cells::Uuid(_) | Cells::Other(..) => return false,
        }
        true
    }

    /// Counts what the text of the cells is not.
    fn count(&self, field: &Field, ledger: &mut Ledger) {
        let place = || {
            let mut out = "$".to_owned();
            super::path::push_name(field.name(), &mut out);
            out
        };
        let step = match self {
            Cells::Bytes(_) | Cells::LargeBytes(_) | Cells::Fixed(_) => Some(Step::Bytes),
            Cells::Uuid(_) => Some(Step::Text),
            Cells::Stamp(..) => Some(Step::Temporal),
            Cells::Span(..) => Some(Step::Duration),
            Cells::Dictionary { .. } => None,
            Cells::Bool(_) | Cells::Float(_) => None,
            Cells::Other(_, array) => match array.data_type() {
                DataType::Date32 | DataType::Time64(_) => Some(Step::Temporal),
                DataType::Decimal128(..) | DataType::Decimal256(..) => Some(Step::Number),
                DataType::Utf8 => {
                    let text = array.as_string::<i32>();
                    let empty = text.iter().filter(|cell| *cell == Some("")).count();
                    for _ in 0..empty {
                        ledger.count(Step::EmptyText, place);
                    }
                    None
                }
                _ => None,
            },
        };
        if let Some(step) = step {
            ledger.count(step, place);
        }
    }
}

const OPTIONS: FormatOptions<'static> = FormatOptions::new();

fn bytes<O: OffsetSizeTrait>(array: &GenericBinaryArray<O>, row: usize, out: &mut String) -> bool {
    let valid = array.is_valid(row);
    if valid {
        out.push_str(&base64::encode(array.value(row)));
    }
    valid
}

/// A zone as Arrow names it: of the database, or `+05:30`.
fn time_zone(name: &str) -> Result<TimeZone, Error> {
    let bad = || {
        Error::unrepresentable(
            format!("expected a time zone whose offset is known, found `{}`", crate::name::Escaped(name)),
            Location::default(),
        )
    };
    if let Some((hours, minutes)) = name.strip_prefix(['+', '-']).and_then(|rest| rest.split_once(':')) {
        let seconds = hours.parse::<i32>().ok().zip(minutes.parse::<i32>().ok()).map(|(h, m)| h * 3600 + m * 60);
        let seconds = if name.starts_with('-') { seconds.map(|s| -s) } else { seconds };
        let offset = seconds.and_then(|s| jiff::tz::Offset::from_seconds(s).ok()).ok_or_else(bad)?;
        return Ok(TimeZone::fixed(offset));
    }
    TimeZoneDatabase::bundled().get(name).map_err(|_| bad())
}

/// Appends `YYYY-MM-DDTHH:MM:SS[.fraction][offset]`.
fn stamp(at: i64, per_second: i64, zone: Option<&TimeZone>, out: &mut String) {
    use std::fmt::Write as _;
    let (seconds, ticks) = (at.div_euclid(per_second), at.rem_euclid(per_second));
    let nanos = i32::try_from(ticks * (1_000_000_000 / per_second)).unwrap_or(0);
    let written = jiff::Timestamp::new(seconds, nanos).map(|instant| match zone {
        None => write!(out, "{}", jiff::tz::Offset::UTC.to_datetime(instant)),
        Some(zone) => {
            let offset = zone.to_offset(instant);
            let _ = write!(out, "{}", offset.to_datetime(instant));
            model::temporal::write_offset(i64::from(offset.seconds()) * 1_000_000, out);
            Ok(())
        }
    });
    if written.is_err() {
        // Beyond the years that a calendar has here.
        let _ = write!(out, "{at}/{per_second}s");
    }
}
