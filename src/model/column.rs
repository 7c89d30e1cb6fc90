//! A column: one view over every kind of array that a table, a Series or an index holds.
//!
//! A view borrows from the graph and copies no buffers; a cell is reached by its place. Writers ask [`Column::of`] and
//! match on [`Values`] where a whole column has one type, or take cell after cell.

use std::borrow::Cow;

use crate::model::arrow;
use crate::model::dtype::{DType, Element, Type, Unit};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{
    ArrowArray, ArrowChunked, ArrowExtension, Categorical, DatetimeArray, GeometryArray, Index, IntervalArray, Layout,
    MultiIndex, Ndarray, NullableArray, PandasArray, PeriodArray, RangeIndex, SparseArray, StringArray, TimedeltaArray,
};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};

/// Arrays inside each other: an index, its categorical, the categories' index, its intervals, their index, its array …
const MAX_DEPTH: u32 = 12;

/// Elements of a numpy dtype without objects, `dtype.size` bytes each, in order.
#[derive(Clone, Debug)]
pub(crate) struct Fixed<'g> {
    pub dtype: DType,
    pub data: &'g [u8],
}

impl<'g> Fixed<'g> {
    /// The bytes of an element.
    pub fn bytes(&self, n: usize) -> Option<&'g [u8]> {
        let at = n.checked_mul(self.dtype.size)?;
        self.data.get(at..at.checked_add(self.dtype.size)?)
    }

    /// An element that is a scalar; `None` for structured dtypes and sub-arrays.
    pub fn element(&self, n: usize) -> Option<Element<'g>> {
        self.dtype.element(self.bytes(n)?)
    }

    /// An int, or a datetime or timedelta that is not missing.
    pub fn int(&self, n: usize) -> Option<i64> {
        match self.element(n)? {
            Element::Int(n) | Element::DateTime(Some(n), ..) | Element::TimeDelta(Some(n), ..) => Some(n),
            Element::Uint(n) => i64::try_from(n).ok(),
            _ => None,
        }
    }
}

