//! Arrays and tables of Arrow in the natural mapping: arrays of values, and a row object for each row of a table.
//!
//! A list is an array, a struct an object, a map an array of `[key, value]` pairs (which is what pyarrow makes of it), a dictionary
//! its values. Nesting is as deep as [`crate::model::arrow::MAX_NESTING`] at most, so that it is walked by recursion.

use std::collections::HashSet;

use super::{Natural, Step};
use crate::error::Error;
use crate::model::arrow::{Column, Element, Type, list};
use crate::model::graph::Graph;
use crate::model::layout::{ArrowChunked, ArrowField, ArrowScalar, ArrowSchema, ArrowTable, Layout};
use crate::model::value::{NodeId, Value};
use crate::model::{float32, instant};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::out::DRAIN;
use crate::writers::records::{Field, Name};

pub(super) const KEEPS: &str = "`--lossless` keeps it as it is";

/// The chunks of one column, and how far they are read.
pub(super) struct Chunks<'g> {
    chunks: Vec<Column<'g>>,
    chunk: usize,
    at: usize,
}

impl<'g> Chunks<'g> {
    /// Those of a chunked array, or the one that an array is.
    fn of(graph: &'g Graph, value: Value) -> Result<Self, String> {
        let mut chunks = Vec::new();
        match graph.layout(value) {
            Some((Layout::ArrowArray, id)) => chunks.push(Column::of(graph, id)?),
            Some((Layout::ArrowChunked, id)) => {
                for chunk in list(graph, ArrowChunked::of(graph, id).chunks).into_iter().flatten() {
                    match chunk {
                        Value::Object(chunk) => chunks.push(Column::of(graph, chunk)?),
                        _ => return Err("expected arrays as chunks".to_owned()),
                    }
                }
            }
            _ => return Err("expected an array of Arrow".to_owned()),
        }
        Chunks::new(chunks)
    }

    /// Those columns after each other.
    pub(super) fn new(chunks: Vec<Column<'g>>) -> Result<Self, String> {
        chunks.iter().try_for_each(distinct)?;
        Ok(Chunks { chunks, chunk: 0, at: 0 })
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().fold(0, |sum: usize, chunk| sum.saturating_add(chunk.len))
    }

    /// The next element's chunk and place.
    fn next(&mut self) -> Option<(&Column<'g>, usize)> {
        while self.chunks.get(self.chunk)?.len <= self.at {
            self.chunk += 1;
            self.at = 0;
        }
        self.at += 1;
        Some((self.chunks.get(self.chunk)?, self.at - 1))
    }
}

/// The first name that stands there again.
pub(super) fn repeated<'n>(names: &[&'n str]) -> Option<&'n str> {
    let mut seen = HashSet::new();
    names.iter().find(|name| !seen.insert(**name)).copied()
}

/// Checks that the fields of every struct have names of their own: two of them would become one.
fn distinct(column: &Column<'_>) -> Result<(), String> {
    if let Type::Struct(names) = &column.datatype
        && let Some(twice) = repeated(names)
    {
        return Err(format!("two fields of a struct would become one: `{}`", crate::name::Escaped(twice)));
    }
    column.children.iter().chain(column.dictionary.as_deref()).try_for_each(distinct)
}

