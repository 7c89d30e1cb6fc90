//! `polars`: Series and DataFrames, which pickle as Arrow IPC streams; and the names of its types.
//!
//! Source: polars 0.13 to 2.1 (`__getstate__` of `series.py` and `frame.py`). The stream is kept as it is. Expressions and lazy
//! frames are plans in a form of polars' own, without data that could be read: they are refused.

use super::table::{Row, Use, module};
use super::{Class, Ctx, Forms, args};
use crate::machine::Reject;
use crate::model::graph::Kind;
use crate::model::layout::{Layout, Polars};
use crate::model::value::{NodeId, Value};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "polars",
        modules: &[
            module("polars.dataframe.frame"),
            module("polars.internals.dataframe"),
            module("polars.internals.dataframe.frame"),
            module("polars.internals.frame"),
        ],
        names: &["DataFrame"],
        uses: Use::Data(&DATA_FRAME),
        guard: "(); the state: an Arrow IPC stream, or a list of Series",
    },
    Row {
        kind: "polars",
        modules: &[
            module("polars.series.series"),
            module("polars.internals.series"),
            module("polars.internals.series.series"),
        ],
        names: &["Series"],
        uses: Use::Data(&SERIES),
        guard: "(); the state: an Arrow IPC stream of one column",
    },
    Row {
        kind: "polars",
        modules: &[module("polars.datatypes.classes")],
        names: &[
            "Array",
            "Binary",
            "Boolean",
            "Categorical",
            "Date",
            "Datetime",
            "Decimal",
            "Duration",
            "Enum",
            "Float32",
            "Float64",
            "Int16",
            "Int32",
            "Int64",
            "Int8",
            "List",
            "Null",
            "Object",
            "String",
            "Struct",
            "Time",
            "UInt16",
            "UInt32",
            "UInt64",
            "UInt8",
            "Utf8",
            "_custom_reconstruct",
        ],
        uses: Use::Inert,
        guard: "a record",
    },
];

static DATA_FRAME: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(data_frame), bare: true };
static SERIES: Class = Class { forms: Forms::NEWOBJ, call: waiting, build: Some(series), bare: true };

fn waiting(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject(format!("expected no arguments, found {}", ctx.args.len()));
    }
    ctx.pending(None)
}

/// How a message of Arrow IPC begins from version 0.15 on.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The bytes of a stream: at least that it begins as one.
fn stream(ctx: &Ctx<'_>, state: Value) -> Option<Value> {
    let data = match state {
        Value::Bytes { .. } => state,
        Value::ByteArray { len, at } => Value::Bytes { len, at },
        _ => return None,
    };
    args::bytes(ctx.graph, data).filter(|bytes| bytes.starts_with(&CONTINUATION)).map(|_| data)
}

fn finish(ctx: &mut Ctx<'_>, target: NodeId, data: Option<Value>, expected: &str) -> Result<(), Reject> {
    if ctx.graph.kind(target) != Kind::Pending {
        return ctx.reject("expected one state, found a second BUILD");
    }
    let Some(data) = data else { return ctx.reject(expected) };
    Ok(ctx.graph.become_structure(target, &Polars { class: Value::Global(ctx.global), data })?)
}

fn series(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let data = stream(ctx, state);
    finish(ctx, target, data, "expected an Arrow IPC stream as state")
}

fn data_frame(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    let data = match args::sequence(ctx.graph, state) {
        Some(list) => {
            let is_series = |value| {
                let Some((Layout::Polars, id)) = ctx.graph.layout(value) else { return false };
                let class = args::global(Polars::of(ctx.graph, id).class);
                class.is_some_and(|class| ctx.graph.global(class).name == "Series")
            };
            let all: Vec<Value> = ctx.graph.items(list).collect();
            if all.iter().all(|value| is_series(*value)) {
                Some(Value::Object(ctx.graph.object(Kind::List, &all)?))
            } else {
                None
            }
        }
        None => stream(ctx, state),
    };
    finish(ctx, target, data, "expected an Arrow IPC stream, or a list of Series, as state")
}
