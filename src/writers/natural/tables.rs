//! DataFrames, Series, indexes and arrays of pandas in the natural mapping: rows of objects, arrays of values.
//!
//! A table in the making stands beside the work stack: cells are written row by row until one of them is a container, which the
//! stack writes first. What holds for every cell of a column is one step of the ledger, taken for the column.

use std::collections::HashSet;
use std::rc::Rc;

use super::{Natural, Step};
use crate::error::Error;
use crate::model::arrow;
use crate::model::column::{Cell, Column, Fixed, Values};
use crate::model::dtype::{Element, Type, Unit};
use crate::model::graph::Graph;
use crate::model::instant;
use crate::model::layout::{DataFrame, DatetimeArray, Index, Layout, MultiIndex, RangeIndex, Series, TimedeltaArray};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::out::DRAIN;
use crate::writers::{path, scalars};

pub(super) const KEEPS: &str = "`--lossless` keeps it as it is";

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// An object of its cells by the names of the columns.
    Object,
    /// An array of its cells.
    Array,
    /// Its only cell.
    Value,
}

/// A table that is being written.
#[derive(Debug)]
pub(super) struct Table<'g> {
    columns: Rc<[Column<'g>]>,
    names: Rc<[String]>,
    shape: Shape,
    rows: usize,
    row: usize,
    /// The next cell of the row, once it was begun.
    cell: Option<usize>,
    /// Rows stand alone, a line each.
    lines: bool,
}

impl Table<'_> {
    /// Appends the place of the cell that is written.
    pub(super) fn place(&self, out: &mut String) {
        let Some(cell) = self.cell else { return };
        path::push_index(self.row as u64, out);
        let Some(cell) = cell.checked_sub(1) else { return };
        match (self.shape, self.names.get(cell)) {
            (Shape::Object, Some(name)) => path::push_name(name, out),
            (Shape::Array, _) => path::push_index(cell as u64, out),
            _ => {}
        }
    }
}

/// Whether an index says no more than the places of the rows.
fn is_default(graph: &Graph, index: Value, column: &Column<'_>) -> bool {
    match graph.layout(index) {
        Some((Layout::RangeIndex, id)) => matches!(
            RangeIndex::of(graph, id),
            RangeIndex { name: Value::None, start: Value::Int(0), step: Value::Int(1), .. }
        ),
        Some((Layout::Index, id)) if matches!(Index::of(graph, id).name, Value::None) => {
            let same = |n: usize| i64::try_from(n).ok();
            match &column.values {
                Values::Fixed(fixed) if matches!(fixed.dtype.ty, Type::Int | Type::Uint) => {
                    (0..column.len).all(|n| fixed.int(n) == same(n))
                }
                Values::Objects(values) => {
                    values.iter().enumerate().all(|(n, v)| matches!(v, Value::Int(i) if Some(*i) == same(n)))
                }
                _ => false,
            }
        }
        _ => false,
    }
}

/// The unit of datetimes and timedeltas that pandas has.
pub(super) fn unit(unit: Unit) -> Option<arrow::Unit> {
    Some(match unit {
        Unit::Second => arrow::Unit::Second,
        Unit::Milli => arrow::Unit::Milli,
        Unit::Micro => arrow::Unit::Micro,
        Unit::Nano => arrow::Unit::Nano,
        _ => return None,
    })
}

/// Whether some category is the value of no row.
fn has_unused(codes: &Fixed<'_>, rows: usize, categories: usize) -> bool {
    let mut used = vec![false; categories];
    for n in 0..rows {
        if let Some(slot) = codes.int(n).and_then(|code| usize::try_from(code).ok()).and_then(|code| used.get_mut(code))
        {
            *slot = true;
        }
    }
    used.contains(&false)
}

