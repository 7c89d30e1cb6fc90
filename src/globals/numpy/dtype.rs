//! `numpy.dtype(code, align, copy)` and its state, in all five layouts; StringDType.
//!
//! A dtype is complete once it is made; its state, which follows at once, says the rest. An object that uses it seals it: a
//! later state would change what was checked.

use std::collections::HashSet;

use super::super::args;
use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms};
use super::{Problem, flag, tuple};
use crate::machine::Reject;
use crate::model::dtype::{DType, Type, Unit};
use crate::model::graph::{Graph, Kind, flag as mark};
use crate::model::layout::{Dtype, Layout};
use crate::model::value::{NodeId, Value};
use crate::name::{Escaped, GlobalName};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "npdtype",
        modules: &[module("numpy"), module("numpy.core.multiarray"), module("numpy._core.multiarray")],
        names: &["dtype"],
        uses: Use::Data(&DTYPE),
        guard: "(code of one scalar, or its class[, 0, 1]); one state of 5 to 9, fields within the itemsize",
    },
    Row {
        kind: "npdtype",
        modules: &[module("numpy._core._internal"), module("numpy.core._internal")],
        names: &["_convert_to_stringdtype_kwargs"],
        uses: Use::Data(&STRING_DTYPE),
        guard: "(coerce[, na_object])",
    },
];

static DTYPE: Class = Class { forms: Forms::REDUCE, call: dtype, build: None, bare: true };
static STRING_DTYPE: Class = Class { forms: Forms::REDUCE, call: string_dtype, build: None, bare: false };

/// Fields of a state that are looked at for one charge.
const FIELD: u64 = 64;

/// The text of a dtype as numpy prints it.
fn text_of(dtype: &DType) -> Option<String> {
    let (kind, number, unit) = match dtype.ty {
        Type::Bool => ('b', dtype.size, None),
        Type::Int => ('i', dtype.size, None),
        Type::Uint => ('u', dtype.size, None),
        Type::Float => ('f', dtype.size, None),
        Type::Complex => ('c', dtype.size, None),
        Type::Bytes => ('S', dtype.size, None),
        Type::Text => ('U', dtype.size / 4, None),
        Type::Void => ('V', dtype.size, None),
        Type::DateTime(unit, count) => ('M', dtype.size, Some((unit, count))),
        Type::TimeDelta(unit, count) => ('m', dtype.size, Some((unit, count))),
        Type::Object => return Some("|O".to_owned()),
        Type::Str | Type::Struct(_) | Type::Array(..) => return None,
    };
    let order = match dtype.ty {
        Type::Bool | Type::Bytes | Type::Void => '|',
        Type::Int | Type::Uint if dtype.size == 1 => '|',
        _ if dtype.big => '>',
        _ => '<',
    };
    let unit = match unit {
        None | Some((Unit::Generic, _)) => String::new(),
        Some((unit, 1)) => format!("[{}]", unit.name()),
        Some((unit, count)) => format!("[{count}{}]", unit.name()),
    };
    Some(format!("{order}{kind}{number}{unit}"))
}

/// The dtype of a code: kind and size, or one of the letters that mean the same on every system.
fn code(text: &str) -> Option<DType> {
    let long = match text.trim_start_matches(['<', '>', '|', '=']) {
        "?" => "b1",
        "b" => "i1",
        "B" => "u1",
        "h" => "i2",
        "H" => "u2",
        "i" => "i4",
        "I" => "u4",
        "q" => "i8",
        "Q" => "u8",
        "e" => "f2",
        "f" => "f4",
        "d" => "f8",
        "F" => "c8",
        "D" => "c16",
        "S" => "S0",
        "U" => "U0",
        "V" => "V0",
        "m" => "m8",
        "M" => "M8",
        "O" | "O4" | "O8" => "O",
        _ if text == "T" || text.starts_with('O') => return None,
        _ => return DType::parse(text),
    };
    let mut dtype = DType::parse(long)?;
    dtype.big = text.starts_with('>') && dtype.size > 1;
    Some(dtype)
}

