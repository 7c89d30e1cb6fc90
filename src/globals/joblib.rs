//! joblib: arrays whose bytes stand outside the pickle's opcodes, in the stream behind a wrapper or in a file beside it.
//!
//! Facts: joblib 0.8–1.6, `numpy_pickle.py` (`NumpyArrayWrapper`), `numpy_pickle_compat.py` (`NDArrayWrapper`,
//! `ZNDArrayWrapper`). A wrapper that got its state asks the machine for its data; the array takes its place on the stack, and
//! nothing may refer to the wrapper again.

use super::args;
use super::numpy::{Problem, array};
use super::table::{Row, Use, module};
use super::{Action, Class, Ctx, Forms, Registry};
use crate::error::Refused;
use crate::machine::{Demand, Reject, SideForm};
use crate::model::graph::{Graph, flag};
use crate::model::layout::{Layout, Ndarray};
use crate::model::value::{NodeId, Value};
use crate::name::GlobalName;

macro_rules! row {
    ($name:literal, $class:ident, $guard:literal) => {
        Row {
            kind: "joblib",
            modules: &[
                module("joblib.numpy_pickle"),
                module("joblib.numpy_pickle_compat"),
                module("sklearn.externals._joblib.numpy_pickle"),
                module("sklearn.externals.joblib.numpy_pickle"),
            ],
            names: &[$name],
            uses: Use::Data(&$class),
            guard: $guard,
        }
    };
}

pub(super) static ROWS: &[Row] = &[
    row!(
        "NumpyArrayWrapper",
        WRAPPER,
        "a state of class, shape, order, dtype; the array's bytes, or a pickle of it, follow in the stream"
    ),
    row!("NDArrayWrapper", SIDE_NPY, "a state of class and the name of a .npy file beside the input"),
    row!(
        "ZNDArrayWrapper",
        SIDE_PACKED,
        "a state of the arguments and state of an array, and the name of a .npy.z file beside the input"
    ),
];

static WRAPPER: Class = Class { forms: Forms::NEWOBJ, call: new, build: Some(wrapper_state), bare: false };
static SIDE_NPY: Class = Class { forms: Forms::NEWOBJ, call: new, build: Some(side_state), bare: false };
static SIDE_PACKED: Class = Class { forms: Forms::NEWOBJ, call: new, build: Some(side_state), bare: false };

fn new(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    if !ctx.args.is_empty() {
        return ctx.reject("expected no arguments");
    }
    ctx.pending(None)
}

/// The value of a field of a wrapper's state.
fn field(graph: &Graph, state: Value, name: &str) -> Option<Value> {
    let id = args::dict(graph, state)?;
    let mut items = graph.items(id);
    while let (Some(key), Some(value)) = (items.next(), items.next()) {
        if args::text(graph, key) == Some(name) {
            return Some(value);
        }
    }
    None
}

/// Checks that a state has fields of these names only, each of the first `needed`.
fn check_fields(graph: &Graph, state: Value, names: &[&str], needed: usize) -> Result<(), Problem> {
    if matches!(state, Value::Unknown) {
        return Err(Problem::Tainted);
    }
    let Some(fields) = args::fields(graph, state) else { return Err("expected a dict as state".into()) };
    if let Some((name, _)) = fields.iter().find(|(name, _)| !names.contains(name)) {
        return Err(format!("expected fields of a wrapper, found `{name}`").into());
    }
    if fields.iter().any(|(_, value)| matches!(value, Value::Unknown)) {
        return Err(Problem::Tainted);
    }
    match names.iter().take(needed).find(|name| field(graph, state, name).is_none()) {
        Some(name) => Err(format!("expected a field `{name}` in the state").into()),
        None => Ok(()),
    }
}

/// What a wrapper of raw bytes says.
struct Parts {
    shape: Vec<usize>,
    dtype: Value,
    class: Value,
    fortran: bool,
    padded: bool,
}

const FIELDS: &[&str] = &["subclass", "shape", "order", "dtype", "allow_mmap", "numpy_array_alignment_bytes"];