/// The values of a column.
#[derive(Debug)]
pub(crate) enum Values<'g> {
    /// Numbers, bools, complex, bytes, text, void, datetimes without zone, timedeltas, structured elements, sub-arrays.
    Fixed(Fixed<'g>),
    /// Any values: an object array, a StringDType, tuples of a structured dtype that holds objects.
    Objects(Cow<'g, [Value]>),
    /// `start`, `start + step` …
    Range { start: i64, step: i64 },
    /// `M8[unit]` in UTC, and the zone.
    Zoned { data: Fixed<'g>, zone: Value },
    /// Ordinals (the smallest int is missing) of a frequency: text or an Offset.
    Period { data: Fixed<'g>, freq: Value },
    /// A value between two of one type; `closed` is text.
    Interval { left: Box<Column<'g>>, right: Box<Column<'g>>, closed: Value },
    /// Codes (ints; below 0 is missing) into categories. Also one level of a MultiIndex.
    Categorical { codes: Fixed<'g>, categories: Box<Column<'g>>, ordered: bool },
    /// Values of which those with a mask byte that is not 0 are missing.
    Masked { data: Box<Column<'g>>, mask: &'g [u8] },
    /// Text; anything else than a str is missing.
    Strings(Box<Column<'g>>),
    /// Chunks of Arrow, and the first row of each.
    Arrow(Vec<(usize, arrow::Column<'g>)>),
    /// The values at `places`, the fill value elsewhere.
    Sparse { data: Box<Column<'g>>, places: Places<'g>, fill: Value },
    /// Well-known binary, geometries, None; `crs` is text or None.
    Geometry { data: Box<Column<'g>>, crs: Value },
}

/// Where the stored values of a sparse column lie.
#[derive(Debug)]
pub(crate) enum Places<'g> {
    /// One place each, ascending.
    Each(Fixed<'g>),
    /// Runs: first place, length, how many values come before; ascending.
    Runs(Vec<(u64, u64, u64)>),
}

/// One cell.
#[derive(Clone, Debug)]
pub(crate) enum Cell<'c> {
    /// NaT, NA, masked, without a category.
    Missing,
    /// A numpy scalar; datetimes and timedeltas are not missing.
    Element(Element<'c>),
    /// An element of a structured dtype or a sub-array.
    Compound(&'c DType, &'c [u8]),
    /// A value of the graph.
    Value(Value),
    /// An int of a range.
    Int(i64),
    /// UTC since 1970 in units, and the zone.
    Instant {
        value: i64,
        unit: Unit,
        zone: Value,
    },
    Period {
        ordinal: i64,
        freq: Value,
    },
    /// Left, right, and `closed` as text.
    Interval(Box<[Cell<'c>; 2]>, Value),
    /// Well-known binary, or a geometry.
    Geometry(Value),
    /// An element of an array of Arrow, which may be null.
    Arrow(&'c arrow::Column<'c>, usize),
}

/// A column of known length.
#[derive(Debug)]
pub(crate) struct Column<'g> {
    pub len: usize,
    pub values: Values<'g>,
}

/// What does not agree, for a message: `expected …, found …`.
type Problem = String;

fn problem<T>(what: &str) -> Result<T, Problem> {
    Err(what.to_owned())
}

impl<'g> Column<'g> {
    /// The column that an array or an index of one level is.
    ///
    /// # Errors
    /// It is neither, has other than one dimension, or its parts do not agree in length.
    pub fn of(graph: &'g Graph, value: Value) -> Result<Self, Problem> {
        column(graph, value, MAX_DEPTH)
    }

    /// The column that an array of one dimension is.
    ///
    /// # Errors
    /// As for [`Column::of`].
    pub fn of_array(graph: &'g Graph, array: &Ndarray) -> Result<Self, Problem> {
        ndarray(graph, array)
    }

    /// One column for each level of an index, with its name.
    ///
    /// # Errors
    /// As for [`Column::of`].
    pub fn levels(graph: &'g Graph, index: Value) -> Result<Vec<(Value, Self)>, Problem> {
        match graph.layout(index) {
            Some((Layout::MultiIndex, id)) => {
                let MultiIndex { levels, codes, names, .. } = MultiIndex::of(graph, id);
                let (Value::Object(levels), Value::Object(codes), Value::Object(names)) = (levels, codes, names) else {
                    return problem("expected lists of levels, codes and names");
                };
                let mut out: Vec<(Value, Self)> = Vec::new();
                let mut names = graph.items(names);
                for (level, codes) in graph.items(levels).zip(graph.items(codes)) {
                    let name = names.next().unwrap_or(Value::None);
                    let column = coded(graph, codes, level, false, MAX_DEPTH)?;
                    if out.first().is_some_and(|(_, first)| first.len != column.len) {
                        return problem("expected codes of one length in every level");
                    }
                    out.push((name, column));
                }
                Ok(out)
            }
            Some((Layout::RangeIndex, id)) => Ok(vec![(RangeIndex::of(graph, id).name, Column::of(graph, index)?)]),
            Some((Layout::Index, id)) => Ok(vec![(Index::of(graph, id).name, Column::of(graph, index)?)]),
            _ => problem("expected an index"),
        }
    }

    /// The cell of a row below `len`.
    pub fn cell(&self, n: usize) -> Cell<'_> {
        if n >= self.len {
            return Cell::Missing;
        }
        match &self.values {
            Values::Fixed(fixed) => match (fixed.element(n), fixed.bytes(n)) {
                (Some(Element::DateTime(None, ..) | Element::TimeDelta(None, ..)), _) => Cell::Missing,
                (Some(element), _) => Cell::Element(element),
                (None, Some(bytes)) => Cell::Compound(&fixed.dtype, bytes),
                (None, None) => Cell::Missing,
            },
            Values::Objects(values) => values.get(n).map_or(Cell::Missing, |value| Cell::Value(*value)),
            Values::Range { start, step } => {
                let steps = i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(*step);
                Cell::Int(start.saturating_add(steps))
            }
            Values::Zoned { data, zone } => match (data.int(n), unit_of(&data.dtype)) {
                (Some(value), Some((unit, _))) => Cell::Instant { value, unit, zone: *zone },
                _ => Cell::Missing,
            },
            Values::Period { data, freq } => match data.int(n) {
                Some(ordinal) if ordinal != i64::MIN => Cell::Period { ordinal, freq: *freq },
                _ => Cell::Missing,
            },
            Values::Interval { left, right, closed } => match (left.cell(n), right.cell(n)) {
                (Cell::Missing, _) | (_, Cell::Missing) => Cell::Missing,
                // pandas writes a missing interval as two NaNs.
                (Cell::Element(Element::Float(l)), Cell::Element(Element::Float(r))) if l.is_nan() && r.is_nan() => {
                    Cell::Missing
                }
                (left, right) => Cell::Interval(Box::new([left, right]), *closed),
            },
            Values::Categorical { codes, categories, .. } => {
                match codes.int(n).and_then(|code| usize::try_from(code).ok()) {
                    Some(code) => categories.cell(code),
                    None => Cell::Missing,
                }
            }
            Values::Masked { data, mask } => match mask.get(n) {
                Some(0) => data.cell(n),
                _ => Cell::Missing,
            },
            Values::Strings(data) => match data.cell(n) {
                cell @ (Cell::Value(Value::Str { .. } | Value::Wtf8 { .. } | Value::Py2Str { .. })
                | Cell::Arrow(..)) => cell,
                _ => Cell::Missing,
            },
            Values::Arrow(chunks) => {
                let at = chunks.partition_point(|(first, _)| *first <= n).checked_sub(1);
                match at.and_then(|at| chunks.get(at)) {
                    Some((first, chunk)) => Cell::Arrow(chunk, n - first),
                    None => Cell::Missing,
                }
            }
            Values::Sparse { data, places, fill } => match places.find(n) {
                Some(at) => data.cell(at),
                None => Cell::Value(*fill),
            },
            Values::Geometry { data, .. } => match data.cell(n) {
                Cell::Value(Value::None) => Cell::Missing,
                Cell::Value(value) => Cell::Geometry(value),
                cell => cell,
            },
        }
    }
}

impl Places<'_> {
    /// Which stored value a row has.
    pub fn find(&self, n: usize) -> Option<usize> {
        let row = u64::try_from(n).ok()?;
        match self {
            Places::Each(places) => {
                let wanted = i64::try_from(n).ok()?;
                let (mut low, mut high) = (0, places.data.len().checked_div(places.dtype.size).unwrap_or(0));
                while low < high {
                    let middle = low + (high - low) / 2;
                    match places.int(middle)?.cmp(&wanted) {
                        std::cmp::Ordering::Less => low = middle + 1,
                        std::cmp::Ordering::Equal => return Some(middle),
                        std::cmp::Ordering::Greater => high = middle,
                    }
                }
                None
            }
            Places::Runs(runs) => {
                let at = runs.partition_point(|(first, ..)| *first <= row).checked_sub(1)?;
                let (first, len, before) = *runs.get(at)?;
                let within = row - first;
                if within < len { usize::try_from(before + within).ok() } else { None }
            }
        }
    }
}

/// The unit and multiple of a datetime or timedelta dtype.
pub(crate) fn unit_of(dtype: &DType) -> Option<(Unit, u32)> {
    match dtype.ty {
        Type::DateTime(unit, count) | Type::TimeDelta(unit, count) => Some((unit, count)),
        _ => None,
    }
}

/// How many rows an array or an index has; cheap, whatever it holds.
///
/// # Errors
/// It is neither, or has other than one dimension.
pub(crate) fn length(graph: &Graph, value: Value) -> Result<u64, Problem> {
    let mut value = value;
    for _ in 0..MAX_DEPTH {
        let Some((layout, id)) = graph.layout(value) else { break };
        value = match layout {
            Layout::Ndarray => {
                return match *tensor::ints(graph, Ndarray::of(graph, id).shape) {
                    [n] => u64::try_from(n).or_else(|_| problem("expected a length of 0 or more")),
                    _ => problem("expected an array of one dimension"),
                };
            }
            Layout::RangeIndex => {
                let RangeIndex { start: Value::Int(start), stop: Value::Int(stop), step: Value::Int(step), .. } =
                    RangeIndex::of(graph, id)
                else {
                    return problem("expected ints as start, stop and step");
                };
                return range_length(start, stop, step).ok_or_else(|| "expected a step that is not 0".to_owned());
            }
            Layout::MultiIndex => {
                let codes = MultiIndex::of(graph, id).codes;
                let first = if let Value::Object(list) = codes { graph.item(list, 0) } else { None };
                match first {
                    Some(first) => first,
                    None => return Ok(0),
                }
            }
            Layout::SparseArray => {
                let length = SparseArray::of(graph, id).length;
                return match length {
                    Value::Int(n) if n >= 0 => Ok(n.unsigned_abs()),
                    _ => problem("expected a length of 0 or more"),
                };
            }
            Layout::ArrowArray => {
                return match ArrowArray::of(graph, id).length {
                    Value::Int(n) if n >= 0 => Ok(n.unsigned_abs()),
                    _ => problem("expected a length of 0 or more"),
                };
            }
            Layout::ArrowChunked => return chunks(graph, id).map(|rows| rows.iter().map(|(_, rows)| rows).sum()),
            Layout::Index => Index::of(graph, id).data,
            Layout::Categorical => Categorical::of(graph, id).codes,
            Layout::DatetimeArray => DatetimeArray::of(graph, id).data,
            Layout::TimedeltaArray => TimedeltaArray::of(graph, id).data,
            Layout::PeriodArray => PeriodArray::of(graph, id).data,
            Layout::IntervalArray => IntervalArray::of(graph, id).left,
            Layout::NullableArray => NullableArray::of(graph, id).data,
            Layout::StringArray => StringArray::of(graph, id).data,
            Layout::ArrowExtension => ArrowExtension::of(graph, id).data,
            Layout::GeometryArray => GeometryArray::of(graph, id).data,
            Layout::PandasArray => PandasArray::of(graph, id).data,
            _ => break,
        };
    }
    problem("expected an array or an index")
}

/// How many ints a range has; `None` where the step is 0.
pub(crate) fn range_length(start: i64, stop: i64, step: i64) -> Option<u64> {
    let (start, stop, step) = (i128::from(start), i128::from(stop), i128::from(step));
    let span = match step {
        0 => return None,
        1.. => stop - start,
        _ => start - stop,
    };
    let size = step.abs();
    u64::try_from((span.max(0) + size - 1) / size).ok()
}

fn column(graph: &Graph, value: Value, depth: u32) -> Result<Column<'_>, Problem> {
    let Some(depth) = depth.checked_sub(1) else {
        return problem("expected an array, found arrays nested too deep");
    };
    let Some((layout, id)) = graph.layout(value) else { return problem("expected an array") };
    let (len, values) = match layout {
        Layout::Ndarray => return ndarray(graph, &Ndarray::of(graph, id)),
        Layout::RangeIndex => {
            let len = usize::try_from(length(graph, value)?).or_else(|_| problem("expected a shorter range"))?;
            match RangeIndex::of(graph, id) {
                RangeIndex { start: Value::Int(start), step: Value::Int(step), .. } => {
                    (len, Values::Range { start, step })
                }
                _ => return problem("expected ints as start and step"),
            }
        }
        Layout::Index => return column(graph, Index::of(graph, id).data, depth),
        Layout::PandasArray => return column(graph, PandasArray::of(graph, id).data, depth),
        Layout::ArrowExtension => return column(graph, ArrowExtension::of(graph, id).data, depth),
        Layout::TimedeltaArray => return column(graph, TimedeltaArray::of(graph, id).data, depth),
        Layout::DatetimeArray => {
            let DatetimeArray { data, tz, .. } = DatetimeArray::of(graph, id);
            let (len, data) = fixed(graph, data)?;
            match tz {
                Value::None => (len, Values::Fixed(data)),
                zone => (len, Values::Zoned { data, zone }),
            }
        }
        Layout::PeriodArray => {
            let PeriodArray { data, freq } = PeriodArray::of(graph, id);
            let (len, data) = fixed(graph, data)?;
            (len, Values::Period { data, freq })
        }
        Layout::IntervalArray => {
            let IntervalArray { left, right, closed } = IntervalArray::of(graph, id);
            let (left, right) = (column(graph, left, depth)?, column(graph, right, depth)?);
            if left.len != right.len {
                return problem("expected two sides of one length");
            }
            (left.len, Values::Interval { left: Box::new(left), right: Box::new(right), closed })
        }
        Layout::Categorical => {
            let Categorical { categories, codes, ordered } = Categorical::of(graph, id);
            return coded(graph, codes, categories, matches!(ordered, Value::Bool(true)), depth);
        }
        Layout::NullableArray => {
            let NullableArray { data, mask } = NullableArray::of(graph, id);
            let data = column(graph, data, depth)?;
            let (len, mask) = fixed(graph, mask)?;
            if len != data.len || mask.dtype.size != 1 {
                return problem("expected a mask of one byte for each value");
            }
            (len, Values::Masked { data: Box::new(data), mask: mask.data })
        }
        Layout::StringArray => {
            let data = column(graph, StringArray::of(graph, id).data, depth)?;
            (data.len, Values::Strings(Box::new(data)))
        }
        Layout::SparseArray => {
            let sparse = SparseArray::of(graph, id);
            let Value::Int(len) = sparse.length else { return problem("expected a length") };
            let len = usize::try_from(len).or_else(|_| problem("expected a length of 0 or more"))?;
            let data = column(graph, sparse.data, depth)?;
            let (count, first) = fixed(graph, sparse.indices)?;
            let places = match sparse.lengths {
                Value::None if count == data.len => Places::Each(first),
                Value::None => return problem("expected one place for each value"),
                lengths => {
                    let (runs, lengths) = fixed(graph, lengths)?;
                    if runs != count {
                        return problem("expected one length for each block");
                    }
                    let mut out = Vec::new();
                    let mut before = 0u64;
                    for n in 0..runs {
                        let (Some(at), Some(len)) = (first.int(n), lengths.int(n)) else {
                            return problem("expected blocks of ints");
                        };
                        let (Ok(at), Ok(len)) = (u64::try_from(at), u64::try_from(len)) else {
                            return problem("expected blocks of 0 or more");
                        };
                        out.push((at, len, before));
                        before = before.saturating_add(len);
                    }
                    if before != data.len as u64 {
                        return problem("expected one place for each value");
                    }
                    Places::Runs(out)
                }
            };
            (len, Values::Sparse { data: Box::new(data), places, fill: sparse.fill_value })
        }
        Layout::GeometryArray => {
            let GeometryArray { data, crs } = GeometryArray::of(graph, id);
            let data = column(graph, data, depth)?;
            (data.len, Values::Geometry { data: Box::new(data), crs })
        }
        Layout::ArrowArray => arrow(graph, &[id])?,
        Layout::ArrowChunked => {
            let chunks: Vec<NodeId> = chunks(graph, id)?.into_iter().map(|(chunk, _)| chunk).collect();
            arrow(graph, &chunks)?
        }
        _ => return problem("expected an array or an index of one level"),
    };
    Ok(Column { len, values })
}

/// Codes into categories, which may be None where every value is missing.
fn coded(graph: &Graph, codes: Value, categories: Value, ordered: bool, depth: u32) -> Result<Column<'_>, Problem> {
    let (len, codes) = fixed(graph, codes)?;
    let categories = match categories {
        Value::None => Column { len: 0, values: Values::Objects(Cow::Borrowed(&[])) },
        categories => column(graph, categories, depth)?,
    };
    Ok(Column { len, values: Values::Categorical { codes, categories: Box::new(categories), ordered } })
}

/// Each chunk of a chunked array, and how many rows it has.
fn chunks(graph: &Graph, id: NodeId) -> Result<Vec<(NodeId, u64)>, Problem> {
    let Value::Object(list) = ArrowChunked::of(graph, id).chunks else { return problem("expected a list of chunks") };
    let (mut all, mut out) = (0_u64, Vec::new());
    for chunk in graph.items(list) {
        let Some((Layout::ArrowArray, chunk)) = graph.layout(chunk) else {
            return problem("expected arrays of Arrow as chunks");
        };
        let Value::Int(rows) = ArrowArray::of(graph, chunk).length else { return problem("expected a length") };
        let rows = u64::try_from(rows).or_else(|_| problem("expected a length of 0 or more"))?;
        all = all.checked_add(rows).ok_or_else(|| "expected fewer rows in all chunks".to_owned())?;
        out.push((chunk, rows));
    }
    Ok(out)
}

/// Chunks as a column.
fn arrow<'g>(graph: &'g Graph, chunks: &[NodeId]) -> Result<(usize, Values<'g>), Problem> {
    let (mut first, mut out) = (0_usize, Vec::new());
    for chunk in chunks {
        let chunk = arrow::Column::of(graph, *chunk)?;
        let len = chunk.len;
        out.push((first, chunk));
        first = first.checked_add(len).ok_or_else(|| "expected fewer rows in all chunks".to_owned())?;
    }
    Ok((first, Values::Arrow(out)))
}

/// An array of one dimension whose elements lie in bytes.
fn fixed(graph: &Graph, value: Value) -> Result<(usize, Fixed<'_>), Problem> {
    match graph.layout(value) {
        Some((Layout::Ndarray, id)) => match ndarray(graph, &Ndarray::of(graph, id))? {
            Column { len, values: Values::Fixed(fixed) } => Ok((len, fixed)),
            _ => problem("expected an array of numbers"),
        },
        _ => problem("expected an array of numbers"),
    }
}

fn ndarray<'g>(graph: &'g Graph, array: &Ndarray) -> Result<Column<'g>, Problem> {
    let [len] = *tensor::ints(graph, array.shape) else { return problem("expected an array of one dimension") };
    let len = usize::try_from(len).or_else(|_| problem("expected a length of 0 or more"))?;
    let dtype = DType::of(graph, array.dtype)?;
    let values = match array.data {
        Value::Object(list) if graph.kind(list) == Kind::List => {
            let values = graph.all_items(list);
            if values.len() != len {
                return problem("expected as many values as the shape says");
            }
            Values::Objects(values)
        }
        Value::Bytes { len: bytes, at } => {
            let data = graph.bytes(bytes, at);
            if dtype.has_objects() || len.checked_mul(dtype.size) != Some(data.len()) {
                return problem("expected as many bytes as the shape and the dtype say");
            }
            Values::Fixed(Fixed { dtype, data })
        }
        _ => return problem("expected bytes or a list of values"),
    };
    let column = Column { len, values };
    match array.mask {
        Value::Bytes { len: bytes, at } if graph.bytes(bytes, at).len() == len => {
            Ok(Column { len, values: Values::Masked { data: Box::new(column), mask: graph.bytes(bytes, at) } })
        }
        Value::None => Ok(column),
        _ => problem("expected a mask of one byte for each value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::model::layout::Dtype;

    fn array(graph: &mut Graph, dtype: &str, len: i64, data: &[u8]) -> Value {
        let str = graph.str(dtype).expect("memory");
        let dtype = graph.structure(&Dtype { str, ..Default::default() }).expect("memory");
        let shape = Value::Object(graph.object(Kind::List, &[Value::Int(len)]).expect("memory"));
        let data = graph.new_bytes(data).expect("memory");
        graph.structure(&Ndarray { dtype, shape, data, ..Default::default() }).expect("memory")
    }

    #[test]
    fn ranges_count_as_python_does() {
        for (range, expected) in [
            ((0, 3, 1), Some(3)),
            ((3, 0, 1), Some(0)),
            ((2, 20, 3), Some(6)),
            ((5, 0, -2), Some(3)),
            ((0, 0, 0), None),
            ((i64::MIN, i64::MAX, 1), Some(u64::MAX)),
        ] {
            assert_eq!(range_length(range.0, range.1, range.2), expected, "{range:?}");
        }
    }

    #[test]
    fn codes_lead_to_categories() {
        let mut graph = Graph::new(&Limits::default());
        let codes = array(&mut graph, "|i1", 3, &[1, 255, 0]);
        let categories = array(&mut graph, ">i2", 2, &[0, 7, 0, 9]);
        let value = graph.structure(&Categorical { categories, codes, ordered: Value::Bool(false) }).expect("memory");
        let column = Column::of(&graph, value).expect("a column");
        assert_eq!(length(&graph, value), Ok(3));
        assert!(matches!(column.cell(0), Cell::Element(Element::Int(9))));
        assert!(matches!(column.cell(1), Cell::Missing));
        assert!(matches!(column.cell(2), Cell::Element(Element::Int(7))));
    }

    #[test]
    fn sparse_cells_are_found_in_blocks_and_one_by_one() {
        let mut graph = Graph::new(&Limits::default());
        let data = array(&mut graph, "|u1", 3, &[10, 20, 30]);
        let indices = array(&mut graph, "<i2", 3, &[1, 0, 2, 0, 5, 0]);
        let fill_value = Value::Int(0);
        let sparse = SparseArray { length: Value::Int(7), data, indices, lengths: Value::None, fill_value };
        let value = graph.structure(&sparse).expect("memory");
        let blocks = array(&mut graph, "<i2", 2, &[1, 0, 5, 0]);
        let lengths = array(&mut graph, "<i2", 2, &[2, 0, 1, 0]);
        let other = graph.structure(&SparseArray { indices: blocks, lengths, ..sparse }).expect("memory");
        for value in [value, other] {
            let column = Column::of(&graph, value).expect("a column");
            let cells: Vec<u64> = (0..column.len)
                .map(|n| match column.cell(n) {
                    Cell::Element(Element::Uint(n)) => n,
                    Cell::Value(Value::Int(0)) => 0,
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(cells, [0, 10, 20, 0, 0, 30, 0]);
        }
    }

    #[test]
    fn what_does_not_agree_is_no_column() {
        let mut graph = Graph::new(&Limits::default());
        let short = array(&mut graph, "<i8", 2, &[0; 8]);
        assert!(Column::of(&graph, short).is_err());
        assert!(Column::of(&graph, Value::Int(1)).is_err());
        assert!(length(&graph, Value::None).is_err());
    }
}
