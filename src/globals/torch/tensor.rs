//! Tensors: strided views of storages, parameters, subclasses, quantized tensors.
//!
//! Whatever a tensor says of itself is held against its storage: the last element of its view must lie inside. Hooks are code
//! and must be none.

use super::super::args;
use super::super::numpy::Problem;
use super::super::table::{Row, Use, module};
use super::super::{Action, Class, Ctx, Forms};
use super::Torch;
use crate::machine::{Call, Form, Reject};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Tensor};
use crate::model::torch::TorchType;
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

pub(super) static ROWS: &[Row] = &[
    Row {
        kind: "torch-class",
        modules: &[module("torch.nn.parameter"), module("torch.nn"), module("torch")],
        names: &["Buffer", "Parameter"],
        uses: Use::Part(&TENSOR_CLASS),
        guard: "as the class of a tensor",
    },
    Row {
        kind: "torch-class",
        modules: &[module("torch"), module("torch.nn"), module("torch.nn.parameter")],
        names: &[
            "ByteTensor",
            "CharTensor",
            "DoubleTensor",
            "FloatTensor",
            "HalfTensor",
            "IntTensor",
            "LongTensor",
            "ShortTensor",
            "Tensor",
        ],
        uses: Use::Part(&TENSOR_CLASS),
        guard: "as the class of a tensor",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_tensor"],
        uses: Use::Data(&TENSOR),
        guard: "(storage, offset, size, stride), the view inside the storage",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_tensor_v2"],
        uses: Use::Data(&TENSOR_V2),
        guard: "(storage, offset, size, stride, requires_grad, no hooks[, {'conj' | 'neg': bool}])",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_tensor_v3"],
        uses: Use::Data(&TENSOR_V3),
        guard: "(storage, offset, size, stride, requires_grad, no hooks, dtype[, {'conj' | 'neg': bool}])",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_qtensor"],
        uses: Use::Data(&QUANTIZED),
        guard: "(storage, offset, size, stride, (scheme, scale, zero point[, axis]), requires_grad, no hooks)",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_parameter"],
        uses: Use::Data(&PARAMETER),
        guard: "(tensor, requires_grad, no hooks)",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._utils")],
        names: &["_rebuild_parameter_with_state"],
        uses: Use::Data(&PARAMETER_WITH_STATE),
        guard: "(tensor, requires_grad, no hooks, attributes)",
    },
    Row {
        kind: "torch-tensor",
        modules: &[module("torch._tensor")],
        names: &["_rebuild_from_type", "_rebuild_from_type_v2"],
        uses: Use::Data(&FROM_TYPE),
        guard: "(function that makes a tensor, class of tensors, its arguments, attributes)",
    },
];

/// A class of tensors: the constructors that ask for it take it.
static TENSOR_CLASS: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a class inside the constructor of a tensor, found a call"),
    build: None,
    bare: false,
};
static TENSOR: Class = Class { forms: Forms::REDUCE, call: |ctx| strided(ctx, 4), build: None, bare: false };
static TENSOR_V2: Class = Class { forms: Forms::REDUCE, call: |ctx| strided(ctx, 6), build: None, bare: false };
static TENSOR_V3: Class = Class { forms: Forms::REDUCE, call: |ctx| strided(ctx, 7), build: None, bare: false };
static QUANTIZED: Class = Class { forms: Forms::REDUCE, call: quantized, build: None, bare: false };
static PARAMETER: Class = Class { forms: Forms::REDUCE, call: parameter, build: None, bare: false };
static PARAMETER_WITH_STATE: Class = Class { forms: Forms::REDUCE, call: parameter, build: None, bare: false };
static FROM_TYPE: Class = Class { forms: Forms::REDUCE, call: from_type, build: None, bare: false };

/// Dimensions of one tensor; each is a level of nesting where its elements are written out.
const MAX_RANK: usize = 512;

impl Problem {
    /// The rejection that says it.
    pub(super) fn refused(self, refuse: impl FnOnce(String) -> Reject) -> Reject {
        match self {
            Problem::What(what) => refuse(what),
            Problem::Limit(e) => Reject::Limit(e),
            Problem::Tainted => Reject::Tainted,
        }
    }
}

/// Which elements of its storage a tensor has.
#[derive(Clone, Debug)]
pub(super) struct Strided {
    pub shape: Vec<i64>,
    pub stride: Vec<i64>,
    pub offset: i64,
}

