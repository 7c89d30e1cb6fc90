//! Structures of the standard library (and one of `bson`) that stay records, but whose arguments and states are checked: namespaces,
//! wrappers of a dict, list or str, named tuples, struct sequences, decimal contexts.
//!
//! Field names of named tuples are not in a pickle; what a class calls its fields is left to who reads the output.

use super::args;
use super::records::{self, how, then};
use super::table::{Row, Use, module, python2};
use super::{Class, Ctx, Forms};
use crate::machine::{Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "simplenamespace",
        modules: &[module("types"), module("argparse")],
        names: &["SimpleNamespace"],
        uses: Use::Data(&NAMESPACE),
        guard: "(); one state: a dict of attributes",
    },
    Row {
        kind: "simplenamespace",
        modules: &[module("argparse"), module("types")],
        names: &["Namespace"],
        uses: Use::Data(&NAMESPACE),
        guard: "(); one state: a dict of attributes",
    },
    Row {
        kind: "userdict",
        modules: &[module("collections"), python2("UserDict")],
        names: &["UserDict", "IterableUserDict=UserDict"],
        uses: Use::Data(&USER_DICT),
        guard: "(); the state {'data': {..}}",
    },
    Row {
        kind: "userdict",
        modules: &[module("collections"), python2("UserList"), python2("UserDict")],
        names: &["UserList"],
        uses: Use::Data(&USER_LIST),
        guard: "(); the state {'data': [..]}",
    },
    Row {
        kind: "userdict",
        modules: &[module("collections"), python2("UserString"), python2("UserDict")],
        names: &["UserString"],
        uses: Use::Data(&USER_STRING),
        guard: "(), (str); the state {'data': str}",
    },
    Row {
        kind: "chainmap",
        modules: &[module("collections")],
        names: &["ChainMap"],
        uses: Use::Data(&CHAIN_MAP),
        guard: "(); the state {'maps': [..]}",
    },
    Row {
        kind: "namedtuple-stdlib",
        modules: &[module("urllib.parse"), python2("urlparse")],
        names: &["DefragResult", "DefragResultBytes"],
        uses: Use::Data(&NAMED_2),
        guard: "2 texts",
    },
    Row {
        kind: "namedtuple-stdlib",
        modules: &[module("urllib.parse"), python2("urlparse")],
        names: &["SplitResult", "SplitResultBytes"],
        uses: Use::Data(&NAMED_5),
        guard: "5 texts",
    },
    Row {
        kind: "namedtuple-stdlib",
        modules: &[module("urllib.parse"), python2("urlparse")],
        names: &["ParseResult", "ParseResultBytes"],
        uses: Use::Data(&NAMED_6),
        guard: "6 texts",
    },
    Row {
        kind: "decimal",
        modules: &[module("decimal")],
        names: &["DecimalTuple"],
        uses: Use::Data(&DECIMAL_TUPLE),
        guard: "(sign 0 or 1, digits 0 to 9, exponent or 'F', 'n', 'N')",
    },
    Row {
        kind: "decimal",
        modules: &[module("decimal")],
        names: &["Context"],
        uses: Use::Data(&CONTEXT),
        guard: "(prec, rounding, Emin, Emax, capitals, clamp, [flags], [traps]) in their ranges",
    },
    Row {
        kind: "struct-time",
        modules: &[module("time")],
        names: &["struct_time"],
        uses: Use::Data(&STRUCT_TIME),
        guard: "((9 to 11 ints), {'tm_zone', 'tm_gmtoff'})",
    },
    Row {
        kind: "stat",
        modules: &[module("os"), module("posix"), module("nt")],
        names: &["stat_result"],
        uses: Use::Data(&STAT),
        guard: "((10 to 24 numbers), {'st_..': number})",
    },
    Row {
        kind: "stat",
        modules: &[python2("os")],
        names: &["_make_stat_result=stat_result"],
        uses: Use::Data(&STAT),
        guard: "as os.stat_result, from Python 2",
    },
    Row {
        kind: "bson",
        modules: &[module("bson.objectid"), module("bson"), module("pymongo.objectid")],
        names: &["ObjectId"],
        uses: Use::Data(&OBJECT_ID),
        guard: "(); the state: 12 bytes, or {'_ObjectId__id': 12 bytes}",
    },
];

