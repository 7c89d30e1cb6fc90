//! Block managers: where the columns of a frame lie.
//!
//! Four generations (`pandas/core/internals/managers.py`): blocks located by the labels of their items (up to 0.13); the state
//! `{'0.14.1': ..}` with places (0.14 to 1.2, and for a Series until today); blocks made by `functools.partial(new_block)`
//! (1.3); by `_unpickle_block` (from 1.4 on). A manager is a part: it stays `Pending` until a frame takes its columns.

use std::collections::HashMap;

use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms, Registry, args};
use super::{Array, fields, is, is_array, is_index, length, list};
use crate::machine::{Form, Reject};
use crate::model::column::{Cell, Column, range_length};
use crate::model::dtype::Element;
use crate::model::graph::{Graph, Kind};
use crate::model::key;
use crate::model::layout::{DatetimeArray, Index, Layout, Ndarray, PandasArray, PeriodArray, TimedeltaArray};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};

pub(in crate::globals) static ROWS: &[Row] = &[
    Row {
        kind: "pd-manager",
        modules: &[module("pandas.core.internals.managers"), module("pandas.core.internals")],
        names: &["BlockManager", "SingleBlockManager"],
        uses: Use::Part(&MANAGER),
        guard: "(blocks, axes); the state (axes, values, items[, {'0.14.1': {'axes', 'blocks'}}])",
    },
    Row {
        kind: "pd-block",
        modules: &[module("pandas._libs.internals")],
        names: &["_unpickle_block"],
        uses: Use::Part(&UNPICKLE_BLOCK),
        guard: "(values, places, dimensions)",
    },
    Row {
        kind: "pd-block",
        modules: &[module("pandas.core.internals.blocks")],
        names: &["new_block"],
        uses: Use::Part(&NEW_BLOCK),
        guard: "(values, places), called through functools.partial with the keyword `ndim`",
    },
];

static MANAGER: Class =
    Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: manager, build: Some(state), bare: false };
static UNPICKLE_BLOCK: Class = Class { forms: Forms::REDUCE, call: block, build: None, bare: false };
pub(in crate::globals) static NEW_BLOCK: Class = Class { forms: Forms::REDUCE, call: block, build: None, bare: false };

/// How the blocks of a manager are located.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// Values and places.
    Places = 0,
    /// Values and an index of labels.
    Labels = 1,
}

/// What a manager holds.
pub(super) struct Manager {
    pub axes: Vec<Value>,
    by: By,
    /// Values, and where they belong.
    blocks: Vec<(Value, Value)>,
}

fn block(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (values, places) = match *ctx.args {
        [values, places] => (values, places),
        [values, places, Value::Int(1 | 2)] => (values, places),
        _ => return ctx.reject("expected values, their places and the number of dimensions"),
    };
    let items = [Value::Global(ctx.global), values, places];
    Ok(Value::Object(ctx.graph.object(Kind::Pending, &items)?))
}

fn manager(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [] if ctx.form != Form::Reduce => ctx.pending(None),
        [blocks, axes] if ctx.form == Form::Reduce => {
            let (axes, _) = list(ctx, axes, "a list of axes")?;
            let (_, blocks) = list(ctx, blocks, "a tuple of blocks")?;
            let mut placed = Vec::new();
            for block in blocks {
                let block = match block {
                    Value::Object(id) if ctx.graph.kind(id) == Kind::Pending => ctx.graph.first::<3>(id),
                    _ => [Value::None; 3],
                };
                match block {
                    [Value::Global(class), values, places]
                        if ctx.registry.is_of(class, &UNPICKLE_BLOCK) || ctx.registry.is_of(class, &NEW_BLOCK) =>
                    {
                        placed.extend([values, places]);
                    }
                    _ => return ctx.reject("expected blocks"),
                }
            }
            let id = ctx.graph.alloc(Kind::Pending)?;
            hold(ctx, id, By::Places, axes, &placed)?;
            Ok(Value::Object(id))
        }
        _ => ctx.reject("expected blocks and axes"),
    }
}

