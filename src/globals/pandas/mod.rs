//! pandas, every version from 0.4 on: scalars, dtypes, offsets, indexes, arrays, frames and series; geopandas with them.
//!
//! What a pickle holds of them is built here into the layouts of `model::layout`; nothing of how pandas computes is. Parts
//! (managers, blocks, index classes) are legal inside what asks for them only, and are left over nowhere.

pub(in crate::globals) mod arrays;
pub(in crate::globals) mod dtypes;
pub(in crate::globals) mod frame;
pub(in crate::globals) mod index;
pub(in crate::globals) mod legacy;
pub(in crate::globals) mod manager;
pub(in crate::globals) mod offsets;
pub(in crate::globals) mod scalars;

use super::{Ctx, args, records, zones};
use crate::machine::Reject;
use crate::model::dtype::{DType, Element};
use crate::model::graph::{Graph, Kind};
use crate::model::layout::{Layout, Ndarray, Scalar};
use crate::model::value::{NodeId, Value};

/// The values of the named fields of a dict; what is not there is None.
///
/// # Errors
/// It is no dict whose keys are all among `names`.
fn fields<const N: usize>(ctx: &mut Ctx<'_>, dict: Value, names: [&str; N]) -> Result<[Option<Value>; N], Reject> {
    records::examine(ctx.graph, dict)?;
    let mut out = [None; N];
    let Some(fields) = args::fields(ctx.graph, dict) else {
        let found = args::type_name(ctx.graph, dict);
        return ctx.reject(format!("expected a dict of `{}`, found {found}", names.join("`, `")));
    };
    for (key, value) in fields {
        match names.iter().position(|name| *name == key).and_then(|at| out.get_mut(at)) {
            Some(slot) => *slot = Some(value),
            None => {
                let key = crate::name::Escaped(key).to_string();
                return ctx.reject(format!("expected a dict of `{}`, found `{key}` in it", names.join("`, `")));
            }
        }
    }
    Ok(out)
}

/// Text as a str, also from an ASCII 8-bit str.
fn text(ctx: &mut Ctx<'_>, value: Value, what: &str) -> Result<Value, Reject> {
    match zones::name(ctx, value)? {
        Some(text) => Ok(text),
        None => {
            let found = args::type_name(ctx.graph, value);
            ctx.reject(format!("expected {what}, found {found}"))
        }
    }
}

/// A time zone or None; an instance of an inert or admitted class may serve as one.
fn zone(ctx: &mut Ctx<'_>, value: Option<Value>) -> Result<Value, Reject> {
    match value.unwrap_or(Value::None) {
        Value::None => Ok(Value::None),
        zone @ Value::Object(id) if matches!(ctx.graph.kind(id), Kind::Zone | Kind::Record) => Ok(zone),
        other => {
            let found = args::type_name(ctx.graph, other);
            ctx.reject(format!("expected a time zone or None, found {found}"))
        }
    }
}

/// A frequency: an Offset, text, or None.
fn frequency(ctx: &mut Ctx<'_>, value: Option<Value>) -> Result<Value, Reject> {
    match value.unwrap_or(Value::None) {
        Value::None => Ok(Value::None),
        offset if is(ctx.graph, offset, Layout::Offset).is_some() => Ok(offset),
        other => text(ctx, other, "a frequency"),
    }
}

/// The object of that layout.
fn is(graph: &Graph, value: Value, layout: Layout) -> Option<NodeId> {
    graph.layout(value).filter(|found| found.0 == layout).map(|found| found.1)
}

/// An int, also as a scalar of numpy.
fn int(graph: &Graph, value: Value) -> Option<i64> {
    if let Value::Int(n) = value {
        return Some(n);
    }
    let Scalar { dtype, data: Value::Bytes { len, at } } = Scalar::of(graph, is(graph, value, Layout::Scalar)?) else {
        return None;
    };
    match DType::of(graph, dtype).ok()?.element(graph.bytes(len, at))? {
        Element::Int(n) => Some(n),
        Element::Uint(n) => i64::try_from(n).ok(),
        _ => None,
    }
}

/// A list of its own with the items of a list, a tuple or a FrozenList.
fn list(ctx: &mut Ctx<'_>, value: Value, what: &str) -> Result<(NodeId, Vec<Value>), Reject> {
    let Some(id) = args::sequence(ctx.graph, value) else {
        let found = args::type_name(ctx.graph, value);
        return ctx.reject(format!("expected {what}, found {found}"));
    };
    ctx.graph.charge((ctx.graph.count(id) * size_of::<Value>()) as u64)?;
    let items: Vec<Value> = ctx.graph.items(id).collect();
    Ok((ctx.graph.object(Kind::List, &items)?, items))
}

/// The last part of a class's name.
fn class_name(graph: &Graph, global: u32) -> &str {
    &graph.global(global).name
}

/// An array of numpy, and its dtype and shape.
struct Array {
    id: NodeId,
    array: Ndarray,
    dtype: DType,
    shape: Vec<usize>,
}

impl Array {
    /// A plain array (also of an admitted subclass), without a mask.
    fn of(ctx: &Ctx<'_>, value: Value) -> Result<Array, Reject> {
        let Some(id) = is(ctx.graph, value, Layout::Ndarray) else {
            let found = args::type_name(ctx.graph, value);
            return ctx.reject(format!("expected an array of numpy, found {found}"));
        };
        let array = Ndarray::of(ctx.graph, id);
        if !matches!(array.mask, Value::None) {
            return ctx.reject("expected an array without a mask");
        }
        match DType::of(ctx.graph, array.dtype) {
            Ok(dtype) => {
                let shape = crate::model::tensor::sizes(ctx.graph, array.shape);
                Ok(Array { id, array, dtype, shape })
            }
            Err(problem) => ctx.reject(problem),
        }
    }

    fn value(&self) -> Value {
        Value::Object(self.id)
    }

    /// Its bytes; `None` where it holds objects.
    fn bytes<'g>(&self, graph: &'g Graph) -> Option<&'g [u8]> {
        match self.array.data {
            Value::Bytes { len, at } => Some(graph.bytes(len, at)),
            _ => None,
        }
    }

    /// Its ints in the order in which they lie there, which are paid for; `None` where an element is no int.
    fn ints(&self, graph: &mut Graph) -> Result<Option<Vec<i64>>, Reject> {
        let size = self.dtype.size.max(1);
        let len = self.bytes(graph).map_or(0, <[u8]>::len);
        graph.charge((len / size * size_of::<i64>()) as u64)?;
        let Some(bytes) = self.bytes(graph) else { return Ok(None) };
        let int = |element: &[u8]| match self.dtype.element(element) {
            Some(Element::Int(n)) => Some(n),
            Some(Element::Uint(n)) => i64::try_from(n).ok(),
            _ => None,
        };
        Ok(bytes.chunks_exact(size).map(int).collect())
    }
}

/// The length of an array or index.
fn length(ctx: &Ctx<'_>, value: Value) -> Result<u64, Reject> {
    crate::model::column::length(ctx.graph, value).or_else(|problem| ctx.reject(problem))
}

/// Whether a value is an index of any kind.
fn is_index(graph: &Graph, value: Value) -> bool {
    matches!(graph.layout(value), Some((Layout::Index | Layout::RangeIndex | Layout::MultiIndex, _)))
}

/// Whether a value is an array that a column, an index or a side of intervals may have.
fn is_array(graph: &Graph, value: Value) -> bool {
    graph.layout(value).is_some_and(|(layout, _)| layout == Layout::Ndarray || layout.is_pandas_array())
}