const NEW_OR_OLD: Forms = Forms::NEWOBJ.and(Forms::INSTANCE);

static NAMESPACE: Class =
    Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: namespace, build: Some(namespace_state), bare: true };
static USER_DICT: Class = Class { forms: NEW_OR_OLD, call: waiting, build: Some(user_dict), bare: true };
static USER_LIST: Class = Class { forms: NEW_OR_OLD, call: waiting, build: Some(user_list), bare: true };
static USER_STRING: Class = Class { forms: NEW_OR_OLD, call: user_string_new, build: Some(user_string), bare: true };
static CHAIN_MAP: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(chain_map), bare: true };
static OBJECT_ID: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(object_id), bare: true };
static NAMED_2: Class = Class { forms: Forms::NEWOBJ, call: |ctx| named(ctx, 2), build: None, bare: true };
static NAMED_5: Class = Class { forms: Forms::NEWOBJ, call: |ctx| named(ctx, 5), build: None, bare: true };
static NAMED_6: Class = Class { forms: Forms::NEWOBJ, call: |ctx| named(ctx, 6), build: None, bare: true };
static DECIMAL_TUPLE: Class = Class { forms: Forms::NEWOBJ, call: decimal_tuple, build: None, bare: true };
static CONTEXT: Class = Class { forms: Forms::REDUCE, call: context, build: None, bare: true };
static STRUCT_TIME: Class = Class { forms: Forms::REDUCE, call: struct_time, build: None, bare: true };
static STAT: Class = Class { forms: Forms::REDUCE, call: stat_result, build: None, bare: true };

fn how_of(form: Form) -> i64 {
    match form {
        Form::NewObj | Form::NewObjEx => how::NEW,
        Form::Reduce => how::CALL,
        Form::Instance => how::INSTANCE,
    }
}

/// A record of the call as it stands.
fn record(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    records::make(ctx.graph, Kind::Record, ctx.global, how_of(ctx.form), ctx.tuple, None)
}

/// An object without arguments that is nothing before its state comes.
fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(Some(Value::Int(how_of(ctx.form))))
}

/// The record that a waiting object becomes with its state.
fn settle(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let how = ctx.graph.extra(target).unwrap_or(Value::Int(how::NEW));
    let arguments = Value::Object(ctx.graph.alloc(Kind::Tuple)?);
    let state = records::taken(ctx.graph, state)?;
    let items = [Value::Global(ctx.global), how, arguments, Value::None, Value::Int(then::STATE), state];
    ctx.graph.become_kind(target, Kind::Record, &items)?;
    Ok(ctx.graph.set_extra(target, Value::None)?)
}

/// BUILD with a dict of attributes, one of which is what the object is about.
fn attribute(
    ctx: &mut Ctx<'_>,
    target: NodeId,
    state: Value,
    name: &str,
    is: fn(&Graph, Value) -> bool,
    what: &str,
) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    records::examine(ctx.graph, state)?;
    let known = records::plain_state(ctx.graph, state)
        .and_then(|fields| fields.iter().rev().find(|(key, _)| *key == name).map(|&(_, value)| value));
    if !known.is_some_and(|value| is(ctx.graph, value)) {
        return ctx.reject(format!("expected a dict of attributes with {what} under `{name}` as state"));
    }
    settle(ctx, target, state)
}

fn namespace(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    record(ctx)
}

fn namespace_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if !records::is_fresh(ctx.graph, target) {
        return ctx.reject("expected one state, found a second BUILD");
    }
    records::examine(ctx.graph, state)?;
    if records::plain_state(ctx.graph, state).is_none() {
        return ctx.reject("expected a dict of attributes that are not special as state");
    }
    let state = records::taken(ctx.graph, state)?;
    records::build(ctx.graph, target, state)
}

