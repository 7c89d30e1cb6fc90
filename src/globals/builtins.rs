//! Builtins: bytes and bytearray in their call forms, complex, range, slice, sets, constants, and types left as values.

use super::args;
use super::table::{Module, Row, Use, module, python2};
use super::{Class, Ctx, Forms};
use crate::machine::Reject;
use crate::model::graph::Kind;
use crate::model::value::{Singleton, Value};

pub(super) const BUILTINS: &[Module] = &[module("builtins"), python2("__builtin__")];

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "bytearray",
        modules: BUILTINS,
        names: &["bytearray"],
        uses: Use::Data(&BYTEARRAY),
        guard: "(), (bytes), (str, 'latin-1'|'latin1'), ([ints])",
    },
    Row {
        kind: "bytes",
        modules: BUILTINS,
        names: &["bytes"],
        uses: Use::Data(&BYTES),
        guard: "(), (bytes), ([ints])",
    },
    Row {
        kind: "codecs-encode",
        modules: &[module("_codecs")],
        names: &["encode"],
        uses: Use::Data(&ENCODE),
        guard: "(str) of ASCII, (str, 'latin1'|'latin-1')",
    },
    Row { kind: "complex", modules: BUILTINS, names: &["complex"], uses: Use::Data(&COMPLEX), guard: "0 to 2 numbers" },
    Row {
        kind: "range",
        modules: BUILTINS,
        names: &["range", "xrange=range"],
        uses: Use::Data(&RANGE),
        guard: "1 to 3 ints, the step not 0",
    },
    Row { kind: "slice", modules: BUILTINS, names: &["slice"], uses: Use::Data(&SLICE), guard: "1 to 3 values" },
    Row {
        kind: "set",
        modules: BUILTINS,
        names: &["set"],
        uses: Use::Data(&SET),
        guard: "nothing, or one list or tuple",
    },
    Row {
        kind: "frozenset",
        modules: BUILTINS,
        names: &["frozenset"],
        uses: Use::Data(&FROZENSET),
        guard: "nothing, or one list or tuple",
    },
    Row {
        kind: "singleton",
        modules: BUILTINS,
        names: &["Ellipsis", "False", "None", "NotImplemented", "True"],
        uses: Use::Data(&CONSTANT),
        guard: "as a value",
    },
    Row {
        kind: "nonetype",
        modules: BUILTINS,
        names: &["type"],
        uses: Use::Data(&TYPE),
        guard: "exactly (None), (Ellipsis), (NotImplemented)",
    },
    Row {
        kind: "int",
        modules: BUILTINS,
        names: &["int", "long=int"],
        uses: Use::Data(&TYPE_ONLY),
        guard: "a type as a value; never called",
    },
    Row {
        kind: "builtin-class",
        modules: BUILTINS,
        names: &["basestring", "bool", "dict", "float", "list", "memoryview", "object", "str", "tuple", "unicode=str"],
        uses: Use::Data(&TYPE_ONLY),
        guard: "a type as a value; never called",
    },
    Row {
        kind: "iterator",
        modules: BUILTINS,
        names: &["iter"],
        uses: Use::Inert,
        guard: "a record: (sequence), then its position",
    },
    Row {
        kind: "genericalias",
        modules: &[module("types")],
        names: &["GenericAlias"],
        uses: Use::Inert,
        guard: "a record",
    },
    Row {
        kind: "re-pattern",
        modules: &[module("re"), module("re._compiler"), module("sre"), module("_sre")],
        names: &["_compile", "compile"],
        uses: Use::Inert,
        guard: "a record: (pattern, flags); never compiled",
    },
];

static BYTEARRAY: Class = Class { forms: Forms::REDUCE, call: bytearray, build: None, bare: true };
static BYTES: Class = Class { forms: Forms::REDUCE, call: bytes, build: None, bare: true };
static ENCODE: Class = Class { forms: Forms::REDUCE, call: encode, build: None, bare: false };
static COMPLEX: Class = Class { forms: Forms::REDUCE, call: complex, build: None, bare: true };
static RANGE: Class = Class { forms: Forms::REDUCE, call: range, build: None, bare: true };
static SLICE: Class = Class { forms: Forms::REDUCE, call: slice, build: None, bare: true };
static SET: Class = Class { forms: Forms::REDUCE, call: |ctx| set(ctx, Kind::Set), build: None, bare: true };
static FROZENSET: Class =
    Class { forms: Forms::REDUCE, call: |ctx| set(ctx, Kind::FrozenSet), build: None, bare: true };
static TYPE: Class = Class { forms: Forms::REDUCE, call: type_of, build: None, bare: false };
pub(super) static TYPE_ONLY: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a type as a value, found a call"),
    build: None,
    bare: true,
};
/// Names that are values themselves; resolved, never called.
pub(super) static CONSTANT: Class =
    Class { forms: Forms::NONE, call: |ctx| ctx.reject("expected a value, found a call"), build: None, bare: true };

/// The value of a constant's name.
pub(super) fn constant(name: &str) -> Result<Value, Reject> {
    Ok(match name {
        "None" => Value::None,
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "Ellipsis" => Value::Singleton(Singleton::Ellipsis),
        "NA" => Value::Singleton(Singleton::NA),
        "masked" => Value::Singleton(Singleton::Masked),
        _ => Value::Singleton(Singleton::NotImplemented),
    })
}

/// Bytes of a list of ints from 0 to 255.
fn from_ints(ctx: &Ctx<'_>, value: Value) -> Option<Vec<u8>> {
    let id = args::sequence(ctx.graph, value)?;
    ctx.graph.items(id).map(|v| u8::try_from(args::int(v)?).ok()).collect()
}

