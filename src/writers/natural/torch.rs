//! Tensors of torch in the natural mapping: nested arrays of the elements that they are a view of.
//!
//! Strides are followed, so that a tensor which repeats one element writes it out; the output limit is asked first.

use super::tensors::{Next, Shaped};
use super::{Natural, Step};
use crate::error::Error;
use crate::limits::Limit;
use crate::location::Location;
use crate::model::dtype::Element;
use crate::model::graph::Graph;
use crate::model::layout::{Layout, Storage, Tensor};
use crate::model::tensor::{ints, sizes};
use crate::model::torch::{Number, TorchType};
use crate::model::value::{NodeId, Value};
use crate::report::ledger::Step as Loss;
use crate::writers::event::Sink;
use crate::writers::out::DRAIN;

const KEEPS: &str = "`--lossless` keeps it as it is";

/// A tensor's elements: where they lie, and what is done to them when they are read.
struct View<'g> {
    dtype: &'static TorchType,
    bytes: &'g [u8],
    offset: i64,
    stride: Vec<i64>,
    conj: bool,
    neg: bool,
}

impl<'g> View<'g> {
    fn of(graph: &'g Graph, tensor: &Tensor, shape: &[usize]) -> Option<Self> {
        let (Value::Str { len, at }, Some((Layout::Storage, storage))) = (tensor.dtype, graph.layout(tensor.storage))
        else {
            return None;
        };
        let dtype = TorchType::of_name(graph.text(len, at))?;
        let Value::Bytes { len, at } = Storage::of(graph, storage).data else { return None };
        let stride = match tensor.stride {
            Value::None => {
                let mut step = 1_i64;
                let mut stride: Vec<i64> = shape
                    .iter()
                    .rev()
                    .map(|n| {
                        let own = step;
                        step = step.saturating_mul(i64::try_from((*n).max(1)).unwrap_or(i64::MAX));
                        own
                    })
                    .collect();
                stride.reverse();
                stride
            }
            list => ints(graph, list),
        };
        let offset = if let Value::Int(offset) = tensor.offset { offset } else { 0 };
        let set = |value| matches!(value, Value::Bool(true));
        Some(View { dtype, bytes: graph.bytes(len, at), offset, stride, conj: set(tensor.conj), neg: set(tensor.neg) })
    }

    /// The element at a place; `None` where the storage has none there.
    fn element(&self, place: impl Iterator<Item = u64>) -> Option<Element<'static>> {
        let steps = place.zip(&self.stride).map(|(index, stride)| Some(i128::from(index) * i128::from(*stride)));
        let at = steps.sum::<Option<i128>>()? + i128::from(self.offset);
        let start = usize::try_from(at.checked_mul(i128::from(self.dtype.size))?).ok()?;
        let end = start.checked_add(usize::try_from(self.dtype.size).ok()?)?;
        let number = self.dtype.number(self.bytes.get(start..end)?)?;
        let sign = |value: f64| if self.neg { -value } else { value };
        Some(match number {
            Number::Bool(b) => Element::Bool(b),
            Number::Int(n) if self.neg => Element::Int(n.wrapping_neg()),
            Number::Int(n) => Element::Int(n),
            Number::Uint(n) => Element::Uint(n),
            Number::Float(value) => Element::Float(sign(value)),
            Number::Complex(re, im) => Element::Complex(sign(re), sign(if self.conj { -im } else { im })),
        })
    }
}

impl<S: Sink> Natural<'_, '_, S> {
    pub(super) fn tensor(&mut self, id: NodeId) -> Result<(), Error> {
        let tensor = Tensor::of(self.graph, id);
        self.note(Loss::Tensor)?;
        if !matches!(tensor.own, Value::None) {
            self.note(Loss::OwnLost)?;
        }
        if !matches!(tensor.quantized, Value::None) {
            self.note(Loss::QuantizationLost)?;
        }
        let shape = sizes(self.graph, tensor.shape);
        // What is around an empty dimension is written, too.
        let written = shape.iter().take_while(|n| **n > 0).try_fold(1_u64, |all, n| all.checked_mul(*n as u64));
        if written.is_none_or(|count| count > self.out.limit()) {
            let at = Location::path(self.path());
            return Err(Limit::Output
                .exceeded(written.unwrap_or(u64::MAX), self.out.limit(), at)
                .with_hint("`--lossless` writes a tensor as the storage that it is a view of"));
        }
        let Some(view) = View::of(self.graph, &tensor, &shape) else {
            return Err(self.unrepresentable("expected a tensor inside its storage", KEEPS));
        };
        if view.dtype.is_complex() && !shape.contains(&0) {
            self.note(Loss::Complex)?;
        }
        self.todo.push(Step::Shaped(self.shaped.len()));
        self.shaped.push(Shaped::tensor(shape));
        while let Some(Shaped { cursor, .. }) = self.shaped.last_mut() {
            let inside = cursor.is_inside();
            match cursor.next() {
                Next::Open(len) => {
                    if inside {
                        self.sink.element();
                    }
                    self.begin_array(len)?;
                }
                Next::Item => {
                    let Some(element) = view.element(cursor.place()) else {
                        return Err(self.unrepresentable("expected a tensor inside its storage", KEEPS));
                    };
                    if inside {
                        self.sink.element();
                    }
                    self.leaf_element(element)?;
                    if self.sink.buffer().len() >= DRAIN {
                        self.drain()?;
                    }
                }
                Next::Close => {
                    self.depth -= 1;
                    self.sink.end_array();
                }
                Next::Done => break,
            }
        }
        self.shaped.pop();
        self.todo.pop();
        Ok(())
    }
}
