//! Types, fields and schemas of Arrow. Every type gets the name and the parameters of the function of pyarrow that makes it.

use super::super::{Class, Ctx, args, records};
use super::function;
use crate::machine::Reject;
use crate::model::arrow::{MAX_NESTING, Unit, is_type};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{ArrowField, ArrowSchema, ArrowType, Layout};
use crate::model::value::Value;

pub(super) static TYPE: Class = function(datatype);
pub(super) static FIELD: Class = function(field);
pub(super) static SCHEMA: Class = function(schema);

/// The functions that make types.
pub(super) const NAMES: &[&str] = &[
    "binary",
    "bool_",
    "date32",
    "date64",
    "decimal128",
    "decimal256",
    "decimal32",
    "decimal64",
    "dense_union",
    "dictionary",
    "duration",
    "fixed_size_list",
    "float16",
    "float32",
    "float64",
    "int16",
    "int32",
    "int64",
    "int8",
    "large_binary",
    "large_list",
    "large_list_view",
    "large_string",
    "large_utf8",
    "list_",
    "list_view",
    "map_",
    "month_day_nano_interval",
    "null",
    "run_end_encoded",
    "sparse_union",
    "string",
    "struct",
    "time32",
    "time64",
    "timestamp",
    "type_for_alias",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "union",
    "utf8",
];

/// What `type_for_alias` takes (pyarrow `_type_aliases`), without parameters, and the function that it stands for.
const ALIASES: &[(&str, &str)] = &[
    ("null", "null"),
    ("bool", "bool_"),
    ("boolean", "bool_"),
    ("i1", "int8"),
    ("int8", "int8"),
    ("i2", "int16"),
    ("int16", "int16"),
    ("i4", "int32"),
    ("int32", "int32"),
    ("i8", "int64"),
    ("int64", "int64"),
    ("u1", "uint8"),
    ("uint8", "uint8"),
    ("u2", "uint16"),
    ("uint16", "uint16"),
    ("u4", "uint32"),
    ("uint32", "uint32"),
    ("u8", "uint64"),
    ("uint64", "uint64"),
    ("f2", "float16"),
    ("halffloat", "float16"),
    ("float16", "float16"),
    ("f4", "float32"),
    ("float", "float32"),
    ("float32", "float32"),
    ("f8", "float64"),
    ("double", "float64"),
    ("float64", "float64"),
    ("string", "string"),
    ("str", "string"),
    ("utf8", "string"),
    ("binary", "binary"),
    ("large_string", "large_string"),
    ("large_str", "large_string"),
    ("large_utf8", "large_string"),
    ("large_binary", "large_binary"),
    ("binary_view", "binary_view"),
    ("string_view", "string_view"),
    ("date32", "date32"),
    ("date32[day]", "date32"),
    ("date64", "date64"),
    ("date64[ms]", "date64"),
    ("month_day_nano_interval", "month_day_nano_interval"),
];

/// Types without parameters, by the name of their function.
const PLAIN: &[&str] = &[
    "bool_",
    "date32",
    "date64",
    "float16",
    "float32",
    "float64",
    "int16",
    "int32",
    "int64",
    "int8",
    "large_binary",
    "large_string",
    "month_day_nano_interval",
    "null",
    "string",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
];

/// Objects on the way from a type to the type within: its parameters, a list of fields, a field.
const OBJECTS_PER_LEVEL: u16 = 4;

fn make(ctx: &mut Ctx<'_>, name: &str, params: &[Value]) -> Result<Value, Reject> {
    let nested = OBJECTS_PER_LEVEL.saturating_mul(MAX_NESTING as u16);
    let deep = params.iter().any(|v| matches!(v, Value::Object(id) if ctx.graph.get(*id).depth > nested));
    if deep {
        return ctx.reject(format!("expected at most {MAX_NESTING} levels of nested types"));
    }
    let name = ctx.graph.str(name)?;
    let params = match params {
        [] => Value::None,
        params => Value::Object(ctx.graph.object(Kind::List, params)?),
    };
    Ok(ctx.graph.structure(&ArrowType { name, params })?)
}

