//! What pandas was before 0.15, and what it dropped since: indexes and series that are arrays of numpy with a state of their
//! own, sparse frames and series, panels, DateRange.
//!
//! Sources: `__reduce__` and `__setstate__` of `pandas/core/{index,series,panel}.py` and `pandas/sparse/*.py` in 0.4 to 0.25. A
//! panel, and a sparse frame before 0.13, stay records of their parts.

use super::super::table::{Row, Use, module};
use super::super::{Build, Class, Ctx, Forms, args, numpy, records};
use super::frame::{SERIES, Shell};
use super::manager::Manager;
use super::{arrays, class_name, index, is_index, length};
use crate::machine::Reject;
use crate::model::graph::Kind;
use crate::model::layout::{Ndarray, Series};
use crate::model::value::{NodeId, Value};

pub(in crate::globals) static ROWS: &[Row] = &[
    Row {
        kind: "pd-panel",
        modules: &[module("pandas.core.panel")],
        names: &["LongPanel", "Panel", "WidePanel"],
        uses: Use::Data(&PANEL),
        guard: "(), the state of a manager or a dict with it; a record of its axes and blocks",
    },
    Row {
        kind: "pd-sparse-old",
        modules: &[module("pandas.core.sparse.frame"), module("pandas.sparse.frame"), module("pandas.core.sparse")],
        names: &["SparseDataFrame"],
        uses: Use::Data(&SPARSE_FRAME),
        guard: "(), the state of a dict with a manager; before 0.13 ({column: (sparse index, values)}, ..), a record",
    },
    Row {
        kind: "pd-sparse-old",
        modules: &[module("pandas.core.sparse.series"), module("pandas.sparse.series"), module("pandas.core.sparse")],
        names: &["SparseSeries", "SparseTimeSeries"],
        uses: Use::Data(&SPARSE_SERIES),
        guard: "(), the state of a dict with a manager; as the class of an array, with its index, fill value, sparse index, name",
    },
];

/// Classes of arrays that numpy's `_reconstruct` makes and that are something else here.
pub(in crate::globals) static ARRAYS: &[(&Class, Build)] = &[
    (&index::INDEX_CLASS, index_array),
    (&index::FROZEN_ARRAY, index::frozen_array),
    (&SERIES, series_array),
    (&SPARSE_SERIES, sparse_series_array),
    (&arrays::ARRAY, sparse_array),
];

static PANEL: Class = Class { forms: Forms::NEWOBJ, call: super::frame::waiting, build: Some(panel), bare: true };
static SPARSE_FRAME: Class =
    Class { forms: Forms::NEWOBJ, call: super::frame::waiting, build: Some(sparse_frame), bare: true };
static SPARSE_SERIES: Class =
    Class { forms: Forms::NEWOBJ, call: super::frame::waiting, build: Some(sparse_series), bare: true };