fn is_mapping(graph: &Graph, value: Value) -> bool {
    let mapping = |id| matches!(graph.kind(id), Kind::Dict | Kind::OrderedDict | Kind::DefaultDict | Kind::Counter);
    matches!(value, Value::Object(id) if mapping(id))
}

fn is_list(graph: &Graph, value: Value) -> bool {
    matches!(value, Value::Object(id) if graph.kind(id) == Kind::List)
}

fn is_str(_: &Graph, value: Value) -> bool {
    matches!(value, Value::Str { .. } | Value::Wtf8 { .. } | Value::Py2Str { .. })
}

fn user_dict(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    attribute(ctx, target, state, "data", is_mapping, "a dict")
}

fn user_list(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    attribute(ctx, target, state, "data", is_list, "a list")
}

fn chain_map(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    attribute(ctx, target, state, "maps", is_list, "a list")
}

/// `UserString.__getnewargs__` (Python 3) gives the text, which the state then holds once more; `__new__` keeps nothing of it.
fn user_string_new(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match ctx.args {
        [] => {}
        [text] if is_str(ctx.graph, *text) => {}
        _ => return ctx.reject("expected at most a str"),
    }
    ctx.pending(Some(Value::Int(how_of(ctx.form))))
}

fn user_string(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    attribute(ctx, target, state, "data", is_str, "a str")
}

/// bson `objectid.py` (`__setstate__`): 12 bytes, from pymongo 1.9 and older inside a dict, from Python 2 as Latin-1 text. The
/// record's state is the bytes.
fn object_id(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let held = match args::dict(ctx.graph, state) {
        Some(id) if ctx.graph.count(id) == 2 => match *args::fields(ctx.graph, state).unwrap_or_default() {
            [("_ObjectId__id", id)] => id,
            _ => Value::None,
        },
        Some(_) => Value::None,
        None => state,
    };
    let is_short = match held {
        Value::Bytes { len, .. } | Value::Py2Str { len, .. } | Value::Str { len, .. } => len <= 24,
        _ => false,
    };
    let bytes = args::bytes_or_latin1(ctx.graph, held).filter(|bytes| is_short && bytes.len() == 12);
    let Some(bytes) = bytes.map(std::borrow::Cow::into_owned) else {
        return ctx.reject("expected 12 bytes as state");
    };
    let state = ctx.graph.new_bytes(&bytes)?;
    settle(ctx, target, state)
}

/// A named tuple of texts: urllib's results.
fn named(ctx: &mut Ctx<'_>, arity: usize) -> Result<Value, Reject> {
    let text = |value: &Value| is_str(ctx.graph, *value) || matches!(value, Value::Bytes { .. } | Value::None);
    if ctx.args.len() != arity || !ctx.args.iter().all(text) {
        return ctx.reject(format!("expected {arity} texts"));
    }
    record(ctx)
}

/// The items of a list or tuple of at most `most`, which are paid for.
fn short(ctx: &mut Ctx<'_>, value: Value, most: usize) -> Result<Option<Vec<Value>>, Reject> {
    let Some(id) = args::sequence(ctx.graph, value) else { return Ok(None) };
    let count = ctx.graph.count(id);
    if count > most {
        return Ok(None);
    }
    ctx.graph.charge((count * size_of::<Value>()) as u64)?;
    Ok(Some(ctx.graph.items(id).collect()))
}

fn decimal_tuple(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if let [Value::Int(0 | 1), digits, exponent] = *ctx.args {
        let exponent = match args::text(ctx.graph, exponent) {
            Some(text) => matches!(text, "F" | "n" | "N"),
            None => args::int(exponent).is_some(),
        };
        let digits = short(ctx, digits, usize::MAX)?;
        if exponent && digits.is_some_and(|digits| digits.iter().all(|digit| matches!(digit, Value::Int(0..=9)))) {
            return record(ctx);
        }
    }
    ctx.reject("expected a sign of 0 or 1, a tuple of digits, and an exponent")
}

