//! Arrays: `_reconstruct` with its state, and `_frombuffer`, the form of protocol 5.

use super::super::args;
use super::super::table::{Row, Use, module};
use super::super::{Action, Build, Class, Ctx, Forms};
use super::{Problem, dtype, flag, is_placeholder, tuple};
use crate::machine::Reject;
use crate::model::dtype::{DType, Type};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Ndarray};
use crate::model::tensor;
use crate::model::value::{NodeId, Value};

macro_rules! class_rows {
    ($($name:literal: $modules:expr;)*) => {
        &[
            $(Row {
                kind: "ndarray-class",
                modules: $modules,
                names: &[$name],
                uses: Use::Part(&ARRAY_CLASS),
                guard: "as the class of an array",
            },)*
            Row {
                kind: "ndarray",
                modules: &[module("numpy._core.multiarray"), module("numpy.core.multiarray")],
                names: &["_reconstruct"],
                uses: Use::Data(&RECONSTRUCT),
                guard: "(class of arrays, (0,), b'b'); a state of version 0 or 1, its data as long as the shape says",
            },
            Row {
                kind: "ndarray",
                modules: &[module("numpy._core.numeric"), module("numpy.core.numeric")],
                names: &["_frombuffer"],
                uses: Use::Data(&FROM_BUFFER),
                guard: "(bytes, dtype, shape, 'C' or 'F'), (bytes, dtype, shape in memory, 'K', order of the axes)",
            },
        ]
    };
}

pub(super) static ROWS: &[Row] = class_rows![
    "ndarray": &[module("numpy"), module("numpy.core.multiarray")];
    "matrix": &[
        module("numpy"), module("numpy.matrixlib.defmatrix"), module("numpy.core.defmatrix"), module("numpy.char"),
        module("numpy.core.defchararray"), module("numpy.core.memmap"), module("numpy.core.records"), module("numpy.rec"),
        module("numpy._core.defchararray"), module("numpy._core.memmap"), module("numpy._core.records"),
    ];
    "memmap": &[
        module("numpy"), module("numpy.matrixlib.defmatrix"), module("numpy.core.defmatrix"), module("numpy.char"),
        module("numpy.core.defchararray"), module("numpy.core.memmap"), module("numpy.core.records"), module("numpy.rec"),
        module("numpy._core.defchararray"), module("numpy._core.memmap"), module("numpy._core.records"),
    ];
    "recarray": &[
        module("numpy.rec"), module("numpy"), module("numpy.matrixlib.defmatrix"), module("numpy.core.defmatrix"),
        module("numpy.char"), module("numpy.core.defchararray"), module("numpy.core.memmap"), module("numpy.core.records"),
        module("numpy._core.defchararray"), module("numpy._core.memmap"), module("numpy._core.records"),
    ];
    "chararray": &[
        module("numpy.char"), module("numpy"), module("numpy.matrixlib.defmatrix"), module("numpy.core.defmatrix"),
        module("numpy.rec"), module("numpy.core.defchararray"), module("numpy.core.memmap"), module("numpy.core.records"),
        module("numpy._core.defchararray"), module("numpy._core.memmap"), module("numpy._core.records"),
    ];
];

/// A class of arrays: the constructors that ask for it take it, and keep it as the array's class.
pub(super) static ARRAY_CLASS: Class = Class {
    forms: Forms::NONE,
    call: |ctx| ctx.reject("expected a class inside the constructor of an array, found a call"),
    build: None,
    bare: false,
};
static RECONSTRUCT: Class = Class { forms: Forms::REDUCE, call: reconstruct, build: Some(build), bare: false };
static FROM_BUFFER: Class = Class { forms: Forms::REDUCE, call: from_buffer, build: None, bare: false };

/// Subclasses of other libraries that are something else than an array: who takes the state of the `_reconstruct`ed object.
/// The object is `Pending`, its extra value is the class; the callee of the context is the class.
static TAKEN_OVER: &[(&Class, Build)] = super::super::pandas::legacy::ARRAYS;

/// numpy's bound on dimensions (32 before NumPy 2).
const MAX_DIMENSIONS: usize = 64;
/// Elements along the other axes where one axis is 0.
const MAX_AROUND_EMPTY: u128 = i32::MAX as u128;

