//! Extension arrays: what `__pyx_unpickle_NDArrayBacked` and the instances' own states hold; geopandas' arrays.
//!
//! Sources: `pandas/_libs/arrays.pyx` (a state of dtype and ndarray in either order, and a dict of attributes where there are
//! any), `pandas/_libs/interval.pyx`, `pandas/_libs/tslibs/period.pyx`, `pandas/core/arrays/*.py`. Caches are left out.

use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms, args};
use super::{Array, class_name, dtypes, fields, frequency, index, is, length, text};
use crate::machine::Reject;
use crate::model::dtype::{Type, Unit};
use crate::model::graph::Kind;
use crate::model::layout::{
    ArrowExtension, Categorical, DatetimeArray, GeometryArray, Layout, NullableArray, PandasArray, PeriodArray,
    SparseArray, StringArray, TimedeltaArray,
};
use crate::model::value::{NodeId, Value};

macro_rules! rows {
    ($([$($module:literal),+] $names:expr;)*) => {
        &[
            $(Row {
                kind: "pd-array",
                modules: &[$(module($module)),+],
                names: $names,
                uses: Use::Data(&ARRAY),
                guard: "(), the state of its class; as the class in `__pyx_unpickle_NDArrayBacked`",
            },)*
            Row {
                kind: "pd-ndbacked",
                modules: &[module("pandas._libs.arrays")],
                names: &["__pyx_unpickle_NDArrayBacked"],
                uses: Use::Part(&BACKED),
                guard: "(class of arrays, checksum, None), the state (dtype, ndarray[, {..}])",
            },
            Row {
                kind: "pd-ndbacked",
                modules: &[module("pandas._libs.interval")],
                names: &["__pyx_unpickle_IntervalMixin"],
                uses: Use::Part(&BACKED),
                guard: "(class of arrays, checksum, None), the state ({..})",
            },
            Row {
                kind: "pd-ndbacked",
                modules: &[module("pandas._libs.tslibs.period")],
                names: &["__pyx_unpickle_PeriodMixin"],
                uses: Use::Part(&BACKED),
                guard: "(class of arrays, checksum, None), the state ({..})",
            },
            Row {
                kind: "pd-sparse-index",
                modules: &[module("pandas._libs.sparse"), module("pandas._sparse"), module("pandas.src.sparse")],
                names: &["BlockIndex", "IntIndex"],
                uses: Use::Part(&SPARSE_INDEX),
                guard: "(length, places), (length, first places, lengths): ascending, within the length",
            },
            Row {
                kind: "geopandas",
                modules: &[module("geopandas.array")],
                names: &["GeometryArray"],
                uses: Use::Part(&GEOMETRIES),
                guard: "(), the state (array of WKB, CRS or None) or {'data', '_crs', '_sindex'}",
            },
            Row {
                kind: "crs",
                modules: &[module("pyproj.crs.crs")],
                names: &["CRS"],
                uses: Use::Part(&CRS),
                guard: "(), the state {'srs': text}",
            },
        ]
    };
}

pub(in crate::globals) static ROWS: &[Row] = rows! {
    ["pandas", "pandas.arrays", "pandas.core.arrays.categorical", "pandas.core.categorical"] &["Categorical"];
    ["pandas.arrays", "pandas.core.arrays.arrow.array"] &["ArrowExtensionArray"];
    ["pandas.arrays", "pandas.core.arrays.string_arrow"] &["ArrowStringArray"];
    ["pandas.arrays", "pandas.core.arrays.boolean"] &["BooleanArray"];
    ["pandas.arrays", "pandas.core.arrays.datetimes"] &["DatetimeArray"];
    ["pandas.arrays", "pandas.core.arrays.floating"] &["FloatingArray"];
    ["pandas.arrays", "pandas.core.arrays.integer"] &["IntegerArray"];
    ["pandas.arrays", "pandas.core.arrays.interval"] &["IntervalArray"];
    ["pandas.arrays", "pandas.core.arrays.numpy_"] &["NumpyExtensionArray"];
    ["pandas.arrays", "pandas.core.arrays.period"] &["PeriodArray"];
    [
        "pandas.arrays", "pandas.core.arrays.sparse.array", "pandas.core.arrays.sparse", "pandas.core.sparse.array",
        "pandas.sparse.array"
    ] &["SparseArray"];
    ["pandas.arrays", "pandas.core.arrays.string_"] &["StringArray"];
    ["pandas.arrays", "pandas.core.arrays.timedeltas"] &["TimedeltaArray"];
    ["pandas.core.arrays.numpy_"] &["PandasArray"];
    ["pandas.core.arrays.string_"] &["StringArrayNumpySemantics"];
    ["pandas.core.arrays.string_arrow"] &["ArrowStringArrayNumpySemantics"];
};

