//! Indexes from 0.15 on: `_new_Index(class, fields)` and its siblings; FrozenList.
//!
//! Sources: `pandas/core/indexes/{base,datetimes,timedeltas,interval}.py`. Whatever the version wrote, an index here holds the
//! array of its kind: a DatetimeIndex a DatetimeArray, an IntervalIndex an IntervalArray.

use super::super::table::{Module, Row, Use, module};
use super::super::{Action, Class, Ctx, Forms, args, numpy};
use super::{Array, arrays, class_name, fields, frequency, is, is_array, length, list, zone};
use crate::machine::Reject;
use crate::model::dtype::{Element, Type};
use crate::model::graph::Kind;
use crate::model::layout::{
    DatetimeArray, Index, IntervalArray, Layout, MultiIndex, PeriodArray, RangeIndex, TimedeltaArray,
};
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

macro_rules! class_rows {
    ($([$($module:literal),+] $names:expr;)*) => {
        &[$(Row {
            kind: "pd-index-class",
            modules: &[$(module($module)),+],
            names: $names,
            uses: Use::Part(&INDEX_CLASS),
            guard: "as the class of an index",
        },)*]
    };
}

pub(in crate::globals) static CLASS_ROWS: &[Row] = class_rows! {
    ["pandas", "pandas.core.index", "pandas.core.indexes.category", "pandas.indexes.category"] &["CategoricalIndex"];
    ["pandas", "pandas.core.indexes.datetimes", "pandas.tseries.index"] &["DatetimeIndex"];
    ["pandas", "pandas.core.index", "pandas.core.indexes.numeric", "pandas.indexes.numeric"] &["Float64Index", "Int64Index"];
    ["pandas", "pandas.core.index", "pandas.core.indexes.base", "pandas.indexes.base"] &["Index"];
    ["pandas", "pandas.core.indexes.interval"] &["IntervalIndex"];
    ["pandas", "pandas.core.index", "pandas.core.indexes.multi", "pandas.indexes.multi"] &["MultiIndex"];
    ["pandas", "pandas.core.indexes.period", "pandas.tseries.period"] &["PeriodIndex"];
    ["pandas", "pandas.core.index", "pandas.core.indexes.range", "pandas.indexes.range"] &["RangeIndex"];
    ["pandas", "pandas.core.indexes.timedeltas", "pandas.tseries.tdi"] &["TimedeltaIndex"];
    ["pandas", "pandas.core.indexes.numeric", "pandas.indexes.numeric"] &["UInt64Index"];
    ["pandas.core.daterange"] &["DateRange"];
    ["pandas.core.indexes.numeric"] &["IntegerIndex"];
    ["pandas.core.indexes.numeric", "pandas.indexes.numeric"] &["NumericIndex"];
};

pub(in crate::globals) static ROWS: &[Row] = &[
    Row {
        kind: "pd-index",
        modules: &[module("pandas.core.indexes.base"), module("pandas.indexes.base"), module("pandas.core.index")],
        names: &["_new_Index"],
        uses: Use::Data(&NEW_INDEX),
        guard: "(class of indexes, {'data', 'name'} or what the class has in its place)",
    },
    Row {
        kind: "pd-index",
        modules: &[module("pandas.core.indexes.datetimes"), module("pandas.tseries.index")],
        names: &["_new_DatetimeIndex"],
        uses: Use::Data(&NEW_INDEX),
        guard: "(DatetimeIndex, {'data', 'name'[, 'freq'][, 'tz']})",
    },
    Row {
        kind: "pd-index",
        modules: &[module("pandas.core.indexes.timedeltas")],
        names: &["_new_TimedeltaIndex"],
        uses: Use::Data(&NEW_INDEX),
        guard: "(TimedeltaIndex, {'data', 'name'[, 'freq']})",
    },
    Row {
        kind: "pd-index",
        modules: &[module("pandas.core.indexes.period")],
        names: &["_new_PeriodIndex"],
        uses: Use::Data(&NEW_INDEX),
        guard: "(PeriodIndex, {'data', 'name'[, 'freq']})",
    },
    Row {
        kind: "pd-index",
        modules: &[module("pandas.core.indexes.interval")],
        names: &["_new_IntervalIndex"],
        uses: Use::Data(&NEW_INDEX),
        guard: "(IntervalIndex, {'left', 'right', 'closed', 'name'})",
    },
    Row {
        kind: "pd-frozen",
        modules: FROZEN,
        names: &["FrozenList"],
        uses: Use::Data(&FROZEN_LIST),
        guard: "([..]); a plain list",
    },
    Row {
        kind: "pd-frozen",
        modules: FROZEN,
        names: &["FrozenNDArray"],
        uses: Use::Part(&FROZEN_ARRAY),
        guard: "as the class of an array",
    },
];