/// A shape: a tuple or list of ints from 0 up, or one int.
pub(in crate::globals) fn shape(graph: &Graph, value: Value) -> Result<Vec<usize>, Problem> {
    const WHAT: &str = "expected a shape of ints from 0 up";
    let size = |v| match v {
        Value::Int(n) => usize::try_from(n).map_err(|_| Problem::from(WHAT)),
        Value::Unknown => Err(Problem::Tainted),
        _ => Err(Problem::from(WHAT)),
    };
    let Some(id) = args::sequence(graph, value) else { return Ok(vec![size(value)?]) };
    let count = graph.count(id);
    if count > MAX_DIMENSIONS {
        return Err(format!("expected at most {MAX_DIMENSIONS} dimensions, found {count}").into());
    }
    graph.items(id).map(size).collect()
}

/// A shape as a field of an object: a list of ints.
pub(in crate::globals) fn shape_value(graph: &mut Graph, shape: &[usize]) -> Result<Value, Problem> {
    let items: Vec<Value> = shape.iter().map(|n| Value::Int(i64::try_from(*n).unwrap_or(i64::MAX))).collect();
    Ok(Value::Object(graph.object(Kind::List, &items)?))
}

/// The number of elements of a shape, and their bytes, if an array of `size` bytes per element can have it. Elements of no
/// bytes are paid for one by one: the input does not.
fn extent(graph: &mut Graph, shape: &[usize], size: usize) -> Result<(u64, u64), Problem> {
    let around = shape.iter().filter(|n| **n > 0).try_fold(1_u128, |product, n| product.checked_mul(*n as u128));
    let empty = shape.contains(&0);
    let count = if empty { Some(0) } else { around };
    let bytes = count.and_then(|count| count.checked_mul(size as u128));
    let allowed = if empty { MAX_AROUND_EMPTY } else { i64::MAX as u128 };
    match (around, count.map(u64::try_from), bytes.map(u64::try_from)) {
        (Some(around), Some(Ok(count)), Some(Ok(bytes))) if around <= allowed => {
            if size == 0 {
                graph.charge(count.saturating_mul(size_of::<Value>() as u64))?;
            }
            Ok((count, bytes))
        }
        _ => Err(format!("expected a shape that memory has room for, found {shape:?} of {size} bytes each").into()),
    }
}

/// How many bytes the data of an array has; `None` where it is a list, because the dtype holds objects.
pub(in crate::globals) fn data_len(
    graph: &mut Graph,
    dtype_value: Value,
    shape: &[usize],
) -> Result<Option<u64>, Problem> {
    let dtype = dtype::of(graph, dtype_value)?;
    let (_, bytes) = extent(graph, shape, dtype.size)?;
    Ok((!dtype.has_objects()).then_some(bytes))
}

/// An array from its parts, all of them checked: the data is bytes (of any wire form) exactly as many as the shape says, or a
/// list of as many elements where the dtype holds objects. `fortran` says in which order bytes lie; lists are in C order.
pub(in crate::globals) fn validated(
    graph: &mut Graph,
    dtype_value: Value,
    shape: &[usize],
    data: Value,
    fortran: bool,
) -> Result<Ndarray, Problem> {
    let dtype = dtype::of(graph, dtype_value)?;
    let (count, bytes) = extent(graph, shape, dtype.size)?;
    let objects = dtype.has_objects();
    let data = if objects { elements(graph, &dtype, count, data)? } else { raw(graph, bytes, data)? };
    let several = shape.iter().filter(|n| **n > 1).count() > 1 && count > 0;
    let order = if fortran && several && !objects { graph.str("F")? } else { Value::None };
    let shape = shape_value(graph, shape)?;
    Ok(Ndarray { dtype: dtype_value, shape, data, order, ..Ndarray::default() })
}

/// Bytes of any wire form, `len` of them.
pub(super) fn raw(graph: &mut Graph, len: u64, data: Value) -> Result<Value, Problem> {
    let found = match data {
        Value::Bytes { len, at } | Value::ByteArray { len, at } | Value::Py2Str { len, at } => Value::Bytes { len, at },
        // What Python 3 made of a Python 2 str, and wrote again.
        Value::Str { len, at } => {
            graph.charge(u64::from(len))?;
            let bytes = args::latin1(graph.text(len, at)).ok_or("expected characters up to U+00FF as bytes")?;
            graph.new_bytes(&bytes)?
        }
        Value::Unknown => return Err(Problem::Tainted),
        other => return Err(format!("expected {len} bytes, found {}", args::type_name(graph, other)).into()),
    };
    let bytes = args::byte_len(graph, found);
    if bytes != len {
        return Err(format!("expected {len} bytes, found {bytes}").into());
    }
    Ok(found)
}