/// The code of a scalar class that means the same on every system.
fn class_code(name: &GlobalName) -> Option<&'static str> {
    if name.module != "numpy" {
        return None;
    }
    Some(match name.name.as_str() {
        "bool" | "bool_" => "b1",
        "int8" => "i1",
        "int16" => "i2",
        "int32" => "i4",
        "int64" => "i8",
        "uint8" => "u1",
        "uint16" => "u2",
        "uint32" => "u4",
        "uint64" => "u8",
        "float16" => "f2",
        "float32" => "f4",
        "float64" | "float_" => "f8",
        "float96" => "f12",
        "float128" => "f16",
        "complex64" => "c8",
        "complex128" | "complex_" => "c16",
        "complex256" => "c32",
        "object_" => "O",
        "str_" | "unicode_" => "U0",
        "bytes_" | "string_" => "S0",
        "datetime64" => "M8",
        "timedelta64" => "m8",
        "void" | "record" => "V0",
        _ => return None,
    })
}

fn dtype(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    // `align` makes C's layout of fields, which one scalar does not have.
    let first = match ctx.args {
        [first, flags @ ..] if flags.len() <= 2 && flags.iter().all(|f| flag(*f).is_some()) => *first,
        _ => return ctx.reject("expected the code of a dtype and two flags"),
    };
    let (found, record) = match first {
        Value::Global(class) => {
            let name = ctx.graph.global(class).clone();
            let Some(found) = class_code(&name).and_then(code) else {
                return ctx.reject(format!("expected a scalar class of one size, found `{name}`"));
            };
            (found, name.name == "record" && name.module == "numpy")
        }
        other => {
            let Some(text) = args::text(ctx.graph, other) else {
                return ctx.reject(format!("expected text, found {}", args::type_name(ctx.graph, other)));
            };
            let Some(found) = code(text) else {
                let problem = format!("expected the code of one scalar such as `f8`, found `{}`", Escaped(text));
                return ctx.reject(problem);
            };
            (found, false)
        }
    };
    let text = text_of(&found).unwrap_or_default();
    let str = ctx.graph.str(&text)?;
    let record = if record { Value::Bool(true) } else { Value::None };
    Ok(ctx.graph.structure(&Dtype { str, record, ..Dtype::default() })?)
}

fn string_dtype(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (coerce, na_object) = match *ctx.args {
        [coerce] => (coerce, None),
        [coerce, na_object] => (coerce, Some(na_object)),
        _ => return ctx.reject("expected whether to coerce and what stands for a missing value"),
    };
    let Some(coerce) = flag(coerce) else { return ctx.reject("expected a bool") };
    let na_object = match na_object {
        Some(value) => Value::Object(ctx.graph.object(Kind::List, &[value])?),
        None => Value::None,
    };
    let str = ctx.graph.str("T")?;
    Ok(ctx.graph.structure(&Dtype { str, coerce: Value::Bool(coerce), na_object, ..Dtype::default() })?)
}

/// Makes sure that a dtype stays what it is, now that something relies on it.
fn seal(graph: &mut Graph, value: Value) {
    if let Value::Object(id) = value {
        graph.set_flags(id, mark::BUILT, 0);
    }
}

/// The dtype that a value is, parsed and paid for; from now on it takes no state.
pub(in crate::globals) fn of(graph: &mut Graph, value: Value) -> Result<DType, Problem> {
    if matches!(value, Value::Unknown) {
        return Err(Problem::Tainted);
    }
    if graph.layout(value).is_none_or(|(layout, _)| layout != Layout::Dtype) {
        return Err(format!("expected a numpy dtype, found {}", args::type_name(graph, value)).into());
    }
    seal(graph, value);
    let dtype = DType::of(graph, value)?;
    let fields = cost(&dtype);
    if fields > 0 {
        graph.charge(FIELD * fields)?;
    }
    Ok(dtype)
}

/// How many fields a dtype has, inner ones included.
fn cost(dtype: &DType) -> u64 {
    // As deep as the parser goes.
    match &dtype.ty {
        Type::Struct(fields) => fields.iter().map(|field| 1 + cost(&field.dtype)).sum(),
        Type::Array(base, shape) => shape.len() as u64 + cost(base),
        _ => 0,
    }
}