const FROZEN: &[Module] = &[
    module("pandas.api.typing"),
    module("pandas.core.indexes.frozen"),
    module("pandas.indexes.frozen"),
    module("pandas.core.base"),
];

/// A class of indexes, inside `_new_Index` and `_reconstruct`.
pub(in crate::globals) static INDEX_CLASS: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a class inside the constructor of an index, found a call"),
    build: None,
    bare: false,
};
pub(in crate::globals) static FROZEN_ARRAY: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a class inside the constructor of an array, found a call"),
    build: None,
    bare: false,
};
static NEW_INDEX: Class = Class { forms: Forms::REDUCE, call: new_index, build: None, bare: false };
static FROZEN_LIST: Class = Class { forms: Forms::REDUCE, call: frozen_list, build: None, bare: false };

fn frozen_list(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [items] = *ctx.args else {
        return ctx.reject(format!("expected a list, found {} arguments", ctx.args.len()));
    };
    Ok(Value::Object(list(ctx, items, "a list")?.0))
}

fn new_index(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [class @ Value::Global(global), state] = *ctx.args else {
        return ctx.reject("expected a class of indexes and a dict");
    };
    if !ctx.registry.is_of(global, &INDEX_CLASS) {
        let name = ctx.graph.global(global).clone();
        return ctx.reject(format!("expected a class of indexes, found `{name}`"));
    }
    match class_name(ctx.graph, global).to_owned().as_str() {
        "RangeIndex" => range(ctx, state),
        "MultiIndex" => multi(ctx, state),
        "IntervalIndex" => interval(ctx, class, state),
        kind => one_level(ctx, class, kind, state),
    }
}

fn range(ctx: &mut Ctx<'_>, state: Value) -> Result<Value, Reject> {
    let [name, start, stop, step] = fields(ctx, state, ["name", "start", "stop", "step"])?;
    let ints = [start, stop, step].map(|n| n.and_then(|n| super::int(ctx.graph, n)));
    match ints {
        [Some(start), Some(stop), Some(step)] if step != 0 => {
            let [start, stop, step] = [start, stop, step].map(Value::Int);
            Ok(ctx.graph.structure(&RangeIndex { name: name.unwrap_or(Value::None), start, stop, step })?)
        }
        _ => ctx.reject("expected ints of 64 bits as start, stop and step, the step not 0"),
    }
}

fn multi(ctx: &mut Ctx<'_>, state: Value) -> Result<Value, Reject> {
    let [levels, codes, labels, sortorder, names] =
        fields(ctx, state, ["levels", "codes", "labels", "sortorder", "names"])?;
    let (Some(levels), Some(codes)) = (levels, codes.or(labels)) else {
        return ctx.reject("expected levels and codes of a MultiIndex");
    };
    let made = multi_of(ctx, levels, codes, names, sortorder)?;
    Ok(ctx.graph.structure(&made)?)
}

/// A MultiIndex of its parts: as many codes and names as levels, codes of one length and within their level.
pub(super) fn multi_of(
    ctx: &mut Ctx<'_>,
    levels: Value,
    codes: Value,
    names: Option<Value>,
    sortorder: Option<Value>,
) -> Result<MultiIndex, Reject> {
    let (_, mut of_levels) = list(ctx, levels, "a list of levels")?;
    let (_, of_codes) = list(ctx, codes, "a list of codes")?;
    if of_levels.len() != of_codes.len() {
        return ctx.reject(format!("expected codes for {} levels, found {}", of_levels.len(), of_codes.len()));
    }
    let mut rows = None;
    for (level, codes) in of_levels.iter_mut().zip(&of_codes) {
        if is_array(ctx.graph, *level) {
            *level = of_array(ctx, *level)?;
        }
        if !matches!(ctx.graph.layout(*level), Some((Layout::Index | Layout::RangeIndex, _))) {
            let found = args::type_name(ctx.graph, *level);
            return ctx.reject(format!("expected an index as level, found {found}"));
        }
        let bound = length(ctx, *level)?;
        let count = check_codes(ctx, *codes, bound)?;
        if *rows.get_or_insert(count) != count {
            return ctx.reject("expected codes of one length for every level");
        }
    }
    let names = match names {
        None | Some(Value::None) => vec![Value::None; of_levels.len()],
        Some(names) => list(ctx, names, "a list of names")?.1,
    };
    if names.len() != of_levels.len() {
        return ctx.reject(format!("expected {} names of levels, found {}", of_levels.len(), names.len()));
    }
    let sortorder = match sortorder {
        None | Some(Value::None) => Value::None,
        Some(order) => match super::int(ctx.graph, order) {
            Some(order) => Value::Int(order),
            None => return ctx.reject("expected an int or None as sortorder"),
        },
    };
    let levels = Value::Object(ctx.graph.object(Kind::List, &of_levels)?);
    let codes = Value::Object(ctx.graph.object(Kind::List, &of_codes)?);
    let names = Value::Object(ctx.graph.object(Kind::List, &names)?);
    Ok(MultiIndex { levels, codes, names, sortorder })
}