fn bytes(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    match *ctx.args {
        [] => Ok(ctx.graph.new_bytes(&[])?),
        [Value::Bytes { len, at } | Value::ByteArray { len, at } | Value::Py2Str { len, at }] => {
            Ok(Value::Bytes { len, at })
        }
        [list] => match from_ints(ctx, list) {
            Some(bytes) => Ok(ctx.graph.new_bytes(&bytes)?),
            None => ctx.reject("expected bytes or a list of ints from 0 to 255"),
        },
        _ => ctx.reject(format!("expected at most 1 argument, found {}", ctx.args.len())),
    }
}

fn bytearray(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let owned = match *ctx.args {
        [] => Vec::new(),
        [Value::Bytes { len, at } | Value::ByteArray { len, at } | Value::Py2Str { len, at }] => {
            return Ok(Value::ByteArray { len, at });
        }
        [list] => match from_ints(ctx, list) {
            Some(bytes) => bytes,
            None => return ctx.reject("expected bytes or a list of ints from 0 to 255"),
        },
        [Value::Str { len, at }, codec] if is_latin1(ctx, codec) => match args::latin1(ctx.graph.text(len, at)) {
            Some(bytes) => bytes,
            None => return ctx.reject("expected characters up to U+00FF for codec `latin-1`"),
        },
        _ => return ctx.reject("expected bytes, or a str and the codec `latin-1`"),
    };
    let (len, at) = ctx.graph.store_bytes(&owned)?;
    Ok(Value::ByteArray { len, at })
}

fn is_latin1(ctx: &Ctx<'_>, codec: Value) -> bool {
    matches!(args::text(ctx.graph, codec), Some("latin-1" | "latin1"))
}

/// `_codecs.encode`: how Python 3 writes bytes below protocol 3.
fn encode(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (text, ascii_only) = match *ctx.args {
        [Value::Str { len, at }] => (ctx.graph.text(len, at), true),
        [Value::Str { len, at }, codec] if is_latin1(ctx, codec) => (ctx.graph.text(len, at), false),
        [_, codec] => {
            let codec = args::text(ctx.graph, codec).map(|c| crate::name::Escaped(c).to_string());
            return ctx.reject(format!(
                "expected a str and the codec `latin1`, found codec `{}`",
                codec.unwrap_or_else(|| "?".to_owned())
            ));
        }
        _ => return ctx.reject("expected a str and the codec `latin1`"),
    };
    // Without a codec it is UTF-8; only ASCII reads the same either way.
    if ascii_only && !text.is_ascii() {
        return ctx.reject("expected ASCII characters where no codec is named");
    }
    match args::latin1(text) {
        Some(bytes) => Ok(ctx.graph.new_bytes(&bytes)?),
        None => ctx.reject("expected characters up to U+00FF for codec `latin1`"),
    }
}

fn complex(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let parts = match *ctx.args {
        [] => Some((0.0, 0.0)),
        [re] => args::float(re).map(|re| (re, 0.0)),
        [re, im] => args::float(re).zip(args::float(im)),
        _ => None,
    };
    let Some((re, im)) = parts else { return ctx.reject("expected at most 2 floats") };
    let items = [ctx.graph.float(re), ctx.graph.float(im)];
    Ok(Value::Object(ctx.graph.object(Kind::Complex, &items)?))
}

fn range(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.iter().all(|v| args::is_int(*v)) {
        return ctx.reject("expected ints");
    }
    let items = match *ctx.args {
        [stop] => [Value::Int(0), stop, Value::Int(1)],
        [start, stop] => [start, stop, Value::Int(1)],
        [start, stop, step] => [start, stop, step],
        _ => return ctx.reject(format!("expected 1 to 3 ints, found {}", ctx.args.len())),
    };
    if matches!(items[2], Value::Int(0)) {
        return ctx.reject("expected a step other than 0");
    }
    Ok(Value::Object(ctx.graph.object(Kind::Range, &items)?))
}

fn slice(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let items = match *ctx.args {
        [stop] => [Value::None, stop, Value::None],
        [start, stop] => [start, stop, Value::None],
        [start, stop, step] => [start, stop, step],
        _ => return ctx.reject(format!("expected 1 to 3 values, found {}", ctx.args.len())),
    };
    Ok(Value::Object(ctx.graph.object(Kind::Slice, &items)?))
}

fn set(ctx: &mut Ctx<'_>, kind: Kind) -> Result<Value, Reject> {
    let members: Vec<Value> = match *ctx.args {
        [] => Vec::new(),
        [one] => match args::sequence(ctx.graph, one) {
            Some(id) => ctx.graph.items(id).collect(),
            None => return ctx.reject(format!("expected a list, found {}", args::type_name(ctx.graph, one))),
        },
        _ => return ctx.reject(format!("expected at most 1 argument, found {}", ctx.args.len())),
    };
    let id = ctx.graph.alloc(kind)?;
    ctx.graph.extend_set(id, &members)?;
    Ok(Value::Object(id))
}

/// `type(None)` and the types of the two other singletons.
fn type_of(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let name = match *ctx.args {
        [Value::None] => "NoneType",
        [Value::Singleton(Singleton::Ellipsis)] => "ellipsis",
        [Value::Singleton(Singleton::NotImplemented)] => "NotImplementedType",
        _ => return ctx.reject("expected exactly None, Ellipsis or NotImplemented"),
    };
    ctx.type_name("builtins", name)
}