/// The largest precision and exponent on 64-bit systems (`MAX_PREC`, `MAX_EMAX` of `_decimal`).
const MAX_EXPONENT: i64 = 999_999_999_999_999_999;
/// The smallest exponent there (`MIN_EMIN`).
const MIN_EXPONENT: i64 = -MAX_EXPONENT;

/// CPython `Modules/_decimal/_decimal.c` (`context_reduce`, and the setters for the ranges).
fn context(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if let [
        Value::Int(1..=MAX_EXPONENT),
        rounding,
        Value::Int(MIN_EXPONENT..=0),
        Value::Int(0..=MAX_EXPONENT),
        Value::Int(0 | 1),
        Value::Int(0 | 1),
        flags,
        traps,
    ] = *ctx.args
    {
        let rounding = matches!(
            args::text(ctx.graph, rounding),
            Some(
                "ROUND_CEILING"
                    | "ROUND_FLOOR"
                    | "ROUND_UP"
                    | "ROUND_DOWN"
                    | "ROUND_HALF_UP"
                    | "ROUND_HALF_DOWN"
                    | "ROUND_HALF_EVEN"
                    | "ROUND_05UP"
            )
        );
        if rounding && signals(ctx, flags)? && signals(ctx, traps)? {
            return record(ctx);
        }
    }
    ctx.reject("expected 8 fields of a decimal context in their ranges")
}

/// Whether it is a list of decimal signals, left as names.
fn signals(ctx: &mut Ctx<'_>, list: Value) -> Result<bool, Reject> {
    let list = short(ctx, list, super::inert::DECIMAL_SIGNALS.len())?;
    Ok(list.is_some_and(|list| {
        list.iter()
            .filter_map(|signal| args::global(*signal))
            .map(|global| ctx.graph.global(global))
            .all(|name| name.module == "decimal" && super::inert::DECIMAL_SIGNALS.contains(&name.name.as_str()))
            && list.iter().all(|signal| args::global(*signal).is_some())
    }))
}

/// The sequence and the dict of a struct sequence (CPython `Objects/structseq.c`).
fn struct_sequence(ctx: &mut Ctx<'_>, most: usize) -> Result<Option<(Vec<Value>, NodeId)>, Reject> {
    let [sequence, named] = *ctx.args else { return Ok(None) };
    records::examine(ctx.graph, named)?;
    Ok(short(ctx, sequence, most)?.zip(args::dict(ctx.graph, named)))
}

fn struct_time(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if let Some((values, named)) = struct_sequence(ctx, 11)? {
        let fields = args::fields(ctx.graph, Value::Object(named));
        // What the sequence holds beyond its nine visible items must not be named again.
        let known = fields.is_some_and(|fields| {
            fields.iter().all(|&(name, value)| match name {
                "tm_zone" if values.len() < 10 => is_str(ctx.graph, value) || matches!(value, Value::None),
                "tm_gmtoff" if values.len() < 11 => matches!(value, Value::Int(_) | Value::None),
                _ => false,
            })
        });
        let number = |(at, value): (usize, &Value)| match at {
            9 => is_str(ctx.graph, *value) || matches!(value, Value::None),
            10 => matches!(value, Value::Int(_) | Value::None),
            _ => args::is_int(*value),
        };
        if known && values.len() >= 9 && values.iter().enumerate().all(number) {
            return record(ctx);
        }
    }
    ctx.reject("expected a tuple of 9 to 11 numbers of a time, and a dict of its zone")
}

fn stat_result(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let number = |value: Value| args::is_int(value) || matches!(value, Value::Float { .. } | Value::None);
    if let Some((values, named)) = struct_sequence(ctx, 24)? {
        let known = args::fields(ctx.graph, Value::Object(named)).is_some_and(|fields| {
            fields.iter().all(|&(name, value)| {
                name.starts_with("st_") && (number(value) || (name == "st_fstype" && is_str(ctx.graph, value)))
            })
        });
        if known && values.len() >= 10 && values.iter().all(|value| number(*value)) {
            return record(ctx);
        }
    }
    ctx.reject("expected a tuple of 10 or more numbers of a file, and a dict of further ones")
}