fn parts(graph: &Graph, state: Value) -> Result<Parts, Problem> {
    check_fields(graph, state, FIELDS, 4)?;
    let of = |name| field(graph, state, name).unwrap_or(Value::None);
    let fortran = match args::text(graph, of("order")) {
        Some("C") => false,
        Some("F") => true,
        _ => return Err("expected `C` or `F` as order".into()),
    };
    let padded = match of("numpy_array_alignment_bytes") {
        Value::None => false,
        Value::Int(1..) => true,
        _ => return Err("expected an int from 1 up or None as alignment".into()),
    };
    if args::sequence(graph, of("shape")).is_none() {
        return Err("expected a tuple as shape".into());
    }
    Ok(Parts { shape: array::shape(graph, of("shape"))?, dtype: of("dtype"), class: of("subclass"), fortran, padded })
}

/// A wrapper that cannot be read hides where its array ends.
fn lost(name: &GlobalName, problem: Problem) -> Reject {
    match problem {
        Problem::What(problem) => Reject::Fatal(Refused::Value { name: name.clone(), problem }),
        Problem::Limit(e) => Reject::Limit(e),
        Problem::Tainted => {
            let problem =
                "expected a shape and a dtype that say where the array ends; what follows was not read".to_owned();
            Reject::Fatal(Refused::Value { name: name.clone(), problem })
        }
    }
}

/// The class of a wrapper, as a field of an array.
fn class(ctx: &Ctx<'_>, value: Value) -> Result<Value, Problem> {
    match array::is_class(ctx, value) {
        // What was mapped from a file is an array like any other.
        Some(class) if is_memmap(ctx.graph, class) => Ok(Value::None),
        Some(class) => Ok(array::class_value(ctx.graph, class)),
        None => Err(format!("expected a class of arrays, found {}", args::type_name(ctx.graph, value)).into()),
    }
}

fn is_memmap(graph: &Graph, class: u32) -> bool {
    let name = graph.global(class);
    name.module == "numpy" && name.name == "memmap"
}

/// BUILD on a `NumpyArrayWrapper`: the array follows in the stream.
fn wrapper_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    begin(ctx, target, state)?;
    let result = parts(ctx.graph, state).and_then(|parts| {
        class(ctx, parts.class)?;
        let len = array::data_len(ctx.graph, parts.dtype, &parts.shape)?;
        Ok((parts, len))
    });
    let (parts, len) = result.map_err(|problem| lost(ctx.graph.global(ctx.global), problem))?;
    Err(Reject::Demand(match len {
        Some(len) => Demand::Raw { target, padded: parts.padded, len },
        None => Demand::Pickle { target },
    }))
}

/// Remembers the state, which comes once.
fn begin(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    if ctx.registry.torch.is_reading() {
        return ctx.reject("expected arrays of joblib outside torch files");
    }
    if ctx.graph.get(target).flags & flag::BUILT != 0 {
        return ctx.reject("expected one state, found a second BUILD");
    }
    super::records::examine(ctx.graph, state)?;
    ctx.graph.set_flags(target, flag::BUILT, 0);
    Ok(ctx.graph.set_extra(target, state)?)
}

/// BUILD on a wrapper whose data is in a file beside the input.
fn side_state(ctx: &mut Ctx<'_>, target: NodeId, state: Value) -> Result<(), Reject> {
    begin(ctx, target, state)?;
    let packed = ctx.graph.global(ctx.global).name == "ZNDArrayWrapper";
    let result = if packed {
        check_fields(ctx.graph, state, &["filename", "init_args", "state"], 3)
            .and_then(|()| packed_parts(ctx.graph, state))
    } else {
        check_fields(ctx.graph, state, &["filename", "subclass", "allow_mmap"], 2)
            .and_then(|()| class(ctx, field(ctx.graph, state, "subclass").unwrap_or(Value::None)))
            .map(|_| 0)
    };
    let len = ctx.checked(result)?;
    let name = field(ctx.graph, state, "filename").and_then(|name| args::text(ctx.graph, name)).map(str::to_owned);
    match name {
        Some(name) if is_bare(&name) => {
            let form = if packed { SideForm::Packed { len } } else { SideForm::Npy };
            Err(Reject::Demand(Demand::Side { target, name: ctx.graph.str(&name)?, form }))
        }
        Some(name) => ctx.reject(format!("expected the bare name of a file beside the input, found `{name}`")),
        None => ctx.reject("expected text as name of a file"),
    }
}

/// Whether a name names a file in a folder, and none elsewhere, on any system.
fn is_bare(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0'])
}

