//! The dtypes of pandas, as values and inside its arrays.
//!
//! A dtype is its class and a dict of parameters under the names of the constructor. Some come without a state, some with an
//! empty one: the object stands at once, and takes one state afterwards.

use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms, args, records};
use super::{class_name, frequency, is_array, is_index, zone};
use crate::machine::{Form, Reject};
use crate::model::graph::Kind;
use crate::model::layout::{Layout, PdDtype};
use crate::model::value::{NodeId, Value};

macro_rules! rows {
    ($([$($module:literal),+] $names:expr;)*) => {
        &[$(Row {
            kind: "pd-dtype",
            modules: &[$(module($module)),+],
            names: $names,
            uses: Use::Data(&DTYPE),
            guard: "(), the state {..} of its parameters; PeriodDtype(frequency); StringDtype(storage, missing value)",
        },)*]
    };
}

pub(in crate::globals) static ROWS: &[Row] = rows! {
    ["pandas", "pandas.core.dtypes.dtypes", "pandas.core.arrays.arrow.dtype"] &["ArrowDtype"];
    ["pandas", "pandas.core.arrays.boolean"] &["BooleanDtype"];
    ["pandas", "pandas.core.dtypes.dtypes", "pandas.types.dtypes"] &["CategoricalDtype", "DatetimeTZDtype", "PeriodDtype"];
    ["pandas", "pandas.core.arrays.floating"] &["Float32Dtype", "Float64Dtype"];
    ["pandas", "pandas.core.arrays.integer"] &[
        "Int16Dtype", "Int32Dtype", "Int64Dtype", "Int8Dtype", "UInt16Dtype", "UInt32Dtype", "UInt64Dtype", "UInt8Dtype",
    ];
    ["pandas", "pandas.core.dtypes.dtypes"] &["IntervalDtype"];
    ["pandas", "pandas.core.dtypes.dtypes", "pandas.core.arrays.sparse.dtype", "pandas.core.arrays.sparse"] &["SparseDtype"];
    ["pandas", "pandas.core.arrays.string_"] &["StringDtype"];
    ["pandas.core.dtypes.dtypes", "pandas.core.arrays.numpy_"] &["PandasDtype"];
    ["pandas.core.dtypes.dtypes"] &["NumpyEADtype"];
};

pub(in crate::globals) static DTYPE: Class =
    Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: make, build: Some(build), bare: true };

/// A parameter of a dtype.
pub(super) fn param(ctx: &Ctx<'_>, params: Value, name: &str) -> Option<Value> {
    let fields = args::fields(ctx.graph, params)?;
    fields.iter().rev().find(|(key, _)| *key == name).map(|&(_, value)| value)
}

/// The class's name and the parameters of a dtype of pandas.
pub(super) fn of(ctx: &Ctx<'_>, value: Value) -> Option<(String, Value)> {
    let id = super::is(ctx.graph, value, Layout::PdDtype)?;
    let PdDtype { class: Value::Global(class), params } = PdDtype::of(ctx.graph, id) else { return None };
    Some((class_name(ctx.graph, class).to_owned(), params))
}

fn dict(ctx: &mut Ctx<'_>, pairs: &[(&str, Value)]) -> Result<Value, Reject> {
    if pairs.is_empty() {
        return Ok(Value::None);
    }
    let id = ctx.graph.alloc(Kind::Dict)?;
    let mut items = Vec::with_capacity(2 * pairs.len());
    for (name, value) in pairs {
        items.extend([ctx.graph.str(name)?, *value]);
    }
    ctx.graph.extend_dict(id, &items)?;
    Ok(Value::Object(id))
}

fn make(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let class = Value::Global(ctx.global);
    let name = class_name(ctx.graph, ctx.global).to_owned();
    let params = match (name.as_str(), ctx.args) {
        (_, []) => Value::None,
        ("PeriodDtype", &[freq]) if ctx.form == Form::Reduce => {
            let freq = period_frequency(ctx, freq)?;
            dict(ctx, &[("freq", freq)])?
        }
        ("StringDtype", &[storage, missing]) if ctx.form == Form::Reduce => {
            let storage = self::storage(ctx, storage)?;
            let na_value = missing_value(ctx, missing)?;
            dict(ctx, &[("storage", storage), ("na_value", na_value)])?
        }
        ("StringDtype", &[storage]) if ctx.form == Form::Reduce => {
            let storage = self::storage(ctx, storage)?;
            dict(ctx, &[("storage", storage)])?
        }
        _ => return ctx.reject(format!("expected other arguments for {name}, found {}", ctx.args.len())),
    };
    Ok(ctx.graph.structure(&PdDtype { class, params })?)
}