/// Lets a manager's object hold what it is.
fn hold(ctx: &mut Ctx<'_>, id: NodeId, by: By, axes: NodeId, blocks: &[Value]) -> Result<(), Reject> {
    let blocks = ctx.graph.object(Kind::List, blocks)?;
    let items = [Value::Global(ctx.global), Value::Int(by as i64), Value::Object(axes), Value::Object(blocks)];
    Ok(ctx.graph.become_kind(id, Kind::Pending, &items)?)
}

/// BUILD: `(axes, values, items)`, and from 0.14 on a fourth item which says the same by places, and rules.
fn state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.count(target) != 1 {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let parts = args::sequence(ctx.graph, state).map(|id| (ctx.graph.count(id), ctx.graph.first::<4>(id)));
    match parts {
        Some((4, [_, _, _, versions])) => {
            let [state] = fields(ctx, versions, ["0.14.1"])?;
            let Some(state) = state else { return ctx.reject("expected the state `0.14.1`") };
            let [axes, blocks] = fields(ctx, state, ["axes", "blocks"])?;
            let (Some(axes), Some(blocks)) = (axes, blocks) else {
                return ctx.reject("expected axes and blocks as state");
            };
            let (axes, _) = list(ctx, axes, "a list of axes")?;
            let (_, blocks) = list(ctx, blocks, "a list of blocks")?;
            let mut placed = Vec::new();
            for block in blocks {
                match fields(ctx, block, ["values", "mgr_locs"])? {
                    [Some(values), Some(places)] => placed.extend([values, places]),
                    _ => return ctx.reject("expected the values and places of a block"),
                }
            }
            hold(ctx, target, By::Places, axes, &placed)
        }
        Some((3, [axes, values, items, _])) => {
            let (axes, _) = list(ctx, axes, "a list of axes")?;
            let (_, values) = list(ctx, values, "a list of values")?;
            let (_, items) = list(ctx, items, "a list of items")?;
            if values.len() != items.len() {
                return ctx.reject(format!("expected items for {} blocks, found {}", values.len(), items.len()));
            }
            let labelled: Vec<Value> = values.into_iter().zip(items).flat_map(|(v, i)| [v, i]).collect();
            hold(ctx, target, By::Labels, axes, &labelled)
        }
        _ => ctx.reject("expected axes, values and items as state"),
    }
}

/// Whether a value is a manager that has its state.
pub(super) fn is_manager(registry: &Registry, graph: &Graph, value: Value) -> bool {
    match value {
        Value::Object(id) if graph.kind(id) == Kind::Pending && graph.count(id) == 4 => {
            matches!(graph.first::<1>(id), [Value::Global(class)] if registry.is_of(class, &MANAGER))
        }
        _ => false,
    }
}

impl Manager {
    /// The manager that a frame or series of so many axes has.
    pub fn of(ctx: &mut Ctx<'_>, value: Value, axes: usize) -> Result<Manager, Reject> {
        let Value::Object(id) = value else { return ctx.reject("expected a block manager") };
        if !is_manager(ctx.registry, ctx.graph, value) {
            let found = args::type_name(ctx.graph, value);
            return ctx.reject(format!("expected a block manager, found {found}"));
        }
        let [_, by, Value::Object(found), Value::Object(blocks)] = ctx.graph.first::<4>(id) else {
            return ctx.reject("expected a block manager with a state");
        };
        let by = if matches!(by, Value::Int(0)) { By::Places } else { By::Labels };
        ctx.graph.charge((ctx.graph.count(blocks) * size_of::<Value>()) as u64)?;
        let blocks: Vec<Value> = ctx.graph.items(blocks).collect();
        let blocks = blocks.as_chunks::<2>().0.iter().map(|&[values, at]| (values, at)).collect();
        let found: Vec<Value> = ctx.graph.items(found).take(axes + 1).collect();
        if found.len() != axes {
            return ctx.reject(format!("expected {axes} axes, found {}", found.len()));
        }
        if let Some(axis) = found.iter().find(|axis| !is_index(ctx.graph, **axis)) {
            let found = args::type_name(ctx.graph, *axis);
            return ctx.reject(format!("expected an index as axis, found {found}"));
        }
        Ok(Manager { axes: found, by, blocks })
    }

