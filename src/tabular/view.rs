//! A view of an array's elements, axis by axis, in either order of memory.

use std::rc::Rc;

use crate::model::dtype::{DType, Element, Type};
use crate::model::graph::Graph;
use crate::model::layout::Ndarray;
use crate::model::tensor;
use crate::model::value::Value;

/// An array, or what lies below one index of its first axes. Elements are scalars without objects in them.
#[derive(Clone, Debug)]
pub(super) struct ArrayView<'g> {
    dtype: Rc<DType>,
    bytes: &'g [u8],
    /// For each axis its length, and how many elements lie between two items.
    axes: Rc<[(usize, usize)]>,
    /// Axes that were indexed.
    axis: usize,
    /// The first element.
    at: usize,
}

impl<'g> ArrayView<'g> {
    /// `None` where the array is masked, or its elements are no scalars, or other than its bytes.
    pub fn new(graph: &'g Graph, array: &Ndarray) -> Option<Self> {
        if !matches!(array.mask, Value::None) {
            return None;
        }
        let dtype = DType::of(graph, array.dtype).ok()?;
        if matches!(dtype.ty, Type::Struct(_) | Type::Array(..)) || dtype.has_objects() {
            return None;
        }
        let (Value::Bytes { len, at } | Value::ByteArray { len, at }) = array.data else { return None };
        let bytes = graph.bytes(len, at);
        let shape = tensor::sizes(graph, array.shape);
        let mut axes: Vec<(usize, usize)> = shape.iter().map(|n| (*n, 0)).collect();
        let mut count = 1usize;
        let fortran = !matches!(array.order, Value::None);
        let outward: Box<dyn Iterator<Item = &mut (usize, usize)>> =
            if fortran { Box::new(axes.iter_mut()) } else { Box::new(axes.iter_mut().rev()) };
        for (length, stride) in outward {
            *stride = count;
            count = count.checked_mul(*length)?;
        }
        (count.checked_mul(dtype.size)? == bytes.len()).then(|| ArrayView {
            dtype: Rc::new(dtype),
            bytes,
            axes: axes.into(),
            axis: 0,
            at: 0,
        })
    }

    /// All elements below.
    pub fn count(&self) -> usize {
        self.axes.get(self.axis..).unwrap_or(&[]).iter().map(|axis| axis.0).product()
    }

    /// Whether no axis is left.
    pub fn is_scalar(&self) -> bool {
        self.axis == self.axes.len()
    }

    /// Items along the axis that is next; a scalar is one item.
    pub fn len(&self) -> usize {
        self.axes.get(self.axis).map_or(1, |axis| axis.0)
    }

    /// The first element of the `n`th item.
    fn place(&self, n: usize) -> usize {
        self.at + n * self.axes.get(self.axis).map_or(0, |axis| axis.1)
    }

    /// The `n`th item, where it has axes of its own.
    pub fn inner(&self, n: usize) -> Option<Self> {
        let (axis, at) = (self.axis + 1, self.place(n));
        (axis < self.axes.len()).then(|| ArrayView { axis, at, ..self.clone() })
    }

    /// The `n`th item, where it is an element.
    pub fn element(&self, n: usize) -> Option<Element<'g>> {
        let at = self.place(n).checked_mul(self.dtype.size)?;
        self.dtype.element(self.bytes.get(at..at.checked_add(self.dtype.size)?)?)
    }
}
