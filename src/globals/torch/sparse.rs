//! Tensors that are no strided view: sparse ones, and those that stay records of the call that makes them.
//!
//! A nested tensor, a tensor on the device `meta`, a wrapper subclass and a tensor of another device are kept as records, their
//! arguments checked: they have no elements of their own, or their elements are one of the arguments.

use super::super::args;
use super::super::numpy::Problem;
use super::super::records::{self, how};
use super::super::table::{Row, Use, module};
use super::super::{Action, Class, Ctx, Forms};
use super::tensor::{dtype_of, tensor};
use super::values;
use crate::machine::Reject;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, SparseTensor, Tensor};
use crate::model::tensor::ints;
use crate::model::value::{NodeId, Value};

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_sparse_csr_tensor", "_rebuild_sparse_tensor"],
        uses: Use::Data(&SPARSE),
        guard: "(layout, (indices.., values, size[, is_coalesced])), the shapes fitting each other",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_nested_tensor"],
        uses: Use::Data(&NESTED),
        guard: "(tensor, its sizes, strides and offsets): a record",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &[
            "_rebuild_device_tensor_from_cpu_tensor",
            "_rebuild_device_tensor_from_numpy",
            "_rebuild_mlc_tensor",
            "_rebuild_xla_tensor",
        ],
        uses: Use::Data(&DEVICE_TENSOR),
        guard: "(tensor or array, dtype, device, requires_grad): a record",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_meta_tensor_no_storage"],
        uses: Use::Data(&META),
        guard: "(dtype, size, stride, requires_grad): a record",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_wrapper_subclass"],
        uses: Use::Data(&WRAPPER),
        guard: "(admitted class, dtype, size, stride, offset, layout, device, requires_grad): a record",
    },
];

static SPARSE: Class = Class { forms: Forms::REDUCE, call: sparse, build: None, bare: false };
static NESTED: Class = Class { forms: Forms::REDUCE, call: |ctx| record(ctx, nested), build: None, bare: false };
static DEVICE_TENSOR: Class =
    Class { forms: Forms::REDUCE, call: |ctx| record(ctx, device_tensor), build: None, bare: false };
static META: Class = Class { forms: Forms::REDUCE, call: |ctx| record(ctx, meta), build: None, bare: false };
static WRAPPER: Class = Class { forms: Forms::REDUCE, call: |ctx| record(ctx, wrapper), build: None, bare: false };

fn sparse(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let result = sparse_tensor(ctx);
    let tensor = ctx.checked(result)?;
    Ok(ctx.graph.structure(&tensor)?)
}

fn shape_of(graph: &Graph, id: NodeId) -> Vec<i64> {
    ints(graph, Tensor::of(graph, id).shape)
}

fn sparse_tensor(ctx: &mut Ctx<'_>) -> Result<SparseTensor, Problem> {
    let [layout, data] = *ctx.args else {
        return Err(format!("expected a layout and its parts, found {} arguments", ctx.args.len()).into());
    };
    let Some(layout) = values::layout(ctx.graph, layout) else { return Err("expected a layout of torch".into()) };
    let Some(data) = args::sequence(ctx.graph, data) else {
        return Err("expected a tuple of the parts of a tensor".into());
    };
    let parts: Vec<Value> = ctx.graph.items(data).take(6).collect();
    if parts.iter().any(|v| matches!(v, Value::Unknown)) {
        return Err(Problem::Tainted);
    }
    if layout == "sparse_coo" { coordinates(ctx.graph, &parts) } else { compressed(ctx.graph, layout, &parts) }
}

/// The size of a tensor, as a list of ints.
fn size(graph: &mut Graph, value: Value) -> Result<(Vec<i64>, Value), Problem> {
    let Some(id) = args::sequence(graph, value) else { return Err("expected a tuple of ints as size".into()) };
    let items: Vec<Value> = graph.items(id).collect();
    if items.iter().any(|v| args::int(*v).is_none_or(|n| n < 0)) {
        return Err("expected ints from 0 up as size".into());
    }
    let list = graph.object(Kind::List, &items)?;
    Ok((ints(graph, Value::Object(list)), Value::Object(list)))
}

fn coordinates(graph: &mut Graph, parts: &[Value]) -> Result<SparseTensor, Problem> {
    let (indices, values, shape, coalesced) = match *parts {
        [indices, values, shape] => (indices, values, shape, Value::None),
        [indices, values, shape, coalesced @ (Value::Bool(_) | Value::None)] => (indices, values, shape, coalesced),
        _ => return Err("expected indices, values, size and perhaps is_coalesced".into()),
    };
    let (of_indices, of_values) = (shape_of(graph, tensor(graph, indices)?), shape_of(graph, tensor(graph, values)?));
    let (sizes, shape) = size(graph, shape)?;
    let [axes, count] = *of_indices.as_slice() else {
        return Err("expected indices of two dimensions".into());
    };
    let axes = usize::try_from(axes).unwrap_or(usize::MAX);
    let dense = sizes.get(axes..);
    if of_values.first() != Some(&count) || dense.is_none() || of_values.get(1..) != dense {
        return Err(format!(
            "expected indices and values that fit the size {sizes:?}, found {of_indices:?} and {of_values:?}"
        )
        .into());
    }
    let layout = graph.str("sparse_coo")?;
    Ok(SparseTensor { layout, shape, indices, values, is_coalesced: coalesced, ..SparseTensor::default() })
}