pub(in crate::globals) static ARRAY: Class =
    Class { forms: Forms::NEWOBJ, call: waiting, build: Some(own_state), bare: true };
static BACKED: Class = Class { forms: Forms::REDUCE, call: backed, build: Some(backed_state), bare: false };
static SPARSE_INDEX: Class = Class { forms: Forms::REDUCE, call: sparse_index, build: None, bare: false };
static GEOMETRIES: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(geometries), bare: false };
static CRS: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(crs), bare: false };

/// What an array was built of, by the names of its attributes.
#[derive(Default)]
struct Parts {
    /// The array of numpy or Arrow below.
    data: Option<Value>,
    dtype: Option<Value>,
    freq: Option<Value>,
    mask: Option<Value>,
    categories: Option<Value>,
    ordered: Option<Value>,
    left: Option<Value>,
    right: Option<Value>,
    closed: Option<Value>,
    places: Option<Value>,
}

impl Parts {
    fn of(ctx: &mut Ctx<'_>, state: Value) -> Result<Parts, Reject> {
        let [
            data,
            ndarray,
            arrow,
            codes,
            labels,
            values,
            categories,
            old_levels,
            levels,
            ordered,
            new_ordered,
            rest @ ..,
        ] = fields(ctx, state, ATTRIBUTES)?;
        let [dtype, freq, mask, left, right, closed, places, ..] = rest;
        Ok(Parts {
            data: ndarray.or(data).or(arrow).or(codes).or(labels).or(values),
            dtype,
            freq,
            mask,
            categories: categories.or(old_levels).or(levels),
            ordered: new_ordered.or(ordered),
            left,
            right,
            closed,
            places,
        })
    }
}

/// The attributes that arrays have had; the last ones say nothing that is not in the others.
const ATTRIBUTES: [&str; 21] = [
    "_data",
    "_ndarray",
    "_pa_array",
    "_codes",
    "labels",
    "_sparse_values",
    "_categories",
    "_levels",
    "levels",
    "ordered",
    "_ordered",
    "_dtype",
    "_freq",
    "_mask",
    "_left",
    "_right",
    "_closed",
    "_sparse_index",
    "_cache",
    "_readonly",
    "name",
];

/// An object without arguments that is nothing before its state comes.
fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

fn backed(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [class @ Value::Global(global), Value::Int(_), Value::None] if ctx.registry.is_of(global, &ARRAY) => {
            ctx.pending(Some(class))
        }
        _ => ctx.reject("expected a class of arrays, a checksum and None"),
    }
}

/// BUILD on what a Cython class is unpickled with.
fn backed_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let Some(Value::Global(class)) = ctx.graph.extra(target) else { return ctx.reject("expected one state") };
    let Some((count, items)) =
        args::sequence(ctx.graph, state).map(|id| (ctx.graph.count(id), ctx.graph.first::<3>(id)))
    else {
        return ctx.reject("expected a tuple as state");
    };
    let parts = match (count, items) {
        (1, [one, ..]) => Parts::of(ctx, one)?,
        (2 | 3, [first, second, attributes]) => {
            let swapped = is(ctx.graph, first, Layout::Ndarray).is_some();
            let (dtype, data) = if swapped { (second, first) } else { (first, second) };
            let more = if count == 3 && !matches!(attributes, Value::None) {
                Parts::of(ctx, attributes)?
            } else {
                Parts::default()
            };
            Parts { data: Some(data), dtype: Some(dtype), ..more }
        }
        _ => return ctx.reject("expected a state of a dtype, an array and perhaps attributes"),
    };
    make(ctx, target, class, &parts)
}