/// BUILD on a dtype.
pub(in crate::globals) fn build(graph: &mut Graph, id: NodeId, state: Value) -> Result<(), Reject> {
    if graph.get(id).flags & mark::BUILT != 0 {
        return Err(reject("expected one state, before the dtype is used".to_owned()));
    }
    match read(graph, id, state) {
        Ok(dtype) => {
            graph.become_structure(id, &dtype)?;
            seal(graph, Value::Object(id));
            // All bounds are checked once more, on what was made.
            DType::of(graph, Value::Object(id)).map(drop).map_err(reject)
        }
        Err(Problem::What(what)) => Err(reject(what)),
        Err(Problem::Limit(e)) => Err(Reject::Limit(e)),
        Err(Problem::Tainted) => Err(Reject::Tainted),
    }
}

fn reject(problem: String) -> Reject {
    Reject::Value { name: GlobalName::new("numpy", "dtype"), problem }
}

/// What a state says beside the code.
struct State {
    version: i64,
    endian: Value,
    subdtype: Value,
    names: Value,
    fields: Value,
    size: Value,
    flags: Value,
    metadata: Value,
}

/// The five layouts, by their length.
fn layout(graph: &Graph, state: Value) -> Option<State> {
    let (_, count, items) = tuple::<9>(graph, state)?;
    let none = Value::None;
    let (version, state) = match (count, items) {
        (9, [version, endian, subdtype, names, fields, size, _, flags, metadata]) => {
            (version, State { version: 4, endian, subdtype, names, fields, size, flags, metadata })
        }
        (8, [version, endian, subdtype, names, fields, size, _, flags, _]) => {
            (version, State { version: 3, endian, subdtype, names, fields, size, flags, metadata: none })
        }
        (7, [version, endian, subdtype, names, fields, size, ..]) => {
            (version, State { version: 2, endian, subdtype, names, fields, size, flags: none, metadata: none })
        }
        (6, [version, endian, subdtype, fields, size, ..]) => {
            (version, State { version: 1, endian, subdtype, names: none, fields, size, flags: none, metadata: none })
        }
        (5, [endian, subdtype, fields, size, ..]) => {
            let version = Value::Int(0);
            (version, State { version: 0, endian, subdtype, names: none, fields, size, flags: none, metadata: none })
        }
        _ => return None,
    };
    matches!(version, Value::Int(0..=4)).then_some(state)
}

fn read(graph: &mut Graph, id: NodeId, state: Value) -> Result<Dtype, Problem> {
    let old = Dtype::of(graph, id);
    let Value::Str { len, at } = old.str else { return Err("expected a dtype without a state".into()) };
    let mut scalar = DType::parse(graph.text(len, at)).ok_or("expected a dtype of one scalar")?;
    if scalar.ty == Type::Str {
        return Err("expected no state of a StringDType".into());
    }
    if matches!(state, Value::Object(id) if graph.items(id).any(|v| matches!(v, Value::Unknown))) {
        return Err(Problem::Tainted);
    }
    let state = layout(graph, state).ok_or("expected a state of 5 to 9 values that begins with a version up to 4")?;
    let big = match args::bytes_or_latin1(graph, state.endian).as_deref() {
        Some(b"<" | b"|" | b"=") => false,
        Some(b">") => true,
        _ => return Err("expected a byte order of `<`, `>`, `|` or `=`".into()),
    };
    let size = args::int(state.size).ok_or("expected an int as itemsize")?;
    let flags = match state.flags {
        Value::None if state.version < 3 => 0,
        flags => args::int(flags).ok_or("expected an int as flags")?,
    };
    let mut dtype = Dtype { record: old.record, ..Dtype::default() };
    match (state.subdtype, state.fields) {
        (Value::None, Value::None) => {
            if !matches!(state.names, Value::None) {
                return Err("expected no names of fields without fields".into());
            }
            scalar = sized(scalar, size)?;
            scalar.big = big && scalar.size > 1;
            dtype.metadata = match scalar.ty {
                Type::DateTime(..) | Type::TimeDelta(..) => unit(graph, &mut scalar, state.metadata)?,
                _ => metadata(graph, state.metadata)?,
            };
            let text = text_of(&scalar).ok_or("expected a dtype of one scalar")?;
            dtype.str = graph.str(&text)?;
        }
        (Value::None, fields) if scalar.ty == Type::Void => {
            let size = usize::try_from(size).ok().filter(|size| *size <= i32::MAX as usize);
            let size = size.ok_or("expected an itemsize of 0 to 2147483647")?;
            dtype.fields = read_fields(graph, fields, state.names, state.version)?;
            dtype.itemsize = Value::Int(size as i64);
            dtype.aligned = if flags & 0x80 != 0 { Value::Bool(true) } else { Value::None };
            dtype.metadata = metadata(graph, state.metadata)?;
        }
        (subdtype, Value::None) if scalar.ty == Type::Void => {
            let Some((_, 2, [base, shape])) = tuple::<2>(graph, subdtype) else {
                return Err("expected a dtype and a shape as sub-array".into());
            };
            let base_dtype = of(graph, base)?;
            let shape = super::array::shape(graph, shape)?;
            let bytes = shape.iter().try_fold(base_dtype.size, |product: usize, n| product.checked_mul(*n));
            if i64::try_from(bytes.unwrap_or(usize::MAX)) != Ok(size) {
                return Err(format!("expected a sub-array of the itemsize, {size} bytes").into());
            }
            dtype.base = base;
            dtype.shape = super::array::shape_value(graph, &shape)?;
            dtype.metadata = metadata(graph, state.metadata)?;
        }
        _ => return Err("expected fields or a sub-array on a void dtype".into()),
    }
    Ok(dtype)
}