    /// Axes and blocks as plain data: for what is kept as a record.
    pub fn described(&self, ctx: &mut Ctx<'_>) -> Result<[Value; 4], Reject> {
        let axes = Value::Object(ctx.graph.object(Kind::List, &self.axes)?);
        let mut blocks = Vec::new();
        for (values, at) in &self.blocks {
            let id = ctx.graph.alloc(Kind::Dict)?;
            let at_key = ctx.graph.str(if self.by == By::Places { "mgr_locs" } else { "items" })?;
            let pairs = [ctx.graph.str("values")?, *values, at_key, *at];
            ctx.graph.extend_dict(id, &pairs)?;
            blocks.push(Value::Object(id));
        }
        let blocks = Value::Object(ctx.graph.object(Kind::List, &blocks)?);
        Ok([ctx.graph.str("axes")?, axes, ctx.graph.str("blocks")?, blocks])
    }

    /// One array for each of `count` columns, each of `rows` rows.
    pub fn columns(&self, ctx: &mut Ctx<'_>, count: u64, rows: u64) -> Result<Vec<Value>, Reject> {
        ctx.graph.charge(count.saturating_mul(size_of::<Option<Value>>() as u64))?;
        let Ok(count) = usize::try_from(count) else { return ctx.reject("expected fewer columns") };
        let mut columns: Vec<Option<Value>> = vec![None; count];
        let labels = if self.by == By::Labels { Some(self.labels(ctx)?) } else { None };
        for (n, (values, at)) in self.blocks.iter().enumerate() {
            let height = height(ctx, *values)?;
            let places = match &labels {
                Some(labels) => labels.get(n).cloned().unwrap_or_default(),
                None => places(ctx, *at, height, count)?,
            };
            if places.len() as u64 != height {
                return ctx.reject(format!("expected {height} places of a block, found {}", places.len()));
            }
            for (row, place) in places.into_iter().enumerate() {
                let column = row_of(ctx, *values, row)?;
                let found = length(ctx, column)?;
                if found != rows {
                    return ctx.reject(format!("expected {rows} rows as the index has, found {found} in a block"));
                }
                match columns.get_mut(place) {
                    Some(slot @ None) => *slot = Some(column),
                    Some(Some(_)) => {
                        return ctx.reject(format!("expected each column in one block, found {place} twice"));
                    }
                    None => return ctx.reject(format!("expected places below {count}, found {place}")),
                }
            }
        }
        let missing = columns.iter().position(Option::is_none);
        if let Some(missing) = missing {
            return ctx.reject(format!("expected each of {count} columns in a block, found {missing} in none"));
        }
        Ok(columns.into_iter().flatten().collect())
    }

    /// How many axes a manager has.
    pub fn axes(graph: &Graph, value: Value) -> Option<usize> {
        let Value::Object(id) = value else { return None };
        match graph.first::<3>(id) {
            [_, _, Value::Object(axes)] => Some(graph.count(axes)),
            _ => None,
        }
    }

    /// The one array of a series of so many rows; without any block it is empty.
    pub fn only(&self, ctx: &mut Ctx<'_>, rows: u64) -> Result<Value, Reject> {
        let [(values, _)] = *self.blocks else {
            return ctx.reject(format!("expected one block of a series, found {}", self.blocks.len()));
        };
        if height(ctx, values)? != 1 {
            return ctx.reject("expected a block of one column");
        }
        let column = row_of(ctx, values, 0)?;
        let found = length(ctx, column)?;
        if found != rows {
            return ctx.reject(format!("expected {rows} rows as the index has, found {found} in a block"));
        }
        Ok(column)
    }