/// BUILD on an instance of the class: a dict, or a tuple around one.
fn own_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let state = match args::sequence(ctx.graph, state) {
        Some(id) => match (ctx.graph.count(id), ctx.graph.first::<2>(id)) {
            (1, [state, _]) | (2, [Value::None, state]) => state,
            _ => return ctx.reject("expected a dict of attributes as state"),
        },
        None => state,
    };
    let parts = Parts::of(ctx, state)?;
    make(ctx, target, ctx.global, &parts)
}

/// Turns a waiting object into the array that its parts make.
fn make(ctx: &mut Ctx<'_>, target: NodeId, class: u32, parts: &Parts) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let name = class_name(ctx.graph, class).to_owned();
    if name == "IntervalArray" {
        return intervals(ctx, target, parts);
    }
    let Some(data) = parts.data else { return ctx.reject(format!("expected the values of a {name}")) };
    ctx.graph.set_extra(target, Value::None)?;
    match name.as_str() {
        "Categorical" => {
            let made = categorical(ctx, data, parts)?;
            ctx.graph.become_structure(target, &made)?;
        }
        "DatetimeArray" => {
            let data = times(ctx, data, true)?;
            let tz = time_zone(ctx, &data, parts.dtype)?;
            let freq = frequency(ctx, parts.freq)?;
            ctx.graph.become_structure(target, &DatetimeArray { data: data.value(), tz, freq })?;
        }
        "TimedeltaArray" => {
            let data = times(ctx, data, false)?;
            let freq = frequency(ctx, parts.freq)?;
            ctx.graph.become_structure(target, &TimedeltaArray { data: data.value(), freq })?;
        }
        "PeriodArray" => {
            let data = ordinals(ctx, data)?;
            let freq = match parts.dtype.and_then(|dtype| dtypes::of(ctx, dtype)) {
                Some((class, params)) if class == "PeriodDtype" => dtypes::param(ctx, params, "freq"),
                _ => None,
            };
            let Some(freq) = freq else { return ctx.reject("expected a PeriodDtype with a frequency") };
            ctx.graph.become_structure(target, &PeriodArray { data: data.value(), freq })?;
        }
        "IntegerArray" | "FloatingArray" | "BooleanArray" => {
            let Some(mask) = parts.mask else { return ctx.reject("expected a mask") };
            let (values, bools) = (Array::of(ctx, data)?, Array::of(ctx, mask)?);
            let number = matches!(values.dtype.ty, Type::Bool | Type::Int | Type::Uint | Type::Float);
            if !number || bools.dtype.ty != Type::Bool || values.shape != bools.shape || values.shape.len() != 1 {
                return ctx.reject("expected numbers and a mask of bools, of one dimension and length");
            }
            ctx.graph.become_structure(target, &NullableArray { data, mask })?;
        }
        "StringArray" | "StringArrayNumpySemantics" | "ArrowStringArray" | "ArrowStringArrayNumpySemantics" => {
            let made = strings(ctx, &name, data, parts.dtype)?;
            ctx.graph.become_structure(target, &made)?;
        }
        "ArrowExtensionArray" => {
            if !is_arrow(ctx, data) {
                let found = args::type_name(ctx.graph, data);
                return ctx.reject(format!("expected an array of Arrow, found {found}"));
            }
            ctx.graph.become_structure(target, &ArrowExtension { data })?;
        }
        "SparseArray" => {
            let fill = match parts.dtype.and_then(|dtype| dtypes::of(ctx, dtype)) {
                Some((class, params)) if class == "SparseDtype" => dtypes::param(ctx, params, "_fill_value"),
                _ => None,
            };
            let (Some(fill), Some(places)) = (fill, parts.places) else {
                return ctx.reject("expected a SparseDtype and a sparse index");
            };
            let made = sparse(ctx, data, places, fill)?;
            ctx.graph.become_structure(target, &made)?;
        }
        "PandasArray" | "NumpyExtensionArray" => {
            Array::of(ctx, data)?;
            ctx.graph.become_structure(target, &PandasArray { data })?;
        }
        _ => return ctx.reject(format!("expected a known class of arrays, found {name}")),
    }
    Ok(())
}