impl Strided {
    fn of(graph: &Graph, offset: Value, shape: Value, stride: Value) -> Result<Strided, Problem> {
        let offset = match offset {
            Value::Int(offset) => offset,
            Value::Unknown => return Err(Problem::Tainted),
            other => return Err(format!("expected an int as offset, found {}", args::type_name(graph, other)).into()),
        };
        Ok(Strided { shape: ints(graph, shape, "size")?, stride: ints(graph, stride, "stride")?, offset })
    }

    /// The number of elements of the storage that the view needs.
    fn needs(&self) -> Result<u128, Problem> {
        if self.shape.len() != self.stride.len() {
            return Err(format!(
                "expected one stride for each dimension, found {} and {}",
                self.stride.len(),
                self.shape.len()
            )
            .into());
        }
        if self.shape.len() > MAX_RANK {
            return Err(format!("expected at most {MAX_RANK} dimensions, found {}", self.shape.len()).into());
        }
        if self.offset < 0 || self.shape.iter().chain(&self.stride).any(|n| *n < 0) {
            return Err("expected offset, sizes and strides from 0 up".into());
        }
        let around =
            self.shape.iter().try_fold(1_u128, |product, n| product.checked_mul(u128::from(n.unsigned_abs().max(1))));
        if around.is_none_or(|n| n > i64::MAX as u128) {
            return Err(format!("expected sizes whose product memory has room for, found {:?}", self.shape).into());
        }
        if self.shape.contains(&0) {
            return Ok(0);
        }
        // Below 512 products of 63 bits each.
        let last: u128 = self
            .shape
            .iter()
            .zip(&self.stride)
            .map(|(n, stride)| u128::from((n - 1).unsigned_abs()) * u128::from(stride.unsigned_abs()))
            .sum();
        Ok(u128::from(self.offset.unsigned_abs()) + last + 1)
    }

    /// Whether the strides are those of C order.
    fn is_contiguous(&self) -> bool {
        let mut expected = 1_i64;
        self.shape.iter().zip(&self.stride).rev().all(|(n, stride)| {
            let same = *stride == expected;
            // Products of sizes were checked.
            expected = expected.saturating_mul((*n).max(1));
            same
        })
    }
}

/// Ints of a tuple or list.
fn ints(graph: &Graph, value: Value, what: &str) -> Result<Vec<i64>, Problem> {
    let wrong = || Problem::from(format!("expected a tuple of ints as {what}"));
    let id = match value {
        Value::Unknown => return Err(Problem::Tainted),
        value => args::sequence(graph, value).ok_or_else(wrong)?,
    };
    if graph.items(id).any(|v| matches!(v, Value::Unknown)) {
        return Err(Problem::Tainted);
    }
    graph.items(id).map(|v| args::int(v).ok_or_else(wrong)).collect()
}

fn list(graph: &mut Graph, ints: &[i64]) -> Result<Value, Problem> {
    let items: Vec<Value> = ints.iter().map(|n| Value::Int(*n)).collect();
    Ok(Value::Object(graph.object(Kind::List, &items)?))
}

/// A tensor on a storage, every element inside.
pub(super) fn on_storage(
    torch: &mut Torch,
    graph: &mut Graph,
    storage: Value,
    view: &Strided,
    dtype: Option<&'static TorchType>,
) -> Result<Tensor, Problem> {
    let id = match storage {
        Value::Unknown => return Err(Problem::Tainted),
        Value::Object(id) => id,
        other => return Err(format!("expected a storage, found {}", args::type_name(graph, other)).into()),
    };
    let id = match torch.described(graph, id) {
        Some(Ok(id)) => id,
        Some(Err(Reject::Value { problem, .. })) => return Err(problem.into()),
        Some(Err(Reject::Limit(e))) => return Err(Problem::Limit(e)),
        Some(Err(_)) => return Err(Problem::Tainted),
        None => id,
    };
    let Some(known) = torch.known(graph, id) else {
        return Err(format!("expected a storage, found {}", args::type_name(graph, storage)).into());
    };
    let dtype = match (known.dtype, dtype) {
        (Some(own), None) => own,
        (None, Some(dtype)) => {
            if let Some(known) = torch.known.get_mut(&id) {
                let swapped = dtype.swapped();
                known.element = if known.element.is_none_or(|n| n == swapped) { Some(swapped) } else { Some(0) };
            }
            dtype
        }
        (Some(own), Some(dtype)) if own == dtype => dtype,
        (Some(own), Some(dtype)) => {
            return Err(format!("expected a storage of {}, found one of {}", dtype.name, own.name).into());
        }
        // Such a storage holds bytes.
        (None, None) => TorchType::of_name("uint8").ok_or("expected a dtype")?,
    };
    let room = u128::from(known.bytes()) / u128::from(dtype.size);
    let needs = view.needs()?;
    if needs > room {
        return Err(
            format!("expected a view inside its storage: it takes {needs} elements, the storage has {room}").into()
        );
    }
    // A part of a storage is a view of the whole, so that what is shared stays shared.
    let (storage, offset) = match known.root {
        Some((root, first)) => (root, i64::try_from(first).unwrap_or(i64::MAX).saturating_add(view.offset)),
        None => (id, view.offset),
    };
    let stride = if view.is_contiguous() { Value::None } else { list(graph, &view.stride)? };
    Ok(Tensor {
        dtype: graph.str(dtype.name)?,
        shape: list(graph, &view.shape)?,
        stride,
        offset: if offset == 0 { Value::None } else { Value::Int(offset) },
        storage: Value::Object(storage),
        ..Tensor::default()
    })
}