/// A list of `count` elements: what the stream does to it afterwards does not reach the array.
pub(super) fn elements(graph: &mut Graph, dtype: &DType, count: u64, data: Value) -> Result<Value, Problem> {
    let id = match data {
        Value::Object(id) if graph.kind(id) == Kind::List => id,
        Value::Unknown => return Err(Problem::Tainted),
        Value::Bytes { .. } | Value::ByteArray { .. } | Value::Py2Str { .. } => return Err(pointers()),
        other => {
            let found = args::type_name(graph, other);
            return Err(format!("expected a list of {count} elements, found {found}").into());
        }
    };
    let found = graph.count(id);
    if found as u64 != count {
        return Err(format!("expected a list of {count} elements, found {found}").into());
    }
    if let Type::Struct(fields) = &dtype.ty {
        graph.charge(size_of::<Value>() as u64 * count)?;
        let whole = |v| match v {
            Value::Object(id) => graph.kind(id) == Kind::Tuple && graph.count(id) == fields.len(),
            _ => false,
        };
        if graph.items(id).any(|v| matches!(v, Value::Unknown)) {
            return Err(Problem::Tainted);
        }
        if !graph.items(id).all(whole) {
            return Err(format!("expected tuples of {} fields as elements", fields.len()).into());
        }
    }
    Ok(Value::Object(graph.snapshot(id)?))
}

/// Why bytes where objects are expected cannot be read.
pub(super) fn pointers() -> Problem {
    "expected the objects that the dtype holds, found bytes: they are memory addresses of the process that wrote them, and the \
     objects are lost"
        .into()
}

/// The classes that `_reconstruct` takes.
enum Takes {
    Array,
    /// Admitted by the user: it may keep something of its own.
    Subclass,
    Other(Build),
}

fn takes(ctx: &Ctx<'_>, class: u32) -> Option<Takes> {
    match ctx.registry.action(class)? {
        Action::Data(class) | Action::Part(class) => {
            if std::ptr::eq(class, &raw const ARRAY_CLASS) {
                return Some(Takes::Array);
            }
            TAKEN_OVER.iter().find(|row| std::ptr::eq(row.0, class)).map(|row| Takes::Other(row.1))
        }
        Action::Record => ctx.registry.policy.admits(ctx.graph.global(class)).then_some(Takes::Subclass),
    }
}

/// The class of an array, if it may be one.
pub(in crate::globals) fn is_class(ctx: &Ctx<'_>, class: Value) -> Option<u32> {
    args::global(class).filter(|class| matches!(takes(ctx, *class), Some(Takes::Array | Takes::Subclass)))
}

/// What stands for a class in an array: nothing for ndarray itself.
pub(in crate::globals) fn class_value(graph: &Graph, class: u32) -> Value {
    let name = graph.global(class);
    if name.module == "numpy" && name.name == "ndarray" { Value::None } else { Value::Global(class) }
}

fn reconstruct(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let [class @ Value::Global(index), shape, code] = *ctx.args else {
        return ctx.reject("expected a class of arrays, `(0,)` and `b'b'`");
    };
    if takes(ctx, index).is_none() {
        let name = ctx.graph.global(index).clone();
        return ctx.reject(format!("expected a class of arrays, found `{name}`"));
    }
    if !is_placeholder(ctx.graph, shape, code) {
        return ctx.reject("expected the shape `(0,)` and the code `b'b'` of an array that waits for its state");
    }
    ctx.pending(Some(class))
}

fn build(ctx: &mut Ctx<'_>, id: NodeId, state: Value) -> Result<(), Reject> {
    let Some(Value::Global(class)) = ctx.graph.extra(id) else { return Err(Reject::Tainted) };
    let own = match takes(ctx, class) {
        Some(Takes::Other(take)) => {
            ctx.global = class;
            return take(ctx, id, state);
        }
        Some(Takes::Subclass) => true,
        Some(Takes::Array) => false,
        None => return Err(Reject::Tainted),
    };
    let read = from_state(ctx.graph, state, own);
    let mut array = ctx.checked(read)?;
    array.class = class_value(ctx.graph, class);
    Ok(ctx.graph.become_structure(id, &array)?)
}