fn intervals(ctx: &mut Ctx<'_>, target: NodeId, parts: &Parts) -> Result<(), Reject> {
    let closed = match (parts.closed, parts.dtype.and_then(|dtype| dtypes::of(ctx, dtype))) {
        (Some(closed), _) => Some(closed),
        (None, Some((class, params))) if class == "IntervalDtype" => dtypes::param(ctx, params, "closed"),
        _ => None,
    };
    let (Some(left), Some(right), Some(closed)) = (parts.left, parts.right, closed) else {
        return ctx.reject("expected left, right and the closed side of intervals");
    };
    let made = index::ends(ctx, left, right, closed)?;
    ctx.graph.set_extra(target, Value::None)?;
    Ok(ctx.graph.become_structure(target, &made)?)
}

fn categorical(ctx: &mut Ctx<'_>, codes: Value, parts: &Parts) -> Result<Categorical, Reject> {
    let (categories, ordered) = match parts.dtype.and_then(|dtype| dtypes::of(ctx, dtype)) {
        Some((class, params)) if class == "CategoricalDtype" => {
            (dtypes::param(ctx, params, "categories"), dtypes::param(ctx, params, "ordered"))
        }
        Some((class, _)) => return ctx.reject(format!("expected a CategoricalDtype, found {class}")),
        None => (parts.categories, parts.ordered),
    };
    let ordered = match ordered {
        None | Some(Value::None) => Value::Bool(false),
        Some(ordered @ Value::Bool(_)) => ordered,
        Some(_) => return ctx.reject("expected a bool as `ordered`"),
    };
    let categories = categories.unwrap_or(Value::None);
    let bound = if matches!(categories, Value::None) { 0 } else { length(ctx, categories)? };
    index::check_codes(ctx, codes, bound)?;
    Ok(Categorical { categories, codes, ordered })
}

/// An array of datetimes (or timedeltas) in one of the units that pandas has, of one or two dimensions.
pub(super) fn times(ctx: &mut Ctx<'_>, data: Value, datetimes: bool) -> Result<Array, Reject> {
    let array = Array::of(ctx, data)?;
    let unit = match array.dtype.ty {
        Type::DateTime(unit, 1) if datetimes => Some(unit),
        Type::TimeDelta(unit, 1) if !datetimes => Some(unit),
        _ => None,
    };
    if !matches!(unit, Some(Unit::Second | Unit::Milli | Unit::Micro | Unit::Nano)) {
        let kind = if datetimes { "datetimes" } else { "timedeltas" };
        return ctx.reject(format!("expected {kind} in s, ms, us or ns"));
    }
    Ok(array)
}

/// An array of the ordinals of periods.
pub(super) fn ordinals(ctx: &mut Ctx<'_>, data: Value) -> Result<Array, Reject> {
    let array = Array::of(ctx, data)?;
    if array.dtype.ty != Type::Int || array.dtype.size != 8 {
        return ctx.reject("expected ints of 64 bits as ordinals of periods");
    }
    Ok(array)
}

/// The zone of a DatetimeTZDtype; None for a dtype of numpy.
fn time_zone(ctx: &mut Ctx<'_>, data: &Array, dtype: Option<Value>) -> Result<Value, Reject> {
    let Some(dtype) = dtype else { return Ok(Value::None) };
    match dtypes::of(ctx, dtype) {
        Some((class, params)) if class == "DatetimeTZDtype" => {
            let (unit, zone) = (dtypes::param(ctx, params, "unit"), dtypes::param(ctx, params, "tz"));
            let known = match (unit.and_then(|unit| args::text(ctx.graph, unit)), &data.dtype.ty) {
                (Some(name), Type::DateTime(unit, _)) => unit.name() == name,
                _ => false,
            };
            match zone {
                Some(zone) if known => Ok(zone),
                _ => ctx.reject("expected a dtype in the unit of the values, with a zone"),
            }
        }
        None if is(ctx.graph, dtype, Layout::Dtype).is_some() => Ok(Value::None),
        _ => ctx.reject("expected a dtype of datetimes"),
    }
}