/// `requires_grad`: kept where it is true.
fn grad(value: Value) -> Result<Value, Problem> {
    match value {
        Value::Bool(true) => Ok(value),
        Value::Bool(false) => Ok(Value::None),
        Value::Unknown => Err(Problem::Tainted),
        _ => Err("expected a bool as requires_grad".into()),
    }
}

/// Backward hooks are functions; there must be none.
fn no_hooks(graph: &Graph, hooks: Value) -> Result<(), Problem> {
    match hooks {
        Value::None => Ok(()),
        Value::Unknown => Err(Problem::Tainted),
        Value::Object(id) if matches!(graph.kind(id), Kind::OrderedDict | Kind::Dict) && graph.count(id) == 0 => Ok(()),
        _ => Err("expected no backward hooks: they are functions, which are not read".into()),
    }
}

/// The dtype that a value names.
pub(super) fn dtype_of(graph: &Graph, value: Value) -> Result<&'static TorchType, Problem> {
    match value {
        Value::Unknown => Err(Problem::Tainted),
        Value::Global(class) => {
            let name = graph.global(class);
            let known = TorchType::of_name(&name.name).filter(|_| name.module == "torch");
            known.ok_or_else(|| format!("expected a dtype of torch, found `{name}`").into())
        }
        other => Err(format!("expected a dtype of torch, found {}", args::type_name(graph, other)).into()),
    }
}

/// The metadata of a tensor: whether its elements are conjugated or negated when they are read.
fn flags(graph: &Graph, metadata: Value, tensor: &mut Tensor, dtype: Option<&TorchType>) -> Result<(), Problem> {
    let fields = match metadata {
        Value::None => return Ok(()),
        Value::Unknown => return Err(Problem::Tainted),
        other => args::fields(graph, other).ok_or("expected a dict of flags as metadata")?,
    };
    for (name, value) in fields {
        let Value::Bool(set) = value else { return Err("expected bools as flags in the metadata".into()) };
        let value = if set { Value::Bool(true) } else { Value::None };
        match name {
            "conj" if !set || dtype.is_some_and(TorchType::is_complex) => tensor.conj = value,
            "conj" => return Err("expected a complex dtype where the elements are to be conjugated".into()),
            "neg" if !set || dtype.is_some_and(TorchType::is_signed) => tensor.neg = value,
            "neg" => return Err("expected a dtype with negative numbers where the elements are to be negated".into()),
            other => return Err(format!("expected the flags `conj` and `neg` in the metadata, found `{other}`").into()),
        }
    }
    Ok(())
}

/// `_rebuild_tensor` (4 arguments), `_rebuild_tensor_v2` (6, metadata), `_rebuild_tensor_v3` (7, metadata).
fn strided(ctx: &mut Ctx<'_>, count: usize) -> Result<Value, Reject> {
    let result = strided_tensor(ctx, count);
    let tensor = ctx.checked(result)?;
    Ok(ctx.graph.structure(&tensor)?)
}

fn strided_tensor(ctx: &mut Ctx<'_>, count: usize) -> Result<Tensor, Problem> {
    let arguments = ctx.args;
    let metadata = count > 4 && arguments.len() == count + 1;
    let [storage, offset, shape, stride, rest @ ..] = arguments else {
        return Err(format!("expected {count} arguments, found {}", arguments.len()).into());
    };
    if arguments.len() != count && !metadata {
        return Err(format!("expected {count} arguments, found {}", arguments.len()).into());
    }
    let dtype = match rest.get(2) {
        Some(dtype) if count == 7 => Some(dtype_of(ctx.graph, *dtype)?),
        _ => None,
    };
    let view = Strided::of(ctx.graph, *offset, *shape, *stride)?;
    let mut tensor = on_storage(&mut ctx.registry.torch, ctx.graph, *storage, &view, dtype)?;
    if let [requires_grad, hooks, ..] = rest {
        tensor.requires_grad = grad(*requires_grad)?;
        no_hooks(ctx.graph, *hooks)?;
    }
    if metadata {
        let dtype = dtype_in(ctx.graph, &tensor);
        flags(ctx.graph, rest.last().copied().unwrap_or(Value::None), &mut tensor, dtype)?;
    }
    Ok(tensor)
}