/// The size that a state gives to bytes, text and void; others have one already.
fn sized(mut dtype: DType, size: i64) -> Result<DType, Problem> {
    let found = match (size, &dtype.ty) {
        (-1, _) | (_, Type::Object) => return Ok(dtype),
        (size, Type::Bytes | Type::Void) => usize::try_from(size).ok(),
        (size, Type::Text) => usize::try_from(size).ok().filter(|size| size % 4 == 0),
        (size, _) => usize::try_from(size).ok().filter(|size| *size == dtype.size),
    };
    let found = found.filter(|size| *size <= i32::MAX as usize);
    dtype.size = found.ok_or_else(|| format!("expected an itemsize that fits the code, found {size}"))?;
    Ok(dtype)
}

/// What the user attached, a dict: its entries are copied.
fn metadata(graph: &mut Graph, value: Value) -> Result<Value, Problem> {
    match value {
        Value::None => Ok(Value::None),
        Value::Object(id) if graph.kind(id) == Kind::Dict => {
            let count = graph.count(id);
            Ok(if count == 0 { Value::None } else { Value::Object(graph.snapshot(id)?) })
        }
        _ => Err("expected a dict as metadata".into()),
    }
}

/// The unit of a datetime64 or timedelta64: `(metadata, (unit, num[, den], event))`. Returns what the user attached.
fn unit(graph: &mut Graph, scalar: &mut DType, value: Value) -> Result<Value, Problem> {
    const WHAT: &str = "expected the unit of a datetime and its multiple";
    if let Value::None = value {
        return Ok(Value::None);
    }
    let Some((_, 2, [attached, unit])) = tuple::<2>(graph, value) else { return Err(WHAT.into()) };
    let Some((_, count, [unit, number, third, fourth])) = tuple::<4>(graph, unit) else { return Err(WHAT.into()) };
    // The last of three or four was an event number, which numpy no longer has.
    let (divisor, event) = match count {
        2 => (Value::Int(1), Value::Int(1)),
        3 => (Value::Int(1), third),
        4 => (third, fourth),
        _ => return Err(WHAT.into()),
    };
    let unit = match unit {
        Value::None => Some(Unit::Generic),
        unit => args::bytes_or_latin1(graph, unit).and_then(|name| Unit::of_name(std::str::from_utf8(&name).ok()?)),
    };
    let unit = unit.ok_or("expected a unit such as `ns`")?;
    let number = args::int(number).and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=i32::MAX as u32).contains(n));
    let number = number.ok_or("expected a multiple of a unit from 1 to 2147483647")?;
    if !matches!(divisor, Value::Int(1)) || !matches!(event, Value::Int(0 | 1)) {
        return Err("expected a unit without divisor and event".into());
    }
    if unit == Unit::Generic && number != 1 {
        return Err("expected no multiple of the generic unit".into());
    }
    scalar.ty = match scalar.ty {
        Type::DateTime(..) => Type::DateTime(unit, number),
        _ => Type::TimeDelta(unit, number),
    };
    metadata(graph, attached)
}