    /// The places of each block whose columns are known by their labels.
    fn labels(&self, ctx: &mut Ctx<'_>) -> Result<Vec<Vec<usize>>, Reject> {
        let Some(&axis) = self.axes.first() else { return ctx.reject("expected an axis of columns") };
        if let [(_, items)] = *self.blocks {
            let same = matches!((axis, items), (Value::Object(a), Value::Object(b)) if a == b);
            let (all, own) = if same { (Vec::new(), Vec::new()) } else { (labels(ctx, axis)?, labels(ctx, items)?) };
            let equal = all.len() == own.len()
                && all.iter().zip(&own).all(|(a, b)| key::equal(ctx.graph, *a, *b, &mut STEPS.clone()));
            if equal {
                let len = length(ctx, axis)?;
                ctx.graph.charge(len.saturating_mul(size_of::<usize>() as u64))?;
                return Ok(vec![(0..usize::try_from(len).unwrap_or(0)).collect()]);
            }
        }
        let mut known: HashMap<u64, Vec<(usize, Value)>> = HashMap::new();
        for (place, label) in labels(ctx, axis)?.into_iter().enumerate() {
            let hash = hash(ctx, label)?;
            let others = known.entry(hash).or_default();
            ctx.graph.charge(LABEL * (1 + others.len() as u64))?;
            if others.iter().any(|(_, other)| key::equal(ctx.graph, *other, label, &mut STEPS.clone())) {
                return ctx.reject(
                    "expected columns of distinct labels: up to 0.13 pandas did not write which block holds which of them",
                );
            }
            others.push((place, label));
        }
        let mut out = Vec::new();
        for (_, items) in &self.blocks {
            let mut places = Vec::new();
            for label in labels(ctx, *items)? {
                let hash = hash(ctx, label)?;
                let others = known.get(&hash).map_or(&[][..], Vec::as_slice);
                ctx.graph.charge(LABEL * (1 + others.len() as u64))?;
                let found = others.iter().find(|(_, other)| key::equal(ctx.graph, *other, label, &mut STEPS.clone()));
                match found {
                    Some((place, _)) => places.push(*place),
                    None => return ctx.reject("expected the items of a block among the columns"),
                }
            }
            out.push(places);
        }
        Ok(out)
    }
}

/// Bytes charged for a label that is looked up, and for each it is compared with.
const LABEL: u64 = 48;
/// Values that a comparison of two labels may look at.
const STEPS: u32 = 10_000;

fn hash(ctx: &mut Ctx<'_>, label: Value) -> Result<u64, Reject> {
    match key::hash(ctx.graph, label, &mut 1_000_000) {
        Ok(hash) => Ok(hash),
        Err(key::KeyError::Limit(e)) => Err(Reject::Limit(e)),
        Err(key::KeyError::Unhashable(what)) => ctx.reject(format!("expected labels that are hashable, found {what}")),
    }
}

/// The labels of an index as values that can be compared; those of a MultiIndex are tuples.
fn labels(ctx: &mut Ctx<'_>, index: Value) -> Result<Vec<Value>, Reject> {
    if !is_index(ctx.graph, index) {
        let found = args::type_name(ctx.graph, index);
        return ctx.reject(format!("expected an index of labels, found {found}"));
    }
    let len = length(ctx, index)?;
    ctx.graph.charge(len.saturating_mul(2 * size_of::<Value>() as u64))?;
    let read: Result<Vec<Vec<Value>>, String> = Column::levels(ctx.graph, index).and_then(|levels| {
        levels.iter().map(|(_, column)| (0..column.len).map(|n| label(&column.cell(n))).collect()).collect()
    });
    let levels = read.or_else(|problem| ctx.reject(problem))?;
    let mut levels = levels.into_iter();
    match (levels.next(), levels.len()) {
        (Some(only), 0) => Ok(only),
        (Some(first), _) => {
            let rest: Vec<Vec<Value>> = levels.collect();
            let mut out = Vec::new();
            for (n, value) in first.into_iter().enumerate() {
                let mut parts = vec![value];
                parts.extend(rest.iter().filter_map(|level| level.get(n)).copied());
                out.push(Value::Object(ctx.graph.object(Kind::Tuple, &parts)?));
            }
            Ok(out)
        }
        (None, _) => Ok(Vec::new()),
    }
}