fn compressed(graph: &mut Graph, layout: &'static str, parts: &[Value]) -> Result<SparseTensor, Problem> {
    let [pointers, indices, values, shape] = *parts else {
        return Err("expected compressed indices, plain indices, values and size".into());
    };
    let shapes = [pointers, indices, values].map(|v| tensor(graph, v).map(|id| shape_of(graph, id)));
    let [of_pointers, of_indices, of_values] = shapes;
    let (of_pointers, of_indices, of_values) = (of_pointers?, of_indices?, of_values?);
    let (sizes, shape) = size(graph, shape)?;
    // Batches come first, then what is compressed; values may be blocks.
    let batches = of_indices.len().saturating_sub(1);
    let fits = !of_indices.is_empty()
        && of_pointers.len() == of_indices.len()
        && of_pointers.get(..batches) == of_indices.get(..batches)
        && of_values.get(..=batches) == Some(of_indices.as_slice())
        && sizes.len() >= batches + 2;
    if !fits {
        return Err(format!(
            "expected indices and values that fit the size {sizes:?}, found {of_pointers:?}, {of_indices:?} and {of_values:?}"
        )
        .into());
    }
    let by_row = matches!(layout, "sparse_csr" | "sparse_bsr");
    let layout = graph.str(layout)?;
    let base = SparseTensor { layout, shape, values, ..SparseTensor::default() };
    Ok(if by_row {
        SparseTensor { crow: pointers, col: indices, ..base }
    } else {
        SparseTensor { ccol: pointers, row: indices, ..base }
    })
}

/// A record of the call, once its arguments are checked.
fn record(ctx: &mut Ctx<'_>, check: fn(&Ctx<'_>) -> Result<(), Problem>) -> Result<Value, Reject> {
    if ctx.args.iter().any(|v| matches!(v, Value::Unknown)) {
        return Err(Reject::Tainted);
    }
    let result = check(ctx);
    ctx.checked(result)?;
    records::make(ctx.graph, Kind::Record, ctx.global, how::CALL, ctx.tuple, None)
}

fn nested(ctx: &Ctx<'_>) -> Result<(), Problem> {
    let [buffer, sizes, strides, offsets] = *ctx.args else {
        return Err(format!("expected a tensor, sizes, strides and offsets, found {} arguments", ctx.args.len()).into());
    };
    tensor(ctx.graph, buffer)?;
    tensor(ctx.graph, sizes)?;
    tensor(ctx.graph, strides)?;
    // A list of ints before torch 2.0.
    let list = args::sequence(ctx.graph, offsets).is_some_and(|id| ctx.graph.items(id).all(|v| args::int(v).is_some()));
    if list { Ok(()) } else { tensor(ctx.graph, offsets).map(|_| ()) }
}

fn device_tensor(ctx: &Ctx<'_>) -> Result<(), Problem> {
    let [data, dtype, device, Value::Bool(_)] = *ctx.args else {
        return Err("expected a tensor or array, its dtype, device and requires_grad".into());
    };
    if !matches!(ctx.graph.layout(data), Some((Layout::Tensor | Layout::Ndarray, _))) {
        return Err(format!("expected a tensor or array, found {}", args::type_name(ctx.graph, data)).into());
    }
    dtype_of(ctx.graph, dtype)?;
    device_value(ctx, device)
}

/// A device, by itself or as text.
fn device_value(ctx: &Ctx<'_>, device: Value) -> Result<(), Problem> {
    if values::is_device(ctx, device) || args::text(ctx.graph, device).is_some() {
        return Ok(());
    }
    Err(format!("expected a device, found {}", args::type_name(ctx.graph, device)).into())
}

fn sizes(ctx: &Ctx<'_>, values: &[Value]) -> Result<(), Problem> {
    let whole = |v: &Value| {
        args::sequence(ctx.graph, *v)
            .is_some_and(|id| ctx.graph.items(id).all(|n| args::int(n).is_some_and(|n| n >= 0)))
    };
    if values.iter().all(whole) { Ok(()) } else { Err("expected tuples of ints from 0 up as size and stride".into()) }
}

fn meta(ctx: &Ctx<'_>) -> Result<(), Problem> {
    let [dtype, size, stride, Value::Bool(_)] = *ctx.args else {
        return Err("expected a dtype, size, stride and requires_grad".into());
    };
    dtype_of(ctx.graph, dtype)?;
    sizes(ctx, &[size, stride])
}

fn wrapper(ctx: &Ctx<'_>) -> Result<(), Problem> {
    let [Value::Global(class), dtype, size, stride, Value::Int(0..), layout, device, Value::Bool(_)] = *ctx.args else {
        return Err("expected a class, dtype, size, stride, offset, layout, device and requires_grad".into());
    };
    if !matches!(ctx.registry.action(class), Some(Action::Record)) {
        return Err(format!("expected an admitted class of tensors, found `{}`", ctx.graph.global(class)).into());
    }
    dtype_of(ctx.graph, dtype)?;
    sizes(ctx, &[size, stride])?;
    if values::layout(ctx.graph, layout).is_none() {
        return Err("expected a layout of torch".into());
    }
    device_value(ctx, device)
}
