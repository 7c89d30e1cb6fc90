//! Masked arrays: `_mareconstruct` with its state, and `numpy.ma.masked`.

use super::super::args;
use super::super::builtins::CONSTANT;
use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms};
use super::{Problem, array, dtype, flag, is_placeholder, tuple};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::Ndarray;
use crate::model::value::{NodeId, Singleton, Value};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "maskedarray",
        modules: &[module("numpy.ma.core"), module("numpy.ma"), module("numpy.core.ma")],
        names: &["_mareconstruct", "_mrreconstruct"],
        uses: Use::Data(&RECONSTRUCT),
        guard: "(class, base class, (0,), b'b'); a state of version 1 with data, mask and fill value",
    },
    Row {
        kind: "maskedarray",
        modules: &[module("numpy.ma"), module("numpy.ma.core"), module("numpy.ma.mrecords")],
        names: &["MaskedArray"],
        uses: Use::Part(&array::ARRAY_CLASS),
        guard: "as the class of a masked array",
    },
    Row {
        kind: "maskedarray",
        modules: &[module("numpy.ma.mrecords"), module("numpy.ma"), module("numpy.ma.core")],
        names: &["MaskedRecords", "mrecarray"],
        uses: Use::Part(&array::ARRAY_CLASS),
        guard: "as the class of a masked array",
    },
    Row {
        kind: "maskedarray",
        modules: &[module("numpy.ma.core"), module("numpy.ma")],
        names: &["MaskedConstant"],
        uses: Use::Data(&MASKED_CONSTANT),
        guard: "()",
    },
    Row {
        kind: "maskedarray",
        modules: &[module("numpy.ma.core"), module("numpy.ma")],
        names: &["masked"],
        uses: Use::Data(&CONSTANT),
        guard: "as a value",
    },
];

static RECONSTRUCT: Class = Class { forms: Forms::REDUCE, call: reconstruct, build: Some(build), bare: false };
static MASKED_CONSTANT: Class = Class { forms: Forms::REDUCE, call: constant, build: None, bare: true };

fn constant(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    Ok(Value::Singleton(Singleton::Masked))
}

fn reconstruct(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [class, base, shape, code] = *ctx.args else {
        return ctx.reject("expected a class, its base class, `(0,)` and `b'b'`");
    };
    let (Some(class), Some(base)) = (array::is_class(ctx, class), array::is_class(ctx, base)) else {
        return ctx.reject("expected a class of masked arrays and the class of their data");
    };
    if !is_placeholder(ctx.graph, shape, code) {
        return ctx.reject("expected the shape `(0,)` and the code `b'b'` of an array that waits for its state");
    }
    let classes = ctx.graph.object(Kind::Tuple, &[Value::Global(class), Value::Global(base)])?;
    ctx.pending(Some(Value::Object(classes)))
}

fn build(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    let classes = match ctx.graph.extra(id) {
        Some(Value::Object(classes)) => ctx.graph.first::<2>(classes),
        _ => return Err(Reject::Tainted),
    };
    let [Value::Global(class), Value::Global(base)] = classes else { return Err(Reject::Tainted) };
    let read = from_state(ctx.graph, state);
    let mut array = ctx.checked(read)?;
    array.class = Value::Global(class);
    array.base_class = array::class_value(ctx.graph, base);
    ctx.graph.set_extra(id, Value::None)?;
    Ok(ctx.graph.become_structure(id, &array)?)
}

/// `(1, shape, dtype, is_fortran, data, mask, fill_value)`
fn from_state(graph: &mut Graph, state: Value) -> Result<Ndarray, Problem> {
    const WHAT: &str = "expected a state of version 1: its shape, dtype, order, data, mask and fill value";
    let Some((_, 7, [Value::Int(1), shape, dtype, order, data, mask, fill_value])) = tuple::<7>(graph, state) else {
        let tainted = matches!(state, Value::Object(id) if graph.items(id).any(|v| matches!(v, Value::Unknown)));
        return Err(if tainted { Problem::Tainted } else { WHAT.into() });
    };
    let fortran = flag(order).ok_or(WHAT)?;
    let shape = array::shape(graph, shape)?;
    let mut found = array::validated(graph, dtype, &shape, data, fortran)?;
    let parsed = dtype::of(graph, dtype)?;
    // One byte for each field that has none itself.
    let count: u128 = shape.iter().map(|n| *n as u128).product();
    let len = count.checked_mul(parsed.leaves() as u128).and_then(|len| u64::try_from(len).ok());
    let len = len.ok_or("expected a mask that memory has room for")?;
    let bytes = args::bytes_or_latin1(graph, mask).map_or(0, |bytes| bytes.len()) as u64;
    if bytes != len {
        return Err(format!("expected a mask of {len} bytes, found {bytes}").into());
    }
    found.mask = array::raw(graph, len, mask)?;
    found.fill_value = fill_value;
    Ok(found)
}