/// A label as a value that can be compared with others of its index's kind.
fn label(cell: &Cell<'_>) -> Result<Value, String> {
    Ok(match *cell {
        Cell::Missing => Value::None,
        Cell::Value(value) => value,
        Cell::Int(n) | Cell::Instant { value: n, .. } | Cell::Period { ordinal: n, .. } => Value::Int(n),
        Cell::Element(Element::Bool(b)) => Value::Bool(b),
        Cell::Element(Element::Int(n) | Element::DateTime(Some(n), ..) | Element::TimeDelta(Some(n), ..)) => {
            Value::Int(n)
        }
        Cell::Element(Element::Uint(n)) => match i64::try_from(n) {
            Ok(n) => Value::Int(n),
            Err(_) => return Err("expected labels of at most 63 bits".to_owned()),
        },
        Cell::Element(Element::Float(value)) => Value::float(value),
        _ => return Err("expected labels that are text, numbers, times or objects".to_owned()),
    })
}

/// How many columns the values of a block have.
fn height(ctx: &mut Ctx<'_>, values: Value) -> Result<u64, Reject> {
    Ok(match two_dimensional(ctx, values)? {
        Some(array) => array.shape.first().map_or(0, |n| *n as u64),
        None => 1,
    })
}

/// The array of two dimensions below the values of a block.
fn two_dimensional(ctx: &mut Ctx<'_>, values: Value) -> Result<Option<Array>, Reject> {
    let data = match ctx.graph.layout(values) {
        Some((Layout::Ndarray, _)) => values,
        Some((Layout::DatetimeArray, id)) => DatetimeArray::of(ctx.graph, id).data,
        Some((Layout::TimedeltaArray, id)) => TimedeltaArray::of(ctx.graph, id).data,
        Some((Layout::PeriodArray, id)) => PeriodArray::of(ctx.graph, id).data,
        Some((Layout::PandasArray, id)) => PandasArray::of(ctx.graph, id).data,
        Some((Layout::Index, _)) => return Ok(None),
        _ if is_array(ctx.graph, values) => return Ok(None),
        _ => {
            let found = args::type_name(ctx.graph, values);
            return ctx.reject(format!("expected an array as values of a block, found {found}"));
        }
    };
    let array = Array::of(ctx, data)?;
    match array.shape.len() {
        1 => Ok(None),
        2 => Ok(Some(array)),
        n => ctx.reject(format!("expected values of one or two dimensions, found {n}")),
    }
}

/// One column of a block.
fn row_of(ctx: &mut Ctx<'_>, values: Value, row: usize) -> Result<Value, Reject> {
    let Some(array) = two_dimensional(ctx, values)? else {
        // Up to 0.23 the values of a block of datetimes with a zone are an index.
        return Ok(match is(ctx.graph, values, Layout::Index) {
            Some(id) => Index::of(ctx.graph, id).data,
            None => values,
        });
    };
    let part = split(ctx, &array, row)?;
    Ok(match ctx.graph.layout(values) {
        Some((Layout::DatetimeArray, id)) => {
            let whole = DatetimeArray::of(ctx.graph, id);
            ctx.graph.structure(&DatetimeArray { data: part, ..whole })?
        }
        Some((Layout::TimedeltaArray, id)) => {
            let whole = TimedeltaArray::of(ctx.graph, id);
            ctx.graph.structure(&TimedeltaArray { data: part, ..whole })?
        }
        Some((Layout::PeriodArray, id)) => {
            let whole = PeriodArray::of(ctx.graph, id);
            ctx.graph.structure(&PeriodArray { data: part, ..whole })?
        }
        Some((Layout::PandasArray, _)) => ctx.graph.structure(&PandasArray { data: part })?,
        _ => part,
    })
}