impl<S: Sink> Natural<'_, '_, S> {
    /// An array, or a chunked one.
    pub(super) fn arrow_array(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Arrow)?;
        let chunks = Chunks::of(self.graph, Value::Object(id)).map_err(|why| self.unrepresentable(why, KEEPS))?;
        self.values(chunks)
    }

    /// A table or record batch: an array of row objects.
    pub(super) fn arrow_table(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::ArrowTable)?;
        let graph = self.graph;
        let table = ArrowTable::of(graph, id);
        let (mut names, mut has_metadata) = (Vec::new(), false);
        if let Some((Layout::ArrowSchema, schema)) = graph.layout(table.schema) {
            let schema = ArrowSchema::of(graph, schema);
            has_metadata |= !matches!(schema.metadata, Value::None);
            for field in list(graph, schema.fields).into_iter().flatten() {
                if let Some((Layout::ArrowField, field)) = graph.layout(field) {
                    let field = ArrowField::of(graph, field);
                    has_metadata |= !matches!(field.metadata, Value::None);
                    names.push(field.name);
                }
            }
        }
        if has_metadata {
            self.note(Loss::ArrowMetadataLost)?;
        }
        let mut columns = Vec::new();
        for column in list(graph, table.columns).into_iter().flatten() {
            columns.push(Chunks::of(graph, column).map_err(|why| self.unrepresentable(why, KEEPS))?);
        }
        let texts: Vec<&str> = names
            .iter()
            .map(|name| match *name {
                Value::Str { len, at } => graph.text(len, at),
                _ => "",
            })
            .collect();
        if let Some(twice) = repeated(&texts) {
            let what = format!("two columns would become one: `{}`", crate::name::Escaped(twice));
            return Err(self.unrepresentable(what, KEEPS));
        }
        let first = self.pool.len();
        self.pool.extend(names.iter().map(|name| Field { name: Name::Key(*name), value: Value::None }));
        self.rows(&texts, columns, Some(first))?;
        self.pool.truncate(first);
        Ok(())
    }

    /// An array of row objects; where the names of the columns begin in the pool, if they are there.
    pub(super) fn rows(
        &mut self,
        names: &[&str],
        mut columns: Vec<Chunks<'_>>,
        pool: Option<usize>,
    ) -> Result<(), Error> {
        let rows = columns.first().map_or(0, Chunks::len);
        self.begin_array(rows)?;
        self.todo.push(Step::At(0));
        let first = pool.unwrap_or(0);
        self.todo.push(Step::Fields { at: first, end: first });
        for row in 0..rows {
            if let Some(Step::At(index)) = self.todo.iter_mut().nth_back(1) {
                *index = row as u64;
            }
            self.sink.element();
            self.begin_map(columns.len())?;
            for (n, (column, name)) in columns.iter_mut().zip(names).enumerate() {
                if let (Some(Step::Fields { at, .. }), Some(_)) = (self.todo.last_mut(), pool) {
                    *at = first + n + 1;
                }
                self.sink.key();
                self.sink.str(name);
                self.sink.value();
                match column.next() {
                    Some((chunk, at)) => self.arrow_element(chunk, at)?,
                    None => self.sink.null(),
                }
            }
            self.depth -= 1;
            self.sink.end_map();
        }
        self.todo.pop();
        self.todo.pop();
        self.close_array();
        Ok(())
    }

    /// An array of the elements of a column.
    pub(super) fn values(&mut self, mut chunks: Chunks<'_>) -> Result<(), Error> {
        self.begin_array(chunks.len())?;
        self.todo.push(Step::At(0));
        let mut index = 0;
        while let Some((chunk, at)) = chunks.next() {
            self.at(index);
            index += 1;
            self.sink.element();
            self.arrow_element(chunk, at)?;
        }
        self.todo.pop();
        self.close_array();
        Ok(())
    }

    pub(super) fn arrow_scalar(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Arrow)?;
        self.emit(ArrowScalar::of(self.graph, id).value)
    }

    /// Says for paths which element is written.
    fn at(&mut self, place: u64) {
        if let Some(Step::At(index)) = self.todo.last_mut() {
            *index = place;
        }
    }

    fn close_array(&mut self) {
        self.depth -= 1;
        self.sink.end_array();
    }

    /// An array of elements of one column.
    fn arrow_list(&mut self, items: &Column<'_>, start: usize, len: usize) -> Result<(), Error> {
        self.begin_array(len)?;
        self.todo.push(Step::At(0));
        for n in 0..len {
            self.at(n as u64);
            self.sink.element();
            self.arrow_element(items, start.saturating_add(n))?;
        }
        self.todo.pop();
        self.close_array();
        Ok(())
    }

    /// One element; it recurses as deep as columns nest.
    pub(super) fn arrow_element(&mut self, column: &Column<'_>, i: usize) -> Result<(), Error> {
        if self.sink.too_long().is_some() {
            return Err(self.too_long());
        }
        if self.sink.buffer().len() >= DRAIN {
            self.drain()?;
        }
        let Some(element) = column.element(i) else {
            return Err(self.unrepresentable("expected an element within the buffers of its array", KEEPS));
        };
        self.scratch.clear();
        match element {
            Element::Null => self.sink.null(),
            Element::Bool(b) => self.sink.bool(b),
            Element::Int(n) => self.sink.int(n),
            Element::Uint(n) => match i64::try_from(n) {
                Ok(n) => self.sink.int(n),
                Err(_) => self.sink.big_int(&num_bigint::BigInt::from(n)),
            },
            Element::Float16(f) => return self.arrow_float(f.to_f64()),
            Element::Float32(f) => return self.arrow_float(float32::widen(f)),
            Element::Float64(f) => return self.arrow_float(f),
            Element::Str(text) => self.sink.str(text),
            Element::Bytes(bytes) => {
                if !S::CAPS.bytes {
                    self.note(Loss::Bytes)?;
                }
                self.sink.bytes(bytes);
            }
            Element::Date(days) => {
                self.note(Loss::Temporal)?;
                instant::write_date(days, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Element::Time(unit, count) => {
                self.note(Loss::Temporal)?;
                instant::write_time(unit, count, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Element::Timestamp(unit, count, zone) => {
                self.note(Loss::Temporal)?;
                let offset = match zone {
                    None => None,
                    Some(zone) => match self.zones.offset_at(zone, instant::second(unit, count)) {
                        Some(offset) => {
                            if zone != "UTC" && !zone.starts_with(['+', '-']) {
                                self.note(Loss::ZoneLost)?;
                            }
                            Some(offset)
                        }
                        None => {
                            let what = format!("unknown time zone `{}`", crate::name::Escaped(zone));
                            return Err(self.unrepresentable(what, KEEPS));
                        }
                    },
                };
                instant::write(unit, count, offset, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Element::Duration(unit, count) => {
                self.note(Loss::Duration)?;
                instant::write_duration(unit, count, &mut self.scratch);
                self.sink.str(&self.scratch);
            }
            Element::MonthDayNano { months, days, nanos } => {
                self.note(Loss::ArrowInterval)?;
                self.begin_map(3)?;
                for (name, number) in [("months", i64::from(months)), ("days", i64::from(days)), ("nanoseconds", nanos)]
                {
                    self.sink.key();
                    self.sink.str(name);
                    self.sink.value();
                    self.sink.int(number);
                }
                self.depth -= 1;
                self.sink.end_map();
            }
            Element::Decimal(unscaled, scale) => {
                self.note(Loss::Number)?;
                self.sink.str(&decimal(&unscaled.to_string(), scale));
            }
            Element::List { items, start, len } => return self.arrow_list(items, start, len),
            Element::Struct { names, fields, at } => {
                self.begin_map(fields.len())?;
                self.todo.push(Step::At(0));
                for (n, (name, field)) in names.iter().zip(fields).enumerate() {
                    self.at(n as u64);
                    self.sink.key();
                    self.sink.str(name);
                    self.sink.value();
                    self.arrow_element(field, at)?;
                }
                self.todo.pop();
                self.depth -= 1;
                self.sink.end_map();
            }
            Element::Map { keys, values, start, len } => {
                self.begin_array(len)?;
                self.todo.push(Step::At(0));
                for n in 0..len {
                    self.at(n as u64);
                    self.sink.element();
                    self.begin_array(2)?;
                    for column in [keys, values] {
                        self.sink.element();
                        self.arrow_element(column, start.saturating_add(n))?;
                    }
                    self.close_array();
                }
                self.todo.pop();
                self.close_array();
            }
        }
        Ok(())
    }

    fn arrow_float(&mut self, value: f64) -> Result<(), Error> {
        if value.is_finite() || S::CAPS.non_finite {
            self.sink.float(value);
            return Ok(());
        }
        self.non_finite(value)
    }
}

/// A decimal as Python prints one whose exponent is `-scale`: with a point where the scale says so.
fn decimal(unscaled: &str, scale: i32) -> String {
    let (sign, digits) = match unscaled.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", unscaled),
    };
    match usize::try_from(scale) {
        Ok(0) => unscaled.to_owned(),
        // A scale of more than 100 comes from no program; the exponent says it without its zeros.
        Ok(scale) if scale <= 100 => {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at_checked(digits.len() - scale).unwrap_or((&digits, ""));
            format!("{sign}{whole}.{fraction}")
        }
        _ => format!("{unscaled}E{:+}", -i64::from(scale)),
    }
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn decimals_have_their_digits() {
        assert_eq!(decimal("150", 2), "1.50");
        assert_eq!(decimal("-5", 2), "-0.05");
        assert_eq!(decimal("0", 1), "0.0");
        assert_eq!(decimal("12", 0), "12");
        assert_eq!(decimal("12", -3), "12E+3");
    }
}