fn is_arrow(ctx: &Ctx<'_>, value: Value) -> bool {
    matches!(ctx.graph.layout(value), Some((Layout::ArrowArray | Layout::ArrowChunked, _)))
}

/// Strings in an object array or in Arrow. The storage and what is missing stand in the dtype, else follow from the class.
fn strings(ctx: &mut Ctx<'_>, class: &str, data: Value, dtype: Option<Value>) -> Result<StringArray, Reject> {
    let params = match dtype.and_then(|dtype| dtypes::of(ctx, dtype)) {
        Some((class, params)) if class == "StringDtype" => params,
        Some((class, _)) => return ctx.reject(format!("expected a StringDtype, found {class}")),
        // Older arrays keep a dtype of numpy, or none.
        None => Value::None,
    };
    let arrow = is_arrow(ctx, data);
    if !arrow {
        let array = Array::of(ctx, data)?;
        if !array.dtype.has_objects() {
            return ctx.reject("expected an array of objects as strings");
        }
    }
    if arrow != class.starts_with("Arrow") {
        return ctx.reject(format!("expected the storage of {class}, found another"));
    }
    let storage = match dtypes::param(ctx, params, "storage") {
        Some(storage) => dtypes::storage(ctx, storage)?,
        None => ctx.graph.str(if arrow { "pyarrow" } else { "python" })?,
    };
    let numpy = class.ends_with("NumpySemantics") || args::text(ctx.graph, storage) == Some("pyarrow_numpy");
    let na_value = match dtypes::param(ctx, params, "na_value") {
        Some(missing) => dtypes::missing_value(ctx, missing)?,
        None if numpy => ctx.graph.float(f64::NAN),
        None => Value::Singleton(crate::model::value::Singleton::NA),
    };
    Ok(StringArray { data, storage, na_value })
}

/// `IntIndex(length, places)`, `BlockIndex(length, first places, lengths)`: kept until an array asks for it.
fn sparse_index(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let blocks = class_name(ctx.graph, ctx.global) == "BlockIndex";
    let (len, places, lengths) = match *ctx.args {
        [Value::Int(len), places] if !blocks && len >= 0 => (len, places, Value::None),
        [Value::Int(len), places, lengths] if blocks && len >= 0 => (len, places, lengths),
        _ => return ctx.reject("expected a length and the places of values, or of blocks and their lengths"),
    };
    let mut next = 0;
    let at = Array::of(ctx, places)?;
    let Some(at) = at.ints(ctx.graph)?.filter(|_| at.shape.len() == 1) else {
        return ctx.reject("expected an array of ints as places");
    };
    let sizes = match lengths {
        Value::None => vec![1; at.len()],
        lengths => {
            let sizes = Array::of(ctx, lengths)?;
            match sizes.ints(ctx.graph)?.filter(|found| sizes.shape.len() == 1 && found.len() == at.len()) {
                Some(sizes) => sizes,
                None => return ctx.reject("expected as many lengths as blocks"),
            }
        }
    };
    for (at, size) in at.iter().zip(&sizes) {
        let end = at.checked_add(*size).filter(|end| *end <= len);
        match end {
            Some(end) if *at >= next && *size >= 0 => next = end,
            _ => return ctx.reject(format!("expected places that ascend, below {len}")),
        }
    }
    let stored = sizes.iter().fold(0_i64, |sum, size| sum.saturating_add(*size));
    let items = [Value::Global(ctx.global), Value::Int(len), places, lengths, Value::Int(stored)];
    Ok(Value::Object(ctx.graph.object(Kind::Pending, &items)?))
}

