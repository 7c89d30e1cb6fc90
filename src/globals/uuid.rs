//! `uuid.UUID`: 128 bits, and whether they were made safely.
//!
//! Its state is a dict (`UUID.__getstate__`; before Python 3.8 the attributes). The constructor's many forms are not wire
//! forms; `__new__` keeps nothing of its arguments.

use num_bigint::Sign;

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::value::{NodeId, Value};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "uuid",
        modules: &[module("uuid")],
        names: &["UUID"],
        uses: Use::Data(&UUID),
        guard: "new (); state {'int': 0 to 2**128 - 1[, 'is_safe': 0, -1, None or SafeUUID of them]}",
    },
    Row {
        kind: "uuid",
        modules: &[module("uuid")],
        names: &["SafeUUID"],
        uses: Use::Inert,
        guard: "a record: (0), (-1) or (None) inside a UUID",
    },
];

static UUID: Class = Class { forms: Forms::NEWOBJ, call: uuid, build: Some(state), bare: true };

fn uuid(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

/// 16 bytes, big-endian, of an int from 0 to 2¹²⁸ - 1.
fn big_endian(graph: &Graph, value: Value) -> Option<[u8; 16]> {
    let (sign, digits) = args::big_int(graph, value)?.to_bytes_be();
    let mut out = [0; 16];
    let start = out.len().checked_sub(digits.len())?;
    out.get_mut(start..)?.copy_from_slice(&digits);
    (sign != Sign::Minus).then_some(out)
}

/// 0, -1 or None, also inside a `SafeUUID`.
fn safety(graph: &Graph, value: Value) -> Option<Value> {
    let value = match value {
        Value::Object(id) if graph.kind(id) == Kind::Record => match graph.first::<3>(id) {
            [Value::Global(class), _, Value::Object(arguments)]
                if is_safe_uuid(graph, class) && graph.count(id) == 4 && graph.count(arguments) == 1 =>
            {
                let [value] = graph.first::<1>(arguments);
                value
            }
            _ => return None,
        },
        other => other,
    };
    matches!(value, Value::None | Value::Int(0 | -1)).then_some(value)
}

fn is_safe_uuid(graph: &Graph, class: u32) -> bool {
    let name = graph.global(class);
    name.module == "uuid" && name.name == "SafeUUID"
}

fn state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let (mut int, mut is_safe) = (None, Value::None);
    let Some(fields) = args::fields(ctx.graph, state) else {
        return if matches!(state, Value::Unknown) {
            Err(Reject::Tainted)
        } else {
            ctx.reject("expected a dict as state")
        };
    };
    for (name, value) in fields {
        match (name, value) {
            (_, Value::Unknown) => return Err(Reject::Tainted),
            ("int", value) => int = big_endian(ctx.graph, value),
            ("is_safe", value) => match safety(ctx.graph, value) {
                Some(value) => is_safe = value,
                None => {
                    let found = args::type_name(ctx.graph, value);
                    return ctx.reject(format!("expected 0, -1 or None as `is_safe`, found {found}"));
                }
            },
            _ => return ctx.reject("expected a state of `int` and `is_safe`, found another key"),
        }
    }
    let Some(bytes) = int else { return ctx.reject("expected an `int` from 0 to 2**128 - 1 in the state") };
    let items = [ctx.graph.new_bytes(&bytes)?, is_safe];
    Ok(ctx.graph.become_kind(target, Kind::Uuid, &items)?)
}