/// The index that pandas makes of a bare array: 0.13 wrote levels so.
fn of_array(ctx: &mut Ctx<'_>, data: Value) -> Result<Value, Reject> {
    let kind = match is(ctx.graph, data, Layout::Ndarray) {
        Some(_) => match Array::of(ctx, data)?.dtype.ty {
            Type::DateTime(..) => "DatetimeIndex",
            Type::TimeDelta(..) => "TimedeltaIndex",
            _ => "Index",
        },
        None => "Index",
    };
    let class = ctx.registry.intern(ctx.graph, GlobalName::new("pandas", kind), Action::Part(&INDEX_CLASS))?;
    let made = index_of(ctx, class, kind, data, None, None, None)?;
    Ok(ctx.graph.structure(&made)?)
}

/// How many codes there are, each of them from -1 up and below `bound`.
pub(super) fn check_codes(ctx: &mut Ctx<'_>, codes: Value, bound: u64) -> Result<u64, Reject> {
    let array = Array::of(ctx, codes)?;
    if array.shape.len() != 1 {
        return ctx.reject(format!("expected codes of one dimension, found {}", array.shape.len()));
    }
    if array.dtype.ty != Type::Int && !array.shape.contains(&0) {
        return ctx.reject("expected signed ints as codes");
    }
    let Some(bytes) = array.bytes(ctx.graph) else {
        return if array.shape.contains(&0) { Ok(0) } else { ctx.reject("expected ints as codes") };
    };
    let len = bytes.len();
    ctx.graph.charge(len as u64)?;
    let bytes = array.bytes(ctx.graph).unwrap_or(&[]);
    let within = |code: i64| code == -1 || u64::try_from(code).is_ok_and(|code| code < bound);
    let size = array.dtype.size.max(1);
    // Categories are few, mostly, and their codes short.
    let fit = match size {
        1 => bytes.iter().all(|code| within(i64::from(code.cast_signed()))),
        2 if !array.dtype.big => bytes.as_chunks::<2>().0.iter().all(|code| within(i16::from_le_bytes(*code).into())),
        _ => false,
    };
    if fit && array.dtype.ty == Type::Int {
        return Ok((len / size) as u64);
    }
    let wrong = bytes.chunks_exact(size).find_map(|code| match array.dtype.element(code) {
        Some(Element::Int(code)) if within(code) => None,
        Some(Element::Int(code)) => Some(Some(code)),
        _ => Some(None),
    });
    match wrong {
        None => Ok((len / size) as u64),
        Some(Some(code)) => ctx.reject(format!("expected codes from -1 to below {bound}, found {code}")),
        Some(None) => ctx.reject("expected ints as codes"),
    }
}

/// Ends that agree in length, of a type that is no interval itself.
pub(super) fn ends(ctx: &mut Ctx<'_>, left: Value, right: Value, closed: Value) -> Result<IntervalArray, Reject> {
    let mut lengths = [0, 0];
    for (end, len) in [left, right].into_iter().zip(&mut lengths) {
        let inner = match is(ctx.graph, end, Layout::Index) {
            Some(id) => Index::of(ctx.graph, id).data,
            None => end,
        };
        let known = matches!(
            ctx.graph.layout(inner),
            Some((
                Layout::Ndarray
                    | Layout::DatetimeArray
                    | Layout::TimedeltaArray
                    | Layout::NullableArray
                    | Layout::PandasArray
                    | Layout::ArrowExtension
                    | Layout::RangeIndex,
                _
            ))
        );
        if !known {
            let found = args::type_name(ctx.graph, end);
            return ctx.reject(format!("expected an array or index of numbers or times as ends, found {found}"));
        }
        *len = length(ctx, end)?;
    }
    if lengths[0] != lengths[1] {
        return ctx.reject(format!("expected as many left as right ends, found {} and {}", lengths[0], lengths[1]));
    }
    let closed = super::scalars::closed(ctx, closed)?;
    Ok(IntervalArray { left, right, closed })
}

fn interval(ctx: &mut Ctx<'_>, class: Value, state: Value) -> Result<Value, Reject> {
    let [left, right, closed, data, name] = fields(ctx, state, ["left", "right", "closed", "data", "name"])?;
    let data = match (left, right, closed, data) {
        (Some(left), Some(right), Some(closed), None) => {
            let ends = ends(ctx, left, right, closed)?;
            ctx.graph.structure(&ends)?
        }
        (None, None, _, Some(data)) if is(ctx.graph, data, Layout::IntervalArray).is_some() => data,
        _ => return ctx.reject("expected left, right and the closed side of an IntervalIndex"),
    };
    Ok(ctx.graph.structure(&Index { class, name: name.unwrap_or(Value::None), data, freq: Value::None })?)
}

