//! Sparse matrices as coordinates: which element of the data stands where.

use crate::model::dtype::{DType, Element, Type};
use crate::model::graph::{Graph, Items, Kind};
use crate::model::layout::{Layout, Ndarray, Scalar};
use crate::model::tensor;
use crate::model::value::Value;

/// An array of ints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ints<'g> {
    bytes: &'g [u8],
    width: usize,
    signed: bool,
    big: bool,
}

impl<'g> Ints<'g> {
    /// The ints of an array of one dimension.
    pub fn of(graph: &'g Graph, value: Value) -> Option<Self> {
        let (array, dtype) = array(graph, value)?;
        let [_] = tensor::sizes(graph, array.shape).as_slice() else { return None };
        let signed = match dtype.ty {
            Type::Int => true,
            Type::Uint => false,
            _ => return None,
        };
        let Value::Bytes { len, at } = array.data else { return None };
        let bytes = graph.bytes(len, at);
        Some(Ints { bytes, width: dtype.size.max(1), signed, big: dtype.big })
    }

    pub fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// Int `i`; one beyond 64 bits is none.
    pub fn at(&self, i: usize) -> Option<i64> {
        let start = i.checked_mul(self.width)?;
        let bytes = self.bytes.get(start..start.checked_add(self.width)?)?;
        let ty = if self.signed { Type::Int } else { Type::Uint };
        match (DType { ty, size: self.width, big: self.big }).element(bytes)? {
            Element::Int(n) => Some(n),
            Element::Uint(n) => i64::try_from(n).ok(),
            _ => None,
        }
    }

    pub fn index(&self, i: usize) -> Option<usize> {
        usize::try_from(self.at(i)?).ok()
    }
}

/// An array and its dtype.
pub(crate) fn array(graph: &Graph, value: Value) -> Option<(Ndarray, DType)> {
    let (Layout::Ndarray, id) = graph.layout(value)? else { return None };
    let array = Ndarray::of(graph, id);
    let dtype = DType::of(graph, array.dtype).ok()?;
    Some((array, dtype))
}

/// The items of an array of objects of one dimension.
pub(crate) fn objects(graph: &Graph, value: Value) -> Option<Items<'_>> {
    let (array, dtype) = array(graph, value)?;
    let [_] = tensor::sizes(graph, array.shape).as_slice() else { return None };
    match array.data {
        Value::Object(id) if dtype.ty == Type::Object && graph.kind(id) == Kind::List => Some(graph.items(id)),
        _ => None,
    }
}

/// An index: an int, or a numpy scalar that is one.
pub(crate) fn index(graph: &Graph, value: Value) -> Option<usize> {
    match value {
        Value::Int(n) => usize::try_from(n).ok(),
        Value::Object(id) if graph.kind(id) == Kind::Struct(Layout::Scalar) => {
            let scalar = Scalar::of(graph, id);
            let Value::Bytes { len, at } = scalar.data else { return None };
            match DType::of(graph, scalar.dtype).ok()?.element(graph.bytes(len, at))? {
                Element::Int(n) => usize::try_from(n).ok(),
                Element::Uint(n) => usize::try_from(n).ok(),
                _ => None,
            }
        }
        _ => None,
    }
}