/// The bytes of an array that lie in a file, by its state: (1, shape, dtype, is_fortran).
fn packed_parts(graph: &mut Graph, state: Value) -> Result<u64, Problem> {
    let Some((shape, dtype, _)) = packed_state(graph, state) else {
        return Err("expected a version, a shape, a dtype and an order as state of the array".into());
    };
    let shape = array::shape(graph, shape)?;
    match array::data_len(graph, dtype, &shape)? {
        Some(len) => Ok(len),
        None => Err("expected an array without objects: joblib 0.8 and 0.9 wrote the `repr` of compressed object arrays, from which \
                     they cannot be told"
            .into()),
    }
}

fn packed_state(graph: &Graph, state: Value) -> Option<(Value, Value, bool)> {
    let id = args::sequence(graph, field(graph, state, "state")?)?;
    match (graph.first::<4>(id), graph.count(id)) {
        ([Value::Int(1), shape, dtype, Value::Bool(fortran)], 4) => Some((shape, dtype, fortran)),
        _ => None,
    }
}

/// The class of an array whose bytes come from a file: (class, (0,), 'b').
fn packed_class(graph: &Graph, state: Value) -> Option<Value> {
    let id = args::sequence(graph, field(graph, state, "init_args")?)?;
    Some(graph.first::<1>(id)[0]).filter(|_| graph.count(id) == 3)
}

/// The array that a wrapper stands for, once its data is there.
pub(super) fn supply(
    registry: &mut Registry,
    graph: &mut Graph,
    target: NodeId,
    value: Value,
) -> Result<Value, Reject> {
    let ([Value::Global(global)], Some(state)) = (graph.first::<1>(target), graph.extra(target)) else {
        return Err(Reject::Tainted);
    };
    let mut ctx = Ctx { registry, graph, global, form: crate::machine::Form::Reduce, args: &[], tuple: target };
    let result = finished(&mut ctx, state, value);
    ctx.checked(result)
}

fn finished(ctx: &mut Ctx<'_>, state: Value, value: Value) -> Result<Value, Problem> {
    let name = ctx.graph.global(ctx.global).name.clone();
    // A pickle of the whole array, or an array from a file of its own.
    if let Some((Layout::Ndarray, id)) = ctx.graph.layout(value) {
        return match name.as_str() {
            "NumpyArrayWrapper" => {
                let parts = parts(ctx.graph, state)?;
                let found = crate::model::tensor::sizes(ctx.graph, Ndarray::of(ctx.graph, id).shape);
                if found == parts.shape {
                    Ok(value)
                } else {
                    Err(format!("expected an array of shape {:?} in the stream, found {found:?}", parts.shape).into())
                }
            }
            _ => {
                let class = class(ctx, field(ctx.graph, state, "subclass").unwrap_or(Value::None))?;
                let array = Ndarray::of(ctx.graph, id);
                ctx.graph.become_structure(id, &Ndarray { class, ..array })?;
                Ok(value)
            }
        };
    }
    let array = match name.as_str() {
        "NumpyArrayWrapper" => {
            let parts = parts(ctx.graph, state)?;
            let class = class(ctx, parts.class)?;
            let array = array::validated(ctx.graph, parts.dtype, &parts.shape, value, parts.fortran)?;
            Ndarray { class, ..array }
        }
        "ZNDArrayWrapper" => {
            let (Some((shape, dtype, fortran)), Some(of)) =
                (packed_state(ctx.graph, state), packed_class(ctx.graph, state))
            else {
                return Err("expected the state of an array".into());
            };
            let class = class(ctx, of)?;
            let shape = array::shape(ctx.graph, shape)?;
            let array = array::validated(ctx.graph, dtype, &shape, value, fortran)?;
            Ndarray { class, ..array }
        }
        _ => return Err(format!("expected an array in the file, found {}", args::type_name(ctx.graph, value)).into()),
    };
    Ok(ctx.graph.structure(&array)?)
}

/// Whether an object is a wrapper that was read already.
pub(super) fn is_spent(registry: &Registry, graph: &Graph, id: NodeId) -> bool {
    let [class] = graph.first::<1>(id);
    graph.get(id).flags & flag::BUILT != 0
        && matches!(class, Value::Global(class) if matches!(registry.action(class),
            Some(Action::Data(known)) if std::ptr::eq(known, &raw const WRAPPER)
                || std::ptr::eq(known, &raw const SIDE_NPY) || std::ptr::eq(known, &raw const SIDE_PACKED)))
}