/// A frequency; from 2.1 on as the text `period[M]`.
fn period_frequency(ctx: &mut Ctx<'_>, freq: Value) -> Result<Value, Reject> {
    let inner = args::text(ctx.graph, freq)
        .and_then(|text| text.strip_prefix("period[").or_else(|| text.strip_prefix("Period[")))
        .and_then(|text| text.strip_suffix(']'))
        .map(str::to_owned);
    match inner {
        Some(inner) => Ok(ctx.graph.str(&inner)?),
        None => match frequency(ctx, Some(freq))? {
            Value::None => ctx.reject("expected a frequency, found None"),
            freq => Ok(freq),
        },
    }
}

/// Where strings are stored; `pyarrow_numpy` has NaN for what is missing.
pub(super) fn storage(ctx: &mut Ctx<'_>, value: Value) -> Result<Value, Reject> {
    match args::text(ctx.graph, value) {
        Some("python" | "pyarrow" | "pyarrow_numpy") => super::text(ctx, value, "a storage"),
        _ => ctx.reject("expected `python`, `pyarrow` or `pyarrow_numpy` as storage"),
    }
}

pub(super) fn missing_value(ctx: &mut Ctx<'_>, value: Value) -> Result<Value, Reject> {
    use crate::model::value::Singleton;
    match value {
        Value::Singleton(Singleton::NA) => Ok(value),
        Value::Float { value: number, .. } if number.is_nan() => Ok(value),
        other => {
            let found = args::type_name(ctx.graph, other);
            ctx.reject(format!("expected NA or NaN as what stands for missing, found {found}"))
        }
    }
}

/// BUILD: the parameters, in the `__dict__` or a dict of them.
pub(in crate::globals) fn build(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let PdDtype { class, params } = PdDtype::of(ctx.graph, target);
    let Value::Global(global) = class else { return ctx.reject("expected no state") };
    if !matches!(params, Value::None) {
        return ctx.reject("expected one state, found a second BUILD");
    }
    records::examine(ctx.graph, state)?;
    let Some(fields) = args::fields(ctx.graph, state) else {
        return ctx.reject("expected a dict of attributes as state");
    };
    let fields: Vec<(String, Value)> = fields
        .into_iter()
        .filter(|(name, _)| *name != "_cache" && *name != "_cache_dtypes")
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let name = class_name(ctx.graph, global).to_owned();
    let mut pairs = Vec::new();
    for (key, value) in &fields {
        let value = checked(ctx, &name, key, *value)?;
        pairs.push((key.as_str(), value));
    }
    let needed: &[&str] = match name.as_str() {
        "CategoricalDtype" => &["categories", "ordered"],
        "DatetimeTZDtype" => &["unit", "tz"],
        "PeriodDtype" => &["freq"],
        "IntervalDtype" => &["subtype"],
        "SparseDtype" => &["_dtype", "_fill_value"],
        "ArrowDtype" => &["pyarrow_dtype"],
        _ => &[],
    };
    if let Some(missing) = needed.iter().find(|name| !pairs.iter().any(|(key, _)| key == *name)) {
        return ctx.reject(format!("expected `{missing}` in the state of {name}"));
    }
    let params = dict(ctx, &pairs)?;
    Ok(ctx.graph.become_structure(target, &PdDtype { class, params })?)
}

/// A parameter that arrays rely on.
fn checked(ctx: &mut Ctx<'_>, class: &str, key: &str, value: Value) -> Result<Value, Reject> {
    match (class, key) {
        (_, key) if key.starts_with("__") => ctx.reject("expected attributes that are not special as state"),
        ("CategoricalDtype", "categories") => {
            if matches!(value, Value::None) || is_index(ctx.graph, value) || is_array(ctx.graph, value) {
                return Ok(value);
            }
            let found = args::type_name(ctx.graph, value);
            ctx.reject(format!("expected an index of categories, found {found}"))
        }
        ("CategoricalDtype", "ordered") => match value {
            Value::None | Value::Bool(_) => Ok(value),
            _ => ctx.reject("expected a bool as `ordered`"),
        },
        ("DatetimeTZDtype", "tz") => match zone(ctx, Some(value))? {
            Value::None => ctx.reject("expected a time zone, found None"),
            zone => Ok(zone),
        },
        ("DatetimeTZDtype", "unit") => match args::text(ctx.graph, value) {
            Some("s" | "ms" | "us" | "ns") => super::text(ctx, value, "a unit"),
            _ => ctx.reject("expected `s`, `ms`, `us` or `ns` as unit"),
        },
        ("PeriodDtype", "freq") => period_frequency(ctx, value),
        ("IntervalDtype", "closed") if !matches!(value, Value::None) => super::scalars::closed(ctx, value),
        ("StringDtype", "storage") => storage(ctx, value),
        _ => Ok(value),
    }
}