/// The dtype of a tensor that was made.
fn dtype_in(graph: &Graph, tensor: &Tensor) -> Option<&'static TorchType> {
    TorchType::of_name(args::text(graph, tensor.dtype)?)
}

/// The tensor that a value is.
pub(super) fn tensor(graph: &Graph, value: Value) -> Result<NodeId, Problem> {
    match (graph.layout(value), value) {
        (Some((Layout::Tensor, id)), _) => Ok(id),
        (_, Value::Unknown) => Err(Problem::Tainted),
        _ => Err(format!("expected a tensor, found {}", args::type_name(graph, value)).into()),
    }
}

fn quantized(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let result = quantized_tensor(ctx);
    let tensor = ctx.checked(result)?;
    Ok(ctx.graph.structure(&tensor)?)
}

fn quantized_tensor(ctx: &mut Ctx<'_>) -> Result<Tensor, Problem> {
    let [storage, offset, shape, stride, quantizer, requires_grad, hooks] = *ctx.args else {
        return Err(format!("expected 7 arguments, found {}", ctx.args.len()).into());
    };
    let view = Strided::of(ctx.graph, offset, shape, stride)?;
    let mut tensor = on_storage(&mut ctx.registry.torch, ctx.graph, storage, &view, None)?;
    tensor.requires_grad = grad(requires_grad)?;
    no_hooks(ctx.graph, hooks)?;
    if !args::text(ctx.graph, tensor.dtype).is_some_and(|name| name.starts_with('q')) {
        return Err("expected a storage of a quantized dtype".into());
    }
    let Some(id) = args::sequence(ctx.graph, quantizer) else {
        return Err("expected a scheme, its scale and its zero point".into());
    };
    let items: Vec<Value> = ctx.graph.items(id).take(5).collect();
    if items.iter().any(|v| matches!(v, Value::Unknown)) {
        return Err(Problem::Tainted);
    }
    let scheme = match items.first() {
        Some(Value::Global(scheme)) if ctx.graph.global(*scheme).module == "torch" => {
            ctx.graph.global(*scheme).name.clone()
        }
        _ => return Err("expected a scheme of quantization".into()),
    };
    let rank = i64::try_from(view.shape.len()).unwrap_or(i64::MAX);
    let (scale, zero_point, axis) = match (scheme.as_str(), items.as_slice()) {
        ("per_tensor_affine" | "per_tensor_symmetric", &[_, scale @ Value::Float { .. }, zero @ Value::Int(_)]) => {
            (scale, zero, None)
        }
        ("per_channel_affine" | "per_channel_symmetric", &[_, scales, zeros, axis @ Value::Int(n)])
            if (0..rank).contains(&n) =>
        {
            let fits = |value| channels(ctx.graph, value, view.shape.get(usize::try_from(n).ok()?).copied()?);
            if fits(scales).is_none() || fits(zeros).is_none() {
                return Err("expected one scale and one zero point for each channel".into());
            }
            (scales, zeros, Some(axis))
        }
        _ => return Err(format!("expected the scale, zero point and axis of `{scheme}`").into()),
    };
    let mut pairs = Vec::new();
    let scheme = ctx.graph.str(&scheme)?;
    for (name, value) in
        [("qscheme", Some(scheme)), ("scale", Some(scale)), ("zero_point", Some(zero_point)), ("axis", axis)]
    {
        if let Some(value) = value {
            pairs.extend([ctx.graph.str(name)?, value]);
        }
    }
    let dict = ctx.graph.alloc(Kind::Dict)?;
    ctx.graph.append(dict, &pairs)?;
    tensor.quantized = Value::Object(dict);
    Ok(tensor)
}

/// Numbers for each of `n` channels: a tensor of one dimension, or a list (torch before 1.5).
fn channels(graph: &Graph, value: Value, n: i64) -> Option<()> {
    if let Ok(id) = tensor(graph, value) {
        let shape = crate::model::tensor::ints(graph, Tensor::of(graph, id).shape);
        return (shape == [n]).then_some(());
    }
    let id = args::sequence(graph, value)?;
    let numbers = graph.items(id).all(|v| matches!(v, Value::Int(_) | Value::Float { .. }));
    (numbers && i64::try_from(graph.count(id)) == Ok(n)).then_some(())
}

