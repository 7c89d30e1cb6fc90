//! numpy scalars: `scalar(dtype, bytes)`.

use super::super::args;
use super::super::table::{Row, Use, module};
use super::super::{Class, Ctx, Forms};
use super::{Problem, array, dtype};
use crate::machine::Reject;
use crate::model::dtype::Type;
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Ndarray, Scalar};
use crate::model::value::Value;

pub(super) static ROWS: &[Row] = &[Row {
    kind: "npscalar",
    modules: &[module("numpy._core.multiarray"), module("numpy.core.multiarray")],
    names: &["scalar"],
    uses: Use::Data(&SCALAR),
    guard: "(dtype, bytes of an element), (dtype), (dtype with objects, array of no dimensions), (object dtype, value)",
}];

static SCALAR: Class = Class { forms: Forms::REDUCE, call: scalar, build: None, bare: false };

fn scalar(ctx: &mut Ctx<'_>) -> Result<Value, Reject> {
    let (dtype, content) = match *ctx.args {
        [dtype] => (dtype, None),
        [dtype, content] => (dtype, Some(content)),
        _ => return ctx.reject("expected a dtype and the bytes of an element"),
    };
    let made = make(ctx.graph, dtype, content);
    ctx.checked(made)
}

fn make(graph: &mut Graph, dtype_value: Value, content: Option<Value>) -> Result<Value, Problem> {
    let dtype = dtype::of(graph, dtype_value)?;
    let data = match (&dtype.ty, content) {
        // The element of an object array is the object itself.
        (Type::Object, content) => return Ok(content.unwrap_or(Value::None)),
        (Type::Array(..), _) => return Err("expected the dtype of one scalar, found a sub-array".into()),
        (Type::Str, _) => return Err("expected the dtype of a scalar, found a StringDType".into()),
        (_, Some(content)) if dtype.has_objects() => fields(graph, content)?,
        (_, None) if dtype.has_objects() => return Err("expected the fields of a structured scalar".into()),
        (_, None) => {
            graph.charge(dtype.size as u64)?;
            graph.new_bytes(&vec![0; dtype.size])?
        }
        (_, Some(content)) => {
            let len = match content {
                Value::Str { len, at } => graph.text(len, at).chars().count(),
                other => args::bytes(graph, other).map_or(0, <[u8]>::len),
            };
            if len < dtype.size {
                return Err(format!("expected {} bytes, found {len}", dtype.size).into());
            }
            let data = array::raw(graph, len as u64, content)?;
            first(graph, data, dtype.size)?
        }
    };
    Ok(graph.structure(&Scalar { dtype: dtype_value, data })?)
}

/// The first `size` bytes: more may follow, as they do where NumPy wrote a whole buffer.
fn first(graph: &mut Graph, data: Value, size: usize) -> Result<Value, Problem> {
    let bytes = args::bytes(graph, data).unwrap_or(&[]);
    if bytes.len() == size {
        return Ok(data);
    }
    if let (Value::Bytes { len, at }, Ok(size)) = (data, u32::try_from(size))
        && len != u32::MAX
    {
        return Ok(Value::Bytes { len: size, at });
    }
    graph.charge(size as u64)?;
    let bytes = args::bytes(graph, data).and_then(|bytes| bytes.get(..size)).unwrap_or(&[]).to_vec();
    Ok(graph.new_bytes(&bytes)?)
}

/// The fields of a structured scalar that holds objects: it comes as an array of no dimensions.
fn fields(graph: &mut Graph, content: Value) -> Result<Value, Problem> {
    let array = match graph.layout(content) {
        Some((Layout::Ndarray, id)) => Ndarray::of(graph, id),
        _ if args::bytes(graph, content).is_some() => return Err(array::pointers()),
        _ if matches!(content, Value::Unknown) => return Err(Problem::Tainted),
        _ => return Err("expected an array of no dimensions that holds the fields".into()),
    };
    let one = |value| match value {
        Value::Object(id) => Some(graph.first::<1>(id)),
        _ => None,
    };
    match (array.shape, one(array.data)) {
        (Value::Object(shape), Some([Value::Object(element)]))
            if graph.count(shape) == 0 && graph.kind(element) == Kind::Tuple =>
        {
            graph.charge(size_of::<Value>() as u64 * graph.count(element) as u64)?;
            let fields: Vec<Value> = graph.items(element).collect();
            Ok(Value::Object(graph.object(Kind::List, &fields)?))
        }
        _ => Err("expected an array of no dimensions that holds the fields".into()),
    }
}
