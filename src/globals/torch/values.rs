//! What stands beside tensors: sizes, dtypes, devices, layouts, schemes of quantization.

use super::super::args;
use super::super::builtins::TYPE_ONLY;
use super::super::records::{self, how};
use super::super::table::{Row, Use, module};
use super::super::{Action, Class, Ctx, Forms};
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::value::Value;
use crate::name::GlobalName;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "torch-value",
        modules: &[module("torch")],
        names: &["Size"],
        uses: Use::Data(&SIZE),
        guard: "(tuple of ints): that tuple",
    },
    Row {
        kind: "torch-value",
        modules: &[module("torch")],
        names: &["device"],
        uses: Use::Data(&DEVICE),
        guard: "(text[, index]): a record",
    },
    Row {
        kind: "torch-value",
        modules: &[module("torch")],
        names: &[
            "bfloat16",
            "bool",
            "channels_last",
            "complex128",
            "complex32",
            "complex64",
            "contiguous_format",
            "float16",
            "float32",
            "float64",
            "float8_e4m3fn",
            "float8_e4m3fnuz",
            "float8_e5m2",
            "float8_e5m2fnuz",
            "float8_e8m0fnu",
            "int16",
            "int32",
            "int64",
            "int8",
            "per_channel_affine",
            "per_channel_symmetric",
            "per_tensor_affine",
            "per_tensor_symmetric",
            "preserve_format",
            "qint32",
            "qint8",
            "quint8",
            "uint16",
            "uint32",
            "uint64",
            "uint8",
        ],
        uses: Use::Data(&TYPE_ONLY),
        guard: "as a value; never called",
    },
    Row {
        kind: "torch-layout",
        modules: &[module("torch.serialization")],
        names: &["_get_layout"],
        uses: Use::Part(&GET_LAYOUT),
        guard: "('torch.strided'), ('torch.sparse_coo'), ('torch.sparse_csr') ..",
    },
];

static SIZE: Class = Class { forms: Forms::REDUCE.and(Forms::NEWOBJ), call: size, build: None, bare: true };
static DEVICE: Class = Class { forms: Forms::REDUCE, call: device, build: None, bare: true };
static GET_LAYOUT: Class = Class { forms: Forms::REDUCE, call: get_layout, build: None, bare: false };

/// Layouts, as torch names them.
const LAYOUTS: &[&str] =
    &["strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged", "_mkldnn"];

/// `torch.Size`, a tuple.
fn size(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let items = match *ctx.args {
        [] => Vec::new(),
        [one] => match args::sequence(ctx.graph, one) {
            Some(id) => ctx.graph.items(id).collect(),
            None => return ctx.reject(format!("expected a tuple of ints, found {}", args::type_name(ctx.graph, one))),
        },
        _ => return ctx.reject(format!("expected a tuple of ints, found {} arguments", ctx.args.len())),
    };
    if items.iter().any(|v| matches!(v, Value::Unknown)) {
        return Err(Reject::Tainted);
    }
    if items.iter().any(|v| args::int(*v).is_none()) {
        return ctx.reject("expected a tuple of ints");
    }
    Ok(Value::Object(ctx.graph.object(Kind::Tuple, &items)?))
}

fn device(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let known = match *ctx.args {
        [name] => args::text(ctx.graph, name).is_some(),
        [name, Value::Int(0..)] => args::text(ctx.graph, name).is_some_and(|name| !name.contains(':')),
        _ => false,
    };
    if !known {
        return ctx.reject("expected the name of a device and perhaps its index");
    }
    records::make(ctx.graph, Kind::Record, ctx.global, how::CALL, ctx.tuple, None)
}

/// Whether a value is a device.
pub(super) fn is_device(ctx: &Ctx<'_>, value: Value) -> bool {
    let Value::Object(id) = value else { return false };
    let [class] = ctx.graph.first::<1>(id);
    ctx.graph.kind(id) == Kind::Record
        && matches!(class, Value::Global(class) if matches!(ctx.registry.action(class),
            Some(Action::Data(known)) if std::ptr::eq(known, &raw const DEVICE)))
}

/// `_get_layout('torch.sparse_coo')`: the layout as a value.
fn get_layout(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let name = match *ctx.args {
        [name] => args::text(ctx.graph, name).and_then(|name| name.strip_prefix("torch.")),
        _ => None,
    };
    match name.and_then(|name| LAYOUTS.iter().find(|known| **known == name)) {
        Some(name) => ctx.registry.intern(ctx.graph, GlobalName::new("torch", *name), Action::Data(&TYPE_ONLY)),
        None => ctx.reject("expected the name of a layout of torch"),
    }
}

/// The layout that a value is.
pub(super) fn layout(graph: &Graph, value: Value) -> Option<&'static str> {
    let Value::Global(index) = value else { return None };
    let name = graph.global(index);
    LAYOUTS.iter().find(|known| name.module == "torch" && **known == name.name).copied()
}