/// A type of Arrow.
fn datatype(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let name = ctx.graph.global(ctx.global).name.clone();
    match (name.as_str(), ctx.args) {
        ("type_for_alias", &[alias]) => match args::text(ctx.graph, alias).map(str::to_owned) {
            Some(alias) => by_alias(ctx, &alias),
            None => ctx.reject("expected the name of a type"),
        },
        ("utf8", []) => make(ctx, "string", &[]),
        ("large_utf8", []) => make(ctx, "large_string", &[]),
        ("binary", [] | [Value::Int(-1)]) => make(ctx, "binary", &[]),
        ("binary", &[size @ Value::Int(0..=0x7fff_ffff)]) => make(ctx, "binary", &[size]),
        ("decimal32" | "decimal64" | "decimal128" | "decimal256", &[precision, scale]) => {
            decimal(ctx, &name, precision, scale)
        }
        ("time32" | "time64" | "duration", &[unit]) => {
            let unit = args::text(ctx.graph, unit).map(str::to_owned);
            temporal(ctx, &name, unit.as_deref().unwrap_or_default(), None)
        }
        ("timestamp", &[unit, ref zone @ ..]) if zone.len() <= 1 => {
            let unit = args::text(ctx.graph, unit).map(str::to_owned);
            let zone = match zone.first() {
                None | Some(Value::None) => None,
                Some(zone) => match args::text(ctx.graph, *zone) {
                    Some(zone) => Some(zone.to_owned()),
                    None => return ctx.reject("expected the name of a time zone, or None"),
                },
            };
            temporal(ctx, "timestamp", unit.as_deref().unwrap_or_default(), zone.as_deref())
        }
        ("list_" | "large_list" | "list_view" | "large_list_view", &[item]) if is_item(ctx.graph, item) => {
            make(ctx, &name, &[item])
        }
        ("list_", &[item, Value::Int(-1)]) if is_item(ctx.graph, item) => make(ctx, &name, &[item]),
        ("list_" | "fixed_size_list", &[item, size @ Value::Int(0..=0x7fff_ffff)]) if is_item(ctx.graph, item) => {
            make(ctx, "list_", &[item, size])
        }
        ("map_", &[key, value, Value::Bool(false)] | &[key, value])
            if is_item(ctx.graph, key) && is_item(ctx.graph, value) =>
        {
            make(ctx, "map_", &[key, value])
        }
        ("map_", &[key, value, sorted @ Value::Bool(true)]) if is_item(ctx.graph, key) && is_item(ctx.graph, value) => {
            make(ctx, "map_", &[key, value, sorted])
        }
        ("struct", &[list]) => {
            let list = fields(ctx, list)?;
            make(ctx, "struct", &[list])
        }
        ("union", &[list, mode, codes]) => match args::text(ctx.graph, mode) {
            Some("sparse") => union(ctx, "sparse_union", list, codes),
            Some("dense") => union(ctx, "dense_union", list, codes),
            _ => ctx.reject("expected `sparse` or `dense` as mode of a union"),
        },
        ("sparse_union" | "dense_union", &[list, codes]) => union(ctx, &name, list, codes),
        ("sparse_union" | "dense_union", &[list]) => union(ctx, &name, list, Value::None),
        ("dictionary", &[index, value, ref ordered @ ..])
            if is_int(ctx.graph, index, &INTS) && is_type(ctx.graph, value) && ordered.len() <= 1 =>
        {
            let ordered = match ordered.first() {
                None => Value::Bool(false),
                Some(ordered @ Value::Bool(_)) => *ordered,
                Some(Value::Int(n @ (0 | 1))) => Value::Bool(*n == 1),
                Some(_) => return ctx.reject("expected a bool: whether a dictionary is ordered"),
            };
            make(ctx, "dictionary", &[index, value, ordered])
        }
        ("run_end_encoded", &[ends, value])
            if is_int(ctx.graph, ends, &["int16", "int32", "int64"]) && is_item(ctx.graph, value) =>
        {
            make(ctx, "run_end_encoded", &[ends, value])
        }
        (plain, []) if PLAIN.contains(&plain) => make(ctx, plain, &[]),
        _ => ctx.reject("expected the parameters of that type"),
    }
}

/// A type by the text that pyarrow prints for it.
fn by_alias(ctx: &mut Ctx<'_>, alias: &str) -> Result<Value, Reject> {
    if let Some((_, name)) = ALIASES.iter().find(|row| row.0 == alias) {
        return make(ctx, name, &[]);
    }
    // `time32[s]`, `timestamp[us]`, `duration[ns]`
    if let Some((name, unit)) = alias.strip_suffix(']').and_then(|alias| alias.split_once('['))
        && matches!(name, "time32" | "time64" | "timestamp" | "duration")
    {
        return temporal(ctx, name, unit, None);
    }
    ctx.reject(format!("expected the name of a type of Arrow, found `{}`", crate::name::Escaped(alias)))
}

fn temporal(ctx: &mut Ctx<'_>, name: &str, unit: &str, zone: Option<&str>) -> Result<Value, Reject> {
    let known = match (name, Unit::of(unit)) {
        ("time32", Some(unit)) => matches!(unit, Unit::Second | Unit::Milli),
        ("time64", Some(unit)) => matches!(unit, Unit::Micro | Unit::Nano),
        (_, unit) => unit.is_some(),
    };
    if !known {
        return ctx.reject(format!("expected a unit of {name}"));
    }
    let unit = ctx.graph.str(unit)?;
    match (name, zone) {
        ("timestamp", None) => make(ctx, name, &[unit, Value::None]),
        ("timestamp", Some(zone)) => {
            let zone = ctx.graph.str(zone)?;
            make(ctx, name, &[unit, zone])
        }
        _ => make(ctx, name, &[unit]),
    }
}