/// The array of a state, and what the class keeps beside it.
fn read(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(Value, Vec<Value>), Reject> {
    let read = numpy::array::from_state(ctx.graph, state, true);
    let array = ctx.checked(read)?;
    let own = match array.own {
        Value::Object(own) => {
            ctx.graph.charge((ctx.graph.count(own) * size_of::<Value>()) as u64)?;
            ctx.graph.items(own).collect()
        }
        _ => Vec::new(),
    };
    ctx.graph.set_extra(id, Value::None)?;
    let array = ctx.graph.structure(&Ndarray { own: Value::None, ..array })?;
    Ok((array, own))
}

/// The items of the one tuple that is kept beside an array.
fn kept<const N: usize>(ctx: &mut Ctx<'_>, own: &[Value]) -> Result<(usize, [Value; N]), Reject> {
    match *own {
        [] => Ok((0, [Value::None; N])),
        [one] => match args::sequence(ctx.graph, one) {
            Some(id) if ctx.graph.count(id) <= N => Ok((ctx.graph.count(id), ctx.graph.first::<N>(id))),
            _ => ctx.reject(format!("expected a tuple of at most {N} as own state")),
        },
        _ => ctx.reject("expected one tuple as own state"),
    }
}

/// An index up to 0.14: `((array), (name, ..))`, in 0.4 the array alone.
fn index_array(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    let class = Value::Global(ctx.global);
    let kind = class_name(ctx.graph, ctx.global).to_owned();
    let (data, own) = read(ctx, id, state)?;
    let made = match kind.as_str() {
        "MultiIndex" => {
            // The array itself holds nothing: its length alone was ever looked at.
            let (count, [levels, codes, sortorder, names]) = kept::<4>(ctx, &own)?;
            if count != 4 {
                return ctx.reject("expected levels, labels, sortorder and names of a MultiIndex");
            }
            let made = index::multi_of(ctx, levels, codes, Some(names), Some(sortorder))?;
            return Ok(ctx.graph.become_structure(id, &made)?);
        }
        "DateRange" => {
            let (name, freq, tz) = match *own {
                [name, freq, tz] => (name, freq, tz),
                [freq, tz] => (Value::None, freq, tz),
                _ => return ctx.reject("expected an array with a frequency and a zone as state of a DateRange"),
            };
            let (_, [name]) = if matches!(name, Value::None) { (0, [name]) } else { kept::<1>(ctx, &[name])? };
            if !matches!(tz, Value::None) {
                return ctx.reject("expected no zone of a DateRange: its datetimes have it");
            }
            index::index_of(ctx, class, "Index", data, Some(name), Some(freq), None)?
        }
        "DatetimeIndex" => {
            let (_, [name, freq, tz]) = kept::<3>(ctx, &own)?;
            index::index_of(ctx, class, &kind, data, Some(name), Some(freq), Some(tz))?
        }
        "PeriodIndex" => {
            let (_, [name, freq]) = kept::<2>(ctx, &own)?;
            index::index_of(ctx, class, &kind, data, Some(name), Some(freq), None)?
        }
        _ => {
            let (_, [name]) = kept::<1>(ctx, &own)?;
            index::index_of(ctx, class, "Index", data, Some(name), None, None)?
        }
    };
    Ok(ctx.graph.become_structure(id, &made)?)
}

/// A series up to 0.12: `((array), (index[, name]))`.
fn series_array(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    let (data, own) = read(ctx, id, state)?;
    let (count, [index, name]) = kept::<2>(ctx, &own)?;
    let made = series(ctx, count > 0, index, name, data)?;
    Ok(ctx.graph.become_structure(id, &made)?)
}

fn series(ctx: &mut Ctx<'_>, whole: bool, index: Value, name: Value, data: Value) -> Result<Series, Reject> {
    if !whole || !is_index(ctx.graph, index) {
        return ctx.reject("expected the index of a series beside its array");
    }
    let (rows, found) = (length(ctx, index)?, length(ctx, data)?);
    if rows != found {
        return ctx.reject(format!("expected {rows} values as the index has, found {found}"));
    }
    let none = Value::None;
    let plain = class_name(ctx.graph, ctx.global) == "Series";
    let class = if plain { none } else { Value::Global(ctx.global) };
    Ok(Series { class, name, index, data, attrs: none, flags: none, own: none })
}

/// A sparse series up to 0.12: `((stored values), (index, fill value, sparse index[, name]))`.
fn sparse_series_array(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    let (data, own) = read(ctx, id, state)?;
    let (count, [index, fill, places, name]) = kept::<4>(ctx, &own)?;
    let data = arrays::sparse(ctx, data, places, fill)?;
    let data = ctx.graph.structure(&data)?;
    let made = series(ctx, count > 2, index, name, data)?;
    Ok(ctx.graph.become_structure(id, &made)?)
}

/// A SparseArray up to 0.23: `((stored values), (fill value, sparse index))`.
fn sparse_array(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    if class_name(ctx.graph, ctx.global) != "SparseArray" {
        return ctx.reject("expected a class of arrays of numpy");
    }
    let (data, own) = read(ctx, id, state)?;
    let (fill, places) = match *own {
        [fill, places] => (fill, places),
        _ => match kept::<2>(ctx, &own)? {
            (2, [fill, places]) => (fill, places),
            _ => return ctx.reject("expected a fill value and a sparse index as own state"),
        },
    };
    let made = arrays::sparse(ctx, data, places, fill)?;
    Ok(ctx.graph.become_structure(id, &made)?)
}

/// A record of the class with a dict as its state.
fn record(ctx: &mut Ctx<'_>, target: NodeId, pairs: &[Value]) -> Result<(), Reject> {
    let state = ctx.graph.alloc(Kind::Dict)?;
    ctx.graph.extend_dict(state, pairs)?;
    let arguments = Value::Object(ctx.graph.alloc(Kind::Tuple)?);
    let items = [
        Value::Global(ctx.global),
        Value::Int(records::how::NEW),
        arguments,
        Value::None,
        Value::Int(records::then::STATE),
        Value::Object(state),
    ];
    Ok(ctx.graph.become_kind(target, Kind::Record, &items)?)
}

fn once(ctx: &Ctx<'_>, target: NodeId) -> Result<(), Reject> {
    if ctx.graph.kind(target) == Kind::Pending {
        Ok(())
    } else {
        ctx.reject("expected one state, found a second BUILD")
    }
}

fn panel(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    once(ctx, target)?;
    let shell = Shell::of(ctx, state)?;
    let manager = Manager::of(ctx, shell.manager, 3)?;
    let pairs = manager.described(ctx)?;
    record(ctx, target, &pairs)
}

fn sparse_series(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    once(ctx, target)?;
    let shell = Shell::of(ctx, state)?;
    let series = shell.series(ctx, Value::Global(ctx.global))?;
    Ok(ctx.graph.become_structure(target, &series)?)
}

/// From 0.13 on a frame of sparse columns; before that `({column: (sparse index, values)}, columns, index, fill value, kind)`,
/// axes perhaps as the bytes of `.npy` files.
fn sparse_frame(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    once(ctx, target)?;
    let Some(id) = args::sequence(ctx.graph, state) else {
        let shell = Shell::of(ctx, state)?;
        let frame = shell.frame(ctx, Value::Global(ctx.global))?;
        return Ok(ctx.graph.become_structure(target, &frame)?);
    };
    let [columns, labels, index, fill, kind] = ctx.graph.first::<5>(id);
    let (5, Some(columns)) = (ctx.graph.count(id), args::dict(ctx.graph, columns)) else {
        return ctx.reject("expected a dict of columns, their labels, an index, a fill value and a kind as state");
    };
    ctx.graph.charge((ctx.graph.count(columns) * size_of::<Value>()) as u64)?;
    let items: Vec<Value> = ctx.graph.items(columns).collect();
    let mut pairs = Vec::new();
    for [label, column] in items.as_chunks::<2>().0 {
        let Some((2, [places, values])) =
            args::sequence(ctx.graph, *column).map(|id| (ctx.graph.count(id), ctx.graph.first::<2>(id)))
        else {
            return ctx.reject("expected a sparse index and values of a column");
        };
        let sparse = arrays::sparse(ctx, values, places, fill)?;
        pairs.extend([*label, ctx.graph.structure(&sparse)?]);
    }
    let data = ctx.graph.alloc(Kind::Dict)?;
    ctx.graph.extend_dict(data, &pairs)?;
    let mut state = Vec::new();
    for (name, value) in
        [("data", Value::Object(data)), ("columns", labels), ("index", index), ("fill_value", fill), ("kind", kind)]
    {
        state.extend([ctx.graph.str(name)?, value]);
    }
    record(ctx, target, &state)
}