/// A copy of a tensor: a Python object of its own on the same storage.
fn copy(ctx: &mut Ctx<'_>, value: Value) -> Result<Tensor, Problem> {
    let id = tensor(ctx.graph, value)?;
    let tensor = Tensor::of(ctx.graph, id);
    if let Value::Object(storage) = tensor.storage {
        ctx.graph.charge(size_of::<(NodeId, NodeId)>() as u64)?;
        ctx.registry.torch.copied.push((id, storage));
    }
    Ok(tensor)
}

/// `_rebuild_parameter(tensor, requires_grad, hooks)`, and with attributes.
fn parameter(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let with_state = ctx.graph.global(ctx.global).name.ends_with("_with_state");
    let (data, requires_grad, hooks, state) = match *ctx.args {
        [data, requires_grad, hooks] if !with_state => (data, requires_grad, hooks, Value::None),
        [data, requires_grad, hooks, state] if with_state => (data, requires_grad, hooks, state),
        _ => {
            return ctx
                .reject(format!("expected a tensor, requires_grad and hooks, found {} arguments", ctx.args.len()));
        }
    };
    let result = copy(ctx, data).and_then(|tensor| {
        no_hooks(ctx.graph, hooks)?;
        Ok(Tensor { requires_grad: grad(requires_grad)?, own: attributes(ctx.graph, state)?, ..tensor })
    });
    let mut tensor = ctx.checked(result)?;
    let name = GlobalName::new("torch.nn.parameter", "Parameter");
    tensor.class = ctx.registry.intern(ctx.graph, name, Action::Part(&TENSOR_CLASS))?;
    Ok(ctx.graph.structure(&tensor)?)
}

/// Attributes of a tensor: a dict, or a pair of it and the slots.
fn attributes(graph: &mut Graph, state: Value) -> Result<Value, Problem> {
    const WHAT: &str = "expected a dict of attributes";
    let plain = |graph: &Graph, value| {
        let fields = args::fields(graph, value)?;
        (!fields.iter().any(|(name, _)| name.starts_with("__"))).then_some(fields.len())
    };
    match state {
        Value::None => Ok(Value::None),
        Value::Unknown => Err(Problem::Tainted),
        Value::Object(id) if graph.kind(id) == Kind::Dict => match plain(graph, state) {
            Some(0) => Ok(Value::None),
            Some(_) => Ok(Value::Object(graph.snapshot(id)?)),
            None => Err(WHAT.into()),
        },
        Value::Object(id) if graph.kind(id) == Kind::Tuple && graph.count(id) == 2 => {
            let both = graph.first::<2>(id);
            let fits = |v| matches!(v, Value::None) || plain(graph, v).is_some();
            if both.into_iter().all(fits) { Ok(state) } else { Err(WHAT.into()) }
        }
        _ => Err(WHAT.into()),
    }
}

/// `_rebuild_from_type_v2(function, class, arguments, attributes)`: a tensor of a subclass, or with attributes.
fn from_type(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    const WHAT: &str = "expected a function that makes a tensor, a class of tensors, arguments and attributes";
    let [Value::Global(function), Value::Global(class), Value::Object(arguments), state] = *ctx.args else {
        return ctx.reject(WHAT);
    };
    let makes = match ctx.registry.action(function) {
        Some(Action::Data(class)) => [&TENSOR, &TENSOR_V2, &TENSOR_V3, &QUANTIZED, &PARAMETER]
            .into_iter()
            .any(|known| std::ptr::eq(class, known)),
        _ => false,
    };
    let of_tensors = match ctx.registry.action(class) {
        Some(Action::Part(class)) => std::ptr::eq(class, &raw const TENSOR_CLASS),
        Some(Action::Record) => ctx.registry.policy.admits(ctx.graph.global(class)),
        _ => false,
    };
    if !makes || !of_tensors || ctx.graph.kind(arguments) != Kind::Tuple {
        return ctx.reject(WHAT);
    }
    let call = Call { form: Form::Reduce, callee: Value::Global(function), args: arguments, kwargs: None };
    let made = ctx.registry.call_global(ctx.graph, call, function)?;
    let result = tensor(ctx.graph, made).and_then(|id| {
        let own = attributes(ctx.graph, state)?;
        Ok((id, own))
    });
    let (id, own) = ctx.checked(result)?;
    let name = ctx.graph.global(class);
    let plain = name.module == "torch" && name.name == "Tensor";
    let kept = Tensor::of(ctx.graph, id);
    let class = if plain { kept.class } else { Value::Global(class) };
    // Nothing refers to it yet.
    ctx.graph.become_structure(id, &Tensor { own, class, ..kept })?;
    Ok(made)
}