/// The array of a state `(version, shape, dtype, is_fortran, data)`. Where `own` is allowed, a subclass's own state is a sixth
/// value, or stands behind the array's in a tuple around it, level by level.
pub(in crate::globals) fn from_state(graph: &mut Graph, state: Value, own: bool) -> Result<Ndarray, Problem> {
    const WHAT: &str = "expected a state of version 0 or 1: its shape, dtype, order and data";
    let (mut state, mut kept) = (state, Vec::new());
    let (count, items) = loop {
        if matches!(state, Value::Unknown) {
            return Err(Problem::Tainted);
        }
        let wrapped = match state {
            Value::Object(id) if own && graph.kind(id) == Kind::Tuple => match graph.first::<2>(id) {
                // A bare state of version 0 begins with a tuple too: its shape, and a dtype follows.
                [inner @ Value::Object(first), second] if graph.kind(first) == Kind::Tuple => {
                    let dtype = graph.layout(second).is_some_and(|(layout, _)| layout == Layout::Dtype);
                    (!dtype).then_some((id, inner))
                }
                _ => None,
            },
            _ => None,
        };
        match wrapped {
            Some((id, inner)) => {
                graph.charge(size_of::<Value>() as u64 * graph.count(id) as u64)?;
                kept.splice(0..0, graph.items(id).skip(1));
                state = inner;
            }
            None => match tuple::<6>(graph, state) {
                Some((_, count, items)) => break (count, items),
                None => return Err(WHAT.into()),
            },
        }
    };
    let (shape_of, dtype, order, data) = match (count, items) {
        (4, [shape, dtype, order, data, ..]) => (shape, dtype, order, data),
        (5, [Value::Int(0 | 1), shape, dtype, order, data, _]) => (shape, dtype, order, data),
        (6, [Value::Int(0 | 1), shape, dtype, order, data, more]) if own => {
            kept.insert(0, more);
            (shape, dtype, order, data)
        }
        _ if items.iter().any(|v| matches!(v, Value::Unknown)) => return Err(Problem::Tainted),
        _ => return Err(WHAT.into()),
    };
    let fortran = flag(order).ok_or(WHAT)?;
    let shape = shape(graph, shape_of)?;
    let mut array = validated(graph, dtype, &shape, data, fortran)?;
    if !kept.is_empty() {
        array.own = Value::Object(graph.object(Kind::Tuple, &kept)?);
    }
    Ok(array)
}

fn from_buffer(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (data, dtype, shape_of, order, axes) = match *ctx.args {
        [data, dtype, shape, order] => (data, dtype, shape, order, None),
        [data, dtype, shape, order, axes] => (data, dtype, shape, order, Some(axes)),
        _ => return ctx.reject("expected a buffer, a dtype, a shape and an order"),
    };
    let shape = ctx.checked(shape(ctx.graph, shape_of))?;
    let array = match (args::text(ctx.graph, order), axes) {
        (Some("C"), None) => validated(ctx.graph, dtype, &shape, data, false),
        (Some("F"), None) => validated(ctx.graph, dtype, &shape, data, true),
        (Some("K"), Some(axes)) => permuted(ctx.graph, dtype, &shape, data, axes),
        _ => return ctx.reject("expected the order `C`, `F`, or `K` with the order of the axes"),
    };
    let array = ctx.checked(array)?;
    if ctx.graph.kind_of(array.data) == Some(Kind::List) {
        return ctx.reject("expected bytes of a dtype without objects");
    }
    Ok(ctx.graph.structure(&array)?)
}

/// `frombuffer(data).reshape(shape).transpose(axes)`, as NumPy from 2.3 on writes arrays whose memory is in another order.
fn permuted(graph: &mut Graph, dtype: Value, shape: &[usize], data: Value, axes: Value) -> Result<Ndarray, Problem> {
    const WHAT: &str = "expected each axis once in the order of the axes";
    let id = args::sequence(graph, axes).filter(|&id| graph.count(id) == shape.len()).ok_or(WHAT)?;
    let axes: Vec<usize> = graph
        .items(id)
        .map(|v| args::int(v).and_then(|n| usize::try_from(n).ok()))
        .collect::<Option<_>>()
        .ok_or(WHAT)?;
    let mut sizes = Vec::with_capacity(axes.len());
    for (n, axis) in axes.iter().enumerate() {
        if axes.iter().take(n).any(|other| other == axis) {
            return Err(WHAT.into());
        }
        sizes.push(*shape.get(*axis).ok_or(WHAT)?);
    }
    let mut array = validated(graph, dtype, shape, data, false)?;
    if let Value::Bytes { len, at } = array.data {
        graph.charge(graph.byte_len(len, at))?;
        let bytes = tensor::transpose(shape, &axes, graph.bytes(len, at)).into_owned();
        array.data = graph.new_bytes(&bytes)?;
    }
    array.shape = shape_value(graph, &sizes)?;
    Ok(array)
}