impl<'a, S: Sink> Natural<'a, '_, S> {
    pub(super) fn data_frame(&mut self, id: NodeId) -> Result<(), Error> {
        self.rows_of_frame(id, false)
    }

    /// Writes a DataFrame, or a Series, of which each row becomes a line. `false` where the value is neither.
    pub(crate) fn write_lines(&mut self, value: Value, prefix: &str) -> Result<bool, Error> {
        self.prefix.clear();
        self.prefix.push_str(prefix);
        match self.graph.layout(value) {
            Some((Layout::DataFrame, id)) => self.rows_of_frame(id, true)?,
            Some((Layout::Series, id)) => self.rows_of_series(id, true)?,
            _ => return Ok(false),
        }
        self.run()?;
        Ok(true)
    }

    fn rows_of_frame(&mut self, id: NodeId, lines: bool) -> Result<(), Error> {
        self.note(Loss::DataFrame)?;
        let frame = DataFrame::of(self.graph, id);
        self.beside(frame.attrs, frame.flags, frame.own)?;
        let Value::Object(data) = frame.data else {
            return Err(self.unrepresentable("expected a list of columns", KEEPS));
        };
        let labels = self.labels(frame.columns)?;
        let mut columns = Vec::new();
        for value in self.graph.items(data) {
            columns.push(self.column(value)?);
        }
        if labels.len() != columns.len() {
            let what = format!("expected {} columns as there are labels, found {}", labels.len(), columns.len());
            return Err(self.unrepresentable(what, KEEPS));
        }
        let index = self.levels(frame.index)?;
        let rows = index.first().map_or(0, |(_, level)| level.len);
        if columns.iter().any(|column| column.len != rows) {
            return Err(self.unrepresentable("expected columns as long as the index", KEEPS));
        }
        if rows == 0 && !columns.is_empty() {
            self.note(Loss::ColumnsLost)?;
        }
        let (mut names, mut all) = (Vec::new(), Vec::new());
        self.leading(frame.index, index, &labels, &mut names, &mut all)?;
        names.extend(labels);
        for column in &columns {
            self.of_column(column)?;
        }
        all.extend(columns);
        self.distinct(&names)?;
        self.begin_table(all, names, Shape::Object, rows, lines)
    }

    pub(super) fn series(&mut self, id: NodeId) -> Result<(), Error> {
        self.rows_of_series(id, false)
    }

    fn rows_of_series(&mut self, id: NodeId, lines: bool) -> Result<(), Error> {
        self.note(Loss::Series)?;
        let series = Series::of(self.graph, id);
        self.beside(series.attrs, series.flags, series.own)?;
        let column = self.column(series.data)?;
        let index = self.levels(series.index)?;
        let rows = column.len;
        if index.first().map_or(0, |(_, level)| level.len) != rows {
            return Err(self.unrepresentable("expected values as many as the index has", KEEPS));
        }
        self.of_column(&column)?;
        let name = match series.name {
            Value::None => "value".to_owned(),
            name => self.label(&Cell::Value(name))?,
        };
        let (mut names, mut all) = (Vec::new(), Vec::new());
        self.leading(series.index, index, std::slice::from_ref(&name), &mut names, &mut all)?;
        let bare = all.is_empty();
        if bare && !matches!(series.name, Value::None) {
            self.note(Loss::SeriesNameLost)?;
        }
        names.push(name);
        all.push(column);
        self.distinct(&names)?;
        self.begin_table(all, names, if bare { Shape::Value } else { Shape::Object }, rows, lines)
    }

    pub(super) fn index(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::Index)?;
        let levels = self.levels(Value::Object(id))?;
        if levels.iter().any(|(name, _)| !matches!(name, Value::None)) {
            self.note(Loss::AxisNameLost)?;
        }
        let columns: Vec<Column<'a>> = levels.into_iter().map(|(_, level)| level).collect();
        for column in &columns {
            self.of_column(column)?;
        }
        let rows = columns.first().map_or(0, |level| level.len);
        let several = self.graph.layout(Value::Object(id)).is_some_and(|(layout, _)| layout == Layout::MultiIndex);
        self.begin_table(columns, Vec::new(), if several { Shape::Array } else { Shape::Value }, rows, false)
    }

    pub(super) fn pandas_array(&mut self, id: NodeId) -> Result<(), Error> {
        self.note(Loss::PdArray)?;
        let column = self.column(Value::Object(id))?;
        self.of_column(&column)?;
        let rows = column.len;
        self.begin_table(vec![column], Vec::new(), Shape::Value, rows, false)
    }

    // ---- what is beside the cells

    fn beside(&mut self, attrs: Value, flags: Value, own: Value) -> Result<(), Error> {
        if !matches!((attrs, flags), (Value::None, Value::None)) {
            self.note(Loss::AttrsLost)?;
        }
        if !matches!(own, Value::None) {
            self.note(Loss::OwnLost)?;
        }
        Ok(())
    }

    fn column(&mut self, value: Value) -> Result<Column<'a>, Error> {
        let freq = match self.graph.layout(value) {
            Some((Layout::DatetimeArray, id)) => DatetimeArray::of(self.graph, id).freq,
            Some((Layout::TimedeltaArray, id)) => TimedeltaArray::of(self.graph, id).freq,
            _ => Value::None,
        };
        if !matches!(freq, Value::None) {
            self.note(Loss::FrequencyLost)?;
        }
        Column::of(self.graph, value).map_err(|why| self.unrepresentable(why, KEEPS))
    }

    /// The levels of an index, and their names.
    pub(super) fn levels(&mut self, index: Value) -> Result<Vec<(Value, Column<'a>)>, Error> {
        if let Some((Layout::Index, id)) = self.graph.layout(index)
            && !matches!(Index::of(self.graph, id).freq, Value::None)
            && self.graph.layout(Index::of(self.graph, id).data).is_none_or(|(data, _)| data != Layout::PeriodArray)
        {
            self.note(Loss::FrequencyLost)?;
        }
        if let Some((Layout::MultiIndex, id)) = self.graph.layout(index)
            && matches!(MultiIndex::of(self.graph, id).levels, Value::Object(levels) if self.graph.count(levels) == 0)
        {
            return Err(self.unrepresentable("expected an index of at least one level", KEEPS));
        }
        Column::levels(self.graph, index).map_err(|why| self.unrepresentable(why, KEEPS))
    }

    /// The columns that an index becomes, before the others: none where it says no more than the places of the rows.
    fn leading(
        &mut self,
        index: Value,
        levels: Vec<(Value, Column<'a>)>,
        taken: &[String],
        names: &mut Vec<String>,
        columns: &mut Vec<Column<'a>>,
    ) -> Result<(), Error> {
        if let [(_, only)] = levels.as_slice()
            && is_default(self.graph, index, only)
        {
            return Ok(());
        }
        let several = levels.len() > 1;
        for (n, (name, level)) in levels.into_iter().enumerate() {
            names.push(match name {
                // As `reset_index` names them.
                Value::None if !several && !taken.iter().any(|name| name == "index") => "index".to_owned(),
                Value::None => format!("level_{n}"),
                name => self.label(&Cell::Value(name))?,
            });
            self.of_column(&level)?;
            columns.push(level);
        }
        Ok(())
    }

    fn distinct(&self, names: &[String]) -> Result<(), Error> {
        let mut seen = HashSet::new();
        match names.iter().find(|name| !seen.insert(name.as_str())) {
            None => Ok(()),
            Some(twice) => {
                let what = format!("two columns would become one: `{}`", crate::name::Escaped(twice));
                Err(self.unrepresentable(what, "`--lossless` keeps columns apart"))
            }
        }
    }

    /// The steps that hold for every cell of a column.
    fn of_column(&mut self, column: &Column<'_>) -> Result<(), Error> {
        match &column.values {
            Values::Fixed(fixed) => match fixed.dtype.ty {
                Type::DateTime(..) => self.note(Loss::Temporal),
                Type::TimeDelta(..) => self.note(Loss::Duration),
                Type::Complex => self.note(Loss::Complex),
                Type::Bytes | Type::Void if !S::CAPS.bytes => self.note(Loss::Bytes),
                _ => Ok(()),
            },
            Values::Objects(_) | Values::Range { .. } => Ok(()),
            Values::Zoned { zone, .. } => {
                self.note(Loss::Temporal)?;
                if scalars::drops_zone(self.graph, *zone) { self.note(Loss::ZoneLost) } else { Ok(()) }
            }
            Values::Period { .. } => self.note(Loss::Period),
            Values::Interval { left, .. } => {
                self.note(Loss::Interval)?;
                self.of_column(left)
            }
            Values::Categorical { codes, categories, ordered } => {
                // The levels of a MultiIndex too: what no row has is a leftover there.
                self.note(Loss::Category)?;
                if *ordered || has_unused(codes, column.len, categories.len) {
                    self.note(Loss::CategoriesLost)?;
                }
                self.of_column(categories)
            }
            Values::Masked { data, .. } | Values::Strings(data) => self.of_column(data),
            Values::Arrow(_) => self.note(Loss::Arrow),
            Values::Sparse { data, .. } => {
                self.note(Loss::PdArray)?;
                self.of_column(data)
            }
            Values::Geometry { crs, .. } => {
                self.note(Loss::Geometry)?;
                if matches!(crs, Value::None) { Ok(()) } else { self.note(Loss::CrsLost) }
            }
        }
    }

    // ---- rows

    fn begin_table(
        &mut self,
        columns: Vec<Column<'a>>,
        names: Vec<String>,
        shape: Shape,
        rows: usize,
        lines: bool,
    ) -> Result<(), Error> {
        if !lines {
            self.begin_array(rows)?;
        }
        self.todo.push(Step::Table(self.tables.len()));
        self.tables.push(Table {
            columns: columns.into(),
            names: names.into(),
            shape,
            rows,
            row: 0,
            cell: None,
            lines,
        });
        Ok(())
    }

    /// Rows, until a cell is a container or all are written.
    pub(super) fn table(&mut self) -> Result<(), Error> {
        let Some(Table { columns, names, shape, rows, lines, .. }) = self.tables.last() else {
            self.todo.pop();
            return Ok(());
        };
        let (columns, names, shape, rows, lines) = (columns.clone(), names.clone(), *shape, *rows, *lines);
        loop {
            let Some(table) = self.tables.last_mut() else { return Ok(()) };
            let row = table.row;
            let Some(cell) = table.cell else {
                if row == rows {
                    self.tables.pop();
                    self.todo.pop();
                    if !lines {
                        self.depth -= 1;
                        self.sink.end_array();
                    }
                    return Ok(());
                }
                table.cell = Some(0);
                if !lines {
                    self.sink.element();
                }
                match shape {
                    Shape::Object => self.begin_map(columns.len())?,
                    Shape::Array => self.begin_array(columns.len())?,
                    Shape::Value => {}
                }
                continue;
            };
            let Some(column) = columns.get(cell) else {
                table.cell = None;
                table.row += 1;
                match shape {
                    Shape::Object => {
                        self.depth -= 1;
                        self.sink.end_map();
                    }
                    Shape::Array => {
                        self.depth -= 1;
                        self.sink.end_array();
                    }
                    Shape::Value => {}
                }
                if lines {
                    self.sink.buffer().push(b'\n');
                }
                if self.sink.too_long().is_some() {
                    return Err(self.too_long());
                }
                if self.sink.buffer().len() >= DRAIN {
                    self.drain()?;
                }
                continue;
            };
            table.cell = Some(cell + 1);
            match shape {
                Shape::Object => {
                    self.sink.key();
                    self.sink.str(names.get(cell).map_or("", String::as_str));
                    self.sink.value();
                }
                Shape::Array => self.sink.element(),
                Shape::Value => {}
            }
            let before = self.todo.len();
            self.cell(&column.cell(row))?;
            if self.todo.len() > before {
                return Ok(());
            }
        }
    }

    /// One cell; intervals, which are no deeper than their ends, are written at once.
    fn cell(&mut self, cell: &Cell<'_>) -> Result<(), Error> {
        match cell {
            Cell::Missing => self.missing(),
            Cell::Element(Element::DateTime(Some(value), of, 1)) if unit(*of).is_some() => {
                self.scratch.clear();
                if let Some(unit) = unit(*of) {
                    instant::write(unit, *value, None, &mut self.scratch);
                }
                self.sink.str(&self.scratch);
                Ok(())
            }
            Cell::Element(Element::TimeDelta(Some(value), of, 1)) if unit(*of).is_some() => {
                self.scratch.clear();
                if let Some(unit) = unit(*of) {
                    instant::write_duration(unit, *value, &mut self.scratch);
                }
                self.sink.str(&self.scratch);
                Ok(())
            }
            Cell::Element(element) => self.leaf_element(*element),
            Cell::Compound(dtype, bytes) => self.element(dtype, bytes, &[]),
            Cell::Value(value) => self.emit(*value),
            Cell::Int(n) => {
                self.sink.int(*n);
                Ok(())
            }
            Cell::Instant { value, unit: of, zone } => {
                self.scratch.clear();
                let Some(unit) = unit(*of) else {
                    return Err(self.unrepresentable("expected datetimes in s, ms, us or ns", KEEPS));
                };
                scalars::instant(self.graph, &mut self.zones, *value, unit, *zone, &mut self.scratch)
                    .map_err(|why| self.unrepresentable(why, KEEPS))?;
                self.sink.str(&self.scratch);
                Ok(())
            }
            Cell::Period { ordinal, freq } => self.period_text(*ordinal, *freq),
            Cell::Interval(ends, closed) => {
                self.begin_map(3)?;
                for (name, end) in ["left", "right"].into_iter().zip(ends.iter()) {
                    self.sink.key();
                    self.sink.str(name);
                    self.sink.value();
                    self.cell(end)?;
                }
                self.sink.key();
                self.sink.str("closed");
                self.sink.value();
                self.emit(*closed)?;
                self.depth -= 1;
                self.sink.end_map();
                Ok(())
            }
            Cell::Geometry(value @ (Value::Bytes { .. } | Value::Py2Str { .. })) => {
                let bytes = match *value {
                    Value::Py2Str { len, at } => Value::Bytes { len, at },
                    other => other,
                };
                self.well_known(bytes, None)
            }
            Cell::Geometry(value) => self.emit(*value),
            Cell::Arrow(column, n) => self.arrow_element(column, *n),
        }
    }
}