fn decimal(ctx: &mut Ctx<'_>, name: &str, precision: Value, scale: Value) -> Result<Value, Reject> {
    let most = match name {
        "decimal32" => 9,
        "decimal64" => 18,
        "decimal128" => 38,
        _ => 76,
    };
    match (precision, scale) {
        (Value::Int(p), Value::Int(s)) if (1..=most).contains(&p) && i32::try_from(s).is_ok() => {
            make(ctx, name, &[precision, scale])
        }
        _ => ctx.reject(format!("expected a precision of 1 to {most} and a scale of 32 bits")),
    }
}

fn union(ctx: &mut Ctx<'_>, name: &str, list: Value, codes: Value) -> Result<Value, Reject> {
    let list = fields(ctx, list)?;
    let count = args::sequence(ctx.graph, list).map_or(0, |id| ctx.graph.count(id));
    let given: Vec<Value> = match (codes, args::sequence(ctx.graph, codes)) {
        (Value::None, _) if count <= 128 => (0..count).map(|n| Value::Int(n as i64)).collect(),
        (_, Some(id)) if ctx.graph.count(id) == count && count <= 128 => ctx.graph.items(id).collect(),
        _ => return ctx.reject("expected one code of a union for each of at most 128 fields"),
    };
    let mut seen = [false; 128];
    for code in &given {
        let slot = match code {
            Value::Int(n) => usize::try_from(*n).ok().and_then(|n| seen.get_mut(n)),
            _ => None,
        };
        match slot {
            Some(seen) if !*seen => *seen = true,
            _ => return ctx.reject("expected codes of a union from 0 to 127, each once"),
        }
    }
    let codes = Value::Object(ctx.graph.object(Kind::List, &given)?);
    make(ctx, name, &[list, codes])
}

/// A list of fields of our own.
fn fields(ctx: &mut Ctx<'_>, list: Value) -> Result<Value, Reject> {
    let Some(id) = args::sequence(ctx.graph, list) else { return ctx.reject("expected a list of fields") };
    if !ctx.graph.items(id).all(|field| matches!(ctx.graph.layout(field), Some((Layout::ArrowField, _)))) {
        return ctx.reject("expected a list of fields");
    }
    let fields: Vec<Value> = ctx.graph.items(id).collect();
    Ok(Value::Object(ctx.graph.object(Kind::List, &fields)?))
}

const INTS: [&str; 8] = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"];

/// Whether it is one of those types.
fn is_int(graph: &Graph, value: Value, names: &[&str]) -> bool {
    match graph.layout(value) {
        Some((Layout::ArrowType, id)) => {
            args::text(graph, ArrowType::of(graph, id).name).is_some_and(|name| names.contains(&name))
        }
        _ => false,
    }
}

/// Whether it is a type or a field.
fn is_item(graph: &Graph, value: Value) -> bool {
    matches!(graph.layout(value), Some((Layout::ArrowType | Layout::ArrowField, _)))
}

/// Metadata: None, or a dict of bytes; `None` where it is neither.
fn metadata(graph: &Graph, value: Value) -> Option<Value> {
    if matches!(value, Value::None) {
        return Some(Value::None);
    }
    let id = args::dict(graph, value)?;
    let is_bytes = |value| args::bytes(graph, value).is_some() || args::text(graph, value).is_some();
    graph.items(id).all(is_bytes).then_some(value)
}

fn field(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if let [name, datatype, nullable @ Value::Bool(_), metadata_given] = *ctx.args
        && is_type(ctx.graph, datatype)
        && let Some(text) = args::text(ctx.graph, name).map(str::to_owned)
        && let Some(metadata) = metadata(ctx.graph, metadata_given)
    {
        let name = if matches!(name, Value::Str { .. }) { name } else { ctx.graph.str(&text)? };
        let metadata = records::taken(ctx.graph, metadata)?;
        return Ok(ctx.graph.structure(&ArrowField { name, datatype, nullable, metadata })?);
    }
    ctx.reject("expected a name, a type, whether it is nullable, and metadata")
}

fn schema(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [list, metadata_given] = *ctx.args else { return ctx.reject("expected a list of fields and metadata") };
    let Some(metadata) = metadata(ctx.graph, metadata_given) else {
        return ctx.reject("expected None or a dict of bytes as metadata");
    };
    let fields = fields(ctx, list)?;
    let metadata = records::taken(ctx.graph, metadata)?;
    Ok(ctx.graph.structure(&ArrowSchema { fields, metadata })?)
}