/// Text as a name: a str, or an 8-bit str in UTF-8.
fn name(graph: &mut Graph, value: Value) -> Result<Option<Value>, Problem> {
    match value {
        Value::Str { .. } => Ok(Some(value)),
        Value::Py2Str { len, at } => match std::str::from_utf8(graph.bytes(len, at)) {
            Ok(text) => {
                let text = text.to_owned();
                Ok(Some(graph.str(&text)?))
            }
            Err(_) => Ok(None),
        },
        _ => Ok(None),
    }
}

fn text_of_name(graph: &Graph, value: Value) -> Option<&str> {
    match value {
        Value::Str { len, at } => Some(graph.text(len, at)),
        Value::Py2Str { len, at } => std::str::from_utf8(graph.bytes(len, at)).ok(),
        _ => None,
    }
}

/// Fields by their names: a list of lists of name, dtype, offset and perhaps title.
fn read_fields(graph: &mut Graph, fields: Value, names: Value, version: i64) -> Result<Value, Problem> {
    const WHAT: &str = "expected a tuple of names and a dict of fields";
    let dict = args::dict(graph, fields).ok_or(WHAT)?;
    graph.charge(FIELD * graph.count(dict) as u64)?;
    // Before version 2 the names stand under the key -1.
    let names = if version < 2 { lookup_names(graph, dict).ok_or(WHAT)? } else { names };
    let names = match names {
        Value::Object(id) if matches!(graph.kind(id), Kind::Tuple | Kind::List) => id,
        _ => return Err(WHAT.into()),
    };
    graph.charge(FIELD * graph.count(names) as u64)?;
    let names: Vec<Value> = graph.items(names).collect();
    let mut by_name = std::collections::HashMap::with_capacity(names.len().min(1 << 12));
    {
        let mut items = graph.items(dict);
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            match (key, text_of_name(graph, key)) {
                (_, Some(text)) => drop(by_name.insert(text.to_owned(), value)),
                (Value::Int(-1), None) if version < 2 => {}
                _ => return Err("expected names of fields that are text".into()),
            }
        }
    }
    let mut titles = HashSet::new();
    let mut known = HashSet::new();
    let mut list = Vec::new();
    for key in names {
        let (text, field) = match text_of_name(graph, key) {
            Some(text) => (text.to_owned(), by_name.get(text).copied()),
            None => return Err("expected names of fields that are text".into()),
        };
        let Some((_, count @ 2..=3, [dtype, offset, title])) = field.and_then(|field| tuple::<3>(graph, field)) else {
            return Err(format!("expected a dtype and an offset of field `{}`", Escaped(&text)).into());
        };
        if !known.insert(text) {
            return Err("expected fields of distinct names".into());
        }
        // It is parsed with the whole.
        if graph.layout(dtype).is_none_or(|(layout, _)| layout != Layout::Dtype) {
            let unknown = matches!(dtype, Value::Unknown);
            return Err(if unknown { Problem::Tainted } else { "expected a dtype of a field".into() });
        }
        seal(graph, dtype);
        let key = name(graph, key)?.ok_or(WHAT)?;
        let offset = args::int(offset).ok_or("expected an int as offset of a field")?;
        let mut items = vec![key, dtype, Value::Int(offset)];
        if count == 3 && !matches!(title, Value::None) {
            let title = name(graph, title)?.ok_or("expected a title of a field that is text")?;
            titles.extend(text_of_name(graph, title).map(str::to_owned));
            items.push(title);
        }
        list.push(Value::Object(graph.object(Kind::List, &items)?));
    }
    // A field also stands under its title; nothing else may stand there.
    if by_name.keys().any(|name| !known.contains(name) && !titles.contains(name)) {
        return Err("expected every field under its name or title".into());
    }
    Ok(Value::Object(graph.object(Kind::List, &list)?))
}

fn lookup_names(graph: &Graph, dict: NodeId) -> Option<Value> {
    let mut items = graph.items(dict);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if matches!(key, Value::Int(-1)) {
            return Some(value);
        }
    }
    None
}