/// One row of an array of two dimensions: a range of its bytes, or of its values; copied only where its bytes lie apart.
fn split(ctx: &mut Ctx<'_>, array: &Array, row: usize) -> Result<Value, Reject> {
    let [height, width] = *array.shape else { return ctx.reject("expected an array of two dimensions") };
    let shape = Value::Object(ctx.graph.object(Kind::List, &[Value::Int(width as i64)])?);
    let whole = array.array;
    let size = array.dtype.size;
    let data = match whole.data {
        Value::Object(values) => {
            row.checked_mul(width).map(|from| ctx.graph.part(values, from, width)).transpose()?.map(Value::Object)
        }
        data if matches!(whole.order, Value::None) => {
            let len = width.checked_mul(size);
            let range = len.and_then(|len| Some((row.checked_mul(len)?, len)));
            range.and_then(|(from, len)| ctx.graph.slice_bytes(data, from, len))
        }
        Value::Bytes { len, at } => {
            ctx.graph.charge((width.saturating_mul(size)) as u64)?;
            let row = tensor::strided(ctx.graph.bytes(len, at), size, row, height, width);
            Some(ctx.graph.new_bytes(&row)?)
        }
        _ => None,
    };
    match data {
        Some(data) => Ok(ctx.graph.structure(&Ndarray { shape, data, order: Value::None, ..whole })?),
        None => ctx.reject("expected as much data as the shape says"),
    }
}

/// The places of a block: a slice, an array of ints, or one int.
fn places(ctx: &mut Ctx<'_>, at: Value, height: u64, columns: usize) -> Result<Vec<usize>, Reject> {
    let found: Option<Vec<i64>> = match at {
        Value::Int(n) => Some(vec![n]),
        Value::Object(id) if ctx.graph.kind(id) == Kind::Slice => {
            let [start, stop, step] = ctx.graph.first::<3>(id);
            let int = |value, default: i64| match value {
                Value::None => Some(default),
                value => super::int(ctx.graph, value),
            };
            let step = int(step, 1);
            let (low, high) = if step.is_some_and(|step| step < 0) { (None, Some(-1)) } else { (Some(0), None) };
            let start = if matches!(start, Value::None) { low } else { int(start, 0) };
            let stop = if matches!(stop, Value::None) { high } else { int(stop, 0) };
            match (start, stop, step) {
                (Some(start), Some(stop), Some(step)) => {
                    // The height is that of an array that is there.
                    let count = range_length(start, stop, step).unwrap_or(0);
                    if count != height {
                        return ctx.reject(format!("expected {height} places of a block, found a slice of {count}"));
                    }
                    ctx.graph.charge(count.saturating_mul(size_of::<i64>() as u64))?;
                    let count = usize::try_from(count).unwrap_or(0);
                    let place = |n: usize| start.checked_add(step.checked_mul(i64::try_from(n).ok()?)?);
                    (0..count).map(place).collect()
                }
                _ => None,
            }
        }
        array if is(ctx.graph, array, Layout::Ndarray).is_some() => {
            let array = Array::of(ctx, array)?;
            if array.shape.len() == 1 { array.ints(ctx.graph)? } else { None }
        }
        _ => None,
    };
    let Some(found) = found else {
        let found = args::type_name(ctx.graph, at);
        return ctx.reject(format!("expected a slice or an array of ints as places, found {found}"));
    };
    let places: Option<Vec<usize>> = found.iter().map(|n| usize::try_from(*n).ok().filter(|n| *n < columns)).collect();
    match places {
        Some(places) => Ok(places),
        None => ctx.reject(format!("expected places from 0 to below {columns}")),
    }
}