fn one_level(ctx: &mut Ctx<'_>, class: Value, kind: &str, state: Value) -> Result<Value, Reject> {
    let [data, name, freq, tz, categories, ordered] =
        fields(ctx, state, ["data", "name", "freq", "tz", "categories", "ordered"])?;
    let Some(data) = data else { return ctx.reject("expected `data` of an index") };
    if kind != "CategoricalIndex" && (categories.is_some() || ordered.is_some()) {
        return ctx.reject("expected no categories of an index that has none");
    }
    if !matches!(kind, "DatetimeIndex") && tz.is_some_and(|tz| !matches!(tz, Value::None)) {
        return ctx.reject("expected no time zone of an index that has none");
    }
    let made = index_of(ctx, class, kind, data, name, freq, tz)?;
    Ok(ctx.graph.structure(&made)?)
}

/// An index of one level, its array that of its kind.
pub(super) fn index_of(
    ctx: &mut Ctx<'_>,
    class: Value,
    kind: &str,
    data: Value,
    name: Option<Value>,
    freq: Option<Value>,
    tz: Option<Value>,
) -> Result<Index, Reject> {
    // Up to 0.23 the data of an index may be an index.
    let data = match is(ctx.graph, data, Layout::Index) {
        Some(id) => Index::of(ctx.graph, id).data,
        None => data,
    };
    let mut freq = frequency(ctx, freq)?;
    let layout = ctx.graph.layout(data);
    let data = match (kind, layout) {
        ("DatetimeIndex", Some((Layout::DatetimeArray, id))) => {
            let array = DatetimeArray::of(ctx.graph, id);
            let tz = zone(ctx, tz)?;
            if matches!(freq, Value::None) {
                freq = array.freq;
            }
            match (array.tz, tz) {
                (Value::None, tz @ Value::Object(_)) => ctx.graph.structure(&DatetimeArray { tz, ..array })?,
                _ => data,
            }
        }
        ("DatetimeIndex", Some((Layout::Ndarray, _))) => {
            let tz = zone(ctx, tz)?;
            let array = arrays::times(ctx, data, true)?;
            ctx.graph.structure(&DatetimeArray { data: array.value(), tz, freq: Value::None })?
        }
        ("TimedeltaIndex", Some((Layout::TimedeltaArray, id))) => {
            if matches!(freq, Value::None) {
                freq = TimedeltaArray::of(ctx.graph, id).freq;
            }
            data
        }
        ("TimedeltaIndex", Some((Layout::Ndarray, _))) => {
            let array = arrays::times(ctx, data, false)?;
            ctx.graph.structure(&TimedeltaArray { data: array.value(), freq: Value::None })?
        }
        ("PeriodIndex", Some((Layout::PeriodArray, id))) => {
            if matches!(freq, Value::None) {
                freq = PeriodArray::of(ctx.graph, id).freq;
            }
            data
        }
        ("PeriodIndex", Some((Layout::Ndarray, _))) => {
            if matches!(freq, Value::None) {
                return ctx.reject("expected a frequency of a PeriodIndex");
            }
            let array = arrays::ordinals(ctx, data)?;
            ctx.graph.structure(&PeriodArray { data: array.value(), freq })?
        }
        ("CategoricalIndex", Some((Layout::Categorical, _))) => data,
        ("DatetimeIndex" | "TimedeltaIndex" | "PeriodIndex" | "CategoricalIndex", _) => {
            let found = args::type_name(ctx.graph, data);
            return ctx.reject(format!("expected the array of a {kind}, found {found}"));
        }
        (_, Some(_)) if is_array(ctx.graph, data) => plain(ctx, data)?,
        _ => {
            let found = args::type_name(ctx.graph, data);
            return ctx.reject(format!("expected an array as `data` of an index, found {found}"));
        }
    };
    length(ctx, data)?;
    Ok(Index { class, name: name.unwrap_or(Value::None), data, freq })
}

/// An array of one dimension; FrozenNDArray and other subclasses stand as they are.
fn plain(ctx: &mut Ctx<'_>, data: Value) -> Result<Value, Reject> {
    if is(ctx.graph, data, Layout::Ndarray).is_some() {
        let array = Array::of(ctx, data)?;
        if array.shape.len() != 1 {
            return ctx.reject(format!("expected an array of one dimension, found {}", array.shape.len()));
        }
    }
    Ok(data)
}

/// A FrozenNDArray is an array.
pub(in crate::globals) fn frozen_array(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    let read = numpy::array::from_state(ctx.graph, state, false);
    let array = ctx.checked(read)?;
    Ok(ctx.graph.become_structure(id, &array)?)
}