/// A sparse array of its values, its index and what stands everywhere else.
pub(super) fn sparse(ctx: &mut Ctx<'_>, data: Value, places: Value, fill: Value) -> Result<SparseArray, Reject> {
    let array = Array::of(ctx, data)?;
    let found = match places {
        Value::Object(id) if ctx.graph.kind(id) == Kind::Pending => ctx.graph.first::<5>(id),
        _ => return ctx.reject("expected a sparse index"),
    };
    match found {
        [Value::Global(class), length @ Value::Int(_), indices, lengths, Value::Int(stored)]
            if ctx.registry.is_of(class, &SPARSE_INDEX) =>
        {
            if array.shape.len() != 1 || array.shape.first().copied() != usize::try_from(stored).ok() {
                return ctx.reject(format!("expected {stored} values, as many as the sparse index has places"));
            }
            Ok(SparseArray { length, data, indices, lengths, fill_value: fill })
        }
        _ => ctx.reject("expected a sparse index"),
    }
}

/// BUILD on a GeometryArray: WKB and a CRS from 0.12 on, geometries of shapely before.
fn geometries(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let (data, crs) = match args::sequence(ctx.graph, state).map(|id| (ctx.graph.count(id), ctx.graph.first::<2>(id))) {
        Some((2, [data, crs])) => (data, crs),
        Some(_) => return ctx.reject("expected an array of geometries and a CRS as state"),
        None => {
            let [data, crs, old_crs, _index] = fields(ctx, state, ["data", "_crs", "crs", "_sindex"])?;
            match data {
                Some(data) => (data, crs.or(old_crs).unwrap_or(Value::None)),
                None => return ctx.reject("expected an array of geometries as state"),
            }
        }
    };
    let array = Array::of(ctx, data)?;
    if array.dtype.ty != Type::Object || array.shape.len() != 1 {
        return ctx.reject("expected an array of objects of one dimension as geometries");
    }
    if let Value::Object(list) = array.array.data {
        ctx.graph.charge((ctx.graph.count(list) * size_of::<Value>()) as u64)?;
        let known = |value: Value| {
            matches!(value, Value::None | Value::Bytes { .. } | Value::Py2Str { .. })
                || is(ctx.graph, value, Layout::Geometry).is_some()
        };
        let other = ctx.graph.items(list).find(|value| !known(*value));
        if let Some(other) = other {
            let found = args::type_name(ctx.graph, other);
            return ctx.reject(format!("expected WKB, geometries or None, found {found}"));
        }
    }
    let crs = crs_text(ctx, crs)?;
    Ok(ctx.graph.become_structure(target, &GeometryArray { data, crs })?)
}

/// What a CRS was made of: text. Other values of a `crs` attribute are text already, or None.
fn crs_text(ctx: &mut Ctx<'_>, value: Value) -> Result<Value, Reject> {
    match value {
        Value::None => Ok(Value::None),
        Value::Object(id) if is_crs(ctx, id) => Ok(ctx.graph.extra(id).unwrap_or(Value::None)),
        other => text(ctx, other, "a CRS"),
    }
}

/// Whether an object is a CRS that has its state.
fn is_crs(ctx: &Ctx<'_>, id: NodeId) -> bool {
    ctx.graph.kind(id) == Kind::Pending
        && matches!(ctx.graph.first::<1>(id), [Value::Global(class)] if ctx.registry.is_of(class, &CRS))
        && matches!(ctx.graph.extra(id), Some(Value::Str { .. }))
}

/// What stands for a value in the attributes of a frame: the text of a CRS for the CRS.
pub(super) fn attribute(ctx: &Ctx<'_>, value: Value) -> Value {
    match value {
        Value::Object(id) if is_crs(ctx, id) => ctx.graph.extra(id).unwrap_or(Value::None),
        other => other,
    }
}

/// The object stays a part: it is legal inside geometries and the attributes of frames.
fn crs(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending || ctx.graph.extra(target).is_some() {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let [srs] = fields(ctx, state, ["srs"])?;
    let Some(srs) = srs else { return ctx.reject("expected `srs` as state") };
    let srs = text(ctx, srs, "the text of a CRS")?;
    Ok(ctx.graph.set_extra(target, srs)?)
}
